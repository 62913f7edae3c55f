/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* librnncore-mpi: the ranks of an MPI job.  A module of its own, opened by reduce.c only in a process that mpirun
 * started, so that nobody else loads MPI.
 *
 * MPI starts with the first training and ends with the process.  It may be called from any thread, one at a time.  A
 * rank that dies, or exits without having ended MPI, makes mpirun end all others. */
#include "reduce.h"
#include "../base/error.h"
#include <mpi.h>
#include <stdlib.h>

#define TAG 0
#define BYTES_AT_ONCE (1 << 30) /* counts are int */
#define SPIN 200                /* microseconds */
#define SLEEP 50

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
  int provided = MPI_THREAD_SINGLE, result = MPI_Init_thread (NULL, NULL, MPI_THREAD_SERIALIZED, &provided);

  if (result != MPI_SUCCESS || provided < MPI_THREAD_SERIALIZED) {
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

/* Spins for a while, then sleeps between looks: MPI's own waits would keep a core busy until the slowest rank is there.
 * FALSE: @patience microseconds (0: for ever) are over. */
static gboolean
wait_for (MPI_Request request, gint64 patience)
{
  gint64 start_time = g_get_monotonic_time (), waited;
  int done;

  for (;;) {
    MPI_Test (&request, &done, MPI_STATUS_IGNORE);
    if (done)
      return TRUE;
    waited = g_get_monotonic_time () - start_time;
    if (patience && waited > patience)
      return FALSE;
    if (waited < SPIN)
      g_thread_yield ();
    else
      g_usleep (SLEEP);
  }
}

static void
mpi_send (guint to, const gfloat *x, gsize n)
{
  MPI_Request request;

  MPI_Isend (x, (int) n, MPI_FLOAT, to, TAG, MPI_COMM_WORLD, &request);
  wait_for (request, 0);
}

static void
mpi_receive (guint from, gfloat *x, gsize n)
{
  MPI_Request request;

  MPI_Irecv (x, (int) n, MPI_FLOAT, from, TAG, MPI_COMM_WORLD, &request);
  wait_for (request, 0);
}

static void
mpi_share (guint root, gpointer data, gsize bytes)
{
  MPI_Request request;

  for (gsize at = 0; at < bytes; at += BYTES_AT_ONCE) {
    MPI_Ibcast ((gchar *) data + at, (int) MIN (BYTES_AT_ONCE, bytes - at), MPI_BYTE, root, MPI_COMM_WORLD, &request);
    wait_for (request, 0);
  }
}

static gint
mpi_agree (gint word, gint64 patience)
{
  static gint mine, largest;    /* an exchange that is given up stays posted */
  MPI_Request request;

  mine = word;
  MPI_Iallreduce (&mine, &largest, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
  alone = !wait_for (request, patience);
  return alone ? word : largest;
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
