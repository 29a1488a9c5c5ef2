/* FILETIME, wall time and their texts agree with each other and with dates known from elsewhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"

#define EPOCH_1970 UINT64_C(116444736000000000)

static bool parse(const char *text, seep_filetime *filetime)
{
  return seep_filetime_parse(text, strlen(text), filetime);
}

static void known_moments_convert(void **state)
{
  static const struct {
    const char *text;
    uint64_t filetime;
    int64_t ms;
  } moments[] = {{"1970-01-01T00:00:00.000Z", EPOCH_1970, 0},
                 {"2000-02-29T23:59:59.999Z", UINT64_C(125963423999990000), INT64_C(951868799999)},
                 {"2026-11-22T10:44:44.123Z", UINT64_C(134398178841230000), INT64_C(1795344284123)},
                 {"9999-12-31T23:59:59.999Z", UINT64_C(2650467743999990000), INT64_C(253402300799999)}};
  (void)state;
  for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
    seep_filetime filetime = 0;
    char text[SEEP_WALL_TEXT_SIZE];
    assert_true(parse(moments[i].text, &filetime));
    assert_true(filetime == moments[i].filetime);
    seep_wall wall = seep_wall_from_filetime(filetime);
    assert_true(wall.ms == moments[i].ms);
    assert_true(seep_wall_to_filetime(wall) == filetime);
    assert_string_equal(seep_wall_text(wall, text, sizeof text), moments[i].text);
  }
}

static void every_day_of_four_centuries_round_trips(void **state)
{
  (void)state;
  for (int64_t day = 0; day < 146097; day++) {
    seep_wall wall = {day * SEEP_MS_PER_DAY + (day * 7919) % SEEP_MS_PER_DAY};
    seep_filetime filetime = 0;
    char text[SEEP_WALL_TEXT_SIZE];
    assert_true(parse(seep_wall_text(wall, text, sizeof text), &filetime));
    assert_true(seep_wall_from_filetime(filetime).ms == wall.ms);
  }
}

static void file_names_sort_and_hold_no_colon(void **state)
{
  char text[SEEP_WALL_TEXT_SIZE];
  seep_wall wall = {INT64_C(1795344284123)};
  (void)state;
  assert_string_equal(seep_wall_file_text(wall, text, sizeof text), "20261122T104444Z");
  assert_string_equal(seep_wall_file_text(wall, text, 5), "2026");
}

static void values_outside_the_range_are_clamped(void **state)
{
  seep_wall minimum = {INT64_MIN};
  seep_wall maximum = {INT64_MAX};
  char text[SEEP_WALL_TEXT_SIZE];
  (void)state;
  assert_true(seep_wall_from_filetime(0).ms == 0);
  assert_true(seep_wall_from_filetime(EPOCH_1970 - 1).ms == 0);
  assert_true(seep_wall_from_filetime(UINT64_MAX).ms == INT64_C(253402300799999));
  assert_true(seep_wall_to_filetime(minimum) == EPOCH_1970);
  assert_true(seep_wall_to_filetime(maximum) == UINT64_C(2650467743999990000));
  assert_string_equal(seep_wall_text(maximum, text, sizeof text), "9999-12-31T23:59:59.999Z");
  assert_int_equal(strlen(seep_wall_text(minimum, text, sizeof text)), 24);
}

static void fractions_of_0_to_9_digits_are_read(void **state)
{
  static const struct {
    const char *text;
    uint64_t ticks;
  } cases[] = {{"1970-01-01T00:00:00Z", 0},
               {"1970-01-01T00:00:00.5Z", 5000000},
               {"1970-01-01T00:00:00.1876302Z", 1876302},
               {"1970-01-01T00:00:00.431250000Z", 4312500},
               {"1970-01-01T00:00:00.000000199Z", 1}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_filetime filetime = 0;
    assert_true(parse(cases[i].text, &filetime));
    assert_true(filetime - EPOCH_1970 == cases[i].ticks);
  }
}

static void the_empty_slot_of_windows_is_zero(void **state)
{
  seep_filetime filetime = 5;
  (void)state;
  assert_true(parse("1601-01-01T00:00:00.000000000Z", &filetime));
  assert_true(filetime == 0);
}

static void anything_else_is_refused_and_leaves_the_output_alone(void **state)
{
  static const char *const cases[] = {"",
                                      "2026-11-22",
                                      "2026-11-22T10:44:44.123",
                                      "2026-11-22T10:44:44.Z",
                                      "2026-11-22T10:44:44.1234567890Z",
                                      "2026-11-22T10:44:44.123Z ",
                                      " 2026-11-22T10:44:44.123Z",
                                      "2026-11-22 10:44:44Z",
                                      "2026-11-22T10:44:44+01:00",
                                      "1600-12-31T23:59:59Z",
                                      "2026-00-22T10:44:44Z",
                                      "2026-13-22T10:44:44Z",
                                      "2026-11-00T10:44:44Z",
                                      "2026-11-31T10:44:44Z",
                                      "2026-02-29T10:44:44Z",
                                      "1900-02-29T10:44:44Z",
                                      "2026-11-22T24:00:00Z",
                                      "2026-11-22T10:60:00Z",
                                      "2026-11-22T10:44:61Z",
                                      "-026-11-22T10:44:44Z",
                                      "20x6-11-22T10:44:44Z"};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_filetime filetime = 77;
    assert_false(parse(cases[i], &filetime));
    assert_true(filetime == 77);
  }
}

static void no_prefix_is_read_beyond_its_length(void **state)
{
  static const char text[] = "2026-11-22T10:44:44.1234567Z";
  seep_filetime filetime = 77;
  (void)state;
  for (size_t length = 0; length < sizeof text - 1; length++) {
    assert_false(seep_filetime_parse(text, length, &filetime));
  }
  assert_true(seep_filetime_parse(text, sizeof text - 1, &filetime));
}

static void monotonic_time_subtracts(void **state)
{
  seep_mono then = {1000};
  seep_mono now = {61000};
  (void)state;
  assert_true(seep_mono_since(now, then) == SEEP_MS_PER_MINUTE);
  assert_true(seep_mono_since(then, now) == -SEEP_MS_PER_MINUTE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_moments_convert),
      cmocka_unit_test(every_day_of_four_centuries_round_trips),
      cmocka_unit_test(file_names_sort_and_hold_no_colon),
      cmocka_unit_test(values_outside_the_range_are_clamped),
      cmocka_unit_test(fractions_of_0_to_9_digits_are_read),
      cmocka_unit_test(the_empty_slot_of_windows_is_zero),
      cmocka_unit_test(anything_else_is_refused_and_leaves_the_output_alone),
      cmocka_unit_test(no_prefix_is_read_beyond_its_length),
      cmocka_unit_test(monotonic_time_subtracts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
