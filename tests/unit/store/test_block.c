/* Blocks of polls: what goes in comes out, whole or by row, and the builder keeps to its limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "unit/store/block_model.h"
#include "unit/store/random_polls.h"

#define HIGHEST RANDOM_POLLS_PAGES_MAXIMUM

/* ---- round trips ---- */

static void test_random_polls(void **state)
{
  (void)state;
  static const struct {
    size_t processes;
    unsigned polls;
  } cases[] = {{0, 1}, {0, 30}, {1, 1}, {1, 1024}, {26, 40}, {27, 3}, {100, 200}, {200, 360}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    block_model *m = block_model_random(88172645463325252u + i, cases[i].processes, cases[i].polls);
    block_model_check(m);
    block_model_free(m);
  }
}

/* Values of 52 random bits take more room than the packer's first guess: it must begin again with more. */
static void test_incompressible(void **state)
{
  (void)state;
  uint64_t random = 88172645463325252u;
  seep_poll_entry entries[40];
  block_model *m = block_model_new();
  for (unsigned i = 0; i < 700; i++) {
    seep_block_time time = {(int64_t)(random_polls_number(&random) & (HIGHEST >> 1)),
                            (int64_t)(random_polls_number(&random) & (HIGHEST >> 1)), random % 2 != 0};
    for (size_t k = 0; k < 40; k++) {
      entries[k] = (seep_poll_entry){(int64_t)k + 1, random_polls_number(&random) & HIGHEST};
    }
    block_model_add(m, &time, entries, 40);
  }
  block_model_pack(m, 700);
  assert_true(m->size > 700 * 40 * 6);
  block_model_check(m);
  block_model_free(m);
}

static void test_shapes(void **state)
{
  (void)state;
  static const seep_poll_entry low[] = {{-6, 0}, {-1, HIGHEST}, {1, HIGHEST}, {2, 0}};
  static const seep_poll_entry high[] = {{1, 0}, {2, HIGHEST}, {INT64_C(1) << 50, 1}};
  static const seep_poll_entry swap[] = {{-6, HIGHEST}, {2, HIGHEST - 1}, {(INT64_C(1) << 50) - 1, HIGHEST}};
  static const struct {
    const seep_poll_entry *list;
    size_t count;
  } shapes[] = {{low, 4}, {high, 3}, {swap, 3}, {low, 1}, {NULL, 0}};
  /* Every sequence of four of them: growing, shrinking, gone and back, all others, none at all. */
  for (unsigned sequence = 0; sequence < 625; sequence++) {
    block_model *m = block_model_new();
    unsigned rest = sequence;
    for (unsigned i = 0; i < 4; i++, rest /= 5) {
      seep_block_time time = {INT64_C(1790000000000) - (int64_t)i * 3600000, (int64_t)i - 1, i == 2};
      block_model_add(m, &time, shapes[rest % 5].list, shapes[rest % 5].count);
    }
    block_model_pack(m, 4);
    block_model_check(m);
    block_model_free(m);
  }
}

/* One row that is there at every second poll: as many stays as may be, over several groups. */
static void test_row_that_comes_and_goes(void **state)
{
  (void)state;
  static const seep_poll_entry with[] = {{1, 5}, {2, 77}, {3, 5}}, without[] = {{1, 5}, {3, 5}};
  static const int64_t two = 2;
  block_model *m = block_model_new();
  for (unsigned i = 0; i < SEEP_BLOCK_MAXIMUM_POLLS; i++) {
    seep_block_time time = {i, 1, false};
    block_model_add(m, &time, i % 2 == 0 ? with : without, i % 2 == 0 ? 3 : 2);
  }
  block_model_pack(m, SEEP_BLOCK_MAXIMUM_POLLS);
  seep_block_view view = block_model_check(m);
  assert_int_equal(view.groups, (SEEP_BLOCK_MAXIMUM_POLLS / 2 + 2 + SEEP_BLOCK_GROUP - 1) / SEEP_BLOCK_GROUP);
  block_model_check_rows(m, &view, &two, 1);
  block_model_free(m);
}

static void test_size(void **state)
{
  (void)state;
  block_model *m = block_model_new();
  seep_poll_entry entries[200];
  for (size_t k = 0; k < 200; k++) {
    entries[k] = (seep_poll_entry){(int64_t)k + 1, 1000 + k * k};
  }
  for (unsigned i = 0; i < 360; i++) {
    seep_block_time time = {INT64_C(1790000000000) + (int64_t)i * 10000, 10000, false};
    entries[7].pages += 3;
    block_model_add(m, &time, entries, 200);
  }
  block_model_pack(m, 360);
  assert_true(m->size < 1200); /* 200 that stand still, one that leaks, hours long */
  block_model_free(m);
}

/* Files out there hold these bytes: a change of the coder or of what its models learn must still read them.
 */
