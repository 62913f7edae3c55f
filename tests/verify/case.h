/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One golden case: a safetensors file whose __metadata__ says what it is, or a JSON object with its matrices in another
 * file.  Its expected tensors are `out...`, `grad...` and `loss`; every one has to be compared, or the case fails. */
#pragma once
#include "base/error.h"
#include "model/safetensors.h"
#include <jansson.h>

G_BEGIN_DECLS

#define MAX_RANK 8

typedef struct {
  gchar *name;
  gint rank, dims[MAX_RANK];
  gsize n;                      /* elements */
  gfloat *data;
  gboolean compared;
} Tensor;

typedef struct {
  guint passed, failed, skipped;        /* tensors, tensors, cases */
} Tally;

typedef struct {
  gchar *path;
  RnnSafetensors *file;         /* NULL: a JSON case */
  json_t *json;                 /* NULL: a safetensors case */
  GPtrArray *tensors;           /* of Tensor */
  Tally *tally;
  gboolean skipped;             /* at least in part: then tensors may remain */
} Case;

/* A row of a family's table: cases whose metadata (or JSON entry) @key matches the glob @value and that have the tensor
 * @has (NULL: whatever).  @run reports with the functions below; FALSE and an error: the file is wrong. */
typedef struct {
  const gchar *key, *value, *has;
  gboolean (*run) (Case *c, GError **error);
} CaseKind;

/* ---- opening ---- */
Case *case_open (const gchar *path, Tally *tally, GError **error);
void  case_free (Case *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)
gboolean case_is (const Case *c, const CaseKind *kind);
/* The tensors of another file, of the same folder. */
Case *case_open_beside (const Case *c, const gchar *file, GError **error);

/* ---- what is in it ---- */
const gchar *case_get (const Case *c, const gchar *key);                /* metadata or JSON string, or NULL */
gdouble      case_get_number (const Case *c, const gchar *key, gdouble fallback);
json_t      *case_get_json (const Case *c, const gchar *key, GError **error);   /* of JSON metadata (transfer full) */
Tensor      *case_find (const Case *c, const gchar *name);              /* or NULL */
Tensor      *case_find_format (const Case *c, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
/* The tensor if it has this rank (-1: any) and each dim is as given (-1: any, at least 1); else NULL and an error. */
Tensor      *case_need (const Case *c, const gchar *name, GError **error, gint rank, ...);
gboolean     case_wrong (GError **error, const gchar *format, ...) G_GNUC_PRINTF (2, 3);      /* sets it; FALSE */

/* ---- tolerances: the error may be rel * max |expected| + abs ---- */
typedef struct {
  gdouble rel, abs;
} Tolerance;

/* From the metadata's "tol": the clause that mentions @subject, or without one (NULL) the first; else @fallback. */
Tolerance case_tolerance (const Case *c, const gchar *subject, Tolerance fallback);

#define TOLERANCE_FORWARD  ((Tolerance) { 1e-5, 1e-9 })
#define TOLERANCE_GRADIENT ((Tolerance) { 1e-4, 1e-6 })

/* ---- reports ---- */
/* One line for got[n] against the tensor, with the metadata's tolerance for its kind. */
void case_compare (Case *c, const gchar *name, const gfloat *got, gsize n);
void case_compare_with (Case *c, const gchar *name, const gfloat *got, gsize n, Tolerance tolerance);
/* The same for values that are in no tensor of their own. */
void case_check (Case *c, const gchar *name, const gfloat *got, const gfloat *expected, gsize n, Tolerance tolerance);
void case_check_text (Case *c, const gchar *name, const gchar *got, const gchar *expected);
void case_skip (Case *c, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
void case_fail (Case *c, const gchar *what, const gchar *reason);
gboolean case_is_expected (const Tensor *t);
/* Fails what is expected and was not compared. */
void case_finish (Case *c);

/* "loss": the sum of out . weight over outputs. */
typedef struct {
  gdouble sum, magnitude;
} Loss;

void loss_add (Loss *loss, const gfloat *out, const gfloat *weight, gsize n);    /* weight NULL: nothing */
void case_compare_loss (Case *c, const Loss *loss);

G_END_DECLS
