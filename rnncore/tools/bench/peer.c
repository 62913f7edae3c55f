/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the module of the peer, from beside the tool (a build directory) or from where it is installed, as seen from there. */
#include "bench.h"
#include <dlfcn.h>

#ifdef BENCH_PEER_MODULE

static void *
open_module (void)
{
  static const gchar *const places[] = { ".", BENCH_PEER_FOLDER };
  g_autofree gchar *tool = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree gchar *folder = tool ? g_path_get_dirname (tool) : NULL;
  void *module = NULL;

  for (guint i = 0; folder && !module && i < G_N_ELEMENTS (places); i++) {
    g_autofree gchar *path = g_build_filename (folder, places[i], BENCH_PEER_MODULE, NULL);

    module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  }
  return module;
}

const BenchPeer *
bench_peer_load (const BenchSettings *settings)
{
  g_autofree gchar *threads = g_strdup_printf ("%d", settings->threads);
  void *module;

  g_setenv ("OMP_NUM_THREADS", threads, TRUE);  /* read once, when OpenMP is loaded */
  module = open_module ();
  return module ? dlsym (module, BENCH_PEER_SYMBOL) : NULL;
}

#else

const BenchPeer *
bench_peer_load (const BenchSettings *settings)
{
  return NULL;
}

#endif
