/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hopfield networks: storage by either rule, the course of a recall by either kind of update, its energy, and one
 * update of the modern network. */
#include "drive.h"
#include "families.h"
#include "train/storage.h"
#include <string.h>

/* Whether the field of unit i is 0, in whole numbers: N field_i = sum_k x_ki sum_j!=i x_kj s_j, of patterns of +-1. */
static gboolean
is_tie (const Tensor *patterns, gint i, const gfloat *s)
{
  gint P = patterns->dims[0], N = patterns->dims[1];
  gdouble field = 0;

  for (gint k = 0; k < P; k++) {
    const gfloat *x = patterns->data + (gsize) k * N;
    gdouble overlap = -(gdouble) x[i] * s[i];

    for (gint j = 0; j < N; j++)
      overlap += (gdouble) x[j] * s[j];
    field += x[i] * overlap;
  }
  return field == 0;
}

/* One update took the reference from @before to @after, the cell to @got.  References sum fractions in floating point,
 * whose rounding moves a unit now and then although its field is 0 and should keep it.  Takes over what such a tie
 * decided there: of all units at once the one, one by one also those after it, which saw it.  @seen [N]: room */
static void
forgive_ties (const Tensor *patterns, gboolean at_once, const gfloat *before, const gfloat *after, gfloat *got,
    gfloat *seen)
{
  gint N = patterns->dims[1];

  memcpy (seen, before, N * sizeof (gfloat));
  for (gint i = 0; i < N; i++) {
    gint from = after[i] != before[i] && is_tie (patterns, i, seen) ? i : N, end = at_once ? MIN (from + 1, N) : N;

    if (from < end)
      memcpy (got + from, after + from, (gsize) (end - from) * sizeof (gfloat));
    seen[i] = at_once ? before[i] : after[i];
  }
}

/* The trace of a recall is [1 + steps][N], its first row the cue.  The input takes the network to each row, which is 0
 * wherever it got there by itself, and the update to the next. */
static gboolean
compare_recall (Case *c, const gchar *update, const gchar *trace_name, const gfloat *W, const Tensor *patterns,
    GError **error)
{
  gint N = patterns->dims[1];
  const Tensor *trace = case_need (c, trace_name, error, 2, -1, N);
  g_autofree gfloat *got = trace ? g_memdup2 (trace->data, trace->n * sizeof (gfloat)) : NULL;
  g_autofree gfloat *seen = g_new (gfloat, N);
  g_autoptr (Drive) d = NULL;

  if (!trace || trace->dims[0] < 2)
    return trace ? case_wrong (error, "%s: %s has no steps", c->path, trace_name) : FALSE;
  d = drive_new (json_pack ("[{ss ss}]", "cell", "hopfield", "update", update), N, trace->dims[0] - 1, 1, error);
  if (!d || !drive_set (d, "weight", W, (gsize) N * N, error))
    return FALSE;
  for (gint t = 0; t < d->T; t++) {
    const gfloat *before = trace->data + (gsize) t * N;

    for (gint i = 0; i < N; i++)
      d->x[t * N + i] = before[i] - drive_state (d, t)[i];
    drive_forward (d, t, 1);
    memcpy (got + (t + 1) * N, d->y + t * N, N * sizeof (gfloat));
    forgive_ties (patterns, g_str_equal (update, "sync"), before, before + N, got + (t + 1) * N, seen);
  }
  case_compare (c, trace_name, got, trace->n);
  return TRUE;
}

static gboolean
compare_energy (Case *c, const gfloat *W, gint N, GError **error)
{
  const Tensor *trace = case_need (c, "out.async_trace", error, 2, -1, N);
  const Tensor *energy = trace ? case_need (c, "out.async_energy", error, 1, trace->dims[0]) : NULL;
  g_autofree gfloat *got = energy ? g_new (gfloat, energy->n) : NULL;

  if (!energy)
    return FALSE;
  for (gsize i = 0; i < energy->n; i++)
    got[i] = (gfloat) rnn_hopfield_energy (N, W, trace->data + i * N);
  case_compare (c, "out.async_energy", got, energy->n);
  return TRUE;
}

static gboolean
compare_modern (Case *c, const Tensor *patterns, GError **error)
{
  gint P = patterns->dims[0], N = patterns->dims[1];
  const Tensor *xi = case_need (c, "in.xi", error, 1, N);
  json_t *layers = json_pack ("[{ss ss si}]", "cell", "hopfield", "update", "modern", "patterns", P);
  g_autoptr (Drive) d = drive_new (layers, N, 1, 1, error);

  if (!xi || !d || !drive_set (d, "patterns", patterns->data, patterns->n, error))
    return FALSE;
  memcpy (d->x, xi->data, xi->n * sizeof (gfloat));
  drive_forward (d, 0, 1);
  case_compare (c, "out.modern_update", d->y, N);
  return TRUE;
}

static gboolean
run_hopfield (Case *c, GError **error)
{
  const Tensor *patterns = case_need (c, "in.patterns", error, 2, -1, -1);
  gint P = patterns ? patterns->dims[0] : 0, N = patterns ? patterns->dims[1] : 0;
  g_autofree gfloat *W = NULL, *storkey = NULL;

  if (!patterns || N > 1 << 12)
    return patterns ? case_wrong (error, "%s: patterns of %d values are too large", c->path, N) : FALSE;
  W = g_new0 (gfloat, N * N);
  storkey = g_new0 (gfloat, N * N);
  rnn_hopfield_hebb (N, P, patterns->data, W);
  rnn_hopfield_storkey (N, P, patterns->data, storkey);
  case_compare (c, "out.W", W, (gsize) N * N);
  case_compare (c, "out.W_storkey", storkey, (gsize) N * N);
  return compare_energy (c, W, N, error) && compare_recall (c, "async", "out.async_trace", W, patterns, error)
      && compare_recall (c, "sync", "out.sync_trace", W, patterns, error) && compare_modern (c, patterns, error);
}

const CaseKind cases_hopfield[] = {
  { "cell", "HOPFIELD", NULL, run_hopfield },
  { NULL }
};
