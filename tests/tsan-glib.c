/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells ThreadSanitizer how GLib's threads meet.  Debian's GLib is not instrumented and its locks are futexes, so the
 * sanitizer sees none of them and would call every hand-over a race.  Preloaded (tests/sanitize tsan), each function
 * here calls GLib's own and says what it orders. */
#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <glib-object.h>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

/* Not there in the other programs that a test starts. */
#pragma weak __tsan_acquire
#pragma weak __tsan_release

static void
take (gconstpointer object)
{
  if (__tsan_acquire)
    __tsan_acquire ((gpointer) object);
}

static void
give (gconstpointer object)
{
  if (__tsan_release)
    __tsan_release ((gpointer) object);
}

/* The function of this name that would have been called. */
#define REAL(name) \
  static __typeof__ (&name) real; \
  if (!real) \
    *(void **) &real = dlsym (RTLD_NEXT, #name)

/* void name (type *) that takes, or gives, what the object guards */
#define TAKES(name, type) void (name) (type *object) { REAL (name); real (object); take (object); }
#define GIVES(name, type) void (name) (type *object) { REAL (name); give (object); real (object); }
#define TRIES(name, type) gboolean (name) (type *object) { \
    REAL (name); \
    gboolean taken = real (object); \
\
    if (taken) \
      take (object); \
    return taken; \
  }

TAKES (g_mutex_lock, GMutex)
TRIES (g_mutex_trylock, GMutex)
GIVES (g_mutex_unlock, GMutex)
TAKES (g_rec_mutex_lock, GRecMutex)
TRIES (g_rec_mutex_trylock, GRecMutex)
GIVES (g_rec_mutex_unlock, GRecMutex)
TAKES (g_rw_lock_writer_lock, GRWLock)
GIVES (g_rw_lock_writer_unlock, GRWLock)
TAKES (g_rw_lock_reader_lock, GRWLock)
GIVES (g_rw_lock_reader_unlock, GRWLock)

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  give (mutex);
  real (cond, mutex);
  take (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  REAL (g_cond_wait_until);
  give (mutex);
  gboolean signalled = real (cond, mutex, end_time);
  take (mutex);
  return signalled;
}

/* ---- once, references ---- */

gboolean
(g_once_init_enter) (volatile void *location)
{
  REAL (g_once_init_enter);
  gboolean first = real (location);
  take ((gconstpointer) location);
  return first;
}

void
(g_once_init_leave) (volatile void *location, gsize result)
{
  REAL (g_once_init_leave);
  give ((gconstpointer) location);
  real (location, result);
}

/* Whoever drops the last reference has seen what the others did before they dropped theirs: he frees the block. */
void
g_object_unref (gpointer object)
{
  REAL (g_object_unref);
  give (object);
  take (object);
  real (object);
}

void gst_mini_object_unref (gpointer object);

void
gst_mini_object_unref (gpointer object)
{
  REAL (gst_mini_object_unref);
  give (object);
  real (object);
}

void
g_free (gpointer block)
{
  REAL (g_free);
  take (block);
  real (block);
}

void
g_slice_free1 (gsize size, gpointer block)
{
  REAL (g_slice_free1);
  take (block);
  real (size, block);
}

/* ---- queues: what was pushed is seen by whoever takes it out ---- */

void
g_async_queue_push (GAsyncQueue *queue, gpointer item)
{
  REAL (g_async_queue_push);
  give (queue);
  real (queue, item);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  REAL (g_async_queue_pop);
  gpointer item = real (queue);
  take (queue);
  return item;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  REAL (g_async_queue_try_pop);
  gpointer item = real (queue);
  take (queue);
  return item;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  REAL (g_async_queue_timeout_pop);
  gpointer item = real (queue, timeout);
  take (queue);
  return item;
}

/* ---- thread pools: what was pushed is seen by the worker ---- */

typedef struct {
  GFunc func;
  gpointer data;
} Job;

static void
work (gpointer item, gpointer data)
{
  Job *job = data;

  take (job);
  job->func (item, job->data);
  give (job);
}

GThreadPool *
g_thread_pool_new (GFunc func, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
  REAL (g_thread_pool_new);
  Job *job = g_new (Job, 1);    /* as long as the process: threads may outlive their pool */

  *job = (Job) { func, data };
  return real (work, job, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer item, GError **error)
{
  REAL (g_thread_pool_push);
  if (pool->func == work)
    give (pool->user_data);
  return real (pool, item, error);
}

void
g_thread_pool_free (GThreadPool *pool, gboolean immediate, gboolean wait)
{
  REAL (g_thread_pool_free);
  Job *job = pool->func == work ? pool->user_data : NULL;

  real (pool, immediate, wait);
  if (job)
    take (job);
}
