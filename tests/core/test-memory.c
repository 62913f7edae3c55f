/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Matrix memories: they train without a matrix per step, gradients pass through the entry state of a call, a decay per
 * head forgets as it should, positions do not wear out. */
#include <math.h>
#include <string.h>
#include "model/root.h"
#include "session/session.h"

static RnnModel *
model_of (const gchar *layer, gint n_in)
{
  g_autoptr (GError) error = NULL;
  json_t *json = json_loads (layer, 0, NULL), *recipe;
  RnnModel *model;

  g_assert_nonnull (json);
  recipe = json_pack ("{s{sssi}s[o]}", "input", "kind", "tensors", "size", n_in, "layers", json);
  model = rnn_model_new (recipe, 3, layer, &error);
  g_assert_no_error (error);
  json_decref (recipe);
  rnn_model_pack (model, TRUE);
  return model;
}

static gfloat *
random_floats (gsize n, guint64 seed, gfloat scale)
{
  gfloat *x = g_new (gfloat, MAX (n, 1));
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (gsize i = 0; i < n; i++)
    x[i] = scale * rnn_rng_normal (&rng);
  return x;
}

/* ---- training takes room for rows, not for matrices ---- */

static const struct {
  const gchar *layer;
  gint n_in;
} big[] = {
  { "{\"cell\": \"linattn\", \"heads\": 2}", 128 },
  { "{\"cell\": \"retention\", \"heads\": 2}", 192 },
  { "{\"cell\": \"retnet\", \"heads\": 2}", 128 },
  { "{\"cell\": \"mamba\", \"d_state\": 128}", 64 },
  { "{\"cell\": \"mamba2\", \"d_state\": 128}", 64 },
};

static void
test_room (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (big); i++) {
    g_autoptr (RnnModel) model = model_of (big[i].layer, big[i].n_in);
    const RnnCell *root = rnn_model_get_root (model);

    g_assert_cmpuint (root->n_state, >, 2000);
    g_assert_cmpuint (root->n_tape + root->n_scratch, <, root->n_state / 2);
    g_assert_cmpuint (root->n_scratch_once, <=, 2 * root->n_state);
  }
}

/* ---- backward through a call = backward through its halves, one after the other ---- */

static const struct {
  const gchar *layer;
  gint n_in;
} small[] = {
  { "{\"cell\": \"linattn\", \"heads\": 2}", 6 },
  { "{\"cell\": \"retention\", \"heads\": 2}", 12 },
  { "{\"cell\": \"retnet\", \"heads\": 3, \"value_size\": 12}", 6 },
  { "{\"cell\": \"scan\", \"d_state\": 3}", 14 },
  { "{\"cell\": \"ssd\", \"heads\": 4, \"groups\": 2, \"d_state\": 3}", 28 },
  { "{\"cell\": \"mamba\"}", 6 },
  { "{\"cell\": \"mamba2\", \"d_state\": 5, \"ngroups\": 2, \"headdim\": 3}", 6 },
};

#define STEPS 14
#define STREAMS 2

typedef struct {
  gfloat *x, *y, *dy, *dx, *tape, *scratch, *dstate, *dparam;
  gfloat *states[3];            /* before, in the middle, behind */
} Pass;

/* Steps [from, to) of a pass. */
static void
run_part (const RnnCell *root, Pass *p, gint from, gint to, gfloat *state, gboolean back)
{
  gsize rows = STREAMS * (gsize) from;
  RnnRun run = { .T = to - from, .B = STREAMS, .x = p->x + rows * root->n_in, .y = p->y + rows * root->n_out,
    .state = state, .state_stride = root->n_state, .tape = p->tape + rows * root->n_tape, .scratch = p->scratch };

  if (back)
    root->klass->backward (root, &run, &(RnnGrad) { .dy = p->dy + rows * root->n_out, .dx = p->dx + rows * root->n_in,
          .dstate = p->dstate, .dparam = p->dparam });
  else
    root->klass->forward (root, &run);
}

/* Forward in pieces that end at cuts[], backward from the last to the first. */
static void
run_pass (const RnnCell *root, Pass *p, const gint *cuts, gint n)
{
  gsize bytes = STREAMS * root->n_state * sizeof (gfloat);

  for (gint i = 0; i < n; i++) {
    memcpy (p->states[i + 1], p->states[i], bytes);
    run_part (root, p, i ? cuts[i - 1] : 0, cuts[i], p->states[i + 1], FALSE);
  }
  for (gint i = n - 1; i >= 0; i--)
    run_part (root, p, i ? cuts[i - 1] : 0, cuts[i], p->states[i], TRUE);
}

