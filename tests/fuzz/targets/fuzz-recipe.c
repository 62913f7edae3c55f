/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a recipe: refused, or a model whose own recipe makes the same model again. */
#include "../fuzz.h"
#include "model/model.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  json_t *recipe = json_loadb ((const gchar *) data, n, JSON_REJECT_DUPLICATES, NULL);
  g_autoptr (RnnModel) model = recipe ? rnn_model_new (recipe, 1, "fuzz", NULL) : NULL;

  if (model) {
    g_autoptr (RnnModel) again = rnn_model_new (rnn_model_get_recipe (model), 1, "again", NULL);

    g_assert (again && rnn_model_get_n_params (again) == rnn_model_get_n_params (model));
    g_assert (rnn_model_get_n_in (model) > 0 && rnn_model_get_n_out (model) > 0);
  }
  json_decref (recipe);
  return 0;
}
