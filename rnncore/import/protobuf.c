/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Protocol buffers with memory from a budget. */
#include "protobuf.h"
#include <stdlib.h>

static void *
take (void *budget, size_t n)
{
  gsize *left = budget;

  if (n > *left)
    return NULL;
  *left -= n;
  return malloc (n);    /* freed by protobuf-c's own allocator, which is the C library's */
}

static void
give (void *budget, void *memory)
{
  free (memory);
}

ProtobufCMessage *
rnn_protobuf_unpack (const ProtobufCMessageDescriptor *type, const guint8 *data, gsize n, gsize budget)
{
  ProtobufCAllocator allocator = { take, give, &budget };

  return protobuf_c_message_unpack (type, &allocator, n, data);
}

gsize
rnn_protobuf_budget (gsize n)
{
  return n < G_MAXSIZE / 64 ? 32 * n + (1 << 20) : G_MAXSIZE;
}
