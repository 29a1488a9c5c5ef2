#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#define LEAST_ITEMS 64u

bool seep_array_resize(void **items, size_t count, size_t item_size)
{
  void *resized = count <= SIZE_MAX / item_size ? realloc(*items, count * item_size) : NULL;
  if (resized != NULL) {
    *items = resized;
  }
  return resized != NULL;
}

bool seep_array_reserve(void **items, size_t *capacity, size_t needed, size_t item_size)
{
  size_t wanted = *capacity > LEAST_ITEMS ? *capacity : LEAST_ITEMS;
  if (needed <= *capacity) {
    return true;
  }
  while (wanted < needed && wanted <= SIZE_MAX / 2) {
    wanted *= 2;
  }
  if (wanted < needed || !seep_array_resize(items, wanted, item_size)) {
    return false;
  }
  *capacity = wanted;
  return true;
}
