/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV models in rwkv.cpp's format (ggmf.h): which version it is, the recipe of its layers, and its weights, some of
 * which that format keeps the other way round, joined, or already put through exp. */
#include "ggmf.h"
#include "base/error.h"
#include "model/reader.h"
#include <math.h>
#include <string.h>

enum { V4, V5_1, V5_2, V6, V7 };
static const gchar *const versions[] = { "4", "5.1", "5.2", "6", "7" };

typedef struct {
  const RnnGgmf *file;
  gint version;
  const gchar *where;
  RnnTensors *tensors;
} Import;

static gint
find_version (const RnnGgmf *file)
{
  static const gchar *const marks[] = {         /* of each version, seen from the newest; 4 has what all have */
    [V4] = "blocks.0.att.time_mix_k", [V5_1] = "blocks.0.att.ln_x.weight", [V5_2] = "blocks.0.att.gate.weight",
    [V6] = "blocks.0.att.time_maa_x", [V7] = "blocks.0.att.r_k",
  };

  for (gint i = V7; i >= V4; i--)
    if (rnn_ggmf_find (file, marks[i]))
      return i;
  return -1;
}

/* ---- the recipe ---- */

/* Options of the blocks that follow from the last dimension of a tensor, which is so many times it. */
static const struct {
  gint from, to;                /* versions */
  const gchar *option, *tensor;
  gint times;
} sizes[] = {
  { V4, V7, "hidden", "blocks.0.ffn.key.weight", 1 },
  { V5_1, V5_1, "heads", "blocks.0.att.time_decay", 1 },
  { V5_2, V6, "heads", "blocks.0.att.time_faaaa", 1 },
  { V6, V6, "mix_rank", "blocks.0.att.time_maa_w1", 5 },
  { V6, V6, "decay_rank", "blocks.0.att.time_decay_w1", 1 },
  { V7, V7, "heads", "blocks.0.att.r_k", 1 },
  { V7, V7, "decay_rank", "blocks.0.att.w1", 1 },
  { V7, V7, "rate_rank", "blocks.0.att.a1", 1 },
  { V7, V7, "value_rank", "blocks.1.att.v1", 1 },
  { V7, V7, "gate_rank", "blocks.0.att.g1", 1 },
};

static json_t *
make_blocks (const Import *m)
{
  json_t *blocks = json_pack ("{ss ss ss si}", "cell", "rwkv", "name", "blocks", "version", versions[m->version],
      "blocks", m->file->n_layer);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const RnnGgmfTensor *t = rnn_ggmf_find (m->file, sizes[i].tensor);

    if (t && m->version >= sizes[i].from && m->version <= sizes[i].to)
      json_object_set_new (blocks, sizes[i].option, json_integer (t->dims[t->rank - 1] / sizes[i].times));
  }
  if (m->version == V5_1 || m->version == V5_2)         /* what rwkv.cpp computes with */
    json_object_set_new (blocks, "norm_eps", json_real (1e-5));
  return blocks;
}

static json_t *
make_recipe (const Import *m)
{
  g_autofree gchar *base = g_path_get_basename (m->where), *name = g_utf8_make_valid (base, -1);

  return json_pack ("{si ss ss s{ss si} s[{ss ss si si} o {ss ss} {ss ss si sb}] s{ss}}", "format", 1, "name", name,
      "description", "RWKV language model, imported from rwkv.cpp's format", "input", "kind", "tensors", "size", 1,
      "layers", "cell", "embedding", "name", "emb", "tokens", m->file->n_vocab, "units", m->file->n_embed,
      make_blocks (m), "cell", "norm", "name", "ln_out", "cell", "dense", "name", "head", "units", m->file->n_vocab,
      "bias", FALSE, "output", "kind", "raw");
}

/* ---- the weights ---- */

/* w = exp (-exp (raw)): raw, or as far as float knows exp. */
static gfloat
log_of_minus_log (gfloat w)
{
  return w > 0 && w < 1 ? (gfloat) log (-log (w)) : w > 0 ? -20 : 5;
}

/* w = -exp (raw) */
static gfloat
log_of_minus (gfloat w)
{
  return w < 0 ? logf (-w) : -100;
}

static gfloat
plain_log (gfloat w)
{
  return w > 0 ? logf (w) : -100;
}

