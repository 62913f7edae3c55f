/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One client's sound, transcribed in a thread of its own: a message in, an answer out, in this order.
 *
 * Threads of the same model step as a batch (session/batcher.h), so many clients cost a thread each that mostly sleeps. */
#pragma once
#include <rnncore/rnn.h>

typedef struct _Recognizer Recognizer;

/* Called in the main context that was the thread's default when the recognizer was made; it may free the recognizer.  @json:
 * (transfer full).  @final: an utterance has ended; @last: no more will come.  @arrived: when its message did, monotonic time. */
typedef void (*RecognizerFunc) (gchar *json, gboolean final, gboolean last, gint64 arrived, gpointer data);

typedef struct {
  RnnModel *model;
  const RnnTranscriberConfig *config;
  gint rate;                    /* Hz of what comes: 16 bit, mono */
  gboolean words;
  guint max_alternatives;
  const gchar *hotwords;        /* NULL: none; taken where they can be */
} RecognizerConfig;

Recognizer *recognizer_new (const RecognizerConfig *config, RecognizerFunc func, gpointer data, GError **error);
/* Waits for the thread; what it has not transcribed is dropped, and @func is called no more. */
void recognizer_free (Recognizer *recognizer);
void recognizer_push (Recognizer *recognizer, GBytes *sound);
/* The answer to it is the last one. */
void recognizer_finish (Recognizer *recognizer);
/* Microseconds of sound that wait */
gint64 recognizer_get_backlog (Recognizer *recognizer);
