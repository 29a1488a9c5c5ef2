/*
 * The second feed: the detector's own Operational log, which is not there on every Windows, with Events 1003
 * and 1008.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "test_event_feed.h"

#define CHANNEL "Microsoft-Windows-Resource-Exhaustion-Detector/Operational"
#define BOOKMARK(record)                                                                                     \
  "<BookmarkList>\r\n  <Bookmark Channel='" CHANNEL "' RecordId='" record "' IsCurrent='true'/>\r\n"         \
  "</BookmarkList>"

static int setup(void **state)
{
  test_feed_setup(state);
  test_feed_replace(SEEP_WIN_FEED_NOTICES, NULL, NO_RENEWAL);
  return 0;
}

static void both_events_are_told_and_no_others(void **state)
{
  (void)state;
  log_folder_put(5, 1003, MINUTE_MS, "in System");
  log_folder_operational(true);
  log_folder_put_notice(1, 1003, 2 * DAY_MS, "old");
  log_folder_put_notice(2, 1001, MINUTE_MS, "detector started");
  log_folder_put_notice(3, 1003, MINUTE_MS, "short");
  log_folder_put_notice(4, 2004, MINUTE_MS, "not here");
  log_folder_put_notice(6, 1008, MINUTE_MS, "no diagnosis");
  test_feed_start(NULL);
  assert_true(test_feed_wait(2, "u", 3000));
  log_folder_put_notice(7, 1003, 0, "live");
  assert_true(test_feed_wait(3, "u", 1000));
  test_feed_assert_records((const uint64_t[]){3, 6, 7}, 3);
  assert_string_equal(test_feed_log.bookmark, BOOKMARK("7"));
}

static void its_own_bookmark_is_gone_on_from(void **state)
{
  (void)state;
  log_folder_operational(true);
  log_folder_put_notice(1, 1003, 3 * DAY_MS, "told");
  log_folder_put_notice(2, 1008, 3 * DAY_MS, "missed");
  log_folder_put_notice(3, 1003, MINUTE_MS, "missed");
  test_feed_start(BOOKMARK("1"));
  assert_true(test_feed_wait(2, "u", 3000));
  test_feed_assert_records((const uint64_t[]){2, 3}, 2);
}

static void a_log_that_is_not_there_is_told_once_and_seldom_looked_for(void **state)
{
  (void)state;
  seep_win_late_wevtapi counting = test_feed_counting_api();
  test_feed_replace(SEEP_WIN_FEED_NOTICES, &counting, 2500);
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "d", 1000));
  assert_int_equal(test_feed_log.error.code, ERROR_EVT_CHANNEL_NOT_FOUND);
  assert_int_equal(test_feed_log.error.domain, SEEP_DOMAIN_WIN32);
  assert_int_equal(test_feed_log.error.status, SEEP_NOT_FOUND);
  Sleep(1800);
  assert_int_equal(test_feed_subscribes, 1);
  log_folder_operational(true);
  log_folder_put_notice(1, 1003, MINUTE_MS, "first");
  assert_true(test_feed_wait(1, "du", 3000));
  test_feed_assert_records((const uint64_t[]){1}, 1);
}

static void stop_does_not_wait_for_a_log_that_is_not_there(void **state)
{
  (void)state;
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "d", 1000));
  ULONGLONG before = GetTickCount64();
  test_feed.stop(test_feed.context);
  assert_true(GetTickCount64() - before < 500);
}

static void any_other_failure_is_tried_again_soon(void **state)
{
  (void)state;
  log_folder_operational(true);
  log_folder_put_notice(1, 1008, MINUTE_MS, "waiting");
  log_folder_knobs("operational_subscribe_error=1722\noperational_subscribe_error_times=2\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(1, "du", 4000));
  assert_int_equal(test_feed_log.error.code, 1722);
  assert_string_equal(test_feed_log.error.subject, "Resource-Exhaustion-Detector/Operational log");
  test_feed_assert_records((const uint64_t[]){1}, 1);
}

static volatile LONG first_events, first_states;

static bool first_event(void *context, const char *xml, size_t xml_size, const char *bookmark,
                        size_t bookmark_size)
{
  (void)context;
  (void)xml_size;
  (void)bookmark_size;
  bool mine = strstr(xml, "<EventID>2004<") != NULL && strstr(bookmark, "'System'") != NULL;
  InterlockedExchangeAdd(&first_events, mine ? 1 : 1000);
  return true;
}

static void first_state(void *context, bool up, const seep_error *error)
{
  (void)context;
  (void)error;
  InterlockedExchangeAdd(&first_states, up ? 1 : 1000);
}

static void two_feeds_do_not_disturb_each_other(void **state)
{
  const seep_event_feed_sink sink = {NULL, first_event, first_state};
  seep_event_feed first = {0};
  (void)state;
  log_folder_operational(true);
  assert_int_equal(
      seep_win_event_feed_new_on(&first, SEEP_WIN_FEED_EXHAUSTION, &test_feed_api, NO_RENEWAL, NULL),
      SEEP_OK);
  assert_int_equal(first.start(first.context, &sink, NULL, NULL), SEEP_OK);
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_put_notice(1, 1003, 0, "short");
  log_folder_put(1, 2004, 0, "diagnosis");
  assert_true(test_feed_wait(1, "u", 1000));
  log_folder_knobs("operational_next_error=1722\noperational_next_error_times=2\n");
  log_folder_put_notice(2, 1003, 0, "short again");
  log_folder_put(2, 2004, 0, "diagnosis again");
  assert_true(test_feed_wait(2, "udu", 4000));
  seep_win_event_feed_free(&first);
  assert_int_equal(first_events, 2);
  assert_int_equal(first_states, 1);
  test_feed_assert_records((const uint64_t[]){1, 2}, 2);
}

int test_event_feed_notices(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(both_events_are_told_and_no_others, setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(its_own_bookmark_is_gone_on_from, setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_log_that_is_not_there_is_told_once_and_seldom_looked_for, setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(stop_does_not_wait_for_a_log_that_is_not_there, setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(any_other_failure_is_tried_again_soon, setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(two_feeds_do_not_disturb_each_other, setup, test_feed_teardown),
  };
  return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
