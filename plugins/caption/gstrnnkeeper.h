/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State in hand for a bin whose stages follow each other in one thread: all of them in one file, between two buffers of the bin. */
#pragma once
#include "gstrnnstage.h"

G_BEGIN_DECLS

typedef struct {
  GstPad *sinkpad;              /* of the bin, a ghost pad */
  GstRnnStage *const *stages;   /* [n] from the first on */
  guint n;

  /* under the bin's object lock */
  gchar *file, *save_wanted, *load_wanted;      /* paths */
  guint interval;               /* ms */

  /* streaming thread */
  gboolean due;                 /* the file is to be read before the first buffer */
  gint64 saved;                 /* monotonic time */
} GstRnnKeeper;

/* Buffers that come to @sinkpad go through the keeper from then on. */
void gst_rnn_keeper_init  (GstRnnKeeper *keeper, GstPad *sinkpad, GstRnnStage *const *stages, guint n);
void gst_rnn_keeper_clear (GstRnnKeeper *keeper);
void gst_rnn_keeper_start (GstRnnKeeper *keeper);
/* Before the stages stop: waits for the buffer under way, and writes the file. */
void gst_rnn_keeper_stop  (GstRnnKeeper *keeper);
/* Once, at once or behind the buffer under way; before the next one. */
void gst_rnn_keeper_save  (GstRnnKeeper *keeper, const gchar *path);
void gst_rnn_keeper_load  (GstRnnKeeper *keeper, const gchar *path);

G_END_DECLS
