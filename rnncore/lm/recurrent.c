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
 * is one of the two (letters).  Nothing is allocated once as many threads have scored as ever do so at once.  Scores, without the
 * states behind them, are remembered: a search asks for the same word after the same words in many steps. */
#include "recurrent.h"
#include "../base/digest.h"
#include "../base/error.h"
#include "../ctc/ctc.h"
#include "../model/language.h"
#include "../model/root.h"
#include "../text/longest.h"
#include <math.h>
#include <string.h>

#define LONGEST 64              /* tokens of a word */
#define REMEMBERED 8192         /* scores; a power of two */
#define NOTHING (-100 * (gfloat) G_LN10)        /* of a word that it cannot say, as in n-gram models without <unk> */

typedef enum { LETTERS, PIECES, WORDS } Kind;
enum { LAST, SPACE, END, N_EXTRA };     /* behind the cells' state */

typedef struct {
  guint64 key;
  gfloat score;
} Remembered;

typedef struct {                /* what one call works in */
  gfloat x[LONGEST + 1];
  gfloat *y;                    /* [LONGEST + 1][V] */
  gfloat *state, *scratch;
} Room;

typedef struct {
  RnnScorer base;
  RnnModel *model;
  const RnnCell *root;
  const gchar *const *labels;
  GHashTable *numbers;          /* label -> number + 1 */
  Kind kind;
  gint V, space, end, unknown;  /* -1: there is none */
  gfloat *begin;                /* the state at the beginning */
  GMutex lock;                  /* of what follows */
  GPtrArray *rooms;             /* of Room, those not in use */
  Remembered *remembered;       /* [REMEMBERED] */
} Recurrent;

/* ---- rooms ---- */

static Room *
enter (Recurrent *r)
{
  Room *room;

  g_mutex_lock (&r->lock);
  room = r->rooms->len ? g_ptr_array_steal_index_fast (r->rooms, r->rooms->len - 1) : NULL;
  g_mutex_unlock (&r->lock);
  if (room)
    return room;
  room = g_new (Room, 1);
  room->y = g_new (gfloat, (gsize) (LONGEST + 1) * r->V);
  room->state = g_new (gfloat, r->root->n_state + 1);
  room->scratch = g_aligned_alloc (rnn_cell_scratch_size (r->root, LONGEST + 1, 1) + 1, sizeof (gfloat), 64);
  return room;
}

static void
leave (Recurrent *r, Room *room)
{
  g_mutex_lock (&r->lock);
  g_ptr_array_add (r->rooms, room);
  g_mutex_unlock (&r->lock);
}

static void
room_free (gpointer data)
{
  Room *room = data;

  g_free (room->y);
  g_free (room->state);
  g_aligned_free (room->scratch);
  g_free (room);
}

/* ---- words as tokens ---- */

static gint
number_of (const Recurrent *r, const gchar *label)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (r->numbers, label)) - 1;
}

/* Its tokens, at most LONGEST, behind x[0]; 0: it has none. */
static guint
encode (const Recurrent *r, const gchar *word, gfloat *x)
{
  g_autofree gchar *with_space = r->kind == PIECES ? g_strconcat (" ", word, NULL) : NULL;
  const gchar *at = with_space ? with_space : word;
  guint n = 0;
  gsize length;

  if (r->kind == WORDS) {
    gint token = number_of (r, word);

    x[1] = (gfloat) (token >= 0 ? token : r->unknown);
    return x[1] >= 0;
  }
  for (; *at && n < LONGEST; at += length) {
    gint token = rnn_longest_token (r->labels, at, &length);

    if (token < 0 || token == r->end || (token == r->space && r->kind == LETTERS))
      return 0;
    x[++n] = (gfloat) token;
  }
  return *at ? 0 : n;
}

