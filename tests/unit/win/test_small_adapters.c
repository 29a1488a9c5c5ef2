/* Text boundary, clock, alert sink and error codes: what can be known of them without the service around. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "win/win_alert_sink.h"
#include "win/win_background.h"
#include "win/win_clock.h"
#include "win/win_error.h"
#include "win/win_wide.h"

static void text_survives_the_boundary(void **state)
{
  static const char text[] = "Gr\xC3\xB6\xC3\x9F"
                             "e \xF0\x9F\x92\xA7 \xED\xA0\x80.exe"; /* the last: a lone surrogate */
  static const wchar_t expected[] = {L'G', L'r',   0xF6, 0xDF, L'e', L' ', 0xD83D, 0xDCA7,
                                     L' ', 0xD800, L'.', L'e', L'x', L'e', 0};
  (void)state;
  wchar_t *wide = seep_win_wide_from_utf8(text);
  assert_non_null(wide);
  assert_memory_equal(wide, expected, sizeof expected);
  char *back = seep_win_wide_to_utf8(wide);
  assert_non_null(back);
  assert_string_equal(back, text);
  free(wide);
  free(back);
}

static void a_cut_text_is_whole_characters(void **state)
{
  (void)state;
  wchar_t wide[4];
  assert_int_equal(seep_win_wide_fill_from_utf8("ab\xF0\x9F\x92\xA7", wide, 4), 4);
  assert_memory_equal(wide, L"ab", 3 * sizeof wide[0]);
  char utf8[4];
  assert_int_equal(seep_win_wide_fill_to_utf8(L"ab\x00F6", 3, utf8, sizeof utf8), 4);
  assert_string_equal(utf8, "ab");
}

static void the_clock_runs_forward(void **state)
{
  (void)state;
  seep_clock clock;
  seep_win_clock_init(&clock);
  seep_mono first = clock.mono(clock.context);
  seep_wall wall = clock.wall(clock.context);
  seep_mono last = first;
  for (int i = 0; i < 10; i++) {
    Sleep(20);
    seep_mono now = clock.mono(clock.context);
    assert_true(now.ms >= last.ms);
    last = now;
  }
  assert_in_range(seep_mono_since(last, first), 150, 5000);
  assert_in_range(clock.wall(clock.context).ms - wall.ms, 150, 5000);
  FILETIME now;
  GetSystemTimeAsFileTime(&now);
  seep_wall system = seep_wall_from_filetime((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
  assert_in_range(system.ms - wall.ms, 0, 5000);
}

static void alerts_are_taken(void **state)
{
  (void)state;
  static char long_insert[4000];
  memset(long_insert, 'x', sizeof long_insert - 1);
  const char *inserts[21];
  for (size_t i = 0; i < 21; i++) {
    inserts[i] = i == 3   ? long_insert
                 : i == 4 ? "%1 Gr\xC3\xB6\xC3\x9F"
                            "e %%n"
                          : "-";
  }
  seep_alert_sink sink = {0};
  seep_error error = {0};
  assert_int_equal(seep_win_alert_sink_new(&sink, "seepwatch", &error), SEEP_OK);
  for (int level = 0; level <= 2; level++) {
    assert_int_equal(sink.write(sink.context, 200, level, inserts, 20, &error), SEEP_OK);
  }
  assert_int_equal(sink.write(sink.context, 100, 0, NULL, 0, &error), SEEP_OK);
  assert_int_equal(sink.write(sink.context, 100, 3, inserts, 1, &error), SEEP_INVALID);
  assert_int_equal(sink.write(sink.context, 100, -1, inserts, 1, &error), SEEP_INVALID);
  assert_int_equal(sink.write(sink.context, 100, 0, inserts, 21, &error), SEEP_INVALID);
  assert_int_equal(sink.write(sink.context, 65536, 0, inserts, 1, &error), SEEP_INVALID);
  seep_win_alert_sink_free(&sink);
  assert_null(sink.context);
  seep_win_alert_sink_free(&sink);
}

static void codes_become_statuses(void **state)
{
  (void)state;
  seep_error error = {0};
  assert_int_equal(seep_win_error_set(&error, ERROR_ACCESS_DENIED, "EvtSubscribe", "System log"),
                   SEEP_DENIED);
  assert_int_equal(error.code, ERROR_ACCESS_DENIED);
  assert_int_equal(error.domain, SEEP_DOMAIN_WIN32);
  assert_int_equal(seep_win_error_set(&error, 1722, "EvtNext", NULL), SEEP_OS);
  assert_int_equal(seep_win_error_set(&error, 0, "EvtSubscribe", NULL), SEEP_UNSUPPORTED);
  assert_int_equal(seep_win_error_set(NULL, ERROR_COMMITMENT_LIMIT, "VirtualAlloc", NULL), SEEP_NO_MEMORY);
  assert_int_equal(seep_win_error_set_nt(&error, (int32_t)0xC0000022, "NtQuerySystemInformation", NULL),
                   SEEP_DENIED);
  assert_int_equal(error.code, INT64_C(0xC0000022));
}

/* What the mode does to disk and memory cannot be asked for; that it ends with the work can. */
static void background_work_leaves_the_thread_as_it_was(void **state)
{
  (void)state;
  int before = GetThreadPriority(GetCurrentThread());
  for (int round = 0; round < 2; round++) {
    seep_win_background(true);
    seep_win_background(true);
    assert_in_range(GetThreadPriority(GetCurrentThread()) + 100, 0, before + 100); /* never above */
    seep_win_background(false);
    assert_int_equal(GetThreadPriority(GetCurrentThread()), before);
  }
  seep_win_background(false);
  assert_int_equal(GetThreadPriority(GetCurrentThread()), before);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_survives_the_boundary),
      cmocka_unit_test(a_cut_text_is_whole_characters),
      cmocka_unit_test(the_clock_runs_forward),
      cmocka_unit_test(alerts_are_taken),
      cmocka_unit_test(codes_become_statuses),
      cmocka_unit_test(background_work_leaves_the_thread_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
