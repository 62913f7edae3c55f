/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the ONNX runners share: the one node of a case. */
#pragma once
#include "case.h"

G_BEGIN_DECLS

typedef struct {
  json_t *nodes;                /* the metadata, owned */
  const json_t *attributes;
  const gchar *op;
} Node;

gboolean     node_open (const Case *c, Node *node, GError **error);
void         node_close (Node *node);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Node, node_close)

gdouble      node_number (const Node *node, const gchar *attribute, gdouble fallback);
/* The tensor that is the node's input @position; @formal: its name where the case does not name inputs.  NULL: none. */
Tensor      *node_input (const Case *c, const Node *node, guint position, const gchar *formal);
/* Likewise the name of the tensor that is its output. (transfer full) */
gchar       *node_output (const Node *node, guint position, const gchar *formal);

/* The rows of onnx's families: cells-onnx.c and nodes-onnx.c. */
gboolean     onnx_run_cell (Case *c, Node *node, GError **error);
gboolean     onnx_run_node (Case *c, Node *node, GError **error);

G_END_DECLS
