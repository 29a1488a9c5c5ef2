/*
 * The event feed while the event log misbehaves: every code that reference event-log 3.1, 3.5 and 5.3 knows.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "test_event_feed.h"
#include "win/win_event_reader.h"

static void a_refused_subscription_is_told_once_and_tried_again(void **state)
{
  (void)state;
  log_folder_put(5, 2004, MINUTE_MS, "waiting");
  log_folder_knobs("subscribe_error=1722\nsubscribe_error_times=3\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "d", 1000));
  assert_int_equal(test_feed_log.error.code, 1722);
  assert_string_equal(test_feed_log.error.operation, "EvtSubscribe");
  assert_true(test_feed_wait(1, "du", 6000));
  test_feed_assert_records((const uint64_t[]){5}, 1);
}

static void a_refusal_without_a_reason_is_a_refusal(void **state)
{
  (void)state;
  log_folder_knobs("subscribe_error=0\n");
  test_feed_start(test_feed_bookmark_11);
  assert_true(test_feed_wait(0, "d", 1000));
  assert_int_equal(test_feed_log.error.status, SEEP_UNSUPPORTED);
  test_feed.stop(test_feed.context);
}

static void an_event_that_never_renders_is_passed(void **state)
{
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "unreadable");
  log_folder_put(2, 2004, MINUTE_MS, "readable");
  log_folder_knobs("render_error=13\nrender_error_times=3\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(1, "du", 6000));
  assert_int_equal(test_feed_log.error.code, 13);
  test_feed_assert_records((const uint64_t[]){2}, 1);
  assert_int_equal(test_feed_log.unreadable, 1);
  assert_int_equal(test_feed_log.bookmarks, 2); /* the unreadable one had its own */
}

static BOOL WINAPI endless_render(EVT_HANDLE context, EVT_HANDLE fragment, DWORD flags, DWORD size,
                                  PVOID buffer, DWORD *used, DWORD *properties)
{
  if (flags != EvtRenderEventXml) {
    return test_feed_api.render(context, fragment, flags, size, buffer, used, properties);
  }
  *used = 4u * 1024u * 1024u + 2u;
  SetLastError(ERROR_INSUFFICIENT_BUFFER);
  return FALSE;
}

static void an_event_larger_than_any_can_be_is_passed(void **state)
{
  (void)state;
  seep_win_late_wevtapi endless = test_feed_api;
  endless.render = endless_render;
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &endless, NO_RENEWAL);
  log_folder_put(1, 2004, MINUTE_MS, "endless");
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "du", 6000));
  test_feed.stop(test_feed.context);
  assert_int_equal(test_feed_log.unreadable, 1);
  assert_int_equal(test_feed_log.record_count, 0);
  assert_non_null(strstr(test_feed_log.bookmark, "RecordId='1'"));
}

typedef struct given {
  size_t unreadable, readable;
} given;

static void on_given(void *context, const char *xml, size_t xml_size, const char *bookmark,
                     size_t bookmark_size)
{
  given *self = context;
  (void)xml_size;
  (void)bookmark_size;
  *(xml == NULL ? &self->unreadable : &self->readable) += bookmark != NULL ? 1 : 0;
}

static bool never_cancelled(void *context, unsigned wait_ms)
{
  (void)context;
  (void)wait_ms;
  return false;
}

