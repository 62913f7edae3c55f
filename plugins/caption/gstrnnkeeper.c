/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstrnnkeeper.h"

#define DEFAULT_INTERVAL 1000

static void
lock (GstRnnKeeper *k)
{
  GST_OBJECT_LOCK (GST_OBJECT_PARENT (k->sinkpad));
}

static void
unlock (GstRnnKeeper *k)
{
  GST_OBJECT_UNLOCK (GST_OBJECT_PARENT (k->sinkpad));
}

/* The path that is wanted once, or else the file's if it is @due; (g_free). */
static gchar *
take_path (GstRnnKeeper *k, gchar **wanted, gboolean due)
{
  gchar *path;

  lock (k);
  path = g_steal_pointer (wanted);
  if (!path && due)
    path = g_strdup (k->file);
  unlock (k);
  return path;
}

static gboolean
is_ready (const GstRnnKeeper *k)
{
  for (guint i = 0; i < k->n; i++)
    if (!k->stages[i]->negotiated)
      return FALSE;
  return TRUE;
}

static void
load_if_due (GstRnnKeeper *k)
{
  g_autofree gchar *path = NULL;

  if (!is_ready (k))
    return;
  path = take_path (k, &k->load_wanted, k->due);
  k->due = FALSE;
  if (path)
    gst_rnn_stages_load (k->stages, k->n, path);
}

static void
save_if_due (GstRnnKeeper *k, gboolean stops)
{
  gint64 past = g_get_monotonic_time () - k->saved;
  g_autofree gchar *path = NULL;

  if (!is_ready (k))
    return;
  path = take_path (k, &k->save_wanted, stops || past >= (gint64) k->interval * 1000);
  if (!path)
    return;
  k->saved = g_get_monotonic_time ();
  gst_rnn_stages_save (k->stages, k->n, path);
}

/* ---- the stream ---- */

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnKeeper *k = gst_pad_get_element_private (pad);
  GstFlowReturn ret;

  load_if_due (k);
  ret = gst_proxy_pad_chain_default (pad, parent, buffer);
  if (ret == GST_FLOW_OK)
    save_if_due (k, FALSE);
  return ret;
}

static GstFlowReturn
chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  GstRnnKeeper *k = gst_pad_get_element_private (pad);
  GstFlowReturn ret;

  load_if_due (k);
  ret = gst_proxy_pad_chain_list_default (pad, parent, list);
  if (ret == GST_FLOW_OK)
    save_if_due (k, FALSE);
  return ret;
}

void
gst_rnn_keeper_init (GstRnnKeeper *k, GstPad *sinkpad, GstRnnStage *const *stages, guint n)
{
  *k = (GstRnnKeeper) { .sinkpad = sinkpad, .stages = stages, .n = n, .interval = DEFAULT_INTERVAL };
  gst_pad_set_element_private (sinkpad, k);
  gst_pad_set_chain_function (sinkpad, chain);
  gst_pad_set_chain_list_function (sinkpad, chain_list);
}

void
gst_rnn_keeper_clear (GstRnnKeeper *k)
{
  g_free (k->file);
  g_free (k->save_wanted);
  g_free (k->load_wanted);
}

void
gst_rnn_keeper_start (GstRnnKeeper *k)
{
  k->due = TRUE;
  k->saved = g_get_monotonic_time ();
}

void
gst_rnn_keeper_stop (GstRnnKeeper *k)
{
  for (guint i = 0; i < k->n; i++)
    gst_rnn_stage_set_flushing (k->stages[i], TRUE);    /* nobody waits for a batch any more */
  gst_pad_set_active (k->sinkpad, FALSE);
  save_if_due (k, TRUE);
}

/* ---- once ---- */

static void
want (GstRnnKeeper *k, gchar **wanted, const gchar *path)
{
  lock (k);
  g_free (*wanted);
  *wanted = g_strdup (path);
  unlock (k);
}

void
gst_rnn_keeper_save (GstRnnKeeper *k, const gchar *path)
{
  want (k, &k->save_wanted, path);
  if (!GST_PAD_STREAM_TRYLOCK (k->sinkpad))
    return;
  save_if_due (k, FALSE);
  GST_PAD_STREAM_UNLOCK (k->sinkpad);
}

void
gst_rnn_keeper_load (GstRnnKeeper *k, const gchar *path)
{
  want (k, &k->load_wanted, path);
}
