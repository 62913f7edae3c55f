/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows that hold a change of level (change.h), as they would be had it always been what it is now: what lies before the change is
 * raised by the mean of what the values after it are higher by than those of the last season before it, at the same times of a season.
 * Where that is not about the same at all times, it was no change of level, and windows stay as they are, as they
 * do after so few values that these may themselves be far off.
 *
 * A model has not learnt what follows a change; of a window without one it forecasts well, and its misses are those that its
 * intervals know. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* window[n] -> level[n], whose last @since values (1 to n) are from after the change.  @season: 0: unknown.  NAN: missing. */
void rnn_level_mend (guint n, guint since, guint season, const gfloat *window, gfloat *level);

G_END_DECLS
