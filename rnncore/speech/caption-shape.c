/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every place between two words has a price as an end: high within a phrase, low behind a mark.  Lines are the cheapest way to
 * part a caption into the fewest lines (dynamic programming over the words); a caption that has become too long ends at
 * the cheapest place from which the rest goes on. */
#include "caption-shape.h"
#include <string.h>

#define MS G_GUINT64_CONSTANT (1000000)
#define PAUSE (300 * MS)        /* in which a phrase ends */
#define SILENCE (1500 * MS)     /* over which no caption stays */
#define NEVER 1e9f

/* ---- places between words ---- */

static gboolean
is_one_of (const gchar *const *list, const gchar *word)
{
  gsize n = strlen (word);

  while (n > 0 && strchr (".,?!;:", word[n - 1]))
    n--;
  for (; *list; list++)
    if (strlen (*list) == n && g_ascii_strncasecmp (*list, word, n) == 0)
      return TRUE;
  return FALSE;
}

/* Price of an end between two words */
static gfloat
price (const gchar *word, const gchar *next)
{
  static const gchar *const begin[] = { "and", "but", "or", "because", "that", "which", "who", "when", "where", "while", "if", "so",
    "to", "with", "for", "in", "on", "at", "of", "from", "by", "as", "than", "after", "before", "until", "into", "about", NULL
  };
  static const gchar *const lead[] = { "a", "an", "the", "of", "to", "in", "on", "at", "for", "with", "from", "by", "as", "my",
    "your", "his", "her", "its", "our", "their", "this", "these", "those", "and", "or", "but", "i", "mister", "missus", "very", NULL
  };
  gchar last = *word ? word[strlen (word) - 1] : '\0';

  if (strchr (".?!", last))
    return 0;
  if (strchr (",;:", last))
    return 0.1f;
  if (is_one_of (lead, word))
    return 1;
  return is_one_of (begin, next) ? 0.3f : 0.5f;
}

static gboolean
ends_sentence (const RnnCtcWord *word)
{
  gsize n = strlen (word->text);

  return n > 0 && strchr (".?!", word->text[n - 1]);
}

/* ---- lines ---- */

static guint
length_of (const RnnCtcWord *word)
{
  return (guint) g_utf8_strlen (word->text, -1);
}

guint
rnn_shape_length (const RnnCtcWord *words, guint n)
{
  guint length = n ? n - 1 : 0;

  for (guint i = 0; i < n; i++)
    length += length_of (&words[i]);
  return length;
}

/* How many of words[n] one line takes */
static guint
fit (const RnnCtcWord *words, guint n, guint columns)
{
  guint length = n ? length_of (&words[0]) : 0, i = MIN (n, 1);

  for (; i < n; i++) {
    length += 1 + length_of (&words[i]);
    if (columns > 0 && length > columns)
      break;
  }
  return i;
}

guint
rnn_shape_count_lines (const RnnCtcWord *words, guint n, guint columns)
{
  guint lines = 0;

  for (guint i = 0; i < n; i += fit (words + i, n - i, columns))
    lines++;
  return lines;
}

static void
append_line (GString *out, const RnnCtcWord *words, guint n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf (out, "%s%s", i ? " " : "", words[i].text);
}

void
rnn_shape_fill (const RnnCtcWord *words, guint n, guint columns, GString *out)
{
  for (guint i = 0, k; i < n; i += k) {
    k = fit (words + i, n - i, columns);
    if (i > 0)
      g_string_append_c (out, '\n');
    append_line (out, words + i, k);
  }
}

/* A line of words [from, to): how far it is from @ideal, and its end.  NEVER: it may not be. */
static gfloat
line_cost (const RnnCtcWord *words, guint from, guint to, guint n, guint columns, gfloat ideal)
{
  guint length = rnn_shape_length (words + from, to - from);
  gfloat off = ((gfloat) length - ideal) / (gfloat) columns;

  if (length > columns && to - from > 1)
    return NEVER;
  if (from == 0 && to < n && 3 * length < columns && length + 1 + length_of (&words[to]) <= columns)
    return NEVER;
  return 4 * off * off + (to < n ? price (words[to - 1].text, words[to].text) : 0);
}

/* before[l * (n + 1) + j]: where the l-th of l + 1 lines that hold words [0, j) begins, for the cheapest way */
static void
search (const RnnCtcWord *words, guint n, guint columns, guint lines, guint *before)
{
  g_autofree gfloat *cost = g_new (gfloat, 2 * (n + 1));
  gfloat ideal = (gfloat) rnn_shape_length (words, n) / (gfloat) lines, *last = cost, *now = cost + n + 1;

  for (guint j = 0; j <= n; j++)
    last[j] = j ? NEVER : 0;
  for (guint l = 0; l < lines; l++) {
    for (guint j = 0; j <= n; j++) {
      now[j] = NEVER;
      for (guint i = 0; i < j; i++) {
        gfloat total = last[i] < NEVER ? last[i] + line_cost (words, i, j, n, columns, ideal) : NEVER;

        if (total < now[j]) {
          now[j] = total;
          before[l * (n + 1) + j] = i;
        }
      }
    }
    memcpy (last, now, (n + 1) * sizeof (gfloat));
  }
  before[lines * (n + 1)] = last[n] < NEVER;
}