/* Without the feed, whose pauses make minutes of it. The code blames the service, which however works. */
static void the_service_is_not_blamed_for_ever(void **state)
{
  enum { TRIES = 20 };
  given seen = {0};
  const seep_win_event_reader_sink sink = {&seen, on_given, never_cancelled};
  seep_win_event_reader *reader = NULL;
  seep_error error = {0};
  (void)state;
  HANDLE signal = CreateEventW(NULL, FALSE, FALSE, NULL);
  assert_int_equal(
      seep_win_event_reader_new(signal, SEEP_WIN_FEED_EXHAUSTION, &test_feed_api, &reader, &error), SEEP_OK);
  log_folder_put(1, 2004, MINUTE_MS, "unreadable");
  log_folder_put(2, 2004, MINUTE_MS, "readable");
  log_folder_knobs("render_error=15011\nrender_error_times=20\n");
  for (int i = 1; i < TRIES; i++) {
    assert_int_equal(seep_win_event_reader_open(reader, &error), SEEP_OK);
    assert_int_not_equal(seep_win_event_reader_drain(reader, &sink, &error), SEEP_OK);
    assert_int_equal(error.code, 15011);
    assert_int_equal(seen.unreadable + seen.readable, 0);
    seep_win_event_reader_close(reader);
  }
  assert_int_equal(seep_win_event_reader_open(reader, &error), SEEP_OK);
  assert_int_equal(seep_win_event_reader_drain(reader, &sink, &error), SEEP_OK);
  seep_win_event_reader_free(reader);
  CloseHandle(signal);
  assert_int_equal(seen.unreadable, 1);
  assert_int_equal(seen.readable, 1);
}

/* At boot the service may not be there yet, or the log; a policy may deny it. Each is told, and over soon. */
static void every_refusal_is_tried_again_soon(void **state)
{
  static const DWORD codes[] = {RPC_S_SERVER_UNAVAILABLE, RPC_S_UNKNOWN_IF, ERROR_EVT_CHANNEL_NOT_FOUND,
                                ERROR_ACCESS_DENIED,      ERROR_CANCELLED,  ERROR_INVALID_HANDLE,
                                ERROR_NOT_ENOUGH_MEMORY};
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "waiting");
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    char knobs[80];
    snprintf(knobs, sizeof knobs, "subscribe_error=%lu\nsubscribe_error_times=1\n", (unsigned long)codes[i]);
    log_folder_knobs(knobs);
    test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, NULL, NO_RENEWAL);
    test_feed_forget();
    test_feed_start(NULL);
    assert_true(test_feed_wait(1, "du", 3000));
    assert_int_equal(test_feed_log.error.code, codes[i]);
    assert_string_equal(test_feed_log.error.subject, "System log");
    log_folder_knobs(NULL);
  }
}

static void denied_is_told_once(void **state)
{
  (void)state;
  log_folder_knobs("subscribe_error=5\n");
  test_feed_start(NULL);
  Sleep(2500); /* several tries */
  assert_true(test_feed_wait(0, "d", 0));
  assert_int_equal(test_feed_log.error.status, SEEP_DENIED);
  log_folder_knobs(NULL);
  assert_true(test_feed_wait(0, "du", 4000));
}

/* Each happens in the ordinary course of things, is mended at once, and nobody need know. */
static void a_stale_subscription_loses_and_doubles_nothing(void **state)
{
  static const char *const faults[] = {
      "next_error=15011\nnext_error_times=1\n", "next_error=15012\nnext_error_times=1\n",
      "next_error=6\nnext_error_times=1\n",     "next_error=87\nnext_error_times=1\n",
      "next_error=1734\nnext_error_times=1\n",  "next_error=1818\nnext_error_times=1\n",
      "next_error=1223\nnext_error_times=1\n",  "next_error=1460\nnext_error_times=1\n",
      "next_error=1722\nnext_error_times=1\n",  "next_error=1717\nnext_error_times=1\n",
      "next_error=15037\nnext_error_times=1\n", "next_error=15007\nnext_error_times=1\n",
      "next_error=5\nnext_error_times=1\n",     "next_error=4317\nnext_error_times=1\n",
      "render_error=6\nrender_error_times=1\n", "kill_subscription=1\n"};
  enum { COUNT = sizeof faults / sizeof faults[0] };
  uint64_t expected[COUNT + 1];
  (void)state;
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, NULL, 3000); /* what follows a 4317 comes with the renewal */
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_put(1, 2004, 0, "before");
  assert_true(test_feed_wait(1, "u", 1000));
  expected[0] = 1;
  for (size_t i = 0; i < COUNT; i++) {
    log_folder_knobs(faults[i]);
    log_folder_put(2 + i, 2004, 0, "meanwhile");
    expected[1 + i] = 2 + i;
    if (!test_feed_wait(2 + i, "u", 4000)) {
      fail_msg("after %s", faults[i]);
    }
    log_folder_knobs(NULL);
  }
  test_feed_assert_records(expected, COUNT + 1);
}

