/* Blocks that are damaged, or lie under right checksums, are refused; what the visitor has seen until then is
 * right. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "store/series_codec.h"
#include "store/varint.h"
#include "unit/store/block_model.h"
#include "unit/store/random_polls.h"

#define HIGHEST RANDOM_POLLS_PAGES_MAXIMUM

/* ---- damage ---- */

/* Opens and reads everything from a heap block of exactly this size. The visitor checks what it is shown. */
static seep_status read_all(const block_model *m, const uint8_t *bytes, size_t size)
{
  static seep_block_time times[SEEP_BLOCK_MAXIMUM_POLLS];
  uint8_t *copy = malloc(size > 0 ? size : 1);
  seep_block_view view;
  seep_error error = {.code = -1};
  block_reading r;
  assert_non_null(copy);
  if (size > 0) {
    memcpy(copy, bytes, size);
  }
  seep_status status = seep_block_open(&view, copy, size, &error);
  if (status != SEEP_OK) {
    assert_int_equal(error.status, status);
    assert_in_range(error.code, 0, size);
  } else {
    seep_status of_times = seep_block_times(&view, times, NULL);
    status = block_model_read(m, &view, NULL, 0, &r);
    status = of_times != SEEP_OK ? of_times : status;
  }
  free(copy);
  return status;
}

static void test_every_flip_and_cut(void **state)
{
  (void)state;
  block_model *m = block_model_random(88172645463325252u, 45, 12);
  uint8_t *bad = malloc(m->size + 1);
  assert_non_null(bad);
  assert_int_equal(read_all(m, m->bytes, m->size), SEEP_OK);
  memcpy(bad, m->bytes, m->size);
  for (size_t i = 0; i < m->size; i++) {
    for (unsigned wrong = 1; wrong < 256; wrong = i < 128 ? wrong + 1 : wrong * 2 + 1) {
      bad[i] = (uint8_t)(m->bytes[i] ^ wrong);
      assert_int_equal(read_all(m, bad, m->size), i == 0 ? SEEP_UNSUPPORTED : SEEP_CORRUPT);
    }
    bad[i] = m->bytes[i];
  }
  for (size_t cut = 0; cut < m->size; cut++) {
    assert_int_equal(read_all(m, bad, cut), SEEP_CORRUPT);
  }
  for (unsigned more = 0; more < 256; more++) {
    bad[m->size] = (uint8_t)more;
    assert_int_equal(read_all(m, bad, m->size + 1), SEEP_CORRUPT);
  }
  assert_int_equal(read_all(m, NULL, 0), SEEP_CORRUPT);
  free(bad);
  block_model_free(m);
}

/* ---- lies under right checksums ---- */

typedef struct forged {
  uint8_t bytes[1u << 19];
  size_t size;
} forged;

typedef struct forged_group {
  uint64_t step, series, told; /* as the directory says; told 0: the real size */
  const uint8_t *bytes;
  size_t size;
} forged_group;

static void put_check(forged *f, uint8_t *at, const uint8_t *bytes, size_t size)
{
  uint32_t check = (uint32_t)crc32(0, bytes, (uInt)size);
  for (unsigned i = 0; i < 4; i++) {
    at[i] = (uint8_t)(check >> (8 * i));
  }
  f->size += 4;
}

/* groups: as many as `real`, each the same; the header says `told`. */
static void forge(forged *f, uint64_t polls, uint64_t told, const forged_group *group, size_t real)
{
  static const uint8_t times[1] = {0x55};
  f->size = 0;
  f->bytes[f->size++] = 4;
  f->size += seep_varint_put(f->bytes + f->size, polls);
  f->size += seep_varint_put(f->bytes + f->size, sizeof times);
  f->size += seep_varint_put(f->bytes + f->size, told);
  for (size_t i = 0; i < real; i++) {
    f->size += seep_varint_put(f->bytes + f->size, group->step);
    f->size += seep_varint_put(f->bytes + f->size, group->series);
    f->size += seep_varint_put(f->bytes + f->size, group->told != 0 ? group->told : group->size);
  }
  put_check(f, f->bytes + f->size, times, sizeof times);
  for (size_t i = 0; i < real; i++) {
    put_check(f, f->bytes + f->size, group->bytes, group->size);
  }
  put_check(f, f->bytes + f->size, f->bytes, f->size);
  memcpy(f->bytes + f->size, times, sizeof times);
  f->size += sizeof times;
  for (size_t i = 0; i < real; i++) {
    if (group->size > 0) {
      memcpy(f->bytes + f->size, group->bytes, group->size);
    }
    f->size += group->size;
  }
}

typedef struct tally {
  size_t series, values;
  bool in_bounds;
} tally;

static bool count_series(void *context, const seep_block_series *series)
{
  tally *t = context;
  t->series++;
  t->values += series->count;
  t->in_bounds = t->in_bounds && series->row >= SEEP_POLL_FIRST_ROW && series->count > 0;
  for (unsigned i = 0; i < series->count; i++) {
    t->in_bounds = t->in_bounds && series->pages[i] <= HIGHEST;
  }
  return true;
}

