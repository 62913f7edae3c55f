/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a table of series: refused, or a grid of values that are finite or missing.  The first byte says how. */
#include "../fuzz.h"
#include "base/finite.h"
#include "forecast/series.h"
#include <math.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  guint8 how = n ? data[0] : 0;
  const RnnSeriesFormat format = { .id = how & 1 ? "1" : NULL, .decimal = how & 2 ? ',' : '.', .no_header = (how & 4) != 0,
    .lenient = (how & 8) != 0, .epoch = (how & 16) ? RNN_EPOCH_MILLISECONDS : RNN_EPOCH_AUTO };
  const RnnSeriesRules rules = { .sort = (how & 32) != 0 };
  g_autoptr (GPtrArray) all = n ? rnn_series_parse ((const gchar *) data + 1, n - 1, &format, &rules, "fuzz.csv", NULL) : NULL;

  for (guint i = 0; all && i < all->len; i++) {
    const RnnSeries *s = all->pdata[i];

    g_assert (s->n > 0 && s->channels > 0);
    for (gsize j = 0; j < (gsize) s->n * s->channels; j++)
      g_assert (isnan (s->values[j]) || isfinite (s->values[j]));
  }
  return 0;
}
