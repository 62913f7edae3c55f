/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties made of the library's option rows: "word_silence" becomes word-silence, with the row's range, default and
 * words. */
#pragma once
#include <gst/gst.h>
#include <rnncore/base/options.h>

G_BEGIN_DECLS

/* Installs row i as property @first_id + i; returns the next id.  @mutability: of all rows, GST_PARAM_MUTABLE_... */
guint gst_rnn_options_install (GObjectClass *klass, const RnnOption *options, guint first_id, GParamFlags mutability);

/* The field of row @i.  The caller holds whatever protects @instance. */
void  gst_rnn_options_set (const RnnOption *options, guint i, gpointer instance, const GValue *value);
void  gst_rnn_options_get (const RnnOption *options, guint i, gconstpointer instance, GValue *value);

G_END_DECLS
