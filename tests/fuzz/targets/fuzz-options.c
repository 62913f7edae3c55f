/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as options, "name=value" a line: every table of the library refuses a value or takes it, and what it took can be told
 * as JSON and read back to the same. */
#include "../fuzz.h"
#include "detect/spotter.h"
#include "detect/vad.h"
#include "features/features-options.h"
#include "speech/utterance.h"
#include "text/speller.h"
#include "train/train.h"

/* Of names that a table lacks one an input is enough: which it looks like takes longer than all else. */
static void
set (const RnnOption *options, gpointer instance, gchar **lines)
{
  gboolean refused = FALSE;

  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (lines[i], "=", 2);
    gboolean known = pair[0] && rnn_options_find (options, pair[0]);
    g_autoptr (GError) error = NULL;

    if (pair[0] && pair[1] && (known || !refused))
      g_assert (rnn_options_set (options, instance, pair[0], pair[1], "fuzz", &error) == !error);
    refused |= !known;
  }
}

static void
try (const RnnOption *options, gsize size, gchar **lines)
{
  gpointer instance = g_malloc0 (size), again = g_malloc0 (size);
  json_t *told = json_object (), *retold = json_object ();

  rnn_options_init (options, instance);
  rnn_options_init (options, again);
  set (options, instance, lines);
  rnn_options_to_json (options, instance, told);
  g_assert (rnn_options_from_json (options, again, told, NULL, "fuzz", NULL));
  rnn_options_to_json (options, again, retold);
  g_assert (json_equal (told, retold));
  json_decref (told);
  json_decref (retold);
  rnn_options_clear (options, instance);
  rnn_options_clear (options, again);
  g_free (instance);
  g_free (again);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autofree gchar *text = g_strndup (n ? (const gchar *) data : "", n);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 64);

  try (rnn_train_options, sizeof (RnnTrainConfig), lines);
  try (rnn_text_options, sizeof (RnnTextConfig), lines);
  try (rnn_feature_options, sizeof (RnnFeatureConfig), lines);
  try (rnn_utterance_get_options (), sizeof (RnnUtteranceConfig), lines);
  try (rnn_spotter_options, sizeof (RnnSpotterConfig), lines);
  try (rnn_vad_options, sizeof (RnnVadConfig), lines);
  return 0;
}
