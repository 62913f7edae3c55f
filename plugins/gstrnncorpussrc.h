/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The meta with which rnncorpussrc says where a text buffer comes from; rnntrainer names it in its reports. */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_CORPUS_SRC (gst_rnn_corpus_src_get_type ())
G_DECLARE_FINAL_TYPE (GstRnnCorpusSrc, gst_rnn_corpus_src, GST, RNN_CORPUS_SRC, GstBin)

/* A GstCustomMeta with the fields manifest, path, speaker (strings) and line (uint). */
#define GST_RNN_CORPUS_META "GstRnnCorpusMeta"

GST_ELEMENT_REGISTER_DECLARE (rnncorpussrc)

G_END_DECLS
