/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples in, captions out: features, the model along the stream, and the search for words, in one object.
 *
 *   rnn_transcriber_push (t, samples, n);
 *   while ((result = rnn_transcriber_next (t)))
 *     ...
 *
 * The results do not depend on how the samples are cut. */
#pragma once
#include "../model/model.h"
#include "gate.h"
#include "utterance.h"

RNN_API_BEGIN

typedef struct {
  gint precision;               /* RnnPrecision of the weights */
  gboolean restart;             /* the model's state begins anew at endpoints */
  gchar *batch_group;           /* NULL: alone; else steps run with those of other threads' transcribers of it (batcher.h) */
  gint batch_deadline;          /* ms that a step may wait for them */
  RnnGateConfig gate;
  RnnUtteranceConfig utterance;
} RnnTranscriberConfig;

/* Rows of all fields, those of the parts included; for rnn_options_init () and so on. */
const RnnOption *rnn_transcriber_get_options (void);

typedef struct _RnnTranscriber RnnTranscriber;

/* @model: of audio, with CTC output.  @config: copied; NULL: the defaults. */
RnnTranscriber *rnn_transcriber_new (RnnModel *model, const RnnTranscriberConfig *config, GError **error);
void rnn_transcriber_free (RnnTranscriber *transcriber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnTranscriber, rnn_transcriber_free)

/* samples[n]: mono, +-1, at rnn_model_get_rate () Hz; the first one is at 0 ns.  Take all results before the next push. */
void rnn_transcriber_push (RnnTranscriber *transcriber, const gfloat *samples, gsize n);
/* No more comes for now (a muted microphone, say): what was heard so far is an utterance, to its last word, and the results of it are due.  Samples that
 * follow after all go on where these ended: no word is lost, nor a letter heard twice. */
void rnn_transcriber_flush (RnnTranscriber *transcriber);
/* The stream is over: all results are due, and with the last one taken the transcriber is as new. */
void rnn_transcriber_finish (RnnTranscriber *transcriber);
/* The next result, or NULL: no more for now.  (transfer none), valid until the next call on @transcriber. */
const RnnResult *rnn_transcriber_next (RnnTranscriber *transcriber);
/* Drops all that was pushed; the next sample is at 0 ns. */
void rnn_transcriber_reset (RnnTranscriber *transcriber);
/* From the next step on, see rnn_ctc_decoder_set_hotwords (). */
gboolean rnn_transcriber_set_hotwords (RnnTranscriber *transcriber, const gchar *hotwords, GError **error);
/* Hotwords that cannot be said, see rnn_ctc_decoder_get_left_out (). */
const gchar *rnn_transcriber_get_left_out (RnnTranscriber *transcriber);
/* The language of its language model where that is not the model's, see rnn_utterance_get_foreign (). */
const gchar *rnn_transcriber_get_foreign (RnnTranscriber *transcriber);

RNN_API_END
