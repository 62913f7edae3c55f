/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every CTC decoder is made of.  A new one is a file with a class, a row in decoder.c, and, if it takes options,
 * fields of RnnCtcDecoderConfig (ctc.h): its rows of them become properties of the elements and flags of the tools. */
#pragma once
#include "../base/keep.h"
#include "words.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *name;
  const gchar *summary;
  gsize instance_size;          /* of a struct that begins with an RnnCtcDecoder */
  const RnnOption *options;     /* fields of RnnCtcDecoderConfig that it reads; NULL: none */
  /* Everything that can fail or allocate; may be NULL. */
  gboolean (*setup)    (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error);
  /* Sees log_probs and now; keeps words, n_stable and open up to date. */
  void     (*step)     (RnnCtcDecoder *decoder);
  /* A silence: what comes next belongs to another word. */
  void     (*end_word) (RnnCtcDecoder *decoder);
  /* The same silence, whether a word was under way or not: a sentence may be over.  NULL: it knows no sentences. */
  void     (*pause)    (RnnCtcDecoder *decoder);
  /* Words that ended by step @until become stable, as long as others than these are at most @doubt (0..1) probable.  NULL: complete ones
   * always are. */
  void     (*settle)   (RnnCtcDecoder *decoder, guint64 until, gdouble doubt);
  /* The utterance is over: all words become stable. */
  void     (*finish)   (RnnCtcDecoder *decoder);
  /* The same, but the speaker goes on: after the next reset the search knows what was said.  NULL: as finish. */
  void     (*cut)      (RnnCtcDecoder *decoder);
  void     (*reset)    (RnnCtcDecoder *decoder);
  /* The first step that a word, there or still to come, can begin at.  NULL: that of the first word, or now. */
  guint64  (*first_step) (RnnCtcDecoder *decoder);
  /* After finish: the best readings of the whole utterance, best first, in decoder->readings.  NULL: it knows one. */
  void     (*n_best)   (RnnCtcDecoder *decoder);
  /* Both hold from the next step on, in mid-utterance too.  Takes of @config what can change while it runs; NULL:
   * nothing can.  Hotwords: NULL: it takes none. */
  gboolean (*configure) (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error);
  gboolean (*set_hotwords) (RnnCtcDecoder *decoder, const gchar *hotwords, GError **error);
  /* What the class has beside the base, out or in, checked; what failed is reset. */
  void     (*keep)     (RnnCtcDecoder *decoder, RnnKeep *keep);
  void     (*finalize) (RnnCtcDecoder *decoder);        /* may be NULL */
} RnnCtcDecoderClass;

struct _RnnCtcDecoder {
  const RnnCtcDecoderClass *klass;
  RnnTokens *tokens;
  gint V, blank;
  gboolean knows_words;         /* a class may set it where tokens do not part words: it has a lexicon */
  gfloat *log_probs;            /* [V] of the step at hand */
  guint64 now;                  /* its number */
  RnnCtcWords words;            /* stable ones, then those that may change, the last of which may be under way */
  gboolean open;                /* it is */
  guint n_stable;               /* words, from the first on, that cannot change */
  RnnCtcReading *readings;      /* [n_readings], of the class, which frees them */
  guint n_readings;
  const gchar *foreign;         /* the language that a model of words is of where that is not English, or NULL */
  gchar *left_out;              /* hotwords that cannot be said, or NULL */
};

/* The search as it stands, out or in (base/keep.h); with the same options on both sides it goes on bit for bit.  What failed is reset. */
void rnn_ctc_decoder_keep (RnnCtcDecoder *decoder, RnnKeep *keep);

extern const RnnCtcDecoderClass rnn_ctc_greedy;

/* Complete words that ended by step @until are stable from now on, or as many of them as are doubtful by at most @doubt.  No reading is given up:
 * what is found later of the time up to their end is not told of. */
void rnn_ctc_decoder_settle (RnnCtcDecoder *decoder, guint64 until, gdouble doubt);

G_END_DECLS
