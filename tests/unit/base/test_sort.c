/* Sorting what is nearly in order, backwards, turned and at random. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/sort.h"

static uint32_t next_random(uint32_t *random)
{
  *random = *random * 1664525u + 1013904223u;
  return *random >> 8;
}

static bool precedes(const void *a, const void *b)
{
  return *(const uint32_t *)a < *(const uint32_t *)b;
}

static void test_sorting_in_any_order(void **state)
{
  (void)state;
  uint32_t random = 7, items[1000];
  for (uint32_t count = 0; count <= 1000; count += count < 20 ? 1 : 163) {
    for (unsigned order = 0; order < 5; order++) {
      for (uint32_t i = 0; i < count; i++) {
        /* as it is, backwards, one far off, turned, at random */
        uint32_t orders[5] = {i, count - 1 - i, i == 0 ? count - 1 : i - 1, (i + count / 2) % count, i};
        items[i] = orders[order];
      }
      for (uint32_t i = count; order == 4 && i > 1; i--) {
        uint32_t other = next_random(&random) % i, held = items[i - 1];
        items[i - 1] = items[other];
        items[other] = held;
      }
      seep_sort(items, count, sizeof items[0], precedes);
      for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(items[i], i);
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sorting_in_any_order),
  };
  return cmocka_run_group_tests_name("trace merge sort", tests, NULL, NULL);
}
