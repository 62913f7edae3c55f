/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models in rwkv.cpp's format: every version comes back as what it was before that format bent its tensors, every type
 * of number means what it says, and no broken file gets through. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "model/model.h"
#include "session/session.h"
#include "model/root.h"

/* ---- writing such files ---- */

static void
put_ints (GByteArray *file, const gint32 *ints, guint n)
{
  g_byte_array_append (file, (const guint8 *) ints, n * sizeof (gint32));
}

static GByteArray *
new_file (gint version, gint vocab, gint embed, gint layers)
{
  GByteArray *file = g_byte_array_new ();

  put_ints (file, (const gint32[]) { 0x67676d66, version, vocab, embed, layers, 0 }, 6);
  return file;
}

/* @dims as PyTorch has them */
static void
put_tensor (GByteArray *file, const gchar *name, gint type, gint rank, const gint *dims, gconstpointer data,
    gsize n_bytes)
{
  put_ints (file, (const gint32[]) { rank, (gint32) strlen (name), type }, 3);
  for (gint i = rank - 1; i >= 0; i--)
    put_ints (file, &dims[i], 1);
  g_byte_array_append (file, (const guint8 *) name, (guint) strlen (name));
  g_byte_array_append (file, data, (guint) n_bytes);
}

static RnnModel *
import (const GByteArray *file, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (file->data, file->len);

  return rnn_model_load_bytes (bytes, "my.bin", error);
}

/* ---- what the format does to tensors, as its description says ---- */

typedef struct {
  GByteArray *file;
  const gchar *version;
  gfloat joined[6 * 64];        /* version 7: x_r, x_w, x_k, x_v, x_a, x_g */
} Export;

static gboolean
is_one_of (const gchar *name, const gchar *const *ends)
{
  for (; *ends; ends++)
    if (g_str_has_suffix (name, *ends))
      return TRUE;
  return FALSE;
}

static void
bend (const Export *e, const gchar *name, gfloat *x, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_has_suffix (name, "att.time_decay") && *e->version == '4')
      x[i] = -expf (x[i]);
    else if (g_str_has_suffix (name, "att.time_decay") && *e->version == '5')
      x[i] = expf (-expf (x[i]));
    else if (g_str_has_suffix (name, "att.time_first") && *e->version == '5')
      x[i] = expf (x[i]);
}

/* Swaps the last two of rank dimensions. */
static void
turn (gfloat *x, gint rank, gint *dims)
{
  gint rows = dims[rank - 2], cols = dims[rank - 1], n = rank == 3 ? dims[0] : 1;
  g_autofree gfloat *from = g_memdup2 (x, (gsize) n * rows * cols * sizeof (gfloat));

  for (gint m = 0; m < n; m++)
    for (gint r = 0; r < rows; r++)
      for (gint c = 0; c < cols; c++)
        x[(m * cols + c) * rows + r] = from[(m * rows + r) * cols + c];
  dims[rank - 2] = cols;
  dims[rank - 1] = rows;
}

/* Puts one of version 7's mixtures into its place; the last one completes the tensor. */
static void
join (Export *e, const RnnParam *param, const gchar *name)
{
  static const gchar order[] = "rwkvag";
  const gchar *mix = strstr (name, "x_") + 2;
  gint place = (gint) (strchr (order, *mix) - order);
  g_autofree gchar *whole = g_strdup_printf ("%.*s%s", (gint) (mix - name), name, order);

  memcpy (e->joined + place * param->size, param->data, param->size * sizeof (gfloat));
  if (*mix == 'g')
    put_tensor (e->file, whole, 0, 3, (const gint[]) { 6, 1, (gint) param->size }, e->joined,
        6 * param->size * sizeof (gfloat));
}

