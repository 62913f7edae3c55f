/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstAudioResampler does not show its state, but that follows from what came last: as many samples as its filter is long, heard again from
 * where one period of the two rates begins (6 samples at 48 kHz are one at 8 kHz), bring a new one to the same bits. */
#include "gstrnnresampler.h"

#define MOST 65536              /* samples that are kept */

struct _GstRnnResampler {
  GstAudioResampler *resampler;
  gint from, to;
  guint memory;                 /* samples that its state follows from: whole periods */
  GArray *last;                 /* gfloat: the last `memory` of them and some more, from the start of a period on */
};

static guint
period (gint from, gint to)
{
  return (guint) (from / gst_util_greatest_common_divisor (from, to));
}

/* Its whole table: between two entries nothing is interpolated, so phases are exact. */
static GstAudioResampler *
make (gint from, gint to)
{
  GstStructure *options = gst_structure_new ("options", GST_AUDIO_RESAMPLER_OPT_FILTER_MODE, GST_TYPE_AUDIO_RESAMPLER_FILTER_MODE,
      GST_AUDIO_RESAMPLER_FILTER_MODE_FULL, NULL);
  GstAudioResampler *resampler;

  gst_audio_resampler_options_set_quality (GST_AUDIO_RESAMPLER_METHOD_KAISER, GST_AUDIO_RESAMPLER_QUALITY_DEFAULT, from, to, options);
  resampler = gst_audio_resampler_new (GST_AUDIO_RESAMPLER_METHOD_KAISER, GST_AUDIO_RESAMPLER_FLAG_NONE, GST_AUDIO_FORMAT_F32, 1, from, to,
      options);
  gst_structure_free (options);
  return resampler;
}

GstRnnResampler *
gst_rnn_resampler_new (gint from, gint to)
{
  GstRnnResampler *r = g_new0 (GstRnnResampler, 1);
  guint whole = period (from, to);

  r->from = from;
  r->to = to;
  r->resampler = make (from, to);
  r->memory = ((guint) gst_audio_resampler_get_max_latency (r->resampler) * 2 / whole + 2) * whole;
  r->last = g_array_new (FALSE, FALSE, sizeof (gfloat));
  gst_rnn_resampler_reset (r);
  return r;
}

void
gst_rnn_resampler_free (GstRnnResampler *r)
{
  if (!r)
    return;
  gst_audio_resampler_free (r->resampler);
  g_array_unref (r->last);
  g_free (r);
}

void
gst_rnn_resampler_reset (GstRnnResampler *r)
{
  gst_audio_resampler_reset (r->resampler);
  g_array_set_size (r->last, 0);
}

guint
gst_rnn_resampler_get_delay (GstRnnResampler *r)
{
  return (guint) gst_audio_resampler_get_max_latency (r->resampler) + period (r->from, r->to);
}

static void
run (GstRnnResampler *r, const gfloat *samples, gsize n, GArray *out)
{
  gsize made = gst_audio_resampler_get_out_frames (r->resampler, n);
  guint before = out->len;
  gpointer from[1] = { (gpointer) samples }, to[1];

  g_array_set_size (out, before + (guint) made);
  to[0] = &g_array_index (out, gfloat, before);
  gst_audio_resampler_resample (r->resampler, from, n, to, made);
}

void
gst_rnn_resampler_push (GstRnnResampler *r, const gfloat *samples, gsize n, GArray *out)
{
  if (n == 0)
    return;
  run (r, samples, n, out);
  g_array_append_vals (r->last, samples, (guint) n);
  if (r->last->len >= 2 * r->memory)
    g_array_remove_range (r->last, 0, (r->last->len / r->memory - 1) * r->memory);
}

void
gst_rnn_resampler_keep (GstRnnResampler *r, RnnKeep *keep)
{
  g_autoptr (GArray) unheard = g_array_new (FALSE, FALSE, sizeof (gfloat));

  rnn_keep_same (keep, (guint64) r->from);
  rnn_keep_same (keep, (guint64) r->to);
  rnn_keep_array (keep, r->last, MOST);
  if (keep->to)
    return;
  gst_audio_resampler_reset (r->resampler);
  if (!keep->failed && r->last->len > 0)
    run (r, (const gfloat *) (gpointer) r->last->data, r->last->len, unheard);
}
