/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_CSV_ENC (gst_rnn_csv_enc_get_type ())
G_DECLARE_FINAL_TYPE (GstRnnCsvEnc, gst_rnn_csv_enc, GST, RNN_CSV_ENC, GstElement)
GST_ELEMENT_REGISTER_DECLARE (rnncsvenc);

G_END_DECLS
