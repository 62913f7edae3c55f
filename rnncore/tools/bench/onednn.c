/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* oneDNN 2 running the same layers: inference of LSTM and GRU, training of LSTM (forward and backward alone, without
 * loss and update).  Layers of one shape are one primitive, so the first layer is one and the others are another.
 *
 * GRU is lbr_gru, PyTorch's form; with 8 bits oneDNN knows only Cho's. */
#include "bench.h"
#include <oneapi/dnnl/dnnl.h>
#include <string.h>

#define MAX_ARGS 24
#define GROUPS 2                /* of layers */
#define OK(call) ((call) == dnnl_success)

static const struct Numbers {
  const gchar *name;
  dnnl_data_type_t data, weights;
  gboolean quantised;
} numbers[] = {
  { "f32", dnnl_f32, dnnl_f32, FALSE },
  { "bf16", dnnl_bf16, dnnl_bf16, FALSE },
  { "int8", dnnl_u8, dnnl_s8, TRUE },
};

typedef enum { LSTM, LBR_GRU, GRU } Form;

static const struct Kind {
  const gchar *cell;
  gboolean quantised;
  Form form;
  gint gates, biases;
} kinds[] = {
  { "lstm", FALSE, LSTM, 4, 4 }, { "lstm", TRUE, LSTM, 4, 4 },
  { "gru", FALSE, LBR_GRU, 3, 4 }, { "gru", TRUE, GRU, 3, 3 },
};

/* A primitive with its arguments. */
typedef struct {
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t args[MAX_ARGS];
  gint n_args;
} Call;

/* Shapes of a group of layers, as the operation sees them. */
typedef struct {
  gint in, layers;
  dnnl_memory_desc_t x, h, c, w_x, w_h, bias, y;        /* weights in whatever layout oneDNN likes */
  dnnl_memory_desc_t plain[3];  /* w_x, w_h, bias as rows of floats */
} Shapes;

typedef struct {
  const struct Numbers *numbers;
  const struct Kind *kind;
  gboolean training;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_attr_t attr;
  GPtrArray *memories;          /* of dnnl_memory_t */
  Call forward[GROUPS], backward[GROUPS];
  gint n_groups;
} Peer;

/* ---- memory ---- */

static void
memory_free (gpointer memory)
{
  dnnl_memory_destroy (memory);
}

static dnnl_memory_t
new_memory (Peer *peer, const dnnl_memory_desc_t *desc)
{
  dnnl_memory_t memory;
  void *data;

  if (!OK (dnnl_memory_create (&memory, desc, peer->engine, DNNL_MEMORY_ALLOCATE)))
    return NULL;
  g_ptr_array_add (peer->memories, memory);
  dnnl_memory_get_data_handle (memory, &data);
  memset (data, 0, dnnl_memory_desc_get_size (desc));
  return memory;
}

/* Every byte alike: a small float, a bfloat16 or a byte that is no special case of anything. */
static void
fill (dnnl_memory_t memory)
{
  const dnnl_memory_desc_t *desc;
  void *data;

  dnnl_memory_get_memory_desc (memory, &desc);
  dnnl_memory_get_data_handle (memory, &data);
  memset (data, 0x3d, dnnl_memory_desc_get_size (desc));
}

static dnnl_memory_t
find_arg (const Call *call, gint arg)
{
  for (gint i = 0; i < call->n_args; i++)
    if (call->args[i].arg == arg)
      return call->args[i].memory;
  return NULL;
}

/* @memory NULL: a new one as the primitive wants it. */
static gboolean
add_arg (Peer *peer, Call *call, gint arg, dnnl_memory_t memory)
{
  if (!memory)
    memory = new_memory (peer, dnnl_primitive_desc_query_md (call->desc, dnnl_query_exec_arg_md, arg));
  call->args[call->n_args++] = (dnnl_exec_arg_t) { arg, memory };
  return memory != NULL;
}

