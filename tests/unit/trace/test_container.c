/* The container walker against real files, whose figures an independent parser has computed, and against
 * headers that lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "trace/container.h"
#include "unit/trace/container_rig.h"

typedef struct expectation {
  const char *file;
  seep_trace_header header;
  uint64_t buffers, compressed, records, kernel_records;
  uint64_t system32, system64, event64, perfinfo64;
} expectation;

static const expectation fixtures[] = {
    {"airbus-lxcore_kernel.etl",
     {.buffer_size_bytes = 8192,
      .os_major = 10,
      .os_minor = 0,
      .os_build = 19041,
      .processors = 6,
      .pointer_bytes = 8,
      .log_file_mode = 0,
      .events_lost = 0,
      .buffers_lost = 0,
      .clock_type = 1,
      .frequency_hz = 10000000,
      .start = 132392018711387363u,
      .end = 132392018832816874u},
     3,
     0,
     4,
     2,
     0,
     2,
     2,
     0},
    {"s4-WindowsUpdate.etl",
     {.buffer_size_bytes = 4096,
      .os_major = 10,
      .os_minor = 0,
      .os_build = 22631,
      .processors = 1,
      .pointer_bytes = 8,
      .log_file_mode = 0x11002009,
      .events_lost = 41,
      .buffers_lost = 0,
      .clock_type = 1,
      .frequency_hz = 10000000,
      .start = 134044309654479919u,
      .end = 134044316089912269u},
     7,
     0,
     82,
     2,
     0,
     2,
     80,
     0},
    {"s4-waasmedic.etl",
     {.buffer_size_bytes = 8192,
      .os_major = 10,
      .os_minor = 0,
      .os_build = 22631,
      .processors = 1,
      .pointer_bytes = 8,
      .log_file_mode = 0x11002002,
      .events_lost = 0,
      .buffers_lost = 0,
      .clock_type = 1,
      .frequency_hz = 10000000,
      .start = 134041374192015908u,
      .end = 134041374793841542u},
     2,
     0,
     21,
     4,
     0,
     2,
     17,
     2},
    {"perfview-SelfDescribingSingleEvent.etl",
     {.buffer_size_bytes = 65536,
      .os_major = 10,
      .os_minor = 0,
      .os_build = 22000,
      .processors = 12,
      .pointer_bytes = 8,
      .log_file_mode = 0x04010001,
      .events_lost = 0,
      .buffers_lost = 0,
      .clock_type = 1,
      .frequency_hz = 10000000,
      .start = 132949636352722435u,
      .end = 132949636386242009u},
     3,
     2,
     23,
     4,
     0,
     4,
     1,
     0},
    {"perfview-smallEtlFile.etl",
     {.buffer_size_bytes = 65536,
      .os_major = 10,
      .os_minor = 0,
      .os_build = 10586,
      .processors = 4,
      .pointer_bytes = 4,
      .log_file_mode = 0x04011001,
      .events_lost = 0,
      .buffers_lost = 0,
      .clock_type = 1,
      .frequency_hz = 3117777,
      .start = 131159502220379266u,
      .end = 131159502220688637u},
     2,
     1,
     2,
     1,
     1,
     0,
     0,
     0},
};

static void check_header(const seep_trace_header *found, const seep_trace_header *expected)
{
  assert_int_equal(found->buffer_size_bytes, expected->buffer_size_bytes);
  assert_int_equal(found->os_major, expected->os_major);
  assert_int_equal(found->os_minor, expected->os_minor);
  assert_int_equal(found->os_build, expected->os_build);
  assert_int_equal(found->processors, expected->processors);
  assert_int_equal(found->pointer_bytes, expected->pointer_bytes);
  assert_int_equal(found->log_file_mode, expected->log_file_mode);
  assert_int_equal(found->events_lost, expected->events_lost);
  assert_int_equal(found->buffers_lost, expected->buffers_lost);
  assert_int_equal(found->clock_type, expected->clock_type);
  assert_int_equal(found->frequency_hz, expected->frequency_hz);
  assert_int_equal(found->start, expected->start);
  assert_int_equal(found->end, expected->end);
}

static void test_real_files(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof fixtures / sizeof fixtures[0]; i++) {
    const expectation *expected = &fixtures[i];
    memory_file file = memory_file_fixture(expected->file);
    seep_trace_summary summary;
    container_tally seen = {0};
    assert_non_null(file.bytes);
    assert_int_equal(seep_trace_walk(file.bytes, file.size, container_rig_count, &seen, &summary, NULL),
                     SEEP_OK);
    check_header(&summary.header, &expected->header);
    assert_int_equal(summary.buffers, expected->buffers);
    assert_int_equal(summary.compressed_buffers, expected->compressed);
    assert_int_equal(summary.bad_buffers, 0);
    assert_int_equal(summary.loss_flagged_buffers, 0);
    assert_int_equal(summary.records, expected->records);
    assert_int_equal(summary.kernel_records, expected->kernel_records);
    assert_int_equal(summary.bad_records, 0);
    assert_false(summary.truncated);
    assert_int_equal(seen.records, expected->records);
    assert_int_equal(seen.by_type[1], expected->system32);
    assert_int_equal(seen.by_type[2], expected->system64);
    assert_int_equal(seen.by_type[19], expected->event64);
    assert_int_equal(seen.by_type[17], expected->perfinfo64);
    memory_file_free(&file);
  }
}

static void test_every_truncation_of_a_real_file(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  uint64_t last_records = 0;
  assert_non_null(file.bytes);
  for (size_t size = 0; size < file.size; size += 97) {
    memory_file cut = memory_file_copy(file.bytes, size);
    seep_trace_summary summary = {0};
    seep_status status = seep_trace_walk(cut.bytes, cut.size, NULL, NULL, &summary, NULL);
    assert_true(status == SEEP_OK || (status == SEEP_CORRUPT && size < 600));
    if (status == SEEP_OK) {
      assert_true(summary.truncated || size % 4096 == 0);
      assert_int_equal(summary.bad_records, 0);
      assert_true(summary.records >= last_records && summary.records <= 82);
      last_records = summary.records;
    }
    memory_file_free(&cut);
  }
  assert_int_equal(last_records, 82);
  memory_file_free(&file);
}

/* What a system that failed leaves behind may be as long as it should be, with nothing in it. */
static void test_a_file_that_ends_in_zeros_is_cut(void **state)
{
  (void)state;
  static const uint8_t zeros[3 * BUFFER_BYTES] = {0};
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  container_tally seen;
  assert_non_null(file.bytes);
  assert_true(memory_file_write(&file, file.size, zeros, sizeof zeros));
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_true(summary.truncated);
  assert_int_equal(summary.records, 82);
  assert_int_equal(summary.bad_buffers + summary.bad_records, 0);
  memory_file_free(&file);
}

