/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a forecaster's recipe to a model's: layers of a graph, named after what they are and their member.
 *
 *   linear  dense, of x
 *   past    select: segment by segment x and the covariates of its steps
 *   net     window: the recipe's layers over that
 *   state   concat: net and the embeddings of the categories
 *   head    dense: all steps of the horizon, of the state
 *   ahead   of every step ahead and the state
 *   sum     add: linear, heads, aheads */
#include "config.h"
#include "covariates.h"

#define AHEAD_UNITS 32
#define EMBEDDING_UNITS 16      /* at most */

typedef struct {
  const json_t *recipe;
  const RnnForecastConfig *c;
  gint n_params;
  json_t *layers, *sources;     /* sources: of the sum */
} Graph;

/* Sets what all layers have. (transfer full of @layer and @from, NULL: input) */
static void
add (Graph *g, const gchar *name, json_t *from, json_t *layer)
{
  json_object_set_new (layer, "name", json_string (name));
  json_object_set_new (layer, "from", from ? from : json_string ("input"));
  json_array_append_new (g->layers, layer);
}

static void
add_member_layer (Graph *g, const gchar *kind, gint i, json_t *from, json_t *layer)
{
  g_autofree gchar *name = g_strdup_printf ("%s%d", kind, i);

  add (g, name, from, layer);
}

static json_t *
member (const gchar *kind, gint i)
{
  return json_sprintf ("%s%d", kind, i);
}

static json_t *
dense (gint units)
{
  return json_pack ("{sssi}", "cell", "dense", "units", units);
}

static json_t *
pick (json_t *index)
{
  return json_pack ("{ssso}", "cell", "select", "index", index);
}

/* Dense layers over the steps of the horizon */
static json_t *
each_step (const Graph *g, gint units)
{
  return json_pack ("{sssiso}", "cell", "each", "parts", g->c->horizon, "layers", json_pack ("[o]", dense (units)));
}

static void
add_encoder (Graph *g, gint i)
{
  const RnnForecastConfig *c = g->c;
  gint rows = 1 + c->known + c->past;
  gboolean plain = rnn_forecast_get_row (c) == c->context;

  if (!plain)
    add_member_layer (g, "past", i, NULL, pick (json_sprintf ("0:%d:%d:%d:%d:%d:1", c->context / c->segment, c->segment, rows,
                c->context, c->segment)));
  add_member_layer (g, "net", i, plain ? NULL : member ("past", i), json_pack ("{sssisO}", "cell", "window", "segment",
          rows * c->segment, "layers", json_object_get (g->recipe, "layers")));
}

/* What is known of a window: net, and a vector for each category. (transfer full) */
static json_t *
add_state (Graph *g, const RnnCovariates *covariates, gint i)
{
  json_t *parts = json_pack ("[o]", member ("net", i));
  gint first = rnn_forecast_get_row (g->c) - g->c->categories;

  if (g->c->categories == 0) {
    json_decref (parts);
    return member ("net", i);
  }
  for (gint k = 0; k < g->c->categories; k++) {
    g_autofree gchar *token = g_strdup_printf ("token%d-%d", i, k), *vector = g_strdup_printf ("embedding%d-%d", i, k);
    gint tokens = (gint) g_strv_length (covariates->values[k]) + 1;

    add (g, token, NULL, pick (json_sprintf ("%d:1:1", first + k)));
    add (g, vector, json_string (token), json_pack ("{sssisi}", "cell", "embedding", "tokens", tokens, "units",
            MIN (tokens, EMBEDDING_UNITS)));
    json_array_append_new (parts, json_string (vector));
  }
  add_member_layer (g, "state", i, parts, json_pack ("{ss}", "cell", "concat"));
  return member ("state", i);
}

