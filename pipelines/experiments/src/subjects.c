/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cells that the experiments compare, as the registry has them: whatever still tells, SPAN steps later, that there
 * was something at its input.
 *
 * A cell that chooses its width stands between input and a dense output; a layer that keeps the width of its input is
 * used as its papers use it, after a norm and beside a skip connection. */
#include "fit.h"
#include <string.h>

#define SPAN 4                  /* longer than any convolution here */

typedef struct {
  const gchar *cell;
  gfloat learning_rate;
  const gchar *layers;          /* NULL, or all of them, of width %1$d */
} Tuning;

static const Tuning tunings[] = {
  { "elman", 1e-3f, NULL },
  { "gru", 1e-2f, NULL },
  /* two layers, as in its paper; the second begins as plain sums */
  { "indrnn", 1e-3f, "[{'cell': 'indrnn', 'hidden': %1$d}, {'cell': 'indrnn', 'hidden': %1$d, 'recurrent_min': 1,"
    "'bias': false}, {'cell': 'dense', 'units': 1}]" },
  { "jordan", 1e-3f, NULL },
  { "lstm", 1e-2f, NULL },
  { NULL, 3e-3f, NULL }         /* all others */
};

static const Tuning *
find_tuning (const gchar *cell)
{
  const Tuning *t = tunings;

  while (t->cell && strcmp (t->cell, cell))
    t++;
  return t;
}

/* Sets the options that say how wide a layer is; FALSE: it has none. */
static gboolean
set_width (const RnnCellClass *klass, json_t *layer, gint width)
{
  static const gchar *const widths[] = { "hidden", "units", "filters", NULL };
  gboolean any = FALSE;

  for (const RnnOption *o = klass->options; o && o->name; o++)
    if (g_strv_contains (widths, o->name)) {
      json_object_set_new (layer, o->name, json_integer (width));
      any = TRUE;
    }
  return any;
}

static gchar *
make_layers (const RnnCellClass *klass, const Tuning *tuning, gint width)
{
  json_t *layer, *layers;
  gchar *text, *copy;

  if (tuning->layers)
    return g_strdup_printf (tuning->layers, width);
  layer = json_pack ("{ss}", "cell", klass->name);
  layers = set_width (klass, layer, width)
      ? json_pack ("[o {sssi}]", layer, "cell", "dense", "units", 1)
      : json_pack ("[{sssi} {sss[{ss} o]} {ss} {sssi}]", "cell", "dense", "units", width,
      "cell", "residual", "layers", "cell", "norm", layer, "cell", "norm", "cell", "dense", "units", 1);
  text = json_dumps (layers, JSON_COMPACT);
  copy = g_strdup (text);
  free (text);
  json_decref (layers);
  return copy;
}

/* The answer to zeros, or to one step of ones and SPAN steps of zeros. */
static gfloat
answer_after (RnnModel *model, gboolean something)
{
  gint n_in = rnn_model_get_n_in (model);
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  g_autofree gfloat *x = g_new0 (gfloat, n_in);
  gfloat y = 0;

  for (gint i = 0; i < n_in; i++)
    x[i] = something;
  for (gint t = 0; session && t <= SPAN; t++) {
    rnn_session_run (session, 1, x, &y);
    memset (x, 0, n_in * sizeof (gfloat));
  }
  return y;
}

static gboolean
remembers (const gchar *layers, gint n_in, gboolean *can_train)
{
  g_autoptr (RnnModel) model = model_new (n_in, 1, NULL, "%s", layers);

  if (!model)                   /* a part of a layer: it asks for inputs of its own kind */
    return FALSE;
  rnn_model_pack (model, FALSE);
  *can_train = rnn_cell_can_train (rnn_model_get_root (model));
  return answer_after (model, TRUE) != answer_after (model, FALSE);
}

static void
free_subject (gpointer data)
{
  Subject *subject = data;

  g_free (subject->layers);
  g_free (subject);
}

gboolean
is_wanted (const Setting *setting, const gchar *cell)
{
  g_auto (GStrv) names = setting->only ? g_strsplit (setting->only, ",", -1) : NULL;

  return !names || g_strv_contains ((const gchar * const *) names, cell);
}

GPtrArray *
subjects_new (const Setting *setting, gint n_in, gint width, gboolean trainable)
{
  GPtrArray *subjects = g_ptr_array_new_with_free_func (free_subject);

  for (const RnnCellClass *const *klass = rnn_cell_classes (); *klass; klass++) {
    const Tuning *tuning = find_tuning ((*klass)->name);
    gboolean can_train = FALSE;
    gchar *layers;

    if ((*klass)->n_copies || !is_wanted (setting, (*klass)->name))
      continue;
    layers = make_layers (*klass, tuning, width);
    if (remembers (layers, n_in, &can_train) && (can_train || !trainable)) {
      Subject *subject = g_new (Subject, 1);

      *subject = (Subject) { (*klass)->name, layers, tuning->learning_rate };
      g_ptr_array_add (subjects, subject);
    } else {
      g_free (layers);
    }
  }
  return subjects;
}
