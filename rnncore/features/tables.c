/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a front end: one set per configuration in the process, kept while anybody uses it.  Nothing of them
 * changes, so using them needs no lock. */
#include "tables.h"
#include <string.h>

static GMutex lock;
static GSList *all;             /* of RnnTables; under the lock */

static RnnTables *
make_tables (const RnnFeatureConfig *config, guint n_fft, GError **error)
{
  RnnMel *mel = rnn_mel_new (config, n_fft, error);
  RnnTables *tables;

  if (!mel)
    return NULL;
  tables = g_new0 (RnnTables, 1);
  tables->config = *config;
  tables->mel = mel;
  tables->window = rnn_window_new (config);
  tables->mfcc = config->type == RNN_FEATURES_MFCC ? rnn_mfcc_new (config) : NULL;
  all = g_slist_prepend (all, tables);
  return tables;
}

RnnTables *
rnn_tables_get (const RnnFeatureConfig *config, guint n_fft, GError **error)
{
  RnnTables *tables = NULL;

  g_mutex_lock (&lock);
  for (GSList *l = all; l && !tables; l = l->next)
    if (memcmp (&((RnnTables *) l->data)->config, config, sizeof (*config)) == 0)
      tables = l->data;
  if (!tables)
    tables = make_tables (config, n_fft, error);
  if (tables)
    tables->n_users++;
  g_mutex_unlock (&lock);
  return tables;
}

static void
free_tables (RnnTables *tables)
{
  all = g_slist_remove (all, tables);
  rnn_window_free (tables->window);
  rnn_mel_free (tables->mel);
  rnn_mfcc_free (tables->mfcc);
  g_free (tables);
}

void
rnn_tables_drop (RnnTables *tables)
{
  g_mutex_lock (&lock);
  if (--tables->n_users == 0)
    free_tables (tables);
  g_mutex_unlock (&lock);
}
