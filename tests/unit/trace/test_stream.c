/*
 * The walk in pieces is the walk over the whole file: same answer, same figures, same records in the same
 * order, for real files, cut ones and damaged ones, in pieces of every kind.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "trace/stream.h"
#include "unit/trace/memory_file.h"

static const char *const files[] = {"airbus-lxcore_kernel.etl", "perfview-SelfDescribingSingleEvent.etl",
                                    "perfview-smallEtlFile.etl", "s4-WindowsUpdate.etl", "s4-waasmedic.etl"};
static const size_t piece_sizes[] = {1, 7, 4096, 65536, SIZE_MAX};

#define FILES (sizeof files / sizeof files[0])
#define PIECES (sizeof piece_sizes / sizeof piece_sizes[0])

/* Every field of every record goes into one number. */
typedef struct witness {
  uint64_t digest, records, stop_after; /* 0 = never */
} witness;

static void mix(witness *seen, uint64_t value)
{
  seen->digest = (seen->digest ^ value) * UINT64_C(0x100000001b3);
}

static bool see(void *context, const seep_trace_record *record)
{
  witness *seen = context;
  mix(seen, record->header_type + 256u * record->hook_id + (record->is_kernel ? 1u << 31 : 0));
  mix(seen, record->version + 256u * record->pointer_bytes + 65536u * record->processor);
  mix(seen, record->ticks);
  mix(seen, record->pid + ((uint64_t)record->tid << 32));
  mix(seen, record->opcode + 256u * record->event_id);
  for (size_t i = 0; record->guid != NULL && i < 16; i++) {
    mix(seen, record->guid[i]);
  }
  mix(seen, record->payload_bytes);
  for (size_t i = 0; i < record->payload_bytes; i++) {
    mix(seen, record->payload[i]);
  }
  seen->records++;
  return seen->stop_after == 0 || seen->records < seen->stop_after;
}

static void expect_same_header(const seep_trace_header *found, const seep_trace_header *expected)
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

static void expect_same_summary(const seep_trace_summary *found, const seep_trace_summary *expected)
{
  expect_same_header(&found->header, &expected->header);
  assert_int_equal(found->buffers, expected->buffers);
  assert_int_equal(found->compressed_buffers, expected->compressed_buffers);
  assert_int_equal(found->bad_buffers, expected->bad_buffers);
  assert_int_equal(found->loss_flagged_buffers, expected->loss_flagged_buffers);
  assert_int_equal(found->records, expected->records);
  assert_int_equal(found->kernel_records, expected->kernel_records);
  assert_int_equal(found->bad_records, expected->bad_records);
  assert_int_equal(found->truncated, expected->truncated);
}

/* Each piece in storage of its own size, gone before the next one comes. */
static seep_status add_piece(seep_trace_stream *stream, const uint8_t *bytes, size_t size, seep_error *error)
{
  memory_file piece = memory_file_copy(bytes, size);
  seep_status status = seep_trace_stream_add(stream, piece.bytes, piece.size, error);
  memory_file_free(&piece);
  return status;
}

static void expect_same(const uint8_t *bytes, size_t size, size_t piece_bytes, uint64_t stop_after)
{
  witness whole = {.stop_after = stop_after}, pieces = {.stop_after = stop_after};
  seep_trace_summary expected, found;
  seep_error expected_error = {0}, error = {0}, last_error = {0};
  memset(&expected, 0, sizeof expected);
  memset(&found, 0, sizeof found);
  seep_status wanted = seep_trace_walk(bytes, size, see, &whole, &expected, &expected_error);
  seep_trace_stream *stream = seep_trace_stream_new(see, &pieces);
  seep_status status = SEEP_OK;
  assert_non_null(stream);
  for (size_t at = 0; at < size;) {
    size_t count = piece_bytes < size - at ? piece_bytes : size - at;
    seep_status now = add_piece(stream, bytes + at, count, &error);
    assert_true(status == SEEP_OK || now == status);
    status = now;
    at += count;
  }
  assert_true(status == SEEP_OK || status == wanted);
  assert_int_equal(seep_trace_stream_finish(stream, &found, &last_error), wanted);
  if (wanted == SEEP_OK) {
    expect_same_summary(&found, &expected);
  } else {
    assert_int_equal(last_error.code, expected_error.code);
    assert_string_equal(last_error.operation, expected_error.operation);
    assert_true(status == SEEP_OK || error.code == expected_error.code);
  }
  assert_int_equal(pieces.records, whole.records);
  assert_true(pieces.digest == whole.digest);
  seep_trace_stream_free(stream);
}

