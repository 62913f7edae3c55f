/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads the module of the peer, from beside the tool (a build directory) or from where it is installed. */
#include "bench.h"
#include <dlfcn.h>

#ifdef BENCH_PEER_MODULE

/* (transfer full), or NULL */
static gchar *
module_beside_tool (void)
{
  g_autofree gchar *tool = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree gchar *folder = tool ? g_path_get_dirname (tool) : NULL;

  return folder ? g_build_filename (folder, BENCH_PEER_MODULE, NULL) : NULL;
}

const BenchPeer *
bench_peer_load (const BenchSettings *settings)
{
  g_autofree gchar *threads = g_strdup_printf ("%d", settings->threads);
  g_autofree gchar *beside = module_beside_tool ();
  void *module = NULL;

  g_setenv ("OMP_NUM_THREADS", threads, TRUE);  /* read once, when OpenMP is loaded */
  if (beside)
    module = dlopen (beside, RTLD_NOW | RTLD_LOCAL);
  if (!module)
    module = dlopen (BENCH_PEER_FOLDER "/" BENCH_PEER_MODULE, RTLD_NOW | RTLD_LOCAL);
  return module ? dlsym (module, BENCH_PEER_SYMBOL) : NULL;
}

#else

const BenchPeer *
bench_peer_load (const BenchSettings *settings)
{
  return NULL;
}

#endif
