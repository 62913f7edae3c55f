/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where somebody speaks in what rnnfeatures hears: a detector beside the front end, whose news go downstream as serialized events `rnn-speech`, to
 * which rnnctcdec listens:
 *
 *   start, delay   a stretch of the stream begins there (ns); how late the news of it come at most
 *   end, speech    what comes next of the stretch, up to there, is speech or not
 *
 * Times are PTS.  Steps that are on their way through a model come later than the news of them. */
#pragma once
#include <rnncore/speech/gate.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

#define GST_RNN_SPEECH_EVENT "rnn-speech"

typedef struct {
  RnnVad *vad;                  /* NULL: nobody asked for one */
  gint rate;                    /* that it was opened for */
  GstClockTime delay;
  gboolean begun;               /* the stretch under way was told of */
} GstRnnGate;

/* As @config asks, for sound of @rate Hz; 0: not known yet.  One that is there for this rate stays. */
gboolean gst_rnn_gate_open (GstRnnGate *gate, const RnnGateConfig *config, gint rate, GError **error);
void gst_rnn_gate_close (GstRnnGate *gate);
/* samples[n] come next in the timeline of @stage, whose count is before them. */
void gst_rnn_gate_hear (GstRnnGate *gate, GstRnnStage *stage, const gfloat *samples, guint n);
/* The stretch is over. */
void gst_rnn_gate_finish (GstRnnGate *gate, GstRnnStage *stage);
void gst_rnn_gate_reset (GstRnnGate *gate);
void gst_rnn_gate_keep (GstRnnGate *gate, RnnKeep *keep);

G_END_DECLS
