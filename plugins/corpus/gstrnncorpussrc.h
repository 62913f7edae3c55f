/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rnncorpussrc and rnntrainer say to each other. */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_CORPUS_SRC (gst_rnn_corpus_src_get_type ())
G_DECLARE_FINAL_TYPE (GstRnnCorpusSrc, gst_rnn_corpus_src, GST, RNN_CORPUS_SRC, GstBin)

/* Where a text buffer comes from: a GstCustomMeta with the fields manifest, path, speaker (strings) and line (uint). */
#define GST_RNN_CORPUS_META "GstRnnCorpusMeta"

/* A custom query, answered with `digest` (string): the same as long as what will be played is. */
#define GST_RNN_CORPUS_QUERY "rnn-corpus"
/* A custom upstream event: whoever asked has all of it already, and nothing needs to be played. */
#define GST_RNN_CORPUS_KNOWN "rnn-corpus-known"

GST_ELEMENT_REGISTER_DECLARE (rnncorpussrc)

G_END_DECLS
