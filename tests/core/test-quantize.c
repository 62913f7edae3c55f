/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packed model files: they give the bits that int8 and bf16 variants give, are mapped and not copied, are shared by
 * processes, and when they lie are refused with a message; a calibration lowers the error it is there for.
 * (That every cell survives such a file is among its tests in test-cells.c.) */
#include "base/error.h"
#include "model/quantize.h"
#include "model/root.h"
#include "model/safetensors.h"
#include "session/session.h"
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 7
#define N_IN 18

static const gchar *const recipe = "{'name': 'q', 'input': {'kind': 'tensors', 'size': 18}, 'layers': ["
    "{'cell': 'lstm', 'name': 'a', 'hidden': 40}, {'cell': 'gru', 'name': 'g', 'hidden': 21},"
    "{'cell': 'dense', 'name': 'd', 'units': 70}]}";

static gchar *folder;

static RnnModel *
model_of (const gchar *text)
{
  g_autofree gchar *quoted = g_strdelimit (g_strdup (text), "'", '"');
  json_t *json = json_loads (quoted, 0, NULL);
  RnnModel *model = rnn_model_new (json, 3, "recipe", NULL);

  json_decref (json);
  g_assert_nonnull (model);
  return model;
}

static gchar *
path_of (const gchar *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
save_quantised (RnnModel *model, RnnPrecision precision, const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) quantised = rnn_model_quantize (model, precision, &error);

  g_assert_no_error (error);
  g_assert_true (rnn_model_save (quantised, path, &error));
  g_assert_no_error (error);
}

/* Outputs of STEPS steps of some input. */
static gfloat *
run (RnnModel *model, RnnPrecision precision)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 4, precision, NULL);
  gint n_in = rnn_model_get_n_in (model);
  g_autofree gfloat *x = g_new (gfloat, STEPS * n_in);
  gfloat *y = g_new (gfloat, STEPS * rnn_model_get_n_out (model));
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (gint i = 0; i < STEPS * n_in; i++)
    x[i] = rnn_rng_normal (&rng);
  rnn_session_run (session, STEPS, x, y);
  return y;
}

/* ---- bits ---- */

static void
test_bits (void)
{
  g_autoptr (RnnModel) model = model_of (recipe);
  gsize size = STEPS * rnn_model_get_n_out (model) * sizeof (gfloat);
  g_autofree gchar *path = path_of ("bits.safetensors");
  const RnnKernels *best = rnn_kernels ();

  for (gint p = RNN_PRECISION_INT8; p < RNN_N_PRECISIONS; p++) {
    g_autoptr (RnnModel) loaded = NULL;

    save_quantised (model, p, path);
    loaded = rnn_model_load (path, NULL);
    g_assert_cmpint (rnn_model_get_precision (loaded), ==, p);
    for (const RnnKernels *const *row = rnn_kernels_list (); *row; row++) {
      g_autofree gfloat *variant = NULL, *packed = NULL, *wished = NULL;

      if (!rnn_kernels_find ((*row)->name))
        continue;
      rnn_kernels_use (*row);
      variant = run (model, p);
      packed = run (loaded, p);
      wished = run (loaded, RNN_PRECISION_F32);         /* a wish: it has only one precision */
      g_assert_cmpmem (packed, size, variant, size);
      g_assert_cmpmem (wished, size, variant, size);
    }
    rnn_kernels_use (best);
  }
}

/* Saving what was loaded gives the same file. */
static void
test_again (void)
{
  g_autoptr (RnnModel) model = model_of (recipe), loaded = NULL;
  g_autofree gchar *first = path_of ("first.safetensors"), *second = path_of ("second.safetensors");
  g_autofree gchar *a = NULL, *b = NULL;
  gsize n_a, n_b;

  save_quantised (model, RNN_PRECISION_INT8, first);
  loaded = rnn_model_load (first, NULL);
  g_assert_true (rnn_model_save (loaded, second, NULL));
  g_assert_true (g_file_get_contents (first, &a, &n_a, NULL) && g_file_get_contents (second, &b, &n_b, NULL));
  g_assert_cmpmem (a, n_a, b, n_b);
  g_assert_cmpuint (rnn_model_get_weight_bytes (loaded), <, rnn_model_get_weight_bytes (model));
}