static seep_status read_forged(const forged *f, tally *t)
{
  seep_block_view view;
  *t = (tally){0, 0, true};
  seep_status status = seep_block_open(&view, f->bytes, f->size, NULL);
  return status == SEEP_OK ? seep_block_read(&view, NULL, 0, count_series, t, NULL) : status;
}

/* None of these numbers is worked off: they are held against the bytes that are there or a limit first. */
static void test_headers_that_lie(void **state)
{
  (void)state;
  static forged f;
  static const uint8_t body[] = {1, 2, 3};
  static const forged_group good = {0, 1, 0, body, 3};
  static const forged_group no_series = {0, 0, 0, body, 3};
  static const forged_group too_many_series = {0, SEEP_BLOCK_GROUP + 1, 0, body, 3};
  static const forged_group huge_series = {0, UINT64_MAX, 0, body, 3};
  static const forged_group huge_size = {0, 1, UINT64_MAX, body, 3};
  static const forged_group larger_size = {0, 1, 4, body, 3};
  static const forged_group smaller_size = {0, 1, 2, body, 3};
  static const forged_group half_size = {0, 1, UINT64_MAX / 2 + 2, body, 3}; /* two of them wrap around */
  static const forged_group huge_row = {UINT64_MAX, 1, 0, body, 3};
  static const forged_group half_row = {INT64_MAX / 2, 1, 0, body, 3};
  static const forged_group large_row = {UINT64_C(1) << 50, 1, 0, body, 3};
  static const struct {
    uint64_t polls, told;
    const forged_group *group;
    size_t real;
    seep_status expected;
  } cases[] = {
      {1, 0, &good, 0, SEEP_OK},
      {0, 0, &good, 0, SEEP_CORRUPT},
      {SEEP_BLOCK_MAXIMUM_POLLS, 0, &good, 0, SEEP_OK},
      {SEEP_BLOCK_MAXIMUM_POLLS + 1, 0, &good, 0, SEEP_CORRUPT},
      {UINT64_MAX, 0, &good, 0, SEEP_CORRUPT},
      {1, 1, &good, 1, SEEP_OK},
      {1, 1, &good, 0, SEEP_CORRUPT}, /* a group that is not there */
      {1, 0, &good, 1, SEEP_CORRUPT}, /* one that was not announced */
      {1, 2, &good, 1, SEEP_CORRUPT},
      {1, 32768, &good, 1, SEEP_CORRUPT},
      {1, 32768, &good, 32768, SEEP_OK},
      {1, 32769, &good, 32769, SEEP_CORRUPT},
      {1, UINT64_MAX, &good, 1, SEEP_CORRUPT},
      {1, UINT64_MAX / 4, &good, 1, SEEP_CORRUPT}, /* times four it is small */
      {1, 1, &no_series, 1, SEEP_CORRUPT},
      {1, 1, &too_many_series, 1, SEEP_CORRUPT},
      {1, 1, &huge_series, 1, SEEP_CORRUPT},
      {1, 1, &huge_size, 1, SEEP_CORRUPT},
      {1, 1, &larger_size, 1, SEEP_CORRUPT},
      {1, 1, &smaller_size, 1, SEEP_CORRUPT},
      {1, 2, &half_size, 2, SEEP_CORRUPT},
      {1, 1, &huge_row, 1, SEEP_CORRUPT},
      {1, 1, &half_row, 1, SEEP_CORRUPT},
      {1, 2, &half_row, 2, SEEP_CORRUPT}, /* together they leave int64 */
      {1, 2, &large_row, 2, SEEP_OK},
      {1, 3, &large_row, 3, SEEP_CORRUPT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_block_view view;
    forge(&f, cases[i].polls, cases[i].told, cases[i].group, cases[i].real);
    seep_status status = seep_block_open(&view, f.bytes, f.size, NULL);
    if (status != cases[i].expected) {
      print_error("case %u\n", (unsigned)i);
    }
    assert_int_equal(status, cases[i].expected);
  }
}

/* Writes one series of a group as block_builder.c does, but with any numbers. */
static size_t forge_series(uint8_t *out, size_t room, unsigned series, uint64_t step, uint64_t first,
                           uint64_t count)
{
  static seep_series_models models;
  static seep_series_number numbers[3];
  static const uint64_t values[4] = {1, 2, 3, 4};
  seep_bit_model whole;
  seep_bit_encoder encoder;
  seep_series_models_init(&models);
  seep_bit_model_init(&whole, 1);
  for (unsigned i = 0; i < 3; i++) {
    seep_series_number_init(&numbers[i]);
  }
  seep_bit_encoder_init(&encoder, out, room);
  for (unsigned i = 0; i < series; i++) {
    seep_series_encode_number(&encoder, &numbers[0], step);
    seep_bit_encode(&encoder, &whole, 0);
    seep_series_encode_number(&encoder, &numbers[1], first);
    seep_series_encode_number(&encoder, &numbers[2], count);
    seep_series_encode(&encoder, &models, values, count < 4 ? (size_t)count : 4);
  }
  size_t size = seep_bit_encoder_finish(&encoder);
  assert_true(size <= room);
  return size;
}

static void test_series_that_lie(void **state)
{
  (void)state;
  static forged f;
  static uint8_t body[4096];
  static const struct {
    unsigned series;
    uint64_t row, step, first, count;
    seep_status expected;
  } cases[] = {
      {1, 0, 0, 0, 4, SEEP_OK},
      {1, 0, 0, 3, 1, SEEP_OK},
      {1, 0, 0, 0, 0, SEEP_CORRUPT},
      {1, 0, 0, 4, 1, SEEP_CORRUPT},
      {1, 0, 0, 3, 2, SEEP_CORRUPT},
      {1, 0, 0, 0, 5, SEEP_CORRUPT},
      {1, 0, 0, HIGHEST, 1, SEEP_CORRUPT},
      {1, 0, 0, 1, HIGHEST, SEEP_CORRUPT},
      {1, 0, 0, HIGHEST, HIGHEST, SEEP_CORRUPT},
      {32, 0, 9, 0, 4, SEEP_OK},
      {32, 0, HIGHEST, 0, 4, SEEP_CORRUPT},
      {1, UINT64_C(1) << 51, 0, 0, 4, SEEP_OK},
      {1, UINT64_C(1) << 51, HIGHEST, 0, 4, SEEP_CORRUPT},
      {1, INT64_MAX / 2, HIGHEST, 0, 4, SEEP_CORRUPT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t size =
        forge_series(body, sizeof body, cases[i].series, cases[i].step, cases[i].first, cases[i].count);
    const forged_group group = {cases[i].row, cases[i].series, 0, body, size};
    tally t;
    forge(&f, 4, 1, &group, 1);
    seep_status status = read_forged(&f, &t);
    if (status != cases[i].expected) {
      print_error("case %u\n", (unsigned)i);
    }
    assert_int_equal(status, cases[i].expected);
    assert_int_equal(t.series, status == SEEP_OK ? cases[i].series : 0);
    assert_true(t.in_bounds);
  }
}

/* A row that lies beyond the next group would be found by a reading of all and missed by one of this row. */
static void test_rows_beyond_the_next_group(void **state)
{
  (void)state;
  static forged f;
  static uint8_t body[256];
  tally t;
  forged_group group = {5, 1, 0, body, forge_series(body, sizeof body, 1, 5, 0, 4)};
  forge(&f, 4, 2, &group, 2);
  assert_int_equal(read_forged(&f, &t), SEEP_OK);
  assert_int_equal(t.series, 2);
  group.size = forge_series(body, sizeof body, 1, 6, 0, 4);
  forge(&f, 4, 2, &group, 2);
  assert_int_equal(read_forged(&f, &t), SEEP_CORRUPT);
  assert_int_equal(t.series, 0);
}

/* Whatever stands in the groups: at most SEEP_BLOCK_GROUP series each of at most `polls` values, and no group
 * without its entry of seven bytes or more. That is all the work there can be. */
static void test_work_is_bounded(void **state)
{
  (void)state;
  static forged f;
  uint64_t random = 88172645463325252u;
  size_t accepted = 0;
  uint8_t body[64];
  tally t;
  for (unsigned attempt = 0; attempt < 3000; attempt++) {
    size_t size = attempt % 64, groups = 1 + attempt % 5;
    for (size_t i = 0; i < size; i++) {
      body[i] = attempt % 11 == 0 ? 0xFF : (uint8_t)(random_polls_number(&random) >> 9);
    }
    if (size > 0) {
      body[0] |= 0xC0; /* a small step of the row comes first */
    }
    const forged_group group = {3, 1 + attempt % SEEP_BLOCK_GROUP, 0, body, size};
    forge(&f, 1 + attempt % 40, groups, &group, groups);
    seep_status status = read_forged(&f, &t);
    assert_true(status == SEEP_OK || status == SEEP_CORRUPT);
    assert_true(t.in_bounds);
    assert_true(t.series <= groups * group.series);
    assert_true(t.values <= t.series * (1 + attempt % 40));
    assert_true(groups * 7 <= f.size);
    accepted += status == SEEP_OK;
  }
  assert_true(accepted > 0);
}

/* A file from a later version, and one that holds a poll where a block should be. */
static void test_other_formats(void **state)
{
  (void)state;
  seep_block_view view;
  seep_error error;
  for (unsigned format = 0; format < 256; format++) {
    const uint8_t bytes[] = {(uint8_t)format, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    seep_status expected = format == 4 ? SEEP_CORRUPT : SEEP_UNSUPPORTED;
    assert_int_equal(seep_block_open(&view, bytes, sizeof bytes, &error), expected);
    assert_int_equal(error.status, expected);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_flip_and_cut), cmocka_unit_test(test_headers_that_lie),
      cmocka_unit_test(test_series_that_lie),    cmocka_unit_test(test_rows_beyond_the_next_group),
      cmocka_unit_test(test_work_is_bounded),    cmocka_unit_test(test_other_formats),
  };
  return cmocka_run_group_tests_name("store/block_damage", tests, NULL, NULL);
}
