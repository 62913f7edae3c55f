/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trainer between harnesses, for its tests. */
#pragma once
#include "corpus.h"
#include "harness.h"

typedef struct {
  GstElement *trainer;
  GstHarness *data, *label;
  GstBus *bus;
  gchar *location, *checkpoint;
} Bench;

#define TEXT_CAPS "text/x-raw, format=(string)utf8"
#define TENSOR_CAPS(n) "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, " \
    "dimensions=(string)" n ":1, framerate=(fraction)10/1"

/* data_caps: NULL: none are sent */
Bench *bench_new (const gchar *name, const gchar *recipe, const gchar *data_caps, const gchar *label_caps);
/* With the recipe of corpus.h and audio and text on its pads. */
Bench *speech_bench (const gchar *name);
void   bench_free (Bench *b);

/* Times in ms */
GstBuffer *text_buffer (const gchar *text, guint start, guint end);
GstBuffer *tone_buffer (guint start, guint end);
void push_label (Bench *b, const gchar *text, guint start, guint end);
void push_data (Bench *b, guint start, guint end);
void push_eos (Bench *b);

/* Wait for a message; those before it are lost. (transfer full) */
GstMessage *wait_for (Bench *b, GstMessageType type);
void wait_for_end (Bench *b);
void wait_for_error (Bench *b, const gchar *part);
void wait_for_warning (Bench *b, const gchar *part);
GstMessage *wait_for_report (Bench *b, const gchar *type);      /* an element message of this type */
GstEvent   *pull_event (GstHarness *h, GstEventType type);

guint64 get_stat (Bench *b, const gchar *name);
guint   frames (guint ms);      /* 10 ms frames of windows of 25 ms in so many ms */
/* Ends the stream and compares what was cut. */
void expect_examples (Bench *b, guint examples, guint n_frames, guint skipped);

/* So many epochs that only what ends a training ends it; one of them is over. */
Bench *endless_bench (const gchar *name);
/* The number of updates that a checkpoint knows of. */
guint64 checkpoint_update (const gchar *path);
