/* Minidumps that a test puts together: both lists of memory, order and overlaps of ranges and of regions,
 * padding, sign-extended addresses, streams that are one struct, names of modules. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "unit/memory/dump_rig.h"

#define COMMITTED                                                                                            \
  .state = SEEP_REGION_COMMIT, .protect = SEEP_REGION_PAGE_READWRITE, .type = SEEP_REGION_PRIVATE,           \
  .allocation_protect = SEEP_REGION_PAGE_READWRITE

static seep_minidump open_rig(dump_rig *rig)
{
  seep_minidump dump;
  seep_error error = {0};
  seep_status status = seep_minidump_open(&dump, &rig->window, &error);
  if (status != SEEP_OK) {
    fail_msg("%s", error.subject);
  }
  return dump;
}

static void close_rig(seep_minidump *dump, dump_rig *rig)
{
  seep_minidump_fini(dump);
  dump_rig_free(rig);
}

/* Reads what dump_rig_pattern has put: `bytes` bytes counting from `first`. */
static void expect_pattern(seep_minidump *dump, uint64_t address, uint8_t first, size_t bytes)
{
  uint8_t out[64];
  seep_target target;
  seep_minidump_target(dump, &target);
  assert_true(bytes <= sizeof out);
  assert_int_equal(target.read(target.context, address, out, bytes), SEEP_OK);
  for (size_t i = 0; i < bytes; i++) {
    assert_int_equal(out[i], (uint8_t)(first + i));
  }
}

static void expect_absent(seep_minidump *dump, uint64_t address, size_t bytes)
{
  uint8_t out[64];
  seep_target target;
  seep_minidump_target(dump, &target);
  memset(out, 0xEE, sizeof out);
  assert_int_equal(target.read(target.context, address, out, bytes), SEEP_NOT_FOUND);
  assert_int_equal(out[0], 0xEE);
}

static void test_both_lists_with_padding(void **state)
{
  static const uint64_t tebs[3] = {0x7FFE000, 0, 0x7FFD000};
  static const char *const names[3] = {"C:\\Windows\\System32\\ntdll.dll", "D:\\a\\CoreCLR.dll", "jvm.dll"};
  (void)state;
  for (int padded = 0; padded < 2; padded++) {
    dump_rig rig;
    dump_rig_init(&rig, 5);
    dump_rig_system(&rig, 9, 2);
    uint32_t data = (uint32_t)dump_rig_pattern(&rig, 0x10, 0x40);
    dump_rig_threads(&rig, tebs, 3, padded != 0);
    dump_rig_modules(&rig, names, 3, padded != 0);
    dump_rig_begin(&rig, 5);
    dump_rig_put(&rig, 2, padded != 0 ? 8 : 4);
    dump_rig_range(&rig, 0x2000, 0x20, data + 0x20);
    dump_rig_range(&rig, 0x1000, 0x20, data);
    dump_rig_end(&rig);
    dump_rig_begin(&rig, 9);
    dump_rig_put(&rig, 2, 8);
    size_t base = dump_rig_put(&rig, 0, 8);
    dump_rig_range64(&rig, 0x1020, 0x10);
    dump_rig_range64(&rig, 0x500000001000, 0x10);
    dump_rig_end(&rig);
    dump_rig_patch(&rig, base, dump_rig_pattern(&rig, 0x30, 0x20), 8);
    seep_minidump dump = open_rig(&rig);
    assert_int_equal(dump.threads, 3);
    assert_int_equal(dump.teb_count, 2);
    assert_int_equal(dump.tebs[1], 0x7FFD000);
    assert_int_equal(dump.modules, 3);
    assert_true(dump.modules_known);
    assert_int_equal(dump.runtimes, SEEP_RUNTIME_DOTNET | SEEP_RUNTIME_JAVA);
    assert_int_equal(dump.listed_ranges, 4);
    assert_int_equal(dump.whole_ranges, 4);
    assert_false(dump.cut_short);
    expect_pattern(&dump, 0x1000, 0x10, 0x30); /* two ranges of two lists, one behind the other */
    expect_pattern(&dump, 0x101F, 0x2F, 2);
    expect_pattern(&dump, 0x2000, 0x30, 0x20);
    expect_pattern(&dump, 0x500000001000, 0x40, 0x10);
    expect_absent(&dump, 0x1000, 0x31);
    expect_absent(&dump, 0xFFF, 1);
    expect_absent(&dump, 0x1FFF, 2);
    expect_absent(&dump, UINT64_MAX, 2);
    close_rig(&dump, &rig);
  }
}

