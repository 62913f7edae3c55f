/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several outputs side by side, each with its own kind and its own labels: characters and phones, a class and its tags.
 *
 *   {"kind": "heads", "heads": [{"kind": "ctc", "tokens": [...]}, {"kind": "ctc", "size": 42, "weight": 0.5}]}
 *
 * y: the numbers of one head after those of the other.  Labels: a head that learns from text takes the next text of the
 * example, others the next columns of its values.  Loss: the weighted sum over the heads that can learn from the example.
 * Metric: that of the first head, which is what decoders read. */
#include "output.h"
#include <math.h>

typedef struct {
  RnnOutput output;
  RnnOutput *heads[RNN_MAX_HEADS];
  guint n_heads;
} Heads;

extern const RnnOutputClass rnn_output_heads;

static const gchar *const keys[] = { "heads", NULL };

/* ---- making ---- */

static gboolean
add_head (Heads *h, const json_t *object, const gchar *where, GError **error)
{
  g_autofree gchar *here = g_strdup_printf ("%s: head %u", where, h->n_heads + 1);
  RnnOutput *head = rnn_output_new (object, 0, here, error);

  if (!head)
    return FALSE;
  if (head->klass == &rnn_output_heads) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: a head has no heads of its own", here);
    rnn_output_free (head);
    return FALSE;
  }
  h->heads[h->n_heads++] = head;
  h->output.n_values += head->n_values;
  return TRUE;
}

static gboolean
setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  Heads *h = (Heads *) output;
  const json_t *list = json_object_get (object, "heads");
  gint total = 0;
  gsize i;
  json_t *head;

  if (json_array_size (list) < 1 || json_array_size (list) > RNN_MAX_HEADS) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"heads\" must be a list of 1 to %d outputs", where, RNN_MAX_HEADS);
    return FALSE;
  }
  json_array_foreach (list, i, head)
    if (!add_head (h, head, where, error))
      return FALSE;
  for (guint j = 0; j < h->n_heads; j++)
    total += h->heads[j]->n;
  if (output->n && output->n != total) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the layers give %d values, but the heads take %d", where,
        output->n, total);
    return FALSE;
  }
  output->n = total;
  return TRUE;
}

static void
finalize (RnnOutput *output)
{
  Heads *h = (Heads *) output;

  for (guint i = 0; i < h->n_heads; i++)
    rnn_output_free (h->heads[i]);
}

static const RnnOutput *
get_head (const RnnOutput *output, guint i)
{
  const Heads *h = (const Heads *) output;

  return i < h->n_heads ? h->heads[i] : NULL;
}

/* ---- one head after the other ---- */

typedef struct {
  const Heads *h;
  guint i;                      /* the head under way, from 1 */
  gint at;                      /* its first number */
  guint text;                   /* texts and columns of values before it */
  gint value;
} Cursor;

static guint
n_texts (const RnnOutput *head)
{
  return head->klass->label == RNN_LABEL_TEXT ? 1 : 0;
}

/* The next head, or NULL, and what of @all is its own. */
static const RnnOutput *
next_head (Cursor *c, const RnnLabels *all, RnnLabels *own)
{
  const RnnOutput *last = c->i ? c->h->heads[c->i - 1] : NULL, *head;

  if (c->i == c->h->n_heads)
    return NULL;
  if (last) {
    c->at += last->n;
    c->text += n_texts (last);
    c->value += last->n_values;
  }
  head = c->h->heads[c->i++];
  *own = *all;
  own->n_texts = c->text < all->n_texts ? n_texts (head) : 0;
  own->texts = own->n_texts ? all->texts + c->text : NULL;
  own->n_values = MIN (head->n_values, all->n_values - c->value);
  own->values = all->values && own->n_values > 0 ? all->values + c->value : NULL;
  return head;
}

/* Not every example knows what the second head is to say. */
static gboolean
has_labels (const RnnLabels *own)
{
  return own->values || (own->texts && own->texts->ids);
}

static gboolean
accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  Cursor c = { (const Heads *) output };
  const RnnOutput *head;
  RnnLabels own;

  while ((head = next_head (&c, labels, &own)))
    if ((c.i == 1 || has_labels (&own)) && !rnn_output_accepts (head, &own, reason))
      return FALSE;
  return TRUE;
}

static gsize
scratch (const RnnOutput *output, const RnnLabels *labels, gint steps)
{
  Cursor c = { (const Heads *) output };
  const RnnOutput *head;
  RnnLabels own;
  gsize most = 0;

  while ((head = next_head (&c, labels, &own)))
    if (has_labels (&own))
      most = MAX (most, rnn_output_scratch (head, &own, steps));
  return most;
}

static gfloat
loss (const RnnOutput *output, const RnnAnswer *a)
{
  Cursor c = { (const Heads *) output };
  const RnnOutput *head;
  RnnAnswer part = *a;
  gdouble sum = 0;
  gboolean learns = FALSE;

  while ((head = next_head (&c, &a->labels, &part.labels))) {
    gfloat one = INFINITY;

    part.y = a->y + c.at;
    part.dy = a->dy ? a->dy + c.at : NULL;
    part.scale = a->scale * head->weight;
    part.denominators = a->denominators ? a->denominators + c.text : NULL;
    if (has_labels (&part.labels))
      one = rnn_output_loss (head, &part);
    if (isnan (one))
      return NAN;
    learns |= isfinite (one);
    sum += isfinite (one) ? head->weight * one : 0;
  }
  return learns ? (gfloat) sum : INFINITY;
}

/* ---- the first head's metric ---- */

static gboolean
begin (const RnnOutput *output, RnnMeasure *measure, GError **error)
{
  gboolean good = rnn_measure_init (measure, ((const Heads *) output)->heads[0], error);

  measure->output = output;
  return good;
}

static void
end (RnnMeasure *measure)
{
  const RnnOutput *first = ((const Heads *) measure->output)->heads[0];

  if (first->klass->end)
    first->klass->end (measure);
}

static void
measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  Cursor c = { (const Heads *) output };
  RnnAnswer part = *a;

  m->output = next_head (&c, &a->labels, &part.labels);
  rnn_measure_add (m, &part);
  m->output = output;
}

const RnnOutputClass rnn_output_heads = {
  .name = "heads",
  .summary = "several outputs side by side, each with its labels and a weight",
  .instance_size = sizeof (Heads),
  .keys = keys,
  .label = RNN_LABEL_VALUES,
  .unlearnt = "nothing that any head can learn from",
  .setup = setup,
  .accepts = accepts,
  .scratch = scratch,
  .loss = loss,
  .begin = begin,
  .end = end,
  .measure = measure,
  .head = get_head,
  .finalize = finalize,
};
