/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recogniser sees and thinks, as a picture that scrolls: samples in, pixels out.
 *
 *   waveform        smallest and largest sample of each column
 *   log-mel bands   low ones below, 60 dB under the loudest of the last seconds are black
 *   tokens          probability of each but the blank, in their order from the top (with a model)
 *   words           are the caller's to write: their text and column
 *
 * A column is 10 ms and a pixel wide.  A model's columns come with its look-ahead, words when they are stable; both stand where they
 * were said. */
#pragma once
#include "../model/model.h"
#include "utterance.h"

RNN_API_BEGIN

typedef struct _RnnScope RnnScope;

typedef struct {
  const gchar *text;
  gint x;                       /* of the pixel where it begins; below 0: it has begun left of the picture */
  guint64 number;               /* of words before it */
} RnnScopeWord;

/* @model: (nullable): transcribes audio of @rate Hz.  @config: (nullable): how words are found.  Pictures are @width x @height pixels. */
RnnScope *rnn_scope_new (RnnModel *model, const RnnUtteranceConfig *config, gint rate, gint width, gint height, GError **error);
void rnn_scope_free (RnnScope *scope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnScope, rnn_scope_free)
/* samples[n]: mono, +-1 */
void rnn_scope_push (RnnScope *scope, const gfloat *samples, gsize n);
void rnn_scope_reset (RnnScope *scope);
/* The last @width columns: pixels[height] of rows @stride bytes apart, 0x00RRGGBB each. */
void rnn_scope_draw (RnnScope *scope, guint32 *pixels, gsize stride);
/* Words that are in sight.  (transfer none), valid until the next call on @scope. */
const RnnScopeWord *rnn_scope_get_words (RnnScope *scope, guint *n);
/* Rows from @top to @bottom are left for them. */
void rnn_scope_get_words_area (RnnScope *scope, gint *top, gint *bottom);

RNN_API_END
