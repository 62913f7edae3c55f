/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The feature front end as an input: its options from a recipe, its streams. */
#include "acoustic.h"
#include "../base/error.h"
#include "../features/features-options.h"

gboolean
rnn_acoustic_read_rate (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  json_int_t rate = json_integer_value (json_object_get (object, "rate"));

  if (rate < 1000 || rate > 768000) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"rate\" must be 1000 to 768000 Hz", where);
    return FALSE;
  }
  input->channels = 1;
  input->rate = (gint) rate;
  input->features.rate = input->rate;
  return TRUE;
}

/* Sizes are those of a trial without statistics. */
static gboolean
measure (RnnInput *input, const gchar *where, GError **error)
{
  RnnFeatureConfig plain = input->features;
  g_autoptr (RnnFeatures) trial = NULL;

  plain.cmvn = RNN_CMVN_NONE;
  trial = rnn_features_new (&plain, NULL, NULL, error);
  if (!trial) {
    if (where)
      g_prefix_error (error, "%s: ", where);
    return FALSE;
  }
  input->n_in = (gint) rnn_features_get_dim (trial);
  input->n_frame = (gint) rnn_features_get_frame_dim (trial);
  input->hop = (gint) rnn_features_get_hop (trial);
  input->window = (gint) rnn_features_get_window (trial);
  return TRUE;
}

gboolean
rnn_acoustic_setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  static const gchar *const ignore[] = { "kind", "rate", "features", NULL };
  static const RnnOption none[] = { { NULL } };
  const json_t *features = json_object_get (object, "features");
  g_autofree gchar *here = g_strconcat (where, " features", NULL);

  return rnn_options_from_json (none, input, object, ignore, where, error)
      && rnn_acoustic_read_rate (input, object, where, error)
      && (!features || rnn_options_from_json (rnn_feature_options, &input->features, features, NULL, here, error))
      && measure (input, here, error);
}

extern const RnnInputClass rnn_input_audio;

RnnInput *
rnn_input_new_acoustic (const RnnFeatureConfig *config, GError **error)
{
  g_autoptr (RnnInput) input = g_new0 (RnnInput, 1);

  input->klass = &rnn_input_audio;
  input->channels = 1;
  input->rate = (gint) config->rate;
  input->features = *config;
  return measure (input, NULL, error) ? g_steal_pointer (&input) : NULL;
}

gpointer
rnn_acoustic_open (const RnnInput *input, const RnnFeatureConfig *features, const gfloat *mean, const gfloat *std,
    GError **error)
{
  return rnn_features_new (features, mean, std, error);
}

void
rnn_acoustic_close (gpointer stream)
{
  rnn_features_free (stream);
}

void
rnn_acoustic_reset (gpointer stream)
{
  rnn_features_reset (stream);
}

guint
rnn_acoustic_max_steps (gpointer stream, guint n)
{
  return rnn_features_max_steps (stream, n);
}

guint
rnn_acoustic_push (gpointer stream, const gfloat *rows, guint n, gfloat *out)
{
  return rnn_features_push (stream, rows, n, out);
}

guint
rnn_acoustic_finish (gpointer stream, gfloat *out)
{
  return rnn_features_finish (stream, out);
}

gint
rnn_acoustic_start (gpointer stream)
{
  return rnn_features_get_start (stream);
}

void
rnn_acoustic_keep (gpointer stream, RnnKeep *keep)
{
  rnn_features_keep (stream, keep);
}
