/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which model is trained. */
#include "eval.h"

#define SEGMENTS 14             /* of the default window: two weeks of days */
#define MOST 720                /* values of it */

static json_t *
load (const EvalOptions *o, GError **error)
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

static void
set_default (json_t *object, const gchar *key, gint value)
{
  if (!json_object_get (object, key))
    json_object_set_new (object, key, json_integer (value));
}

json_t *
eval_recipe (const EvalOptions *o, guint horizon, guint season, guint rows, GError **error)
{
  json_t *recipe = load (o, error), *forecast = json_object_get (recipe, "forecast");
  guint segment, n;

  if (!recipe)
    return NULL;
  segment = season > 1 && season <= MOST / 2 ? season : 8;
  n = rows > horizon ? (rows - horizon) / 4 / segment : 0;
  n = CLAMP (n, 1, CLAMP (MOST / segment, 1, SEGMENTS));
  if (!json_object_get (forecast, "context")) {
    json_object_set_new (forecast, "segment", json_integer (segment));
    json_object_set_new (forecast, "context", json_integer (n * segment));
  }
  set_default (forecast, "season", (gint) season);
  json_object_set_new (forecast, "horizon", json_integer (horizon));
  return recipe;
}
