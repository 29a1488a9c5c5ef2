/* Leak cases, captures, the undo journal and the small values, across a reopening each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_files.h"

#define PATH "test_store_cases.db"
#define COPY "test_store_cases_copy.db"

static const seep_wall moment = {INT64_C(1790000000000)};

static seep_store *open_store(const char *path)
{
  seep_store *store = NULL;
  assert_int_equal(seep_store_open(path, moment, NULL, &store, NULL, NULL), SEEP_OK);
  return store;
}

static int clean(void **state)
{
  (void)state;
  store_files_remove(PATH);
  store_files_remove(COPY);
  return 0;
}

typedef struct leaks {
  seep_store_leak list[8];
  size_t count, most;
  seep_store *store; /* asked again from inside the visit */
} leaks;

static bool keep_leak(void *context, const seep_store_leak *leak)
{
  leaks *l = context;
  assert_true(l->count < 8);
  l->list[l->count++] = *leak;
  if (l->store != NULL) {
    assert_int_equal(seep_store_value_set(l->store, "inside", "x", 1, NULL), SEEP_OK);
  }
  return l->most == 0 || l->count < l->most;
}

/* Two cases; the first goes on with another process, and is a leak by then. */
static void write_leaks(seep_store *store, seep_store_leak *leak)
{
  assert_int_equal(seep_store_leak_open(store, leak, NULL), SEEP_OK);
  assert_true(leak->id > 0);
  seep_store_leak second = *leak;
  second.slope_bytes_per_hour = NAN;
  second.slope_low_bytes_per_hour = second.slope_high_bytes_per_hour = 0;
  snprintf(second.kind, sizeof second.kind, "private-data");
  assert_int_equal(seep_store_leak_open(store, &second, NULL), SEEP_OK);
  assert_true(second.id != leak->id);
  leak->key = (seep_process_key){4321, 77};
  snprintf(leak->verdict, sizeof leak->verdict, "leak");
  leak->closed.ms = 3000;
  leak->commit_bytes = 8192;
  snprintf(leak->ending, sizeof leak->ending, "exited");
  assert_int_equal(seep_store_leak_update(store, leak, NULL), SEEP_OK);
  seep_store_leak absent = *leak;
  absent.id = 99;
  assert_int_equal(seep_store_leak_update(store, &absent, NULL), SEEP_NOT_FOUND);
}

static void assert_leaks(const leaks *l, const seep_store_leak *leak)
{
  const seep_store_leak *back = &l->list[0];
  assert_true(back->id == leak->id && back->key.pid == 4321);
  assert_true(back->key.created == 77 && back->growth_bytes == (uint64_t)INT64_MAX);
  assert_string_equal(back->verdict, "leak");
  assert_true(back->slope_low_bytes_per_hour == -2e9 && back->slope_high_bytes_per_hour == 1e300);
  assert_string_equal(back->image, leak->image);
  assert_true(back->began.ms == 1000 && back->opened.ms == 2000 && back->closed.ms == 3000);
  assert_true(back->slope_bytes_per_hour == -1.5e9 && back->confidence == 0.97 && back->commit_bytes == 8192);
  assert_string_equal(back->kind, "heap");
  assert_string_equal(back->ending, "exited");
  back = &l->list[1];
  assert_true(back->closed.ms == 0 && back->slope_bytes_per_hour == 0.0);
  assert_true(back->key.pid == 1234 && back->key.created == (uint64_t)INT64_MAX);
  assert_string_equal(back->verdict, "rapid");
  assert_true(back->slope_low_bytes_per_hour == 0.0 && back->slope_high_bytes_per_hour == 0.0);
  assert_string_equal(l->list[1].ending, "");
}

