/*
 * The feed under test, the sink that writes down what it was told, and the stand-in bound to both.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "test_event_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "win/win_wide.h"

#define SKIPPED 77

test_feed_seen test_feed_log;
seep_event_feed test_feed;
seep_win_late_wevtapi test_feed_api;
volatile LONG test_feed_subscribes;
static const seep_win_late_wevtapi *bound_api = &test_feed_api;
static DWORD(WINAPI *standin_handles)(void);

static void keep_text(test_feed_seen *self, const char *xml, size_t xml_size)
{
  const char *id = strstr(xml, "<EventRecordID>");
  if (id != NULL && self->record_count < TEST_FEED_RECORDS) {
    self->records[self->record_count++] = strtoull(id + 15, NULL, 10);
  }
  free(self->last_xml);
  self->last_xml = malloc(xml_size + 1);
  memcpy(self->last_xml, xml, xml_size + 1);
  if (strlen(self->last_xml) != xml_size) {
    self->last_xml[0] = '\0';
  }
}

static bool on_event(void *context, const char *xml, size_t xml_size, const char *bookmark,
                     size_t bookmark_size)
{
  test_feed_seen *self = context;
  EnterCriticalSection(&self->lock);
  if (xml != NULL) {
    keep_text(self, xml, xml_size);
  } else {
    self->unreadable++;
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
  test_feed_seen *self = context;
  EnterCriticalSection(&self->lock);
  if (self->state_count < sizeof self->states - 1) {
    self->states[self->state_count++] = up ? 'u' : 'd';
  }
  if (!up) {
    self->error = *error;
  }
  LeaveCriticalSection(&self->lock);
}

void test_feed_forget(void)
{
  test_feed_log.record_count = 0;
  test_feed_log.unreadable = 0;
  test_feed_log.bookmarks = 0;
  test_feed_log.bookmark[0] = '\0';
  memset(test_feed_log.states, 0, sizeof test_feed_log.states);
  test_feed_log.state_count = 0;
  memset(&test_feed_log.error, 0, sizeof test_feed_log.error);
  test_feed_log.event_while_down = false;
}

void test_feed_replace(seep_win_feed_kind kind, const seep_win_late_wevtapi *api, unsigned renew_ms)
{
  seep_win_event_feed_free(&test_feed);
  assert_int_equal(
      seep_win_event_feed_new_on(&test_feed, kind, api != NULL ? api : bound_api, renew_ms, NULL), SEEP_OK);
}

int test_feed_setup(void **state)
{
  (void)state;
  log_folder_reset();
  test_feed_forget();
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, NULL, NO_RENEWAL);
  return 0;
}

int test_feed_teardown(void **state)
{
  (void)state;
  seep_win_event_feed_free(&test_feed);
  assert_null(test_feed.context);
  free(test_feed_log.last_xml);
  test_feed_log.last_xml = NULL;
  assert_int_equal(standin_handles(), 0);
  assert_false(log_folder_misused());
  assert_false(test_feed_log.event_while_down);
  return 0;
}

DWORD test_feed_handles(void)
{
  return standin_handles();
}

void test_feed_start(const char *bookmark)
{
  static const seep_event_feed_sink sink = {&test_feed_log, on_event, on_state};
  seep_error error = {0};
  assert_int_equal(test_feed.start(test_feed.context, &sink, bookmark, &error), SEEP_OK);
}

bool test_feed_wait(size_t records, const char *states, unsigned timeout_ms)
{
  for (unsigned waited = 0; waited <= timeout_ms; waited += 20) {
    EnterCriticalSection(&test_feed_log.lock);
    bool done = test_feed_log.record_count >= records && strcmp(test_feed_log.states, states) == 0;
    LeaveCriticalSection(&test_feed_log.lock);
    if (done) {
      return true;
    }
    Sleep(20);
  }
  fprintf(stderr, "after %u ms: %u records, states \"%s\"\n", timeout_ms,
          (unsigned)test_feed_log.record_count, test_feed_log.states);
  return false;
}

void test_feed_assert_records(const uint64_t *expected, size_t count)
{
  test_feed.stop(test_feed.context);
  assert_int_equal(test_feed_log.record_count, count);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(test_feed_log.records[i], expected[i]);
  }
}

static EVT_HANDLE WINAPI counted_subscribe(EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query,
                                           EVT_HANDLE bookmark, PVOID context,
                                           EVT_SUBSCRIBE_CALLBACK callback, DWORD flags)
{
  InterlockedIncrement(&test_feed_subscribes);
  return test_feed_api.subscribe(session, signal, channel, query, bookmark, context, callback, flags);
}

seep_win_late_wevtapi test_feed_counting_api(void)
{
  seep_win_late_wevtapi counting = test_feed_api;
  counting.subscribe = counted_subscribe;
  test_feed_subscribes = 0;
  return counting;
}

const char test_feed_bookmark_11[] =
    "<BookmarkList>\r\n  <Bookmark Channel='System' RecordId='11' IsCurrent='true'/>\r\n</BookmarkList>";

void test_feed_put_three_days(void)
{
  log_folder_put(10, 2004, 3 * DAY_MS, "a");
  log_folder_put(11, 2004, 3 * DAY_MS, "b");
  log_folder_put(12, 2004, 2 * DAY_MS, "c");
  log_folder_put(13, 2004, MINUTE_MS, "d");
}

int test_feed_bind(const char *where)
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
  InitializeCriticalSection(&test_feed_log.lock);
  standin_handles = (DWORD(WINAPI *)(void))marker;
  bound_api = installed ? NULL : &test_feed_api;
  return seep_win_late_bind_wevtapi(module, &test_feed_api, NULL) == SEEP_OK ? 0 : 1;
}
