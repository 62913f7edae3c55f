/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Safetensors: what is written reads back, every dtype converts, a failing write leaves the old file, and files that
 * lie, end early or are something else are refused with a message that names the file and the reason. */
#include "base/error.h"
#include "model/safetensors.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* A file with this header and @n_data zero bytes of data. */
static GBytes *
make_file (const gchar *header, gsize n_data)
{
  GByteArray *bytes = g_byte_array_new ();
  guint64 length = strlen (header);

  g_byte_array_append (bytes, (const guint8 *) &length, sizeof length);
  g_byte_array_append (bytes, (const guint8 *) header, length);
  g_byte_array_set_size (bytes, 8 + length + n_data);
  memset (bytes->data + 8 + length, 0, n_data);
  return g_byte_array_free_to_bytes (bytes);
}

static gchar *
temp_path (const gchar *name)
{
  g_autofree gchar *file = g_strdup_printf ("rnn-test-%d-%s", (gint) getpid (), name);

  return g_build_filename (g_get_tmp_dir (), file, NULL);
}

static const gfloat floats[6] = { 1.5f, -2, 0, 1e-40f, 3e38f, -0.0f };
static const guint8 bytes3[3] = { 0, 7, 255 };
static const gdouble doubles[2] = { 0.1, -1e10 };
static const gchar *const metadata[] = { "rnncore", "{\"format\": 1}", "note", "\xc3\xa4 \"quoted\"", NULL };

static gboolean
write_sample (const gchar *path, GError **error)
{
  RnnTensorView tensors[] = {
    { "bytes", RNN_DTYPE_U8, 1, { 3 }, 3, bytes3 },
    rnn_tensor_view_f32 ("rnn0.weight_ih_l0", 2, (gint[]) { 2, 3 }, floats),
    { "doubles", RNN_DTYPE_F64, 1, { 2 }, 2, doubles },
    rnn_tensor_view_f32 ("scalar", 0, NULL, floats),
    rnn_tensor_view_f32 ("none", 2, (gint[]) { 0, 5 }, NULL),
  };

  return rnn_safetensors_write (path, tensors, G_N_ELEMENTS (tensors), metadata, error);
}

static void
test_round_trip (void)
{
  g_autofree gchar *path = temp_path ("round-trip.safetensors");
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnSafetensors) file = NULL;
  const RnnTensorView *t;
  gfloat out[6];

  g_assert_true (write_sample (path, &error));
  file = rnn_safetensors_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rnn_safetensors_get_n (file), ==, 5);
  t = rnn_safetensors_find (file, "rnn0.weight_ih_l0");
  g_assert_true (t->rank == 2 && t->dims[0] == 2 && t->dims[1] == 3 && t->size == 6 && t->dtype == RNN_DTYPE_F32);
  rnn_tensor_view_to_float (t, out);
  g_assert_cmpmem (out, sizeof out, floats, sizeof floats);
  t = rnn_safetensors_find (file, "bytes");
  g_assert_cmpmem (t->data, t->size, bytes3, sizeof bytes3);
  rnn_tensor_view_to_float (t, out);
  g_assert_true (out[0] == 0 && out[1] == 7 && out[2] == 255);
  t = rnn_safetensors_find (file, "scalar");
  g_assert_true (t->rank == 0 && t->size == 1);
  g_assert_cmpuint (rnn_safetensors_find (file, "none")->size, ==, 0);
  g_assert_null (rnn_safetensors_find (file, "__metadata__"));
  g_assert_cmpstr (rnn_safetensors_get_metadata (file, "rnncore"), ==, "{\"format\": 1}");
  g_assert_cmpstr (rnn_safetensors_get_metadata (file, "note"), ==, metadata[3]);
  g_assert_null (rnn_safetensors_get_metadata (file, "absent"));
  g_unlink (path);
}

static void
test_alignment (void)
{
  g_autofree gchar *path = temp_path ("alignment.safetensors");
  g_autoptr (RnnSafetensors) file = NULL;

  g_assert_true (write_sample (path, NULL));
  file = rnn_safetensors_open (path, NULL);
  for (guint i = 0; i < rnn_safetensors_get_n (file); i++) {
    const RnnTensorView *t = rnn_safetensors_get (file, i);

    g_assert_cmpuint (GPOINTER_TO_SIZE (t->data) % rnn_dtype_get_size (t->dtype), ==, 0);
  }
  g_unlink (path);
}

