/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify CASE...: runs golden cases, files or folders of them, through the library and compares every expected tensor.
 *
 * Prints `ok|FAIL file tensor error tolerance` per tensor, `skip file reason` per case (or part of one) that the
 * library cannot run, and `N passed, N failed, N skipped`: tensors, tensors, cases.  Exits with 1 when any failed.
 *
 * What a case is follows from its metadata alone.  A new kind of case is a row in its family's table, a new family a
 * table in `families`. */
#include "families.h"
#include <stdio.h>
#include <string.h>

static const CaseKind *const families[] = {
  cases_torch,
  cases_papers,
  cases_onnx,
  cases_keras,
  cases_trained,
  cases_xlstm,
  cases_rwkv,
  cases_rwkv_models,
  cases_features,
  cases_ctc,
  cases_lm,
  cases_optimizers,
  cases_memory,
  cases_mamba,
  cases_reservoir,
  cases_hopfield,
  cases_forecast,
};

static const CaseKind *
find_kind (const Case *c)
{
  for (guint f = 0; f < G_N_ELEMENTS (families); f++)
    for (const CaseKind *kind = families[f]; kind->key; kind++)
      if (case_is (c, kind))
        return kind;
  return NULL;
}

/* Why nothing can be done with a case. */
static void
skip_unknown (Case *c)
{
  static const gchar *const keys[] = { "cell", "kind", "type", "nodes", "optimizer", "model_file", NULL };
  gboolean expects = c->json != NULL;

  for (guint i = 0; i < c->tensors->len; i++)
    expects |= case_is_expected (c->tensors->pdata[i]);
  for (guint i = 0; expects && keys[i]; i++)
    if (case_get (c, keys[i])) {
      case_skip (c, "no runner yet for %s %s", keys[i], case_get (c, keys[i]));
      return;
    }
  case_skip (c, expects ? "no kind of case is known for it" : "data of other cases, nothing to compare");
}

static void
verify_file (const gchar *path, Tally *tally)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Case) c = case_open (path, tally, &error);
  const CaseKind *kind = c ? find_kind (c) : NULL;

  if (!c) {
    printf ("FAIL %s - inf 0 %s\n", path, error->message);
    tally->failed++;
  } else if (!kind) {
    skip_unknown (c);
  } else if (!kind->run (c, &error)) {
    case_fail (c, "-", error ? error->message : "its tensors do not fit");
  } else {
    case_finish (c);
  }
}

static gint
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* All cases below a folder, in the order of their names. */
static void
verify_folder (const gchar *path, Tally *tally)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const gchar *name;

  if (!dir) {
    printf ("FAIL %s - inf 0 %s\n", path, error->message);
    tally->failed++;
    return;
  }
  while ((name = g_dir_read_name (dir)))
    g_ptr_array_add (paths, g_build_filename (path, name, NULL));
  g_ptr_array_sort (paths, compare_paths);
  for (guint i = 0; i < paths->len; i++) {
    const gchar *at = paths->pdata[i];

    if (g_file_test (at, G_FILE_TEST_IS_DIR) && !g_file_test (at, G_FILE_TEST_IS_SYMLINK))
      verify_folder (at, tally);
    else if (g_str_has_suffix (at, ".safetensors") || g_str_has_suffix (at, ".json"))
      verify_file (at, tally);
  }
}

int
main (int argc, char **argv)
{
  Tally tally = { 0 };

  if (argc < 2) {
    fprintf (stderr, "usage: %s CASE...    files *.safetensors and *.json, or folders of them\n", argv[0]);
    return 2;
  }
  for (gint i = 1; i < argc; i++)
    if (g_file_test (argv[i], G_FILE_TEST_IS_DIR))
      verify_folder (argv[i], &tally);
    else
      verify_file (argv[i], &tally);
  printf ("%u passed, %u failed, %u skipped\n", tally.passed, tally.failed, tally.skipped);
  return tally.failed ? 1 : 0;
}
