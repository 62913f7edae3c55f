/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tesseract's language files (.traineddata, 4 and later), of which the line recogniser is read: its network, its table of characters and its
 * recoder.  Dictionaries and what only the engine before it used are left out.
 *
 *   int32 parts, int64 where each begins or -1, the parts
 *   network: its layers, string specification, int32 flags, iterations, samples, which code is the blank, three floats
 *   characters: text, their number, then a line each, of which the first word counts
 *   recoder: uint32 number; for each character int8 1, int32 length, int32 codes: what the network spells it by
 *
 * A character of one code is a token, one of several is a spelling (text/spellings.h). */
#include <string.h>
#include "base/error.h"
#include "tesseract.h"
#include "text/fold.h"

#define MIN_PARTS 18
#define MAX_PARTS 64
#define MAX_CODES 65536
#define MAX_LENGTH 9            /* codes of a character */
#define RECODES 64              /* of the network's flags */
enum { NETWORK = 17, CHARACTERS = 21, RECODER = 22, VERSION = 23 };

typedef struct {
  RnnTessBytes file;
  gint n_parts;
  gint n_codes, blank;
  gboolean recodes;
  gchar *specification;
  gchar **tokens;               /* [n_codes] and NULL */
  json_t *spellings;
} Tesseract;

/* ---- parts ---- */

static gint64
get_offset (const guint8 *data, gint part)
{
  gint64 offset;

  memcpy (&offset, data + sizeof (gint32) + (gsize) part * sizeof offset, sizeof offset);
  return GINT64_FROM_LE (offset);
}

/* How many parts a file has, if it is one. */
static gint
count_parts (const guint8 *data, gsize size)
{
  gint32 n;
  gint there = 0;

  if (size < sizeof n)
    return 0;
  memcpy (&n, data, sizeof n);
  n = GINT32_FROM_LE (n);
  if (n < MIN_PARTS || n > MAX_PARTS || size < sizeof n + (gsize) n * sizeof (gint64))
    return 0;
  for (gint i = 0; i < n; i++) {
    gint64 offset = get_offset (data, i);

    if (offset != -1 && (offset < (gint64) (sizeof n + (gsize) n * sizeof (gint64)) || (guint64) offset >= size))
      return 0;
    there += offset != -1;
  }
  return there ? n : 0;
}

/* It ends where the next one begins. */
static gboolean
find_part (const Tesseract *t, gint part, RnnTessBytes *bytes)
{
  const guint8 *data = t->file.at;
  gint64 begin = part < t->n_parts ? get_offset (data, part) : -1, end = t->file.end - data;

  for (gint i = 0; i < t->n_parts; i++)
    if (get_offset (data, i) > begin)
      end = MIN (end, get_offset (data, i));
  *bytes = (RnnTessBytes) { data + MAX (begin, 0), data + end, t->file.where };
  return begin >= 0;
}

/* ---- characters ---- */

/* Could a caption show it? */
static gboolean
is_text (const gchar *text)
{
  for (const gchar *p = text; *p; p = g_utf8_next_char (p))
    if (rnn_text_is_control (g_utf8_get_char (p)))
      return FALSE;
  return *text && strlen (text) <= 64 && !strstr (text, "-->") && (!text[1] || !strchr (text, '<'));
}

static gboolean
add_character (Tesseract *t, const gchar *text, const gint32 *codes, gint n)
{
  json_t *list;

  for (gint i = 0; i < n; i++)
    if (codes[i] < 0 || codes[i] >= t->n_codes)
      return FALSE;
  if (codes[0] == t->blank || !is_text (text))
    return TRUE;
  if (n == 1) {
    if (!t->tokens[codes[0]])
      t->tokens[codes[0]] = g_strdup (text);
    return TRUE;
  }
  list = json_array ();
  for (gint i = 0; i < n; i++)
    json_array_append_new (list, json_integer (codes[i]));
  json_object_set_new (t->spellings, text, list);
  return TRUE;
}

/* Codes of character @i: what the recoder says, or its own number. */
static gint
take_codes (const Tesseract *t, RnnTessBytes *recoder, gint i, gint32 *codes)
{
  gint32 n;

  if (!t->recodes) {
    codes[0] = i;
    return 1;
  }
  if (!rnn_tess_take (recoder, 1) || !rnn_tess_ints (recoder, 1, &n) || n < 1 || n > MAX_LENGTH || !rnn_tess_ints (recoder, (guint) n, codes))
    return 0;
  return n;
}

