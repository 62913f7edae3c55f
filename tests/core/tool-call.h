/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls `rnncore` as a user does, for the tests of the command line. */
#pragma once
#include <glib.h>
#include <string.h>
#include <sys/wait.h>

static gchar *folder;           /* of temporary files; the working directory of every call */

/* Runs `rnncore @line`, by meson's emulator where there is one; returns the exit code. */
static inline gint
call (const gchar *line, gchar **out, gchar **err)
{
  g_autofree gchar *tool = g_test_build_filename (G_TEST_BUILT, "rnncore", "tools", "rnncore", NULL);
  const gchar *emulator = g_getenv ("MESON_EXE_WRAPPER");
  g_autofree gchar *quoted = g_shell_quote (tool);
  g_autofree gchar *command = g_strjoin (" ", emulator ? emulator : "", quoted, line, NULL);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  gint status;

  g_assert_true (g_shell_parse_argv (command, NULL, &argv, NULL));
  g_spawn_sync (folder, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, out, err, &status, &error);
  g_assert_no_error (error);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static inline void
assert_failure (const gchar *line, gint code, const gchar *message)
{
  g_autofree gchar *out = NULL, *err = NULL;

  g_assert_cmpint (call (line, &out, &err), ==, code);
  g_assert_cmpstr (out, ==, "");
  g_assert_cmpstr (err, ==, message);
}
