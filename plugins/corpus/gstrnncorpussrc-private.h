/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnncorpussrc: gstrnncorpussrc.c (element and properties), -play.c (the task that pushes), -decode.c (what comes next,
 * decoded ahead). */
#pragma once
#include "gstrnncorpus.h"
#include "gstrnncorpussrc.h"
#include "gstrnndecoder.h"

G_BEGIN_DECLS

#define GST_RNN_CORPUS_DECODERS 4

/* A recording that is being decoded, or (@fault) cannot be. */
typedef struct {
  GstRnnDecoder decoder;
  const GstRnnUtterance *utterance;     /* NULL: none */
  const gchar *fault;
} GstRnnCorpusSlot;

struct _GstRnnCorpusSrc {
  GstBin parent;
  GstRnnCorpusSlot slots[GST_RNN_CORPUS_DECODERS];      /* a ring */
  guint n_slots;                /* of them that are used: one per processor */
  const gchar *missing;         /* an element that is not there, or NULL */
  GstPad *feed_audio, *feed_text;       /* source pads into the queues, of no element */
  GstPad *audio, *text;         /* the queues' ghosts, ours */
  GstRnnCorpus *corpus;         /* READY and up */

  /* the task's, PAUSED and up */
  GstCaps *caps;                /* of the audio; NULL: not begun */
  guint rate, bpf;
  guint next, epoch;            /* in the order; pass */
  guint slot;                   /* of the recording that comes next */
  guint64 position;             /* samples on the timeline */
  gint64 started, told;         /* when the first file began, when progress was told last; monotonic */
  GPtrArray *report;            /* of strings: the first recordings left out, and why */
  gint known;                   /* atomic: downstream has it all */

  /* with the object lock: properties, counters */
  gchar *location;
  guint want_rate, seed, rank, world_size, epochs, gap, max_length, timeout;
  gboolean post_messages, allow_uris;
  guint64 n_files, n_skipped, n_samples;
};

/* What the corpus is and how it is played, or NULL: without end.  (transfer full) */
gchar *gst_rnn_corpus_src_digest (GstRnnCorpusSrc *self);

/* For init, finalize and the way to NULL. */
void gst_rnn_corpus_src_init_slots (GstRnnCorpusSrc *self);
void gst_rnn_corpus_src_clear_slots (GstRnnCorpusSrc *self);
void gst_rnn_corpus_src_close_slots (GstRnnCorpusSrc *self);
/* From any thread. */
void gst_rnn_corpus_src_cancel (GstRnnCorpusSrc *self, gboolean cancel);
gboolean gst_rnn_corpus_src_handle_message (GstRnnCorpusSrc *self, GstMessage *message);
/* The task's: the next recording, while those after it are decoded.  Its samples lie in @samples (transfer none, until the next
 * call), or NULL: @reason (transfer full) says why, NULL when nobody wants them any more.  NULL: there is none. */
const GstRnnUtterance *gst_rnn_corpus_src_take (GstRnnCorpusSrc *self, GstAdapter **samples, gchar **reason);
/* The task's (gstrnncorpussrc-play.c): what to decode next, or NULL. */
const GstRnnUtterance *gst_rnn_corpus_src_choose (GstRnnCorpusSrc *self);

void gst_rnn_corpus_src_start (GstRnnCorpusSrc *self);
/* The queues must be flushing by now. */
void gst_rnn_corpus_src_stop (GstRnnCorpusSrc *self);

G_END_DECLS
