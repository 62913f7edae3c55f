/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rnn.Transcriber: an RnnTranscriber of librnncore, its options as a dictionary of texts. */
#include "model-private.h"
#include "result-private.h"
#include <string.h>

#define BLOCK 1024              /* samples that are converted at once */

struct _RnnGiTranscriber {
  GObject parent;
  RnnTranscriber *transcriber;
};

G_DEFINE_FINAL_TYPE (RnnGiTranscriber, rnn_gi_transcriber, G_TYPE_OBJECT)

static void
finalize (GObject *object)
{
  rnn_transcriber_free (RNN_GI_TRANSCRIBER (object)->transcriber);
  G_OBJECT_CLASS (rnn_gi_transcriber_parent_class)->finalize (object);
}

static void
rnn_gi_transcriber_class_init (RnnGiTranscriberClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
rnn_gi_transcriber_init (RnnGiTranscriber *self)
{
}

static gboolean
configure (RnnTranscriberConfig *config, GHashTable *options, GError **error)
{
  GHashTableIter iter;
  gpointer name, value;

  if (!options)
    return TRUE;
  g_hash_table_iter_init (&iter, options);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    g_autofree gchar *field = g_strdelimit (g_strdup (name), "-", '_');

    if (!rnn_options_set (rnn_transcriber_get_options (), config, field, value, "transcriber", error))
      return FALSE;
  }
  return TRUE;
}

/**
 * rnn_gi_transcriber_new:
 * @model: of audio, with CTC output
 * @options: (nullable) (element-type utf8 utf8): the options of `rnncore transcribe --help` by name, as "beam-width"
 * @error: what is wrong with a model or an option
 *
 * Makes a listener to one stream of sound.
 *
 * Returns: (transfer full): a transcriber whose stream begins at 0 ns
 */
RnnGiTranscriber *
rnn_gi_transcriber_new (RnnGiModel *model, GHashTable *options, GError **error)
{
  RnnTranscriberConfig config;
  RnnTranscriber *transcriber = NULL;
  RnnGiTranscriber *self;

  rnn_options_init (rnn_transcriber_get_options (), &config);
  if (configure (&config, options, error))
    transcriber = rnn_transcriber_new (rnn_gi_model_peek (model), &config, error);
  rnn_options_clear (rnn_transcriber_get_options (), &config);
  if (!transcriber)
    return NULL;
  self = g_object_new (RNN_GI_TYPE_TRANSCRIBER, NULL);
  self->transcriber = transcriber;
  return self;
}

/**
 * rnn_gi_transcriber_push:
 * @self: a transcriber
 * @samples: (array length=n): mono, +-1, at the model's rate
 * @n: how many
 *
 * Take all results before the next push.
 */
void
rnn_gi_transcriber_push (RnnGiTranscriber *self, const gfloat *samples, gsize n)
{
  rnn_transcriber_push (self->transcriber, samples, n);
}

/**
 * rnn_gi_transcriber_push_s16:
 * @self: a transcriber
 * @samples: mono, 16 bits each in the machine's order, at the model's rate, as S16LE of GStreamer on most machines
 *
 * Take all results before the next push.
 */
void
rnn_gi_transcriber_push_s16 (RnnGiTranscriber *self, GBytes *samples)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (samples, &size);
  gsize n = size / sizeof (gint16);
  gfloat block[BLOCK];

  for (gsize i = 0; i < n; i += BLOCK) {
    gsize m = MIN (n - i, BLOCK);

    for (gsize j = 0; j < m; j++) {
      gint16 sample;

      memcpy (&sample, data + (i + j) * sizeof (sample), sizeof (sample));      /* bytes of a slice need not be aligned */
      block[j] = sample / 32768.f;
    }
    rnn_transcriber_push (self->transcriber, block, m);
  }
}

/**
 * rnn_gi_transcriber_flush:
 * @self: a transcriber
 *
 * No more comes for now: what was heard so far is an utterance, whose results are due.  Samples that follow after all go on where these ended.
 */
void
rnn_gi_transcriber_flush (RnnGiTranscriber *self)
{
  rnn_transcriber_flush (self->transcriber);
}

/**
 * rnn_gi_transcriber_finish:
 * @self: a transcriber
 *
 * The stream is over: all results are due, and with the last one taken the transcriber is as new.
 */
void
rnn_gi_transcriber_finish (RnnGiTranscriber *self)
{
  rnn_transcriber_finish (self->transcriber);
}

/**
 * rnn_gi_transcriber_next:
 * @self: a transcriber
 *
 * Takes one result of what has been pushed; ask until there is none.
 *
 * Returns: (transfer full) (nullable): the next result; %NULL: no more for now
 */
RnnGiResult *
rnn_gi_transcriber_next (RnnGiTranscriber *self)
{
  const RnnResult *result = rnn_transcriber_next (self->transcriber);

  return result ? rnn_gi_result_new (result) : NULL;
}

/**
 * rnn_gi_transcriber_reset:
 * @self: a transcriber
 *
 * Drops all that was pushed; the next sample is at 0 ns.
 */
void
rnn_gi_transcriber_reset (RnnGiTranscriber *self)
{
  rnn_transcriber_reset (self->transcriber);
}

/**
 * rnn_gi_transcriber_set_hotwords:
 * @self: a transcriber with decoder "beam"
 * @hotwords: (nullable): "word:boost,two words:boost" in nats, or a file of a phrase a line; from the next step on
 * @error: why they cannot be heard
 *
 * Prefers some words, from now on and until others are set.
 *
 * Returns: whether they are preferred from now on
 */
gboolean
rnn_gi_transcriber_set_hotwords (RnnGiTranscriber *self, const gchar *hotwords, GError **error)
{
  return rnn_transcriber_set_hotwords (self->transcriber, hotwords, error);
}
