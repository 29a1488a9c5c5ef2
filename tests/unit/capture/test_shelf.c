/*
 * Names of finished recordings, and which of them make room: fixed cases, and a thousand random shelves
 * against the plain way of doing it, which removes the oldest one until it fits.
 */
#include "capture/shelf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* ---- names ---- */

static void good_names(void **state)
{
  (void)state;
  static const struct {
    const char *name, *image;
    bool partial;
  } names[] = {
      {"20261122T104444Z-a.exe-1-virtualalloc.etl", "a.exe", false},
      {"20261122T104444Z-a.exe-4294967295-heap.etl", "a.exe", false},
      {"20261122T104444Z-a.exe-0-snapshot.etl.gz", "a.exe", false},
      {"20261122T104444Z-a.exe-1-heap.partial.etl", "a.exe", true},
      {"20261122T104444Z-a.exe-1-heap.partial.etl.gz", "a.exe", true},
      {"20261122T104444Z-my-app-2-heap.exe-17-heap.etl", "my-app-2-heap.exe", false},
      {"20261122T104444Z---17-heap.etl", "-", false},
      {"20261122T104444Z-.partial.etl-17-heap.etl", ".partial.etl", false},
      {"20240229T235960Z-a-1-heap.etl", "a", false},
      {"20261122T104444Z-123456789012345678901234567890123456789012345678901234567890123-1-heap.etl",
       "123456789012345678901234567890123456789012345678901234567890123", false},
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    seep_shelf_item item;
    memset(&item, 0xA5, sizeof item);
    assert_true(seep_shelf_parse(names[i].name, &item));
    assert_string_equal(item.name, names[i].name);
    assert_string_equal(item.image, names[i].image);
    assert_int_equal(strlen(item.when), 16);
    assert_memory_equal(item.when, names[i].name, 16);
    assert_int_equal(item.partial, names[i].partial);
    assert_int_equal(item.bytes, 0);
    assert_false(item.evict);
  }
}

/* Each would be somebody else's file: counted, it would drive out ours; removed, it would be lost. */
static void strange_names(void **state)
{
  (void)state;
  static const char *const names[] = {
      "",
      "20261122T104444Z",
      "20261122T104444Z-",
      "20261122T104444Z-a.exe-1-heap",
      "20261122T104444Z-a.exe-1-heap.etl.zip",
      "20261122T104444Z-a.exe-1-heap.etl.gz.gz",
      "20261122T104444Z-a.exe-1-heap.etl.json",
      "20261122T104444Z-a.exe-1-heap.json",
      "20261122T104444Z-a.exe-1-heap.gz",
      "20261122T104444Z-a.exe-1-heap.ETL",
      "20261122T104444Z-a.exe-1-heap.partial",
      "20261122T104444Z-a.exe-1-heap.partial.partial.etl",
      "20261122T104444Z-a.exe-1-heap2.etl",
      "20261122T104444Z-a.exe-1-Heap.etl",
      "20261122T104444Z-a.exe-1-.etl",
      "20261122T104444Z-a.exe-1.etl",
      "20261122T104444Z-a.exe-heap.etl",
      "20261122T104444Z-a.exe--heap.etl",
      "20261122T104444Z-a.exe-x1-heap.etl",
      "20261122T104444Z-a.exe-01-heap.etl",
      "20261122T104444Z-a.exe-4294967296-heap.etl",
      "20261122T104444Z-a.exe-42949672950-heap.etl",
      "20261122T104444Z--1-heap.etl",
      "20261122T104444Z-1-heap.etl",
      "20261122T104444Z_a.exe-1-heap.etl",
      "20261122T104444-a.exe-1-heap.etl",
      "20261122 104444Z-a.exe-1-heap.etl",
      "20261322T104444Z-a.exe-1-heap.etl",
      "20260022T104444Z-a.exe-1-heap.etl",
      "20261132T104444Z-a.exe-1-heap.etl",
      "20261100T104444Z-a.exe-1-heap.etl",
      "20261122T244444Z-a.exe-1-heap.etl",
      "20261122T106044Z-a.exe-1-heap.etl",
      "20261122T104461Z-a.exe-1-heap.etl",
      "2026112xT104444Z-a.exe-1-heap.etl",
      " 20261122T104444Z-a.exe-1-heap.etl",
      "20261122T104444Z-a/b-1-heap.etl",
      "20261122T104444Z-a\\b-1-heap.etl",
      "20261122T104444Z-a:b-1-heap.etl",
      "20261122T104444Z-a\tb-1-heap.etl",
      "20261122T104444Z-a\xff-1-heap.etl",
      "20261122T104444Z-1234567890123456789012345678901234567890123456789012345678901234-1-heap.etl",
      "WPR_initiated_Seepwatch_WPR System Collector.etl",
      "notes.etl",
  };
  char name[SEEP_SHELF_NAME_SIZE + 16];
  seep_shelf_item item, untouched;
  memset(&item, 0xA5, sizeof item);
  memset(&untouched, 0xA5, sizeof untouched);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (seep_shelf_parse(names[i], &item)) {
      fail_msg("%s was taken", names[i]);
    }
  }
  memset(name, 'a', sizeof name);
  memcpy(name, "20261122T104444Z-", 17);
  memcpy(name + sizeof name - 12, "-1-heap.etl", 12);
  assert_false(seep_shelf_parse(name, &item));
  assert_memory_equal(&item, &untouched, sizeof item);
}

