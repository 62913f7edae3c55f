/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A long silence: no state stays among the denormal numbers, which would make every later step slow, and the caller's arithmetic is
 * as it was. */
#include <float.h>
#include <math.h>
#include "base/rng.h"
#include "kernels/denormals.h"
#include "session/session.h"

#define N_IN 6
#define STEPS 64

static const gchar *const layers[] = {
  "{'cell': 'rwkv', 'version': '5.2', 'hidden': 6, 'heads': 2, 'blocks': 1}",
  "{'cell': 'rwkv', 'version': '6', 'hidden': 6, 'heads': 2, 'blocks': 1}",
  "{'cell': 'rwkv', 'version': '7', 'hidden': 6, 'heads': 2, 'blocks': 1}",
  "{'cell': 'retnet', 'heads': 3}",
  "{'cell': 'ssd', 'heads': 2}",
  "{'cell': 'indrnn', 'hidden': 6}",
};

static gboolean
can_flush (void)
{
  guint64 before = rnn_denormals_flush ();
  volatile gfloat least = FLT_MIN, half = least / 2;    /* before it is restored */

  rnn_denormals_restore (before);
  return half == 0;
}

static guint
count_denormal (RnnSession *session)
{
  gsize size = rnn_session_get_state_size (session);
  g_autofree gfloat *state = g_new (gfloat, size);
  guint n = 0;

  rnn_session_get_state (session, 0, state);
  for (gsize i = 0; i < size; i++)
    n += fpclassify (state[i]) == FP_SUBNORMAL;
  return n;
}

static void
test_silence (gconstpointer text)
{
  g_auto (GStrv) parts = g_strsplit (text, "'", -1);
  g_autofree gchar *quoted = g_strjoinv ("\"", parts);
  json_t *recipe = json_pack ("{s{sssi}s[o]}", "input", "kind", "tensors", "size", N_IN, "layers", json_loads (quoted, 0, NULL));
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 3, "silence", &error);
  g_autoptr (RnnSession) session = NULL;
  gfloat x[STEPS * N_IN];
  g_autofree gfloat *y = NULL;
  RnnRng rng;

  json_decref (recipe);
  g_assert_no_error (error);
  if (!can_flush ()) {
    g_test_skip ("denormal numbers stay what they are here");
    return;
  }
  session = rnn_session_new (model, 1, STEPS, RNN_PRECISION_F32, &error);
  g_assert_no_error (error);
  y = g_new (gfloat, STEPS * rnn_model_get_n_out (model));
  rnn_rng_seed (&rng, 4, 0);
  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    x[i] = rnn_rng_normal (&rng);
  rnn_session_run (session, STEPS, x, y);
  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    x[i] = 0;
  for (gint chunk = 0; chunk < 200; chunk++) {
    rnn_session_run (session, STEPS, x, y);
    g_assert_cmpuint (count_denormal (session), ==, 0);
  }
}

static void
test_restored (void)
{
  volatile gfloat least = FLT_MIN;
  guint64 before = rnn_denormals_flush ();

  rnn_denormals_restore (before);
  g_assert_cmpfloat (least / 2, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++) {
    g_autofree gchar *path = g_strdup_printf ("/silence/%u", i);

    g_test_add_data_func (path, layers[i], test_silence);
  }
  g_test_add_func ("/silence/restored", test_restored);
  return g_test_run ();
}
