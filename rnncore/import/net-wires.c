/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers of the recipe to be, and how their numbers get in order. */
#include "net-work.h"
#include <string.h>

#define MAX_NAME 120

RnnNetWire *
rnn_net_wire_get (const RnnNetWork *work, gint wire)
{
  return work->wires->pdata[wire];
}

/* A name for a layer of a node, which no other layer has and which steers nothing. */
static gchar *
new_name (RnnNetWork *work, const RnnNetNode *node, const gchar *kind)
{
  const gchar *theirs = node->name && *node->name ? node->name : node->outputs[0] ? node->outputs[0] : node->op;
  g_autofree gchar *base = g_strndup (theirs, MAX_NAME), *name = NULL;

  if (*base == '\0' || !g_utf8_validate (base, -1, NULL)) {
    g_free (base);
    base = g_strdup (kind);
  }
  for (gchar *p = base; *p; p++)
    if ((guchar) *p < 0x21 || *p == '.' || (guchar) *p >= 0x7f)
      *p = '_';
  name = g_strdup (base);
  for (guint i = 2; g_hash_table_contains (work->names, name); i++) {
    g_free (name);
    name = g_strdup_printf ("%s:%s%u", base, kind, i);
  }
  g_hash_table_add (work->names, g_strdup (name));
  return g_steal_pointer (&name);
}

static gint
add_wire (RnnNetWork *work, gchar *name, json_t *cell, gint n)
{
  RnnNetWire *wire = g_new0 (RnnNetWire, 1);

  wire->name = name;
  wire->cell = cell;
  wire->n = n;
  wire->weights = g_array_new (FALSE, FALSE, sizeof (RnnNetWeight));
  g_ptr_array_add (work->wires, wire);
  return (gint) work->wires->len - 1;
}

gint
rnn_net_emit (RnnNetCall *call, json_t *cell, gint n_out, gint n_sources, const gint *sources)
{
  RnnNetWork *w = call->work;
  gint wire = add_wire (w, new_name (w, call->node, json_string_value (json_object_get (cell, "cell"))), cell, n_out);

  rnn_net_wire_get (w, wire)->sources = g_memdup2 (sources, (gsize) n_sources * sizeof (gint));
  rnn_net_wire_get (w, wire)->n_sources = n_sources;
  return wire;
}

gfloat *
rnn_net_weight (RnnNetWork *work, gint wire, const gchar *name, gint rank, const gint *dims)
{
  RnnNetWeight weight = { .name = g_strdup (name), .rank = rank };
  gsize size = 1;

  for (gint i = 0; i < rank; i++) {
    weight.dims[i] = dims[i];
    size *= (gsize) dims[i];
  }
  work->spent += size;
  weight.data = g_new0 (gfloat, MAX (size, 1));
  g_array_append_val (rnn_net_wire_get (work, wire)->weights, weight);
  return weight.data;
}

json_t *
rnn_net_each (json_t *cell, gint parts)
{
  return parts == 1 ? cell : json_pack ("{ss si s[o]}", "cell", "each", "parts", parts, "layers", cell);
}

RnnNetValue *
rnn_net_of_wire (RnnNetCall *call, gint wire, gint rank, const gint64 *dims, gint time, gboolean last)
{
  RnnNetValue like = { .kind = RNN_NET_WIRES, .last = last };
  RnnNetValue *v = rnn_net_value_like (call, &like, rank, dims);

  for (gsize i = 0; v && i < v->size; i++) {
    v->data[i].ref.wire = wire;
    v->data[i].ref.at = (gint32) i;
  }
  if (v)
    v->time = time;
  return v;
}

gint
rnn_net_base (const RnnNetWork *work, const RnnNetValue *value)
{
  gint wire = value->size && !rnn_net_is_constant (value) ? value->data[0].ref.wire : -1;
  g_autofree guint8 *seen = NULL;

  if (wire < 0 || (gsize) rnn_net_wire_get (work, wire)->n != value->size)
    return -1;
  seen = g_new0 (guint8, value->size);
  for (gsize i = 0; i < value->size; i++) {
    if (value->data[i].ref.wire != wire || seen[value->data[i].ref.at])
      return -1;
    seen[value->data[i].ref.at] = 1;
  }
  return wire;
}