/* Tensors (without their block) that the file has in another form. */
static const struct {
  gint from, to;                /* versions */
  const gchar *name;
  gfloat (*undo) (gfloat x);    /* of each element; NULL: none */
  gboolean transposed;          /* the last two dimensions */
} forms[] = {
  { V4, V4, "att.time_decay", log_of_minus, FALSE },
  { V5_1, V5_2, "att.time_decay", log_of_minus_log, FALSE },
  { V5_1, V5_1, "att.time_first", plain_log, FALSE },
  { V6, V6, "att.time_maa_w1", NULL, TRUE },
  { V6, V6, "att.time_maa_w2", NULL, TRUE },
  { V6, V6, "att.time_decay_w1", NULL, TRUE },
  { V6, V6, "att.time_decay_w2", NULL, TRUE },
  { V7, V7, "att.w1", NULL, TRUE }, { V7, V7, "att.w2", NULL, TRUE },
  { V7, V7, "att.a1", NULL, TRUE }, { V7, V7, "att.a2", NULL, TRUE },
  { V7, V7, "att.v1", NULL, TRUE }, { V7, V7, "att.v2", NULL, TRUE },
  { V7, V7, "att.g1", NULL, TRUE }, { V7, V7, "att.g2", NULL, TRUE },
};

/* Version 7's six mixtures are one tensor: what each of them is called. */
static const gchar joined[] = "att.x_rwkvag";

/* The first block of version 7 has these, and nothing reads them. */
static gboolean
is_idle (const Import *m, const gchar *name)
{
  static const gchar *const idle[] = { "blocks.0.att.v0", "blocks.0.att.v1", "blocks.0.att.v2", NULL };

  return m->version == V7 && g_strv_contains (idle, name);
}

/* [.., rows, cols] -> [.., cols, rows] */
static void
transpose (gsize n, gint rows, gint cols, gfloat *x)
{
  g_autofree gfloat *from = g_memdup2 (x, n * sizeof (gfloat));
  gsize size = (gsize) rows * cols;

  for (gsize i = 0; i < n; i++)
    x[i] = from[i / size * size + i % size % rows * cols + i % size / rows];
}

/* PyTorch's shape. */
static void
get_dims (const RnnGgmfTensor *t, gint dims[RNN_GGMF_MAX_RANK])
{
  for (gint i = 0; i < t->rank; i++)
    dims[i] = t->dims[t->rank - 1 - i];
}

static gboolean
add_mixtures (const Import *m, const RnnGgmfTensor *t, GError **error)
{
  gsize stem = strlen (t->name) - strlen ("rwkvag"), n = t->size / 6;
  g_autofree gfloat *values = g_new (gfloat, t->size);

  rnn_ggmf_to_float (t, values);
  for (gint i = 0; i < 6; i++) {
    g_autofree gchar *name = g_strdup_printf ("%.*s%c", (gint) stem, t->name, t->name[stem + i]);
    gfloat *x = rnn_tensors_add_f32 (m->tensors, name, 1, (const gint[]) { (gint) n }, error);

    if (!x)
      return FALSE;
    memcpy (x, values + i * n, n * sizeof (gfloat));
  }
  return TRUE;
}

static gboolean
add_tensor (const Import *m, const RnnGgmfTensor *t, GError **error)
{
  gint dims[RNN_GGMF_MAX_RANK], rank = t->rank;
  guint form = 0;
  gboolean transposed;
  gfloat *x;

  if (is_idle (m, t->name))
    return TRUE;
  if (g_str_has_suffix (t->name, joined) && t->size % 6 == 0)
    return add_mixtures (m, t, error);
  while (form < G_N_ELEMENTS (forms) && (m->version < forms[form].from || m->version > forms[form].to
          || !g_str_has_suffix (t->name, forms[form].name)))
    form++;
  get_dims (t, dims);
  transposed = form < G_N_ELEMENTS (forms) && forms[form].transposed && rank >= 2;
  if (transposed) {
    gint rows = dims[rank - 2];

    dims[rank - 2] = dims[rank - 1];
    dims[rank - 1] = rows;
  }
  if (!(x = rnn_tensors_add_f32 (m->tensors, t->name, rank, dims, error)))
    return FALSE;
  rnn_ggmf_to_float (t, x);
  for (gsize i = 0; form < G_N_ELEMENTS (forms) && forms[form].undo && i < t->size; i++)
    x[i] = forms[form].undo (x[i]);
  if (transposed)
    transpose (t->size, dims[rank - 1], dims[rank - 2], x);
  return TRUE;
}

/* ---- all of it ---- */

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  g_autoptr (RnnGgmf) file = rnn_ggmf_open (bytes, where, error);
  Import m = { .file = file, .version = file ? find_version (file) : -1, .where = where, .tensors = import->tensors };

  if (!file)
    return FALSE;
  if (m.version < 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: tensor \"blocks.0.att.time_mix_k\" is missing: no RWKV model of "
        "versions 4 to 7", where);
    return FALSE;
  }
  import->recipe = make_recipe (&m);
  import->loose = TRUE;
  for (guint i = 0; i < file->in_order->len; i++)
    if (!add_tensor (&m, file->in_order->pdata[i], error))
      return FALSE;
  return TRUE;
}

const RnnReader rnn_reader_rwkv = { "rwkv.cpp", "RWKV models of rwkv.cpp", rnn_ggmf_is_mine, read_file };