static Pass
new_pass (RnnModel *model)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize rows = STEPS * STREAMS, state = STREAMS * root->n_state;
  Pass p = {
    random_floats (rows * root->n_in, 1, 1), g_new0 (gfloat, rows * root->n_out),
    random_floats (rows * root->n_out, 2, 1), g_new0 (gfloat, rows * root->n_in),
    g_new0 (gfloat, rows * root->n_tape + 1),
    random_floats (rnn_cell_scratch_size (root, STEPS, STREAMS), 3, 1), random_floats (state, 4, 1),
    g_new0 (gfloat, rnn_model_get_n_params (model) + 1),
    { random_floats (state, 5, 0.3f), g_new (gfloat, state), g_new (gfloat, state) },
  };

  /* linear attention divides by what it remembers of keys, which are positive; a position is a whole number */
  for (gsize i = 0; i < state; i++)
    p.states[0][i] = fabsf (p.states[0][i]);
  if (strstr (rnn_model_get_path (model), "retnet"))
    for (gint b = 0; b < STREAMS; b++)
      for (gint i = 1; i <= 2; i++)
        p.states[0][(b + 1) * root->n_state - i] = 3;
  return p;
}

static void
free_pass (Pass *p)
{
  gfloat *arrays[] = { p->x, p->y, p->dy, p->dx, p->tape, p->scratch, p->dstate, p->dparam, p->states[0], p->states[1],
    p->states[2] };

  for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
    g_free (arrays[i]);
}

static void
assert_close (const gfloat *a, const gfloat *b, gsize n)
{
  gfloat largest = 1e-6f;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabsf (b[i]));
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (a[i], b[i], 1e-5f * largest);
}

static void
test_entry_state (void)
{
  static const gint whole[] = { STEPS }, halves[] = { 5, STEPS };

  for (guint i = 0; i < G_N_ELEMENTS (small); i++) {
    g_autoptr (RnnModel) model = model_of (small[i].layer, small[i].n_in);
    const RnnCell *root = rnn_model_get_root (model);
    Pass a = new_pass (model), b = new_pass (model);
    gsize rows = STEPS * STREAMS;

    run_pass (root, &a, whole, 1);
    run_pass (root, &b, halves, 2);
    g_assert_cmpmem (a.y, rows * root->n_out * sizeof (gfloat), b.y, rows * root->n_out * sizeof (gfloat));
    assert_close (b.dx, a.dx, rows * root->n_in);
    assert_close (b.dstate, a.dstate, STREAMS * root->n_state);
    assert_close (b.dparam, a.dparam, rnn_model_get_n_params (model));
    free_pass (&a);
    free_pass (&b);
  }
}

/* ---- retention: what was stored once fades by gamma per step ---- */

static void
test_decay (void)
{
  enum { H = 3 };
  g_autoptr (RnnModel) model = model_of ("{\"cell\": \"retention\", \"heads\": 3}", 3 * H);
  g_autoptr (RnnSession) s = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  gfloat x[3 * H], y[H];

  for (gint t = 0; t < 200; t++) {
    for (gint i = 0; i < 3 * H; i++)
      x[i] = i < H ? 1 : t == 0;        /* q = 1 always, k = v = 1 once */
    rnn_session_run (s, 1, x, y);
    for (gint h = 0; h < H; h++)
      g_assert_cmpfloat_with_epsilon (y[h], pow (1 - exp2 (-5 - h), t), 1e-5);
  }
}

/* ---- RetNet: only the distance between steps counts, however far the stream has come ---- */

static void
test_position (void)
{
  enum { N = 8, T = 20 };
  static const gfloat starts[][2] = { {3, 0}, {1048570, 0}, {1048575, 70000}, {17, 900000} };
  g_autoptr (RnnModel) model = model_of ("{\"cell\": \"retnet\", \"heads\": 2}", N);
  const RnnCell *root = rnn_model_get_root (model);
  g_autofree gfloat *x = random_floats (T * N, 6, 1), *state = g_new0 (gfloat, root->n_state);
  gfloat y[T * N], first[T * N];

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    g_autoptr (RnnSession) s = rnn_session_new (model, 1, 7, RNN_PRECISION_F32, NULL);

    memset (state, 0, root->n_state * sizeof (gfloat));
    memcpy (state + root->n_state - 2, starts[i], sizeof starts[i]);
    rnn_session_set_state (s, 0, state);
    rnn_session_run (s, T, x, i ? y : first);
    for (gint j = 0; i && j < T * N; j++)
      g_assert_cmpfloat_with_epsilon (y[j], first[j], 2e-3);
    rnn_session_get_state (s, 0, state);
    g_assert_cmpfloat (state[root->n_state - 2] + 1048576.0 * state[root->n_state - 1], ==,
        starts[i][0] + 1048576.0 * starts[i][1] + T);
  }
}

