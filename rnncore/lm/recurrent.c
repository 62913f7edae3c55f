/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recurrent model of our own cells as a scorer of words: whatever reads a token a step (cell `embedding`) and answers
 * with a score for each that may follow (output `classes`, whose labels are the tokens).  Tokens are
 *   letters    " " is one of them and parts words:  P (word | h) = P (" " | h) P (its letters) P (" " or the end | these),
 *              over P (" " or the end | h), which the word before has paid
 *   pieces     some begin with a space (" the"):    P (word | h) = P (its pieces)
 *   words      neither; what is none of them is "<unk>"
 * and a sentence ends, and begins, with "\n", "</s>" or "<eos>".
 *
 * State: gfloat [n_state] of the cells, before the last token; then that token; log P (" "), log P (end), given that it
 * is one of the two (letters); a digest of all before it.  Scores, without the states behind them, are remembered: a search asks for the same
 * word after the same words in many steps.  How they are computed is in recurrent-rows.c. */
#include "recurrent-private.h"
#include "../base/digest.h"
#include "../base/error.h"
#include "../model/language.h"
#include <math.h>
#include <string.h>

#define REMEMBERED 32768        /* scores; a power of two */
#define NOTHING (-100 * (gfloat) G_LN10)        /* of a word that it cannot say, as in n-gram models without <unk> */

/* ---- words as tokens ---- */

static gint
number_of (const RnnRecurrent *r, const gchar *label)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (r->numbers, label)) - 1;
}

/* Its tokens, at most RNN_RECURRENT_LONGEST, behind x[0]; 0: it has none. */
static guint
encode (const RnnRecurrent *r, const gchar *word, gfloat *x)
{
  g_autofree gchar *with_space = r->kind == RNN_RECURRENT_PIECES ? g_strconcat (" ", word, NULL) : NULL;
  const gchar *at = with_space ? with_space : word;
  guint n = 0;
  gsize length;

  if (r->kind == RNN_RECURRENT_WORDS) {
    gint token = number_of (r, word);

    x[1] = (gfloat) (token >= 0 ? token : r->unknown);
    return x[1] >= 0;
  }
  for (; *at && n < RNN_RECURRENT_LONGEST; at += length) {
    gint token = rnn_trie_longest (&r->tree, at, &length);

    if (token < 0 || token == r->end || (token == r->space && r->kind == RNN_RECURRENT_LETTERS))
      return 0;
    x[++n] = (gfloat) token;
  }
  return *at ? 0 : n;
}

static guint32
recurrent_find (RnnScorer *scorer, const gchar *symbol)
{
  gfloat x[RNN_RECURRENT_LONGEST + 1];

  return encode ((RnnRecurrent *) scorer, symbol, x) ? 0 : RNN_SCORER_UNKNOWN;
}

/* ---- scores ---- */

static gboolean
recall (RnnRecurrent *r, guint64 key, gfloat *score)
{
  RnnRecurrentScore *place = &r->remembered[key & (REMEMBERED - 1)];
  gboolean found;

  g_mutex_lock (&r->lock);
  if ((found = place->key == key))
    *score = place->score;
  g_mutex_unlock (&r->lock);
  return found;
}

static void
remember (RnnRecurrent *r, guint64 key, gfloat score)
{
  g_mutex_lock (&r->lock);
  r->remembered[key & (REMEMBERED - 1)] = (RnnRecurrentScore) { key, score };
  g_mutex_unlock (&r->lock);
}

static guint64
key_of (const RnnRecurrent *r, gconstpointer state, const gchar *text)
{
  return rnn_digest_bytes (rnn_recurrent_digest_in (r, state), text ? text : "", text ? strlen (text) : 1);
}

/* FALSE: there is nothing to compute, but NOTHING. */
static gboolean
ask (const RnnRecurrent *r, const RnnScorerQuestion *question, guint64 key, RnnRecurrentRow *row)
{
  const gfloat *extra = (const gfloat *) question->state + r->root->n_state;

  row->state = question->state;
  row->key = key;
  row->next = question->next;
  row->x[0] = extra[RNN_RECURRENT_LAST];
  row->x[1] = (gfloat) r->end;
  row->n = r->end >= 0 && r->kind != RNN_RECURRENT_LETTERS;
  row->n_steps = 1;
  row->score = 0;
  if (!question->text)
    return TRUE;
  if ((row->n = encode (r, question->text, row->x)) == 0) {
    if (question->next)
      memcpy (question->next, r->begin, r->base.state_size);
    return FALSE;
  }
  row->n_steps = row->n + (r->kind == RNN_RECURRENT_LETTERS);
  row->score = r->kind == RNN_RECURRENT_LETTERS ? extra[RNN_RECURRENT_SPACE] : 0;
  return TRUE;
}

