/* The TEBs of one process are found among all threads; every way to lie about sizes and links is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "memory/thread_list.h"

#define RECORD 0x100u
#define THREAD 0x88u
#define SYSTEM_TEB UINT64_C(0xFFFF000000000000)
#define OWN_TEB UINT64_C(0x000000DD01234000)

static uint8_t buffer[4096];

static void put(size_t offset, uint64_t value, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    buffer[offset + i] = (uint8_t)(value >> (8 * i));
  }
}

/* A record whose threads have TEBs at first_teb, first_teb + 0x1000 ... Returns the offset behind it and a
 * name. */
static size_t put_record(size_t at, uint32_t threads, uint32_t pid, uint64_t first_teb)
{
  put(at + 0x04, threads, 4);
  put(at + 0x50, pid, 8);
  for (size_t i = 0; i < threads; i++) {
    size_t thread = at + RECORD + i * THREAD;
    memset(buffer + thread, 0xEE, THREAD);
    put(thread + 0x68, first_teb + i * 0x1000, 8);
  }
  return at + RECORD + threads * THREAD + 0x20;
}

/* Idle, System and one more with three threads; returns the size. second and third are where those records
 * begin. */
static size_t put_three(size_t *second, size_t *third)
{
  memset(buffer, 0, sizeof buffer);
  *second = put_record(0, 2, 0, SYSTEM_TEB);
  put(0, *second, 4);
  *third = put_record(*second, 4, 4, SYSTEM_TEB);
  put(*second, *third - *second, 4);
  return put_record(*third, 3, 4321, OWN_TEB);
}

static void only_the_threads_of_that_process_are_given(void **state)
{
  size_t second, third, found;
  size_t size = put_three(&second, &third);
  uint64_t tebs[8] = {0};
  (void)state;
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4321, tebs, 8, &found, NULL), SEEP_OK);
  assert_int_equal(found, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(tebs[i] == OWN_TEB + i * 0x1000);
  }
  assert_true(tebs[3] == 0);
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4, tebs, 8, &found, NULL), SEEP_OK);
  assert_int_equal(found, 4);
  assert_true(tebs[3] == SYSTEM_TEB + 0x3000);
}

static void threads_without_a_teb_are_left_out(void **state)
{
  size_t second, third, found;
  size_t size = put_three(&second, &third);
  uint64_t tebs[8] = {0};
  (void)state;
  put(third + RECORD + THREAD + 0x68, 0, 8);
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4321, tebs, 8, &found, NULL), SEEP_OK);
  assert_int_equal(found, 2);
  assert_true(tebs[0] == OWN_TEB);
  assert_true(tebs[1] == OWN_TEB + 0x2000);
}

static void what_has_no_room_is_counted(void **state)
{
  size_t second, third, found;
  size_t size = put_three(&second, &third);
  uint64_t tebs[2] = {0, 77};
  (void)state;
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4321, tebs, 1, &found, NULL), SEEP_OK);
  assert_int_equal(found, 3);
  assert_true(tebs[0] == OWN_TEB);
  assert_true(tebs[1] == 77);
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4321, NULL, 0, &found, NULL), SEEP_OK);
  assert_int_equal(found, 3);
}

static void a_process_that_is_not_there_is_not_found(void **state)
{
  size_t second, third, found = 9;
  size_t size = put_three(&second, &third);
  (void)state;
  assert_int_equal(seep_thread_list_tebs(buffer, size, 5, NULL, 0, &found, NULL), SEEP_NOT_FOUND);
  assert_int_equal(found, 0);
}

static void threads_that_do_not_fit_are_corrupt_and_the_others_given(void **state)
{
  size_t second, third, found;
  size_t size = put_three(&second, &third);
  uint64_t tebs[8] = {0};
  seep_error error = {0};
  (void)state;
  put(third + 0x04, UINT32_MAX, 4);
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4321, tebs, 8, &found, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, third + 0x04);
  assert_int_equal(found, 3);
  assert_true(tebs[2] == OWN_TEB + 0x2000);
  /* Nor may a process reach into the next one's record. */
  put(second + 0x04, 5, 4);
  assert_int_equal(seep_thread_list_tebs(buffer, size, 4, tebs, 8, &found, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, second + 0x04);
  assert_int_equal(found, 4);
}

static void links_that_lead_nowhere_are_refused(void **state)
{
  static const uint32_t links[] = {1, RECORD - 1, UINT32_MAX, 0x80000000u, sizeof buffer};
  (void)state;
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
    size_t second, third, found;
    size_t size = put_three(&second, &third);
    seep_error error = {0};
    put(second, links[i], 4);
    assert_int_equal(seep_thread_list_tebs(buffer, size, 4321, NULL, 0, &found, &error), SEEP_CORRUPT);
    assert_int_equal(error.code, second);
    assert_int_equal(found, 0);
  }
}

static void no_cut_is_read_past(void **state)
{
  size_t second, third, found;
  size_t size = put_three(&second, &third);
  (void)state;
  for (size_t cut = 0; cut < size; cut++) {
    /* A block of its own size, so that a sanitizer sees every byte too many. */
    uint8_t *copy = malloc(cut + 1);
    assert_non_null(copy);
    memcpy(copy, buffer, cut);
    seep_status status = seep_thread_list_tebs(copy, cut, 4321, NULL, 0, &found, NULL);
    size_t whole = cut < third + RECORD ? 0 : (cut - third - RECORD) / THREAD;
    assert_int_equal(status, whole < 3 ? SEEP_CORRUPT : SEEP_OK);
    assert_int_equal(found, whole);
    free(copy);
  }
  assert_int_equal(seep_thread_list_tebs(NULL, 100, 0, NULL, 0, &found, NULL), SEEP_CORRUPT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_the_threads_of_that_process_are_given),
      cmocka_unit_test(threads_without_a_teb_are_left_out),
      cmocka_unit_test(what_has_no_room_is_counted),
      cmocka_unit_test(a_process_that_is_not_there_is_not_found),
      cmocka_unit_test(threads_that_do_not_fit_are_corrupt_and_the_others_given),
      cmocka_unit_test(links_that_lead_nowhere_are_refused),
      cmocka_unit_test(no_cut_is_read_past),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
