/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which model is trained. */
#include "eval.h"

/* A list of names in the place of the recipe's, where it is given. */
static void
set_names (json_t *recipe, const gchar *key, const gchar *names)
{
  g_auto (GStrv) parts = g_strsplit (names ? names : "", ",", -1);
  json_t *list = json_array ();

  for (gchar **part = parts; *part; part++)
    json_array_append_new (list, json_string (g_strstrip (*part)));
  if (names && !json_object_get (recipe, "covariates"))
    json_object_set_new (recipe, "covariates", json_object ());
  if (names)
    json_object_set (json_object_get (recipe, "covariates"), key, list);
  json_decref (list);
}

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
  if (recipe) {
    set_names (recipe, "calendar", o->calendar);
    set_names (recipe, "known", o->known);
    set_names (recipe, "past", o->past);
    set_names (recipe, "categories", o->category);
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

RnnCovariates *
eval_read_covariates (const EvalOptions *o, RnnModel *model, GError **error)
{
  json_t *recipe = model ? json_incref (rnn_model_get_recipe (model)) : eval_load_recipe (o, error);
  RnnCovariates *covariates = recipe ? rnn_covariates_new (recipe, model ? o->model : o->recipe, error) : NULL;

  json_decref (recipe);
  return covariates;
}

void
eval_options_clear (EvalOptions *o)
{
  gchar **texts[] = { &o->time, &o->target, &o->id, &o->step, &o->model, &o->recipe, &o->save, &o->calendar, &o->known, &o->past,
    &o->category };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_clear_pointer (texts[i], g_free);
  g_clear_pointer (&o->horizons, g_free);
}
