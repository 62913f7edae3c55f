/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encode once, then a beam of hypotheses, each a stream of one session over the decoder. */
#include "translate.h"
#include "session-private.h"
#include "../base/topk.h"
#include "../ctc/ctc.h"
#include "../text/longest.h"
#include <math.h>
#include <string.h>

#define MAX_BEAM 256
#define LONGEST(n) (3 * (n) + 16)       /* labels that a source of n tokens may become */

typedef struct {
  gfloat *state;                /* [n_state] of the decoder, after all but the last token */
  GArray *tokens;               /* of gint, "<s>" first */
  gdouble log_p;
} Hypothesis;

struct _RnnTranslator {
  RnnModel *model;
  RnnSession *decoder;
  RnnEncoded memory;
  guint beam;
  gdouble penalty;
  gint V, start, end, source_end;       /* source_end: -1: none */
  GArray *data;                 /* gfloat: of the memory, and the encoder's room */
  GPtrArray *open, *next;       /* of Hypothesis */
  GArray *done;                 /* of RnnTranslation */
  gfloat *x, *scores;           /* [beam], [beam][V] */
  gint *best;                   /* [beam] */
  gfloat *entry;                /* [n_state]: the decoder's state behind the source that was run last */
};

/* ---- life ---- */

static void
hypothesis_free (gpointer data)
{
  Hypothesis *h = data;

  g_array_unref (h->tokens);
  g_free (h->state);
  g_free (h);
}

static Hypothesis *
hypothesis_new (gsize n_state, const gfloat *state, const Hypothesis *from, gint token, gdouble log_p)
{
  Hypothesis *h = g_new (Hypothesis, 1);

  h->state = g_memdup2 (state, MAX (n_state, 1) * sizeof (gfloat));
  h->tokens = from ? g_array_copy (from->tokens) : g_array_new (FALSE, FALSE, sizeof (gint));
  g_array_append_val (h->tokens, token);
  h->log_p = log_p;
  return h;
}

static void
translation_clear (gpointer translation)
{
  g_free (((RnnTranslation *) translation)->tokens);
}

static gint
find_token (const gchar *const *tokens, const gchar *name, gint otherwise)
{
  for (gint i = 0; tokens && tokens[i]; i++)
    if (g_str_equal (tokens[i], name))
      return i;
  return otherwise;
}

static gboolean
check (RnnModel *model, guint beam, GError **error)
{
  const gchar *reason = NULL;

  if (!rnn_model_get_encoder (model))
    reason = "no encoder-decoder: its recipe has no \"encoder\"";
  else if (!rnn_model_get_tokens (model) || rnn_model_get_n_in (model) != 1)
    reason = "what it answers has no labels, or is not what it hears";
  else if (beam < 1 || beam > MAX_BEAM)
    reason = "a beam is 1 to 256 wide";
  if (reason)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: %s", rnn_model_get_path (model), reason);
  return !reason;
}

RnnTranslator *
rnn_translator_new (RnnModel *model, guint beam, gdouble penalty, GError **error)
{
  RnnTranslator *t;
  gint V = rnn_model_get_n_out (model);

  if (!check (model, beam, error))
    return NULL;
  t = g_new0 (RnnTranslator, 1);
  t->model = rnn_model_ref (model);
  t->beam = beam;
  t->penalty = penalty;
  t->V = V;
  t->start = find_token (rnn_model_get_tokens (model), "<s>", 0);
  t->end = find_token (rnn_model_get_tokens (model), "</s>", V - 1);
  t->source_end = find_token (rnn_model_get_source_tokens (model), "</s>", -1);
  t->memory = (RnnEncoded) { .B = 1, .n = rnn_model_get_encoder (model)->n_out };
  t->data = g_array_new (FALSE, TRUE, sizeof (gfloat));
  t->open = g_ptr_array_new_with_free_func (hypothesis_free);
  t->next = g_ptr_array_new_with_free_func (hypothesis_free);
  t->done = g_array_new (FALSE, FALSE, sizeof (RnnTranslation));
  g_array_set_clear_func (t->done, translation_clear);
  t->x = g_new0 (gfloat, beam);
  t->scores = g_new0 (gfloat, (gsize) beam * V);
  t->best = g_new0 (gint, MIN ((gint) beam, V));
  t->entry = g_new0 (gfloat, MAX (rnn_model_get_root (model)->n_state, 1));
  t->decoder = rnn_session_new_decoder (model, beam, &t->memory, error);
  if (!t->decoder)
    g_clear_pointer (&t, rnn_translator_free);
  return t;
}

