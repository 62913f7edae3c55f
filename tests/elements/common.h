/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the element tests share: models whose answers are known, audio they understand, and harness.h.
 *
 * The tone model hears an alphabet of tones: a letter is 60 ms of its tone and 40 ms of silence, blank is silence. */
#pragma once
#include <rnncore/rnn.h>
#include "harness.h"

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
  gboolean second;              /* the letters are the second head, behind the first are layers that only it needs */
  const gchar *letters;         /* what the tones mean; NULL: TEST_LETTERS */
} TestModel;

/* A directory for this program's files, removed by test_run. */
const gchar *test_dir (void);
void test_init (int *argc, char ***argv);
int  test_run (void);
/* Are these elements installed?  FALSE: the test is skipped. */
gboolean test_have (const gchar *names);
/* Writes the model; returns its path (transfer full). */
gchar *test_tone_model (const gchar *name, const TestModel *options);
/* A detector of speech (for vad-model): who says a letter speaks, unless it is one of @deaf.  Returns its path (transfer full). */
gchar *test_tone_detector (const gchar *name, const gchar *deaf);
/* With RNN_TEST_GATE, what hears sound has a detector of speech: the same is heard, at the same times. */
void test_gate_if_asked (GstElement *element);
/* "ab_c d": letters and spaces as tones, '_' 100 ms of silence.  (transfer full) floats */
GArray *test_speak (const gchar *text);
/* Mono S16 wav of a Debian package as floats, or NULL. */
GArray *test_load_wav (const gchar *path);
/* Human speech from pocketsphinx-testdata, 5 recordings with a second of silence after each, or NULL where that is not
 * installed. */
GArray *test_speech (void);
