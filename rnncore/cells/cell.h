/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one interface behind which every architecture stands.
 *
 * One `forward` serves live streaming (T = 1), chunks (T > 1), many streams (B > 1) and training (tape set): there is
 * no second step function to drift away from it.  All arrays are float32, contiguous, and belong to the caller.
 *
 * A new cell is one file with one `const RnnCellClass rnn_cell_NAME`, and one word in cells/meson.build. */
#pragma once
#include "../base/error.h"
#include "../base/options.h"
#include "../base/rng.h"
#include "../kernels/linear.h"

G_BEGIN_DECLS

typedef struct _RnnCell RnnCell;
typedef struct _RnnCellClass RnnCellClass;

/* What stands beside a stream and is read by attention: the answers of an encoder.  Cells that do not ask for it do not see it. */
typedef struct {
  gint S, B, n;                 /* steps, streams (1: all share it), floats */
  const gfloat *data;           /* [S][B][n] */
  const gint *lengths;          /* [B] or NULL: steps at and past lengths[b] are padding */
  gfloat *grad;                 /* [S][B][n], backward: += d loss/d data; NULL: not wanted */
} RnnEncoded;

#define RNN_RUN_ROWS 128        /* see rnn_run_block () */

/* One call. */
typedef struct {
  gint T, B;                    /* steps, streams; both >= 1 */
  const gfloat *x;              /* [T][B][n_in] */
  gfloat *y;                    /* [T][B][n_out] */
  gfloat *state;                /* [B] rows, state_stride apart, of n_state floats; in and out */
  gsize state_stride;           /* >= n_state */
  gfloat *tape;                 /* T * B * n_tape floats laid out as the cell likes, or NULL: inference */
  gfloat *scratch;              /* rnn_cell_scratch_size () floats, contents undefined */
  const gint *lengths;          /* [B] or NULL; of the model's input, steps at and past lengths[b] are padding.  Only
                                 * cells that look at later steps need to care, see rnn_run_length () */
  gint shift;                   /* this cell's x[t] belongs to step t - shift of the model's input */
  guint64 seed;                 /* != 0: training noise (dropout) is on and follows from this number alone */
  const RnnEncoded *memory;      /* or NULL: there is nothing to read */
  gint memory_first;            /* stream 0 of this call is that one of the memory */
} RnnRun;

/* One backward call, after a forward call with a tape.  `run` is that call, except that run->state again holds the
 * state at entry.  The tape may be overwritten. */
typedef struct {
  const gfloat *dy;             /* [T][B][n_out] */
  gfloat *dx;                   /* [T][B][n_in], overwritten; NULL: not wanted */
  gfloat *dstate;               /* [B] rows like state: d loss/d final state in, d loss/d entry state out */
  gfloat *dparam;               /* the model's flat gradient vector, += at every RnnParam's offset */
} RnnGrad;

struct _RnnCellClass {          /* one static const per file */
  const gchar *name, *summary;
  gsize instance_size;
  const RnnOption *options;     /* fields of the instance; NULL: none */
  gint n_copies;                /* containers: how often `layers` is built (1; bidirectional 2); 0: not a container */
  /* Containers, may be NULL: builds the children with container.h.  NULL: they are the layers, one after another. */
  gboolean (*build)    (RnnCell *cell, const json_t *layer, const gchar *where, GError **error);
  /* Declares parameters (rnn_cell_add_param) and sets n_out, n_state, n_tape, n_scratch, latency; n_in and the
   * options (and for containers the children) are already there. */
  gboolean (*setup)    (RnnCell *cell, GError **error);
  void     (*init)     (RnnCell *cell, RnnRng *rng);    /* may be NULL: after the uniform start, before training */
  void     (*reset)    (const RnnCell *cell, gfloat *state);  /* may be NULL: a fresh state of one stream, if not 0 */
  void     (*forward)  (const RnnCell *cell, const RnnRun *run);
  void     (*backward) (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad);   /* NULL: cannot be trained */
  void     (*finalize) (RnnCell *cell);                 /* may be NULL */
};

typedef struct {
  const gchar *name;            /* as the equations call it: "h", "c" */
  guint64 n;                    /* floats */
} RnnStatePart;

struct _RnnCell {               /* first member of every instance */
  const RnnCellClass *klass;
  gchar *name;                  /* the layer's name in the model */
  json_t *from;                 /* in a graph: the name, or the names, of what it reads; NULL: the one before it */
  gint n_in, n_out;             /* floats per step */
  /* Counted in 64 bits on any machine, since a recipe says what is multiplied, then checked once to be sizes. */
  guint64 n_state;              /* floats per stream */
  guint64 n_tape, n_scratch;    /* floats per step and stream */
  guint64 n_scratch_once;       /* and of scratch per stream, however many steps: room for one block of them */
  gint latency;                 /* y[t] answers x[t - latency]: steps of look-ahead */
  gboolean offline;             /* needs the whole sequence in one call: cannot stream */
  gint n_memory, max_memory;    /* reads a memory of so many floats in each of at most so many steps; 0: none */
  gsize part_state, part_tape, part_scratch;    /* of a part (parts.h): floats of a stream's state, and of a step's tape and
                                                 * scratch, before its own */
  gint depth;                   /* > 1: not a cell of its own but so many of its children's kind, see container.h */
  GArray *state_parts;          /* of RnnStatePart, one after another; empty where the state has no names */
  GPtrArray *params;            /* of RnnParam, owned, in order of declaration */
  GPtrArray *children;          /* of RnnCell, owned; empty unless a container */
};

