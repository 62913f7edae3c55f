/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that are missing from examples: whatever is no finite number, or beyond RNN_LARGEST. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* frames[n][dim]: a missing value becomes the last one of its kind, 0 if there was none, as in a stream; targets[n][n_target]
 * (or NULL) become unknown where they are not finite, and where the frame beside them misses a value.  Returns how many values
 * of frames were missing. */
guint64 rnn_fill_missing (guint n, gint dim, gfloat *frames, gint n_target, gfloat *targets);

G_END_DECLS
