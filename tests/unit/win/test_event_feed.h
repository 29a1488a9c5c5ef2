/*
 * What the parts of the event feed's test share: one feed, a sink that writes down what it was told, and the
 * stand-in that the feed runs on. Included after cmocka's headers.
 */
#ifndef TESTS_WIN_TEST_EVENT_FEED_H
#define TESTS_WIN_TEST_EVENT_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

#include "log_folder.h"
#include "win/win_event_feed.h"
#include "win/win_late.h"

#define TEST_FEED_RECORDS 256
#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define NO_RENEWAL (60u * 60u * 1000u)

typedef struct test_feed_seen {
  CRITICAL_SECTION lock;
  uint64_t records[TEST_FEED_RECORDS];
  size_t record_count;
  size_t unreadable; /* events without a text */
  char bookmark[512];
  size_t bookmarks;
  char *last_xml;
  char states[64]; /* one letter for each change: u, d */
  size_t state_count;
  seep_error error;
  bool event_while_down;
} test_feed_seen;

extern test_feed_seen test_feed_log;
extern seep_event_feed test_feed;
extern seep_win_late_wevtapi test_feed_api; /* the stand-in's functions, for tests that put theirs between */

/* The argument of the test program. 0, or its exit code. */
int test_feed_bind(const char *where);
DWORD test_feed_handles(void);

/* For each test; the second asks what all end with: nothing leaked, nothing misused, no event while it was
 * down. test_feed is an exhaustion feed without renewal. */
int test_feed_setup(void **state);
int test_feed_teardown(void **state);
/* Another feed in its place. api NULL: as it is bound. */
void test_feed_replace(seep_win_feed_kind kind, const seep_win_late_wevtapi *api, unsigned renew_ms);

void test_feed_start(const char *bookmark);
/* Forgets what was told until now. */
void test_feed_forget(void);
bool test_feed_wait(size_t records, const char *states, unsigned timeout_ms);
/* Stops it first. */
void test_feed_assert_records(const uint64_t *expected, size_t count);

/* The stand-in's EvtSubscribe, counted. */
seep_win_late_wevtapi test_feed_counting_api(void);
extern volatile LONG test_feed_subscribes;

/* System records 10 and 11 of three days ago, 12 of two, 13 of now. */
void test_feed_put_three_days(void);
extern const char test_feed_bookmark_11[];

int test_event_feed_faults(void);
int test_event_feed_notices(void);

#endif
