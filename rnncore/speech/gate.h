/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words are only taken from where a detector of speech (detect/vad.h) hears somebody, and from so much time before and after it: a recogniser
 * that never heard rumble or music in its training takes them for words. */
#pragma once
#include "../detect/vad.h"

RNN_API_BEGIN

typedef struct {
  gchar *vad_model;             /* file; NULL: no gate */
  gint vad_padding;             /* ms before and after speech; a silence is at least twice as long */
} RnnGateConfig;

extern const RnnOption rnn_gate_options[];      /* rows of all fields */

/* What tells speech from silence in sound of @rate Hz, as @config asks: for rnn_utterance_tell (). (transfer full)  @rate 0: whatever the model's.
 * Fails where its model is no detector, or one of another rate, by the file's name. */
RnnVad *rnn_gate_new_detector (const RnnGateConfig *config, gint rate, GError **error);

RNN_API_END
