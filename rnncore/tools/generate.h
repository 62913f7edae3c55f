/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rnncore generate is asked for; strokes.c draws where generate.c writes. */
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

G_END_DECLS
