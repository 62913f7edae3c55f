/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data sets in files. */
#include "store.h"
#include "../base/file.h"
#include "../base/half.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "RNNSET2\n"
#define UNKNOWN G_MAXUINT32     /* length of a text that is not known */
#define PIECE 16384             /* floats that are converted at once */

typedef struct {
  gchar magic[8];
  guint32 n_feature, half;
  guint64 n_frames, n_examples;
  guint64 index, notes, end;    /* bytes from the start of the file */
  guint64 check;                /* FNV-1a of index and notes */
  gchar digest[64];
} RnnStoreHeader;

G_STATIC_ASSERT (sizeof (RnnStoreHeader) == 128);

struct _RnnStore {
  gint n_feature;
  gboolean half;
  guint64 n_frames;
  gchar *target;
  gchar *aside;                 /* its name for now, or NULL: it has none, or the right one */
  FILE *file;                   /* while it is written */
  gboolean full;
  const guint8 *map;            /* when it is sealed or loaded, of @size bytes */
  gsize size;
};

static gsize
frame_bytes (const RnnStore *store)
{
  return store->n_feature * (store->half ? sizeof (guint16) : sizeof (gfloat));
}

static guint64
fnv (guint64 digest, gconstpointer data, gsize n)
{
  for (const guint8 *p = data, *end = p + n; p < end; p++)
    digest = (digest ^ *p) * 0x100000001b3u;
  return digest;
}

static gboolean
fail (const gchar *path, const gchar *reason, GError **error)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: %s", path, reason);
  return FALSE;
}

/* ---- writing ---- */

/* A file without a name leaves nothing behind, whatever happens; not every file system has them. */
static FILE *
open_aside (const gchar *target, gchar **aside)
{
  g_autofree gchar *folder = g_path_get_dirname (target);
  gint fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

  if (fd < 0) {
    *aside = g_strconcat (target, ".XXXXXX", NULL);
    fd = g_mkstemp_full (*aside, O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0)
      g_clear_pointer (aside, g_free);
  }
  return fd >= 0 ? fdopen (fd, "w+b") : NULL;
}

static gboolean
name_file (RnnStore *store)
{
  g_autofree gchar *self = g_strdup_printf ("/proc/self/fd/%d", fileno (store->file));

  if (!store->aside) {
    store->aside = g_strdup_printf ("%s.%d", store->target, (gint) getpid ());
    if (linkat (AT_FDCWD, self, AT_FDCWD, store->aside, AT_SYMLINK_FOLLOW) != 0)
      return FALSE;
  }
  return g_rename (store->aside, store->target) == 0;
}

RnnStore *
rnn_store_new (const gchar *path, gint n_feature, gboolean half, GError **error)
{
  RnnStore *store = g_new0 (RnnStore, 1);
  RnnStoreHeader header = { {0} };

  store->n_feature = n_feature;
  store->half = half;
  store->target = rnn_file_resolve (path);
  store->file = open_aside (store->target, &store->aside);
  if (store->file && fwrite (&header, sizeof (header), 1, store->file) == 1)
    return store;
  fail (path, g_strerror (errno), error);
  rnn_store_free (store);
  return NULL;
}

void
rnn_store_free (RnnStore *store)
{
  if (!store)
    return;
  if (store->file)
    fclose (store->file);
  if (store->aside)
    g_unlink (store->aside);
  if (store->map)
    munmap ((gpointer) store->map, store->size);
  g_free (store->target);
  g_free (store->aside);
  g_free (store);
}

static gboolean
write_floats (RnnStore *store, const gfloat *x, gsize n)
{
  guint16 half[PIECE];

  if (!store->half)
    return fwrite (x, sizeof (gfloat), n, store->file) == n;
  for (gsize i = 0; i < n; i += PIECE) {
    gsize count = MIN (PIECE, n - i);

    rnn_half_from_float (count, x + i, half);
    if (fwrite (half, sizeof (guint16), count, store->file) != count)
      return FALSE;
  }
  return TRUE;
}

gboolean
rnn_store_append (RnnStore *store, const gfloat *frames, guint n, guint64 *at)
{
  *at = store->n_frames;
  if (store->full || !store->file)
    return FALSE;
  if (!write_floats (store, frames, (gsize) n * store->n_feature) || fflush (store->file) != 0) {
    store->full = TRUE;
    return FALSE;
  }
  store->n_frames += n;
  return TRUE;
}

