/* Every kind has its word, and so has a value that no version of ours wrote. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "memory/kind.h"

static void test_every_kind_has_its_word(void **state)
{
  (void)state;
  assert_string_equal(seep_memory_kind_text(SEEP_MEMORY_UNDETERMINED), "undetermined");
  assert_string_equal(seep_memory_kind_text(SEEP_MEMORY_PRIVATE_DATA), "Private Data");
  assert_string_equal(seep_memory_kind_text(SEEP_MEMORY_HEAP), "Heap");
  assert_string_equal(seep_memory_kind_text(SEEP_MEMORY_MANAGED), "Managed Heap");
  assert_string_equal(seep_memory_kind_text(SEEP_MEMORY_MIXED), "mixed");
  assert_string_equal(seep_memory_kind_text(SEEP_MEMORY_STACK), "Stack");
}

static void test_an_unknown_kind_is_undetermined(void **state)
{
  (void)state;
  assert_string_equal(seep_memory_kind_text((seep_memory_kind)(SEEP_MEMORY_STACK + 1)), "undetermined");
  assert_string_equal(seep_memory_kind_text((seep_memory_kind)255), "undetermined");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_kind_has_its_word),
      cmocka_unit_test(test_an_unknown_kind_is_undetermined),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
