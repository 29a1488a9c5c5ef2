/* The minidump reader against files that are cut, lie, are huge or cannot be read: it must end soon, ask for
 * few bytes, and what it still tells must hold together. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "unit/memory/dump_rig.h"

#define GIGABYTE (UINT64_C(1) << 30)

/* Every region and the first and last bytes of every range: in order, inside the file, without overlaps. */
static void check_whole(seep_minidump *dump)
{
  seep_target target;
  seep_region region;
  const char *lacks[16];
  uint8_t out[2];
  uint64_t address = 0, regions = 0, end = 0;
  seep_minidump_target(dump, &target);
  while (target.region(target.context, address, &region, NULL) == SEEP_OK) {
    assert_true(region.size_bytes > 0 && region.base >= address);
    assert_true(region.base + region.size_bytes > region.base);
    address = region.base + region.size_bytes;
    regions++;
  }
  assert_int_equal(regions, dump->regions_usable);
  for (size_t i = 0; i < dump->range_count; i++) {
    const seep_minidump_range *range = &dump->ranges[i];
    assert_true(range->bytes > 0 && range->address >= end);
    assert_true(range->offset < dump->file.size_bytes);
    assert_true(range->bytes <= dump->file.size_bytes - range->offset);
    end = range->address + range->bytes;
    assert_true(end > range->address);
    assert_int_equal(target.read(target.context, range->address, out, 1), SEEP_OK);
    assert_int_equal(target.read(target.context, end - 1, out, 1), SEEP_OK);
  }
  assert_true(seep_minidump_lacks(dump, lacks, 16) <= 16);
}

static seep_status open_and_check(dump_rig *rig, seep_error *error)
{
  seep_minidump dump;
  seep_status status = seep_minidump_open(&dump, &rig->window, error);
  if (status == SEEP_OK) {
    check_whole(&dump);
  } else {
    assert_null(dump.streams);
    assert_null(dump.ranges);
    assert_null(dump.tebs);
  }
  seep_minidump_fini(&dump);
  return status;
}

/* A small dump with one of everything. Regions are out of order, ranges overlap. Returns where its memory
 * begins. */
static size_t init_small(dump_rig *rig)
{
  static const uint64_t tebs[2] = {0x1000, 0x2000};
  static const char *const names[2] = {"C:\\clr.dll", "ntdll.dll"};
  dump_rig_init(rig, 8);
  dump_rig_system(rig, 9, 2);
  dump_rig_process(rig, 42, 1700000000);
  dump_rig_threads(rig, tebs, 2, false);
  dump_rig_modules(rig, names, 2, true);
  dump_rig_begin(rig, 16);
  dump_rig_regions_lead(rig, 16, 48, 3);
  for (uint64_t i = 0; i < 3; i++) {
    seep_region region = {.base = (3 - i) << 12,
                          .allocation_base = (3 - i) << 12,
                          .size_bytes = 0x1000,
                          .state = SEEP_REGION_COMMIT,
                          .protect = SEEP_REGION_PAGE_READWRITE,
                          .type = SEEP_REGION_PRIVATE};
    dump_rig_region(rig, &region);
  }
  dump_rig_end(rig);
  uint32_t data = (uint32_t)dump_rig_pattern(rig, 0x80, 0x20);
  dump_rig_begin(rig, 5);
  dump_rig_put(rig, 2, 4);
  dump_rig_range(rig, 0x3000, 0x20, data);
  dump_rig_range(rig, 0x1008, 0x10, data + 4);
  dump_rig_end(rig);
  dump_rig_begin(rig, 9);
  dump_rig_put(rig, 2, 8);
  dump_rig_put(rig, rig->size + 40, 8);
  dump_rig_range64(rig, 0x1000, 0x20);
  dump_rig_range64(rig, 0x2000, 0x20);
  dump_rig_end(rig);
  return dump_rig_pattern(rig, 0x20, 0x40);
}

