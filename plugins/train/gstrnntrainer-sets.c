/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: the sets that its pads feed: what is trained on, the dev set that decides (dev_sink, dev_label), and any
 * number of others by name (dev_sink_NAME, dev_label_NAME), which are measured beside it. */
#include "gstrnntrainer-private.h"

static void
set_free (gpointer data)
{
  GstRnnTrainerSet *set = data;

  gst_rnn_examples_clear (&set->examples);
  g_free (set->name);
  g_free (set);
}

static GstRnnTrainerSet *
add_set (GstRnnTrainer *self, const gchar *name)
{
  GstRnnTrainerSet *set = g_new0 (GstRnnTrainerSet, 1);

  set->name = g_strdup (name);
  gst_rnn_examples_init (&set->examples, GST_ELEMENT (self));
  g_ptr_array_add (self->devs, set);
  return set;
}

void
gst_rnn_trainer_init_sets (GstRnnTrainer *self)
{
  gst_rnn_examples_init (&self->train, GST_ELEMENT (self));
  self->devs = g_ptr_array_new_with_free_func (set_free);
  add_set (self, "");
}

void
gst_rnn_trainer_clear_sets (GstRnnTrainer *self)
{
  gst_rnn_examples_clear (&self->train);
  g_ptr_array_unref (self->devs);
}

GstRnnTrainerSet *
gst_rnn_trainer_need_set (GstRnnTrainer *self, const gchar *name)
{
  for (guint i = 0; i < self->devs->len; i++)
    if (g_str_equal (GST_RNN_TRAINER_DEV (self, i)->name, name))
      return GST_RNN_TRAINER_DEV (self, i);
  return add_set (self, name);
}

static gboolean
is_of (const GstRnnExamples *examples, gconstpointer pad)
{
  return examples->data == pad || examples->label == pad;
}

GstRnnExamples *
gst_rnn_trainer_find_locked (GstRnnTrainer *self, gconstpointer pad)
{
  for (guint i = 0; i < self->devs->len; i++)
    if (is_of (&GST_RNN_TRAINER_DEV (self, i)->examples, pad))
      return &GST_RNN_TRAINER_DEV (self, i)->examples;
  return is_of (&self->train, pad) ? &self->train : NULL;
}

GstRnnExamples *
gst_rnn_trainer_find (GstRnnTrainer *self, gconstpointer pad)
{
  GstRnnExamples *examples;

  g_mutex_lock (&self->wake_lock);
  examples = gst_rnn_trainer_find_locked (self, pad);
  g_mutex_unlock (&self->wake_lock);
  return examples;
}

GPtrArray *
gst_rnn_trainer_list_devs (GstRnnTrainer *self)
{
  GPtrArray *list = g_ptr_array_new ();

  g_mutex_lock (&self->wake_lock);
  for (guint i = 0; i < self->devs->len; i++)
    g_ptr_array_add (list, &GST_RNN_TRAINER_DEV (self, i)->examples);
  g_mutex_unlock (&self->wake_lock);
  return list;
}

/* Half a set would be waited for for ever. */
const gchar *
gst_rnn_trainer_find_half (GstRnnTrainer *self)
{
  for (guint i = 0; i < self->devs->len; i++) {
    const GstRnnTrainerSet *set = GST_RNN_TRAINER_DEV (self, i);

    if (!set->examples.data != !set->examples.label)
      return set->name;
  }
  return NULL;
}

void
gst_rnn_trainer_foreach_dev (GstRnnTrainer *self, void (*func) (GstRnnExamples *examples))
{
  for (guint i = 0; i < self->devs->len; i++)
    func (&GST_RNN_TRAINER_DEV (self, i)->examples);
}

/* Where the examples of a set are kept. (transfer full) */
static gchar *
describe_store (const gchar *checkpoint, const gchar *set)
{
  return checkpoint ? g_strconcat (checkpoint, set, ".features", NULL) : NULL;
}

gboolean
gst_rnn_trainer_open_sets (GstRnnTrainer *self, const gchar *checkpoint, GstClockTime max_length, GError **error)
{
  g_autofree gchar *store = describe_store (checkpoint, "");

  self->train.max_length = max_length;
  if (!gst_rnn_examples_open (&self->train, self->model, self->tokens, store, error))
    return FALSE;
  for (guint i = 0; i < self->devs->len; i++) {
    GstRnnTrainerSet *set = GST_RNN_TRAINER_DEV (self, i);
    g_autofree gchar *suffix = g_strconcat (*set->name ? "." : "", set->name, ".dev", NULL);
    g_autofree gchar *path = describe_store (checkpoint, suffix);

    set->examples.max_length = max_length;
    if (!gst_rnn_examples_open (&set->examples, self->model, self->tokens, path, error))
      return FALSE;
  }
  return TRUE;
}