static void
put_param (RnnParam *param, const gchar *name, gpointer data)
{
  static const gchar *const turned[] = { "time_maa_w1", "time_maa_w2", "time_decay_w1", "time_decay_w2", "att.w1",
    "att.w2", "att.a1", "att.a2", "att.v1", "att.v2", "att.g1", "att.g2", NULL };
  Export *e = data;
  gfloat *x = g_memdup2 (param->data, param->size * sizeof (gfloat));
  gint dims[4] = { 1, 1, 1, 1 }, rank = param->rank;

  memcpy (dims, param->dims, sizeof (gint) * (gsize) rank);
  bend (e, name, x, param->size);
  if (is_one_of (name, turned))
    turn (x, rank, dims);
  if (rank == 2 && (g_str_has_suffix (name, "time_faaaa") || g_str_has_suffix (name, "time_decay")))
    rank = 3;                   /* [heads][size][1] */
  if (rank == 1 && *e->version == '5' && strstr (name, "att.time_"))
    rank = 3;                   /* [heads][1][1] */
  if (strstr (name, ".att.x_"))
    join (e, param, name);
  else
    put_tensor (e->file, name, 0, rank, dims, x, param->size * sizeof (gfloat));
  g_free (x);
}

/* ---- each version ---- */

static const gchar *const recipes[] = {
  "{'cell': 'rwkv', 'name': 'blocks', 'version': '4', 'hidden': 5}",
  "{'cell': 'rwkv', 'name': 'blocks', 'version': '5.1', 'heads': 3, 'hidden': 7, 'norm_eps': 1e-5}",
  "{'cell': 'rwkv', 'name': 'blocks', 'version': '5.2', 'heads': 3, 'hidden': 7, 'norm_eps': 1e-5}",
  "{'cell': 'rwkv', 'name': 'blocks', 'version': '6', 'heads': 2, 'hidden': 7, 'mix_rank': 2, 'decay_rank': 3}",
  "{'cell': 'rwkv', 'name': 'blocks', 'version': '7', 'heads': 2, 'hidden': 7, 'decay_rank': 2, 'rate_rank': 3, "
      "'value_rank': 4, 'gate_rank': 5}",
  "{'cell': 'rwkv', 'name': 'blocks', 'version': '7', 'blocks': 1, 'heads': 2, 'hidden': 7, 'decay_rank': 2, "
      "'rate_rank': 3, 'gate_rank': 5}",
};

#define VOCAB 9
#define EMBED 6

static RnnModel *
model_of (const gchar *blocks, const gchar **version, gint *n_blocks)
{
  g_auto (GStrv) parts = g_strsplit (blocks, "'", -1);
  g_autofree gchar *quoted = g_strjoinv ("\"", parts);
  json_t *layer = json_loads (quoted, 0, NULL), *recipe;
  g_autoptr (GError) error = NULL;
  RnnModel *model;

  recipe = json_pack ("{s{ss si} s[{ss ss si si} O {ss ss} {ss ss si sb}]}", "input", "kind", "tensors", "size", 1,
      "layers", "cell", "embedding", "name", "emb", "tokens", VOCAB, "units", EMBED, layer, "cell", "norm", "name",
      "ln_out", "cell", "dense", "name", "head", "units", VOCAB, "bias", FALSE);
  model = rnn_model_new (recipe, 5, "recipe", &error);
  g_assert_no_error (error);
  *version = g_intern_string (json_string_value (json_object_get (layer, "version")));
  *n_blocks = json_object_get (layer, "blocks") ? (gint) json_integer_value (json_object_get (layer, "blocks")) : 2;
  json_decref (recipe);
  json_decref (layer);
  return model;
}

static GByteArray *
export (const gchar *blocks, RnnModel **model)
{
  Export e = { NULL };
  gint n_blocks;

  *model = model_of (blocks, &e.version, &n_blocks);
  e.file = new_file (101, VOCAB, EMBED, n_blocks);
  rnn_cell_foreach_param (rnn_model_get_root (*model), put_param, &e);
  return e.file;
}

static void
run_tokens (RnnModel *model, gfloat *logits)
{
  static const gfloat tokens[] = { 3, 1, 4, 1, 5, 8, 2, 6 };
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 8, RNN_PRECISION_F32, NULL);

  rnn_session_run (session, G_N_ELEMENTS (tokens), tokens, logits);
}

