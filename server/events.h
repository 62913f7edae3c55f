/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captions as server-sent events, to one browser. */
#pragma once
#include <libsoup/soup.h>
#include "hub.h"

/* Answers @msg with what @hub remembers and all that will come. */
void events_send (SoupServerMessage *msg, Hub *hub);
