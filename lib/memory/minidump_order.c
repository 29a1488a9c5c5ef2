#include "memory/minidump_private.h"

#include "base/sort.h"

static bool is_before(const void *left, const void *right)
{
  const seep_minidump__key *a = left, *b = right;
  return a->base != b->base ? a->base < b->base : a->index < b->index;
}

void seep_minidump__sort(seep_minidump__key *keys, size_t count)
{
  seep_sort(keys, count, sizeof *keys, is_before);
}
