/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC prefix beam search (Graves and Jaitly 2014; Hannun et al. 2014), in parts: beam.c (the decoder's class and its
 * options), beam-language.c (lexicon and language model), beam-hotwords.c (hotwords and words that only they have), beam-extend.c (what a step makes of the hypotheses), beam-prepare.c (what it asks the model, before), beam-keep.c (which of that stays), beam-end.c (where words end),
 * beam-history.c (words said so far), beam-words.c (what callers see), beam-due.c (who cannot wait), beam-state.c (all of it into another process).
 *
 * A hypothesis is a sequence of words and of the tokens of the word under way; its probability sums over all alignments.
 * Two kinds of token tables: with tokens that part words (" ", or pieces of text that begin with a space), and without
 * (phones, with a lexicon): there a word may end wherever the lexicon says one does, in a hypothesis of its own. */
#pragma once
#include "decoder.h"
#include "../lm/lexicon.h"
#include "../lm/hotwords.h"
#include "../lm/pronouncer.h"
#include "../lm/scorer.h"

G_BEGIN_DECLS

#define RNN_BEAM_NONE G_MAXUINT32
#define RNN_BEAM_SAID 8192      /* bytes of committed text that are kept for the readings */

/* ---- beam-language.c ---- */

typedef enum {
  RNN_BEAM_INSIDE,              /* part of a word */
  RNN_BEAM_BEGINS,              /* ends the word before and begins one: a space, then text */
  RNN_BEAM_PARTS,               /* ends the word before and is part of none */
} RnnBeamKind;

/* Everything that does not change from step to step; shared by the streams of a process. */
typedef struct _RnnBeamLanguage RnnBeamLanguage;

struct _RnnBeamLanguage {
  gatomicrefcount refs;
  gchar *key;                   /* in the table of shared ones; NULL: not shared */
  gint V;
  guint8 *kinds;                /* [V] RnnBeamKind */
  gboolean parted;              /* some token parts words */
  RnnLexicon *lexicon;          /* NULL: every text is a word */
  gfloat *ahead;                /* [the lexicon's own nodes] best log P of a word at or below; NULL without a model */
  RnnScorer *scorer;            /* of words; NULL */
  RnnScorer *ngram;             /* the part of it whose words make a lexicon, borrowed; NULL */
  guint32 *numbers;             /* [the lexicon's own words] the scorer's */
  const gchar *foreign;         /* the language of the model's words where that is not English, "German"; NULL: nothing says so */
  RnnBeamLanguage *base;        /* that this one adds words to, whose `kinds` it has; NULL: none */
};

RnnBeamLanguage *rnn_beam_language_new (RnnTokens *tokens, const gchar *lm_file, const gchar *lexicon_file, GError **error);
/* With words that the lexicon lacks, see rnn_lexicon_extend (); the model knows them as unknown ones, unless it has them. */
RnnBeamLanguage *rnn_beam_language_extend (RnnBeamLanguage *base, const RnnLexiconWay *ways, guint n);
RnnBeamLanguage *rnn_beam_language_ref (RnnBeamLanguage *language);
void             rnn_beam_language_unref (RnnBeamLanguage *language);

/* What log P of an unknown word counts for one that was added, which is one of many: nats. */
gfloat rnn_beam_language_weigh_added (const RnnBeamLanguage *language, guint32 word);

static inline gfloat
rnn_beam_language_look_ahead (const RnnBeamLanguage *language, guint32 node)
{
  const RnnLexicon *owner = rnn_lexicon_owner (language->lexicon, &node);

  return (owner == language->lexicon ? language : language->base)->ahead[node];
}

/* The scorer's number of a word of the lexicon. */
static inline guint32
rnn_beam_language_number (const RnnBeamLanguage *language, guint32 word)
{
  guint first = rnn_lexicon_count_base (language->lexicon);

  return word < first ? language->base->numbers[word] : language->numbers[word - first];
}

/* ---- beam-history.c: words that were said ---- */

typedef struct {
  guint32 previous;             /* word before; the next free one in the list of free ones */
  guint32 refs;
  guint32 word;                 /* of the lexicon; RNN_BEAM_NONE: spelled */
  guint32 spelling;             /* its tokens; RNN_BEAM_NONE when it is of the lexicon */
  guint32 ordinal;              /* words before it since the search began */
  guint32 start, end;           /* steps */
  gfloat confidence;
  guint64 hash;                 /* of it and all words before */
} RnnBeamWord;