static void test_other_files_are_refused(void **state)
{
  (void)state;
  static const uint8_t text[512] =
      "Not a trace at all, but long enough to hold a buffer header and a record.";
  memory_file file = memory_file_fixture("s4-waasmedic.etl");
  seep_trace_summary summary;
  seep_error error;
  assert_int_equal(seep_trace_walk(text, sizeof text, NULL, NULL, &summary, &error), SEEP_CORRUPT);
  assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
  assert_int_equal(error.code, HEADER_RECORD_AT);
  assert_int_equal(seep_trace_walk(NULL, 0, NULL, NULL, &summary, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 0);
  assert_non_null(file.bytes);
  memory_file_put(&file, HEADER_RECORD_AT + 6, 0x0263, 2); /* another hook in the first place */
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, &error), SEEP_CORRUPT);
  memory_file_put(&file, HEADER_RECORD_AT + 6, 0, 2);
  memory_file_put(&file, 0, 8, 4); /* a buffer smaller than its own header */
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, &error), SEEP_CORRUPT);
  memory_file_free(&file);
}

static void test_hostile_buffer_headers(void **state)
{
  (void)state;
  static const uint8_t record[0x20] = {2, 0, 17, 0xC0, 0x20, 0, 0x24, 5};
  container_tally seen;
  memory_file file = container_rig_file(record, sizeof record);
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0xFFFFFFFF,
                  4); /* valid part beyond the buffer: cut at its end */
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_int_equal(summary.bad_records, 1); /* the zeros after the record are none */
  assert_false(summary.truncated);
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0x20, 4); /* valid part inside the header: empty */
  summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 0);
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0x68, 4);
  memory_file_put(&file, BUFFER_BYTES, 0xFFFFFFF8,
                  4); /* a buffer of 4 GiB: the file is cut, its records are there */
  summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_true(summary.truncated);
  memory_file_put(&file, BUFFER_BYTES, 0, 4); /* a buffer without size must not be walked for ever */
  summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.buffers, 1);
  assert_int_equal(summary.bad_buffers, 0);
  assert_true(summary.truncated);
  memory_file_put(&file, BUFFER_BYTES, 0x40, 4); /* smaller than its own header */
  summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.buffers, 1);
  assert_int_equal(summary.bad_buffers, 1);
  memory_file_free(&file);
}

