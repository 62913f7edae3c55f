/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HDF5 files in memory, by libhdf5: a module of its own, loaded by hdf5.c. */
#include <hdf5.h>
#include "hdf5.h"

#define MAX_OBJECTS 65536
#define MAX_TEXT (16 << 20)
#define CHUNK 65536             /* bytes that a file in memory grows by */

typedef struct {
  RnnHdf5Sink *sink;
  const gchar *path;
  RnnHdf5Result result;
  guint n_objects;
} Walk;

RnnHdf5Result rnn_hdf5_read_image (const guint8 *data, gsize n, RnnHdf5Sink *sink);

/* A text of fixed or of any length (g_free), or NULL. */
static gchar *
read_text (hid_t attribute, hid_t type)
{
  gsize size = H5Tget_size (type);
  gchar *text = NULL, *copy = NULL;

  if (H5Tis_variable_str (type) > 0) {
    if (H5Aread (attribute, type, &text) < 0 || !text)
      return NULL;
    copy = g_strdup (text);
    H5free_memory (text);
    return copy;
  }
  if (size == 0 || size > MAX_TEXT)
    return NULL;
  copy = g_malloc0 (size + 1);
  if (H5Aread (attribute, type, copy) < 0)
    g_clear_pointer (&copy, g_free);
  return copy;
}

static herr_t
visit_attribute (hid_t object, const char *name, const H5A_info_t *info, void *data)
{
  Walk *walk = data;
  hid_t attribute = H5Aopen (object, name, H5P_DEFAULT), type = H5Aget_type (attribute), space = H5Aget_space (attribute);

  if (H5Tget_class (type) == H5T_STRING && H5Sget_simple_extent_npoints (space) == 1) {
    g_autofree gchar *text = read_text (attribute, type);

    if (text)
      walk->sink->text (walk->sink, walk->path, name, text);
  }
  H5Sclose (space);
  H5Tclose (type);
  H5Aclose (attribute);
  return 0;
}

static void
read_array (hid_t set, Walk *walk)
{
  hid_t type = H5Dget_type (set), space = H5Dget_space (set);
  H5T_class_t kind = H5Tget_class (type);
  int rank = H5Sget_simple_extent_ndims (space);
  hsize_t sizes[RNN_HDF5_MAX_RANK] = { 0 };
  gint dims[RNN_HDF5_MAX_RANK];
  gboolean fits = (kind == H5T_FLOAT || kind == H5T_INTEGER) && rank >= 0 && rank <= RNN_HDF5_MAX_RANK
      && H5Sget_simple_extent_dims (space, sizes, NULL) >= 0;
  gfloat *floats;

  for (gint i = 0; fits && i < rank; i++) {
    fits = sizes[i] <= G_MAXINT32;
    dims[i] = (gint) sizes[i];
  }
  floats = fits ? walk->sink->array (walk->sink, walk->path, rank, dims) : NULL;
  if (floats && H5Dread (set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, floats) < 0)
    walk->result = RNN_HDF5_ARRAY_DAMAGED;
  H5Sclose (space);
  H5Tclose (type);
}

static herr_t
visit (hid_t file, const char *name, const H5O_info_t *info, void *data)
{
  Walk *walk = data;
  hid_t object = H5Oopen (file, name, H5P_DEFAULT);

  if (++walk->n_objects > MAX_OBJECTS)
    walk->result = RNN_HDF5_TOO_MANY;
  walk->path = name;
  if (object >= 0 && !walk->result) {
    H5Aiterate2 (object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, visit_attribute, walk);
    if (info->type == H5O_TYPE_DATASET)
      read_array (object, walk);
  }
  if (object >= 0)
    H5Oclose (object);
  return walk->result ? 1 : 0;
}

/* By the driver of files in memory; H5LTopen_file_image leaks where a file is damaged. */
static hid_t
open_image (const guint8 *data, gsize n)
{
  g_autofree gchar *name = g_strdup_printf ("image-%p", data);  /* of one name would be one file */
  hid_t access = H5Pcreate (H5P_FILE_ACCESS), file = -1;

  if (H5Pset_fapl_core (access, CHUNK, 0) >= 0 && H5Pset_file_image (access, (void *) data, n) >= 0)
    file = H5Fopen (name, H5F_ACC_RDONLY, access);
  H5Pclose (access);
  return file;
}

RnnHdf5Result
rnn_hdf5_read_image (const guint8 *data, gsize n, RnnHdf5Sink *sink)
{
  Walk walk = { sink, "", RNN_HDF5_GOOD, 0 };
  hid_t file;

  H5Eset_auto2 (H5E_DEFAULT, NULL, NULL);
  file = open_image (data, n);
  if (file < 0)
    return RNN_HDF5_DAMAGED;
  if (H5Ovisit2 (file, H5_INDEX_NAME, H5_ITER_NATIVE, visit, &walk, H5O_INFO_BASIC) < 0 && !walk.result)
    walk.result = RNN_HDF5_DAMAGED;
  H5Fclose (file);
  return walk.result;
}