static void expect_refusal(dump_rig *rig, seep_status status, int64_t offset)
{
  seep_error error = {0};
  assert_int_equal(open_and_check(rig, &error), status);
  assert_int_equal(error.status, status);
  assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
  assert_int_equal(error.code, offset);
  assert_true(error.subject[0] != '\0');
}

static void test_headers(void **state)
{
  static const struct {
    size_t offset;
    uint64_t value;
    size_t bytes;
    seep_status status;
    int64_t told;
  } cases[] = {
      {0, 0x504D444E, 4, SEEP_CORRUPT, 0},
      {0, 0x45474150, 4, SEEP_UNSUPPORTED, 0},
      {4, 0xA794, 2, SEEP_CORRUPT, 4},
      {6, 0xFFFF, 2, SEEP_OK, 0},
      {8, 0, 4, SEEP_CORRUPT, 8},
      {8, 0xFFFFFFFF, 4, SEEP_CORRUPT, 8},
      {12, 0xFFFFFFFF, 4, SEEP_CORRUPT, 8},
      {12, 31, 4, SEEP_CORRUPT, 12},
      {128 + 0, 12, 2, SEEP_UNSUPPORTED, 128},
      {128 + 0, 5, 2, SEEP_UNSUPPORTED, 128},
      {128 + 0, 0, 2, SEEP_OK, 0},
      {128 + 20, 0x8201, 4, SEEP_UNSUPPORTED, 148},
  };
  dump_rig rig;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    init_small(&rig);
    dump_rig_patch(&rig, cases[i].offset, cases[i].value, cases[i].bytes);
    if (cases[i].status != SEEP_OK) {
      expect_refusal(&rig, cases[i].status, cases[i].told);
    } else {
      assert_int_equal(open_and_check(&rig, NULL), SEEP_OK);
    }
    dump_rig_free(&rig);
  }
  init_small(&rig);
  dump_rig_resize(&rig, 31);
  expect_refusal(&rig, SEEP_CORRUPT, 31);
  dump_rig_free(&rig);

  dump_rig_init(&rig, 4097);
  expect_refusal(&rig, SEEP_LIMIT, 8);
  dump_rig_patch(&rig, 8, 4096, 4);
  expect_refusal(&rig, SEEP_CORRUPT, 32); /* all of them unused */
  dump_rig_free(&rig);
}

/* The memory of a cut file stays readable as far as it goes; all else that is left, too. */
static void test_cut_anywhere(void **state)
{
  dump_rig rig;
  (void)state;
  size_t memory = init_small(&rig);
  size_t whole = rig.size;
  assert_int_equal(open_and_check(&rig, NULL), SEEP_OK);
  for (size_t size = 0; size < whole; size++) {
    seep_minidump dump;
    seep_target target;
    uint8_t byte = 0;
    dump_rig_resize(&rig, size);
    seep_status status = open_and_check(&rig, NULL);
    assert_true(status == SEEP_OK || status == SEEP_CORRUPT);
    if (size < memory) {
      continue;
    }
    assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
    seep_minidump_target(&dump, &target);
    assert_true(dump.cut_short);
    assert_int_equal(dump.listed_bytes, 0x70);
    assert_int_equal(dump.bytes_in_file, 0x30 + size - memory);
    assert_int_equal(dump.partial_ranges, (size - memory) % 0x20 != 0 ? 1 : 0);
    for (uint64_t i = 0; i < 0x20; i++) {
      bool is_there = memory + i < size || (i >= 8 && i < 0x18); /* 8 to 0x18 are in the other list too */
      assert_int_equal(target.read(target.context, 0x1000 + i, &byte, 1),
                       is_there ? SEEP_OK : SEEP_NOT_FOUND);
      assert_int_equal(target.read(target.context, 0x2000 + i, &byte, 1),
                       memory + 0x20 + i < size ? SEEP_OK : SEEP_NOT_FOUND);
    }
    seep_minidump_fini(&dump);
  }
  dump_rig_free(&rig);
}

