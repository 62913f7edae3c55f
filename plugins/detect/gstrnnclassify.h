/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_RNN_CLASSIFY_META "GstRnnClassifyMeta"      /* events: array of structures, as the messages are */

GType gst_rnn_classify_get_type (void);
#define GST_TYPE_RNN_CLASSIFY (gst_rnn_classify_get_type ())

GST_ELEMENT_REGISTER_DECLARE (rnnclassify);

G_END_DECLS
