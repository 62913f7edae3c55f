/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a forecast over a restart, and in hand: `state-file` is written as it goes and read with the caps, the action signals
 * "save-state" and "load-state" do either once, between two buffers.
 *
 * File: "rnnforecast 2\n", a SHA-256 of all that follows, a Header, the forecaster's floats.  Written aside and renamed, so what is there
 * is whole. */
#include "gstrnnforecast-private.h"
#include <stdlib.h>
#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (rnn_forecast_debug);
#define GST_CAT_DEFAULT rnn_forecast_debug

#define MAGIC "rnnforecast 2\n"
#define DIGEST 64               /* characters */

typedef struct {
  gchar model[DIGEST];          /* SHA-256 of its recipe; weights are those of its file */
  gint64 time;                  /* of the last value */
  guint64 next;                 /* PTS */
  guint64 count, pushed, told, untold;
  guint64 n;                    /* floats */
} Header;

static gchar *
fingerprint (GstRnnForecast *self)
{
  gchar *recipe = json_dumps (rnn_model_get_recipe (self->model), JSON_COMPACT | JSON_SORT_KEYS);
  gchar *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, recipe, -1);

  free (recipe);
  return digest;
}

/* Absolute where the caps say what PTS 0 is */
static gint64
last_time (GstRnnForecast *self)
{
  gint64 start = self->series.start;

  return start == RNN_TIME_NONE || !GST_CLOCK_TIME_IS_VALID (self->next) ? RNN_TIME_NONE
      : rnn_time_step_add (&self->series.step, start + (gint64) self->next, -1);
}

static void
save (GstRnnForecast *self, const gchar *path)
{
  gsize n = self->forecaster ? rnn_forecaster_get_state_size (self->forecaster) : 0;
  g_autofree gchar *model = NULL, *digest = NULL;
  g_autoptr (GByteArray) body = g_byte_array_new (), file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  Header header = { .next = self->next, .count = self->count, .pushed = self->pushed, .told = self->told, .untold = self->untold, .n = n };

  if (n == 0 || self->count == 0)
    return;
  header.time = last_time (self);
  model = fingerprint (self);
  memcpy (header.model, model, DIGEST);
  g_byte_array_append (body, (guint8 *) &header, sizeof header);
  g_byte_array_set_size (body, (guint) (sizeof header + n * sizeof (gfloat)));
  rnn_forecaster_get_state (self->forecaster, (gfloat *) (gpointer) (body->data + sizeof header));
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, body->data, body->len);
  g_byte_array_append (file, (const guint8 *) MAGIC, strlen (MAGIC));
  g_byte_array_append (file, (const guint8 *) digest, DIGEST);
  g_byte_array_append (file, body->data, body->len);
  if (!rnn_file_replace_private (path, (gchar *) file->data, file->len, &error))
    GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("%s", error->message), (NULL));
}

void
gst_rnn_forecast_save_state (GstRnnForecast *self)
{
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->state_file);
  GST_OBJECT_UNLOCK (self);
  self->saved = g_get_monotonic_time ();
  if (path)
    save (self, path);
}

/* Of the value after the state's last one; NONE where the stream begins after it, or nobody knows. */
static GstClockTime
next_pts (GstRnnForecast *self)
{
  gint64 time = self->resume == RNN_TIME_NONE || self->series.start == RNN_TIME_NONE ? RNN_TIME_NONE
      : rnn_time_step_add (&self->series.step, self->resume, 1);

  return time == RNN_TIME_NONE || time < self->series.start ? GST_CLOCK_TIME_NONE : (GstClockTime) (time - self->series.start);
}

/* Where the values are told by the date, that says where they go on; where not, a stream that moves goes on at its PTS, and one that
 * was started again anywhere. */
static void
take_header (GstRnnForecast *self, const Header *header, gboolean moves)
{
  self->resume = header->time;
  self->next = header->time == RNN_TIME_NONE && moves ? header->next : next_pts (self);
  self->count = header->count;
  self->pushed = header->pushed;
  self->told = header->told;
  self->untold = header->untold;
  self->untold_state = !moves;
}

