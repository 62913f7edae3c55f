/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore generate --midi: a model of which of 88 keys sound in each quarter note goes on where a piece ends.  The file holds the piece that
 * it heard, then what it made of it. */
#include "generate.h"
#include "base/error.h"
#include "base/midi.h"
#include "base/topk.h"
#include "model/root.h"
#include "session/session.h"
#include <math.h>
#include <string.h>

#define KEYS 88                 /* of a piano */
#define LOWEST 21               /* MIDI's number of the first */

static gboolean
check (RnnModel *model, GError **error)
{
  gboolean good = rnn_model_get_n_in (model) == KEYS && rnn_model_get_n_out (model) == KEYS
      && g_str_equal (rnn_model_get_output (model)->klass->name, "tags") && rnn_model_get_latency (model) == 0;

  if (!good)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: no model of music: it does not tell from 88 keys which of them (\"tags\") "
        "sound next", rnn_model_get_path (model));
  return good;
}

/* Steps of 128 keys -> [n + length][128], of which n are there. */
static guint8 *
read_piece (const RnnToolGenerate *s, guint *n, GError **error)
{
  g_autofree guint8 *piece = NULL;
  g_autofree gchar *data = NULL;
  guint8 *all;
  gsize size;

  *n = 0;
  if (*s->prompt && (!g_file_get_contents (s->prompt, &data, &size, error)
          || !(piece = rnn_midi_read ((const guint8 *) data, size, s->prompt, n, error))))
    return NULL;
  all = g_new0 (guint8, ((gsize) *n + s->length + 1) * RNN_MIDI_KEYS);
  if (piece)
    memcpy (all, piece, (gsize) *n * RNN_MIDI_KEYS);
  return all;
}

/* Each key is drawn for itself, of the top_k (0: of all) most probable ones; at temperature 0 those that are more probable than not. */
static void
choose (const RnnToolGenerate *s, const gfloat *scores, RnnRng *rng, guint8 *step)
{
  gint n = s->top_k > 0 ? MIN (s->top_k, KEYS) : KEYS, best[KEYS];

  rnn_top_k (KEYS, scores, n, best);
  for (gint i = 0; i < n; i++) {
    gdouble score = scores[best[i]];

    step[LOWEST + best[i]] = s->temperature > 0 ? rnn_rng_uniform (rng) < 1 / (1 + exp (-score / s->temperature)) : score > 0;
  }
}

gboolean
rnn_tool_generate_midi (const RnnToolGenerate *s, RnnModel *model, const gchar *path, GError **error)
{
  g_autoptr (RnnSession) session = check (model, error) ? rnn_session_new (model, 1, 1, RNN_PRECISION_F32, error) : NULL;
  g_autofree guint8 *keys = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gfloat x[KEYS] = { 0 }, scores[KEYS]; /* without a piece the model begins as after a silence */
  guint n;
  RnnRng rng;

  if (!session || !(keys = read_piece (s, &n, error)))
    return FALSE;
  rnn_rng_seed (&rng, (guint64) s->seed, 0);
  if (n == 0)
    rnn_session_run (session, 1, x, scores);
  for (guint t = 0; t < n + s->length; t++) {
    if (t >= n)
      choose (s, scores, &rng, keys + (gsize) t * RNN_MIDI_KEYS);
    for (guint k = 0; k < KEYS; k++)
      x[k] = keys[(gsize) t * RNN_MIDI_KEYS + LOWEST + k];
    rnn_session_run (session, 1, x, scores);
  }
  bytes = rnn_midi_write (keys, n + s->length);
  return g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes), error);
}
