/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drawings come in as JSON of at most OBJECTS_MAX_SIZE bytes, and are read at once: that takes milliseconds. */
#include "draw.h"
#include <math.h>
#include <rnncore/rnn.h>
#include <string.h>
#include "objects.h"
#include "web.h"

#define PAGE "/org/gst-rnn/draw.html"
#define MAX_CHARACTERS 64
#define MAX_DISTANCE 1e6        /* of a step */

struct _Draw {
  RnnModel *model;
  RnnCtcDecoder *decoder;
};

/* A request on its way in. */
typedef struct {
  Draw *draw;
  Objects objects;
  guint n;                      /* drawings */
  gchar *text;                  /* what the last one says */
  const gchar *wrong;           /* what is wrong with it, or NULL */
} Intake;

/* ---- reading ---- */

static gboolean
read_step (const json_t *step, gfloat *numbers)
{
  gboolean ok = json_array_size (step) == RNN_PEN_SIZE;

  for (gsize i = 0; ok && i < RNN_PEN_SIZE; i++) {
    const json_t *number = json_array_get (step, i);

    ok = json_is_number (number) && fabs (json_number_value (number)) <= MAX_DISTANCE;
    numbers[i] = (gfloat) json_number_value (number);
  }
  return ok;
}

/* (transfer full) of gfloat; NULL: it is no drawing. */
static GArray *
read_drawing (const json_t *object)
{
  const json_t *steps = json_object_get (object, "steps");
  GArray *drawing = g_array_new (FALSE, FALSE, sizeof (gfloat));
  gfloat numbers[RNN_PEN_SIZE];
  gboolean ok = json_is_array (steps);

  for (gsize i = 0; ok && i < json_array_size (steps); i++)
    if ((ok = read_step (json_array_get (steps, i), numbers)))
      g_array_append_vals (drawing, numbers, RNN_PEN_SIZE);
  if (!ok)
    g_clear_pointer (&drawing, g_array_unref);
  return drawing;
}

static gchar *
decode (Draw *draw, const gfloat *scores, guint n_steps)
{
  const RnnCtcWord *words;
  guint n, n_stable;
  GString *text = g_string_new (NULL);

  rnn_ctc_decoder_reset (draw->decoder);
  for (guint t = 0; t < n_steps; t++)
    rnn_ctc_decoder_step (draw->decoder, scores + (gsize) t * (gsize) rnn_model_get_n_out (draw->model));
  rnn_ctc_decoder_finish (draw->decoder);
  words = rnn_ctc_decoder_get_words (draw->decoder, TRUE, &n, &n_stable);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, i ? " %s" : "%s", words[i].text);
  return g_string_free (text, FALSE);
}

/* What the shapes say (transfer full); NULL: there is no memory for it. */
static gchar *
read_shapes (Draw *draw, const GArray *shapes)
{
  guint n_steps = shapes->len * RNN_PEN_POINTS;
  g_autofree gfloat *steps = g_new (gfloat, n_steps * RNN_PEN_SIZE + 1);
  g_autofree gfloat *scores = g_new (gfloat, (gsize) n_steps * (gsize) rnn_model_get_n_out (draw->model) + 1);
  RnnPen pen = RNN_PEN_START;
  gfloat left = 0;

  if (n_steps == 0)
    return g_strdup ("");
  for (guint i = 0; i < shapes->len; i++)
    left = RNN_PEN_GAP + rnn_pen_write (&pen, &g_array_index (shapes, RnnPenShape, i), left, 0, 1,
        steps + i * RNN_PEN_POINTS * RNN_PEN_SIZE);
  return rnn_run_whole (draw->model, n_steps, steps, scores, NULL) ? decode (draw, scores, n_steps) : NULL;
}

static void
on_object (const json_t *object, gpointer data)
{
  Intake *in = data;
  g_autoptr (GArray) drawing = read_drawing (object), shapes = NULL;

  if (in->n++ > 0)
    in->wrong = "one drawing at a time";
  else if (!drawing)
    in->wrong = "\"steps\" has to be a list of [dx, dy, lifted]";
  else if ((shapes = rnn_pen_find_shapes ((const gfloat *) drawing->data, drawing->len / RNN_PEN_SIZE))->len > MAX_CHARACTERS)
    in->wrong = "too many characters";
  else if (!(in->text = read_shapes (in->draw, shapes)))
    in->wrong = "no memory";
}