static void test_bytes(void **state)
{
  (void)state;
  static const uint8_t bytes[] = {
      0x04, 0x03, 0x12, 0x01, 0x00, 0x06, 0x19, 0x00, 0x26, 0xEA, 0x7F, 0x07, 0xBC, 0xCC, 0xAF, 0x66,
      0xC2, 0xC8, 0x73, 0x59, 0x02, 0x91, 0x41, 0xB0, 0x02, 0xF1, 0xD8, 0x9F, 0xF0, 0x7F, 0xF8, 0xEC,
      0x4F, 0xF9, 0xBE, 0xFF, 0x8F, 0xFF, 0xF7, 0xB4, 0xF0, 0xF3, 0x24, 0x6D, 0xF2, 0xBC, 0x26, 0xCE,
      0xC0, 0xF7, 0x29, 0xE5, 0xFF, 0x85, 0x0B, 0x1B, 0x5E, 0x3F, 0x1F, 0x29, 0x04, 0xE5};
  static const seep_poll_entry a[] = {{1, 500}, {2, 6}, {4, 1000}};
  static const seep_poll_entry b[] = {{-6, 300}, {1, 510}, {4, 1000}, {5, 70000}};
  static const seep_poll_entry c[] = {{-6, 299}, {1, 523}, {2, 9}, {4, 1000}, {5, 69990}};
  static const seep_block_time times[] = {{INT64_C(1790000000000), -1, true},
                                          {INT64_C(1790000010003), 10002, false},
                                          {INT64_C(1790000019999), 9998, false}};
  block_model *m = block_model_new();
  block_model_add(m, &times[0], a, 3);
  block_model_add(m, &times[1], b, 4);
  block_model_add(m, &times[2], c, 5);
  block_model_pack(m, 3);
  assert_int_equal(m->size, sizeof bytes);
  assert_memory_equal(m->bytes, bytes, sizeof bytes);
  block_model_check(m);
  block_model_free(m);
  /* Many more, so that the models have learned all they can. */
  m = block_model_random(88172645463325252u, 60, 400);
  assert_int_equal(m->size, 23134);
  assert_int_equal(crc32(0, m->bytes, (uInt)m->size), 0x23B3C874);
  block_model_free(m);
}

/* ---- the filter ---- */

static void test_filter(void **state)
{
  (void)state;
  block_model *m = block_model_random(88172645463325252u, 150, 120);
  seep_block_view view = block_model_check(m);
  assert_true(view.groups >= 5);
  int64_t all[2 * RANDOM_POLLS_ROOM + 4], some[2 * RANDOM_POLLS_ROOM + 4];
  size_t count = 0;
  for (int64_t row = -8; row < 40; row++) {
    block_model_check_rows(m, &view, &row, 1);
  }
  all[count++] = INT64_MIN;
  for (int64_t row = SEEP_POLL_FIRST_ROW; row < 2000; row += row < 1 ? 1 : 7) {
    all[count++] = row;
  }
  all[count++] = INT64_MAX;
  block_model_check_rows(m, &view, all, count);
  block_model_check_rows(m, &view, all, 0); /* nobody */
  uint64_t random = 88172645463325252u;
  for (unsigned attempt = 0; attempt < 60; attempt++) {
    size_t some_count = 0;
    for (size_t i = 0; i < count; i++) {
      if (random_polls_number(&random) >> 20 & ((UINT64_C(1) << attempt % 6) - 1)) {
        continue;
      }
      some[some_count++] = all[i];
    }
    block_model_check_rows(m, &view, some, some_count);
  }
  block_model_free(m);
}

/* Groups of others are not looked at: damage there does not matter, and they cost nothing. */
static void test_filter_passes_over_groups(void **state)
{
  (void)state;
  static const int64_t first = 1, last = 400;
  seep_poll_entry entries[400];
  block_reading r;
  block_model *m = block_model_new();
  for (size_t k = 0; k < 400; k++) {
    entries[k] = (seep_poll_entry){(int64_t)k + 1, 5 * k};
  }
  for (unsigned i = 0; i < 50; i++) {
    seep_block_time time = {i, 1, false};
    entries[399].pages += i;
    block_model_add(m, &time, entries, 400);
  }
  block_model_pack(m, 50);
  m->bytes[m->size - 1] ^= 1; /* the last group */
  seep_block_view view;
  assert_int_equal(seep_block_open(&view, m->bytes, m->size, NULL), SEEP_OK);
  assert_int_equal(block_model_read(m, &view, &first, 1, &r), SEEP_OK);
  assert_int_equal(r.values, 50);
  assert_int_equal(block_model_read(m, &view, &last, 1, &r), SEEP_CORRUPT);
  assert_int_equal(r.values, 0);
  assert_int_equal(block_model_read(m, &view, NULL, 0, &r), SEEP_CORRUPT);
  assert_int_equal(r.series, 384); /* the groups before were sound */
  block_model_free(m);
}

