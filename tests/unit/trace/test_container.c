/* The container walker against real files, whose figures an independent parser has computed, and against
 * liars. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/container.h"
#include "unit/trace/memory_file.h"

#define BUFFER_BYTES 4096u
#define HEADER_RECORD_AT 0x48u

/* What a visitor saw. */
typedef struct tally {
  uint64_t by_type[256];
  uint64_t processors; /* bit mask */
  uint64_t stop_after; /* 0 = never */
  uint64_t records;
  seep_trace_record last;
} tally;

static bool count_record(void *context, const seep_trace_record *record)
{
  tally *seen = context;
  seen->by_type[record->header_type]++;
  seen->processors |= UINT64_C(1) << (record->processor & 63u);
  seen->records++;
  seen->last = *record;
  return seen->stop_after == 0 || seen->records < seen->stop_after;
}

typedef struct expectation {
  const char *file;
  seep_trace_header header;
  uint64_t buffers, compressed, records, kernel_records;
  uint64_t system32, system64, event64, perfinfo64;
} expectation;

static const expectation fixtures[] = {
    {"airbus-lxcore_kernel.etl",
     {8192, 10, 0, 19041, 6, 8, 0, 0, 0, 1, 10000000, 132392018711387363u, 132392018832816874u},
     3,
     0,
     4,
     2,
     0,
     2,
     2,
     0},
    {"s4-WindowsUpdate.etl",
     {4096, 10, 0, 22631, 1, 8, 0x11002009, 41, 0, 1, 10000000, 134044309654479919u, 134044316089912269u},
     7,
     0,
     82,
     2,
     0,
     2,
     80,
     0},
    {"s4-waasmedic.etl",
     {8192, 10, 0, 22631, 1, 8, 0x11002002, 0, 0, 1, 10000000, 134041374192015908u, 134041374793841542u},
     2,
     0,
     21,
     4,
     0,
     2,
     17,
     2},
    {"perfview-SelfDescribingSingleEvent.etl",
     {65536, 10, 0, 22000, 12, 8, 0x04010001, 0, 0, 1, 10000000, 132949636352722435u, 132949636386242009u},
     3,
     2,
     23,
     4,
     0,
     4,
     1,
     0},
    {"perfview-smallEtlFile.etl",
     {65536, 10, 0, 10586, 4, 4, 0x04011001, 0, 0, 1, 3117777, 131159502220379266u, 131159502220688637u},
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
    tally seen = {0};
    assert_non_null(file.bytes);
    assert_int_equal(seep_trace_walk(file.bytes, file.size, count_record, &seen, &summary, NULL), SEEP_OK);
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

/* A file of two buffers: the real header buffer of a fixture and one made from the bytes given. */
static memory_file with_records(const uint8_t *records, size_t size)
{
  static const uint8_t header[0x48] = {0};
  static const uint8_t filler[BUFFER_BYTES];
  memory_file fixture = memory_file_fixture("s4-WindowsUpdate.etl");
  memory_file file = {0};
  assert_non_null(fixture.bytes);
  assert_true(memory_file_write(&file, 0, fixture.bytes, BUFFER_BYTES));
  assert_true(memory_file_write(&file, BUFFER_BYTES, filler, sizeof filler));
  assert_true(memory_file_write(&file, BUFFER_BYTES, header, sizeof header));
  assert_true(memory_file_write(&file, BUFFER_BYTES + sizeof header, records, size));
  memory_file_put(&file, BUFFER_BYTES + 0x00, BUFFER_BYTES, 4);
  memory_file_put(&file, BUFFER_BYTES + 0x28, 2051, 2); /* processor 3, as Windows 7 writes it */
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0x48 + size, 4);
  memory_file_put(&file, BUFFER_BYTES + 0x34, 2, 2); /* events lost */
  memory_file_free(&fixture);
  return file;
}

static seep_trace_summary walk(const memory_file *file, tally *seen)
{
  seep_trace_summary summary;
  memset(seen, 0, sizeof *seen);
  assert_int_equal(seep_trace_walk(file->bytes, file->size, count_record, seen, &summary, NULL), SEEP_OK);
  return summary;
}

/* The header buffer of the fixture has two records. */
#define HEADER_RECORDS 2u

static void test_precise_sample_words_precede_the_payload(void **state)
{
  (void)state;
  /* Version word 0x8204: a sample index and two counters, then 16 bytes of payload. */
  static const uint8_t record[] = {0x04, 0x82, 0x11, 0xc0, 0x38, 0x00, 0x24, 0x05, 0xff, 0x2e, 0xfc, 0xcd,
                                   0x61, 0x01, 0x00, 0x00, 0x59, 0x45, 0xc9, 0x4f, 0xf7, 0x7f, 0x00, 0x00,
                                   0x38, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb8, 0x24, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0xAA, 0,    0,    0,    0,    0,    0,    0,
                                   0,    0,    0,    0,    0,    0,    0,    0};
  tally seen;
  memory_file file = with_records(record, sizeof record);
  seep_trace_summary summary = walk(&file, &seen);
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
  summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 1);
  memory_file_free(&file);
}

