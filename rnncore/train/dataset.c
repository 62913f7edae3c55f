/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Examples in memory or in a file, in groups that weigh more or less. */
#include "dataset.h"
#include "missing.h"
#include "store.h"
#include "../base/rng.h"
#include <math.h>
#include <string.h>

static void
example_clear (gpointer data)
{
  RnnExample *example = data;

  g_free (example->frames);
  for (guint i = 0; i < example->n_texts; i++)
    g_free (example->texts[i].ids);
  g_free (example->texts);
  g_free (example->targets);
  g_free (example->parts);
}

RnnDataset *
rnn_dataset_new (gint n_feature)
{
  RnnDataset *dataset = g_new0 (RnnDataset, 1);

  dataset->n_feature = n_feature;
  dataset->examples = g_array_new (FALSE, TRUE, sizeof (RnnExample));
  g_array_set_clear_func (dataset->examples, example_clear);
  dataset->groups = g_ptr_array_new_with_free_func (g_free);
  dataset->weights = g_array_new (FALSE, FALSE, sizeof (gfloat));
  return dataset;
}

void
rnn_dataset_free (RnnDataset *dataset)
{
  if (!dataset)
    return;
  g_array_unref (dataset->examples);
  rnn_store_free (dataset->store);
  g_ptr_array_unref (dataset->groups);
  g_array_unref (dataset->weights);
  g_free (dataset);
}

static gpointer
copy_array (gconstpointer data, gsize n, gsize size)
{
  gpointer copy = g_malloc_n (MAX (n, 1), size);

  if (n)
    memcpy (copy, data, n * size);
  return copy;
}

void
rnn_dataset_add (RnnDataset *dataset, RnnExample example)
{
  dataset->n_frames += example.n_frames;
  g_array_append_val (dataset->examples, example);
}

void
rnn_dataset_empty (RnnDataset *dataset)
{
  g_array_set_size (dataset->examples, 0);
  dataset->n_frames = 0;
}

/* Into the file, or, once that has no room, into memory as the file would have given them back. */
static void
add (RnnDataset *dataset, RnnExample *example, const gfloat *frames, guint n_frames)
{
  gsize n = (gsize) n_frames * dataset->n_feature;
  g_autofree gfloat *copy = NULL;

  example->n_frames = n_frames;
  example->group = dataset->group;
  copy = copy_array (frames, n, sizeof (gfloat));
  dataset->n_missing += rnn_fill_missing (n_frames, dataset->n_feature, copy, example->n_target, example->targets);
  if (!dataset->store || !rnn_store_append (dataset->store, copy, n_frames, &example->at))
    example->frames = g_steal_pointer (&copy);
  if (dataset->store && example->frames)
    rnn_store_round (dataset->store, n, example->frames);
  rnn_dataset_add (dataset, *example);
}

const gfloat *
rnn_dataset_read (const RnnDataset *dataset, const RnnExample *example, RnnBuffer *room)
{
  gfloat *frames;

  if (example->frames)
    return example->frames;
  frames = rnn_buffer_need (room, (gsize) example->n_frames * dataset->n_feature);
  rnn_store_read (dataset->store, example->at, example->n_frames, frames);
  return frames;
}

void
rnn_dataset_begin_group (RnnDataset *dataset, const gchar *name)
{
  const gfloat even = 1;

  for (dataset->group = 0; dataset->group < dataset->groups->len; dataset->group++)
    if (g_str_equal (dataset->groups->pdata[dataset->group], name))
      return;
  g_ptr_array_add (dataset->groups, g_strdup (name));
  g_array_append_val (dataset->weights, even);
}

const gchar *
rnn_dataset_get_group (RnnDataset *dataset, guint i)
{
  return i < dataset->groups->len ? dataset->groups->pdata[i] : NULL;
}

void
rnn_dataset_weigh_group (RnnDataset *dataset, guint i, gfloat weight)
{
  g_return_if_fail (i < dataset->weights->len);
  g_array_index (dataset->weights, gfloat, i) = weight;
  dataset->weighed = TRUE;
}

