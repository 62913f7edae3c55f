/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training on several machines: the processes that mpirun started share out the shards of each minibatch. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* How the ranks reach each other: one row per way.  But for join, every rank makes the same calls in the same order. */
typedef struct {
  const gchar *name;
  gboolean (*join)    (guint *rank, guint *size, GError **error);
  void     (*leave)   (void);   /* between join and this one an exit of the process ends all others */
  void     (*send)    (guint to, const gfloat *x, gsize n);
  void     (*receive) (guint from, gfloat *x, gsize n);
  void     (*share)   (guint root, gpointer data, gsize bytes);         /* data of @root to everyone */
  /* The largest word of any rank; gives up after @patience microseconds (0: never), and the rank is alone then. */
  gint     (*agree)   (gint word, gint64 patience);
} RnnReduceClass;

/* The name of that table's row in the module librnncore-mpi, the only file that knows MPI. */
#define RNN_REDUCE_MPI "rnn_reduce_mpi"

typedef struct {
  const RnnReduceClass *klass;
  guint rank, size;             /* 0 of 1: alone */
  gboolean joined;              /* this process takes part: at most one trainer at a time does */
  gfloat *block;                /* on its way from the rank before, NULL: alone */
} RnnReduce;

/* Takes part if mpirun started this process, which may wait for the others; else alone. */
gboolean rnn_reduce_join  (RnnReduce *reduce, GError **error);
/* @early: the others are about to call rnn_reduce_agree and get to know. */
void     rnn_reduce_leave (RnnReduce *reduce, gboolean early);

/* 0: all ranks said 0; else the largest word.  RNN_REDUCE_LEFT: a rank has left early. */
#define RNN_REDUCE_LEFT G_MAXINT
gint     rnn_reduce_agree (RnnReduce *reduce, gint word);

/* sum[n] = the sum of all ranks' parts[n_parts][n], one after the other in the order of the ranks, on every rank.
 * parts[0] is sum, unless the rank has no part. */
void     rnn_reduce_sum   (RnnReduce *reduce, gsize n, gfloat *const *parts, guint n_parts, gfloat *sum);
/* What rank @root has in data. */
void     rnn_reduce_share (RnnReduce *reduce, guint root, gpointer data, gsize bytes);

G_END_DECLS
