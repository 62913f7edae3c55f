/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One layer as its paper has it, computed by PyTorch from the formula: x [T][B][I], states [B][...], one bias.
 *
 * Most are one cell whose parameters have other names.  Elman's and Jordan's networks also show their hidden layer,
 * which the loss weighs too: a second cell (output layer; hidden layer again) shows it and takes its gradient. */
#include "drive.h"
#include "families.h"
#include <string.h>

/* ---- one cell ---- */

typedef struct {
  const gchar *cell;            /* of the case */
  const gchar *layer;           /* JSON without the sizes */
  gint gates;                   /* rows of weight_ih are gates * H */
  gboolean has_c;
  const gchar *names[10][2];    /* theirs without "w.", ours */
} Paper;

#define LSTM_NAMES { \
    { "weight_ih", "weight_ih_l0" }, { "weight_hh", "weight_hh_l0" }, { "weight_hr", "weight_hr_l0" }, \
    { "bias", "bias_ih_l0" }, { "p_i", "p_i" }, { "p_f", "p_f" }, { "p_o", "p_o" } }

static const Paper papers[] = {
  { "LSTM_PEEPHOLE", "{\"cell\": \"lstm\", \"peephole\": true}", 4, TRUE, LSTM_NAMES },
  { "LSTMP_PEEPHOLE", "{\"cell\": \"lstm\", \"peephole\": true}", 4, TRUE, LSTM_NAMES },
  { "GRU_CHO", "{\"cell\": \"gru\", \"reset_after\": false}", 3, FALSE,
    { { "weight_ih", "weight_ih_l0" }, { "weight_hh", "weight_hh_l0" }, { "bias", "bias_ih_l0" } } },
  { "INDRNN", "{\"cell\": \"indrnn\"}", 1, FALSE, { { "weight_ih", "weight_ih" }, { "u", "u" }, { "bias", "bias" } } },
};

static const Paper *
find_paper (const Case *c)
{
  const Paper *paper = papers;

  while (!g_str_equal (paper->cell, case_get (c, "cell")))
    paper++;
  return paper;
}

static Drive *
make_paper (Case *c, const Paper *paper, gint *H, GError **error)
{
  const Tensor *w = case_need (c, "w.weight_ih", error, 2, -1, -1);
  const Tensor *x = w ? case_need (c, "in.x", error, 3, -1, -1, w->dims[1]) : NULL;
  const Tensor *projection = case_find (c, "w.weight_hr");
  json_t *layer;

  if (!x)
    return NULL;
  *H = w->dims[0] / paper->gates;
  layer = json_loads (paper->layer, 0, NULL);
  json_object_set_new (layer, "hidden", json_integer (*H));
  if (projection)
    json_object_set_new (layer, "proj", json_integer (projection->dims[0]));
  return drive_new (json_pack ("[o]", layer), x->dims[2], x->dims[0], x->dims[1], error);
}

static gboolean
load_paper (Case *c, const Paper *paper, Drive *d, GError **error)
{
  for (guint i = 0; paper->names[i][0]; i++) {
    const Tensor *w = case_find_format (c, "w.%s", paper->names[i][0]);

    if (w && !drive_set (d, paper->names[i][1], w->data, w->n, error))
      return FALSE;
  }
  return TRUE;
}

/* One part of all streams' states, n floats at @offset, from a tensor [B][n] that may be missing. */
static gboolean
load_part (Case *c, const gchar *name, Drive *d, gsize offset, gint n, gfloat *states, GError **error)
{
  Tensor *t = case_find (c, name);

  if (!t)
    return TRUE;
  if (!case_need (c, name, error, 2, d->B, n))
    return FALSE;
  rnn_copy_rows (d->B, n, t->data, n, states + offset, d->n_state);
  return TRUE;
}

static void
compare_part (Case *c, const gchar *name, Drive *d, gsize offset, gint n, const gfloat *states)
{
  g_autofree gfloat *packed = g_new (gfloat, (gsize) d->B * n + 1);

  rnn_copy_rows (d->B, n, states + offset, d->n_state, packed, n);
  case_compare (c, name, packed, (gsize) d->B * n);
}

/* Fills @to with the weights of output @name in the loss; adds to it what got[n] contributes. */
static gboolean
weigh (Case *c, const gchar *name, const gfloat *got, gsize n, gfloat *to, Loss *loss, GError **error)
{
  const Tensor *t = case_find (c, name);

  if (!t)
    return TRUE;
  if (t->n != n)
    return case_wrong (error, "%s: %s is not as large as its output", c->path, name);
  loss_add (loss, got, t->data, n);
  memcpy (to, t->data, n * sizeof (gfloat));
  return TRUE;
}