gboolean
rnn_dataset_store (RnnDataset *dataset, const gchar *path, gboolean half, GError **error)
{
  g_return_val_if_fail (dataset->examples->len == 0 && !dataset->store, FALSE);
  dataset->store = rnn_store_new (path, dataset->n_feature, half, error);
  return dataset->store != NULL;
}

gboolean
rnn_dataset_seal (RnnDataset *dataset, const gchar *digest, const gchar *notes, GError **error)
{
  return !dataset->store || rnn_store_seal (dataset->store, dataset, digest, notes, error);
}

RnnDataset *
rnn_dataset_load (const gchar *path, gint n_feature, const gchar *digest, gchar **notes, GError **error)
{
  RnnDataset *dataset = rnn_dataset_new (n_feature);

  if (rnn_store_load (path, digest, dataset, notes, error))
    return dataset;
  rnn_dataset_free (dataset);
  return NULL;
}

static void
add_text (RnnExample *example, const gint *labels, guint n_labels)
{
  example->texts = g_renew (RnnSequence, example->texts, example->n_texts + 1);
  example->texts[example->n_texts++] = (RnnSequence) {
    .n = (gint) n_labels, .ids = labels ? copy_array (labels, n_labels, sizeof (gint)) : NULL };
}

void
rnn_dataset_add_text (RnnDataset *dataset, const gint *labels, guint n_labels)
{
  add_text (RNN_EXAMPLE (dataset, dataset->examples->len - 1), labels, n_labels);
}

void
rnn_dataset_add_ctc (RnnDataset *dataset, const gfloat *frames, guint n_frames, const gint *labels, guint n_labels)
{
  static const gint nothing = 0;
  RnnExample example = { 0 };

  add_text (&example, labels ? labels : &nothing, n_labels);
  add (dataset, &example, frames, n_frames);
}

void
rnn_dataset_add_series (RnnDataset *dataset, const gfloat *frames, guint n_frames, const gfloat *targets, gint n_target)
{
  RnnExample example = { 0 };

  example.n_target = n_target;
  example.targets = copy_array (targets, (gsize) n_frames * n_target, sizeof (gfloat));
  add (dataset, &example, frames, n_frames);
}

guint
rnn_dataset_get_n (RnnDataset *dataset)
{
  return dataset->examples->len;
}

guint64
rnn_dataset_get_frames (RnnDataset *dataset)
{
  return dataset->n_frames;
}

guint64
rnn_dataset_get_missing (RnnDataset *dataset)
{
  return dataset->n_missing;
}

void
rnn_dataset_get_stats (RnnDataset *dataset, gfloat *mean, gfloat *std)
{
  gint n = dataset->n_feature;
  g_autofree gdouble *sum = g_new0 (gdouble, n), *sum2 = g_new0 (gdouble, n);
  gdouble count = MAX (dataset->n_frames, 1);
  RnnBuffer room = { NULL, 0 };

  for (guint e = 0; e < dataset->examples->len; e++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, e);
    const gfloat *frames = rnn_dataset_read (dataset, example, &room);

    for (guint t = 0; t < example->n_frames; t++, frames += n)
      for (gint i = 0; i < n; i++) {
        sum[i] += frames[i];
        sum2[i] += (gdouble) frames[i] * frames[i];
      }
  }
  rnn_buffer_clear (&room);
  for (gint i = 0; i < n; i++) {
    gdouble variance = sum2[i] / count - sum[i] / count * (sum[i] / count);

    mean[i] = (gfloat) (sum[i] / count);
    std[i] = (gfloat) sqrt (MAX (variance, 1e-10));
  }
}

/* splitmix64 over the three in turn */
guint64
rnn_mix_seed (guint64 a, guint64 b, guint64 c)
{
  guint64 in[3] = { a, b, c }, z = 0;

  for (gint i = 0; i < 3; i++) {
    z += in[i] + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
    z ^= z >> 31;
  }
  return z ? z : 1;
}