static void
test_no_metadata (void)
{
  g_autofree gchar *path = temp_path ("bare.safetensors");
  g_autoptr (RnnSafetensors) file = NULL;
  g_autoptr (GBytes) foreign = make_file ("{}   ", 0);
  g_autoptr (RnnSafetensors) empty = rnn_safetensors_open_bytes (foreign, "empty", NULL);

  g_assert_true (rnn_safetensors_write (path, NULL, 0, NULL, NULL));
  file = rnn_safetensors_open (path, NULL);
  g_assert_cmpuint (rnn_safetensors_get_n (file), ==, 0);
  g_assert_null (rnn_safetensors_get_metadata (file, "rnncore"));
  g_assert_cmpuint (rnn_safetensors_get_n (empty), ==, 0);
  g_assert_null (rnn_safetensors_get_metadata (empty, "rnncore"));
  g_unlink (path);
}

/* bits of each dtype and the floats they mean, from the IEEE formats */
static void
test_dtypes (void)
{
  static const guint16 halves[] = { 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8001, 0x7c00, 0xfc00, 0x7e00, 0x3555 };
  static const gfloat half_values[] = { 1, -2, 65504, 0x1p-14f, 0x1p-24f, -0x1p-24f, INFINITY, -INFINITY, NAN,
    0x1.554p-2f };
  static const guint16 bf[] = { 0x3f80, 0xc040, 0x0001, 0x7f80 };
  static const gfloat bf_values[] = { 1, -3, 0x1p-133f, INFINITY };
  static const gint64 i64[] = { -1, G_GINT64_CONSTANT (1) << 40 };
  static const gint32 i32[] = { -70000, 5 };
  static const gint16 i16[] = { -300, 5 };
  static const gint8 i8[] = { -128, 5 };
  static const guint64 u64[] = { G_GUINT64_CONSTANT (1) << 63, 5 };
  static const guint32 u32[] = { 0xffffff00, 5 };
  static const guint16 u16[] = { 65535, 5 };
  static const guint8 bools[] = { 0, 1, 255 };
  const struct {
    RnnTensorView view;
    const gfloat *values;
  } cases[] = {
    { { "f64", RNN_DTYPE_F64, 1, { 2 }, 2, doubles }, (gfloat[]) { 0.1f, -1e10f } },
    { { "f16", RNN_DTYPE_F16, 1, { 10 }, 10, halves }, half_values },
    { { "bf16", RNN_DTYPE_BF16, 1, { 4 }, 4, bf }, bf_values },
    { { "i64", RNN_DTYPE_I64, 1, { 2 }, 2, i64 }, (gfloat[]) { -1, 0x1p40f } },
    { { "i32", RNN_DTYPE_I32, 1, { 2 }, 2, i32 }, (gfloat[]) { -70000, 5 } },
    { { "i16", RNN_DTYPE_I16, 1, { 2 }, 2, i16 }, (gfloat[]) { -300, 5 } },
    { { "i8", RNN_DTYPE_I8, 1, { 2 }, 2, i8 }, (gfloat[]) { -128, 5 } },
    { { "u64", RNN_DTYPE_U64, 1, { 2 }, 2, u64 }, (gfloat[]) { 0x1p63f, 5 } },
    { { "u32", RNN_DTYPE_U32, 1, { 2 }, 2, u32 }, (gfloat[]) { 0xffffff00, 5 } },
    { { "u16", RNN_DTYPE_U16, 1, { 2 }, 2, u16 }, (gfloat[]) { 65535, 5 } },
    { { "bool", RNN_DTYPE_BOOL, 1, { 3 }, 3, bools }, (gfloat[]) { 0, 1, 1 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gfloat out[10];

    rnn_tensor_view_to_float (&cases[i].view, out);
    for (guint j = 0; j < cases[i].view.size; j++)
      g_assert_true (out[j] == cases[i].values[j] || (isnan (out[j]) && isnan (cases[i].values[j])));
  }
}

#define TOO_MANY_BYTES (GLIB_SIZEOF_SIZE_T == 8 ? "do not fit" : "overflows")    /* of a count that fits, or does not */

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
  const gchar *name, *header;
  gsize n_data;
  RnnError code;
  const gchar *reason;          /* part of the message */
} lies[] = {
  { "no-json", "{\"a\"", 0, RNN_ERROR_FORMAT, "bad header" },
  { "array", "[]", 0, RNN_ERROR_FORMAT, "not a safetensors file" },
  { "trailing-text", "{}x", 0, RNN_ERROR_FORMAT, "bad header" },
  { "invalid-utf8", "{\"\xff\xfe\":1}", 0, RNN_ERROR_FORMAT, "bad header" },
  { "deep-nesting", NULL, 0, RNN_ERROR_FORMAT, "bad header" },
  { "duplicate-name", "{\"a\":" T ("U8", "[1]", "[0,1]") ",\"a\":" T ("U8", "[1]", "[1,2]") "}", 2, RNN_ERROR_FORMAT,
      "duplicate" },
  { "duplicate-field", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
      RNN_ERROR_FORMAT, "duplicate" },
  { "not-a-tensor", "{\"a\":3}", 0, RNN_ERROR_FORMAT, "\"a\" has no dtype" },
  { "no-shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, RNN_ERROR_FORMAT, "\"a\" has no shape" },
  { "negative-dim", "{\"a\":" T ("U8", "[-1]", "[0,1]") "}", 1, RNN_ERROR_FORMAT, "dimension 0" },
  { "real-dim", "{\"a\":" T ("U8", "[2,1.0]", "[0,2]") "}", 2, RNN_ERROR_FORMAT, "dimension 1" },
  { "huge-integer", "{\"a\":" T ("U8", "[99999999999999999999]", "[0,1]") "}", 1, RNN_ERROR_FORMAT, "too big" },
  { "shape-overflow", "{\"a\":" T ("U8", "[4294967296,4294967296]", "[0,0]") "}", 0, RNN_ERROR_FORMAT, "overflows" },
  { "byte-overflow", "{\"a\":" T ("F32", "[4611686018427387904]", "[0,0]") "}", 0, RNN_ERROR_FORMAT, TOO_MANY_BYTES },
  { "no-offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, RNN_ERROR_FORMAT, "data_offsets" },
  { "one-offset", "{\"a\":" T ("U8", "[1]", "[0]") "}", 1, RNN_ERROR_FORMAT, "data_offsets" },
  { "text-offset", "{\"a\":" T ("U8", "[1]", "[0,\"1\"]") "}", 1, RNN_ERROR_FORMAT, "data_offsets" },
  { "negative-offset", "{\"a\":" T ("U8", "[1]", "[-1,0]") "}", 1, RNN_ERROR_FORMAT, "data_offsets" },
  { "backwards", "{\"a\":" T ("U8", "[1]", "[1,0]") "}", 1, RNN_ERROR_FORMAT, "data_offsets" },
  { "past-the-end", "{\"a\":" T ("U8", "[5]", "[0,5]") "}", 4, RNN_ERROR_FORMAT, "truncated" },
  { "far-past-the-end", "{\"a\":" T ("U8", "[0]", "[9223372036854775807,9223372036854775807]") "}", 4, RNN_ERROR_FORMAT,
      "truncated" },
  { "lying-shape", "{\"a\":" T ("F32", "[2]", "[0,4]") "}", 4, RNN_ERROR_FORMAT, "do not fit its 4 bytes" },
  { "overlap", "{\"a\":" T ("U8", "[3]", "[0,3]") ",\"b\":" T ("U8", "[3]", "[2,5]") "}", 5, RNN_ERROR_FORMAT,
      "overlaps" },
  { "same-bytes", "{\"a\":" T ("U8", "[3]", "[0,3]") ",\"b\":" T ("U8", "[3]", "[0,3]") "}", 3, RNN_ERROR_FORMAT,
      "overlaps" },
  { "hole", "{\"a\":" T ("U8", "[1]", "[0,1]") ",\"b\":" T ("U8", "[1]", "[2,3]") "}", 3, RNN_ERROR_FORMAT, "byte 1" },
  { "unused-tail", "{\"a\":" T ("U8", "[1]", "[0,1]") "}", 9, RNN_ERROR_FORMAT,
      "byte 1 of the data belongs to no tensor" },
  { "metadata-text", "{\"__metadata__\":\"x\"}", 0, RNN_ERROR_FORMAT, "__metadata__" },
  { "metadata-number", "{\"__metadata__\":{\"rnncore\":1}}", 0, RNN_ERROR_FORMAT, "\"rnncore\" is not a string" },
};

static void
test_lie (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree gchar *nested = g_strnfill (100000, '[');
  g_autofree gchar *deep = g_strconcat ("{\"a\":", nested, NULL);
  g_autoptr (GBytes) bytes = make_file (lies[i].header ? lies[i].header : deep, lies[i].n_data);
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_safetensors_open_bytes (bytes, "some/file.safetensors", &error));
  g_assert_error (error, RNN_ERROR, (gint) lies[i].code);
  g_assert_true (g_str_has_prefix (error->message, "some/file.safetensors: "));
  g_assert_nonnull (strstr (error->message, lies[i].reason));
}

static void
refuse_raw (gconstpointer raw, gsize n, RnnError code, const gchar *reason)
{
  g_autoptr (GBytes) bytes = g_bytes_new (raw, n);
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_safetensors_open_bytes (bytes, "f", &error));
  g_assert_error (error, RNN_ERROR, (gint) code);
  g_assert_nonnull (strstr (error->message, reason));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 1000);
}

