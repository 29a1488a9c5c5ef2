/* Heap sort: in place, and a hostile order costs no more than any other. */
#include "memory/minidump_private.h"

static bool is_before(const seep_minidump__key *a, const seep_minidump__key *b)
{
  return a->base != b->base ? a->base < b->base : a->index < b->index;
}

static void swap(seep_minidump__key *a, seep_minidump__key *b)
{
  seep_minidump__key kept = *a;
  *a = *b;
  *b = kept;
}

static void sift_down(seep_minidump__key *keys, size_t root, size_t count)
{
  while (root < count / 2) {
    size_t child = 2 * root + 1;
    if (child + 1 < count && is_before(&keys[child], &keys[child + 1])) {
      child++;
    }
    if (!is_before(&keys[root], &keys[child])) {
      return;
    }
    swap(&keys[root], &keys[child]);
    root = child;
  }
}

void seep_minidump__sort(seep_minidump__key *keys, size_t count)
{
  for (size_t root = count / 2; root > 0; root--) {
    sift_down(keys, root - 1, count);
  }
  for (size_t left = count; left > 1; left--) {
    swap(&keys[0], &keys[left - 1]);
    sift_down(keys, 0, left - 1);
  }
}
