/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of what a model heard, cut where forced alignment says that one phone follows another.  A text is imagined by putting pieces
 * of its phones together; of several that are drawn the one whose neighbours are most alike is taken, all out of stretches that were heard
 * about equally well, since a poor recording is poor from end to end. */
#include "heard.h"
#include "ctc/ctc.h"
#include "fit.h"
#include "train/batch.h"
#include <string.h>

#define GRADES 6                /* of stretches, by how well they were heard */
#define DRAWN 12                /* pieces to choose from */
#define REACH 5                 /* steps that a phone has on each side where nothing else is said */
#define LONGEST 40              /* steps of a piece */

typedef struct {
  gsize at;                     /* step of the heard */
  guint16 n, before, after;     /* steps; the neighbours */
} Piece;

typedef struct {
  GArray *pieces;               /* of Piece */
} Shelf;

struct _Heard {
  gint n;
  GArray *steps;                /* gfloat [..][n] */
  Shelf *shelves;               /* [GRADES][n]: by phone; those of the blank are pauses */
};

typedef struct {                /* a stretch, heard */
  const gint *phones;
  RnnCtcSpan *spans;
  gint n_phones, T;
  gsize first;                  /* step of the heard */
  gdouble score;
} Stretch;

static Shelf *
shelf (const Heard *h, guint grade, gint phone)
{
  return &h->shelves[grade * h->n + phone];
}

/* ---- listening ---- */

static void
put_piece (Heard *h, guint grade, const Stretch *s, gint i, gint from, gint to)
{
  Piece piece = { s->first + from, (guint16) MIN (to - from, LONGEST), 0, 0 };

  if (to <= from)
    return;
  piece.before = i > 0 ? (guint16) s->phones[i - 1] : 0;
  piece.after = i + 1 < s->n_phones ? (guint16) s->phones[i + 1] : 0;
  g_array_append_val (shelf (h, grade, s->phones[i])->pieces, piece);
}

static void
put_pause (Heard *h, guint grade, const Stretch *s, gint from, gint to)
{
  for (; to - from >= REACH; from += LONGEST) {
    Piece piece = { s->first + from, (guint16) MIN (to - from, LONGEST), 0, 0 };

    g_array_append_val (shelf (h, grade, 0)->pieces, piece);
  }
}

static void
cut (Heard *h, guint grade, const Stretch *s)
{
  gint from = 0;

  for (gint i = 0; i < s->n_phones; i++) {
    gint end = s->spans[i].end, next = i + 1 < s->n_phones ? s->spans[i + 1].start : s->T, gap = next - end;
    gint to = gap > 2 * REACH ? end + REACH : end + gap / 2;

    if (i == 0 && s->spans[0].start > REACH) {
      from = s->spans[0].start - REACH;
      put_pause (h, grade, s, 0, from);
    }
    put_piece (h, grade, s, i, from, to);
    from = gap > 2 * REACH ? next - REACH : to;
    if (gap > 2 * REACH)
      put_pause (h, grade, s, to, i + 1 < s->n_phones ? from : s->T);
  }
}

/* FALSE: the phones cannot be found in it. */
static gboolean
align (Heard *h, const gfloat *scores, gint ld, Stretch *s)
{
  g_autofree gpointer scratch = g_malloc (rnn_ctc_align_scratch (s->T, s->n_phones));
  g_autofree gfloat *log_p = g_new (gfloat, (gsize) s->T * h->n);

  for (gint t = 0; t < s->T; t++)
    rnn_log_softmax (h->n, scores + (gsize) t * ld, log_p + (gsize) t * h->n);
  s->spans = g_new (RnnCtcSpan, s->n_phones);
  s->score = rnn_ctc_align (log_p, h->n, s->T, h->n, s->phones, s->n_phones, 0, s->spans, scratch) / s->n_phones;
  s->first = h->steps->len / h->n;
  g_array_append_vals (h->steps, log_p, s->T * h->n);
  return s->score > -G_MAXFLOAT;
}

static gint
compare_scores (gconstpointer a, gconstpointer b)
{
  gdouble x = ((const Stretch *) a)->score, y = ((const Stretch *) b)->score;

  return x < y ? -1 : x > y;
}

static void
put_away (Heard *h, GArray *stretches)
{
  g_array_sort (stretches, compare_scores);
  for (guint i = 0; i < stretches->len; i++) {
    Stretch *s = &g_array_index (stretches, Stretch, i);

    cut (h, i * GRADES / stretches->len, s);
    g_free (s->spans);
  }
}

/* Every other stretch is heard as it was recorded. */
static RnnTrainConfig
leave (const RnnTrainConfig *augment)
{
  RnnTrainConfig plain = *augment;

  plain.noise_prob = plain.reverb = plain.band_limit = plain.warp = plain.gain = plain.tilt = plain.noise = 0;
  plain.time_masks = plain.freq_masks = 0;
  return plain;
}

static Heard *
make (gint n)
{
  Heard *h = g_new0 (Heard, 1);

  h->n = n;
  h->steps = g_array_new (FALSE, FALSE, sizeof (gfloat));
  h->shelves = g_new0 (Shelf, GRADES * n);
  for (gint i = 0; i < GRADES * n; i++)
    h->shelves[i].pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  return h;
}

