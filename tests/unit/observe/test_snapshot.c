/* Snapshots as the OS writes them are read; every way to lie about sizes, links and names is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "observe/snapshot.h"

#define BASE UINT64_C(0x00000201C0FFE000)
#define RECORD 0x100u
#define THREAD 0x50u

static uint8_t buffer[4096];

static void put(size_t offset, uint64_t value, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    buffer[offset + i] = (uint8_t)(value >> (8 * i));
  }
}

/* A record with its threads and, behind them, its ASCII name as UTF-16. Returns the offset behind all that.
 */
static size_t put_record(size_t at, uint32_t threads, uint32_t pid, const char *name)
{
  size_t name_at = at + RECORD + threads * THREAD;
  size_t length = strlen(name);
  put(at + 0x04, threads, 4);
  put(at + 0x20, UINT64_C(133000000000000000) + pid, 8);
  put(at + 0x28, 300, 8);
  put(at + 0x30, 4000, 8);
  put(at + 0x38, length * 2, 2);
  put(at + 0x3A, length * 2 + 2, 2);
  put(at + 0x40, length > 0 ? BASE + name_at : 0, 8);
  put(at + 0x50, pid, 8);
  put(at + 0x58, 4, 8);
  put(at + 0x60, 70 + pid, 4);
  put(at + 0x64, 1, 4);
  put(at + 0x90, 5000, 8);
  put(at + 0xB8, 1000 * (uint64_t)pid, 8);
  put(at + 0xC8, 999, 8);
  for (size_t i = 0; i < length; i++) {
    put(name_at + 2 * i, (unsigned char)name[i], 2);
  }
  return (name_at + 2 * length + 2 + 7) / 8 * 8;
}

/* Idle, System and one more; returns the size. second and third are where those records begin. */
static size_t put_three(size_t *second, size_t *third)
{
  memset(buffer, 0, sizeof buffer);
  *second = put_record(0, 2, 0, "");
  put(0, *second, 4);
  *third = put_record(*second, 3, 4, "System");
  put(*second, *third - *second, 4);
  return put_record(*third, 1, 4321, "w3wp.exe");
}

static void a_chain_is_read_to_its_end(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  seep_snapshot snapshot;
  seep_process_sample sample;
  (void)state;
  seep_snapshot_init(&snapshot, buffer, size, BASE);

  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_OK);
  assert_int_equal(sample.key.pid, 0);
  assert_null(sample.name_utf16le);
  assert_int_equal(sample.name_bytes, 0);
  assert_true(sample.commit_bytes == 999);

  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_OK);
  assert_int_equal(sample.key.pid, 4);
  assert_int_equal(sample.name_bytes, 12);
  assert_ptr_equal(sample.name_utf16le, buffer + second + RECORD + 3 * THREAD);

  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_OK);
  assert_int_equal(sample.key.pid, 4321);
  assert_true(sample.key.created == UINT64_C(133000000000004321));
  assert_int_equal(sample.parent_pid, 4);
  assert_int_equal(sample.session_id, 1);
  assert_int_equal(sample.threads, 1);
  assert_int_equal(sample.handles, 4391);
  assert_true(sample.commit_bytes == 4321000);
  assert_true(sample.working_set_bytes == 5000);
  assert_true(sample.cpu_100ns == 4300);
  assert_memory_equal(sample.name_utf16le, "w\0003\0w\0p\0.\0e\0x\0e\0", 16);

  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_NOT_FOUND);
  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_NOT_FOUND);
  assert_int_equal(snapshot.count, 3);
}

/* Reads on until something other than OK; checks that it is the expected thing, twice, and leaves the sample
 * alone. */
static void expect_corrupt(size_t size, uint64_t base, unsigned good_records, size_t error_offset)
{
  /* Exactly-sized copy: a sanitizer sees the first byte read too far. */
  uint8_t *copy = malloc(size > 0 ? size : 1);
  seep_snapshot snapshot;
  seep_process_sample sample;
  seep_error error;
  seep_status status;
  assert_non_null(copy);
  memcpy(copy, buffer, size);
  seep_snapshot_init(&snapshot, copy, size, base);
  do {
    memset(&sample, 0x5A, sizeof sample);
    status = seep_snapshot_next(&snapshot, &sample, &error);
  } while (status == SEEP_OK);
  assert_int_equal(status, SEEP_CORRUPT);
  assert_int_equal(snapshot.count, good_records);
  assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
  assert_int_equal(error.code, error_offset);
  assert_int_equal(sample.key.pid, 0x5A5A5A5A);
  assert_int_equal(seep_snapshot_next(&snapshot, &sample, &error), SEEP_CORRUPT);
  free(copy);
}

static void an_empty_or_short_buffer_is_corrupt(void **state)
{
  size_t second, third;
  (void)state;
  (void)put_three(&second, &third);
  expect_corrupt(0, BASE, 0, 0);
  expect_corrupt(RECORD - 1, BASE, 0, 0);
}

static void no_buffer_is_an_empty_one(void **state)
{
  seep_snapshot snapshot;
  seep_process_sample sample;
  (void)state;
  seep_snapshot_init(&snapshot, NULL, 512, BASE);
  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_CORRUPT);
}

