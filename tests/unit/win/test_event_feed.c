/*
 * The event feed on the stand-in wevtapi.dll, faults included. The argument is the DLL's path, or "system32"
 * for the one that is installed there: then the whole way that a service goes is taken, or the test is
 * skipped if it is not ours.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "log_folder.h"
#include "win/win_event_feed.h"
#include "win/win_late.h"
#include "win/win_wide.h"

#define SKIPPED 77
#define RECORDS 256
#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define NO_RENEWAL (60u * 60u * 1000u)

typedef struct seen {
  CRITICAL_SECTION lock;
  uint64_t records[RECORDS];
  size_t record_count;
  char bookmark[512];
  size_t bookmarks;
  char *last_xml;
  char states[64]; /* one letter for each change: u, d */
  size_t state_count;
  seep_error error;
  bool event_while_down;
} seen;

static seen log_of;
static seep_win_late_wevtapi api;
static const seep_win_late_wevtapi *bound_api = &api;
static DWORD(WINAPI *standin_handles)(void);
static seep_event_feed feed;

static bool on_event(void *context, const char *xml, size_t xml_size, const char *bookmark,
                     size_t bookmark_size)
{
  seen *self = context;
  EnterCriticalSection(&self->lock);
  const char *id = strstr(xml, "<EventRecordID>");
  if (id != NULL && self->record_count < RECORDS) {
    self->records[self->record_count++] = strtoull(id + 15, NULL, 10);
  }
  free(self->last_xml);
  self->last_xml = malloc(xml_size + 1);
  memcpy(self->last_xml, xml, xml_size + 1);
  if (strlen(self->last_xml) != xml_size) {
    self->last_xml[0] = '\0';
  }
  if (bookmark_size > 0 && bookmark_size < sizeof self->bookmark) {
    memcpy(self->bookmark, bookmark, bookmark_size + 1);
    self->bookmarks++;
  }
  if (self->state_count == 0 || self->states[self->state_count - 1] != 'u') {
    self->event_while_down = true;
  }
  LeaveCriticalSection(&self->lock);
  return true;
}

static void on_state(void *context, bool up, const seep_error *error)
{
  seen *self = context;
  EnterCriticalSection(&self->lock);
  if (self->state_count < sizeof self->states - 1) {
    self->states[self->state_count++] = up ? 'u' : 'd';
  }
  if (!up) {
    self->error = *error;
  }
  LeaveCriticalSection(&self->lock);
}

static const seep_event_feed_sink sink = {&log_of, on_event, on_state};

static void forget(void)
{
  log_of.record_count = 0;
  log_of.bookmarks = 0;
  log_of.bookmark[0] = '\0';
  memset(log_of.states, 0, sizeof log_of.states);
  log_of.state_count = 0;
  memset(&log_of.error, 0, sizeof log_of.error);
  log_of.event_while_down = false;
}

static int setup(void **state)
{
  (void)state;
  log_folder_reset();
  forget();
  assert_int_equal(seep_win_event_feed_new_on(&feed, bound_api, NO_RENEWAL, NULL), SEEP_OK);
  return 0;
}

/* Every test ends with the same three questions: nothing leaked, nothing misused, no event while it was down.
 */
static int teardown(void **state)
{
  (void)state;
  seep_win_event_feed_free(&feed);
  assert_null(feed.context);
  free(log_of.last_xml);
  log_of.last_xml = NULL;
  assert_int_equal(standin_handles(), 0);
  assert_false(log_folder_misused());
  assert_false(log_of.event_while_down);
  return 0;
}

static void start(const char *bookmark)
{
  seep_error error = {0};
  assert_int_equal(feed.start(feed.context, &sink, bookmark, &error), SEEP_OK);
}

static bool wait_for(size_t records, const char *states, unsigned timeout_ms)
{
  for (unsigned waited = 0; waited <= timeout_ms; waited += 20) {
    EnterCriticalSection(&log_of.lock);
    bool done = log_of.record_count >= records && strcmp(log_of.states, states) == 0;
    LeaveCriticalSection(&log_of.lock);
    if (done) {
      return true;
    }
    Sleep(20);
  }
  fprintf(stderr, "after %u ms: %u records, states \"%s\"\n", timeout_ms, (unsigned)log_of.record_count,
          log_of.states);
  return false;
}

