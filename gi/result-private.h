/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A result of the library as one that may be kept. */
#pragma once
#include "rnn-gi.h"
#include <rnn.h>

G_GNUC_INTERNAL RnnGiResult *rnn_gi_result_new (const RnnResult *from);
