/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stage's state in hand: `state-file` is read before the first buffer and written every `state-interval` and at the stop, and the action
 * signals "save-state" and "load-state" do either once.  What is kept is exact: a stream that goes on elsewhere with the buffer that comes
 * next answers the same bits.
 *
 * File: "rnnstate 1\n", a SHA-256 of all that follows, that of the model's recipe, then what the stage keeps (rnncore/base/keep.h).  It is
 * written aside and renamed, so what is there is whole. */
#include "gstrnnstage.h"
#include <stdlib.h>
#include <string.h>

#define MAGIC "rnnstate 1\n"
#define DIGEST 64               /* characters */
#define DEFAULT_INTERVAL 1000

enum { STATE_FILE, STATE_INTERVAL };

/* (g_free) */
static gchar *
fingerprint (GstRnnStage *stage)
{
  gchar *recipe = stage->model ? json_dumps (rnn_model_get_recipe (stage->model), JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  gchar *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, recipe ? recipe : "", -1);

  free (recipe);
  return digest;
}

static void
keep_stage (GstRnnStage *stage, RnnKeep *keep)
{
  GstRnnTimeline *timeline = &stage->timeline;

  rnn_keep_same (keep, g_str_hash (G_OBJECT_TYPE_NAME (stage)));
  rnn_keep_same (keep, (guint64) timeline->num);
  rnn_keep_same (keep, (guint64) timeline->den);
  rnn_keep (keep, &timeline->base, sizeof timeline->base);
  rnn_keep (keep, &timeline->count, sizeof timeline->count);
  rnn_keep (keep, &timeline->astray, sizeof timeline->astray);
  rnn_keep (keep, &stage->end, sizeof stage->end);
  rnn_keep (keep, &stage->position, sizeof stage->position);
  GST_RNN_STAGE_GET_CLASS (stage)->keep (stage, keep);
}

static void
keep_all (GstRnnStage *const *stages, guint n, RnnKeep *keep)
{
  for (guint i = 0; i < n; i++)
    keep_stage (stages[i], keep);
}

void
gst_rnn_stages_save (GstRnnStage *const *stages, guint n, const gchar *path)
{
  g_autoptr (GByteArray) body = g_byte_array_new (), file = g_byte_array_new ();
  g_autofree gchar *model = fingerprint (stages[0]), *digest = NULL;
  g_autoptr (GError) error = NULL;
  RnnKeep keep = { .to = body };

  g_byte_array_append (body, (const guint8 *) model, DIGEST);
  keep_all (stages, n, &keep);
  if (keep.failed)              /* in the midst of a step that was given up */
    return;
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, body->data, body->len);
  g_byte_array_append (file, (const guint8 *) MAGIC, strlen (MAGIC));
  g_byte_array_append (file, (const guint8 *) digest, DIGEST);
  g_byte_array_append (file, body->data, body->len);
  if (!rnn_file_replace_private (path, (const gchar *) file->data, file->len, &error))
    GST_ELEMENT_WARNING (stages[0], RESOURCE, WRITE, ("%s", error->message), (NULL));
}

/* NULL: it fits, and is taken. */
static const gchar *
take (GstRnnStage *const *stages, guint n, const gchar *bytes, gsize size)
{
  gsize head = strlen (MAGIC) + DIGEST;
  g_autofree gchar *model = fingerprint (stages[0]), *digest = NULL;
  RnnKeep keep = { .from = (const guint8 *) bytes + head + DIGEST };

  if (size < head + DIGEST || memcmp (bytes, MAGIC, strlen (MAGIC)))
    return "is no state of a stage";
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) bytes + head, size - head);
  if (memcmp (digest, bytes + strlen (MAGIC), DIGEST))
    return "is damaged";
  if (memcmp (model, bytes + head, DIGEST))
    return "is of another model";
  keep.left = size - head - DIGEST;
  keep_all (stages, n, &keep);
  return keep.failed || keep.left ? "is of another element, of other options, or of a stream of another rate" : NULL;
}

void
gst_rnn_stages_load (GstRnnStage *const *stages, guint n, const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) file = rnn_file_map (path, &error);
  const gchar *bytes, *fault;
  gsize size;

  if (!file) {
    if (!g_error_matches (error, RNN_ERROR, RNN_ERROR_NOT_FOUND))       /* the first start */
      GST_ELEMENT_WARNING (stages[0], RESOURCE, READ, ("%s; starting anew", error->message), (NULL));
    return;
  }
  bytes = g_bytes_get_data (file, &size);
  fault = take (stages, n, bytes, size);
  if (!fault)
    return;
  for (guint i = 0; i < n; i++) {
    gst_rnn_timeline_stop (&stages[i]->timeline);
    stages[i]->position = GST_CLOCK_TIME_NONE;
    gst_rnn_stage_reset (stages[i]);
  }
  GST_ELEMENT_WARNING (stages[0], RESOURCE, READ, ("%s: %s; starting anew", path, fault), (NULL));
}

