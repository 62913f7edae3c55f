/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rnncore generate is asked for; strokes.c draws and midi.c composes where generate.c writes. */
#pragma once
#include "model/model.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *prompt;
  gint length, top_k;
  gdouble temperature, top_p;
  gint64 seed;
} RnnToolGenerate;

/* Prints a drawing (SVG) of at most `length` strokes. */
gboolean rnn_tool_generate_strokes (const RnnToolGenerate *settings, RnnModel *model, GError **error);

/* Writes a MIDI file of the piece that the prompt, the path of another, begins, and of `length` quarters more. */
gboolean rnn_tool_generate_midi (const RnnToolGenerate *settings, RnnModel *model, const gchar *path, GError **error);

G_END_DECLS
