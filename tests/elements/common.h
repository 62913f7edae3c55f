/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the element tests share: models whose answers are known, audio they understand, a harness that keeps messages.
 *
 * The tone model hears an alphabet of tones: a letter is 60 ms of its tone and 40 ms of silence, blank is silence. */
#pragma once
#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <rnncore/rnn.h>

#define TEST_RATE 16000
#define TEST_LETTER 1600        /* samples per letter */
#define TEST_HOP 160
#define TEST_LETTERS "abcdefgh"

typedef struct {
  gfloat threshold;             /* log energy that is no longer silence; 0: 19, right for tones */
  gint lookahead;               /* steps */
  gint memory;                  /* seed of a small LSTM that disturbs the energies; 0: none */
  gint stack;                   /* frames per step, and stride; 0: 1 */
  gint rate;                    /* 0: TEST_RATE */
  const gchar *letters;         /* what the tones mean; NULL: TEST_LETTERS */
} TestModel;

/* A directory for this program's files, removed by test_run. */
const gchar *test_dir (void);
void test_init (int *argc, char ***argv);
int  test_run (void);
/* Writes the model; returns its path (transfer full). */
gchar *test_tone_model (const gchar *name, const TestModel *options);
/* "ab_c d": letters and spaces as tones, '_' 100 ms of silence.  (transfer full) floats */
GArray *test_speak (const gchar *text);
/* Mono S16 wav of a Debian package as floats, or NULL. */
GArray *test_load_wav (const gchar *path);
/* Human speech from pocketsphinx-testdata, 5 recordings with a second of silence after each, or NULL where that is not installed. */
GArray *test_speech (void);

/* ---- harness ---- */
typedef struct {
  GstHarness *h;
  GstHarness *unsynced;         /* or NULL */
  GstElement *element;
  GstBus *bus;
} TestHarness;

/* Takes a new element with its properties set; sets it PLAYING. */
TestHarness *test_harness_new (GstElement *element);
void test_harness_free (TestHarness *t);
#define TEST_AUDIO_CAPS "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int)16000, channels=(int)1"
GstBuffer *test_audio_buffer (const gfloat *samples, guint n, guint64 first);
/* Pushes samples cut into buffers of @size (0: random sizes) that begin at sample @first. */
GstFlowReturn test_push_audio (TestHarness *t, const GArray *samples, guint size, guint64 first);
/* Takes all text buffers: "start-end text" in ms, one per line.  (transfer full) */
gchar *test_pull_text (GstHarness *h);
/* The text alone, joined by '|'. */
gchar *test_pull_words (GstHarness *h);
/* The next message of the type (and, for ELEMENT, whose field `type` is @kind), or NULL. (transfer full) */
GstMessage *test_pop_message (TestHarness *t, GstMessageType type, const gchar *kind);
/* An error was posted whose text has @part; clears the bus. */
void test_expect_error (TestHarness *t, GQuark domain, gint code, const gchar *part);
void test_expect_no_error (TestHarness *t);
/* The next event of the type that came out, or NULL; drops those before it. (transfer full) */
GstEvent *test_pull_event (GstHarness *h, GstEventType type);