void
rnn_store_round (const RnnStore *store, gsize n, gfloat *x)
{
  guint16 half[PIECE];

  for (gsize i = 0; store->half && i < n; i += PIECE) {
    gsize count = MIN (PIECE, n - i);

    rnn_half_from_float (count, x + i, half);
    rnn_half_to_float (count, half, x + i);
  }
}

static void
append_words (GByteArray *bytes, gconstpointer words, gsize n)
{
  g_byte_array_append (bytes, words, (guint) (n * sizeof (guint32)));
}

static void
append_example (GByteArray *bytes, const RnnExample *example)
{
  guint32 head[] = { example->n_frames, example->n_texts, (guint32) example->n_target, example->group };

  append_words (bytes, head, G_N_ELEMENTS (head));
  for (guint i = 0; i < example->n_texts; i++) {
    const RnnSequence *text = &example->texts[i];
    guint32 n = text->ids ? (guint32) text->n : UNKNOWN;

    append_words (bytes, &n, 1);
    if (text->ids)
      append_words (bytes, text->ids, text->n);
  }
  if (example->targets)
    append_words (bytes, example->targets, (gsize) example->n_frames * example->n_target);
}

/* The index and the header, once all frames are there. */
static gboolean
write_rest (RnnStore *store, RnnDataset *dataset, const gchar *digest, const gchar *notes)
{
  g_autoptr (GByteArray) index = g_byte_array_new ();
  RnnStoreHeader header = {.n_feature = (guint32) store->n_feature,.half = store->half,.n_frames = store->n_frames,
    .n_examples = dataset->examples->len,.index = sizeof (header) + store->n_frames * frame_bytes (store) };

  for (guint i = 0; i < dataset->examples->len; i++)
    append_example (index, RNN_EXAMPLE (dataset, i));
  memcpy (header.magic, MAGIC, sizeof (header.magic));
  memcpy (header.digest, digest, MIN (strlen (digest), sizeof (header.digest)));
  header.notes = header.index + index->len;
  header.end = header.notes + strlen (notes);
  header.check = fnv (fnv (0, index->data, index->len), notes, strlen (notes));
  return (index->len == 0 || fwrite (index->data, 1, index->len, store->file) == index->len) &&
      fwrite (notes, 1, strlen (notes), store->file) == strlen (notes) && fseek (store->file, 0, SEEK_SET) == 0 &&
      fwrite (&header, sizeof (header), 1, store->file) == 1 && fflush (store->file) == 0 &&
      fsync (fileno (store->file)) == 0;
}

static gboolean
map_file (RnnStore *store, gint fd)
{
  struct stat info;

  if (fstat (fd, &info) != 0 || info.st_size < (goffset) sizeof (RnnStoreHeader))
    return FALSE;
  store->size = info.st_size;
  store->map = mmap (NULL, store->size, PROT_READ, MAP_SHARED, fd, 0);
  if (store->map == MAP_FAILED)
    store->map = NULL;
  return store->map != NULL;
}

gboolean
rnn_store_seal (RnnStore *store, RnnDataset *dataset, const gchar *digest, const gchar *notes, GError **error)
{
  gboolean named = digest && rnn_train_leads (), whole;
  gint problem;

  if (!store->file)
    return TRUE;
  whole = !store->full && write_rest (store, dataset, digest ? digest : "", notes);
  problem = whole ? 0 : errno ? errno : ENOSPC;
  if (!map_file (store, fileno (store->file)))
    return fail (store->target, g_strerror (errno), error);
  if (whole && named && !name_file (store))
    problem = errno;
  if (store->aside && (problem || !named))
    g_unlink (store->aside);
  g_clear_pointer (&store->aside, g_free);
  fclose (g_steal_pointer (&store->file));
  return problem ? fail (store->target, g_strerror (problem), error) : TRUE;
}

/* ---- reading ---- */

void
rnn_store_read (const RnnStore *store, guint64 at, guint n, gfloat *out)
{
  const guint8 *from = store->map + sizeof (RnnStoreHeader) + at * frame_bytes (store);
  gsize count = (gsize) n * store->n_feature;

  if (store->half)
    rnn_half_to_float (count, (const guint16 *) from, out);
  else
    memcpy (out, from, count * sizeof (gfloat));
}

