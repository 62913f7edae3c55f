/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole front ends over a wave: Kaldi's fbank and MFCC with torchaudio's options, and HTK's HCopy with its
 * configuration.  The wave's integers are streamed as samples of +-1, in buffers of 1000. */
#include "front-end.h"
#include "families.h"
#include "features/offline.h"
#include <string.h>

#define BUFFER 1000

/* ---- waves and frames ---- */

gboolean
wave_open (const Case *c, Wave *wave, GError **error)
{
  const gchar *text = case_get (c, "wave");
  g_auto (GStrv) words = g_strsplit (text ? text : "", " ", 2);
  g_autofree gchar *name = g_strconcat (words[0] ? words[0] : "", ".safetensors", NULL);
  const Tensor *samples;

  wave->file = case_open_beside (c, name, error);
  samples = wave->file ? case_need (wave->file, "wave", error, 1, -1) : NULL;
  if (!samples)
    return FALSE;
  wave->rate = (gfloat) case_get_number (wave->file, "sample_rate", 16000);
  wave->n = (guint) samples->n;
  wave->samples = samples->data;
  for (guint i = 0; i < wave->n; i++)
    wave->samples[i] /= 32768;
  return TRUE;
}

void
wave_close (Wave *wave)
{
  g_clear_pointer (&wave->file, case_free);
}

gboolean
frames_make (Frames *frames, const RnnFeatureConfig *config, const Wave *wave, GError **error)
{
  g_autoptr (RnnFeatures) features = rnn_features_new (config, NULL, NULL, error);

  if (!features)
    return FALSE;
  frames->dim = rnn_features_get_dim (features);
  frames->x = g_new (gfloat, ((gsize) rnn_features_max_steps (features, wave->n) + 1) * frames->dim);
  for (guint i = 0; i < wave->n; i += BUFFER)
    frames->n += rnn_features_push (features, wave->samples + i, MIN (BUFFER, wave->n - i),
        frames->x + (gsize) frames->n * frames->dim);
  frames->n += rnn_features_finish (features, frames->x + (gsize) frames->n * frames->dim);
  return TRUE;
}

void
frames_clear (Frames *frames)
{
  g_clear_pointer (&frames->x, g_free);
}

/* ---- Kaldi ---- */

/* torchaudio.compliance.kaldi's arguments that have another name here; NULL: they change nothing at the value that the
 * case may give. */
static const struct {
  const gchar *theirs, *ours;
} arguments[] = {
  { "num_mel_bins", "n_mels" }, { "num_ceps", "n_ceps" }, { "window_type", "window" },
  { "remove_dc_offset", "remove_dc" }, { "preemphasis_coefficient", "preemphasis" }, { "use_log_fbank", "use_log" },
  { "dither", NULL }, { "channel", NULL }, { "min_duration", NULL }, { "sample_frequency", NULL },
};

static gboolean
set_arguments (Case *c, RnnFeatureConfig *config, gboolean *subtract_mean, GError **error)
{
  json_auto_t *options = case_get_json (c, "options", error);

  if (!options)
    return FALSE;
  *subtract_mean = json_is_true (json_object_get (options, "subtract_mean"));
  json_object_del (options, "subtract_mean");
  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++) {
    json_t *value = json_object_get (options, arguments[i].theirs);

    if (value && arguments[i].ours)
      json_object_set (options, arguments[i].ours, value);
    json_object_del (options, arguments[i].theirs);
  }
  return rnn_options_from_json (rnn_feature_options, config, options, NULL, c->path, error);
}

static gboolean
run_kaldi (Case *c, gint type, GError **error)
{
  RnnFeatureConfig config;
  gboolean subtract_mean;
  g_auto (Wave) wave = { NULL };
  g_auto (Frames) frames = { NULL };
  Tolerance tolerance = case_tolerance (c, type == RNN_FEATURES_MFCC ? "mfcc" : "log-mel", (Tolerance) { 0, 1e-3 });

  rnn_feature_config_init (&config);
  config.energy_floor = 1;      /* torchaudio's default */
  config.type = type;
  if (!set_arguments (c, &config, &subtract_mean, error) || !wave_open (c, &wave, error))
    return FALSE;
  config.rate = (gfloat) case_get_number (c, "sample_rate", wave.rate);
  if (!frames_make (&frames, &config, &wave, error))
    return FALSE;
  if (subtract_mean)
    rnn_offline_cmvn (frames.x, frames.n, frames.dim, FALSE);
  if (type == RNN_FEATURES_FBANK && !config.use_log)    /* the tolerance is one for logarithms */
    tolerance = (Tolerance) { tolerance.abs, 0 };
  case_compare_with (c, "out", frames.x, (gsize) frames.n * frames.dim, tolerance);
  return TRUE;
}

static gboolean
run_fbank (Case *c, GError **error)
{
  return run_kaldi (c, RNN_FEATURES_FBANK, error);
}

static gboolean
run_mfcc (Case *c, GError **error)
{
  return run_kaldi (c, RNN_FEATURES_MFCC, error);
}

/* ---- HTK ---- */

