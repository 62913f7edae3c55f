/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every output of the registry has to do: its gradient against finite differences, with rows apart and a scale;
 * unknown values that teach nothing; pooling; names and sizes.  And what single kinds promise. */
#include "outputs/output.h"
#include "outputs/pooling.h"
#include "outputs/strokes.h"
#include "base/rng.h"
#include <math.h>
#include <string.h>

#define N 4                     /* numbers of an output by itself */
#define STEPS 6
#define LD 20                   /* more than any output here has */

/* Objects of kinds that need more than a size, or several numbers for each value. */
static const struct {
  const gchar *kind, *text;
} objects[] = {
  { "heads", "{\"kind\": \"heads\", \"heads\": [{\"kind\": \"ctc\", \"size\": 5}, {\"kind\": \"ctc\", \"size\": 4, \"weight\": 0.5},"
      " {\"kind\": \"classes\", \"size\": 3, \"weight\": 2}, {\"kind\": \"tags\", \"size\": 2, \"pooling\": \"mean\"}]}" },
  { "gaussian", "{\"kind\": \"gaussian\", \"values\": 2%s}" },
  { "laplace", "{\"kind\": \"laplace\", \"values\": 2%s}" },
  { "mixture", "{\"kind\": \"mixture\", \"values\": 2%s}" },
  { "negative-binomial", "{\"kind\": \"negative-binomial\", \"values\": 2%s}" },
  { "poisson", "{\"kind\": \"poisson\", \"values\": 2%s}" },
  { "quantiles", "{\"kind\": \"quantiles\", \"values\": 2, \"levels\": [0.1, 0.5, 0.9]%s}" },
  { "strokes", "{\"kind\": \"strokes\", \"size\": 15%s}" },
  { "student-t", "{\"kind\": \"student-t\", \"values\": 2%s}" },
};

static RnnOutput *
parse (const gchar *text, gint n, GError **error)
{
  json_t *object = json_loads (text, 0, NULL);
  RnnOutput *output;

  g_assert_nonnull (object);
  output = rnn_output_new (object, n, "test", error);
  json_decref (object);
  return output;
}

static RnnOutput *
make (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  RnnOutput *output = parse (text, 0, &error);

  g_assert_no_error (error);
  return output;
}

static gchar *
object_of (const gchar *kind, const gchar *pooling)
{
  g_autofree gchar *more = pooling ? g_strdup_printf (", \"pooling\": \"%s\"", pooling) : g_strdup ("");

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    if (g_str_equal (objects[i].kind, kind)) {
      g_auto (GStrv) halves = g_strsplit (objects[i].text, "%s", 2);

      return g_strjoinv (more, halves);
    }
  return g_strdup_printf ("{\"kind\": \"%s\", \"size\": %d%s}", kind, N, more);
}

/* ---- an example and a model's answers to it ---- */

typedef struct {
  gint ids[2][2];
  RnnSequence texts[2];
  gfloat values[STEPS * 8];
  gfloat y[STEPS * LD], dy[STEPS * LD], scratch[4096];
  RnnAnswer answer;
} Example;

/* Numbers that every kind takes: 0 is a class, a tag, a value. */
static void
example_init (Example *e, const RnnOutput *output, guint64 seed)
{
  RnnRng rng;

  memset (e, 0, sizeof (Example));
  rnn_rng_seed (&rng, seed, 0);
  for (guint i = 0; i < G_N_ELEMENTS (e->y); i++)
    e->y[i] = 1.5f * rnn_rng_normal (&rng);
  for (guint i = 0; i < G_N_ELEMENTS (e->values); i++)
    e->values[i] = (gfloat) rnn_rng_below (&rng, 2);
  for (gint i = 0; i < 2; i++) {
    e->ids[i][0] = 1 + (gint) rnn_rng_below (&rng, 3);
    e->ids[i][1] = 1 + (gint) rnn_rng_below (&rng, 3);
    e->texts[i] = (RnnSequence) { 2, e->ids[i] };
  }
  g_assert_cmpint (output->n, <=, LD - 1);
  g_assert_cmpint (output->n_values, <=, 8);
  e->answer = (RnnAnswer) {
    .labels = { .n_rows = STEPS, .n_values = output->n_values, .ld = 8, .stride = 1 }, .steps = STEPS, .y = e->y, .ld = LD,
    .scale = 1, .scratch = e->scratch };
  if (output->n_values)
    e->answer.labels.values = e->values;
  if (output->klass->label == RNN_LABEL_TEXT || output->klass->head) {
    e->answer.labels.texts = e->texts;
    e->answer.labels.n_texts = output->klass->head ? 2 : 1;
  }
}