static void test_region_list_cut(void **state)
{
  dump_rig rig;
  seep_minidump dump;
  seep_target target;
  seep_region region;
  (void)state;
  dump_rig_init(&rig, 1);
  dump_rig_begin(&rig, 16);
  dump_rig_regions_lead(&rig, 16, 48, 5);
  for (uint64_t i = 1; i < 5; i++) {
    region = (seep_region){.base = i << 12, .size_bytes = 0x1000, .state = SEEP_REGION_FREE};
    dump_rig_region(&rig, &region);
  }
  dump_rig_end(&rig);
  dump_rig_resize(&rig, rig.size - 1);
  assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
  seep_minidump_target(&dump, &target);
  assert_int_equal(dump.regions_announced, 5);
  assert_int_equal(dump.region_count, 3);
  assert_true(dump.cut_short);
  assert_int_equal(target.region(target.context, 0x3000, &region, NULL), SEEP_OK);
  assert_int_equal(target.region(target.context, 0x4000, &region, NULL), SEEP_UNSUPPORTED);
  seep_minidump_fini(&dump);

  dump_rig_resize(&rig, 32 + 12 + 16 + 47); /* not one entry: no list at all */
  expect_refusal(&rig, SEEP_CORRUPT, 32);
  dump_rig_free(&rig);
}

/* Each byte of a dump, one after the other, set to values that mean much. */
static void test_any_byte_wrong(void **state)
{
  static const uint8_t values[] = {0, 1, 0x7F, 0x80, 0xFF};
  dump_rig rig;
  (void)state;
  init_small(&rig);
  for (size_t i = 0; i < rig.size; i++) {
    uint8_t kept = rig.bytes[i];
    for (size_t k = 0; k < sizeof values; k++) {
      rig.bytes[i] = values[k];
      seep_status status = open_and_check(&rig, NULL);
      assert_true(status == SEEP_OK || status == SEEP_CORRUPT || status == SEEP_UNSUPPORTED);
    }
    rig.bytes[i] = kept;
  }
  dump_rig_free(&rig);
}

/* No look may be believed to succeed. */
static void test_file_that_cannot_be_read(void **state)
{
  dump_rig rig;
  (void)state;
  init_small(&rig);
  assert_int_equal(open_and_check(&rig, NULL), SEEP_OK);
  uint64_t all = rig.looks;
  uint64_t refused = 0, served = 0;
  for (uint64_t n = 1; n <= all; n++) {
    seep_minidump dump;
    seep_error error = {0};
    rig.looks = 0;
    rig.fail_at = n;
    if (seep_minidump_open(&dump, &rig.window, &error) != SEEP_OK) {
      assert_int_equal(error.status, SEEP_OS);
      assert_int_equal(rig.looks, n); /* and nothing after it */
      refused++;
      continue;
    }
    seep_target target;
    seep_region region;
    uint8_t out[0x20];
    seep_minidump_target(&dump, &target);
    for (uint64_t address = 0x1000; address < 0x4000; address += 0x1000) {
      uint64_t before = rig.looks;
      seep_status status = target.region(target.context, address, &region, &error);
      bool failed = before < n && rig.looks >= n;
      assert_int_equal(status, failed ? SEEP_OS : SEEP_OK);
      assert_true(failed || region.base == address);
      before = rig.looks;
      status = target.read(target.context, address, out, sizeof out);
      assert_int_equal(status, before < n && rig.looks >= n ? SEEP_NOT_FOUND : SEEP_OK);
    }
    seep_minidump_fini(&dump);
    served++;
  }
  assert_true(refused > 10 && served > 5);
  dump_rig_free(&rig);
}

