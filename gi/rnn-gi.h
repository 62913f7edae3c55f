/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library for other languages: the objects that an application needs, as GObject introspection knows them.  From Python:
 *
 *   from gi.repository import Rnn
 *   model = Rnn.Model.load ("english.safetensors")
 *   transcriber = Rnn.Transcriber.new (model, {"lm-file": "english.lm", "beam-width": "64"})
 *
 * Only what languages cannot do with plain C structures is written here; all work is librnncore's, whose headers are C's. */
#pragma once
#include <glib-object.h>

G_BEGIN_DECLS

#define RNN_GI_TYPE_MODEL (rnn_gi_model_get_type ())
/**
 * RnnGiModel:
 *
 * A model of a file: what it is. It does not change, so any number of transcribers and forecasters may share it.
 */
G_DECLARE_FINAL_TYPE (RnnGiModel, rnn_gi_model, RNN_GI, MODEL, GObject)

RnnGiModel  *rnn_gi_model_load (const gchar *path, GError **error);
const gchar *rnn_gi_model_get_name (RnnGiModel *self);
const gchar *rnn_gi_model_get_license (RnnGiModel *self);
const gchar *rnn_gi_model_get_attribution (RnnGiModel *self);
gchar       *rnn_gi_model_get_recipe (RnnGiModel *self);
gint         rnn_gi_model_get_rate (RnnGiModel *self);
gint         rnn_gi_model_get_latency (RnnGiModel *self);
guint64      rnn_gi_model_get_n_params (RnnGiModel *self);

#define RNN_GI_TYPE_WORD (rnn_gi_word_get_type ())
typedef struct _RnnGiWord RnnGiWord;

/**
 * RnnGiWord:
 * @text: the word
 * @start: where it begins in the stream, nanoseconds
 * @end: where it ends, nanoseconds
 * @confidence: 0..1
 *
 * A word and when it was said.
 */
struct _RnnGiWord {
  gchar *text;
  guint64 start, end;
  gfloat confidence;
};

GType      rnn_gi_word_get_type (void);
RnnGiWord *rnn_gi_word_copy (const RnnGiWord *word);
void       rnn_gi_word_free (RnnGiWord *word);

/**
 * RnnGiResultKind:
 * @RNN_GI_RESULT_KIND_PARTIAL: what may still change: the caption under way and all words after it
 * @RNN_GI_RESULT_KIND_FINAL: a caption
 * @RNN_GI_RESULT_KIND_ENDPOINT: an utterance is over: all of its text
 * @RNN_GI_RESULT_KIND_QUIET: nothing more will begin before the end
 *
 * What a result tells.
 */
typedef enum {
  RNN_GI_RESULT_KIND_PARTIAL,
  RNN_GI_RESULT_KIND_FINAL,
  RNN_GI_RESULT_KIND_ENDPOINT,
  RNN_GI_RESULT_KIND_QUIET,
} RnnGiResultKind;

#define RNN_GI_TYPE_RESULT (rnn_gi_result_get_type ())
typedef struct _RnnGiResult RnnGiResult;

/**
 * RnnGiResult:
 * @kind: what it is
 * @text: (nullable): what was said; %NULL if quiet
 * @stable_length: characters of @text that stay
 * @start: of its words, of the utterance, of the silence: nanoseconds
 * @end: likewise
 * @confidence: 0..1, of captions
 *
 * What a transcriber heard: of one of four kinds.
 */
struct _RnnGiResult {
  RnnGiResultKind kind;
  gchar *text;
  guint stable_length;
  guint64 start, end;
  gfloat confidence;
  /*< private >*/
  GPtrArray *words;
};

GType        rnn_gi_result_get_type (void);
RnnGiResult *rnn_gi_result_copy (const RnnGiResult *result);
void         rnn_gi_result_free (RnnGiResult *result);
GPtrArray   *rnn_gi_result_get_words (const RnnGiResult *result);

#define RNN_GI_TYPE_TRANSCRIBER (rnn_gi_transcriber_get_type ())
/**
 * RnnGiTranscriber:
 *
 * Turns one stream of sound into timed text while it plays: push samples, then take the results that are due.
 */
G_DECLARE_FINAL_TYPE (RnnGiTranscriber, rnn_gi_transcriber, RNN_GI, TRANSCRIBER, GObject)

RnnGiTranscriber *rnn_gi_transcriber_new (RnnGiModel *model, GHashTable *options, GError **error);
void              rnn_gi_transcriber_push (RnnGiTranscriber *self, const gfloat *samples, gsize n);
void              rnn_gi_transcriber_push_s16 (RnnGiTranscriber *self, GBytes *samples);
void              rnn_gi_transcriber_flush (RnnGiTranscriber *self);
void              rnn_gi_transcriber_finish (RnnGiTranscriber *self);
RnnGiResult      *rnn_gi_transcriber_next (RnnGiTranscriber *self);
void              rnn_gi_transcriber_reset (RnnGiTranscriber *self);
gboolean          rnn_gi_transcriber_set_hotwords (RnnGiTranscriber *self, const gchar *hotwords, GError **error);

#define RNN_GI_TYPE_FORECASTER (rnn_gi_forecaster_get_type ())
/**
 * RnnGiForecaster:
 *
 * Forecasts one series value by value, with intervals.
 */
G_DECLARE_FINAL_TYPE (RnnGiForecaster, rnn_gi_forecaster, RNN_GI, FORECASTER, GObject)

RnnGiForecaster *rnn_gi_forecaster_new (RnnGiModel *model, gdouble coverage, GError **error);
guint            rnn_gi_forecaster_get_context (RnnGiForecaster *self);
guint            rnn_gi_forecaster_get_horizon (RnnGiForecaster *self);
gchar          **rnn_gi_forecaster_get_known (RnnGiForecaster *self);
gchar          **rnn_gi_forecaster_get_past (RnnGiForecaster *self);
gchar          **rnn_gi_forecaster_get_categories (RnnGiForecaster *self);
gboolean         rnn_gi_forecaster_set_clock (RnnGiForecaster *self, const gchar *time, const gchar *step, GError **error);
gboolean         rnn_gi_forecaster_set_category (RnnGiForecaster *self, const gchar *name, const gchar *value, GError **error);
gboolean         rnn_gi_forecaster_foretell (RnnGiForecaster *self, guint ahead, const gdouble *columns, gsize n, GError **error);
void             rnn_gi_forecaster_push (RnnGiForecaster *self, gdouble value);
gboolean         rnn_gi_forecaster_push_with (RnnGiForecaster *self, gdouble value, const gdouble *past, gsize n, GError **error);
gboolean         rnn_gi_forecaster_is_ready (RnnGiForecaster *self);
GArray          *rnn_gi_forecaster_get_mean (RnnGiForecaster *self);
GArray          *rnn_gi_forecaster_get_radius (RnnGiForecaster *self);
gdouble          rnn_gi_forecaster_get_quantile (RnnGiForecaster *self, guint step, gdouble level);
void             rnn_gi_forecaster_reset (RnnGiForecaster *self);

G_END_DECLS
