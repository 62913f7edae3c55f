/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a training may write. */
#include "train.h"
#include "../base/file.h"
#include "../model/safetensors.h"
#include <glib/gstdio.h>
#include <unistd.h>

/* Only a file of its own kind is replaced: not a recording, a recipe or a manifest, nor one by the other. */
static const gchar *
find_fault_of_file (const gchar *path, gboolean checkpoint)
{
  g_autoptr (RnnSafetensors) file = NULL;
  GStatBuf info;

  if (g_stat (path, &info) != 0)
    return NULL;
  if (!S_ISREG (info.st_mode))
    return "not written: it is no regular file";
  file = info.st_size > 0 ? rnn_safetensors_open (path, NULL) : NULL;
  if (info.st_size > 0 && (!file || checkpoint == !rnn_safetensors_get_metadata (file, "rnncore-checkpoint")))
    return checkpoint ? "not overwritten: it is no checkpoint" : "not overwritten: it is no model";
  return g_access (path, W_OK) == 0 ? NULL : "it cannot be written";
}

/* Where @path leads, in its one spelling.  (transfer full, NULL for NULL) */
static gchar *
resolve (const gchar *path)
{
  g_autofree gchar *target = path ? rnn_file_resolve (path) : NULL;

  return target ? g_canonicalize_filename (target, NULL) : NULL;
}

static gboolean
check_place (const gchar *path, gboolean checkpoint, GError **error)
{
  g_autofree gchar *target = resolve (path);
  g_autofree gchar *directory = path ? g_path_get_dirname (target) : NULL;
  const gchar *fault;

  if (!path || !rnn_train_leads ())
    return TRUE;
  if (!g_file_test (directory, G_FILE_TEST_IS_DIR) || g_access (directory, W_OK) != 0)
    fault = "nothing can be written there";
  else if (g_str_has_suffix (path, ".json"))
    fault = "that is the name of a recipe, and nothing to write to";
  else
    fault = find_fault_of_file (target, checkpoint);
  if (fault)
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s", path, fault);
  return !fault;
}

/* Better before a long training than after it. */
gboolean
rnn_train_check_places (const gchar *location, const gchar *checkpoint, GError **error)
{
  g_autofree gchar *one = resolve (location), *other = resolve (checkpoint);

  if (!check_place (location, FALSE, error) || !check_place (checkpoint, TRUE, error))
    return FALSE;
  if (!one || g_strcmp0 (one, other) != 0)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: it cannot be both the model and the checkpoint", location);
  return FALSE;
}
