/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of messages, a thread that works them off, a queue of answers that the main context delivers. */
#include "recognizer.h"
#include "answer.h"
#include "metrics.h"
#include "resample.h"

#define MICROSECONDS 1000000
#define STACK 4096              /* samples that the transcriber gets at once */

typedef struct {
  GBytes *sound;                /* NULL: the end */
  gint64 arrived;
  gchar *json;                  /* the answer */
  gboolean final;
} Message;

struct _Recognizer {
  RecognizerFunc func;
  gpointer data;
  gint rate;
  RnnTranscriber *transcriber;
  Resample resample;
  Answer *answer;
  GMainContext *context;
  GSource *deliver;             /* ready when there is an answer */
  GThread *thread;

  GMutex lock;
  GCond there;
  GQueue in, out;               /* Message */
  gboolean stopped;
  gint64 backlog;               /* of in and what is worked on */
};

static void
free_message (Message *m)
{
  g_clear_pointer (&m->sound, g_bytes_unref);
  g_free (m->json);
  g_free (m);
}

static gint64
length_of (Recognizer *r, const Message *m)
{
  return m->sound ? (gint64) (g_bytes_get_size (m->sound) / 2) * MICROSECONDS / r->rate : 0;
}

/* ---- the thread ---- */

static void
take_results (Recognizer *r)
{
  const RnnResult *result;

  while ((result = rnn_transcriber_next (r->transcriber)))
    answer_add (r->answer, result);
}

static gboolean
is_stopped (Recognizer *r)
{
  gboolean stopped;

  g_mutex_lock (&r->lock);
  stopped = r->stopped;
  g_mutex_unlock (&r->lock);
  return stopped;
}

static void
transcribe (Recognizer *r)
{
  const gfloat *samples = (const gfloat *) r->resample.out->data;

  for (guint at = 0; at < r->resample.out->len && !is_stopped (r); at += STACK) {
    rnn_transcriber_push (r->transcriber, samples + at, MIN (STACK, r->resample.out->len - at));
    take_results (r);
  }
}

static void
work (Recognizer *r, Message *m)
{
  gsize n;
  const guint8 *bytes;

  if (m->sound) {
    bytes = g_bytes_get_data (m->sound, &n);
    resample_push (&r->resample, bytes, n);
    transcribe (r);
  } else {
    resample_finish (&r->resample);
    transcribe (r);
    rnn_transcriber_finish (r->transcriber);
    take_results (r);
  }
  m->final = answer_is_final (r->answer);
  m->json = answer_take (r->answer, !m->sound);
}

static Message *
wait_for_message (Recognizer *r)
{
  Message *m;

  g_mutex_lock (&r->lock);
  while (!r->stopped && g_queue_is_empty (&r->in))
    g_cond_wait (&r->there, &r->lock);
  m = r->stopped ? NULL : g_queue_pop_head (&r->in);
  g_mutex_unlock (&r->lock);
  return m;
}

static gpointer
run (gpointer data)
{
  Recognizer *r = data;
  Message *m;

  while ((m = wait_for_message (r))) {
    gint64 length = length_of (r, m);

    work (r, m);
    metrics_add (METRIC_AUDIO, length);
    metrics_add (METRIC_BACKLOG, -length);
    g_mutex_lock (&r->lock);
    r->backlog -= length;
    g_queue_push_tail (&r->out, m);
    g_mutex_unlock (&r->lock);
    g_source_set_ready_time (r->deliver, 0);
  }
  return NULL;
}

/* ---- the main context ---- */

static gboolean
deliver (gpointer data)
{
  Recognizer *r = data;
  Message *m;

  g_source_set_ready_time (r->deliver, -1);
  g_mutex_lock (&r->lock);
  m = g_queue_pop_head (&r->out);
  if (!g_queue_is_empty (&r->out))
    g_source_set_ready_time (r->deliver, 0);
  g_mutex_unlock (&r->lock);
  if (!m)
    return G_SOURCE_CONTINUE;
  r->func (g_steal_pointer (&m->json), m->final, !m->sound, m->arrived, r->data);       /* may free r */
  free_message (m);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs ready_source = { NULL, NULL, dispatch };

static void
start (Recognizer *r)
{
  r->context = g_main_context_ref_thread_default ();
  r->deliver = g_source_new (&ready_source, sizeof (GSource));
  g_source_set_callback (r->deliver, deliver, r, NULL);
  g_source_attach (r->deliver, r->context);
  r->thread = g_thread_new ("recognizer", run, r);
}

Recognizer *
recognizer_new (const RecognizerConfig *config, RecognizerFunc func, gpointer data, GError **error)
{
  RnnTranscriber *transcriber = rnn_transcriber_new (config->model, config->config, error);
  Recognizer *r;

  if (!transcriber)
    return NULL;
  if (config->hotwords)
    rnn_transcriber_set_hotwords (transcriber, config->hotwords, NULL);
  r = g_new0 (Recognizer, 1);
  r->func = func;
  r->data = data;
  r->rate = config->rate;
  r->transcriber = transcriber;
  r->answer = answer_new (config->words, config->max_alternatives);
  resample_init (&r->resample, config->rate, rnn_model_get_rate (config->model));
  g_mutex_init (&r->lock);
  g_cond_init (&r->there);
  start (r);
  return r;
}

void
recognizer_free (Recognizer *r)
{
  if (!r)
    return;
  g_mutex_lock (&r->lock);
  r->stopped = TRUE;
  g_cond_signal (&r->there);
  g_mutex_unlock (&r->lock);
  g_thread_join (r->thread);
  metrics_add (METRIC_BACKLOG, -r->backlog);
  g_source_destroy (r->deliver);
  g_source_unref (r->deliver);
  g_main_context_unref (r->context);
  g_queue_clear_full (&r->in, (GDestroyNotify) free_message);
  g_queue_clear_full (&r->out, (GDestroyNotify) free_message);
  resample_clear (&r->resample);
  answer_free (r->answer);
  rnn_transcriber_free (r->transcriber);
  g_mutex_clear (&r->lock);
  g_cond_clear (&r->there);
  g_free (r);
}

static void
push (Recognizer *r, GBytes *sound)
{
  Message *m = g_new0 (Message, 1);
  gint64 length;

  m->sound = sound;
  m->arrived = g_get_monotonic_time ();
  length = length_of (r, m);
  metrics_add (METRIC_BACKLOG, length);
  g_mutex_lock (&r->lock);
  r->backlog += length;
  g_queue_push_tail (&r->in, m);
  g_cond_signal (&r->there);
  g_mutex_unlock (&r->lock);
}

void
recognizer_push (Recognizer *r, GBytes *sound)
{
  push (r, g_bytes_ref (sound));
}

void
recognizer_finish (Recognizer *r)
{
  push (r, NULL);
}

gint64
recognizer_get_backlog (Recognizer *r)
{
  gint64 backlog;

  g_mutex_lock (&r->lock);
  backlog = r->backlog;
  g_mutex_unlock (&r->lock);
  return backlog;
}