static gboolean
weigh_part (Case *c, const gchar *name, Drive *d, gsize offset, gint n, Loss *loss, GError **error)
{
  g_autofree gfloat *packed = g_new (gfloat, (gsize) d->B * n + 1);
  const Tensor *t = case_find (c, name);

  rnn_copy_rows (d->B, n, drive_state (d, d->T) + offset, d->n_state, packed, n);
  if (t && t->n == (gsize) d->B * n)
    loss_add (loss, packed, t->data, t->n);
  return load_part (c, name, d, offset, n, d->dstate, error);
}

static gboolean
compare_param (Case *c, Drive *d, const gchar *theirs, const gchar *ours, GError **error)
{
  RnnParam *param = drive_param (d, ours, error);
  g_autofree gchar *name = g_strconcat ("grad.w.", theirs, NULL);

  if (param)
    case_compare (c, name, d->dparam + param->offset, param->size);
  return param != NULL;
}

static gboolean
run_paper (Case *c, GError **error)
{
  const Paper *paper = find_paper (c);
  gint H = 0, P;
  g_autoptr (Drive) d = make_paper (c, paper, &H, error);
  gsize n_y;
  Loss loss = { 0 };

  if (!d || !load_paper (c, paper, d, error))
    return FALSE;
  P = (gint) d->n_out;
  n_y = (gsize) d->T * d->B * d->n_out;
  memcpy (d->x, case_find (c, "in.x")->data, (gsize) d->T * d->B * d->n_in * sizeof (gfloat));
  if (!load_part (c, "in.h0", d, 0, P, drive_state (d, 0), error)
      || (paper->has_c && !load_part (c, "in.c0", d, P, H, drive_state (d, 0), error)))
    return FALSE;
  drive_forward (d, 0, d->T);
  case_compare (c, "out.y", d->y, n_y);
  compare_part (c, "out.hn", d, 0, P, drive_state (d, d->T));
  if (paper->has_c)
    compare_part (c, "out.cn", d, P, H, drive_state (d, d->T));

  if (!weigh (c, "lossw.y", d->y, n_y, d->dy, &loss, error) || !weigh_part (c, "lossw.hn", d, 0, P, &loss, error)
      || (paper->has_c && !weigh_part (c, "lossw.cn", d, P, H, &loss, error)))
    return FALSE;
  case_compare_loss (c, &loss);
  drive_backward (d, 0, d->T);
  case_compare (c, "grad.in.x", d->dx, (gsize) d->T * d->B * d->n_in);
  compare_part (c, "grad.in.h0", d, 0, P, d->dstate);
  if (paper->has_c)
    compare_part (c, "grad.in.c0", d, P, H, d->dstate);
  for (guint i = 0; paper->names[i][0]; i++)
    if (case_find_format (c, "w.%s", paper->names[i][0])
        && !compare_param (c, d, paper->names[i][0], paper->names[i][1], error))
      return FALSE;
  return TRUE;
}

/* ---- Elman: h_t = tanh (W x_t + U h_{t-1} + b_h), y_t = sigma (V h_t + b_o) ---- */

typedef struct {
  const Tensor *x, *w_ih, *w_ho, *b_h, *b_o;
  gint T, B, I, H, O;
  gsize rows;
} Simple;

static gboolean
read_simple (Case *c, Simple *s, GError **error)
{
  if (!(s->w_ih = case_need (c, "w.weight_ih", error, 2, -1, -1))
      || !(s->w_ho = case_need (c, "w.weight_ho", error, 2, -1, s->w_ih->dims[0]))
      || !(s->b_h = case_need (c, "w.bias_h", error, 1, s->w_ih->dims[0]))
      || !(s->b_o = case_need (c, "w.bias_o", error, 1, s->w_ho->dims[0]))
      || !(s->x = case_need (c, "in.x", error, 3, -1, -1, s->w_ih->dims[1])))
    return FALSE;
  s->T = s->x->dims[0];
  s->B = s->x->dims[1];
  s->I = s->x->dims[2];
  s->H = s->w_ih->dims[0];
  s->O = s->w_ho->dims[0];
  s->rows = (gsize) s->T * s->B;
  return TRUE;
}

static Drive *
make_dense (const Simple *s, gint n_in, gint units, const gchar *activation, GError **error)
{
  return drive_new (json_pack ("[{sssisssb}]", "cell", "dense", "units", units, "activation", activation, "bias", TRUE),
      n_in, s->T, s->B, error);
}

