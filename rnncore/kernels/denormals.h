/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Denormal numbers (below 2^-126) taken for 0, for the calling thread.  A memory that decays in silence reaches them and would stay
 * there for ever, where a CPU takes many times as long for an addition.  All rows of the kernel table do the same. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Returns what was set before. */
guint64 rnn_denormals_flush   (void);
void    rnn_denormals_restore (guint64 before);

G_END_DECLS