/* Not to the bit: decays go through exp and log. */
static void
assert_alike (RnnModel *a, RnnModel *b)
{
  gfloat la[8 * VOCAB], lb[8 * VOCAB];

  g_assert_cmpuint (rnn_model_get_n_params (a), ==, rnn_model_get_n_params (b));
  for (gsize i = 0; i < rnn_model_get_n_params (a); i++)
    g_assert_cmpfloat (fabsf (rnn_model_get_params (a)[i] - rnn_model_get_params (b)[i]), <, 2e-5);
  run_tokens (a, la);
  run_tokens (b, lb);
  for (gint i = 0; i < 8 * VOCAB; i++)
    g_assert_cmpfloat (fabsf (la[i] - lb[i]), <, 1e-5);
}

static void
test_version (gconstpointer blocks)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) original = NULL, imported = NULL, saved = NULL;
  g_autoptr (GByteArray) file = export (blocks, &original);
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnn-import-XXXXXX.safetensors", NULL);

  imported = import (file, &error);
  g_assert_no_error (error);
  assert_alike (original, imported);

  close (g_mkstemp (path));
  g_assert_true (rnn_model_save (imported, path, &error));
  saved = rnn_model_load (path, &error);
  g_assert_no_error (error);
  g_remove (path);
  g_assert_cmpmem (rnn_model_get_params (imported), rnn_model_get_n_params (imported) * sizeof (gfloat),
      rnn_model_get_params (saved), rnn_model_get_n_params (saved) * sizeof (gfloat));
}

/* A file on disk is known by its first bytes, whatever it is called. */
static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) original = NULL, loaded = NULL;
  g_autoptr (GByteArray) file = export (recipes[0], &original);
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnn-import-XXXXXX", NULL);

  close (g_mkstemp (path));
  g_assert_true (g_file_set_contents (path, (const gchar *) file->data, file->len, NULL));
  loaded = rnn_model_load (path, &error);
  g_remove (path);
  g_assert_no_error (error);
  assert_alike (original, loaded);
}

/* ---- types of numbers ---- */

#define HALF_QUARTER 0x3400     /* 0.25 */
#define HALF_MINUS_3 0xc200

typedef struct {
  const gchar *name;
  gint type, bits;
  gboolean starts;              /* value = 0.25 q - 3, not 0.25 (q - half the range) */
} Type;

static const Type types[] = {
  { "Q4_0", 2, 4, FALSE }, { "Q4_1", 3, 4, TRUE }, { "Q5_0", 7, 5, FALSE }, { "Q5_1", 8, 5, TRUE },
  { "Q8_0", 9, 8, FALSE },
};

/* One block of 32 values that count through all there are; appended to @bytes as the format has it. */
static void
put_block (const Type *type, guint first, GByteArray *bytes, gfloat *values)
{
  const guint16 scale = HALF_QUARTER, start = HALF_MINUS_3;
  guint8 quants[32] = { 0 };
  guint32 fifth = 0;

  g_byte_array_append (bytes, (const guint8 *) &scale, 2);
  if (type->starts)
    g_byte_array_append (bytes, (const guint8 *) &start, 2);
  for (guint j = 0; j < 32; j++) {
    guint q = (first + 7 * j) & ((1u << type->bits) - 1);

    values[j] = 0.25f * (gfloat) (type->bits == 8 ? (gint8) q : (gint) q - (type->starts ? 0 : 1 << (type->bits - 1)));
    values[j] += type->starts ? -3 : 0;
    if (type->bits == 8)
      quants[j] = (guint8) q;
    else
      quants[j % 16] |= (guint8) ((q & 15) << (j < 16 ? 0 : 4));
    fifth |= (q >> 4 & 1) << j;
  }
  if (type->bits == 5)
    g_byte_array_append (bytes, (const guint8 *) &fifth, 4);
  g_byte_array_append (bytes, quants, type->bits == 8 ? 32 : 16);
}

