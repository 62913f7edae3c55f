/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is minimised, and what is reported: one row per kind of loss. */
#pragma once
#include "batch.h"

G_BEGIN_DECLS

/* The answers of a model to one example. */
typedef struct {
  const RnnExample *example;
  const RnnFraming *framing;
  gint steps, n_out, blank;
  const gfloat *y;              /* [steps] rows of n_out, ld apart */
  gfloat *dy;                   /* the same rows for the gradient, zero at entry, or NULL */
  gsize ld;
  gfloat scale;                 /* of the gradient */
  gfloat *scratch;              /* RnnLoss.scratch () floats */
} RnnAnswer;

/* Counts of errors over examples: one per thread of work, added up in a fixed order. */
typedef struct {
  RnnTokens *tokens;            /* CTC, else NULL */
  RnnCtcDecoder *decoder;
  gdouble errors, total;
} RnnMeasure;

typedef struct {
  const gchar *name;
  RnnOutputKind output;         /* what the model has to say it is; RAW: anything */
  /* FALSE when the model cannot be trained on the example: @reason (static) says why */
  gboolean (*accepts) (RnnModel *model, const RnnExample *example, const gchar **reason);
  gsize    (*scratch) (const RnnAnswer *answer);
  gfloat   (*loss)    (const RnnAnswer *answer);        /* +inf: cannot be learnt, gradient 0 */
  void     (*measure) (const RnnAnswer *answer, RnnMeasure *measure);
} RnnLoss;

const RnnLoss *rnn_loss_get (RnnLossType type);

gboolean rnn_measure_init (RnnMeasure *measure, RnnModel *model, GError **error);
void     rnn_measure_clear (RnnMeasure *measure);

G_END_DECLS
