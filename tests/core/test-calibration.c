/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Confidences that are worth what they say: fitted on some words, within a tenth of the diagonal on others. */
#include "base/rng.h"
#include "outputs/calibration.h"
#include "outputs/output.h"
#include <math.h>
#include <string.h>

#define N 4000

/* Words that are right with probability c^4 at confidence c, as decoders are too sure. */
static GArray *
hear (guint64 seed)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (RnnCalibrationPoint));
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (guint i = 0; i < N; i++) {
    gfloat c = rnn_rng_uniform (&rng);

    g_array_append_val (pairs, ((RnnCalibrationPoint) { c, rnn_rng_uniform (&rng) < powf (c, 4) }));
  }
  return pairs;
}

static gdouble
worst_decile (const GArray *pairs, const GArray *points)
{
  gdouble n[10] = { 0 }, x[10] = { 0 }, right[10] = { 0 }, worst = 0;

  for (guint i = 0; i < pairs->len; i++) {
    const RnnCalibrationPoint *p = &g_array_index (pairs, RnnCalibrationPoint, i);
    gfloat c = rnn_calibration_apply (points, p->from);
    gint d = MIN ((gint) (c * 10), 9);

    n[d]++;
    x[d] += c;
    right[d] += p->to;
  }
  for (gint d = 0; d < 10; d++)
    worst = n[d] >= 30 ? MAX (worst, fabs (x[d] - right[d]) / n[d]) : worst;
  return worst;
}

static void
test_diagonal (void)
{
  g_autoptr (GArray) pairs = hear (1), others = hear (2), points = rnn_calibration_fit (pairs);

  g_assert_cmpfloat (worst_decile (others, NULL), >, 0.3);
  g_assert_cmpfloat (worst_decile (others, points), <, 0.1);
}

/* Neither rises where the other falls, between the points and beyond them. */
static void
test_rises (void)
{
  g_autoptr (GArray) pairs = hear (3), points = rnn_calibration_fit (pairs);
  gfloat last = 0;

  for (gfloat c = -0.1f; c < 1.1f; c += 0.001f) {
    gfloat p = rnn_calibration_apply (points, c);

    g_assert_true (p >= last && p <= 1);
    last = p;
  }
  g_assert_cmpfloat (rnn_calibration_apply (NULL, 0.3f), ==, 0.3f);
}

static RnnOutput *
make_output (const json_t *list, GError **error)
{
  json_t *object = json_pack ("{sss[sss]sO}", "kind", "ctc", "tokens", "<blank>", "a", " ", "calibration", list);
  RnnOutput *output = rnn_output_new (object, 3, "some.json", error);

  json_decref (object);
  return output;
}

/* The table goes through a recipe, and a broken one is refused. */
static void
test_recipe (void)
{
  static const gchar *const broken[] = { "[]", "[[0.1, 0.2], [0.05, 0.3]]", "[[0.1, 0.2], [0.3, 0.1]]", "[[0, 1.5]]", "[[0]]", "[1]", "{}" };
  g_autoptr (GArray) pairs = hear (4), points = rnn_calibration_fit (pairs);
  json_t *list = rnn_calibration_to_json (points);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = make_output (list, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (output->calibration->len, ==, points->len);
  g_assert_cmpfloat_with_epsilon (rnn_calibration_apply (output->calibration, 0.7f), rnn_calibration_apply (points, 0.7f), 1e-6);
  json_decref (list);
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    json_t *bad = json_loads (broken[i], 0, NULL);

    g_assert_null (make_output (bad, &error));
    g_assert_nonnull (strstr (error->message, "some.json: \"calibration\""));
    g_clear_error (&error);
    json_decref (bad);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calibration/diagonal", test_diagonal);
  g_test_add_func ("/calibration/rises", test_rises);
  g_test_add_func ("/calibration/recipe", test_recipe);
  return g_test_run ();
}
