/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As rnncore/pch/rnncore-pch.h */
#include <gst/audio/audio.h>
#include <gst/base/base.h>
#include <gst/gst.h>
#include <rnncore/rnn.h>
#include <math.h>
#include <string.h>
