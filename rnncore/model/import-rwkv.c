/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV models in rwkv.cpp's format (ggmf.h): which version it is, the recipe of its layers, and its weights, some of
 * which that format keeps the other way round, joined, or already put through exp. */
#include "ggmf.h"
#include "import.h"
#include "model-private.h"
#include <math.h>
#include <string.h>

enum { V4, V5_1, V5_2, V6, V7 };
static const gchar *const versions[] = { "4", "5.1", "5.2", "6", "7" };

typedef struct {
  const RnnGgmf *file;
  gint version;
  const gchar *where;
  GError **error;
  gboolean ok;
} Import;

static gboolean
fail (const Import *m, const gchar *name, const gchar *reason)
{
  g_set_error (m->error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: tensor \"%s\" %s", m->where, name, reason);
  return FALSE;
}

static gint
find_version (const RnnGgmf *file)
{
  static const gchar *const marks[] = {         /* of each version, seen from the newest; 4 has what all have */
    [V4] = "blocks.0.att.time_mix_k", [V5_1] = "blocks.0.att.ln_x.weight", [V5_2] = "blocks.0.att.gate.weight",
    [V6] = "blocks.0.att.time_maa_x", [V7] = "blocks.0.att.r_k",
  };

  for (gint i = V7; i >= V4; i--)
    if (rnn_ggmf_find (file, marks[i]))
      return i;
  return -1;
}

/* ---- the recipe ---- */

/* Options of the blocks that follow from the last dimension of a tensor, which is so many times it. */
static const struct {
  gint from, to;                /* versions */
  const gchar *option, *tensor;
  gint times;
} sizes[] = {
  { V4, V7, "hidden", "blocks.0.ffn.key.weight", 1 },
  { V5_1, V5_1, "heads", "blocks.0.att.time_decay", 1 },
  { V5_2, V6, "heads", "blocks.0.att.time_faaaa", 1 },
  { V6, V6, "mix_rank", "blocks.0.att.time_maa_w1", 5 },
  { V6, V6, "decay_rank", "blocks.0.att.time_decay_w1", 1 },
  { V7, V7, "heads", "blocks.0.att.r_k", 1 },
  { V7, V7, "decay_rank", "blocks.0.att.w1", 1 },
  { V7, V7, "rate_rank", "blocks.0.att.a1", 1 },
  { V7, V7, "value_rank", "blocks.1.att.v1", 1 },
  { V7, V7, "gate_rank", "blocks.0.att.g1", 1 },
};

static json_t *
make_blocks (const Import *m)
{
  json_t *blocks = json_pack ("{ss ss ss si}", "cell", "rwkv", "name", "blocks", "version", versions[m->version],
      "blocks", m->file->n_layer);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const RnnGgmfTensor *t = rnn_ggmf_find (m->file, sizes[i].tensor);

    if (t && m->version >= sizes[i].from && m->version <= sizes[i].to)
      json_object_set_new (blocks, sizes[i].option, json_integer (t->dims[t->rank - 1] / sizes[i].times));
  }
  if (m->version == V5_1 || m->version == V5_2)         /* what rwkv.cpp computes with */
    json_object_set_new (blocks, "norm_eps", json_real (1e-5));
  return blocks;
}

static json_t *
make_recipe (const Import *m)
{
  g_autofree gchar *base = g_path_get_basename (m->where), *name = g_utf8_make_valid (base, -1);

  return json_pack ("{si ss ss s{ss si} s[{ss ss si si} o {ss ss} {ss ss si sb}] s{ss}}", "format", 1, "name", name,
      "description", "RWKV language model, imported from rwkv.cpp's format", "input", "kind", "tensors", "size", 1,
      "layers", "cell", "embedding", "name", "emb", "tokens", m->file->n_vocab, "units", m->file->n_embed,
      make_blocks (m), "cell", "norm", "name", "ln_out", "cell", "dense", "name", "head", "units", m->file->n_vocab,
      "bias", FALSE, "output", "kind", "raw");
}

/* ---- the weights ---- */

/* w = exp (-exp (raw)): raw, or as far as float knows exp. */
static gfloat
log_of_minus_log (gfloat w)
{
  return w > 0 && w < 1 ? (gfloat) log (-log (w)) : w > 0 ? -20 : 5;
}

/* w = -exp (raw) */
static gfloat
log_of_minus (gfloat w)
{
  return w < 0 ? logf (-w) : -100;
}

static gfloat
plain_log (gfloat w)
{
  return w > 0 ? logf (w) : -100;
}

