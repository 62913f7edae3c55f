/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What streams with the same features share: window, mel bands and DCT. */
#pragma once
#include "mel.h"
#include "mfcc.h"
#include "window.h"

G_BEGIN_DECLS

typedef struct {
  RnnFeatureConfig config;      /* fields of 4 bytes all, so memcmp sees no padding */
  guint n_users;
  RnnWindow *window;
  RnnMel *mel;
  RnnMfcc *mfcc;                /* NULL: no MFCC */
} RnnTables;

/* For FFTs of length @n_fft, which follows from @config. */
RnnTables *rnn_tables_get (const RnnFeatureConfig *config, guint n_fft, GError **error);
void rnn_tables_drop (RnnTables *tables);

G_END_DECLS
