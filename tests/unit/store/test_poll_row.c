/* Polls as they are written one by one: there and back, every flipped byte and every cut, and lies under a
 * right checksum. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "store/poll_row.h"
#include "store/series_codec.h"
#include "unit/store/random_polls.h"

#define HIGHEST RANDOM_POLLS_PAGES_MAXIMUM
#define COUNT_OF(list) (sizeof(list) / sizeof(list)[0])

/* What lies behind the room that was given, and must be there afterwards. */
static const seep_poll_entry guard = {-77, UINT64_C(0xEEEEEEEEEEEEEEEE)};

static void assert_same(const seep_poll_entry *left, const seep_poll_entry *right, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    assert_true(left[i].row == right[i].row);
    assert_true(left[i].pages == right[i].pages);
  }
}

/* Encodes, decodes into exactly the room that is needed, and tells the length. */
static size_t round_trip(const seep_poll_entry *before, size_t before_count, const seep_poll_entry *entries,
                         size_t count)
{
  size_t bound = seep_poll_row_bound(before != NULL ? before_count : 0, count), read = 99;
  uint8_t *bytes = malloc(bound);
  seep_poll_entry *back = calloc(count + 1, sizeof *back);
  assert_non_null(bytes);
  assert_non_null(back);
  back[count] = guard;
  size_t size = seep_poll_row_encode(before, before_count, entries, count, bytes);
  assert_true(size <= bound);
  assert_int_equal(seep_poll_row_is_whole(bytes, size), before == NULL);
  assert_int_equal(seep_poll_row_decode(bytes, size, before, before_count, back, count, &read, NULL),
                   SEEP_OK);
  assert_int_equal(read, count);
  assert_same(back, entries, count);
  assert_same(&back[count], &guard, 1);
  /* A row too little room is a limit and not damage; the last one's place is left alone. */
  if (count > 0) {
    seep_error error;
    read = 99;
    back[count - 1] = guard;
    assert_int_equal(seep_poll_row_decode(bytes, size, before, before_count, back, count - 1, &read, &error),
                     SEEP_LIMIT);
    assert_int_equal(error.status, SEEP_LIMIT);
    assert_int_equal(read, 99);
    assert_same(&back[count - 1], &guard, 1);
  }
  free(bytes);
  free(back);
  return size;
}

static void test_random_polls(void **state)
{
  (void)state;
  static random_polls polls, before;
  for (uint64_t seed = 1; seed < 6; seed++) {
    random_polls_init(&polls, seed * 88172645463325252u, 20 * seed);
    for (unsigned i = 0; i < 200; i++) {
      before = polls;
      random_polls_next(&polls);
      round_trip(NULL, 0, polls.entries, polls.count);
      round_trip(before.entries, before.count, polls.entries, polls.count);
    }
    assert_true(polls.known > RANDOM_POLLS_FIGURES + 20 * seed); /* there were births */
  }
}

static void test_shapes(void **state)
{
  (void)state;
  static const seep_poll_entry few[] = {{1, 0}, {2, HIGHEST}, {9, 1}, {1000000, HIGHEST - 1}};
  static const seep_poll_entry swapped[] = {{1, HIGHEST}, {2, 0}, {9, 0}, {1000000, 1}};
  static const seep_poll_entry figures[] = {{-6, 7}, {-5, 0}, {-1, HIGHEST}, {1, 0},
                                            {2, 5},  {9, 1},  {1000000, 0}};
  static const seep_poll_entry others[] = {{3, 1}, {8, 2}, {10, 3}, {999999, 4}, {1000001, 5}};
  static const seep_poll_entry far[] = {{1, 1}, {INT64_C(1) << 40, 2}, {(INT64_C(1) << 40) + 1, 3}};
  static const struct {
    const seep_poll_entry *list;
    size_t count;
  } lists[] = {{few, COUNT_OF(few)},
               {swapped, COUNT_OF(swapped)},
               {figures, COUNT_OF(figures)},
               {others, COUNT_OF(others)},
               {far, COUNT_OF(far)},
               {few, 1},
               {few, 0}};
  for (size_t i = 0; i < COUNT_OF(lists); i++) {
    round_trip(NULL, 0, lists[i].list, lists[i].count);
    for (size_t k = 0; k < COUNT_OF(lists); k++) {
      round_trip(lists[i].list, lists[i].count, lists[k].list, lists[k].count);
    }
  }
  /* Nothing new: the format, three empty lists, the check. */
  assert_true(round_trip(few, 4, few, 4) <= 8);
  assert_true(round_trip(NULL, 0, NULL, 0) <= 7);
}

