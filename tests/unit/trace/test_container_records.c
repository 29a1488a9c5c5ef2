/* The forms of records in a buffer: what each says of itself, and sizes and markers that cannot be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/container.h"
#include "unit/trace/container_rig.h"

static void test_precise_sample_words_precede_the_payload(void **state)
{
  (void)state;
  /* Version word 0x8204: a sample index and two counters, then 16 bytes of payload. */
  static const uint8_t record[] = {0x04, 0x82, 0x11, 0xc0, 0x38, 0x00, 0x24, 0x05, 0xff, 0x2e, 0xfc, 0xcd,
                                   0x61, 0x01, 0x00, 0x00, 0x59, 0x45, 0xc9, 0x4f, 0xf7, 0x7f, 0x00, 0x00,
                                   0x38, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb8, 0x24, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0xAA, 0,    0,    0,    0,    0,    0,    0,
                                   0,    0,    0,    0,    0,    0,    0,    0};
  container_tally seen;
  memory_file file = container_rig_file(record, sizeof record);
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_int_equal(summary.loss_flagged_buffers, 1);
  assert_int_equal(seen.last.header_type, 17);
  assert_true(seen.last.is_kernel);
  assert_int_equal(seen.last.hook_id, 0x0524);
  assert_int_equal(seen.last.version, 4);
  assert_int_equal(seen.last.pointer_bytes, 8);
  assert_int_equal(seen.last.processor, 3);
  assert_int_equal(seen.last.ticks, 0x161cdfc2effu);
  assert_int_equal(seen.last.pid, UINT32_MAX);
  assert_int_equal(seen.last.tid, UINT32_MAX);
  assert_int_equal(seen.last.payload_bytes, 16);
  assert_int_equal(seen.last.payload[0], 0xAA);
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 1, 0x87, 1); /* seven counters do not fit */
  summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 1);
  memory_file_free(&file);
}

static void test_thread_stands_before_process(void **state)
{
  (void)state;
  static const uint8_t record[0x28] = {2,    0, 1, 0xC0, 0x28, 0, 1, 3,   0x78,
                                       0x47, 0, 0, 0x44, 0x4c, 0, 0, 0x85};
  container_tally seen;
  memory_file file = container_rig_file(record, sizeof record);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.tid, 0x4778);
  assert_int_equal(seen.last.pid, 0x4c44);
  assert_int_equal(seen.last.ticks, 0x85);
  assert_int_equal(seen.last.pointer_bytes, 4);
  assert_int_equal(seen.last.hook_id, 0x0301);
  assert_int_equal(seen.last.payload_bytes, 8);
  memory_file_free(&file);
}

static void test_records_of_both_sizes_in_one_buffer(void **state)
{
  (void)state;
  static const uint8_t records[0x60] = {
      2,    0, 1,    0xC0, 0x20,       0, 0x17, 0x0B, [0x20] = 2, 0, 2,    0xC0,
      0x20, 0, 0x17, 0x0B, [0x40] = 2, 0, 16,   0xC0, 0x20,       0, 0x24, 5};
  container_tally seen;
  memory_file file = container_rig_file(records, 0x20);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.pointer_bytes, 4);
  memory_file_free(&file);
  file = container_rig_file(records, 0x40);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.pointer_bytes, 8);
  memory_file_free(&file);
  file = container_rig_file(records, 0x60);
  assert_int_equal(container_rig_walk(&file, &seen).records, HEADER_RECORDS + 3);
  assert_int_equal(seen.last.pointer_bytes, 4);
  memory_file_free(&file);
}

static void test_extended_items_are_skipped(void **state)
{
  (void)state;
  uint8_t record[0x50 + 16 + 16 + 8] = {sizeof record, 0, 19, 0xC0, 1};
  container_tally seen;
  record[0x50] = 16; /* first item: 16 bytes, another one follows, 8 bytes of data */
  record[0x54] = 1;
  record[0x56] = 8;
  record[0x60] = 16; /* last item */
  record[0x66] = 8;
  record[0x70] = 0xBB;
  memory_file file = container_rig_file(record, sizeof record);
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_int_equal(seen.last.payload_bytes, 8);
  assert_int_equal(seen.last.payload[0], 0xBB);
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 0x64, 1, 2); /* the last item promises one more */
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 0x60, 24, 2);
  summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 1);
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 0x50, 4, 2); /* an item smaller than its own header */
  assert_int_equal(container_rig_walk(&file, &seen).bad_records, 1);
  memory_file_free(&file);
}

