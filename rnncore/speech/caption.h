/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timed words in, timed captions out.
 *
 *   words      every word is a caption at once
 *   segments   at most `lines` lines, joined by '\n'; no columns: all words of the utterance, in one line
 *   lines      a caption per line: segments with lines = 1
 *   captions   what pops on: as segments, but lines are evenly long and end where clauses do, and so do captions
 *   roll-up    a caption per line, with the lines before it above, `lines` in all
 *
 * Words of segments and lines are laid out greedily: a word joins the line while the line stays within `columns` characters,
 * else it starts the next one (a longer word has a line to itself).  A caption is complete when its last line is full, that is
 * when the next word needs one line more than it may have, or at finish.  So what a caption under way shows never changes,
 * it only grows.  Only characters are counted here: `start` and `end` are copied from the words, in whatever unit these have.
 *
 * Captions to be read (captions, roll-up) count nanoseconds: they stay as long as they take to read, where the next one leaves
 * room; a caption is neither shorter than `shortest_cue` nor longer than `longest_cue` unless it is said so; short gaps between
 * two are closed; no caption stays over a pause of 1.5 s.  They do not overlap. */
#pragma once
#include "../base/keep.h"
#include "../ctc/ctc.h"

RNN_API_BEGIN

typedef enum { RNN_CAPTION_WORDS, RNN_CAPTION_SEGMENTS, RNN_CAPTION_LINES, RNN_CAPTION_CAPTIONS,
  RNN_CAPTION_ROLL_UP } RnnCaptionMode;

typedef struct {
  gint output_mode;             /* RnnCaptionMode */
  gint columns;                 /* characters per line; 0: lines never end */
  gint lines;                   /* per caption, SEGMENTS, CAPTIONS, ROLL_UP; 0: any number */
  gint shortest_cue, longest_cue;       /* ms; 0: as said; these, as the following, of CAPTIONS and ROLL_UP */
  gfloat reading_speed;         /* characters a second; 0: any */
  gint cue_gap;                 /* ms: shorter gaps are closed */
} RnnCaptionConfig;

extern const RnnOption rnn_caption_options[];

typedef struct {
  const gchar *text;
  guint64 start, end;           /* of the first, of the last word; CAPTIONS, ROLL_UP: as long as it stays */
  gfloat confidence;            /* mean of the words, weighted by their characters */
  const RnnCtcWord *words;      /* [n_words] */
  guint n_words;
} RnnCaption;

typedef struct _RnnCaptioner RnnCaptioner;

RnnCaptioner *rnn_captioner_new (const RnnCaptionConfig *config);
void  rnn_captioner_free (RnnCaptioner *captioner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCaptioner, rnn_captioner_free)

/* Adds a word (copied).  Returns the caption that this completes, or NULL: the one before the word, or in mode WORDS
 * the word itself.  Captions are (transfer none) and valid until the next call on @captioner. */
const RnnCaption *rnn_captioner_push (RnnCaptioner *captioner, const RnnCtcWord *word);
/* The utterance is over: the caption under way, or NULL when there is none. */
const RnnCaption *rnn_captioner_finish (RnnCaptioner *captioner);
/* The same, and nothing more is said before @until. */
const RnnCaption *rnn_captioner_finish_until (RnnCaptioner *captioner, guint64 until);
/* What is under way, with @partial[n] (may be none) laid out after it; NULL when there is neither.  The first
 * @stable_length characters are final (of CAPTIONS those that are on the first line however it ends); where the words fit no more into this caption, they are on lines too many. */
const RnnCaption *rnn_captioner_peek (RnnCaptioner *captioner, const RnnCtcWord *partial, guint n,
    guint *stable_length);
/* Start of the first word under way; NULL: there is none. */
const guint64 *rnn_captioner_get_start (RnnCaptioner *captioner);
/* Drops what is under way. */
void  rnn_captioner_reset (RnnCaptioner *captioner);
/* Its state between two captions, out or in (base/keep.h). */
void  rnn_captioner_keep (RnnCaptioner *captioner, RnnKeep *keep);

RNN_API_END
