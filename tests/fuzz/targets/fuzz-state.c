/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the state of a front end and of a model's stream: refused, or taken, and then both go on. */
#include "../fuzz.h"
#include "features/features-options.h"
#include "model/model.h"
#include "session/stream.h"

#define RECIPE "{\"input\": {\"kind\": \"tensors\", \"size\": 2}, \"layers\": [{\"cell\": \"conv1d\", \"units\": 3, \"kernel\": 3, " \
  "\"lookahead\": 2}, {\"cell\": \"gru\", \"hidden\": 2}]}"

static RnnModel *
get_model (void)
{
  static RnnModel *model = NULL;

  if (!model) {
    json_t *recipe = json_loads (RECIPE, 0, NULL);

    model = rnn_model_new (recipe, 1, "fuzz", NULL);
    json_decref (recipe);
  }
  return model;
}

static void
go_on (RnnFeatures *features, RnnStream *stream)
{
  gfloat samples[400] = { 0, 0.5f }, out[4096];

  for (guint i = 0; i < 3; i++)
    rnn_features_push (features, samples, G_N_ELEMENTS (samples), out);
  for (guint i = 0; i < 9; i++) {
    gfloat *row = rnn_stream_get_row (stream);

    row[0] = row[1] = (gfloat) i;
    rnn_stream_push (stream, i, 1);
    while (rnn_stream_next (stream));
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  RnnKeep keep = { .from = data, .left = n };
  RnnStreamConfig stream_config = { RNN_PRECISION_F32, NULL, 0 };
  RnnFeatureConfig config;
  RnnStream *stream = rnn_stream_new (get_model (), &stream_config, NULL);
  RnnFeatures *features;

  rnn_feature_config_init (&config);
  config.rate = 1000;
  config.high_freq = 500;
  config.n_mels = 4;
  config.cmvn = RNN_CMVN_RUNNING;
  config.stack = 2;
  features = rnn_features_new (&config, NULL, NULL, NULL);
  rnn_features_keep (features, &keep);
  if (keep.failed)
    rnn_features_reset (features);
  rnn_stream_keep (stream, &keep);
  go_on (features, stream);
  rnn_features_free (features);
  rnn_stream_free (stream);
  return 0;
}
