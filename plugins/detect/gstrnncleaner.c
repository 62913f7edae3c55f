/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*   samples --+----------------------------------------------> dry --+
 *             |                                                      mix -> out
 *             +-> to the model's rate -> denoiser -> and back -> wet --+
 *
 * Wet and dry are of the same times, so a strength of 0 gives the samples that came, bit for bit.  At the model's own rate there is the
 * denoiser alone, which mixes, too. */
#include "gstrnncleaner.h"
#include <string.h>

#define MOST (1 << 20)          /* samples that wait */
#define SILENCE 64              /* samples at once, behind the end */

struct _GstRnnCleaner {
  RnnDenoiser *denoiser;
  gint rate, model_rate;
  gfloat strength;
  GstRnnResampler *there, *back;        /* NULL: the rates are one */
  GArray *inside, *cleaned;     /* gfloat, scratch: at the model's rate */
  GArray *dry, *wet;            /* gfloat: what waits for the other */
};

GstRnnCleaner *
gst_rnn_cleaner_new (RnnDenoiser *denoiser)
{
  GstRnnCleaner *c = g_new0 (GstRnnCleaner, 1);

  c->denoiser = denoiser;
  c->rate = c->model_rate = rnn_denoiser_get_rate (denoiser);
  c->strength = 1;
  c->inside = g_array_new (FALSE, FALSE, sizeof (gfloat));
  c->cleaned = g_array_new (FALSE, FALSE, sizeof (gfloat));
  c->dry = g_array_new (FALSE, FALSE, sizeof (gfloat));
  c->wet = g_array_new (FALSE, FALSE, sizeof (gfloat));
  return c;
}

void
gst_rnn_cleaner_set_rate (GstRnnCleaner *c, gint rate)
{
  g_clear_pointer (&c->there, gst_rnn_resampler_free);
  g_clear_pointer (&c->back, gst_rnn_resampler_free);
  c->rate = rate;
  if (rate != c->model_rate) {
    c->there = gst_rnn_resampler_new (rate, c->model_rate);
    c->back = gst_rnn_resampler_new (c->model_rate, rate);
  }
  gst_rnn_cleaner_set_strength (c, c->strength);
  gst_rnn_cleaner_reset (c);
}

gint
gst_rnn_cleaner_get_model_rate (GstRnnCleaner *c)
{
  return c->model_rate;
}

void
gst_rnn_cleaner_free (GstRnnCleaner *c)
{
  if (!c)
    return;
  rnn_denoiser_free (c->denoiser);
  gst_rnn_resampler_free (c->there);
  gst_rnn_resampler_free (c->back);
  g_array_unref (c->inside);
  g_array_unref (c->cleaned);
  g_array_unref (c->dry);
  g_array_unref (c->wet);
  g_free (c);
}

void
gst_rnn_cleaner_reset (GstRnnCleaner *c)
{
  rnn_denoiser_reset (c->denoiser);
  g_array_set_size (c->dry, 0);
  g_array_set_size (c->wet, 0);
  if (!c->there)
    return;
  gst_rnn_resampler_reset (c->there);
  gst_rnn_resampler_reset (c->back);
}

guint
gst_rnn_cleaner_get_delay (GstRnnCleaner *c)
{
  guint inside = rnn_denoiser_get_delay (c->denoiser);

  if (!c->there)
    return inside;
  inside += gst_rnn_resampler_get_delay (c->back);
  return gst_rnn_resampler_get_delay (c->there) + (guint) gst_util_uint64_scale_int_ceil (inside, c->rate, c->model_rate);
}

void
gst_rnn_cleaner_set_strength (GstRnnCleaner *c, gfloat strength)
{
  c->strength = CLAMP (strength, 0, 1);
  rnn_denoiser_set_strength (c->denoiser, c->there ? 1 : c->strength);
}

/* ---- at another rate ---- */

/* What the denoiser has made of it, back at the stream's rate; @ends: all that it still owes. */
static void
clean (GstRnnCleaner *c, const gfloat *samples, gsize n, gboolean ends)
{
  gsize made;

  g_array_set_size (c->inside, 0);
  gst_rnn_resampler_push (c->there, samples, n, c->inside);
  g_array_set_size (c->cleaned, c->inside->len + 2 * rnn_denoiser_get_delay (c->denoiser));
  made = rnn_denoiser_push (c->denoiser, (const gfloat *) (gpointer) c->inside->data, c->inside->len, (gfloat *) (gpointer) c->cleaned->data);
  if (ends)
    made += rnn_denoiser_finish (c->denoiser, &g_array_index (c->cleaned, gfloat, made));
  gst_rnn_resampler_push (c->back, (const gfloat *) (gpointer) c->cleaned->data, made, c->wet);
}

/* What is there of both. */
static gsize
mix (GstRnnCleaner *c, gfloat *out)
{
  const gfloat *dry = (const gfloat *) (gpointer) c->dry->data, *wet = (const gfloat *) (gpointer) c->wet->data;
  guint n = MIN (c->dry->len, c->wet->len);

  for (guint i = 0; i < n; i++)
    out[i] = c->strength > 0 ? dry[i] + c->strength * (wet[i] - dry[i]) : dry[i];
  if (n > 0) {
    g_array_remove_range (c->dry, 0, n);
    g_array_remove_range (c->wet, 0, n);
  }
  return n;
}

gsize
gst_rnn_cleaner_push (GstRnnCleaner *c, const gfloat *samples, gsize n, gfloat *out)
{
  if (!c->there)
    return rnn_denoiser_push (c->denoiser, samples, n, out);
  g_array_append_vals (c->dry, samples, (guint) n);
  clean (c, samples, n, FALSE);
  return mix (c, out);
}

gsize
gst_rnn_cleaner_finish (GstRnnCleaner *c, gfloat *out)
{
  static const gfloat silence[SILENCE] = { 0 };
  guint delay;
  gsize given;

  if (!c->there)
    return rnn_denoiser_finish (c->denoiser, out);
  delay = gst_rnn_resampler_get_delay (c->there);
  for (guint done = 0; done < delay; done += SILENCE)
    clean (c, silence, SILENCE, done + SILENCE >= delay);
  while (c->wet->len < c->dry->len)
    gst_rnn_resampler_push (c->back, silence, SILENCE, c->wet);
  given = mix (c, out);
  gst_rnn_cleaner_reset (c);
  return given;
}

void
gst_rnn_cleaner_keep (GstRnnCleaner *c, RnnKeep *keep)
{
  rnn_denoiser_keep (c->denoiser, keep);
  rnn_keep_same (keep, c->there != NULL);
  if (!c->there)
    return;
  gst_rnn_resampler_keep (c->there, keep);
  gst_rnn_resampler_keep (c->back, keep);
  rnn_keep_array (keep, c->dry, MOST);
  rnn_keep_array (keep, c->wet, MOST);
  if (keep->failed && !keep->to)
    gst_rnn_cleaner_reset (c);
}
