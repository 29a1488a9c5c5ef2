/* Figures as people read them: exact texts, at every edge where a unit or the number of decimals changes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "report/human.h"

#define KB UINT64_C(1024)
#define MB (KB * 1024)
#define GB (MB * 1024)

static void bytes_is(uint64_t bytes, const char *expected)
{
  char text[SEEP_HUMAN_SIZE];
  assert_string_equal(seep_human_bytes(bytes, text, sizeof text), expected);
}

static void rate_is(double rate, const char *expected)
{
  char text[SEEP_HUMAN_SIZE];
  assert_string_equal(seep_human_rate(rate, text, sizeof text), expected);
}

static void duration_is(int64_t ms, const char *expected)
{
  char text[SEEP_HUMAN_SIZE];
  assert_string_equal(seep_human_duration(ms, text, sizeof text), expected);
}

static void bytes_have_three_figures(void **state)
{
  (void)state;
  bytes_is(0, "0 bytes");
  bytes_is(1, "1 byte");
  bytes_is(17, "17 bytes");
  bytes_is(1023, "1023 bytes");
  bytes_is(1024, "1.00 KB");
  bytes_is(1536, "1.50 KB");
  bytes_is(10 * KB - 1, "10.0 KB");
  bytes_is(10 * KB, "10.0 KB");
  bytes_is(99 * KB + 970, "99.9 KB");
  bytes_is(100 * KB - 1, "100 KB");
  bytes_is(180 * MB, "180 MB");
  bytes_is(1023 * KB, "1023 KB");
  bytes_is(1023 * KB + 511, "1023 KB");
  bytes_is(1023 * KB + 512, "1.00 MB");
  bytes_is(MB, "1.00 MB");
  bytes_is(GB + GB / 2, "1.50 GB");
  bytes_is(GB * 1024, "1.00 TB");
  bytes_is(GB * GB, "1.00 EB");
  bytes_is(UINT64_MAX, "16.0 EB");
}

static void ties_round_up_everywhere(void **state)
{
  (void)state;
  bytes_is(KB + KB / 8, "1.13 KB"); /* 1.125 */
  bytes_is(10 * KB + KB / 4, "10.3 KB");
  bytes_is(100 * KB + KB / 2, "101 KB");
}

static void rates_keep_their_sign(void **state)
{
  (void)state;
  rate_is(0.0, "0 bytes per hour");
  rate_is(-0.4, "0 bytes per hour");
  rate_is(0.5, "1 byte per hour");
  rate_is(180.0 * 1048576.0, "180 MB per hour");
  rate_is(-1.5 * 1048576.0, "-1.50 MB per hour");
  rate_is(1e300, "16.0 EB per hour");
  rate_is(-1e300, "-16.0 EB per hour");
  rate_is((double)NAN, "-");
  rate_is((double)INFINITY, "-");
  rate_is(-(double)INFINITY, "-");
}

static void durations_have_two_units(void **state)
{
  (void)state;
  duration_is(INT64_MIN, "-");
  duration_is(-1, "-");
  duration_is(0, "0 s");
  duration_is(1, "1 ms");
  duration_is(999, "999 ms");
  duration_is(1000, "1 s");
  duration_is(45999, "45 s");
  duration_is(60000, "1 min");
  duration_is(61000, "1 min 1 s");
  duration_is(3599999, "59 min 59 s");
  duration_is(3600000, "1 h");
  duration_is(7500000, "2 h 5 min");
  duration_is(3659999, "1 h");
  duration_is(86400000, "1 d");
  duration_is(273600000, "3 d 4 h");
  duration_is(INT64_MAX, "106751991167 d 7 h");
}

static void small_storage_is_cut_not_overrun(void **state)
{
  (void)state;
  char text[4] = "xxx";
  assert_string_equal(seep_human_bytes(1536, text, sizeof text), "1.5");
  assert_string_equal(seep_human_rate(1536.0, text, sizeof text), "1.5");
  assert_string_equal(seep_human_duration(61000, text, sizeof text), "1 m");
}

static void sure(void **state)
{
  (void)state;
  char text[SEEP_HUMAN_SURE_SIZE], small[8];
  assert_string_equal(seep_human_sure("Heap", 0.92, text, sizeof text), "Heap, 92 percent sure");
  assert_string_equal(seep_human_sure("Heap", 0.876, text, sizeof text), "Heap, 88 percent sure");
  assert_string_equal(seep_human_sure("Heap", 1.0, text, sizeof text), "Heap, 99 percent sure");
  assert_string_equal(seep_human_sure("undetermined", 0.0, text, sizeof text), "undetermined");
  assert_string_equal(seep_human_sure("Private Data", 0.5, small, sizeof small), "Private");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sure),
      cmocka_unit_test(bytes_have_three_figures),
      cmocka_unit_test(ties_round_up_everywhere),
      cmocka_unit_test(rates_keep_their_sign),
      cmocka_unit_test(durations_have_two_units),
      cmocka_unit_test(small_storage_is_cut_not_overrun),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
