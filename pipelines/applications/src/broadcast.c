/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broadcast with faults, put together of clips as decoders gave them.
 *
 * Frozen: the last frame again, bit for bit; from its first repetition on.  Scrolling: a picture that rolls by some lines a frame.
 * Cut: the one frame in which another scene begins.  Fade: to black or from it, while the brightness changes.  What decoders gave is
 * mixed at 16 x 12, where black, bars and noise are clips of their own.
 *
 * A step is the frame alone (features/picture.h), with the bits in which a camera's noise can be seen.  So only who remembers the frame
 * before can tell a frozen picture from one in which nothing moves. */
#include "broadcast.h"
#include "features/picture.h"
#include <math.h>
#include <string.h>

static const struct {
  const gchar *prefix;
  BroadcastClass kind;
  gboolean still;
} kinds[] = {
  { "picture-", BROADCAST_PICTURE, FALSE }, { "still-", BROADCAST_PICTURE, TRUE }, { "black-", BROADCAST_BLACK, FALSE },
  { "bars-", BROADCAST_BARS, FALSE }, { "noise-", BROADCAST_NOISE, FALSE },
};

/* ---- clips ---- */

void
broadcast_clip_free (gpointer data)
{
  Clip *clip = data;

  g_free (clip->pixels);
  g_free (clip);
}

static gboolean
read_clip (GPtrArray *clips, const gchar *folder, const gchar *name, guint kind, GError **error)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  gchar *bytes;
  gsize size;
  Clip *clip;

  if (!g_file_get_contents (path, &bytes, &size, error))
    return FALSE;
  clip = g_new (Clip, 1);
  *clip = (Clip) { kinds[kind].kind, kinds[kind].still, (guint) (size / BROADCAST_PIXELS), (guint8 *) bytes };
  g_ptr_array_add (clips, clip);
  if (clip->n >= 2)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: fewer than two frames of %d bytes", path, BROADCAST_PIXELS);
  return FALSE;
}

static gboolean
has (const GPtrArray *clips, BroadcastClass kind)
{
  for (guint i = 0; i < clips->len; i++)
    if (((Clip *) clips->pdata[i])->kind == kind)
      return TRUE;
  return FALSE;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* In the order of their names, whatever the folder's. */
static GPtrArray *
list_names (const gchar *folder, GError **error)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, error);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    g_ptr_array_add (names, g_strdup (name));
  if (dir)
    g_dir_close (dir);
  g_ptr_array_sort (names, compare_names);
  return names;
}

