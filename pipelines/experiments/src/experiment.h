/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the literature claims, run again, and what recurrent networks are for, measured: each experiment and each application
 * is a file and a row of the table in experiment.c. */
#pragma once
#include "rnn.h"

G_BEGIN_DECLS

/* What the command line says. */
typedef struct {
  gchar *out;                   /* directory of the tables */
  gchar *file;                  /* the data, for those that need some */
  gchar *only;                  /* cells, separated by commas; NULL: all */
  gboolean smoke;               /* tiny sizes: shows that it runs, not what it shows */
  gint threads, seed;
  gdouble seconds;              /* of CPU, for one training, where many are compared or it is said; 0: no limit */
  /* of applications: */
  gchar *recipes;               /* directory of their recipes */
  gchar *save;                  /* directory of the models, or NULL */
  gchar *start;                 /* directory of models to go on with, or NULL */
  gboolean json;                /* the result as one object */
} Setting;

typedef struct {
  const gchar *name, *summary;
  gboolean needs_file;
  gboolean (*run) (const Setting *setting, GError **error);
} Experiment;

extern const Experiment experiment_characters, experiment_chorales, experiment_clipping, experiment_cost,
    experiment_free_running, experiment_hopfield, experiment_mackey_glass, experiment_memory, experiment_truncation;
extern const Experiment application_handwriting, application_control, application_g2p,
    application_monitor, application_nextframe, application_translation, application_written, application_drawing, application_sentences, application_spelling;

/* ---- tables: DIRECTORY/NAME.tsv and the terminal ---- */
typedef struct _Table Table;

/* @columns: their names, separated by tabs */
Table *table_new (const Setting *setting, const gchar *name, const gchar *columns, GError **error);
void   table_row (Table *table, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
void   table_free (Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Table, table_free)

/* ---- the result of an application: a line a figure, or with --json one object in the last line; takes @figures ---- */
void   report (const Setting *setting, const gchar *name, json_t *figures);

G_END_DECLS
