/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verifier itself: it passes what is right, and can fail: on a wrong number, a missing output, a file that is none.
 * RNN_VERIFY names the program. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "model/safetensors.h"

static gchar *folder;

static gchar *
data_path (const gchar *name)
{
  return g_test_build_filename (G_TEST_DIST, "data", name, NULL);
}

/* Runs verify on @path; returns what it printed. (transfer full) */
static gchar *
run_verify (const gchar *path, gint *status)
{
  const gchar *argv[] = { g_getenv ("RNN_VERIFY"), path, NULL };
  g_autoptr (GError) error = NULL;
  gchar *out = NULL;

  g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, status, &error);
  g_assert_no_error (error);
  return out;
}

/* The three numbers of the last line. */
static void
read_sum (const gchar *out, guint *passed, guint *failed, guint *skipped)
{
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);
  guint n = g_strv_length (lines);

  g_assert_cmpuint (n, >=, 2);
  g_assert_cmpint (sscanf (lines[n - 2], "%u passed, %u failed, %u skipped", passed, failed, skipped), ==, 3);
}

static void
test_folder (gconstpointer name)
{
  g_autofree gchar *path = data_path (name), *out = NULL;
  guint passed, failed, skipped;
  gint status;

  out = run_verify (path, &status);
  read_sum (out, &passed, &failed, &skipped);
  if (failed)
    g_test_message ("%s", out);
  g_assert_cmpuint (failed, ==, 0);
  g_assert_cmpuint (passed, >, 10);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

/* ---- files made wrong ---- */

/* What is done to a copy of a case. */
typedef struct {
  const gchar *name;
  const gchar *tensor;          /* this one ... */
  gfloat add;                   /* ... gets this added to its first value */
  gboolean drop;                /* ... or is left out */
  const gchar *new_name;        /* ... or is called this */
  const gchar *cell;            /* metadata, NULL: as it was */
  const gchar *expected;        /* in a line of the output */
} Change;

static const Change changes[] = {
  { "right", "out.y", .expected = " 0 failed" },
  { "wrong-output", "out.y", .add = 1e-3f, .expected = "out.y" },
  { "wrong-state", "out.hn", .add = 1e-3f, .expected = "out.hn" },
  { "wrong-gradient", "grad.w.weight_hh_l0", .add = 0.01f, .expected = "grad.w.weight_hh_l0" },
  { "not-a-number", "out.y", .add = NAN, .expected = "out.y" },
  { "infinite", "in.x", .add = INFINITY, .expected = "out.y" },
  { "missing-weight", "w.weight_hh_l0", .drop = TRUE, .expected = "w.weight_hh_l0 is missing" },
  { "missing-output", "out.hn", .drop = TRUE, .expected = "out.hn inf 0 not in the file" },
  { "unknown-output", "in.h0", .new_name = "out.other", .expected = "out.other inf 0 was not compared" },
  { "other-cell", "out.y", .cell = "LSTM", .expected = "FAIL" },
  { "no-such-cell", "out.y", .cell = "MYSTERY", .expected = "no runner yet for cell MYSTERY" },
};

/* gru_i3_h5_l2_bi_t6_b3 with a change, in a file. (transfer full) */
static gchar *
write_changed (const Change *change)
{
  g_autofree gchar *from = data_path ("torch/gru_i3_h5_l2_bi_t6_b3.safetensors");
  gchar *to = g_strdup_printf ("%s/%s.safetensors", folder, change->name);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (from, &error);
  g_autofree RnnTensorView *views = NULL;
  g_autofree gfloat *values = NULL;
  const gchar *metadata[] = { "cell", change->cell ? change->cell : "GRU", NULL };
  guint n = 0;

  g_assert_no_error (error);
  views = g_new (RnnTensorView, rnn_safetensors_get_n (file));
  for (guint i = 0; i < rnn_safetensors_get_n (file); i++) {
    RnnTensorView view = *rnn_safetensors_get (file, i);

    if (g_str_equal (view.name, change->tensor)) {
      if (change->drop)
        continue;
      values = g_new (gfloat, view.size);
      rnn_tensor_view_to_float (&view, values);
      values[0] += change->add;
      view.data = values;
      view.name = change->new_name ? change->new_name : view.name;
    }
    views[n++] = view;
  }
  rnn_safetensors_write (to, views, n, metadata, &error);
  g_assert_no_error (error);
  return to;
}

static void
test_change (gconstpointer data)
{
  const Change *change = data;
  g_autofree gchar *path = write_changed (change), *out = NULL;
  guint passed, failed, skipped;
  gint status;

  out = run_verify (path, &status);
  read_sum (out, &passed, &failed, &skipped);
  g_test_message ("%s", out);
  g_assert_nonnull (strstr (out, change->expected));
  if (g_str_equal (change->name, "right")) {
    g_assert_cmpuint (passed, ==, 21);    /* y, hn, loss, d x, d h0, 16 weights */
  } else if (g_str_equal (change->name, "no-such-cell")) {
    g_assert_cmpuint (skipped, ==, 1);
  } else {
    g_assert_cmpuint (failed, >, 0);
    g_assert_nonnull (strstr (out, "FAIL "));
  }
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, failed ? 1 : 0);
  g_remove (path);
}

