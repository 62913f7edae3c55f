/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases of matrix memories, on a grid: inputs side by side, weights of our parameters' names, parts of the state of
 * which a case may give the beginning and the end, and whose matrices it may have transposed. */
#pragma once
#include "grid.h"

G_BEGIN_DECLS

/* blocks x [rows][cols] floats of a stream's state, which the case has as [cols][rows]; rows 1: as they are. */
typedef struct {
  const gchar *in, *out;        /* in.<in>, out.<out>; in NULL: fresh; out NULL: no more parts */
  gsize offset;
  gint blocks, rows, cols;
} StatePart;

typedef struct {
  Case *c;
  Drive *d;
  gboolean time_first;          /* sequences are [T][B][...], of one input; else [B][T][...] */
  const gchar *const *inputs;   /* of in.<name>, NULL-terminated, in the order of their columns */
  const gchar *output;          /* of out.<name> */
  StatePart states[3];
  Loss loss;
} Task;

/* Builds the layers (taken over; NULL: an error), loads inputs and weights.  A_log also comes from A = -exp (A_log). */
gboolean task_open    (Task *t, json_t *layers, GError **error);
void     task_clear   (Task *t);
/* From the entry states to the outputs, in d->y. */
gboolean task_forward (Task *t, GError **error);
gboolean task_compare (Task *t, GError **error);        /* output, final states */
/* What the loss says of output and final states; FALSE without an error: nothing, there are no gradients. */
gboolean task_weigh   (Task *t, GError **error);
gboolean task_compare_gradients (Task *t, GError **error);      /* after drive_backward */

/* All of the above. */
gboolean task_run     (Task *t, json_t *layers, GError **error);

/* ---- for those who build layers ---- */
gint    case_number (const Case *c, const gchar *key, gint fallback);   /* metadata, within reason */
json_t *only_layer  (json_t *layer);                                    /* [layer] */

G_END_DECLS