static memory_file fixture(size_t which)
{
  memory_file file = memory_file_fixture(files[which]);
  assert_non_null(file.bytes);
  return file;
}

static void real_files_in_pieces_of_every_size(void **state)
{
  (void)state;
  for (size_t i = 0; i < FILES; i++) {
    memory_file file = fixture(i);
    for (size_t p = 0; p < PIECES; p++) {
      expect_same(file.bytes, file.size, piece_sizes[p], 0);
    }
    memory_file_free(&file);
  }
}

/* The fixtures are smaller than what the stream holds at the start: a long one crosses that. */
static memory_file long_file(void)
{
  memory_file one = fixture(3), file = {0};
  while (file.size < 5 * one.size) {
    size_t from = file.size == 0 ? 0 : 4096; /* the header buffer once */
    assert_true(memory_file_write(&file, file.size, one.bytes + from, one.size - from));
  }
  memory_file_free(&one);
  return file;
}

static void a_file_longer_than_its_start(void **state)
{
  (void)state;
  memory_file file = long_file();
  for (size_t p = 0; p < PIECES; p++) {
    expect_same(file.bytes, file.size, piece_sizes[p], 0);
  }
  for (size_t size = 65536; size < 66000; size += 13) {
    expect_same(file.bytes, size, 100, 0);
  }
  memory_file_free(&file);
}

/* Whether the file is one depends on its first record, which may say that it reaches beyond its buffer. */
static void a_first_record_of_any_size(void **state)
{
  static const uint16_t sizes[] = {0x1F, 0x20, 4096 - 0x48, 4097 - 0x48, 20000, 0xFFFE, 0xFFFF};
  (void)state;
  memory_file file = long_file();
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    memory_file_put(&file, 0x48 + 4, sizes[i], 2);
    expect_same(file.bytes, file.size, 1000, 0);
    for (size_t more = 0; more < 3; more++) { /* cut just before, at and after its end */
      expect_same(file.bytes, 0x48u + sizes[i] - 1u + more, 1000, 0);
    }
  }
  memory_file_free(&file);
}

static void files_cut_anywhere(void **state)
{
  (void)state;
  for (size_t i = 0; i < FILES; i++) {
    memory_file file = fixture(i);
    for (size_t size = 0; size < file.size; size += 997) {
      for (size_t p = 0; p < PIECES; p++) {
        expect_same(file.bytes, size, piece_sizes[p], 0);
      }
    }
    memory_file_free(&file);
  }
  memory_file file = long_file();
  for (size_t size = 0; size < file.size; size += 997) {
    expect_same(file.bytes, size, 4096, 0);
  }
  memory_file_free(&file);
}

static uint32_t next(uint32_t *random)
{
  *random = *random * 1664525u + 1013904223u;
  return *random >> 8;
}

static void damaged_files(void **state)
{
  (void)state;
  uint32_t random = 20261122;
  memory_file whole = long_file();
  for (unsigned round = 0; round < 600; round++) {
    memory_file file =
        round % 2 == 0 ? memory_file_copy(whole.bytes, whole.size) : fixture(round / 2 % FILES);
    size_t size = next(&random) % 3 == 0 ? next(&random) % file.size : file.size;
    for (unsigned i = 0; i < 1 + round % 20; i++) {
      /* Half of the hits in headers of buffers, where they do most. */
      size_t at = next(&random) % file.size;
      at = i % 2 == 0 ? at : at / 4096 * 4096 + at % 0x48;
      memory_file_put(&file, at, next(&random), 1 + next(&random) % 4);
    }
    expect_same(file.bytes, size, 1 + next(&random) % 9000,
                next(&random) % 4 == 0 ? 1 + next(&random) % 90 : 0);
    memory_file_free(&file);
  }
  memory_file_free(&whole);
}

