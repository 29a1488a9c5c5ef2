/*
 * The stand-in wevtapi.dll itself, held to reference event-log 5.2: what is tested on it is worth no more
 * than it is. The argument is the DLL's path. Calls go through the same table as the service's.
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
#include "win/win_late.h"
#include "win/win_wide.h"

#define PROVIDER L"Provider[@Name='Microsoft-Windows-Resource-Exhaustion-Detector']"
#define LIST(path, xpath)                                                                                    \
  L"<QueryList><Query Id='0'><Select Path='" path L"'>" xpath L"</Select></Query></QueryList>"
#define XPATH L"*[System[" PROVIDER L" and EventID=2004]]"
#define OPERATIONAL L"Microsoft-Windows-Resource-Exhaustion-Detector/Operational"
#define NOTICES L"*[System[" PROVIDER L" and (EventID=1003 or EventID=1008)]]"

static seep_win_late_wevtapi api;
static DWORD(WINAPI *handles)(void);
static HANDLE signal_event;

static int setup(void **state)
{
  (void)state;
  log_folder_reset();
  signal_event = CreateEventW(NULL, FALSE, FALSE, NULL);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  CloseHandle(signal_event);
  assert_int_equal(handles(), 0);
  return 0;
}

static DWORD refusal(HANDLE signal, const wchar_t *channel, const wchar_t *query, EVT_HANDLE bookmark,
                     DWORD flags)
{
  SetLastError(ERROR_SUCCESS);
  EVT_HANDLE subscription = api.subscribe(NULL, signal, channel, query, bookmark, NULL, NULL, flags);
  if (subscription != NULL) {
    api.close(subscription);
    return ERROR_SUCCESS;
  }
  return GetLastError();
}

static void wrong_subscriptions_are_refused(void **state)
{
  (void)state;
  const DWORD future = EvtSubscribeToFutureEvents;
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), NULL, future), 0);
  assert_int_equal(refusal(signal_event, L"System", XPATH, NULL, future), 0);
  assert_int_equal(refusal(NULL, NULL, LIST(L"System", XPATH), NULL, future), 87);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), NULL, 0), 87);
  assert_int_equal(refusal(signal_event, NULL, XPATH, NULL, future), 87);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), NULL, EvtSubscribeStartAfterBookmark),
                   87);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"Sistem", XPATH), NULL, future), 15007);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"Some/Debug", XPATH), NULL, future), 15009);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", L"*[System[EventId=2004]]"), NULL, future),
                   15001);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", L"*[System[EventID=2004]"), NULL, future),
                   15001);
  assert_int_equal(refusal(signal_event, NULL,
                           LIST(L"System", L"*[System[TimeCreated[timediff(@SystemTime) <= 1000]]]"), NULL,
                           future),
                   15001); /* a literal < is not XML */
  assert_int_equal(
      refusal(signal_event, NULL,
              LIST(L"System", L"*[System[(EventID=2004) and TimeCreated[timediff(@SystemTime) &lt;= 1000]]]"),
              NULL, future),
      0);
}

static void either_of_two_ids_takes_brackets(void **state)
{
  (void)state;
  const DWORD future = EvtSubscribeToFutureEvents;
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", NOTICES), NULL, future), 0);
  assert_int_equal(
      refusal(signal_event, NULL, LIST(L"System", L"*[System[EventID=1003 or EventID=1008]]"), NULL, future),
      15001);
  assert_int_equal(
      refusal(signal_event, NULL, LIST(L"System", L"*[System[(EventID=1003 or 1008)]]"), NULL, future),
      15001);
}

static size_t count_events(const wchar_t *query)
{
  EVT_HANDLE events[8];
  DWORD count = 0;
  EVT_HANDLE subscription =
      api.subscribe(NULL, signal_event, NULL, query, NULL, NULL, NULL, EvtSubscribeStartAtOldestRecord);
  assert_non_null(subscription);
  assert_true(api.next(subscription, 8, events, 0, 0, &count) || GetLastError() == ERROR_NO_MORE_ITEMS);
  for (DWORD i = 0; i < count; i++) {
    assert_true(api.close(events[i]));
  }
  assert_true(api.close(subscription));
  return count;
}

