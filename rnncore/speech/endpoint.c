/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three rules that end an utterance: silence after speech, silence from the start, too long. */
#include "endpoint.h"

void
rnn_endpoint_init (RnnEndpoint *endpoint, const RnnEndpointConfig *config)
{
  endpoint->config = *config;
  rnn_endpoint_reset (endpoint);
}

void
rnn_endpoint_reset (RnnEndpoint *endpoint)
{
  endpoint->length = endpoint->silence = 0;
  endpoint->spoken = FALSE;
}

static inline gboolean
reached (guint64 time, guint64 limit)
{
  return limit > 0 && time >= limit;
}

gboolean
rnn_endpoint_is_silence (const RnnEndpoint *endpoint)
{
  const RnnEndpointConfig *config = &endpoint->config;

  return reached (endpoint->silence, endpoint->spoken ? config->endpoint_silence : config->initial_silence);
}

gboolean
rnn_endpoint_step (RnnEndpoint *endpoint, gboolean silent, guint64 duration)
{
  endpoint->length += duration;
  endpoint->silence = silent ? endpoint->silence + duration : 0;
  endpoint->spoken |= !silent;
  return rnn_endpoint_is_silence (endpoint) || reached (endpoint->length, endpoint->config.max_utterance);
}
