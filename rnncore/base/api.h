/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the shared library shows: the declarations between these two lines, which every installed header has in place of
 * G_BEGIN_DECLS and G_END_DECLS, and no other.  The library is compiled with -fvisibility=hidden, so a header without
 * them is private, as is whatever it declares. */
#pragma once
#include <glib.h>

#define RNN_API_BEGIN G_BEGIN_DECLS _Pragma ("GCC visibility push(default)")
#define RNN_API_END _Pragma ("GCC visibility pop") G_END_DECLS