RnnNetValue *
rnn_net_as_wires (RnnNetCall *call, RnnNetValue *value)
{
  gint n = (gint) value->size, wire;
  gfloat *to;

  if (!rnn_net_is_constant (value))
    return rnn_net_value_ref (value);
  wire = rnn_net_emit (call, json_pack ("{ss si}", "cell", "constant", "units", MAX (n, 1)), MAX (n, 1), 1, (const gint[]) { 0 });
  to = rnn_net_weight (call->work, wire, "value", 1, &n);
  for (gint i = 0; i < n; i++)
    to[i] = (gfloat) rnn_net_number (value, (gsize) i);
  return rnn_net_of_wire (call, wire, value->rank, value->dims, -1, FALSE);
}

/* ---- order ---- */

/* A counted loop over loops over places; start < 0: zeros. */
typedef struct {
  gint64 start;
  gint n;
  gint64 count[4], step[4];     /* the innermost first */
} Loops;

static gboolean
same_loops (const Loops *a, const Loops *b, gint n)
{
  return a->n == n && b->n == n && a->start >= 0 && b->start >= 0
      && memcmp (a->count, b->count, (gsize) n * sizeof (gint64)) == 0 && memcmp (a->step, b->step, (gsize) n * sizeof (gint64)) == 0;
}

/* Runs of places [n] that lie evenly. */
static GArray *
find_runs (gsize n, const gint64 *places)
{
  GArray *runs = g_array_new (FALSE, FALSE, sizeof (Loops));

  for (gsize i = 0, k; i < n; i = k) {
    Loops run = { .start = places[i], .n = 1 };

    run.step[0] = i + 1 < n && places[i] >= 0 && places[i + 1] >= 0 ? places[i + 1] - places[i] : 0;
    for (k = i + 1; k < n && (places[i] < 0 ? places[k] < 0 : places[k] == places[i] + (gint64) (k - i) * run.step[0]); k++);
    run.count[0] = (gint64) (k - i);
    if (run.count[0] == 1)
      run.step[0] = 1;
    g_array_append_val (runs, run);
  }
  return runs;
}

/* Loops of @level loops that lie evenly become one of level + 1. */
static GArray *
nest (GArray *loops, gint level)
{
  GArray *nested = g_array_new (FALSE, FALSE, sizeof (Loops));

  for (guint i = 0, k; i < loops->len; i = k) {
    Loops l = g_array_index (loops, Loops, i);
    const Loops *next = i + 1 < loops->len ? &g_array_index (loops, Loops, i + 1) : NULL;
    gint64 step = next && same_loops (&l, next, level) ? next->start - l.start : 0;

    for (k = i + 1; k < loops->len; k++) {
      const Loops *other = &g_array_index (loops, Loops, k);

      if (!same_loops (&l, other, level) || other->start != l.start + (gint64) (k - i) * step)
        break;
    }
    if (k - i > 1) {
      l.count[level] = k - i;
      l.step[level] = step;
      l.n = level + 1;
    }
    g_array_append_val (nested, l);
  }
  g_array_unref (loops);
  return nested;
}

static gchar *
write_loops (const GArray *loops)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < loops->len; i++) {
    const Loops *l = &g_array_index (loops, Loops, i);

    if (l->start < 0) {
      g_string_append_printf (text, "%sz%" G_GINT64_FORMAT, i ? " " : "", l->count[0]);
      continue;
    }
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? " " : "", l->start);
    for (gint k = l->n - 1; k >= 0; k--)
      g_string_append_printf (text, ":%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT, l->count[k], l->step[k]);
  }
  return g_string_free (text, FALSE);
}

static gchar *
describe (gsize n, const gint64 *places)
{
  g_autoptr (GArray) loops = find_runs (n, places);

  for (gint level = 1; level < 4; level++)
    loops = nest (loops, level);
  return write_loops (loops);
}

/* The wires that a tensor has its elements of, and where each element is in them side by side. */
static gint64 *
find_places (const RnnNetWork *work, const RnnNetValue *v, GArray *sources)
{
  gint64 *places = g_new (gint64, v->size + 1);
  g_autofree gint64 *first = g_new (gint64, work->wires->len);
  gint64 width = 0;

  for (guint i = 0; i < work->wires->len; i++)
    first[i] = -1;
  for (gsize i = 0; i < v->size; i++) {
    gint wire = v->data[i].ref.wire;

    if (wire >= 0 && first[wire] < 0) {
      first[wire] = width;
      width += rnn_net_wire_get (work, wire)->n;
      g_array_append_val (sources, wire);
    }
    places[i] = wire < 0 ? -1 : first[wire] + v->data[i].ref.at;
  }
  return places;
}