static void test_thread_stands_before_process(void **state)
{
  (void)state;
  static const uint8_t record[0x28] = {2,    0, 1, 0xC0, 0x28, 0, 1, 3,   0x78,
                                       0x47, 0, 0, 0x44, 0x4c, 0, 0, 0x85};
  tally seen;
  memory_file file = with_records(record, sizeof record);
  walk(&file, &seen);
  assert_int_equal(seen.last.tid, 0x4778);
  assert_int_equal(seen.last.pid, 0x4c44);
  assert_int_equal(seen.last.ticks, 0x85);
  assert_int_equal(seen.last.pointer_bytes, 4);
  assert_int_equal(seen.last.hook_id, 0x0301);
  assert_int_equal(seen.last.payload_bytes, 8);
  memory_file_free(&file);
}

static void test_extended_items_are_skipped(void **state)
{
  (void)state;
  uint8_t record[0x50 + 16 + 16 + 8] = {sizeof record, 0, 19, 0xC0, 1};
  tally seen;
  record[0x50] = 16; /* first item: 16 bytes, another one follows, 8 bytes of data */
  record[0x54] = 1;
  record[0x56] = 8;
  record[0x60] = 16; /* last item */
  record[0x66] = 8;
  record[0x70] = 0xBB;
  memory_file file = with_records(record, sizeof record);
  seep_trace_summary summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_int_equal(seen.last.payload_bytes, 8);
  assert_int_equal(seen.last.payload[0], 0xBB);
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 0x64, 1, 2); /* the last item promises one more */
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 0x60, 24, 2);
  summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 1);
  memory_file_put(&file, BUFFER_BYTES + 0x48 + 0x50, 4, 2); /* an item smaller than its own header */
  assert_int_equal(walk(&file, &seen).bad_records, 1);
  memory_file_free(&file);
}

static void test_hostile_record_sizes_end_their_buffer(void **state)
{
  (void)state;
  static const uint16_t sizes[] = {0, 1, 0x0F, 0x21, 0xFFFF};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    uint8_t record[0x20] = {2, 0, 17, 0xC0, 0, 0, 0x62, 2};
    tally seen;
    record[4] = (uint8_t)(sizes[i] & 0xFFu);
    record[5] = (uint8_t)(sizes[i] >> 8);
    memory_file file = with_records(record, sizeof record);
    seep_trace_summary summary = walk(&file, &seen);
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
  tally seen;
  for (size_t i = 0; i < sizeof types; i++) {
    record[2] = types[i];
    memory_file file = with_records(record, sizeof record);
    assert_int_equal(walk(&file, &seen).bad_records, 1);
    memory_file_free(&file);
  }
  record[3] = 0x40; /* no marker bit */
  memory_file file = with_records(record, sizeof record);
  assert_int_equal(walk(&file, &seen).bad_records, 1);
  record[3] = 0x90; /* a WPP message: its size is all we take */
  record[2] = 19;
  memory_file message = with_records(record, sizeof record);
  assert_int_equal(walk(&message, &seen).records, HEADER_RECORDS + 1);
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
  tally seen;
  memset(record, 0xFF, sizeof record);
  memory_file file = with_records(record, sizeof record);
  seep_trace_summary summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 0);
  memory_file_free(&file);
}

