/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a decoder calls its confidence -> how often it is right: a rising line through points, fitted by isotonic regression
 * (Zadrozny and Elkan 2002) and kept in the recipe, "calibration": [[confidence, probability], ...] of the output. */
#pragma once
#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

typedef struct {
  gfloat from, to;              /* 0..1 */
} RnnCalibrationPoint;

/* The points of a list (NULL: none, returns NULL without an error); neither coordinate falls. (transfer full, of
 * RnnCalibrationPoint) */
GArray *rnn_calibration_read (const json_t *list, const gchar *where, GError **error);
json_t *rnn_calibration_to_json (const GArray *points);
/* @points NULL: as it is. */
gfloat  rnn_calibration_apply (const GArray *points, gfloat confidence);
/* From n confidences and whether each was right; sorts @pairs (of RnnCalibrationPoint, to: 0 or 1). (transfer full) */
GArray *rnn_calibration_fit (GArray *pairs);

G_END_DECLS