/* The largest poll there is, against one in which all rows are others and against one that differs in all. */
static void test_as_many_as_may_be(void **state)
{
  (void)state;
  seep_poll_entry *even = calloc(SEEP_POLL_MAXIMUM_COUNT, sizeof *even);
  seep_poll_entry *odd = calloc(SEEP_POLL_MAXIMUM_COUNT, sizeof *odd);
  uint64_t random = 88172645463325252u;
  assert_non_null(even);
  assert_non_null(odd);
  for (size_t i = 0; i < SEEP_POLL_MAXIMUM_COUNT; i++) {
    even[i] = (seep_poll_entry){2 * (int64_t)i + 2, random_polls_number(&random) & HIGHEST};
    odd[i] = (seep_poll_entry){2 * (int64_t)i + 1, random_polls_number(&random) & HIGHEST};
  }
  round_trip(NULL, 0, even, SEEP_POLL_MAXIMUM_COUNT);
  round_trip(even, SEEP_POLL_MAXIMUM_COUNT, odd, SEEP_POLL_MAXIMUM_COUNT);
  for (size_t i = 0; i < SEEP_POLL_MAXIMUM_COUNT; i++) {
    odd[i].row = even[i].row;
  }
  round_trip(even, SEEP_POLL_MAXIMUM_COUNT, odd, SEEP_POLL_MAXIMUM_COUNT);
  free(even);
  free(odd);
}

/* Files out there hold these bytes: whoever changes them changes the format. */
static void test_bytes(void **state)
{
  (void)state;
  static const seep_poll_entry first[] = {{-6, 300}, {1, 5}, {2, 6}, {4, 1000}};
  static const seep_poll_entry second[] = {{-6, 299}, {1, 5}, {3, 9}, {4, 1001}, {200, 0}};
  static const uint8_t whole[] = {0x05, 0xF3, 0xFA, 0xEC, 0xC9, 0x36, 0x43,
                                  0x60, 0x9F, 0x58, 0x36, 0xE9, 0xEA, 0x4A};
  static const uint8_t changes[] = {0x06, 0xFB, 0xDC, 0xAE, 0x1C, 0x80, 0x09, 0x5A,
                                    0xCE, 0x77, 0xF8, 0xD2, 0x0A, 0x2D, 0x79};
  uint8_t bytes[1024];
  seep_poll_entry back[8];
  size_t read = 0;
  assert_int_equal(seep_poll_row_encode(NULL, 0, first, COUNT_OF(first), bytes), sizeof whole);
  assert_memory_equal(bytes, whole, sizeof whole);
  assert_int_equal(seep_poll_row_decode(whole, sizeof whole, NULL, 0, back, 8, &read, NULL), SEEP_OK);
  assert_int_equal(read, COUNT_OF(first));
  assert_same(back, first, read);
  size_t size = seep_poll_row_encode(first, COUNT_OF(first), second, COUNT_OF(second), bytes);
  assert_int_equal(size, sizeof changes);
  assert_memory_equal(bytes, changes, sizeof changes);
  /* Many more, so that the models have learned all they can. */
  static random_polls polls;
  static uint8_t long_row[RANDOM_POLLS_ROOM * 90 + 64];
  random_polls_init(&polls, 88172645463325252u, 300);
  for (unsigned i = 0; i < 8; i++) {
    random_polls_next(&polls);
  }
  size = seep_poll_row_encode(NULL, 0, polls.entries, polls.count, long_row);
  assert_int_equal(size, 699);
  assert_int_equal(crc32(0, long_row, (uInt)size - 4), 0xCFC3F406);
}

