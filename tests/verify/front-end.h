/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the feature runners share: the wave that a case names, and frames made of it. */
#pragma once
#include "case.h"
#include "features/features-options.h"

G_BEGIN_DECLS

typedef struct {
  Case *file;
  gfloat *samples;              /* [n] of +-1 */
  guint n;
  gfloat rate;
} Wave;

gboolean wave_open (const Case *c, Wave *wave, GError **error);
void     wave_close (Wave *wave);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wave, wave_close)

typedef struct {
  gfloat *x;                    /* [n][dim] */
  guint n, dim;
} Frames;

gboolean frames_make (Frames *frames, const RnnFeatureConfig *config, const Wave *wave, GError **error);
void     frames_clear (Frames *frames);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Frames, frames_clear)

/* features-stages.c */
gboolean features_run_normalised (Case *c, GError **error);
gboolean features_run_mel (Case *c, GError **error);
gboolean features_run_whisper (Case *c, GError **error);
gboolean features_run_pcen (Case *c, GError **error);

G_END_DECLS