/* A product wider than int8 takes stays in floats. */
static void
test_wide (void)
{
  g_autoptr (RnnModel) model = model_of ("{'input': {'kind': 'tensors', 'size': 8193}, 'layers': [{'cell': 'dense',"
      "'name': 'wide', 'units': 3}, {'cell': 'dense', 'name': 'thin', 'units': 2}]}"), loaded = NULL;
  g_autofree gchar *path = path_of ("wide.safetensors");
  g_autofree gfloat *variant = run (model, RNN_PRECISION_INT8), *packed = NULL;
  g_autoptr (RnnSafetensors) file = NULL;

  save_quantised (model, RNN_PRECISION_INT8, path);
  file = rnn_safetensors_open (path, NULL);
  g_assert_nonnull (rnn_safetensors_find (file, "wide.weight"));
  g_assert_nonnull (rnn_safetensors_find (file, "thin.weight.packed"));
  loaded = rnn_model_load (path, NULL);
  packed = run (loaded, RNN_PRECISION_INT8);
  g_assert_cmpmem (packed, STEPS * 2 * sizeof (gfloat), variant, STEPS * 2 * sizeof (gfloat));
}

/* ---- the mapping ---- */

typedef struct {
  guintptr from, to;
  gulong rss, shared, anonymous;        /* kB */
} Mapping;

