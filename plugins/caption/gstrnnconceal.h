/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edges of lost sound. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define GST_RNN_FADE 32         /* samples */

typedef struct {
  gfloat last[GST_RNN_FADE];    /* samples, newest last */
  guint due;                    /* samples that are still to be faded in */
} GstRnnConceal;

void gst_rnn_conceal_reset (GstRnnConceal *conceal);
/* x[n] as it is to be heard: itself, or, after a loss, faded into room[n]. */
const gfloat *gst_rnn_conceal_hear (GstRnnConceal *conceal, const gfloat *x, guint n, gfloat *room);
/* What is heard of the first n samples of a loss. */
void gst_rnn_conceal_lose (GstRnnConceal *conceal, guint n, gfloat *out);

G_END_DECLS
