/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows are frames: normalise, then stack.  A value that is missing (no finite number, or beyond 1e18) would stay for ever in what normalises: the
 * last one of its kind takes its place, 0 if there was none.  Where nothing normalises it goes on to whoever counts it. */
#include "rows.h"
#include <math.h>
#include "../base/error.h"
#include "../base/finite.h"
#include "../features/cmvn.h"
#include "../features/features-options.h"
#include "../features/stack.h"
#include <string.h>

typedef struct {
  gsize dim;
  guint64 n;                    /* rows so far */
  RnnCmvn *cmvn;
  RnnStack *stack;
  gfloat *last;                 /* [dim] the newest row, filled up; NULL: nothing normalises */
} Rows;

gboolean
rnn_rows_setup (RnnInput *input, const json_t *object, const gchar *key, const gchar *where, GError **error)
{
  const gchar *ignore[16] = { "kind", key };
  const gchar *const *more = input->klass->keys;
  json_int_t size = json_integer_value (json_object_get (object, key));

  for (guint n = 2; more && *more && n < G_N_ELEMENTS (ignore) - 1; n++)
    ignore[n] = *more++;
  if (size < 1 || size > 1 << 20) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"%s\" must be 1 to 1048576", where, key);
    return FALSE;
  }
  input->channels = input->n_frame = (gint) size;
  if (!rnn_options_from_json (rnn_cmvn_options, &input->features, object, ignore, where, error))
    return FALSE;
  rnn_rows_size (input);
  return TRUE;
}

void
rnn_rows_size (RnnInput *input)
{
  input->n_in = input->n_frame * input->features.stack;
  input->hop = input->features.stride;
  input->window = input->features.stack;
}

gpointer
rnn_rows_open (const RnnInput *input, const RnnFeatureConfig *features, const gfloat *mean, const gfloat *std,
    GError **error)
{
  RnnCmvn *cmvn = rnn_cmvn_new (features, input->n_frame, mean, std, error);
  Rows *r;

  if (!cmvn)
    return NULL;
  r = g_new0 (Rows, 1);
  r->dim = input->n_frame;
  r->cmvn = cmvn;
  r->stack = rnn_stack_new (input->n_frame, (guint) features->stack, (guint) features->stride);
  r->last = features->cmvn == RNN_CMVN_NONE ? NULL : g_new0 (gfloat, r->dim);
  return r;
}

void
rnn_rows_close (gpointer stream)
{
  Rows *r = stream;

  rnn_cmvn_free (r->cmvn);
  rnn_stack_free (r->stack);
  g_free (r->last);
  g_free (r);
}

void
rnn_rows_reset (gpointer stream)
{
  Rows *r = stream;

  r->n = 0;
  rnn_cmvn_reset (r->cmvn);
  rnn_stack_reset (r->stack);
  if (r->last)
    memset (r->last, 0, r->dim * sizeof (gfloat));
}

guint
rnn_rows_max_steps (gpointer stream, guint n)
{
  Rows *r = stream;

  return (guint) (rnn_stack_count (r->stack, r->n + n) - rnn_stack_count (r->stack, r->n));
}

static void
fill_missing (Rows *r, gfloat *frame)
{
  for (gsize i = 0; i < r->dim; i++) {
    if (!(fabsf (frame[i]) <= RNN_LARGEST))
      frame[i] = r->last[i];
    r->last[i] = frame[i];
  }
}

guint
rnn_rows_push (gpointer stream, const gfloat *rows, guint n, gfloat *out)
{
  Rows *r = stream;
  gsize width = r->dim * r->stack->stack;
  guint steps = 0;

  for (guint t = 0; t < n; t++) {
    gfloat *frame = memcpy (rnn_stack_next (r->stack), rows + t * r->dim, r->dim * sizeof (gfloat));

    if (r->last)
      fill_missing (r, frame);
    rnn_cmvn_apply (r->cmvn, frame);
    steps += rnn_stack_push (r->stack, out + steps * width);
  }
  r->n += n;
  return steps;
}

gint
rnn_rows_start (gpointer stream)
{
  return 0;
}

guint
rnn_rows_finish (gpointer stream, gfloat *out)
{
  rnn_rows_reset (stream);
  return 0;
}

void
rnn_rows_keep (gpointer stream, RnnKeep *keep)
{
  Rows *r = stream;

  rnn_keep (keep, &r->n, sizeof r->n);
  if (r->last)
    rnn_keep (keep, r->last, r->dim * sizeof (gfloat));
  rnn_cmvn_keep (r->cmvn, keep);
  rnn_stack_keep (r->stack, keep);
  if (keep->failed && !keep->to)
    rnn_rows_reset (r);
}
