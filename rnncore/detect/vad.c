/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps wait in a ring until it is known what they are:
 *
 *      told      | padding: speech if one begins soon  | voiced, not long enough yet |
 *   -------------+-------------------------------------+-----------------------------+--> heard
 *
 * In silence a step is told when padding and min_speech after it have been heard without a beginning; in speech, at once up to
 * `padding` after the last voiced step, and beyond that when min_silence has passed or a voice has come back. */
#include "vad.h"
#include <string.h>
#include "../session/listener.h"
#include "scores.h"

#define OPT(field, lo, hi, def, blurb) RNN_OPT_INT (RnnVadConfig, field, lo, hi, def, blurb)

const RnnOption rnn_vad_options[] = {
  RNN_OPT_FLOAT (RnnVadConfig, threshold, 0, 1, 0.4, "Probability from which on a step may begin speech"),
  RNN_OPT_FLOAT (RnnVadConfig, release, 0, 1, 0.22, "Probability below which a step may end speech"),
  OPT (min_speech, 0, 10000, 60, "Shorter speech is none (ms)"),
  OPT (min_silence, 0, 60000, 200, "Shorter silence does not end speech (ms)"),
  OPT (padding, 0, 10000, 30, "What is taken for speech before and after it (ms)"),
  RNN_OPT_STRING (RnnVadConfig, label, "Which of the model's numbers tells of speech; unset: \"speech\", or the last one"),
  { NULL }
};

struct _RnnVad {
  RnnModel *model;
  RnnListener *listener;
  gint index;                   /* of the probability */
  gfloat *p;                    /* [n] of a step */
  guint64 min_speech, min_silence, padding;     /* samples */
  gfloat threshold, release;

  GArray *waiting;              /* RnnVadSpan, steps heard and not told, from `first` on */
  guint first;
  guint64 pushed;               /* samples */
  guint64 heard, told;          /* up to which sample */
  gboolean speech;              /* now, at `heard` */
  gboolean rising;              /* in silence: p has been high since `rise` */
  guint64 rise;
  guint64 voice_end;            /* of the last voiced step while in speech */
  guint64 speech_start, speech_end;     /* of the last stretch that is known; the end is G_MAXUINT64 while open */
  gboolean finishing, closed;   /* the end is near, has been dealt with */
  gint last;                    /* kind of the last span that was told, -1: none */
};

static guint64
to_samples (const RnnVad *vad, gint ms)
{
  return (guint64) ms * (guint64) rnn_model_get_rate (vad->model) / 1000;
}

void
rnn_vad_configure (RnnVad *vad, const RnnVadConfig *config)
{
  vad->threshold = config->threshold;
  vad->release = MIN (config->release, config->threshold);
  vad->min_speech = to_samples (vad, config->min_speech);
  vad->min_silence = MAX (to_samples (vad, config->min_silence), to_samples (vad, config->padding));
  vad->padding = to_samples (vad, config->padding);
}

static gboolean
find_number (RnnVad *vad, const gchar *label, GError **error)
{
  const RnnOutput *output = rnn_model_get_output (vad->model);

  vad->index = rnn_scores_find (output, label ? label : "speech");
  if (vad->index < 0 && !label)
    vad->index = rnn_scores_find (output, NULL);
  if (rnn_model_get_input (vad->model)->klass->source != RNN_SOURCE_AUDIO)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its input is not audio", rnn_model_get_path (vad->model));
  else if (rnn_output_primary (output)->klass->label == RNN_LABEL_TEXT)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the model writes text, it does not tell speech from silence",
        rnn_model_get_path (vad->model));
  else if (vad->index < 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: none of its outputs is called \"%s\"",
        rnn_model_get_path (vad->model), label);
  else
    return TRUE;
  return FALSE;
}

RnnVad *
rnn_vad_new (RnnModel *model, const RnnVadConfig *config, GError **error)
{
  RnnVad *vad = g_new0 (RnnVad, 1);
  RnnVadConfig defaults;

  rnn_options_init (rnn_vad_options, &defaults);
  config = config ? config : &defaults;
  vad->model = rnn_model_ref (model);
  vad->waiting = g_array_new (FALSE, FALSE, sizeof (RnnVadSpan));
  if (!find_number (vad, config->label, error) || !(vad->listener = rnn_listener_new (model, NULL, error))) {
    rnn_vad_free (vad);
    return NULL;
  }
  vad->p = g_new (gfloat, rnn_output_primary (rnn_model_get_output (model))->n);
  rnn_vad_configure (vad, config);
  rnn_vad_reset (vad);
  return vad;
}

void
rnn_vad_free (RnnVad *vad)
{
  if (!vad)
    return;
  rnn_listener_free (vad->listener);
  rnn_model_unref (vad->model);
  g_array_unref (vad->waiting);
  g_free (vad->p);
  g_free (vad);
}

void
rnn_vad_reset (RnnVad *vad)
{
  rnn_listener_reset (vad->listener);
  g_array_set_size (vad->waiting, 0);
  vad->first = 0;
  vad->pushed = vad->heard = vad->told = 0;
  vad->speech = vad->rising = vad->finishing = vad->closed = FALSE;
  vad->speech_start = vad->speech_end = vad->voice_end = 0;
  vad->last = -1;
}

guint
rnn_vad_get_delay (RnnVad *vad)
{
  guint64 wait = MAX (vad->padding + vad->min_speech, vad->min_silence - vad->padding);

  return rnn_listener_get_delay (vad->listener) + (guint) wait + rnn_listener_get_hop (vad->listener);
}

void
rnn_vad_push (RnnVad *vad, const gfloat *samples, gsize n)
{
  rnn_listener_push (vad->listener, samples, n);
  vad->pushed += n;
}

