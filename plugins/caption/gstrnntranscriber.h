/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_TRANSCRIBER (gst_rnn_transcriber_get_type ())
GType gst_rnn_transcriber_get_type (void);
GST_ELEMENT_REGISTER_DECLARE (rnntranscriber);

G_END_DECLS
