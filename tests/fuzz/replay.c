/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over every file of its corpus folder, and over every file with its end cut off. */
#include "fuzz.h"

static void
replay (gconstpointer data)
{
  const gchar *path = data;
  g_autoptr (GError) error = NULL;
  g_autofree gchar *bytes = NULL;
  gsize n;

  g_file_get_contents (path, &bytes, &n, &error);
  g_assert_no_error (error);
  for (gsize cut = 0; cut <= n && cut <= 64; cut++) {
    g_autofree guint8 *exact = g_memdup2 (bytes, n - cut);      /* so that sanitizers see a step past the end */

    g_assert_cmpint (LLVMFuzzerTestOneInput (exact, n - cut), ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = NULL;
  const gchar *name;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  folder = g_dir_open (argv[1], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (folder))) {
    g_autofree gchar *test = g_strconcat ("/replay/", name, NULL);

    g_ptr_array_add (paths, g_build_filename (argv[1], name, NULL));
    g_test_add_data_func (test, paths->pdata[paths->len - 1], replay);
  }
  g_assert_cmpuint (paths->len, >, 0);
  return g_test_run ();
}
