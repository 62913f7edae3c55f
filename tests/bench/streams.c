/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live streams of speech through one pipeline, and what they cost. */
#include "streams.h"
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define RATE 16000
#define BUFFER 320              /* samples: 20 ms */
#define TICK (20 * GST_MSECOND)
#define MAX_DELAY 2000          /* ms */

typedef struct {
  GstElement *src, *element, *pipeline;
  guint64 phase;                /* ns */
  gsize at;                     /* in the speech */
  GstClockTime lag;             /* of the last sample that an answer needs, behind the answer's timestamp */
  GstClockTime allowed;         /* latency that is declared */
  guint64 n_answers, n_late, n_captions;
} Stream;

static gint delays[MAX_DELAY + 1];      /* answers per ms of delay, of all; atomic */

/* ---- speech ---- */

static GByteArray *
load_speech (GError **error)
{
  static const gchar *const parts[] = { "0870", "0880", "0890", "0920", "0930" };
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree gchar *path = g_strdup_printf ("/usr/share/pocketsphinx/test/data/librivox/"
        "sense_and_sensibility_01_austen_64kb-%s.wav", parts[i]);
    g_autofree gchar *bytes = NULL;
    gsize size;

    if (!g_file_get_contents (path, &bytes, &size, error))
      return NULL;
    g_byte_array_append (all, (guint8 *) bytes + 44, (size - 44) & ~1);
    g_byte_array_set_size (all, all->len + 2 * RATE);   /* a second's pause */
    memset (all->data + all->len - 2 * RATE, 0, 2 * RATE);
  }
  g_byte_array_set_size (all, all->len - all->len % (2 * BUFFER));
  return g_steal_pointer (&all);
}

/* ---- streams ---- */

static void
note_answer (Stream *s, GstBuffer *buffer)
{
  GstClockTime now = gst_element_get_current_running_time (s->pipeline), pts = GST_BUFFER_PTS (buffer);
  gint64 delay = ((gint64) now - (gint64) (pts + s->lag)) / (gint64) GST_MSECOND;

  s->n_answers++;
  s->n_late += now > pts + s->allowed;
  g_atomic_int_inc (&delays[CLAMP (delay, 0, MAX_DELAY)]);
}

