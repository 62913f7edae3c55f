/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_CSV_PARSE (gst_rnn_csv_parse_get_type ())
G_DECLARE_FINAL_TYPE (GstRnnCsvParse, gst_rnn_csv_parse, GST, RNN_CSV_PARSE, GstElement)
GST_ELEMENT_REGISTER_DECLARE (rnncsvparse);

G_END_DECLS
