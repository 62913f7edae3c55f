/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/base/base.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_TRAINER (gst_rnn_trainer_get_type ())
G_DECLARE_FINAL_TYPE (GstRnnTrainer, gst_rnn_trainer, GST, RNN_TRAINER, GstAggregator)

GST_ELEMENT_REGISTER_DECLARE (rnntrainer)

G_END_DECLS
