/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Protocol buffers of strangers: two bytes of a message can ask for a structure of hundreds, so memory comes from a budget.  Messages
 * whose fields hold one another are to be declared as `bytes`, and taken apart by who counts how deep it goes. */
#pragma once
#include <glib.h>
#include <protobuf-c/protobuf-c.h>

G_BEGIN_DECLS

/* A message of @n bytes, with memory for at most @budget bytes; NULL: they are none, or too many.  Freed with
 * protobuf_c_message_free_unpacked (message, NULL). */
ProtobufCMessage *rnn_protobuf_unpack (const ProtobufCMessageDescriptor *type, const guint8 *data, gsize n, gsize budget);

/* What a file of @n bytes may need. */
gsize rnn_protobuf_budget (gsize n);

G_END_DECLS
