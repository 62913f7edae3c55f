/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way from texts to tokens that a sub-command is asked for by --model and --rules. */
#pragma once
#include "text/speller.h"

G_BEGIN_DECLS

/* Rows for a table of GOptionEntry. */
#define RNN_SPELL_OPTIONS(model, rules) \
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, (model), "A model or recipe: its tokens and rules", "MODEL" }, \
    { "rules", 'r', 0, G_OPTION_ARG_STRING, (rules), "Rules to change, see rnncore info --text", "NAME=VALUE,..." }

/* @model: a path, or NULL: @tokens (may be NULL, see rnn_speller_new) with the rules' defaults. */
RnnSpeller *rnn_spell_new (const gchar *model, RnnTokens *tokens, const gchar *rules, GError **error);

G_END_DECLS
