/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digests, to see whether two things are the same and whether bytes have changed by accident; no protection from forgers. */
#pragma once
#include <jansson.h>
#include <glib.h>

G_BEGIN_DECLS

#define RNN_DIGEST_START G_GUINT64_CONSTANT (0xcbf29ce484222325)

/* Goes on from @digest. */
guint64 rnn_digest_bytes (guint64 digest, gconstpointer data, gsize n);
/* Of what it says, however it is written; NULL is something, too. */
guint64 rnn_digest_json (guint64 digest, const json_t *json);
/* 16 hexadecimal figures (transfer full). */
gchar  *rnn_digest_to_text (guint64 digest);

G_END_DECLS
