/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The neighbourhood of each pixel as a row. */
#include "patches.h"

gint
rnn_patches_row (const RnnPatches *p)
{
  return p->channels * p->kernel * p->kernel;
}

/* Offset in the image of neighbour k of pixel (y, x), or -1: outside. */
static gssize
neighbour (const RnnPatches *p, gint y, gint x, gint k)
{
  gint reach = p->kernel / 2;

  y += k / p->kernel - reach;
  x += k % p->kernel - reach;
  return y >= 0 && y < p->height && x >= 0 && x < p->width ? (gssize) ((gsize) (y * p->width + x) * p->pixel) : -1;
}

void
rnn_patches_gather (const RnnPatches *p, const gfloat *image, gfloat *rows)
{
  gint size = p->kernel * p->kernel;

  for (gint y = 0; y < p->height; y++)
    for (gint x = 0; x < p->width; x++, rows += rnn_patches_row (p))
      for (gint k = 0; k < size; k++) {
        gssize at = neighbour (p, y, x, k);

        for (gint c = 0; c < p->channels; c++)
          rows[c * size + k] = at < 0 ? 0 : image[c * p->channel + at];
      }
}

void
rnn_patches_scatter (const RnnPatches *p, const gfloat *rows, gfloat *image)
{
  gint size = p->kernel * p->kernel;

  for (gint y = 0; y < p->height; y++)
    for (gint x = 0; x < p->width; x++, rows += rnn_patches_row (p))
      for (gint k = 0; k < size; k++) {
        gssize at = neighbour (p, y, x, k);

        for (gint c = 0; at >= 0 && c < p->channels; c++)
          image[c * p->channel + at] += rows[c * size + k];
      }
}