/* ---- the registry ---- */
const RnnCellClass *const *rnn_cell_classes (void);     /* NULL-terminated, as meson.build lists them */
const RnnCellClass *rnn_cell_class_find (const gchar *name);

/* Builds a cell from one object of a recipe's `layers`: {"cell": "lstm", "name": "rnn0", "hidden": 320}.  Containers
 * build their own "layers"; any layer may have a "depth": so many of it, one after another (nn.LSTM's num_layers).
 * @where prefixes messages.  Returns (transfer full) or NULL. */
RnnCell *rnn_cell_new (const json_t *layer, gint n_in, const gchar *where, GError **error);
void     rnn_cell_free (RnnCell *cell);

/* The options that differ from their defaults, as rnn_cell_new would read them. (transfer full) */
json_t  *rnn_cell_to_json (const RnnCell *cell);

/* ---- for setup ---- */
/* Declares a parameter, uniform in [-bound, bound]; the rank is the number of dims until the first 0.  Returns
 * (transfer none).  A matrix may be used with rnn_linear. */
RnnParam *rnn_cell_add_vector (RnnCell *cell, const gchar *name, gint n, gfloat bound);
RnnParam *rnn_cell_add_matrix (RnnCell *cell, const gchar *name, gint rows, gint cols, gfloat bound);
RnnParam *rnn_cell_add_tensor (RnnCell *cell, const gchar *name, gint rank, const gint *dims, gfloat bound);

/* The blocks of a block-diagonal matrix, for rnn_linear_blocks; each [rows][cols]. */
RnnParam *rnn_cell_add_blocks (RnnCell *cell, const gchar *name, gint blocks, gint rows, gint cols, gfloat bound);

/* The next @n floats of the state; in place of setting n_state. @name is static. */
void rnn_cell_add_state (RnnCell *cell, const gchar *name, guint64 n);

/* ---- for whoever runs cells ---- */
/* A model's root over some steps, with denormal numbers taken for 0 (kernels/denormals.h): after a long silence a step costs what
 * it cost before. */
void     rnn_cell_forward (const RnnCell *cell, const RnnRun *run);
void     rnn_cell_backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad);
void     rnn_cell_reset_state (const RnnCell *cell, gfloat *state);     /* one stream: zeros, then the class's reset */
gboolean rnn_cell_can_train (const RnnCell *cell);                      /* itself and all children have a backward */
gsize    rnn_cell_scratch_size (const RnnCell *cell, gint T, gint B);   /* floats: B (T n_scratch + n_scratch_once) */
/* Calls @func for every parameter of the tree with its full name, "layer.weight_ih_l0". */
typedef void (*RnnParamFunc) (RnnParam *param, const gchar *full_name, gpointer data);
void     rnn_cell_foreach_param (RnnCell *cell, RnnParamFunc func, gpointer data);
void     rnn_cell_init_params (RnnCell *cell, RnnRng *rng);             /* the start of training; needs data set */

/* ---- for forward and backward ---- */
/* The next n floats of an area that is laid out from front to back. */
static inline gfloat *
rnn_take (gfloat **area, gsize n)
{
  gfloat *taken = *area;

  *area += n;
  return taken;
}

/* to[i][size] = from[i][size] for n rows; ld: floats from row to row */
void rnn_copy_rows (gint n, gint size, const gfloat *from, gsize ld_from, gfloat *to, gsize ld_to);
/* x[n] clamped to +-limit */
void rnn_clip (gint n, gfloat limit, gfloat *x);

#define RNN_CELL(c) ((RnnCell *) (c))

/* For how many steps a cell makes what does not depend on its state: of all that a tape keeps, else of as many rows as kernels take in one
 * pass, so that they are in the caches still when their steps come. */
static inline gint
rnn_run_block (const RnnRun *run)
{
  return run->tape ? run->T : MAX (RNN_RUN_ROWS / run->B, 1);
}

/* Steps of x that are stream b's, 0 to T: the others come after its end. */
static inline gint
rnn_run_length (const RnnRun *run, gint b)
{
  return run->lengths ? (gint) CLAMP ((gint64) run->lengths[b] + run->shift, 0, run->T) : run->T;
}

/* Steps of memory that stream b reads, and the first of them; they are *stride floats apart. */
static inline gint
rnn_run_memory (const RnnRun *run, gint b, gsize *at, gsize *stride)
{
  const RnnEncoded *m = run->memory;
  gint stream = m && m->B > 1 ? run->memory_first + b : 0;

  *at = m ? (gsize) stream * m->n : 0;
  *stride = m ? (gsize) m->B * m->n : 0;
  return !m ? 0 : m->lengths ? CLAMP (m->lengths[stream], 0, m->S) : m->S;
}

/* Row of stream b in an RnnRun's state (or an RnnGrad's dstate). */
#define RNN_STATE_ROW(base, run, b) ((base) + (gsize) (b) * (run)->state_stride)

G_END_DECLS
