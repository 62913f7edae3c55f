/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of operators over tensors, as ONNX and TensorFlow describe them, on their way into a recipe.  Operators have ONNX's names and
 * meanings (opset 7 to 22); a reader of another format puts its own into these.  What becomes of each is a row of net-ops.c. */
#pragma once
#include "model/reader.h"

G_BEGIN_DECLS

#define RNN_NET_RANK 8

typedef enum {
  RNN_NET_FLOAT, RNN_NET_INT,   /* constants; truth is 1 or 0 */
  RNN_NET_WIRES,                /* places in what layers answer at each step (net-work.h) */
} RnnNetKind;

typedef union {
  gdouble f;
  gint64 i;
  struct { gint32 wire, at; } ref;      /* wire < 0: 0 */
} RnnNetElement;

/* A tensor, row-major. */
typedef struct {
  gint n_refs;
  RnnNetKind kind;
  gboolean integer;             /* wires: what they carry are whole numbers */
  gboolean last;                /* wires: what they carry when the sequence has ended */
  gint time;                    /* the axis that has dims[time] places for each step of the model, or -1 */
  gint64 before, after;         /* places of that axis beside those of the steps, see net-time.c */
  gboolean zeros;               /* which hold 0 */
  gint rank;
  gint64 dims[RNN_NET_RANK];
  gsize size;
  RnnNetElement *data;          /* [size] */
} RnnNetValue;

/* The most elements of a tensor, and of all that come up on the way: they may take half of RNN_MAX_MEMORY. */
gsize rnn_net_most (void);
/* All 0.  NULL and an error: too large, or of too many dimensions. */
RnnNetValue *rnn_net_value_new   (RnnNetKind kind, gint rank, const gint64 *dims, GError **error);
RnnNetValue *rnn_net_value_ref   (RnnNetValue *value);
void         rnn_net_value_unref (RnnNetValue *value);  /* NULL: nothing */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnNetValue, rnn_net_value_unref)

typedef struct _RnnNetGraph RnnNetGraph;

typedef struct {
  gchar *name;
  gsize n;                      /* of ints or floats */
  gint64 *ints;
  gdouble *floats;
  GStrv strings;
  RnnNetValue *tensor;
  RnnNetGraph *graph;
} RnnNetAttribute;

typedef struct {
  gchar *op, *name;             /* the name is for people, may be "" */
  GStrv inputs, outputs;        /* "": left out */
  GPtrArray *attributes;        /* of RnnNetAttribute */
} RnnNetNode;

typedef struct {
  gchar *name;
  gboolean integer;
  gint rank;
  gint64 dims[RNN_NET_RANK];    /* -1: not known */
  gchar *symbols[RNN_NET_RANK]; /* what such a dimension is called, or NULL */
} RnnNetInput;

struct _RnnNetGraph {
  gint opset;
  gchar *name;
  GPtrArray *inputs;            /* of RnnNetInput */
  GPtrArray *nodes;             /* of RnnNetNode, each behind those that it reads */
  GHashTable *constants;        /* name -> RnnNetValue */
  GPtrArray *outputs;           /* names */
};

RnnNetGraph     *rnn_net_graph_new  (void);
void             rnn_net_graph_free (RnnNetGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnNetGraph, rnn_net_graph_free)

/* @name: copied.  What is added belongs to the graph, or to the node. */
RnnNetInput     *rnn_net_graph_add_input (RnnNetGraph *graph, const gchar *name);
RnnNetNode      *rnn_net_graph_add_node  (RnnNetGraph *graph, const gchar *op, const gchar *name);
void             rnn_net_graph_add_constant (RnnNetGraph *graph, const gchar *name, RnnNetValue *value /* transfer full */);
/* Without a value yet. */
RnnNetAttribute *rnn_net_node_add_attribute (RnnNetNode *node, const gchar *name);
/* NULL-terminated names of a node's tensors. */
void             rnn_net_node_wire (RnnNetNode *node, const gchar *const *inputs, const gchar *const *outputs);

/* ---- asking a node ---- */
const RnnNetAttribute *rnn_net_node_find   (const RnnNetNode *node, const gchar *name);    /* NULL: it has none */
gint64                 rnn_net_node_int    (const RnnNetNode *node, const gchar *name, gint64 fallback);
gdouble                rnn_net_node_float  (const RnnNetNode *node, const gchar *name, gdouble fallback);
const gchar           *rnn_net_node_string (const RnnNetNode *node, const gchar *name, const gchar *fallback);

/* Makes a recipe and tensors of the graph.  One of three things is a step of the model: a place on the axis of the first input that has
 * no fixed length and is no batch ("seq", "time", ... before others); else the whole of the inputs, as they are.  Inputs that come back
 * as outputs are states.  What no cell does is refused by the node's name. */
gboolean rnn_net_translate (RnnNetGraph *graph, const gchar *where, RnnImport *import, GError **error);

G_END_DECLS