static void every_cut_is_noticed(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  size_t needed = third + RECORD + THREAD + strlen("w3wp.exe") * 2;
  (void)state;
  for (size_t cut = 0; cut < needed; cut++) {
    seep_snapshot snapshot;
    seep_process_sample sample;
    seep_status status;
    uint8_t *copy = malloc(cut > 0 ? cut : 1);
    assert_non_null(copy);
    memcpy(copy, buffer, cut);
    seep_snapshot_init(&snapshot, copy, cut, BASE);
    do {
      status = seep_snapshot_next(&snapshot, &sample, NULL);
    } while (status == SEEP_OK);
    assert_int_equal(status, SEEP_CORRUPT);
    free(copy);
  }
  assert_true(size >= needed);
}

static void links_that_go_back_or_overlap_or_leave_are_corrupt(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  const uint64_t links[] = {UINT64_C(0x100000000) - second, /* back to the first record */
                            UINT32_MAX,
                            1,
                            RECORD - 1,
                            size - second,
                            size - second + 8};
  (void)state;
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
    put(second, links[i], 4);
    expect_corrupt(size, BASE, 1, second);
  }
}

static void a_link_to_a_record_that_does_not_fit_is_corrupt(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  (void)state;
  put(second, size - second - 8, 4);
  expect_corrupt(size, BASE, 2, size - 8);
}

static void names_outside_the_buffer_are_corrupt(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  const uint64_t addresses[] = {0,          BASE - 1,      BASE - 12, BASE + size, BASE + size - 11,
                                UINT64_MAX, UINT64_MAX - 5};
  (void)state;
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    put(second + 0x40, addresses[i], 8);
    expect_corrupt(size, BASE, 1, second + 0x40);
  }
  put(second + 0x40, BASE, 8);
  put(second + 0x38, 0xFFFF, 2);
  expect_corrupt(size, BASE, 1, second + 0x40);
}

static void a_name_may_end_exactly_at_the_end(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  seep_snapshot snapshot;
  seep_process_sample sample;
  (void)state;
  put(0x38, 2, 2);
  put(0x40, BASE + size - 2, 8);
  seep_snapshot_init(&snapshot, buffer, size, BASE);
  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_OK);
  assert_ptr_equal(sample.name_utf16le, buffer + size - 2);
}

static void a_name_of_no_length_has_no_address(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  seep_snapshot snapshot;
  seep_process_sample sample;
  (void)state;
  put(0x40, UINT64_MAX, 8); /* with Length 0 the pointer means nothing */
  seep_snapshot_init(&snapshot, buffer, size, BASE);
  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_OK);
  assert_null(sample.name_utf16le);
}

static void more_threads_than_bytes_are_corrupt(void **state)
{
  size_t second, third;
  size_t size = put_three(&second, &third);
  (void)state;
  put(third + 0x04, (size - third - RECORD) / THREAD + 1, 4);
  expect_corrupt(size, BASE, 2, third + 0x04);
  put(third + 0x04, UINT32_MAX, 4);
  expect_corrupt(size, BASE, 2, third + 0x04);
}

static void commit_comes_from_whichever_field_is_filled(void **state)
{
  static const uint64_t cases[][3] = {{500, 0, 500}, {0, 700, 700}, {500, 700, 500}, {0, 0, 0}};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    size_t second, third;
    size_t size = put_three(&second, &third);
    seep_snapshot snapshot;
    seep_process_sample sample;
    put(0xB8, cases[i][0], 8);
    put(0xC8, cases[i][1], 8);
    seep_snapshot_init(&snapshot, buffer, size, BASE);
    assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_OK);
    assert_true(sample.commit_bytes == cases[i][2]);
  }
}

static void too_many_records_are_refused(void **state)
{
  size_t size = (size_t)(SEEP_SNAPSHOT_MAXIMUM_PROCESSES + 1) * RECORD;
  uint8_t *many = calloc(1, size);
  seep_snapshot snapshot;
  seep_process_sample sample;
  seep_status status;
  (void)state;
  assert_non_null(many);
  for (size_t at = 0; at + RECORD < size; at += RECORD) {
    many[at + 1] = RECORD >> 8;
  }
  seep_snapshot_init(&snapshot, many, size, BASE);
  do {
    status = seep_snapshot_next(&snapshot, &sample, NULL);
  } while (status == SEEP_OK);
  assert_int_equal(status, SEEP_LIMIT);
  assert_int_equal(snapshot.count, SEEP_SNAPSHOT_MAXIMUM_PROCESSES);
  assert_int_equal(seep_snapshot_next(&snapshot, &sample, NULL), SEEP_LIMIT);
  free(many);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_is_read_to_its_end),
      cmocka_unit_test(an_empty_or_short_buffer_is_corrupt),
      cmocka_unit_test(no_buffer_is_an_empty_one),
      cmocka_unit_test(every_cut_is_noticed),
      cmocka_unit_test(links_that_go_back_or_overlap_or_leave_are_corrupt),
      cmocka_unit_test(a_link_to_a_record_that_does_not_fit_is_corrupt),
      cmocka_unit_test(names_outside_the_buffer_are_corrupt),
      cmocka_unit_test(a_name_may_end_exactly_at_the_end),
      cmocka_unit_test(a_name_of_no_length_has_no_address),
      cmocka_unit_test(more_threads_than_bytes_are_corrupt),
      cmocka_unit_test(commit_comes_from_whichever_field_is_filled),
      cmocka_unit_test(too_many_records_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