/* Lists that claim more than there is, in a file that is as long as they claim or is not. */
static void test_huge_counts(void **state)
{
  static const struct {
    uint32_t type;
    size_t count_bytes;
  } lists[] = {{3, 4}, {4, 4}, {5, 4}, {9, 8}, {8, 4}};
  dump_rig rig;
  (void)state;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    dump_rig_init(&rig, 2);
    dump_rig_system(&rig, 9, 2);
    dump_rig_begin(&rig, lists[i].type);
    dump_rig_put(&rig, UINT64_MAX, lists[i].count_bytes);
    dump_rig_put(&rig, 0, 16);
    dump_rig_end(&rig);
    seep_minidump dump;
    assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
    assert_true(dump.cut_short);
    assert_true(rig.looked_bytes < 1000);
    seep_minidump_fini(&dump);

    dump_rig_patch(&rig, 32 + 12 + 4, UINT32_MAX, 4); /* the stream's size */
    dump_rig_resize(&rig, 20 * GIGABYTE);
    rig.looked_bytes = 0;
    seep_error error = {0};
    assert_int_equal(seep_minidump_open(&dump, &rig.window, &error), SEEP_LIMIT);
    assert_true(error.subject[0] != '\0' && rig.looked_bytes < 1000);
    dump_rig_free(&rig);
  }
}

static void test_huge_entries_of_regions(void **state)
{
  static const uint64_t sizes[][2] = {{16, UINT32_MAX}, {UINT32_MAX, 48}, {15, 48},
                                      {16, 47},         {0, 0},           {64, 70000}};
  dump_rig rig;
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    seep_minidump dump;
    dump_rig_init(&rig, 2);
    dump_rig_system(&rig, 9, 2);
    dump_rig_begin(&rig, 16);
    dump_rig_regions_lead(&rig, (uint32_t)sizes[i][0], (uint32_t)sizes[i][1], UINT64_MAX);
    dump_rig_end(&rig);
    dump_rig_patch(&rig, 32 + 12 + 4, 16 * 70000 + 64, 4);
    dump_rig_resize(&rig, 20 * GIGABYTE);
    assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
    assert_int_equal(dump.region_count, sizes[i][1] == 70000 ? 16 : 0);
    assert_int_equal(dump.region_list, sizes[i][1] == 70000);
    assert_true(rig.looked_bytes < 10000);
    check_whole(&dump);
    seep_minidump_fini(&dump);
    dump_rig_free(&rig);
  }
}

/* 20 GB of memory; the file is asked for its lists and for what is read, no more. */
static void test_file_of_20_gigabytes(void **state)
{
  enum { RANGES = 2000 };
  const uint64_t bytes = 10 * GIGABYTE / 1000;
  dump_rig rig;
  seep_minidump dump;
  seep_target target;
  static uint8_t out[200000];
  (void)state;
  dump_rig_init(&rig, 2);
  dump_rig_system(&rig, 9, 2);
  size_t begin = dump_rig_begin(&rig, 9);
  uint64_t data = begin + 16 + 16 * RANGES;
  dump_rig_put(&rig, RANGES, 8);
  dump_rig_put(&rig, data, 8);
  for (uint64_t i = 0; i < RANGES; i++) {
    dump_rig_range64(&rig, UINT64_C(0x7FF000000000) + i * bytes + (i >= 1000 ? 1 : 0), bytes);
  }
  dump_rig_end(&rig);
  dump_rig_resize(&rig, data + RANGES * bytes);
  assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
  assert_int_equal(dump.whole_ranges, RANGES);
  assert_int_equal(dump.bytes_in_file, RANGES * bytes);
  assert_true(rig.looked_bytes < 16 * RANGES + 500 && rig.looks < 10);
  seep_minidump_target(&dump, &target);
  for (uint64_t i = 0; i < RANGES; i += 333) { /* over the end of each range into the next one */
    uint64_t offset = (i + 1) * bytes - 1000;
    rig.looked_bytes = 0;
    rig.looks = 0;
    assert_int_equal(target.read(target.context, UINT64_C(0x7FF000000000) + offset + (i >= 1000 ? 1 : 0), out,
                                 i == 999 ? 1001 : sizeof out),
                     i == 999 ? SEEP_NOT_FOUND : SEEP_OK); /* a byte is missing behind that one */
    assert_int_equal(rig.looked_bytes, i == 999 ? 0 : sizeof out);
    assert_true(rig.looks <= 5 && rig.largest <= SEEP_MINIDUMP_WINDOW_BYTES);
    for (size_t k = 0; i != 999 && k < sizeof out; k++) {
      if (out[k] != dump_rig_far(data + offset + k)) {
        fail_msg("range %d byte %d", (int)i, (int)k);
      }
    }
  }
  seep_minidump_fini(&dump);
  dump_rig_free(&rig);
}

