/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions that distributions are made of, and inverses of theirs. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* ln (1 + e^x), > 0, and its slope */
gdouble rnn_softplus       (gdouble x);
gdouble rnn_softplus_slope (gdouble x);
gdouble rnn_digamma        (gdouble x);                 /* x > 0 */
/* Regularised: of the beta function, a, b > 0, x in [0, 1]; of the gamma function what lies above x, a > 0, x >= 0 */
gdouble rnn_incomplete_beta (gdouble a, gdouble b, gdouble x);
gdouble rnn_upper_gamma     (gdouble a, gdouble x);

/* level in (0, 1); nu > 0: degrees of freedom */
gdouble rnn_normal_cdf       (gdouble z);
gdouble rnn_normal_quantile  (gdouble level);
gdouble rnn_student_cdf      (gdouble nu, gdouble z);
gdouble rnn_student_quantile (gdouble nu, gdouble level);

G_END_DECLS
