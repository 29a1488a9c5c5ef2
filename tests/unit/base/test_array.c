#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/array.h"

static void test_grows_and_keeps(void **state)
{
  (void)state;
  void *items = NULL;
  size_t capacity = 0;
  for (size_t i = 0; i < 5000; i++) {
    assert_true(seep_array_reserve(&items, &capacity, i + 1, sizeof(uint64_t)));
    assert_true(capacity > i);
    ((uint64_t *)items)[i] = i * 7;
  }
  for (size_t i = 0; i < 5000; i++) {
    assert_true(((uint64_t *)items)[i] == i * 7);
  }
  assert_true(capacity < 16384);
  free(items);
}

static void test_refuses_what_does_not_fit(void **state)
{
  (void)state;
  void *items = NULL;
  size_t capacity = 0;
  assert_true(seep_array_reserve(&items, &capacity, 0, 8));
  assert_null(items);
  assert_false(seep_array_reserve(&items, &capacity, SIZE_MAX, 1));
  assert_false(seep_array_reserve(&items, &capacity, SIZE_MAX / 8, 64));
  assert_null(items);
  assert_int_equal(capacity, 0);
}

static void test_resizes_exactly_or_not_at_all(void **state)
{
  (void)state;
  void *items = NULL;
  assert_true(seep_array_resize(&items, 3, sizeof(uint64_t)));
  ((uint64_t *)items)[2] = 7;
  void *before = items;
  assert_false(seep_array_resize(&items, SIZE_MAX / 4, sizeof(uint64_t)));
  assert_ptr_equal(items, before);
  assert_true(seep_array_resize(&items, 300, sizeof(uint64_t)));
  assert_true(((uint64_t *)items)[2] == 7);
  free(items);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_grows_and_keeps),
                                     cmocka_unit_test(test_refuses_what_does_not_fit),
                                     cmocka_unit_test(test_resizes_exactly_or_not_at_all)};
  return cmocka_run_group_tests_name("base/array", tests, NULL, NULL);
}