typedef struct {
  const gchar *name;
  RnnParam *param;
} Search;

static void
find (RnnParam *param, const gchar *name, gpointer data)
{
  Search *search = data;

  if (g_str_equal (name, search->name))
    search->param = param;
}

/* A version 4 model of 32 values whose head has one row of every @type. */
static GByteArray *
file_of_type (const Type *type, gint version, gfloat *values)
{
  static const gchar *const vectors[] = { "ln0.weight", "ln0.bias", "ln1.weight", "ln1.bias", "ln2.weight", "ln2.bias",
    "att.time_decay", "att.time_first", "att.time_mix_k", "att.time_mix_v", "att.time_mix_r", "ffn.time_mix_k",
    "ffn.time_mix_r" };
  static const gchar *const matrices[] = { "att.key.weight", "att.value.weight", "att.receptance.weight",
    "att.output.weight", "ffn.key.weight", "ffn.value.weight", "ffn.receptance.weight" };
  const gint dims[] = { 32, 32 }, head[] = { 2, 32 };
  GByteArray *file = new_file (version, 2, 32, 1), *bytes = g_byte_array_new ();
  gfloat x[32 * 32];

  for (guint i = 0; i < G_N_ELEMENTS (x); i++)
    x[i] = -0.01f * (gfloat) (i % 32 + 1);
  put_block (type, 0, bytes, values);
  put_block (type, 100, bytes, values + 32);
  put_tensor (file, "emb.weight", 0, 2, head, x, 64 * 4);
  put_tensor (file, "head.weight", type->type, 2, head, bytes->data, bytes->len);
  put_tensor (file, "ln_out.weight", 0, 1, dims, x, 32 * 4);
  put_tensor (file, "ln_out.bias", 0, 1, dims, x, 32 * 4);
  for (guint i = 0; i < G_N_ELEMENTS (vectors) + G_N_ELEMENTS (matrices); i++) {
    gint rank = i < G_N_ELEMENTS (vectors) ? 1 : 2;
    g_autofree gchar *name = g_strconcat ("blocks.0.",
        rank == 1 ? vectors[i] : matrices[i - G_N_ELEMENTS (vectors)], NULL);

    put_tensor (file, name, 0, rank, dims, x, rank == 1 ? 32 * 4 : sizeof x);
  }
  g_byte_array_unref (bytes);
  return file;
}

static void
test_type (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gfloat values[64];
  g_autoptr (GByteArray) file = file_of_type (data, 101, values), old = file_of_type (data, 100, values);
  g_autoptr (RnnModel) model = import (file, &error), refused = NULL;
  Search search = { "head.weight", NULL };

  g_assert_no_error (error);
  rnn_cell_foreach_param (rnn_model_get_root (model), find, &search);
  g_assert_cmpmem (search.param->data, 64 * sizeof (gfloat), values, 64 * sizeof (gfloat));
  refused = import (old, &error);
  g_assert_null (refused);
  g_assert_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED);
}

static void
test_f16 (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) original = NULL, model = NULL;
  g_autoptr (GByteArray) file = export (recipes[0], &original), twice = NULL;
  guint16 halves[VOCAB * EMBED];
  Search search = { "emb.weight", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    halves[i] = (guint16) (0x3c00 + i);         /* 1 + i / 1024 */
  twice = new_file (100, VOCAB, EMBED, 2);
  put_tensor (twice, "emb.weight", 1, 2, (const gint[]) { VOCAB, EMBED }, halves, sizeof halves);
  /* the rest of the tensors, behind the embedding's: header 24, its own head 12 + 2 * 4 + 10 */
  g_byte_array_append (twice, file->data + 54 + VOCAB * EMBED * 4, file->len - 54 - VOCAB * EMBED * 4);
  model = import (twice, &error);
  g_assert_no_error (error);
  rnn_cell_foreach_param (rnn_model_get_root (model), find, &search);
  for (guint i = 0; i < G_N_ELEMENTS (halves); i++)
    g_assert_cmpfloat (search.param->data[i], ==, 1 + (gfloat) i / 1024);
}

