/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts examples to train on out of two pads, data and labels, that run on one timeline.
 *
 * Text labels: [PTS, PTS + duration) of a buffer cuts its example out of the data.  It is cut when the text after it is
 * known, since subtitles overlap: one that lingers ends where the next begins, and what is said at the same time is one
 * example.  Tensor labels: each is the target of the data's row at its PTS, and an example lasts until the data jump, a
 * SEGMENT or EOS.  All calls but init and clear come from the aggregator's task. */
#pragma once
#include <gst/base/base.h>
#include <gst/audio/audio.h>
#include <rnncore/rnn.h>
#include "gstrnnsubtitle.h"
#include "gstrnntimeline.h"

G_BEGIN_DECLS

/* A text and when it is spoken, in running time. */
typedef struct {
  GstBuffer *label;             /* NULL: there is none; of several texts that are one example the first */
  GString *text;                /* as spoken */
  GstClockTime begin, end;
} GstRnnCue;

typedef struct {
  GstElement *owner;            /* for messages; neither it nor the pads are refs */
  GstAggregatorPad *data, *label;
  RnnModel *model;              /* not refs: the owner's, while it is READY */
  RnnTokens *tokens;            /* CTC, else NULL */
  gboolean by_text;             /* labels are texts: for tokens, or marked frames */
  RnnLabeller *labeller;        /* the same */
  RnnInputStream *features;     /* audio: samples -> unstacked frames, else NULL */
  RnnDataset *dataset;          /* what has been cut so far; NULL before the data's caps */
  gint dim;                     /* floats of its rows */
  gchar *store, *digest;        /* where examples are kept, and what they are made of; or NULL */
  gboolean loaded;              /* they were kept: what comes in is not needed */

  /* the data's rows: samples, tensors or time steps */
  GstAudioFormat format;
  gint width;                   /* floats per row; 0: no caps yet */
  gint rate_n, rate_d;          /* rows per second */
  GstRnnTimeline timeline;      /* PTS of the data buffer at the head, by counting rows */
  guint cursor;                 /* rows of it that are used up */
  gboolean placed;              /* its place on the timeline has been looked at */
  gboolean jumped;              /* and it was elsewhere */

  /* the labels */
  gboolean markup;              /* text with tags */
  const GstRnnSubtitle *form;   /* of texts */
  gint n_target;                /* floats of a tensor; 0: text */
  GstRnnCue cue;                /* the text to be cut out next */
  GstClockTime known;           /* no text to come begins before this running time */
  GstClockTime max_length;      /* of an example with a text; NONE: any */

  /* the open example */
  gboolean open;
  GArray *rows;                 /* floats [rows][width] */
  GArray *targets;              /* floats [rows][n_target] */

  guint n_examples, n_skipped;  /* with the owner's object lock, as */
  guint64 n_frames;             /* of the examples */
  guint n_warned;               /* texts skipped that were warned of */
  gboolean familiar;            /* the text at hand is skipped for a character that others were skipped for */
  GPtrArray *report;            /* of strings: the first texts skipped, and why */
} GstRnnExamples;

void     gst_rnn_examples_init (GstRnnExamples *examples, GstElement *owner);
void     gst_rnn_examples_clear (GstRnnExamples *examples);
/* Forgets what was cut before and borrows @model and @tokens.  @store: the file to keep examples in, or NULL. */
gboolean gst_rnn_examples_open (GstRnnExamples *examples, RnnModel *model, RnnTokens *tokens, const gchar *store,
    GError **error);
void     gst_rnn_examples_close (GstRnnExamples *examples);

/* All examples have come. */
void     gst_rnn_examples_seal (GstRnnExamples *examples);

/* @weights: "NAME=NUMBER,...": how often an epoch takes an example whose manifest's path has NAME in it. */
gboolean gst_rnn_examples_weigh (GstRnnExamples *examples, const gchar *weights, GError **error);

/* What the pads may be given. (transfer full) */
GstCaps *gst_rnn_examples_get_data_caps (const GstRnnExamples *examples);
GstCaps *gst_rnn_examples_get_label_caps (const GstRnnExamples *examples);
/* They fail on what the model does not take, and on a change within an example. */
gboolean gst_rnn_examples_set_data_caps (GstRnnExamples *examples, const GstCaps *caps, GError **error);
gboolean gst_rnn_examples_set_label_caps (GstRnnExamples *examples, const GstCaps *caps, GError **error);

/* Takes from the pads what can be used now; FALSE: there are buffers whose caps have not come. */
gboolean gst_rnn_examples_advance (GstRnnExamples *examples);
/* Ends the open example, if any, and keeps it: EOS, and SEGMENT of the data, after which times begin anew. */
void     gst_rnn_examples_finish (GstRnnExamples *examples);
void     gst_rnn_examples_begin_segment (GstRnnExamples *examples);
/* The example of the cue, or of the tensor at the head, is no good. */
void     gst_rnn_examples_lose (GstRnnExamples *examples, const gchar *reason);
/* Forgets the open example and where the streams were: FLUSH. */
void     gst_rnn_examples_flush (GstRnnExamples *examples);

/* ---- for the files of GstRnnExamples ---- */

/* @label is left out; says so. */
void     gst_rnn_examples_skip (GstRnnExamples *examples, GstBuffer *label, const gchar *reason);
/* What @label says, as spoken; NULL: nothing can be learnt from it, as @reason (transfer full) says. */
gchar   *gst_rnn_examples_spell (GstRnnExamples *examples, GstBuffer *label, gchar **reason);

/* gstrnnexamples-store.c: an empty data set of frames of @dim floats, or one that was kept; drops what came for the latter. */
void     gst_rnn_examples_make_dataset (GstRnnExamples *examples, gint dim);
void     gst_rnn_examples_drop (GstRnnExamples *examples);

/* gstrnnexamples-cue.c: takes texts from the label pad as long as they make the cue or change it. */
void     gst_rnn_examples_take_texts (GstRnnExamples *examples);
/* Whether no text to come changes the cue. */
gboolean gst_rnn_examples_cue_is_settled (GstRnnExamples *examples);
void     gst_rnn_cue_clear (GstRnnCue *cue);

G_END_DECLS