static void test_leaks(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_store_leak leak = {.key = {1234, UINT64_MAX},
                          .image = "leaky\xED\xA0\x80.exe",
                          .began = {1000},
                          .opened = {2000},
                          .verdict = "rapid",
                          .slope_bytes_per_hour = -1.5e9,
                          .slope_low_bytes_per_hour = -2e9,
                          .slope_high_bytes_per_hour = 1e300,
                          .growth_bytes = UINT64_MAX,
                          .commit_bytes = 4096,
                          .confidence = 0.97,
                          .kind = "heap",
                          .time_left_ms = -1};
  write_leaks(store, &leak);
  seep_store_close(store);

  store = open_store(PATH);
  leaks l = {.store = store};
  assert_int_equal(seep_store_leaks(store, keep_leak, &l, NULL), SEEP_OK);
  assert_int_equal(l.count, 2);
  assert_leaks(&l, &leak);

  unsigned closed = 0;
  seep_wall now = {5000};
  assert_int_equal(seep_store_leak_close_all(store, now, "service stopped", &closed, NULL), SEEP_OK);
  assert_int_equal(closed, 1);
  assert_int_equal(seep_store_leak_close_all(store, now, "again", &closed, NULL), SEEP_OK);
  assert_int_equal(closed, 0);
  l.count = 0;
  assert_int_equal(seep_store_leaks(store, keep_leak, &l, NULL), SEEP_OK);
  assert_string_equal(l.list[0].ending, "exited");
  assert_string_equal(l.list[1].ending, "service stopped");
  assert_true(l.list[1].closed.ms == 5000);
  l.count = 0;
  l.most = 1;
  assert_int_equal(seep_store_leaks(store, keep_leak, &l, NULL), SEEP_OK);
  assert_int_equal(l.count, 1);
  seep_store_close(store);
}

static void assert_told(const seep_store_leak *leak, const seep_store_leak *told)
{
  assert_true(leak->kind_confidence == told->kind_confidence && leak->times_told == told->times_told);
  assert_true(leak->told.ms == told->told.ms && leak->time_left_ms == told->time_left_ms);
  assert_true(leak->system_commit_bytes == told->system_commit_bytes);
  assert_true(leak->system_limit_bytes == told->system_limit_bytes);
  assert_string_equal(leak->kind_reason, told->kind_reason);
  assert_string_equal(leak->services, told->services);
  assert_string_equal(leak->evidence, told->evidence);
  assert_string_equal(leak->told_because, told->told_because);
}

/* What the alerts said: at the opening, after an update, with nothing known, and texts that fill their room.
 */
static void test_what_was_told(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_store_leak leak = {.image = "a.exe",
                          .kind_confidence = 0.92,
                          .kind_reason = "heap blocks grew",
                          .services = "Dnscache, LanmanServer\xED\xA0\x80",
                          .evidence = "rose in 11 of 12 buckets",
                          .times_told = 1,
                          .told = {4000},
                          .told_because = "first report",
                          .time_left_ms = 0,
                          .system_commit_bytes = UINT64_MAX,
                          .system_limit_bytes = 1};
  seep_store_leak unknown = {.image = "b.exe", .time_left_ms = -1}, changed = leak;
  assert_int_equal(seep_store_leak_open(store, &leak, NULL), SEEP_OK);
  assert_int_equal(seep_store_leak_open(store, &unknown, NULL), SEEP_OK);
  assert_int_equal(seep_store_leak_open(store, &changed, NULL), SEEP_OK);
  memset(changed.kind_reason, 'r', sizeof changed.kind_reason - 1);
  memset(changed.services, 's', sizeof changed.services - 1);
  memset(changed.evidence, 'e', sizeof changed.evidence - 1);
  memset(changed.told_because, 'b', sizeof changed.told_because - 1);
  changed.kind_confidence = 0.5;
  changed.times_told = UINT_MAX;
  changed.told.ms = 9000;
  changed.time_left_ms = 123456789;
  changed.system_commit_bytes = 77;
  changed.system_limit_bytes = 88;
  assert_int_equal(seep_store_leak_update(store, &changed, NULL), SEEP_OK);
  seep_store_close(store);
  store = open_store(PATH);
  leaks l = {.count = 0};
  assert_int_equal(seep_store_leaks(store, keep_leak, &l, NULL), SEEP_OK);
  assert_int_equal(l.count, 3);
  leak.system_commit_bytes = INT64_MAX;
  assert_told(&l.list[0], &leak);
  assert_told(&l.list[1], &unknown);
  assert_told(&l.list[2], &changed);
  seep_store_close(store);
}

