/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Python's pickles, read as data: a machine with a stack and a memo, one row of the table per opcode. */
#include "pickle.h"
#include <string.h>
#include "base/error.h"

#define MAX_BYTES (8u << 20)    /* of a pickle: a state_dict has some 200 a tensor, and a byte can cost a hundred of memory */
#define MAX_TEXT 65536

struct _RnnPickle {
  gchar *where;
  const guint8 *at, *end;
  GPtrArray *values;            /* all there are, owned */
  GPtrArray *stack;             /* borrowed */
  GHashTable *memo;             /* number -> borrowed value */
  GPtrArray *texts;             /* owned */
  gboolean stopped;
};

static gboolean G_GNUC_PRINTF (3, 4)
fail (const RnnPickle *p, GError **error, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: its pickle %s", p->where, reason);
  return FALSE;
}

/* ---- values ---- */

static void
value_free (gpointer data)
{
  RnnPickleValue *v = data;

  g_clear_pointer (&v->items, g_ptr_array_unref);
  g_free (v);
}

static RnnPickleValue *
new_value (RnnPickle *p, RnnPickleKind kind)
{
  RnnPickleValue *v = g_new0 (RnnPickleValue, 1);

  v->kind = kind;
  g_ptr_array_add (p->values, v);
  return v;
}

static RnnPickleValue *
push (RnnPickle *p, RnnPickleKind kind)
{
  RnnPickleValue *v = new_value (p, kind);

  g_ptr_array_add (p->stack, v);
  return v;
}

static RnnPickleValue *
push_list (RnnPickle *p, RnnPickleKind kind)
{
  RnnPickleValue *v = push (p, kind);

  v->items = g_ptr_array_new ();
  return v;
}

/* The topmost value, which is no mark; NULL: there is none. */
static RnnPickleValue *
pop (RnnPickle *p)
{
  RnnPickleValue *v = p->stack->len ? p->stack->pdata[p->stack->len - 1] : NULL;

  if (!v || v->kind == RNN_PICKLE_MARK)
    return NULL;
  g_ptr_array_set_size (p->stack, (gint) p->stack->len - 1);
  return v;
}

static RnnPickleValue *
peek (RnnPickle *p)
{
  RnnPickleValue *v = p->stack->len ? p->stack->pdata[p->stack->len - 1] : NULL;

  return v && v->kind != RNN_PICKLE_MARK ? v : NULL;
}

/* What is above the last mark, which goes too (transfer full); NULL: there is no mark. */
static GPtrArray *
pop_to_mark (RnnPickle *p)
{
  guint i = p->stack->len;
  GPtrArray *items;

  while (i > 0 && ((RnnPickleValue *) p->stack->pdata[i - 1])->kind != RNN_PICKLE_MARK)
    i--;
  if (i == 0)
    return NULL;
  items = g_ptr_array_new ();
  for (guint k = i; k < p->stack->len; k++)
    g_ptr_array_add (items, p->stack->pdata[k]);
  g_ptr_array_set_size (p->stack, (gint) i - 1);
  return items;
}

/* ---- bytes ---- */

/* The next n bytes as a little-endian number. */
static gboolean
take_number (RnnPickle *p, guint n, guint64 *number)
{
  if ((gsize) (p->end - p->at) < n)
    return FALSE;
  *number = 0;
  for (guint i = 0; i < n; i++)
    *number |= (guint64) p->at[i] << (8 * i);
  p->at += n;
  return TRUE;
}

/* n bytes of UTF-8; NULL: too few, too many, or no text. */
static const gchar *
take_text (RnnPickle *p, guint64 n)
{
  gchar *text;

  if (n > (guint64) (p->end - p->at) || n > MAX_TEXT || !g_utf8_validate ((const gchar *) p->at, (gssize) n, NULL))
    return NULL;
  text = g_strndup ((const gchar *) p->at, n);
  g_ptr_array_add (p->texts, text);
  p->at += n;
  return text;
}

static const gchar *
take_line (RnnPickle *p)
{
  const guint8 *newline = memchr (p->at, '\n', (gsize) (p->end - p->at));
  const gchar *text = newline ? take_text (p, (guint64) (newline - p->at)) : NULL;

  p->at += text ? 1 : 0;
  return text;
}