/* Each of the 24 orders of four ranges that overlap: a byte is that of the first listed range that has it. */
static void test_overlaps_in_any_order(void **state)
{
  static const struct {
    uint64_t address;
    uint32_t bytes;
  } ranges[4] = {{0x1000, 0x40}, {0x1010, 0x10}, {0x1018, 0x30}, {0x1010, 0x20}};
  (void)state;
  for (unsigned turn = 0; turn < 256; turn++) {
    unsigned order[4] = {turn & 3, (turn >> 2) & 3, (turn >> 4) & 3, (turn >> 6) & 3};
    if (((1u << order[0]) | (1u << order[1]) | (1u << order[2]) | (1u << order[3])) != 15) {
      continue;
    }
    uint8_t truth[0x48] = {0};
    dump_rig rig;
    dump_rig_init(&rig, 1);
    size_t begin = dump_rig_begin(&rig, 9);
    dump_rig_put(&rig, 4, 8);
    dump_rig_put(&rig, begin + 16 + 4 * 16, 8);
    for (unsigned i = 0; i < 4; i++) {
      dump_rig_range64(&rig, ranges[order[i]].address, ranges[order[i]].bytes);
    }
    dump_rig_end(&rig);
    for (unsigned i = 0; i < 4; i++) {
      uint8_t first = (uint8_t)(0x41 * (order[i] + 1));
      dump_rig_pattern(&rig, first, ranges[order[i]].bytes);
      for (uint32_t k = 0; k < ranges[order[i]].bytes; k++) {
        uint8_t *byte = &truth[ranges[order[i]].address - 0x1000 + k];
        *byte = *byte != 0 ? *byte : (uint8_t)(first + k);
      }
    }
    seep_minidump dump = open_rig(&rig);
    assert_int_equal(dump.listed_ranges, 4);
    for (size_t i = 0; i < dump.range_count; i++) {
      assert_true(dump.ranges[i].bytes > 0);
      assert_true(i == 0 || dump.ranges[i].address >= dump.ranges[i - 1].address + dump.ranges[i - 1].bytes);
    }
    for (unsigned i = 0; i < 0x48; i++) {
      expect_pattern(&dump, 0x1000 + i, truth[i], 1);
    }
    expect_absent(&dump, 0x1048, 1);
    close_rig(&dump, &rig);
  }
}

/* Of two lists that overlap the one whose stream is told first is the first listed. */
static void test_overlap_of_both_lists(void **state)
{
  (void)state;
  for (int is64_first = 0; is64_first < 2; is64_first++) {
    dump_rig rig;
    dump_rig_init(&rig, 2);
    uint32_t data = (uint32_t)dump_rig_pattern(&rig, 0x10, 0x20);
    for (int turn = 0; turn < 2; turn++) {
      if (turn != is64_first) {
        dump_rig_begin(&rig, 9);
        dump_rig_put(&rig, 1, 8);
        dump_rig_put(&rig, data + 0x10, 8);
        dump_rig_range64(&rig, 0x1008, 0x10);
      } else {
        dump_rig_begin(&rig, 5);
        dump_rig_put(&rig, 2, 4);
        dump_rig_range(&rig, 0x1000, 0x10, data);
        dump_rig_range(&rig, UINT64_MAX - 7, 0x10, data); /* goes around the end: left out */
      }
      dump_rig_end(&rig);
    }
    seep_minidump dump = open_rig(&rig);
    assert_int_equal(dump.listed_ranges, 3);
    assert_int_equal(dump.range_count, 2);
    expect_pattern(&dump, 0x1000, 0x10, 8);
    expect_pattern(&dump, 0x1008, is64_first != 0 ? 0x20 : 0x18, 8);
    expect_pattern(&dump, 0x1010, 0x28, 8);
    expect_absent(&dump, UINT64_MAX - 7, 1);
    close_rig(&dump, &rig);
  }
}