/* KEY = value lines; '#' begins a comment. */
static GHashTable *
read_conf (const gchar *text)
{
  GHashTable *conf = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) parts = NULL;

    lines[i][strcspn (lines[i], "#")] = '\0';
    parts = g_strsplit (lines[i], "=", 2);
    if (parts[0] && parts[1])
      g_hash_table_replace (conf, g_strdup (g_strstrip (parts[0])), g_strdup (g_strstrip (parts[1])));
  }
  return conf;
}

static gfloat
number_of (GHashTable *conf, const gchar *key, gdouble fallback)
{
  const gchar *value = g_hash_table_lookup (conf, key);

  return (gfloat) (value ? g_ascii_strtod (value, NULL) : fallback);
}

static gboolean
switch_of (GHashTable *conf, const gchar *key, gboolean fallback)
{
  const gchar *value = g_hash_table_lookup (conf, key);

  return value ? value[0] == 'T' : fallback;
}

/* Times are in units of 100 ns. */
static void
configure_htk (GHashTable *conf, const gchar *kind, RnnFeatureConfig *config)
{
  rnn_feature_config_init (config);
  config->rate = 1e7f / number_of (conf, "SOURCERATE", 625);
  config->frame_length = number_of (conf, "WINDOWSIZE", 256000) / 10000;
  config->frame_shift = number_of (conf, "TARGETRATE", 100000) / 10000;
  config->window = switch_of (conf, "USEHAMMING", TRUE) ? RNN_WINDOW_HAMMING : RNN_WINDOW_RECTANGULAR;
  config->preemphasis = number_of (conf, "PREEMCOEF", 0.97);
  config->remove_dc = FALSE;
  config->use_power = switch_of (conf, "USEPOWER", FALSE);
  config->n_mels = (gint) number_of (conf, "NUMCHANS", 20);
  config->mel_scale = RNN_MEL_HCOPY;
  config->log_floor = 1;
  config->low_freq = MAX (number_of (conf, "LOFREQ", 0), 0);
  config->high_freq = MAX (number_of (conf, "HIFREQ", 0), 0);
  config->vtln_warp = number_of (conf, "WARPFREQ", 1);
  config->vtln_low = number_of (conf, "WARPLCUTOFF", 100);
  config->vtln_high = number_of (conf, "WARPUCUTOFF", -500);
  if (g_str_has_prefix (kind, "MFCC")) {
    config->type = RNN_FEATURES_MFCC;
    config->htk_compat = TRUE;
    config->use_energy = strstr (kind, "_E") != NULL;
    config->raw_energy = switch_of (conf, "RAWENERGY", TRUE);
    config->n_ceps = (gint) number_of (conf, "NUMCEPS", 12) + 1;
    config->cepstral_lifter = number_of (conf, "CEPLIFTER", 22);
  }
}

/* Puts the derivatives that _D and _A ask for behind each frame. */
static void
append_deltas (Frames *frames, gint orders)
{
  guint n = frames->n, dim = frames->dim, wide = dim * (guint) (1 + orders);
  g_autofree gfloat *from = g_memdup2 (frames->x, ((gsize) n * dim + 1) * sizeof (gfloat));
  gfloat *all = g_new (gfloat, (gsize) n * wide + 1), *order = g_new (gfloat, (gsize) n * dim + 1);

  for (gint k = 0; k <= orders; k++) {
    for (guint t = 0; t < n; t++)
      memcpy (all + (gsize) t * wide + (guint) k * dim, from + (gsize) t * dim, dim * sizeof (gfloat));
    rnn_offline_deltas (from, n, dim, 2, 1, order);
    memcpy (from, order, (gsize) n * dim * sizeof (gfloat));
  }
  g_free (order);
  g_free (frames->x);
  frames->x = all;
  frames->dim = wide;
}

static gboolean
run_htk (Case *c, GError **error)
{
  g_autoptr (GHashTable) conf = read_conf (case_get (c, "htk_conf"));
  const gchar *kind = g_hash_table_lookup (conf, "TARGETKIND");
  g_auto (Wave) wave = { NULL };
  g_auto (Frames) frames = { NULL };
  RnnFeatureConfig config;

  if (!kind || !(g_str_has_prefix (kind, "FBANK") || g_str_has_prefix (kind, "MFCC"))
      || switch_of (conf, "ENORMALISE", FALSE)) {
    case_skip (c, "the library makes no %s%s", kind ? kind : "features without a TARGETKIND",
        switch_of (conf, "ENORMALISE", FALSE) ? " with normalised energy" : "");
    return TRUE;
  }
  configure_htk (conf, kind, &config);
  if (!wave_open (c, &wave, error) || !frames_make (&frames, &config, &wave, error))
    return FALSE;
  append_deltas (&frames, strstr (kind, "_D") ? strstr (kind, "_A") ? 2 : 1 : 0);
  case_compare_with (c, "out", frames.x, (gsize) frames.n * frames.dim,
      case_tolerance (c, NULL, (Tolerance) { 0, 1e-3 }));
  return TRUE;
}

const CaseKind cases_features[] = {
  { "case", "fbank_*", "out", run_fbank },
  { "case", "mfcc_*", "out", run_mfcc },
  { "htk_conf", "*", "out", run_htk },
  { "case", "mel_*", "fb", features_run_mel },
  { "case", "whisper_*", "fb", features_run_whisper },
  { "case", "pcen_*", "in.mel", features_run_pcen },
  { "case", "cmvn_*", "in.x", features_run_normalised },
  { NULL }
};
