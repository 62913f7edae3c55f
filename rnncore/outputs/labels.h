/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an example's answers ought to have been. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

/* What an output learns from: a text, as token numbers without times; the number of a class; numbers.  The last two are
 * rows of values beside the frames, in which NAN stands for what nobody knows. */
typedef enum { RNN_LABEL_TEXT, RNN_LABEL_CLASS, RNN_LABEL_VALUES } RnnLabelKind;

typedef struct {
  gint n;
  gint *ids;                    /* [n], or NULL: there is no such text */
} RnnSequence;

/* A view of an example: nothing in it is owned. */
typedef struct {
  const RnnSequence *texts;     /* [n_texts], one for each head that learns from text */
  guint n_texts;
  const gfloat *values;         /* [n_rows] rows of n_values, ld apart, or NULL */
  guint n_rows;
  gint n_values;
  gsize ld;
  guint first, stride;          /* step t answers row t * stride + first */
} RnnLabels;

static inline const gfloat *
rnn_labels_row (const RnnLabels *labels, gint t)
{
  return labels->values + ((gsize) t * labels->stride + labels->first) * labels->ld;
}

/* How many of row[n] are known. */
gint      rnn_labels_count (gint n, const gfloat *row);
/* Of an example as a whole: its last row that knows anything, or else its last, as the label of one step. */
RnnLabels rnn_labels_whole (const RnnLabels *labels);

RNN_API_END
