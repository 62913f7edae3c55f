/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers in reverse and both ways, and layers in depth: PyTorch's names, padding that changes nothing, blocks that are
 * what their definition says, streams that are out of step, noise that the way back sees again. */
#include <math.h>
#include <string.h>
#include "cells/cell.h"
#include "session/session.h"
#include "model/root.h"

#define N_IN 3

static RnnModel *
model_of (const gchar *layers)
{
  g_auto (GStrv) parts = g_strsplit (layers, "'", -1);
  g_autofree gchar *quoted = g_strjoinv ("\"", parts);
  g_autofree gchar *text = g_strdup_printf ("{\"input\": {\"kind\": \"tensors\", \"size\": %d}, \"layers\": [%s]}",
      N_IN, quoted);
  json_t *recipe = json_loads (text, 0, NULL);
  g_autoptr (GError) error = NULL;
  RnnModel *model;

  g_assert_nonnull (recipe);
  model = rnn_model_new (recipe, 5, "test recipe", &error);
  g_assert_no_error (error);
  json_decref (recipe);
  rnn_model_pack (model, TRUE);
  return model;
}

static gfloat *
random_floats (gsize n, guint64 seed)
{
  gfloat *x = g_new (gfloat, n);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 3);
  for (gsize i = 0; i < n; i++)
    x[i] = rnn_rng_normal (&rng);
  return x;
}

/* One call of a whole model, from a fresh state; with dy also back. */
typedef struct {
  gint T, B;
  const gfloat *x;
  const gint *lengths;
  guint64 seed;
  const gfloat *dy;
  gfloat *y, *dx, *dparam;      /* results */
} Call;

static void
call (RnnModel *model, Call *c)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize steps = (gsize) c->T * c->B, n_state = c->B * root->n_state;
  g_autofree gfloat *entry = g_new0 (gfloat, n_state + 1), *state = NULL, *dstate = g_new0 (gfloat, n_state + 1);
  g_autofree gfloat *tape = g_new0 (gfloat, steps * root->n_tape + 1);
  g_autofree gfloat *scratch = g_new0 (gfloat, rnn_cell_scratch_size (root, c->T, c->B) + 1);
  RnnRun run = { .T = c->T, .B = c->B, .x = c->x, .state_stride = root->n_state, .lengths = c->lengths, .seed = c->seed,
    .tape = tape, .scratch = scratch };

  for (gint b = 0; b < c->B; b++)
    rnn_cell_reset_state (root, entry + b * root->n_state);
  state = g_memdup2 (entry, (n_state + 1) * sizeof (gfloat));
  c->y = run.y = g_new0 (gfloat, steps * root->n_out);
  c->dx = g_new0 (gfloat, steps * root->n_in);
  c->dparam = g_new0 (gfloat, rnn_model_get_n_params (model));
  run.state = state;
  root->klass->forward (root, &run);
  run.state = entry;
  if (c->dy)
    root->klass->backward (root, &run, &(RnnGrad) { .dy = c->dy, .dx = c->dx, .dstate = dstate, .dparam = c->dparam });
}

static void
call_clear (Call *c)
{
  g_free (c->y);
  g_free (c->dx);
  g_free (c->dparam);
}

/* ---- names ---- */

static void
collect_name (RnnParam *param, const gchar *full_name, gpointer names)
{
  g_string_append_printf (names, "%s%s", ((GString *) names)->len ? " " : "", full_name);
}

