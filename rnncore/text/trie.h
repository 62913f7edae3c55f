/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree of byte strings, each with a number: every string that a text begins with is found in one walk. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint value;                   /* of the string that ends here, or -1 */
  gint child, next;             /* nodes, 0: none */
  guint8 byte;                  /* that leads here */
} RnnTrieNode;

typedef struct {
  GArray *nodes;                /* of RnnTrieNode; [0] is the root */
} RnnTrie;

void rnn_trie_init (RnnTrie *trie);
void rnn_trie_clear (RnnTrie *trie);
/* Of equal strings the first one counts. */
void rnn_trie_add (RnnTrie *trie, const gchar *string, gint value);
/* The node that @byte leads to from @node, or 0; its string's number. */
gint rnn_trie_step (const RnnTrie *trie, gint node, guint8 byte);
gint rnn_trie_value (const RnnTrie *trie, gint node);
/* The number of the longest string that @text begins with, and its length; -1: there is none. */
gint rnn_trie_longest (const RnnTrie *trie, const gchar *text, gsize *length);

G_END_DECLS
