/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Corpus manifests: UTF-8 lines `path<TAB>speaker<TAB>text` or `path<TAB>text`, paths absolute or relative to the
 * manifest.  Blank lines and lines that begin with '#' do not count.  Speaker and text may be empty, the path may
 * not. */
#pragma once
#include "api.h"

RNN_API_BEGIN

typedef struct {
  gchar *given;                 /* the path as the line has it */
  gchar *path;                  /* the same, seen from the working directory */
  gchar *speaker;               /* "": unknown */
  gchar *text;
  guint line;                   /* from 1 */
} RnnManifestRow;

/* All rows (transfer full, of RnnManifestRow).  A line that is not as above is an error "file:line: reason"; whether the
 * files exist is not looked at. */
GPtrArray *rnn_manifest_load (const gchar *path, GError **error);
/* The same from @n bytes of text; @where stands for the manifest's path. */
GPtrArray *rnn_manifest_parse (const gchar *text, gsize n, const gchar *where, GError **error);

RNN_API_END
