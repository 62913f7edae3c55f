/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modules, found relative to this code. */
#include "module.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* The folder of the shared object or program that this code is in.  Of a program dladdr only knows how it was called, which is a
 * bare name when it was found by PATH. */
static gchar *
here (void)
{
  g_autofree gchar *file = NULL;
  Dl_info info;
  char *real;

  if (!dladdr ((gpointer) rnn_module_open, &info))
    return NULL;
  real = realpath (strchr (info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe", NULL);
  file = g_strdup (real);
  free (real);
  return file ? g_path_get_dirname (file) : NULL;
}

GModule *
rnn_module_open (const gchar *file, GModuleFlags flags)
{
  static const gchar *const places[] = { ".", "rnncore", "..", "../rnncore", "../" RNN_LIBDIR "/rnncore" };
  g_autofree gchar *folder = here ();
  GModule *module = NULL;

  for (guint i = 0; folder && !module && i < G_N_ELEMENTS (places); i++) {
    g_autofree gchar *path = g_build_filename (folder, places[i], file, NULL);

    module = g_module_open (path, flags);
  }
  return module;
}
