/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree of byte strings: children of a node are a list. */
#include "trie.h"

static inline RnnTrieNode *
node_at (const RnnTrie *trie, gint node)
{
  return &g_array_index (trie->nodes, RnnTrieNode, node);
}

static gint
add_node (RnnTrie *trie, guint8 byte, gint next)
{
  RnnTrieNode node = {.value = -1,.next = next,.byte = byte };

  g_array_append_val (trie->nodes, node);
  return (gint) trie->nodes->len - 1;
}

void
rnn_trie_init (RnnTrie *trie)
{
  trie->nodes = g_array_new (FALSE, FALSE, sizeof (RnnTrieNode));
  add_node (trie, 0, 0);
}

void
rnn_trie_clear (RnnTrie *trie)
{
  g_array_unref (trie->nodes);
}

gint
rnn_trie_step (const RnnTrie *trie, gint node, guint8 byte)
{
  for (node = node_at (trie, node)->child; node && node_at (trie, node)->byte != byte;)
    node = node_at (trie, node)->next;
  return node;
}

gint
rnn_trie_value (const RnnTrie *trie, gint node)
{
  return node_at (trie, node)->value;
}

void
rnn_trie_add (RnnTrie *trie, const gchar *string, gint value)
{
  gint node = 0;

  for (; *string; string++) {
    gint child = rnn_trie_step (trie, node, (guint8) *string);

    if (!child) {
      child = add_node (trie, (guint8) *string, node_at (trie, node)->child);
      node_at (trie, node)->child = child;
    }
    node = child;
  }
  if (node_at (trie, node)->value < 0)
    node_at (trie, node)->value = value;
}

gint
rnn_trie_longest (const RnnTrie *trie, const gchar *text, gsize *length)
{
  gint best = -1, node = 0;

  *length = 0;
  for (gsize i = 0; text[i] && (node = rnn_trie_step (trie, node, (guint8) text[i])) != 0; i++)
    if (rnn_trie_value (trie, node) >= 0) {
      best = rnn_trie_value (trie, node);
      *length = i + 1;
    }
  return best;
}
