/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inputs: from a recipe's object to an instance, and streams through the class. */
#include "input.h"

struct _RnnInputStream {
  const RnnInputClass *klass;
  gpointer data;
};

const RnnInputClass *
rnn_input_class_find (const gchar *name)
{
  const RnnInputClass *const *klass = rnn_input_kinds ();

  while (*klass && !g_str_equal ((*klass)->name, name))
    klass++;
  return *klass;
}

static const RnnInputClass *
find_class (const json_t *object, const gchar *where, GError **error)
{
  const gchar *kind = json_string_value (json_object_get (object, "kind"));
  const RnnInputClass *klass = kind ? rnn_input_class_find (kind) : NULL;
  g_autoptr (GString) known = g_string_new (NULL);

  if (klass)
    return klass;
  for (const RnnInputClass *const *k = rnn_input_kinds (); *k; k++)
    g_string_append_printf (known, "%s%s", known->len ? ", " : "", (*k)->name);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"kind\" must be one of %s", where, known->str);
  return NULL;
}

RnnInput *
rnn_input_new (const json_t *object, const gchar *where, GError **error)
{
  const RnnInputClass *klass = find_class (object, where, error);
  g_autoptr (RnnInput) input = klass ? g_malloc0 (klass->instance_size) : NULL;

  if (!input)
    return NULL;
  input->klass = klass;
  rnn_feature_config_init (&input->features);
  if (klass->options)
    rnn_options_init (klass->options, input);
  return klass->setup (input, object, where, error) ? g_steal_pointer (&input) : NULL;
}

void
rnn_input_free (RnnInput *input)
{
  g_free (input);
}

gboolean
rnn_input_needs_stats (const RnnInput *input)
{
  return input->features.cmvn == RNN_CMVN_GLOBAL;
}

/* ---- streams ---- */

static RnnInputStream *
open_stream (const RnnInput *input, const RnnFeatureConfig *features, const gfloat *mean, const gfloat *std, GError **error)
{
  gpointer data = input->klass->open (input, features, mean, std, error);
  RnnInputStream *stream;

  if (!data)
    return NULL;
  stream = g_new (RnnInputStream, 1);
  *stream = (RnnInputStream) { input->klass, data };
  return stream;
}

RnnInputStream *
rnn_input_stream_new (const RnnInput *input, const gfloat *mean, const gfloat *std, GError **error)
{
  return open_stream (input, &input->features, mean, std, error);
}

RnnInputStream *
rnn_input_stream_new_frames (const RnnInput *input, GError **error)
{
  RnnFeatureConfig features = input->features;

  features.cmvn = RNN_CMVN_NONE;
  features.stack = features.stride = 1;
  return open_stream (input, &features, NULL, NULL, error);
}

void
rnn_input_stream_free (RnnInputStream *stream)
{
  if (!stream)
    return;
  stream->klass->close (stream->data);
  g_free (stream);
}

guint
rnn_input_stream_max_steps (RnnInputStream *stream, guint n)
{
  return stream->klass->max_steps (stream->data, n);
}

guint
rnn_input_stream_push (RnnInputStream *stream, const gfloat *rows, guint n, gfloat *out)
{
  return stream->klass->push (stream->data, rows, n, out);
}

guint
rnn_input_stream_finish (RnnInputStream *stream, gfloat *out)
{
  return stream->klass->finish (stream->data, out);
}

void
rnn_input_stream_reset (RnnInputStream *stream)
{
  stream->klass->reset (stream->data);
}

void
rnn_input_stream_keep (RnnInputStream *stream, RnnKeep *keep)
{
  if (stream->klass->keep)
    stream->klass->keep (stream->data, keep);
  else
    keep->failed = TRUE;
}

gint
rnn_input_stream_get_start (RnnInputStream *stream)
{
  return stream->klass->start (stream->data);
}