static void
test_names (void)
{
  static const gchar *const cases[][2] = {
    { "{'cell': 'lstm', 'name': 'rnn', 'hidden': 2, 'depth': 2}",
        "rnn.weight_ih_l0 rnn.weight_hh_l0 rnn.bias_ih_l0 rnn.bias_hh_l0 "
        "rnn.weight_ih_l1 rnn.weight_hh_l1 rnn.bias_ih_l1 rnn.bias_hh_l1" },
    { "{'cell': 'bidirectional', 'name': 'rnn', 'depth': 2, 'layers': [{'cell': 'gru', 'hidden': 2, 'bias': false}]}",
        "rnn.weight_ih_l0 rnn.weight_hh_l0 rnn.weight_ih_l0_reverse rnn.weight_hh_l0_reverse "
        "rnn.weight_ih_l1 rnn.weight_hh_l1 rnn.weight_ih_l1_reverse rnn.weight_hh_l1_reverse" },
    { "{'cell': 'elman', 'hidden': 2, 'bias': false}", "weight_ih_l0 weight_hh_l0" },
    { "{'cell': 'dense', 'name': 'mlp', 'units': 2, 'depth': 2}", "mlp.0.weight mlp.0.bias mlp.1.weight mlp.1.bias" },
    { "{'cell': 'residual', 'depth': 2, 'layers': [{'cell': 'norm', 'bias': false}, {'cell': 'elman', 'name': 'rnn',"
        "'bias': false, 'hidden': 3}]}",
        "0.0.weight 0.rnn.weight_ih_l0 0.rnn.weight_hh_l0 1.0.weight 1.rnn.weight_ih_l0 1.rnn.weight_hh_l0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (RnnModel) model = model_of (cases[i][0]);
    g_autoptr (GString) names = g_string_new (NULL);

    rnn_cell_foreach_param (rnn_model_get_root (model), collect_name, names);
    g_assert_cmpstr (names->str, ==, cases[i][1]);
  }
}

/* ---- padding ---- */

/* Stream b of x[T][B][n], its first @length steps. */
static gfloat *
pick (const gfloat *x, gint B, gint n, gint b, gint length)
{
  gfloat *one = g_new (gfloat, length * n);

  for (gint t = 0; t < length; t++)
    memcpy (one + t * n, x + (t * B + b) * n, n * sizeof (gfloat));
  return one;
}

/* A padded batch gives what each stream gives alone, whatever the padding holds; past the end all is 0. */
static void
test_padding (gconstpointer layers)
{
  enum { T = 9, B = 3 };
  static const gint lengths[B] = { 9, 1, 5 };
  g_autoptr (RnnModel) model = model_of (layers);
  gint n_out = rnn_model_get_n_out (model);
  gsize n_params = rnn_model_get_n_params (model);
  g_autofree gfloat *x = random_floats (T * B * N_IN, 1), *dy = random_floats ((gsize) T * B * n_out, 2);
  g_autofree gfloat *sum = g_new0 (gfloat, n_params);
  Call batch = { .T = T, .B = B, .x = x, .lengths = lengths, .dy = dy };

  call (model, &batch);
  for (gint b = 0; b < B; b++) {
    gint L = lengths[b];
    g_autofree gfloat *one_x = pick (x, B, N_IN, b, L), *one_dy = pick (dy, B, n_out, b, L);
    Call one = { .T = L, .B = 1, .x = one_x, .dy = one_dy };

    call (model, &one);
    for (gint t = 0; t < T; t++)
      for (gint i = 0; i < n_out; i++)
        g_assert_cmpfloat (batch.y[(t * B + b) * n_out + i], ==, t < L ? one.y[t * n_out + i] : 0);
    for (gint t = 0; t < T; t++)
      for (gint i = 0; i < N_IN; i++)
        g_assert_cmpfloat_with_epsilon (batch.dx[(t * B + b) * N_IN + i], t < L ? one.dx[t * N_IN + i] : 0, 1e-6);
    for (gsize i = 0; i < n_params; i++)
      sum[i] += one.dparam[i];
    call_clear (&one);
  }
  for (gsize i = 0; i < n_params; i++)
    g_assert_cmpfloat_with_epsilon (batch.dparam[i], sum[i], 1e-4);
  call_clear (&batch);
}

/* ---- blocks ---- */

/* Every block is a run of the same layers over the block and what lies to its right, from the right. */
static void
test_blocks (void)
{
  enum { T = 40, C = 4, R = 3, LATENCY = C + R - 1, H = 5 };
  g_autoptr (RnnModel) blocks = model_of ("{'cell': 'bidirectional', 'chunk': 4, 'right': 3,"
      "'layers': [{'cell': 'lstm', 'hidden': 5}]}");
  g_autoptr (RnnModel) forward = model_of ("{'cell': 'lstm', 'hidden': 5}");
  g_autoptr (RnnModel) reverse = model_of ("{'cell': 'reverse', 'layers': [{'cell': 'lstm', 'hidden': 5}]}");
  gsize half = rnn_model_get_n_params (forward);
  g_autofree gfloat *x = random_floats (T * N_IN, 1);
  Call stream = { .T = T, .B = 1, .x = x }, past = { .T = T, .B = 1, .x = x };

  g_assert_cmpint (rnn_model_get_latency (blocks), ==, LATENCY);
  memcpy (rnn_model_get_params (forward), rnn_model_get_params (blocks), half * sizeof (gfloat));
  memcpy (rnn_model_get_params (reverse), rnn_model_get_params (blocks) + half, half * sizeof (gfloat));
  rnn_model_pack (forward, TRUE);
  rnn_model_pack (reverse, TRUE);
  call (blocks, &stream);
  call (forward, &past);
  for (gint from = 0; from + C + R <= T; from += C) {
    Call block = { .T = C + R, .B = 1, .x = x + from * N_IN };

    call (reverse, &block);
    for (gint j = 0; j < C && from + j + LATENCY < T; j++) {
      const gfloat *y = stream.y + (from + j + LATENCY) * 2 * H;

      g_assert_cmpmem (y, H * sizeof (gfloat), past.y + (from + j) * H, H * sizeof (gfloat));
      g_assert_cmpmem (y + H, H * sizeof (gfloat), block.y + j * H, H * sizeof (gfloat));
    }
    call_clear (&block);
  }
  call_clear (&stream);
  call_clear (&past);
}

/* Streams that were reset at different times are at different places of their blocks. */
static void
test_out_of_step (void)
{
  enum { T = 30, B = 4 };
  g_autoptr (RnnModel) model = model_of ("{'cell': 'bidirectional', 'chunk': 3, 'right': 2,"
      "'layers': [{'cell': 'gru', 'hidden': 4}]}");
  gint n_out = rnn_model_get_n_out (model);
  g_autoptr (RnnSession) s = rnn_session_new (model, B, 8, RNN_PRECISION_F32, NULL);
  g_autofree gfloat *x = random_floats (T * B * N_IN, 1), *y = g_new0 (gfloat, T * B * n_out);
  static const gint resets[B] = { 0, 4, 5, 4 };

  for (gint t = 0; t < T; t++) {
    for (gint b = 0; b < B; b++)
      if (resets[b] == t)
        rnn_session_reset (s, b);
    rnn_session_run (s, t < 6 ? 1 : T - t, x + t * B * N_IN, y + t * B * n_out);
    if (t == 6)
      break;
  }
  for (gint b = 0; b < B; b++) {
    gint length = T - resets[b];
    g_autofree gfloat *one_x = pick (x + resets[b] * B * N_IN, B, N_IN, b, length);
    g_autofree gfloat *got = pick (y + resets[b] * B * n_out, B, n_out, b, length);
    Call one = { .T = length, .B = 1, .x = one_x };

    call (model, &one);
    g_assert_cmpmem (got, length * n_out * sizeof (gfloat), one.y, length * n_out * sizeof (gfloat));
    call_clear (&one);
  }
}

/* ---- noise ---- */

static gdouble
noisy_loss (RnnModel *model, const gfloat *x, gint T, const gfloat *dy)
{
  Call c = { .T = T, .B = 1, .x = x, .seed = 77 };
  gdouble sum = 0;

  call (model, &c);
  for (gint i = 0; i < T * rnn_model_get_n_out (model); i++)
    sum += (gdouble) c.y[i] * dy[i];
  call_clear (&c);
  return sum;
}

/* Blocks are run again on the way back: with the same zeros. */
static void
test_noise (void)
{
  enum { T = 12 };
  g_autoptr (RnnModel) model = model_of ("{'cell': 'bidirectional', 'chunk': 3, 'right': 2,"
      "'layers': [{'cell': 'dropout', 'p': 0.5}, {'cell': 'elman', 'hidden': 4}]}");
  g_autofree gfloat *x = random_floats (T * N_IN, 1), *dy = random_floats (T * 8, 2);
  Call c = { .T = T, .B = 1, .x = x, .seed = 77, .dy = dy }, quiet = { .T = T, .B = 1, .x = x };
  guint zeros = 0;

  call (model, &c);
  call (model, &quiet);
  g_assert_cmpint (memcmp (c.y, quiet.y, T * 8 * sizeof (gfloat)), !=, 0);
  for (gint i = 0; i < T * N_IN; i++) {
    const gfloat keep = x[i], eps = 1e-2f;
    gdouble up, down;

    x[i] = keep + eps;
    up = noisy_loss (model, x, T, dy);
    x[i] = keep - eps;
    down = noisy_loss (model, x, T, dy);
    x[i] = keep;
    g_assert_cmpfloat_with_epsilon (c.dx[i], (up - down) / (2 * eps), 5e-3);
    zeros += c.dx[i] == 0;
  }
  g_assert_cmpuint (zeros, <, T * N_IN / 2);
  call_clear (&c);
  call_clear (&quiet);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bidirectional/names", test_names);
  g_test_add_data_func ("/bidirectional/padding/reverse",
      "{'cell': 'reverse', 'layers': [{'cell': 'gru', 'hidden': 5}]}", test_padding);
  g_test_add_data_func ("/bidirectional/padding/depth",
      "{'cell': 'bidirectional', 'depth': 2, 'layers': [{'cell': 'lstm', 'hidden': 4}]}", test_padding);
  g_test_add_func ("/bidirectional/blocks", test_blocks);
  g_test_add_func ("/bidirectional/out-of-step", test_out_of_step);
  g_test_add_func ("/bidirectional/noise", test_noise);
  return g_test_run ();
}
