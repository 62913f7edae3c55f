/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Columns in a ring, by their number since the start; scope-listen.c fills those of the model, scope-draw.c shows all. */
#include <math.h>
#include <string.h>
#include "scope-private.h"

#define CHUNK 4096              /* samples that become frames at once */
#define FALL .003f              /* nepers per column that the loudest is forgotten by */

void
rnn_scope_start_column (RnnScope *s, guint64 column)
{
  for (; s->n_columns <= column; s->n_columns++) {
    gsize at = s->n_columns % (guint) s->width;

    s->wave[2 * at] = INFINITY;
    s->wave[2 * at + 1] = -INFINITY;
    memset (s->mel + at * s->n_mel, 0, s->n_mel);
    if (s->n_tokens)
      memset (s->tokens + at * s->n_tokens, 0, s->n_tokens);
  }
}

gboolean
rnn_scope_has_column (RnnScope *s, guint64 column)
{
  return column < s->n_columns && column + (guint) s->width >= s->n_columns;
}

static void
add_wave (RnnScope *s, const gfloat *samples, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    guint64 column = s->n_samples++ / (guint) s->hop;
    gfloat *w = s->wave + 2 * (column % (guint) s->width);

    rnn_scope_start_column (s, column);
    w[0] = fminf (w[0], samples[i]);
    w[1] = fmaxf (w[1], samples[i]);
  }
}

/* Natural logarithms of energies: 60 dB are 13.8. */
static void
add_mel (RnnScope *s, const gfloat *frame)
{
  guint64 column = s->n_frames++;
  gfloat loudest = s->loudest - FALL;

  for (gint i = 0; i < s->n_mel; i++)
    loudest = fmaxf (loudest, frame[i]);
  s->loudest = loudest;
  if (!rnn_scope_has_column (s, column))
    return;
  for (gint i = 0; i < s->n_mel; i++)
    s->mel[(column % (guint) s->width) * s->n_mel + i] =
        (guint8) (255 * fminf (1, fmaxf (0, 1 + (frame[i] - loudest) / 13.8f)));
}

void
rnn_scope_push (RnnScope *s, const gfloat *samples, gsize n)
{
  for (gsize i = 0; i < n; i += CHUNK) {
    guint piece = (guint) MIN (CHUNK, n - i), due = rnn_input_stream_max_steps (s->mel_stream, piece);

    add_wave (s, samples + i, piece);
    s->frames = g_renew (gfloat, s->frames, MAX (due, 1) * s->n_mel);
    due = rnn_input_stream_push (s->mel_stream, samples + i, piece, s->frames);
    for (guint k = 0; k < due; k++)
      add_mel (s, s->frames + k * s->n_mel);
    if (s->model)
      rnn_scope_listen (s, samples + i, piece);
  }
}

void
rnn_scope_reset (RnnScope *s)
{
  s->n_columns = s->n_samples = s->n_frames = s->n_words = 0;
  s->loudest = -INFINITY;
  g_array_set_size (s->words, 0);
  rnn_input_stream_reset (s->mel_stream);
  if (s->model)
    rnn_scope_forget (s);
}

static gboolean
make_mel (RnnScope *s, gint rate, GError **error)
{
  RnnFeatureConfig config;
  g_autoptr (RnnInput) input = NULL;

  rnn_feature_config_init (&config);
  config.rate = (gfloat) rate;
  config.n_mels = RNN_SCOPE_MEL;
  if (!(input = rnn_input_new_acoustic (&config, error))
      || !(s->mel_stream = rnn_input_stream_new_frames (input, error)))
    return FALSE;
  s->hop = input->hop;
  s->n_mel = input->n_frame;
  return TRUE;
}

static void
clear_word (gpointer word)
{
  g_free (((ScopeWord *) word)->text);
}

RnnScope *
rnn_scope_new (RnnModel *model, const RnnUtteranceConfig *config, gint rate, gint width, gint height, GError **error)
{
  RnnScope *s = g_new0 (RnnScope, 1);

  s->width = MAX (width, 1);
  s->height = MAX (height, 1);
  s->rate = rate;
  s->words = g_array_new (FALSE, FALSE, sizeof (ScopeWord));
  g_array_set_clear_func (s->words, clear_word);
  s->shown = g_array_new (FALSE, FALSE, sizeof (RnnScopeWord));
  if (!make_mel (s, rate, error) || (model && !rnn_scope_hear (s, model, config, error))) {
    rnn_scope_free (s);
    return NULL;
  }
  s->wave = g_new (gfloat, 2 * s->width);
  s->mel = g_malloc ((gsize) s->width * s->n_mel);
  s->tokens = s->n_tokens ? g_malloc ((gsize) s->width * s->n_tokens) : NULL;
  rnn_scope_reset (s);
  return s;
}

void
rnn_scope_free (RnnScope *s)
{
  if (!s)
    return;
  rnn_input_stream_free (s->mel_stream);
  rnn_scope_deafen (s);
  g_array_unref (s->words);
  g_array_unref (s->shown);
  g_free (s->frames);
  g_free (s->wave);
  g_free (s->mel);
  g_free (s->tokens);
  g_free (s);
}
