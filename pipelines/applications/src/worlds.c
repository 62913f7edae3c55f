/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cart-pole: force of +-10 N on a cart of 1 kg, pole of 0.1 kg and 1 m, steps of 0.02 s (Euler); over when the cart is 2.4 m
 * away or the pole leans by more than 12 degrees; 200 steps are a success; 1 for every step.  Seen: place and angle.
 *
 * T-maze: at the start 011 or 110 is seen, in the corridor 101, at the junction 010.  North, east, south, west; the right turn
 * gives 4, the wrong one -0.1, as does a step against a wall, others 0. */
#include "worlds.h"
#include <math.h>

/* ---- cart-pole ---- */

#define GRAVITY 9.8
#define CART 1.0
#define POLE 0.1
#define HALF_LENGTH 0.5
#define FORCE 10.0
#define TAU 0.02
#define GOAL 200

static gdouble
small (RnnRng *rng)
{
  return 0.1 * rnn_rng_uniform (rng) - 0.05;
}

static void
cart_begin (World *w, gint length, RnnRng *rng)
{
  *w = (World) { .x = small (rng), .v = small (rng), .angle = small (rng), .spin = small (rng) };
}

static void
cart_observe (const World *w, gfloat *x)
{
  x[0] = (gfloat) w->x / 2.4f;
  x[1] = (gfloat) w->angle * 5;
}

static gfloat
cart_act (World *w, gint action, gboolean *over)
{
  gdouble force = action ? FORCE : -FORCE, c = cos (w->angle), s = sin (w->angle), mass = CART + POLE;
  gdouble push = (force + POLE * HALF_LENGTH * w->spin * w->spin * s) / mass;
  gdouble spin = (GRAVITY * s - c * push) / (HALF_LENGTH * (4.0 / 3 - POLE * c * c / mass));
  gdouble speed = push - POLE * HALF_LENGTH * spin * c / mass;

  w->x += TAU * w->v;
  w->v += TAU * speed;
  w->angle += TAU * w->spin;
  w->spin += TAU * spin;
  w->steps++;
  *over = fabs (w->x) > 2.4 || fabs (w->angle) > 12 * G_PI / 180 || w->steps >= GOAL;
  return 1;
}

static guint
cart_longest (gint length)
{
  return GOAL;
}

static gboolean
cart_solved (const World *w, gfloat reward)
{
  return w->steps >= GOAL;
}

const WorldClass world_cart_pole = { "cart-pole", 2, 2, 20, cart_begin, cart_observe, cart_act, cart_longest, cart_solved };

/* ---- T-maze ---- */

enum { NORTH, EAST, SOUTH, WEST };

static void
maze_begin (World *w, gint length, RnnRng *rng)
{
  *w = (World) { .length = length, .up = (gint) rnn_rng_below (rng, 2) };
}

static void
maze_observe (const World *w, gfloat *x)
{
  gboolean start = w->place == 0, junction = w->place == w->length;

  x[0] = junction ? 0 : start ? !w->up : 1;
  x[1] = start || junction;
  x[2] = junction ? 0 : start ? w->up : 1;
}

static guint
maze_longest (gint length)
{
  return 2 * length + 20;
}

static gfloat
maze_act (World *w, gint action, gboolean *over)
{
  gint to = w->place + (action == EAST) - (action == WEST);
  gboolean turned = w->place == w->length && (action == NORTH || action == SOUTH);

  w->steps++;
  *over = turned || w->steps >= maze_longest (w->length);
  if (turned)
    return (action == NORTH) == w->up ? 4 : -0.1f;
  if (to == w->place || to < 0 || to > w->length)
    return -0.1f;
  w->place = to;
  return 0;
}

static gboolean
maze_solved (const World *w, gfloat reward)
{
  return reward > 1;
}

const WorldClass world_t_maze = { "t-maze", 3, 4, 2, maze_begin, maze_observe, maze_act, maze_longest, maze_solved };
