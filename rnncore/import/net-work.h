/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A network while it becomes a recipe.
 *
 * A wire is what a layer answers at each step, a row of n numbers; wire 0 is the model's input.  A tensor that depends on the input is an
 * array of places in wires, so what only moves elements (Transpose, Slice, Concat, Gather, Pad ...) makes no layer: places are moved, by
 * the same code that moves constants.  Only a layer that needs its input in another order has it put in order, by a "select". */
#pragma once
#include "net.h"

G_BEGIN_DECLS

/* What the number of steps is taken for in shapes: a prime, so that its multiples are known. */
#define RNN_NET_STEPS G_GINT64_CONSTANT (1000003)

typedef struct {
  gchar *name;                  /* of the weight within the layer */
  gint rank, dims[4];
  gfloat *data;
} RnnNetWeight;

typedef struct {
  gchar *name;
  gint n;                       /* numbers of a step */
  json_t *cell;                 /* an object of "layers", without "name" and "from"; NULL: the input */
  gint *sources;                /* wires that it reads, side by side */
  gint n_sources;
  GArray *weights;              /* of RnnNetWeight */
} RnnNetWire;

typedef struct {
  const gchar *where;
  const RnnNetGraph *graph;
  gint opset;
  GPtrArray *wires;             /* of RnnNetWire */
  GHashTable *names;            /* of wires */
  GHashTable *orders;           /* digest of places -> wire + 1 that has them in order */
  GPtrArray *scopes;            /* of GHashTable: name -> RnnNetValue */
  gint unit;                    /* places of the axis of time that are one step */
  gint wanted;                  /* set by who could go on with that unit; 0: nobody */
  gint depth;                   /* of graphs within graphs */
  gsize spent;                  /* elements of all tensors that nodes made so far */
  guint64 effort;               /* elements that nodes were given so far */
} RnnNetWork;

/* One operator at work. */
typedef struct {
  RnnNetWork *work;
  const RnnNetNode *node;
  RnnNetValue **in, **out;      /* in: NULL where left out; out: to be set (transfer full) */
  gint n_in, n_out;
  GError **error;
} RnnNetCall;

typedef gboolean (*RnnNetFunc) (RnnNetCall *call);

typedef struct {
  const gchar *op;
  RnnNetFunc func;
} RnnNetOp;

const RnnNetOp *rnn_net_op_find (const gchar *op);

