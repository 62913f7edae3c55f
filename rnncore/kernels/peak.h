/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do, for `rnncore bench`: loops that do nothing but read, or multiply and add.  No part of the
 * library. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *name;            /* of the row of the kernel table whose instructions these are */
  void    (*read) (gconstpointer buffer, gsize bytes);  /* bytes: a multiple of 1024 */
  /* The fastest that multiply weights of so many bytes; return how many multiplications and additions that was. */
  gdouble (*multiply_float) (void);     /* 4 */
  gdouble (*multiply_bf16) (void);      /* 2 */
  gdouble (*multiply_bytes) (void);     /* 1 */
} RnnPeak;

G_END_DECLS
