/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncorpussrc: recordings are decoded ahead, several at a time, and taken in their order. */
#include "gstrnncorpussrc-private.h"

void
gst_rnn_corpus_src_init_slots (GstRnnCorpusSrc *self)
{
  self->n_slots = CLAMP (g_get_num_processors (), 1, GST_RNN_CORPUS_DECODERS);
  for (guint i = 0; i < self->n_slots; i++) {
    gst_rnn_decoder_init (&self->slots[i].decoder, &self->missing);
    gst_bin_add (GST_BIN (self), self->slots[i].decoder.bin);
  }
}

void
gst_rnn_corpus_src_clear_slots (GstRnnCorpusSrc *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    gst_rnn_decoder_clear (&self->slots[i].decoder);
}

void
gst_rnn_corpus_src_close_slots (GstRnnCorpusSrc *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    gst_element_set_state (self->slots[i].decoder.bin, GST_STATE_NULL);
}

void
gst_rnn_corpus_src_cancel (GstRnnCorpusSrc *self, gboolean cancel)
{
  for (guint i = 0; i < self->n_slots; i++)
    gst_rnn_decoder_cancel (&self->slots[i].decoder, cancel);
}

gboolean
gst_rnn_corpus_src_handle_message (GstRnnCorpusSrc *self, GstMessage *message)
{
  for (guint i = 0; i < self->n_slots; i++)
    if (gst_rnn_decoder_handle_message (&self->slots[i].decoder, message))
      return TRUE;
  return FALSE;
}

static void
begin (GstRnnCorpusSrc *self, GstRnnCorpusSlot *slot)
{
  g_autofree gchar *uri = NULL;
  gboolean allow_uris;

  GST_OBJECT_LOCK (self);
  allow_uris = self->allow_uris;
  slot->decoder.most = (gsize) self->max_length * self->rate * self->bpf;
  slot->decoder.timeout = self->timeout * G_USEC_PER_SEC;
  GST_OBJECT_UNLOCK (self);
  uri = gst_rnn_utterance_get_uri (slot->utterance, allow_uris, &slot->fault);
  if (uri)
    gst_rnn_decoder_begin (&slot->decoder, uri, self->caps);
}

/* The slot that was taken last keeps its samples until the next call, so it is the last to be filled again. */
static void
fill (GstRnnCorpusSrc *self)
{
  for (guint i = 0; i < self->n_slots; i++) {
    GstRnnCorpusSlot *slot = &self->slots[(self->slot + i) % self->n_slots];

    if (slot->utterance)
      continue;
    slot->utterance = gst_rnn_corpus_src_choose (self);
    if (!slot->utterance)
      return;
    begin (self, slot);
  }
}

const GstRnnUtterance *
gst_rnn_corpus_src_take (GstRnnCorpusSrc *self, GstAdapter **samples, gchar **reason)
{
  GstRnnCorpusSlot *slot;
  const GstRnnUtterance *u;

  fill (self);
  slot = &self->slots[self->slot];
  u = g_steal_pointer (&slot->utterance);
  *samples = NULL;
  if (!u)
    return NULL;
  self->slot = (self->slot + 1) % self->n_slots;
  if (slot->fault)
    *reason = g_strdup (slot->fault);
  else if (gst_rnn_decoder_end (&slot->decoder, reason))
    *samples = slot->decoder.samples;
  return u;
}