GPtrArray *
broadcast_read_clips (const gchar *folder, gboolean test, GError **error)
{
  g_autoptr (GPtrArray) clips = g_ptr_array_new_with_free_func (broadcast_clip_free);
  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) names = list_names (folder, &failure);

  for (guint i = 0; !failure && i < names->len; i++)
    for (guint k = 0; k < G_N_ELEMENTS (kinds) && !failure; k++)
      if (g_str_has_prefix (names->pdata[i], kinds[k].prefix) && !g_str_has_suffix (names->pdata[i], "-test.gray") == !test
          && g_str_has_suffix (names->pdata[i], ".gray"))
        read_clip (clips, folder, names->pdata[i], k, &failure);
  for (guint k = 0; k < G_N_ELEMENTS (kinds) && !failure; k++)
    if (!has (clips, kinds[k].kind))
      g_set_error (&failure, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no clip %sNAME%s.gray", folder, kinds[k].prefix, test ? "-test" : "");
  if (!failure)
    return g_steal_pointer (&clips);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/* ---- the broadcast ---- */

/* How a clip is shown. */
typedef struct {
  const Clip *other;            /* shines through */
  gint share;                   /* of the other, of 128 */
  gint gain, offset;            /* of 64; of brightness */
  gboolean mirror, overturn;
  guint roll;                   /* columns */
  gfloat height, slope[2], speed, phase;        /* of waves that pass over pictures */
  guint8 frame[BROADCAST_PIXELS];
} Look;

typedef struct {
  const GPtrArray *clips;
  RnnRng *rng;
  gboolean vary;                /* clips are mixed, turned round, and made darker or paler: there are few of them */
  const Clip *clip;             /* of pictures, that is on air */
  guint at;                     /* its frame */
  Look look;
  guint8 last[BROADCAST_PIXELS];
  gfloat *steps, *targets;
  guint n, done;
} Studio;

static const Clip *
choose (Studio *s, BroadcastClass kind)
{
  const Clip *clip;

  do
    clip = s->clips->pdata[rnn_rng_below (s->rng, s->clips->len)];
  while (clip->kind != kind);
  return clip;
}

/* Waves over a picture, of any length; they move sideways, for up and down is what scrolling does. */
static void
choose_waves (Studio *s)
{
  gfloat most = rnn_rng_below (s->rng, 4) ? 60 : 0;

  s->look.height = most * rnn_rng_uniform (s->rng);
  s->look.slope[0] = 1.6f * rnn_rng_uniform (s->rng) - 0.8f;
  s->look.slope[1] = 1.2f * rnn_rng_uniform (s->rng) - 0.6f;
  s->look.speed = s->clip && s->clip->still ? 0 : s->look.slope[0] * 2 * rnn_rng_uniform (s->rng);
  s->look.phase = 6.283f * rnn_rng_uniform (s->rng);
}

/* Without variation a clip is shown as it is. */
static void
choose_look (Studio *s, const Clip *clip)
{
  s->look = (Look) { .other = clip, .gain = 64 };
  if (!s->vary)
    return;
  s->look.other = clip->kind == BROADCAST_PICTURE ? choose (s, BROADCAST_PICTURE) : clip;
  s->look.share = (gint) rnn_rng_below (s->rng, 2) * (gint) rnn_rng_below (s->rng, 80);
  s->look.gain = clip->kind == BROADCAST_BLACK ? 64 : 48 + (gint) rnn_rng_below (s->rng, 28);
  s->look.offset = clip->kind == BROADCAST_BLACK ? 0 : (gint) rnn_rng_below (s->rng, 24);
  s->look.mirror = clip->kind != BROADCAST_BARS && rnn_rng_below (s->rng, 2);
  s->look.overturn = clip->kind != BROADCAST_BARS && rnn_rng_below (s->rng, 2);
  s->look.roll = clip->kind != BROADCAST_BARS ? rnn_rng_below (s->rng, BROADCAST_WIDTH) : 0;
  if (clip->kind == BROADCAST_PICTURE)
    choose_waves (s);
}

/* A pixel of two frames; @jump: both are moved on by so many. */
static guint8
look_at (const Look *l, const guint8 *a, const guint8 *b, guint x, guint y, guint jump, guint at)
{
  guint column = (x + l->roll) % BROADCAST_WIDTH;
  guint from = (l->overturn ? BROADCAST_HEIGHT - 1 - y : y) * BROADCAST_WIDTH + (l->mirror ? BROADCAST_WIDTH - 1 - column : column);
  gint mixed;

  from = (from + jump) % BROADCAST_PIXELS;
  mixed = (a[from] * (128 - l->share) + b[from] * l->share) / 128;
  if (l->height > 0)
    mixed += (gint) lrintf (l->height * sinf (l->slope[0] * x + l->slope[1] * y + l->speed * at + l->phase));
  return (guint8) CLAMP (mixed * l->gain / 64 + l->offset, 0, 255);
}

/* Frame @at of the clip. */
static const guint8 *
show (Studio *s, const Clip *clip, guint at)
{
  Look *l = &s->look;
  const guint8 *a = clip->pixels + (gsize) (at % clip->n) * BROADCAST_PIXELS;
  const guint8 *b = l->other->pixels + (gsize) (at % l->other->n) * BROADCAST_PIXELS;
  guint jump;

  if (!s->vary)
    return a;
  jump = clip->kind == BROADCAST_NOISE ? rnn_rng_below (s->rng, BROADCAST_PIXELS) : 0;   /* noise is as good at any other place */
  for (guint y = 0; y < BROADCAST_HEIGHT; y++)
    for (guint x = 0; x < BROADCAST_WIDTH; x++)
      l->frame[y * BROADCAST_WIDTH + x] = look_at (l, a, b, x, y, jump, at);
  return l->frame;
}

static void
send (Studio *s, const guint8 *frame, BroadcastClass kind)
{
  gfloat *step = s->steps + (gsize) s->done * BROADCAST_SIZE;

  if (s->done == s->n)
    return;
  rnn_picture_step (frame, BROADCAST_WIDTH, BROADCAST_WIDTH, BROADCAST_HEIGHT, step);
  memmove (s->last, frame, BROADCAST_PIXELS);
  s->targets[s->done++] = kind;
}

static const guint8 *
next_frame (Studio *s)
{
  return show (s, s->clip, s->at++);
}

/* A decoder that repeats a frame has frozen it. */
static void
send_picture (Studio *s, gboolean cut)
{
  const guint8 *frame = next_frame (s);
  gboolean same = s->done && !memcmp (frame, s->last, BROADCAST_PIXELS);

  send (s, frame, cut ? BROADCAST_CUT : same ? BROADCAST_FROZEN : BROADCAST_PICTURE);
}

/* The picture goes on; at a clip's end it goes on elsewhere, which is a cut. */
static void
send_pictures (Studio *s, guint length)
{
  for (guint i = 0; i < length; i++) {
    gboolean ended = s->at >= s->clip->n;

    if (ended) {
      s->clip = choose (s, BROADCAST_PICTURE);
      s->at = rnn_rng_below (s->rng, s->clip->n / 2);
      choose_look (s, s->clip);
    }
    send_picture (s, ended);
  }
}

static void
send_cut (Studio *s)
{
  const Clip *before = s->clip;

  for (guint tries = 0; tries < 10 && s->clip == before; tries++)
    s->clip = choose (s, BROADCAST_PICTURE);
  s->at = rnn_rng_below (s->rng, s->clip->n / 2);
  choose_look (s, s->clip);
  send (s, next_frame (s), BROADCAST_CUT);
}

static void
send_other (Studio *s, BroadcastClass kind, guint length)
{
  const Clip *clip = choose (s, kind);
  guint at = rnn_rng_below (s->rng, clip->n);
  Look kept = s->look;

  choose_look (s, clip);
  for (guint i = 0; i < length; i++)
    send (s, show (s, clip, at + i), kind);
  s->look = kept;
}

static void
send_frozen (Studio *s, guint length)
{
  send_pictures (s, 3);
  for (guint i = 0; i < length; i++)
    send (s, s->last, BROADCAST_FROZEN);
}

static void
send_scrolling (Studio *s, guint length)
{
  guint speed = 1 + rnn_rng_below (s->rng, 4);
  guint8 rolled[BROADCAST_PIXELS];

  for (guint i = 0; i < length; i++) {
    const guint8 *frame = next_frame (s);
    guint line = (i + 1) * speed % BROADCAST_HEIGHT;

    for (guint y = 0; y < BROADCAST_HEIGHT; y++)
      memcpy (rolled + y * BROADCAST_WIDTH, frame + (y + line) % BROADCAST_HEIGHT * BROADCAST_WIDTH, BROADCAST_WIDTH);
    send (s, rolled, BROADCAST_SCROLLING);
  }
}

static void
send_fade (Studio *s)
{
  guint length = 10 + rnn_rng_below (s->rng, 10);
  gboolean out = rnn_rng_below (s->rng, 2);
  guint8 mixed[BROADCAST_PIXELS];

  if (!out)
    send_other (s, BROADCAST_BLACK, 10);
  for (guint i = 1; i < length; i++) {
    const guint8 *frame = next_frame (s);
    guint part = out ? length - i : i;

    for (guint p = 0; p < BROADCAST_PIXELS; p++)
      mixed[p] = (guint8) (16 + (MAX (frame[p], 16) - 16) * part / length);
    send (s, mixed, BROADCAST_FADE);
  }
  if (out)
    send_other (s, BROADCAST_BLACK, 10);
}

void
broadcast_make (const GPtrArray *clips, guint n, gboolean vary, RnnRng *rng, gfloat *steps, gfloat *targets)
{
  Studio s = { .clips = clips, .vary = vary, .rng = rng, .steps = steps, .targets = targets, .n = n };

  s.clip = choose (&s, BROADCAST_PICTURE);
  choose_look (&s, s.clip);
  while (s.done < n) {
    guint length = 12 + rnn_rng_below (rng, 24);
    BroadcastClass kind = rnn_rng_below (rng, BROADCAST_N);

    if (s.clip->kind == BROADCAST_PICTURE)
      send_pictures (&s, 4 + rnn_rng_below (rng, 20));
    switch (kind) {
      case BROADCAST_FROZEN: send_frozen (&s, length); break;
      case BROADCAST_SCROLLING: send_scrolling (&s, length); break;
      case BROADCAST_FADE: send_fade (&s); break;
      case BROADCAST_CUT: send_cut (&s); break;
      case BROADCAST_PICTURE: break;
      default: send_other (&s, kind, length);
    }
  }
}