static gboolean
reorder (Peer *peer, dnnl_memory_t from, dnnl_memory_t to)
{
  const dnnl_memory_desc_t *from_desc, *to_desc;
  dnnl_primitive_desc_t desc;
  dnnl_primitive_t primitive = NULL;
  dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
  gboolean ok;

  dnnl_memory_get_memory_desc (from, &from_desc);
  dnnl_memory_get_memory_desc (to, &to_desc);
  if (!OK (dnnl_reorder_primitive_desc_create (&desc, from_desc, peer->engine, to_desc, peer->engine,
          to_desc->data_type == dnnl_s8 ? peer->attr : NULL)))
    return FALSE;
  ok = OK (dnnl_primitive_create (&primitive, desc)) && OK (dnnl_primitive_execute (primitive, peer->stream, 2, args))
      && OK (dnnl_stream_wait (peer->stream));
  if (primitive)
    dnnl_primitive_destroy (primitive);
  dnnl_primitive_desc_destroy (desc);
  return ok;
}

/* Weights lie in a layout of the primitive's own, maybe packed, so they go through a reorder. */
static gboolean
add_weights (Peer *peer, Call *call, gint arg, const dnnl_memory_desc_t *plain)
{
  dnnl_memory_t from = new_memory (peer, plain);
  float *w;

  if (!from || !add_arg (peer, call, arg, NULL))
    return FALSE;
  dnnl_memory_get_data_handle (from, (void **) &w);
  for (gsize i = 0; i < dnnl_memory_desc_get_size (plain) / sizeof (float); i++)
    w[i] = 0.001f * ((int) (i * 7919 % 101) - 50);
  return reorder (peer, from, call->args[call->n_args - 1].memory);
}

/* ---- shapes and primitives ---- */