/* ---- eviction ---- */

static seep_shelf_item item(unsigned second, const char *image, uint64_t bytes, bool partial)
{
  seep_shelf_item made;
  char name[SEEP_SHELF_NAME_SIZE];
  snprintf(name, sizeof name, "20261122T1044%02uZ-%s-1-heap%s.etl", second, image, partial ? ".partial" : "");
  assert_true(seep_shelf_parse(name, &made));
  made.bytes = bytes;
  return made;
}

static void assert_evicted(const seep_shelf_item *items, const char *wanted)
{
  for (size_t i = 0; wanted[i] != '\0'; i++) {
    if (items[i].evict != (wanted[i] == 'x')) {
      fail_msg("item %u of %s", (unsigned)i, wanted);
    }
  }
}

static void oldest_first(void **state)
{
  (void)state;
  seep_shelf_item items[] = {item(30, "a.exe", 10, false), item(10, "a.exe", 10, false),
                             item(40, "a.exe", 10, false), item(20, "a.exe", 10, false)};
  assert_true(seep_shelf_evict(items, 4, 40, 4));
  assert_evicted(items, "....");
  assert_true(seep_shelf_evict(items, 4, 39, 4));
  assert_evicted(items, ".x..");
  assert_true(seep_shelf_evict(items, 4, 40, 3));
  assert_evicted(items, ".x..");
  assert_true(seep_shelf_evict(items, 4, 29, 4));
  assert_evicted(items, ".x.x");
  assert_true(seep_shelf_evict(items, 4, 10, 1));
  assert_evicted(items, "xx.x");
  assert_false(seep_shelf_evict(items, 4, 9, 4));
  assert_evicted(items, "xx.x"); /* the newest stays all the same */
  assert_false(seep_shelf_evict(items, 4, 40, 0));
  assert_evicted(items, "xx.x");
  assert_true(seep_shelf_evict(items, 4, UINT64_MAX, SIZE_MAX)); /* marks of an earlier call are gone */
  assert_evicted(items, "....");
}

/* A large old one goes first even when a smaller, newer one would make room enough, and after one that stays
 * nothing older stays. */
