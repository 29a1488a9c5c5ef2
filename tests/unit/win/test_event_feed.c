/*
 * The event feed on the stand-in wevtapi.dll; what goes wrong is in test_event_feed_faults.c. The argument is
 * the DLL's path, or "system32" for the one that is installed there: then the whole way that a service goes
 * is taken, or the test is skipped if it is not ours.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "test_event_feed.h"

static void first_run_tells_the_last_day(void **state)
{
  (void)state;
  log_folder_put(10, 2004, 2 * DAY_MS, "old");
  log_folder_put(11, 2004, 60 * MINUTE_MS, "recent");
  log_folder_put(12, 1001, MINUTE_MS, "not ours");
  log_folder_put(13, 2004, 0,
                 "Gr\xC3\xB6\xC3\x9F"
                 "e &amp; \xF0\x9F\x92\xA7");
  test_feed_start(NULL);
  assert_true(test_feed_wait(2, "u", 3000));
  test_feed_assert_records((const uint64_t[]){11, 13}, 2);
  assert_int_equal(test_feed_log.bookmarks, 2);
  assert_string_equal(test_feed_log.bookmark,
                      "<BookmarkList>\r\n  <Bookmark Channel='System' RecordId='13' IsCurrent='true'/>\r\n"
                      "</BookmarkList>");
  assert_non_null(strstr(test_feed_log.last_xml, "<UserData>Gr\xC3\xB6\xC3\x9F"
                                                 "e &amp; \xF0\x9F\x92\xA7</UserData></Event>"));
}

static void live_events_come_within_a_second(void **state)
{
  (void)state;
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  for (uint64_t id = 1; id <= 3; id++) {
    log_folder_put(id, 2004, 0, "live");
    assert_true(test_feed_wait((size_t)id, "u", 1000));
  }
  Sleep(100);
  assert_int_equal(test_feed_handles(), 2); /* the subscription and the bookmark: events are closed at once */
  test_feed_assert_records((const uint64_t[]){1, 2, 3}, 3);
}

static void a_bookmark_goes_on_behind_its_record(void **state)
{
  (void)state;
  test_feed_put_three_days();
  test_feed_start(test_feed_bookmark_11);
  assert_true(test_feed_wait(2, "u", 3000));
  test_feed_assert_records((const uint64_t[]){12, 13}, 2);
}

static void a_lost_bookmark_goes_on_at_the_closest_record(void **state)
{
  (void)state;
  test_feed_put_three_days();
  log_folder_remove(10);
  log_folder_remove(11);
  test_feed_start(test_feed_bookmark_11);
  assert_true(test_feed_wait(2, "u", 3000));
  test_feed.stop(test_feed.context);
  test_feed_forget();
  log_folder_knobs("strict_code=15011\n");
  test_feed_start(test_feed_bookmark_11);
  assert_true(test_feed_wait(2, "u", 3000));
  test_feed_assert_records((const uint64_t[]){12, 13}, 2);
}

static void a_torn_bookmark_means_the_last_day(void **state)
{
  (void)state;
  test_feed_put_three_days();
  test_feed_start("<BookmarkList>\r\n  <Bookmark Chan");
  assert_true(test_feed_wait(1, "u", 3000));
  test_feed_assert_records((const uint64_t[]){13}, 1);
}

