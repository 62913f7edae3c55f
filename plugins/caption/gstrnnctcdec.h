/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_CTC_DEC (gst_rnn_ctc_dec_get_type ())
GType gst_rnn_ctc_dec_get_type (void);
/* Own properties; also for the bin that proxies them. */
void gst_rnn_ctc_dec_install_properties (GObjectClass *klass);
GST_ELEMENT_REGISTER_DECLARE (rnnctcdec);

G_END_DECLS