static void not_by_size(void **state)
{
  (void)state;
  seep_shelf_item items[] = {item(10, "a.exe", 1, false), item(20, "a.exe", 100, false),
                             item(30, "a.exe", 2, false), item(40, "a.exe", 10, false)};
  assert_true(seep_shelf_evict(items, 4, 112, 4));
  assert_evicted(items, "x...");
  assert_true(seep_shelf_evict(items, 4, 20, 4));
  assert_evicted(items, "xx..");
}

static void newest_of_each_image(void **state)
{
  (void)state;
  seep_shelf_item items[] = {item(10, "rare.exe", 10, false), item(20, "often.exe", 10, false),
                             item(30, "often.exe", 10, false), item(40, "OFTEN.exe", 10, false)};
  assert_true(seep_shelf_evict(items, 4, 30, 4));
  assert_evicted(items, ".x.."); /* older, but the only one of its image */
  assert_true(seep_shelf_evict(items, 4, 40, 2));
  assert_evicted(items, ".xx."); /* one image in two spellings */
  assert_false(seep_shelf_evict(items, 4, 40, 1));
  assert_evicted(items, ".xx.");
}

static void partial_ones(void **state)
{
  (void)state;
  seep_shelf_item items[] = {item(10, "a.exe", 10, false), item(20, "a.exe", 10, false),
                             item(30, "b.exe", 10, true), item(50, "a.exe", 10, true)};
  assert_true(seep_shelf_evict(items, 4, 30, 4));
  assert_evicted(items, "..x."); /* before older whole ones, of whatever image */
  assert_true(seep_shelf_evict(items, 4, 20, 4));
  assert_evicted(items, "..xx"); /* newer than any, and yet not the newest of its image */
  assert_true(seep_shelf_evict(items, 4, 10, 4));
  assert_evicted(items, "x.xx");
  assert_true(seep_shelf_evict(items, 4, 40, 4));
  assert_evicted(items, "....");
}

static void edges(void **state)
{
  (void)state;
  seep_shelf_item huge[] = {item(10, "a.exe", UINT64_MAX, false), item(20, "a.exe", 1, false),
                            item(30, "b.exe", UINT64_MAX, false)};
  seep_shelf_item same[] = {item(10, "a.exe", 5, false), item(10, "a.exe", 5, false)};
  assert_true(seep_shelf_evict(NULL, 0, 0, 0));
  assert_false(seep_shelf_evict(huge, 3, UINT64_MAX - 1, 3)); /* the sum must not begin again at 0 */
  assert_evicted(huge, "x..");
  assert_true(seep_shelf_evict(huge, 2, UINT64_MAX - 1, 3));
  assert_evicted(huge, "x.");
  assert_true(seep_shelf_evict(same, 2, 5, 2)); /* one of two that cannot be told apart, not both or none */
  assert_int_equal(same[0].evict + same[1].evict, 1);
}

/* ---- against the plain way ---- */

static uint32_t seed = 12345;

static unsigned dice(unsigned sides)
{
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % sides;
}

static bool is_protected(const seep_shelf_item *items, size_t count, size_t index)
{
  if (items[index].partial) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (!items[i].partial && seep_text_equal_ignoring_case(items[i].image, items[index].image) &&
        strcmp(items[i].when, items[index].when) > 0) {
      return false;
    }
  }
  return true;
}

static void totals(const seep_shelf_item *items, size_t count, uint64_t *bytes, size_t *kept)
{
  *bytes = 0;
  *kept = 0;
  for (size_t i = 0; i < count; i++) {
    *bytes += items[i].evict ? 0 : items[i].bytes;
    *kept += items[i].evict ? 0 : 1;
  }
}

static bool plain_way(seep_shelf_item *items, size_t count, uint64_t maximum_bytes, size_t maximum_count)
{
  for (size_t i = 0; i < count; i++) {
    items[i].evict = false;
  }
  for (;;) {
    uint64_t bytes;
    size_t kept, victim = count;
    totals(items, count, &bytes, &kept);
    if (bytes <= maximum_bytes && kept <= maximum_count) {
      return true;
    }
    for (size_t i = 0; i < count; i++) {
      bool candidate = !items[i].evict && !is_protected(items, count, i);
      bool better =
          victim == count || (items[i].partial && !items[victim].partial) ||
          (items[i].partial == items[victim].partial && strcmp(items[i].when, items[victim].when) < 0);
      victim = candidate && better ? i : victim;
    }
    if (victim == count) {
      return false;
    }
    items[victim].evict = true;
  }
}

