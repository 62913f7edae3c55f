/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a fuzz target defines: a function that takes any bytes and returns 0.  With -Dfuzz=true (clang) libFuzzer calls
 * it; otherwise replay.c feeds it the files of its corpus. */
#pragma once
#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize n);
