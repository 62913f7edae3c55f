/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside a speller: its rules, each from text to text (transfer full), linear in its length. */
#pragma once
#include "fold.h"
#include "speller.h"

G_BEGIN_DECLS

struct _RnnSpeller {
  RnnTextConfig config;
  RnnTokens *tokens;            /* or NULL */
  gboolean english;
  gboolean markup;              /* the text under way is declared to be */
  GPtrArray *unspelled;         /* of RnnUnspelled */
  GHashTable *by_character;     /* character -> RnnUnspelled */
};

/* Can the table spell @unit, a character with its marks? */
gboolean rnn_speller_has (const RnnSpeller *speller, const gchar *unit);
/* All characters of @set? */
gboolean rnn_speller_has_all (const RnnSpeller *speller, const gchar *set);

/* Past what says at a line's beginning that somebody else speaks: dashes, ">>", a name. */
const gchar *rnn_text_skip_speaker (const gchar *line);

gchar *rnn_text_rule_markup (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_descriptions (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_songs (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_speakers (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_typography (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_abbreviations (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_figures (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_punctuation (const RnnSpeller *speller, const gchar *text);
gchar *rnn_text_rule_accents (const RnnSpeller *speller, const gchar *text);

G_END_DECLS
