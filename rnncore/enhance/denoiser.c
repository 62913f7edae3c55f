/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame: analysis -> the kind's way through the model -> overlap and add -> mixed with the samples as they were.
 *
 *   complex  [bins][re, im] -> the same, cleaned.  GTCRN (Rong et al. 2024): 512 samples every 256, root of Hann, 16 kHz
 *   mask     magnitudes [bins] -> factors [bins]; then, with a second model, its samples [window] -> samples.  DTLN (Westhausen and
 *            Meyer 2020): 512 samples every 128, as they are, 16 kHz
 *   rnnoise  42 features -> gains of 22 bands and the probability of speech (Valin 2018): 960 samples every 480, 48 kHz */
#include "denoiser.h"
#include <math.h>
#include <string.h>
#include "../session/session.h"
#include "features/rnnoise.h"
#include "features/stft.h"

#define MAX_WINDOW 8192

typedef struct {
  const gchar *name;
  gint n_in, n_out;             /* of the model; 0: `per_bin` floats for each bin */
  guint per_bin;
  gint rate;
  RnnStftType type;
  guint overlap;                /* hops of a window */
  gboolean mirror;              /* of two hops: before the first sample lies the beginning, backwards, as torch.stft has it */
  void (*apply) (RnnDenoiser *d, gfloat *spectrum);
} Kind;

struct _RnnDenoiser {
  RnnSession *session, *second;
  const Kind *kind;
  RnnStft *stft;
  RnnNoiseAnalysis *analysis;   /* rnnoise, else NULL */
  gfloat last[RNN_NOISE_BANDS]; /* its gains */
  guint window, hop, bins;
  gfloat strength;
  gfloat *x, *y;                /* [n_in], [n_out] */
  gfloat *spectrum;             /* [bins][2] */
  gfloat *block, *polished;     /* [window] */
  gfloat *waiting;              /* [hop] samples that make no frame yet */
  gfloat *done;                 /* [hop] */
  gfloat *first;                /* [hop] the first ones, where these are mirrored */
  gboolean has_first, begun;
  guint n_waiting;
  guint64 n_in, n_out;          /* samples */
  guint64 n_late;               /* samples of `window - hop` that are still to be dropped: before the first one */
};

/* ---- kinds ---- */

static void
apply_complex (RnnDenoiser *d, gfloat *spectrum)
{
  rnn_session_run (d->session, 1, spectrum, d->y);
  memcpy (spectrum, d->y, 2 * d->bins * sizeof (gfloat));
}

static void
apply_mask (RnnDenoiser *d, gfloat *spectrum)
{
  for (guint k = 0; k < d->bins; k++)
    d->x[k] = hypotf (spectrum[2 * k], spectrum[2 * k + 1]);
  rnn_session_run (d->session, 1, d->x, d->y);
  for (guint k = 0; k < d->bins; k++) {
    spectrum[2 * k] *= d->y[k];
    spectrum[2 * k + 1] *= d->y[k];
  }
}

/* Of RNNoise's numbers the last one tells of speech. */
static void
apply_rnnoise (RnnDenoiser *d, gfloat *spectrum)
{
  RnnNoiseFrame *frame = rnn_noise_analyse (d->analysis, d->waiting);

  if (!frame->silent) {
    rnn_session_run (d->session, 1, frame->features, d->y);
    rnn_noise_filter (frame, d->y, d->last);
  }
  for (guint k = 0; k < 2 * d->bins; k++)
    spectrum[k] = frame->x[k / 2][k % 2];
}

static const Kind kinds[] = {
  { "rnnoise", RNN_NOISE_FEATURES, RNN_NOISE_BANDS + 1, 0, RNN_NOISE_RATE, RNN_STFT_VORBIS, 2, FALSE, apply_rnnoise },
  { "complex", 0, 0, 2, 16000, RNN_STFT_SQRT_HANN, 2, TRUE, apply_complex },
  { "mask", 0, 0, 1, 16000, RNN_STFT_NONE, 4, FALSE, apply_mask },
};

/* A window of bins is a power of two: that tells them apart. */
static const Kind *
find_kind (RnnModel *model, guint *window)
{
  gint n = rnn_model_get_n_in (model), m = rnn_model_get_n_out (model);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const Kind *kind = &kinds[i];

    *window = kind->per_bin ? 2 * ((guint) n / kind->per_bin - 1) : RNN_NOISE_WINDOW;
    if (kind->per_bin ? n == m && n % (gint) kind->per_bin == 0 && *window >= 16 && *window <= MAX_WINDOW
        && (*window & (*window - 1)) == 0 : n == kind->n_in && m == kind->n_out)
      return kind;
  }
  return NULL;
}

