/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparing and reporting: one line per tensor, `ok|FAIL file tensor error tolerance`, both absolute. */
#include "case.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- tolerances ---- */

/* The first word of @clause that is a number below 1; 0: none. */
static gdouble
number_in (const gchar *clause)
{
  g_auto (GStrv) words = g_strsplit_set (clause, " ()", -1);

  for (guint i = 0; words[i]; i++) {
    gdouble value = g_ascii_isdigit (words[i][0]) ? g_ascii_strtod (words[i], NULL) : 0;

    if (value > 0 && value < 1)
      return value;
  }
  return 0;
}

/* "rel 1e-5 of max|ref| (forward), 1e-4 (gradients)": clauses; what one does not say it has from the one before. */
Tolerance
case_tolerance (const Case *c, const gchar *subject, Tolerance fallback)
{
  const gchar *text = case_get (c, "tol");
  g_auto (GStrv) halves = g_strsplit (text ? text : "", " / ", -1);
  g_autofree gchar *joined = g_strjoinv (";", halves);
  g_auto (GStrv) clauses = g_strsplit_set (joined, ";,", -1);
  gboolean absolute = FALSE;

  for (guint i = 0; clauses[i]; i++) {
    gdouble value = number_in (clauses[i]);

    if (strstr (clauses[i], "abs"))
      absolute = TRUE;
    else if (strstr (clauses[i], "rel"))
      absolute = FALSE;
    if (value > 0 && (subject ? strstr (clauses[i], subject) != NULL : !strstr (clauses[i], "grad")))
      return absolute ? (Tolerance) { 0, value } : (Tolerance) { value, fallback.abs };
  }
  return fallback;
}

static Tolerance
usual_tolerance (const Case *c, const gchar *name)
{
  const gchar *absolute = case_get (c, "abs_tol");
  gboolean gradient = g_str_has_prefix (name, "grad");

  if (absolute)
    return (Tolerance) { 0, g_ascii_strtod (absolute, NULL) };
  return gradient ? case_tolerance (c, "grad", TOLERANCE_GRADIENT) : case_tolerance (c, NULL, TOLERANCE_FORWARD);
}

/* ---- lines ---- */

static void
count (Case *c, gboolean ok)
{
  if (ok)
    c->tally->passed++;
  else
    c->tally->failed++;
}

/* Infinities must be where they are expected; a number that is none is never right. */
static gdouble
distance (gfloat got, gfloat expected)
{
  if (got == expected)
    return 0;
  return isfinite (got) && isfinite (expected) ? fabs ((gdouble) got - expected) : INFINITY;
}

void
case_check (Case *c, const gchar *name, const gfloat *got, const gfloat *expected, gsize n, Tolerance tolerance)
{
  gdouble error = 0, largest = 0, allowed;

  for (gsize i = 0; i < n; i++) {
    error = MAX (error, distance (got[i], expected[i]));
    if (isfinite (expected[i]))
      largest = MAX (largest, fabs (expected[i]));
  }
  allowed = tolerance.rel * largest + tolerance.abs;
  printf ("%s %s %s %.3g %.3g\n", error <= allowed ? "ok" : "FAIL", c->path, name, error, allowed);
  count (c, error <= allowed);
}

void
case_check_text (Case *c, const gchar *name, const gchar *got, const gchar *expected)
{
  gboolean ok = g_strcmp0 (got, expected) == 0;

  if (ok)
    printf ("ok %s %s 0 0\n", c->path, name);
  else
    printf ("FAIL %s %s inf 0 \"%s\" is not \"%s\"\n", c->path, name, got, expected);
  count (c, ok);
}

void
case_compare_with (Case *c, const gchar *name, const gfloat *got, gsize n, Tolerance tolerance)
{
  Tensor *t = case_find (c, name);
  g_autofree gchar *reason = NULL;

  if (t && t->n == n) {
    t->compared = TRUE;
    case_check (c, name, got, t->data, n, tolerance);
    return;
  }
  reason = t ? g_strdup_printf ("%" G_GSIZE_FORMAT " values, %" G_GSIZE_FORMAT " expected", n, t->n)
      : g_strdup ("not in the file");
  if (t)
    t->compared = TRUE;
  case_fail (c, name, reason);
}

void
case_compare (Case *c, const gchar *name, const gfloat *got, gsize n)
{
  case_compare_with (c, name, got, n, usual_tolerance (c, name));
}

void
loss_add (Loss *loss, const gfloat *out, const gfloat *weight, gsize n)
{
  for (gsize i = 0; weight && i < n; i++) {
    loss->sum += (gdouble) out[i] * weight[i];
    loss->magnitude += fabs ((gdouble) out[i] * weight[i]);
  }
}

void
case_compare_loss (Case *c, const Loss *loss)
{
  gfloat value = (gfloat) loss->sum;

  case_compare_with (c, "loss", &value, 1, (Tolerance) { 0, TOLERANCE_FORWARD.rel * loss->magnitude });
}

void
case_skip (Case *c, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  printf ("skip %s %s\n", c->path, reason);
  c->tally->skipped++;
  c->skipped = TRUE;
}

void
case_fail (Case *c, const gchar *what, const gchar *reason)
{
  printf ("FAIL %s %s inf 0 %s\n", c->path, what, reason);
  c->tally->failed++;
}

gboolean
case_is_expected (const Tensor *t)
{
  return g_str_has_prefix (t->name, "out") || g_str_has_prefix (t->name, "grad.") || g_str_equal (t->name, "loss");
}

void
case_finish (Case *c)
{
  for (guint i = 0; i < c->tensors->len && !c->skipped; i++) {
    Tensor *t = c->tensors->pdata[i];

    if (case_is_expected (t) && !t->compared)
      case_fail (c, t->name, "was not compared");
  }
}