static void test_visitor_stops(void **state)
{
  (void)state;
  block_model *m = block_model_random(88172645463325252u, 60, 10);
  seep_block_view view = block_model_check(m);
  for (size_t limit = 1; limit < 50; limit += 8) {
    block_reading r = {.expected = m, .row = INT64_MIN, .series_limit = limit};
    seep_error error;
    assert_int_equal(seep_block_read(&view, NULL, 0, block_model_check_series, &r, &error), SEEP_NO_MEMORY);
    assert_int_equal(error.status, SEEP_NO_MEMORY);
    assert_int_equal(r.series, limit);
  }
  block_model_free(m);
}

/* ---- the builder's limits ---- */

static void test_builder_limits(void **state)
{
  (void)state;
  static const seep_poll_entry entries[] = {{1, 5}, {3, 6}};
  const seep_block_time time = {1000, -1, true};
  uint8_t *bytes = NULL, *again = NULL;
  size_t size = 0, size_again = 0;
  assert_null(seep_block_builder_new(0));
  assert_null(seep_block_builder_new(SEEP_BLOCK_MAXIMUM_POLLS + 1));
  seep_block_builder_free(NULL);
  seep_block_builder *builder = seep_block_builder_new(2);
  assert_non_null(builder);
  assert_int_equal(seep_block_builder_add(builder, &time, entries, 2, NULL), SEEP_OK);
  assert_int_equal(seep_block_builder_add(builder, &time, NULL, 0, NULL), SEEP_OK);
  seep_error error;
  assert_int_equal(seep_block_builder_add(builder, &time, entries, 2, &error), SEEP_LIMIT);
  assert_int_equal(error.status, SEEP_LIMIT);
  assert_int_equal(seep_block_builder_finish(builder, &bytes, &size, NULL), SEEP_OK);
  assert_int_equal(seep_block_builder_finish(builder, &again, &size_again, NULL), SEEP_OK);
  assert_int_equal(size, size_again);
  assert_memory_equal(bytes, again, size);
  free(bytes);
  free(again);
  seep_block_builder_free(builder);
}

/* A segment that was cut short: what is there is a block of so many polls, not of the announced ones. */
static void test_fewer_than_announced(void **state)
{
  (void)state;
  block_model *m = block_model_random(88172645463325252u, 40, 9);
  free(m->bytes);
  block_model_pack(m, SEEP_BLOCK_MAXIMUM_POLLS);
  block_model_check(m);
  block_model_free(m);
}

/* Eleven polls of the most processes that have nothing in common have more rows than a block's groups can
 * hold. */
static void test_too_many_rows(void **state)
{
  (void)state;
  seep_poll_entry *entries = calloc(SEEP_POLL_MAXIMUM_COUNT, sizeof *entries);
  const seep_block_time time = {1000, -1, true};
  seep_block_builder *builder = seep_block_builder_new(11);
  uint8_t *bytes = NULL;
  size_t size = 99;
  seep_error error;
  assert_non_null(entries);
  assert_non_null(builder);
  for (int64_t i = 0; i < 11; i++) {
    for (size_t k = 0; k < SEEP_POLL_MAXIMUM_COUNT; k++) {
      entries[k] = (seep_poll_entry){(int64_t)k * 11 + i + 1, k};
    }
    assert_int_equal(seep_block_builder_add(builder, &time, entries, SEEP_POLL_MAXIMUM_COUNT, NULL), SEEP_OK);
  }
  assert_int_equal(seep_block_builder_finish(builder, &bytes, &size, &error), SEEP_LIMIT);
  assert_int_equal(error.status, SEEP_LIMIT);
  assert_null(bytes);
  assert_int_equal(size, 99);
  seep_block_builder_free(builder);
  free(entries);
}

/* Times that cannot be said come out as the nearest that can. */
static void test_times_are_limited(void **state)
{
  (void)state;
  const seep_block_time in[] = {{-5, INT64_MIN, true}, {INT64_MAX, 0, false}, {0, -1, true}};
  block_model *m = block_model_new();
  for (unsigned i = 0; i < 3; i++) {
    block_model_add(m, &in[i], NULL, 0);
  }
  block_model_pack(m, 3);
  m->times[0] = (seep_block_time){0, -1, true};
  m->times[1].wall_ms = (int64_t)HIGHEST;
  block_model_check(m);
  block_model_free(m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_polls),
      cmocka_unit_test(test_incompressible),
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_row_that_comes_and_goes),
      cmocka_unit_test(test_size),
      cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_filter),
      cmocka_unit_test(test_filter_passes_over_groups),
      cmocka_unit_test(test_visitor_stops),
      cmocka_unit_test(test_builder_limits),
      cmocka_unit_test(test_fewer_than_announced),
      cmocka_unit_test(test_too_many_rows),
      cmocka_unit_test(test_times_are_limited),
  };
  return cmocka_run_group_tests_name("store/block", tests, NULL, NULL);
}
