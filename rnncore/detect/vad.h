/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where somebody speaks: samples in, spans of speech and silence out, one after the other without holes.
 *
 *   rnn_vad_push (vad, samples, n);
 *   while (rnn_vad_next (vad, &span))
 *     ...
 *
 * The model's probability p of each step decides with hysteresis: speech begins with min_speech of steps of p >= threshold,
 * taken back to the first of them and by `padding` more; it ends when min_silence has passed without p >= release, `padding`
 * after the last such step.  What of that is not known yet waits: see rnn_vad_get_delay (). */
#pragma once
#include "../base/keep.h"
#include "../model/model.h"

RNN_API_BEGIN

typedef struct {
  gfloat threshold, release;    /* of the probability */
  gint min_speech, min_silence, padding;        /* ms */
  gchar *label;                 /* which of the model's numbers; NULL: "speech", or the last */
} RnnVadConfig;

extern const RnnOption rnn_vad_options[];       /* rows of all fields */

/* Samples [start, end) since the last reset, one step's, or what of it is on one side of a border. */
typedef struct {
  guint64 start, end;
  gboolean speech;
  gboolean begins;              /* the first of its kind: also of the stream */
  gfloat probability;           /* the model's, of the step that it lies in */
} RnnVadSpan;

typedef struct _RnnVad RnnVad;

/* @model: of sound, with such a number.  @config: copied; NULL: the defaults. */
RnnVad  *rnn_vad_new (RnnModel *model, const RnnVadConfig *config, GError **error);
void     rnn_vad_free (RnnVad *vad);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnVad, rnn_vad_free)
/* From the next step on; all but the label. */
void     rnn_vad_configure (RnnVad *vad, const RnnVadConfig *config);
/* samples[n]: mono, +-1, at rnn_model_get_rate () Hz.  Take all spans before the next push. */
void     rnn_vad_push (RnnVad *vad, const gfloat *samples, gsize n);
/* The stream is over: all samples that were pushed get their span, then the detector is as new. */
void     rnn_vad_finish (RnnVad *vad);
gboolean rnn_vad_next (RnnVad *vad, RnnVadSpan *span);
void     rnn_vad_reset (RnnVad *vad);
/* Its state between two pushes, when all spans were taken, out or in (base/keep.h). */
void    rnn_vad_keep (RnnVad *vad, RnnKeep *keep);
/* Samples from one to its span, at most, with the configuration of now. */
guint    rnn_vad_get_delay (RnnVad *vad);

RNN_API_END
