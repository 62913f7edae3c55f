/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_FEATURES (gst_rnn_features_get_type ())
GType gst_rnn_features_get_type (void);
/* Own properties; also for the bin that proxies them. */
void gst_rnn_features_install_properties (GObjectClass *klass);
/* vad-model and what belongs to it; also for the bin that proxies them */
void gst_rnn_features_install_gate (GObjectClass *klass, guint first_id);
GST_ELEMENT_REGISTER_DECLARE (rnnfeatures);

G_END_DECLS