/* Words of the index that were not read yet. */
typedef struct {
  const guint8 *at;
  gsize n;
} Words;

static gboolean
take (Words *words, gsize n, gpointer out)
{
  if (n > words->n)
    return FALSE;
  memcpy (out, words->at, n * sizeof (guint32));
  words->at += n * sizeof (guint32);
  words->n -= n;
  return TRUE;
}

static gpointer
take_array (Words *words, gsize n)
{
  gpointer array = n <= words->n ? g_malloc (MAX (n, 1) * sizeof (guint32)) : NULL;

  if (array)
    take (words, n, array);
  return array;
}

static gboolean
take_text (Words *words, RnnSequence *text)
{
  guint32 n;

  if (!take (words, 1, &n))
    return FALSE;
  if (n == UNKNOWN)
    return TRUE;
  text->ids = take_array (words, n);
  text->n = (gint) n;
  return text->ids != NULL;
}

/* One example, which the data set owns whether or not it is whole. */
static gboolean
take_example (Words *words, RnnDataset *dataset, guint64 left)
{
  RnnExample example = {.at = dataset->n_frames };
  guint32 head[4];
  gboolean whole = take (words, 4, head) && head[0] <= left && head[1] <= words->n && head[2] <= G_MAXINT32;

  if (!whole)
    return FALSE;
  example.n_frames = head[0];
  example.group = head[3];
  example.texts = g_new0 (RnnSequence, head[1]);
  example.n_target = (gint) head[2];
  while (whole && example.n_texts < head[1])
    whole = take_text (words, &example.texts[example.n_texts++]);
  if (whole && example.n_target)
    whole = (example.targets = take_array (words, (gsize) example.n_frames * example.n_target)) != NULL;
  rnn_dataset_add (dataset, example);
  return whole;
}

/* What is wrong with the file, or NULL. */
static const gchar *
find_fault (RnnStore *store, const RnnDataset *dataset, const gchar *digest)
{
  const RnnStoreHeader *h = (const RnnStoreHeader *) store->map;

  if (memcmp (h->magic, MAGIC, sizeof (h->magic)) || h->half > 1)
    return "it holds no data set";
  if ((digest && strncmp (h->digest, digest, sizeof (h->digest))) || h->n_feature != (guint32) dataset->n_feature)
    return "it was made of other data";
  store->half = (gboolean) h->half;
  store->n_frames = h->n_frames;
  if (h->n_frames > (store->size - sizeof (*h)) / frame_bytes (store) ||
      h->index != sizeof (*h) + h->n_frames * frame_bytes (store) || h->notes < h->index || h->end < h->notes ||
      h->end != store->size || h->n_examples > (h->notes - h->index) / (4 * sizeof (guint32)))
    return "its length is wrong";
  return h->check == fnv (0, store->map + h->index, store->size - h->index) ? NULL : "it is damaged";
}

static gboolean
read_index (RnnStore *store, RnnDataset *dataset)
{
  const RnnStoreHeader *h = (const RnnStoreHeader *) store->map;
  Words words = { store->map + h->index, (h->notes - h->index) / sizeof (guint32) };

  for (guint64 i = 0; i < h->n_examples; i++)
    if (!take_example (&words, dataset, h->n_frames - dataset->n_frames))
      return FALSE;
  return dataset->n_frames == h->n_frames;
}

gboolean
rnn_store_load (const gchar *path, const gchar *digest, RnnDataset *dataset, gchar **notes, GError **error)
{
  RnnStore *store = g_new0 (RnnStore, 1);
  gint fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const gchar *fault = fd >= 0 ? NULL : g_strerror (errno);

  store->n_feature = dataset->n_feature;
  if (!fault && !map_file (store, fd))
    fault = "it holds no data set";
  if (fd >= 0)
    close (fd);
  if (!fault && !(fault = find_fault (store, dataset, digest)) && !read_index (store, dataset))
    fault = "it is damaged";
  if (fault) {
    rnn_dataset_empty (dataset);
    rnn_store_free (store);
    return fail (path, fault, error);
  }
  dataset->store = store;
  *notes = g_strndup ((const gchar *) store->map + ((const RnnStoreHeader *) store->map)->notes,
      store->size - ((const RnnStoreHeader *) store->map)->notes);
  return TRUE;
}
