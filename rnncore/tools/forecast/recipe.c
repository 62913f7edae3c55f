/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which model is trained. */
#include "eval.h"

json_t *
eval_load_recipe (const EvalOptions *o, GError **error)
{
  json_error_t reason;
  json_t *recipe = o->recipe ? json_load_file (o->recipe, 0, &reason) : NULL;

  if (!o->recipe && o->model)   /* the linear model beside it */
    return json_pack ("{s{}s[]}", "forecast", "layers");
  if (!o->recipe)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--model or --recipe is needed");
  else if (!recipe)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%d: %s", o->recipe, reason.line, reason.text);
  else if (!json_is_object (json_object_get (recipe, "forecast"))) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: this is no forecaster's recipe: it has no \"forecast\"", o->recipe);
    g_clear_pointer (&recipe, json_decref);
  }
  return recipe;
}

json_t *
eval_recipe (const EvalOptions *o, guint horizon, guint season, guint rows, GError **error)
{
  json_t *recipe = eval_load_recipe (o, error), *whole = recipe ? rnn_forecast_complete (recipe, horizon, season, rows) : NULL;

  json_decref (recipe);
  return whole;
}