static gfloat
loss_of (const RnnOutput *output, Example *e, gfloat scale)
{
  memset (e->dy, 0, sizeof (e->dy));
  e->answer.dy = scale != 0 ? e->dy : NULL;
  e->answer.scale = scale;
  g_assert_cmpuint (rnn_output_scratch (output, &e->answer.labels, STEPS), <=, G_N_ELEMENTS (e->scratch));
  return rnn_output_loss (output, &e->answer);
}

static void
check_gradient (const RnnOutput *output, Example *e)
{
  const gfloat h = 1e-2f;
  const gchar *reason = NULL;
  gfloat dy[STEPS * LD], loss = loss_of (output, e, 0.5f);

  g_assert_true (rnn_output_accepts (output, &e->answer.labels, &reason));
  g_assert_true (isfinite (loss));
  g_assert_cmpfloat (loss, ==, loss_of (output, e, 0));
  loss_of (output, e, 0.5f);
  memcpy (dy, e->dy, sizeof (dy));
  for (gint i = 0; i < STEPS * LD; i++) {
    gfloat was = e->y[i];
    gdouble up, down, left, right, error;

    e->y[i] = was + h;
    up = loss_of (output, e, 0);
    e->y[i] = was - h;
    down = loss_of (output, e, 0);
    e->y[i] = was;
    left = 0.5 * (loss - down) / h;     /* a loss may have a bend there, and any slope between the two */
    right = 0.5 * (up - loss) / h;
    error = MIN (fabs (dy[i] - (left + right) / 2), MAX (MIN (left, right) - dy[i], dy[i] - MAX (left, right)));
    g_assert_cmpfloat (error, <, 2e-3 + 2e-3 * fabs (dy[i]));
    if (i % LD >= output->n)
      g_assert_cmpfloat (dy[i], ==, 0);
  }
}

static void
test_gradient (gconstpointer data)
{
  g_autofree gchar *text = object_of (data, NULL);
  g_autoptr (RnnOutput) output = make (text);
  Example e;

  for (guint64 seed = 1; seed <= 3; seed++) {
    example_init (&e, output, seed);
    check_gradient (output, &e);
  }
}

/* A step of which nothing is known: as if it were not there, whatever the model says to it. */
static void
test_unknown (gconstpointer data)
{
  g_autofree gchar *text = object_of (data, NULL);
  g_autoptr (RnnOutput) output = make (text);
  gfloat loss, without;
  Example e;

  if (output->klass->label == RNN_LABEL_TEXT || output->klass->head)
    return;
  example_init (&e, output, 1);
  for (gint i = 0; i < output->n_values; i++)
    e.values[2 * 8 + i] = NAN;
  loss = loss_of (output, &e, 1);
  g_assert_true (isfinite (loss));
  for (gint i = 0; i < output->n; i++) {
    g_assert_cmpfloat (e.dy[2 * LD + i], ==, 0);
    e.y[2 * LD + i] += 5;
  }
  without = loss_of (output, &e, 1);
  g_assert_cmpfloat (loss, ==, without);
  check_gradient (output, &e);

  for (guint i = 0; i < G_N_ELEMENTS (e.values); i++)
    e.values[i] = NAN;
  g_assert_true (isinf (loss_of (output, &e, 1)));
  for (guint i = 0; i < G_N_ELEMENTS (e.dy); i++)
    g_assert_cmpfloat (e.dy[i], ==, 0);
}