/* V relu (A state + B known_h) for every h, parameter by parameter */
static void
add_ahead (Graph *g, const json_t *state, gint i)
{
  const RnnForecastConfig *c = g->c;
  gint H = c->horizon, first = c->context * (1 + c->known + c->past);

  add_member_layer (g, "say", i, json_copy ((json_t *) state), dense (AHEAD_UNITS));
  add_member_layer (g, "repeat", i, member ("say", i), pick (json_sprintf ("0:%d:0:%d:1", H, AHEAD_UNITS)));
  add_member_layer (g, "known", i, NULL, pick (json_sprintf ("%d:%d:1:%d:%d", first, H, c->known, H)));
  add_member_layer (g, "see", i, member ("known", i), each_step (g, AHEAD_UNITS));
  add_member_layer (g, "meet", i, json_pack ("[oo]", member ("repeat", i), member ("see", i)), json_pack ("{sssi}", "cell", "add",
          "parts", 2));
  add_member_layer (g, "bend", i, member ("meet", i), json_pack ("{ssss}", "cell", "activate", "activation", "relu"));
  add_member_layer (g, "ahead", i, member ("bend", i), each_step (g, g->n_params));
  if (g->n_params > 1)
    add_member_layer (g, "turn", i, member ("ahead", i), pick (json_sprintf ("0:%d:1:%d:%d", g->n_params, H, g->n_params)));
  json_array_append_new (g->sources, member (g->n_params > 1 ? "turn" : "ahead", i));
}

static void
add_member (Graph *g, gint i)
{
  g_autoptr (RnnCovariates) covariates = rnn_covariates_new (g->recipe, "", NULL);
  json_t *state;

  add_encoder (g, i);
  state = add_state (g, covariates, i);
  add_member_layer (g, "head", i, json_copy (state), dense (g->n_params * g->c->horizon));
  json_array_append_new (g->sources, member ("head", i));
  if (g->c->known > 0)
    add_ahead (g, state, i);
  json_decref (state);
}

static void
add_linear (Graph *g)
{
  gboolean plain = rnn_forecast_get_row (g->c) == g->c->context;

  if (!plain)
    add (g, "x", NULL, pick (json_sprintf ("0:%d:1", g->c->context)));
  add (g, RNN_FORECAST_LINEAR, plain ? NULL : json_string ("x"), dense (g->n_params * g->c->horizon));
  json_array_append_new (g->sources, json_string (RNN_FORECAST_LINEAR));
}

/* (transfer full) */
static json_t *
finish (Graph *g)
{
  json_t *whole = json_copy ((json_t *) g->recipe), *forecast = json_deep_copy (json_object_get (g->recipe, "forecast"));
  gsize n = json_array_size (g->sources);

  if (n > 1)
    add (g, "sum", json_incref (g->sources), json_pack ("{sssi}", "cell", "add", "parts", (gint) n));
  rnn_options_to_json (rnn_forecast_options, g->c, forecast);
  json_object_set_new (whole, "format", json_integer (1));
  json_object_set_new (whole, "input", json_pack ("{sssi}", "kind", "tensors", "size", rnn_forecast_get_row (g->c)));
  json_object_set_new (whole, "layers", json_pack ("[{sssssO}]", "cell", "graph", "name", "", "layers", g->layers));
  json_object_set_new (whole, "forecast", forecast);
  json_decref (g->layers);
  json_decref (g->sources);
  return whole;
}

json_t *
rnn_forecast_expand (const json_t *recipe, const RnnForecastConfig *c, gint n_params)
{
  Graph g = { recipe, c, n_params, json_array (), json_array () };

  if (c->linear)
    add_linear (&g);
  for (gint i = 0; i < c->members; i++)
    add_member (&g, i);
  return finish (&g);
}

json_t *
rnn_forecast_expand_member (const json_t *recipe, const RnnForecastConfig *c, gint n_params, gint i)
{
  Graph g = { recipe, c, n_params, json_array (), json_array () };

  add_member (&g, i);
  return finish (&g);
}