/* The path that is wanted once, or else the file's if it is @due; (g_free). */
static gchar *
take_path (GstRnnStage *stage, gchar **wanted, gboolean due)
{
  gchar *path;

  GST_OBJECT_LOCK (stage);
  path = g_steal_pointer (wanted);
  if (!path && due)
    path = g_strdup (stage->state_file);
  GST_OBJECT_UNLOCK (stage);
  return path;
}

void
gst_rnn_stage_load_state_if_due (GstRnnStage *stage)
{
  g_autofree gchar *path = NULL;

  if (!GST_RNN_STAGE_GET_CLASS (stage)->keep || !stage->negotiated)
    return;
  path = take_path (stage, &stage->load_wanted, stage->state_due);
  stage->state_due = FALSE;
  if (path)
    gst_rnn_stages_load (&stage, 1, path);
}

void
gst_rnn_stage_save_state_if_due (GstRnnStage *stage, gboolean stops)
{
  gint64 past = g_get_monotonic_time () - stage->state_saved;
  g_autofree gchar *path = NULL;

  if (!GST_RNN_STAGE_GET_CLASS (stage)->keep || !stage->negotiated)
    return;
  path = take_path (stage, &stage->save_wanted, stops || past >= (gint64) stage->state_interval * 1000);
  if (!path)
    return;
  stage->state_saved = g_get_monotonic_time ();
  gst_rnn_stages_save (&stage, 1, path);
}

/* ---- properties and signals ---- */

static void
want (GstRnnStage *stage, gchar **wanted, const gchar *path)
{
  GST_OBJECT_LOCK (stage);
  g_free (*wanted);
  *wanted = g_strdup (path);
  GST_OBJECT_UNLOCK (stage);
}

/* At once, or if a buffer is under way behind it. */
static void
save_state_signal (GstRnnStage *stage, const gchar *path)
{
  want (stage, &stage->save_wanted, path);
  if (!GST_PAD_STREAM_TRYLOCK (stage->sinkpad))
    return;
  gst_rnn_stage_save_state_if_due (stage, FALSE);
  GST_PAD_STREAM_UNLOCK (stage->sinkpad);
}

/* Before the next buffer. */
static void
load_state_signal (GstRnnStage *stage, const gchar *path)
{
  want (stage, &stage->load_wanted, path);
}

void
gst_rnn_stage_install_state (GObjectClass *object_class, guint first_id, GCallback save, GCallback load)
{
  g_object_class_install_property (object_class, first_id + STATE_FILE,
      g_param_spec_string ("state-file", "State file", "Where the state is kept, so that the stream goes on after a restart or in another "
          "process; read before the first buffer", NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (object_class, first_id + STATE_INTERVAL,
      g_param_spec_uint ("state-interval", "State interval", "Time from one write of state-file to the next (ms); 0: after every buffer", 0,
          G_MAXUINT, DEFAULT_INTERVAL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  /* action signals: the state into a file, at once or behind the buffer that is under way; and out of one before the next buffer */
  g_signal_new_class_handler ("save-state", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      save ? save : G_CALLBACK (save_state_signal), NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_signal_new_class_handler ("load-state", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      load ? load : G_CALLBACK (load_state_signal), NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

void
gst_rnn_stage_set_state_property (GstRnnStage *stage, guint which, const GValue *value)
{
  if (which == STATE_FILE) {
    g_free (stage->state_file);
    stage->state_file = g_value_dup_string (value);
  } else if (which == STATE_INTERVAL) {
    stage->state_interval = g_value_get_uint (value);
  }
}

void
gst_rnn_stage_get_state_property (GstRnnStage *stage, guint which, GValue *value)
{
  if (which == STATE_FILE)
    g_value_set_string (value, stage->state_file);
  else if (which == STATE_INTERVAL)
    g_value_set_uint (value, stage->state_interval);
}

void
gst_rnn_stage_init_state (GstRnnStage *stage)
{
  stage->state_interval = DEFAULT_INTERVAL;
}

void
gst_rnn_stage_free_state (GstRnnStage *stage)
{
  g_free (stage->state_file);
  g_free (stage->save_wanted);
  g_free (stage->load_wanted);
}