static guint32
recurrent_find (RnnScorer *scorer, const gchar *symbol)
{
  gfloat x[LONGEST + 1];

  return encode ((Recurrent *) scorer, symbol, x) ? 0 : RNN_SCORER_UNKNOWN;
}

/* ---- scores ---- */

/* @n tokens of room->x from room->state on: y, log-probabilities. */
static void
run (const Recurrent *r, Room *room, guint n)
{
  RnnRun run = {.T = (gint) n,.B = 1,.x = room->x,.y = room->y,.state = room->state,.state_stride = r->root->n_state,
    .scratch = room->scratch
  };

  rnn_cell_forward (r->root, &run);
  for (guint t = 0; t < n; t++)
    rnn_log_softmax (r->V, room->y + (gsize) t * r->V, room->y + (gsize) t * r->V);
}

/* What may follow letters: log P (" " or the end); their shares in @extra. */
static gfloat
part (const Recurrent *r, const gfloat *y, gfloat *extra)
{
  gfloat both[2] = { y[r->space], r->end >= 0 ? y[r->end] : -INFINITY }, sum = rnn_log_sum_exp (r->end >= 0 ? 2 : 1, both);

  extra[SPACE] = both[0] - sum;
  extra[END] = r->end >= 0 ? both[1] - sum : 0;
  return sum;
}

/* The word of n tokens behind room->x[0]; @next may be NULL. */
static gfloat
score_tokens (const Recurrent *r, Room *room, const gfloat *state, guint n, gfloat *next)
{
  const gfloat *extra = state + r->root->n_state;
  gboolean letters = r->kind == LETTERS;
  gfloat score = letters ? extra[SPACE] : 0, after[N_EXTRA] = { room->x[n], 0, 0 };

  memcpy (room->state, state, r->root->n_state * sizeof *state);
  room->x[0] = extra[LAST];
  run (r, room, n + letters);
  for (guint i = 0; i < n; i++)
    score += room->y[(gsize) i * r->V + (gint) room->x[i + 1]];
  if (letters) {
    score += part (r, room->y + (gsize) n * r->V, after);
    after[LAST] = (gfloat) r->space;
  }
  if (next) {
    memcpy (next, room->state, r->root->n_state * sizeof *next);
    memcpy (next + r->root->n_state, after, sizeof after);
  }
  return score;
}

static gboolean
recall (Recurrent *r, guint64 key, gfloat *score)
{
  Remembered *place = &r->remembered[key & (REMEMBERED - 1)];
  gboolean found;

  g_mutex_lock (&r->lock);
  if ((found = place->key == key))
    *score = place->score;
  g_mutex_unlock (&r->lock);
  return found;
}

static void
remember (Recurrent *r, guint64 key, gfloat score)
{
  g_mutex_lock (&r->lock);
  r->remembered[key & (REMEMBERED - 1)] = (Remembered) { key, score };
  g_mutex_unlock (&r->lock);
}

static gfloat
recurrent_score_text (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text, gpointer next)
{
  Recurrent *r = (Recurrent *) scorer;
  guint64 key = next ? 0 : rnn_digest_bytes (rnn_digest_bytes (1, state, scorer->state_size), text, strlen (text));
  gfloat score = NOTHING;
  Room *room;
  guint n;

  if (!next && recall (r, key, &score))
    return score;
  room = enter (r);
  if ((n = encode (r, text, room->x)) > 0)
    score = score_tokens (r, room, state, n, next);
  else if (next)
    memcpy (next, r->begin, scorer->state_size);
  leave (r, room);
  if (!next)
    remember (r, key, score);
  return score;
}

/* Of a word that nobody says. */
static gfloat
recurrent_score (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next)
{
  if (next)
    memcpy (next, ((Recurrent *) scorer)->begin, scorer->state_size);
  return NOTHING;
}

static void
recurrent_start (RnnScorer *scorer, gpointer state)
{
  memcpy (state, ((Recurrent *) scorer)->begin, scorer->state_size);
}

