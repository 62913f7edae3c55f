/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients of Vosk's server, over WebSocket: text messages {"config": {...}} and {"eof": 1}, binary ones with 16 bit mono sound;
 * every binary message and the eof are answered by one text message (answer.h).
 *
 * Of config are taken: sample_rate, words, max_alternatives, and phrase_list, whose words are made more probable (Vosk allows no
 * others) where words are searched by beam. */
#pragma once
#include <libsoup/soup.h>
#include <rnncore/rnn.h>
#include "hub.h"

typedef struct {
  RnnModel *model;
  RnnTranscriberConfig transcriber;
  gint rate;                    /* Hz, of clients that do not say */
  gint max_clients, max_per_address;
  gint max_backlog;             /* s of sound that waits */
  gint idle;                    /* s without a message; 0: for ever */
  gfloat phrase_boost;
  gboolean show;                /* what clients say is on the page, too */
} VoskConfig;

typedef struct _Vosk Vosk;

/* @config: stays the caller's, and has to stay. */
Vosk *vosk_new (SoupServer *server, Hub *hub, const VoskConfig *config);
void vosk_free (Vosk *vosk);    /* before the server */