static void
test_header_length (void)
{
  refuse_raw ("", 0, RNN_ERROR_FORMAT, "truncated");
  refuse_raw ("\2\0\0\0\0\0\0", 7, RNN_ERROR_FORMAT, "truncated");
  refuse_raw ("\2\0\0\0\0\0\0\0", 8, RNN_ERROR_FORMAT, "truncated");
  refuse_raw ("\3\0\0\0\0\0\0\0{}", 10, RNN_ERROR_FORMAT, "truncated");
  refuse_raw ("\0\0\0\0\0\0\0\0", 8, RNN_ERROR_FORMAT, "bad header");
  refuse_raw ("\1\0\0\1\0\0\0\0{}", 10, RNN_ERROR_LIMIT, "limit");
  refuse_raw ("\377\377\377\377\377\377\377\377{}", 10, RNN_ERROR_LIMIT, "limit");
  refuse_raw ("{\"recipe\": \"this is JSON\"}", 26, RNN_ERROR_FORMAT, "not a safetensors file");
  refuse_raw ("RIFF....WAVEfmt ", 16, RNN_ERROR_FORMAT, "not a safetensors file");
}

static void
test_limits (void)
{
  g_autoptr (GString) many = g_string_new ("{"), named = g_string_new ("{\"");
  g_autoptr (GBytes) many_bytes = NULL, named_bytes = NULL;
  gsize n;
  gconstpointer raw;

  for (guint i = 0; i <= 65536; i++)
    g_string_append_printf (many, "%s\"%u\":" T ("U8", "[0]", "[0,0]"), i ? "," : "", i);
  g_string_append_c (many, '}');
  many_bytes = make_file (many->str, 0);
  raw = g_bytes_get_data (many_bytes, &n);
  refuse_raw (raw, n, RNN_ERROR_LIMIT, "65537 tensors");

  for (guint i = 0; i < 5000; i++)
    g_string_append (named, "\xc3\xa4");
  g_string_append (named, "\":0}");
  named_bytes = make_file (named->str, 0);
  raw = g_bytes_get_data (named_bytes, &n);
  refuse_raw (raw, n, RNN_ERROR_FORMAT, "tensor");      /* and the message stays short and valid */
}