static void too_large_a_batch_is_halved_in_silence(void **state)
{
  uint64_t expected[20];
  (void)state;
  for (uint64_t i = 0; i < 20; i++) {
    expected[i] = 100 + i;
    log_folder_put(expected[i], 2004, MINUTE_MS, "many");
  }
  log_folder_knobs("next_bound=2\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(20, "u", 5000));
  test_feed_assert_records(expected, 20);
}

static void a_large_event_that_grows_is_read_whole(void **state)
{
  (void)state;
  size_t size = 300000;
  char *note = malloc(size + 1);
  assert_non_null(note);
  memset(note, 'x', size);
  note[size] = '\0';
  log_folder_put(1, 2004, MINUTE_MS, note);
  log_folder_knobs("grows=5000\nleave_122=1\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(1, "u", 3000));
  test_feed_assert_records((const uint64_t[]){1}, 1);
  assert_true(strlen(test_feed_log.last_xml) > size);
  free(note);
}

static void an_event_without_a_bookmark_is_told(void **state)
{
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "a");
  log_folder_knobs("render_bookmark_error=1455\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(1, "u", 3000));
  test_feed_assert_records((const uint64_t[]){1}, 1);
  assert_int_equal(test_feed_log.bookmarks, 0);
}

static void stop_ends_it_within_a_second(void **state)
{
  (void)state;
  test_feed.stop(test_feed.context);
  log_folder_knobs("subscribe_error=1722\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "d", 1000));
  seep_error error = {0};
  assert_int_equal(test_feed.start(test_feed.context, NULL, NULL, &error), SEEP_BUSY);
  Sleep(1500); /* into a longer pause */
  ULONGLONG before = GetTickCount64();
  test_feed.stop(test_feed.context);
  assert_true(GetTickCount64() - before < 1000);
  log_folder_knobs(NULL);
  test_feed_forget();
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  before = GetTickCount64();
  test_feed.stop(test_feed.context);
  assert_true(GetTickCount64() - before < 1000);
  log_folder_put(1, 2004, 0, "too late");
  Sleep(300);
  assert_int_equal(test_feed_log.record_count, 0);
}

/* A wevtapi whose EvtNext hangs, as it may while the event log service does. */
static HANDLE hang_ends;

static BOOL WINAPI hanging_next(EVT_HANDLE results, DWORD size, EVT_HANDLE *events, DWORD timeout,
                                DWORD flags, DWORD *returned)
{
  WaitForSingleObject(hang_ends, INFINITE);
  return test_feed_api.next(results, size, events, timeout, flags, returned);
}

static void a_hanging_service_does_not_hold_stop(void **state)
{
  (void)state;
  seep_win_late_wevtapi hanging = test_feed_api;
  hanging.next = hanging_next;
  hang_ends = CreateEventW(NULL, TRUE, FALSE, NULL);
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &hanging, NO_RENEWAL);
  log_folder_put(1, 2004, 0, "never told");
  test_feed_start(NULL);
  Sleep(300);
  ULONGLONG before = GetTickCount64();
  test_feed.stop(test_feed.context);
  assert_true(GetTickCount64() - before < 1500);
  assert_int_equal(test_feed.start(test_feed.context, NULL, NULL, NULL), SEEP_BUSY);
  seep_win_event_feed_free(&test_feed);
  SetEvent(hang_ends);
  for (int i = 0; i < 100 && test_feed_handles() > 0; i++) {
    Sleep(20);
  }
  assert_int_equal(test_feed_log.record_count, 0);
  assert_int_equal(test_feed_log.state_count, 0);
  CloseHandle(hang_ends);
}

static bool nothing_comes(void *context, const char *xml, size_t xml_size, const char *bookmark,
                          size_t bookmark_size)
{
  (void)xml;
  (void)xml_size;
  (void)bookmark;
  (void)bookmark_size;
  InterlockedIncrement(context);
  return true;
}

static void nothing_is_told(void *context, bool up, const seep_error *error)
{
  (void)up;
  (void)error;
  InterlockedIncrement(context);
}

static void two_hanging_feeds_stop_in_one_time(void **state)
{
  (void)state;
  volatile LONG told = 0;
  seep_event_feed_sink sink = {(void *)&told, nothing_comes, nothing_is_told};
  seep_event_feed second = {0};
  seep_win_late_wevtapi hanging = test_feed_api;
  hanging.next = hanging_next;
  hang_ends = CreateEventW(NULL, TRUE, FALSE, NULL);
  log_folder_operational(true);
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &hanging, NO_RENEWAL);
  assert_int_equal(seep_win_event_feed_new_on(&second, SEEP_WIN_FEED_NOTICES, &hanging, NO_RENEWAL, NULL),
                   SEEP_OK);
  second.begin_stop(second.context); /* before a start: nothing to do */
  test_feed_start(NULL);
  assert_int_equal(second.start(second.context, &sink, NULL, NULL), SEEP_OK);
  Sleep(300);
  ULONGLONG before = GetTickCount64();
  test_feed.begin_stop(test_feed.context);
  second.begin_stop(second.context);
  assert_true(GetTickCount64() - before < 300);
  test_feed.stop(test_feed.context);
  second.stop(second.context);
  ULONGLONG passed = GetTickCount64() - before;
  assert_in_range(passed, 800, 1500); /* both did hang; one after the other it is 1800 */
  seep_win_event_feed_free(&test_feed);
  seep_win_event_feed_free(&second);
  SetEvent(hang_ends);
  for (int i = 0; i < 100 && test_feed_handles() > 0; i++) {
    Sleep(20);
  }
  assert_int_equal(told, 0);
  assert_int_equal(test_feed_log.state_count, 0);
  CloseHandle(hang_ends);
}

/* Where the texts of events lie, as the library and the sink see it. */
static void *render_buffer;
static volatile LONG renders, other_buffers;

static BOOL WINAPI watched_render(EVT_HANDLE context, EVT_HANDLE fragment, DWORD flags, DWORD size,
                                  PVOID buffer, DWORD *used, DWORD *properties)
{
  if (render_buffer == NULL) {
    render_buffer = buffer;
  }
  InterlockedIncrement(&renders);
  if (buffer != render_buffer) {
    InterlockedIncrement(&other_buffers);
  }
  return test_feed_api.render(context, fragment, flags, size, buffer, used, properties);
}

/* Two renderings for each event, its text and its bookmark, all into the one buffer: nothing is asked for or
 * made larger when the event comes. */
static void an_event_fits_into_what_is_there(void **state)
{
  (void)state;
  size_t size = 20000; /* three times an Event 2004 */
  char *note = malloc(size + 1);
  assert_non_null(note);
  memset(note, 'x', size);
  note[size] = '\0';
  for (uint64_t id = 1; id <= 12; id++) {
    log_folder_put(id, 2004, MINUTE_MS, note);
  }
  free(note);
  seep_win_late_wevtapi watched = test_feed_api;
  watched.render = watched_render;
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &watched, NO_RENEWAL);
  test_feed_start(NULL);
  assert_true(test_feed_wait(12, "u", 3000));
  test_feed.stop(test_feed.context);
  assert_int_equal(renders, 24);
  assert_int_equal(other_buffers, 0);
}

int main(int argc, char **argv)
{
  int result = test_feed_bind(argc > 1 ? argv[1] : "system32");
  if (result != 0) {
    return result;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(first_run_tells_the_last_day, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(live_events_come_within_a_second, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_bookmark_goes_on_behind_its_record, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_lost_bookmark_goes_on_at_the_closest_record, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_torn_bookmark_means_the_last_day, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(too_large_a_batch_is_halved_in_silence, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_large_event_that_grows_is_read_whole, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(an_event_without_a_bookmark_is_told, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(stop_ends_it_within_a_second, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_hanging_service_does_not_hold_stop, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(two_hanging_feeds_stop_in_one_time, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(an_event_fits_into_what_is_there, test_feed_setup, test_feed_teardown),
  };
  int failed = cmocka_run_group_tests_name("feed", tests, NULL, NULL);
  failed += test_event_feed_faults();
  return failed + test_event_feed_notices();
}
