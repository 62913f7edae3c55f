/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>
#include <rnncore/model/model.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_CTC_DEC (gst_rnn_ctc_dec_get_type ())
GType gst_rnn_ctc_dec_get_type (void);
/* Own properties; also for the bin that proxies them. */
void gst_rnn_ctc_dec_install_properties (GObjectClass *klass);
/* Of @model, the one that it listens to; -1: it does not listen to that model. */
gint gst_rnn_ctc_dec_get_head (GstElement *decoder, RnnModel *model);
GST_ELEMENT_REGISTER_DECLARE (rnnctcdec);

G_END_DECLS
