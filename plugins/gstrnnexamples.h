/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts examples to train on out of two pads, data and labels, that run on one timeline.
 *
 * Text labels: [PTS, PTS + duration) of a buffer cuts its example out of the data.  Tensor labels: each is the target
 * of the data's row at its PTS, and an example lasts until the data jump, a SEGMENT or EOS.  All calls but init and
 * clear come from the aggregator's task. */
#pragma once
#include <gst/base/base.h>
#include <gst/audio/audio.h>
#include <rnncore/rnn.h>

G_BEGIN_DECLS

typedef struct {
  GstElement *owner;            /* for messages; neither it nor the pads are refs */
  GstAggregatorPad *data, *label;
  RnnModel *model;              /* not refs: the owner's, while it is READY */
  RnnTokens *tokens;            /* CTC, else NULL */
  RnnSpeller *speller;          /* the same */
  RnnFeatures *features;        /* audio: samples -> unstacked frames, else NULL */
  RnnDataset *dataset;          /* what has been cut so far; NULL before the data's caps */
  gint dim;                     /* floats of its rows */

  /* the data's rows: samples, tensors or time steps */
  GstAudioFormat format;
  gint width;                   /* floats per row; 0: no caps yet */
  gint rate_n, rate_d;          /* rows per second */
  guint cursor;                 /* rows of the data buffer at the head that are used up */
  GstClockTime expected;        /* running time of the data buffer to come, or NONE */

  /* the labels */
  gboolean markup;              /* text with tags */
  gint n_target;                /* floats of a tensor; 0: text */

  /* the open example */
  gboolean open;
  GArray *rows;                 /* floats [rows][width] */
  GArray *targets;              /* floats [rows][n_target] */

  guint n_examples, n_skipped;  /* with the owner's object lock, as */
  guint64 n_frames;             /* of the examples */
} GstRnnExamples;

void     gst_rnn_examples_init (GstRnnExamples *examples, GstElement *owner);
void     gst_rnn_examples_clear (GstRnnExamples *examples);
/* Forgets what was cut before and borrows @model and @tokens. */
gboolean gst_rnn_examples_open (GstRnnExamples *examples, RnnModel *model, RnnTokens *tokens, GError **error);
void     gst_rnn_examples_close (GstRnnExamples *examples);

/* What the pads may be given. (transfer full) */
GstCaps *gst_rnn_examples_get_data_caps (const GstRnnExamples *examples);
GstCaps *gst_rnn_examples_get_label_caps (const GstRnnExamples *examples);
/* They fail on what the model does not take, and on a change within an example. */
gboolean gst_rnn_examples_set_data_caps (GstRnnExamples *examples, const GstCaps *caps, GError **error);
gboolean gst_rnn_examples_set_label_caps (GstRnnExamples *examples, const GstCaps *caps, GError **error);

/* Takes from the pads what can be used now; FALSE: there are buffers whose caps have not come. */
gboolean gst_rnn_examples_advance (GstRnnExamples *examples);
/* Ends the open example, if any, and keeps it: SEGMENT, EOS. */
void     gst_rnn_examples_finish (GstRnnExamples *examples);
/* The example of the label at the head, open or not, is no good. */
void     gst_rnn_examples_lose (GstRnnExamples *examples, const gchar *reason);
/* Forgets the open example and where the streams were: FLUSH. */
void     gst_rnn_examples_flush (GstRnnExamples *examples);

G_END_DECLS
