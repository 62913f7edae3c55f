/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a translation: what a step is (net-plan.c), going through the nodes (net-translate.c), the recipe (net-write.c). */
#pragma once
#include "net-work.h"

G_BEGIN_DECLS

#define RNN_NET_INPUTS 64

/* What the graph's inputs are in the model. */
typedef struct {
  gint time_axis[RNN_NET_INPUTS];       /* of each input; -1: none */
  gint64 dims[RNN_NET_INPUTS][RNN_NET_RANK];
  gboolean bound[RNN_NET_INPUTS];       /* a constant: a rate */
  gdouble value[RNN_NET_INPUTS];
  gint state[RNN_NET_INPUTS];           /* the output that it comes back as, or -1 */
  gboolean sequence;
  gint unit;                            /* places of the axis of time in a step */
  const struct _RnnNetKnown *known;     /* what a file does not say of itself, or NULL */
} RnnNetPlan;

typedef struct _RnnNetKnown {
  const gchar *const *inputs;           /* their names, NULL-terminated */
  gint length, context;                 /* samples that the first one takes, and how many of them are those before */
  gint rate;
  const gchar *name;
} RnnNetKnown;

/* The plans of a graph, the likeliest first: FALSE when there is no further one. */
gboolean rnn_net_plan (const RnnNetGraph *graph, guint attempt, RnnNetPlan *plan);
/* After a translation: pairs inputs and outputs that are states. TRUE: there is one that was not known. */
gboolean rnn_net_plan_states (const RnnNetGraph *graph, RnnNetPlan *plan, RnnNetValue *const *outputs);

/* The recipe and tensors. */
gboolean rnn_net_write (RnnNetWork *work, const RnnNetPlan *plan, RnnNetValue *const *outputs, RnnImport *import, GError **error);

G_END_DECLS
