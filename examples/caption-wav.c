/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captions a recording: what is said, and when.
 *
 *   cc caption-wav.c -o caption-wav $(pkg-config --cflags --libs rnncore) && ./caption-wav english.safetensors talk.wav */
#include <rnncore/rnn.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = argc > 2 ? rnn_model_load (argv[1], &error) : NULL;
  g_autoptr (RnnTranscriber) transcriber = model ? rnn_transcriber_new (model, NULL, &error) : NULL;
  RnnWav wav = { 0 };

  if (!transcriber || !rnn_wav_load (&wav, argv[2], 0, &error)) {
    g_printerr ("%s\n", error ? error->message : "caption-wav MODEL WAV");
    return 1;
  }
  rnn_transcriber_push (transcriber, wav.samples, wav.n);       /* or piece by piece, as they come */
  rnn_transcriber_finish (transcriber);
  for (const RnnResult *r; (r = rnn_transcriber_next (transcriber));)
    if (r->kind == RNN_RESULT_FINAL)
      g_print ("%.2f - %.2f  %s\n", r->start / 1e9, r->end / 1e9, r->text);
  rnn_wav_clear (&wav);
  return 0;
}
