/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every cell owes, asked of every cell of the registry: gradients, one result however the work is cut, states that
 * can be saved, options and weights that survive a file, no allocation while running, nothing written where it should
 * not be; with every row of the kernel table that this machine can run. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "cells/cell.h"
#include "kernels/kernels.h"
#include "model/quantize.h"
#include "model/root.h"
#include "session/session.h"
#include "cell-gradient.h"
#include "cell-variants.h"
#include "count-alloc.h"

#define N_IN 6
#ifndef REGISTRY_ONLY           /* 1: another registry than the library's (tests/contributing) */
#define REGISTRY_ONLY 0
#endif

/* ---- the layers under test: every class with small sizes, and the variants of cell-variants.h ---- */

static json_t *
parse (const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "'", -1);
  g_autofree gchar *quoted = g_strjoinv ("\"", parts);
  json_t *json = json_loads (quoted, 0, NULL);

  g_assert_nonnull (json);
  return json;
}

/* A class nobody wrote a row for: its defaults, with small sizes. */
static json_t *
small_layer (const RnnCellClass *klass)
{
  static const gchar *const sizes[] = { "hidden", "units", "filters", NULL };
  json_t *layer = json_pack ("{ss}", "cell", klass->name);

  for (const RnnOption *o = klass->options; o && o->name; o++)
    if (g_strv_contains (sizes, o->name))
      json_object_set_new (layer, o->name, json_integer (6));
  if (klass->n_copies)
    json_object_set_new (layer, "layers", parse (rnn_cell_class_find ("elman") ? "[{'cell': 'elman', 'hidden': 6}]"
            : "[{'cell': 'leaky', 'hidden': 6}]"));
  return layer;
}

