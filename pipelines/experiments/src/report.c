/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The result of an application, for people or for programs. */
#include "experiment.h"
#include <stdio.h>

static void
print_figures (const json_t *figures)
{
  const gchar *key;
  json_t *value;

  json_object_foreach ((json_t *) figures, key, value) {
    g_autofree gchar *text = json_dumps (value, JSON_ENCODE_ANY | JSON_REAL_PRECISION (5));

    printf ("%s: %s\n", key, text);
  }
}

void
report (const Setting *setting, const gchar *name, json_t *figures)
{
  json_t *all = json_pack ("{sssi}", "application", name, "seed", setting->seed);

  json_object_update (all, figures);
  json_decref (figures);
  if (setting->json) {
    g_autofree gchar *line = json_dumps (all, JSON_COMPACT | JSON_REAL_PRECISION (5));

    printf ("%s\n", line);
  } else {
    print_figures (all);
  }
  fflush (stdout);
  json_decref (all);
}
