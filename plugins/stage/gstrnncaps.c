/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* other/tensors caps: written in the short form of `dimensions`, read in any. */
#include "gstrnncaps.h"

GstCaps *
gst_rnn_tensors_to_caps (const GstRnnTensors *tensors, const gchar *kind, const gchar *model)
{
  g_autofree gchar *dimensions = g_strdup_printf ("%d:1", tensors->n);
  GstCaps *caps = gst_caps_new_simple ("other/tensors",
      "format", G_TYPE_STRING, "static",
      "num_tensors", G_TYPE_INT, 1,
      "types", G_TYPE_STRING, "float32",
      "dimensions", G_TYPE_STRING, dimensions,
      "framerate", GST_TYPE_FRACTION, tensors->fps_n, tensors->fps_d, NULL);

  if (kind)
    gst_caps_set_simple (caps, "rnn-kind", G_TYPE_STRING, kind, NULL);
  if (model)
    gst_caps_set_simple (caps, "rnn-model", G_TYPE_STRING, model, NULL);
  return caps;
}

/* "N", "N:1", "N:1:1:1": N floats; 0 for anything else */
static gint
parse_dimensions (const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  guint64 n;
  guint i;

  if (!parts[0] || !g_ascii_string_to_unsigned (parts[0], 10, 1, G_MAXINT / sizeof (gfloat), &n, NULL))
    return 0;
  for (i = 1; parts[i]; i++) {
    if (!g_str_equal (parts[i], "1"))
      return 0;
  }
  return (gint) n;
}

gboolean
gst_rnn_tensors_from_caps (GstRnnTensors *tensors, const GstCaps *caps, GError **error)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *dimensions = gst_structure_get_string (s, "dimensions");

  tensors->n = dimensions ? parse_dimensions (dimensions) : 0;
  if (tensors->n == 0) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
        "dimensions=%s: one vector of N floats per buffer is needed, as in \"80:1\"",
        dimensions ? dimensions : "(none)");
    return FALSE;
  }
  if (!gst_structure_get_fraction (s, "framerate", &tensors->fps_n, &tensors->fps_d)) {
    tensors->fps_n = 0;
    tensors->fps_d = 1;
  }
  return TRUE;
}
