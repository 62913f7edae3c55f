/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a handful of numbered jobs over some threads and waits for all of them. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnPool RnnPool;
typedef void (*RnnPoolFunc) (guint job, gpointer data);

RnnPool *rnn_pool_new (guint n_threads, GError **error);
void     rnn_pool_free (RnnPool *pool);
void     rnn_pool_run (RnnPool *pool, guint n_jobs, RnnPoolFunc func, gpointer data);

G_END_DECLS
