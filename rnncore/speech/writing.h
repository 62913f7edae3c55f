/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How words are written: with marks and capitals by a tagger of words, and with figures, dates, times and money as such
 * (text/written.h), each if it is asked for. */
#pragma once
#include "../base/options.h"

RNN_API_BEGIN

typedef struct {
  gchar *punctuate_model;       /* file of a tagger; NULL: words stay as they are */
  gboolean written;             /* figures and the like */
} RnnWriterConfig;

extern const RnnOption rnn_writer_options[];

RNN_API_END
