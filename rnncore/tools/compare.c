/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore compare: what a model answers beside what another framework answered: tensors in.NAME [steps][...] and out.NAME. */
#include "tool.h"
#include <math.h>
#include "base/error.h"
#include "named.h"
#include "sequence.h"

#define PASS 1e-4               /* of the largest expected value */

/* The tensor of @file that begins with @prefix: the @name one, or the only one. */
static const RnnTensorView *
find (RnnSafetensors *file, const gchar *prefix, const gchar *name)
{
  const RnnTensorView *only = NULL;
  guint n = 0;

  for (guint i = 0; i < rnn_safetensors_get_n (file); i++) {
    const RnnTensorView *t = rnn_safetensors_get (file, i);

    if (!g_str_has_prefix (t->name, prefix))
      continue;
    if (g_str_equal (t->name + strlen (prefix), name))
      return t;
    only = t;
    n++;
  }
  return n == 1 ? only : NULL;
}

/* Prints the largest difference; FALSE: another shape, or too far off. */
static gboolean
compare (const RnnTensorView *expected, const gfloat *got, gsize n, gdouble tolerance)
{
  g_autofree gfloat *want = g_new (gfloat, MAX (expected->size, 1));
  gdouble largest = 0, difference = 0;

  if (expected->size != n) {
    g_print ("%s: %" G_GSIZE_FORMAT " values for %" G_GSIZE_FORMAT "\n", expected->name, n, expected->size);
    return FALSE;
  }
  rnn_tensor_view_to_float (expected, want);
  for (gsize i = 0; i < n; i++) {
    largest = MAX (largest, fabs (want[i]));
    difference = isfinite (got[i]) ? MAX (difference, fabs ((gdouble) got[i] - want[i])) : INFINITY;
  }
  g_print ("%s: largest difference %.3g, largest value %.3g: %s\n", expected->name, difference, largest,
      difference <= tolerance * largest ? "ok" : "DIFFERS");
  return difference <= tolerance * largest;
}

/* Counts those of @answers that are expected, and that differ. */
static gboolean
compare_named (RnnModel *model, RnnSafetensors *file, gdouble tolerance, guint *n, guint *wrong, GError **error)
{
  g_autoptr (GPtrArray) answers = rnn_tool_named_run (model, file, "in.", 0, error);

  for (guint i = 0; answers && i < answers->len; i++) {
    const RnnToolNamed *got = answers->pdata[i];
    g_autofree gchar *name = g_strconcat ("out.", got->name, NULL);
    const RnnTensorView *expected = rnn_safetensors_find (file, name);

    if (!expected)
      continue;
    ++*n;
    *wrong += !compare (expected, got->data, got->view.size, tolerance);
  }
  return answers != NULL;
}

static gboolean
compare_all (RnnModel *model, RnnSafetensors *file, const gchar *path, gdouble tolerance, GError **error)
{
  guint n = 0, wrong = 0;
  gboolean named = rnn_tool_named_applies (model, file, "in.");

  if (named && !compare_named (model, file, tolerance, &n, &wrong, error))
    return FALSE;
  for (guint i = 0; !named && i < rnn_safetensors_get_n (file); i++) {
    const RnnTensorView *x = rnn_safetensors_get (file, i), *expected;
    g_auto (RnnToolSequence) got = { 0 };

    if (!g_str_has_prefix (x->name, "in.") || !(expected = find (file, "out.", x->name + strlen ("in."))))
      continue;
    if (!rnn_tool_sequence_run (model, x, 0, path, &got, error))
      return FALSE;
    n++;
    wrong += !compare (expected, got.y, (gsize) got.T * rnn_model_get_n_out (model), tolerance);
  }
  if (n == 0 || wrong)
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, n ? "%s: %u of %u outputs differ" : "%s: no tensors in.NAME and out.NAME", path,
        wrong, n);
  return n > 0 && !wrong;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *reference = NULL;
  gdouble tolerance = PASS;
  const GOptionEntry options[] = {
    { "reference", 0, 0, G_OPTION_ARG_FILENAME, &reference, "Tensors in.NAME [steps][values] and out.NAME, what is expected", "REF" },
    { "tolerance", 0, 0, G_OPTION_ARG_DOUBLE, &tolerance, "Of the largest expected value (default: 1e-4)", "T" },
    { NULL }
  };
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnSafetensors) file = NULL;

  if (!rnn_tool_parse (&rnn_tool_compare, options, &argc, &argv, 1, 1, error))
    return FALSE;
  if (!reference) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "usage: rnncore compare %s", rnn_tool_compare.arguments);
    return FALSE;
  }
  return (model = rnn_model_load (argv[1], error)) && (file = rnn_safetensors_open (reference, error))
      && compare_all (model, file, reference, tolerance, error);
}

const RnnTool rnn_tool_compare = { "compare", "MODEL --reference REF.safetensors",
  "Compare a model's answers with those of a file", run };
