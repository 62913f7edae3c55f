/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Read once for all sources of a build without tests.  Builds with tests compile every file as it stands. */
#include <glib.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