static void a_second_failure_in_a_row_is_told(void **state)
{
  (void)state;
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_knobs("next_error=15011\nnext_error_times=2\n");
  log_folder_put(1, 2004, 0, "meanwhile");
  assert_true(test_feed_wait(1, "udu", 4000));
  assert_int_equal(test_feed_log.error.code, 15011);
  assert_string_equal(test_feed_log.error.operation, "EvtNext");
  test_feed_assert_records((const uint64_t[]){1}, 1);
}

/* 1223 means that the service ended the call, not that anybody asked us to stop. */
static void a_cancelled_call_is_no_reason_to_hurry(void **state)
{
  (void)state;
  seep_win_late_wevtapi counting = test_feed_counting_api();
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &counting, NO_RENEWAL);
  log_folder_knobs("next_error=1223\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "d", 1000));
  Sleep(1500);
  assert_int_equal(test_feed_log.error.code, 1223);
  assert_int_equal(test_feed_log.error.status, SEEP_OS);
  assert_in_range(test_feed_subscribes, 3, 6); /* the probe; one after each pause */
  log_folder_knobs(NULL);
  assert_true(test_feed_wait(0, "du", 4000));
}

static void a_cleared_log_goes_on_with_what_comes(void **state)
{
  (void)state;
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_put(1, 2004, 0, "before");
  log_folder_put(2, 2004, 0, "before");
  assert_true(test_feed_wait(2, "u", 1000));
  log_folder_remove(1);
  log_folder_remove(2);
  log_folder_knobs("next_error=15011\nnext_error_times=1\n");
  log_folder_put(3, 2004, 0, "after");
  assert_true(test_feed_wait(3, "u", 3000));
  test_feed_assert_records((const uint64_t[]){1, 2, 3}, 3);
}

/* Readable, and yet the log will not go on behind it: the last day, as with a torn one. */
static void a_bookmark_that_is_refused_means_the_last_day(void **state)
{
  static const char *const knobs[] = {"resume_error=87\n", "resume_error=15008\n", "resume_error=15011\n",
                                      "resume_error=15012\n", "resume_error=1168\n"};
  (void)state;
  test_feed_put_three_days();
  for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
    log_folder_knobs(knobs[i]);
    test_feed_forget();
    test_feed_start(test_feed_bookmark_11);
    assert_true(test_feed_wait(1, "u", 3000));
    test_feed_assert_records((const uint64_t[]){13}, 1);
  }
}

static void a_service_that_is_away_does_not_cost_the_bookmark(void **state)
{
  (void)state;
  test_feed_put_three_days();
  log_folder_knobs("resume_error=1722\nresume_error_times=2\n");
  test_feed_start(test_feed_bookmark_11);
  assert_true(test_feed_wait(2, "du", 4000));
  test_feed_assert_records((const uint64_t[]){12, 13}, 2);
}

/* Not the event's fault, so it is not given up as soon as one that does not render is. */
static void a_service_that_is_away_does_not_cost_the_event(void **state)
{
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "kept");
  log_folder_knobs("render_error=1722\nrender_error_times=3\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(1, "du", 12000));
  test_feed_assert_records((const uint64_t[]){1}, 1);
}

static void a_moment_without_memory_is_waited_out(void **state)
{
  static const char *const faults[] = {"render_error=1455\nrender_error_times=5\n",
                                       "render_error=14\nrender_error_times=5\n",
                                       "next_error=8\nnext_error_times=5\n"};
  (void)state;
  seep_win_late_wevtapi counting = test_feed_counting_api();
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &counting, NO_RENEWAL);
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  LONG subscribes = test_feed_subscribes;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    log_folder_knobs(faults[i]);
    log_folder_put(1 + i, 2004, 0, "when memory was short");
    assert_true(test_feed_wait(1 + i, "u", 3000));
  }
  test_feed_assert_records((const uint64_t[]){1, 2, 3}, 3);
  assert_int_equal(test_feed_subscribes, subscribes);
}