void
rnn_vad_finish (RnnVad *vad)
{
  rnn_listener_finish (vad->listener);
  vad->finishing = TRUE;
}

/* ---- hysteresis ---- */

static void
begin_if_long (RnnVad *vad)
{
  if (!vad->rising || vad->heard - vad->rise < vad->min_speech)
    return;
  vad->speech = TRUE;
  vad->rising = FALSE;
  vad->speech_start = vad->rise - MIN (vad->padding, vad->rise);
  vad->speech_end = G_MAXUINT64;
  vad->voice_end = vad->heard;
}

static void
end_if_long (RnnVad *vad)
{
  if (vad->heard - vad->voice_end < vad->min_silence)
    return;
  vad->speech = FALSE;
  vad->speech_end = vad->voice_end + vad->padding;
}

static void
hear (RnnVad *vad, const RnnHeard *heard)
{
  RnnVadSpan step = {.start = heard->start,.end = heard->end };

  rnn_scores_from_output (rnn_model_get_output (vad->model), heard->y, vad->p);
  step.probability = vad->p[vad->index];
  g_array_append_val (vad->waiting, step);
  vad->heard = step.end;
  if (vad->speech) {
    if (step.probability >= vad->release)
      vad->voice_end = step.end;
    else
      end_if_long (vad);
    return;
  }
  if (step.probability < vad->threshold)
    vad->rising = FALSE;
  else if (!vad->rising)
    vad->rise = step.start;
  vad->rising = step.probability >= vad->threshold;
  begin_if_long (vad);
}

/* ---- what is known ---- */

/* Up to which sample it is known what was heard. */
static guint64
known_until (const RnnVad *vad)
{
  guint64 open = vad->rising ? vad->rise : vad->heard;

  if (vad->speech)
    return MIN (vad->voice_end + vad->padding, vad->heard);
  return MAX (open > vad->padding ? open - vad->padding : 0, MIN (vad->speech_end, vad->heard));
}

/* From @from on: until which sample is it of one kind, and of which? */
static guint64
same_until (const RnnVad *vad, guint64 from, gboolean *speech)
{
  *speech = from >= vad->speech_start && from < vad->speech_end;
  if (*speech)
    return vad->speech_end;
  return from < vad->speech_start ? vad->speech_start : G_MAXUINT64;
}

/* The end has come: the steps reach to the last sample, and no voice follows. */
static void
close_stream (RnnVad *vad)
{
  RnnVadSpan rest = {.start = vad->heard,.end = vad->pushed };

  if (vad->speech)
    vad->speech_end = vad->voice_end + vad->padding;
  vad->speech = vad->rising = FALSE;
  vad->closed = TRUE;
  if (vad->waiting->len > 0)
    rest.probability = g_array_index (vad->waiting, RnnVadSpan, vad->waiting->len - 1).probability;
  if (rest.end > rest.start)
    g_array_append_val (vad->waiting, rest);
  vad->heard = vad->pushed;
}

static gboolean
take (RnnVad *vad, RnnVadSpan *span)
{
  guint64 known = vad->closed ? vad->pushed : known_until (vad);
  const RnnVadSpan *step;
  guint64 end;

  if (vad->first == vad->waiting->len || vad->told >= known)
    return FALSE;
  step = &g_array_index (vad->waiting, RnnVadSpan, vad->first);
  *span = *step;
  span->start = vad->told;
  end = same_until (vad, span->start, &span->speech);
  span->end = MIN (MIN (step->end, end), known);
  span->begins = span->speech != vad->last;
  vad->last = span->speech;
  vad->told = span->end;
  if (span->end == step->end && ++vad->first == vad->waiting->len) {
    g_array_set_size (vad->waiting, 0);
    vad->first = 0;
  }
  return TRUE;
}

gboolean
rnn_vad_next (RnnVad *vad, RnnVadSpan *span)
{
  const RnnHeard *heard;

  for (;;) {
    if (take (vad, span))
      return TRUE;
    if ((heard = rnn_listener_next (vad->listener))) {
      hear (vad, heard);
    } else if (vad->finishing && !vad->closed) {
      close_stream (vad);
    } else {
      if (vad->finishing)
        rnn_vad_reset (vad);
      return FALSE;
    }
  }
}

/* ---- into another process ---- */

#define MAX_WAITING (1 << 20)

void
rnn_vad_keep (RnnVad *vad, RnnKeep *keep)
{
  if (!keep->to)
    rnn_vad_reset (vad);
  if (vad->finishing) {
    keep->failed = TRUE;
    return;
  }
  if (vad->first > 0)
    g_array_remove_range (vad->waiting, 0, vad->first);
  vad->first = 0;
  rnn_listener_keep (vad->listener, keep);
  rnn_keep_array (keep, vad->waiting, MAX_WAITING);
  rnn_keep (keep, &vad->pushed, sizeof vad->pushed);
  rnn_keep (keep, &vad->heard, sizeof vad->heard);
  rnn_keep (keep, &vad->told, sizeof vad->told);
  rnn_keep (keep, &vad->speech, sizeof vad->speech);
  rnn_keep (keep, &vad->rising, sizeof vad->rising);
  rnn_keep (keep, &vad->rise, sizeof vad->rise);
  rnn_keep (keep, &vad->voice_end, sizeof vad->voice_end);
  rnn_keep (keep, &vad->speech_start, sizeof vad->speech_start);
  rnn_keep (keep, &vad->speech_end, sizeof vad->speech_end);
  rnn_keep (keep, &vad->last, sizeof vad->last);
  if (vad->told > vad->heard || vad->heard > vad->pushed)
    keep->failed = TRUE;
  if (keep->failed && !keep->to)
    rnn_vad_reset (vad);
}
