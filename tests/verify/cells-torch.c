/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PyTorch's nn.RNN, nn.LSTM and nn.GRU: depth, both directions, projection, no biases; packed sequences of different
 * lengths; truncated back-propagation.  All sizes follow from the weights.  A state_dict's names are the parameters'
 * own names here, so loading them proves those too.
 *
 * x [T][B][I], y [T][B][D P], states [L D][B][P or H]: D directions inside L layers, as in the model's own state. */
#include "drive.h"
#include "families.h"
#include <string.h>

typedef struct {
  const gchar *prefix, *cell, *activation;
  gint gates;
} Mode;

static const Mode modes[] = {
  { "LSTM", "lstm", NULL, 4 },
  { "GRU", "gru", NULL, 3 },
  { "RNN_RELU", "elman", "relu", 1 },
  { "RNN", "elman", "tanh", 1 },
};

typedef struct {
  const Mode *mode;
  gint I, H, P, L, D, T, B;
  gboolean bias, proj;
} Net;

static gboolean
read_net (const Case *c, Net *net, GError **error)
{
  const Tensor *ih = case_need (c, "w.weight_ih_l0", error, 2, -1, -1);
  const Tensor *hh = ih ? case_need (c, "w.weight_hh_l0", error, 2, ih->dims[0], -1) : NULL;
  const Tensor *x = hh ? case_need (c, "in.x", error, 3, -1, -1, ih->dims[1]) : NULL;

  *net = (Net) { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (modes) && !net->mode; i++)
    if (g_str_has_prefix (case_get (c, "cell"), modes[i].prefix))
      net->mode = &modes[i];
  if (!x)
    return FALSE;
  if (!net->mode)
    return case_wrong (error, "%s: PyTorch has no nn.%s", c->path, case_get (c, "cell"));
  net->T = x->dims[0];
  net->B = x->dims[1];
  net->I = x->dims[2];
  net->H = hh->dims[0] / net->mode->gates;
  net->P = hh->dims[1];
  while (case_find_format (c, "w.weight_ih_l%d", net->L))
    net->L++;
  net->D = case_find (c, "w.weight_ih_l0_reverse") ? 2 : 1;
  net->bias = case_find (c, "w.bias_ih_l0") != NULL;
  net->proj = case_find (c, "w.weight_hr_l0") != NULL;
  return (net->H > 0 && (net->proj || net->P == net->H))
      || case_wrong (error, "%s: weight_hh_l0 does not fit", c->path);
}

static json_t *
make_layers (const Net *net)
{
  json_t *layer = json_pack ("{sssisb}", "cell", net->mode->cell, "hidden", net->H, "bias", net->bias);

  if (net->proj)
    json_object_set_new (layer, "proj", json_integer (net->P));
  if (net->mode->activation)
    json_object_set_new (layer, "activation", json_string (net->mode->activation));
  if (net->D == 2)
    layer = json_pack ("{sss[o]}", "cell", "bidirectional", "layers", layer);
  json_object_set_new (layer, "depth", json_integer (net->L));
  return json_pack ("[o]", layer);
}

/* ---- weights and their gradients: every parameter is the tensor of its name ---- */

typedef struct {
  Case *c;
  Drive *d;
  const gfloat *grad;
  GError **error;
  gboolean ok;
} Visit;

static void
load_param (RnnParam *param, const gchar *name, gpointer data)
{
  Visit *v = data;
  g_autofree gchar *full = g_strconcat ("w.", name, NULL);
  const Tensor *w = v->ok ? case_need (v->c, full, v->error, -1) : NULL;

  v->ok = w && drive_set (v->d, name, w->data, w->n, v->error);
}

static gboolean
load_params (Case *c, Drive *d, GError **error)
{
  Visit v = { .c = c, .d = d, .error = error, .ok = TRUE };

  rnn_cell_foreach_param (rnn_model_get_root (d->model), load_param, &v);
  return v.ok;
}

static void
compare_param (RnnParam *param, const gchar *name, gpointer data)
{
  Visit *v = data;
  g_autofree gchar *full = g_strconcat ("grad.w.", name, NULL);

  case_compare (v->c, full, v->grad + param->offset, param->size);
}

static void
compare_params (Case *c, Drive *d, const gfloat *grad)
{
  rnn_cell_foreach_param (rnn_model_get_root (d->model), compare_param, &(Visit) { .c = c, .grad = grad });
}

/* ---- what has been computed, for all streams ---- */

typedef struct {
  Net net;
  gfloat *y, *dx;               /* [T][B][...] */
  gfloat *hn, *cn, *dh, *dc;    /* [L D][B][...] */
  gfloat *dparam;
  Drive *last;                  /* knows the parameters */
} Result;

