/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of rnncorpussrc and rnntrainer share: small corpora, recipes that learn in a second, pipelines. */
#pragma once
#include "common.h"

/* Files in test_dir (); they return the path (transfer full). */
gchar *test_write_text (const gchar *name, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
gchar *test_write_wav (const gchar *name, const GArray *samples, gint rate, gint channels);
/* @n recordings of the tones of one or two letters and a manifest of them: "NAME.tsv", speakers s0 s1 s2. */
gchar *test_write_corpus (const gchar *name, guint n);

/* Recipes: speech -> the letters of the tones; tensors or series of @n_in -> one value */
gchar *test_speech_recipe (const gchar *name);
gchar *test_series_recipe (const gchar *name, const gchar *kind, gint n_in);

/* Runs a pipeline to its end.  All its messages (transfer full); GST_MESSAGE_EOS or _ERROR is the last. */
GPtrArray *test_run_pipeline (const gchar *format, ...) G_GNUC_PRINTF (1, 2);
gboolean   test_ended_well (const GPtrArray *messages);
/* The texts of all errors and warnings, one per line (transfer full). */
gchar     *test_complaints (const GPtrArray *messages);
/* The structures of element messages called @name whose field `type` is @type. (elements transfer none) */
GPtrArray *test_structures (const GPtrArray *messages, const gchar *name, const gchar *type);