static void assert_records(const uint64_t *expected, size_t count)
{
  feed.stop(feed.context);
  assert_int_equal(log_of.record_count, count);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(log_of.records[i], expected[i]);
  }
}

static void first_run_tells_the_last_day(void **state)
{
  (void)state;
  log_folder_put(10, 2004, 2 * DAY_MS, "old");
  log_folder_put(11, 2004, 60 * MINUTE_MS, "recent");
  log_folder_put(12, 1001, MINUTE_MS, "not ours");
  log_folder_put(13, 2004, 0,
                 "Gr\xC3\xB6\xC3\x9F"
                 "e &amp; \xF0\x9F\x92\xA7");
  start(NULL);
  assert_true(wait_for(2, "u", 3000));
  assert_records((const uint64_t[]){11, 13}, 2);
  assert_int_equal(log_of.bookmarks, 2);
  assert_string_equal(log_of.bookmark,
                      "<BookmarkList>\r\n  <Bookmark Channel='System' RecordId='13' IsCurrent='true'/>\r\n"
                      "</BookmarkList>");
  assert_non_null(strstr(log_of.last_xml, "<UserData>Gr\xC3\xB6\xC3\x9F"
                                          "e &amp; \xF0\x9F\x92\xA7</UserData></Event>"));
}

static void live_events_come_within_a_second(void **state)
{
  (void)state;
  start(NULL);
  assert_true(wait_for(0, "u", 3000));
  for (uint64_t id = 1; id <= 3; id++) {
    log_folder_put(id, 2004, 0, "live");
    assert_true(wait_for((size_t)id, "u", 1000));
  }
  Sleep(100);
  assert_int_equal(standin_handles(), 2); /* the subscription and the bookmark: events are closed at once */
  assert_records((const uint64_t[]){1, 2, 3}, 3);
}

static const char bookmark_11[] =
    "<BookmarkList>\r\n  <Bookmark Channel='System' RecordId='11' IsCurrent='true'/>\r\n</BookmarkList>";

static void put_three_days(void)
{
  log_folder_put(10, 2004, 3 * DAY_MS, "a");
  log_folder_put(11, 2004, 3 * DAY_MS, "b");
  log_folder_put(12, 2004, 2 * DAY_MS, "c");
  log_folder_put(13, 2004, MINUTE_MS, "d");
}

static void a_bookmark_goes_on_behind_its_record(void **state)
{
  (void)state;
  put_three_days();
  start(bookmark_11);
  assert_true(wait_for(2, "u", 3000));
  assert_records((const uint64_t[]){12, 13}, 2);
}

static void a_lost_bookmark_goes_on_at_the_closest_record(void **state)
{
  (void)state;
  put_three_days();
  log_folder_remove(10);
  log_folder_remove(11);
  start(bookmark_11);
  assert_true(wait_for(2, "u", 3000));
  feed.stop(feed.context);
  forget();
  log_folder_knobs("strict_code=15011\n");
  start(bookmark_11);
  assert_true(wait_for(2, "u", 3000));
  assert_records((const uint64_t[]){12, 13}, 2);
}

static void a_torn_bookmark_means_the_last_day(void **state)
{
  (void)state;
  put_three_days();
  start("<BookmarkList>\r\n  <Bookmark Chan");
  assert_true(wait_for(1, "u", 3000));
  assert_records((const uint64_t[]){13}, 1);
}

static void a_refused_subscription_is_told_once_and_tried_again(void **state)
{
  (void)state;
  log_folder_put(5, 2004, MINUTE_MS, "waiting");
  log_folder_knobs("subscribe_error=1722\nsubscribe_error_times=3\n");
  start(NULL);
  assert_true(wait_for(0, "d", 1000));
  assert_int_equal(log_of.error.code, 1722);
  assert_string_equal(log_of.error.operation, "EvtSubscribe");
  assert_true(wait_for(1, "du", 6000));
  assert_records((const uint64_t[]){5}, 1);
}