static void refuse(const uint8_t *bytes, size_t size, const seep_poll_entry *before, size_t before_count)
{
  static seep_poll_entry back[RANDOM_POLLS_ROOM + 1];
  size_t read = 99;
  seep_error error;
  /* At the end of a heap block, so that a byte too far is a sanitizer's finding. */
  uint8_t *copy = malloc(size > 0 ? size : 1);
  assert_non_null(copy);
  if (size > 0) {
    memcpy(copy, bytes, size);
  }
  back[RANDOM_POLLS_ROOM] = guard;
  assert_int_equal(
      seep_poll_row_decode(copy, size, before, before_count, back, RANDOM_POLLS_ROOM, &read, &error),
      SEEP_CORRUPT);
  assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
  assert_in_range(error.code, 0, size);
  assert_int_equal(read, 99);
  assert_same(&back[RANDOM_POLLS_ROOM], &guard, 1);
  free(copy);
}

static void flip_and_cut(const seep_poll_entry *before, size_t before_count, const random_polls *polls)
{
  static uint8_t bytes[RANDOM_POLLS_ROOM * 90 + 64];
  size_t size = seep_poll_row_encode(before, before_count, polls->entries, polls->count, bytes);
  for (size_t i = 0; i < size; i++) {
    uint8_t right = bytes[i];
    for (unsigned wrong = 1; wrong < 256; wrong++) {
      bytes[i] = (uint8_t)(right ^ wrong);
      refuse(bytes, size, before, before_count);
    }
    bytes[i] = right;
  }
  for (size_t cut = 0; cut < size; cut++) {
    refuse(bytes, cut, before, before_count);
  }
  for (unsigned more = 0; more < 256; more++) {
    bytes[size] = (uint8_t)more;
    refuse(bytes, size + 1, before, before_count);
  }
}

static void test_every_flip_and_cut(void **state)
{
  (void)state;
  static random_polls polls, before;
  random_polls_init(&polls, 88172645463325252u, 30);
  for (unsigned i = 0; i < 30; i++) {
    before = polls;
    random_polls_next(&polls);
  }
  flip_and_cut(NULL, 0, &polls);
  flip_and_cut(before.entries, before.count, &polls);
}

/* A row with a right checksum that says what it likes: one letter for each number, of the kind that the
 * letter names. */
typedef struct lie {
  char kind; /* c how many, s stayed, u unchanged, f fell, d by how many pages, r row, p pages; 0 the end */
  uint64_t value;
} lie;

#define LIE_KINDS "csudrp"

static size_t compose(uint8_t format, const lie *lies, uint8_t *out, size_t room)
{
  static seep_series_number kinds[sizeof LIE_KINDS - 1];
  seep_bit_model fell;
  seep_bit_encoder encoder;
  for (size_t i = 0; i < COUNT_OF(kinds); i++) {
    seep_series_number_init(&kinds[i]);
  }
  seep_bit_model_init(&fell, 1);
  out[0] = format;
  seep_bit_encoder_init(&encoder, out + 1, room - 5);
  for (; lies->kind != 0; lies++) {
    if (lies->kind == 'f') {
      seep_bit_encode(&encoder, &fell, lies->value != 0);
    } else {
      const char *kind = strchr(LIE_KINDS, lies->kind);
      assert_non_null(kind);
      seep_series_encode_number(&encoder, &kinds[kind - LIE_KINDS], lies->value);
    }
  }
  size_t size = 1 + seep_bit_encoder_finish(&encoder);
  assert_true(size <= room - 4);
  uint32_t check = (uint32_t)crc32(0, out, (uInt)size);
  for (unsigned k = 0; k < 4; k++) {
    out[size++] = (uint8_t)(check >> (8 * k));
  }
  return size;
}

#define HUGE_NUMBER HIGHEST /* the largest that the stream can say */

/* A loop that believed one of the huge numbers would go on for years: they are refused by what there is to
 * skip and by the room, so the work is bounded by the poll before and the room. */