static void
result_init (Result *r)
{
  const Net *n = &r->net;
  gsize rows = (gsize) n->T * n->B, states = (gsize) n->L * n->D * n->B;

  r->y = g_new0 (gfloat, rows * n->D * n->P);
  r->dx = g_new0 (gfloat, rows * n->I);
  r->hn = g_new0 (gfloat, states * n->P);
  r->dh = g_new0 (gfloat, states * n->P);
  r->cn = g_new0 (gfloat, states * n->H);
  r->dc = g_new0 (gfloat, states * n->H);
}

static void
result_clear (Result *r)
{
  gfloat *arrays[] = { r->y, r->dx, r->hn, r->dh, r->cn, r->dc, r->dparam };

  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
  g_clear_pointer (&r->last, drive_free);
}

/* ---- between the case's arrays and those of a drive that runs the streams from b0 on ---- */

enum { TO_DRIVE, FROM_DRIVE };

static void
exchange_steps (const Drive *d, gint direction, gint n, gfloat *theirs, gint B, gint b0, gfloat *ours)
{
  for (gint t = 0; theirs && t < d->T; t++) {
    gfloat *at = theirs + ((gsize) t * B + b0) * n, *row = ours + (gsize) t * d->B * n;

    rnn_copy_rows (d->B, n, direction == TO_DRIVE ? at : row, n, direction == TO_DRIVE ? row : at, n);
  }
}

/* h [L D][B][P] and c [L D][B][H] (NULL: leave) against rows of a state */
static void
exchange_states (const Net *net, const Drive *d, gint direction, gfloat *h, gfloat *c, gint b0, gfloat *states)
{
  gfloat *parts[] = { h, c };
  gint sizes[] = { net->P, net->H }, n_parts = net->mode->gates == 4 ? 2 : 1;

  for (gint k = 0; k < net->L * net->D; k++)
    for (gint p = 0; p < n_parts; states += sizes[p], p++) {
      gfloat *at = parts[p] ? parts[p] + ((gsize) k * net->B + b0) * sizes[p] : NULL;

      if (at && direction == TO_DRIVE)
        rnn_copy_rows (d->B, sizes[p], at, sizes[p], states, d->n_state);
      else if (at)
        rnn_copy_rows (d->B, sizes[p], states, d->n_state, at, sizes[p]);
    }
}

/* The data of a tensor that may be missing but must have the shape [a][b][c]. */
static gboolean
optional (const Case *c, const gchar *name, gint dim0, gint dim1, gint dim2, gfloat **data, GError **error)
{
  Tensor *t = case_find (c, name);

  *data = t ? t->data : NULL;
  return !t || case_need (c, name, error, 3, dim0, dim1, dim2) != NULL;
}

typedef struct {
  gfloat *x, *h0, *c0, *dy, *dhn, *dcn;
} Given;

static gboolean
read_given (const Case *c, const Net *n, Given *g, GError **error)
{
  gint states = n->L * n->D;

  return optional (c, "in.x", n->T, n->B, n->I, &g->x, error)
      && optional (c, "in.h0", states, n->B, n->P, &g->h0, error)
      && optional (c, "in.c0", states, n->B, n->H, &g->c0, error)
      && optional (c, "lossw.y", n->T, n->B, n->D * n->P, &g->dy, error)
      && optional (c, "lossw.hn", states, n->B, n->P, &g->dhn, error)
      && optional (c, "lossw.cn", states, n->B, n->H, &g->dcn, error);
}

/* Runs streams [b0, b0 + nb) over their first T steps, there and back. */
static gboolean
run_streams (Case *c, const Given *g, Result *r, gint T, gint b0, gint nb, GError **error)
{
  const Net *net = &r->net;
  Drive *d = drive_new (make_layers (net), net->I, T, nb, error);
  gsize n_params;

  if (!d)
    return FALSE;
  g_clear_pointer (&r->last, drive_free);
  r->last = d;
  if (!load_params (c, d, error))
    return FALSE;
  exchange_steps (d, TO_DRIVE, net->I, g->x, net->B, b0, d->x);
  exchange_states (net, d, TO_DRIVE, g->h0, g->c0, b0, drive_state (d, 0));
  drive_forward (d, 0, T);
  exchange_steps (d, FROM_DRIVE, net->D * net->P, r->y, net->B, b0, d->y);
  exchange_states (net, d, FROM_DRIVE, r->hn, r->cn, b0, drive_state (d, T));

  exchange_steps (d, TO_DRIVE, net->D * net->P, g->dy, net->B, b0, d->dy);
  exchange_states (net, d, TO_DRIVE, g->dhn, g->dcn, b0, d->dstate);
  drive_backward (d, 0, T);
  exchange_steps (d, FROM_DRIVE, net->I, r->dx, net->B, b0, d->dx);
  exchange_states (net, d, FROM_DRIVE, r->dh, r->dc, b0, d->dstate);
  n_params = rnn_model_get_n_params (d->model);
  if (!r->dparam)
    r->dparam = g_new0 (gfloat, n_params);
  for (gsize i = 0; i < n_params; i++)
    r->dparam[i] += d->dparam[i];
  return TRUE;
}

