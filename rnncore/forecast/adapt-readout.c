/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A linear map beside the shipped weights, from what the model's dense layers read to what the model misses. */
#include "adapt-method.h"
#include "recursive.h"
#include "../model/root.h"
#include "../session/session.h"
#include <math.h>
#include <string.h>

#define MOST 2048               /* values that are read */
#define FORGET 0.996            /* 250 windows */
#define PRIOR 10.0              /* of P, per value that is read */

typedef struct {
  RnnSession *session;          /* window -> what is read; NULL: the window itself */
  guint n_streams;
  gint horizon, n_read;        /* n_read: with a 1 at the end */
  RnnRecursive recursive;
  gfloat *y;                    /* [n_streams][n_read - 1] */
  gfloat *now;                  /* [horizon] */
  gdouble *wanted;              /* [horizon] */
} Readout;

/* The encoders alone, side by side, beside the window where there is a linear part (names: expand.c). */
static json_t *
make_recipe (RnnModel *model, const RnnForecastConfig *c)
{
  const json_t *recipe = rnn_model_get_recipe (model);
  json_t *inner = json_object_get (json_array_get (json_object_get (recipe, "layers"), 0), "layers");
  json_t *layers = json_array (), *from = json_array (), *layer;
  gboolean plain = rnn_forecast_get_row (c) == c->context;
  gsize i;

  if (c->linear)
    json_array_append_new (from, json_string (plain ? "input" : "x"));
  json_array_foreach (inner, i, layer) {
    const gchar *name = json_string_value (json_object_get (layer, "name"));
    gboolean is_net = !g_strcmp0 (json_string_value (json_object_get (layer, "cell")), "window");

    if (is_net || !g_strcmp0 (name, "x") || (name && g_str_has_prefix (name, "past")))
      json_array_append (layers, layer);
    if (is_net)
      json_array_append_new (from, json_string (name));
  }
  json_array_append_new (layers, json_pack ("{sssssO}", "cell", "concat", "name", "read", "from", from));
  json_decref (from);
  return json_pack ("{sis{sssi}s[{sssssO}]}", "format", 1, "input", "kind", "tensors", "size", rnn_forecast_get_row (c), "layers",
      "cell", "graph", "name", "", "layers", layers);
}

static void
copy_weight (RnnParam *param, const gchar *name, gpointer data)
{
  gsize n;
  const gfloat *from = rnn_model_get_weight (data, name, &n);

  g_assert (from && n == param->size);
  memcpy (param->data, from, n * sizeof (gfloat));
}

static gboolean
add_session (Readout *r, RnnModel *shipped, const RnnForecastConfig *c, GError **error)
{
  json_t *recipe = make_recipe (shipped, c);
  g_autoptr (RnnModel) model = rnn_model_new (recipe, 1, rnn_model_get_path (shipped), error);

  json_decref (recipe);
  if (!model)
    return FALSE;
  rnn_cell_foreach_param (rnn_model_get_root (model), copy_weight, shipped);
  rnn_model_pack (model, FALSE);
  r->n_read = rnn_model_get_n_out (model) + 1;
  return (r->session = rnn_session_new (model, r->n_streams, 1, RNN_PRECISION_F32, error)) != NULL;
}

static void
readout_free (gpointer method)
{
  Readout *r = method;

  rnn_session_free (r->session);
  rnn_recursive_clear (&r->recursive);
  g_free (r->y);
  g_free (r->now);
  g_free (r->wanted);
  g_free (r);
}

static gpointer
readout_new (RnnModel *model, const RnnForecastConfig *c, guint n_streams, gint *n_read, GError **error)
{
  Readout *r = g_new0 (Readout, 1);

  r->n_streams = n_streams;
  r->horizon = c->horizon;
  r->n_read = c->context + 1;
  if (c->members > 0 && !add_session (r, model, c, error)) {
    readout_free (r);
    return NULL;
  }
  if (r->n_read > MOST) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: its readout reads %d values; %d can be adapted",
        rnn_model_get_path (model), r->n_read - 1, MOST - 1);
    readout_free (r);
    return NULL;
  }
  rnn_recursive_init (&r->recursive, r->n_read, r->horizon, FORGET, PRIOR * r->n_read);
  r->y = g_new0 (gfloat, (gsize) n_streams * r->n_read);
  r->now = g_new0 (gfloat, r->horizon);
  r->wanted = g_new0 (gdouble, r->horizon);
  *n_read = r->n_read;
  return r;
}

static void
run (gpointer method, const gfloat *x, gfloat *read, gfloat *said)
{
  Readout *r = method;
  gsize n = (gsize) r->n_read - 1;

  if (r->session) {
    rnn_session_reset (r->session, -1);
    rnn_session_run (r->session, 1, x, r->y);
    x = r->y;
  }
  for (guint i = 0; i < r->n_streams; i++) {
    gfloat *z = read + i * (n + 1);

    memcpy (z, x + i * n, n * sizeof (gfloat));
    z[n] = 1;
    rnn_recursive_add (&r->recursive, z, said + (gsize) i * r->horizon);
  }
}

static void
learn (gpointer method, const gfloat *x, const gfloat *read, const gfloat *said, const gfloat *errors)
{
  Readout *r = method;

  memset (r->now, 0, r->horizon * sizeof (gfloat));
  rnn_recursive_add (&r->recursive, read, r->now);
  for (gint h = 0; h < r->horizon; h++)
    r->wanted[h] = errors[h] - r->now[h];
  rnn_recursive_learn (&r->recursive, read, r->wanted);
}

static void
reset (gpointer method)
{
  rnn_recursive_reset (&((Readout *) method)->recursive);
}

static guint
list (gpointer method, RnnAdaptBlock *blocks)
{
  const RnnRecursive *r = &((Readout *) method)->recursive;

  blocks[0] = (RnnAdaptBlock) { r->weight, (gsize) r->n_out * r->n_in * sizeof (gdouble) };
  blocks[1] = (RnnAdaptBlock) { r->inverse, (gsize) r->n_in * r->n_in * sizeof (gdouble) };
  return 2;
}

static gboolean
check (gpointer method)
{
  RnnAdaptBlock blocks[RNN_ADAPT_BLOCKS];
  guint n = list (method, blocks);

  for (guint k = 0; k < n; k++)
    for (gsize i = 0; i < blocks[k].bytes / sizeof (gdouble); i++)
      if (!isfinite (((const gdouble *) blocks[k].data)[i]))
        return FALSE;
  return TRUE;
}

const RnnAdaptMethod rnn_adapt_readout = { TRUE, readout_new, readout_free, run, learn, reset, list, check };
