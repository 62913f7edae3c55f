/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC against numbers computed elsewhere: the cases of tests/data/ctc, and of ../shared/references where that exists.
 *
 * A .safetensors of kind CTC_LOSS holds scores, targets, nll and gradient; a .json of type "exact" the totals of all
 * paths, any other one the text that greedy decoding gives. */
#include "ctc/ctc.h"
#include "model/safetensors.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

static gfloat *
load_floats (RnnSafetensors *file, const gchar *name, const RnnTensorView **view)
{
  const RnnTensorView *tensor = rnn_safetensors_find (file, name);
  gfloat *floats;

  g_assert_nonnull (tensor);
  floats = g_new (gfloat, MAX (tensor->size, 1));
  rnn_tensor_view_to_float (tensor, floats);
  if (view)
    *view = tensor;
  return floats;
}

static RnnSafetensors *
open_file (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  RnnSafetensors *file = rnn_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

/* ---- loss ---- */

typedef struct {
  gfloat *logits, *targets, *input_lengths, *target_lengths, *nll, *gradient;
  gint T, B, V, max_L, blank;
} LossCase;

static void
load_loss_case (RnnSafetensors *file, LossCase *c)
{
  const RnnTensorView *view;

  c->logits = load_floats (file, "in.logits", &view);
  c->T = (gint) view->dims[0];
  c->B = (gint) view->dims[1];
  c->V = (gint) view->dims[2];
  c->targets = load_floats (file, "in.targets", &view);
  c->max_L = (gint) view->dims[1];
  c->input_lengths = load_floats (file, "in.input_lengths", NULL);
  c->target_lengths = load_floats (file, "in.target_lengths", NULL);
  c->nll = load_floats (file, "out.nll", NULL);
  c->gradient = load_floats (file, "grad.in.logits", NULL);
  c->blank = atoi (rnn_safetensors_get_metadata (file, "blank"));
}

static void
clear_loss_case (LossCase *c)
{
  g_free (c->logits);
  g_free (c->targets);
  g_free (c->input_lengths);
  g_free (c->target_lengths);
  g_free (c->nll);
  g_free (c->gradient);
}

static void
check_stream (const LossCase *c, gint b, gfloat tolerance)
{
  gint T = (gint) c->input_lengths[b], L = (gint) c->target_lengths[b];
  gsize ld = (gsize) c->B * (gsize) c->V;
  g_autofree gint *targets = g_new (gint, c->max_L + 1);
  g_autofree gfloat *dlogits = g_new0 (gfloat, (gsize) c->T * ld);
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (T, c->V, L));
  gfloat nll;

  for (gint l = 0; l < L; l++)
    targets[l] = (gint) c->targets[b * c->max_L + l];
  nll = rnn_ctc_loss (c->logits + b * c->V, ld, T, c->V, targets, L, c->blank, 1, dlogits + b * c->V, ld, scratch);
  if (isinf (c->nll[b]))
    g_assert_true (isinf (nll));
  else
    g_assert_cmpfloat_with_epsilon (nll, c->nll[b], tolerance * MAX (1, fabsf (c->nll[b])));
  for (gint t = 0; t < c->T; t++)
    for (gint v = 0; v < c->V; v++) {
      gsize i = (gsize) t * ld + (gsize) (b * c->V + v);

      g_assert_cmpfloat_with_epsilon (dlogits[i], c->gradient[i], tolerance);
    }
}

static void
check_loss (const gchar *path)
{
  g_autoptr (RnnSafetensors) file = open_file (path);
  gboolean is_warpctc = strstr (path, "warpctc") != NULL;       /* printed with few digits */
  LossCase c;

  load_loss_case (file, &c);
  for (gint b = 0; b < c.B; b++)
    check_stream (&c, b, is_warpctc ? 1e-4f : 1e-5f);
  clear_loss_case (&c);
}

/* ---- decoding ---- */

/* Decodes scores[T][V] to the words, parted by spaces; their times as "start-end " -> times (may be NULL). */
static gchar *
decode (RnnTokens *tokens, const gfloat *scores, gint T, GString *times)
{
  g_autoptr (RnnCtcDecoder) decoder = rnn_ctc_decoder_new (tokens, &(RnnCtcDecoderConfig) { 0 }, NULL);
  GString *text = g_string_new (NULL);
  const RnnCtcWord *words;
  guint n;

  for (gint t = 0; t < T; t++)
    rnn_ctc_decoder_step (decoder, scores + t * rnn_tokens_get_n (tokens));
  rnn_ctc_decoder_finish (decoder);
  words = rnn_ctc_decoder_get_words (decoder, FALSE, &n, NULL);
  for (guint i = 0; i < n; i++) {
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", words[i].text);
    if (times)
      g_string_append_printf (times, "%d-%d ", (gint) words[i].start, (gint) words[i].end);
  }
  return g_string_free (text, FALSE);
}