typedef struct {
  guint32 previous, refs;       /* token before */
  gint token;
} RnnBeamToken;

typedef struct {
  RnnBeamWord *words;           /* [n_words] */
  RnnBeamToken *tokens;         /* [n_tokens] */
  guint n_words, n_tokens, words_left, tokens_left;
  guint32 free_word, free_token;
} RnnBeamHistory;

void    rnn_beam_history_init  (RnnBeamHistory *h, guint n_words, guint n_tokens);
void    rnn_beam_history_clear (RnnBeamHistory *h);
void    rnn_beam_history_reset (RnnBeamHistory *h);
/* A new reference; takes references to what comes before. */
guint32 rnn_beam_history_add_token (RnnBeamHistory *h, guint32 previous, gint token);
guint32 rnn_beam_history_add_word  (RnnBeamHistory *h, const RnnBeamWord *word);
void    rnn_beam_history_unref_token (RnnBeamHistory *h, guint32 token);
void    rnn_beam_history_unref_word  (RnnBeamHistory *h, guint32 word);

static inline guint32
rnn_beam_history_ref_token (RnnBeamHistory *h, guint32 token)
{
  if (token != RNN_BEAM_NONE)
    h->tokens[token].refs++;
  return token;
}

static inline guint32
rnn_beam_history_ref_word (RnnBeamHistory *h, guint32 word)
{
  if (word != RNN_BEAM_NONE)
    h->words[word].refs++;
  return word;
}

/* ---- hypotheses ---- */

/* One alignment, the best one: what times and confidences come from. */
typedef struct {
  gdouble score;                /* log P */
  gfloat sum;                   /* of log P over the n steps that emitted the last word */
  guint32 n;
  guint32 start, end;           /* of it */
  guint32 previous;             /* the word before it */
} RnnBeamPath;

typedef struct {
  guint64 key;                  /* of its words and of the tokens of a word under way */
  guint64 hash;                 /* of the words before the last one */
  guint64 inside;               /* of the tokens of the word under way alone */
  guint64 spelled;              /* what its key was before its last word was complete */
  guint32 ordinal;              /* how many words before the last one */
  gint last;                    /* token that a repeat joins; -1: none */
  guint32 node;                 /* of the lexicon; RNN_BEAM_NONE: the word under way is not in it */
  guint32 spelling;             /* tokens of the last word */
  guint32 word;                 /* the last word when it is complete; RNN_BEAM_NONE: spelled */
  guint32 hot;                  /* state of the hotwords */
  guint32 frozen[2];            /* the last word in the history, made in this step: by at_blank, by at_token */
  guint16 place;                /* before it was sorted */
  guint8 open, said;            /* the last word is under way; there is a last word */
  guint8 paused;                /* a pause came since a word was last complete */
  guint8 twin;                  /* its word under way is complete in another hypothesis */
  gdouble blank, token;         /* log P of the alignments that end in a blank, in `last` */
  gdouble language;             /* what words and hotwords add */
  gdouble ahead;                /* what the word under way will probably add: for ranking */
  gdouble rank;                 /* log (e^blank + e^token) + language + ahead */
  RnnBeamPath at_blank, at_token;
} RnnBeamHypothesis;

/* A hypothesis of the next step, before it is known whether it is kept. */
typedef struct {
  guint64 key;
  guint64 hash;                 /* of the words before the last one */
  guint64 inside;               /* see there */
  gint last;
  gint16 stays;                 /* hypothesis that it was; -1: new */
  gint16 from, via;             /* hypothesis that it extends; the one of the best alignment, -1: itself */
  guint8 open, closed;          /* a word ended in between */
  guint8 begins, adds;          /* after `from` another begins; the last word's tokens get one more */
  guint8 via_begins, via_adds;  /* after `via`: a word of two pronunciations may be reached from before and from within it */
  guint32 node, word;
  guint32 ended, via_ended;     /* the word that did, after `from`, after `via` */
  guint32 hot;
  gdouble blank, token, language, ahead, rank, via_score;
} RnnBeamCandidate;

