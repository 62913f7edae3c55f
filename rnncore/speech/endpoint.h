/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When an utterance is over.  Three rules: silence after speech, silence from the start, too long. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 endpoint_silence, initial_silence, max_utterance;     /* ns; 0: rule off */
} RnnEndpointConfig;

typedef struct {
  RnnEndpointConfig config;
  guint64 length, silence;      /* ns since the utterance began; since its last step that was no silence */
  gboolean spoken;
} RnnEndpoint;

void     rnn_endpoint_init (RnnEndpoint *endpoint, const RnnEndpointConfig *config);
void     rnn_endpoint_reset (RnnEndpoint *endpoint);
/* A step of @duration ns.  TRUE: the utterance ends with it (call reset). */
gboolean rnn_endpoint_step (RnnEndpoint *endpoint, gboolean silent, guint64 duration);
/* The rule was one of silence, and not the utterance's length. */
gboolean rnn_endpoint_is_silence (const RnnEndpoint *endpoint);

G_END_DECLS
