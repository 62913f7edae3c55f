/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that only one may write for hours, a model in training or its checkpoint, has a lock beside it. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnLock RnnLock;

/* Fails when another has it, and names the process.  A process that dies leaves no lock. */
RnnLock *rnn_lock_new (const gchar *path, GError **error);
void     rnn_lock_free (RnnLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnLock, rnn_lock_free)

G_END_DECLS