static gdouble
measure_of (const RnnOutput *output, const Example *e)
{
  g_autoptr (GError) error = NULL;
  RnnMeasure measure;
  gdouble value;

  g_assert_true (rnn_measure_init (&measure, output, &error));
  g_assert_no_error (error);
  rnn_measure_add (&measure, &e->answer);
  value = measure.errors / measure.total;
  rnn_measure_clear (&measure);
  rnn_measure_clear (&measure);
  return value;
}

/* Perfect answers, and a word for how good they are. */
static void
test_metric (gconstpointer data)
{
  g_autofree gchar *text = object_of (data, NULL), *words = NULL;
  g_autoptr (RnnOutput) output = make (text);
  const RnnMetric *metric = &rnn_output_primary (output)->klass->metric;
  Example e;

  g_assert_nonnull (metric->name);
  g_assert_nonnull (rnn_output_primary (output)->klass->unlearnt);
  words = rnn_output_describe_metric (output, 0.25);
  g_assert_true (g_str_has_prefix (words, metric->name));
  g_assert_true (g_str_has_suffix (words, metric->percent ? " 25.0 %" : " 0.25"));
  example_init (&e, output, 1);
  if (output->klass->label == RNN_LABEL_TEXT || output->klass->head)
    g_assert_true (isnan (measure_of (output, &e)));    /* tokens without names */
  else
    g_assert_true (isfinite (measure_of (output, &e)));
}

/* ---- pooling ---- */

static gboolean
can_pool (const RnnOutputClass *klass)
{
  for (const RnnOption *o = klass->options; o && o->name; o++)
    if (g_str_equal (o->name, "pooling"))
      return TRUE;
  return FALSE;
}

/* The label of the whole is the last row that knows anything. */
static void
test_pooling (gconstpointer data)
{
  for (const gchar *const *pooling = rnn_pooling_names + 1; *pooling; pooling++) {
    g_autofree gchar *text = object_of (data, *pooling), *plain = object_of (data, NULL);
    g_autoptr (RnnOutput) output = make (text), single = make (plain);
    gfloat one[LD], loss;
    Example e, first;

    example_init (&e, output, 7);
    for (gint t = 0; t < STEPS; t++)
      for (gint i = 0; i < output->n_values && t != 3; i++)
        e.values[t * 8 + i] = NAN;
    check_gradient (output, &e);
    loss = loss_of (output, &e, 1);

    rnn_pool_steps (output->pooling, STEPS, output->n, e.y, LD, one);
    first = e;
    first.answer.steps = 1;
    first.answer.y = one;
    first.answer.dy = NULL;
    first.answer.labels.values = e.values + 3 * 8;
    first.answer.scratch = first.scratch;
    g_assert_cmpfloat (loss, ==, rnn_output_loss (single, &first.answer));
    g_assert_cmpfloat (measure_of (output, &e), ==, measure_of (single, &first));
  }
}

#ifndef REGISTRY_ONLY
static void
test_pool_values (void)
{
  const gfloat y[] = { 1, 9, -3, 9, 5, 9 };
  gfloat out[1];

  rnn_pool_steps (RNN_POOLING_LAST, 3, 1, y, 2, out);
  g_assert_cmpfloat (*out, ==, 5);
  rnn_pool_steps (RNN_POOLING_MEAN, 3, 1, y, 2, out);
  g_assert_cmpfloat (*out, ==, 1);
  rnn_pool_steps (RNN_POOLING_MAX, 2, 1, y, 2, out);
  g_assert_cmpfloat (*out, ==, 1);
}

/* ---- heads ---- */

