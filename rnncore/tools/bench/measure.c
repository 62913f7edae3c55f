/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times functions that take turns, so that what else the machine does falls on all of them alike.
 *
 * What one thread does is timed by its CPU time, in which others of a crowded machine have no part. Reading that clock may take microseconds, so short
 * calls are timed several together. Of several threads, the time that passes is what they save; the process's CPU time is counted beside it.
 *
 * A turn lasts some 2 ms, or a few calls.  Its first call finds the caches full of somebody else's data and does not
 * count, unless calls are long. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN 2000.0             /* microseconds */
#define TURN_SAMPLES 6          /* at least */
#define SHORT_SAMPLE 100.0      /* microseconds; calls that are shorter come together */
#define MAX_CALLS 65536
#define LONG_CALL 20000.0       /* longer ones come one a turn, and all count */
#define MAX_SAMPLES 200000
#define MIN_TURNS 3

static gdouble
now (clockid_t clock)
{
  struct timespec t;

  clock_gettime (clock, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* A call's, of so many. */
static gdouble
time_calls (BenchParty *party, guint n, clockid_t clock)
{
  gdouble start = now (clock);

  for (guint i = 0; i < n; i++)
    party->run (party->data);
  return (now (clock) - start) / n;
}

static void
take_turn (BenchParty *party, clockid_t clock)
{
  gdouble start;

  if (party->per_turn > 1)
    party->run (party->data);
  start = now (CLOCK_PROCESS_CPUTIME_ID);
  for (guint i = 0; i < party->per_turn && party->n < MAX_SAMPLES; i++)
    party->samples[party->n++] = (gfloat) time_calls (party, party->per_sample, clock);
  party->cpu += now (CLOCK_PROCESS_CPUTIME_ID) - start;
}

/* The first call may allocate; those after it tell how many make a sample, and a turn. */
static void
warm_up (BenchParty *party, clockid_t clock)
{
  gdouble us;                   /* of a sample */

  party->run (party->data);
  for (party->per_sample = 1; (us = party->per_sample * time_calls (party, party->per_sample, clock)) < SHORT_SAMPLE
      && party->per_sample < MAX_CALLS; party->per_sample *= 2);
  party->per_turn = us > LONG_CALL ? 1 : MAX (TURN_SAMPLES, (guint) (TURN / MAX (us, 1)));
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
bench_measure (BenchParty *parties, guint n, const BenchSettings *settings)
{
  clockid_t clock = settings->threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID;
  gdouble end;

  for (guint i = 0; i < n; i++)
    warm_up (&parties[i], clock);
  end = now (CLOCK_MONOTONIC) + 1e6 * settings->seconds;
  for (guint turn = 0; turn < MIN_TURNS || now (CLOCK_MONOTONIC) < end; turn++)
    for (guint i = 0; i < n; i++)
      take_turn (&parties[i], clock);
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

gdouble
bench_party_cpu (const BenchParty *party)
{
  return party->cpu / party->n / party->per_sample;
}