/* What the kernel says of the place where @path is mapped. */
static Mapping
mapping_of (const gchar *path)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean inside = FALSE;
  Mapping m = { 0 };

  g_assert_true (g_file_get_contents ("/proc/self/smaps", &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (gchar **line = lines; *line; line++) {
    gulong from, to, kb;
    gchar key[64];

    if (sscanf (*line, "%lx-%lx ", &from, &to) == 2) {
      inside = g_str_has_suffix (*line, path);
      if (inside)
        m.from = from, m.to = to;
    } else if (inside && sscanf (*line, "%63[^:]: %lu kB", key, &kb) == 2) {
      m.rss += !strcmp (key, "Rss") ? kb : 0;
      m.shared += g_str_has_prefix (key, "Shared_") && !strstr (key, "Hugetlb") ? kb : 0;
      m.anonymous += !strcmp (key, "Anonymous") ? kb : 0;
    }
  }
  return m;
}

static void
assert_mapped (RnnParam *p, const gchar *full_name, gpointer data)
{
  const Mapping *m = data;
  guintptr at[] = { GPOINTER_TO_SIZE (p->pack), GPOINTER_TO_SIZE (p->scales), GPOINTER_TO_SIZE (p->sums) };

  if (!p->is_matrix)
    return;
  g_assert_true (p->borrowed && p->data == NULL && p->dtype == RNN_PACK_INT8);
  for (guint i = 0; i < G_N_ELEMENTS (at); i++)
    g_assert_true (at[i] >= m->from && at[i] < m->to && at[i] % RNN_PACK_ALIGN == 0);
}

static const gchar *const large = "{'input': {'kind': 'tensors', 'size': 18}, 'layers': [{'cell': 'lstm', 'name': 'a',"
    "'hidden': 256}]}";

static void
test_no_copy (void)
{
  g_autoptr (RnnModel) model = model_of (large), loaded = NULL;
  g_autofree gchar *path = path_of ("mapped.safetensors");
  g_autofree gfloat *y = NULL;
  Mapping m;

  save_quantised (model, RNN_PRECISION_INT8, path);
  loaded = rnn_model_load (path, NULL);
  y = run (loaded, RNN_PRECISION_INT8);
  m = mapping_of (path);
  g_assert_cmpuint (m.to, >, m.from);
  rnn_cell_foreach_param (rnn_model_get_root (loaded), assert_mapped, &m);
  g_assert_cmpuint (m.rss, >=, 18 * 4 * 256 / 1024);
  g_assert_cmpuint (m.anonymous, ==, 0);
  g_clear_pointer (&loaded, rnn_model_unref);
  g_assert_cmpuint (mapping_of (path).to, ==, 0);
}

/* Another process loads and runs the file, too: every page of it is one that both have. */
static void
test_two_processes (void)
{
  g_autoptr (RnnModel) model = model_of (large), loaded = NULL;
  g_autofree gchar *path = path_of ("shared.safetensors");
  g_autofree gfloat *y = NULL;
  gint up[2], down[2], status;
  gchar byte = 0;
  Mapping m;
  pid_t child;

  save_quantised (model, RNN_PRECISION_INT8, path);
  g_assert_true (pipe (up) == 0 && pipe (down) == 0);
  child = fork ();
  if (child == 0) {
    loaded = rnn_model_load (path, NULL);
    y = loaded ? run (loaded, RNN_PRECISION_INT8) : NULL;
    _exit (!y || write (up[1], "x", 1) != 1 || read (down[0], &byte, 1) != 1);
  }
  loaded = rnn_model_load (path, NULL);
  y = run (loaded, RNN_PRECISION_INT8);
  g_assert_cmpint (read (up[0], &byte, 1), ==, 1);
  m = mapping_of (path);
  g_assert_cmpint (write (down[1], "x", 1), ==, 1);
  g_assert_true (waitpid (child, &status, 0) == child && status == 0);
  g_assert_cmpuint (m.rss, >, 0);
  g_assert_cmpuint (m.shared, ==, m.rss);
  g_assert_cmpuint (m.anonymous, ==, 0);
}

/* ---- lies ---- */

typedef enum { DROP, RETYPE, SHORTEN, WORD, HALF, FORMAT } Change;

static const struct {
  const gchar *name;
  RnnPrecision precision;
  Change change;
  const gchar *tensor;          /* FORMAT: the new value */
  guint32 bits;
  const gchar *message;         /* after the path */
} lies[] = {
  { "layout", RNN_PRECISION_INT8, FORMAT, "int8 1", 0, ": its weights are packed as \"int8 1\", and this version reads "
      "\"int8 2\" and \"bf16 2\": quantise the model that it was made of again" },
  { "precision", RNN_PRECISION_INT8, FORMAT, "int4 1", 0, ": its weights are packed as \"int4 1\", and this version "
      "reads \"int8 2\" and \"bf16 2\": quantise the model that it was made of again" },
  { "other-precision", RNN_PRECISION_INT8, FORMAT, "bf16 2", 0,
      ": tensor \"a.weight_ih_l0.packed\" must be BF16 [2880]" },
  { "no-format", RNN_PRECISION_INT8, FORMAT, NULL, 0, ": tensor \"a.weight_ih_l0\" is missing" },
  { "no-packed", RNN_PRECISION_INT8, DROP, "d.weight.packed", 0, ": tensor \"d.weight.packed\" is missing" },
  { "no-scales", RNN_PRECISION_INT8, DROP, "d.weight.scales", 0, ": tensor \"d.weight.scales\" is missing" },
  { "no-sums", RNN_PRECISION_INT8, DROP, "d.weight.sums", 0, ": tensor \"d.weight.sums\" is missing" },
  { "no-bias", RNN_PRECISION_INT8, DROP, "d.bias", 0, ": tensor \"d.bias\" is missing" },
  { "type", RNN_PRECISION_INT8, RETYPE, "d.weight.sums", 0, ": tensor \"d.weight.sums\" must be I32 [80]" },
  { "short", RNN_PRECISION_INT8, SHORTEN, "d.weight.scales", 0, ": tensor \"d.weight.scales\" must be F32 [80]" },
  { "short-packed", RNN_PRECISION_INT8, SHORTEN, "d.weight.packed", 0,
      ": tensor \"d.weight.packed\" must be I8 [1920]" },
  { "scale-nan", RNN_PRECISION_INT8, WORD, "d.weight.scales", 0x7fc00000, ": the packed \"d.weight\" is damaged" },
  { "scale-infinite", RNN_PRECISION_INT8, WORD, "d.weight.scales", 0x7f800000, ": the packed \"d.weight\" is damaged" },
  { "scale-negative", RNN_PRECISION_INT8, WORD, "d.weight.scales", 0xbf800000, ": the packed \"d.weight\" is damaged" },
  { "sum", RNN_PRECISION_INT8, WORD, "d.weight.sums", 0x7fffffff, ": the packed \"d.weight\" is damaged" },
  { "byte", RNN_PRECISION_INT8, WORD, "d.weight.packed", 0x80808080, ": the packed \"d.weight\" is damaged" },
  { "half-nan", RNN_PRECISION_BF16, HALF, "d.weight.packed", 0x7fc0, ": the packed \"d.weight\" is damaged" },
  { "half-infinite", RNN_PRECISION_BF16, HALF, "d.weight.packed", 0xff80, ": the packed \"d.weight\" is damaged" },
};

static void
change_tensor (gsize i, RnnTensorView *t, gpointer bytes)
{
  switch (lies[i].change) {
    case RETYPE: t->dtype = RNN_DTYPE_F32; break;
    case SHORTEN: t->size = (gsize) (t->dims[0] -= 16); break;
    case WORD: memcpy (bytes, &lies[i].bits, 4); break;
    case HALF: memcpy (bytes, &lies[i].bits, 2); break;
    default: break;
  }
}

/* Writes the good file anew with one thing changed. */
static void
lie (gsize i, const gchar *good, const gchar *bad)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (good, NULL);
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (RnnTensorView));
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (g_free);
  const gchar *format = lies[i].change == FORMAT ? lies[i].tensor
      : rnn_safetensors_get_metadata (file, "rnncore.weights");
  const gchar *metadata[] = { "rnncore", rnn_safetensors_get_metadata (file, "rnncore"),
    format ? "rnncore.weights" : NULL, format, NULL };
  gboolean found = lies[i].change == FORMAT;

  for (guint j = 0; j < rnn_safetensors_get_n (file); j++) {
    RnnTensorView t = *rnn_safetensors_get (file, j);

    if (!g_strcmp0 (t.name, lies[i].tensor)) {
      found = TRUE;
      if (lies[i].change == DROP)
        continue;
      t.data = g_memdup2 (t.data, t.size * rnn_dtype_get_size (t.dtype));
      g_ptr_array_add (copies, (gpointer) t.data);
      change_tensor (i, &t, (gpointer) t.data);
    }
    g_array_append_val (tensors, t);
  }
  g_assert_true (found);
  g_assert_true (rnn_safetensors_write (bad, (const RnnTensorView *) tensors->data, tensors->len, metadata, NULL));
}