/* Every proper prefix of a good file is refused; a file with any one byte changed is refused or stays in bounds. */
static void
test_damage (void)
{
  g_autofree gchar *path = temp_path ("damage.safetensors");
  g_autofree gchar *good = NULL;
  gsize n;

  g_assert_true (write_sample (path, NULL));
  g_assert_true (g_file_get_contents (path, &good, &n, NULL));
  for (gsize i = 0; i < n; i++)
    refuse_raw (good, i, RNN_ERROR_FORMAT, "");
  for (gsize i = 0; i < n; i++)
    for (gint bit = 0; bit < 8; bit++) {
      g_autofree gchar *bad = g_memdup2 (good, n);
      g_autoptr (GBytes) bytes = g_bytes_new_static (bad, n);
      g_autoptr (RnnSafetensors) file = NULL;

      bad[i] ^= 1 << bit;
      file = rnn_safetensors_open_bytes (bytes, "f", NULL);
      for (guint j = 0; file && j < rnn_safetensors_get_n (file); j++) {
        const RnnTensorView *t = rnn_safetensors_get (file, j);
        const gchar *begin = t->data;

        g_assert_true (begin >= bad && begin + t->size * rnn_dtype_get_size (t->dtype) <= bad + n);
      }
    }
  g_unlink (path);
}

