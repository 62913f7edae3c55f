/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of a forecast over a restart.
 *
 * File: "rnnforecast 1\n", a SHA-256 of all that follows, then the model's fingerprint (SHA-256 of its recipe, weights are those
 * of its file), time of the last value, number of floats, the floats.  Written aside and renamed, so what is there is whole. */
#include "gstrnnforecast-private.h"
#include <stdlib.h>
#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (rnn_forecast_debug);
#define GST_CAT_DEFAULT rnn_forecast_debug

#define MAGIC "rnnforecast 1\n"
#define DIGEST 64               /* characters */

typedef struct {
  gchar model[DIGEST];
  gint64 time;
  guint64 n;
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

void
gst_rnn_forecast_save_state (GstRnnForecast *self)
{
  gsize n = self->forecaster ? rnn_forecaster_get_state_size (self->forecaster) : 0;
  g_autofree gchar *path = NULL, *model = NULL, *digest = NULL;
  g_autoptr (GByteArray) body = g_byte_array_new (), file = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  Header header = { .n = n };

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->state_file);
  GST_OBJECT_UNLOCK (self);
  self->saved = g_get_monotonic_time ();
  if (!path || n == 0 || self->count == 0)
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

/* Of the value after the state's last one; NONE where the stream begins after it, or nobody knows. */
static GstClockTime
next_pts (GstRnnForecast *self)
{
  gint64 time = self->resume == RNN_TIME_NONE || self->series.start == RNN_TIME_NONE ? RNN_TIME_NONE
      : rnn_time_step_add (&self->series.step, self->resume, 1);

  return time == RNN_TIME_NONE || time < self->series.start ? GST_CLOCK_TIME_NONE : (GstClockTime) (time - self->series.start);
}

/* NULL: it fits, and is taken. */
static const gchar *
take_state (GstRnnForecast *self, const gchar *bytes, gsize size)
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
  if (!rnn_forecaster_set_state (self->forecaster, state))
    return "is damaged";
  self->resume = header.time;
  self->next = next_pts (self);
  self->untold_state = TRUE;
  return NULL;
}

void
gst_rnn_forecast_load_state (GstRnnForecast *self)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) file = NULL;
  const gchar *bytes, *fault;
  gsize size;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->state_file);
  GST_OBJECT_UNLOCK (self);
  if (!path)
    return;
  if (!(file = rnn_file_map (path, &error))) {
    if (!g_error_matches (error, RNN_ERROR, RNN_ERROR_NOT_FOUND))       /* the first start */
      GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s; starting anew", error->message), (NULL));
    return;
  }
  bytes = g_bytes_get_data (file, &size);
  fault = take_state (self, bytes, size);
  if (fault)
    GST_ELEMENT_WARNING (self, RESOURCE, READ, ("%s: %s; starting anew", path, fault), (NULL));
}