/* By somebody else's hand. */
static void test_odd_leaks(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_store_leak leak = {.image = "a.exe"};
  assert_int_equal(seep_store_leak_open(store, &leak, NULL), SEEP_OK);
  store_files_sql(PATH,
                  "UPDATE leak SET times_told = -1, time_left_ms = 'soon', told_ms = 9223372036854775807,"
                  " began_ms = -9223372036854775808, evidence = X'61006200', services = 7,"
                  " kind_confidence = 1e999, system_commit_bytes = -1");
  leaks l = {.count = 0};
  assert_int_equal(seep_store_leaks(store, keep_leak, &l, NULL), SEEP_OK);
  const seep_store_leak *back = &l.list[0];
  assert_true(back->times_told == 0 && back->time_left_ms == 0 && back->system_commit_bytes == 0);
  assert_true(back->told.ms == INT64_C(1) << 52 && back->began.ms == -(INT64_C(1) << 52));
  assert_string_equal(back->evidence, "a");
  assert_string_equal(back->services, "7");
  store_files_sql(PATH, "UPDATE leak SET times_told = 4294967296, time_left_ms = -9");
  l.count = 0;
  assert_int_equal(seep_store_leaks(store, keep_leak, &l, NULL), SEEP_OK);
  assert_true(l.list[0].times_told == UINT_MAX && l.list[0].time_left_ms == -1);
  seep_store_close(store);
}

typedef struct captures {
  seep_store_capture list[4];
  size_t count;
} captures;

static bool keep_capture(void *context, const seep_store_capture *capture)
{
  captures *c = context;
  assert_true(c->count < 4);
  c->list[c->count++] = *capture;
  return true;
}

static captures read_captures(seep_store *store, size_t count)
{
  captures c = {.count = 0};
  assert_int_equal(seep_store_captures(store, keep_capture, &c, NULL), SEEP_OK);
  assert_int_equal(c.count, count);
  return c;
}

static const seep_store_capture example = {.leak_id = 7,
                                           .key = {42, 133000000000000000},
                                           .image = "leaky\xED\xA0\x80.exe",
                                           .kind = "virtualalloc",
                                           .started = {1000},
                                           .ended = {61000},
                                           .bytes = 123456789,
                                           .path = "C:\\ProgramData\\Seepwatch\\captures\\\xC3\xA4.etl.gz",
                                           .outcome = "saved",
                                           .ending = "it grew enough",
                                           .etl_bytes = 987654321,
                                           .readable = true,
                                           .events = UINT64_MAX,
                                           .target_events = 5,
                                           .events_lost = 3,
                                           .buffers_lost = 2};

static void test_captures(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_store_capture capture = example;
  memset(capture.sha256, 'a', sizeof capture.sha256 - 1);
  assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
  /* All that a failed one has; and texts that fill their room. */
  seep_store_capture failed = {.started = {2000}};
  memset(failed.outcome, 'o', sizeof failed.outcome - 1);
  memset(failed.ending, 'e', sizeof failed.ending - 1);
  assert_int_equal(seep_store_capture_add(store, &failed, NULL), SEEP_OK);
  assert_true(failed.id > capture.id);
  seep_store_close(store);
  store = open_store(PATH);
  captures c = read_captures(store, 2);
  const seep_store_capture *back = &c.list[0];
  assert_true(back->id == capture.id && back->leak_id == 7 && back->key.pid == 42);
  assert_true(back->key.created == capture.key.created && back->bytes == 123456789);
  assert_true(back->started.ms == 1000 && back->ended.ms == 61000 && back->removed.ms == 0);
  assert_true(back->etl_bytes == 987654321 && back->readable && back->events == (uint64_t)INT64_MAX);
  assert_true(back->target_events == 5 && back->events_lost == 3 && back->buffers_lost == 2);
  assert_string_equal(back->image, capture.image);
  assert_string_equal(back->kind, capture.kind);
  assert_string_equal(back->path, capture.path);
  assert_string_equal(back->outcome, capture.outcome);
  assert_string_equal(back->ending, capture.ending);
  assert_string_equal(back->sha256, capture.sha256);
  back = &c.list[1];
  assert_string_equal(back->outcome, failed.outcome);
  assert_string_equal(back->ending, failed.ending);
  assert_true(!back->readable && back->etl_bytes == 0 && back->events == 0 && back->path[0] == '\0');
  seep_store_close(store);
}

