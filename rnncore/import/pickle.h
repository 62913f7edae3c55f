/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Python's pickles (protocols 2 to 5), read as data: what would call anything but the making of a dict or a tensor is kept as a name
 * and never run.  Opcodes after Lib/pickletools.py. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum { RNN_PICKLE_NONE, RNN_PICKLE_BOOL, RNN_PICKLE_INT, RNN_PICKLE_FLOAT, RNN_PICKLE_TEXT, RNN_PICKLE_TUPLE,
  RNN_PICKLE_LIST, RNN_PICKLE_DICT, RNN_PICKLE_GLOBAL, RNN_PICKLE_PERSISTENT, RNN_PICKLE_CALL, RNN_PICKLE_MARK } RnnPickleKind;

typedef struct _RnnPickleValue RnnPickleValue;
struct _RnnPickleValue {
  RnnPickleKind kind;
  gint64 integer;               /* BOOL, INT */
  gdouble real;                 /* FLOAT */
  const gchar *text;            /* TEXT; GLOBAL: "module name" */
  GPtrArray *items;             /* of RnnPickleValue: TUPLE, LIST; DICT: key, value, key, ...; PERSISTENT: its id; CALL: what is
                                 * called, and its arguments */
};

typedef struct _RnnPickle RnnPickle;

/* @where names the file in messages. */
RnnPickle            *rnn_pickle_read (GBytes *bytes, const gchar *where, GError **error);
void                  rnn_pickle_free (RnnPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnPickle, rnn_pickle_free)

const RnnPickleValue *rnn_pickle_get_top (const RnnPickle *pickle);
/* Item i of a list or tuple, if it is of @kind; else NULL. */
const RnnPickleValue *rnn_pickle_item (const RnnPickleValue *value, guint i, RnnPickleKind kind);
/* What a dict has for a text; NULL: nothing, or no dict. */
const RnnPickleValue *rnn_pickle_lookup (const RnnPickleValue *dict, const gchar *key);

G_END_DECLS