static void test_processor_field_is_wide_only_with_its_flag(void **state)
{
  (void)state;
  static const uint8_t record[0x20] = {2, 0, 17, 0xC0, 0x20, 0, 0x24, 5};
  container_tally seen;
  memory_file file = container_rig_file(record, sizeof record);
  memory_file_put(&file, BUFFER_BYTES + 0x28, 0x0903, 2);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.processor, 3);
  memory_file_put(&file, BUFFER_BYTES + 0x34, 0x20, 2);
  container_rig_walk(&file, &seen);
  assert_int_equal(seen.last.processor, 0x103);
  memory_file_free(&file);
}

static void test_a_visitor_can_stop(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  container_tally seen = {.stop_after = 5};
  seep_trace_summary summary;
  assert_non_null(file.bytes);
  assert_int_equal(seep_trace_walk(file.bytes, file.size, container_rig_count, &seen, &summary, NULL),
                   SEEP_OK);
  assert_int_equal(seen.records, 5);
  assert_int_equal(summary.records, 5);
  assert_int_equal(seen.processors, 1);
  memory_file_free(&file);
}

static void test_saved_offset_is_not_the_end_of_the_valid_bytes(void **state)
{
  (void)state;
  static const uint32_t saved[] = {0, 0x48, 0x1b8, UINT32_MAX};
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  container_tally seen;
  assert_non_null(file.bytes);
  for (size_t i = 0; i < sizeof saved / sizeof saved[0]; i++) {
    for (size_t at = 0; at < file.size; at += BUFFER_BYTES) {
      memory_file_put(&file, at + 0x04, saved[i], 4);
      memory_file_put(&file, at + 0x08, 0x10000 + saved[i], 4);
    }
    assert_int_equal(container_rig_walk(&file, &seen).records, 82);
  }
  memory_file_free(&file);
}

/* Offsets of buffers as they were shown, and of how many the records are wanted. */
typedef struct buffers {
  seep_trace_buffer of[64];
  size_t count, wanted;
  uint64_t records;
} buffers;

static bool note_buffer(void *context, const seep_trace_buffer *buffer)
{
  buffers *seen = context;
  seen->of[seen->count % 64] = *buffer;
  return seen->count++ < seen->wanted;
}

static bool note_record(void *context, const seep_trace_record *record)
{
  buffers *seen = context;
  seen->records += record->payload != NULL ? 1 : 0;
  return true;
}

static void test_buffers_are_shown_and_may_be_left_out(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  buffers seen = {.wanted = 2}, none = {.wanted = 0};
  seep_trace_summary summary;
  assert_non_null(file.bytes);
  assert_int_equal(
      seep_trace_walk_buffers(file.bytes, file.size, note_buffer, note_record, &seen, &summary, NULL),
      SEEP_OK);
  assert_int_equal(seen.count, 7);
  assert_int_equal(summary.buffers, 7);
  assert_int_equal(summary.records, seen.records);
  assert_true(seen.records > 2 && seen.records < 82);
  for (size_t i = 0; i < 7; i++) {
    assert_int_equal(seen.of[i].offset, i * BUFFER_BYTES);
    assert_int_equal(seen.of[i].size_bytes, BUFFER_BYTES);
    assert_true(seen.of[i].valid_bytes > 0x48 && seen.of[i].valid_bytes <= BUFFER_BYTES);
    assert_int_equal(seen.of[i].type, i == 0 ? 4 : 0);
  }
  /* They do not begin at 1. */
  assert_int_equal(seen.of[1].sequence, 908);
  assert_true(seen.of[1].flushed > summary.header.first_ticks);
  assert_int_equal(
      seep_trace_walk_buffers(file.bytes, file.size, note_buffer, note_record, &none, &summary, NULL),
      SEEP_OK);
  assert_int_equal(summary.records + none.records, 0);
  memory_file_free(&file);
}

