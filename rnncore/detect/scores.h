/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model's numbers as probabilities of what its output names. */
#pragma once
#include "../outputs/output.h"

RNN_API_BEGIN

/* y[n] of a step -> probabilities p[n], n that of the output's first head: of tags each for itself, of classes together;
 * numbers of any other output are taken as probabilities. */
void rnn_scores_from_output (const RnnOutput *output, const gfloat *y, gfloat *p);
/* Which of the numbers is called @name; without a name the only or last one.  -1: none. */
gint rnn_scores_find (const RnnOutput *output, const gchar *name);

RNN_API_END