/* FALSE, with the node's name before the reason. */
gboolean rnn_net_fail (RnnNetCall *call, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

/* ---- tensors ---- */
static inline gboolean
rnn_net_is_constant (const RnnNetValue *value)
{
  return value->kind != RNN_NET_WIRES;
}

/* Input i, or NULL; rnn_net_need fails where it is left out. */
RnnNetValue *rnn_net_in   (const RnnNetCall *call, gint i);
gboolean     rnn_net_need (RnnNetCall *call, gint n);
/* Whole numbers of input i, which must be constant (or of the attribute @name, if that is not NULL and there is one): their number, -1:
 * left out, -2: an error has been set. */
gint         rnn_net_ints (RnnNetCall *call, gint i, const gchar *name, gint64 *numbers, gint most);
gdouble      rnn_net_number (const RnnNetValue *value, gsize i);      /* of a constant */
/* A tensor of the kind of @like, all 0. */
RnnNetValue *rnn_net_value_like (RnnNetCall *call, const RnnNetValue *like, gint rank, const gint64 *dims);
RnnNetValue *rnn_net_value_copy (RnnNetCall *call, const RnnNetValue *value);
/* -rank ... rank - 1 -> 0 ... rank - 1; -1: out of range */
gint         rnn_net_axis (const RnnNetValue *value, gint64 axis);
/* Floats from element to element along each axis. */
void         rnn_net_strides (const RnnNetValue *value, gint64 *strides);
/* A dimension as its operator sees it: steps counted. */
gint64       rnn_net_real_dim (const RnnNetValue *value, gint axis);

/* Elements from an array to another. */
typedef struct {
  gint rank;
  gint64 dims[RNN_NET_RANK];
  const RnnNetElement *from;
  RnnNetElement *to;
  gint64 from_strides[RNN_NET_RANK], to_strides[RNN_NET_RANK];
} RnnNetCopy;
void         rnn_net_copy (const RnnNetCopy *copy);
/* @value with its axes in another order; result axis i is its axis perm[i] */
RnnNetValue *rnn_net_transpose (RnnNetCall *call, const RnnNetValue *value, const gint *perm);
/* The same elements under other dimensions, as the operator sees them (-1: what remains). */
RnnNetValue *rnn_net_reshape (RnnNetCall *call, const RnnNetValue *value, gint rank, const gint64 *dims);
/* @value repeated to @dims. */
RnnNetValue *rnn_net_expand (RnnNetCall *call, const RnnNetValue *value, const RnnNetValue *shape);

/* ---- beside the steps of a sequence (net-time.c) ---- */
static inline gboolean
rnn_net_has_beside (const RnnNetValue *value)
{
  return value->before != 0 || value->after != 0;
}

/* @value with so many zeros more at its ends, or places less (< 0). */
RnnNetValue *rnn_net_beside (RnnNetCall *call, const RnnNetValue *value, gint64 before, gint64 after);
/* FALSE: the node cannot take what lies beside its inputs. */
gboolean     rnn_net_beside_check (RnnNetCall *call);
/* What a node that looks at each place by itself has left beside its answer. */
void         rnn_net_beside_pass (RnnNetCall *call);
/* The places of a step between the last @past before them and the first @ahead behind, which has no axis of time any more. */
RnnNetValue *rnn_net_window (RnnNetCall *call, const RnnNetValue *value, gint64 past, gint64 ahead);

/* ---- wires ---- */
RnnNetWire  *rnn_net_wire_get (const RnnNetWork *work, gint wire);
/* A layer that reads @n_sources wires, side by side.  @cell: taken over. */
gint         rnn_net_emit (RnnNetCall *call, json_t *cell, gint n_out, gint n_sources, const gint *sources);
/* Room for one of its weights. */
gfloat      *rnn_net_weight (RnnNetWork *work, gint wire, const gchar *name, gint rank, const gint *dims);
/* The wire that carries @value's elements in their order. */
gint         rnn_net_order (RnnNetCall *call, const RnnNetValue *value);
/* The wire of which @value is all, each element once, in whatever order; -1: there is none. */
gint         rnn_net_base (const RnnNetWork *work, const RnnNetValue *value);
/* A tensor of a wire's numbers in their order.  @time: its axis of time. */
RnnNetValue *rnn_net_of_wire (RnnNetCall *call, gint wire, gint rank, const gint64 *dims, gint time, gboolean last);
/* A constant's or a tensor's elements as places: constants become a layer. */
RnnNetValue *rnn_net_as_wires (RnnNetCall *call, RnnNetValue *value);
/* All elements of a constant, if they are the same. */
gboolean     rnn_net_is_uniform (const RnnNetValue *value, gdouble *number);
/* @cell over each of @parts parts of a step, if there are several. */
json_t      *rnn_net_each (json_t *cell, gint parts);

/* ---- what several operators are made of ---- */
/* An activation on its own. */
RnnNetValue *rnn_net_activate (RnnNetCall *call, const RnnNetValue *x, const gchar *name, gdouble alpha, gdouble beta);
/* x times a, plus b: constants of x's shape, or NULL. */
RnnNetValue *rnn_net_scale (RnnNetCall *call, const RnnNetValue *x, const RnnNetValue *a, const RnnNetValue *b);
/* x [rows][k] times w [n][k], plus b [n] or NULL. */
gint         rnn_net_dense (RnnNetCall *call, gint x, gint rows, gint k, gint n, const gfloat *w, const gfloat *b);
/* Both repeated to the shape that they have together. */
gboolean     rnn_net_broadcast (RnnNetCall *call, RnnNetValue **a, RnnNetValue **b);

/* The operators of each file, for the table. */
#define RNN_NET_OPS(X) extern const RnnNetOp rnn_net_ops_##X[];
RNN_NET_OPS (index) RNN_NET_OPS (scatter) RNN_NET_OPS (shape) RNN_NET_OPS (unary) RNN_NET_OPS (binary) RNN_NET_OPS (reduce) RNN_NET_OPS (product)
RNN_NET_OPS (signal) RNN_NET_OPS (conv) RNN_NET_OPS (norm) RNN_NET_OPS (recurrent) RNN_NET_OPS (quantised)

G_END_DECLS
