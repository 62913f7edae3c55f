/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worlds that hide a part of their state: what one sees now is not enough to act well. */
#pragma once
#include "rnn.h"

G_BEGIN_DECLS

#define WORLD_MAX_OBSERVED 4
#define WORLD_MAX_ACTIONS 4

typedef struct {
  gdouble x, v, angle, spin;    /* cart-pole: m, m/s, rad, rad/s */
  gint place, length, up;       /* T-maze: steps from the start, of the corridor; where the prize is */
  guint steps;                  /* so far */
} World;

typedef struct {
  const gchar *name;
  gint n_observed, n_actions;
  gfloat unit;                  /* rewards are learnt in so large ones: returns of a size that suits a network */
  void     (*begin)   (World *world, gint length, RnnRng *rng);
  void     (*observe) (const World *world, gfloat *x);
  /* The reward; *over: the episode is. */
  gfloat   (*act)     (World *world, gint action, gboolean *over);
  /* So many steps are the most that an episode has. */
  guint    (*longest) (gint length);
  /* Was an episode good that ended with this reward? */
  gboolean (*solved)  (const World *world, gfloat reward);
} WorldClass;

/* A cart that balances a pole (Barto, Sutton & Anderson 1983), seen without its velocities. */
extern const WorldClass world_cart_pole;
/* A corridor: a signal at its start says which way to turn at its end (Bakker 2002). */
extern const WorldClass world_t_maze;

G_END_DECLS
