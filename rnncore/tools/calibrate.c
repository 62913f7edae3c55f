/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore calibrate: how often words of a confidence are right, as a diagram, and as a table in the model.
 *
 * What was heard is JSON lines, as `rnncore transcribe MANIFEST --json` writes them; what was said is the manifest.  Words are aligned
 * by the fewest edits. */
#include "tool.h"
#include <string.h>
#include "base/error.h"
#include "base/manifest.h"
#include "model/model.h"
#include "outputs/calibration.h"

#define DECILES 10
#define FEW 30                  /* words in a tenth of the diagram that say little */

typedef struct {
  gchar *text;
  gfloat confidence;
} Heard;

typedef struct {
  GHashTable *files;            /* path -> GArray of Heard */
  GArray *pairs;                /* of RnnCalibrationPoint: confidence, 1 where the word is right */
} Calibration;

static void
heard_clear (gpointer heard)
{
  g_free (((Heard *) heard)->text);
}

/* ---- what was heard ---- */

static GArray *
words_of (Calibration *c, const gchar *file)
{
  GArray *words = g_hash_table_lookup (c->files, file);

  if (!words) {
    words = g_array_new (FALSE, FALSE, sizeof (Heard));
    g_array_set_clear_func (words, heard_clear);
    g_hash_table_insert (c->files, g_strdup (file), words);
  }
  return words;
}

static void
read_object (Calibration *c, const json_t *object)
{
  const gchar *file = json_string_value (json_object_get (object, "file"));
  gsize i;
  json_t *word;

  if (g_strcmp0 (json_string_value (json_object_get (object, "type")), "final") != 0)
    return;
  json_array_foreach (json_object_get (object, "words"), i, word) {
    const gchar *text = json_string_value (json_object_get (word, "text"));
    Heard heard = { g_utf8_casefold (text ? text : "", -1), (gfloat) json_number_value (json_object_get (word, "confidence")) };

    g_array_append_val (words_of (c, file ? file : ""), heard);
  }
}

static gboolean
read_heard (Calibration *c, const gchar *path, GError **error)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    json_error_t at;
    json_t *object = *lines[i] ? json_loads (lines[i], 0, &at) : NULL;

    if (*lines[i] && !object) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", path, i + 1, at.text);
      return FALSE;
    }
    if (object)
      read_object (c, object);
    json_decref (object);
  }
  return TRUE;
}

/* ---- what of it is right ---- */

static gboolean
same (const GArray *heard, guint i, gchar *const *said, guint j)
{
  return strcmp (g_array_index (heard, Heard, i).text, said[j]) == 0;
}

/* cost[i][j] of turning heard[i..] into said[j..] */
static void
align (Calibration *c, const GArray *heard, gchar *const *said, guint n)
{
  guint m = heard->len, width = n + 1;
  g_autofree guint *cost = g_new (guint, (gsize) (m + 1) * width);
  guint i, j;

  for (i = m + 1; i-- > 0;)
    for (j = n + 1; j-- > 0;) {
      guint *at = &cost[i * width + j];

      if (i == m || j == n)
        *at = (m - i) + (n - j);
      else
        *at = MIN (at[width + 1] + !same (heard, i, said, j), 1 + MIN (at[width], at[1]));
    }
  for (i = j = 0; i < m;) {
    const guint *at = &cost[i * width + j];
    gboolean right = j < n && same (heard, i, said, j), met = j < n && *at == at[width + 1] + !right;

    if (!met && j < n && *at == 1 + at[1]) {
      j++;                      /* it was not heard */
      continue;
    }
    g_array_append_val (c->pairs, ((RnnCalibrationPoint) { g_array_index (heard, Heard, i).confidence, met && right }));
    i++;
    j += met;
  }
}