static RnnModel *
model_of (const json_t *layer)
{
  g_autoptr (GError) error = NULL;
  json_t *recipe = json_pack ("{s{sssi}s[O]}", "input", "kind", "tensors", "size", N_IN, "layers", layer);
  RnnModel *model = rnn_model_new (recipe, 7, "test recipe", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  rnn_model_pack (model, TRUE);
  return model;
}

/* As whoever streams has it: in training products over many rows are BLAS's, which sums in an order of its own. */
static RnnModel *
streaming_model_of (const json_t *layer)
{
  g_autoptr (GError) error = NULL;
  json_t *recipe = json_pack ("{s{sssi}s[O]}", "input", "kind", "tensors", "size", N_IN, "layers", layer);
  RnnModel *model = rnn_model_new (recipe, 7, "test recipe", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

static gfloat *
random_floats (gsize n, guint64 seed)
{
  gfloat *x = g_new0 (gfloat, MAX (n, 1));
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 3);
  for (gsize i = 0; i < n; i++)
    x[i] = rnn_rng_normal (&rng);
  return x;
}

/* What a cell that asks for it reads beside x, with streams that have less of it; [5][B]. */
#define MEMORY 5

static void
make_memory (RnnEncoded *m, const RnnCell *c, gint B, gint *lengths)
{
  gsize n = (gsize) MEMORY * B * MAX (c->n_memory, 1);

  for (gint b = 0; b < B; b++)
    lengths[b] = MAX (MEMORY - 2 * b, 0);
  *m = (RnnEncoded) { .S = MEMORY, .B = B, .n = c->n_memory, .data = random_floats (n, 21), .lengths = lengths,
    .grad = g_new0 (gfloat, n) };
}

static void
clear_memory (RnnEncoded *m)
{
  g_free ((gfloat *) m->data);
  g_free (m->grad);
}

/* ---- gradient = finite difference ---- */

static void
test_gradient (gconstpointer layer)
{
  g_autoptr (RnnModel) model = model_of (layer);
  const RnnCell *c = rnn_model_get_root (model);
  Probe p = { .model = model, .root = c, .T = 7, .B = 3 };
  gsize n = (gsize) p.T * p.B, n_params = rnn_model_get_n_params (model);
  g_autofree gfloat *dx = g_new0 (gfloat, n * N_IN), *dparam = g_new0 (gfloat, MAX (n_params, 1));
  g_autofree gfloat *dstate = NULL;
  gint lengths[3];
  RnnEncoded memory;

  if (!rnn_cell_can_train (c)) {
    g_test_skip ("cannot be trained");
    rnn_model_unref (g_steal_pointer (&model));
    return;
  }
  p.x = random_floats (n * N_IN, 1);
  p.y = g_new0 (gfloat, n * c->n_out);
  p.state = g_new0 (gfloat, MAX (p.B * c->n_state, 1));
  for (gint b = 0; b < p.B; b++)
    rnn_cell_reset_state (c, p.state + b * c->n_state);
  p.tape = g_new0 (gfloat, MAX (n * c->n_tape, 1));
  p.scratch = random_floats (rnn_cell_scratch_size (c, p.T, p.B), 9);
  p.wy = random_floats (n * c->n_out, 2);
  p.ws = random_floats (p.B * c->n_state, 4);
  dstate = g_memdup2 (p.ws, MAX (p.B * c->n_state, 1) * sizeof (gfloat));
  make_memory (&memory, c, p.B, lengths);
  p.memory = c->n_memory ? &memory : NULL;
  loss (&p, TRUE);
  c->klass->backward (c, &(RnnRun) { .T = p.T, .B = p.B, .x = p.x, .y = p.y, .state = p.state,
        .state_stride = c->n_state, .tape = p.tape, .scratch = p.scratch, .memory = p.memory },
      &(RnnGrad) { .dy = p.wy, .dx = dx, .dstate = dstate, .dparam = dparam });
  compare_gradient (&p, "x", p.x, dx, n * N_IN);
  compare_gradient (&p, "state", p.state, dstate, p.B * c->n_state);
  compare_gradient (&p, "memory", (gfloat *) memory.data, memory.grad, (gsize) MEMORY * p.B * c->n_memory);
  compare_params (&p, dparam);
  clear_memory (&memory);
  for (gsize i = rnn_model_get_n_trained (model); i < n_params; i++)
    g_assert_cmpfloat (dparam[i], ==, 0);
  g_free (p.x);
  g_free (p.y);
  g_free (p.state);
  g_free (p.tape);
  g_free (p.scratch);
  g_free (p.wy);
  g_free (p.ws);
}

/* ---- no cell writes past the room it asked for ---- */

#define GUARD 1024              /* floats behind an array, each GUARD_VALUE */
#define GUARD_VALUE 7.5e30f

static gfloat *
guarded (GPtrArray *arrays, gsize n, guint64 seed)
{
  gfloat *x = random_floats (n + GUARD + 1, seed);

  for (gsize i = 0; i <= GUARD; i++)
    x[n + i] = GUARD_VALUE;
  g_ptr_array_add (arrays, x);
  g_ptr_array_add (arrays, x + n);
  return x;
}

static void
check_guards (GPtrArray *arrays)
{
  for (guint i = 0; i < arrays->len; i += 2) {
    const gfloat *end = arrays->pdata[i + 1];

    for (guint j = 0; j <= GUARD; j++)
      g_assert_cmpfloat (end[j], ==, GUARD_VALUE);
    g_free (arrays->pdata[i]);
  }
}

static void
run_guarded (const RnnCell *c, gint T, gint B, gsize n_params)
{
  g_autoptr (GPtrArray) arrays = g_ptr_array_new ();
  gsize n = (gsize) T * B;
  RnnRun run = { .T = T, .B = B, .state_stride = c->n_state,
    .x = guarded (arrays, n * N_IN, 1), .y = guarded (arrays, n * c->n_out, 2),
    .state = guarded (arrays, B * c->n_state, 3), .tape = guarded (arrays, n * c->n_tape, 4),
    .scratch = guarded (arrays, rnn_cell_scratch_size (c, T, B), 5) };
  gint lengths[4];
  RnnEncoded memory;
  RnnGrad grad = { .dy = guarded (arrays, n * c->n_out, 6), .dx = guarded (arrays, n * N_IN, 7),
    .dstate = guarded (arrays, B * c->n_state, 8), .dparam = guarded (arrays, n_params, 9) };
  gfloat *entry = guarded (arrays, B * c->n_state, 3);

  for (gint b = 0; b < B; b++)
    rnn_cell_reset_state (c, entry + b * c->n_state);
  make_memory (&memory, c, B, lengths);
  run.memory = &memory;
  memcpy (run.state, entry, B * c->n_state * sizeof (gfloat));
  c->klass->forward (c, &(RnnRun) { .T = T, .B = B, .x = run.x, .y = run.y, .state = run.state,
        .state_stride = c->n_state, .scratch = run.scratch, .memory = &memory });
  memcpy (run.state, entry, B * c->n_state * sizeof (gfloat));
  c->klass->forward (c, &run);
  run.state = entry;
  if (rnn_cell_can_train (c))
    c->klass->backward (c, &run, &grad);
  clear_memory (&memory);
  check_guards (arrays);
}

static void
test_room (gconstpointer layer)
{
  static const gint sizes[][2] = { { 1, 1 }, { 1, 2 }, { 2, 1 }, { 3, 4 } };    /* T, B */
  g_autoptr (RnnModel) model = model_of (layer);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    run_guarded (rnn_model_get_root (model), sizes[i][0], sizes[i][1], rnn_model_get_n_params (model));
}

/* ---- one result, however the work is cut ---- */

#define STEPS 23

static gfloat *
run_chunks (RnnModel *model, guint max_steps, const guint *chunks, const gfloat *x)
{
  g_autoptr (RnnSession) s = rnn_session_new (model, 1, max_steps, RNN_PRECISION_F32, NULL);
  gint n_out = rnn_model_get_n_out (model);
  gfloat *y = g_new0 (gfloat, STEPS * n_out);
  guint done = 0;

  for (guint i = 0; done < STEPS; i++) {
    guint n = MIN (chunks[i % 3], STEPS - done);

    rnn_session_run (s, n, x + done * N_IN, y + done * n_out);
    done += n;
  }
  return y;
}

static gboolean
streams (RnnModel *model)
{
  if (!rnn_model_get_root (model)->offline)
    return TRUE;
  g_test_skip ("needs whole sequences");
  return FALSE;
}

static void
test_chunks (gconstpointer layer)
{
  g_autoptr (RnnModel) model = streaming_model_of (layer);
  g_autofree gfloat *x = random_floats (STEPS * N_IN, 5);
  static const guint cuts[][3] = { {STEPS, STEPS, STEPS}, {1, 1, 1}, {5, 1, 3}, {2, 7, 1} };
  g_autofree gfloat *whole = NULL;

  if (!streams (model))
    return;
  whole = run_chunks (model, STEPS, cuts[0], x);
  for (guint i = 1; i < G_N_ELEMENTS (cuts); i++)
    for (guint max_steps = 1; max_steps <= 8; max_steps += 7) {
      g_autofree gfloat *y = run_chunks (model, max_steps, cuts[i], x);

      g_assert_cmpmem (y, STEPS * rnn_model_get_n_out (model) * sizeof (gfloat), whole,
          STEPS * rnn_model_get_n_out (model) * sizeof (gfloat));
    }
}

static void
test_batch (gconstpointer layer)
{
  enum { B = 5 };
  g_autoptr (RnnModel) model = streaming_model_of (layer);
  gint n_out = rnn_model_get_n_out (model);
  g_autofree gfloat *x = random_floats (STEPS * B * N_IN, 6), *y = g_new0 (gfloat, STEPS * B * n_out);
  g_autoptr (RnnSession) s = NULL;
  static const guint whole[3] = { STEPS, STEPS, STEPS };

  if (!streams (model))
    return;
  s = rnn_session_new (model, B, STEPS, RNN_PRECISION_F32, NULL);
  rnn_session_run (s, STEPS, x, y);
  for (gint b = 0; b < B; b++) {
    g_autofree gfloat *one = g_new (gfloat, STEPS * N_IN), *alone = NULL;

    for (gint t = 0; t < STEPS; t++)
      memcpy (one + t * N_IN, x + (t * B + b) * N_IN, N_IN * sizeof (gfloat));
    alone = run_chunks (model, STEPS, whole, one);
    for (gint t = 0; t < STEPS; t++)
      g_assert_cmpmem (alone + t * n_out, n_out * sizeof (gfloat), y + (t * B + b) * n_out, n_out * sizeof (gfloat));
  }
}

static void
test_state (gconstpointer layer)
{
  g_autoptr (RnnModel) model = model_of (layer);
  gint n_out = rnn_model_get_n_out (model);
  g_autofree gfloat *x = random_floats (STEPS * N_IN, 8), *state = NULL;
  g_autofree gfloat *first = g_new0 (gfloat, STEPS * n_out), *again = g_new0 (gfloat, STEPS * n_out);
  g_autoptr (RnnSession) a = NULL, b = NULL;
  gsize bytes = STEPS * n_out * sizeof (gfloat);

  if (!streams (model))
    return;
  a = rnn_session_new (model, 1, 8, RNN_PRECISION_F32, NULL);
  b = rnn_session_new (model, 1, 8, RNN_PRECISION_F32, NULL);
  state = g_new0 (gfloat, MAX (rnn_session_get_state_size (a), 1));
  rnn_session_run (a, STEPS, x, first);
  rnn_session_get_state (a, 0, state);
  rnn_session_run (a, STEPS, x, first);
  rnn_session_set_state (b, 0, state);
  rnn_session_run (b, STEPS, x, again);
  g_assert_cmpmem (first, bytes, again, bytes);
  rnn_session_reset (a, -1);
  rnn_session_reset (b, 0);
  rnn_session_run (a, STEPS, x, first);
  rnn_session_run (b, STEPS, x, again);
  g_assert_cmpmem (first, bytes, again, bytes);
}

static void
test_no_allocation (gconstpointer layer)
{
  g_autoptr (RnnModel) model = model_of (layer);
  g_autofree gfloat *x = random_floats (STEPS * N_IN, 8), *y = g_new0 (gfloat, STEPS * rnn_model_get_n_out (model));
  g_autoptr (RnnSession) s = NULL;
  gint before;

  if (!streams (model))
    return;
  s = rnn_session_new (model, 1, 8, RNN_PRECISION_F32, NULL);
  rnn_session_run (s, STEPS, x, y);
  before = g_atomic_int_get (&n_allocations);
  rnn_session_run (s, STEPS, x, y);
  g_assert_cmpint (g_atomic_int_get (&n_allocations), ==, before);
}

/* Relative error of an output of STEPS steps. */
static gdouble
relative_error (gint n, const gfloat *y, const gfloat *exact)
{
  gdouble error = 0, power = 1e-6;

  for (gint i = 0; i < n; i++) {
    error += (y[i] - exact[i]) * (y[i] - exact[i]);
    power += exact[i] * exact[i];
  }
  return sqrt (error / power);
}

/* Weights of fewer bits: the error of one rounding, grown by the few steps it passes; and any chunking and any batch give
 * the same bits. */
static void
check_precision (gconstpointer layer, RnnPrecision precision, gdouble bound)
{
  enum { STREAMS = 5 };
  g_autoptr (RnnModel) model = model_of (layer);
  g_autofree gfloat *x = random_floats (STEPS * N_IN, 5), *exact = NULL, *y = NULL, *singles = NULL, *many_x = NULL,
      *many_y = NULL;
  gint n_out = rnn_model_get_n_out (model);
  g_autoptr (RnnSession) one = NULL, many = NULL;
  static const guint whole[3] = { STEPS, STEPS, STEPS };

  if (!streams (model))
    return;
  exact = run_chunks (model, STEPS, whole, x);
  y = g_new0 (gfloat, STEPS * n_out);
  singles = g_new0 (gfloat, STEPS * n_out);
  one = rnn_session_new (model, 1, 8, precision, NULL);
  rnn_session_run (one, STEPS, x, y);
  g_assert_cmpfloat (relative_error (STEPS * n_out, y, exact), <, bound);
  rnn_session_reset (one, -1);
  for (gint t = 0; t < STEPS; t++)
    rnn_session_run (one, 1, x + t * N_IN, singles + t * n_out);
  g_assert_cmpmem (singles, STEPS * n_out * sizeof (gfloat), y, STEPS * n_out * sizeof (gfloat));
  many = rnn_session_new (model, STREAMS, 8, precision, NULL);
  many_x = random_floats (STEPS * STREAMS * N_IN, 6);
  many_y = g_new0 (gfloat, STEPS * STREAMS * n_out);
  for (gint t = 0; t < STEPS; t++)
    memcpy (many_x + (t * STREAMS + 3) * N_IN, x + t * N_IN, N_IN * sizeof (gfloat));
  rnn_session_run (many, STEPS, many_x, many_y);
  for (gint t = 0; t < STEPS; t++)
    g_assert_cmpmem (many_y + (t * STREAMS + 3) * n_out, n_out * sizeof (gfloat), y + t * n_out, n_out * sizeof (gfloat));
}

/* A quantised file gives the bits of the variant in memory. */
static void
check_packed_file (gconstpointer layer, RnnPrecision precision)
{
  g_autoptr (RnnModel) model = model_of (layer), quantised = rnn_model_quantize (model, precision, NULL), loaded = NULL;
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnn-test-XXXXXX.safetensors", NULL);
  RnnModel *models[] = { model, NULL };
  gfloat *y[2];
  gsize size = (gsize) STEPS * rnn_model_get_n_out (model) * sizeof (gfloat);
  g_autofree gfloat *x = random_floats (STEPS * N_IN, 5);
  g_autoptr (GError) error = NULL;

  if (!streams (model))
    return;
  close (g_mkstemp (path));
  rnn_model_save (quantised, path, &error);
  g_assert_no_error (error);
  models[1] = loaded = rnn_model_load (path, &error);
  g_assert_no_error (error);
  remove (path);
  for (gint i = 0; i < 2; i++) {
    g_autoptr (RnnSession) session = rnn_session_new (models[i], 1, 8, precision, NULL);

    y[i] = g_malloc (size);
    rnn_session_run (session, STEPS, x, y[i]);
  }
  g_assert_cmpmem (y[0], size, y[1], size);
  g_free (y[0]);
  g_free (y[1]);
}

static void
test_int8 (gconstpointer layer)
{
  check_precision (layer, RNN_PRECISION_INT8, rnn_kernels ()->int8_steps > 127 ? 0.02 : 0.035);
  check_packed_file (layer, RNN_PRECISION_INT8);
}

static void
test_bf16 (gconstpointer layer)
{
  check_precision (layer, RNN_PRECISION_BF16, 0.01);
  check_packed_file (layer, RNN_PRECISION_BF16);
}

/* Options through JSON and weights through a file give the same model. */
static void
test_round_trip (gconstpointer layer)
{
  g_autoptr (RnnModel) model = model_of (layer), loaded = NULL;
  RnnCell *cell = rnn_model_get_root (model)->children->pdata[0], *again;
  json_t *first = rnn_cell_to_json (cell), *second;
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnn-test-XXXXXX.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  gsize bytes = rnn_model_get_n_params (model) * sizeof (gfloat);

  again = rnn_cell_new (first, N_IN, "again", &error);
  g_assert_no_error (error);
  second = rnn_cell_to_json (again);
  g_assert_true (json_equal (first, second));
  rnn_cell_free (again);
  json_decref (first);
  json_decref (second);

  close (g_mkstemp (path));
  rnn_model_save (model, path, &error);
  g_assert_no_error (error);
  loaded = rnn_model_load (path, &error);
  g_assert_no_error (error);
  remove (path);
  g_assert_cmpmem (rnn_model_get_params (model), bytes, rnn_model_get_params (loaded), bytes);
}

static void
test_errors (void)
{
  static const gchar *const bad[][2] = {
    { "{'cell': 'lstn'}", "no cell is called 'lstn'" },
    { "{'hidden': 3}", "needs \"cell\"" },
    { "{'cell': 'lstm', 'hidden': 0}", "hidden" },
    { "{'cell': 'lstm', 'hiden': 3}", "hiden" },
    { "{'cell': 'lstm', 'hidden': 3, 'proj': 4}", "projection" },
    { "{'cell': 'chain', 'layers': []}", "layers" },
    { "{'cell': 'norm', 'groups': 4}", "groups" },
    { "{'cell': 'norm', 'eps': 0}", "eps" },
    { "{'cell': 'linattn', 'heads': 65536, 'key_size': 65536, 'value_size': 1}", "keys or values" },
    { "{'cell': 'slstm', 'heads': 4}", "4 heads" },
    { "{'cell': 'slstmcell', 'project': false}", "6 inputs" },
    { "{'cell': 'slstmcell', 'hidden': 6, 'heads': 4}", "4 heads" },
    { "{'cell': 'mlstmcell', 'heads': 4}", "4 heads" },
    { "{'cell': 'mlstmcell', 'qk': 2}", "2 x 2" },
    { "{'cell': 'mlstm', 'inner': 10}", "blocks of 4" },
    { "{'cell': 'mlstm', 'inner': 65536}", "numbers per stream" },
    { "{'cell': 'mlstm7b', 'heads': 4}", "4 heads" },
    { "{'cell': 'lstm', 'depth': 0}", "depth" },
    { "{'cell': 'lstm', 'depth': 'three'}", "depth" },
    { "{'cell': 'lstm', 'depth': 2, 'hiden': 3}", "hiden" },
    { "{'cell': 'chain', 'depth': 1000, 'layers': [{'cell': 'lstm', 'depth': 1000}]}", "more than" },
    { "{'cell': 'chain', 'layers': [{'cell': 'lstm', 'name': 'a'}, {'cell': 'lstm', 'name': 'a'}]}", "a.weight_ih_l0" },
    { "{'cell': 'chain', 'layers': [{'cell': 'norm', 'name': ''}, {'cell': 'norm', 'name': ''}]}", "'weight'" },
    { "{'cell': 'bidirectional'}", "layers" },
    { "{'cell': 'bidirectional', 'right': 3, 'layers': [{'cell': 'elman'}]}", "chunk" },
    { "{'cell': 'reverse', 'layers': [{'cell': 'conv1d', 'lookahead': 1}]}", "look ahead" },
    { "{'cell': 'residual', 'layers': [{'cell': 'dense', 'units': 2}]}", "both sides" },
    { "{'cell': 'rwkv', 'version': '4', 'gate_rank': 3}", "no gate_rank" },
    { "{'cell': 'rwkv6', 'heads': 4}", "groups" },
    { "{'cell': 'rwkv', 'version': '3'}", "version" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    json_t *layer = parse (bad[i][0]);

    g_test_message ("%s", bad[i][0]);
    g_assert_null (rnn_cell_new (layer, N_IN, "my.json: layer 3", &error));
    g_assert_nonnull (error);
    g_assert_nonnull (strstr (error->message, "my.json"));
    g_assert_nonnull (strstr (error->message, bad[i][1]));
    json_decref (layer);
  }
}

/* One question to one layer, on one row of the kernel table. */
typedef struct {
  json_t *layer;
  const RnnKernels *row;
  GTestDataFunc ask;
} Trial;

static void
free_trial (gpointer data)
{
  Trial *trial = data;

  json_decref (trial->layer);
  g_free (trial);
}

static void
run_trial (gconstpointer data)
{
  const Trial *trial = data;

  rnn_kernels_use (trial->row);
  trial->ask (trial->layer);
}

static void
add_tests (json_t *layer, const RnnKernels *row)
{
  static const struct {
    const gchar *name;
    GTestDataFunc ask;
  } tests[] = {
    { "room", test_room }, { "gradient", test_gradient }, { "chunks", test_chunks }, { "batch", test_batch },
    { "state", test_state }, { "no-allocation", test_no_allocation }, { "int8", test_int8 }, { "bf16", test_bf16 },
    { "round-trip", test_round_trip },
  };
  g_autofree gchar *text = json_dumps (layer, JSON_COMPACT);

  g_strdelimit (text, "{}\"[]", ' ');
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree gchar *path = g_strdup_printf ("/cells/%s/%s/%s", row->name, text, tests[i].name);
    Trial trial = { json_incref (layer), row, tests[i].ask };

    g_test_add_data_func_full (path, g_memdup2 (&trial, sizeof (Trial)), run_trial, free_trial);
  }
  json_decref (layer);
}

int
main (int argc, char **argv)
{
  const RnnCellClass *const *classes = rnn_cell_classes ();

  g_test_init (&argc, &argv, NULL);
  for (const RnnKernels *const *row = rnn_kernels_list (); *row; row++) {
    if (!(*row)->supported ())
      continue;
    for (guint i = 0; classes[i]; i++)
      add_tests (small_layer (classes[i]), *row);
    for (guint i = 0; i < G_N_ELEMENTS (variants) && !REGISTRY_ONLY; i++)
      add_tests (parse (variants[i]), *row);
  }
  if (!REGISTRY_ONLY)
    g_test_add_func ("/cells/errors", test_errors);
  return g_test_run ();
}
