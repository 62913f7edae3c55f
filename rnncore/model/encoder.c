/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encoder and decoder.  A recipe's "layers" are the decoder; its "encoder" has layers of its own, whose tensors are called
 * encoder.LAYER.PARAM, and an input:
 *
 *   {"tokens": ["</s>", "a", ...], "layers": [...]} | {"input": {"kind": "tensors", "size": 40}, "layers": [...]}
 *
 * It runs over a whole sequence; its answers are the memory that attention among the layers reads.  "carry": true: the
 * decoder's state begins as the encoder's ends (Sutskever, Vinyals & Le 2014); only attention may have some of its own behind that. */
#include "model-private.h"
#include "../cells/container.h"
#include <string.h>

static const gchar *const keys[] = { "input", "tokens", "layers", "carry", NULL };

static gboolean
fail (RnnModel *model, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: encoder: %s", model->path, reason);
  return FALSE;
}

/* Nothing runs it: a decoder, then its encoder, for those who look at parameters. */
static const RnnCellClass pair_class = { .name = "encoder-decoder", .instance_size = sizeof (RnnCell) };

static RnnCell *
new_pair (RnnCell *decoder, RnnCell *encoder)
{
  RnnCell *pair = g_new0 (RnnCell, 1);

  pair->klass = &pair_class;
  pair->state_parts = g_array_new (FALSE, FALSE, sizeof (RnnStatePart));
  pair->params = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_param_free);
  pair->children = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_cell_free);
  g_ptr_array_add (pair->children, decoder);
  g_ptr_array_add (pair->children, encoder);
  return pair;
}

static gboolean
read_tokens (RnnModel *model, const json_t *list, GError **error)
{
  gsize i, n = json_array_size (list);
  json_t *token;

  if (!list)
    return TRUE;
  if (n < 1 || n > 1 << 20)
    return fail (model, error, "\"tokens\" must be a list of strings");
  model->source_tokens = g_new0 (gchar *, n + 1);
  json_array_foreach ((json_t *) list, i, token) {
    if (!json_is_string (token))
      return fail (model, error, "\"tokens\" must be a list of strings");
    model->source_tokens[i] = g_strdup (json_string_value (token));
  }
  return TRUE;
}

/* Tokens come as their numbers, one a step. */
static gboolean
read_input (RnnModel *model, json_t *given, GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s: encoder: input", model->path);
  json_t *input = given ? json_incref (given) : json_pack ("{sssi}", "kind", "tensors", "size", 1);

  model->encoder_input = rnn_input_new (input, where, error);
  json_decref (input);
  if (model->encoder_input && model->source_tokens && model->encoder_input->n_in != 1)
    return fail (model, error, "\"tokens\" are one number a step, its input is more");
  return model->encoder_input != NULL;
}

static gboolean
read_layers (RnnModel *model, json_t *layers, GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s: encoder", model->path);
  json_t *chain = json_pack ("{sssssO}", "cell", "chain", "name", "encoder", "layers", layers ? layers : json_null ());

  model->encoder = rnn_cell_new (chain, model->encoder_input->n_in, where, error);
  json_decref (chain);
  return model->encoder != NULL;
}

static gboolean
check_names (RnnModel *model, GError **error)
{
  for (guint i = 0; i < model->root->children->len; i++)
    if (!g_strcmp0 (RNN_CELL (model->root->children->pdata[i])->name, "encoder"))
      return fail (model, error, "a layer of the decoder is called \"encoder\", too");
  return TRUE;
}

static gboolean
check_shapes (RnnModel *model, GError **error)
{
  const RnnCell *encoder = model->encoder, *root = model->root;

  if (encoder->latency || encoder->n_memory)
    return fail (model, error, "its layers may neither look ahead nor read a memory");
  if (root->latency || root->offline)
    return fail (model, error, "its decoder hears its own answers, so it cannot look ahead");
  if (root->n_memory && root->n_memory != encoder->n_out) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: encoder: it answers %d values a step, but a memory of %d is read",
        model->path, encoder->n_out, root->n_memory);
    return FALSE;
  }
  if (model->carries && (encoder->n_state > root->n_state || (encoder->n_state < root->n_state && !root->n_memory)))
    return fail (model, error, "\"carry\": its state is not as large as the decoder's");
  if (!model->carries && !root->n_memory)
    return fail (model, error, "the decoder has no attention, and \"carry\" is not set: nothing reads it");
  return TRUE;
}

gboolean
rnn_model_read_encoder (RnnModel *model, GError **error)
{
  json_t *object = json_object_get (model->recipe, "encoder"), *value;
  const gchar *key;

  if (!object)
    return TRUE;
  json_object_foreach (object, key, value)
    if (!g_strv_contains (keys, key)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: encoder: unknown entry \"%s\"", model->path, key);
      return FALSE;
    }
  model->carries = json_is_true (json_object_get (object, "carry"));
  if (!read_tokens (model, json_object_get (object, "tokens"), error)
      || !read_input (model, json_object_get (object, "input"), error)
      || !read_layers (model, json_object_get (object, "layers"), error))
    return FALSE;
  model->cells = new_pair (model->root, model->encoder);
  return check_names (model, error) && check_shapes (model, error);
}
