/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnscope: sound, what a model makes of it, and its words, as a picture that scrolls. */
#pragma once
#include <gst/pbutils/gstaudiovisualizer.h>

G_BEGIN_DECLS

#define GST_TYPE_RNN_SCOPE (gst_rnn_scope_get_type ())
GType gst_rnn_scope_get_type (void);
GST_ELEMENT_REGISTER_DECLARE (rnnscope);

G_END_DECLS
