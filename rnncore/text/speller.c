/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules in their order, and the count of what they leave unspelled. */
#include "rules.h"
#include "../base/error.h"
#include "tokens-private.h"
#include <string.h>

#define EXCERPT 60              /* bytes of a text in a message */
#define MAX_UNSPELLED 1000      /* kinds that are told apart */

static const gchar *const languages[] = { "auto", "en", "none", NULL };

const RnnOption rnn_text_options[] = {
  RNN_OPT_ENUM (RnnTextConfig, language, languages, RNN_TEXT_AUTO, "whose figures and abbreviations are spelled out"),
  RNN_OPT_BOOL (RnnTextConfig, markup, TRUE, "take off <i>, {\\an8}, \\N, and make & of &amp;"),
  RNN_OPT_BOOL (RnnTextConfig, descriptions, TRUE, "leave out [music], (laughs) and what stands between notes"),
  RNN_OPT_BOOL (RnnTextConfig, speakers, TRUE, "leave out JOE: and dashes before lines"),
  RNN_OPT_BOOL (RnnTextConfig, typography, TRUE, "plain forms of quotes, dashes and spaces"),
  RNN_OPT_BOOL (RnnTextConfig, abbreviations, TRUE, "mister for Mr."),
  RNN_OPT_BOOL (RnnTextConfig, figures, TRUE, "twenty five for 25, percent for %"),
  RNN_OPT_BOOL (RnnTextConfig, punctuation, TRUE, "leave out what makes no sound"),
  RNN_OPT_BOOL (RnnTextConfig, accents, TRUE, "plain letters for those that the tokens lack"),
  {NULL}
};

gboolean
rnn_text_config_read (RnnTextConfig *config, const json_t *object, const gchar *where, GError **error)
{
  rnn_options_init (rnn_text_options, config);
  return !object || rnn_options_from_json (rnn_text_options, config, object, NULL, where, error);
}

typedef struct {
  gsize option;                 /* its switch in RnnTextConfig */
  gboolean english;             /* only there */
  gchar *(*apply) (const RnnSpeller *speller, const gchar *text);
} Rule;

#define OPTION(name) G_STRUCT_OFFSET (RnnTextConfig, name)

static const Rule rules[] = {
  { OPTION (markup), FALSE, rnn_text_rule_markup },
  { OPTION (descriptions), FALSE, rnn_text_rule_descriptions },
  { OPTION (descriptions), FALSE, rnn_text_rule_songs },
  { OPTION (speakers), FALSE, rnn_text_rule_speakers },
  { OPTION (typography), FALSE, rnn_text_rule_typography },
  { OPTION (abbreviations), TRUE, rnn_text_rule_abbreviations },
  { OPTION (figures), TRUE, rnn_text_rule_figures },
  { OPTION (punctuation), FALSE, rnn_text_rule_punctuation },
  { OPTION (accents), FALSE, rnn_text_rule_accents },
};

static void
unspelled_free (gpointer data)
{
  RnnUnspelled *unspelled = data;

  g_free (unspelled->character);
  g_free (unspelled->example);
  g_free (unspelled);
}

RnnSpeller *
rnn_speller_new (RnnTokens *tokens, const RnnTextConfig *config)
{
  RnnSpeller *speller = g_new0 (RnnSpeller, 1);

  if (config)
    speller->config = *config;
  else
    rnn_options_init (rnn_text_options, &speller->config);
  speller->tokens = tokens ? rnn_tokens_ref (tokens) : NULL;
  speller->english = speller->config.language == RNN_TEXT_ENGLISH
      || (speller->config.language == RNN_TEXT_AUTO && (!tokens || rnn_tokens_are_english (tokens)));
  speller->unspelled = g_ptr_array_new_with_free_func (unspelled_free);
  speller->by_character = g_hash_table_new (g_str_hash, g_str_equal);
  return speller;
}

void
rnn_speller_free (RnnSpeller *speller)
{
  if (!speller)
    return;
  rnn_tokens_unref (speller->tokens);
  g_hash_table_unref (speller->by_character);
  g_ptr_array_unref (speller->unspelled);
  g_free (speller);
}

