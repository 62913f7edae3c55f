/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin: which elements there are.  The licence follows the FFT library (see meson_options.txt). */
#include <gst/gst.h>
#include "forecast/gstrnncsvenc.h"
#include "forecast/gstrnncsvparse.h"
#include "forecast/gstrnnforecast.h"
#include "gstrnnclassify.h"
#include "gstrnncorpussrc.h"
#include "gstrnnctcdec.h"
#include "gstrnndenoise.h"
#include "gstrnnfeatures.h"
#include "gstrnnscope.h"
#include "gstrnninfer.h"
#include "gstrnntrainer.h"
#include "gstrnntranscriber.h"
#include "video/gstrnnvideo.h"
#include "gstrnnvad.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean ok = FALSE;

  ok |= GST_ELEMENT_REGISTER (rnnfeatures, plugin);
  ok |= GST_ELEMENT_REGISTER (rnninfer, plugin);
  ok |= GST_ELEMENT_REGISTER (rnnctcdec, plugin);
  ok |= GST_ELEMENT_REGISTER (rnntranscriber, plugin);
  ok |= GST_ELEMENT_REGISTER (rnnscope, plugin);
  ok |= GST_ELEMENT_REGISTER (rnncorpussrc, plugin);
  ok |= GST_ELEMENT_REGISTER (rnntrainer, plugin);
  ok |= GST_ELEMENT_REGISTER (rnnvad, plugin);
  ok |= GST_ELEMENT_REGISTER (rnnclassify, plugin);
  ok |= GST_ELEMENT_REGISTER (rnndenoise, plugin);
  ok |= GST_ELEMENT_REGISTER (rnncsvparse, plugin);
  ok |= GST_ELEMENT_REGISTER (rnncsvenc, plugin);
  ok |= GST_ELEMENT_REGISTER (rnnforecast, plugin);
  ok |= GST_ELEMENT_REGISTER (rnnvideo, plugin);
  return ok;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, rnn, "Streaming recurrent networks", plugin_init, VERSION,
    GST_LICENSE, "gst-rnn", "Unknown package origin")