gint
rnn_denoiser_find_rate (RnnModel *model)
{
  guint window;
  const Kind *kind = find_kind (model, &window);

  return kind ? kind->rate : 0;
}

static RnnSession *
open_session (RnnModel *model, GError **error)
{
  RnnSession *session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, error);

  if (!session || rnn_session_get_latency (session) == 0)
    return session;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a model that looks ahead cannot take noise out here", rnn_model_get_path (model));
  rnn_session_free (session);
  return NULL;
}

static gboolean
find_shape (RnnDenoiser *d, RnnModel *model, RnnModel *second, GError **error)
{
  d->kind = find_kind (model, &d->window);
  if (!d->kind) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: it takes %d values and gives %d, which are not the complex numbers or the "
        "magnitudes of a spectrum, nor RNNoise's features and gains", rnn_model_get_path (model), rnn_model_get_n_in (model), rnn_model_get_n_out (model));
    return FALSE;
  }
  if (second && (rnn_model_get_n_in (second) != (gint) d->window || rnn_model_get_n_out (second) != (gint) d->window)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: it takes %d samples and gives %d, not %u as %s asks for", rnn_model_get_path (second),
        rnn_model_get_n_in (second), rnn_model_get_n_out (second), d->window, rnn_model_get_path (model));
    return FALSE;
  }
  d->hop = d->window / d->kind->overlap;
  d->bins = d->window / 2 + 1;
  return TRUE;
}

/* ---- life ---- */

RnnDenoiser *
rnn_denoiser_new (RnnModel *model, RnnModel *second, GError **error)
{
  g_autoptr (RnnDenoiser) d = g_new0 (RnnDenoiser, 1);

  if (!find_shape (d, model, second, error) || !(d->session = open_session (model, error))
      || (second && !(d->second = open_session (second, error)))
      || !(d->stft = rnn_stft_new (d->kind->type, d->window, d->hop, error))
      || (!d->kind->per_bin && !(d->analysis = rnn_noise_analysis_new (error))))
    return NULL;
  d->strength = 1;
  d->x = g_new (gfloat, rnn_model_get_n_in (model));
  d->y = g_new (gfloat, rnn_model_get_n_out (model));
  d->spectrum = g_new (gfloat, 2 * d->bins);
  d->block = g_new (gfloat, d->window);
  d->polished = g_new (gfloat, d->window);
  d->waiting = g_new (gfloat, d->hop);
  d->first = g_new (gfloat, d->hop);
  d->done = g_new (gfloat, d->hop);
  rnn_denoiser_reset (d);
  return g_steal_pointer (&d);
}

void
rnn_denoiser_free (RnnDenoiser *d)
{
  if (!d)
    return;
  g_clear_pointer (&d->session, rnn_session_free);
  g_clear_pointer (&d->second, rnn_session_free);
  rnn_stft_free (d->stft);
  rnn_noise_analysis_free (d->analysis);
  g_free (d->x);
  g_free (d->y);
  g_free (d->spectrum);
  g_free (d->block);
  g_free (d->polished);
  g_free (d->waiting);
  g_free (d->first);
  g_free (d->done);
  g_free (d);
}

void
rnn_denoiser_reset (RnnDenoiser *d)
{
  rnn_session_reset (d->session, -1);
  if (d->second)
    rnn_session_reset (d->second, -1);
  rnn_stft_reset (d->stft);
  if (d->analysis)
    rnn_noise_analysis_reset (d->analysis);
  memset (d->last, 0, sizeof (d->last));
  d->n_waiting = 0;
  d->has_first = d->begun = FALSE;
  d->n_in = d->n_out = 0;
  d->n_late = d->window - d->hop;
}

gint
rnn_denoiser_get_rate (RnnDenoiser *d)
{
  return d->kind->rate;
}

guint
rnn_denoiser_get_delay (RnnDenoiser *d)
{
  return d->window;
}

void
rnn_denoiser_set_strength (RnnDenoiser *d, gfloat strength)
{
  d->strength = CLAMP (strength, 0, 1);
}

/* ---- frames ---- */

/* The samples that wait are a hop -> done[hop] */
static void
run_frame (RnnDenoiser *d)
{
  const gfloat *dry;

  rnn_stft_analyse (d->stft, d->waiting, d->spectrum);
  d->kind->apply (d, d->spectrum);
  rnn_stft_inverse (d->stft, d->spectrum, d->block);
  if (d->second)
    rnn_session_run (d->second, 1, d->block, d->polished);
  rnn_stft_overlap (d->stft, d->second ? d->polished : d->block, d->done);
  dry = rnn_stft_get_dry (d->stft);
  for (guint i = 0; i < d->hop; i++)
    d->done[i] = d->strength > 0 ? dry[i] + d->strength * (d->done[i] - dry[i]) : dry[i];
  d->n_waiting = 0;
}

