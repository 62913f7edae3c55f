/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may be called a model: nothing that is no file, nothing with weights that no layer takes, nothing that asks for more memory
 * than is allowed. */
#include "folder.h"
#include <glib/gstdio.h>
#include "import/net.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/manifest.h"
#include "base/memory.h"
#include "cells/cell.h"
#include "model/model.h"
#include "model/safetensors.h"
#include "session/session.h"

static gchar *folder;

static gchar *
file_named (const gchar *name)
{
  return g_build_filename (folder, name, NULL);
}

static gchar *
write_text (const gchar *name, const gchar *text)
{
  gchar *path = file_named (name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
assert_says (GError *error, const gchar *word)
{
  g_assert_nonnull (error);
  if (!strstr (error->message, word))
    g_error ("\"%s\" does not say \"%s\"", error->message, word);
}

#define LSTM "{\"input\": {\"kind\": \"tensors\", \"size\": 3}, \"layers\": [{\"cell\": \"lstm\", \"hidden\": 4}]}"

/* The weights of nn.LSTM (3, 4) with what else @names says; a NULL shape ends the list. */
static gchar *
write_weights (const gchar *name, const gchar *const *others)
{
  static const gfloat zeros[64];
  static const struct {
    const gchar *name;
    gint rank, dims[2];
  } weights[] = {
    { "weight_ih_l0", 2, { 16, 3 } }, { "weight_hh_l0", 2, { 16, 4 } }, { "bias_ih_l0", 1, { 16 } }, { "bias_hh_l0", 1, { 16 } },
  };
  RnnTensorView views[16];
  gchar *path = file_named (name);
  guint n = 0;

  for (; n < G_N_ELEMENTS (weights); n++)
    views[n] = rnn_tensor_view_f32 (weights[n].name, weights[n].rank, weights[n].dims, zeros);
  for (; others && *others; others++)
    views[n++] = rnn_tensor_view_f32 (*others, 2, (const gint[]) { 16, 4 }, zeros);
  g_assert_true (rnn_safetensors_write (path, views, n, NULL, NULL));
  return path;
}

/* As load_state_dict: what the recipe leaves out is an error that names it, or has to be left out by name. */
static void
test_unused (void)
{
  static const gchar *const second[] = { "weight_ih_l1", "weight_hh_l1", NULL }, *const some[] = { "*_hh_l1", NULL };
  static const gchar *const all[] = { "weight_hh_l1", "weight_ih_*", NULL };
  g_autofree gchar *recipe = write_text ("lstm.json", LSTM), *fits = write_weights ("fits.safetensors", NULL);
  g_autofree gchar *more = write_weights ("more.safetensors", second);
  g_autoptr (GError) error = NULL, other = NULL;
  g_autoptr (RnnModel) good = rnn_model_import (fits, recipe, NULL, &error), model = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (good);
  g_assert_null (rnn_model_import (more, recipe, NULL, &error));
  assert_says (error, "\"weight_ih_l1\"");
  assert_says (error, "\"weight_hh_l1\"");
  g_clear_error (&error);
  g_assert_null (rnn_model_import (more, recipe, some, &error));
  assert_says (error, "no layer takes \"weight_ih_l1\":");
  model = rnn_model_import (more, recipe, all, &other);
  g_assert_no_error (other);
  g_assert_nonnull (model);
}

/* A safetensors file of one more tensor, of a type that no float is made of. */
static void
test_other_types (void)
{
  static const gchar *const types[] = { "F8_E4M3", "C64", "F8_E8M0", "NEW" };
  g_autofree gchar *recipe = write_text ("dense.json", "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"layers\": "
      "[{\"cell\": \"dense\", \"units\": 1, \"bias\": false}]}");

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (gint wanted = 0; wanted < 2; wanted++) {
      g_autofree gchar *header = g_strdup_printf ("{\"%s\": {\"dtype\": \"F32\", \"shape\": [1, 1], \"data_offsets\": [0, 4]}, \"%s\": "
          "{\"dtype\": \"%s\", \"shape\": [1, 1], \"data_offsets\": [4, 8]}}", wanted ? "odd" : "weight", wanted ? "weight" : "odd",
          types[i]);
      guint64 length = strlen (header);
      g_autoptr (GByteArray) file = g_byte_array_new ();
      g_autofree gchar *path = file_named ("odd.safetensors");
      g_autoptr (GError) error = NULL;
      g_autoptr (RnnModel) model = NULL;

      g_byte_array_append (file, (const guint8 *) &length, 8);
      g_byte_array_append (file, (const guint8 *) header, (guint) length);
      g_byte_array_append (file, (const guint8 *) "\0\0\0\0\0\0\0\0", 8);
      g_assert_true (g_file_set_contents (path, (const gchar *) file->data, file->len, NULL));
      model = rnn_model_import (path, recipe, NULL, &error);
      if (wanted)
        assert_says (error, "\"weight\"");
      else
        g_assert_no_error (error);
    }
}

/* Neither waits for a writer, nor reads for ever. */
static void
test_no_files (void)
{
  static const struct {
    const gchar *name, *word;
  } special[] = {
    { "/dev/zero", "a device" }, { "/dev/null", "a device" }, { ".", "a directory" }, { "fifo", "a FIFO" }, { "fifo.json", "a FIFO" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (special); i++) {
    g_autofree gchar *path = *special[i].name == '/' ? g_strdup (special[i].name) : file_named (special[i].name);
    g_autoptr (GError) model_error = NULL, shared_error = NULL, manifest_error = NULL;

    if (g_str_has_prefix (special[i].name, "fifo"))
      g_assert_cmpint (mkfifo (path, 0600), ==, 0);
    g_assert_null (rnn_model_load (path, &model_error));
    assert_says (model_error, special[i].word);
    g_assert_null (rnn_model_load_shared (path, &shared_error));
    assert_says (shared_error, special[i].word);
    g_assert_null (rnn_manifest_load (path, &manifest_error));
    assert_says (manifest_error, special[i].word);
    if (g_str_has_prefix (special[i].name, "fifo"))
      g_unlink (path);
  }
}

/* A hundred bytes that ask for gigabytes: their layers can be looked at, and nothing is taken. */
static void
test_limit (void)
{
  static const gchar *const recipes[] = {
    "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"layers\": [{\"cell\": \"dense\", \"units\": 1048576}, {\"cell\": \"dense\", "
        "\"units\": 1000}]}",
    "{\"input\": {\"kind\": \"tensors\", \"size\": 1}, \"layers\": [{\"cell\": \"esn\", \"hidden\": 30000}]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (recipes); i++) {
    g_autofree gchar *path = write_text ("large.json", recipes[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (RnnModel) outline = rnn_model_load_outline (path, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (rnn_model_get_weight_bytes (outline), >, 1u << 30);
    g_assert_null (rnn_model_load (path, &error));
    assert_says (error, "RNN_MAX_MEMORY=");
  }
}

static void
test_other_limit (void)
{
  g_autofree gchar *path = write_text ("small.json", "{\"input\": {\"kind\": \"tensors\", \"size\": 1000}, \"layers\": [{\"cell\": "
      "\"dense\", \"units\": 1000}]}");
  g_autoptr (GError) error = NULL, other = NULL;
  g_autoptr (RnnModel) model = NULL;

  g_setenv ("RNN_MAX_MEMORY", "3", TRUE);
  g_assert_null (rnn_model_load (path, &error));
  assert_says (error, "4 MB of weights");
  g_setenv ("RNN_MAX_MEMORY", "5", TRUE);
  model = rnn_model_load (path, &other);
  g_assert_no_error (other);
  g_clear_error (&error);
  g_assert_null (rnn_session_new (model, 1000, 16, RNN_PRECISION_F32, &error));
  assert_says (error, "room to work in");
  g_unsetenv ("RNN_MAX_MEMORY");
}

/* Tensors of a graph that is imported; a dimension of 33 bits is no short one. */
static void
test_tensors (void)
{
  static const gint64 million[] = { 1000, 1000 }, long_one[] = { G_GINT64_CONSTANT (0x100000001) }, negative[] = { 3, -1 };
  RnnNetValue *value;

  g_setenv ("RNN_MAX_MEMORY", "10", TRUE);
  g_assert_null (rnn_net_value_new (RNN_NET_FLOAT, 2, million, NULL));
  g_setenv ("RNN_MAX_MEMORY", "20", TRUE);
  g_assert_nonnull (value = rnn_net_value_new (RNN_NET_FLOAT, 2, million, NULL));
  rnn_net_value_unref (value);
  g_unsetenv ("RNN_MAX_MEMORY");
  g_assert_null (rnn_net_value_new (RNN_NET_FLOAT, 1, long_one, NULL));
  g_assert_null (rnn_net_value_new (RNN_NET_FLOAT, 2, negative, NULL));
}

/* Sizes that no size_t holds stay large, and are refused: none wraps to a small one, as a recipe soon would with 32 bits. */
static void
test_sizes (void)
{
  g_autoptr (GError) error = NULL;
  json_t *layer = json_pack ("{ss}", "cell", "dense");
  RnnCell *cell = rnn_cell_new (layer, 4, "t", &error);
  const RnnParam *p;

  g_assert_no_error (error);
  p = rnn_cell_add_tensor (cell, "huge", 3, (const gint[]) { G_MAXINT, G_MAXINT, 5 }, 0);
  g_assert_cmpuint (p->size, ==, G_MAXSIZE);
  cell->n_scratch = G_MAXSIZE / 16 + 1;
  g_assert_cmpuint (rnn_cell_scratch_size (cell, 16, 1), ==, G_MAXSIZE);
  g_assert_cmpuint (rnn_cell_scratch_size (cell, 8, 2), ==, G_MAXSIZE);
  g_assert_null (rnn_memory_try_floats (G_MAXSIZE / sizeof (gfloat) + 2, "t", &error));
  assert_says (error, "the system has no");
  rnn_cell_free (cell);
  json_decref (layer);
}

int
main (int argc, char **argv)
{
  gint result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("rnn-load-XXXXXX", NULL);
  g_test_add_func ("/load/unused", test_unused);
  g_test_add_func ("/load/other-types", test_other_types);
  g_test_add_func ("/load/no-files", test_no_files);
  g_test_add_func ("/load/limit", test_limit);
  g_test_add_func ("/load/other-limit", test_other_limit);
  g_test_add_func ("/load/tensors", test_tensors);
  g_test_add_func ("/load/sizes", test_sizes);
  result = g_test_run ();
  remove_folder (folder);
  return result;
}