static gboolean
compare_all (Calibration *c, const gchar *manifest, GError **error)
{
  g_autoptr (GPtrArray) rows = rnn_manifest_load (manifest, error);
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);

  for (guint i = 0; rows && i < rows->len; i++) {
    const RnnManifestRow *row = rows->pdata[i];
    const GArray *heard = g_hash_table_lookup (c->files, row->given);
    g_autofree gchar *spoken = rnn_speller_speak (speller, row->text, -1, FALSE), *folded = g_utf8_casefold (spoken, -1);
    g_auto (GStrv) said = g_strsplit (folded, " ", -1);

    if (heard)
      align (c, heard, said, *folded ? g_strv_length (said) : 0);
  }
  if (rows && c->pairs->len == 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: nothing was heard of its recordings", manifest);
  return rows && c->pairs->len > 0;
}

/* ---- results ---- */

static void
print_diagram (const GArray *pairs, const GArray *points, const gchar *what)
{
  gdouble n[DECILES] = { 0 }, confidence[DECILES] = { 0 }, right[DECILES] = { 0 }, worst = 0;

  for (guint i = 0; i < pairs->len; i++) {
    const RnnCalibrationPoint *p = &g_array_index (pairs, RnnCalibrationPoint, i);
    gfloat x = rnn_calibration_apply (points, p->from);
    gint d = CLAMP ((gint) (x * DECILES), 0, DECILES - 1);

    n[d]++;
    confidence[d] += x;
    right[d] += p->to;
  }
  g_print ("%s:\nconfidence  right  words\n", what);
  for (gint d = 0; d < DECILES; d++)
    if (n[d] > 0) {
      g_print ("%10.3f  %5.3f  %5.0f\n", confidence[d] / n[d], right[d] / n[d], n[d]);
      if (n[d] >= FEW)
        worst = MAX (worst, ABS (confidence[d] - right[d]) / n[d]);
    }
  g_print ("furthest from the diagonal, of tenths with %d words and more: %.3f\n", FEW, worst);
}

/* The part of the recipe that says what head @i is. */
static json_t *
find_output (RnnModel *model, gint i, GError **error)
{
  json_t *output = json_object_get (rnn_model_get_recipe (model), "output"), *heads = json_object_get (output, "heads");
  const RnnOutput *head = rnn_output_get_head (rnn_model_get_output (model), (guint) i);
  const gchar *reason = !head || !head->tokens ? "it has no such head that spells words" :
      head->calibration ? "its confidences are calibrated already; decode with the model as it was before" : NULL;

  if (reason)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: %s", rnn_model_get_path (model), reason);
  return reason ? NULL : heads ? json_array_get (heads, (gsize) i) : output;
}

static gboolean
write_model (Calibration *c, RnnModel *model, gint head, const gchar *out, GError **error)
{
  json_t *output = find_output (model, head, error);
  g_autoptr (GArray) points = output ? rnn_calibration_fit (c->pairs) : NULL;

  if (!points)
    return FALSE;
  json_object_set_new (output, "calibration", rnn_calibration_to_json (points));
  print_diagram (c->pairs, points, "with the table");
  return rnn_model_save (model, out, error);
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *out = NULL;
  gint head = 0;
  const GOptionEntry options[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The model with the table (without it there is only the diagram)", "MODEL.safetensors" },
    { "head", 0, 0, G_OPTION_ARG_INT, &head, "Which of the model's heads was listened to (0)", "N" },
    { NULL }
  };
  g_autoptr (RnnModel) model = NULL;
  Calibration c = { NULL };
  gboolean good;

  if (!rnn_tool_parse (&rnn_tool_calibrate, options, &argc, &argv, 3, 3, error) || !(model = rnn_model_load (argv[1], error)))
    return FALSE;
  c.files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
  c.pairs = g_array_new (FALSE, FALSE, sizeof (RnnCalibrationPoint));
  good = read_heard (&c, argv[3], error) && compare_all (&c, argv[2], error);
  if (good)
    print_diagram (c.pairs, NULL, "as heard");
  good = good && (!out || write_model (&c, model, head, out, error));
  g_hash_table_unref (c.files);
  g_array_unref (c.pairs);
  return good;
}

const RnnTool rnn_tool_calibrate = { "calibrate", "MODEL MANIFEST.tsv HEARD.json",
  "Compare confidences of words with how often they are right, and put a table of it into a model", run };
