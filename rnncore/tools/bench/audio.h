/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio for `rnncore bench pipeline`. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Mono 16 bit samples of a WAV file, or of one without header whose name ends in .raw or .pcm; at least @min_samples of
 * @rate Hz. */
gfloat *bench_audio_load (const gchar *path, gint rate, gsize min_samples, gsize *n, GError **error);
/* Noise that comes and goes as syllables do, with a spectrum that falls as that of speech. */
gfloat *bench_audio_make (gint rate, gsize n_samples, gsize *n);

G_END_DECLS
