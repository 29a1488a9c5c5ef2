/*
 * The event feeds on whatever wevtapi.dll the machine has. On Wine that is a library of stubs, two of which
 * end the process: each feed must say that it is down and live on, with a bookmark to resume as well as
 * without. On Windows the first must come up, and the second too or say that its log is not there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <windows.h>

#include "on_wine.h"
#include "win/win_event_feed.h"

#define SKIPPED 77

static volatile LONG ups, downs;
static seep_error last_error;

static bool on_event(void *context, const char *xml, size_t xml_size, const char *bookmark,
                     size_t bookmark_size)
{
  (void)context;
  (void)xml;
  (void)xml_size;
  (void)bookmark;
  (void)bookmark_size;
  return true;
}

static void on_state(void *context, bool up, const seep_error *error)
{
  (void)context;
  if (!up) {
    last_error = *error;
  }
  InterlockedIncrement(up ? &ups : &downs);
}

static void run_feed(seep_win_feed_kind kind, const char *bookmark)
{
  const seep_event_feed_sink sink = {NULL, on_event, on_state};
  seep_event_feed feed = {0};
  ups = 0;
  downs = 0;
  assert_int_equal(seep_win_event_feed_new(&feed, kind, NULL), SEEP_OK);
  assert_int_equal(feed.start(feed.context, &sink, bookmark, NULL), SEEP_OK);
  Sleep(2500); /* several tries */
  seep_win_event_feed_free(&feed);
  if (on_wine()) {
    assert_int_equal(ups, 0);
    assert_int_equal(downs, 1);
    assert_int_equal(last_error.status, SEEP_UNSUPPORTED);
    assert_string_equal(last_error.operation, "EvtSubscribe");
  } else if (kind == SEEP_WIN_FEED_NOTICES && downs > 0) {
    assert_int_equal(ups, 0);
    assert_int_equal(downs, 1);
    assert_int_equal(last_error.code, ERROR_EVT_CHANNEL_NOT_FOUND);
  } else {
    assert_int_equal(ups, 1);
    assert_int_equal(downs, 0);
  }
}

static void the_first_run(void **state)
{
  (void)state;
  run_feed(SEEP_WIN_FEED_EXHAUSTION, NULL);
}

static void a_run_with_a_bookmark(void **state)
{
  (void)state;
  run_feed(
      SEEP_WIN_FEED_EXHAUSTION,
      "<BookmarkList>\r\n  <Bookmark Channel='System' RecordId='1' IsCurrent='true'/>\r\n</BookmarkList>");
}

static void a_run_of_the_notices(void **state)
{
  (void)state;
  run_feed(SEEP_WIN_FEED_NOTICES, NULL);
}

int main(void)
{
  HMODULE module = LoadLibraryExW(L"wevtapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (module != NULL && GetProcAddress(module, "StandinHandles") != NULL) {
    printf("skipped: the stand-in wevtapi.dll is installed in system32\n");
    return SKIPPED;
  }
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_run), cmocka_unit_test(a_run_with_a_bookmark),
                                     cmocka_unit_test(a_run_of_the_notices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
