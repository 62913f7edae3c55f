/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rnn.Word and Rnn.Result: values that a language may keep, where those of librnncore are valid until the next call. */
#include "result-private.h"

G_DEFINE_BOXED_TYPE (RnnGiWord, rnn_gi_word, rnn_gi_word_copy, rnn_gi_word_free)
G_DEFINE_BOXED_TYPE (RnnGiResult, rnn_gi_result, rnn_gi_result_copy, rnn_gi_result_free)

G_STATIC_ASSERT ((gint) RNN_GI_RESULT_KIND_PARTIAL == (gint) RNN_RESULT_PARTIAL);
G_STATIC_ASSERT ((gint) RNN_GI_RESULT_KIND_FINAL == (gint) RNN_RESULT_FINAL);
G_STATIC_ASSERT ((gint) RNN_GI_RESULT_KIND_ENDPOINT == (gint) RNN_RESULT_ENDPOINT);
G_STATIC_ASSERT ((gint) RNN_GI_RESULT_KIND_QUIET == (gint) RNN_RESULT_QUIET);

/**
 * rnn_gi_word_copy:
 * @word: a word
 *
 * Copies it; most languages do so by themselves.
 *
 * Returns: (transfer full): the same word
 */
RnnGiWord *
rnn_gi_word_copy (const RnnGiWord *word)
{
  RnnGiWord *copy = g_memdup2 (word, sizeof (*word));

  copy->text = g_strdup (word->text);
  return copy;
}

/**
 * rnn_gi_word_free:
 * @word: (transfer full): a word
 *
 * Frees it; most languages do so by themselves.
 */
void
rnn_gi_word_free (RnnGiWord *word)
{
  g_free (word->text);
  g_free (word);
}

static RnnGiWord *
new_word (const RnnWord *from)
{
  RnnGiWord word = { from->text, from->start, from->end, from->confidence };

  return rnn_gi_word_copy (&word);
}

RnnGiResult *
rnn_gi_result_new (const RnnResult *from)
{
  RnnGiResult *result = g_new0 (RnnGiResult, 1);

  *result = (RnnGiResult) { (RnnGiResultKind) from->kind, g_strdup (from->text), from->stable_length, from->start, from->end,
    from->confidence, g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_gi_word_free) };
  for (guint i = 0; i < from->n_words; i++)
    g_ptr_array_add (result->words, new_word (&from->words[i]));
  return result;
}

/**
 * rnn_gi_result_copy:
 * @result: a result
 *
 * Copies it; most languages do so by themselves.
 *
 * Returns: (transfer full): the same result
 */
RnnGiResult *
rnn_gi_result_copy (const RnnGiResult *result)
{
  RnnGiResult *copy = g_memdup2 (result, sizeof (*result));

  copy->text = g_strdup (result->text);
  g_ptr_array_ref (copy->words);        /* nobody changes them */
  return copy;
}

/**
 * rnn_gi_result_free:
 * @result: (transfer full): a result
 *
 * Frees it; most languages do so by themselves.
 */
void
rnn_gi_result_free (RnnGiResult *result)
{
  g_free (result->text);
  g_ptr_array_unref (result->words);
  g_free (result);
}

/**
 * rnn_gi_result_get_words:
 * @result: a result
 *
 * A caption knows when each of its words was said.
 *
 * Returns: (transfer none) (element-type RnnGiWord): its words and their times, of captions
 */
GPtrArray *
rnn_gi_result_get_words (const RnnGiResult *result)
{
  return result->words;
}
