/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Special functions in doubles, to some 1e-12 of parameters up to 1e4 and 1e-7 up to 1e8, and quantiles. */
#include "distributions.h"
#include <float.h>
#include <math.h>

#define TERMS 100000            /* of a fraction or series: some roots of its larger parameter */
#define ROUNDS 100              /* of Newton's, which need less than ten */
#define GAUSSIAN 1e7            /* degrees of freedom beyond which the next term of what is nearly normal is enough */

gdouble
rnn_softplus (gdouble x)
{
  return MAX (x, 0) + log1p (exp (-fabs (x))) + DBL_MIN;
}

gdouble
rnn_softplus_slope (gdouble x)
{
  return x >= 0 ? 1 / (1 + exp (-x)) : exp (x) / (1 + exp (x));
}

/* Upwards to where the asymptotic series holds */
gdouble
rnn_digamma (gdouble x)
{
  gdouble sum = 0, r;

  for (; x < 10; x++)
    sum -= 1 / x;
  r = 1 / (x * x);
  return sum + log (x) - 0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r / 132))));
}

/* The continued fraction of Press et al., by Lentz's method; it converges fast below the mean. */
static gdouble
beta_fraction (gdouble a, gdouble b, gdouble x)
{
  gdouble c = 1, d = 1 - (a + b) * x / (a + 1), f;

  d = 1 / (fabs (d) < DBL_MIN ? DBL_MIN : d);
  f = d;
  for (gint m = 1; m < TERMS; m++) {
    gdouble even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    gdouble odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), last;

    d = 1 / (1 + even * d);
    c = 1 + even / c;
    f *= d * c;
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    last = d * c;
    f *= last;
    if (fabs (last - 1) < 1e-14)
      break;
  }
  return f;
}

gdouble
rnn_incomplete_beta (gdouble a, gdouble b, gdouble x)
{
  gdouble front;

  if (x <= 0 || x >= 1)
    return x <= 0 ? 0 : 1;
  front = exp (lgamma (a + b) - lgamma (a) - lgamma (b) + a * log (x) + b * log1p (-x));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction (a, b, x) / a : 1 - front * beta_fraction (b, a, 1 - x) / b;
}

/* Upwards from below the mean, downwards by Lentz's method from above it */
static gdouble
gamma_series (gdouble a, gdouble x)
{
  gdouble term = 1 / a, sum = term;

  for (gint i = 1; i < TERMS && term > DBL_EPSILON / 8 * sum; i++)
    sum += term *= x / (a + i);
  return sum;
}

static gdouble
gamma_fraction (gdouble a, gdouble x)
{
  gdouble b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, f = d;

  for (gint i = 1; i < TERMS; i++) {
    gdouble by = i * (a - i), last;

    b += 2;
    d = 1 / (by * d + b);
    c = b + by / c;
    last = d * c;
    f *= last;
    if (fabs (last - 1) < 1e-15)
      break;
  }
  return f;
}

gdouble
rnn_upper_gamma (gdouble a, gdouble x)
{
  gdouble front;

  if (x <= 0)
    return 1;
  front = exp (a * log (x) - x - lgamma (a));
  return x < a + 1 ? 1 - front * gamma_series (a, x) : front * gamma_fraction (a, x);
}

/* ---- distributions ---- */

gdouble
rnn_normal_cdf (gdouble z)
{
  return erfc (-z / G_SQRT2) / 2;
}

static gdouble
divide (gdouble r, const gdouble *p, const gdouble *q)
{
  gdouble above = p[7], below = q[7];

  for (gint i = 6; i >= 0; i--) {
    above = above * r + p[i];
    below = below * r + q[i];
  }
  return above / below;
}

/* Wichura's PPND16 (AS 241, 1988) */
gdouble
rnn_normal_quantile (gdouble level)
{
  static const gdouble middle[2][8] = {
    { 3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4, 4.5921953931549871457e4,
      6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3 },
    { 1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4,
      2.8729085735721942674e4, 5.2264952788528545610e3 } };
  static const gdouble side[2][8] = {
    { 1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504, 1.27045825245236838258,
      2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4 },
    { 1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
      1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9 } };
  static const gdouble far[2][8] = {
    { 6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1, 2.65321895265761230930e-2,
      1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7 },
    { 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
      1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15 } };
  gdouble q = level - 0.5, r = sqrt (-log (MIN (level, 1 - level))), z;

  if (fabs (q) <= 0.425)
    return q * divide (0.180625 - q * q, middle[0], middle[1]);
  z = r <= 5 ? divide (r - 1.6, side[0], side[1]) : divide (r - 5, far[0], far[1]);
  return q < 0 ? -z : z;
}

/* What lies above t >= 0: near the middle by what is between, of which nu / (nu + t^2) has no digits */
static gdouble
student_tail (gdouble nu, gdouble t)
{
  if (t < 1)
    return (1 - rnn_incomplete_beta (0.5, nu / 2, t * t / (nu + t * t))) / 2;
  return rnn_incomplete_beta (nu / 2, 0.5, nu / (nu + t * t)) / 2;
}

gdouble
rnn_student_cdf (gdouble nu, gdouble z)
{
  return z > 0 ? 1 - student_tail (nu, z) : student_tail (nu, -z);
}

/* The logarithm of a tail is a concave function of that of t, nearly a line far out, so Newton's steps are too long at most once. */
gdouble
rnn_student_quantile (gdouble nu, gdouble level)
{
  gdouble want = MIN (level, 1 - level), z = -rnn_normal_quantile (want), t = z;
  gdouble front = exp (lgamma ((nu + 1) / 2) - lgamma (nu / 2)) / sqrt (nu * G_PI);

  if (nu > GAUSSIAN)
    t = z + z * (z * z + 1) / (4 * nu);
  for (guint i = 0; nu <= GAUSSIAN && t > 0 && i < ROUNDS; i++) {
    gdouble tail = student_tail (nu, t), density = front * exp (-(nu + 1) / 2 * log1p (t * t / nu));
    gdouble step = log (tail / want) * tail / (density * t);

    t *= exp (step);
    if (!(fabs (step) * t > 1e-12 * t + DBL_EPSILON))
      break;
  }
  return level < 0.5 ? -t : t;
}
