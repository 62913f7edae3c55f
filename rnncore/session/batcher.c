/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batchers: one per model (in a precision) and group, and the streams in them.
 *
 * State: one row [n_state] per stream, its own; the room for a run is the batcher's, for as many rows as it has
 * streams, up to RNN_BATCH_ROWS. */
#include "batcher-private.h"
#include "../base/memory.h"
#include <string.h>
#include "session-private.h"

static GMutex table_lock;       /* of the list and all references */
static GList *batchers;         /* of those with a group */

/* ---- batchers ---- */

/* @model: transfer full */
static RnnBatcher *
batcher_new (RnnModel *model, const gchar *group)
{
  RnnBatcher *b = g_new0 (RnnBatcher, 1);

  b->model = model;
  b->root = rnn_model_get_root (model);
  b->group = g_strdup (group);
  b->refs = 1;
  g_mutex_init (&b->lock);
  g_cond_init (&b->idle);
  b->streams = g_ptr_array_new ();
  return b;
}

static RnnBatcher *
find (RnnModel *model, const gchar *group)
{
  for (GList *l = batchers; l; l = l->next) {
    RnnBatcher *b = l->data;

    if (b->model == model && g_str_equal (b->group, group))
      return b;
  }
  return NULL;
}

/* @model: prepared, transfer full */
static RnnBatcher *
batcher_get (RnnModel *model, const gchar *group)
{
  RnnBatcher *b;

  if (!group)
    return batcher_new (model, NULL);
  g_mutex_lock (&table_lock);
  b = find (model, group);
  if (b) {
    b->refs++;
  } else {
    b = batcher_new (g_steal_pointer (&model), group);
    batchers = g_list_prepend (batchers, b);
  }
  g_mutex_unlock (&table_lock);
  g_clear_pointer (&model, rnn_model_unref);
  return b;
}

static void
free_room (RnnBatcher *b)
{
  g_free (b->batch);
  g_free (b->lengths);
  g_aligned_free (b->x);
  g_aligned_free (b->y);
  g_aligned_free (b->state);
  g_aligned_free (b->scratch);
}

static void
batcher_unref (RnnBatcher *b)
{
  gboolean last;

  g_mutex_lock (&table_lock);
  last = --b->refs == 0;
  if (last)
    batchers = g_list_remove (batchers, b);
  g_mutex_unlock (&table_lock);
  if (!last)
    return;
  free_room (b);
  g_ptr_array_unref (b->streams);
  g_cond_clear (&b->idle);
  g_mutex_clear (&b->lock);
  rnn_model_unref (b->model);
  g_free (b->group);
  g_free (b);
}

/* ---- room ---- */

/* The next power of two, so that a hundred streams do not make room a hundred times. */
static guint
rounded (gsize n)
{
  guint rows = 1;

  while (rows < n && rows < RNN_BATCH_ROWS)
    rows *= 2;
  return rows;
}

/* FALSE: there is no memory for it, and all is as it was. */
static gboolean
make_room (RnnBatcher *b, guint max_rows, guint max_streams, GError **error)
{
  const RnnCell *root = b->root;
  gsize shared = max_streams > 1 ? max_rows : 0;        /* a stream alone is run in place */
  const struct {
    gfloat **floats;
    gsize n;
  } room[] = {
    { &b->x, rnn_size_mul (shared, (gsize) root->n_in) }, { &b->y, rnn_size_mul (shared, (gsize) root->n_out) },
    { &b->state, max_streams > 1 ? rnn_size_mul (max_streams, root->n_state) : 0 },
    { &b->scratch, rnn_size_add (rnn_size_mul (max_rows, root->n_scratch), rnn_size_mul (max_streams, root->n_scratch_once)) },
  };
  gfloat *made[G_N_ELEMENTS (room)] = { NULL };
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < G_N_ELEMENTS (room); i++)
    ok = (made[i] = rnn_memory_try_floats (room[i].n, rnn_model_get_path (b->model), error)) != NULL;
  for (guint i = 0; i < G_N_ELEMENTS (room); i++) {
    g_aligned_free (ok ? *room[i].floats : made[i]);
    if (ok)
      *room[i].floats = made[i];
  }
  if (!ok)
    return FALSE;
  b->max_rows = max_rows;
  b->max_streams = max_streams;
  b->batch = g_renew (RnnBatchStream *, b->batch, max_streams);
  b->lengths = g_renew (gint, b->lengths, max_streams);
  return TRUE;
}

/* Called with the lock held. */
static gboolean
join (RnnBatcher *b, RnnBatchStream *s, GError **error)
{
  guint rows, streams;

  b->n_joining++;
  while (b->running)
    g_cond_wait (&b->idle, &b->lock);
  b->n_joining--;
  streams = rounded (b->streams->len + 1);
  rows = rounded ((gsize) s->max_steps * streams);
  if ((rows > b->max_rows || streams > b->max_streams)
      && !make_room (b, MAX (rows, b->max_rows), MAX (streams, b->max_streams), error))
    return FALSE;
  g_ptr_array_add (b->streams, s);
  return TRUE;
}

/* ---- streams ---- */

RnnBatchStream *
rnn_batch_stream_new (RnnModel *model, RnnPrecision precision, const gchar *group, guint max_steps, guint deadline,
    GError **error)
{
  RnnModel *ready;
  RnnBatchStream *s;
  gboolean joined;

  if (!rnn_session_check (model, 1, max_steps, error) || !rnn_session_check (model, group ? RNN_BATCH_ROWS : 1, 1, error)
      || !(ready = rnn_model_prepare (model, precision, error)))
    return NULL;
  s = g_new0 (RnnBatchStream, 1);
  s->batcher = batcher_get (ready, group);
  s->deadline = deadline;
  s->max_steps = max_steps;
  s->length = G_MAXINT;
  g_cond_init (&s->changed);
  s->state = rnn_memory_try_floats (s->batcher->root->n_state, rnn_model_get_path (model), error);
  g_mutex_lock (&s->batcher->lock);
  joined = s->state && join (s->batcher, s, error);
  g_mutex_unlock (&s->batcher->lock);
  if (!joined) {
    rnn_batch_stream_free (s);
    return NULL;
  }
  rnn_cell_reset_state (s->batcher->root, s->state);
  return s;
}

void
rnn_batch_stream_free (RnnBatchStream *s)
{
  RnnBatcher *b;

  if (!s)
    return;
  b = s->batcher;
  g_mutex_lock (&b->lock);
  g_ptr_array_remove_fast (b->streams, s);
  rnn_batcher_wake (b);
  g_mutex_unlock (&b->lock);
  batcher_unref (b);
  g_cond_clear (&s->changed);
  g_aligned_free (s->state);
  g_free (s);
}

gsize
rnn_batch_stream_get_state_size (RnnBatchStream *s)
{
  return s->batcher->root->n_state;
}

void
rnn_batch_stream_get_state (RnnBatchStream *s, gfloat *state)
{
  memcpy (state, s->state, s->batcher->root->n_state * sizeof (gfloat));
}

void
rnn_batch_stream_set_state (RnnBatchStream *s, const gfloat *state)
{
  memcpy (s->state, state, s->batcher->root->n_state * sizeof (gfloat));
  s->length = G_MAXINT;
}

guint
rnn_batch_stream_get_latency (RnnBatchStream *s)
{
  return (guint) s->batcher->root->latency;
}

void
rnn_batch_stream_get_stats (RnnBatchStream *s, RnnBatchStats *stats)
{
  g_mutex_lock (&s->batcher->lock);
  *stats = s->stats;
  g_mutex_unlock (&s->batcher->lock);
}
