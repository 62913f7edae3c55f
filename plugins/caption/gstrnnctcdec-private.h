/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnnctcdec: gstrnnctcdec.c (element and events), -results.c (what the library has heard), -watch.c (who
 * waits, and for what), -output.c (captions,
 * gaps, partial results), -message.c (what is said about them), -properties.c. */
#pragma once
#include <gst/base/gstflowcombiner.h>
#include <rnncore/speech/utterance.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

/* Who has other inputs that stand still while text is held back. */
typedef enum { GST_RNN_WAITS_NOBODY, GST_RNN_WAITS_MUXER, GST_RNN_WAITS_OTHER } GstRnnWaits;

typedef struct {
  RnnUtteranceConfig utterance;
  guint latency, lateness;      /* ms */
  gboolean adapt_lateness;
  guint max_hold;               /* ms */
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
  GstClockTime gate_delay;      /* that a detector of speech needs before it knows */
  RnnUtterance *ready;          /* made with the settings that the streaming thread takes next, for the files that both share; or NULL */
  GstClockTime max_delay;       /* from the start of a caption to when it left */
  guint64 n_words, n_captions, n_partials, n_endpoints, n_overloads;

  gint changed;                 /* atomic: the settings were */

  /* streaming thread */
  GstClockTime lateness;        /* as the settings had it with this buffer, or what it has grown to */
  gboolean adapt_lateness;
  gboolean post_messages;
  gint n_scores;                /* per step, of all heads */
  gboolean narrow;              /* what comes is only the head that the utterance listens to */
  gsize step_size;              /* bytes of a step */
  gboolean markup;              /* captions leave as Pango's markup */
  RnnUtterance *utterance;
  GstClockTime hop;             /* of a step */
  GstClockTime offset;          /* from the stream's time to the input's, of the segment that left last; modulo 2^64 */
  GstClockTime shown;           /* until where text or gaps went out on src; NONE: nothing did yet */
  GstClockTime last_overload;
  GstClockTime end_silence, max_hold;   /* as the properties */
  gboolean asked;               /* it is known who waits */
  GstRnnWaits waits;
  gchar *left_out;              /* hotwords that were warned of, or NULL */
  const gchar *foreign;         /* language of the language model that was warned of, or NULL */
  gboolean warned;              /* that captions come later than `latency` */
  GstClockID tick;              /* when a live stream's utterance is over; written under the object lock */
} GstRnnCtcDec;

typedef GstRnnStageClass GstRnnCtcDecClass;

#define GST_RNN_CTC_DEC(obj) ((GstRnnCtcDec *) (obj))
#define GST_RNN_WORDS_META "GstRnnWords"

/* ---- gstrnnctcdec-properties.c ---- */
void gst_rnn_ctc_dec_install_state (GstRnnCtcDecClass *klass);
void gst_rnn_ctc_dec_init_settings (GstRnnCtcDecSettings *settings);
void gst_rnn_ctc_dec_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec);
void gst_rnn_ctc_dec_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec);
void gst_rnn_ctc_dec_drop_ready (GstRnnCtcDec *self);
/* What the element adds to the latency: enough for the chain to have max (algorithmic, property). */
void gst_rnn_ctc_dec_update_latency (GstRnnCtcDec *self);

/* ---- gstrnnctcdec-results.c ---- */
/* Takes the properties that are set now. */
void gst_rnn_ctc_dec_configure (GstRnnCtcDec *self);
/* Hotwords that cannot be said, and a language model of another language, are told of once. */
void gst_rnn_ctc_dec_warn (GstRnnCtcDec *self);
GstFlowReturn gst_rnn_ctc_dec_step (GstRnnCtcDec *self, const gfloat *scores, GstClockTime start, GstClockTime end);
/* Time in which there was nothing. */
void gst_rnn_ctc_dec_skip (GstRnnCtcDec *self, GstClockTime start, GstClockTime end);
/* What a detector upstream knows (gstrnngate.h). */
void gst_rnn_ctc_dec_hear_of_speech (GstRnnCtcDec *self, const GstStructure *news);
GstFlowReturn gst_rnn_ctc_dec_take_results (GstRnnCtcDec *self);

/* ---- gstrnnctcdec-watch.c ---- */
void gst_rnn_ctc_dec_watch (GstRnnCtcDec *self);        /* after a step */
void gst_rnn_ctc_dec_disarm (GstRnnCtcDec *self);
void gst_rnn_ctc_dec_end_utterance (GstRnnCtcDec *self);        /* the stream has stopped, for now */

/* ---- gstrnnctcdec-output.c ---- */
GstFlowReturn gst_rnn_ctc_dec_push_caption (GstRnnCtcDec *self, const RnnResult *caption);
GstFlowReturn gst_rnn_ctc_dec_push_partial (GstRnnCtcDec *self, const RnnResult *partial);
/* Nothing comes before @end that has not come yet. */
void gst_rnn_ctc_dec_push_gap (GstRnnCtcDec *self, GstClockTime start, GstClockTime end);
/* How much of the stream's time is not told on src. */
GstClockTime gst_rnn_ctc_dec_get_held (GstRnnCtcDec *self);
/* Tells of so much of it, although text of it may still come. */
void gst_rnn_ctc_dec_run_ahead (GstRnnCtcDec *self, GstClockTime duration);
void gst_rnn_ctc_dec_push_tags (GstRnnCtcDec *self);
gboolean gst_rnn_ctc_dec_push_event (GstRnnStage *stage, GstEvent *event);

/* ---- gstrnnctcdec-message.c ---- */
/* Times are @offset earlier than in the result. */
GstStructure *gst_rnn_ctc_dec_words_to_structure (const gchar *name, const RnnResult *result, GstClockTime offset);
gchar *gst_rnn_ctc_dec_result_to_json (const RnnResult *result, GstClockTime offset);
void gst_rnn_ctc_dec_post_caption (GstRnnCtcDec *self, const RnnResult *caption);
void gst_rnn_ctc_dec_post_endpoint (GstRnnCtcDec *self, const RnnResult *endpoint);
/* Says so when a live stream comes later than the pipeline allows for. */
void gst_rnn_ctc_dec_check_overload (GstRnnCtcDec *self);

G_END_DECLS