/* ---- broken files ---- */

static void
assert_refused (const GByteArray *file, const gchar *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = import (file, &error);

  g_assert_null (model);
  g_assert_nonnull (error);
  if (!g_str_has_prefix (error->message, "my.bin: ") || !strstr (error->message, word))
    g_error ("\"%s\" does not say \"%s\"", error->message, word);
}

/* Wherever it ends too early: in the middle of something, or with tensors missing. */
static void
test_truncated (void)
{
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GByteArray) file = export (recipes[4], &model);
  guint n = file->len;

  for (guint cut = 1; cut < n; cut += cut < 64 || cut > n - 64 ? 1 : 13) {
    g_autoptr (GByteArray) part = g_byte_array_new ();

    g_byte_array_append (part, file->data, cut);
    assert_refused (part, "");
  }
}

static void
test_header (void)
{
  static const struct {
    gint at;                    /* of the file's integers */
    gint32 value;
    const gchar *word;
  } changes[] = {
    { 0, 1, "safetensors" }, { 1, 99, "version 99" }, { 1, 102, "version 102" }, { 2, 0, "0 tokens" },
    { 2, -1, "-1 tokens" }, { 2, VOCAB + 1, "emb.weight" }, { 3, 1 << 30, "values" }, { 3, EMBED - 1, "" },
    { 4, 0, "0 layers" }, { 4, 129, "129 layers" }, { 4, 3, "is missing" }, { 4, 1, "no layer takes" },
    { 6, 0, "0 dimensions" }, { 6, 5, "5 dimensions" }, { 6, -2, "dimensions" }, { 6, G_MAXINT32, "dimensions" },
    { 7, 0, "name" }, { 7, 257, "257 bytes" }, { 7, -1, "name" }, { 8, 4, "type 4" }, { 8, -1, "type -1" },
    { 8, 1 << 20, "type" }, { 9, 0, "shape" }, { 9, -EMBED, "shape" }, { 9, 1 << 20, "truncated" },
    { 9, G_MAXINT32, "" },        /* cut off, or more than a size can hold */
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (RnnModel) model = NULL;
    g_autoptr (GByteArray) file = export (recipes[0], &model);

    memcpy (file->data + 4 * changes[i].at, &changes[i].value, 4);
    assert_refused (file, changes[i].word);
  }
}

static void
test_tensors (void)
{
  static const gint shape[] = { VOCAB, EMBED };
  static const gfloat zeros[VOCAB * EMBED];
  const gfloat nan = NAN;
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GByteArray) file = export (recipes[0], &model);

  put_tensor (file, "emb.weight", 0, 2, shape, zeros, sizeof zeros);
  assert_refused (file, "twice");
  g_byte_array_set_size (file, file->len - 54 + 24 - (guint) sizeof zeros);
  put_tensor (file, "caf\xe9", 0, 2, shape, zeros, sizeof zeros);
  assert_refused (file, "UTF-8");
  g_byte_array_set_size (file, file->len - 24 - (guint) sizeof zeros);
  put_tensor (file, "odd", 9, 2, shape, zeros, sizeof zeros);
  assert_refused (file, "blocks");
  g_byte_array_set_size (file, file->len - 23 - (guint) sizeof zeros);
  memcpy (file->data + 54, &nan, sizeof nan);
  assert_refused (file, "finite");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (recipes); i++) {
    g_autofree gchar *path = g_strdup_printf ("/import/version/%u", i);

    g_test_add_data_func (path, recipes[i], test_version);
  }
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree gchar *path = g_strconcat ("/import/type/", types[i].name, NULL);

    g_test_add_data_func (path, &types[i], test_type);
  }
  g_test_add_func ("/import/type/F16", test_f16);
  g_test_add_func ("/import/load", test_load);
  g_test_add_func ("/import/truncated", test_truncated);
  g_test_add_func ("/import/header", test_header);
  g_test_add_func ("/import/tensors", test_tensors);
  return g_test_run ();
}
