/*
 * Insertion as long as little has to be moved, which is the rule, and otherwise a heap sort, which no order
 * makes slow and which needs no memory: the C library's qsort promises neither.
 */
#include "base/sort.h"

#include <stdint.h>
#include <string.h>

/* Moves for each item, after which insertion is given up. */
#define MOVES_EACH 8u

typedef struct sorting {
  uint8_t *items;
  size_t item_bytes;
  bool (*before)(const void *a, const void *b);
} sorting;

static uint8_t *at(const sorting *self, size_t index)
{
  return self->items + index * self->item_bytes;
}

/* false: given up; the items are all there. */
static bool insert_each(const sorting *self, size_t count)
{
  uint8_t item[SEEP_SORT_ITEM_BYTES];
  size_t moves = 0;
  for (size_t i = 1; i < count; i++) {
    size_t to = i;
    if (!self->before(at(self, i), at(self, i - 1))) {
      continue;
    }
    memcpy(item, at(self, i), self->item_bytes);
    while (to > 0 && self->before(item, at(self, to - 1))) {
      memcpy(at(self, to), at(self, to - 1), self->item_bytes);
      to--;
      moves++;
    }
    memcpy(at(self, to), item, self->item_bytes);
    if (moves / MOVES_EACH > count) {
      return false;
    }
  }
  return true;
}

/* Lets what stands at `from` sink until nothing below it belongs behind it. */
static void sink(const sorting *self, size_t from, size_t count)
{
  uint8_t item[SEEP_SORT_ITEM_BYTES];
  size_t hole = from;
  memcpy(item, at(self, from), self->item_bytes);
  for (size_t child = 2 * hole + 1; child < count; child = 2 * hole + 1) {
    if (child + 1 < count && self->before(at(self, child), at(self, child + 1))) {
      child++;
    }
    if (!self->before(item, at(self, child))) {
      break;
    }
    memcpy(at(self, hole), at(self, child), self->item_bytes);
    hole = child;
  }
  memcpy(at(self, hole), item, self->item_bytes);
}

static void heap_sort(const sorting *self, size_t count)
{
  uint8_t item[SEEP_SORT_ITEM_BYTES];
  for (size_t i = count / 2; i > 0; i--) {
    sink(self, i - 1, count);
  }
  for (size_t last = count - 1; last > 0; last--) {
    memcpy(item, at(self, last), self->item_bytes);
    memcpy(at(self, last), at(self, 0), self->item_bytes);
    memcpy(at(self, 0), item, self->item_bytes);
    sink(self, 0, last);
  }
}

void seep_sort(void *items, size_t count, size_t item_bytes, bool (*before)(const void *a, const void *b))
{
  sorting self = {.items = items, .item_bytes = item_bytes, .before = before};
  if (!insert_each(&self, count)) {
    heap_sort(&self, count);
  }
}