static void a_visitor_can_stop(void **state)
{
  (void)state;
  memory_file file = long_file();
  for (uint64_t stop_after = 1; stop_after < 200; stop_after += 9) {
    expect_same(file.bytes, file.size, 1000, stop_after);
  }
  memory_file_free(&file);
}

/* A second buffer that says it is `says` bytes long, and size bytes of it. */
static memory_file with_large_buffer(uint64_t says, size_t size)
{
  static const uint8_t record[0x20] = {2, 0, 17, 0xC0, 0x20, 0, 0x24, 5};
  memory_file source = fixture(3), file = {0};
  file.bytes = calloc(1, 4096 + size);
  assert_non_null(file.bytes);
  file.size = 4096 + size;
  memcpy(file.bytes, source.bytes, 4096);
  memory_file_put(&file, 4096, says, 4);
  memory_file_put(&file, 4096 + 0x30, 0x68, 4);
  memcpy(file.bytes + 4096 + 0x48, record, sizeof record);
  memory_file_free(&source);
  return file;
}

static void the_largest_buffer_and_larger_ones(void **state)
{
  (void)state;
  static const struct {
    uint64_t says;
    size_t size;
    uint64_t bad, records;
    bool truncated;
  } cases[] = {{SEEP_TRACE_STREAM_BUFFER, SEEP_TRACE_STREAM_BUFFER, 0, 3, false},
               {SEEP_TRACE_STREAM_BUFFER, SEEP_TRACE_STREAM_BUFFER - 1, 0, 3, true},
               {SEEP_TRACE_STREAM_BUFFER + 1, SEEP_TRACE_STREAM_BUFFER + 4096, 1, 2, false},
               {0xFFFFFFF8u, SEEP_TRACE_STREAM_BUFFER, 1, 2, false},
               {0xFFFFFFF8u, SEEP_TRACE_STREAM_BUFFER - 1, 0, 3, true}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    memory_file file = with_large_buffer(cases[i].says, cases[i].size);
    seep_trace_summary summary;
    assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, NULL), SEEP_OK);
    assert_int_equal(summary.bad_buffers, cases[i].bad);
    assert_int_equal(summary.records, cases[i].records);
    assert_int_equal(summary.truncated, cases[i].truncated);
    expect_same(file.bytes, file.size, 65536, 0);
    expect_same(file.bytes, file.size, SIZE_MAX, 0);
    memory_file_free(&file);
  }
}

static void no_file_at_all(void **state)
{
  (void)state;
  static const uint8_t text[70000] = "Not a trace at all, but long enough to be one.";
  seep_trace_stream *stream = seep_trace_stream_new(NULL, NULL);
  seep_trace_summary summary;
  seep_error error;
  assert_non_null(stream);
  assert_int_equal(seep_trace_stream_finish(stream, &summary, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 0);
  seep_trace_stream_free(stream);
  stream = seep_trace_stream_new(NULL, NULL);
  assert_non_null(stream);
  assert_int_equal(seep_trace_stream_add(stream, text, sizeof text, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 0x48);
  error.code = 0;
  assert_int_equal(seep_trace_stream_add(stream, text, 1, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 0x48);
  assert_int_equal(seep_trace_stream_finish(stream, &summary, NULL), SEEP_CORRUPT);
  seep_trace_stream_free(stream);
  seep_trace_stream_free(NULL);
  expect_same(text, sizeof text, 4096, 0);
  expect_same(text, 0, 1, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(real_files_in_pieces_of_every_size),
      cmocka_unit_test(a_file_longer_than_its_start),
      cmocka_unit_test(a_first_record_of_any_size),
      cmocka_unit_test(files_cut_anywhere),
      cmocka_unit_test(damaged_files),
      cmocka_unit_test(a_visitor_can_stop),
      cmocka_unit_test(the_largest_buffer_and_larger_ones),
      cmocka_unit_test(no_file_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