static void a_long_time_without_memory_is_told(void **state)
{
  (void)state;
  log_folder_put(1, 2004, MINUTE_MS, "kept");
  log_folder_knobs("render_error=1455\n");
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "d", 5000));
  assert_int_equal(test_feed_log.error.status, SEEP_NO_MEMORY);
  log_folder_knobs(NULL);
  assert_true(test_feed_wait(1, "du", 3000));
  test_feed_assert_records((const uint64_t[]){1}, 1);
}

static void a_silent_subscription_is_renewed(void **state)
{
  (void)state;
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, NULL, 400);
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_knobs("silent_subscription=1\n");
  Sleep(250);
  log_folder_put(1, 2004, 0, "unheard");
  assert_true(test_feed_wait(1, "u", 3000));
  Sleep(900); /* two more renewals must not tell it again */
  test_feed_assert_records((const uint64_t[]){1}, 1);
}

static void a_renewal_without_memory_keeps_what_works(void **state)
{
  (void)state;
  seep_win_late_wevtapi counting = test_feed_counting_api();
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, &counting, 300);
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_knobs("subscribe_error=1455\n");
  LONG subscribes = test_feed_subscribes;
  Sleep(1000);
  assert_true(test_feed_subscribes >= subscribes + 2);
  log_folder_put(1, 2004, 0, "in the midst of it");
  assert_true(test_feed_wait(1, "u", 1000));
  log_folder_knobs("silent_subscription=1\n");
  Sleep(250);
  log_folder_put(2, 2004, 0, "for the renewed one");
  assert_true(test_feed_wait(2, "u", 2000));
  bool two_handles = false; /* three only while one is renewed */
  for (int i = 0; i < 50 && !two_handles; i++) {
    two_handles = test_feed_handles() == 2;
    Sleep(10);
  }
  assert_true(two_handles);
  test_feed_assert_records((const uint64_t[]){1, 2}, 2);
}

static void a_renewal_that_fails_is_told(void **state)
{
  (void)state;
  test_feed_replace(SEEP_WIN_FEED_EXHAUSTION, NULL, 300);
  test_feed_start(NULL);
  assert_true(test_feed_wait(0, "u", 3000));
  log_folder_knobs("subscribe_error=5\n");
  assert_true(test_feed_wait(0, "ud", 3000));
  assert_int_equal(test_feed_log.error.status, SEEP_DENIED);
  log_folder_knobs(NULL);
  assert_true(test_feed_wait(0, "udu", 3000));
}

int test_event_feed_faults(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_refused_subscription_is_told_once_and_tried_again, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_refusal_without_a_reason_is_a_refusal, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(an_event_that_never_renders_is_passed, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(an_event_larger_than_any_can_be_is_passed, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(the_service_is_not_blamed_for_ever, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(every_refusal_is_tried_again_soon, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(denied_is_told_once, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_stale_subscription_loses_and_doubles_nothing, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_second_failure_in_a_row_is_told, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_cancelled_call_is_no_reason_to_hurry, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_cleared_log_goes_on_with_what_comes, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_bookmark_that_is_refused_means_the_last_day, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_service_that_is_away_does_not_cost_the_bookmark, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_service_that_is_away_does_not_cost_the_event, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_moment_without_memory_is_waited_out, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_long_time_without_memory_is_told, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_silent_subscription_is_renewed, test_feed_setup, test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_renewal_without_memory_keeps_what_works, test_feed_setup,
                                      test_feed_teardown),
      cmocka_unit_test_setup_teardown(a_renewal_that_fails_is_told, test_feed_setup, test_feed_teardown),
  };
  return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
