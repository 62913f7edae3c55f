/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GstHarness that keeps messages and knows both pads of the transcriber; what tests say to it and hear from it. */
#pragma once
#include <gst/check/gstharness.h>
#include <gst/gst.h>

typedef struct {
  GstHarness *h;
  GstHarness *unsynced;         /* or NULL */
  GstElement *element;
  GstBus *bus;
} TestHarness;

/* Takes a new element with its properties set; sets it PLAYING. */
TestHarness *test_harness_new (GstElement *element);
void test_harness_free (TestHarness *t);
#define TEST_AUDIO_CAPS \
    "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int)16000, channels=(int)1"
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

/* ---- a transcriber that hears test_speak ---- */
#define TEST_LONG_SILENCE "_____________"       /* an endpoint: 1300 ms */
/* With model-file, further properties, and caps set. */
TestHarness *test_transcriber_new (const gchar *model, const gchar *first_property, ...);
/* Says @text after so many letters; test_say_all from the start, and ends the stream. */
void test_say (TestHarness *t, const gchar *text, guint first_letter);
void test_say_all (TestHarness *t, const gchar *text);
void test_expect_text (TestHarness *t, const gchar *expected);
void test_expect_words (TestHarness *t, const gchar *expected);
/* A counter in the property `stats`. */
guint64 test_get_stat (TestHarness *t, const gchar *stage, const gchar *name);
