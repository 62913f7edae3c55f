/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text -> what is spoken -> the tokens of a model: the one way for training, error rates, alignment and scripts.
 *
 * Rules are rows (speller.c): markup, descriptions such as [music] and the sung between notes, speakers' names,
 * typographic forms, abbreviations, figures, punctuation, accents.  A rule leaves alone what the tokens can spell: a
 * table with digits learns digits, one with full stops learns them.  Nothing asks the locale. */
#pragma once
#include "../base/options.h"
#include "tokens.h"

RNN_API_BEGIN

typedef enum {
  RNN_TEXT_AUTO,                /* English where all letters of the table are English */
  RNN_TEXT_ENGLISH,
  RNN_TEXT_NO_LANGUAGE,         /* figures and abbreviations stay */
} RnnTextLanguage;

/* One rule each; all are on by default.  In a recipe: the object "text" of its output, {"language": "en"}. */
typedef struct {
  gint language;                /* RnnTextLanguage */
  gboolean markup, descriptions, speakers, typography, abbreviations, figures, punctuation, accents;
} RnnTextConfig;

extern const RnnOption rnn_text_options[];
/* From @object (NULL: the defaults); @where prefixes messages. */
gboolean rnn_text_config_read (RnnTextConfig *config, const json_t *object, const gchar *where, GError **error);

typedef struct _RnnSpeller RnnSpeller;

/* A character (with its marks) that no token spells. */
typedef struct {
  gchar *character;
  guint64 count;                /* texts in which it was the first one without a token */
  gchar *example;               /* from the first of them */
} RnnUnspelled;

/* @config NULL: the defaults.  @tokens NULL: a table that can spell every letter, and neither digits nor punctuation but
 * the apostrophe; for English where @config does not say otherwise.  Used by one thread at a time. */
RnnSpeller *rnn_speller_new (RnnTokens *tokens, const RnnTextConfig *config);
void        rnn_speller_free (RnnSpeller *speller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSpeller, rnn_speller_free)

/* The spoken form of @text (UTF-8; what is none becomes U+FFFD) with single spaces.  @markup: it is declared to be
 * markup, so that tags go even where tokens could spell them. (transfer full) */
gchar *rnn_speller_speak (RnnSpeller *speller, const gchar *text, gssize length, gboolean markup);

/* The same, checked.  RNN_ERROR_NOT_FOUND: it holds something, but nothing that is spoken; RNN_ERROR_FORMAT: a character
 * that no token spells, which is counted; @news (may be NULL) says whether it is the first of its kind.  The speller has
 * tokens. (transfer full) */
gchar  *rnn_speller_spell (RnnSpeller *speller, const gchar *text, gssize length, gboolean markup, gboolean *news,
    GError **error);
/* Token ids of what rnn_speller_spell gives. (transfer full) */
GArray *rnn_speller_encode (RnnSpeller *speller, const gchar *text, gssize length, gboolean markup, gboolean *news,
    GError **error);

/* Of RnnUnspelled, in the order in which they came up. (transfer none) */
const GPtrArray *rnn_speller_get_unspelled (RnnSpeller *speller);

RNN_API_END
