/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Language models of files, whatever kind they are of: n-grams (ARPA text, images), recurrent models.  Several, "a.lm,b.safetensors:0.5",
 * are summed by weights (1 where none stands). */
#include "ngram.h"
#include "recurrent.h"
#include "../base/error.h"
#include "../base/file.h"
#include <math.h>
#include <string.h>

#define LARGEST_WEIGHT 100

static gboolean
parse_weight (gchar *file, gfloat *weight, GError **error)
{
  gchar *colon = strrchr (file, ':'), *rest;

  *weight = 1;
  if (!colon || g_file_test (file, G_FILE_TEST_EXISTS))
    return TRUE;
  *weight = (gfloat) g_ascii_strtod (colon + 1, &rest);
  if (rest == colon + 1 || *rest || !(fabsf (*weight) <= LARGEST_WEIGHT)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: \"%.64s\" is no weight of a language model", file, colon + 1);
    return FALSE;
  }
  *colon = '\0';
  return TRUE;
}

gchar **
rnn_scorer_split_files (const gchar *files, gfloat **weights, GError **error)
{
  gboolean one = g_file_test (files, G_FILE_TEST_EXISTS);
  g_auto (GStrv) paths = one ? g_strdupv ((gchar *[]) { (gchar *) files, NULL }) : g_strsplit (files, ",", -1);
  guint n = g_strv_length (paths);
  g_autofree gfloat *parsed = g_new (gfloat, n + 1);

  for (guint i = 0; i < n; i++)
    if (!parse_weight (paths[i], &parsed[i], error))
      return NULL;
  if (weights)
    *weights = g_steal_pointer (&parsed);
  return g_steal_pointer (&paths);
}

/* A model file's header begins after its length, a recipe at once. */
static gboolean
is_recurrent (GBytes *bytes)
{
  gsize n;
  const gchar *at = g_bytes_get_data (bytes, &n);

  return (n > 8 && at[8] == '{' && !rnn_ngram_image_is (bytes) && memchr (at, '\0', 8)) || (n > 0 && *at == '{');
}

static RnnScorer *
load_one (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  if (!bytes)
    return NULL;
  return is_recurrent (bytes) ? rnn_recurrent_load (path, error) : rnn_ngram_parse (bytes, path, error);
}

RnnScorer *
rnn_scorer_load (const gchar *files, RnnScorer **ngram, GError **error)
{
  g_autofree gfloat *weights = NULL;
  g_auto (GStrv) paths = rnn_scorer_split_files (files, &weights, error);
  g_autoptr (GPtrArray) scorers = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_scorer_unref);

  *ngram = NULL;
  for (guint i = 0; paths && paths[i]; i++) {
    RnnScorer *scorer = load_one (paths[i], error);

    if (!scorer)
      return NULL;
    g_ptr_array_add (scorers, scorer);
    if (!*ngram && rnn_scorer_is_ngram (scorer))
      *ngram = scorer;
  }
  if (!paths || scorers->len == 0) {
    if (paths)
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "no language model is named");
    return NULL;
  }
  if (scorers->len == 1 && weights[0] == 1)
    return rnn_scorer_ref (scorers->pdata[0]);
  return rnn_scorer_sum_new ((RnnScorer *const *) scorers->pdata, weights, scorers->len);
}
