/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_RNN_VAD_META "GstRnnVadMeta"        /* speech (boolean), probability (double) of what a buffer holds */

GType gst_rnn_vad_get_type (void);
#define GST_TYPE_RNN_VAD (gst_rnn_vad_get_type ())

GST_ELEMENT_REGISTER_DECLARE (rnnvad);

G_END_DECLS
