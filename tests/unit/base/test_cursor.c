/* The cursor never reads outside, and one failed read is remembered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cursor.h"

static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF};

static void reads_little_endian_in_order(void **state)
{
  seep_cursor cursor;
  (void)state;
  seep_cursor_init(&cursor, bytes, sizeof bytes);
  assert_int_equal(seep_cursor_u8(&cursor), 0x01);
  assert_int_equal(seep_cursor_u16(&cursor), 0x0302);
  assert_int_equal(seep_cursor_u32(&cursor), 0x07060504);
  assert_true(seep_cursor_u64(&cursor) == UINT64_C(0xFFFEFDFCFBFAF908));
  assert_int_equal(seep_cursor_left(&cursor), 0);
  assert_false(cursor.failed);
}

static void a_read_that_does_not_fit_fails_and_stays_failed(void **state)
{
  seep_cursor cursor;
  (void)state;
  seep_cursor_init(&cursor, bytes, 3);
  assert_int_equal(seep_cursor_u32(&cursor), 0);
  assert_true(cursor.failed);
  assert_int_equal(cursor.position, 0);
  assert_int_equal(seep_cursor_u8(&cursor), 0);
  assert_null(seep_cursor_bytes(&cursor, 0));
  assert_int_equal(seep_cursor_left(&cursor), 0);
  seep_cursor_seek(&cursor, 0);
  assert_true(cursor.failed);
}

static void every_width_is_bounded_at_the_end(void **state)
{
  (void)state;
  for (size_t size = 0; size < 8; size++) {
    seep_cursor cursor;
    seep_cursor_init(&cursor, bytes, size);
    (void)seep_cursor_u64(&cursor);
    assert_true(cursor.failed);
    seep_cursor_init(&cursor, bytes, size);
    (void)seep_cursor_u32(&cursor);
    assert_int_equal(cursor.failed, size < 4);
    seep_cursor_init(&cursor, bytes, size);
    (void)seep_cursor_u16(&cursor);
    assert_int_equal(cursor.failed, size < 2);
    seep_cursor_init(&cursor, bytes, size);
    (void)seep_cursor_u8(&cursor);
    assert_int_equal(cursor.failed, size < 1);
  }
}

static void borrows_bytes_and_refuses_huge_counts(void **state)
{
  seep_cursor cursor;
  (void)state;
  seep_cursor_init(&cursor, bytes, sizeof bytes);
  assert_ptr_equal(seep_cursor_bytes(&cursor, 4), bytes);
  assert_ptr_equal(seep_cursor_bytes(&cursor, 0), bytes + 4);
  seep_cursor_skip(&cursor, 1);
  assert_int_equal(cursor.position, 5);
  assert_null(seep_cursor_bytes(&cursor, SIZE_MAX));
  assert_true(cursor.failed);
  assert_int_equal(cursor.position, 5);
}

static void seeks_to_the_end_but_not_beyond(void **state)
{
  seep_cursor cursor;
  (void)state;
  seep_cursor_init(&cursor, bytes, sizeof bytes);
  seep_cursor_seek(&cursor, sizeof bytes);
  assert_false(cursor.failed);
  assert_int_equal(seep_cursor_left(&cursor), 0);
  seep_cursor_seek(&cursor, 2);
  assert_int_equal(seep_cursor_u8(&cursor), 0x03);
  seep_cursor_seek(&cursor, sizeof bytes + 1);
  assert_true(cursor.failed);
}

static void reads_at_offsets_without_moving(void **state)
{
  seep_cursor cursor;
  (void)state;
  seep_cursor_init(&cursor, bytes, sizeof bytes);
  assert_int_equal(seep_cursor_u16_at(&cursor, 1), 0x0302);
  assert_int_equal(seep_cursor_u32_at(&cursor, 3), 0x07060504);
  assert_true(seep_cursor_u64_at(&cursor, 7) == UINT64_C(0xFFFEFDFCFBFAF908));
  assert_int_equal(cursor.position, 0);
  assert_false(cursor.failed);
  assert_true(seep_cursor_u64_at(&cursor, 8) == 0);
  assert_true(cursor.failed);
  seep_cursor_init(&cursor, bytes, sizeof bytes);
  assert_int_equal(seep_cursor_u32_at(&cursor, SIZE_MAX - 1), 0);
  assert_true(cursor.failed);
}

static void no_data_is_an_empty_input(void **state)
{
  seep_cursor cursor;
  (void)state;
  seep_cursor_init(&cursor, NULL, 17);
  assert_int_equal(seep_cursor_left(&cursor), 0);
  assert_non_null(seep_cursor_bytes(&cursor, 0));
  assert_int_equal(seep_cursor_u8(&cursor), 0);
  assert_true(cursor.failed);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_little_endian_in_order),
      cmocka_unit_test(a_read_that_does_not_fit_fails_and_stays_failed),
      cmocka_unit_test(every_width_is_bounded_at_the_end),
      cmocka_unit_test(borrows_bytes_and_refuses_huge_counts),
      cmocka_unit_test(seeks_to_the_end_but_not_beyond),
      cmocka_unit_test(reads_at_offsets_without_moving),
      cmocka_unit_test(no_data_is_an_empty_input),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
