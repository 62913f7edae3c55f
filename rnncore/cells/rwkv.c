/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks of an RWKV model, versions 4 to 7, as one layer: between the embedding and the last norm (ln_out).
 *
 *   x = ln0 (x);  in every block  x = x + att (ln1 (x)),  x = x + ffn (ln2 (x))
 *
 * att is the cell rwkv4, rwkv5, rwkv6 or rwkv7, ffn rwkvffn; the tensors are called as in published models if the layer
 * is named "blocks".  In version 7 all blocks see the first one's v.
 *
 * State: for each block att's, ffn's.  Tape, over the whole call: the first v, ln0's tape and output, then for each
 * block the arrays of Block. */
#include "container.h"
#include "../kernels/kernels.h"
#include <string.h>

enum { V4, V5_1, V5_2, V6, V7 };
static const gchar *const versions[] = { "4", "5.1", "5.2", "6", "7", NULL };
static const gchar *const mixers[] = { "rwkv4", "rwkv5", "rwkv5", "rwkv6", "rwkv7" };

typedef struct {
  RnnCell cell;
  gint version, blocks, heads, hidden, mix_rank, decay_rank, rate_rank, value_rank, gate_rank;
  gfloat norm_eps;
  gboolean ln0;
} Rwkv;

#define PART "; 0: the part's own default"
static const RnnOption options[] = {
  RNN_OPT_ENUM (Rwkv, version, versions, V7, "of RWKV"),
  RNN_OPT_INT (Rwkv, blocks, 1, 128, 2, "blocks"),
  RNN_OPT_BOOL (Rwkv, ln0, TRUE, "a norm before the first block"),
  RNN_OPT_INT (Rwkv, heads, 0, 65536, 0, "heads of time mixing; 0: one for every 64 values"),
  RNN_OPT_INT (Rwkv, hidden, 0, 1 << 18, 0, "inner width of channel mixing" PART),
  RNN_OPT_FLOAT (Rwkv, norm_eps, 0, 1, 64e-5, "of the norm of each head"),
  RNN_OPT_INT (Rwkv, mix_rank, 0, 4096, 0, "6: of the mixtures" PART),
  RNN_OPT_INT (Rwkv, decay_rank, 0, 4096, 0, "6, 7: of the decays" PART),
  RNN_OPT_INT (Rwkv, rate_rank, 0, 4096, 0, "7: of the learning rates" PART),
  RNN_OPT_INT (Rwkv, value_rank, 0, 4096, 0, "7: of the way to the first v" PART),
  RNN_OPT_INT (Rwkv, gate_rank, 0, 4096, 0, "7: of the gate" PART),
  {NULL}
};

/* ---- building ---- */

enum { LN1, ATT, LN2, FFN, N_PARTS };
static const gchar *const part_names[] = { "ln1", "att", "ln2", "ffn" };

static const gchar *
part_cell (const Rwkv *r, gint part)
{
  return part == ATT ? mixers[r->version] : part == FFN ? "rwkvffn" : "norm";
}

static gboolean
has_option (const RnnCellClass *klass, const gchar *name)
{
  for (const RnnOption *o = klass->options; o && o->name; o++)
    if (g_str_equal (o->name, name))
      return TRUE;
  return FALSE;
}

/* Hands on what of @given the cell @kind knows. */
static json_t *
part_layer (const gchar *kind, gchar *name, json_t *given)
{
  json_t *layer = json_pack ("{ss ss}", "cell", kind, "name", name), *value;
  const gchar *key;

  json_object_foreach (given, key, value)
    if (has_option (rnn_cell_class_find (kind), key))
      json_object_set (layer, key, value);
  g_free (name);
  return layer;
}

static gboolean
add (Rwkv *r, json_t *layer, gint n_in, const gchar *where, GError **error)
{
  gboolean ok = rnn_container_add (&r->cell, layer, n_in, where, error) != NULL;

  json_decref (layer);
  return ok;
}

