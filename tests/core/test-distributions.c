/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quantiles and special functions against mpmath's with 40 digits and more. */
#include "outputs/distributions.h"
#include <math.h>

static gdouble
normal (gdouble nothing, gdouble level)
{
  return rnn_normal_quantile (level);
}

static const struct {
  gdouble (*function) (gdouble a, gdouble x);
  gdouble a, x, value;
} cases[] = {
  { normal, 0, 1e-300, -37.047096299361199 },
  { normal, 0, 9.9999999999999998e-13, -7.0344838253011319 },
  { normal, 0, 0.01, -2.3263478740408411 },
  { normal, 0, 0.29999999999999999, -0.52440051270804082 },
  { normal, 0, 0.5, 0.0 },
  { normal, 0, 0.90000000000000002, 1.2815515655446006 },
  { normal, 0, 0.99999990000000005, 5.1993375822906611 },
  { rnn_student_quantile, 0.5, 9.9999999999999998e-13, -1.0284911563163401e+23 },
  { rnn_student_quantile, 0.5, 0.01, -1028.4910104716219 },
  { rnn_student_quantile, 0.5, 0.499, -0.0037081748489763516 },
  { rnn_student_quantile, 0.5, 0.90000000000000002, 10.270324410234511 },
  { rnn_student_quantile, 0.5, 0.99999990000000005, 10284911573990.447 },
  { rnn_student_quantile, 2, 9.9999999999999998e-13, -707106.78118548687 },
  { rnn_student_quantile, 2, 0.01, -6.9645567342832741 },
  { rnn_student_quantile, 2, 0.499, -0.0028284327816174127 },
  { rnn_student_quantile, 2, 0.90000000000000002, 1.885618083164127 },
  { rnn_student_quantile, 2, 0.99999990000000005, 2236.0676426780629 },
  { rnn_student_quantile, 2.5, 9.9999999999999998e-13, -55306.174076515816 },
  { rnn_student_quantile, 2.5, 0.01, -5.3531111730308743 },
  { rnn_student_quantile, 2.5, 0.499, -0.0027638962690653825 },
  { rnn_student_quantile, 2.5, 0.90000000000000002, 1.7302509288071768 },
  { rnn_student_quantile, 2.5, 0.99999990000000005, 553.05998316476463 },
  { rnn_student_quantile, 7, 9.9999999999999998e-13, -104.0218292626472 },
  { rnn_student_quantile, 7, 0.01, -2.9979515668685284 },
  { rnn_student_quantile, 7, 0.499, -0.0025974636136622075 },
  { rnn_student_quantile, 7, 0.90000000000000002, 1.4149239276505086 },
  { rnn_student_quantile, 7, 0.99999990000000005, 19.933902249446191 },
  { rnn_student_quantile, 100, 9.9999999999999998e-13, -8.0258255944932531 },
  { rnn_student_quantile, 100, 0.01, -2.3642173662384821 },
  { rnn_student_quantile, 100, 0.499, -0.0025129052515195354 },
  { rnn_student_quantile, 100, 0.90000000000000002, 1.2900747613465161 },
  { rnn_student_quantile, 100, 0.99999990000000005, 5.5869004747069529 },
  { rnn_student_quantile, 100000, 9.9999999999999998e-13, -7.0353717423935763 },
  { rnn_student_quantile, 100000, 0.01, -2.326385165355268 },
  { rnn_student_quantile, 100000, 0.499, -0.0025066371661962227 },
  { rnn_student_quantile, 100000, 0.90000000000000002, 1.2815600314493611 },
  { rnn_student_quantile, 100000, 0.99999990000000005, 5.199701988462917 },
  { rnn_upper_gamma, 0.5, 0.01, 0.88753708398171511 },
  { rnn_upper_gamma, 1, 30, 9.3576229688401746e-14 },
  { rnn_upper_gamma, 3, 3, 0.42319008112684352 },
  { rnn_upper_gamma, 50, 20, 0.99999998754107392 },
  { rnn_upper_gamma, 50, 80, 0.00013078397659141034 },
  { rnn_upper_gamma, 10000, 9900, 0.84134880780643534 },
  { rnn_upper_gamma, 1000000, 1000500, 0.30844952422850282 },
};

static void
test_values (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gdouble value = cases[i].function (cases[i].a, cases[i].x);

    if (!(fabs (value - cases[i].value) <= 1e-9 * fabs (cases[i].value)))
      g_error ("case %u, of %g and %g: %.17g, not %.17g", i, cases[i].a, cases[i].x, value, cases[i].value);
  }
}

/* Where Student's distribution is given up for a Gaussian, nothing jumps. */
static void
test_limit (void)
{
  for (gdouble level = 1e-9; level < 0.5; level *= 3) {
    gdouble before = rnn_student_quantile (9.9e6, level), after = rnn_student_quantile (1.01e7, level);

    g_assert_cmpfloat_with_epsilon (before, after, 1e-5 * fabs (after));
    g_assert_cmpfloat_with_epsilon (rnn_student_quantile (1e30, level), rnn_normal_quantile (level), 1e-12);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/distributions/values", test_values);
  g_test_add_func ("/distributions/limit", test_limit);
  return g_test_run ();
}