/* Stretches of speech, and who listens to them. */
typedef struct {
  RnnModel *model;
  RnnDataset *joined;
  RnnFraming framing;
  RnnBatch batch;
  gint head;
} Listening;

/* FALSE: nobody speaks in it, or the phones cannot be found. */
static gboolean
listen (Heard *h, Listening *l, guint32 i, const RnnTrainConfig *augment, Stretch *s)
{
  gint n_out = rnn_model_get_n_out (l->model), start = rnn_output_get_head_start (rnn_model_get_output (l->model), l->head);
  const RnnSequence *text = &RNN_EXAMPLE (l->joined, i)->texts[l->head];
  g_autofree gfloat *y = NULL;

  rnn_batch_build (&l->batch, &l->framing, l->joined, &i, 1, augment, augment->seed);
  *s = (Stretch) {.phones = text->ids,.n_phones = text->n,.T = l->batch.steps[0] };
  if (s->T == 0 || s->n_phones <= 0)
    return FALSE;
  y = fit_answer (l->model, l->batch.x, s->T);
  if (align (h, y + start, n_out, s))
    return TRUE;
  g_free (s->spans);
  return FALSE;
}

static void
listen_to_all (Heard *h, Listening *l, const RnnTrainConfig *augment, guint64 n_steps, RnnDataset *whole)
{
  g_autoptr (GArray) stretches = g_array_new (FALSE, FALSE, sizeof (Stretch));
  RnnTrainConfig plain = leave (augment);

  for (guint32 i = 0; i < rnn_dataset_get_n (l->joined) && h->steps->len < n_steps * h->n; i++) {
    const RnnSequence *spelled = RNN_EXAMPLE (l->joined, i)->texts;
    Stretch s;

    if (!listen (h, l, i, i % 2 ? augment : &plain, &s))
      continue;
    g_array_append_val (stretches, s);
    rnn_dataset_add_ctc (whole, &g_array_index (h->steps, gfloat, s.first * h->n), s.T, spelled->ids, spelled->n);
    if (stretches->len % 200 == 0)
      g_printerr ("heard %u stretches, %.0f of %.0f steps\n", stretches->len, (gdouble) h->steps->len / h->n, (gdouble) n_steps);
  }
  put_away (h, stretches);
}

Heard *
heard_new (RnnModel *model, RnnDataset *speech, const RnnTrainConfig *augment, gint head, guint64 n_steps, RnnDataset *whole)
{
  Heard *h = make (rnn_output_get_head (rnn_model_get_output (model), head)->n);
  Listening l = {.model = model,.head = head };

  l.joined = rnn_dataset_join (speech, augment->join, augment->pause, -1, NULL, augment->seed);
  rnn_model_pack (model, FALSE);
  rnn_framing_init (&l.framing, model, speech->n_feature);
  listen_to_all (h, &l, augment, n_steps, whole);
  rnn_batch_clear (&l.batch);
  rnn_framing_clear (&l.framing);
  rnn_dataset_free (l.joined);
  return h;
}

void
heard_free (Heard *h)
{
  if (!h)
    return;
  for (gint i = 0; i < GRADES * h->n; i++)
    g_array_unref (h->shelves[i].pieces);
  g_array_unref (h->steps);
  g_free (h->shelves);
  g_free (h);
}

gint
heard_get_n (const Heard *h)
{
  return h->n;
}

/* ---- imagining ---- */

static void
append (const Heard *h, const Piece *piece, guint n, GArray *steps)
{
  g_array_append_vals (steps, &g_array_index (h->steps, gfloat, piece->at * h->n), MIN (n, piece->n) * h->n);
}

static const Piece *
draw (const Shelf *s, RnnRng *rng, gint before, gint after)
{
  const Piece *best = NULL;
  gint alike = -1;

  for (guint i = 0; i < DRAWN && s->pieces->len > 0 && alike < 2; i++) {
    const Piece *piece = &g_array_index (s->pieces, Piece, rnn_rng_below (rng, s->pieces->len));
    gint score = (piece->before == before) + (piece->after == after);

    if (score > alike) {
      best = piece;
      alike = score;
    }
  }
  return best;
}

/* Of a phone that nobody said in this grade another grade's. */
static const Piece *
find (const Heard *h, guint grade, gint phone, RnnRng *rng, gint before, gint after)
{
  const Piece *piece = NULL;

  for (guint i = 0; i < GRADES && !piece; i++)
    piece = draw (shelf (h, (grade + i) % GRADES, phone), rng, before, after);
  return piece;
}

void
heard_imagine (const Heard *h, guint voice, const gint *phones, guint n, RnnRng *rng, GArray *steps)
{
  for (guint i = 0; i < n; i++) {
    const Piece *piece = find (h, voice % GRADES, phones[i], rng, i > 0 ? phones[i - 1] : 0, i + 1 < n ? phones[i + 1] : 0);

    if (piece)
      append (h, piece, piece->n, steps);
  }
}

void
heard_pause (const Heard *h, guint voice, guint n, RnnRng *rng, GArray *steps)
{
  const Piece *piece;

  for (; n > 0 && (piece = find (h, voice % GRADES, 0, rng, 0, 0)); n -= MIN (n, piece->n))
    append (h, piece, n, steps);
}
