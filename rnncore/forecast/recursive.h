/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recursive least squares that forget:
 *
 *   g = P z / (f + z' P z),  D += e g',  P = (P - g (P z)') / f
 *
 * P begins as I / prior and is not let grow beyond that: where nothing is heard for long, nothing is forgotten. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint n_in, n_out;
  gdouble forget, prior;
  gdouble *inverse;             /* P [n_in][n_in] */
  gdouble *weight;              /* D [n_out][n_in] */
  gdouble *product;             /* P z */
} RnnRecursive;

void rnn_recursive_init  (RnnRecursive *recursive, gint n_in, gint n_out, gdouble forget, gdouble prior);
void rnn_recursive_clear (RnnRecursive *recursive);
void rnn_recursive_reset (RnnRecursive *recursive);
/* z[n_in], error[n_out] of what was said of it (NAN: unknown). */
void rnn_recursive_learn (RnnRecursive *recursive, const gfloat *z, const gdouble *error);
/* D z, added to y[n_out]. */
void rnn_recursive_add   (const RnnRecursive *recursive, const gfloat *z, gfloat *y);

G_END_DECLS
