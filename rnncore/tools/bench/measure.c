/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times functions that take turns, so that what else the machine does falls on all of them alike.
 *
 * A turn lasts some 2 ms, or a few calls.  Its first call finds the caches full of somebody else's data and does not
 * count, unless calls are long. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN 2000.0             /* microseconds */
#define TURN_CALLS 6            /* at least */
#define LONG_CALL 20000.0       /* longer ones come one a turn, and all count */
#define MAX_SAMPLES 200000
#define MIN_TURNS 3

static gdouble
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static gdouble
time_call (BenchParty *party)
{
  gdouble start = now ();

  party->run (party->data);
  return now () - start;
}

static void
take_turn (BenchParty *party)
{
  if (party->per_turn > 1)
    party->run (party->data);
  for (guint i = 0; i < party->per_turn && party->n < MAX_SAMPLES; i++)
    party->samples[party->n++] = (gfloat) time_call (party);
}

/* The first call may allocate; the second tells how many make a turn. */
static void
warm_up (BenchParty *party)
{
  gdouble us;

  party->run (party->data);
  us = time_call (party);
  party->per_turn = us > LONG_CALL ? 1 : MAX (TURN_CALLS, (guint) (TURN / MAX (us, 0.01)));
  party->n = 0;
  party->samples = g_new (gfloat, MAX_SAMPLES);
  memset (party->samples, 0, MAX_SAMPLES * sizeof (gfloat));    /* no page faults later on */
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gfloat x = *(const gfloat *) a, y = *(const gfloat *) b;

  return x < y ? -1 : x > y;
}

void
bench_measure (BenchParty *parties, guint n, gdouble seconds)
{
  gdouble end;

  for (guint i = 0; i < n; i++)
    warm_up (&parties[i]);
  end = now () + 1e6 * seconds;
  for (guint turn = 0; turn < MIN_TURNS || now () < end; turn++)
    for (guint i = 0; i < n; i++)
      take_turn (&parties[i]);
  for (guint i = 0; i < n; i++)
    qsort (parties[i].samples, parties[i].n, sizeof (gfloat), compare);
}

void
bench_party_clear (BenchParty *party)
{
  g_clear_pointer (&party->samples, g_free);
}

gdouble
bench_party_quantile (const BenchParty *party, gdouble fraction)
{
  return party->samples[(guint) (fraction * (party->n - 1) + 0.5)];
}