/* What is to be asked of the model, see beam-prepare.c. */
typedef struct {
  guint from;                   /* hypothesis */
  guint32 word, text;           /* RNN_BEAM_NONE: what is at `text` of the texts */
  guint32 number;               /* the scorer's */
  gdouble least;                /* what it must be worth with what its hypothesis is */
} RnnBeamQuestion;

typedef struct {
  GArray *words;                /* of RnnBeamQuestion */
  GString *texts;
  GArray *list;                 /* of RnnScorerQuestion */
  guint8 *after;                /* [2 * width][state_size] states after what the chosen candidates have ended; NULL until then */
} RnnBeamQuestions;

typedef struct {
  RnnCtcDecoder base;
  RnnCtcDecoderConfig config;
  RnnBeamLanguage *files;       /* as the files have it */
  RnnBeamLanguage *language;    /* the same, or with words that only the hotwords have */
  RnnHotwords *hotwords;        /* NULL: none */
  RnnPronouncer *pronouncer;    /* that said these words, NULL: none was needed */
  gsize state_size;             /* of the scorer */
  guint width;                  /* beam_width, as it was made */
  RnnBeamHypothesis *now, *next;        /* [width] */
  guint8 *states, *next_states; /* [width][state_size] */
  guint8 *begin;                /* [state_size] of a sentence */
  guint n;
  RnnBeamCandidate *candidates; /* [n_room] */
  guint n_room, n_candidates;
  guint32 *table;               /* [n_table] places + 1 of candidates, then of hypotheses, by hash; n_table is a power of two */
  guint n_table;
  gint *order, *chosen;         /* [V] tokens worth a look, the best first; [2 * width] */
  guint n_order;
  gdouble best;                 /* rank of the best candidate yet */
  gboolean asking;              /* nothing is offered: what words are to be scored is noted */
  RnnBeamQuestions questions;
  RnnBeamHistory history;
  guint64 committed;            /* words that are stable since the search began */
  guint64 heard;                /* steps since the last reset */
  guint64 said_until;           /* end of the last stable word */
  guint64 told_until;           /* end of the last one that became so because somebody could not wait */
  GString *said;                /* the committed words */
  GString *text;                /* room to spell a word in */
  guint32 *chain, *letters;     /* room for ways through the history's words and tokens */
  gboolean finished;            /* the next step begins anew */
  gboolean carries;             /* as the sentence in `carried` stands: it was cut */
  guint8 *carried;              /* [state_size] */
  guint n_made;                 /* readings */
  guint64 shown;                /* key of the hypothesis that words[] shows; 0: none */
  gboolean shows_last;          /* with its last word */
} RnnBeam;

/* ---- beam-extend.c ---- */

void rnn_beam_start  (RnnBeam *beam);                   /* the one empty hypothesis */
void rnn_beam_extend (RnnBeam *beam);                   /* a step */
void rnn_beam_let_go (RnnBeam *beam, RnnBeamHypothesis *h);     /* its references to the history */
gboolean rnn_beam_allows_unknown (const RnnBeam *beam);
/* log ((1 - p) + p P (the sentence ends here)), p by pause_score: what a pause costs @h. */
gdouble  rnn_beam_pause_worth (const RnnBeam *beam, const RnnBeamHypothesis *h);
/* log P (@word, the last one of @h, after those before it); @next: see the scorer. */
gfloat   rnn_beam_score_word (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word, guint8 *next);
guint32  rnn_beam_number_of  (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word);        /* the scorer's */
/* Both ways to say @text after @h, in the same sentence and in another; FALSE: the other one does not matter. */
gboolean rnn_beam_may_begin (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 number, const gchar *text, guint8 *next, gfloat *on,
    gfloat *anew);
/* The most that words and hotwords are worth when @text is the last one of @h, by what the model knows without much work. */
gdouble  rnn_beam_most_worth (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 number, const gchar *text);
/* The model's state that @word of the lexicon goes on from: that of @h, or the beginning of a sentence. */
const guint8 *rnn_beam_state_before (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word);
/* What it is worth that the last word of @h, under way, is @word; and that it is so. */
gdouble  rnn_beam_word_worth (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word);
void     rnn_beam_complete_word (RnnBeam *beam, RnnBeamHypothesis *h, guint32 word, gdouble worth);

