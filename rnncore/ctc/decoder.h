/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every CTC decoder is made of.  A new one is a file with a class, and a row in decoder.c. */
#pragma once
#include "words.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *name;
  gsize instance_size;          /* of a struct that begins with an RnnCtcDecoder */
  /* Everything that can fail or allocate; may be NULL. */
  gboolean (*setup)    (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error);
  /* Sees log_probs and now; keeps words, n_stable and open up to date. */
  void     (*step)     (RnnCtcDecoder *decoder);
  void     (*finish)   (RnnCtcDecoder *decoder);
  void     (*reset)    (RnnCtcDecoder *decoder);
  void     (*finalize) (RnnCtcDecoder *decoder);        /* may be NULL */
} RnnCtcDecoderClass;

struct _RnnCtcDecoder {
  const RnnCtcDecoderClass *klass;
  RnnTokens *tokens;
  gint V, blank;
  gfloat *log_probs;            /* [V] of the step at hand */
  guint64 now;                  /* its number */
  RnnCtcWords words;            /* the complete words, then the one under way if there is one */
  gboolean open;                /* there is one */
  guint n_stable;               /* complete words that cannot change */
};

extern const RnnCtcDecoderClass rnn_ctc_greedy;

G_END_DECLS