static void test_lies_under_a_right_checksum(void **state)
{
  (void)state;
  static const seep_poll_entry before[] = {{-1, 5}, {2, 6}, {4, HIGHEST}};
  static const struct {
    uint8_t format;
    lie lies[12];
    seep_status expected;
  } cases[] = {
      {5, {{'c', 0}}, SEEP_OK},
      {6, {{'c', 0}, {'c', 0}, {'c', 0}}, SEEP_OK},
      {5, {{'c', 1}, {'r', 8}, {'p', 5}}, SEEP_OK},
      {5, {{'c', 1}, {'r', 0}, {'p', 5}}, SEEP_CORRUPT},                     /* a row before the first */
      {5, {{'c', 2}, {'r', 8}, {'p', 5}, {'r', 0}, {'p', 5}}, SEEP_CORRUPT}, /* the same row twice */
      {5, {{'c', HUGE_NUMBER}}, SEEP_LIMIT},                                 /* more than there is room for */
      {5, {{'c', 9}}, SEEP_LIMIT},                                           /* just one more */
      /* More than a block's row numbers reach. */
      {5, {{'c', 2}, {'r', HUGE_NUMBER}, {'p', 5}, {'r', 100}, {'p', 5}}, SEEP_CORRUPT},
      {6, {{'c', 3}, {'s', 0}, {'s', 0}, {'s', 0}, {'c', 0}, {'c', 0}}, SEEP_OK},
      {6, {{'c', 4}, {'s', 0}, {'s', 0}, {'s', 0}, {'s', 0}}, SEEP_CORRUPT}, /* four of three are gone */
      {6, {{'c', HUGE_NUMBER}, {'s', 0}, {'s', 0}}, SEEP_CORRUPT},
      {6, {{'c', 1}, {'s', 3}}, SEEP_CORRUPT}, /* the fourth is */
      {6, {{'c', 1}, {'s', HUGE_NUMBER}}, SEEP_CORRUPT},
      {6, {{'c', 2}, {'s', 1}, {'s', 1}}, SEEP_CORRUPT},
      {6, {{'c', 0}, {'c', 1}, {'u', 1}, {'f', 1}, {'d', 6}, {'c', 0}}, SEEP_OK},
      {6, {{'c', 0}, {'c', 1}, {'u', 1}, {'f', 1}, {'d', 7}, {'c', 0}}, SEEP_CORRUPT}, /* below none */
      {6, {{'c', 0}, {'c', 1}, {'u', 2}, {'f', 0}, {'d', 1}, {'c', 0}}, SEEP_CORRUPT}, /* above all */
      {6, {{'c', 0}, {'c', 1}, {'u', 3}}, SEEP_CORRUPT}, /* the fourth of three has changed */
      {6, {{'c', 0}, {'c', 1}, {'u', HUGE_NUMBER}}, SEEP_CORRUPT},
      {6, {{'c', 0}, {'c', HUGE_NUMBER}}, SEEP_CORRUPT},                     /* so many changes */
      {6, {{'c', 1}, {'s', 0}, {'c', 1}, {'u', 2}}, SEEP_CORRUPT},           /* the gone one is not counted */
      {6, {{'c', 0}, {'c', 0}, {'c', 1}, {'r', 9}, {'p', 5}}, SEEP_CORRUPT}, /* row 2 is new, and is there */
      {6, {{'c', 1}, {'s', 1}, {'c', 0}, {'c', 1}, {'r', 9}, {'p', 5}}, SEEP_OK}, /* ended and is new */
      {6, {{'c', 0}, {'c', 0}, {'c', HUGE_NUMBER}}, SEEP_LIMIT},
      {6, {{'c', 0}, {'c', 0}, {'c', 6}}, SEEP_LIMIT},
      {4, {{'c', 0}}, SEEP_CORRUPT},
      {7, {{'c', 0}}, SEEP_CORRUPT},
      {0, {{'c', 0}}, SEEP_CORRUPT},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    uint8_t bytes[128];
    seep_poll_entry back[9];
    size_t read = 99, size = compose(cases[i].format, cases[i].lies, bytes, sizeof bytes);
    back[8] = guard;
    seep_status status = seep_poll_row_decode(bytes, size, before, COUNT_OF(before), back, 8, &read, NULL);
    if (status != cases[i].expected) {
      print_error("case %u\n", (unsigned)i);
    }
    assert_int_equal(status, cases[i].expected);
    assert_true(status == SEEP_OK ? read <= 4 : read == 99);
    assert_same(&back[8], &guard, 1);
  }
}