static GstPadProbeReturn
on_answers (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  gboolean several = (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0;

  for (guint i = 0; several && i < gst_buffer_list_length (info->data); i++)
    note_answer (data, gst_buffer_list_get (info->data, i));
  if (!several)
    note_answer (data, info->data);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_caption (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  ((Stream *) data)->n_captions++;
  return GST_PAD_PROBE_OK;
}

static void
probe (GstElement *element, GstPadProbeType type, GstPadProbeCallback func, Stream *s)
{
  GstPad *pad = gst_element_get_static_pad (element, "src");

  gst_pad_add_probe (pad, type, func, s, NULL);
  gst_object_unref (pad);
}

static void
set_up (const StreamsOptions *o, Stream *s, gint i, gsize speech)
{
  g_autofree gchar *src = g_strdup_printf ("src%d", i), *name = g_strdup_printf ("t%d", i);
  GstElement *infer;

  s->src = gst_bin_get_by_name (GST_BIN (s->pipeline), src);
  s->element = gst_bin_get_by_name (GST_BIN (s->pipeline), name);
  s->phase = o->together ? 0 : i * TICK / o->n_streams;
  s->at = speech / o->n_streams * i / (2 * BUFFER) * (2 * BUFFER);
  if (o->without)
    return;
  g_object_set (s->element, "model-file", o->model, "batch-deadline", o->deadline, NULL);
  if (*o->group)
    g_object_set (s->element, "batch-group", o->group, NULL);
  gst_util_set_object_arg (G_OBJECT (s->element), "precision", o->precision);
  infer = gst_bin_get_by_name (GST_BIN (s->element), "infer");
  probe (infer, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_answers, s);
  probe (s->element, GST_PAD_PROBE_TYPE_BUFFER, on_caption, s);
  gst_object_unref (infer);
}

/* Nobody listens to the bus: it must not fill up.  Errors are told. */
static GstBusSyncReply
drop_message (GstBus *bus, GstMessage *message, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    fprintf (stderr, "%s\n", error->message);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static GstElement *
make_pipeline (const StreamsOptions *o, GError **error)
{
  GString *text = g_string_new (NULL);
  GstElement *pipeline;
  GstBus *bus;

  for (gint i = 0; i < o->n_streams; i++)
    g_string_append_printf (text, "appsrc name=src%d is-live=true format=time min-latency=%" G_GUINT64_FORMAT " "
        "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=%d,channels=1 ! %s name=t%d %s ! fakesink sync=false "
        "async=false ", i, TICK, RATE, o->without ? "(" : "rnntranscriber", i,
        o->without ? "identity ! identity ! identity )" : "");
  pipeline = gst_parse_launch (text->str, error);
  g_string_free (text, TRUE);
  if (!pipeline)
    return NULL;
  bus = gst_element_get_bus (pipeline);
  gst_bus_set_sync_handler (bus, drop_message, NULL, NULL);
  gst_object_unref (bus);
  return pipeline;
}

/* The live latency up to a pad */
static GstClockTime
latency_of (GstElement *element)
{
  GstPad *pad = gst_element_get_static_pad (element, "src");
  GstQuery *query = gst_query_new_latency ();
  GstClockTime min = 0;

  if (gst_pad_query (pad, query))
    gst_query_parse_latency (query, NULL, &min, NULL);
  gst_query_unref (query);
  gst_object_unref (pad);
  return min;
}

static void
learn_latency (const StreamsOptions *o, Stream *s)
{
  GstElement *infer = gst_bin_get_by_name (GST_BIN (s->element), "infer");

  s->lag = latency_of (infer) - TICK - (*o->group ? o->deadline * GST_MSECOND : 0);
  s->allowed = latency_of (s->element);
  gst_object_unref (infer);
}

/* ---- the feed ---- */

static void
push_buffer (Stream *s, GByteArray *speech, guint64 k)
{
  GstBuffer *buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, speech->data + s->at, 2 * BUFFER, 0,
      2 * BUFFER, NULL, NULL);

  s->at = (s->at + 2 * BUFFER) % speech->len;
  GST_BUFFER_PTS (buffer) = k * TICK + s->phase;
  GST_BUFFER_DURATION (buffer) = TICK;
  gst_app_src_push_buffer (GST_APP_SRC (s->src), buffer);
}

static void
wait_until (GstElement *pipeline, GstClockTime time)
{
  GstClockTime now = gst_element_get_current_running_time (pipeline);

  if (now < time)
    g_usleep ((time - now) / 1000);
}

/* Ticks [from, to) for all. */
static void
feed (const StreamsOptions *o, Stream *streams, GByteArray *speech, guint64 from, guint64 to)
{
  for (guint64 k = from; k < to; k++)
    for (gint i = 0; i < o->n_streams; i++) {
      wait_until (streams[i].pipeline, (k + 1) * TICK + streams[i].phase);
      push_buffer (&streams[i], speech, k);
    }
}

/* ---- figures ---- */

static gdouble
cpu_seconds (struct rusage *usage)
{
  getrusage (RUSAGE_SELF, usage);
  return usage->ru_utime.tv_sec + usage->ru_stime.tv_sec + (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static glong
rss_kb (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  glong total, pages = 0;

  if (file && fscanf (file, "%ld %ld", &total, &pages) != 2)
    pages = 0;
  if (file)
    fclose (file);
  return pages * (sysconf (_SC_PAGESIZE) / 1024);
}

static gint
percentile (guint64 n, gdouble share)
{
  guint64 seen = 0;
  gint i;

  for (i = 0; i < MAX_DELAY && (seen += g_atomic_int_get (&delays[i])) < share * n; i++);
  return i;
}

static void
add_batches (const StreamsOptions *o, const Stream *streams, json_t *result)
{
  guint64 n_runs = 0, n_rows = 0;

  for (gint i = 0; i < o->n_streams; i++) {
    g_autoptr (GstStructure) stats = NULL, infer = NULL;
    guint64 runs = 0, rows = 0;

    g_object_get (streams[i].element, "stats", &stats, NULL);
    gst_structure_get (stats, "infer", GST_TYPE_STRUCTURE, &infer, NULL);
    gst_structure_get (infer, "runs", G_TYPE_UINT64, &runs, "batched-streams", G_TYPE_UINT64, &rows, NULL);
    n_runs += runs;
    n_rows += rows;
  }
  json_object_set_new (result, "mean_batch", json_real (n_runs ? (gdouble) n_rows / n_runs : 0));
}

static void
add_delays (const StreamsOptions *o, const Stream *streams, json_t *result)
{
  guint64 n = 0, n_late = 0, n_captions = 0;

  for (gint i = 0; i < o->n_streams; i++) {
    n += streams[i].n_answers;
    n_late += streams[i].n_late;
    n_captions += streams[i].n_captions;
  }
  json_object_set_new (result, "answers", json_integer (n));
  json_object_set_new (result, "captions", json_integer (n_captions));
  json_object_set_new (result, "late_answers", json_integer (n_late));
  json_object_set_new (result, "latency_ms", json_integer (streams[0].allowed / GST_MSECOND));
  json_object_set_new (result, "delay_ms_median", json_integer (percentile (n, 0.5)));
  json_object_set_new (result, "delay_ms_p99", json_integer (percentile (n, 0.99)));
  json_object_set_new (result, "delay_ms_max", json_integer (percentile (n, 1)));
}

/* One second to settle, then what the rest costs. */
static json_t *
measure (const StreamsOptions *o, Stream *streams, GByteArray *speech)
{
  const guint64 second = GST_SECOND / TICK;
  gdouble audio = (gdouble) o->seconds * o->n_streams, cpu;
  gboolean ours = !o->without;
  struct rusage before, after;
  json_t *result;

  feed (o, streams, speech, 0, second);
  for (gint i = 0; ours && i < o->n_streams; i++) {
    learn_latency (o, &streams[i]);
    streams[i].n_answers = streams[i].n_late = 0;
  }
  for (gint d = 0; d <= MAX_DELAY; d++)
    g_atomic_int_set (&delays[d], 0);
  cpu = cpu_seconds (&before);
  feed (o, streams, speech, second, (o->seconds + 1) * second);
  cpu = cpu_seconds (&after) - cpu;
  result = json_pack ("{si sb ss ss si sb}", "streams", o->n_streams, "without", o->without, "precision", o->precision,
      "group", o->group, "deadline_ms", o->deadline, "together", o->together);
  json_object_set_new (result, "seconds", json_integer (o->seconds));
  json_object_set_new (result, "cpu_share", json_real (cpu / o->seconds));
  json_object_set_new (result, "real_time_factor", json_real (cpu / audio));
  json_object_set_new (result, "switches_per_stream_second", json_real ((after.ru_nvcsw + after.ru_nivcsw
              - before.ru_nvcsw - before.ru_nivcsw) / audio));
  json_object_set_new (result, "rss_kb", json_integer (rss_kb ()));
  if (ours) {
    add_delays (o, streams, result);
    add_batches (o, streams, result);
  }
  return result;
}

static void
pin (gint core)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  if (core < 0)
    return;
  CPU_SET (core, &set);
  if (sched_setaffinity (0, sizeof (set), &set) != 0)
    fprintf (stderr, "cannot keep to core %d\n", core);
}

json_t *
streams_run (const StreamsOptions *o, GError **error)
{
  g_autoptr (GByteArray) speech = load_speech (error);
  g_autofree Stream *streams = g_new0 (Stream, o->n_streams);
  GstElement *pipeline;
  json_t *result = NULL;

  pin (o->core);
  gst_init (NULL, NULL);
  if (!speech || !(pipeline = make_pipeline (o, error)))
    return NULL;
  for (gint i = 0; i < o->n_streams; i++) {
    streams[i].pipeline = pipeline;
    set_up (o, &streams[i], i, speech->len);
  }
  if (gst_element_set_state (pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE, "the pipeline does not start");
  else
    result = measure (o, streams, speech);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  for (gint i = 0; i < o->n_streams; i++) {
    gst_object_unref (streams[i].src);
    gst_object_unref (streams[i].element);
  }
  gst_object_unref (pipeline);
  return result;
}
