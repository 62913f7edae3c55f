/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnnctcdec: gstrnnctcdec.c (element and events), -decode.c (steps in, words out), -output.c (captions, gaps,
 * partial results), -message.c (what is said about them), -properties.c. */
#pragma once
#include <gst/base/gstflowcombiner.h>
#include <rnncore/ctc/caption.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

typedef struct {
  gint decoder;                 /* row of the decoder table */
  gint output_mode;             /* RnnCaptionMode */
  guint columns, lines;
  guint latency, lateness, partial_interval;    /* ms, as the following */
  guint endpoint_silence, initial_silence, max_utterance;
  gboolean post_messages;
} GstRnnCtcDecSettings;

typedef struct {
  GstRnnStage stage;
  GstPad *unsynced;
  GstFlowCombiner *flows;

  /* under the object lock */
  GstRnnCtcDecSettings settings;
  gchar *language_code;
  gboolean tag_due;
  GstClockTime look;            /* that the model needs before it can answer */
  GstClockTime max_delay;       /* from the start of a caption to when it left */
  guint64 n_words, n_captions, n_partials, n_endpoints, n_overloads;

  /* streaming thread */
  GstRnnCtcDecSettings now;     /* snapshot for this buffer */
  RnnTokens *tokens;
  gint n_scores;                /* per step: the tokens', then those of other heads */
  RnnCtcDecoder *decoder;
  RnnCaptioner *captioner;
  RnnEndpoint endpoint;
  gfloat *blank;                /* [V] scores of a step that hears nothing */
  GstClockTime hop;             /* of a step */
  GstClockTime utterance_start; /* or NONE: no step yet */
  GArray *steps;                /* GstClockTime [2], start and end: of the utterance's steps from first_step on */
  guint64 first_step;           /* that a word may still refer to */
  GString *utterance;           /* words so far */
  GstClockTime position;        /* end of the last step */
  GstClockTime sent;            /* until where text or gaps were pushed */
  GstClockTime shown;           /* the same as it was timed on src; NONE: nothing was pushed yet */
  GstClockTime last_partial, last_overload;
  gchar *partial;               /* text last shown */
} GstRnnCtcDec;

typedef GstRnnStageClass GstRnnCtcDecClass;

#define GST_RNN_CTC_DEC(obj) ((GstRnnCtcDec *) (obj))
#define GST_RNN_WORDS_META "GstRnnWords"

/* ---- gstrnnctcdec-properties.c ---- */
void gst_rnn_ctc_dec_init_settings (GstRnnCtcDecSettings *settings);
void gst_rnn_ctc_dec_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec);
void gst_rnn_ctc_dec_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec);
/* What the element adds to the latency: enough for the chain to have max (algorithmic, property). */
void gst_rnn_ctc_dec_update_latency (GstRnnCtcDec *self);

/* ---- gstrnnctcdec-decode.c ---- */
/* At least one step of the utterance was there. */
#define gst_rnn_ctc_dec_in_utterance(self) GST_CLOCK_TIME_IS_VALID ((self)->utterance_start)
/* Takes the properties that are set now. */
GstFlowReturn gst_rnn_ctc_dec_configure (GstRnnCtcDec *self);
/* The stream is at @end now, after a step or gap from @start. */
void gst_rnn_ctc_dec_advance (GstRnnCtcDec *self, GstClockTime start, GstClockTime end);
GstFlowReturn gst_rnn_ctc_dec_step (GstRnnCtcDec *self, const gfloat *scores, GstClockTime start, GstClockTime end);
/* The utterance is over: its last words leave. */
GstFlowReturn gst_rnn_ctc_dec_end_utterance (GstRnnCtcDec *self);
/* Drops the utterance. */
void gst_rnn_ctc_dec_forget (GstRnnCtcDec *self);

/* ---- gstrnnctcdec-output.c ---- */
GstFlowReturn gst_rnn_ctc_dec_push_caption (GstRnnCtcDec *self, const RnnCaption *caption);
GstFlowReturn gst_rnn_ctc_dec_push_partial (GstRnnCtcDec *self, const RnnCaption *caption, guint stable_length);
/* Nothing comes before @until that has not come yet. */
void gst_rnn_ctc_dec_push_gap (GstRnnCtcDec *self, GstClockTime until);
void gst_rnn_ctc_dec_push_tags (GstRnnCtcDec *self);
gboolean gst_rnn_ctc_dec_push_event (GstRnnStage *stage, GstEvent *event);

/* ---- gstrnnctcdec-message.c ---- */
GstStructure *gst_rnn_ctc_dec_words_to_structure (const gchar *name, const RnnCtcWord *words, guint n_words);
gchar *gst_rnn_ctc_dec_caption_to_json (const gchar *type, const RnnCaption *caption, guint stable_length);
void gst_rnn_ctc_dec_post_caption (GstRnnCtcDec *self, const gchar *type, const RnnCaption *caption,
    guint stable_length);
void gst_rnn_ctc_dec_post_endpoint (GstRnnCtcDec *self, GstClockTime start);
/* Says so when a live stream comes later than the pipeline allows for. */
void gst_rnn_ctc_dec_check_overload (GstRnnCtcDec *self);

G_END_DECLS
