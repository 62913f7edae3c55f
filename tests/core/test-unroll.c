/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model that hears itself: with given inputs it is the model as it always runs; its gradient, through states and through
 * what it heard, against finite differences; feeding by hand. */
#include "session/session.h"
#include "train-toy.h"
#include "train/unroll.h"
#include <math.h>

#define T 7
#define B 3

static const gchar recipe[] =
    "{\"input\": {\"kind\": \"tensors\", \"size\": 2}, \"layers\": [{\"cell\": \"gru\", \"name\": \"rnn\", \"hidden\": 4},"
    " {\"cell\": \"dense\", \"name\": \"out\", \"units\": 2}]}";

static void
fill (RnnUnroll *u, gfloat *weights)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 0);
  for (guint i = 0; i < T * B * 2; i++)
    u->x[i] = rnn_rng_normal (&rng);
  for (guint i = 0; i < T * B * 2; i++)
    weights[i] = rnn_rng_normal (&rng);
}

/* Any function of the answers has a gradient: here a weighted sum of their squares. */
static gdouble
loss (RnnUnroll *u, const gfloat *weights)
{
  gdouble sum = 0;

  rnn_unroll_forward (u);
  for (guint i = 0; i < T * B * 2; i++) {
    sum += weights[i] * u->y[i] * u->y[i];
    u->dy[i] = 2 * weights[i] * u->y[i];
  }
  return sum;
}

static void
test_gradient (gconstpointer data)
{
  g_autoptr (RnnModel) model = toy_model (recipe, 1);
  gsize n = rnn_model_get_n_params (model);
  gfloat *p = rnn_model_get_params (model), weights[T * B * 2];
  RnnUnroll u;

  rnn_model_pack (model, TRUE);
  rnn_unroll_init (&u, model, T, B);
  fill (&u, weights);
  for (guint t = 2; t < T; t++)
    u.own[t] = data != NULL && t != 4;
  loss (&u, weights);
  rnn_unroll_backward (&u);
  for (gsize i = 0; i < n; i++) {
    const gfloat was = p[i], h = 3e-3f;
    gdouble up, down;

    p[i] = was + h;
    rnn_model_pack (model, TRUE);
    up = loss (&u, weights);
    p[i] = was - h;
    rnn_model_pack (model, TRUE);
    down = loss (&u, weights);
    p[i] = was;
    g_assert_cmpfloat_with_epsilon (u.grad[i], (up - down) / (2 * h), 5e-3);
  }
  rnn_unroll_clear (&u);
}

static void
test_given (void)
{
  g_autoptr (RnnModel) model = toy_model (recipe, 1);
  g_autoptr (RnnSession) session = NULL;
  gfloat weights[T * B * 2], y[T * B * 2];
  RnnUnroll u;

  rnn_model_pack (model, TRUE);
  rnn_unroll_init (&u, model, T, B);
  fill (&u, weights);
  rnn_unroll_forward (&u);
  session = rnn_session_new (model, B, T, RNN_PRECISION_F32, NULL);
  rnn_session_run (session, T, u.x, y);
  g_assert_cmpmem (u.y, sizeof (y), y, sizeof (y));
  rnn_unroll_clear (&u);
}

static void
negate (guint t, guint n_streams, const gfloat *y, gfloat *x, gpointer calls)
{
  for (guint i = 0; i < n_streams * 2; i++)
    x[i] = -y[i];
  ++*(guint *) calls;
}

static void
test_feed (void)
{
  g_autoptr (RnnModel) model = toy_model (recipe, 1);
  gfloat weights[T * B * 2];
  guint calls = 0;
  RnnUnroll u;

  rnn_model_pack (model, TRUE);
  rnn_unroll_init (&u, model, T, B);
  fill (&u, weights);
  u.feed = negate;
  u.data = &calls;
  u.own[3] = u.own[4] = TRUE;
  rnn_unroll_forward (&u);
  g_assert_cmpuint (calls, ==, 2);
  for (guint i = 0; i < B * 2; i++)
    g_assert_cmpfloat (u.x[3 * B * 2 + i], ==, -u.y[2 * B * 2 + i]);
  rnn_unroll_clear (&u);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/unroll/gradient-given", NULL, test_gradient);
  g_test_add_data_func ("/unroll/gradient-own", "own", test_gradient);
  g_test_add_func ("/unroll/given", test_given);
  g_test_add_func ("/unroll/feed", test_feed);
  return g_test_run ();
}
