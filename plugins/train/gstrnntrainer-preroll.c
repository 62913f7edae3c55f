/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: like every sink it is PAUSED when data have come, as far as `async` says so. */
#include "gstrnntrainer-private.h"

gboolean
gst_rnn_trainer_begin_preroll (GstRnnTrainer *self)
{
  gboolean waits;

  GST_OBJECT_LOCK (self);
  waits = self->async;
  GST_OBJECT_UNLOCK (self);
  g_atomic_int_set (&self->prerolled, !waits);
  if (waits)
    gst_element_post_message (GST_ELEMENT (self), gst_message_new_async_start (GST_OBJECT (self)));
  return waits;
}

/* Whoever changes states from outside holds the state lock, and on the way down waits for the task.  The task keeps the
 * lock until its message has been handled: a bin that is PAUSED by it tells so on the bus and then notes it (GstBin's
 * posted_playing), and if an application that heard the former could bring us to PLAYING meanwhile, the latter would
 * undo what the bin noted then, and EOS would never be told.  GstBaseSink's preroll lock does the same. */
void
gst_rnn_trainer_preroll (GstRnnTrainer *self)
{
  GstElement *element = GST_ELEMENT (self);

  while (!g_atomic_int_get (&self->prerolled) && GST_STATE_TARGET (element) >= GST_STATE_PAUSED) {
    if (!GST_STATE_TRYLOCK (element)) {
      g_usleep (1000);
      continue;
    }
    g_atomic_int_set (&self->prerolled, TRUE);
    gst_element_continue_state (element, GST_STATE_CHANGE_SUCCESS);
    gst_element_post_message (element, gst_message_new_async_done (GST_OBJECT (self), GST_CLOCK_TIME_NONE));
    GST_STATE_UNLOCK (element);
  }
}

void
gst_rnn_trainer_end_preroll (GstRnnTrainer *self)
{
  if (g_atomic_int_compare_and_exchange (&self->prerolled, FALSE, TRUE))
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_async_done (GST_OBJECT (self), GST_CLOCK_TIME_NONE));
}
