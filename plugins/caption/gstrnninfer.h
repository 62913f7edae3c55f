/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_INFER (gst_rnn_infer_get_type ())
GType gst_rnn_infer_get_type (void);
/* Own properties; also for the bin that proxies them. */
void gst_rnn_infer_install_properties (GObjectClass *klass);
GST_ELEMENT_REGISTER_DECLARE (rnninfer);

/* From now on its answers go to @decoder, an rnnctcdec, and nowhere else, without a queue between: what that does not listen to need not be
 * answered.  @decoder must stay as long as it. */
void gst_rnn_infer_set_listener (GstElement *infer, GstElement *decoder);

G_END_DECLS