static void test_hostile_buffer_headers(void **state)
{
  (void)state;
  static const uint8_t record[0x20] = {2, 0, 17, 0xC0, 0x20, 0, 0x24, 5};
  tally seen;
  memory_file file = with_records(record, sizeof record);
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0xFFFFFFFF,
                  4); /* valid part beyond the buffer: cut at its end */
  seep_trace_summary summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_int_equal(summary.bad_records, 1); /* the zeros after the record are none */
  assert_false(summary.truncated);
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0x20, 4); /* valid part inside the header: empty */
  summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS);
  assert_int_equal(summary.bad_records, 0);
  memory_file_put(&file, BUFFER_BYTES + 0x30, 0x68, 4);
  memory_file_put(&file, BUFFER_BYTES, 0xFFFFFFF8,
                  4); /* a buffer of 4 GiB: the file is cut, its records are there */
  summary = walk(&file, &seen);
  assert_int_equal(summary.records, HEADER_RECORDS + 1);
  assert_true(summary.truncated);
  memory_file_put(&file, BUFFER_BYTES, 0, 4); /* a buffer without size must not be walked for ever */
  summary = walk(&file, &seen);
  assert_int_equal(summary.buffers, 1);
  assert_int_equal(summary.bad_buffers, 1);
  memory_file_put(&file, BUFFER_BYTES, 0x40, 4); /* smaller than its own header */
  summary = walk(&file, &seen);
  assert_int_equal(summary.buffers, 1);
  assert_int_equal(summary.bad_buffers, 1);
  memory_file_free(&file);
}

static void test_processor_field_is_wide_only_with_its_flag(void **state)
{
  (void)state;
  static const uint8_t record[0x20] = {2, 0, 17, 0xC0, 0x20, 0, 0x24, 5};
  tally seen;
  memory_file file = with_records(record, sizeof record);
  memory_file_put(&file, BUFFER_BYTES + 0x28, 0x0903, 2);
  walk(&file, &seen);
  assert_int_equal(seen.last.processor, 3);
  memory_file_put(&file, BUFFER_BYTES + 0x34, 0x20, 2);
  walk(&file, &seen);
  assert_int_equal(seen.last.processor, 0x103);
  memory_file_free(&file);
}

static void test_a_visitor_can_stop(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  tally seen = {.stop_after = 5};
  seep_trace_summary summary;
  assert_non_null(file.bytes);
  assert_int_equal(seep_trace_walk(file.bytes, file.size, count_record, &seen, &summary, NULL), SEEP_OK);
  assert_int_equal(seen.records, 5);
  assert_int_equal(summary.records, 5);
  assert_int_equal(seen.processors, 1);
  memory_file_free(&file);
}

/* ---- compressed buffers ---- */

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
  static const uint32_t sizes[] = {UINT32_MAX, 16u * 1024 * 1024 + 1, 0x48u + 1024u * 8192u};
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
      cmocka_unit_test(test_real_files),
      cmocka_unit_test(test_unknown_compression_is_counted),
      cmocka_unit_test(test_a_buffer_that_would_become_too_large_is_bad),
      cmocka_unit_test(test_what_is_whole_of_a_damaged_buffer_is_read),
      cmocka_unit_test(test_every_truncation_of_a_real_file),
      cmocka_unit_test(test_other_files_are_refused),
      cmocka_unit_test(test_precise_sample_words_precede_the_payload),
      cmocka_unit_test(test_thread_stands_before_process),
      cmocka_unit_test(test_extended_items_are_skipped),
      cmocka_unit_test(test_hostile_record_sizes_end_their_buffer),
      cmocka_unit_test(test_markers_nobody_knows),
      cmocka_unit_test(test_filler_ends_a_buffer_quietly),
      cmocka_unit_test(test_hostile_buffer_headers),
      cmocka_unit_test(test_processor_field_is_wide_only_with_its_flag),
      cmocka_unit_test(test_a_visitor_can_stop),
  };
  return cmocka_run_group_tests_name("trace container", tests, NULL, NULL);
}