static void
test_heads (void)
{
  g_autoptr (RnnOutput) heads = make (objects[0].text), first = make ("{\"kind\": \"ctc\", \"size\": 5}");
  g_autoptr (RnnOutput) second = make ("{\"kind\": \"ctc\", \"size\": 4}"), third = make ("{\"kind\": \"classes\", \"size\": 3}");
  g_autoptr (RnnOutput) fourth = make ("{\"kind\": \"tags\", \"size\": 2, \"pooling\": \"mean\"}");
  const gchar *reason = NULL;
  gdouble sum = 0;
  Example e, one;

  g_assert_cmpint (heads->n, ==, 14);
  g_assert_cmpint (heads->n_values, ==, 3);
  g_assert_cmpint (rnn_output_primary (heads)->n, ==, 5);
  example_init (&e, heads, 3);
  one = e;
  one.answer.y = one.y;
  one.answer.scratch = one.scratch;
  one.answer.labels.n_texts = 1;
  sum += rnn_output_loss (first, &one.answer);
  one.answer.y = one.y + 5;
  one.answer.labels.texts = e.texts + 1;
  sum += 0.5 * rnn_output_loss (second, &one.answer);
  one.answer.y = one.y + 9;
  one.answer.labels.n_values = 1;
  one.answer.labels.values = e.values;
  sum += 2 * rnn_output_loss (third, &one.answer);
  one.answer.y = one.y + 12;
  one.answer.labels.n_values = 2;
  one.answer.labels.values = e.values + 1;
  sum += rnn_output_loss (fourth, &one.answer);
  g_assert_cmpfloat_with_epsilon (loss_of (heads, &e, 1), sum, 1e-5);

  /* without the second text, its head learns nothing and says nothing against the others */
  e.answer.labels.n_texts = 1;
  g_assert_true (rnn_output_accepts (heads, &e.answer.labels, &reason));
  check_gradient (heads, &e);
  for (gint t = 0; t < STEPS; t++)
    for (gint i = 5; i < 9; i++)
      g_assert_cmpfloat (e.dy[t * LD + i], ==, 0);
  e.answer.labels.n_texts = 0;
  g_assert_false (rnn_output_accepts (heads, &e.answer.labels, &reason));
  g_assert_nonnull (reason);
}

/* The first head's words are what is measured. */
static void
test_heads_metric (void)
{
  g_autoptr (RnnOutput) heads = make ("{\"kind\": \"heads\", \"heads\": [{\"kind\": \"ctc\", \"tokens\": [\"-\", \" \", \"a\", \"b\"]},"
      " {\"kind\": \"ctc\", \"size\": 4}]}");
  Example e;

  example_init (&e, heads, 3);
  e.ids[0][0] = 2;
  e.ids[0][1] = 3;
  memset (e.y, 0, sizeof (e.y));
  for (gint t = 0; t < STEPS; t++)
    e.y[t * LD + (t == 1 ? 2 : t == 4 ? 3 : 0)] = 20;
  g_assert_cmpfloat (measure_of (heads, &e), ==, 0);
  e.y[4 * LD + 3] = -20;
  g_assert_cmpfloat (measure_of (heads, &e), ==, 1);
}

/* ---- what recipes may not say ---- */

