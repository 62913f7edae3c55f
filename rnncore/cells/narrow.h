/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chain without the layers that only other answers than the wanted ones need. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

/* The "layers" of a chain that answers the numbers [first, first + n) of @chain's and no others, to the bit: at its end a graph joins
 * layers by `concat`, and some of these are just those numbers.  Parameters keep their names.  NULL: it is not so.  (transfer full) */
json_t *rnn_cell_narrow (const RnnCell *chain, gint first, gint n);

G_END_DECLS
