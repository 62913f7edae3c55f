/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are read in a process of its own: what it finds comes whole, and its death is a damaged file. */
#include "import/hdf5-apart.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Takes all that is found, as text; arrays but those called "unwanted". */
typedef struct {
  RnnHdf5Sink sink;
  GString *heard;
  gfloat floats[6];
} Ear;

static void
hear_text (RnnHdf5Sink *sink, const gchar *path, const gchar *name, const gchar *text)
{
  g_string_append_printf (((Ear *) sink)->heard, "%s.%s=%s;", path, name, text);
}

static gfloat *
hear_array (RnnHdf5Sink *sink, const gchar *path, gint rank, const gint *dims)
{
  Ear *ear = (Ear *) sink;

  g_string_append_printf (ear->heard, "%s[%d,%d];", path, dims[0], rank > 1 ? dims[1] : -1);
  return strcmp (path, "unwanted") ? ear->floats : NULL;
}

static RnnHdf5Result
find_all (const guint8 *data, gsize n, RnnHdf5Sink *sink)
{
  const gint dims[] = { 2, 3 };
  gfloat *floats;

  sink->text (sink, "", "name", (const gchar *) data);
  if (sink->array (sink, "unwanted", 1, dims))
    return RNN_HDF5_DAMAGED;
  floats = sink->array (sink, "a/b", 2, dims);
  for (gint i = 0; i < 6; i++)
    floats[i] = (gfloat) i;
  sink->text (sink, "a", "", "");
  return n == 5 ? RNN_HDF5_GOOD : RNN_HDF5_TOO_MANY;
}

static RnnHdf5Result
die (const guint8 *data, gsize n, RnnHdf5Sink *sink)
{
  const gint dims[] = { 6 };

  sink->text (sink, "", "name", "text");
  sink->array (sink, "a", 1, dims);
  raise (n ? SIGSEGV : SIGKILL);
  return RNN_HDF5_GOOD;
}

/* What it never says of itself. */
static RnnHdf5Result
lie (const guint8 *data, gsize n, RnnHdf5Sink *sink)
{
  const gint dims[] = { -1 };

  if (n == 0)
    sink->array (sink, "a", 1, dims);
  return (RnnHdf5Result) (n == 1 ? RNN_HDF5_N_RESULTS : n == 2 ? -1 : RNN_HDF5_GOOD);
}

static RnnHdf5Result
leave (const guint8 *data, gsize n, RnnHdf5Sink *sink)
{
  _exit (0);
}

static void
test_all (void)
{
  Ear ear = { { hear_text, hear_array }, g_string_new (NULL), { 0 } };

  g_assert_cmpint (rnn_hdf5_read_apart (find_all, (const guint8 *) "four", 5, &ear.sink), ==, RNN_HDF5_GOOD);
  g_assert_cmpstr (ear.heard->str, ==, ".name=four;unwanted[2,-1];a/b[2,3];a.=;");
  for (gint i = 0; i < 6; i++)
    g_assert_cmpfloat (ear.floats[i], ==, i);
  g_assert_cmpint (rnn_hdf5_read_apart (find_all, (const guint8 *) "", 1, &ear.sink), ==, RNN_HDF5_TOO_MANY);
  g_string_free (ear.heard, TRUE);
}

static void
test_death (void)
{
  Ear ear = { { hear_text, hear_array }, g_string_new (NULL), { 0 } };

  for (gsize n = 0; n < 3; n++) {
    g_assert_cmpint (rnn_hdf5_read_apart (die, NULL, n, &ear.sink), ==, RNN_HDF5_DAMAGED);
    g_assert_cmpint (rnn_hdf5_read_apart (lie, NULL, n, &ear.sink), ==, RNN_HDF5_DAMAGED);
    g_assert_cmpint (rnn_hdf5_read_apart (leave, NULL, n, &ear.sink), ==, RNN_HDF5_DAMAGED);
  }
  g_string_free (ear.heard, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hdf5-apart/all", test_all);
  g_test_add_func ("/hdf5-apart/death", test_death);
  return g_test_run ();
}
