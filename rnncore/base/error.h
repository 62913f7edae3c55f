/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one error domain of librnncore.  Every failing call sets a message that
 * names the file (or layer, or option) and the reason. */
#pragma once
#include "api.h"

RNN_API_BEGIN

#define RNN_ERROR (rnn_error_quark ())
GQuark rnn_error_quark (void);

typedef enum {
  RNN_ERROR_NOT_FOUND,          /* a file, cell, sub-command or token does not exist */
  RNN_ERROR_FORMAT,             /* bytes are not what the format says */
  RNN_ERROR_LIMIT,              /* well-formed, but larger than a stated limit */
  RNN_ERROR_OPTION,             /* an option is unknown, ill-typed or out of range */
  RNN_ERROR_SHAPE,              /* tensors or layers do not fit together */
  RNN_ERROR_UNSUPPORTED,        /* valid, but this build cannot do it */
  RNN_ERROR_IO,                 /* the system refused to read or write */
} RnnError;

RNN_API_END
