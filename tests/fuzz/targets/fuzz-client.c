/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a text message of a server's client: refused with a reason short enough for WebSocket, or within the limits. */
#include "../fuzz.h"
#include <string.h>
#include "../../../server/config.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autofree gchar *reason = NULL;
  ClientConfig config;
  gboolean eof = FALSE;

  client_config_init (&config, 16000, 2);
  if (client_config_read (&config, (const gchar *) data, n, &eof, &reason))
    g_assert (config.rate >= 4000 && config.rate <= 192000 && config.max_alternatives <= 100);
  else
    g_assert (reason && strlen (reason) < 123);
  client_config_clear (&config);
  return 0;
}