/* A frame's samples -> out, but for those before the first and behind the last one; returns how many. */
static gsize
give (RnnDenoiser *d, gfloat *out)
{
  guint skip = (guint) MIN (d->n_late, d->hop), n = (guint) MIN (d->hop - skip, d->n_in - d->n_out);

  d->n_late -= skip;
  d->n_out += n;
  memcpy (out, d->done + skip, n * sizeof (gfloat));
  return n;
}

/* Two hops have come: the past is the mirror image of the samples 1 to hop.  Returns how many samples come out of the first. */
static gsize
begin_mirrored (RnnDenoiser *d, gfloat *out)
{
  gfloat *second = d->waiting, *past = d->block;

  past[0] = second[0];
  for (guint i = 1; i < d->hop; i++)
    past[i] = d->first[d->hop - i];
  rnn_stft_prime (d->stft, past);
  d->waiting = d->first;
  run_frame (d);
  d->waiting = second;
  return give (d, out);
}

/* A hop has come; returns how many samples come out. */
static gsize
take_hop (RnnDenoiser *d, gfloat *out)
{
  gsize given = 0;

  if (d->kind->mirror && !d->begun && !d->has_first) {
    memcpy (d->first, d->waiting, d->hop * sizeof (gfloat));
    d->has_first = TRUE;
    d->n_waiting = 0;
    return 0;
  }
  if (d->has_first && !d->begun)
    given = begin_mirrored (d, out);
  d->begun = TRUE;
  run_frame (d);
  return given + give (d, out + given);
}

gsize
rnn_denoiser_push (RnnDenoiser *d, const gfloat *samples, gsize n, gfloat *out)
{
  gsize given = 0;

  for (gsize i = 0, piece; i < n; i += piece) {
    piece = MIN (n - i, d->hop - d->n_waiting);
    memcpy (d->waiting + d->n_waiting, samples + i, piece * sizeof (gfloat));
    d->n_waiting += (guint) piece;
    d->n_in += piece;
    if (d->n_waiting == d->hop) {
      given += take_hop (d, out + given);
    }
  }
  return given;
}

gsize
rnn_denoiser_finish (RnnDenoiser *d, gfloat *out)
{
  gsize given = 0;

  while (d->n_out < d->n_in) {
    memset (d->waiting + d->n_waiting, 0, (d->hop - d->n_waiting) * sizeof (gfloat));
    given += take_hop (d, out + given);
  }
  rnn_denoiser_reset (d);
  return given;
}

/* ---- into another process ---- */

static void
keep_session (RnnSession *session, RnnKeep *keep)
{
  gsize n = rnn_session_get_state_size (session);
  g_autofree gfloat *state = g_new0 (gfloat, n + 1);

  rnn_keep_same (keep, n);
  rnn_session_get_state (session, 0, state);
  rnn_keep (keep, state, n * sizeof (gfloat));
  if (!keep->to && !keep->failed)
    rnn_session_set_state (session, 0, state);
}

void
rnn_denoiser_keep (RnnDenoiser *d, RnnKeep *keep)
{
  if (!keep->to)
    rnn_denoiser_reset (d);
  rnn_keep_same (keep, g_str_hash (d->kind->name));
  rnn_keep_same (keep, d->second != NULL);
  rnn_stft_keep (d->stft, keep);
  keep_session (d->session, keep);
  if (d->second)
    keep_session (d->second, keep);
  if (d->analysis)
    rnn_noise_analysis_keep (d->analysis, keep);
  rnn_keep (keep, d->last, sizeof d->last);
  rnn_keep_count (keep, &d->n_waiting, d->hop - 1);
  rnn_keep (keep, d->waiting, d->n_waiting * sizeof (gfloat));
  rnn_keep (keep, &d->has_first, sizeof d->has_first);
  rnn_keep (keep, &d->begun, sizeof d->begun);
  if (d->has_first && !d->begun)
    rnn_keep (keep, d->first, d->hop * sizeof (gfloat));
  rnn_keep (keep, &d->n_in, sizeof d->n_in);
  rnn_keep (keep, &d->n_out, sizeof d->n_out);
  rnn_keep (keep, &d->n_late, sizeof d->n_late);
  if (d->n_out > d->n_in)
    keep->failed = TRUE;
  if (keep->failed && !keep->to)
    rnn_denoiser_reset (d);
}