static void
test_refused (void)
{
  static const struct {
    const gchar *text, *message;
    gint n;
  } wrong[] = {
    { "{\"kind\": \"captions\"}", "\"kind\" must be one of", 3 },
    { "{\"size\": 3}", "\"kind\" must be one of", 3 },
    { "{\"kind\": \"ctc\", \"tokens\": [\"-\", \"a\"]}", "the layers give 3 values", 3 },
    { "{\"kind\": \"ctc\", \"tokens\": [\"-\", \"a\"], \"blank\": 2}", "\"blank\"", 2 },
    { "{\"kind\": \"ctc\", \"tokens\": [\"-\", 1]}", "list of strings", 2 },
    { "{\"kind\": \"classes\", \"labels\": {}}", "list of strings", 2 },
    { "{\"kind\": \"classes\", \"tokens\": [\"a\", \"b\"]}", "tokens", 2 },
    { "{\"kind\": \"classes\", \"pooling\": \"median\"}", "pooling", 2 },
    { "{\"kind\": \"classes\", \"size\": 4}", "the layers give 2 values", 2 },
    { "{\"kind\": \"classes\", \"weight\": -1}", "weight", 2 },
    { "{\"kind\": \"regression\"}", "size", 0 },
    { "{\"kind\": \"heads\"}", "\"heads\" must be", 2 },
    { "{\"kind\": \"heads\", \"heads\": [{\"kind\": \"tags\"}]}", "head 1: a \"size\" is missing", 2 },
    { "{\"kind\": \"heads\", \"heads\": [{\"kind\": \"tags\", \"size\": 3}]}", "the layers give 2 values", 2 },
    { "{\"kind\": \"heads\", \"heads\": [{\"kind\": \"heads\", \"heads\": [{\"kind\": \"tags\", \"size\": 2}]}]}", "no heads", 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", wrong[i].text);
    g_assert_null (parse (wrong[i].text, wrong[i].n, &error));
    g_assert_nonnull (strstr (error->message, wrong[i].message));
    g_assert_true (g_str_has_prefix (error->message, "test: "));
  }
}

/* Strokes are drawn as the model says: means, deviations and correlation, and what the pen does. */
static void
test_strokes_draw (void)
{
  g_autoptr (RnnOutput) output = make ("{\"kind\": \"strokes\", \"size\": 9}");
  const gfloat y[] = { 0, logf (3), -20, 0, 2, -1, logf (0.5f), logf (2), atanhf (0.6f) };
  gdouble sum[6] = { 0 };       /* x, y, xx, yy, xy, lifted */
  gfloat stroke[RNN_STROKE];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (gint i = 0; i < 20000; i++) {
    rnn_strokes_draw (output, y, 1, &rng, stroke);
    sum[0] += stroke[0] - 2;
    sum[1] += stroke[1] + 1;
    sum[2] += (stroke[0] - 2) * (stroke[0] - 2);
    sum[3] += (stroke[1] + 1) * (stroke[1] + 1);
    sum[4] += (stroke[0] - 2) * (stroke[1] + 1);
    sum[5] += stroke[3];
  }
  for (guint i = 0; i < G_N_ELEMENTS (sum); i++)
    sum[i] /= 20000;
  g_assert_cmpfloat (fabs (sum[0]), <, 0.02);
  g_assert_cmpfloat (fabs (sum[1]), <, 0.06);
  g_assert_cmpfloat (fabs (sum[2] - 0.25), <, 0.01);
  g_assert_cmpfloat (fabs (sum[3] - 4), <, 0.16);
  g_assert_cmpfloat (fabs (sum[4] - 0.6), <, 0.04);
  g_assert_cmpfloat (fabs (sum[5] - 0.75), <, 0.02);
  rnn_strokes_draw (output, y, 0, &rng, stroke);        /* what is most probable */
  g_assert_true (stroke[0] == 2 && stroke[1] == -1 && stroke[3] == 1);
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const RnnOutputClass *const *k = rnn_output_kinds (); *k; k++) {
    const gchar *name = (*k)->name;
    g_autofree gchar *gradient = g_strdup_printf ("/outputs/%s/gradient", name);
    g_autofree gchar *unknown = g_strdup_printf ("/outputs/%s/unknown", name);
    g_autofree gchar *metric = g_strdup_printf ("/outputs/%s/metric", name);
    g_autofree gchar *pooling = g_strdup_printf ("/outputs/%s/pooling", name);

    g_test_add_data_func (gradient, name, test_gradient);
    g_test_add_data_func (unknown, name, test_unknown);
    g_test_add_data_func (metric, name, test_metric);
    if (can_pool (*k))
      g_test_add_data_func (pooling, name, test_pooling);
  }
#ifndef REGISTRY_ONLY
  g_test_add_func ("/outputs/pool-values", test_pool_values);
  g_test_add_func ("/outputs/heads/parts", test_heads);
  g_test_add_func ("/outputs/heads/first-is-measured", test_heads_metric);
  g_test_add_func ("/outputs/refused", test_refused);
  g_test_add_func ("/outputs/strokes/draw", test_strokes_draw);
#endif
  return g_test_run ();
}
