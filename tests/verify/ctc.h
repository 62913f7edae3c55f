/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A matrix of a CTC case and what its columns are called. */
#pragma once
#include "case.h"

typedef struct {
  Case *file;
  const Tensor *tensor;
  gint T, V, blank;
  gfloat *log_probs;            /* [T][V] */
  gdouble shift;                /* sum over the rows of the logarithm of their sum: 0 where they are normalised */
  GPtrArray *labels;            /* [V] texts; NULL: by number */
} Matrix;

/* The numbers of the labels that @text consists of, longest first; NULL: none do. (transfer full) */
GArray  *ctc_spell (const Matrix *m, const gchar *text);
/* A character for a label that is only a number. (transfer full) */
gchar   *ctc_letter (gint v);
gchar   *ctc_fold_space (const gchar *text);

/* ctc-beam.c: what only a search with a beam, a lexicon or a model can answer */
gboolean ctc_check_beam  (Case *c, const Matrix *m, GError **error);
/* beam3 of a matrix: labellings with their probabilities by a beam of 3 */
gboolean ctc_check_beam3 (Case *c, const Matrix *m, const gchar *tensor, const json_t *beam3, GError **error);
