/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of tab-separated values, on the terminal and in a file; rows can be read as soon as they are there. */
#include "experiment.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct _Table {
  FILE *file;
};

Table *
table_new (const Setting *setting, const gchar *name, const gchar *columns, GError **error)
{
  g_autofree gchar *base = g_strconcat (name, ".tsv", NULL), *path = g_build_filename (setting->out, base, NULL);
  FILE *file = fopen (path, "w");
  Table *table;

  if (!file) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  table = g_new (Table, 1);
  table->file = file;
  table_row (table, "%s", columns);
  return table;
}

void
table_row (Table *table, const gchar *format, ...)
{
  va_list arguments;
  g_autofree gchar *row = NULL;

  va_start (arguments, format);
  row = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fprintf (table->file, "%s\n", row);
  fflush (table->file);
  printf ("%s\n", row);
  fflush (stdout);
}

void
table_free (Table *table)
{
  if (!table)
    return;
  fclose (table->file);
  g_free (table);
}
