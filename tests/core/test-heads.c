/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every distribution among the outputs: its gradient is that of its loss, its quantiles share the loss's density, samples have its
 * mean, missing values do not count.  The rows below are all there is to add for a new one. */
#include "base/error.h"
#include "kernels/kernels.h"
#include "outputs/head.h"
#include "outputs/output.h"
#include <float.h>
#include <math.h>
#include <string.h>

static const gchar *const rows[] = {
  "{\"kind\": \"gaussian\", \"values\": 3}",
  "{\"kind\": \"laplace\", \"values\": 3}",
  "{\"kind\": \"student-t\", \"values\": 3}",
  "{\"kind\": \"poisson\", \"values\": 3}",
  "{\"kind\": \"negative-binomial\", \"values\": 3}",
  "{\"kind\": \"mixture\", \"components\": 3, \"values\": 3}",
  "{\"kind\": \"mixture\", \"components\": 1, \"values\": 3}",
  "{\"kind\": \"quantiles\", \"levels\": [0.05, 0.3, 0.5, 0.8, 0.95], \"values\": 3}",
  "{\"kind\": \"quantiles\", \"levels\": [0.5], \"values\": 3}",
};

#define VALUES 3
#define STEPS 4

typedef struct {
  RnnOutput *output;
  const RnnHead *head;
  gfloat y[STEPS * VALUES * RNN_HEAD_MAX_PARAMS], dy[STEPS * VALUES * RNN_HEAD_MAX_PARAMS], truth[STEPS * VALUES];
} Fixture;

static RnnOutput *
output_new (const gchar *text, gint n, GError **error)
{
  json_t *object = json_loads (text, 0, NULL);
  RnnOutput *output;

  g_assert_nonnull (object);
  output = rnn_output_new (object, n, "r.json: output", error);
  json_decref (object);
  return output;
}

static void
fixture_init (Fixture *f, const gchar *text)
{
  g_autoptr (GError) error = NULL;
  RnnRng rng;

  memset (f, 0, sizeof (Fixture));
  f->output = output_new (text, 0, &error);
  g_assert_no_error (error);
  f->head = rnn_head_from_output (f->output);
  g_assert_nonnull (f->head);
  rnn_rng_seed (&rng, 5, 1);
  for (gint i = 0; i < STEPS * f->output->n; i++)
    f->y[i] = 1.5f * rnn_rng_normal (&rng);
  for (gint i = 0; i < STEPS * VALUES; i++)
    f->truth[i] = f->head->head->counts ? rnn_rng_below (&rng, 6) : 2 * rnn_rng_normal (&rng);
  f->truth[4] = NAN;
}

static RnnAnswer
get_answer (Fixture *f, gboolean gradient)
{
  return (RnnAnswer) {
    .labels = { .values = f->truth, .n_rows = STEPS, .n_values = VALUES, .ld = VALUES, .stride = 1 }, .steps = STEPS,
    .y = f->y, .dy = gradient ? f->dy : NULL, .ld = (gsize) f->output->n, .scale = 1,
  };
}

static void
test_gradient (gconstpointer text)
{
  Fixture f;
  RnnAnswer answer;
  gfloat loss;

  fixture_init (&f, text);
  answer = get_answer (&f, TRUE);
  loss = rnn_output_loss (f.output, &answer);
  g_assert_true (isfinite (loss));
  answer.dy = NULL;
  for (gint i = 0; i < STEPS * f.output->n; i++) {
    gfloat y = f.y[i], step = 4e-3f, up, down;

    f.y[i] = y + step;
    up = rnn_output_loss (f.output, &answer);
    f.y[i] = y - step;
    down = rnn_output_loss (f.output, &answer);
    f.y[i] = y;
    g_assert_cmpfloat_with_epsilon (f.dy[i], (up - down) / (2 * step), 2e-3);
  }
  rnn_output_free (f.output);
}

/* What of the loss is a likelihood is a density: it adds up to 1, and below a quantile to its level. */
static void
test_density (gconstpointer text)
{
  Fixture f;

  fixture_init (&f, text);
  for (gint i = 0; i < VALUES && f.head->n_levels == 0; i++) {
    gdouble raw[RNN_HEAD_MAX_PARAMS], sum = 0, mean = 0, step = f.head->head->counts ? 1 : 2e-3;
    gdouble low = f.head->head->counts ? 0 : -60, median = rnn_head_quantile (f.head, f.y, i, 0.5), below = 0;

    for (gint p = 0; p < f.head->n_params; p++)
      raw[p] = f.y[p * VALUES + i];
    for (gdouble y = low; y < (f.head->head->counts ? 3000 : 60); y += step) {
      gdouble p = exp (-f.head->head->loss (f.head, raw, y, NULL)) * step;

      sum += p;
      mean += p * y;
      below += y <= median ? p : 0;
    }
    g_assert_cmpfloat_with_epsilon (sum, 1, 5e-3);
    g_assert_cmpfloat_with_epsilon (mean, rnn_head_mean (f.head, f.y, i), 0.05);
    g_assert_cmpfloat (below, >, 0.494);
    if (!f.head->head->counts)
      g_assert_cmpfloat (below, <, 0.506);
  }
  rnn_output_free (f.output);
}

