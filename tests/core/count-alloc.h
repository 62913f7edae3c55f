/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts allocations: malloc, calloc and realloc of this program stand in front of whatever would serve them (the C
 * library, a sanitizer, valgrind).  Include it in one file of a program. */
#pragma once
#include <dlfcn.h>
#include <glib.h>
#include <stdlib.h>

static gint n_allocations;

#ifdef __SANITIZE_THREAD__
#define HOOKED          /* needs malloc before it can look up anything */
#elif defined (__has_feature)
#if __has_feature (address_sanitizer)
#define HOOKED          /* clang's is part of the program, too: nothing can stand in front of it */
#endif
#endif

#ifdef HOOKED           /* but it tells of what it serves */

void __sanitizer_malloc_hook (const volatile void *memory, size_t size);

void
__sanitizer_malloc_hook (const volatile void *memory, size_t size)
{
  g_atomic_int_inc (&n_allocations);
}

#else

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

#endif