static gboolean
is_in_order (gsize n, const gint64 *places)
{
  for (gsize i = 0; i < n; i++)
    if (places[i] != (gint64) i)
      return FALSE;
  return TRUE;
}

#define MAX_SOURCES 64          /* of a layer in a graph */

/* Wires side by side, by way of others if they are many. */
static void
join_sources (RnnNetCall *call, GArray *sources)
{
  while (sources->len > MAX_SOURCES) {
    gint width = 0, joined;

    for (guint i = 0; i < MAX_SOURCES; i++)
      width += rnn_net_wire_get (call->work, g_array_index (sources, gint, i))->n;
    joined = rnn_net_emit (call, json_pack ("{ss}", "cell", "concat"), width, MAX_SOURCES, (const gint *) sources->data);
    g_array_remove_range (sources, 0, MAX_SOURCES);
    g_array_prepend_val (sources, joined);
  }
}

/* What is wanted of a wire that is much wider: layers that read several wires have them copied side by side. */
static gboolean
is_sparse (const RnnNetWork *work, gint wire, gint used)
{
  return used < rnn_net_wire_get (work, wire)->n / 2;
}

/* @v, with what it has of wide wires taken out of them first. (transfer full) */
static RnnNetValue *
narrow (RnnNetCall *call, const RnnNetValue *v)
{
  guint n = call->work->wires->len;
  g_autofree gint *used = g_new0 (gint, n), *narrowed = g_new0 (gint, n);
  RnnNetValue *copy = rnn_net_value_copy (call, v);

  for (gsize i = 0; copy && i < v->size; i++)
    if (v->data[i].ref.wire >= 0)
      used[v->data[i].ref.wire]++;
  for (guint wire = 0; copy && wire < n; wire++) {
    RnnNetValue like = { .kind = RNN_NET_WIRES };
    gint64 size = used[wire], at = 0;
    g_autoptr (RnnNetValue) part = NULL;

    if (!size || (gsize) size == v->size || !is_sparse (call->work, (gint) wire, used[wire]))
      continue;
    if (!(part = rnn_net_value_like (call, &like, 1, &size)))
      break;
    for (gsize i = 0; i < v->size; i++)
      if (v->data[i].ref.wire == (gint) wire)
        part->data[at++] = v->data[i];
    narrowed[wire] = rnn_net_order (call, part);
    at = 0;
    for (gsize i = 0; i < v->size; i++)
      if (v->data[i].ref.wire == (gint) wire)
        copy->data[i] = (RnnNetElement) { .ref = { narrowed[wire], (gint32) at++ } };
  }
  return copy;
}

static gint
new_order (RnnNetCall *call, const RnnNetValue *value)
{
  g_autoptr (RnnNetValue) v = narrow (call, value);
  g_autoptr (GArray) sources = g_array_new (FALSE, FALSE, sizeof (gint));
  g_autofree gint64 *places = v ? find_places (call->work, v, sources) : NULL;
  gint n = (gint) value->size, zero = 0, width = 0;
  g_autofree gchar *index = NULL;

  if (!v)
    return 0;
  if (!sources->len)
    g_array_append_val (sources, zero);
  for (guint i = 0; i < sources->len; i++)
    width += rnn_net_wire_get (call->work, g_array_index (sources, gint, i))->n;
  if (width == n && is_in_order (v->size, places)) {
    if (sources->len == 1)
      return g_array_index (sources, gint, 0);
    join_sources (call, sources);
    return rnn_net_emit (call, json_pack ("{ss}", "cell", "concat"), n, (gint) sources->len, (const gint *) sources->data);
  }
  join_sources (call, sources);
  index = describe (v->size, places);
  return rnn_net_emit (call, json_pack ("{ss ss}", "cell", "select", "index", index), n, (gint) sources->len, (const gint *) sources->data);
}

gint
rnn_net_order (RnnNetCall *call, const RnnNetValue *value)
{
  g_autoptr (RnnNetValue) layer = rnn_net_is_constant (value) ? rnn_net_as_wires (call, (RnnNetValue *) value) : NULL;
  g_autofree gchar *key = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) value->data,
      value->size * sizeof (RnnNetElement));
  gint wire = GPOINTER_TO_INT (g_hash_table_lookup (call->work->orders, key)) - 1;

  if (rnn_net_is_constant (value))
    return layer && layer->size ? layer->data[0].ref.wire : 0;
  if (wire >= 0)
    return wire;
  wire = new_order (call, value);
  g_hash_table_insert (call->work->orders, g_steal_pointer (&key), GINT_TO_POINTER (wire + 1));
  return wire;
}