static bool lacks(const seep_minidump *dump, const char *word)
{
  const char *clauses[16];
  size_t count = seep_minidump_lacks(dump, clauses, 16);
  bool found = false;
  assert_true(count <= 16);
  for (size_t i = 0; i < count; i++) {
    found = found || strstr(clauses[i], word) != NULL;
  }
  return found;
}

/* Whether all memory is there is told by the flags or, where they say nothing, by what is there. */
static void test_lacks(void **state)
{
  static const seep_region listed = {.base = 0x1000, .size_bytes = 0x1000, COMMITTED};
  static const struct {
    uint64_t flags;
    uint32_t bytes;
    bool is_lacking;
  } cases[] = {{0x2, 0x10, false}, {0x200, 0x10, false}, {0, 0x10, true}, {0, 0x1000, false}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    dump_rig rig;
    dump_rig_init(&rig, 3);
    dump_rig_patch(&rig, 24, cases[i].flags, 8);
    dump_rig_begin(&rig, 16);
    dump_rig_regions_lead(&rig, 16, 48, 1);
    dump_rig_region(&rig, &listed);
    dump_rig_end(&rig);
    dump_rig_begin(&rig, 5);
    dump_rig_put(&rig, 1, 4);
    dump_rig_range(&rig, 0x1000, cases[i].bytes, (uint32_t)rig.size + 16);
    dump_rig_end(&rig);
    dump_rig_pattern(&rig, 0, 0x1000);
    seep_minidump dump = open_rig(&rig);
    assert_int_equal(lacks(&dump, "only parts"), cases[i].is_lacking);
    assert_false(lacks(&dump, "no list of regions"));
    assert_false(lacks(&dump, "cut short"));
    assert_true(lacks(&dump, "system information") && lacks(&dump, "TEB") && lacks(&dump, "modules"));
    seep_minidump_fini(&dump);
    dump_rig_resize(&rig, rig.size - 0x1000);
    dump = open_rig(&rig);
    assert_true(lacks(&dump, "cut short") && lacks(&dump, "no memory"));
    close_rig(&dump, &rig);
  }
}

static void expect_region(const seep_target *target, uint64_t address, uint64_t base, uint64_t bytes)
{
  seep_region region = {0};
  assert_int_equal(target->region(target->context, address, &region, NULL), SEEP_OK);
  assert_int_equal(region.base, base);
  assert_int_equal(region.size_bytes, bytes);
}

static void expect_no_region(const seep_target *target, uint64_t address, seep_status end)
{
  seep_region region = {.base = 7};
  assert_int_equal(target->region(target->context, address, &region, NULL), end);
  assert_int_equal(region.base, 7);
}