/* All medians and deviations at once are those of the quantiles, one by one. */
static void
test_spread (gconstpointer text)
{
  static const gfloat sizes[] = { 0.2f, 1, 5, 30 };
  Fixture f;

  fixture_init (&f, text);
  for (guint k = 0; k < G_N_ELEMENTS (sizes); k++) {
    gfloat y[VALUES * RNN_HEAD_MAX_PARAMS], median[VALUES], scale[VALUES];

    for (gint i = 0; i < f.output->n; i++)
      y[i] = sizes[k] * f.y[i];
    rnn_head_spread (f.head, y, median, scale);
    for (gint i = 0; i < VALUES; i++) {
      gdouble wide = (rnn_head_quantile (f.head, y, i, 1 - RNN_HEAD_BELOW) - rnn_head_quantile (f.head, y, i, RNN_HEAD_BELOW)) / 2;
      gdouble middle = rnn_head_quantile (f.head, y, i, 0.5);

      g_assert_cmpfloat_with_epsilon (median[i], middle, 1e-5 * (fabs (middle) + wide) + 1e-9);
      if (f.head->components == 0 && !f.head->head->counts)
        g_assert_cmpfloat_with_epsilon (scale[i], wide, 1e-5 * wide + 1e-9);
      else                      /* the standard deviation */
        g_assert_true (isfinite (scale[i]) && scale[i] > 0 && wide < 3 * scale[i]);
    }
  }
  rnn_output_free (f.output);
}

/* Does half of the distribution lie on both sides of @median, but for what floats and approximations are off by? */
static gboolean
is_median (const RnnHead *h, const gdouble *raw, gdouble median)
{
  gdouble room = 2 * FLT_EPSILON * fabs (median) + FLT_MIN, off = h->components ? 1e-6 : 1e-4;

  if (h->head->counts)
    return h->head->cdf (h, raw, median) > 0.5 - off && h->head->cdf (h, raw, median - 1) < 0.5 + off;
  return h->head->cdf (h, raw, median + room) > 0.5 - off && h->head->cdf (h, raw, median - room) < 0.5 + off;
}

/* Parameters of any size; counts of any mean */
static void
draw_parameters (const RnnHead *h, RnnRng *rng, gfloat *y, gint i)
{
  static const gfloat sizes[] = { -20, -4, -1, 0.5f, 2, 9, 40 }, many[] = { 15, 300, 5000, 9000 };

  for (gint p = 0; p < h->n_params; p++)
    y[p * VALUES + i] = sizes[rnn_rng_below (rng, G_N_ELEMENTS (sizes))] + 0.3f * rnn_rng_normal (rng);
  if (h->head->counts && rnn_rng_below (rng, 2) == 0)
    y[i] = many[rnn_rng_below (rng, G_N_ELEMENTS (many))] + 0.3f * rnn_rng_normal (rng);
}

/* All rows of the kernels find medians of parameters of all sizes. */
static void
test_medians (gconstpointer text)
{
  const RnnKernels *used = rnn_kernels ();
  Fixture f;
  RnnRng rng;

  fixture_init (&f, text);
  for (const RnnKernels *const *k = rnn_kernels_list (); *k && f.head->head->cdf; k++) {
    if (!(*k)->supported ())
      continue;
    rnn_kernels_use (*k);
    rnn_rng_seed (&rng, 6, 1);
    for (guint n = 0; n < 1000; n++) {
      gfloat y[VALUES * RNN_HEAD_MAX_PARAMS], median[VALUES], scale[VALUES];
      gdouble raw[RNN_HEAD_MAX_PARAMS];

      for (gint i = 0; i < VALUES; i++)
        draw_parameters (f.head, &rng, y, i);
      rnn_head_spread (f.head, y, median, scale);
      for (gint i = 0; i < VALUES; i++) {
        for (gint p = 0; p < f.head->n_params; p++)
          raw[p] = y[p * VALUES + i];
        g_assert_true (scale[i] >= 0 && is_median (f.head, raw, median[i]));
      }
    }
  }
  rnn_kernels_use (used);
  rnn_output_free (f.output);
}

