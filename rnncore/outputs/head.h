/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs that are distributions: for every value (a step of a horizon, a channel) the parameters of one, learnt by its
 * negative logarithm of the likelihood.
 *
 * A step's numbers are [n_params][n_values]: first parameter 0 of all values, then parameter 1, ...  A recipe's output says
 * "values", or they follow from the layers.  Labels: n_values numbers a step.  A kind is a file with an RnnHeadClass
 * and an RnnOutputClass made by RNN_HEAD_OUTPUT. */
#pragma once
#include "distributions.h"
#include "output.h"
#include "../base/rng.h"

G_BEGIN_DECLS

#define RNN_HEAD_MAX_PARAMS 64

typedef struct _RnnHead RnnHead;

/* @raw: the parameters as the layers say them, each any number. */
typedef struct {
  gint n_params;                /* 0: setup says */
  gboolean counts;              /* values are 0, 1, 2, ... */
  /* -ln p (y) or another loss, and its gradient by raw in @draw unless that is NULL. */
  gdouble (*loss) (const RnnHead *head, const gdouble *raw, gdouble y, gdouble *draw);
  gdouble (*mean) (const RnnHead *head, const gdouble *raw);
  gdouble (*cdf)  (const RnnHead *head, const gdouble *raw, gdouble y);                 /* NULL: only quantiles are known */
  gdouble (*quantile) (const RnnHead *head, const gdouble *raw, gdouble level);
  /* rnn_head_spread() of n_values, y as there */
  void (*spread) (const RnnHead *head, const gfloat *y, gfloat *median, gfloat *scale);
} RnnHeadClass;

struct _RnnHead {               /* first member of every instance of these kinds */
  RnnOutput output;
  const RnnHeadClass *head;
  gint n_params;
  gint components;              /* mixture */
  gint n_levels;                /* quantiles */
  gfloat levels[RNN_HEAD_MAX_PARAMS];
};

/* NULL: the output is no distribution. */
const RnnHead *rnn_head_from_output (const RnnOutput *output);
/* Of value @i of a step's numbers y[n].  A level is within (0, 1). */
gdouble rnn_head_mean     (const RnnHead *head, const gfloat *y, gint i);
gdouble rnn_head_quantile (const RnnHead *head, const gfloat *y, gint i, gdouble level);
/* Of all values of a step's numbers: median[n_values], and scale[n_values] >= 0, what a deviation is of a Gaussian: half of what lies
 * between the quantiles at RNN_HEAD_BELOW and 1 - RNN_HEAD_BELOW; the standard deviation of counts and mixtures. */
void    rnn_head_spread   (const RnnHead *head, const gfloat *y, gfloat *median, gfloat *scale);
gdouble rnn_head_sample   (const RnnHead *head, const gfloat *y, gint i, RnnRng *rng);

/* ---- for the kinds ---- */
gboolean rnn_head_setup   (RnnHead *head, const RnnHeadClass *klass, gint n_params, const json_t *object, const gchar *where,
    GError **error);
gboolean rnn_head_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason);
gfloat   rnn_head_loss    (const RnnOutput *output, const RnnAnswer *answer);
void     rnn_head_measure (const RnnOutput *output, const RnnAnswer *answer, RnnMeasure *measure);
extern const gchar *const rnn_head_keys[];

#define RNN_HEAD_BELOW 0.1587

/* A quantile of counts, from their cdf and likelihood: Newton's steps from @start, or half of what is left where one leads out of it. */
gdouble rnn_head_find_count (const RnnHead *head, const gdouble *raw, gdouble level, gdouble start);

#define RNN_HEAD_OUTPUT(ID, NAME, SUMMARY, SETUP, OPTIONS, KEYS, METRIC) \
const RnnOutputClass rnn_output_##ID = { \
  .name = NAME, \
  .summary = SUMMARY, \
  .instance_size = sizeof (RnnHead), \
  .options = OPTIONS, \
  .keys = KEYS, \
  .label = RNN_LABEL_VALUES, \
  .metric = { METRIC }, \
  .unlearnt = "without a single known target", \
  .setup = SETUP, \
  .accepts = rnn_head_accepts, \
  .loss = rnn_head_loss, \
  .measure = rnn_head_measure, \
}

extern const RnnOption rnn_head_options[];      /* pooling */

G_END_DECLS