/* Tokens named by one letter each: token i is the letter 'A' + i. */
static RnnTokens *
letter_tokens (gint V, gint blank)
{
  g_auto (GStrv) names = g_new0 (gchar *, V + 1);

  for (gint v = 0; v < V; v++)
    names[v] = g_strdup_printf ("%c", 'A' + v);
  return rnn_tokens_new ((const gchar *const *) names, blank, NULL);
}

/* Every labelling that is listed has the total of all its paths as likelihood; greedy decoding gives its own. */
static void
check_exact_case (RnnSafetensors *file, json_t *c)
{
  const RnnTensorView *view;
  g_autofree gfloat *scores = load_floats (file, json_string_value (json_object_get (c, "tensor")), &view);
  gint T = (gint) view->dims[0], V = (gint) view->dims[1];
  gint blank = (gint) json_integer_value (json_object_get (c, "blank"));
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (T, V, T));
  g_autoptr (RnnTokens) tokens = letter_tokens (V, blank);
  g_autofree gchar *text = decode (tokens, scores, T, NULL);
  gint ids[64];
  json_t *row, *id;
  gsize i, l;

  json_array_foreach (json_object_get (c, "exact_top5"), i, row) {
    json_array_foreach (json_array_get (row, 0), l, id)
      ids[l] = (gint) json_integer_value (id);
    g_assert_cmpfloat_with_epsilon (-rnn_ctc_loss (scores, (gsize) V, T, V, ids, (gint) l, blank, 1, NULL, 0, scratch),
        json_real_value (json_array_get (row, 1)), 1e-5);
  }
  json_array_foreach (json_object_get (c, "greedy"), l, id)
    g_assert_cmpint (text[l], ==, 'A' + json_integer_value (id));
  g_assert_cmpuint (strlen (text), ==, l);
}

static void
check_exact (json_t *json, const gchar *folder)
{
  g_autofree gchar *path = g_build_filename (folder, json_string_value (json_object_get (json, "file")), NULL);
  g_autoptr (RnnSafetensors) file = open_file (path);
  json_t *c;
  gsize i;

  json_array_foreach (json_object_get (json, "cases"), i, c)
    check_exact_case (file, c);
  g_assert_cmpuint (i, >, 0);
}

/* Labels without the blank get it where `blank` says. */
static RnnTokens *
json_tokens (json_t *json, gint V)
{
  json_t *labels = json_object_get (json, "labels");
  gint blank = (gint) json_integer_value (json_object_get (json, "blank"));
  gboolean listed = (gint) json_array_size (labels) == V;
  g_auto (GStrv) names = g_new0 (gchar *, V + 1);

  for (gint v = 0, i = 0; v < V; v++)
    names[v] = g_strdup (v == blank && !listed ? "" : json_string_value (json_array_get (labels, (gsize) i++)));
  return rnn_tokens_new ((const gchar *const *) names, blank, NULL);
}

/* The steps at which the tokens of @text begin, by forced alignment. */
static void
check_timestamps (RnnTokens *tokens, const gfloat *scores, gint T, const gchar *text, json_t *timestamps)
{
  g_autoptr (GArray) ids = rnn_tokens_encode (tokens, text, NULL);
  g_autofree gpointer scratch = g_malloc (rnn_ctc_align_scratch (T, (gint) ids->len));
  g_autofree RnnCtcSpan *spans = g_new (RnnCtcSpan, ids->len);
  gint V = rnn_tokens_get_n (tokens);
  json_t *step;
  gsize i;

  rnn_ctc_align (scores, (gsize) V, T, V, (const gint *) ids->data, (gint) ids->len, rnn_tokens_get_blank (tokens),
      spans, scratch);
  g_assert_cmpuint (json_array_size (timestamps), ==, ids->len);
  json_array_foreach (timestamps, i, step)
    g_assert_cmpint (spans[i].start, ==, json_integer_value (step));
}