static void test_extended_items_and_class_versions_are_shown(void **state)
{
  (void)state;
  uint8_t event[0x50 + 16 + 24 + 8] = {sizeof event, 0, 19, 0xC0, 1};
  uint8_t classic[0x38] = {sizeof classic, 0, 20, 0xC0, 36, 0, 2, 0};
  container_tally seen;
  event[0x50] = 16;
  event[0x54] = 1;
  event[0x60] = 24;
  event[0x66] = 16;
  memory_file file = container_rig_file(event, sizeof event);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.extended_bytes, 40);
  assert_int_equal(seen.last.extended[0x10], 24);
  assert_ptr_equal(seen.last.extended + 40, seen.last.payload);
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 4, 0, 1); /* says that there are none */
  container_rig_walk(&file, &seen);
  assert_null(seen.last.extended);
  assert_int_equal(seen.last.extended_bytes, 0);
  assert_int_equal(seen.last.payload_bytes, 48);
  memory_file_free(&file);
  file = container_rig_file(classic, sizeof classic);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.version, 2);
  assert_int_equal(seen.last.opcode, 36);
  assert_int_equal(seen.last.payload_bytes, 8);
  memory_file_free(&file);
}

/* Nibble B in front: a header with a short time, of which no more is known than its size. */
static void test_the_form_with_a_short_time_is_skipped_by_its_size(void **state)
{
  (void)state;
  static const uint8_t records[0x38] = {0x18, 0, 17, 0xB0, [0x18] = 2, 0, 17, 0xC0, 0x20, 0, 0x24, 5};
  container_tally seen;
  memory_file file = container_rig_file(records, sizeof records);
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 2);
  assert_int_equal(summary.bad_records, 0);
  assert_int_equal(seen.by_type[0], 1);
  assert_int_equal(seen.last.hook_id, 0x0524);
  memory_file_put(&file, BUFFER_BYTES + 0x48, 7, 2); /* smaller than its header */
  assert_int_equal(container_rig_walk(&file, &seen).bad_records, 1);
  memory_file_free(&file);
}

static void test_hostile_record_sizes_end_their_buffer(void **state)
{
  (void)state;
  static const uint16_t sizes[] = {0, 1, 0x0F, 0x21, 0xFFFF};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    uint8_t record[0x20] = {2, 0, 17, 0xC0, 0, 0, 0x62, 2};
    container_tally seen;
    record[4] = (uint8_t)(sizes[i] & 0xFFu);
    record[5] = (uint8_t)(sizes[i] >> 8);
    memory_file file = container_rig_file(record, sizeof record);
    seep_trace_summary summary = container_rig_walk(&file, &seen);
    assert_int_equal(summary.buffers, 2);
    assert_int_equal(summary.records, HEADER_RECORDS);
    assert_int_equal(summary.bad_records, 1);
    assert_false(summary.truncated);
    memory_file_free(&file);
  }
}

static void test_markers_nobody_knows(void **state)
{
  (void)state;
  static const uint8_t types[] = {0, 5, 9, 22, 200};
  uint8_t record[0x60] = {0x60, 0, 0, 0xC0, 0x60};
  container_tally seen;
  for (size_t i = 0; i < sizeof types; i++) {
    record[2] = types[i];
    memory_file file = container_rig_file(record, sizeof record);
    assert_int_equal(container_rig_walk(&file, &seen).bad_records, 1);
    memory_file_free(&file);
  }
  record[3] = 0x40; /* no marker bit */
  memory_file file = container_rig_file(record, sizeof record);
  assert_int_equal(container_rig_walk(&file, &seen).bad_records, 1);
  record[3] = 0x90; /* a WPP message: its size is all we take */
  record[2] = 19;
  memory_file message = container_rig_file(record, sizeof record);
  assert_int_equal(container_rig_walk(&message, &seen).records, HEADER_RECORDS + 1);
  assert_int_equal(seen.last.header_type, 0);
  assert_int_equal(seen.last.ticks, 0);
  assert_int_equal(seen.last.payload_bytes, 0x60 - 8);
  memory_file_free(&file);
  memory_file_free(&message);
}

static void test_filler_ends_a_buffer_quietly(void **state)
{
  (void)state;
  uint8_t record[0x30];
  container_tally seen;
  memset(record, 0xFF, sizeof record);
  memory_file file = container_rig_file(record, sizeof record);
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 0);
  memory_file_free(&file);
}

/* Offset may stand before the aligned end of the last record (seen in files of Windows 7). */
static void test_the_last_record_may_end_unaligned(void **state)
{
  (void)state;
  static const uint8_t record[0x14] = {2, 0, 17, 0xC0, 0x14, 0, 0x24, 5};
  container_tally seen;
  memory_file file = container_rig_file(record, sizeof record);
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_int_equal(summary.bad_records, 0);
  assert_int_equal(seen.last.payload_bytes, 4);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_precise_sample_words_precede_the_payload),
      cmocka_unit_test(test_thread_stands_before_process),
      cmocka_unit_test(test_records_of_both_sizes_in_one_buffer),
      cmocka_unit_test(test_extended_items_are_skipped),
      cmocka_unit_test(test_extended_items_and_class_versions_are_shown),
      cmocka_unit_test(test_the_form_with_a_short_time_is_skipped_by_its_size),
      cmocka_unit_test(test_hostile_record_sizes_end_their_buffer),
      cmocka_unit_test(test_markers_nobody_knows),
      cmocka_unit_test(test_filler_ends_a_buffer_quietly),
      cmocka_unit_test(test_the_last_record_may_end_unaligned),
  };
  return cmocka_run_group_tests_name("trace container records", tests, NULL, NULL);
}
