/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the scope share. */
#pragma once
#include "../inputs/input.h"
#include "../session/stream.h"
#include "scope.h"

G_BEGIN_DECLS

#define RNN_SCOPE_MEL 64

typedef struct {
  gchar *text;
  guint64 start;                /* ns */
} ScopeWord;

struct _RnnScope {
  gint rate, width, height, hop;        /* samples per column */
  guint64 n_columns, n_samples, n_frames;

  RnnInputStream *mel_stream;
  gfloat *frames;               /* [..][n_mel] */
  gint n_mel, n_tokens;
  gfloat loudest;
  gfloat *wave;                 /* [width][2] */
  guint8 *mel, *tokens;         /* [width][n_mel], [width][n_tokens], 0..255 */

  RnnModel *model;              /* NULL: nobody listens */
  RnnInputStream *input;
  RnnStream *stream;
  RnnUtterance *utterance;
  gint blank, head_start;
  guint64 n_steps;
  gint64 step_start;
  gint step_hop;                /* samples */
  gfloat *steps, *log_probs;
  guint64 n_words;              /* so far */
  GArray *words;                /* ScopeWord, the last of them */
  GArray *shown;                /* RnnScopeWord */
};

/* scope.c: columns up to @column are there, new ones empty. */
void rnn_scope_start_column (RnnScope *scope, guint64 column);
gboolean rnn_scope_has_column (RnnScope *scope, guint64 column);

/* scope-listen.c */
gboolean rnn_scope_hear (RnnScope *scope, RnnModel *model, const RnnUtteranceConfig *config, GError **error);
void rnn_scope_deafen (RnnScope *scope);
void rnn_scope_listen (RnnScope *scope, const gfloat *samples, guint n);
void rnn_scope_forget (RnnScope *scope);

G_END_DECLS