static void the_second_log_is_another_log(void **state)
{
  (void)state;
  const DWORD future = EvtSubscribeToFutureEvents;
  log_folder_put(1, 1003, 0, "in System");
  assert_int_equal(refusal(signal_event, NULL, LIST(OPERATIONAL, NOTICES), NULL, future), 15007);
  log_folder_operational(true);
  assert_int_equal(count_events(LIST(OPERATIONAL, NOTICES)), 0);
  log_folder_put_notice(1, 1003, 0, "a");
  log_folder_put_notice(2, 1001, 0, "b");
  log_folder_put_notice(3, 1008, 0, "c");
  log_folder_put_notice(4, 2004, 0, "d");
  assert_int_equal(count_events(LIST(OPERATIONAL, NOTICES)), 2);
  assert_int_equal(count_events(LIST(OPERATIONAL, XPATH)), 1);
  assert_int_equal(count_events(LIST(L"System", NOTICES)), 1);
  log_folder_knobs("subscribe_error=5\n");
  assert_int_equal(refusal(signal_event, NULL, LIST(OPERATIONAL, NOTICES), NULL, future), 0);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), NULL, future), 5);
  log_folder_knobs("operational_subscribe_error=5\n");
  assert_int_equal(refusal(signal_event, NULL, LIST(OPERATIONAL, NOTICES), NULL, future), 5);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), NULL, future), 0);
}

static void pull_follows_the_rules(void **state)
{
  (void)state;
  EVT_HANDLE events[2];
  DWORD count = 0;
  log_folder_put(1, 2004, 0, "old");
  EVT_HANDLE subscription = api.subscribe(NULL, signal_event, NULL, LIST(L"System", XPATH), NULL, NULL, NULL,
                                          EvtSubscribeStartAtOldestRecord);
  assert_non_null(subscription);
  /* No signal for what was there before. */
  assert_int_equal(WaitForSingleObject(signal_event, 400), WAIT_TIMEOUT);
  assert_true(api.next(subscription, 2, events, 0, 0, &count));
  assert_int_equal(count, 1);
  assert_false(api.next(subscription, 2, events + 1, 0, 0, &count));
  assert_int_equal(GetLastError(), ERROR_NO_MORE_ITEMS);
  assert_false(api.next(subscription, 2, events + 1, 0, 0, &count));
  assert_int_equal(GetLastError(), ERROR_INVALID_OPERATION);
  log_folder_put(2, 1001, 0, "no match, no signal");
  assert_int_equal(WaitForSingleObject(signal_event, 400), WAIT_TIMEOUT);
  log_folder_put(3, 2004, 0, "new");
  assert_int_equal(WaitForSingleObject(signal_event, 2000), WAIT_OBJECT_0);
  assert_true(api.next(subscription, 2, events + 1, 0, 0, &count));
  assert_int_equal(count, 1);
  /* Events die with their subscription. */
  assert_true(api.close(subscription));
  assert_false(api.close(events[0]));
  assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
  assert_true(log_folder_misused());
}

static void rendering_tells_the_size_in_bytes(void **state)
{
  (void)state;
  EVT_HANDLE event = NULL;
  DWORD count = 0, used = 0, properties = 7;
  static wchar_t buffer[4096];
  log_folder_put(1, 2004, 0, "x");
  EVT_HANDLE subscription = api.subscribe(NULL, signal_event, NULL, LIST(L"System", XPATH), NULL, NULL, NULL,
                                          EvtSubscribeStartAtOldestRecord);
  assert_true(api.next(subscription, 1, &event, 0, 0, &count));
  assert_false(api.render(NULL, event, EvtRenderEventXml, 0, NULL, &used, &properties));
  assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
  DWORD needed = used;
  assert_false(api.render(NULL, event, EvtRenderEventXml, needed - 2, buffer, &used, &properties));
  assert_true(api.render(NULL, event, EvtRenderEventXml, needed, buffer, &used, &properties));
  assert_int_equal(GetLastError(), ERROR_SUCCESS);
  assert_int_equal(used, needed);
  assert_int_equal(used, (wcslen(buffer) + 1) * sizeof buffer[0]);
  assert_int_equal(properties, 0);
  assert_false(api.render(subscription, event, EvtRenderEventXml, needed, buffer, &used, &properties));
  assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
  assert_true(api.close(event));
  assert_true(api.close(subscription));
}

