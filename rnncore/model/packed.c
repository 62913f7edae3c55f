/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packed weights in a file, see packed.h. */
#include "packed.h"
#include <string.h>

#define LAYOUT 2                /* of RnnPanels; a later one is another number here */
#define MAX_SHOWN 32            /* bytes of a hostile value in a message */

static const gchar *const names[RNN_N_PRECISIONS] = {
  [RNN_PRECISION_F32] = "f32", [RNN_PRECISION_INT8] = "int8", [RNN_PRECISION_BF16] = "bf16"
};

const gchar *
rnn_precision_get_name (RnnPrecision precision)
{
  return names[precision];
}

gboolean
rnn_precision_from_name (const gchar *name, RnnPrecision *precision)
{
  for (gint i = 0; i < RNN_N_PRECISIONS; i++)
    if (!g_strcmp0 (name, names[i])) {
      *precision = (RnnPrecision) i;
      return TRUE;
    }
  return FALSE;
}

gchar *
rnn_packed_format (RnnPrecision precision)
{
  return g_strdup_printf ("%s %d", names[precision], LAYOUT);
}

gboolean
rnn_packed_parse (const gchar *value, RnnPrecision *precision, const gchar *where, GError **error)
{
  g_auto (GStrv) words = value ? g_strsplit (value, " ", 2) : NULL;
  g_autofree gchar *expected = NULL, *shown = NULL;

  *precision = RNN_PRECISION_F32;
  if (!value)
    return TRUE;
  if (rnn_precision_from_name (words[0], precision) && *precision != RNN_PRECISION_F32) {
    expected = rnn_packed_format (*precision);
    if (g_str_equal (value, expected))
      return TRUE;
  }
  shown = g_utf8_make_valid (value, (gssize) MIN (strlen (value), MAX_SHOWN));
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its weights are packed as \"%s\", and this version reads "
      "\"int8 %d\" and \"bf16 %d\": quantise the model that it was made of again", where, shown, LAYOUT, LAYOUT);
  return FALSE;
}

/* ---- the tensors of a parameter ---- */

enum { PACKED, SCALES, SUMS, N_PARTS };

typedef struct {
  const gchar *suffix;
  RnnDtype dtype;
  gsize n;                      /* elements; 0: there is no such part */
} Part;

static void
describe (const RnnParam *p, Part part[N_PARTS])
{
  gsize bytes = rnn_param_pack_bytes (p, p->dtype);
  gsize outputs = p->dtype == RNN_PACK_INT8 ? rnn_param_pack_outputs (p) : 0;

  part[PACKED] = p->dtype == RNN_PACK_INT8 ? (Part) { "packed", RNN_DTYPE_I8, bytes }
      : (Part) { "packed", RNN_DTYPE_BF16, bytes / 2 };
  part[SCALES] = (Part) { "scales", RNN_DTYPE_F32, outputs };
  part[SUMS] = (Part) { "sums", RNN_DTYPE_I32, outputs };
}

/* The data of one part, or NULL. */
static gconstpointer
find_part (const Part *part, const gchar *full_name, RnnTensors *tensors, const gchar *where, GError **error)
{
  g_autofree gchar *name = g_strdup_printf ("%s.%s", full_name, part->suffix);
  const RnnTensorView *tensor = rnn_tensors_take (tensors, name);

  if (!tensor) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: tensor \"%s\" is missing", where, name);
    return NULL;
  }
  if (tensor->dtype != part->dtype || tensor->rank != 1 || tensor->size != part->n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: tensor \"%s\" must be %s [%" G_GSIZE_FORMAT "]", where, name,
        rnn_dtype_get_name (part->dtype), part->n);
    return NULL;
  }
  if (GPOINTER_TO_SIZE (tensor->data) % RNN_PACK_ALIGN) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: tensor \"%s\" is not at a multiple of %d bytes", where, name,
        RNN_PACK_ALIGN);
    return NULL;
  }
  return tensor->data;
}

gboolean
rnn_packed_load (RnnParam *param, const gchar *full_name, RnnTensors *tensors, const gchar *where, GError **error)
{
  gconstpointer data[N_PARTS] = { NULL };
  Part part[N_PARTS];

  describe (param, part);
  for (gint i = 0; i < N_PARTS; i++)
    if (part[i].n && !(data[i] = find_part (&part[i], full_name, tensors, where, error)))
      return FALSE;
  param->pack = (gpointer) data[PACKED];        /* nobody writes to what is borrowed */
  param->scales = (gpointer) data[SCALES];
  param->sums = (gpointer) data[SUMS];
  if (rnn_param_check_pack (param))
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: the packed \"%s\" is damaged: a number is not finite or out of "
      "its range, or a sum is wrong", where, full_name);
  return FALSE;
}

void
rnn_packed_save (const RnnParam *param, const gchar *full_name, GArray *tensors)
{
  gconstpointer data[N_PARTS] = { param->pack, param->scales, param->sums };
  Part part[N_PARTS];

  describe (param, part);
  for (gint i = 0; i < N_PARTS; i++) {
    RnnTensorView view = { g_strdup_printf ("%s.%s", full_name, part[i].suffix), part[i].dtype, 1,
      { (gint64) part[i].n }, part[i].n, data[i] };

    if (part[i].n)
      g_array_append_val (tensors, view);
    else
      g_free ((gchar *) view.name);
  }
}
