/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes into a model: how a source's rows (samples of sound, time steps of a series) become its steps.
 *
 *   rows -> frames of n_frame numbers -> normalised (features/cmvn.h) -> stacked (features/stack.h) -> steps of n_in
 *
 * A kind of input is one file here and one word in inputs/meson.build; a recipe's "input" object names it and its options:
 * {"kind": "series", "channels": 3, "cmvn": "global"}.  A stream runs the whole way.  A trainer takes frames, changes
 * them, and then normalises and stacks by the same code, so both feed the model the same numbers, bit for bit. */
#pragma once
#include "../base/error.h"
#include "../base/options.h"
#include "../features/features.h"

RNN_API_BEGIN

typedef struct _RnnInput RnnInput;
typedef struct _RnnInputClass RnnInputClass;
typedef struct _RnnInputStream RnnInputStream;

/* What an element in front of the model is given. */
typedef enum {
  RNN_SOURCE_AUDIO,             /* mono sound of `rate` Hz, +-1 */
  RNN_SOURCE_SERIES,            /* time steps of `channels` numbers, as interleaved samples or as tensors */
  RNN_SOURCE_TENSORS,           /* tensors alone */
  RNN_N_SOURCES
} RnnSource;

struct _RnnInputClass {         /* one static const per file */
  const gchar *name, *summary;
  gsize instance_size;
  RnnSource source;
  const gchar *caps;            /* "kind" of the tensors that elements pass on where the output has none; or NULL */
  const RnnOption *options;     /* fields of the instance; NULL: none */
  const gchar *const *keys;     /* what else its object may hold, read by setup; NULL: nothing */
  /* Sets channels, rate, n_frame, n_in, window, hop, and what of features the kind has.  @where prefixes messages. */
  gboolean (*setup)     (RnnInput *input, const json_t *object, const gchar *where, GError **error);
  /* A stream by @features, which are the input's or those without normalisation and stacking. */
  gpointer (*open)      (const RnnInput *input, const RnnFeatureConfig *features, const gfloat *mean, const gfloat *std,
      GError **error);
  void     (*close)     (gpointer stream);
  void     (*reset)     (gpointer stream);
  guint    (*max_steps) (gpointer stream, guint n);
  guint    (*push)      (gpointer stream, const gfloat *rows, guint n, gfloat *out);
  guint    (*finish)    (gpointer stream, gfloat *out);
  gint     (*start)     (gpointer stream);
  void     (*keep)      (gpointer stream, RnnKeep *keep);       /* NULL: its state cannot be kept */
};

struct _RnnInput {              /* first member of every instance */
  const RnnInputClass *klass;
  gint channels;                /* numbers of a row */
  gint rate;                    /* rows per second; 0: whatever comes */
  gint n_frame;                 /* numbers of a frame: what statistics are of */
  gint n_in;                    /* numbers of a step: stack frames */
  gint hop, window;             /* rows from step to step, and that one step sees: window - hop of look-ahead */
  RnnFeatureConfig features;    /* acoustic kinds: all of it; others: normalisation, stack and stride */
};

/* ---- the registry ---- */
const RnnInputClass *const *rnn_input_kinds (void);             /* NULL-terminated, as meson.build lists them */
const RnnInputClass *rnn_input_class_find (const gchar *name);

/* From a recipe's "input" object. (transfer full) */
RnnInput *rnn_input_new (const json_t *object, const gchar *where, GError **error);
/* Features of sound at config->rate, without a recipe. (transfer full) */
RnnInput *rnn_input_new_acoustic (const RnnFeatureConfig *config, GError **error);
void      rnn_input_free (RnnInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnInput, rnn_input_free)
/* Whether steps need statistics that only examples can give. */
gboolean  rnn_input_needs_stats (const RnnInput *input);

/* ---- rows in, steps out, the same however the rows are cut; the stream itself neither allocates nor fails ---- */
/* @mean, @std: [n_frame] or NULL, copied. */
RnnInputStream *rnn_input_stream_new (const RnnInput *input, const gfloat *mean, const gfloat *std, GError **error);
/* The same, but its steps are single frames as they are: for a trainer, and for statistics. */
RnnInputStream *rnn_input_stream_new_frames (const RnnInput *input, GError **error);
void  rnn_input_stream_free (RnnInputStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnInputStream, rnn_input_stream_free)
/* Most steps that push of @n rows or finish (n 0) can return now. */
guint rnn_input_stream_max_steps (RnnInputStream *stream, guint n);
/* rows[n][channels] -> out[steps][n_in]; returns the number of steps. */
guint rnn_input_stream_push (RnnInputStream *stream, const gfloat *rows, guint n, gfloat *out);
guint rnn_input_stream_finish (RnnInputStream *stream, gfloat *out);    /* what is still due; then as new */
void  rnn_input_stream_reset (RnnInputStream *stream);
/* Its state, out or in (base/keep.h); fails for a kind that cannot. */
void  rnn_input_stream_keep (RnnInputStream *stream, RnnKeep *keep);
/* First row of step 0 relative to the stream's first: negative with mirrored edges. */
gint  rnn_input_stream_get_start (RnnInputStream *stream);

RNN_API_END