/* ---- opcodes: FALSE is a pickle that makes no sense; @arg is the row's ---- */

static gboolean
op_skip (RnnPickle *p, guint arg)
{
  guint64 ignored;

  return take_number (p, arg, &ignored);
}

static gboolean
op_mark (RnnPickle *p, guint arg)
{
  push (p, RNN_PICKLE_MARK);
  return TRUE;
}

static gboolean
op_stop (RnnPickle *p, guint arg)
{
  p->stopped = TRUE;
  return peek (p) != NULL;
}

static gboolean
op_none (RnnPickle *p, guint arg)
{
  push (p, RNN_PICKLE_NONE);
  return TRUE;
}

static gboolean
op_bool (RnnPickle *p, guint arg)
{
  push (p, RNN_PICKLE_BOOL)->integer = arg;
  return TRUE;
}

/* of @arg bytes; of 4 with a sign */
static gboolean
op_int (RnnPickle *p, guint arg)
{
  guint64 number;

  if (!take_number (p, arg, &number))
    return FALSE;
  push (p, RNN_PICKLE_INT)->integer = arg == 4 ? (gint32) number : (gint64) number;
  return TRUE;
}

/* a length of @arg bytes, then that many bytes */
static gboolean
op_long (RnnPickle *p, guint arg)
{
  guint64 n, number;

  if (!take_number (p, arg, &n) || n > 8 || !take_number (p, (guint) n, &number))
    return FALSE;
  push (p, RNN_PICKLE_INT)->integer = n > 0 && n < 8 && number >> (8 * n - 1) ? (gint64) (number | ~G_GUINT64_CONSTANT (0) << (8 * n))
      : (gint64) number;
  return TRUE;
}

static gboolean
op_float (RnnPickle *p, guint arg)
{
  guint64 number;
  gdouble value;

  if (!take_number (p, 8, &number))
    return FALSE;
  number = GUINT64_SWAP_LE_BE (number);
  memcpy (&value, &number, sizeof value);
  push (p, RNN_PICKLE_FLOAT)->real = value;
  return TRUE;
}

static gboolean
op_text (RnnPickle *p, guint arg)
{
  guint64 n;
  const gchar *text = take_number (p, arg, &n) ? take_text (p, n) : NULL;

  if (text)
    push (p, RNN_PICKLE_TEXT)->text = text;
  return text != NULL;
}

/* Bytes are kept as nothing: no tensor is made of them. */
static gboolean
op_bytes (RnnPickle *p, guint arg)
{
  guint64 n;

  if (!take_number (p, arg, &n) || n > (guint64) (p->end - p->at))
    return FALSE;
  p->at += n;
  push (p, RNN_PICKLE_NONE);
  return TRUE;
}

static void
push_global (RnnPickle *p, const gchar *module, const gchar *name)
{
  gchar *text = g_strdup_printf ("%s %s", module, name);

  g_ptr_array_add (p->texts, text);
  push (p, RNN_PICKLE_GLOBAL)->text = text;
}

static gboolean
op_global (RnnPickle *p, guint arg)
{
  const gchar *module = take_line (p), *name = module ? take_line (p) : NULL;

  if (name)
    push_global (p, module, name);
  return name != NULL;
}

static gboolean
op_stack_global (RnnPickle *p, guint arg)
{
  RnnPickleValue *name = pop (p), *module = pop (p);

  if (!name || !module || name->kind != RNN_PICKLE_TEXT || module->kind != RNN_PICKLE_TEXT)
    return FALSE;
  push_global (p, module->text, name->text);
  return TRUE;
}

static gboolean
op_empty (RnnPickle *p, guint arg)
{
  push_list (p, (RnnPickleKind) arg);
  return TRUE;
}

/* what is above the mark, as a tuple, list or dict */
static gboolean
op_collect (RnnPickle *p, guint arg)
{
  GPtrArray *items = pop_to_mark (p);

  if (!items)
    return FALSE;
  push (p, (RnnPickleKind) arg)->items = items;
  return arg != RNN_PICKLE_DICT || items->len % 2 == 0;
}