static void a_refusal_without_a_reason_is_a_refusal(void **state)
{
  (void)state;
  log_folder_knobs("subscribe_error=0\n");
  start(bookmark_11);
  assert_true(wait_for(0, "d", 1000));
  assert_int_equal(log_of.error.status, SEEP_UNSUPPORTED);
  feed.stop(feed.context);
}

static void a_stale_subscription_loses_and_doubles_nothing(void **state)
{
  static const char *const faults[] = {"next_error=15011\nnext_error_times=1\n",
                                       "next_error=6\nnext_error_times=1\n",
                                       "render_error=1455\nrender_error_times=1\n", "kill_subscription=1\n"};
  (void)state;
  start(NULL);
  assert_true(wait_for(0, "u", 3000));
  log_folder_put(1, 2004, 0, "before");
  assert_true(wait_for(1, "u", 1000));
  char expected[16] = "u";
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    strcat(expected, "du");
    log_folder_knobs(faults[i]);
    log_folder_put(2 + i, 2004, 0, "meanwhile");
    assert_true(wait_for(2 + i, expected, 4000));
    log_folder_knobs(NULL);
  }
  assert_records((const uint64_t[]){1, 2, 3, 4, 5}, 5);
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
  start(NULL);
  assert_true(wait_for(20, "u", 5000));
  assert_records(expected, 20);
}

static void an_event_that_never_renders_is_passed(void **state)
{
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "unreadable");
  log_folder_put(2, 2004, MINUTE_MS, "readable");
  log_folder_knobs("render_error=13\nrender_error_times=3\n");
  start(NULL);
  assert_true(wait_for(1, "du", 6000));
  assert_int_equal(log_of.error.code, 13);
  assert_records((const uint64_t[]){2}, 1);
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
  start(NULL);
  assert_true(wait_for(1, "u", 3000));
  assert_records((const uint64_t[]){1}, 1);
  assert_true(strlen(log_of.last_xml) > size);
  free(note);
}

static void an_event_without_a_bookmark_is_told(void **state)
{
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "a");
  log_folder_knobs("render_bookmark_error=1455\n");
  start(NULL);
  assert_true(wait_for(1, "u", 3000));
  assert_records((const uint64_t[]){1}, 1);
  assert_int_equal(log_of.bookmarks, 0);
}

static void a_silent_subscription_is_renewed(void **state)
{
  (void)state;
  seep_win_event_feed_free(&feed);
  assert_int_equal(seep_win_event_feed_new_on(&feed, bound_api, 400, NULL), SEEP_OK);
  start(NULL);
  assert_true(wait_for(0, "u", 3000));
  log_folder_knobs("silent_subscription=1\n");
  Sleep(250);
  log_folder_put(1, 2004, 0, "unheard");
  assert_true(wait_for(1, "u", 3000));
  Sleep(900); /* two more renewals must not tell it again */
  assert_records((const uint64_t[]){1}, 1);
}

static void stop_ends_it_within_a_second(void **state)
{
  (void)state;
  feed.stop(feed.context);
  log_folder_knobs("subscribe_error=1722\n");
  start(NULL);
  assert_true(wait_for(0, "d", 1000));
  seep_error error = {0};
  assert_int_equal(feed.start(feed.context, &sink, NULL, &error), SEEP_BUSY);
  Sleep(1500); /* into a longer pause */
  ULONGLONG before = GetTickCount64();
  feed.stop(feed.context);
  assert_true(GetTickCount64() - before < 1000);
  log_folder_knobs(NULL);
  forget();
  start(NULL);
  assert_true(wait_for(0, "u", 3000));
  before = GetTickCount64();
  feed.stop(feed.context);
  assert_true(GetTickCount64() - before < 1000);
  log_folder_put(1, 2004, 0, "too late");
  Sleep(300);
  assert_int_equal(log_of.record_count, 0);
}

