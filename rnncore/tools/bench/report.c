/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `rnncore bench` prints: one line for people, or one JSON object, where null is what does not apply. */
#include "report.h"
#include "kernels/kernels.h"
#include <stdlib.h>
#include <string.h>

/* As /proc/cpuinfo calls it, or at least the architecture. (transfer full) */
static gchar *
cpu_name (void)
{
  g_autofree gchar *text = NULL;
  const gchar *at;

  if (!g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL) || !(at = strstr (text, "model name"))
      || !(at = strchr (at, ':')))
    return g_strdup (rnn_kernels ()->name);
  return g_strstrip (g_strndup (at + 1, strcspn (at + 1, "\n")));
}

/* ---- JSON ---- */

static void
set_text (json_t *object, const gchar *name, const gchar *text)
{
  json_object_set_new (object, name, text ? json_string (text) : json_null ());
}

static void
set_number (json_t *object, const gchar *name, gint64 number)
{
  json_object_set_new (object, name, number ? json_integer (number) : json_null ());
}

static void
set_real (json_t *object, const gchar *name, gdouble real)
{
  json_object_set_new (object, name, real ? json_real (real) : json_null ());
}

static void
set_settings (json_t *object, const BenchSettings *s)
{
  set_text (object, "what", s->what);
  set_text (object, "cell", s->cell);
  set_number (object, "input", s->input);
  set_number (object, "hidden", s->hidden);
  set_number (object, "layers", s->layers);
  set_text (object, "precision", s->precision->name);
  set_number (object, "streams", s->streams);
  set_number (object, "steps", s->steps);
  set_number (object, "threads", s->threads);
  set_number (object, "outputs", s->outputs);
  set_number (object, "labels", s->labels);
  set_number (object, "horizon", s->horizon);
  set_text (object, "loss", s->loss);
  set_text (object, "model", s->model);
}

static void
print_json (const BenchSettings *s, const BenchResult *r, const gchar *cpu)
{
  json_t *object = json_object ();
  gchar *text;

  set_settings (object, s);
  set_text (object, "unit", r->unit);
  set_real (object, "median_us", r->median);
  set_real (object, "p99_us", r->p99);
  set_text (object, "clock", r->cpu ? "wall" : "cpu");
  set_real (object, "cpu_us", r->cpu);
  set_text (object, "kernel", rnn_kernels ()->name);
  set_text (object, "cpu", cpu);
  set_real (object, "floor_us", r->floor);
  set_number (object, "bytes_per_stream", (gint64) r->bytes_per_stream);
  set_real (object, "onednn_us", r->peer_median);
  set_real (object, "onednn_ratio", r->peer_median / r->median);
  if (r->core > 0)
    set_real (object, "model_us", r->core);
  else if (s->model)
    set_real (object, "real_time_factor", r->median / 1e6);
  text = json_dumps (object, JSON_COMPACT | JSON_REAL_PRECISION (6));
  g_print ("%s\n", text);
  free (text);
  json_decref (object);
}

/* ---- a line ---- */

/* Three digits, in the unit that suits: "7.31 us", "98.2 ms". (transfer full) */
static gchar *
format_time (gdouble us)
{
  static const gchar *const units[] = { "us", "ms", "s" };
  guint unit = 0;

  for (; us >= 1000 && unit < 2; unit++)
    us /= 1000;
  return g_strdup_printf ("%.*f %s", us < 9.995 ? 2 : us < 99.95 ? 1 : 0, us, units[unit]);
}

/* What was measured: "step lstm 512x512x1 f32". */
static void
print_title (const BenchSettings *s)
{
  g_autofree gchar *base = s->model ? g_path_get_basename (s->model) : NULL;

  g_print ("%s", s->what);
  if (s->cell)
    g_print (" %s %dx%dx%d", s->cell, s->input, s->hidden, s->layers);
  if (base)
    g_print (" %s", base);
  if (s->loss)
    g_print (" %s", s->loss);
  g_print (" %s", s->precision->name);
  if (s->steps > 1)
    g_print (", %d steps", s->steps);
  if (s->streams > 1)
    g_print (", %d streams", s->streams);
  if (s->outputs)
    g_print (", %d outputs", s->outputs);
  if (s->horizon)
    g_print (", horizon %d", s->horizon);
  if (s->threads > 1)
    g_print (", %d threads", s->threads);
}

static void
print_line (const BenchSettings *s, const BenchResult *r, const gchar *cpu)
{
  g_autofree gchar *median = format_time (r->median), *p99 = format_time (r->p99), *floor = format_time (r->floor);
  g_autofree gchar *peer = format_time (r->peer_median), *core = format_time (r->core);
  g_autofree gchar *cpu_time = format_time (r->cpu);

  print_title (s);
  g_print (": %s a %s (p99 %s)", median, r->unit, p99);
  if (r->cpu)
    g_print (", %s of all threads", cpu_time);
  if (r->floor > 0)
    g_print (", %.2f times the floor of %s", r->median / r->floor, floor);
  if (r->core > 0)
    g_print (", %.2f times its model's %s", r->median / r->core, core);
  else if (s->model)
    g_print ("; real-time factor %.5f", r->median / 1e6);
  if (r->peer && r->peer_median)
    g_print ("; %s %s, ratio %.2f", r->peer->name, peer, r->peer_median / r->median);
  else if (r->peer)
    g_print ("; %s: not offered on this CPU", r->peer->name);
  if (r->bytes_per_stream)
    g_print ("; %.1f KiB a stream", r->bytes_per_stream / 1024.0);
  g_print ("; %s, %s\n", rnn_kernels ()->name, cpu);
}

void
bench_report (const BenchSettings *settings, const BenchResult *result)
{
  g_autofree gchar *cpu = cpu_name ();

  (settings->json ? print_json : print_line) (settings, result, cpu);
}
