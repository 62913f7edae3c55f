/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scores of a CTC model and the times of their steps in, results out: words become captions, silences end words and
 * utterances.  Results are values that are pulled: after every push, and after finish, call next until it returns NULL.
 *
 * Times are nanoseconds of the stream.  Within an utterance they only go forward: a step that begins before the end of
 * the last one is taken to begin there. */
#pragma once
#include "../base/keep.h"
#include "caption.h"
#include "writing.h"
#include "../outputs/output.h"

RNN_API_BEGIN

typedef RnnCtcWord RnnWord;     /* start, end: ns */

typedef enum {
  RNN_RESULT_PARTIAL,           /* what may still change: the caption under way and all words after it */
  RNN_RESULT_FINAL,             /* a caption */
  RNN_RESULT_ENDPOINT,          /* an utterance is over: all of its text */
  RNN_RESULT_QUIET,             /* nothing more will begin before `end` */
} RnnResultKind;

typedef struct {
  RnnResultKind kind;
  const gchar *text;            /* NULL: QUIET */
  guint stable_length;          /* characters of text that stay; of one caption it never shrinks.  FINAL: all */
  guint64 start, end;           /* of its words, of the utterance, of the silence */
  gfloat confidence;            /* PARTIAL, FINAL: 0..1, mean of the words, weighted by their characters */
  const RnnWord *words;         /* [n_words], PARTIAL and FINAL */
  guint n_words;
  gboolean silence;             /* ENDPOINT: by silence, and not by the utterance's length or the stream's end */
  const RnnCtcReading *readings;        /* ENDPOINT: [n_readings], best first; 0: the decoder knows only one */
  guint n_readings;
} RnnResult;

const gchar *rnn_result_kind_get_name (RnnResultKind kind);     /* "partial" */

typedef struct {
  RnnCtcDecoderConfig decoder;
  RnnWriterConfig writer;
  RnnCaptionConfig caption;
  gfloat partial_stability;     /* 0..1: 0 shows every guess, 1 none */
  gint partial_interval;        /* ms, as the following; 0: no partial results */
  gint word_silence;            /* 0: only spaces end a word */
  gfloat word_doubt;            /* 0: a word is final when nothing can change it */
  gint word_delay;              /* 0: however long that takes */
  gint endpoint_silence, initial_silence, max_utterance;
} RnnUtteranceConfig;

/* Rows of all fields, those of the parts included; for rnn_options_init () and so on. */
const RnnOption *rnn_utterance_get_options (void);

typedef struct _RnnUtterance RnnUtterance;

/* @config is copied. */
RnnUtterance *rnn_utterance_new (RnnTokens *tokens, const RnnUtteranceConfig *config, GError **error);
/* Reads whole steps of a model with @output.  Of several heads it listens to the first one with whose tokens the decoder can
 * do what @config asks: a lexicon of phones finds the head that hears phones. */
RnnUtterance *rnn_utterance_new_for_output (const RnnOutput *output, const RnnUtteranceConfig *config, GError **error);
void rnn_utterance_free (RnnUtterance *utterance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnUtterance, rnn_utterance_free)

/* From the next step on, how words are written from the next utterance on; which decoder it is stays.  A caption under way that would get another shape is a result.
 * FALSE: the decoder refuses, and keeps what it had. */
gboolean rnn_utterance_configure (RnnUtterance *utterance, const RnnUtteranceConfig *config, GError **error);
gboolean rnn_utterance_set_hotwords (RnnUtterance *utterance, const gchar *hotwords, GError **error);
/* See rnn_ctc_decoder_get_left_out (). */
const gchar *rnn_utterance_get_left_out (RnnUtterance *utterance);
/* The language of its language model ("German") where the output was one of English, by its letters or its recipe, and the model is another's; NULL:
 * nothing says so. */
const gchar *rnn_utterance_get_foreign (RnnUtterance *utterance);

/* One step of [start, end): scores [V], or of all heads. */
void rnn_utterance_push (RnnUtterance *utterance, const gfloat *scores, guint64 start, guint64 end);
/* The head that it listens to, and one step of that alone: of a model that rnn_model_narrow () made for it. */
guint rnn_utterance_get_head (RnnUtterance *utterance);
void rnn_utterance_push_head (RnnUtterance *utterance, const gfloat *scores, guint64 start, guint64 end);
/* Somebody tells where there is speech (detect/vad.h): from here on steps wait until it is known of their time, and those that no speech
 * overlaps are heard as silence, whatever their scores.  A stretch of the stream begins at @start; what comes of it next, up to @end, is speech
 * or not.  Steps still to come of the stretch before are known by their times.  Until a reset; without it steps are heard at once. */
void rnn_utterance_begin_stretch (RnnUtterance *utterance, guint64 start);
void rnn_utterance_tell (RnnUtterance *utterance, guint64 end, gboolean speech);
/* For one that takes the place of @from in mid-stream, whose results were all pulled: what that was told, too. */
void rnn_utterance_inherit (RnnUtterance *utterance, RnnUtterance *from);
/* Nothing but blanks waits: a model's state may begin anew. */
gboolean rnn_utterance_is_quiet (RnnUtterance *utterance);
/* Time in which nothing comes.  Steps of silence if an utterance is under way and they are shorter than what ends it,
 * else its end. */
void rnn_utterance_skip (RnnUtterance *utterance, guint64 start, guint64 end);
/* What was heard so far is an utterance, and so is what waits: of it what is unknown is what was before; the stream may go on. */
void rnn_utterance_finish (RnnUtterance *utterance);
/* The next result, or NULL: no more for now.  (transfer none), valid until the next call on @utterance. */
const RnnResult *rnn_utterance_next (RnnUtterance *utterance);
/* All of it between two pushes, when all results were pulled, out or in (base/keep.h): with the same configuration on both sides it goes on
 * bit for bit, in the midst of a word, too. */
void rnn_utterance_keep (RnnUtterance *utterance, RnnKeep *keep);
/* Drops the utterance under way and forgets the time. */
void rnn_utterance_reset (RnnUtterance *utterance);
/* The same where the stream goes on elsewhere, and what was told of the stretch that begins there stays. */
void rnn_utterance_jump (RnnUtterance *utterance);

/* At least one step of an utterance was there; the end of the last step, G_MAXUINT64: none yet; words so far. */
gboolean rnn_utterance_is_open (RnnUtterance *utterance);
guint64  rnn_utterance_get_position (RnnUtterance *utterance);
guint64  rnn_utterance_get_n_words (RnnUtterance *utterance);

RNN_API_END
