/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Echo state networks: the states of a given reservoir, the readout that ridge regression fits, what it answers. */
#include "drive.h"
#include "families.h"
#include "train/ridge.h"
#include <string.h>

/* in f32 the readout is ill-conditioned; so says the case */
#define TOLERANCE_READOUT ((Tolerance) { 1e-3, 0 })

static Drive *
make_reservoir (Case *c, const Tensor *u, const Tensor *target, gint N, GError **error)
{
  json_t *layers = json_pack ("[{ss ss si sf} {ss ss si}]", "cell", "esn", "name", "esn", "hidden", N, "leak",
      case_get_number (c, "leak", 1), "cell", "dense", "name", "out", "units", target->dims[1]);
  g_autoptr (Drive) d = drive_new (layers, u->dims[1], u->dims[0], 1, error);
  const Tensor *Win = d ? case_need (c, "w.Win", error, 2, N, u->dims[1] + 1) : NULL;
  const Tensor *W = Win ? case_need (c, "w.W", error, 2, N, N) : NULL;

  if (!W || !drive_set (d, "esn.Win", Win->data, Win->n, error) || !drive_set (d, "esn.W", W->data, W->n, error))
    return NULL;
  memcpy (d->x, u->data, u->n * sizeof (gfloat));
  return g_steal_pointer (&d);
}

/* The states of each step are what drive_forward leaves behind it, step by step. */
static void
compare_states (Case *c, Drive *d)
{
  for (gint t = 0; t < d->T; t++)
    drive_forward (d, t, 1);
  case_compare (c, "out.states", drive_state (d, 1), d->T * d->n_state);
}

/* Wout's columns: of the 1, of the input, of the states: our bias, then our weight. */
static gboolean
compare_readout (Case *c, Drive *d, const Tensor *wout, GError **error)
{
  RnnParam *weight = drive_param (d, "out.weight", error), *bias = drive_param (d, "out.bias", error);
  gint cols = wout->dims[1];
  g_autofree gfloat *got = g_new (gfloat, wout->n);

  if (!weight || !bias || weight->size + bias->size != wout->n)
    return case_wrong (error, "%s: out.Wout is not of 1, input and states", c->path);
  rnn_copy_rows (wout->dims[0], 1, bias->data, 1, got, cols);
  rnn_copy_rows (wout->dims[0], cols - 1, weight->data, cols - 1, got + 1, cols);
  case_compare_with (c, "out.Wout", got, wout->n, TOLERANCE_READOUT);
  drive_forward (d, 0, d->T);
  case_compare_with (c, "out.y", d->y, d->T * d->n_out, TOLERANCE_READOUT);
  return TRUE;
}

static gboolean
run_esn (Case *c, GError **error)
{
  const Tensor *u = case_need (c, "in.u", error, 2, -1, -1);
  const Tensor *wout = u ? case_need (c, "out.Wout", error, 2, -1, -1) : NULL;
  const Tensor *target = wout ? case_need (c, "in.target", error, 2, u->dims[0], wout->dims[0]) : NULL;
  g_autoptr (Drive) d = target ? make_reservoir (c, u, target, wout->dims[1] - u->dims[1] - 1, error) : NULL;
  RnnDataset *dataset;
  gboolean ok;

  if (!d)
    return FALSE;
  compare_states (c, d);
  dataset = rnn_dataset_new (u->dims[1]);
  rnn_dataset_add_series (dataset, u->data, u->dims[0], target->data, target->dims[1]);
  ok = rnn_ridge_fit (d->model, dataset, (guint) case_get_number (c, "washout", 0), case_get_number (c, "ridge", 0),
      error);
  rnn_dataset_free (dataset);
  return ok && compare_readout (c, d, wout, error);
}

const CaseKind cases_reservoir[] = {
  { "cell", "ESN", NULL, run_esn },
  { NULL }
};
