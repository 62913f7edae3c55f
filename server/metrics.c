/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of atomic numbers and one histogram, told as OpenMetrics 1.0. */
#include "metrics.h"
#include <sys/resource.h>

#define MICROSECONDS 1e6

typedef struct {
  const gchar *name, *help;
  gboolean gauge;
  gdouble unit;                 /* divides the number; 0: a plain count */
} Row;

static const Row rows[N_METRICS] = {
  [METRIC_CONNECTIONS] = {"rnn_connections", "WebSocket clients so far."},
  [METRIC_REFUSED] = {"rnn_refused", "Clients refused because of a limit."},
  [METRIC_DROPPED] = {"rnn_dropped", "Clients closed for what they sent, or for reading too slowly."},
  [METRIC_AUDIO] = {"rnn_audio_seconds", "Sound that was transcribed.", FALSE, MICROSECONDS},
  [METRIC_MESSAGES] = {"rnn_messages", "Messages of sound."},
  [METRIC_FINALS] = {"rnn_finals", "Utterances that were answered with a final result."},
  [METRIC_LINES] = {"rnn_lines", "Captions that came for the page."},
  [METRIC_CLIENTS] = {"rnn_clients", "WebSocket clients now.", TRUE},
  [METRIC_BACKLOG] = {"rnn_backlog_seconds", "Sound that waits to be transcribed.", TRUE, MICROSECONDS},
  [METRIC_READERS] = {"rnn_readers", "Browsers that read captions now.", TRUE},
};

static gint64 values[N_METRICS];

/* Seconds, upper bounds */
static const gdouble bounds[] = { .005, .01, .025, .05, .1, .2, .4, .8, 1.6, 3.2 };
static gint64 delays[G_N_ELEMENTS (bounds) + 1], delay_sum;

static void
add (gint64 *to, gint64 n)
{
  __atomic_add_fetch (to, n, __ATOMIC_RELAXED);
}

static gint64
get (const gint64 *from)
{
  return __atomic_load_n (from, __ATOMIC_RELAXED);
}

void
metrics_add (Metric metric, gint64 n)
{
  add (&values[metric], n);
}

gint64
metrics_get (Metric metric)
{
  return get (&values[metric]);
}

void
metrics_add_delay (gint64 microseconds)
{
  guint i = 0;

  while (i < G_N_ELEMENTS (bounds) && (gdouble) microseconds > bounds[i] * MICROSECONDS)
    i++;
  add (&delays[i], 1);
  add (&delay_sum, microseconds);
}

/* Points in numbers, whatever the locale. */
static void
append (GString *text, const gchar *name, const gchar *suffix, gdouble value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (text, "%s%s %s\n", name, suffix, g_ascii_formatd (number, sizeof number, "%.12g", value));
}

static void
append_head (GString *text, const gchar *name, const gchar *type, const gchar *help)
{
  g_string_append_printf (text, "# TYPE %s %s\n", name, type);
  if (g_str_has_suffix (name, "_seconds"))
    g_string_append_printf (text, "# UNIT %s seconds\n", name);
  g_string_append_printf (text, "# HELP %s %s\n", name, help);
}

static void
append_delays (GString *text)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  gint64 count = 0;

  append_head (text, "rnn_answer_seconds", "histogram", "From a message of sound to its answer.");
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++) {
    count += get (&delays[i]);
    g_string_append_printf (text, "rnn_answer_seconds_bucket{le=\"%s\"} %" G_GINT64_FORMAT "\n",
        g_ascii_formatd (number, sizeof number, "%g", bounds[i]), count);
  }
  count += get (&delays[G_N_ELEMENTS (bounds)]);
  g_string_append_printf (text, "rnn_answer_seconds_bucket{le=\"+Inf\"} %" G_GINT64_FORMAT "\n", count);
  append (text, "rnn_answer_seconds", "_count", (gdouble) count);
  append (text, "rnn_answer_seconds", "_sum", get (&delay_sum) / MICROSECONDS);
}

static gdouble
seconds (const struct timeval *t)
{
  return t->tv_sec + t->tv_usec / MICROSECONDS;
}

gchar *
metrics_to_text (void)
{
  GString *text = g_string_new (NULL);
  struct rusage used;

  for (guint i = 0; i < N_METRICS; i++) {
    append_head (text, rows[i].name, rows[i].gauge ? "gauge" : "counter", rows[i].help);
    append (text, rows[i].name, rows[i].gauge ? "" : "_total", get (&values[i]) / (rows[i].unit > 0 ? rows[i].unit : 1));
  }
  append_delays (text);
  getrusage (RUSAGE_SELF, &used);
  append_head (text, "process_cpu_seconds", "counter", "Time of cores that the process took.");
  append (text, "process_cpu_seconds", "_total", seconds (&used.ru_utime) + seconds (&used.ru_stime));
  g_string_append (text, "# EOF\n");
  return g_string_free (text, FALSE);
}