static void
check_frames (json_t *frames, const gchar *times)
{
  GString *expected = g_string_new (NULL);
  json_t *word;
  gsize i;

  json_array_foreach (frames, i, word) {
    json_t *pair = json_array_get (word, 1);

    g_string_append_printf (expected, "%d-%d ", (gint) json_integer_value (json_array_get (pair, 0)),
        (gint) json_integer_value (json_array_get (pair, 1)));
  }
  g_assert_cmpstr (times, ==, expected->str);
  g_string_free (expected, TRUE);
}

static void
check_greedy (json_t *json, const gchar *folder)
{
  json_t *input = json_object_get (json, "input"), *expect = json_object_get (json, "expect");
  const gchar *text = json_string_value (json_object_get (expect, "greedy"));
  g_autofree gchar *path = g_build_filename (folder, json_string_value (json_object_get (input, "file")), NULL);
  g_autoptr (RnnSafetensors) file = open_file (path);
  const RnnTensorView *view;
  g_autofree gfloat *scores = load_floats (file, json_string_value (json_object_get (input, "tensor")), &view);
  g_autoptr (RnnTokens) tokens = json_tokens (json, (gint) view->dims[1]);
  g_autofree gchar *got = NULL;
  GString *times = g_string_new (NULL);

  if (g_str_equal (json_string_value (json_object_get (input, "kind")), "probs"))
    for (gsize i = 0; i < view->size; i++)
      scores[i] = logf (scores[i]);
  got = decode (tokens, scores, (gint) view->dims[0], times);
  if (text)
    g_assert_cmpstr (got, ==, text);
  if (text && json_object_get (expect, "timestamps"))
    check_timestamps (tokens, scores, (gint) view->dims[0], text, json_object_get (expect, "timestamps"));
  if (json_object_get (expect, "frames"))
    check_frames (json_object_get (expect, "frames"), times->str);
  g_string_free (times, TRUE);
}

/* Python writes -Infinity, which is not JSON. */
static json_t *
load_json (const gchar *path)
{
  g_autofree gchar *bytes = NULL;
  g_auto (GStrv) parts = NULL;
  g_autofree gchar *text = NULL;
  json_t *json;

  g_assert_true (g_file_get_contents (path, &bytes, NULL, NULL));
  parts = g_strsplit (bytes, "Infinity", -1);
  text = g_strjoinv ("1e308", parts);
  json = json_loads (text, 0, NULL);
  g_assert_nonnull (json);
  return json;
}

static void
check_json (const gchar *path)
{
  json_t *json = load_json (path), *expect;
  g_autofree gchar *folder = g_path_get_dirname (path);

  expect = json_object_get (json, "expect");
  if (json_object_get (json, "cases"))
    check_exact (json, folder);
  else if (json_object_get (expect, "greedy") || json_object_get (expect, "frames"))
    check_greedy (json, folder);
  else
    g_test_skip ("nothing about greedy decoding in it");
  json_decref (json);
}

static void
check_case (gconstpointer data)
{
  const gchar *path = data;

  if (g_str_has_suffix (path, ".json"))
    check_json (path);
  else
    check_loss (path);
}

/* ---- which files ---- */

static gboolean
is_case (const gchar *name)
{
  return g_pattern_match_simple ("ctc_*.safetensors", name) || g_pattern_match_simple ("warpctc*.safetensors", name) ||
      g_str_has_suffix (name, ".json");
}

static void
add_folder (const gchar *title, const gchar *folder, GPtrArray *paths)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  for (const gchar *name; dir && (name = g_dir_read_name (dir));)
    if (is_case (name)) {
      g_autofree gchar *test = g_strdup_printf ("/ctc/golden/%s/%s", title, name);
      gchar *path = g_build_filename (folder, name, NULL);

      g_ptr_array_add (paths, path);
      g_test_add_data_func (test, path, check_case);
    }
}

static void
say_shared_is_absent (void)
{
  g_test_skip ("no ../shared/references: its CTC cases do not run");
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *own = NULL, *shared = NULL, *torch = NULL, *ctc = NULL;

  g_test_init (&argc, &argv, NULL);
  own = g_test_build_filename (G_TEST_DIST, "data", "ctc", NULL);
  shared = g_test_build_filename (G_TEST_DIST, "..", "..", "shared", "references", NULL);
  torch = g_build_filename (shared, "torch", NULL);
  ctc = g_build_filename (shared, "ctc", NULL);
  add_folder ("own", own, paths);
  add_folder ("torch", torch, paths);
  add_folder ("ctc", ctc, paths);
  if (!g_file_test (shared, G_FILE_TEST_IS_DIR))
    g_test_add_func ("/ctc/golden/shared", say_shared_is_absent);
  return g_test_run ();
}