/* A quantile's cdf is its level, or the first that is not below it. */
static void
test_inverse (gconstpointer text)
{
  static const gdouble levels[] = { 1e-9, 1e-4, 0.1, 0.5, 0.77, 0.999, 1 - 1e-7 };
  Fixture f;
  RnnRng rng;

  fixture_init (&f, text);
  rnn_rng_seed (&rng, 7, 1);
  for (guint n = 0; n < 300 && f.head->head->cdf; n++) {
    gfloat y[VALUES * RNN_HEAD_MAX_PARAMS];
    gdouble raw[RNN_HEAD_MAX_PARAMS];

    draw_parameters (f.head, &rng, y, 0);
    for (gint p = 0; p < f.head->n_params; p++)
      raw[p] = y[p * VALUES];
    for (guint k = 0; k < G_N_ELEMENTS (levels); k++) {
      gdouble q = rnn_head_quantile (f.head, y, 0, levels[k]), room = f.head->head->counts ? 1 : 1e-12 * fabs (q);

      g_assert_cmpfloat (f.head->head->cdf (f.head, raw, q + (f.head->head->counts ? 0 : room)), >, levels[k] * (1 - 1e-7) - 1e-15);
      g_assert_cmpfloat (f.head->head->cdf (f.head, raw, q - room), <, levels[k] * (1 + 1e-7));
    }
  }
  rnn_output_free (f.output);
}

static void
test_quantiles (gconstpointer text)
{
  Fixture f;
  RnnRng rng;

  fixture_init (&f, text);
  rnn_rng_seed (&rng, 1, 2);
  for (gint i = 0; i < VALUES; i++) {
    gdouble last = -INFINITY, below = 0, q20 = rnn_head_quantile (f.head, f.y, i, 0.2);

    for (gdouble level = 0.01; level < 1; level += 0.02) {
      gdouble q = rnn_head_quantile (f.head, f.y, i, level);

      g_assert_true (isfinite (q));
      g_assert_cmpfloat (q, >=, last);
      last = q;
    }
    for (guint n = 0; n < 4000; n++)
      below += rnn_head_sample (f.head, f.y, i, &rng) <= q20;
    if (f.head->head->counts || f.head->n_levels == 1)
      g_assert_cmpfloat (below / 4000, >, 0.17);
    else
      g_assert_cmpfloat_with_epsilon (below / 4000, 0.2, 0.03);
  }
  rnn_output_free (f.output);
}

/* Numbers of any size: the loss may be infinite, but is a number while it is finite for the truth. */
static void
test_extremes (gconstpointer text)
{
  static const gfloat sizes[] = { -80, -20, 0, 20, 80 };
  Fixture f;

  fixture_init (&f, text);
  for (guint k = 0; k < G_N_ELEMENTS (sizes); k++) {
    RnnAnswer answer = get_answer (&f, TRUE);

    for (gint i = 0; i < STEPS * f.output->n; i++)
      f.y[i] = i / VALUES % f.head->n_params == 0 ? 0 : sizes[k];
    g_assert_false (isnan (rnn_output_loss (f.output, &answer)));
  }
  rnn_output_free (f.output);
}

static void
test_refuse (void)
{
  static const struct {
    const gchar *text;
    gint n;
    const gchar *message;
  } cases[] = {
    { "{\"kind\": \"gaussian\"}", 5, "the layers give 5 values, but 'gaussian' has 2 parameters for each of its values" },
    { "{\"kind\": \"gaussian\", \"values\": 3}", 4, "the layers give 4 values" },
    { "{\"kind\": \"gaussian\", \"values\": 0}", 4, "\"values\" must be 1 to 1048576" },
    { "{\"kind\": \"quantiles\"}", 4, "\"levels\" must be 1 to 64 rising numbers" },
    { "{\"kind\": \"quantiles\", \"levels\": [0.5, 0.5]}", 4, "\"levels\" must be 1 to 64 rising numbers" },
    { "{\"kind\": \"quantiles\", \"levels\": [0.5, 1]}", 4, "\"levels\" must be 1 to 64 rising numbers" },
    { "{\"kind\": \"quantiles\", \"levels\": [\"a\"]}", 4, "\"levels\" must be 1 to 64 rising numbers" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (output_new (cases[i].text, cases[i].n, &error));
    g_assert_true (error && strstr (error->message, cases[i].message));
  }
}

static void
test_counts (void)
{
  Fixture f;
  const gchar *reason = NULL;
  RnnAnswer answer;

  fixture_init (&f, "{\"kind\": \"poisson\", \"values\": 3}");
  answer = get_answer (&f, FALSE);
  g_assert_true (rnn_output_accepts (f.output, &answer.labels, &reason));
  f.truth[7] = 1.5f;
  g_assert_false (rnn_output_accepts (f.output, &answer.labels, &reason));
  g_assert_cmpstr (reason, ==, "a target is no count");
  rnn_output_free (f.output);
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *name;
    GTestDataFunc func;
  } tests[] = {
    { "gradient", test_gradient }, { "density", test_density }, { "quantiles", test_quantiles },
    { "spread", test_spread }, { "medians", test_medians },
    { "inverse", test_inverse },
    { "extremes", test_extremes },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint j = 0; j < G_N_ELEMENTS (tests); j++) {
      g_autofree gchar *name = g_strdup_printf ("/heads/%u/%s", i, tests[j].name);

      g_test_add_data_func (name, rows[i], tests[j].func);
    }
  g_test_add_func ("/heads/refuse", test_refuse);
  g_test_add_func ("/heads/counts", test_counts);
  return g_test_run ();
}
