/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs: from a recipe's object to an instance, and the calls of the trainer with pooling between. */
#include "output.h"
#include "pooling.h"

const RnnOutputClass *
rnn_output_class_find (const gchar *name)
{
  const RnnOutputClass *const *klass = rnn_output_kinds ();

  while (*klass && !g_str_equal ((*klass)->name, name))
    klass++;
  return *klass;
}

static const RnnOutputClass *
find_class (const json_t *object, const gchar *where, GError **error)
{
  const gchar *kind = object ? json_string_value (json_object_get (object, "kind")) : "raw";
  const RnnOutputClass *klass = kind ? rnn_output_class_find (kind) : NULL;
  g_autoptr (GString) known = g_string_new (NULL);

  if (klass)
    return klass;
  for (const RnnOutputClass *const *k = rnn_output_kinds (); *k; k++)
    g_string_append_printf (known, "%s%s", known->len ? ", " : "", (*k)->name);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"kind\" must be one of %s", where, known->str);
  return NULL;
}

/* Options, and nothing that nobody reads. */
static gboolean
read_options (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  static const RnnOption none[] = { { NULL } };
  const gchar *ignore[16] = { "kind", "size", "weight", "name" };
  guint n = 4;

  for (const gchar *const *key = output->klass->keys; key && *key; key++)
    ignore[n++] = *key;
  g_assert (n < G_N_ELEMENTS (ignore));
  return rnn_options_from_json (output->klass->options ? output->klass->options : none, output, object, ignore, where,
      error);
}

static gboolean
read_size (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  const json_t *size = json_object_get (object, "size"), *weight = json_object_get (object, "weight");

  if (size && (!json_is_integer (size) || json_integer_value (size) < 1 || json_integer_value (size) > 1 << 20)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"size\" must be 1 to 1048576", where);
    return FALSE;
  }
  if (size && output->n && json_integer_value (size) != output->n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the layers give %d values, but its \"size\" is %d", where,
        output->n, (gint) json_integer_value (size));
    return FALSE;
  }
  if (weight && !(json_is_number (weight) && json_number_value (weight) >= 0 && json_number_value (weight) <= 1e6)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"weight\" must be 0 to 1e6", where);
    return FALSE;
  }
  output->n = size ? (gint) json_integer_value (size) : output->n;
  output->weight = weight ? (gfloat) json_number_value (weight) : 1;
  return TRUE;
}

RnnOutput *
rnn_output_new (const json_t *object, gint n, const gchar *where, GError **error)
{
  const RnnOutputClass *klass = find_class (object, where, error);
  g_autoptr (RnnOutput) output = klass ? g_malloc0 (klass->instance_size) : NULL;

  if (!output)
    return NULL;
  output->klass = klass;
  output->n = n;
  output->weight = 1;
  if (klass->options)
    rnn_options_init (klass->options, output);
  if (object && (!read_options (output, object, where, error) || !read_size (output, object, where, error)))
    return NULL;
  if (!klass->setup (output, object, where, error))
    return NULL;
  if (output->n > 0)
    return g_steal_pointer (&output);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: a \"size\" is missing", where);
  return NULL;
}

void
rnn_output_free (RnnOutput *output)
{
  if (!output)
    return;
  if (output->klass->finalize)
    output->klass->finalize (output);
  g_strfreev (output->names);
  rnn_tokens_unref (output->tokens);
  g_free (output->dictionary);
  g_clear_pointer (&output->calibration, g_array_unref);
  g_free (output);
}

const RnnOutput *
rnn_output_primary (const RnnOutput *output)
{
  return rnn_output_get_head (output, 0);
}

const RnnOutput *
rnn_output_get_head (const RnnOutput *output, guint i)
{
  if (output->klass->head)
    return output->klass->head (output, i);
  return i == 0 ? output : NULL;
}

gint
rnn_output_get_head_start (const RnnOutput *output, guint i)
{
  gint start = 0;

  for (guint before = 0; before < i; before++)
    start += rnn_output_get_head (output, before)->n;
  return start;
}

gchar *
rnn_output_describe_metric (const RnnOutput *output, gdouble value)
{
  const RnnMetric *metric = &rnn_output_primary (output)->klass->metric;
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof (number), metric->percent ? "%.1f" : "%.4g", value * (metric->percent ? 100 : 1));
  return g_strdup_printf ("%s %s%s", metric->name, number, metric->percent ? " %" : "");
}

/* ---- training ---- */

gboolean
rnn_output_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  return output->klass->accepts (output, labels, reason);
}

gsize
rnn_output_scratch (const RnnOutput *output, const RnnLabels *labels, gint steps)
{
  if (output->pooling)
    return rnn_pooled_scratch (output, labels);
  return output->klass->scratch ? output->klass->scratch (output, labels, steps) : 0;
}

gfloat
rnn_output_loss (const RnnOutput *output, const RnnAnswer *answer)
{
  return output->pooling ? rnn_pooled_loss (output, answer) : output->klass->loss (output, answer);
}

gboolean
rnn_measure_init (RnnMeasure *measure, const RnnOutput *output, GError **error)
{
  *measure = (RnnMeasure) { .output = output };
  return !output->klass->begin || output->klass->begin (output, measure, error);
}

void
rnn_measure_clear (RnnMeasure *measure)
{
  if (measure->output && measure->output->klass->end)
    measure->output->klass->end (measure);
  measure->work = NULL;
}

void
rnn_measure_add (RnnMeasure *measure, const RnnAnswer *answer)
{
  const RnnOutput *output = measure->output;

  if (output->pooling)
    rnn_pooled_measure (output, answer, measure);
  else
    output->klass->measure (output, answer, measure);
}
