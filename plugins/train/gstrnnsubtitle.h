/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms in which a container's subtitle track has its texts. */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_RNN_SUBTITLE_CAPS "text/x-raw, format = (string) { utf8, pango-markup }; application/x-ass; application/x-ssa; " \
    "application/x-subtitle-vtt; application/x-subtitle-unknown"

typedef struct {
  const gchar *caps;            /* their name */
  gchar *(*read) (const gchar *bytes, gsize n);         /* the text of one buffer (transfer full) */
} GstRnnSubtitle;

/* That of @caps, which is one of the above. */
const GstRnnSubtitle *gst_rnn_subtitle_find (const GstCaps *caps);

G_END_DECLS