static void
test_lie (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (RnnModel) model = model_of (recipe), loaded = NULL;
  g_autofree gchar *good = path_of ("good.safetensors"), *bad = path_of ("bad.safetensors");
  g_autofree gchar *message = g_strconcat (bad, lies[i].message, NULL);
  g_autoptr (GError) error = NULL;

  save_quantised (model, lies[i].precision, good);
  lie (i, good, bad);
  g_assert_null (rnn_model_load (bad, &error));
  g_assert_nonnull (error);
  if (!g_str_has_prefix (error->message, message))
    g_error ("\"%s\" is not \"%s\"", error->message, message);
}

/* Eight more blanks behind the header: a good safetensors file, but panels are not where kernels can read them. */
static void
test_misaligned (void)
{
  g_autoptr (RnnModel) model = model_of (recipe);
  g_autofree gchar *path = path_of ("shifted.safetensors"), *bytes = NULL;
  g_autoptr (GString) shifted = NULL;
  g_autoptr (GError) error = NULL;
  guint64 length;
  gsize n;

  save_quantised (model, RNN_PRECISION_INT8, path);
  g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
  memcpy (&length, bytes, sizeof length);
  shifted = g_string_new_len (bytes, (gssize) n);
  g_string_insert (shifted, (gssize) (8 + length), "        ");
  length += 8;
  memcpy (shifted->str, &length, sizeof length);
  g_assert_true (g_file_set_contents (path, shifted->str, (gssize) shifted->len, NULL));
  g_assert_null (rnn_model_load (path, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "is not at a multiple of 64 bytes"));
}

