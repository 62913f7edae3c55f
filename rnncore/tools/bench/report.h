/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `rnncore bench` prints. */
#pragma once
#include "bench.h"

G_BEGIN_DECLS

typedef struct {
  const gchar *unit;
  gdouble median, p99, floor;   /* microseconds per unit */
  gdouble core;                 /* its model alone, or 0 */
  gdouble cpu;                  /* CPU time of all threads where the others are time that passed, or 0 */
  gsize bytes_per_stream;
  const BenchPeer *peer;        /* NULL: there is none */
  gdouble peer_median;          /* 0: it does not offer this */
} BenchResult;

/* One line for people, or with --json one object. */
void bench_report (const BenchSettings *settings, const BenchResult *result);

G_END_DECLS
