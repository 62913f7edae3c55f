/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and training the models of the experiments. */
#pragma once
#include "experiment.h"
#include "model/root.h"

G_BEGIN_DECLS

/* A model of @n_in values per step; @layers: JSON, printf-like, with ' for ". */
RnnModel *model_new (gint n_in, guint64 seed, GError **error, const gchar *layers, ...) G_GNUC_PRINTF (4, 5);
/* The parameter with the full name @name (transfer none), or NULL. */
RnnParam *model_find_param (RnnModel *model, const gchar *name);

/* ---- the cells of the registry that remember ---- */
typedef struct {
  const gchar *name;            /* of the cell */
  gchar *layers;                /* with in- and output layers, for one output */
  gfloat learning_rate;
} Subject;

gboolean   is_wanted (const Setting *setting, const gchar *cell);
/* Those that (if @setting names some) are wanted, each with @width units and one output. (transfer full) */
GPtrArray *subjects_new (const Setting *setting, gint n_in, gint width, gboolean trainable);

/* ---- training ---- */
typedef struct {
  RnnTrainConfig config;
  void (*refresh) (RnnDataset *train, guint64 seed, gpointer data);      /* NULL, or makes new examples in place for each epoch */
  gdouble seconds;              /* of CPU: stops after the first epoch that ends later; 0: never */
  gfloat good;                  /* stops when the metric is below; 0: never */
  gboolean average;             /* judges on dev, and takes, means of the weights over a ninth of the updates */
  void (*watch) (const RnnTrainStats *stats, gpointer data);    /* NULL, or told of every update */
  void (*constrain) (RnnModel *model, gpointer data);   /* NULL, or brings weights back to where they may be */
  gpointer data;
} Fit;

typedef struct {
  guint64 updates;
  gdouble seconds;              /* of CPU */
  gfloat first, last, best;     /* dev metric; NAN without a dev set */
} FitResult;

/* The defaults, with the setting's seed, threads and limit of time. */
void fit_init (Fit *fit, const Setting *setting, RnnLossType loss);
/* A recipe of models/applications/, and for @fit how it is trained.  @change: may make another recipe of it, or NULL. */
RnnModel *fit_recipe (Fit *fit, const Setting *setting, const gchar *name, void (*change) (json_t *recipe, gpointer data), gpointer data,
    GError **error);
/* The weights of @model become the trained ones: the best on @dev, or without one the last. */
gboolean fit_run (const Fit *fit, RnnModel *model, RnnDataset *train, RnnDataset *dev, FitResult *result,
    GError **error);
/* Of the weights as they are: the loss, mean over examples, and the metric that goes with it. */
gboolean fit_evaluate (const Fit *fit, RnnModel *model, RnnDataset *dataset, gdouble *loss, gdouble *metric,
    GError **error);
/* What a model without a recipe of its own is called, NAME-CELL, and what it answers; takes @output. */
void     fit_name (RnnModel *model, const gchar *name, const gchar *cell, json_t *output);
/* To the folder that the setting names, if it does, under the model's own name. */
gboolean fit_save (const Setting *setting, RnnModel *model, GError **error);
/* One sequence through the model: x[T][n_in] -> y[T][n_out], y[t] for x[t] however far it looks ahead (transfer full). */
gfloat *fit_answer (RnnModel *model, const gfloat *x, guint T);

G_END_DECLS
