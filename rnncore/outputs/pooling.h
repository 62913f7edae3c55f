/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many-to-one: one answer for a whole example, made of the answers of its steps. */
#pragma once
#include "output.h"

G_BEGIN_DECLS

typedef enum { RNN_POOLING_NONE, RNN_POOLING_LAST, RNN_POOLING_MEAN, RNN_POOLING_MAX } RnnPoolingType;

extern const gchar *const rnn_pooling_names[];

/* A row of a class's options. */
#define RNN_OPT_POOLING { "pooling", RNN_OPTION_ENUM, G_STRUCT_OFFSET (RnnOutput, pooling), 0, 255, RNN_POOLING_NONE, \
    rnn_pooling_names, "one answer for all steps: the last one, their mean, or the largest of each number" }

/* y: [steps] rows of n, ld apart, steps >= 1 -> out[n] */
void rnn_pool_steps (RnnPoolingType type, gint steps, gint n, const gfloat *y, gsize ld, gfloat *out);

/* What output.c calls for an output that pools: its loss over the one answer, with the gradient of every step. */
gsize  rnn_pooled_scratch (const RnnOutput *output, const RnnLabels *labels);
gfloat rnn_pooled_loss (const RnnOutput *output, const RnnAnswer *answer);
void   rnn_pooled_measure (const RnnOutput *output, const RnnAnswer *answer, RnnMeasure *measure);

G_END_DECLS