static gboolean
add_block (Rwkv *r, gint i, json_t *given, const gchar *where, GError **error)
{
  gint E = r->cell.n_in;
  gboolean ok = i || !r->ln0 || add (r, part_layer ("norm", g_strdup ("0.ln0"), NULL), E, where, error);

  for (gint part = 0; ok && part < N_PARTS; part++) {
    json_t *layer = part_layer (part_cell (r, part), g_strdup_printf ("%d.%s", i, part_names[part]), given);
    gboolean shares = part == ATT && r->version == V7 && r->blocks > 1;

    if (shares)
      json_object_set_new (layer, "v_first", json_string (i ? "take" : "give"));
    ok = add (r, layer, shares && i ? 2 * E : E, where, error);
  }
  return ok;
}

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  static const gchar *const own[] = { "version", "blocks", "ln0", NULL };
  Rwkv *r = (Rwkv *) cell;
  json_t *given = json_object (), *value;
  const gchar *key;
  gboolean ok = TRUE;

  rnn_options_to_json (options, cell, given);
  json_object_foreach (given, key, value)
    if (ok && !g_strv_contains (own, key) && !has_option (rnn_cell_class_find (part_cell (r, ATT)), key)
        && !has_option (rnn_cell_class_find (part_cell (r, FFN)), key)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: version %s has no %s", where, versions[r->version], key);
      ok = FALSE;
    }
  for (gint i = 0; ok && i < r->blocks; i++)
    ok = add_block (r, i, given, where, error);
  json_decref (given);
  return ok;
}

static const RnnCell *
part_of (const Rwkv *r, gint block, gint part)
{
  return r->cell.children->pdata[(r->ln0 ? 1 : 0) + block * N_PARTS + part];
}

static gboolean
takes (const Rwkv *r, gint block)
{
  return part_of (r, block, ATT)->n_in > r->cell.n_in;
}

/* Floats per step of a block's arrays without its parts' tapes. */
static gsize
block_size (const Rwkv *r, gint block)
{
  return 5 * (gsize) r->cell.n_in + (takes (r, block) ? 2 * (gsize) r->cell.n_in : 0) + part_of (r, block, ATT)->n_out;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Rwkv *r = (Rwkv *) cell;
  guint64 E = (guint64) cell->n_in, largest = 7 * E, work = 0;

  cell->n_out = cell->n_in;
  cell->n_tape = 2 * E;
  for (gint i = 0; i < r->blocks; i++) {
    largest = MAX (largest, block_size (r, i));
    cell->n_tape += block_size (r, i);
  }
  for (guint i = 0; i < cell->children->len; i++) {
    const RnnCell *part = cell->children->pdata[i];

    cell->n_state += part->n_state;
    cell->n_tape += part->n_tape;
    work = MAX (work, part->n_scratch);
    cell->n_scratch_once = MAX (cell->n_scratch_once, part->n_scratch_once);
  }
  cell->n_scratch = 2 * E + largest + work;
  return TRUE;
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  for (guint i = 0; i < cell->children->len; i++) {
    const RnnCell *part = cell->children->pdata[i];

    rnn_cell_reset_state (part, state);
    state += part->n_state;
  }
}

/* ---- running ---- */

/* One call.  Without a tape all blocks use the same room, where y takes the place of x. */
typedef struct {
  const Rwkv *r;
  const RnnRun *run;
  gint n;                       /* T B */
  RnnRun ln0;
  gfloat *first;                /* the first block's v [T][B][E] */
  gfloat *begin, *next;         /* of the blocks' arrays */
  gfloat *state, *scratch;      /* of the next part; of any part */
} Call;

/* One block's arrays, [T][B][...]: E values, but in version 7 v comes out of the first att and goes into the others. */
typedef struct {
  gfloat *y;                    /* x + att + ffn */
  gfloat *joined;               /* ln1 (x), v [2E], or NULL */
  gfloat *mid;                  /* x + att */
  RnnRun runs[N_PARTS];
} Block;