/* a tuple of the @arg topmost */
static gboolean
op_tuple (RnnPickle *p, guint arg)
{
  RnnPickleValue *items[3] = { NULL }, *tuple;

  for (guint i = arg; i > 0; i--)
    if (!(items[i - 1] = pop (p)))
      return FALSE;
  tuple = push_list (p, RNN_PICKLE_TUPLE);
  for (guint i = 0; i < arg; i++)
    g_ptr_array_add (tuple->items, items[i]);
  return TRUE;
}

/* What takes items: a dict, a list, or what a call has made, of which they do not matter. */
static gboolean
add_items (RnnPickleValue *to, GPtrArray *items, gboolean pairs)
{
  if (!to || (pairs && items->len % 2))
    return FALSE;
  if (to->kind == (pairs ? RNN_PICKLE_DICT : RNN_PICKLE_LIST))
    for (guint i = 0; i < items->len; i++)
      g_ptr_array_add (to->items, items->pdata[i]);
  return TRUE;
}

static gboolean
op_add_items (RnnPickle *p, guint pairs)
{
  g_autoptr (GPtrArray) items = pop_to_mark (p);

  return items && add_items (peek (p), items, pairs != 0);
}

static gboolean
op_add_one (RnnPickle *p, guint pairs)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  RnnPickleValue *value = pop (p), *key = pairs ? pop (p) : NULL;

  if (!value || (pairs && !key))
    return FALSE;
  if (pairs)
    g_ptr_array_add (items, key);
  g_ptr_array_add (items, value);
  return add_items (peek (p), items, pairs != 0);
}

/* Nothing is called: an OrderedDict is a dict, all else is what was to be called, with its arguments. */
static gboolean
op_call (RnnPickle *p, guint arg)
{
  RnnPickleValue *arguments = pop (p), *what = pop (p), *call;

  if (!arguments || !what)
    return FALSE;
  if (what->kind == RNN_PICKLE_GLOBAL && g_str_equal (what->text, "collections OrderedDict")) {
    push_list (p, RNN_PICKLE_DICT);
    return TRUE;
  }
  call = push_list (p, RNN_PICKLE_CALL);
  g_ptr_array_add (call->items, what);
  g_ptr_array_add (call->items, arguments);
  return TRUE;
}

static gboolean
op_build (RnnPickle *p, guint arg)
{
  return pop (p) && peek (p);
}

static gboolean
op_persistent (RnnPickle *p, guint arg)
{
  RnnPickleValue *id = pop (p);

  if (!id)
    return FALSE;
  g_ptr_array_add (push_list (p, RNN_PICKLE_PERSISTENT)->items, id);
  return TRUE;
}

static gboolean
op_put (RnnPickle *p, guint arg)
{
  guint64 number;

  if (!take_number (p, arg, &number) || !peek (p))
    return FALSE;
  g_hash_table_insert (p->memo, GUINT_TO_POINTER ((guint) number), peek (p));
  return TRUE;
}

static gboolean
op_memoize (RnnPickle *p, guint arg)
{
  if (!peek (p))
    return FALSE;
  g_hash_table_insert (p->memo, GUINT_TO_POINTER (g_hash_table_size (p->memo)), peek (p));
  return TRUE;
}

static gboolean
op_get (RnnPickle *p, guint arg)
{
  guint64 number;
  gpointer value = take_number (p, arg, &number) ? g_hash_table_lookup (p->memo, GUINT_TO_POINTER ((guint) number)) : NULL;

  if (value)
    g_ptr_array_add (p->stack, value);
  return value != NULL;
}

static gboolean
op_pop (RnnPickle *p, guint arg)
{
  return pop (p) != NULL;
}