static void
test_require (void)
{
  g_autoptr (GBytes) bytes = make_file ("{\"w\":" T ("U8", "[2,3]", "[0,6]") "}", 6);
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open_bytes (bytes, "m.safetensors", NULL);
  static const struct {
    const gchar *name;
    gint rank, dims[2];
    const gchar *message;
  } cases[] = {
    { "w", 2, { 2, 3 }, NULL },
    { "w", 2, { 3, 2 }, "m.safetensors: tensor \"w\" is [2, 3], must be [3, 2]" },
    { "w", 1, { 6 }, "m.safetensors: tensor \"w\" is [2, 3], must be [6]" },
    { "v", 1, { 6 }, "m.safetensors: tensor \"v\" is missing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    const RnnTensorView *t = rnn_safetensors_require (file, cases[i].name, cases[i].rank, cases[i].dims, &error);

    g_assert_true (!t == !!cases[i].message);
    g_assert_cmpstr (error ? error->message : NULL, ==, cases[i].message);
  }
}

static void
test_missing_file (void)
{
  g_autoptr (GError) missing = NULL, folder = NULL;

  g_assert_null (rnn_safetensors_open ("no/such.safetensors", &missing));
  g_assert_error (missing, RNN_ERROR, RNN_ERROR_NOT_FOUND);
  g_assert_cmpstr (missing->message, ==, "no/such.safetensors: there is no such file");
  g_assert_null (rnn_safetensors_open (g_get_tmp_dir (), &folder));
  g_assert_error (folder, RNN_ERROR, RNN_ERROR_IO);
  g_assert_true (g_str_has_prefix (folder->message, g_get_tmp_dir ()));
}

static void
test_write_errors (void)
{
  RnnTensorView twice[] = { rnn_tensor_view_f32 ("a", 0, NULL, floats), rnn_tensor_view_f32 ("a", 0, NULL, floats) };
  RnnTensorView reserved = rnn_tensor_view_f32 ("__metadata__", 0, NULL, floats);
  const gchar *const not_utf8[] = { "key", "\xff", NULL };
  GError *errors[4] = { NULL };
  g_autofree gchar *path = temp_path ("kept.safetensors");
  g_autofree gchar *before = NULL, *after = NULL;
  gsize n_before, n_after;

  g_assert_true (write_sample (path, NULL));
  g_assert_true (g_file_get_contents (path, &before, &n_before, NULL));
  g_assert_false (rnn_safetensors_write (path, twice, 2, NULL, &errors[0]));
  g_assert_error (errors[0], RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_false (rnn_safetensors_write (path, &reserved, 1, NULL, &errors[1]));
  g_assert_error (errors[1], RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_false (rnn_safetensors_write (path, NULL, 0, not_utf8, &errors[2]));
  g_assert_error (errors[2], RNN_ERROR, RNN_ERROR_FORMAT);
  g_assert_true (g_file_get_contents (path, &after, &n_after, NULL));
  g_assert_cmpmem (before, n_before, after, n_after);
  g_assert_false (rnn_safetensors_write ("/no/such/folder/f.safetensors", NULL, 0, NULL, &errors[3]));
  g_assert_error (errors[3], RNN_ERROR, RNN_ERROR_IO);
  g_assert_nonnull (strstr (errors[3]->message, "/no/such/folder/f.safetensors"));
  for (guint i = 0; i < 4; i++)
    g_clear_error (&errors[i]);
  g_unlink (path);
}

/* A reader that has the old file open keeps the old contents when the file is replaced. */
static void
test_replace_while_open (void)
{
  g_autofree gchar *path = temp_path ("replaced.safetensors");
  g_autoptr (RnnSafetensors) old = NULL;
  gfloat out[6];

  g_assert_true (write_sample (path, NULL));
  old = rnn_safetensors_open (path, NULL);
  g_assert_true (rnn_safetensors_write (path, NULL, 0, NULL, NULL));
  rnn_tensor_view_to_float (rnn_safetensors_find (old, "rnn0.weight_ih_l0"), out);
  g_assert_cmpmem (out, sizeof out, floats, sizeof floats);
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/safetensors/round-trip", test_round_trip);
  g_test_add_func ("/safetensors/alignment", test_alignment);
  g_test_add_func ("/safetensors/no-metadata", test_no_metadata);
  g_test_add_func ("/safetensors/dtypes", test_dtypes);
  for (gsize i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autofree gchar *path = g_strdup_printf ("/safetensors/lie/%s", lies[i].name);

    g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_lie);
  }
  g_test_add_func ("/safetensors/header-length", test_header_length);
  g_test_add_func ("/safetensors/limits", test_limits);
  g_test_add_func ("/safetensors/damage", test_damage);
  g_test_add_func ("/safetensors/require", test_require);
  g_test_add_func ("/safetensors/missing-file", test_missing_file);
  g_test_add_func ("/safetensors/write-errors", test_write_errors);
  g_test_add_func ("/safetensors/replace-while-open", test_replace_while_open);
  return g_test_run ();
}