static void
shapes_init (Shapes *p, const Peer *peer, const BenchSettings *s, gint in, gint layers)
{
  dnnl_data_type_t data = peer->numbers->data, weights = peer->numbers->weights;
  dnnl_dim_t T = s->steps, B = s->streams, H = s->hidden, G = peer->kind->gates;
  dnnl_dims_t x = { T, B, in }, state = { layers, 1, B, H }, y = { T, B, H };
  dnnl_dims_t w_x = { layers, 1, in, G, H }, w_h = { layers, 1, H, G, H }, bias = { layers, 1, peer->kind->biases, H };

  p->in = in;
  p->layers = layers;
  dnnl_memory_desc_init_by_tag (&p->x, 3, x, data, dnnl_tnc);
  dnnl_memory_desc_init_by_tag (&p->h, 4, state, data, dnnl_ldnc);
  dnnl_memory_desc_init_by_tag (&p->c, 4, state, dnnl_f32, dnnl_ldnc);
  dnnl_memory_desc_init_by_tag (&p->w_x, 5, w_x, weights, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag (&p->w_h, 5, w_h, weights, dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag (&p->bias, 4, bias, dnnl_f32, dnnl_ldgo);
  dnnl_memory_desc_init_by_tag (&p->y, 3, y, data, dnnl_tnc);
  dnnl_memory_desc_init_by_tag (&p->plain[0], 5, w_x, dnnl_f32, dnnl_ldigo);
  dnnl_memory_desc_init_by_tag (&p->plain[1], 5, w_h, dnnl_f32, dnnl_ldigo);
  p->plain[2] = p->bias;
}

static dnnl_status_t
describe_forward (dnnl_rnn_desc_t *op, const Peer *peer, const Shapes *p)
{
  dnnl_prop_kind_t prop = peer->training ? dnnl_forward_training : dnnl_forward_inference;
  dnnl_rnn_direction_t direction = dnnl_unidirectional_left2right;

  switch (peer->kind->form) {
    case LSTM:
      return dnnl_lstm_forward_desc_init (op, prop, direction, &p->x, &p->h, &p->c, &p->w_x, &p->w_h, &p->bias, &p->y,
          &p->h, &p->c, 0);
    case LBR_GRU:
      return dnnl_lbr_gru_forward_desc_init (op, prop, direction, &p->x, &p->h, &p->w_x, &p->w_h, &p->bias, &p->y,
          &p->h, 0);
    default:
      return dnnl_gru_forward_desc_init (op, prop, direction, &p->x, &p->h, &p->w_x, &p->w_h, &p->bias, &p->y, &p->h,
          0);
  }
}

static gboolean
add_states (Peer *peer, Call *call)
{
  gboolean ok = add_arg (peer, call, DNNL_ARG_SRC_ITER, NULL) && add_arg (peer, call, DNNL_ARG_DST_ITER, NULL);

  if (peer->kind->form == LSTM)
    ok = ok && add_arg (peer, call, DNNL_ARG_SRC_ITER_C, NULL) && add_arg (peer, call, DNNL_ARG_DST_ITER_C, NULL);
  return ok;
}

static gboolean
make_forward (Peer *peer, Call *call, const Shapes *p, dnnl_memory_t x)
{
  dnnl_rnn_desc_t op;

  if (!OK (describe_forward (&op, peer, p))
      || !OK (dnnl_primitive_desc_create (&call->desc, &op, peer->attr, peer->engine, NULL))
      || !OK (dnnl_primitive_create (&call->primitive, call->desc))
      || !add_arg (peer, call, DNNL_ARG_SRC_LAYER, x) || !add_arg (peer, call, DNNL_ARG_DST_LAYER, NULL)
      || !add_states (peer, call) || !add_weights (peer, call, DNNL_ARG_WEIGHTS_LAYER, &p->plain[0])
      || !add_weights (peer, call, DNNL_ARG_WEIGHTS_ITER, &p->plain[1])
      || !add_weights (peer, call, DNNL_ARG_BIAS, &p->plain[2]))
    return FALSE;
  if (!x)
    fill (find_arg (call, DNNL_ARG_SRC_LAYER));
  return !peer->training || add_arg (peer, call, DNNL_ARG_WORKSPACE, NULL);
}

/* What forward made is an input here; gradients mirror the shapes. */
static gboolean
bind_backward (Peer *peer, Call *call, const Call *forward, const Shapes *p, dnnl_memory_t dy)
{
  static const gint same[] = { DNNL_ARG_SRC_LAYER, DNNL_ARG_SRC_ITER, DNNL_ARG_SRC_ITER_C, DNNL_ARG_BIAS,
    DNNL_ARG_DST_LAYER, DNNL_ARG_DST_ITER, DNNL_ARG_DST_ITER_C, DNNL_ARG_WORKSPACE };
  static const gint fresh[] = { DNNL_ARG_DIFF_SRC_LAYER, DNNL_ARG_DIFF_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER_C,
    DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST_ITER,
    DNNL_ARG_DIFF_DST_ITER_C };
  gboolean ok = add_arg (peer, call, DNNL_ARG_DIFF_DST_LAYER, dy);

  if (ok && !dy)
    fill (find_arg (call, DNNL_ARG_DIFF_DST_LAYER));
  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    ok = ok && add_arg (peer, call, same[i], find_arg (forward, same[i]));
  for (guint i = 0; i < G_N_ELEMENTS (fresh); i++)
    ok = ok && add_arg (peer, call, fresh[i], NULL);
  return ok && add_weights (peer, call, DNNL_ARG_WEIGHTS_LAYER, &p->plain[0])
      && add_weights (peer, call, DNNL_ARG_WEIGHTS_ITER, &p->plain[1]);
}

static gboolean
make_backward (Peer *peer, Call *call, const Call *forward, const Shapes *p, dnnl_memory_t dy)
{
  dnnl_rnn_desc_t op;

  return OK (dnnl_lstm_backward_desc_init (&op, dnnl_backward, dnnl_unidirectional_left2right, &p->x, &p->h, &p->c,
          &p->w_x, &p->w_h, &p->bias, &p->y, &p->h, &p->c, &p->x, &p->h, &p->c, &p->w_x, &p->w_h, &p->bias, &p->y,
          &p->h, &p->c, 0))
      && OK (dnnl_primitive_desc_create (&call->desc, &op, peer->attr, peer->engine, forward->desc))
      && OK (dnnl_primitive_create (&call->primitive, call->desc)) && bind_backward (peer, call, forward, p, dy);
}

/* ---- running ---- */

static void
execute (Peer *peer, Call *call)
{
  dnnl_primitive_execute (call->primitive, peer->stream, call->n_args, call->args);
  dnnl_stream_wait (peer->stream);
}

/* Backward adds to the gradients of weights. */
static void
clear_gradients (Call *call)
{
  static const gint gradients[] = { DNNL_ARG_DIFF_WEIGHTS_LAYER, DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS };

  for (guint i = 0; i < G_N_ELEMENTS (gradients); i++) {
    dnnl_memory_t memory = find_arg (call, gradients[i]);
    const dnnl_memory_desc_t *desc;
    void *data;

    dnnl_memory_get_memory_desc (memory, &desc);
    dnnl_memory_get_data_handle (memory, &data);
    memset (data, 0, dnnl_memory_desc_get_size (desc));
  }
}

static void
run (gpointer data)
{
  Peer *peer = data;

  for (gint i = 0; i < peer->n_groups; i++)
    execute (peer, &peer->forward[i]);
  for (gint i = peer->n_groups - 1; i >= 0 && peer->training; i--) {
    clear_gradients (&peer->backward[i]);
    execute (peer, &peer->backward[i]);
  }
}

static void
call_clear (Call *call)
{
  if (call->primitive)
    dnnl_primitive_destroy (call->primitive);
  if (call->desc)
    dnnl_primitive_desc_destroy (call->desc);
}

static void
stop (gpointer data)
{
  Peer *peer = data;

  for (gint i = 0; i < GROUPS; i++) {
    call_clear (&peer->forward[i]);
    call_clear (&peer->backward[i]);
  }
  g_ptr_array_unref (peer->memories);
  if (peer->attr)
    dnnl_primitive_attr_destroy (peer->attr);
  if (peer->stream)
    dnnl_stream_destroy (peer->stream);
  if (peer->engine)
    dnnl_engine_destroy (peer->engine);
  g_free (peer);
}

static gboolean
open_engine (Peer *peer)
{
  const float scale = 127;

  if (!OK (dnnl_engine_create (&peer->engine, dnnl_cpu, 0))
      || !OK (dnnl_stream_create (&peer->stream, peer->engine, dnnl_stream_default_flags))
      || !OK (dnnl_primitive_attr_create (&peer->attr)))
    return FALSE;
  return !peer->numbers->quantised || (OK (dnnl_primitive_attr_set_rnn_data_qparams (peer->attr, 127, 128))
      && OK (dnnl_primitive_attr_set_rnn_weights_qparams (peer->attr, 1, 0, &scale)));
}

static gboolean
make_calls (Peer *peer, const BenchSettings *s)
{
  Shapes shapes[GROUPS];
  dnnl_memory_t x = NULL, dy = NULL;

  peer->n_groups = s->layers > 1 ? 2 : 1;
  shapes_init (&shapes[0], peer, s, s->input, 1);
  shapes_init (&shapes[1], peer, s, s->hidden, s->layers - 1);
  for (gint i = 0; i < peer->n_groups; i++) {
    if (!make_forward (peer, &peer->forward[i], &shapes[i], x))
      return FALSE;
    x = find_arg (&peer->forward[i], DNNL_ARG_DST_LAYER);
  }
  for (gint i = peer->n_groups - 1; i >= 0 && peer->training; i--) {
    if (!make_backward (peer, &peer->backward[i], &peer->forward[i], &shapes[i], dy))
      return FALSE;
    dy = find_arg (&peer->backward[i], DNNL_ARG_DIFF_SRC_LAYER);
  }
  return TRUE;
}

static gboolean
is_training (const BenchSettings *s)
{
  return g_str_equal (s->what, "train");
}

static gboolean
knows (const BenchSettings *s)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].cell, s->cell))
      return !is_training (s) || kinds[i].form == LSTM;
  return FALSE;
}

static gpointer
start (const BenchSettings *s)
{
  Peer *peer = g_new0 (Peer, 1);

  peer->memories = g_ptr_array_new_with_free_func (memory_free);
  peer->training = is_training (s);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (g_str_equal (numbers[i].name, s->precision->name))
      peer->numbers = &numbers[i];
  for (guint i = 0; i < G_N_ELEMENTS (kinds) && peer->numbers; i++)
    if (g_str_equal (kinds[i].cell, s->cell) && kinds[i].quantised == peer->numbers->quantised)
      peer->kind = &kinds[i];
  if (peer->kind && open_engine (peer) && make_calls (peer, s))
    return peer;
  stop (peer);
  return NULL;
}

extern const BenchPeer bench_peer;

const BenchPeer bench_peer = { "oneDNN", knows, start, run, stop };
