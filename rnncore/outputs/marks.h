/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets of frames that nobody has labelled one by one: a text that goes with the whole example and the frames' own
 * energy say what each frame is.
 *
 *   text     every frame is what the text names: a class, or some tags
 *   energy   frames with a voice are the last class, or the only tag; of the text only this is asked: where it is empty, as that of
 *            music is, nothing is a voice
 *   ending   a class: frames from shortly before the end of the voice to shortly after it are what the text names, those with
 *            a voice before that are unknown, all others are the class "other"
 *
 * A text that names no class is "other" as a whole, if there is such a class and no word of the text is another one. */
#pragma once
#include "output.h"

RNN_API_BEGIN

typedef enum { RNN_MARKS_NONE, RNN_MARKS_TEXT, RNN_MARKS_ENERGY, RNN_MARKS_ENDING } RnnMarks;

extern const gchar *const rnn_marks_names[];

/* A row of a class's options. */
#define RNN_OPT_MARKS { "marks", RNN_OPTION_ENUM, G_STRUCT_OFFSET (RnnOutput, marks), 0, 255, RNN_MARKS_NONE, \
    rnn_marks_names, "targets of frames made of a text and the frames' energy instead of tensors" }

/* targets[n][output->n_values] of frames[n][dim], log energies of bands (@text alone: any).  Fails where the text says
 * nothing that the output knows. */
gboolean rnn_output_mark (const RnnOutput *output, const gchar *text, const gfloat *frames, guint n, gint dim,
    gfloat *targets, GError **error);
/* target[output->n_values] of a frame of quiet between two examples. */
void     rnn_output_mark_quiet (const RnnOutput *output, gfloat *target);
/* Which of frames[n][dim], log energies of bands of a recording with little noise, have a voice: voiced[n]. */
void     rnn_marks_find_voice (const gfloat *frames, guint n, gint dim, gboolean *voiced);

RNN_API_END