static void test_regions_in_any_order(void **state)
{
  static const seep_region listed[] = {
      {.base = 0x9000, .allocation_base = 0x9000, .size_bytes = 0x1000, COMMITTED},
      {.base = 0x1000, .allocation_base = 0x1000, .size_bytes = 0x2000, COMMITTED},
      {.base = 0x2000, .allocation_base = 0x2000, .size_bytes = 0x5000, COMMITTED}, /* inside: left out */
      {.base = 0x5000, .allocation_base = 0x77, .size_bytes = 0, COMMITTED},
      {.base = 0x1000, .allocation_base = 0x1000, .size_bytes = 0x500, COMMITTED}, /* the first one counts */
      {.base = UINT64_MAX - 0xFFF, .size_bytes = 0x2000, COMMITTED},
      {.base = 0x3000,
       .allocation_base = 0x99,
       .size_bytes = 0x1000,
       .state = SEEP_REGION_FREE,
       .type = 0x20000},
  };
  (void)state;
  for (uint32_t extra = 0; extra < 2; extra++) {
    dump_rig rig;
    seep_target target;
    seep_region region;
    dump_rig_init(&rig, 1);
    dump_rig_begin(&rig, 16);
    dump_rig_regions_lead(&rig, 16 + extra * 8, 48 + extra * 3, 7);
    dump_rig_put(&rig, 0, extra * 8);
    for (size_t i = 0; i < 7; i++) {
      dump_rig_region(&rig, &listed[i]);
      dump_rig_put(&rig, 0, extra * 3);
    }
    dump_rig_end(&rig);
    seep_minidump dump = open_rig(&rig);
    seep_minidump_target(&dump, &target);
    assert_int_equal(dump.region_count, 7);
    assert_int_equal(dump.regions_usable, 3);
    assert_non_null(dump.region_order);
    for (int turn = 0; turn < 2; turn++) {
      expect_region(&target, 0, 0x1000, 0x2000);
      expect_region(&target, 0x3000, 0x3000, 0x1000);
      expect_region(&target, 0x1000, 0x1000, 0x2000); /* back */
      expect_region(&target, 0x3000, 0x3000, 0x1000);
      expect_region(&target, 0x4000, 0x9000, 0x1000);
      expect_no_region(&target, 0xA000, SEEP_UNSUPPORTED); /* what was left out may be there */
      expect_region(&target, 0x9FFF, 0x9000, 0x1000);
      expect_region(&target, 0x2FFF, 0x1000, 0x2000);
      expect_region(&target, 0x8000, 0x9000, 0x1000);
      expect_no_region(&target, UINT64_MAX, SEEP_UNSUPPORTED);
    }
    assert_int_equal(target.region(target.context, 0x3000, &region, NULL), SEEP_OK);
    assert_int_equal(region.type, 0);
    assert_int_equal(region.allocation_base, 0);
    assert_int_equal(target.region(target.context, 0x9000, &region, NULL), SEEP_OK);
    assert_int_equal(region.allocation_base, 0x9000);
    assert_int_equal(region.allocation_protect, SEEP_REGION_PAGE_READWRITE);
    assert_int_equal(region.protect, SEEP_REGION_PAGE_READWRITE);
    assert_int_equal(region.state, SEEP_REGION_COMMIT);
    assert_int_equal(region.type, SEEP_REGION_PRIVATE);
    assert_true(region.private_bytes == SEEP_REGION_BYTES_UNKNOWN);
    close_rig(&dump, &rig);
  }
}

/* Rising questions are answered with one look each. */
static void test_regions_in_rising_order_are_cheap(void **state)
{
  const uint32_t count = 3000;
  dump_rig rig;
  seep_target target;
  (void)state;
  dump_rig_init(&rig, 1);
  dump_rig_begin(&rig, 16);
  dump_rig_regions_lead(&rig, 16, 48, count);
  for (uint32_t i = 0; i < count; i++) {
    seep_region region = {
        .base = 0x10000u * (i + 1), .allocation_base = 0x10000u * (i + 1), .size_bytes = 0x8000, COMMITTED};
    dump_rig_region(&rig, &region);
  }
  dump_rig_end(&rig);
  seep_minidump dump = open_rig(&rig);
  seep_minidump_target(&dump, &target);
  assert_null(dump.region_order);
  assert_int_equal(dump.readable_bytes, (uint64_t)count * 0x8000);
  rig.looks = 0;
  for (uint32_t i = 0; i < count; i++) {
    expect_region(&target, i == 0 ? 0 : 0x10000u * i + 0x8000u, 0x10000u * (i + 1), 0x8000);
  }
  assert_int_equal(rig.looks, count);
  expect_no_region(&target, 0x10000u * count + 0x8000u, SEEP_NOT_FOUND);
  rig.looks = 0;
  expect_region(&target, 0x10000u * 1000, 0x10000u * 1000, 0x8000);
  assert_true(rig.looks <= 12);
  close_rig(&dump, &rig);
}