void
rnn_translator_free (RnnTranslator *t)
{
  if (!t)
    return;
  rnn_session_free (t->decoder);
  g_array_unref (t->data);
  g_ptr_array_unref (t->open);
  g_ptr_array_unref (t->next);
  g_array_unref (t->done);
  g_free (t->x);
  g_free (t->scores);
  g_free (t->best);
  g_free (t->entry);
  rnn_model_unref (t->model);
  g_free (t);
}

/* ---- encoder ---- */

static gboolean
check_source (RnnTranslator *t, const gint *source, guint n, GError **error)
{
  gint most = rnn_model_get_root (t->model)->max_memory, tokens = G_MAXINT;
  const gchar *const *names = rnn_model_get_source_tokens (t->model);

  if (names)
    tokens = (gint) g_strv_length ((gchar **) names);
  for (guint i = 0; i < n; i++)
    if (source[i] < 0 || source[i] >= tokens) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: %d is no token of the source", rnn_model_get_path (t->model),
          source[i]);
      return FALSE;
    }
  if (n + (t->source_end >= 0) > (most ? (guint) most : 65536) || n == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: a source of %u tokens; 1 to %d are supported",
        rnn_model_get_path (t->model), n, (most ? most : 65536) - (t->source_end >= 0));
    return FALSE;
  }
  return TRUE;
}

/* Fills the memory, and the state in which the decoder begins. */
static void
encode (RnnTranslator *t, const gint *source, guint n)
{
  const RnnCell *encoder = rnn_model_get_encoder (t->model);
  gsize S = n + (t->source_end >= 0), scratch = rnn_cell_scratch_size (encoder, (gint) S, 1);
  gfloat *area;
  RnnRun run = { .T = (gint) S, .B = 1, .state_stride = encoder->n_state };

  g_array_set_size (t->data, (guint) (S * (1 + encoder->n_out) + encoder->n_state + scratch));
  area = (gfloat *) t->data->data;
  run.y = rnn_take (&area, S * encoder->n_out);
  run.state = rnn_take (&area, encoder->n_state);
  run.x = rnn_take (&area, S);
  run.scratch = area;
  for (gsize i = 0; i < S; i++)
    ((gfloat *) run.x)[i] = (gfloat) (i < n ? source[i] : t->source_end);
  rnn_cell_reset_state (encoder, run.state);
  rnn_cell_forward (encoder, &run);
  t->memory.S = (gint) S;
  t->memory.data = run.y;
  rnn_cell_reset_state (rnn_model_get_root (t->model), t->entry);
  if (rnn_model_carries (t->model))
    memcpy (t->entry, run.state, encoder->n_state * sizeof (gfloat));
}

/* ---- search ---- */

static void
finish (RnnTranslator *t, const Hypothesis *h, gdouble log_p)
{
  guint n = h->tokens->len - 1;
  RnnTranslation done = { g_memdup2 ((gint *) h->tokens->data + 1, MAX (n, 1) * sizeof (gint)), n,
    log_p / pow (n + 1, t->penalty) };

  g_array_append_val (t->done, done);
}

static gint
compare_open (gconstpointer a, gconstpointer b)
{
  const Hypothesis *x = *(Hypothesis *const *) a, *y = *(Hypothesis *const *) b;

  return (x->log_p < y->log_p) - (x->log_p > y->log_p);
}

static gint
compare_done (gconstpointer a, gconstpointer b)
{
  const RnnTranslation *x = a, *y = b;

  return (x->score < y->score) - (x->score > y->score);
}

/* What may come after the hypothesis in stream i: the best tokens, or its end. */
static void
extend (RnnTranslator *t, guint i)
{
  const Hypothesis *h = t->open->pdata[i];
  gsize n_state = rnn_session_get_state_size (t->decoder);
  g_autofree gfloat *state = g_new (gfloat, MAX (n_state, 1));
  gfloat *scores = t->scores + (gsize) i * t->V;
  gint n = MIN ((gint) t->beam, t->V);

  rnn_session_get_state (t->decoder, i, state);
  rnn_log_softmax (t->V, scores, scores);
  rnn_top_k (t->V, scores, n, t->best);
  for (gint k = 0; k < n; k++) {
    gdouble log_p = h->log_p + scores[t->best[k]];

    if (t->best[k] == t->end)
      finish (t, h, log_p);
    else
      g_ptr_array_add (t->next, hypothesis_new (n_state, state, h, t->best[k], log_p));
  }
}

