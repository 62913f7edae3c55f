/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of librnncore. */
#include "error.h"

G_DEFINE_QUARK (rnn-error-quark, rnn_error)
