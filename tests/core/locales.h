/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other people's locales, for tests: those of the machine, or made by localedef in a folder of the test's own. */
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>

static const gchar *const test_locale_names[] = { "C", "tr_TR.UTF-8", "de_DE.UTF-8", NULL };
static gchar *test_locale_folder;

/* All at once, before anybody looks: the C library remembers what it did not find. */
static inline void
test_locale_make (void)
{
  test_locale_folder = g_dir_make_tmp ("rnn-locales-XXXXXX", NULL);
  for (guint i = 1; test_locale_names[i]; i++) {
    g_autofree gchar *command = g_strdup_printf ("localedef -i %.5s -f UTF-8 %s/%s > /dev/null 2>&1", test_locale_names[i],
        test_locale_folder, test_locale_names[i]);

    if (system (command) == -1)
      g_test_message ("localedef cannot be called");
  }
  g_setenv ("LOCPATH", test_locale_folder, TRUE);
}

/* FALSE, and a word about it, when there is no such locale and nothing to make it of. */
static inline gboolean
test_locale_enter (const gchar *name)
{
  if (setlocale (LC_ALL, name))
    return TRUE;
  if (!test_locale_folder)
    test_locale_make ();
  if (setlocale (LC_ALL, name))
    return TRUE;
  g_test_message ("locale %s is missing: not tested", name);
  return FALSE;
}

static inline void
test_locale_leave (void)
{
  g_autofree gchar *command = g_strdup_printf ("rm -rf '%s'", test_locale_folder ? test_locale_folder : "/nonexistent");

  setlocale (LC_ALL, "C");
  if (test_locale_folder && system (command) != 0)
    g_test_message ("%s stays", test_locale_folder);
  g_clear_pointer (&test_locale_folder, g_free);
}