static void random_shelves(void **state)
{
  (void)state;
  static const char *const images[] = {"a.exe", "b.exe", "B.EXE", "c-1.exe"};
  seep_shelf_item items[20], plain[20];
  unsigned reached = 0;
  for (unsigned round = 0; round < 1000; round++) {
    size_t count = dice(21);
    for (size_t i = 0; i < count; i++) { /* each second once, in a random order */
      unsigned second = (unsigned)((i * 7 + round) % 20);
      items[i] = plain[i] = item(second, images[dice(4)], dice(50), dice(4) == 0);
    }
    uint64_t maximum_bytes = dice(500);
    size_t maximum_count = dice(22);
    bool wanted = plain_way(plain, count, maximum_bytes, maximum_count);
    assert_int_equal(seep_shelf_evict(items, count, maximum_bytes, maximum_count), wanted);
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(items[i].evict, plain[i].evict);
    }
    reached += wanted ? 1 : 0;
  }
  assert_in_range(reached, 200, 950); /* both answers have been seen often */
}

static void side_cars_are_named_after_their_recordings(void **state)
{
  (void)state;
  static const char *const names[][2] = {{"C:\\captures\\a-1-heap.etl.gz", "C:\\captures\\a-1-heap.json"},
                                         {"a.etl", "a.json"},
                                         {"A.ETL", "A.json"},
                                         {"a.partial.etl", "a.json"},
                                         {"a.partial.etl.gz", "a.json"},
                                         {".etl", ""},
                                         {"a.etl.txt", ""},
                                         {"", ""}};
  char out[64], small[6];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_int_equal(seep_shelf_beside_name(names[i][0], SEEP_BESIDE_SIDECAR, out, sizeof out),
                     names[i][1][0] != '\0');
    assert_string_equal(out, names[i][1]);
  }
  assert_true(seep_shelf_beside_name("a.etl.gz", SEEP_BESIDE_ANSWER, out, sizeof out));
  assert_string_equal(out, "a.answer.json");
  assert_true(seep_shelf_beside_name("b.partial.etl", SEEP_BESIDE_PAGE, out, sizeof out));
  assert_string_equal(out, "b.html");
  assert_false(seep_shelf_beside_name("a.etl", SEEP_BESIDE_SIDECAR, small, sizeof small));
  assert_string_equal(small, "");
}

static void images_become_harmless(void **state)
{
  (void)state;
  char out[SEEP_SHELF_IMAGE_SIZE];
  assert_string_equal(seep_shelf_image("Leaky-1_x.exe", out, sizeof out), "Leaky-1_x.exe");
  assert_string_equal(seep_shelf_image("..\\%1 \xC3\xA4\"", out, sizeof out), "_.__1___");
  assert_string_equal(seep_shelf_image("", out, sizeof out), "process");
  assert_int_equal(strlen(seep_shelf_image("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                           out, sizeof out)),
                   SEEP_SHELF_IMAGE_CHARACTERS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(side_cars_are_named_after_their_recordings),
      cmocka_unit_test(images_become_harmless),
      cmocka_unit_test(good_names),
      cmocka_unit_test(strange_names),
      cmocka_unit_test(oldest_first),
      cmocka_unit_test(not_by_size),
      cmocka_unit_test(newest_of_each_image),
      cmocka_unit_test(partial_ones),
      cmocka_unit_test(edges),
      cmocka_unit_test(random_shelves),
  };
  return cmocka_run_group_tests_name("capture_shelf", tests, NULL, NULL);
}