/* By its path, which stays; the first removal counts, and no path is nobody's. */
static void test_removed_captures(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_store_capture kept = example, other = example, failed = example;
  snprintf(other.path, sizeof other.path, "C:\\other.etl");
  failed.path[0] = '\0';
  assert_int_equal(seep_store_capture_add(store, &kept, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_add(store, &other, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_add(store, &failed, NULL), SEEP_OK);
  const char *const paths[] = {other.path, other.path, "C:\\nobody's.etl", ""};
  for (size_t i = 0; i < 4; i++) {
    const seep_wall when = {5000 + (int64_t)i};
    assert_int_equal(seep_store_capture_removed(store, paths[i], when, NULL), SEEP_OK);
  }
  captures c = read_captures(store, 3);
  assert_true(c.list[0].removed.ms == 0 && c.list[1].removed.ms == 5000 && c.list[2].removed.ms == 0);
  assert_string_equal(c.list[1].path, other.path);
  /* A removal that was known when the row was written. */
  kept.removed.ms = 9000;
  assert_int_equal(seep_store_capture_add(store, &kept, NULL), SEEP_OK);
  assert_true(read_captures(store, 4).list[3].removed.ms == 9000);
  seep_store_close(store);
}

static void test_recent_captures(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  unsigned count = 9;
  assert_int_equal(seep_store_captures_since(store, (seep_wall){0}, &count, NULL), SEEP_OK);
  assert_int_equal(count, 0);
  for (int64_t i = 1; i <= 3; i++) {
    seep_store_capture capture = {.started = {1000 * i}, .image = "Leaky.exe", .outcome = "failed"};
    assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
  }
  const struct {
    int64_t since_ms;
    unsigned count;
  } cases[] = {{INT64_MIN, 3}, {1000, 3}, {1001, 2}, {3000, 1}, {3001, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const seep_wall since = {cases[i].since_ms};
    assert_int_equal(seep_store_captures_since(store, since, &count, NULL), SEEP_OK);
    assert_int_equal(count, cases[i].count);
  }
  seep_wall newest = {7};
  assert_int_equal(seep_store_capture_newest(store, "LEAKY.EXE", &newest, NULL), SEEP_OK);
  assert_true(newest.ms == 3000);
  assert_int_equal(seep_store_capture_newest(store, "leak", &newest, NULL), SEEP_OK);
  assert_true(newest.ms == 0);
  seep_store_close(store);
}

static void test_journal(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_store_journal_entry entries[4];
  memset(entries, 0, sizeof entries);
  for (size_t i = 0; i < 3; i++) {
    entries[i].written.ms = (int64_t)i;
    snprintf(entries[i].kind, sizeof entries[i].kind, "recording");
    memset(entries[i].subject, (int)('a' + i), SEEP_JOURNAL_TEXT_SIZE - 1);
    assert_int_equal(seep_store_journal_add(store, &entries[i], NULL), SEEP_OK);
  }
  /* What add has returned from is there after a kill. */
  store_files_copy(PATH, COPY);
  seep_store *copy = open_store(COPY);
  seep_store_journal_entry back[4];
  size_t count = 0;
  assert_int_equal(seep_store_journal_list(copy, back, 4, &count, NULL), SEEP_OK);
  assert_int_equal(count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(back[i].id == entries[i].id && back[i].written.ms == (int64_t)i);
    assert_string_equal(back[i].subject, entries[i].subject);
  }
  assert_int_equal(seep_store_journal_list(copy, back, 2, &count, NULL), SEEP_OK);
  assert_int_equal(count, 2);
  seep_store_close(copy);

  int64_t last = entries[2].id;
  assert_int_equal(seep_store_journal_remove(store, last, NULL), SEEP_OK);
  assert_int_equal(seep_store_journal_remove(store, last, NULL), SEEP_OK);
  /* An id is not given twice, so the second removal of an old one cannot hit a new entry. */
  assert_int_equal(seep_store_journal_add(store, &entries[3], NULL), SEEP_OK);
  assert_true(entries[3].id > last);
  const seep_store_limits everything = {{INT64_MAX}, {INT64_MAX}, 1};
  seep_store_pruned pruned;
  assert_int_equal(seep_store_prune(store, &everything, &pruned, NULL), SEEP_OK);
  seep_store_close(store);
  store = open_store(PATH);
  assert_int_equal(seep_store_journal_list(store, back, 4, &count, NULL), SEEP_OK);
  assert_int_equal(count, 3);
  seep_store_close(store);
}

static void test_values(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  char out[16] = "untouched";
  size_t length = 77;
  assert_int_equal(seep_store_value_get(store, "bookmark", out, sizeof out, &length, NULL), SEEP_NOT_FOUND);
  assert_string_equal(out, "untouched");
  assert_int_equal(seep_store_value_set(store, "bookmark", "<a/>\0tail", 9, NULL), SEEP_OK);
  assert_int_equal(seep_store_value_get(store, "bookmark", out, sizeof out, &length, NULL), SEEP_OK);
  assert_int_equal(length, 9);
  assert_memory_equal(out, "<a/>\0tail", 10);
  assert_int_equal(seep_store_value_get(store, "bookmark", out, 9, &length, NULL), SEEP_LIMIT);
  assert_int_equal(seep_store_value_get(store, "bookmark", out, 10, &length, NULL), SEEP_OK);
  assert_int_equal(seep_store_value_set(store, "bookmark", NULL, 0, NULL), SEEP_OK);
  seep_store_close(store);
  store = open_store(PATH);
  assert_int_equal(seep_store_value_get(store, "bookmark", out, sizeof out, &length, NULL), SEEP_OK);
  assert_int_equal(length, 0);
  assert_string_equal(out, "");
  seep_store_close(store);
}

typedef struct events {
  seep_store_event list[8];
  size_t count, most;
  seep_store *store; /* asked again from inside the visit */
} events;

static bool keep_event(void *context, const seep_store_event *event)
{
  events *e = context;
  assert_true(e->count < 8);
  e->list[e->count++] = *event;
  if (e->store != NULL) {
    assert_int_equal(seep_store_value_set(e->store, "inside", "x", 1, NULL), SEEP_OK);
  }
  return e->most == 0 || e->count < e->most;
}

static void test_events(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  int64_t ids[3] = {0};
  for (int64_t i = 0; i < 3; i++) {
    seep_store_event event = {.wall = {1000 * (i + 1)}, .event = 210u + (uint32_t)i, .pid = UINT32_MAX};
    snprintf(event.level, sizeof event.level, "warning");
    snprintf(event.image, sizeof event.image, "leaky\xED\xA0\x80.exe");
    memset(event.text, (int)('a' + i), sizeof event.text - 1);
    assert_int_equal(seep_store_event_add(store, &event, NULL), SEEP_OK);
    ids[i] = event.id;
    assert_true(event.id > 0);
  }
  seep_store_close(store);
  store = open_store(PATH);
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  events e = {.store = store};
  assert_int_equal(seep_store_events(store, &filter, keep_event, &e, NULL), SEEP_OK);
  assert_int_equal(e.count, 3);
  for (size_t i = 0; i < 3; i++) {
    const seep_store_event *back = &e.list[i];
    assert_true(back->id == ids[i] && back->wall.ms == 1000 * ((int64_t)i + 1));
    assert_true(back->event == 210u + i && back->pid == UINT32_MAX);
    assert_string_equal(back->level, "warning");
    assert_string_equal(back->image, "leaky\xED\xA0\x80.exe");
    assert_int_equal(strlen(back->text), sizeof back->text - 1);
    assert_int_equal(strspn(back->text, (const char[]){(char)('a' + (int)i), '\0'}), sizeof back->text - 1);
  }
  /* from <= time < to; and a visitor that has seen enough. */
  filter.from.ms = 2000;
  filter.to.ms = 3000;
  memset(&e, 0, sizeof e);
  assert_int_equal(seep_store_events(store, &filter, keep_event, &e, NULL), SEEP_OK);
  assert_int_equal(e.count, 1);
  assert_true(e.list[0].id == ids[1]);
  seep_store_filter_init(&filter);
  memset(&e, 0, sizeof e);
  e.most = 2;
  assert_int_equal(seep_store_events(store, &filter, keep_event, &e, NULL), SEEP_OK);
  assert_int_equal(e.count, 2);
  seep_store_close(store);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, clean)
  const struct CMUnitTest tests[] = {
      TEST(test_leaks),    TEST(test_what_was_told),    TEST(test_odd_leaks),
      TEST(test_captures), TEST(test_removed_captures), TEST(test_recent_captures),
      TEST(test_journal),  TEST(test_values),           TEST(test_events)};
  return cmocka_run_group_tests_name("store/cases", tests, NULL, NULL);
}