static const struct {
  guint8 code;
  gboolean (*run) (RnnPickle *p, guint arg);
  guint arg;
} opcodes[] = {
  { 0x80, op_skip, 1 }, { 0x95, op_skip, 8 },                   /* PROTO, FRAME */
  { '(', op_mark }, { '.', op_stop }, { '0', op_pop }, { 'N', op_none },
  { 0x88, op_bool, 1 }, { 0x89, op_bool, 0 },                   /* NEWTRUE, NEWFALSE */
  { 'K', op_int, 1 }, { 'M', op_int, 2 }, { 'J', op_int, 4 }, { 0x8a, op_long, 1 }, { 0x8b, op_long, 4 }, { 'G', op_float },
  { 'X', op_text, 4 }, { 0x8c, op_text, 1 }, { 0x8d, op_text, 8 },
  { 'U', op_text, 1 }, { 'T', op_text, 4 },                     /* SHORT_BINSTRING, BINSTRING */
  { 'B', op_bytes, 4 }, { 'C', op_bytes, 1 }, { 0x8e, op_bytes, 8 },
  { 'c', op_global }, { 0x93, op_stack_global },
  { '}', op_empty, RNN_PICKLE_DICT }, { ']', op_empty, RNN_PICKLE_LIST }, { ')', op_empty, RNN_PICKLE_TUPLE },
  { 0x8f, op_empty, RNN_PICKLE_LIST },                          /* EMPTY_SET */
  { 't', op_collect, RNN_PICKLE_TUPLE }, { 'l', op_collect, RNN_PICKLE_LIST }, { 'd', op_collect, RNN_PICKLE_DICT },
  { 0x91, op_collect, RNN_PICKLE_LIST },                        /* FROZENSET */
  { 0x85, op_tuple, 1 }, { 0x86, op_tuple, 2 }, { 0x87, op_tuple, 3 },
  { 'u', op_add_items, TRUE }, { 'e', op_add_items, FALSE }, { 0x90, op_add_items, FALSE },
  { 's', op_add_one, TRUE }, { 'a', op_add_one, FALSE },
  { 'R', op_call }, { 0x81, op_call }, { 'b', op_build }, { 'Q', op_persistent },
  { 'q', op_put, 1 }, { 'r', op_put, 4 }, { 0x94, op_memoize }, { 'h', op_get, 1 }, { 'j', op_get, 4 },
};

static gboolean
step (RnnPickle *p, GError **error)
{
  guint8 code;

  if (p->at == p->end)
    return fail (p, error, "ends too early");
  code = *p->at++;
  for (guint i = 0; i < G_N_ELEMENTS (opcodes); i++)
    if (opcodes[i].code == code)
      return opcodes[i].run (p, opcodes[i].arg) || fail (p, error, "is damaged at opcode 0x%02x", code);
  return fail (p, error, "has the unknown opcode 0x%02x", code);
}

RnnPickle *
rnn_pickle_read (GBytes *bytes, const gchar *where, GError **error)
{
  g_autoptr (RnnPickle) p = g_new0 (RnnPickle, 1);
  gsize n;

  p->where = g_strdup (where);
  p->at = g_bytes_get_data (bytes, &n);
  p->end = p->at + n;
  p->values = g_ptr_array_new_with_free_func (value_free);
  p->stack = g_ptr_array_new ();
  p->texts = g_ptr_array_new_with_free_func (g_free);
  p->memo = g_hash_table_new (NULL, NULL);
  if (n > MAX_BYTES) {
    fail (p, error, "has %" G_GSIZE_FORMAT " bytes; at most %u are supported", n, MAX_BYTES);
    return NULL;
  }
  while (!p->stopped)
    if (!step (p, error))
      return NULL;
  return g_steal_pointer (&p);
}

void
rnn_pickle_free (RnnPickle *p)
{
  g_hash_table_unref (p->memo);
  g_ptr_array_unref (p->stack);
  g_ptr_array_unref (p->texts);
  g_ptr_array_unref (p->values);
  g_free (p->where);
  g_free (p);
}

/* ---- looking ---- */

const RnnPickleValue *
rnn_pickle_get_top (const RnnPickle *p)
{
  return p->stack->pdata[p->stack->len - 1];
}

const RnnPickleValue *
rnn_pickle_item (const RnnPickleValue *value, guint i, RnnPickleKind kind)
{
  const RnnPickleValue *item = value && value->items && i < value->items->len ? value->items->pdata[i] : NULL;

  return item && item->kind == kind ? item : NULL;
}

const RnnPickleValue *
rnn_pickle_lookup (const RnnPickleValue *dict, const gchar *key)
{
  if (!dict || dict->kind != RNN_PICKLE_DICT)
    return NULL;
  for (guint i = 0; i + 1 < dict->items->len; i += 2) {
    const RnnPickleValue *k = dict->items->pdata[i];

    if (k->kind == RNN_PICKLE_TEXT && g_str_equal (k->text, key))
      return dict->items->pdata[i + 1];
  }
  return NULL;
}
