/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of `rnncore bench`: what the command line asks for, what a benchmark prepares, and what is measured of it. */
#pragma once
#include "model/root.h"

G_BEGIN_DECLS

/* What `--precision` names. */
typedef struct {
  const gchar *name;
  RnnPrecision precision;
  gint weight_size;             /* bytes */
} BenchPrecision;

typedef struct {
  const gchar *what;
  gchar *cell, *precision_name, *loss;
  gchar *model, *audio;         /* pipeline, forecast: files; audio NULL: made up */
  gint input, hidden, layers, outputs, labels;
  gint streams, steps, threads, horizon;
  gint count;                   /* > 0: so many calls and nothing measured */
  gdouble seconds;
  gboolean json;
  const BenchPrecision *precision;      /* row that precision_name means */
} BenchSettings;

/* What a machine must do at least, `times` in one call: read `bytes` and do `operations` meanwhile. */
typedef struct {
  gdouble times, bytes, operations;
} BenchNeed;

/* A benchmark, ready to run. */
typedef struct {
  gpointer data;
  void (*run) (gpointer data);          /* one call: what is timed */
  void (*core) (gpointer data);         /* NULL, or the part of it that is the model */
  void (*free) (gpointer data);
  gdouble units;                /* stream-steps, frames... of one call: times are given per unit */
  GArray *needs;                /* of BenchNeed, one after the other in a call */
  gsize working_set;            /* bytes that a call goes through again and again */
  gsize bytes_per_stream;
} BenchWork;

/* One row of the table of benchmarks. */
typedef struct {
  const gchar *what, *unit, *summary;
  BenchSettings defaults;       /* 0: does not apply, and cannot be set */
  gboolean (*prepare) (BenchSettings *settings, BenchWork *work, GError **error);
} BenchKind;

/* What a model that was loaded really runs in: a file of packed weights has its own precision. */
void bench_set_precision (BenchSettings *s, RnnPrecision precision);
gboolean bench_prepare_streams  (BenchSettings *settings, BenchWork *work, GError **error);
gboolean bench_prepare_train    (BenchSettings *settings, BenchWork *work, GError **error);
gboolean bench_prepare_ctc      (BenchSettings *settings, BenchWork *work, GError **error);
gboolean bench_prepare_features (BenchSettings *settings, BenchWork *work, GError **error);
gboolean bench_prepare_pipeline (BenchSettings *settings, BenchWork *work, GError **error);
gboolean bench_prepare_forecast (BenchSettings *settings, BenchWork *work, GError **error);

/* ---- models.c: recipes of so many layers, and what they need ---- */

/* One object of a recipe's "layers" for each layer of --cell, --hidden, --layers. */
json_t  *bench_layers (BenchSettings *settings, GError **error);
/* A CTC model's tokens: <blank> and n - 1 others. */
json_t  *bench_tokens (gint n);
/* What T steps of B streams read and multiply, layer by layer. */
void     bench_add_forward_needs (BenchWork *work, RnnCell *root, gint T, gint B, gint weight_size);
/* Bytes of state and scratch that each stream adds. */
gsize    bench_stream_bytes (RnnCell *root, gint T);
void     bench_add_need (BenchWork *work, gdouble times, gdouble bytes, gdouble operations);
/* x[n] of a normal distribution; follows from @seed. */
gfloat  *bench_random (gsize n, guint64 seed);
/* Bytes of the heap in use. */
gsize    bench_heap (void);

/* ---- measure.c: parties that take turns ---- */

typedef struct {
  void (*run) (gpointer data);
  gpointer data;
  gfloat *samples;              /* [n], microseconds per call */
  guint n, per_turn, per_sample;        /* samples, in a turn; calls of a sample */
  gdouble cpu;                  /* microseconds of all threads, in all of them */
} BenchParty;

/* Lets the parties take turns for so many seconds, then sorts their samples. */
void     bench_measure (BenchParty *parties, guint n, const BenchSettings *settings);
void     bench_party_clear (BenchParty *party);
/* Of the sorted samples: fraction 0.5 is the median. */
gdouble  bench_party_quantile (const BenchParty *party, gdouble fraction);
/* CPU time of all threads, the mean of a call. */
gdouble  bench_party_cpu (const BenchParty *party);

/* ---- floor.c ---- */

typedef struct _BenchFloor BenchFloor;

#define BENCH_FLOOR_PARTIES 2

/* Parties that measure read bandwidth over the working set and the rate of arithmetic. */
BenchFloor *bench_floor_new (const BenchWork *work, const BenchSettings *settings,
    BenchParty parties[BENCH_FLOOR_PARTIES]);
void     bench_floor_free (BenchFloor *floor);
/* Microseconds that one call takes at least, by what the parties measured. */
gdouble  bench_floor_get (const BenchFloor *floor, const BenchWork *work, const BenchSettings *settings,
    const BenchParty parties[BENCH_FLOOR_PARTIES]);

/* ---- peer.c, onednn.c ---- */

/* Somebody else's library doing the same.  It lives in a module of its own: neither the library nor the tool links it,
 * and it is loaded when its number of threads is known. */
typedef struct {
  const gchar *name;
  gboolean (*knows) (const BenchSettings *settings);    /* has such a cell, or such training, at all */
  /* NULL: not with these numbers on this CPU */
  gpointer (*start) (const BenchSettings *settings);
  void     (*run)   (gpointer data);
  void     (*stop)  (gpointer data);
} BenchPeer;

#define BENCH_PEER_SYMBOL "bench_peer"

/* NULL: it was not there when this was configured, or it cannot be loaded. */
const BenchPeer *bench_peer_load (const BenchSettings *settings);

G_END_DECLS
