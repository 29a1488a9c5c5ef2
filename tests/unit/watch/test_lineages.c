/* The engine's table of lineages, with an allocator that can fail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"

static bool no_memory;

static bool failing_reserve(void **items, size_t *capacity, size_t needed, size_t item_size)
{
  return (!no_memory || needed <= *capacity) && seep_array_reserve(items, capacity, needed, item_size);
}

#define seep_array_reserve failing_reserve
#include "watch/lineages.c"
#undef seep_array_reserve

static int set_up(void **state)
{
  static seep_lineages lineages;
  memset(&lineages, 0, sizeof lineages);
  *state = &lineages;
  return 0;
}

static int tear_down(void **state)
{
  seep_lineages_free(*state);
  return 0;
}

static bool set(seep_lineages *lineages, const char *image, double high_water, int64_t seen_ms)
{
  const seep_lineage lineage = {.high_water = high_water};
  const seep_wall seen = {seen_ms};
  return seep_lineages_set(lineages, image, &lineage, seen);
}

static bool has(const seep_lineages *lineages, const char *image)
{
  return seep_lineages_of(lineages, image).high_water > 0.0;
}

static void fill(seep_lineages *lineages)
{
  char image[32];
  for (int i = 0; i < SEEP_STORE_LINEAGES; i++) {
    snprintf(image, sizeof image, "image%d.exe", i);
    assert_true(set(lineages, image, 1.0 + i, 1000 + i));
  }
  assert_int_equal(lineages->count, SEEP_STORE_LINEAGES);
}

static void one_image_is_one_lineage_in_any_case(void **state)
{
  seep_lineages *lineages = *state;
  assert_true(set(lineages, "W3WP.exe", 5.0, 1));
  assert_true(set(lineages, "w3wp.EXE", 7.0, 2));
  assert_int_equal(lineages->count, 1);
  assert_true(seep_lineages_of(lineages, "w3wp.exe").high_water == 7.0);
  assert_string_equal(seep_lineages_next_unsaved(lineages)->image, "w3wp.exe");
  assert_false(has(lineages, "w3wp.ex"));
}

static void nothing_worth_remembering_takes_no_room(void **state)
{
  seep_lineages *lineages = *state;
  const seep_lineage quiet = {.quiet_lives = 1};
  const seep_wall now = {1};
  assert_true(seep_lineages_set(lineages, "calm.exe", &quiet, now));
  assert_true(set(lineages, "", 5.0, 1));
  assert_int_equal(lineages->count, 0);
  assert_null(seep_lineages_next_unsaved(lineages));
}

static void only_what_changes_is_saved_and_once(void **state)
{
  seep_lineages *lineages = *state;
  const seep_lineage grown = {.high_water = 5.0, .rates = {1.0f}, .lives = 1};
  seep_lineage now_quiet = grown;
  const seep_wall now = {9};
  now_quiet.quiet_lives = 1;
  assert_true(seep_lineages_set(lineages, "a.exe", &grown, now));
  assert_true(seep_lineages_next_unsaved(lineages)->lineage.lives == 1);
  assert_null(seep_lineages_next_unsaved(lineages));
  assert_true(seep_lineages_set(lineages, "a.exe", &grown, now));
  assert_null(seep_lineages_next_unsaved(lineages));
  assert_true(seep_lineages_set(lineages, "a.exe", &now_quiet, now));
  assert_non_null(seep_lineages_next_unsaved(lineages));
  seep_lineages_save_all(lineages);
  seep_lineages_save_all(lineages);
  assert_non_null(seep_lineages_next_unsaved(lineages));
  assert_null(seep_lineages_next_unsaved(lineages));
  assert_int_equal(lineages->unsaved, 0);
}

static void the_one_not_seen_for_longest_goes(void **state)
{
  seep_lineages *lineages = *state;
  const seep_wall late = {100000};
  fill(lineages);
  seep_lineages_seen(lineages, "IMAGE0.exe", late);
  assert_true(set(lineages, "new.exe", 1.0, 50000));
  assert_int_equal(lineages->count, SEEP_STORE_LINEAGES);
  assert_true(has(lineages, "image0.exe"));
  assert_false(has(lineages, "image1.exe"));
  assert_true(has(lineages, "image2.exe"));
  assert_true(has(lineages, "new.exe"));
  size_t unsaved = 0;
  while (seep_lineages_next_unsaved(lineages) != NULL) {
    unsaved++;
  }
  assert_int_equal(unsaved, SEEP_STORE_LINEAGES);
}

static void what_the_store_knows_does_not_replace_what_is_newer(void **state)
{
  seep_lineages *lineages = *state;
  seep_store_lineage known = {.image = "A.exe", .lineage = {.high_water = 3.0, .lives = 3}, .seen = {5}};
  assert_true(set(lineages, "a.exe", 2.0, 9));
  (void)seep_lineages_next_unsaved(lineages);
  seep_lineages_known(lineages, &known);
  assert_true(seep_lineages_of(lineages, "a.exe").high_water == 3.0);
  assert_int_equal(seep_lineages_of(lineages, "a.exe").lives, 0);
  seep_text_copy(known.image, sizeof known.image, "b.exe");
  seep_lineages_known(lineages, &known);
  assert_int_equal(seep_lineages_of(lineages, "b.exe").lives, 3);
  assert_null(seep_lineages_next_unsaved(lineages)); /* it has that already */
  seep_text_copy(known.image, sizeof known.image, "");
  seep_lineages_known(lineages, &known);
  assert_int_equal(lineages->count, 2);
}

static void a_full_table_takes_only_newer_ones_from_the_store(void **state)
{
  seep_lineages *lineages = *state;
  seep_store_lineage known = {.image = "old.exe", .lineage = {.high_water = 3.0}, .seen = {999}};
  fill(lineages);
  seep_lineages_known(lineages, &known);
  assert_false(has(lineages, "old.exe"));
  assert_true(has(lineages, "image0.exe"));
  known.seen.ms = 2000;
  seep_lineages_known(lineages, &known);
  assert_true(has(lineages, "old.exe"));
  assert_false(has(lineages, "image0.exe"));
}

static void without_memory_nothing_changes(void **state)
{
  seep_lineages *lineages = *state;
  const seep_store_lineage known = {.image = "b.exe", .lineage = {.high_water = 3.0}, .seen = {5}};
  no_memory = true;
  assert_false(set(lineages, "a.exe", 2.0, 9));
  seep_lineages_known(lineages, &known);
  no_memory = false;
  assert_int_equal(lineages->count, 0);
  assert_null(seep_lineages_next_unsaved(lineages));
  assert_true(set(lineages, "a.exe", 2.0, 9));
  assert_true(has(lineages, "a.exe"));
}

static void a_name_that_is_too_long_is_cut(void **state)
{
  seep_lineages *lineages = *state;
  char image[600];
  memset(image, 'X', sizeof image - 1);
  image[sizeof image - 1] = '\0';
  assert_true(set(lineages, image, 2.0, 9));
  assert_true(has(lineages, image));
  assert_int_equal(strlen(seep_lineages_next_unsaved(lineages)->image), 255);
}

#define lineages_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      lineages_test(one_image_is_one_lineage_in_any_case),
      lineages_test(nothing_worth_remembering_takes_no_room),
      lineages_test(only_what_changes_is_saved_and_once),
      lineages_test(the_one_not_seen_for_longest_goes),
      lineages_test(what_the_store_knows_does_not_replace_what_is_newer),
      lineages_test(a_full_table_takes_only_newer_ones_from_the_store),
      lineages_test(without_memory_nothing_changes),
      lineages_test(a_name_that_is_too_long_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