/* Each step of a row is small enough, their sum would leave int64. */
static void test_rows_do_not_overflow(void **state)
{
  (void)state;
  enum { ROWS = 5000 };
  static lie lies[2 * ROWS + 2];
  static uint8_t bytes[ROWS * 40];
  static seep_poll_entry back[ROWS];
  size_t read = 99;
  lies[0] = (lie){'c', ROWS};
  for (size_t i = 0; i < ROWS; i++) {
    lies[1 + 2 * i] = (lie){'r', HUGE_NUMBER};
    lies[2 + 2 * i] = (lie){'p', i};
  }
  size_t size = compose(5, lies, bytes, sizeof bytes);
  assert_int_equal(seep_poll_row_decode(bytes, size, NULL, 0, back, ROWS, &read, NULL), SEEP_CORRUPT);
  assert_int_equal(read, 99);
}

/* A right checksum over noise: whatever comes of it keeps the rules of a poll and the room. */
static void test_noise_under_a_right_checksum(void **state)
{
  (void)state;
  static random_polls polls;
  static seep_poll_entry back[RANDOM_POLLS_ROOM + 1];
  uint64_t random = 88172645463325252u;
  uint8_t bytes[96];
  random_polls_init(&polls, random, 40);
  for (unsigned attempt = 0; attempt < 20000; attempt++) {
    size_t size = 1 + attempt % 80, read = 0;
    for (size_t i = 0; i < size; i++) {
      bytes[i] = (uint8_t)(random_polls_number(&random) >> 9);
    }
    bytes[0] = (uint8_t)(5 + attempt % 2);
    bytes[1] |= 0xC0; /* a small number comes first: a huge one is refused too soon to be of interest */
    uint32_t check = (uint32_t)crc32(0, bytes, (uInt)size);
    for (unsigned k = 0; k < 4; k++) {
      bytes[size++] = (uint8_t)(check >> (8 * k));
    }
    back[RANDOM_POLLS_ROOM] = guard;
    seep_status status =
        seep_poll_row_decode(bytes, size, polls.entries, polls.count, back, RANDOM_POLLS_ROOM, &read, NULL);
    assert_true(status == SEEP_OK || status == SEEP_CORRUPT || status == SEEP_LIMIT);
    assert_same(&back[RANDOM_POLLS_ROOM], &guard, 1);
    for (size_t i = 0; i < read; i++) {
      assert_true(back[i].row >= SEEP_POLL_FIRST_ROW && back[i].pages <= HIGHEST);
      assert_true(i == 0 || back[i - 1].row < back[i].row);
    }
  }
}

/* The rules of a poll hold for what is accepted, even if the poll before is not the one it was made from. */
static void test_a_wrong_poll_before(void **state)
{
  (void)state;
  static random_polls polls, before;
  static uint8_t bytes[RANDOM_POLLS_ROOM * 90 + 64];
  static seep_poll_entry back[RANDOM_POLLS_ROOM];
  random_polls_init(&polls, 88172645463325252u, 50);
  for (unsigned i = 0; i < 100; i++) {
    before = polls;
    random_polls_next(&polls);
    size_t size = seep_poll_row_encode(before.entries, before.count, polls.entries, polls.count, bytes);
    for (size_t lost = 0; lost <= before.count; lost += 7) {
      size_t read = 0;
      seep_status status = seep_poll_row_decode(bytes, size, before.entries + lost, before.count - lost, back,
                                                RANDOM_POLLS_ROOM, &read, NULL);
      assert_true(status == SEEP_OK || status == SEEP_CORRUPT);
      for (size_t k = 0; k < read; k++) {
        assert_true(back[k].pages <= HIGHEST && (k == 0 || back[k - 1].row < back[k].row));
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_polls),         cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_as_many_as_may_be),    cmocka_unit_test(test_bytes),
      cmocka_unit_test(test_every_flip_and_cut),   cmocka_unit_test(test_lies_under_a_right_checksum),
      cmocka_unit_test(test_rows_do_not_overflow), cmocka_unit_test(test_noise_under_a_right_checksum),
      cmocka_unit_test(test_a_wrong_poll_before),
  };
  return cmocka_run_group_tests_name("store/poll_row", tests, NULL, NULL);
}
