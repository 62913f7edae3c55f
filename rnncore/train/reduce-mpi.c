/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* librnncore-mpi: the ranks of an MPI job.  A module of its own, opened by reduce.c only in a process that mpirun
 * started, so that nobody else loads MPI.
 *
 * MPI starts with the first training and ends with the process.  It may be called from any thread, one at a time.  A rank
 * that dies, or exits without having ended MPI, makes mpirun end all others. */
#include "reduce.h"
#include "../base/error.h"
#include <mpi.h>
#include <stdlib.h>

#define TAG 0
#define BYTES_AT_ONCE (1 << 30) /* counts are int */
#define POLL 50                 /* microseconds between two looks at an agreement */

extern const RnnReduceClass rnn_reduce_mpi;

static gboolean training;       /* the others may wait for this rank */
static gboolean alone;          /* an agreement was given up */

/* To end MPI waits for all others to do so. */
static void
finish (void)
{
  if (!training && !alone)
    MPI_Finalize ();
}

static gboolean
start (GError **error)
{
  int provided;

  if (MPI_Init_thread (NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS || provided < MPI_THREAD_SERIALIZED) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "MPI does not start for a program with threads");
    return FALSE;
  }
  atexit (finish);
  return TRUE;
}

static gboolean
mpi_join (guint *rank, guint *size, GError **error)
{
  int is_up, number, count;

  MPI_Initialized (&is_up);
  if (!is_up && !start (error))
    return FALSE;
  MPI_Comm_rank (MPI_COMM_WORLD, &number);
  MPI_Comm_size (MPI_COMM_WORLD, &count);
  *rank = number;
  *size = count;
  return training = TRUE;
}

static void
mpi_leave (void)
{
  training = FALSE;
}

static void
mpi_send (guint to, const gfloat *x, gsize n)
{
  MPI_Send (x, (int) n, MPI_FLOAT, to, TAG, MPI_COMM_WORLD);
}

static void
mpi_receive (guint from, gfloat *x, gsize n)
{
  MPI_Recv (x, (int) n, MPI_FLOAT, from, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

static void
mpi_share (guint root, gpointer data, gsize bytes)
{
  for (gsize at = 0; at < bytes; at += BYTES_AT_ONCE)
    MPI_Bcast ((gchar *) data + at, (int) MIN (BYTES_AT_ONCE, bytes - at), MPI_BYTE, root, MPI_COMM_WORLD);
}

/* Sleeps while it waits: others may take their time to start, or to be told that one leaves. */
static gint
mpi_agree (gint word, gint64 patience)
{
  static gint mine, largest;    /* one that is given up stays posted */
  gint64 start_time = g_get_monotonic_time ();
  MPI_Request request;
  int done;

  mine = word;
  MPI_Iallreduce (&mine, &largest, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
  for (;;) {
    MPI_Test (&request, &done, MPI_STATUS_IGNORE);
    if (done)
      return largest;
    alone = patience && g_get_monotonic_time () - start_time > patience;
    if (alone)
      return word;
    g_usleep (POLL);
  }
}

const RnnReduceClass rnn_reduce_mpi = {
  .name = "mpi",
  .join = mpi_join,
  .leave = mpi_leave,
  .send = mpi_send,
  .receive = mpi_receive,
  .share = mpi_share,
  .agree = mpi_agree,
};