static void bookmarks_are_judged(void **state)
{
  (void)state;
  assert_null(api.create_bookmark(L"garbage"));
  assert_int_equal(GetLastError(), ERROR_EVT_MALFORMED_XML_TEXT);
  log_folder_put(5, 2004, 0, "five");
  EVT_HANDLE gone =
      api.create_bookmark(L"<BookmarkList><Bookmark Channel=\"System\" RecordId=\"4\"/></BookmarkList>");
  assert_non_null(gone);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), gone,
                           EvtSubscribeStartAfterBookmark | EvtSubscribeStrict),
                   ERROR_NOT_FOUND);
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), gone, EvtSubscribeStartAfterBookmark),
                   0);
  assert_true(api.close(gone));

  /* A record of another log's that has the same number. */
  EVT_HANDLE foreign = api.create_bookmark(
      L"<BookmarkList><Bookmark Channel='" OPERATIONAL L"' RecordId='5'/></BookmarkList>");
  assert_int_equal(refusal(signal_event, NULL, LIST(L"System", XPATH), foreign,
                           EvtSubscribeStartAfterBookmark | EvtSubscribeStrict),
                   ERROR_NOT_FOUND);
  assert_true(api.close(foreign));

  /* An empty bookmark begins with the second event. */
  EVT_HANDLE empty = api.create_bookmark(NULL);
  EVT_HANDLE event = NULL;
  DWORD count = 0;
  EVT_HANDLE subscription = api.subscribe(NULL, signal_event, NULL, LIST(L"System", XPATH), empty, NULL, NULL,
                                          EvtSubscribeStartAfterBookmark);
  assert_non_null(subscription);
  assert_false(api.next(subscription, 1, &event, 0, 0, &count));
  assert_true(api.close(subscription));
  assert_true(api.close(empty));
}

typedef struct called {
  volatile LONG delivered;
  volatile LONG errors;
  DWORD thread;
  DWORD code;
} called;

static DWORD WINAPI on_event(EVT_SUBSCRIBE_NOTIFY_ACTION action, PVOID context, EVT_HANDLE event)
{
  called *self = context;
  self->thread = GetCurrentThreadId();
  if (action == EvtSubscribeActionError) {
    self->code = (DWORD)(uintptr_t)event;
    InterlockedIncrement(&self->errors);
  } else {
    api.close(event); /* wrong, and must be noticed */
    InterlockedIncrement(&self->delivered);
  }
  return 0;
}

static void callbacks_come_on_another_thread(void **state)
{
  (void)state;
  called seen = {0};
  log_folder_knobs("callback_error=15011\ncallback_error_times=1\n");
  EVT_HANDLE subscription = api.subscribe(NULL, NULL, NULL, LIST(L"System", XPATH), NULL, &seen, on_event,
                                          EvtSubscribeToFutureEvents);
  assert_non_null(subscription);
  log_folder_put(1, 2004, 0, "one");
  for (int i = 0; i < 100 && seen.delivered == 0; i++) {
    Sleep(20);
  }
  assert_true(api.close(subscription));
  assert_int_equal(seen.delivered, 1);
  assert_int_equal(seen.errors, 1);
  assert_int_equal(seen.code, 15011);
  assert_int_not_equal(seen.thread, GetCurrentThreadId());
  assert_true(log_folder_misused());
}

int main(int argc, char **argv)
{
  wchar_t *path = seep_win_wide_from_utf8(argc > 1 ? argv[1] : "wevtapi.dll");
  HMODULE module = LoadLibraryExW(path, NULL, 0);
  free(path);
  void (*marker)(void) = module != NULL ? (void (*)(void))GetProcAddress(module, "StandinHandles") : NULL;
  if (marker == NULL || seep_win_late_bind_wevtapi(module, &api, NULL) != SEEP_OK) {
    fprintf(stderr, "this is not the stand-in wevtapi.dll\n");
    return 1;
  }
  handles = (DWORD(WINAPI *)(void))marker;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(wrong_subscriptions_are_refused, setup, teardown),
      cmocka_unit_test_setup_teardown(either_of_two_ids_takes_brackets, setup, teardown),
      cmocka_unit_test_setup_teardown(the_second_log_is_another_log, setup, teardown),
      cmocka_unit_test_setup_teardown(pull_follows_the_rules, setup, teardown),
      cmocka_unit_test_setup_teardown(rendering_tells_the_size_in_bytes, setup, teardown),
      cmocka_unit_test_setup_teardown(bookmarks_are_judged, setup, teardown),
      cmocka_unit_test_setup_teardown(callbacks_come_on_another_thread, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