/* Parameters (without their block) that the file has in another form. */
static const struct {
  gint from, to;                /* versions */
  const gchar *name;
  gfloat (*undo) (gfloat x);    /* of each element; NULL: none */
  gboolean transposed;          /* each group of the parameter */
} forms[] = {
  { V4, V4, "att.time_decay", log_of_minus, FALSE },
  { V5_1, V5_2, "att.time_decay", log_of_minus_log, FALSE },
  { V5_1, V5_1, "att.time_first", plain_log, FALSE },
  { V6, V6, "att.time_maa_w1", NULL, TRUE },
  { V6, V6, "att.time_maa_w2", NULL, TRUE },
  { V6, V6, "att.time_decay_w1", NULL, TRUE },
  { V6, V6, "att.time_decay_w2", NULL, TRUE },
  { V7, V7, "att.w1", NULL, TRUE }, { V7, V7, "att.w2", NULL, TRUE },
  { V7, V7, "att.a1", NULL, TRUE }, { V7, V7, "att.a2", NULL, TRUE },
  { V7, V7, "att.v1", NULL, TRUE }, { V7, V7, "att.v2", NULL, TRUE },
  { V7, V7, "att.g1", NULL, TRUE }, { V7, V7, "att.g2", NULL, TRUE },
};

/* Version 7's six mixtures are one tensor "x_rwkvag": how many elements of it @param (called @name) comes after. */
static const RnnGgmfTensor *
find_tensor (const Import *m, const RnnParam *param, const gchar *name, gsize *offset)
{
  static const gchar joined[] = "rwkvag";
  const gchar *mix = strstr (name, ".att.x_"), *part;
  g_autofree gchar *whole = NULL;
  const RnnGgmfTensor *t;

  *offset = 0;
  if (!mix)
    return rnn_ggmf_find (m->file, name);
  whole = g_strdup_printf ("%.*s.att.x_%s", (gint) (mix - name), name, joined);
  t = rnn_ggmf_find (m->file, whole);
  part = strchr (joined, mix[strlen (".att.x_")]);
  *offset = part ? (gsize) (part - joined) * param->size : 0;
  return t;
}

static void
check_param (RnnParam *param, const gchar *name, gpointer data)
{
  Import *m = data;
  gsize offset;
  const RnnGgmfTensor *t = find_tensor (m, param, name, &offset);

  if (m->ok && !t)
    m->ok = fail (m, name, "is missing");
  else if (m->ok && t->size != (strstr (name, ".att.x_") ? 6 : 1) * param->size)
    m->ok = fail (m, name, "has another size than the model's shape asks for");
}

/* [outputs][inputs] -> [inputs][outputs] of each group */
static void
transpose (const RnnParam *param, const gfloat *from)
{
  gsize out = (gsize) param->dims[param->rank - 1], in = param->size / (gsize) param->groups / out;

  for (gsize i = 0; i < param->size; i++) {
    gsize group = i / (in * out), at = i % (in * out);

    param->data[i] = from[group * in * out + at % out * in + at / out];
  }
}

static void
load_param (RnnParam *param, const gchar *name, gpointer data)
{
  const Import *m = data;
  gsize offset;
  const RnnGgmfTensor *t = find_tensor (m, param, name, &offset);
  g_autofree gfloat *values = g_new (gfloat, t->size);

  rnn_ggmf_to_float (t, values);
  memcpy (param->data, values + offset, param->size * sizeof (gfloat));
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    if (m->version < forms[i].from || m->version > forms[i].to || !g_str_has_suffix (name, forms[i].name))
      continue;
    for (gsize j = 0; forms[i].undo && j < param->size; j++)
      param->data[j] = forms[i].undo (values[j]);
    if (forms[i].transposed)
      transpose (param, values);
  }
}

/* ---- all of it ---- */

/* Are all weights there?  Asked of layers without weights, so that no file can claim more memory than it has bytes. */
static gboolean
check_params (Import *m, const json_t *recipe)
{
  json_t *chain = json_pack ("{ss sO}", "cell", "chain", "layers", json_object_get (recipe, "layers"));
  RnnCell *trial = rnn_cell_new (chain, 1, m->where, m->error);

  json_decref (chain);
  if (!trial)
    return FALSE;
  rnn_cell_foreach_param (trial, check_param, m);
  rnn_cell_free (trial);
  return m->ok;
}

static RnnModel *
load (GBytes *bytes, const gchar *where, GError **error)
{
  g_autoptr (RnnGgmf) file = rnn_ggmf_open (bytes, where, error);
  g_autoptr (RnnModel) model = NULL;
  Import m = { .file = file, .version = file ? find_version (file) : -1, .where = where, .error = error, .ok = TRUE };
  json_t *recipe;

  if (m.version < 0) {
    if (file)
      fail (&m, "blocks.0.att.time_mix_k", "is missing: no RWKV model of versions 4 to 7");
    return NULL;
  }
  recipe = make_recipe (&m);
  if (check_params (&m, recipe))
    model = rnn_model_new_empty (recipe, where, error);
  json_decref (recipe);
  if (!model)
    return NULL;
  rnn_cell_foreach_param (model->root, load_param, &m);
  return rnn_model_check_finite (model, error) ? g_steal_pointer (&model) : NULL;
}

const RnnImporter rnn_importer_rwkv = { "rwkv.cpp", rnn_ggmf_is_mine, load };