static gfloat
answer_one (RnnRecurrent *r, const RnnScorerQuestion *question)
{
  guint64 key = question->next ? 0 : key_of (r, question->state, question->text);
  RnnRecurrentRoom *room;
  gfloat score = NOTHING;

  if (!question->next && recall (r, key, &score))
    return score;
  room = rnn_recurrent_enter (r);
  if (ask (r, question, key, &room->rows[0])) {
    rnn_recurrent_answer (r, room, 1);
    score = room->rows[0].score;
  }
  rnn_recurrent_leave (r, room);
  if (!question->next)
    remember (r, key, score);
  return score;
}

/* Of the first n rows, which are asked. */
static void
answer_all (RnnRecurrent *r, RnnRecurrentRoom *room, guint n)
{
  rnn_recurrent_answer (r, room, n);
  for (guint i = 0; i < n; i++)
    remember (r, room->rows[i].key, room->rows[i].score);
}

static void
recurrent_prepare (RnnScorer *scorer, const RnnScorerQuestion *questions, guint n)
{
  RnnRecurrent *r = (RnnRecurrent *) scorer;
  RnnRecurrentRoom *room = rnn_recurrent_enter (r);
  guint asked = 0;

  for (guint i = 0; i < n; i++) {
    const RnnScorerQuestion *q = &questions[i];
    guint64 key = key_of (r, q->state, q->text);
    gfloat score;

    if (!q->next && recall (r, key, &score))
      continue;
    if (ask (r, q, key, &room->rows[asked]))
      asked++;
    else
      remember (r, key, NOTHING);
    if (asked == RNN_RECURRENT_ROWS) {
      answer_all (r, room, asked);
      asked = 0;
    }
  }
  answer_all (r, room, asked);
  rnn_recurrent_leave (r, room);
}

static gfloat
recurrent_score_text (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text, gpointer next)
{
  return answer_one ((RnnRecurrent *) scorer, &(RnnScorerQuestion) { state, symbol, text, next });
}

/* Of a word that nobody says. */
static gfloat
recurrent_score (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next)
{
  if (next)
    memcpy (next, ((RnnRecurrent *) scorer)->begin, scorer->state_size);
  return NOTHING;
}

static gfloat
recurrent_ceiling (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text)
{
  RnnRecurrent *r = (RnnRecurrent *) scorer;
  RnnScorerQuestion question = { state, symbol, text, NULL };
  gfloat score = NOTHING;
  RnnRecurrentRoom *room;

  if (recall (r, key_of (r, state, text), &score))
    return score;
  room = rnn_recurrent_enter (r);
  if (ask (r, &question, 0, &room->rows[0]))
    score = rnn_recurrent_peek (r, room, &room->rows[0]);
  rnn_recurrent_leave (r, room);
  return score;
}

static void
recurrent_start (RnnScorer *scorer, gpointer state)
{
  memcpy (state, ((RnnRecurrent *) scorer)->begin, scorer->state_size);
}

static gfloat
recurrent_end (RnnScorer *scorer, gconstpointer state)
{
  RnnRecurrent *r = (RnnRecurrent *) scorer;

  if (r->end < 0 || r->kind == RNN_RECURRENT_LETTERS)
    return ((const gfloat *) state)[r->root->n_state + RNN_RECURRENT_END];
  return answer_one (r, &(RnnScorerQuestion) { .state = state });
}

static void
recurrent_finalize (RnnScorer *scorer)
{
  RnnRecurrent *r = (RnnRecurrent *) scorer;

  g_ptr_array_unref (r->rooms);
  g_hash_table_unref (r->numbers);
  rnn_trie_clear (&r->tree);
  g_free (r->remembered);
  g_free (r->begin);
  rnn_model_unref (r->model);
  g_mutex_clear (&r->lock);
}

static gboolean
recurrent_holds (RnnScorer *scorer, gconstpointer state)
{
  const RnnRecurrent *r = (const RnnRecurrent *) scorer;
  gfloat last = ((const gfloat *) state)[r->root->n_state + RNN_RECURRENT_LAST];

  return last >= 0 && last < (gfloat) r->V && rnn_recurrent_digest_in (r, state) == rnn_recurrent_digest (r, state);
}