static void
step (RnnTranslator *t)
{
  GPtrArray *old = t->open;

  for (guint i = 0; i < t->open->len; i++) {
    const Hypothesis *h = t->open->pdata[i];

    rnn_session_set_state (t->decoder, i, h->state);
    t->x[i] = (gfloat) g_array_index (h->tokens, gint, h->tokens->len - 1);
  }
  rnn_session_run (t->decoder, 1, t->x, t->scores);
  for (guint i = 0; i < t->open->len; i++)
    extend (t, i);
  g_ptr_array_sort (t->next, compare_open);
  if (t->next->len > t->beam)
    g_ptr_array_set_size (t->next, (gint) t->beam);
  t->open = t->next;
  t->next = old;
  g_ptr_array_set_size (t->next, 0);
}

/* Can an open hypothesis still be better than the best that ended, whatever follows?  Log-probabilities only fall. */
static gboolean
is_open (RnnTranslator *t, guint longest)
{
  const RnnTranslation *best;

  if (t->open->len == 0)
    return FALSE;
  if (t->done->len < t->beam)
    return TRUE;
  g_array_sort (t->done, compare_done);
  best = (const RnnTranslation *) t->done->data;
  return ((Hypothesis *) t->open->pdata[0])->log_p / pow (longest + 1, t->penalty) > best->score;
}

const RnnTranslation *
rnn_translator_run (RnnTranslator *t, const gint *source, guint n, guint *n_best, GError **error)
{
  gsize n_state = rnn_session_get_state_size (t->decoder);
  guint longest = LONGEST (n);

  *n_best = 0;
  if (!check_source (t, source, n, error))
    return NULL;
  g_array_set_size (t->done, 0);
  g_ptr_array_set_size (t->open, 0);
  encode (t, source, n);
  g_ptr_array_add (t->open, hypothesis_new (n_state, t->entry, NULL, t->start, 0));
  for (guint i = 0; i < longest && is_open (t, longest); i++)
    step (t);
  if (t->done->len == 0)        /* it found no end */
    finish (t, t->open->pdata[0], ((Hypothesis *) t->open->pdata[0])->log_p);
  g_array_sort (t->done, compare_done);
  *n_best = MIN (t->done->len, t->beam);
  return (const RnnTranslation *) t->done->data;
}

/* ---- attention ---- */

/* Where the weights of the last layer of attention begin in the decoder's state (cells/attention.c), or -1. */
static gssize
find_weights (const RnnCell *root)
{
  gssize found = -1, at = 0;

  for (guint i = 0; i < root->children->len; i++) {
    const RnnCell *child = root->children->pdata[i];

    if (g_str_equal (child->klass->name, "attention"))
      found = at;
    at += (gssize) child->n_state;
  }
  return found;
}

gfloat *
rnn_translator_attend (RnnTranslator *t, const gint *tokens, guint n, guint *S)
{
  gssize at = find_weights (rnn_model_get_root (t->model));
  g_autofree gfloat *state = g_new (gfloat, MAX (rnn_session_get_state_size (t->decoder), 1));
  gfloat *weights;

  *S = (guint) t->memory.S;
  if (at < 0)
    return NULL;
  weights = g_new (gfloat, (gsize) (n + 1) * *S);
  rnn_session_set_state (t->decoder, 0, t->entry);
  for (guint i = 0; i <= n; i++) {
    t->x[0] = (gfloat) (i ? tokens[i - 1] : t->start);
    rnn_session_run (t->decoder, 1, t->x, t->scores);
    rnn_session_get_state (t->decoder, 0, state);
    memcpy (weights + (gsize) i * *S, state + at, *S * sizeof (gfloat));
  }
  return weights;
}

/* ---- texts ---- */

const RnnTranslation *
rnn_translator_read (RnnTranslator *t, const gchar *text, guint *n_best, GError **error)
{
  const gchar *const *tokens = rnn_model_get_source_tokens (t->model);
  g_autoptr (GArray) source = g_array_new (FALSE, FALSE, sizeof (gint));
  gsize length;

  *n_best = 0;
  for (const gchar *at = text; *at; at += length) {
    gint token = rnn_longest_token (tokens, at, &length);

    if (token < 0) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: no token for \"%.16s\"", rnn_model_get_path (t->model), at);
      return NULL;
    }
    g_array_append_val (source, token);
  }
  return rnn_translator_run (t, (const gint *) source->data, source->len, n_best, error);
}

gchar *
rnn_translator_translate (RnnTranslator *t, const gchar *text, const gchar *separator, GError **error)
{
  const gchar *const *labels = rnn_model_get_tokens (t->model);
  const RnnTranslation *best;
  GString *out;
  guint n;

  if (!(best = rnn_translator_read (t, text, &n, error)))
    return NULL;
  out = g_string_new (NULL);
  for (guint i = 0; i < best->n; i++)
    g_string_append_printf (out, "%s%s", i ? separator : "", labels[best->tokens[i]]);
  return g_string_free (out, FALSE);
}
