/* Sums by type, for every state and type word there is, the unknown ones, and sizes that do not add up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "memory/usage.h"

#define COMMIT 0x1000u
#define RESERVE 0x2000u
#define FREE 0x10000u
#define PRIVATE 0x20000u
#define MAPPED 0x40000u
#define IMAGE 0x1000000u

static void add(seep_usage *usage, uint64_t size_bytes, uint32_t state, uint32_t type)
{
  seep_region region = {0x10000, size_bytes, state, type};
  seep_usage_add(usage, &region);
}

static void expect(const seep_usage *usage, seep_usage_type type, uint64_t committed, uint64_t reserved,
                   uint64_t regions)
{
  assert_true(usage->types[type].committed_bytes == committed);
  assert_true(usage->types[type].reserved_bytes == reserved);
  assert_true(usage->types[type].regions == regions);
}

static void test_it_begins_with_nothing(void **state)
{
  (void)state;
  seep_usage usage;
  memset(&usage, 0xa5, sizeof usage);
  seep_usage_init(&usage);
  for (int type = 0; type < SEEP_USAGE_TYPES; type++) {
    expect(&usage, (seep_usage_type)type, 0, 0, 0);
  }
  assert_true(usage.free_bytes == 0);
}

static void test_each_type_is_summed_apart(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_init(&usage);
  add(&usage, 1, COMMIT, IMAGE);
  add(&usage, 2, RESERVE, IMAGE);
  add(&usage, 4, COMMIT, MAPPED);
  add(&usage, 8, RESERVE, MAPPED);
  add(&usage, 16, COMMIT, PRIVATE);
  add(&usage, 32, RESERVE, PRIVATE);
  add(&usage, 64, COMMIT, PRIVATE);
  expect(&usage, SEEP_USAGE_IMAGE, 1, 2, 2);
  expect(&usage, SEEP_USAGE_MAPPED, 4, 8, 2);
  expect(&usage, SEEP_USAGE_PRIVATE, 80, 32, 3);
  expect(&usage, SEEP_USAGE_OTHER, 0, 0, 0);
  assert_true(usage.free_bytes == 0);
}

static void test_free_is_no_region_whatever_its_type_says(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_init(&usage);
  add(&usage, 5, FREE, 0);
  add(&usage, 7, FREE, PRIVATE);
  assert_true(usage.free_bytes == 12);
  for (int type = 0; type < SEEP_USAGE_TYPES; type++) {
    expect(&usage, (seep_usage_type)type, 0, 0, 0);
  }
}

static void test_an_unknown_type_is_counted_apart(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_init(&usage);
  add(&usage, 3, COMMIT, 0);
  add(&usage, 5, COMMIT, PRIVATE | MAPPED);
  add(&usage, 7, RESERVE, 0x80000000u);
  expect(&usage, SEEP_USAGE_OTHER, 8, 7, 3);
  expect(&usage, SEEP_USAGE_PRIVATE, 0, 0, 0);
  expect(&usage, SEEP_USAGE_MAPPED, 0, 0, 0);
}

static void test_an_unknown_state_is_a_region_without_bytes(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_init(&usage);
  add(&usage, 3, 0, PRIVATE);
  add(&usage, 5, COMMIT | RESERVE, PRIVATE);
  add(&usage, 7, 0xffffffffu, IMAGE);
  expect(&usage, SEEP_USAGE_OTHER, 0, 0, 3);
  expect(&usage, SEEP_USAGE_PRIVATE, 0, 0, 0);
  expect(&usage, SEEP_USAGE_IMAGE, 0, 0, 0);
  assert_true(usage.free_bytes == 0);
}

static void test_sums_saturate(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_init(&usage);
  for (int i = 0; i < 2; i++) {
    add(&usage, UINT64_MAX - 1, COMMIT, PRIVATE);
    add(&usage, UINT64_MAX / 2 + 1, RESERVE, PRIVATE);
    add(&usage, UINT64_MAX, FREE, 0);
  }
  expect(&usage, SEEP_USAGE_PRIVATE, UINT64_MAX, UINT64_MAX, 4);
  assert_true(usage.free_bytes == UINT64_MAX);

  seep_usage_init(&usage); /* just not yet */
  add(&usage, UINT64_MAX - 1, COMMIT, IMAGE);
  add(&usage, 1, COMMIT, IMAGE);
  expect(&usage, SEEP_USAGE_IMAGE, UINT64_MAX, 0, 2);
}

static void test_every_type_has_its_word(void **state)
{
  (void)state;
  assert_string_equal(seep_usage_type_text(SEEP_USAGE_IMAGE), "Image");
  assert_string_equal(seep_usage_type_text(SEEP_USAGE_MAPPED), "Mapped File");
  assert_string_equal(seep_usage_type_text(SEEP_USAGE_PRIVATE), "Private");
  assert_string_equal(seep_usage_type_text(SEEP_USAGE_OTHER), "Other");
  assert_string_equal(seep_usage_type_text(SEEP_USAGE_TYPES), "Other");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_it_begins_with_nothing),
      cmocka_unit_test(test_each_type_is_summed_apart),
      cmocka_unit_test(test_free_is_no_region_whatever_its_type_says),
      cmocka_unit_test(test_an_unknown_type_is_counted_apart),
      cmocka_unit_test(test_an_unknown_state_is_a_region_without_bytes),
      cmocka_unit_test(test_sums_saturate),
      cmocka_unit_test(test_every_type_has_its_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
