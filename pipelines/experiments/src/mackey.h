/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Mackey-Glass equation, dy/dt = 0.2 y(t - 17) / (1 + y(t - 17)^10) - 0.1 y(t), sampled once per unit of time and,
 * as Jaeger & Haas (2004) have it, squashed: tanh (y - 1). */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* series[n]; another @seed is another part of the attractor */
void mackey_glass (guint n, guint64 seed, gdouble *series);

G_END_DECLS
