/* Raw times as times of day and as durations, by each clock and by none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/container.h"

#define START UINT64_C(134041374192015908)

static void test_times_by_each_clock(void **state)
{
  (void)state;
  seep_trace_header header = {
      .clock_type = 1, .frequency_hz = 3117777, .start = START, .first_ticks = 1000000, .cpu_mhz = 2400};
  assert_int_equal(seep_trace_filetime(&header, 1000000), START);
  assert_int_equal(seep_trace_filetime(&header, 1000000 + 3117777), START + 10000000);
  assert_int_equal(seep_trace_filetime(&header, 1000000 + 3), START + 9); /* 9.62 */
  assert_int_equal(seep_trace_filetime(&header, 0), START - 3207413);
  assert_int_equal(seep_trace_elapsed_ms(&header, 1000000, 1000000 + 31177770), 10000);
  assert_int_equal(seep_trace_elapsed_ms(&header, 1000000 + 31177770, 1000000), -10000);
  header.clock_type = 2; /* the record says it */
  assert_int_equal(seep_trace_filetime(&header, START + 5), START + 5);
  assert_int_equal(seep_trace_elapsed_ms(&header, START, START + 25000), 2);
  header.clock_type = 3;
  assert_int_equal(seep_trace_filetime(&header, 1000000 + 2400), START + 10);
  assert_int_equal(seep_trace_elapsed_ms(&header, 0, UINT64_C(2400000) * 7), 7);
}

static void test_times_without_a_usable_clock(void **state)
{
  (void)state;
  seep_trace_header header = {.clock_type = 1, .frequency_hz = 0, .start = START, .first_ticks = 5};
  for (unsigned i = 0; i < 4; i++) {
    assert_int_equal(seep_trace_filetime(&header, UINT64_MAX), START);
    assert_int_equal(seep_trace_elapsed_ms(&header, 5, UINT64_MAX), 0);
    header.frequency_hz = i == 0 ? INT64_MIN : 10000000;
    header.clock_type = i == 0 ? 1 : i == 1 ? 3 : 77; /* 3: no megahertz either */
  }
}

static void test_times_saturate(void **state)
{
  (void)state;
  seep_trace_header header = {.clock_type = 1, .frequency_hz = 1, .start = START, .first_ticks = 1000};
  assert_true(seep_trace_filetime(&header, UINT64_MAX) == UINT64_MAX);
  assert_true(seep_trace_filetime(&header, 1000 + UINT64_C(1000000000000)) ==
              START + UINT64_C(10000000000000000000));
  assert_true(seep_trace_elapsed_ms(&header, 0, UINT64_MAX) == INT64_MAX);
  assert_true(seep_trace_elapsed_ms(&header, UINT64_MAX, 0) == -INT64_MAX);
  header.start = 5;
  assert_int_equal(seep_trace_filetime(&header, 0), 0);
  header.frequency_hz = INT64_MAX; /* nothing overflows: a bit less than two seconds */
  int64_t elapsed_ms = seep_trace_elapsed_ms(&header, 0, UINT64_MAX - 1);
  assert_true(elapsed_ms >= 1999 && elapsed_ms <= 2000);
  header.frequency_hz = 10000000; /* exact up to the end of time */
  assert_true(seep_trace_filetime(&header, UINT64_MAX - 4000) == UINT64_MAX - 4995);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_times_by_each_clock),
      cmocka_unit_test(test_times_without_a_usable_clock),
      cmocka_unit_test(test_times_saturate),
  };
  return cmocka_run_group_tests_name("trace clock", tests, NULL, NULL);
}
