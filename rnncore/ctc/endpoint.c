/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Three rules that end an utterance: silence after speech, silence from the start, too many steps. */
#include "ctc.h"

void
rnn_endpoint_init (RnnEndpoint *endpoint, const RnnEndpointConfig *config)
{
  endpoint->config = *config;
  rnn_endpoint_reset (endpoint);
}

void
rnn_endpoint_reset (RnnEndpoint *endpoint)
{
  endpoint->steps = endpoint->silence = 0;
  endpoint->spoken = FALSE;
}

static inline gboolean
reached (guint64 steps, guint64 limit)
{
  return limit > 0 && steps >= limit;
}

gboolean
rnn_endpoint_step (RnnEndpoint *endpoint, gboolean is_blank)
{
  const RnnEndpointConfig *config = &endpoint->config;

  endpoint->steps++;
  endpoint->silence = is_blank ? endpoint->silence + 1 : 0;
  endpoint->spoken |= !is_blank;
  return reached (endpoint->silence, endpoint->spoken ? config->endpoint_silence : config->initial_silence) ||
      reached (endpoint->steps, config->max_utterance);
}