static void test_sign_extended_addresses(void **state)
{
  static const uint64_t tebs[1] = {UINT64_C(0xFFFFFFFFFFFDE000)};
  static const seep_region high = {.base = UINT64_C(0xFFFFFFFF800A0000),
                                   .allocation_base = UINT64_C(0xFFFFFFFF80080000),
                                   .size_bytes = 0x1000,
                                   COMMITTED};
  /* Nobody's sign: where 64-bit code of a 32-bit process lies. */
  static const seep_region native = {.base = UINT64_C(0x7FF800A0000), .size_bytes = 0x1000, COMMITTED};
  (void)state;
  for (int is_x86 = 0; is_x86 < 2; is_x86++) {
    uint64_t high_half = is_x86 != 0 ? 0 : UINT64_C(0xFFFFFFFF00000000);
    dump_rig rig;
    seep_target target;
    seep_region region;
    dump_rig_init(&rig, 4);
    uint32_t data = (uint32_t)dump_rig_pattern(&rig, 5, 0x10);
    dump_rig_begin(&rig, 5); /* before the stream that tells the architecture */
    dump_rig_put(&rig, 1, 4);
    dump_rig_range(&rig, high.base, 0x10, data);
    dump_rig_end(&rig);
    dump_rig_begin(&rig, 16);
    dump_rig_regions_lead(&rig, 16, 48, 2);
    dump_rig_region(&rig, is_x86 != 0 ? &high : &native);
    dump_rig_region(&rig, is_x86 != 0 ? &native : &high);
    dump_rig_end(&rig);
    dump_rig_threads(&rig, tebs, 1, false);
    dump_rig_system(&rig, is_x86 != 0 ? 0 : 9, 2);
    seep_minidump dump = open_rig(&rig);
    seep_minidump_target(&dump, &target);
    expect_pattern(&dump, high_half | 0x800A0000, 5, 0x10);
    expect_region(&target, high_half | 0x800A0000, high_half | 0x800A0000, 0x1000);
    assert_int_equal(target.region(target.context, high_half | 0x800A0000, &region, NULL), SEEP_OK);
    assert_int_equal(region.allocation_base, high_half | 0x80080000);
    expect_region(&target, 0x100000000, native.base, 0x1000);
    assert_int_equal(target.tebs[0], high_half | 0xFFFDE000);
    close_rig(&dump, &rig);
  }
}

