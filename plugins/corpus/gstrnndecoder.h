/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decodes one file after the other, whole, into memory, in threads of its own: what rnncorpussrc is fed by. */
#pragma once
#include <gst/gst.h>
#include <gst/base/gstadapter.h>

G_BEGIN_DECLS

typedef struct {
  GstElement *bin;              /* uridecodebin, audioconvert, audioresample, capsfilter; its owner holds the ref */
  GstElement *source, *convert, *resample, *filter;
  GstPad *collector;            /* sink pad at the end of the chain */
  GstAdapter *samples;          /* of the file under way */
  gsize most;                   /* bytes of samples that a file may have; its owner's, as */
  gint64 timeout;               /* microseconds without a sample */
  GMutex lock;
  GCond cond;
  gboolean linked, done, cancelled;     /* with lock */
  gchar *reason;                /* with lock: why the file failed */
  gint64 heard;                 /* with lock: when the last samples came, or the file began; monotonic */
} GstRnnDecoder;

/* The bin is new (floating) and its state is locked: the decoder alone starts and stops it.  bin is NULL when an
 * element is missing; @missing names it. */
void     gst_rnn_decoder_init (GstRnnDecoder *decoder, const gchar **missing);
void     gst_rnn_decoder_clear (GstRnnDecoder *decoder);

/* Begins to fill samples with the whole of @uri as @caps. */
void     gst_rnn_decoder_begin (GstRnnDecoder *decoder, const gchar *uri, GstCaps *caps);
/* Waits until it is over.  FALSE: @reason (transfer full) says why, NULL when cancelled. */
gboolean gst_rnn_decoder_end (GstRnnDecoder *decoder, gchar **reason);
/* Makes end, now and until reset, return at once. */
void     gst_rnn_decoder_cancel (GstRnnDecoder *decoder, gboolean cancel);
/* A message of the chain: an error ends the file.  TRUE: it came from the chain. */
gboolean gst_rnn_decoder_handle_message (GstRnnDecoder *decoder, GstMessage *message);

G_END_DECLS