/* ---- SSD: heads of a group share B and C ---- */

static void
test_groups (void)
{
  enum { T = 9, N = 3, ROW = 4 + 2 * 2 * N + 4, ONE = 4 + 2 * N + 4 };  /* 4 heads of one value, 2 groups or 1 */
  g_autoptr (RnnModel) two = model_of ("{\"cell\": \"ssd\", \"heads\": 4, \"groups\": 2, \"d_state\": 3}", ROW);
  g_autoptr (RnnModel) one = model_of ("{\"cell\": \"ssd\", \"heads\": 4, \"d_state\": 3}", ONE);
  g_autoptr (RnnSession) a = rnn_session_new (two, 1, T, RNN_PRECISION_F32, NULL);
  g_autofree gfloat *x = random_floats (T * ROW, 7, 1);
  gfloat y[T * 4];

  memcpy (rnn_model_get_params (one), rnn_model_get_params (two), rnn_model_get_n_params (two) * sizeof (gfloat));
  rnn_session_run (a, T, x, y);
  for (gint g = 0; g < 2; g++) {
    g_autoptr (RnnSession) b = rnn_session_new (one, 1, T, RNN_PRECISION_F32, NULL);
    gfloat row[ONE], out[4];

    for (gint t = 0; t < T; t++) {
      const gfloat *in = x + t * ROW;

      memcpy (row, in, 4 * sizeof (gfloat));
      memcpy (row + 4, in + 4 + g * N, N * sizeof (gfloat));
      memcpy (row + 4 + N, in + 4 + (2 + g) * N, N * sizeof (gfloat));
      memcpy (row + 4 + 2 * N, in + ROW - 4, 4 * sizeof (gfloat));
      rnn_session_run (b, 1, row, out);
      g_assert_cmpmem (out + 2 * g, 2 * sizeof (gfloat), y + t * 4 + 2 * g, 2 * sizeof (gfloat));
    }
  }
}

/* ---- sizes that do not fit ---- */

static void
test_errors (void)
{
  static const struct {
    const gchar *layer, *reason;
  } bad[] = {
    { "{\"cell\": \"linattn\", \"heads\": 5}", "linattn: 12 values do not divide" },
    { "{\"cell\": \"linattn\", \"heads\": 2, \"key_size\": 3, \"project\": false}", "linattn: 12 values" },
    { "{\"cell\": \"retention\", \"key_size\": 6}", "retention: 12 values are not q, k and v" },
    { "{\"cell\": \"retention\", \"heads\": 5}", "retention: 12 values" },
    { "{\"cell\": \"retnet\", \"heads\": 4}", "heads of pairs" },
    { "{\"cell\": \"retnet\", \"heads\": 2, \"value_size\": 7}", "7 values do not divide" },
    { "{\"cell\": \"scan\", \"d_state\": 6}", "scan: 12 values" },
    { "{\"cell\": \"ssd\", \"heads\": 7}", "ssd: 12 values" },
    { "{\"cell\": \"ssd\", \"heads\": 3, \"groups\": 2}", "in 2 groups" },
    { "{\"cell\": \"mamba2\", \"headdim\": 5}", "mamba2: 24 values" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    json_t *layer = json_loads (bad[i].layer, 0, NULL);

    g_assert_null (rnn_cell_new (layer, 12, "my.json: layer 3", &error));
    g_assert_error (error, RNN_ERROR, RNN_ERROR_SHAPE);
    g_assert_nonnull (strstr (error->message, "my.json"));
    g_assert_nonnull (strstr (error->message, bad[i].reason));
    json_decref (layer);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/room", test_room);
  g_test_add_func ("/memory/entry-state", test_entry_state);
  g_test_add_func ("/memory/decay", test_decay);
  g_test_add_func ("/memory/position", test_position);
  g_test_add_func ("/memory/groups", test_groups);
  g_test_add_func ("/memory/errors", test_errors);
  return g_test_run ();
}
