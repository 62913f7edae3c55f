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
  json_t *object = json_pack ("{sfsfsfsf}", "mse", rnn_error_sums_mse (&s->errors), "mae", rnn_error_sums_mae (&s->errors),
      "crps", share (s->crps, s->n), "coverage90", share (s->covered, s->n));

  if (s->n_after > 0)
    json_object_set_new (object, "coverage90_after", json_real (share (s->covered_after, s->n_after)));
  return object;
}

void
score_print_header (gboolean shifted)
{
  g_print ("  %-12s %9s %9s %9s %9s%s\n", "", "MSE", "MAE", "CRPS", "in 90 %", shifted ? " afterwards" : "");
}

void
score_print (const Score *s)
{
  g_print ("  %-12s %9.4f %9.4f %9.4f %8.1f%%", s->name, rnn_error_sums_mse (&s->errors), rnn_error_sums_mae (&s->errors),
      share (s->crps, s->n), 100 * share (s->covered, s->n));
  if (s->n_after > 0)
    g_print (" %8.1f%%", 100 * share (s->covered_after, s->n_after));
  g_print ("\n");
}