/* A list of entries without size is no list, rather than one that says there is nothing. */
static void test_no_usable_region(void **state)
{
  (void)state;
  dump_rig rig;
  dump_rig_init(&rig, 2);
  dump_rig_system(&rig, 9, 2);
  dump_rig_begin(&rig, 16);
  dump_rig_regions_lead(&rig, 16, 48, 2);
  for (uint64_t i = 0; i < 2; i++) {
    seep_region region = {.base = 0x10000 + i * 0x1000, .state = SEEP_REGION_COMMIT};
    dump_rig_region(&rig, &region);
  }
  dump_rig_end(&rig);
  seep_minidump dump;
  seep_target target;
  seep_region region;
  assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
  seep_minidump_target(&dump, &target);
  assert_true(!dump.region_list && dump.region_count == 2);
  assert_int_equal(target.region(target.context, 0, &region, NULL), SEEP_UNSUPPORTED);
  seep_minidump_fini(&dump);
  dump_rig_free(&rig);
}

/* Many ranges and regions around each other, as bad for an overlap as it can be. */
static void test_nests(void **state)
{
  enum { COUNT = 20000 };
  (void)state;
  for (unsigned turn = 0; turn < 2; turn++) {
    dump_rig rig;
    dump_rig_init(&rig, 3);
    dump_rig_system(&rig, 9, 2);
    dump_rig_begin(&rig, 9);
    dump_rig_put(&rig, COUNT, 8);
    dump_rig_put(&rig, 0, 8);
    for (uint64_t i = 0; i < COUNT; i++) {
      uint64_t depth = turn == 0 ? i : COUNT - 1 - i;
      dump_rig_range64(&rig, 0x10000 + depth, 2 * (COUNT - depth));
    }
    dump_rig_end(&rig);
    dump_rig_begin(&rig, 16);
    dump_rig_regions_lead(&rig, 16, 48, COUNT);
    for (uint64_t i = 0; i < COUNT; i++) {
      uint64_t depth = turn == 0 ? i : COUNT - 1 - i;
      seep_region region = {.base = 0x10000 + depth, .size_bytes = 2 * (COUNT - depth)};
      dump_rig_region(&rig, &region);
    }
    dump_rig_end(&rig);
    dump_rig_resize(&rig, GIGABYTE);
    seep_minidump dump;
    assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
    assert_int_equal(dump.regions_usable, 1);
    assert_int_equal(dump.range_count, turn == 0 ? 1 : 2 * COUNT - 1);
    seep_minidump_fini(&dump);
    assert_int_equal(open_and_check(&rig, NULL), SEEP_OK);
    dump_rig_free(&rig);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_headers),
      cmocka_unit_test(test_cut_anywhere),
      cmocka_unit_test(test_region_list_cut),
      cmocka_unit_test(test_any_byte_wrong),
      cmocka_unit_test(test_file_that_cannot_be_read),
      cmocka_unit_test(test_huge_counts),
      cmocka_unit_test(test_huge_entries_of_regions),
      cmocka_unit_test(test_file_of_20_gigabytes),
      cmocka_unit_test(test_no_usable_region),
      cmocka_unit_test(test_nests),
  };
  return cmocka_run_group_tests_name("memory_minidump_damage", tests, NULL, NULL);
}