/* A wevtapi whose EvtNext hangs, as it may while the event log service does. */
static HANDLE hang_ends;

static BOOL WINAPI hanging_next(EVT_HANDLE results, DWORD size, EVT_HANDLE *events, DWORD timeout,
                                DWORD flags, DWORD *returned)
{
  WaitForSingleObject(hang_ends, INFINITE);
  return api.next(results, size, events, timeout, flags, returned);
}

static void a_hanging_service_does_not_hold_stop(void **state)
{
  (void)state;
  seep_win_late_wevtapi hanging = api;
  hanging.next = hanging_next;
  hang_ends = CreateEventW(NULL, TRUE, FALSE, NULL);
  seep_win_event_feed_free(&feed);
  assert_int_equal(seep_win_event_feed_new_on(&feed, &hanging, NO_RENEWAL, NULL), SEEP_OK);
  log_folder_put(1, 2004, 0, "never told");
  start(NULL);
  Sleep(300);
  ULONGLONG before = GetTickCount64();
  feed.stop(feed.context);
  assert_true(GetTickCount64() - before < 1500);
  assert_int_equal(feed.start(feed.context, &sink, NULL, NULL), SEEP_BUSY);
  seep_win_event_feed_free(&feed);
  SetEvent(hang_ends);
  for (int i = 0; i < 100 && standin_handles() > 0; i++) {
    Sleep(20);
  }
  assert_int_equal(log_of.record_count, 0);
  assert_int_equal(log_of.state_count, 0);
}

static int bind_standin(const char *where)
{
  bool installed = strcmp(where, "system32") == 0;
  wchar_t *path = seep_win_wide_from_utf8(installed ? "wevtapi.dll" : where);
  HMODULE module = LoadLibraryExW(path, NULL, installed ? LOAD_LIBRARY_SEARCH_SYSTEM32 : 0);
  free(path);
  void (*marker)(void) = module != NULL ? (void (*)(void))GetProcAddress(module, "StandinHandles") : NULL;
  if (marker == NULL) {
    printf("skipped: %s is not the stand-in wevtapi.dll (Windows error %lu)\n", where,
           (unsigned long)GetLastError());
    return SKIPPED;
  }
  standin_handles = (DWORD(WINAPI *)(void))marker;
  bound_api = installed ? NULL : &api;
  return seep_win_late_bind_wevtapi(module, &api, NULL) == SEEP_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
  int result = bind_standin(argc > 1 ? argv[1] : "system32");
  if (result != 0) {
    return result;
  }
  InitializeCriticalSection(&log_of.lock);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(first_run_tells_the_last_day, setup, teardown),
      cmocka_unit_test_setup_teardown(live_events_come_within_a_second, setup, teardown),
      cmocka_unit_test_setup_teardown(a_bookmark_goes_on_behind_its_record, setup, teardown),
      cmocka_unit_test_setup_teardown(a_lost_bookmark_goes_on_at_the_closest_record, setup, teardown),
      cmocka_unit_test_setup_teardown(a_torn_bookmark_means_the_last_day, setup, teardown),
      cmocka_unit_test_setup_teardown(a_refused_subscription_is_told_once_and_tried_again, setup, teardown),
      cmocka_unit_test_setup_teardown(a_refusal_without_a_reason_is_a_refusal, setup, teardown),
      cmocka_unit_test_setup_teardown(a_stale_subscription_loses_and_doubles_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(too_large_a_batch_is_halved_in_silence, setup, teardown),
      cmocka_unit_test_setup_teardown(an_event_that_never_renders_is_passed, setup, teardown),
      cmocka_unit_test_setup_teardown(a_large_event_that_grows_is_read_whole, setup, teardown),
      cmocka_unit_test_setup_teardown(an_event_without_a_bookmark_is_told, setup, teardown),
      cmocka_unit_test_setup_teardown(a_silent_subscription_is_renewed, setup, teardown),
      cmocka_unit_test_setup_teardown(stop_ends_it_within_a_second, setup, teardown),
      cmocka_unit_test_setup_teardown(a_hanging_service_does_not_hold_stop, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
