/* Numbers of every length there and back, and bytes that are no number. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "store/varint.h"

static void round_trip(uint64_t value)
{
  uint8_t bytes[SEEP_VARINT_BYTES + 1];
  seep_cursor cursor;
  memset(bytes, 0xEE, sizeof bytes);
  size_t length = seep_varint_put(bytes, value), expected = 1;
  for (uint64_t rest = value >> 7; rest != 0; rest >>= 7) {
    expected++;
  }
  assert_int_equal(length, expected);
  assert_true(length <= SEEP_VARINT_BYTES);
  assert_int_equal(bytes[length], 0xEE);
  /* What follows is not touched. */
  seep_cursor_init(&cursor, bytes, length + 1);
  assert_true(seep_varint_get(&cursor) == value);
  assert_false(cursor.failed);
  assert_int_equal(cursor.position, length);
  for (size_t cut = 0; cut < length; cut++) {
    seep_cursor_init(&cursor, bytes, cut);
    assert_true(seep_varint_get(&cursor) == 0);
    assert_true(cursor.failed);
  }
}

static void test_every_length(void **state)
{
  (void)state;
  for (unsigned bit = 0; bit < 64; bit++) {
    uint64_t power = UINT64_C(1) << bit;
    round_trip(power - 1);
    round_trip(power);
    round_trip(power + 1);
    round_trip(0 - power);
  }
  round_trip(UINT64_C(0x0123456789ABCDEF));
}

static void test_refused(void **state)
{
  (void)state;
  static const uint8_t bits65[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x01};
  static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
  static const uint8_t longest[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x07};
  seep_cursor cursor;
  seep_cursor_init(&cursor, longest, sizeof longest);
  assert_true(seep_varint_get(&cursor) == UINT64_MAX);
  assert_true(seep_varint_get(&cursor) == 7);
  assert_false(cursor.failed);
  seep_cursor_init(&cursor, bits65, sizeof bits65);
  assert_true(seep_varint_get(&cursor) == 0);
  assert_true(cursor.failed);
  /* The failure stays, although a good number would follow. */
  assert_true(seep_varint_get(&cursor) == 0);
  assert_true(cursor.failed);
  seep_cursor_init(&cursor, endless, sizeof endless);
  assert_true(seep_varint_get(&cursor) == 0);
  assert_true(cursor.failed);
}

static void test_both_signs(void **state)
{
  (void)state;
  static const struct {
    uint64_t difference, coded;
  } pairs[] = {{0, 0},
               {UINT64_MAX, 1},
               {1, 2},
               {UINT64_MAX - 1, 3},
               {INT64_MAX, UINT64_MAX - 1},
               {UINT64_C(1) << 63, UINT64_MAX}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    assert_true(seep_varint_zigzag(pairs[i].difference) == pairs[i].coded);
    assert_true(seep_varint_unzigzag(pairs[i].coded) == pairs[i].difference);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_length),
      cmocka_unit_test(test_refused),
      cmocka_unit_test(test_both_signs),
  };
  return cmocka_run_group_tests_name("store/varint", tests, NULL, NULL);
}
