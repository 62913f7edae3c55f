/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore wer: word and character error rate of one manifest against another, matched by the paths as both give them.
 * An utterance without hypothesis counts as deleted whole.  Both sides are compared as they are spoken: figures spelled out,
 * punctuation and markup left out, as --model or --rules say; --as-written leaves them alone.  Prints substitutions (S),
 * deletions (D) and insertions (I) per words (N) of the reference. */
#include "tool.h"
#include "base/error.h"
#include "base/manifest.h"
#include "ctc/ctc.h"
#include "spell.h"

/* Borrowed path -> borrowed text. */
static GHashTable *
index_texts (const GPtrArray *rows, const gchar *file, GError **error)
{
  g_autoptr (GHashTable) texts = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < rows->len; i++) {
    const RnnManifestRow *row = rows->pdata[i];
    const gchar *other = g_hash_table_lookup (texts, row->given);

    if (other && !g_str_equal (other, row->text)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: a second, different text for %s", file, row->line,
          row->given);
      return NULL;
    }
    g_hash_table_insert (texts, row->given, row->text);
  }
  return g_steal_pointer (&texts);
}

static void
print_rate (const gchar *name, const RnnErrorCount *count, const gchar *unit)
{
  g_print ("%s %.2f %% (S %" G_GUINT64_FORMAT ", D %" G_GUINT64_FORMAT ", I %" G_GUINT64_FORMAT ", N %" G_GUINT64_FORMAT
      " %s)\n", name, 100 * rnn_error_count_rate (count), count->substitutions, count->deletions, count->insertions,
      count->reference, unit);
}

/* (transfer full) */
static gchar *
take_text (RnnSpeller *speller, const gchar *text)
{
  return speller ? rnn_speller_speak (speller, text, -1, FALSE) : g_strdup (text);
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (GPtrArray) reference = NULL, hypothesis = NULL;
  g_autoptr (GHashTable) texts = NULL;
  g_autoptr (RnnSpeller) speller = NULL;
  g_autofree gchar *model = NULL, *rules = NULL;
  gboolean as_written = FALSE;
  const GOptionEntry options[] = {
    RNN_SPELL_OPTIONS (&model, &rules),
    { "as-written", 0, 0, G_OPTION_ARG_NONE, &as_written, "Compare the texts as they are, but for case and spaces", NULL },
    { NULL }
  };
  RnnErrorCount words = { 0 }, characters = { 0 };
  guint missing = 0;

  if (!rnn_tool_parse (&rnn_tool_wer, options, &argc, &argv, 2, 2, error)
      || (!as_written && !(speller = rnn_spell_new (model, NULL, rules, error)))
      || !(reference = rnn_manifest_load (argv[1], error))
      || !(hypothesis = rnn_manifest_load (argv[2], error))
      || !(texts = index_texts (hypothesis, argv[2], error)))
    return FALSE;
  if (reference->len == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no utterances", argv[1]);
    return FALSE;
  }
  for (guint i = 0; i < reference->len; i++) {
    const RnnManifestRow *row = reference->pdata[i];
    const gchar *text = g_hash_table_lookup (texts, row->given);
    g_autofree gchar *said = take_text (speller, row->text), *heard = take_text (speller, text ? text : "");

    rnn_error_count_add (&words, said, heard, FALSE);
    rnn_error_count_add (&characters, said, heard, TRUE);
    missing += !text;
  }
  print_rate ("WER", &words, "words");
  print_rate ("CER", &characters, "characters");
  g_print ("%u utterances, %u of them missing in %s\n", reference->len, missing, argv[2]);
  return TRUE;
}

const RnnTool rnn_tool_wer = { "wer", "REF.tsv HYP.tsv", "Word and character error rate, with the counts", run };
