/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <gst/gst.h>

GType gst_rnn_video_get_type (void);
GST_ELEMENT_REGISTER_DECLARE (rnnvideo)
