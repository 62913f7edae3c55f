/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line `rnncore`: one sub-command per file, each a row of the table in rnncore.c. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *name, *arguments, *summary;
  /* argv[0] is the sub-command.  FALSE: an error that main prints. */
  gboolean (*run) (gint argc, gchar **argv, GError **error);
} RnnTool;

extern const RnnTool rnn_tool_align, rnn_tool_bench, rnn_tool_classify, rnn_tool_convert, rnn_tool_forecast, rnn_tool_forecast_eval,
  rnn_tool_calibrate, rnn_tool_punctuate, rnn_tool_train_punctuation,
   rnn_tool_g2p, rnn_tool_generate, rnn_tool_info, rnn_tool_ngram, rnn_tool_perplexity, rnn_tool_quantize,
  rnn_tool_text, rnn_tool_tokens, rnn_tool_transcribe, rnn_tool_wer, rnn_tool_compare, rnn_tool_run, rnn_tool_split,
  rnn_tool_vad, rnn_tool_spot, rnn_tool_read;

extern const RnnTool rnn_tool_plot;

/* Takes the options out of @argv (also --help, which ends the process) and checks that @min to @max arguments
 * remain. */
gboolean rnn_tool_parse (const RnnTool *tool, const GOptionEntry *options, gint *argc, gchar ***argv, gint min,
    gint max, GError **error);

G_END_DECLS