/* The run of a part whose output has n_out values, or goes to @y. */
static RnnRun
part_run (Call *call, const RnnCell *part, const gfloat *x, gfloat *y)
{
  RnnRun run = *call->run;

  run.x = x;
  run.y = y ? y : rnn_take (&call->next, (gsize) call->n * part->n_out);
  run.state = call->state;
  run.scratch = call->scratch;
  if (run.tape)
    run.tape = rnn_take (&call->next, (gsize) call->n * part->n_tape);
  call->state += part->n_state;
  return run;
}

static Call
start (const Rwkv *r, const RnnRun *run)
{
  gsize size = (gsize) run->T * run->B * r->cell.n_in, work = 0;
  Call call = { .r = r, .run = run, .n = run->T * run->B, .state = run->state };

  for (guint i = 0; i < r->cell.children->len; i++)
    work = MAX (work, RNN_CELL (r->cell.children->pdata[i])->n_scratch);
  call.next = run->tape ? run->tape : run->scratch;
  call.scratch = run->scratch + (gsize) call.n * (r->cell.n_scratch - work);
  call.first = rnn_take (&call.next, size);
  if (r->ln0)
    call.ln0 = part_run (&call, r->cell.children->pdata[0], run->x, NULL);
  call.begin = call.next;
  return call;
}

static Block
lay_block (Call *call, gint i, const gfloat *x)
{
  const Rwkv *r = call->r;
  gsize size = (gsize) call->n * r->cell.n_in;
  Block b = { NULL };

  if (!call->run->tape)
    call->next = call->begin;
  b.y = rnn_take (&call->next, size);
  if (i == r->blocks - 1)
    b.y = call->run->y;
  b.mid = rnn_take (&call->next, size);
  b.joined = takes (r, i) ? rnn_take (&call->next, 2 * size) : NULL;
  b.runs[LN1] = part_run (call, part_of (r, i, LN1), x, NULL);
  b.runs[ATT] = part_run (call, part_of (r, i, ATT), b.joined ? b.joined : b.runs[LN1].y, NULL);
  b.runs[LN2] = part_run (call, part_of (r, i, LN2), b.mid, NULL);
  b.runs[FFN] = part_run (call, part_of (r, i, FFN), b.runs[LN2].y, NULL);
  return b;
}

static void
go (const RnnCell *part, const RnnRun *run)
{
  part->klass->forward (part, run);
}

/* to = a + the first E values of b's rows */
static void
sum (const Call *call, const gfloat *a, const gfloat *b, gsize ldb, gfloat *to)
{
  gint E = call->r->cell.n_in;

  rnn_copy_rows (call->n, E, a, E, to, E);
  for (gint row = 0; row < call->n; row++)
    rnn_kernels ()->add (E, b + row * ldb, to + (gsize) row * E);
}

static void
forward_block (const Call *call, gint i, const Block *b)
{
  const Rwkv *r = call->r;
  gint E = r->cell.n_in, n_att = part_of (r, i, ATT)->n_out;

  go (part_of (r, i, LN1), &b->runs[LN1]);
  if (b->joined) {
    rnn_copy_rows (call->n, E, b->runs[LN1].y, E, b->joined, 2 * E);
    rnn_copy_rows (call->n, E, call->first, E, b->joined + E, 2 * E);
  }
  go (part_of (r, i, ATT), &b->runs[ATT]);
  if (n_att > E)
    rnn_copy_rows (call->n, E, b->runs[ATT].y + E, 2 * E, call->first, E);
  sum (call, b->runs[LN1].x, b->runs[ATT].y, n_att, b->mid);
  go (part_of (r, i, LN2), &b->runs[LN2]);
  go (part_of (r, i, FFN), &b->runs[FFN]);
  sum (call, b->mid, b->runs[FFN].y, E, b->y);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Rwkv *r = (const Rwkv *) cell;
  Call call = start (r, run);
  const gfloat *x = r->ln0 ? call.ln0.y : run->x;

  if (r->ln0)
    go (cell->children->pdata[0], &call.ln0);
  for (gint i = 0; i < r->blocks; i++) {
    Block b = lay_block (&call, i, x);

    forward_block (&call, i, &b);
    x = b.y;
  }
}

