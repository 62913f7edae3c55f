/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scores as rows of a table and as JSON. */
#include "eval.h"

static gdouble
share (gdouble sum, gdouble n)
{
  return n > 0 ? sum / n : 0;
}

json_t *
score_to_json (const Score *s)
{
  return json_pack ("{sfsfsfsf}", "mse", rnn_error_sums_mse (&s->errors), "mae", rnn_error_sums_mae (&s->errors),
      "crps", share (s->crps, s->n), "coverage90", share (s->covered, s->n));
}

void
score_print_header (void)
{
  g_print ("  %-12s %9s %9s %9s %9s\n", "", "MSE", "MAE", "CRPS", "in 90 %");
}

void
score_print (const Score *s)
{
  g_print ("  %-12s %9.4f %9.4f %9.4f %8.1f%%\n", s->name, rnn_error_sums_mse (&s->errors), rnn_error_sums_mae (&s->errors),
      share (s->crps, s->n), 100 * share (s->covered, s->n));
}