static gboolean
load_elman (Case *c, const Simple *s, Drive *hidden, Drive *output, GError **error)
{
  const Tensor *w_hh = case_need (c, "w.weight_hh", error, 2, s->H, s->H);

  if (!w_hh || !drive_set (hidden, "weight_ih_l0", s->w_ih->data, s->w_ih->n, error)
      || !drive_set (hidden, "weight_hh_l0", w_hh->data, w_hh->n, error)
      || !drive_set (hidden, "bias_ih_l0", s->b_h->data, s->b_h->n, error)
      || !drive_set (output, "weight", s->w_ho->data, s->w_ho->n, error)
      || !drive_set (output, "bias", s->b_o->data, s->b_o->n, error))
    return FALSE;
  memcpy (hidden->x, s->x->data, s->x->n * sizeof (gfloat));
  return load_part (c, "in.h0", hidden, 0, s->H, drive_state (hidden, 0), error);
}

static gboolean
run_elman (Case *c, GError **error)
{
  Simple s;
  g_autoptr (Drive) hidden = NULL, output = NULL;
  Loss loss = { 0 };

  if (!read_simple (c, &s, error)
      || !(hidden = drive_new (json_pack ("[{sssi}]", "cell", "elman", "hidden", s.H), s.I, s.T, s.B, error))
      || !(output = make_dense (&s, s.H, s.O, "sigmoid", error)) || !load_elman (c, &s, hidden, output, error))
    return FALSE;
  drive_forward (hidden, 0, s.T);
  memcpy (output->x, hidden->y, s.rows * s.H * sizeof (gfloat));
  drive_forward (output, 0, s.T);
  case_compare (c, "out.h", hidden->y, s.rows * s.H);
  case_compare (c, "out.y", output->y, s.rows * s.O);

  if (!weigh (c, "lossw.h", hidden->y, s.rows * s.H, hidden->dy, &loss, error)
      || !weigh (c, "lossw.y", output->y, s.rows * s.O, output->dy, &loss, error))
    return FALSE;
  case_compare_loss (c, &loss);
  drive_backward (output, 0, s.T);
  for (gsize i = 0; i < s.rows * s.H; i++)
    hidden->dy[i] += output->dx[i];
  drive_backward (hidden, 0, s.T);
  case_compare (c, "grad.in.x", hidden->dx, s.rows * s.I);
  compare_part (c, "grad.in.h0", hidden, 0, s.H, hidden->dstate);
  return compare_param (c, hidden, "weight_ih", "weight_ih_l0", error)
      && compare_param (c, hidden, "weight_hh", "weight_hh_l0", error)
      && compare_param (c, hidden, "bias_h", "bias_ih_l0", error)
      && compare_param (c, output, "weight_ho", "weight", error) && compare_param (c, output, "bias_o", "bias", error);
}

/* ---- Jordan: h_t = tanh (W x_t + U y_{t-1} + b_h), y_t = sigma (V h_t + b_o); the second cell is
 * tanh ([W U] [x; y] + b_h) over the first one's outputs ---- */

static gboolean
load_jordan (Case *c, const Simple *s, const Tensor *w_yh, Drive *jordan, Drive *hidden, GError **error)
{
  gint wide = s->I + s->O;
  g_autofree gfloat *w = g_new (gfloat, (gsize) s->H * wide);

  rnn_copy_rows (s->H, s->I, s->w_ih->data, s->I, w, wide);
  rnn_copy_rows (s->H, s->O, w_yh->data, s->O, w + s->I, wide);
  memcpy (jordan->x, s->x->data, s->x->n * sizeof (gfloat));
  return drive_set (jordan, "weight_ih", s->w_ih->data, s->w_ih->n, error)
      && drive_set (jordan, "weight_yh", w_yh->data, w_yh->n, error)
      && drive_set (jordan, "weight_ho", s->w_ho->data, s->w_ho->n, error)
      && drive_set (jordan, "bias_h", s->b_h->data, s->b_h->n, error)
      && drive_set (jordan, "bias_o", s->b_o->data, s->b_o->n, error)
      && drive_set (hidden, "weight", w, (gsize) s->H * wide, error)
      && drive_set (hidden, "bias", s->b_h->data, s->b_h->n, error)
      && load_part (c, "in.y0", jordan, 0, s->O, drive_state (jordan, 0), error);
}

