/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of librnncore that are loaded only when they are needed, because of the libraries that they need. */
#pragma once
#include <gmodule.h>

G_BEGIN_DECLS

/* Looks where a build directory or an installation has the module: beside librnncore or, of a program that has the library within,
 * beside that.  NULL: it is not there, or cannot be loaded, as g_module_error() tells. */
GModule *rnn_module_open (const gchar *file, GModuleFlags flags);

G_END_DECLS
