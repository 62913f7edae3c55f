/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model of phones makes of them: scores of the steps in which each phone of known speech was said, with the mistakes that the
 * model makes, so that a text can be imagined as the model would have heard it. */
#pragma once
#include "rnn.h"
#include "base/rng.h"
#include "train/dataset.h"

G_BEGIN_DECLS

typedef struct _Heard Heard;

/* Of @speech, varied by @augment: stretches of it until there are @n_steps steps; head number @head of @model hears phones, in the
 * order of the texts of the examples.  Appends the stretches to @whole, with their first text. (transfer full) */
Heard *heard_new  (RnnModel *model, RnnDataset *speech, const RnnTrainConfig *augment, gint head, guint64 n_steps, RnnDataset *whole);
void   heard_free (Heard *heard);
gint   heard_get_n (const Heard *heard);        /* scores of a step */

/* Appends the scores of phones[n], said in one go, to @steps.  @voice: any number, the same for whoever goes on. */
void   heard_imagine (const Heard *heard, guint voice, const gint *phones, guint n, RnnRng *rng, GArray *steps);
/* Appends a pause of about @n steps. */
void   heard_pause   (const Heard *heard, guint voice, guint n, RnnRng *rng, GArray *steps);

G_END_DECLS
