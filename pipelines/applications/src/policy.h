/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy that learns from what it did: advantage actor-critic through time (Wierstra et al. 2007 for recurrent policies;
 * Mnih et al. 2016; advantages by Schulman et al. 2016). */
#pragma once
#include "worlds.h"
#include "train/optimizer.h"
#include "train/unroll.h"

G_BEGIN_DECLS

typedef struct {
  const WorldClass *klass;
  RnnTrainConfig config;
  RnnModel *model;              /* of a step: scores of actions, then the value; not a ref */
  RnnUnroll unroll;
  RnnOptimizer optimizer;
  RnnRng rng;
  World *worlds;                /* [B] */
  gboolean *over;               /* [B] */
  gboolean greedy;              /* acts as it thinks best, without drawing */
  guint most;                   /* steps there is room for */
  gint *actions;                /* [T][B]; -1: the episode was over */
  gfloat *rewards;              /* [T][B] */
} Policy;

/* @longest: a length of the world */
void    policy_init   (Policy *policy, const WorldClass *klass, RnnModel *model, const RnnTrainConfig *config, gint longest,
    gboolean forgets);
void    policy_clear  (Policy *policy);
/* B episodes in worlds of lengths from @shortest to @longest, drawn evenly; returns the share that was good. */
gdouble policy_play   (Policy *policy, gint shortest, gint longest);
/* From the episodes that were just played; @update of config.epochs. */
void    policy_learn  (Policy *policy, guint update);
gdouble policy_get_mean_steps (const Policy *policy);
gdouble policy_get_mean_reward (const Policy *policy);

G_END_DECLS
