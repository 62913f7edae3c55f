/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rnncore bench times of calls that wait: nothing with one thread, whose CPU time counts, the wait with several. */
#include "tools/bench/bench.h"

#define WAIT 2000               /* microseconds */

static void
sleep_a_little (gpointer data)
{
  g_usleep (WAIT);
}

static void
nothing (gpointer data)
{
}

static gdouble
median (void (*run) (gpointer data), gint threads, gdouble *cpu)
{
  const BenchSettings settings = { .threads = threads, .seconds = 0.05 };
  BenchParty party = { run };
  gdouble us;

  bench_measure (&party, 1, &settings);
  us = bench_party_quantile (&party, 0.5);
  *cpu = bench_party_cpu (&party);
  bench_party_clear (&party);
  return us;
}

static void
test_wait (void)
{
  gdouble cpu;

  g_assert_cmpfloat (median (sleep_a_little, 1, &cpu), <, WAIT / 4);
  g_assert_cmpfloat (median (sleep_a_little, 2, &cpu), >=, WAIT);
  g_assert_cmpfloat (cpu, <, WAIT / 4);
}

/* Reading the clock is hardly a part of a call, and for that some are timed together. */
static void
test_nothing (void)
{
  gdouble cpu;

  g_assert_cmpfloat (median (nothing, 1, &cpu), <, 0.2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench-clock/wait", test_wait);
  g_test_add_func ("/bench-clock/nothing", test_nothing);
  return g_test_run ();
}
