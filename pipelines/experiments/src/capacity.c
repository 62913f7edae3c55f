/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many patterns a Hopfield network of N units holds: recall of random patterns, from themselves and from cues with
 * a tenth of the bits flipped, at loads of 0.02 N to 0.3 N.  Hebb's rule breaks down at 0.138 N (Amit, Gutfreund &
 * Sompolinsky 1985), the more sharply the larger N, Storkey's (1997) later.  Below that the noise of the P other
 * patterns, normal with variance P / N, turns erfc (sqrt (N / 2P)) / 2 of a pattern's bits over, one in a thousand at
 * 0.1 N, so a pattern counts as recalled within RECALLED of its bits. */
#include "fit.h"
#include "train/storage.h"
#include <math.h>
#include <string.h>

#define PROBES 30               /* patterns that are recalled, at most */
#define RECALLED 0.01           /* of a pattern's bits may be wrong: an overlap of 0.98 */
#define SWEEPS 40               /* asynchronous updates of all units, at most */

typedef struct {
  const gchar *name;
  RnnStorageRule rule;
  gint N;
  gfloat flipped;               /* share of the cue's bits */
} Row;

static const Row rows[] = {
  { "hebb", RNN_STORAGE_HEBB, 1000, 0 }, { "hebb-cue", RNN_STORAGE_HEBB, 1000, 0.1f },
  { "hebb-cue-2000", RNN_STORAGE_HEBB, 2000, 0.1f },
  { "storkey", RNN_STORAGE_STORKEY, 1000, 0 }, { "storkey-cue", RNN_STORAGE_STORKEY, 1000, 0.1f },
};

static gfloat *
random_patterns (guint n, gint N, RnnRng *rng)
{
  gfloat *patterns = g_new (gfloat, (gsize) n * N);

  for (gsize i = 0; i < (gsize) n * N; i++)
    patterns[i] = rnn_rng_below (rng, 2) ? 1 : -1;
  return patterns;
}

/* y [n][N]: where the cues fall to. */
static gboolean
recall (RnnModel *model, guint n, gint N, const gfloat *cues, gfloat *y, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, n, 1, RNN_PRECISION_F32, error);
  g_autofree gfloat *zeros = g_new0 (gfloat, (gsize) n * N), *before = g_new (gfloat, (gsize) n * N);
  gsize size = (gsize) n * N * sizeof (gfloat);
  guint sweeps = 1;

  if (!session)
    return FALSE;
  rnn_session_run (session, 1, cues, y);
  do {
    memcpy (before, y, size);
    rnn_session_run (session, 1, zeros, y);
  } while (++sweeps < SWEEPS && memcmp (before, y, size));
  return TRUE;
}

/* Adds a row of the table: mean overlap with the patterns, share of wrong bits, share of patterns with at most RECALLED
 * of them wrong, and without any. */
static void
score (Table *table, const Row *row, guint stored, guint n, gint N, const gfloat *patterns, const gfloat *y)
{
  guint64 wrong = 0;
  guint recalled = 0, exact = 0;

  for (guint p = 0; p < n; p++) {
    guint of_this = 0;

    for (gsize i = (gsize) p * N; i < (gsize) (p + 1) * N; i++)
      of_this += y[i] != patterns[i];
    wrong += of_this;
    recalled += of_this <= RECALLED * N;
    exact += of_this == 0;
  }
  table_row (table, "%s\t%.3f\t%u\t%.4f\t%.5f\t%.2f\t%.2f", row->name, stored / (gdouble) N, stored,
      1 - 2 * (gdouble) wrong / ((gdouble) n * N), wrong / ((gdouble) n * N), recalled / (gdouble) n,
      exact / (gdouble) n);
}

static gboolean
measure (const Setting *setting, const Row *row, gint N, guint stored, Table *table, GError **error)
{
  g_autoptr (RnnModel) model = model_new (N, setting->seed, error, "[{'cell': 'hopfield', 'update': 'async'}]");
  g_autofree gfloat *patterns = NULL, *cues = NULL, *y = NULL;
  guint n = MIN (stored, PROBES);
  RnnRng rng;

  rnn_rng_seed (&rng, setting->seed, stored);
  patterns = random_patterns (stored, N, &rng);
  if (!model || !rnn_hopfield_store (model, row->rule, patterns, (gint) stored, error))
    return FALSE;
  rnn_model_pack (model, FALSE);
  y = g_new (gfloat, (gsize) n * N);
  cues = g_memdup2 (patterns, (gsize) n * N * sizeof (gfloat));
  for (gsize i = 0; i < (gsize) n * N; i++)
    if (rnn_rng_uniform (&rng) < row->flipped)
      cues[i] = -cues[i];
  if (!recall (model, n, N, cues, y, error))
    return FALSE;
  score (table, row, stored, n, N, patterns, y);
  return TRUE;
}

static gboolean
run (const Setting *setting, GError **error)
{
  static const gfloat loads[] = { 0.02f, 0.05f, 0.08f, 0.1f, 0.11f, 0.12f, 0.13f, 0.138f, 0.145f, 0.15f, 0.16f, 0.18f,
    0.2f, 0.25f, 0.3f };
  g_autoptr (Table) table = table_new (setting, "hopfield", "rule\tload\tpatterns\toverlap\twrong_bits\trecalled"
      "\texact", error);

  for (guint i = 0; table && i < G_N_ELEMENTS (rows); i++)
    for (guint j = 0; j < G_N_ELEMENTS (loads); j++) {
      gint N = setting->smoke ? rows[i].N / 20 : rows[i].N;

      if (!measure (setting, &rows[i], N, (guint) MAX (1, lrintf (loads[j] * N)), table, error))
        return FALSE;
    }
  return table != NULL;
}

const Experiment experiment_hopfield = { "hopfield", "how many patterns a Hopfield network holds", FALSE, run };