/* @lines: the characters' */
static gboolean
add_characters (Tesseract *t, GStrv lines, RnnTessBytes *recoder, GError **error)
{
  gint64 n = lines[0] ? g_ascii_strtoll (lines[0], NULL, 10) : 0;
  gint32 codes[MAX_LENGTH], n_recoded = 0;

  if (n < 1 || n > MAX_CODES || n > (gint64) g_strv_length (lines) - 1)
    return rnn_tess_fail (&t->file, error, "its table of characters is cut off");
  if (t->recodes && (!rnn_tess_ints (recoder, 1, &n_recoded) || n_recoded < n))
    return rnn_tess_fail (&t->file, error, "its recoder has fewer characters than its table");
  for (gint i = 0; i < n; i++) {
    gchar *text = lines[i + 1];
    gint length = take_codes (t, recoder, i, codes);

    text[strcspn (text, " ")] = '\0';
    if (length == 0 || !add_character (t, g_str_equal (text, "NULL") ? " " : text, codes, length))
      return rnn_tess_fail (&t->file, error, "the code of character %d is cut off, or none that the network knows", i);
  }
  return TRUE;
}

static gboolean
read_characters (Tesseract *t, GError **error)
{
  RnnTessBytes table, recoder;
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!find_part (t, CHARACTERS, &table) || (!find_part (t, RECODER, &recoder) && t->recodes))
    return rnn_tess_fail (&t->file, error, "it has no table of characters or no recoder beside its network");
  text = g_strndup ((const gchar *) table.at, (gsize) (table.end - table.at));
  if (!g_utf8_validate (text, -1, NULL))
    return rnn_tess_fail (&t->file, error, "its table of characters is not UTF-8");
  lines = g_strsplit (text, "\n", MAX_CODES + 2);
  t->spellings = json_object ();
  t->tokens = g_new0 (gchar *, t->n_codes + 1);
  if (!add_characters (t, lines, &recoder, error))
    return FALSE;
  for (gint i = 0; i < t->n_codes; i++)
    if (!t->tokens[i])
      t->tokens[i] = i == t->blank ? g_strdup ("<blank>") : g_strdup_printf ("<%d>", i);
  return TRUE;
}

/* ---- the network ---- */

static gboolean
read_network (Tesseract *t, RnnTensors *tensors, RnnTessLayers *layers, GError **error)
{
  RnnTessBytes bytes;
  g_autoptr (RnnTessNode) network = NULL;
  gint32 numbers[4];            /* flags, iterations, samples, blank */

  if (!find_part (t, NETWORK, &bytes))
    return rnn_tess_fail (&t->file, error, "a language of Tesseract 3, without a recurrent network in it");
  if (!(network = rnn_tess_node_read (&bytes, error)))
    return FALSE;
  if (!(t->specification = rnn_tess_string (&bytes)) || !rnn_tess_ints (&bytes, 4, numbers))
    return rnn_tess_fail (&t->file, error, "it is cut off behind its network, or keeps its characters there (a checkpoint of a training)");
  if (!rnn_tess_layers_make (network, &bytes, tensors, layers, error))
    return FALSE;
  t->recodes = (numbers[0] & RECODES) != 0;
  t->blank = numbers[3];
  t->n_codes = layers->n_out;
  if (t->blank < 0 || t->blank >= t->n_codes)
    return rnn_tess_fail (&t->file, error, "its blank is code %d of %d", t->blank, t->n_codes);
  return TRUE;
}

static json_t *
make_recipe (Tesseract *t, json_t *layers, gint height, gint columns)
{
  RnnTessBytes version;
  gsize n = find_part (t, VERSION, &version) ? (gsize) (version.end - version.at) : 0;
  g_autofree gchar *name = g_strndup ((const gchar *) version.at, MIN (n, 80));
  json_t *tokens = json_array ();

  g_strstrip (name);
  for (gint i = 0; i < t->n_codes; i++)
    json_array_append_new (tokens, json_string (t->tokens[i]));
  return json_pack ("{si ss ss s{ss si si} so s{ss so si sO*}}", "format", 1, "name",
      *name && g_utf8_validate (name, -1, NULL) && !strchr (name, '\n') ? name : "Tesseract", "description", t->specification, "input",
      "kind", "line", "height", height, "columns", columns, "layers", layers, "output", "kind", "ctc", "tokens", tokens,
      "blank", t->blank, "spellings", json_object_size (t->spellings) ? t->spellings : NULL);
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return count_parts (data, n) > 0;
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  Tesseract t = { .file = { data, data + size, where }, .n_parts = count_parts (data, size) };
  RnnTessLayers layers = { NULL };
  gboolean ok = read_network (&t, import->tensors, &layers, error) && read_characters (&t, error);

  if (ok)
    import->recipe = make_recipe (&t, g_steal_pointer (&layers.layers), layers.height, layers.columns);
  json_decref (layers.layers);
  json_decref (t.spellings);
  for (gint i = 0; t.tokens && i < t.n_codes; i++)      /* up to an error there are holes */
    g_free (t.tokens[i]);
  g_free (t.tokens);
  g_free (t.specification);
  return ok;
}

const RnnReader rnn_reader_tesseract = { "tesseract", "Tesseract's line recognisers (.traineddata)", is_mine, read_file };
