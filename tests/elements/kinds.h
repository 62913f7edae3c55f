/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The four elements of the captioning chain, each fed its own kind of input that says the same; what comes out is read
 * back as text, so that one test serves all. */
#pragma once
#include "common.h"

#define TEST_STEP (10 * GST_MSECOND)

typedef struct {
  const gchar *name, *caps, *other_caps;
  gint in, out;                 /* floats per frame; 0: audio in, text out */
} TestKind;

#define TEST_N_KINDS 4
extern const TestKind test_kinds[TEST_N_KINDS];

GstElement *test_kind_make (const TestKind *kind, const gchar *model);
/* A running element with its caps set. */
TestHarness *test_kind_start (const TestKind *kind, const gchar *model);
/* One frame for a letter's tone, or for silence (-1): energies of the mel bands, or scores of the tokens. */
GstBuffer *test_kind_frame (const TestKind *kind, gint letter, guint64 step);
/* The buffers that say @text from step @first on; the first is flagged DISCONT if asked for. */
GstFlowReturn test_kind_say_at (TestHarness *t, const TestKind *kind, const gchar *text, guint64 first,
    gboolean discont);
GstFlowReturn test_kind_say (TestHarness *t, const TestKind *kind, const gchar *text, guint64 first);
void test_kind_end (TestHarness *t);
/* Frames as text; @times (may be NULL) gets the PTS of each.  (transfer full) */
gchar *test_kind_hear (TestHarness *t, const TestKind *kind, GArray *times);
/* Everything that has come out says @expected; words of captions are divided by '|'. */
void test_kind_expect (TestHarness *t, const TestKind *kind, const gchar *expected);
void test_push_segment (TestHarness *t, GstFormat format, gdouble rate, GstClockTime from, GstClockTime base,
    guint32 seqnum);

typedef enum { TEST_ALL_KINDS, TEST_FRAMES_OUT, TEST_AUDIO_IN, TEST_TEXT_OUT } TestKinds;
typedef struct {
  const gchar *name;
  GTestDataFunc func;
  TestKinds only;
} TestKindTest;

/* Runs the tests with every kind they are for. */
int test_kinds_run (const TestKindTest *tests, guint n_tests);
