/* Compressed buffers: how many there are, how large they may become, and what is left of damaged ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/container.h"
#include "unit/trace/container_rig.h"

#define COMPRESSED "perfview-SelfDescribingSingleEvent.etl"
#define STATE_AT 0x2Cu
#define VALID_END_AT 0x30u

/* Where the second buffer of a file begins. */
static size_t second_buffer(const memory_file *file)
{
  return file->bytes[0] | (size_t)file->bytes[1] << 8;
}

static void test_unknown_compression_is_counted(void **state)
{
  (void)state;
  static const uint8_t formats[] = {2, 4};
  for (size_t i = 0; i < sizeof formats; i++) {
    memory_file file = memory_file_fixture(COMPRESSED);
    seep_trace_summary summary;
    file.bytes[STATE_AT] = formats[i];
    assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, NULL), SEEP_OK);
    assert_int_equal(summary.compressed_buffers, 2);
    assert_int_equal(summary.unread_buffers, 2);
    assert_int_equal(summary.bad_buffers, 0);
    memory_file_free(&file);
  }
}

/* Small files must not be made to unpack gigabytes. */
static void test_a_buffer_that_would_become_too_large_is_bad(void **state)
{
  (void)state;
  static const uint32_t sizes[] = {UINT32_MAX, 16u * 1024 * 1024 + 1,
                                   0x48u + SEEP_TRACE_UNPACKED_TIMES * 8192u};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    memory_file file = memory_file_fixture(COMPRESSED);
    seep_trace_summary summary;
    uint8_t *at = file.bytes + second_buffer(&file) + VALID_END_AT;
    for (unsigned byte = 0; byte < 4; byte++) {
      at[byte] = (uint8_t)(sizes[i] >> (8 * byte));
    }
    assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, NULL), SEEP_OK);
    assert_int_equal(summary.compressed_buffers, 2);
    assert_int_equal(summary.bad_buffers, 1);
    memory_file_free(&file);
  }
}

/* Up to the bound it is unpacked as far as it goes, beyond the bound not at all. */
static void test_the_bound_is_a_multiple_of_what_is_there(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture(COMPRESSED);
  seep_trace_summary whole, at_bound, beyond;
  size_t at = second_buffer(&file);
  size_t packed_bytes = (file.bytes[at] | (size_t)file.bytes[at + 1] << 8) - HEADER_RECORD_AT;
  size_t most_bytes = packed_bytes * SEEP_TRACE_UNPACKED_TIMES + SEEP_TRACE_UNPACKED_TIMES - 1;
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &whole, NULL), SEEP_OK);
  memory_file_put(&file, at + VALID_END_AT, HEADER_RECORD_AT + most_bytes, 4);
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &at_bound, NULL), SEEP_OK);
  memory_file_put(&file, at + VALID_END_AT, HEADER_RECORD_AT + most_bytes + 1, 4);
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &beyond, NULL), SEEP_OK);
  assert_int_equal(at_bound.records, whole.records);
  assert_true(beyond.records < whole.records);
  assert_int_equal(at_bound.bad_buffers, 1); /* it is shorter than it says */
  assert_int_equal(beyond.bad_buffers, 1);
  memory_file_free(&file);
}

/* However little of the last buffer is left, it is cut and not damaged. */
static void test_a_cut_buffer_is_not_a_bad_one(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture(COMPRESSED);
  seep_trace_summary summary;
  uint64_t records = 0;
  for (size_t size = second_buffer(&file) + 1; size < file.size; size++) {
    memory_file cut = memory_file_copy(file.bytes, size);
    assert_int_equal(seep_trace_walk(cut.bytes, cut.size, NULL, NULL, &summary, NULL), SEEP_OK);
    assert_int_equal(summary.bad_buffers + summary.bad_records, 0);
    assert_true(summary.records >= records);
    records = summary.records;
    memory_file_free(&cut);
  }
  assert_true(records > HEADER_RECORDS);
  memory_file_free(&file);
}

static void test_what_is_whole_of_a_damaged_buffer_is_read(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture(COMPRESSED);
  seep_trace_summary whole, summary;
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &whole, NULL), SEEP_OK);
  size_t from = second_buffer(&file) + HEADER_RECORD_AT;
  unsigned different = 0;
  for (size_t at = from; at < file.size; at++) {
    uint8_t before = file.bytes[at];
    file.bytes[at] ^= 0x55u;
    assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, NULL), SEEP_OK);
    different += summary.records != whole.records || summary.bad_buffers > 0 || summary.bad_records > 0;
    file.bytes[at] = before;
  }
  assert_true(different > 100);
  /* Cut in the middle of the last buffer: what came before it is there, and the cut is no fault of it. */
  assert_int_equal(seep_trace_walk(file.bytes, file.size - 100, NULL, NULL, &summary, NULL), SEEP_OK);
  assert_true(summary.truncated);
  assert_int_equal(summary.bad_buffers + summary.bad_records, 0);
  assert_true(summary.records > 2 && summary.records <= whole.records);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unknown_compression_is_counted),
      cmocka_unit_test(test_a_buffer_that_would_become_too_large_is_bad),
      cmocka_unit_test(test_the_bound_is_a_multiple_of_what_is_there),
      cmocka_unit_test(test_a_cut_buffer_is_not_a_bad_one),
      cmocka_unit_test(test_what_is_whole_of_a_damaged_buffer_is_read),
  };
  return cmocka_run_group_tests_name("trace container packed", tests, NULL, NULL);
}
