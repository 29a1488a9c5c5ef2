/* See failing_storage.h. The real one is compiled here with a realloc of ours, so that a static library's is
 * not taken. */
#include "unit/trace/failing_storage.h"

#include <stdlib.h>

uint64_t failing_storage_after = UINT64_MAX;

static void *failing_realloc(void *items, size_t bytes)
{
  if (failing_storage_after == 0) {
    failing_storage_after = UINT64_MAX;
    return NULL;
  }
  failing_storage_after -= failing_storage_after != UINT64_MAX ? 1 : 0;
  return realloc(items, bytes);
}

#define realloc failing_realloc
#include "trace/storage.c" /* NOLINT(bugprone-suspicious-include): the point of this file */
