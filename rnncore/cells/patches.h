/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The neighbourhood of each pixel as a row, so that a convolution is a product (im2col).  Outside the image there are
 * zeros. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint channels, height, width;
  gint kernel;                  /* odd: the neighbourhood is kernel x kernel */
  gsize channel, pixel;         /* strides: value (c, p) is image[c * channel + p * pixel] */
} RnnPatches;

/* Floats of one pixel's row, [channels][kernel][kernel]: the order of PyTorch's weights. */
gint rnn_patches_row (const RnnPatches *p);
/* rows[height * width][...] from an image; and an image that gets back, added, what its rows' gradients are. */
void rnn_patches_gather  (const RnnPatches *p, const gfloat *image, gfloat *rows);
void rnn_patches_scatter (const RnnPatches *p, const gfloat *rows, gfloat *image);

G_END_DECLS