/* NULL: it fits, and is taken. */
static const gchar *
take_state (GstRnnForecast *self, const gchar *bytes, gsize size, gboolean moves)
{
  gsize head = strlen (MAGIC) + DIGEST, n = rnn_forecaster_get_state_size (self->forecaster);
  g_autofree gchar *model = fingerprint (self), *digest = NULL;
  g_autofree gfloat *state = NULL;
  Header header;

  if (size < head + sizeof header || memcmp (bytes, MAGIC, strlen (MAGIC)))
    return "is no state of rnnforecast";
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) bytes + head, size - head);
  if (memcmp (digest, bytes + strlen (MAGIC), DIGEST))
    return "is damaged";
  memcpy (&header, bytes + head, sizeof header);
  if (memcmp (header.model, model, DIGEST) || header.n != n || size != head + sizeof header + n * sizeof (gfloat))
    return "is of another model, other columns, or another way to adapt";
  state = g_memdup2 (bytes + head + sizeof header, n * sizeof (gfloat));
  if (header.pushed > header.count || header.told > header.count || !rnn_forecaster_set_state (self->forecaster, state))
    return "is damaged";
  take_header (self, &header, moves);
  return NULL;
}

static void
load (GstRnnForecast *self, const gchar *path, gboolean moves)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) file = rnn_file_map (path, &error);
  const gchar *bytes, *fault;
  gsize size;

  if (!file) {
    if (!g_error_matches (error, RNN_ERROR, RNN_ERROR_NOT_FOUND))       /* the first start */
      GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s; starting anew", error->message), (NULL));
    return;
  }
  bytes = g_bytes_get_data (file, &size);
  fault = take_state (self, bytes, size, moves);
  if (!fault)
    return;
  gst_rnn_forecast_forget (self);
  GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s: %s; starting anew", path, fault), (NULL));
}

void
gst_rnn_forecast_load_state (GstRnnForecast *self)
{
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->state_file);
  GST_OBJECT_UNLOCK (self);
  if (path)
    load (self, path, FALSE);
}

/* ---- in hand ---- */

static gchar *
take_path (GstRnnForecast *self, gchar **wanted)
{
  gchar *path;

  GST_OBJECT_LOCK (self);
  path = g_steal_pointer (wanted);
  GST_OBJECT_UNLOCK (self);
  return path;
}

static void
want (GstRnnForecast *self, gchar **wanted, const gchar *path)
{
  GST_OBJECT_LOCK (self);
  g_free (*wanted);
  *wanted = g_strdup (path);
  GST_OBJECT_UNLOCK (self);
}

void
gst_rnn_forecast_save_if_wanted (GstRnnForecast *self)
{
  g_autofree gchar *path = self->forecaster ? take_path (self, &self->save_wanted) : NULL;

  if (path)
    save (self, path);
}

void
gst_rnn_forecast_load_if_wanted (GstRnnForecast *self)
{
  g_autofree gchar *path = self->forecaster ? take_path (self, &self->load_wanted) : NULL;

  if (path)
    load (self, path, TRUE);
}

/* At once, or if a buffer is under way behind it. */
static void
save_signal (GstRnnForecast *self, const gchar *path)
{
  want (self, &self->save_wanted, path);
  if (!GST_PAD_STREAM_TRYLOCK (self->sinkpad))
    return;
  gst_rnn_forecast_save_if_wanted (self);
  GST_PAD_STREAM_UNLOCK (self->sinkpad);
}

/* Before the next buffer. */
static void
load_signal (GstRnnForecast *self, const gchar *path)
{
  want (self, &self->load_wanted, path);
}

void
gst_rnn_forecast_install_signals (GObjectClass *klass)
{
  g_signal_new_class_handler ("save-state", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (save_signal), NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_signal_new_class_handler ("load-state", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (load_signal), NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}