static void
compare_result (Case *c, const Given *g, Result *r)
{
  const Net *n = &r->net;
  gsize rows = (gsize) n->T * n->B, states = (gsize) n->L * n->D * n->B;
  gboolean has_cell = n->mode->gates == 4;
  Loss loss = { 0 };

  case_compare (c, "out.y", r->y, rows * n->D * n->P);
  case_compare (c, "out.hn", r->hn, states * n->P);
  if (has_cell)
    case_compare (c, "out.cn", r->cn, states * n->H);
  loss_add (&loss, r->y, g->dy, rows * n->D * n->P);
  loss_add (&loss, r->hn, g->dhn, states * n->P);
  loss_add (&loss, r->cn, g->dcn, states * n->H);
  case_compare_loss (c, &loss);
  case_compare (c, "grad.in.x", r->dx, rows * n->I);
  case_compare (c, "grad.in.h0", r->dh, states * n->P);
  if (has_cell)
    case_compare (c, "grad.in.c0", r->dc, states * n->H);
  compare_params (c, r->last, r->dparam);
}

static gboolean
run_plain (Case *c, GError **error)
{
  Result r = { 0 };
  Given g;
  gboolean ok = read_net (c, &r.net, error) && read_given (c, &r.net, &g, error);

  if (ok)
    result_init (&r);
  ok = ok && run_streams (c, &g, &r, r.net.T, 0, r.net.B, error);
  if (ok)
    compare_result (c, &g, &r);
  result_clear (&r);
  return ok;
}

/* Final states are those of each sequence's own end, so each stream runs for itself. */
static gboolean
run_packed (Case *c, GError **error)
{
  json_t *lengths = case_get_json (c, "lengths", error);
  Result r = { 0 };
  Given g;
  gboolean ok = lengths && read_net (c, &r.net, error) && read_given (c, &r.net, &g, error);

  if (ok && json_array_size (lengths) != (gsize) r.net.B)
    ok = case_wrong (error, "%s: \"lengths\" does not name every stream's", c->path);
  if (ok)
    result_init (&r);
  for (gint b = 0; ok && b < r.net.B; b++) {
    json_int_t length = json_integer_value (json_array_get (lengths, (gsize) b));

    ok = length >= 1 && length <= r.net.T ? run_streams (c, &g, &r, (gint) length, b, 1, error)
        : case_wrong (error, "%s: a length of %d", c->path, (gint) length);
  }
  if (ok)
    compare_result (c, &g, &r);
  result_clear (&r);
  json_decref (lengths);
  return ok;
}

/* Chunks of k steps: the state goes on, the gradient does not. */
static gboolean
run_truncated (Case *c, GError **error)
{
  gint k = (gint) CLAMP (case_get_number (c, "k", 0), 0, G_MAXINT);
  g_autoptr (Drive) d = NULL;
  Loss loss = { 0 };
  Given g;
  Net net;

  if (!read_net (c, &net, error) || !read_given (c, &net, &g, error))
    return FALSE;
  if (k < 1)
    return case_wrong (error, "%s: chunks of %d steps", c->path, k);
  if (!(d = drive_new (make_layers (&net), net.I, net.T, net.B, error)) || !load_params (c, d, error))
    return FALSE;
  exchange_steps (d, TO_DRIVE, net.I, g.x, net.B, 0, d->x);
  exchange_steps (d, TO_DRIVE, net.D * net.P, g.dy, net.B, 0, d->dy);
  exchange_states (&net, d, TO_DRIVE, g.h0, g.c0, 0, drive_state (d, 0));
  for (gint t = 0; t < net.T; t += k)
    drive_forward (d, t, MIN (k, net.T - t));
  for (gint t = 0; t < net.T; t += k) {
    memset (d->dstate, 0, d->B * d->n_state * sizeof (gfloat));
    drive_backward (d, t, MIN (k, net.T - t));
  }
  loss_add (&loss, d->y, g.dy, (gsize) net.T * net.B * d->n_out);
  case_compare_loss (c, &loss);
  compare_params (c, d, d->dparam);
  return TRUE;
}

const CaseKind cases_torch[] = {
  { "cell", "LSTM", "w.weight_ih_l0", run_plain },
  { "cell", "GRU", "w.weight_ih_l0", run_plain },
  { "cell", "RNN", "w.weight_ih_l0", run_plain },
  { "cell", "RNN_TANH", "w.weight_ih_l0", run_plain },
  { "cell", "RNN_RELU", "w.weight_ih_l0", run_plain },
  { "cell", "*_PACKED", "w.weight_ih_l0", run_packed },
  { "cell", "*_TBPTT", "w.weight_ih_l0", run_truncated },
  { NULL }
};