/* A hash of what @key is of, and then @value. */
static inline guint64
rnn_beam_mix (guint64 key, guint64 value)
{
  key ^= (value + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  key ^= key >> 31;
  key *= G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  return key ^ key >> 29;
}

/* log (e^a + e^b) */
gdouble rnn_beam_log_add (gdouble a, gdouble b);

static inline const RnnBeamPath *
rnn_beam_best_path (const RnnBeamHypothesis *h)
{
  return h->at_blank.score > h->at_token.score ? &h->at_blank : &h->at_token;
}

/* The key of words: those before the last one, and it; one of the lexicon is the same however it was said. */
guint64  rnn_beam_key_of_words (guint64 before, guint32 word, guint64 spelled);

/* ---- beam-keep.c ---- */

/* chosen[n]: the best candidates, twice as many as there will be hypotheses, the best first; returns n. */
guint rnn_beam_choose (RnnBeam *beam);
guint rnn_beam_keep_best (RnnBeam *beam);               /* candidates become next[]; returns how many */
void  rnn_beam_swap (RnnBeam *beam, guint n);           /* next[n] become now[] */

/* ---- beam-prepare.c ---- */

void rnn_beam_prepare_init  (RnnBeamQuestions *questions);
void rnn_beam_prepare_clear (RnnBeamQuestions *questions);
/* @word may end @h, if the two are worth as much as @least. */
void rnn_beam_note_question (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word, gdouble least);
void rnn_beam_prepare_words (RnnBeam *beam);    /* what was noted */
void rnn_beam_prepare_states (RnnBeam *beam, guint n);  /* after[]: of the chosen[n] that end a word of the lexicon */

/* ---- beam-change.c: the model, the lexicon or the hotwords become others ---- */

void rnn_beam_settle_words (RnnBeam *beam);     /* before: the best hypothesis goes on, its complete words are stable */
void rnn_beam_resume (RnnBeam *beam, gboolean anew);    /* after: it finds its place in the new ones; @anew: of another model */
void rnn_beam_take_back (RnnBeam *beam);        /* before: what phrases under way have earned */
void rnn_beam_follow_hotwords (RnnBeam *beam);  /* after: words under way find their places in the new hotwords */

/* ---- beam-hotwords.c ---- */

/* From the next step on.  A word that a lexicon of sounds lacks is said by @g2p_model, a path; NULL: it is left out. */
gboolean rnn_beam_set_hotwords (RnnBeam *beam, const gchar *list, const gchar *g2p_model, GError **error);

/* ---- beam-end.c ---- */

/* Which word of the lexicon the one under way is most worth as, if it ended here; RNN_BEAM_NONE: none does. */
guint32 rnn_beam_best_end (RnnBeam *beam, const RnnBeamHypothesis *h, gdouble *worth);
/* Words under way end here; @sentence: the sentence, too. */
void rnn_beam_end_words (RnnBeam *beam, gboolean sentence);
/* A silence in which they end, and most likely the sentence. */
void rnn_beam_pause (RnnBeam *beam);

/* ---- beam-words.c ---- */

/* The text of a word of the lexicon or of spelled tokens, valid until the next call. */
const gchar *rnn_beam_spell (RnnBeam *beam, guint32 word, guint32 spelling);
void rnn_beam_show (RnnBeam *beam);                     /* brings words[] up to date */
/* The first complete word of @h of a time of which was not told; FALSE: there is none. */
gboolean rnn_beam_next_word (const RnnBeam *beam, const RnnBeamHypothesis *h, RnnBeamWord *word);
void rnn_beam_tell (RnnBeam *beam, const RnnBeamWord *word);    /* the next one; it and all before are stable */
void rnn_beam_commit_all (RnnBeam *beam);               /* all words of the best hypothesis become stable */
void rnn_beam_commit_last (RnnBeam *beam);              /* of the only hypothesis: but for one that is under way */
void rnn_beam_read (RnnBeam *beam);                     /* the n best */
guint64 rnn_beam_first_step (RnnCtcDecoder *decoder);

/* ---- beam-due.c ---- */

void rnn_beam_settle (RnnCtcDecoder *decoder, guint64 until, gdouble doubt);

/* ---- beam-state.c ---- */

void rnn_beam_keep (RnnCtcDecoder *decoder, RnnKeep *keep);

extern const RnnCtcDecoderClass rnn_ctc_beam;

G_END_DECLS
