/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model is for: the meaning of its last layer's numbers, the loss that teaches it and the metric that judges it.
 *
 * A kind of output is one file here and one word in outputs/meson.build; a recipe's "output" object names it and its
 * options: {"kind": "classes", "labels": ["yes", "no"], "pooling": "mean"}. */
#pragma once
#include "labels.h"
#include "../base/error.h"
#include "../base/options.h"
#include "../ctc/denominator.h"
#include "../text/speller.h"

RNN_API_BEGIN

#define RNN_MAX_HEADS 16

typedef struct _RnnOutput RnnOutput;
typedef struct _RnnOutputClass RnnOutputClass;

/* How a result is told. */
typedef struct {
  const gchar *name;            /* for people: "WER" */
  gboolean percent;             /* a rate, 1 is 100 % */
  gboolean higher_is_better;
} RnnMetric;

/* The answers of a model to one example. */
typedef struct {
  RnnLabels labels;
  gint steps;
  const gfloat *y;              /* [steps] rows of output->n, ld apart */
  gfloat *dy;                   /* the same rows for the gradient, zero at entry, or NULL: not wanted */
  gsize ld;
  gfloat scale;                 /* of the gradient */
  gfloat *scratch;              /* rnn_output_scratch () floats, contents undefined */
  const RnnCtcDenominator *const *denominators; /* of each text, NULL: none; or NULL */
  gint hop, rate;               /* rows of the source from step to step, and per second; 0: unknown */
} RnnAnswer;

/* A metric under way, errors / total over examples: one per thread of work, added up in a fixed order. */
typedef struct {
  const RnnOutput *output;      /* which must stay */
  gpointer work;                /* of the class */
  gdouble errors, total;
} RnnMeasure;

struct _RnnOutputClass {        /* one static const per file */
  const gchar *name, *summary;
  gsize instance_size;
  const RnnOption *options;     /* fields of the instance; NULL: none */
  const gchar *const *keys;     /* what else its object may hold, read by setup; NULL: nothing */
  RnnLabelKind label;
  RnnMetric metric;
  const gchar *caps;            /* "kind" of the tensors that elements pass on; NULL: nothing to say */
  const gchar *unlearnt;        /* what an example of infinite loss is, after "they are" */
  /* n is set if the layers are known, else 0 unless the object has a "size"; setup sets it, n_values, and what else the
   * kind has.  @where prefixes messages. */
  gboolean (*setup)    (RnnOutput *output, const json_t *object, const gchar *where, GError **error);
  /* FALSE when nothing can be learnt from such labels: @reason (static) says why. */
  gboolean (*accepts)  (const RnnOutput *output, const RnnLabels *labels, const gchar **reason);
  /* Floats of scratch for so many steps; may be NULL: none. */
  gsize    (*scratch)  (const RnnOutput *output, const RnnLabels *labels, gint steps);
  /* The mean over what is known, and scale * its gradient; +inf: cannot be learnt, gradient 0. */
  gfloat   (*loss)     (const RnnOutput *output, const RnnAnswer *answer);
  /* Adds to errors and total of @measure.  steps may be 0. */
  void     (*measure)  (const RnnOutput *output, const RnnAnswer *answer, RnnMeasure *measure);
  gboolean (*begin)    (const RnnOutput *output, RnnMeasure *measure, GError **error);  /* may be NULL: makes ->work */
  void     (*end)      (RnnMeasure *measure);                                           /* may be NULL: frees ->work */
  const RnnOutput *(*head) (const RnnOutput *output, guint i);  /* of several, NULL behind the last; may be NULL: itself */
  void     (*finalize) (RnnOutput *output);             /* may be NULL */
};

struct _RnnOutput {             /* first member of every instance */
  const RnnOutputClass *klass;
  gint n;                       /* floats per step */
  gint n_values;                /* of a row of labels that it learns from; 0: text */
  gchar **names;                /* [n] and NULL: tokens, classes; or NULL */
  gint blank;                   /* CTC's; index of a token */
  RnnTokens *tokens;            /* CTC's: the table of names, shared by all who decode; or NULL */
  RnnTextConfig text;           /* CTC's: how a text becomes what its tokens spell */
  gchar *dictionary;            /* CTC's: path of how words are said in its tokens; NULL: tokens spell */
  gfloat mmi;                   /* CTC's: share of maximum mutual information in its loss */
  GArray *calibration;          /* CTC's: what confidences of words are worth (calibration.h), or NULL */
  gint pooling;                 /* RnnPoolingType */
  gint marks;                   /* RnnMarks: how texts become targets of frames */
  gfloat weight;                /* of its loss among other heads */
};

/* ---- the registry ---- */
const RnnOutputClass *const *rnn_output_kinds (void);   /* NULL-terminated, as meson.build lists them */
const RnnOutputClass *rnn_output_class_find (const gchar *name);

/* From a recipe's "output" object (NULL: raw) over @n numbers per step; 0: the object's "size" or names say how many.
 * (transfer full) */
RnnOutput *rnn_output_new (const json_t *object, gint n, const gchar *where, GError **error);
void       rnn_output_free (RnnOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnOutput, rnn_output_free)

/* The part that decoders read, always the first numbers of a step: of several heads the first, else the output itself. */
const RnnOutput *rnn_output_primary (const RnnOutput *output);
/* The @i-th of its heads, itself being the only one of most outputs; NULL: there are not so many. */
const RnnOutput *rnn_output_get_head (const RnnOutput *output, guint i);
gint             rnn_output_get_head_start (const RnnOutput *output, guint i);  /* its first number in a step */
/* "WER 12.3 %", in any locale with a point. (transfer full) */
gchar           *rnn_output_describe_metric (const RnnOutput *output, gdouble value);

/* ---- training: with the output's pooling ---- */
gboolean rnn_output_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason);
gsize    rnn_output_scratch (const RnnOutput *output, const RnnLabels *labels, gint steps);
gfloat   rnn_output_loss (const RnnOutput *output, const RnnAnswer *answer);

gboolean rnn_measure_init (RnnMeasure *measure, const RnnOutput *output, GError **error);
void     rnn_measure_clear (RnnMeasure *measure);
void     rnn_measure_add (RnnMeasure *measure, const RnnAnswer *answer);

/* ---- for setup ---- */
/* Names of the numbers, a list of strings at @key: sets names and n, or checks that n is as many.  TRUE where there is no
 * such key, too. */
gboolean rnn_output_read_names (RnnOutput *output, const json_t *object, const gchar *key, const gchar *where,
    GError **error);

/* For accepts: FALSE, and why. */
static inline gboolean
rnn_output_refuse (const gchar **reason, const gchar *why)
{
  *reason = why;
  return FALSE;
}

RNN_API_END
