/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the level has risen by, and windows without that. */
#include "level.h"
#include <math.h>

#define SURELY 3                /* standard deviations of the rises about their mean */
#define ENOUGH 3                /* values after a change: fewer may be far off themselves */

/* Of whole seasons after the change, or the part of one that there is.  Of an unknown season, or one that is longer than what there was
 * before, as many values on both sides.  0: some have risen, others not, which is no change of level. */
static gfloat
measure_rise (guint before, guint since, guint season, const gfloat *window)
{
  guint length = season > 0 && season <= before ? season : MIN (since, before), n = 0;
  gdouble sum = 0, squares = 0;

  for (guint i = since < length ? 0 : since % length; i < since; i++) {
    gdouble rise = (gdouble) window[before + i] - window[before - length + i % length];

    if (isnan (rise))
      continue;
    sum += rise;
    squares += rise * rise;
    n++;
  }
  if (n < ENOUGH || sum * sum <= SURELY * SURELY * (n * squares - sum * sum))
    return 0;
  return (gfloat) (sum / n);
}

void
rnn_level_mend (guint n, guint since, guint season, const gfloat *window, gfloat *level)
{
  guint before = n - since;
  gfloat rise = before > 0 ? measure_rise (before, since, season, window) : 0;

  for (guint i = 0; i < n; i++) {
    gfloat raised = window[i] + (i < before ? rise : 0);

    level[i] = isinf (raised) ? window[i] : raised;
  }
}
