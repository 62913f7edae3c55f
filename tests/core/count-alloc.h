/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts allocations: malloc, calloc and realloc of this program stand in front of whatever would serve them (the C
 * library, a sanitizer, valgrind).  Include it in one file of a program. */
#pragma once
#include <dlfcn.h>
#include <glib.h>
#include <stdlib.h>

static gint n_allocations;

/* The definition of @name that this program would use without us. */
#define COUNT_AND_PASS_ON(type, name, ...) \
  static type next; \
  if (!next) \
    next = (type) dlsym (RTLD_NEXT, name); \
  g_atomic_int_inc (&n_allocations); \
  return next (__VA_ARGS__)

typedef void *(*MallocFunc) (size_t);
typedef void *(*CallocFunc) (size_t, size_t);
typedef void *(*ReallocFunc) (void *, size_t);

void *
malloc (size_t size)
{
  COUNT_AND_PASS_ON (MallocFunc, "malloc", size);
}

void *
calloc (size_t n, size_t size)
{
  COUNT_AND_PASS_ON (CallocFunc, "calloc", n, size);
}

void *
realloc (void *old, size_t size)
{
  COUNT_AND_PASS_ON (ReallocFunc, "realloc", old, size);
}