gboolean
rnn_speller_has (const RnnSpeller *speller, const gchar *unit)
{
  gunichar c = g_utf8_get_char (unit);

  if (speller->tokens)
    return rnn_tokens_have (speller->tokens, unit);
  return g_unichar_isalpha (c) || g_unichar_ismark (c) || c == '\'' || c == ' ';
}

gboolean
rnn_speller_has_all (const RnnSpeller *speller, const gchar *set)
{
  for (const gchar *p = set; *p; p = g_utf8_next_char (p)) {
    gchar one[7] = "";

    g_unichar_to_utf8 (g_utf8_get_char (p), one);
    if (!rnn_speller_has (speller, one))
      return FALSE;
  }
  return TRUE;
}

gchar *
rnn_speller_speak (RnnSpeller *speller, const gchar *text, gssize length, gboolean markup)
{
  gchar *spoken = g_utf8_make_valid (length ? text : "", length);
  gchar *next;

  speller->markup = markup;
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    if (G_STRUCT_MEMBER (gboolean, &speller->config, rules[i].option) && (!rules[i].english || speller->english)) {
      next = rules[i].apply (speller, spoken);
      g_free (spoken);
      spoken = next;
    }
  next = speller->tokens ? rnn_tokens_fold (speller->tokens, spoken) : rnn_text_fold_spaces (spoken, " ");
  g_free (spoken);
  return g_strchug (next);
}

static gboolean
note_unspelled (RnnSpeller *speller, const gchar *character, const gchar *text)
{
  RnnUnspelled *unspelled = g_hash_table_lookup (speller->by_character, character);
  const gchar *at;

  if (unspelled || speller->unspelled->len >= MAX_UNSPELLED) {
    if (unspelled)
      unspelled->count++;
    return FALSE;
  }
  at = strstr (text, character);
  unspelled = g_new (RnnUnspelled, 1);
  *unspelled = (RnnUnspelled) { g_strdup (character), 1, rnn_text_excerpt (text, at ? at : text, EXCERPT) };
  g_ptr_array_add (speller->unspelled, unspelled);
  g_hash_table_insert (speller->by_character, unspelled->character, unspelled);
  return TRUE;
}

/* Why @text has no spelling: of @fault (NULL: nothing in it is spoken). */
static gboolean
tell (RnnSpeller *speller, const gchar *text, const gchar *fault, GError **error)
{
  const gchar *at = fault ? strstr (text, fault) : NULL;
  g_autofree gchar *excerpt = rnn_text_excerpt (text, at ? at : text, EXCERPT);

  if (!fault) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "nothing in it is spoken: \"%s\"", excerpt);
    return TRUE;
  }
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "no token for \"%s\" (U+%04X) in \"%s\"", fault,
      g_utf8_get_char (fault), excerpt);
  return note_unspelled (speller, fault, text);
}

gchar *
rnn_speller_spell (RnnSpeller *speller, const gchar *text, gssize length, gboolean markup, gboolean *news, GError **error)
{
  g_autofree gchar *spoken = rnn_speller_speak (speller, text, length, markup);
  g_autofree gchar *folded = rnn_tokens_fold (speller->tokens, spoken), *valid = NULL, *fault = NULL;
  g_autoptr (GArray) ids = rnn_tokens_match (speller->tokens, folded, &fault);
  gboolean first;

  if (ids && ids->len > 0)
    return g_steal_pointer (&spoken);
  valid = g_utf8_make_valid (length ? text : "", length);
  g_strstrip (valid);
  if (ids && !*valid)
    return g_steal_pointer (&spoken);
  first = tell (speller, valid, fault, error);
  if (news)
    *news = first;
  return NULL;
}

GArray *
rnn_speller_encode (RnnSpeller *speller, const gchar *text, gssize length, gboolean markup, gboolean *news,
    GError **error)
{
  g_autofree gchar *spoken = rnn_speller_spell (speller, text, length, markup, news, error);

  return spoken ? rnn_tokens_encode (speller->tokens, spoken, error) : NULL;
}

const GPtrArray *
rnn_speller_get_unspelled (RnnSpeller *speller)
{
  return speller->unspelled;
}
