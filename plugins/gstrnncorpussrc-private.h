/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnncorpussrc: gstrnncorpussrc.c (element and properties), -play.c (the task that decodes and pushes). */
#pragma once
#include "gstrnncorpus.h"
#include "gstrnncorpussrc.h"
#include "gstrnndecoder.h"

G_BEGIN_DECLS

struct _GstRnnCorpusSrc {
  GstBin parent;
  GstRnnDecoder decoder;
  const gchar *missing;         /* an element that is not there, or NULL */
  GstPad *feed_audio, *feed_text;       /* source pads into the queues, of no element */
  GstPad *audio, *text;         /* the queues' ghosts, ours */
  GstRnnCorpus *corpus;         /* READY and up */

  /* the task's, PAUSED and up */
  GstCaps *caps;                /* of the audio; NULL: not begun */
  guint rate, bpf;
  guint next, epoch;            /* in the order; pass */
  guint64 position;             /* samples on the timeline */
  gint64 started, told;         /* when the first file began, when progress was told last; monotonic */
  gint known;                   /* atomic: downstream has it all */

  /* with the object lock: properties, counters */
  gchar *location;
  guint want_rate, seed, rank, world_size, epochs, gap, max_length, timeout;
  gboolean post_messages, allow_uris;
  guint64 n_files, n_skipped, n_samples;
};

/* What the corpus is and how it is played, or NULL: without end.  (transfer full) */
gchar *gst_rnn_corpus_src_digest (GstRnnCorpusSrc *self);

void gst_rnn_corpus_src_start (GstRnnCorpusSrc *self);
/* The queues must be flushing by now. */
void gst_rnn_corpus_src_stop (GstRnnCorpusSrc *self);

G_END_DECLS