static const RnnScorerClass recurrent_class = {
  .name = "recurrent",
  .instance_size = sizeof (RnnRecurrent),
  .find = recurrent_find,
  .start = recurrent_start,
  .score = recurrent_score,
  .score_text = recurrent_score_text,
  .end = recurrent_end,
  .prepare = recurrent_prepare,
  .ceiling = recurrent_ceiling,
  .holds = recurrent_holds,
  .finalize = recurrent_finalize,
};

/* ---- loading ---- */

static gboolean
check (RnnModel *model, const gchar *path, GError **error)
{
  const RnnCell *root = rnn_model_get_root (model);
  const gchar *reason = NULL;

  if (!rnn_model_reads_tokens (model))
    reason = "it does not begin with an embedding of one token a step";
  else if (root->latency > 0 || root->offline)
    reason = "it looks ahead, so it cannot tell what follows";
  else if (!g_str_equal (rnn_model_get_output (model)->klass->name, "classes") || !rnn_model_get_tokens (model))
    reason = "its output is not \"classes\" whose \"labels\" are letters, pieces or words";
  if (reason)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: no language model: %s", path, reason);
  return !reason;
}

static void
find_special (RnnRecurrent *r)
{
  static const gchar *const ends[] = { "\n", "</s>", "<eos>" };

  r->end = -1;
  for (guint i = 0; i < G_N_ELEMENTS (ends) && r->end < 0; i++)
    r->end = number_of (r, ends[i]);
  r->space = number_of (r, " ");
  r->unknown = number_of (r, "<unk>");
  r->kind = r->space >= 0 ? RNN_RECURRENT_LETTERS : RNN_RECURRENT_WORDS;
  for (gint v = 0; v < r->V; v++)
    if (r->labels[v][0] == ' ' && r->labels[v][1])
      r->kind = RNN_RECURRENT_PIECES;
}

/* As after the end of a sentence; without such a token, as after a space, or after its first token. */
static void
make_begin (RnnRecurrent *r)
{
  gfloat *extra = (r->begin = g_malloc0 (r->base.state_size)) + r->root->n_state;
  RnnRecurrentRoom *room = rnn_recurrent_enter (r);
  RnnRecurrentRow *row = &room->rows[0];

  rnn_cell_reset_state (r->root, r->begin);
  extra[RNN_RECURRENT_LAST] = (gfloat) (r->end >= 0 ? r->end : MAX (r->space, 0));
  if (r->end >= 0) {
    *row = (RnnRecurrentRow) {.state = r->begin,.n = 1,.n_steps = 1,.x = { extra[RNN_RECURRENT_LAST], (gfloat) r->end } };
    rnn_recurrent_answer (r, room, 1);
    extra[RNN_RECURRENT_END] = row->score;
  }
  rnn_recurrent_set_digest (r, r->begin);
  rnn_recurrent_leave (r, room);
}

RnnScorer *
rnn_recurrent_load (const gchar *path, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_load_shared (path, error);
  RnnModel *ready = model && check (model, path, error) ? rnn_model_prepare (model, rnn_model_get_precision (model), error) : NULL;
  RnnRecurrent *r;

  if (!ready)
    return NULL;
  r = rnn_scorer_alloc (&recurrent_class);
  r->model = ready;
  r->root = rnn_model_get_root (ready);
  r->V = r->root->n_out;
  r->labels = rnn_model_get_tokens (ready);
  r->numbers = g_hash_table_new (g_str_hash, g_str_equal);
  rnn_trie_init (&r->tree);
  for (gint v = 0; v < r->V; v++) {
    g_hash_table_insert (r->numbers, (gpointer) r->labels[v], GINT_TO_POINTER (v + 1));
    rnn_trie_add (&r->tree, r->labels[v], v);
  }
  g_mutex_init (&r->lock);
  r->rooms = g_ptr_array_new_with_free_func (rnn_recurrent_room_free);
  r->remembered = g_new0 (RnnRecurrentScore, REMEMBERED);
  r->base.prepares = TRUE;
  r->base.state_size = (r->root->n_state + RNN_RECURRENT_EXTRA) * sizeof (gfloat);
  find_special (r);
  make_begin (r);
  return &r->base;
}