static gfloat
recurrent_end (RnnScorer *scorer, gconstpointer state)
{
  Recurrent *r = (Recurrent *) scorer;
  const gfloat *extra = (const gfloat *) state + r->root->n_state;
  gfloat score;
  Room *room;

  if (r->end < 0 || r->kind == LETTERS)
    return extra[END];
  room = enter (r);
  memcpy (room->state, state, r->root->n_state * sizeof (gfloat));
  room->x[0] = extra[LAST];
  run (r, room, 1);
  score = room->y[r->end];
  leave (r, room);
  return score;
}

static void
recurrent_finalize (RnnScorer *scorer)
{
  Recurrent *r = (Recurrent *) scorer;

  g_ptr_array_unref (r->rooms);
  g_hash_table_unref (r->numbers);
  g_free (r->remembered);
  g_free (r->begin);
  rnn_model_unref (r->model);
  g_mutex_clear (&r->lock);
}

static gboolean
recurrent_holds (RnnScorer *scorer, gconstpointer state)
{
  const Recurrent *r = (const Recurrent *) scorer;
  gfloat last = ((const gfloat *) state)[r->root->n_state + LAST];

  return last >= 0 && last < (gfloat) r->V;
}

static const RnnScorerClass recurrent_class = {
  .name = "recurrent",
  .instance_size = sizeof (Recurrent),
  .find = recurrent_find,
  .start = recurrent_start,
  .score = recurrent_score,
  .score_text = recurrent_score_text,
  .end = recurrent_end,
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
find_special (Recurrent *r)
{
  static const gchar *const ends[] = { "\n", "</s>", "<eos>" };

  r->end = -1;
  for (guint i = 0; i < G_N_ELEMENTS (ends) && r->end < 0; i++)
    r->end = number_of (r, ends[i]);
  r->space = number_of (r, " ");
  r->unknown = number_of (r, "<unk>");
  r->kind = r->space >= 0 ? LETTERS : WORDS;
  for (gint v = 0; v < r->V; v++)
    if (r->labels[v][0] == ' ' && r->labels[v][1])
      r->kind = PIECES;
}

/* As after the end of a sentence; without such a token, as after a space, or after its first token. */
static void
make_begin (Recurrent *r)
{
  gfloat *extra = (r->begin = g_malloc0 (r->base.state_size)) + r->root->n_state;
  Room *room = enter (r);

  rnn_cell_reset_state (r->root, r->begin);
  memcpy (room->state, r->begin, r->root->n_state * sizeof (gfloat));
  extra[LAST] = room->x[0] = (gfloat) (r->end >= 0 ? r->end : MAX (r->space, 0));
  run (r, room, 1);
  extra[END] = r->end >= 0 ? room->y[r->end] : 0;
  leave (r, room);
}

RnnScorer *
rnn_recurrent_load (const gchar *path, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_load_shared (path, error);
  RnnModel *ready = model && check (model, path, error) ? rnn_model_prepare (model, rnn_model_get_precision (model), error) : NULL;
  Recurrent *r;

  if (!ready)
    return NULL;
  r = rnn_scorer_alloc (&recurrent_class);
  r->model = ready;
  r->root = rnn_model_get_root (ready);
  r->V = r->root->n_out;
  r->labels = rnn_model_get_tokens (ready);
  r->numbers = g_hash_table_new (g_str_hash, g_str_equal);
  for (gint v = 0; v < r->V; v++)
    g_hash_table_insert (r->numbers, (gpointer) r->labels[v], GINT_TO_POINTER (v + 1));
  g_mutex_init (&r->lock);
  r->rooms = g_ptr_array_new_with_free_func (room_free);
  r->remembered = g_new0 (Remembered, REMEMBERED);
  r->base.state_size = (r->root->n_state + N_EXTRA) * sizeof (gfloat);
  find_special (r);
  make_begin (r);
  return &r->base;
}