void
rnn_shape_balance (const RnnCtcWord *words, guint n, guint columns, GString *out)
{
  guint lines = rnn_shape_count_lines (words, n, columns);
  g_autofree guint *before = NULL, *ends = NULL;

  if (lines < 2) {
    rnn_shape_fill (words, n, columns, out);
    return;
  }
  before = g_new0 (guint, (gsize) lines * (n + 1) + 1);
  ends = g_new (guint, lines + 1);
  search (words, n, columns, lines, before);
  if (!before[lines * (n + 1)]) {
    rnn_shape_fill (words, n, columns, out);
    return;
  }
  ends[lines] = n;
  for (guint l = lines; l > 0; l--)
    ends[l - 1] = before[(l - 1) * (n + 1) + ends[l]];
  for (guint l = 0; l < lines; l++) {
    if (l > 0)
      g_string_append_c (out, '\n');
    append_line (out, words + ends[l], ends[l + 1] - ends[l]);
  }
}

/* ---- captions ---- */

static gboolean
fits (const RnnCaptionConfig *config, const RnnCtcWord *words, guint n)
{
  return (config->lines == 0 || rnn_shape_count_lines (words, n, (guint) config->columns) <= (guint) config->lines)
      && (config->longest_cue == 0 || words[n - 1].end - words[0].start <= config->longest_cue * MS);
}

guint
rnn_shape_count_sure (const RnnCaptionConfig *config, const RnnCtcWord *words, guint n)
{
  guint length = 0, i = 0;

  if (config->columns == 0)
    return n;
  for (; i < n && 3 * length < (guint) config->columns; i++) {
    guint more = length_of (&words[i]) + (i > 0);

    if (i > 0 && length + more > (guint) config->columns)
      break;
    length += more;
  }
  return i;
}

/* The end of a caption behind the first @k of words[n + 1]; @whole: the length of the first n */
static gfloat
cue_cost (const RnnCaptionConfig *config, const RnnCtcWord *words, guint k, guint whole)
{
  const RnnCtcWord *last = &words[k - 1], *next = &words[k];
  gfloat left = 1 - (gfloat) rnn_shape_length (words, k) / (gfloat) whole, cost = price (last->text, next->text) + left * left;

  if (next->start > last->end && next->start - last->end >= PAUSE)
    cost -= 0.3f;
  if (next->start - words[0].start < config->shortest_cue * MS)
    cost += 2;
  return cost;
}

/* The caption has become too long with words[n]. */
static guint
choose_end (const RnnCaptionConfig *config, const RnnCtcWord *words, guint n)
{
  guint whole = rnn_shape_length (words, n), best = n;
  gfloat least = cue_cost (config, words, n, whole);

  for (guint k = MIN (rnn_shape_count_sure (config, words, n), n); k < n; k++) {
    gfloat cost = cue_cost (config, words, k, whole);

    if (cost < least && fits (config, words + k, n + 1 - k)) {
      least = cost;
      best = k;
    }
  }
  return best;
}

guint
rnn_shape_cue (const RnnCaptionConfig *config, const RnnCtcWord *words, guint n)
{
  const RnnCtcWord *last = &words[n - 1], *next = &words[n];
  guint64 pause = next->start > last->end ? next->start - last->end : 0;
  guint room = (guint) config->columns * (guint) config->lines;

  if (pause >= SILENCE)
    return n;
  if (!fits (config, words, n + 1))
    return choose_end (config, words, n);
  if (ends_sentence (last) && next->start - words[0].start >= config->shortest_cue * MS
      && (pause >= PAUSE || 2 * rnn_shape_length (words, n) >= room))
    return n;
  return 0;
}

guint64
rnn_shape_end (const RnnCaptionConfig *config, guint64 start, guint64 end, guint64 next, guint n_chars)
{
  guint64 least = config->shortest_cue * MS, most = config->longest_cue * MS, wanted = end;

  if (config->reading_speed > 0)
    least = MAX (least, (guint64) (n_chars * 1e9 / config->reading_speed));
  if (most > 0)
    least = MIN (least, most);
  wanted = MAX (wanted, start + least);
  if (next == 0)
    return wanted;
  if (next > wanted && next - wanted < config->cue_gap * MS)
    wanted = next;
  if (most > 0 && wanted > start + most)
    wanted = MAX (end, start + most);
  return MAX (MIN (wanted, next), MIN (end, next));
}