static void
test_refused (void)
{
  g_autoptr (RnnModel) model = model_of (recipe), loaded = NULL, same = NULL;
  g_autofree gchar *path = path_of ("refused.safetensors");
  GError *errors[4] = { NULL };

  save_quantised (model, RNN_PRECISION_INT8, path);
  loaded = rnn_model_load_shared (path, NULL);
  g_assert_null (rnn_model_copy (loaded, &errors[0]));
  g_assert_nonnull (strstr (errors[0]->message, "refused.safetensors: its weights are int8, which can be run but not"));
  g_assert_null (rnn_model_quantize (loaded, RNN_PRECISION_BF16, &errors[1]));
  g_assert_nonnull (strstr (errors[1]->message, "refused.safetensors: its weights are int8 already"));
  g_assert_false (rnn_model_observe (loaded, &errors[2]));
  g_assert_null (rnn_model_quantize (model, RNN_PRECISION_F32, &errors[3]));
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++) {
    g_assert_error (errors[i], RNN_ERROR, RNN_ERROR_UNSUPPORTED);
    g_clear_error (&errors[i]);
  }
  same = rnn_model_prepare (loaded, RNN_PRECISION_BF16, NULL);
  g_assert_true (same == loaded);
  rnn_model_pack (loaded, FALSE);       /* nothing to do, and nothing is done to a mapped file */
}

/* ---- calibration ---- */

/* Inputs of which one is always nearly 0, with a large weight: what it costs the others is what calibration saves. */
static gdouble
error_with (gboolean calibrated)
{
  g_autoptr (RnnModel) model = model_of ("{'input': {'kind': 'tensors', 'size': 18}, 'layers': [{'cell': 'dense',"
      "'name': 'd', 'units': 20}]}"), quantised = NULL;
  gfloat *w = rnn_model_get_params (model), x[STEPS * N_IN], exact[STEPS * 20], y[STEPS * 20];
  g_autoptr (RnnSession) floats = NULL, bytes = NULL;
  gdouble error = 0;
  RnnRng rng;

  for (gint o = 0; o < 20; o++)
    w[o * N_IN + 5] = 0.35f;            /* the others are within 1 / sqrt (18) = 0.236 */
  rnn_rng_seed (&rng, 2, 0);
  for (gint i = 0; i < STEPS * N_IN; i++)
    x[i] = i % N_IN == 5 ? 0 : i % N_IN == 3 ? 1 : 1e-3f * rnn_rng_normal (&rng);
  if (calibrated)
    g_assert_true (rnn_model_observe (model, NULL));
  floats = rnn_session_new (model, 1, STEPS, RNN_PRECISION_F32, NULL);
  rnn_session_run (floats, STEPS, x, exact);
  quantised = rnn_model_quantize (model, RNN_PRECISION_INT8, NULL);
  bytes = rnn_session_new (quantised, 1, STEPS, RNN_PRECISION_INT8, NULL);
  rnn_session_run (bytes, STEPS, x, y);
  for (gint i = 0; i < STEPS * 20; i++)
    error += (y[i] - exact[i]) * (y[i] - exact[i]);
  return error;
}

static void
test_calibration (void)
{
  g_assert_cmpfloat (error_with (TRUE), <, 0.5 * error_with (FALSE));
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  for (const gchar *name; (name = g_dir_read_name (dir));) {
    g_autofree gchar *path = path_of (name);

    g_unlink (path);
  }
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-test-XXXXXX", NULL);
  g_test_add_func ("/quantize/bits", test_bits);
  g_test_add_func ("/quantize/again", test_again);
  g_test_add_func ("/quantize/wide", test_wide);
  g_test_add_func ("/quantize/no-copy", test_no_copy);
  g_test_add_func ("/quantize/two-processes", test_two_processes);
  for (gsize i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autofree gchar *path = g_strdup_printf ("/quantize/lie/%s", lies[i].name);

    g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_lie);
  }
  g_test_add_func ("/quantize/misaligned", test_misaligned);
  g_test_add_func ("/quantize/refused", test_refused);
  g_test_add_func ("/quantize/calibration", test_calibration);
  result = g_test_run ();
  remove_folder ();
  g_free (folder);
  return result;
}
