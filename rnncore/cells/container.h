/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The children of containers, and what their parameters are called. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

/* Builds one child out of @layer.  Returns (transfer none) or NULL. */
RnnCell *rnn_container_add (RnnCell *cell, const json_t *layer, gint n_in, const gchar *where, GError **error);

/* Are these "layers" a list, and of a length within reason? */
gboolean rnn_container_check_layers (const RnnCell *cell, const json_t *layers, const gchar *where, GError **error);

/* Builds the recipe's "layers" one after another.  A layer without a name is called by its number, but a lone one is
 * not called anything, nor is one with the name "": its parameters take the container's name. */
gboolean rnn_container_add_layers (RnnCell *cell, const json_t *layers, const gchar *where, GError **error);

/* Builds @layer @depth times, one after another, with the names that PyTorch gives them: a cell that numbers its
 * parameters counts on (weight_ih_l0, weight_ih_l1, ...: num_layers of nn.LSTM), others are numbered themselves
 * (0.weight, 1.weight, ...: nn.ModuleList). */
gboolean rnn_container_add_depth (RnnCell *cell, const json_t *layer, gint depth, const gchar *where, GError **error);

/* Gives all parameters below @cell a new name: what @name makes of the old one (transfer full). */
typedef gchar *(*RnnNameFunc) (const gchar *old, gint number);
void rnn_container_rename (RnnCell *cell, RnnNameFunc name, gint number);

/* Refuses recipes that would exhaust the stack or the memory: too deeply nested, or too many cells in all. */
gboolean rnn_container_check_size (const json_t *layer, const gchar *where, GError **error);

G_END_DECLS