/* ---- HTTP ---- */

static void
free_intake (gpointer data)
{
  Intake *in = data;

  objects_clear (&in->objects);
  g_free (in->text);
  g_free (in);
}

static void
on_chunk (SoupServerMessage *msg, GBytes *chunk, Intake *in)
{
  gsize n;
  const gchar *bytes = g_bytes_get_data (chunk, &n);

  if (!in->wrong && !objects_push (&in->objects, bytes, n, on_object, in))
    in->wrong = "no JSON object, or too large a one";
}

/* Before the body.  Only PUT: a page of somebody else's cannot make a browser send that unasked. */
static void
on_head (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  Intake *in;

  if (strcmp (path, "/draw") || strcmp (soup_server_message_get_method (msg), "PUT"))
    return;
  in = g_new0 (Intake, 1);
  in->draw = data;
  objects_init (&in->objects);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (msg), FALSE);
  g_object_set_data_full (G_OBJECT (msg), "drawing", in, free_intake);
  g_signal_connect (msg, "got-chunk", G_CALLBACK (on_chunk), in);
}

static void
answer (SoupServerMessage *msg, const Intake *in)
{
  const gchar *wrong = in->wrong ? in->wrong : in->text ? NULL : "a drawing that does not end";
  json_t *object = wrong ? json_pack ("{ss}", "error", wrong) : json_pack ("{ss}", "text", in->text);
  char *body = json_dumps (object, JSON_COMPACT);

  json_decref (object);
  soup_server_message_set_status (msg, wrong ? SOUP_STATUS_BAD_REQUEST : SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (msg, "application/json", SOUP_MEMORY_COPY, body, strlen (body));
  free (body);
}

static void
on_draw (SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query, gpointer data)
{
  const Intake *in = g_object_get_data (G_OBJECT (msg), "drawing");

  if (in)
    answer (msg, in);
  else if (strcmp (path, "/draw"))
    soup_server_message_set_status (msg, SOUP_STATUS_NOT_FOUND, NULL);
  else if (web_is_get (msg))
    web_send_page (msg, PAGE);
}

/* ---- life ---- */

static RnnCtcDecoder *
make_decoder (RnnModel *model, GError **error)
{
  g_autoptr (RnnTokens) tokens = NULL;
  RnnCtcDecoderConfig config;
  RnnCtcDecoder *decoder = NULL;

  if (rnn_model_get_n_in (model) != RNN_PEN_SIZE || rnn_model_get_blank (model) < 0 || !rnn_model_get_tokens (model)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: it does not read pen strokes (three numbers a step, a CTC output)",
        rnn_model_get_path (model));
    return NULL;
  }
  rnn_options_init (rnn_ctc_decoder_get_options (), &config);
  if ((tokens = rnn_tokens_new (rnn_model_get_tokens (model), rnn_model_get_blank (model), error)))
    decoder = rnn_ctc_decoder_new (tokens, &config, error);
  rnn_options_clear (rnn_ctc_decoder_get_options (), &config);
  return decoder;
}

Draw *
draw_new (SoupServer *server, const gchar *model_file, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_load (model_file, error);
  RnnCtcDecoder *decoder = model ? make_decoder (model, error) : NULL;
  Draw *draw;

  if (!decoder)
    return NULL;
  draw = g_new0 (Draw, 1);
  draw->model = g_steal_pointer (&model);
  draw->decoder = decoder;
  soup_server_add_early_handler (server, "/draw", on_head, draw, NULL);
  soup_server_add_handler (server, "/draw", on_draw, draw, NULL);
  return draw;
}

void
draw_free (Draw *draw)
{
  rnn_ctc_decoder_free (draw->decoder);
  rnn_model_unref (draw->model);
  g_free (draw);
}