/* The gradient of a parameter of which both cells have a copy, the second's inside rows of @ld columns. */
static void
compare_shared (Case *c, const gchar *name, const gfloat *grad, gint rows, gint cols, const gfloat *second, gint ld)
{
  g_autofree gfloat *sum = g_memdup2 (grad, (gsize) rows * cols * sizeof (gfloat));

  for (gint r = 0; r < rows; r++)
    for (gint i = 0; i < cols; i++)
      sum[r * cols + i] += second[(gsize) r * ld + i];
  case_compare (c, name, sum, (gsize) rows * cols);
}

/* d loss/d y_{t-1} through the second cell joins what the loss says of y. */
static void
backward_jordan (const Simple *s, Drive *jordan, Drive *hidden)
{
  gint wide = s->I + s->O;
  gsize step = (gsize) s->B * s->O;

  drive_backward (hidden, 0, s->T);
  for (gsize row = s->B; row < s->rows; row++)
    for (gint i = 0; i < s->O; i++)
      jordan->dy[row * s->O - step + i] += hidden->dx[row * wide + s->I + i];
  drive_backward (jordan, 0, s->T);
  for (gint b = 0; b < s->B; b++)
    for (gint i = 0; i < s->O; i++)
      jordan->dstate[b * s->O + i] += hidden->dx[b * wide + s->I + i];
}

static gboolean
compare_jordan (Case *c, const Simple *s, Drive *jordan, Drive *hidden, GError **error)
{
  gint wide = s->I + s->O;
  const gfloat *w = hidden->dparam + drive_param (hidden, "weight", NULL)->offset;
  const gfloat *b = hidden->dparam + drive_param (hidden, "bias", NULL)->offset;
#define OF(name) (jordan->dparam + drive_param (jordan, name, NULL)->offset)

  compare_shared (c, "grad.in.x", jordan->dx, (gint) s->rows, s->I, hidden->dx, wide);
  compare_part (c, "grad.in.y0", jordan, 0, s->O, jordan->dstate);
  compare_shared (c, "grad.w.weight_ih", OF ("weight_ih"), s->H, s->I, w, wide);
  compare_shared (c, "grad.w.weight_yh", OF ("weight_yh"), s->H, s->O, w + s->I, wide);
  compare_shared (c, "grad.w.bias_h", OF ("bias_h"), s->H, 1, b, 1);
#undef OF
  return compare_param (c, jordan, "weight_ho", "weight_ho", error)
      && compare_param (c, jordan, "bias_o", "bias_o", error);
}

static gboolean
run_jordan (Case *c, GError **error)
{
  Simple s;
  g_autoptr (Drive) jordan = NULL, hidden = NULL;
  const Tensor *w_yh;
  Loss loss = { 0 };

  if (!read_simple (c, &s, error) || !(w_yh = case_need (c, "w.weight_yh", error, 2, s.H, s.O))
      || !(jordan = drive_new (json_pack ("[{sssisi}]", "cell", "jordan", "hidden", s.H, "units", s.O), s.I, s.T, s.B,
              error))
      || !(hidden = make_dense (&s, s.I + s.O, s.H, "tanh", error))
      || !load_jordan (c, &s, w_yh, jordan, hidden, error))
    return FALSE;
  drive_forward (jordan, 0, s.T);
  rnn_copy_rows ((gint) s.rows, s.I, s.x->data, s.I, hidden->x, s.I + s.O);
  rnn_copy_rows (s.B, s.O, drive_state (jordan, 0), s.O, hidden->x + s.I, s.I + s.O);
  rnn_copy_rows ((gint) s.rows - s.B, s.O, jordan->y, s.O, hidden->x + s.B * (s.I + s.O) + s.I, s.I + s.O);
  drive_forward (hidden, 0, s.T);
  case_compare (c, "out.y", jordan->y, s.rows * s.O);
  case_compare (c, "out.h", hidden->y, s.rows * s.H);

  if (!weigh (c, "lossw.y", jordan->y, s.rows * s.O, jordan->dy, &loss, error)
      || !weigh (c, "lossw.h", hidden->y, s.rows * s.H, hidden->dy, &loss, error))
    return FALSE;
  case_compare_loss (c, &loss);
  backward_jordan (&s, jordan, hidden);
  return compare_jordan (c, &s, jordan, hidden, error);
}

const CaseKind cases_papers[] = {
  { "cell", "LSTM_PEEPHOLE", NULL, run_paper },
  { "cell", "LSTMP_PEEPHOLE", NULL, run_paper },
  { "cell", "GRU_CHO", NULL, run_paper },
  { "cell", "INDRNN", NULL, run_paper },
  { "cell", "ELMAN", NULL, run_elman },
  { "cell", "JORDAN", NULL, run_jordan },
  { NULL }
};
