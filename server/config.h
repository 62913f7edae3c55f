/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client of Vosk's protocol says in text messages. */
#pragma once
#include <glib.h>

typedef struct {
  gint rate;                    /* Hz */
  gboolean words;
  guint max_alternatives;
  gchar *hotwords;              /* of its phrase_list, as RnnTranscriber takes them; NULL: none */
  gfloat boost;                 /* that each of them gets */
} ClientConfig;

void client_config_init (ClientConfig *config, gint rate, gfloat boost);
void client_config_clear (ClientConfig *config);
/* Reads a message of n bytes.  FALSE: it is none of the protocol; *reason (transfer full) says why, in less than 123 bytes. */
gboolean client_config_read (ClientConfig *config, const gchar *bytes, gsize n, gboolean *eof, gchar **reason);
