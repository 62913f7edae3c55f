/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a time and as the distance between times: refused, or a step that formats to what parses to it again, and of which some
 * can be counted. */
#include "../fuzz.h"
#include "forecast/timestep.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autofree gchar *text = g_strndup (n ? (const gchar *) data : "", n);
  gint64 time = rnn_time_parse (text, n, (RnnEpochUnit) (n % 4));
  RnnTimeStep step, again;

  if (rnn_time_step_parse (&step, text, NULL)) {
    g_autofree gchar *name = rnn_time_step_format (&step);

    g_assert (step.n > 0 && rnn_time_step_parse (&again, name, NULL) && again.kind == step.kind && again.n == step.n);
    g_assert (rnn_time_step_season (&step) >= 1);
    rnn_time_step_add (&step, time == RNN_TIME_NONE ? 0 : time, 3);
    rnn_time_step_duration (&step);
  }
  return 0;
}
