#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/saturate.h"

static void test_adds(void **state)
{
  (void)state;
  assert_true(seep_saturate_add(0, 0) == 0);
  assert_true(seep_saturate_add(UINT64_C(0xFFFFFFFF), 1) == UINT64_C(0x100000000));
  assert_true(seep_saturate_add(UINT64_MAX - 5, 5) == UINT64_MAX);
  assert_true(seep_saturate_add(UINT64_MAX - 5, 4) == UINT64_MAX - 1);
}

static void test_stays_at_the_largest(void **state)
{
  (void)state;
  assert_true(seep_saturate_add(UINT64_MAX, 0) == UINT64_MAX);
  assert_true(seep_saturate_add(UINT64_MAX, 1) == UINT64_MAX);
  assert_true(seep_saturate_add(1, UINT64_MAX) == UINT64_MAX);
  assert_true(seep_saturate_add(UINT64_MAX - 5, 6) == UINT64_MAX);
  assert_true(seep_saturate_add(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_adds),
      cmocka_unit_test(test_stays_at_the_largest),
  };
  return cmocka_run_group_tests_name("base saturate", tests, NULL, NULL);
}
