/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The adding problem (Hochreiter & Schmidhuber 1997, as in Le, Jaitly & Hinton 2015): of each step the input is a
 * number from [0, 1) and a mark, 1 at one step of the first half and at one of the second; what is asked for after the
 * last step is the sum of the two marked numbers.  Who always says 1 has a mean squared error of 1/6. */
#pragma once
#include "experiment.h"

G_BEGIN_DECLS

RnnDataset *adding_new (guint n, guint n_steps, guint64 seed);
void        adding_refresh (RnnDataset *dataset, guint64 seed, gpointer unused);        /* other examples of the same length, in place */
void        adding_refresh_early (RnnDataset *dataset, guint64 seed, gpointer unused);   /* with both marks in the first fifth */

G_END_DECLS