static void test_sizes_of_compressed_buffers_are_not_aligned(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("perfview-SelfDescribingSingleEvent.etl");
  buffers seen = {.wanted = SIZE_MAX};
  seep_trace_summary summary;
  assert_non_null(file.bytes);
  assert_int_equal(
      seep_trace_walk_buffers(file.bytes, file.size, note_buffer, note_record, &seen, &summary, NULL),
      SEEP_OK);
  assert_int_equal(seen.count, 3);
  assert_int_equal(seen.records, 23);
  assert_true(seen.of[1].size_bytes % 8 != 0 && seen.of[2].offset % 8 != 0);
  assert_int_equal(seen.of[2].offset + seen.of[2].size_bytes, file.size);
  assert_true(seen.of[1].valid_bytes > seen.of[1].size_bytes);
  assert_int_equal(seen.of[1].flags & 0x40, 0x40);
  memory_file_free(&file);
}

/* Each buffer's place in the file has more than 32 bits where it must. */
static void test_a_file_of_more_than_4_gigabytes(void **state)
{
  (void)state;
  size_t buffer_bytes = SEEP_TRACE_BUFFER_LIMIT, count = 270;
  memory_file small = memory_file_fixture("s4-WindowsUpdate.etl");
  buffers seen = {.wanted = SIZE_MAX};
  seep_trace_summary summary;
  assert_non_null(small.bytes);
  uint8_t *bytes = sizeof(size_t) > 4 ? calloc(count, buffer_bytes) : NULL; /* hardly any of it is touched */
  if (bytes == NULL) {
    memory_file_free(&small);
    skip();
  }
  memory_file file = {.bytes = bytes, .size = count * buffer_bytes};
  for (size_t i = 0; i < count; i++) {
    memcpy(bytes + i * buffer_bytes, small.bytes + (i == 0 ? 0 : BUFFER_BYTES), BUFFER_BYTES);
    memory_file_put(&file, i * buffer_bytes, buffer_bytes, 4);
  }
  assert_int_equal(
      seep_trace_walk_buffers(file.bytes, file.size, note_buffer, note_record, &seen, &summary, NULL),
      SEEP_OK);
  assert_int_equal(summary.buffers, count);
  assert_int_equal(summary.bad_records + summary.bad_buffers, 0);
  assert_false(summary.truncated);
  assert_true(seen.of[(count - 1) % 64].offset == (uint64_t)(count - 1) * buffer_bytes);
  assert_true(seen.of[(count - 1) % 64].offset > UINT32_MAX);
  memory_file_free(&file);
  memory_file_free(&small);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_real_files),
      cmocka_unit_test(test_every_truncation_of_a_real_file),
      cmocka_unit_test(test_a_file_that_ends_in_zeros_is_cut),
      cmocka_unit_test(test_other_files_are_refused),
      cmocka_unit_test(test_hostile_buffer_headers),
      cmocka_unit_test(test_processor_field_is_wide_only_with_its_flag),
      cmocka_unit_test(test_a_visitor_can_stop),
      cmocka_unit_test(test_saved_offset_is_not_the_end_of_the_valid_bytes),
      cmocka_unit_test(test_buffers_are_shown_and_may_be_left_out),
      cmocka_unit_test(test_sizes_of_compressed_buffers_are_not_aligned),
      cmocka_unit_test(test_a_file_of_more_than_4_gigabytes),
  };
  return cmocka_run_group_tests_name("trace container", tests, NULL, NULL);
}
