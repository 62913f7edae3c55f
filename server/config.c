/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* {"config": {"sample_rate": 16000, "words": 1, "max_alternatives": 3, "phrase_list": ["new york", "[unk]"]}} and {"eof": 1}.
 * Keys that are not known are skipped, as Vosk does. */
#include "config.h"
#include <jansson.h>
#include <string.h>

#define MIN_RATE 4000
#define MAX_RATE 192000
#define MAX_ALTERNATIVES 100
#define MAX_PHRASES 2000
#define MAX_PHRASE 200          /* bytes */

void
client_config_init (ClientConfig *config, gint rate, gfloat boost)
{
  *config = (ClientConfig) { .rate = rate, .words = TRUE, .boost = boost };
}

void
client_config_clear (ClientConfig *config)
{
  g_clear_pointer (&config->hotwords, g_free);
}

static gboolean
refuse (gchar **reason, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (gchar **reason, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  *reason = g_strdup_vprintf (format, args);
  va_end (args);
  return FALSE;
}

/* A phrase is boosted as a whole, and its words alone: Vosk's phrase lists are lists of words that may be said.  What would end a
 * hotword is left out, and so is "[unk]". */
static void
append_phrase (GString *to, const gchar *phrase, gfloat boost)
{
  g_autofree gchar *text = g_strdelimit (g_strdup (phrase), ":,\n\t", ' ');
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%g", boost);
  for (guint i = 0; words[i]; i++)
    if (*words[i] && *words[i] != '[')
      g_string_append_printf (to, "%s%s:%s", to->len ? "," : "", words[i], number);
}

static gboolean
read_phrases (ClientConfig *config, const json_t *list, gchar **reason)
{
  g_autoptr (GString) hotwords = g_string_new (NULL);
  json_t *phrase;
  size_t i;

  if (!json_is_array (list) || json_array_size (list) > MAX_PHRASES)
    return refuse (reason, "phrase_list is no list of at most %d phrases", MAX_PHRASES);
  json_array_foreach (list, i, phrase) {
    if (!json_is_string (phrase) || json_string_length (phrase) > MAX_PHRASE)
      return refuse (reason, "phrase_list holds what is no string of at most %d bytes", MAX_PHRASE);
    append_phrase (hotwords, json_string_value (phrase), config->boost);
  }
  g_free (config->hotwords);
  config->hotwords = hotwords->len ? g_strdup (hotwords->str) : NULL;
  return TRUE;
}

/* Numbers may be written with a fraction, and truths as numbers. */
static gboolean
read_number (const json_t *object, const gchar *key, gdouble min, gdouble max, gdouble *value, gchar **reason)
{
  const json_t *number = json_object_get (object, key);

  if (!number)
    return TRUE;
  *value = json_is_boolean (number) ? json_is_true (number) : json_number_value (number);
  if ((json_is_boolean (number) || json_is_number (number)) && *value >= min && *value <= max)
    return TRUE;
  return refuse (reason, "%s is no number from %.0f to %.0f", key, min, max);
}

static gboolean
read_config (ClientConfig *config, const json_t *object, gchar **reason)
{
  const json_t *phrases = json_object_get (object, "phrase_list");
  gdouble rate = config->rate, words = config->words, alternatives = config->max_alternatives;

  if (!read_number (object, "sample_rate", MIN_RATE, MAX_RATE, &rate, reason)
      || !read_number (object, "words", 0, 1, &words, reason)
      || !read_number (object, "max_alternatives", 0, MAX_ALTERNATIVES, &alternatives, reason)
      || (phrases && !read_phrases (config, phrases, reason)))
    return FALSE;
  config->rate = (gint) rate;
  config->words = words != 0;
  config->max_alternatives = (guint) alternatives;
  return TRUE;
}

gboolean
client_config_read (ClientConfig *config, const gchar *bytes, gsize n, gboolean *eof, gchar **reason)
{
  json_t *message = json_loadb (bytes, n, 0, NULL), *object = json_object_get (message, "config");
  gboolean ok;

  *eof = json_object_get (message, "eof") != NULL;
  ok = *eof || (json_is_object (object) ? read_config (config, object, reason)
      : refuse (reason, "a text message is neither config nor eof"));
  json_decref (message);
  return ok;
}