/* ---- files that are none ---- */

static const struct {
  const gchar *name, *contents, *reason;
  gboolean skipped;
} broken[] = {
  { "empty.safetensors", "", "FAIL" },
  { "text.safetensors", "this is a text, and not a short one", "FAIL" },
  { "not.json", "{\"type\": ", "FAIL" },
  { "list.json", "[1, 2]", "not a JSON object" },
  { "other.json", "{\"a\": 1}", "skip", TRUE },
  { "beam.json", "{\"type\": \"beam\", \"input\": {\"file\": \"../../etc/passwd\"}}", "names no file" },
  { "lost.json", "{\"type\": \"greedy\", \"input\": {\"file\": \"lost.safetensors\"}}", "lost.safetensors" },
};

static void
test_broken (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autofree gchar *path = g_build_filename (folder, broken[i].name, NULL), *out = NULL;
    guint passed, failed, skipped;
    gint status;

    g_file_set_contents (path, broken[i].contents, -1, NULL);
    out = run_verify (path, &status);
    read_sum (out, &passed, &failed, &skipped);
    g_test_message ("%s", out);
    g_assert_nonnull (strstr (out, broken[i].reason));
    g_assert_cmpuint (failed, ==, broken[i].skipped ? 0 : 1);
    g_assert_cmpint (WEXITSTATUS (status), ==, failed);
    g_remove (path);
  }
}

static void
test_missing (void)
{
  g_autofree gchar *path = g_build_filename (folder, "nowhere.safetensors", NULL), *out = NULL;
  gint status;

  out = run_verify (path, &status);
  g_assert_nonnull (strstr (out, "nowhere.safetensors"));
  g_assert_nonnull (strstr (out, "0 passed, 1 failed, 0 skipped"));
  g_assert_cmpint (WEXITSTATUS (status), ==, 1);
}

/* Cut anywhere, a case fails and is not read past its end. */
static void
test_truncated (void)
{
  g_autofree gchar *from = data_path ("torch/elman_i3_h5_o2_t7_b2.safetensors"), *all = NULL;
  g_autofree gchar *path = g_build_filename (folder, "cut.safetensors", NULL);
  gsize size;

  g_assert_true (g_file_get_contents (from, &all, &size, NULL));
  for (gsize cut = 0; cut < size; cut += size / 9) {
    g_autofree gchar *out = NULL;
    gint status;

    g_file_set_contents (path, all, (gssize) cut, NULL);
    out = run_verify (path, &status);
    g_assert_nonnull (strstr (out, "0 passed, 1 failed, 0 skipped"));
    g_assert_true (WIFEXITED (status));
  }
  g_remove (path);
}

int
main (int argc, char **argv)
{
  static const gchar *const folders[] = { "torch", "modern", "ctc", "features", "train", "forecast" };
  gint result;

  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("RNN_VERIFY"));
  folder = g_dir_make_tmp ("rnn-verify-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree gchar *path = g_strconcat ("/verify/data/", folders[i], NULL);

    g_test_add_data_func (path, folders[i], test_folder);
  }
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree gchar *path = g_strconcat ("/verify/change/", changes[i].name, NULL);

    g_test_add_data_func (path, &changes[i], test_change);
  }
  g_test_add_func ("/verify/broken", test_broken);
  g_test_add_func ("/verify/missing", test_missing);
  g_test_add_func ("/verify/truncated", test_truncated);
  result = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return result;
}
