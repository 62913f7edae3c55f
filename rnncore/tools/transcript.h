/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was heard, written in one of several formats: each is a row of the table in transcript.c. */
#pragma once
#include <stdio.h>
#include "speech/utterance.h"

G_BEGIN_DECLS

typedef struct {
  FILE *out;
  const gchar *name;            /* of the recording */
  gboolean several;             /* recordings, so that each line has to say of which */
  guint n;                      /* cues or utterances so far */
} RnnTranscript;

typedef struct {
  const gchar *name, *summary;
  gboolean captions;            /* it is made of lines that are read on a screen */
  gboolean one;                 /* it has no room for a second recording */
  void (*begin)  (RnnTranscript *transcript);                           /* may be NULL */
  void (*result) (RnnTranscript *transcript, const RnnResult *result);
  void (*end)    (RnnTranscript *transcript);                           /* may be NULL */
} RnnTranscriptFormat;

/* Of a whole recording, for rnncore align. */
extern const RnnTranscriptFormat rnn_transcript_textgrid;
/* NULL-terminated, the first one is the default. */
extern const RnnTranscriptFormat *const rnn_transcript_formats[];

G_END_DECLS
