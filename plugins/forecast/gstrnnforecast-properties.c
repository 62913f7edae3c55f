/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of rnnforecast. */
#include "gstrnnforecast-private.h"

enum { PROP_0, PROP_MODEL_FILE, PROP_STATE_FILE, PROP_COVERAGE, PROP_EVERY, PROP_MAX_GAP, PROP_POST_ANOMALIES,
  PROP_ANOMALY_PROBABILITY, PROP_ANOMALY_INTERVAL, PROP_STATE_INTERVAL, PROP_ADAPT, PROP_KNOWN_FILE, PROP_CATEGORIES,
  PROP_STATS };

#define TYPE_ADAPT (adapt_get_type ())
static GType
adapt_get_type (void)
{
  static const GEnumValue values[] = {
    { RNN_ADAPT_OFF, "The model stays as it is", "off" },
    { RNN_ADAPT_READOUT, "A linear map beside the model learns what it misses", "readout" },
    { RNN_ADAPT_ALL, "All weights learn, in small steps", "all" },
    { 0 }
  };
  static GType type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstRnnForecastAdapt", values));
  return type;
}

/* NULL: it is no text */
static gchar **
text_property (GstRnnForecast *self, guint id)
{
  switch (id) {
    case PROP_MODEL_FILE:
      return &self->model_file;
    case PROP_STATE_FILE:
      return &self->state_file;
    case PROP_KNOWN_FILE:
      return &self->known_file;
    case PROP_CATEGORIES:
      return &self->categories;
    default:
      return NULL;
  }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnForecast *self = GST_RNN_FORECAST (object);
  GstRnnForecastSettings *s = &self->settings;
  gchar **text = text_property (self, id);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL_FILE:
    case PROP_STATE_FILE:
    case PROP_KNOWN_FILE:
    case PROP_CATEGORIES:
      g_free (*text);
      *text = g_value_dup_string (value);
      break;
    case PROP_COVERAGE:
      s->coverage = g_value_get_double (value);
      break;
    case PROP_EVERY:
      s->every = g_value_get_uint (value);
      break;
    case PROP_MAX_GAP:
      s->max_gap = g_value_get_uint (value);
      break;
    case PROP_POST_ANOMALIES:
      s->post_anomalies = g_value_get_boolean (value);
      break;
    case PROP_ANOMALY_PROBABILITY:
      s->anomaly_probability = g_value_get_double (value);
      break;
    case PROP_ANOMALY_INTERVAL:
      s->anomaly_interval = g_value_get_uint (value);
      break;
    case PROP_STATE_INTERVAL:
      s->state_interval = g_value_get_uint (value);
      break;
    case PROP_ADAPT:
      s->adapt = g_value_get_enum (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnForecast *self = GST_RNN_FORECAST (object);
  const GstRnnForecastSettings *s = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODEL_FILE:
    case PROP_STATE_FILE:
    case PROP_KNOWN_FILE:
    case PROP_CATEGORIES:
      g_value_set_string (value, *text_property (self, id));
      break;
    case PROP_COVERAGE:
      g_value_set_double (value, s->coverage);
      break;
    case PROP_EVERY:
      g_value_set_uint (value, s->every);
      break;
    case PROP_MAX_GAP:
      g_value_set_uint (value, s->max_gap);
      break;
    case PROP_POST_ANOMALIES:
      g_value_set_boolean (value, s->post_anomalies);
      break;
    case PROP_ANOMALY_PROBABILITY:
      g_value_set_double (value, s->anomaly_probability);
      break;
    case PROP_ANOMALY_INTERVAL:
      g_value_set_uint (value, s->anomaly_interval);
      break;
    case PROP_STATE_INTERVAL:
      g_value_set_uint (value, s->state_interval);
      break;
    case PROP_ADAPT:
      g_value_set_enum (value, s->adapt);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, gst_structure_new ("rnnforecast-stats", "values", G_TYPE_UINT64, self->n_values,
              "forecasts", G_TYPE_UINT64, self->n_forecasts, "resets", G_TYPE_UINT64, self->n_resets,
              "anomalies", G_TYPE_UINT64, self->n_anomalies, "adapted", G_TYPE_BOOLEAN, self->adapted,
              "fallbacks", G_TYPE_UINT64, self->n_falls, NULL));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

void
gst_rnn_forecast_install_properties (GObjectClass *klass)
{
  static const GParamFlags always = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
  static const GParamFlags before = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;

  klass->set_property = set_property;
  klass->get_property = get_property;
#define INSTALL(id, spec) g_object_class_install_property (klass, id, spec)
  INSTALL (PROP_MODEL_FILE, g_param_spec_string ("model-file", "Model file", "The forecasting model", NULL, before));
  INSTALL (PROP_STATE_FILE, g_param_spec_string ("state-file", "State file",
          "Where the state is kept, so that the next run goes on where this one ends; unset: nowhere", NULL, before));
  INSTALL (PROP_COVERAGE, g_param_spec_double ("coverage", "Coverage", "The share of truths that the intervals are to hold",
          0.01, 0.999, 0.9, before));
  INSTALL (PROP_EVERY, g_param_spec_uint ("every", "Every", "A forecast after so many values", 1, G_MAXUINT, 1, always));
  INSTALL (PROP_MAX_GAP, g_param_spec_uint ("max-gap", "Longest gap",
          "Steps without a value that are stepped over with what was forecast; after more it begins anew", 0, G_MAXINT, 24,
          always));
  INSTALL (PROP_POST_ANOMALIES, g_param_spec_boolean ("post-anomalies", "Post anomalies",
          "Post a message when a value is outside of its interval", TRUE, always));
  INSTALL (PROP_ANOMALY_PROBABILITY, g_param_spec_double ("anomaly-probability", "Anomaly probability",
          "How unlikely such a miss has to be", 0, 1, 0.01, always));
  INSTALL (PROP_ANOMALY_INTERVAL, g_param_spec_uint ("anomaly-interval", "Anomaly interval",
          "Steps between two messages at least; how many are left out the next one says", 0, G_MAXUINT, 24, always));
  INSTALL (PROP_STATE_INTERVAL, g_param_spec_uint ("state-interval", "State interval",
          "Milliseconds between two writings of the state file at least; 0: after every value", 0, G_MAXUINT, 1000, always));
  INSTALL (PROP_ADAPT, g_param_spec_enum ("adapt", "Adapt",
          "What learns from the stream; what the model file says counts as long as it is the better one", TYPE_ADAPT,
          RNN_ADAPT_OFF, before));
  INSTALL (PROP_KNOWN_FILE, g_param_spec_string ("known-file", "Known file",
          "A table with times and the columns that the model looks at ahead", NULL, before));
  INSTALL (PROP_CATEGORIES, g_param_spec_string ("categories", "Categories",
          "What the series is, COLUMN=VALUE joined by commas, where no tags say it", NULL, before));
  INSTALL (PROP_STATS, g_param_spec_boxed ("stats", "Statistics", "Counts of values, forecasts, resets, anomalies; is it adapted, and how often was that given up",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
#undef INSTALL
}
