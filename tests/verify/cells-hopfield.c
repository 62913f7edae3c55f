/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hopfield networks: storage by either rule, the course of a recall by either kind of update, its energy, and one
 * update of the modern network. */
#include "drive.h"
#include "families.h"
#include "train/storage.h"
#include <string.h>

/* A cue, then zeros: the states of a recall are the trace, [1 + steps][N], whose first row is the cue. */
static gboolean
compare_recall (Case *c, const gchar *update, const gchar *trace_name, const gfloat *W, const gfloat *cue, gint N,
    GError **error)
{
  const Tensor *trace = case_need (c, trace_name, error, 2, -1, N);
  g_autoptr (Drive) d = NULL;

  if (!trace || trace->dims[0] < 2)
    return trace ? case_wrong (error, "%s: %s has no steps", c->path, trace_name) : FALSE;
  d = drive_new (json_pack ("[{ss ss}]", "cell", "hopfield", "update", update), N, trace->dims[0], 1, error);
  if (!d || !drive_set (d, "weight", W, (gsize) N * N, error))
    return FALSE;
  memcpy (d->x, cue, N * sizeof (gfloat));
  drive_forward (d, 0, d->T - 1);
  memmove (d->y + N, d->y, (gsize) (d->T - 1) * N * sizeof (gfloat));
  memcpy (d->y, cue, N * sizeof (gfloat));
  case_compare (c, trace_name, d->y, trace->n);
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
  const Tensor *cue = patterns ? case_need (c, "in.s0", error, 1, patterns->dims[1]) : NULL;
  gint P = patterns ? patterns->dims[0] : 0, N = patterns ? patterns->dims[1] : 0;
  g_autofree gfloat *W = NULL, *storkey = NULL;

  if (!cue || N > 1 << 12)
    return cue ? case_wrong (error, "%s: patterns of %d values are too large", c->path, N) : FALSE;
  W = g_new0 (gfloat, N * N);
  storkey = g_new0 (gfloat, N * N);
  rnn_hopfield_hebb (N, P, patterns->data, W);
  rnn_hopfield_storkey (N, P, patterns->data, storkey);
  case_compare (c, "out.W", W, (gsize) N * N);
  case_compare (c, "out.W_storkey", storkey, (gsize) N * N);
  return compare_energy (c, W, N, error) && compare_recall (c, "async", "out.async_trace", W, cue->data, N, error)
      && compare_recall (c, "sync", "out.sync_trace", W, cue->data, N, error) && compare_modern (c, patterns, error);
}

const CaseKind cases_hopfield[] = {
  { "cell", "HOPFIELD", NULL, run_hopfield },
  { NULL }
};