static void test_other_streams(void **state)
{
  dump_rig rig;
  (void)state;
  dump_rig_init(&rig, 6);
  dump_rig_begin(&rig, 0x47670001); /* unknown */
  dump_rig_put(&rig, 1, 1);
  dump_rig_end(&rig);
  dump_rig_process(&rig, 4242, 1700000001);
  dump_rig_process(&rig, 1, 1); /* the first one counts */
  dump_rig_begin(&rig, 8);      /* ThreadExList */
  dump_rig_put(&rig, 1, 4);
  dump_rig_put(&rig, 7, 8);
  dump_rig_put(&rig, 0, 8);
  dump_rig_put(&rig, 0x7FFDE000, 8);
  for (int i = 0; i < 5; i++) {
    dump_rig_put(&rig, 0, 8);
  }
  dump_rig_end(&rig);
  size_t counters = dump_rig_begin(&rig, 22);
  dump_rig_put(&rig, 2, 8);
  for (uint64_t i = 1; i < 19; i++) {
    dump_rig_put(&rig, i, 8);
  }
  dump_rig_end(&rig);
  seep_minidump dump = open_rig(&rig);
  assert_int_equal(dump.stream_count, 5);
  assert_int_equal(dump.unused_streams, 1);
  assert_int_equal(dump.pid, 4242);
  assert_int_equal(dump.created_s, 1700000001);
  assert_int_equal(dump.teb_count, 1);
  assert_int_equal(dump.tebs[0], 0x7FFDE000);
  assert_int_equal(dump.private_usage_bytes, 11); /* at 88 */
  assert_false(dump.cut_short);
  seep_minidump_fini(&dump);
  dump_rig_patch(&rig, 32 + 4 * 12 + 4, 80, 4); /* shorter, as an older revision's */
  dump = open_rig(&rig);
  assert_int_equal(dump.private_usage_bytes, 0);
  assert_false(dump.cut_short);
  seep_minidump_fini(&dump);
  dump_rig_patch(&rig, 32 + 4 * 12 + 4, 152, 4);
  dump_rig_patch(&rig, counters, 1, 2); /* another revision: other offsets */
  dump = open_rig(&rig);
  assert_int_equal(dump.private_usage_bytes, 0);
  close_rig(&dump, &rig);
}

static void test_names_of_modules(void **state)
{
  static const char *const names[4] = {"C:/x/NODE.EXE", "C:\\clr.dll\\my.dll", "\\v8.dllx", ""};
  static const char *const usual[1] = {"a.dll"};
  dump_rig rig;
  (void)state;
  dump_rig_init(&rig, 1);
  dump_rig_modules(&rig, names, 3, false);
  seep_minidump dump = open_rig(&rig);
  assert_int_equal(dump.runtimes, SEEP_RUNTIME_V8);
  assert_true(dump.modules_known);
  close_rig(&dump, &rig);

  dump_rig_init(&rig, 1);
  dump_rig_modules(&rig, names, 4, false); /* one has no name: nobody knows what it is */
  dump = open_rig(&rig);
  assert_int_equal(dump.runtimes, SEEP_RUNTIME_V8);
  assert_false(dump.modules_known);
  close_rig(&dump, &rig);

  char deep[2001];
  memset(deep, 'x', 2000);
  memcpy(deep + 2000 - 13, "\\mscorwks.dll", 14);
  const char *deep_names[1] = {deep};
  dump_rig_init(&rig, 1);
  dump_rig_modules(&rig, deep_names, 1, false); /* the end of a long path is what counts */
  dump = open_rig(&rig);
  assert_int_equal(dump.runtimes, SEEP_RUNTIME_DOTNET);
  assert_true(rig.looked_bytes < 1000);
  close_rig(&dump, &rig);

  static const uint64_t lengths[] = {0x20000, 3, 0, 0xFFFFFFFF, 4000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    dump_rig_init(&rig, 1);
    size_t name = rig.size;
    dump_rig_modules(&rig, usual, 1, false);
    dump_rig_patch(&rig, name, lengths[i], 4);
    if (lengths[i] == 0x20000) {
      dump_rig_resize(&rig, 0x100000); /* it would fit */
    }
    dump = open_rig(&rig);
    assert_int_equal(dump.modules, 1);
    assert_false(dump.modules_known);
    close_rig(&dump, &rig);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_both_lists_with_padding),
      cmocka_unit_test(test_overlaps_in_any_order),
      cmocka_unit_test(test_overlap_of_both_lists),
      cmocka_unit_test(test_lacks),
      cmocka_unit_test(test_regions_in_any_order),
      cmocka_unit_test(test_regions_in_rising_order_are_cheap),
      cmocka_unit_test(test_sign_extended_addresses),
      cmocka_unit_test(test_other_streams),
      cmocka_unit_test(test_names_of_modules),
  };
  return cmocka_run_group_tests_name("memory_minidump_parts", tests, NULL, NULL);
}