/* ---- backward ---- */

/* Gradients on the way back, [T][B][...]. */
typedef struct {
  gfloat *d;                    /* of the block's output, then of its input [E] */
  gfloat *wide, *narrow;        /* of what goes into att [2E], and out of it [2E]; or of other parts */
  gfloat *dfirst;               /* of the first v [E] */
} Flow;

static void
back (const Call *call, const RnnGrad *grad, const RnnCell *part, const RnnRun *run, const gfloat *dy, gfloat *dx)
{
  part->klass->backward (part, run, &(RnnGrad) { .dy = dy, .dx = dx,
        .dstate = grad->dstate + (run->state - call->run->state), .dparam = grad->dparam });
}

static void
backward_block (const Call *call, const RnnGrad *grad, gint i, const Block *b, const Flow *f)
{
  const Rwkv *r = call->r;
  gint E = r->cell.n_in, n = call->n, n_att = part_of (r, i, ATT)->n_out;
  gfloat *datt = f->d;

  back (call, grad, part_of (r, i, FFN), &b->runs[FFN], f->d, f->wide);
  back (call, grad, part_of (r, i, LN2), &b->runs[LN2], f->wide, f->narrow);
  rnn_kernels ()->add (n * E, f->narrow, f->d);
  if (n_att > E) {
    datt = f->narrow;
    rnn_copy_rows (n, E, f->d, E, datt, 2 * E);
    rnn_copy_rows (n, E, f->dfirst, E, datt + E, 2 * E);
  }
  back (call, grad, part_of (r, i, ATT), &b->runs[ATT], datt, f->wide);
  for (gint row = 0; b->joined && row < n; row++) {
    rnn_kernels ()->add (E, f->wide + (gsize) row * 2 * E + E, f->dfirst + (gsize) row * E);
    memmove (f->wide + (gsize) row * E, f->wide + (gsize) row * 2 * E, (gsize) E * sizeof (gfloat));
  }
  back (call, grad, part_of (r, i, LN1), &b->runs[LN1], f->wide, f->narrow);
  rnn_kernels ()->add (n * E, f->narrow, f->d);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Rwkv *r = (const Rwkv *) cell;
  Call call = start (r, run);
  gsize size = (gsize) call.n * cell->n_in;
  g_autofree Block *blocks = g_new (Block, (gsize) r->blocks);
  gfloat *work = run->scratch;
  Flow f;

  for (gint i = 0; i < r->blocks; i++)
    blocks[i] = lay_block (&call, i, i ? blocks[i - 1].y : r->ln0 ? call.ln0.y : run->x);
  f.d = rnn_take (&work, size);
  f.wide = rnn_take (&work, 2 * size);
  f.narrow = rnn_take (&work, 2 * size);
  f.dfirst = rnn_take (&work, size);
  memcpy (f.d, grad->dy, size * sizeof (gfloat));
  memset (f.dfirst, 0, size * sizeof (gfloat));
  for (gint i = r->blocks - 1; i >= 0; i--)
    backward_block (&call, grad, i, &blocks[i], &f);
  if (r->ln0)
    back (&call, grad, cell->children->pdata[0], &call.ln0, f.d, f.narrow);
  if (grad->dx)
    memcpy (grad->dx, r->ln0 ? f.narrow : f.d, size * sizeof (gfloat));
}

const RnnCellClass rnn_cell_rwkv = {
  .name = "rwkv",
  .summary = "the blocks of an RWKV language model, versions 4 to 7",
  .instance_size = sizeof (Rwkv),
  .options = options,
  .build = build,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
