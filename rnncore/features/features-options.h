/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The option table of RnnFeatureConfig; apart from features.h, which needs no jansson. */
#pragma once
#include "../base/options.h"
#include "features.h"

RNN_API_BEGIN

extern const RnnOption rnn_feature_options[];
extern const RnnOption rnn_cmvn_options[];              /* those of them that normalise */

/* Every row within its range, and rows that fit each other and the rate. */
gboolean rnn_feature_config_check (const RnnFeatureConfig *config, GError **error);

/* Samples per frame and from frame to frame; upper edge in Hz, with high_freq's and vtln_high's convention resolved. */
guint   rnn_feature_config_length (const RnnFeatureConfig *config);
guint   rnn_feature_config_shift (const RnnFeatureConfig *config);
gdouble rnn_feature_config_upper (const RnnFeatureConfig *config, gfloat freq);

RNN_API_END
