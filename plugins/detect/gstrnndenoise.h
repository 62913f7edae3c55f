/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

GType gst_rnn_denoise_get_type (void);
#define GST_TYPE_RNN_DENOISE (gst_rnn_denoise_get_type ())

GST_ELEMENT_REGISTER_DECLARE (rnndenoise);

G_END_DECLS
