/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The squared error, mean of (y - value)^2 over steps and numbers: of regression, and of what has no meaning of its own. */
#pragma once
#include "output.h"

G_BEGIN_DECLS

gboolean rnn_squared_setup   (RnnOutput *output, const json_t *object, const gchar *where, GError **error);
gboolean rnn_squared_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason);
gfloat   rnn_squared_loss    (const RnnOutput *output, const RnnAnswer *answer);
void     rnn_squared_measure (const RnnOutput *output, const RnnAnswer *answer, RnnMeasure *measure);

G_END_DECLS
