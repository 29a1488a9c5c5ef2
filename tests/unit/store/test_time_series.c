/* Polls: written whole, packed without loss, read back in order, across lives of the service, gaps and clocks
 * that are set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "unit/store/series_rig.h"
#include "unit/store/store_files.h"

#define PATH "test_time_series.db"

static int set_up(void **state)
{
  return series_rig_set_up(state, PATH);
}

static int tear_down(void **state)
{
  return series_rig_tear_down(state, PATH);
}

static int64_t ask(const char *sql)
{
  return series_rig_ask(PATH, sql);
}

/* Long enough for several packed blocks and a rest. */
static void test_what_goes_in_comes_out(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 30, 1);
  series_rig_check(rig, 0);
  for (unsigned i = 0; i < 12; i++) {
    series_rig_polls(rig, 61);
    series_rig_check(rig, 0);
  }
  series_rig_check(rig, 300);
  assert_int_equal(ask("SELECT count(*) FROM block"), 3);
  assert_true(ask("SELECT count(*) FROM poll") < 61);
  assert_int_equal(ask("SELECT sum(polls) FROM block") + ask("SELECT count(*) FROM poll"), 12 * 61);
}

/* A later life knows no rows and finds the same ones; nobody gets a second row. */
static void test_lives_of_the_service(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 20, 2);
  for (unsigned life = 0; life < 9; life++) {
    series_rig_polls(rig, 40 + life * 13);
    int64_t row = rig->samples[3].store_id;
    seep_process_key key = rig->samples[3].key;
    seep_store_close(rig->store);
    series_rig_reopen(rig, PATH);
    assert_int_equal(series_rig_poll_after(rig, 30000, 30000), SEEP_OK);
    if (rig->samples[3].key.created == key.created) {
      assert_true(rig->samples[3].store_id == row);
    }
    series_rig_check(rig, 0);
  }
  assert_int_equal(ask("SELECT count(*) FROM process"), ask("SELECT count(DISTINCT created) FROM process"));
  /* The living have no end, the others have one, at the last poll that had them, once the hour is over. */
  rig->after_gap = true;
  assert_int_equal(series_rig_poll_after(rig, SEEP_MS_PER_HOUR, SEEP_MS_PER_HOUR), SEEP_OK);
  assert_int_equal(ask("SELECT count(*) FROM process WHERE last_ms IS NULL"), 20);
  assert_int_equal(ask("SELECT count(*) FROM process WHERE last_ms < first_ms"), 0);
  assert_int_equal(ask("SELECT count(*) FROM processes"), rig->next_pid - 1);
}

static void test_killed_between_polls(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 15, 3);
  for (unsigned i = 0; i < 40; i++) {
    series_rig_polls(rig, 17);
    store_files_copy(PATH, PATH ".killed");
    seep_store *alive = rig->store;
    series_rig copy = *rig;
    series_rig_reopen(&copy, PATH ".killed");
    series_rig_check(&copy, 0);
    seep_store_close(copy.store);
    rig->store = alive;
  }
  store_files_remove(PATH ".killed");
}

/* ---- time ---- */

typedef struct gaps {
  size_t points, gaps;
  int64_t last_running_ms, last_wall_ms;
  int64_t running_ms[16];
  bool gap[16];
} gaps;

static bool note_gap(void *context, const seep_store_point *point)
{
  gaps *g = context;
  assert_true(g->points < 16);
  g->running_ms[g->points] = point->running_ms;
  g->gap[g->points++] = point->after_gap;
  return true;
}

static gaps read_gaps(series_rig *rig)
{
  gaps g = {0};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_history(rig->store, &filter, note_gap, &g, NULL), SEEP_OK);
  return g;
}

/* Each way in which polls can be apart, and its twin that is no gap. */
static void test_gaps(void **state)
{
  static const struct {
    int64_t wall_ms, mono_ms;
    bool gap;
  } steps[] = {
      {30000, 30000, false},
      {30400, 30100, false},           /* read one after the other */
      {61000, 61000, false},           /* one poll late */
      {90000, 90000, true},            /* two polls missed */
      {30000, 30000, false},           /* and on */
      {30000 + 3600000, 30000, true},  /* the clock was set forward, or the machine slept */
      {30000, 30000, false},           /* and on */
      {30000 - 7200000, 30000, true},  /* set back */
      {30000, 30000, false},           /* and on */
      {30000 + 86400000, 30000, true}, /* a day on, like a bad battery */
      {30000, 30000, false},
  };
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 1, 4);
  assert_int_equal(series_rig_poll_after(rig, 0, 0), SEEP_OK);
  int64_t running_ms = 0;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    rig->samples[0].key.created = 1; /* one process all along */
    rig->after_gap = steps[i].gap;
    assert_int_equal(series_rig_poll_after(rig, steps[i].wall_ms, steps[i].mono_ms), SEEP_OK);
    gaps g = read_gaps(rig);
    running_ms += steps[i].mono_ms;
    assert_int_equal(g.gap[i + 1], steps[i].gap);
    assert_true(g.running_ms[i + 1] == running_ms);
  }
}

/* Over a restart the running time is the wall clock's, and never runs backwards. */
static void test_running_time_over_restarts(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 1, 5);
  assert_int_equal(series_rig_poll_after(rig, 0, 0), SEEP_OK);
  seep_store_close(rig->store);
  series_rig_reopen(rig, PATH);
  rig->now.mono.ms = 77;
  assert_int_equal(series_rig_poll_after(rig, 600000, 0), SEEP_OK);
  seep_store_close(rig->store);
  series_rig_reopen(rig, PATH);
  assert_int_equal(series_rig_poll_after(rig, -50000, 0), SEEP_OK);
  gaps g = read_gaps(rig);
  assert_int_equal(g.points, 3);
  assert_true(g.gap[0] && g.gap[1] && g.gap[2]);
  assert_true(g.running_ms[1] == 600000 && g.running_ms[2] == 600000);
}

/* ---- who and when ---- */

typedef struct counting {
  size_t points, gaps;
  size_t most; /* 0: all */
} counting;

static bool count_points(void *context, const seep_store_point *point)
{
  counting *c = context;
  assert_non_null(point->process->name);
  c->points++;
  c->gaps += point->after_gap;
  return c->most == 0 || c->points < c->most;
}

static size_t points_of(series_rig *rig, const char *image, uint32_t pid, int64_t from_ms, int64_t to_ms)
{
  counting c = {0, 0, 0};
  seep_store_filter filter = {image, pid, {from_ms}, {to_ms}, false};
  assert_int_equal(seep_store_history(rig->store, &filter, count_points, &c, NULL), SEEP_OK);
  return c.points;
}

static void test_filters(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 7, 6); /* one process of each image at first */
  series_rig_polls(rig, 300);
  const int64_t first = rig->polls[0].now.wall.ms, last = rig->polls[299].now.wall.ms;
  assert_int_equal(points_of(rig, NULL, 0, INT64_MIN, INT64_MAX), 2100);
  assert_int_equal(points_of(rig, "*", 0, first, last), 2093); /* to is exclusive */
  assert_int_equal(points_of(rig, NULL, 0, first + 1, last + 1), 2093);
  assert_int_equal(points_of(rig, NULL, 0, last + 1, INT64_MAX), 0);
  assert_int_equal(points_of(rig, NULL, 0, first + 100 * 30000, first + 110 * 30000), 70);
  assert_int_equal(points_of(rig, "absent.exe", 0, INT64_MIN, INT64_MAX), 0);
  assert_int_equal(points_of(rig, "IMAGE-?.EXE", 0, INT64_MIN, INT64_MAX), 2100);
  assert_int_equal(points_of(rig, "image-??.exe", 0, INT64_MIN, INT64_MAX), 0);
  size_t by_image = 0;
  for (char name[] = "*-0*e"; name[2] < '7'; name[2]++) {
    by_image += points_of(rig, name, 0, INT64_MIN, INT64_MAX);
  }
  assert_int_equal(by_image, 2100);
  size_t by_pid = 0;
  for (uint32_t pid = 1; pid < rig->next_pid; pid++) {
    by_pid += points_of(rig, NULL, pid * 4, INT64_MIN, INT64_MAX);
  }
  assert_int_equal(by_pid, 2100);
  counting c = {0, 0, 5};
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_history(rig->store, &filter, count_points, &c, NULL), SEEP_OK);
  assert_int_equal(c.points, 5);
}

/* The same PID with another creation time is another process; a process keeps the name of its first sight. */
static void test_identity(void **state)
{
  series_rig *rig = *state;
  static const char wild[] = "a\xED\xA0\x80'\"\xFF;--";
  series_rig_init(rig, PATH, 1, 7);
  seep_store_poll poll = {rig->now, 30000, NULL, rig->samples, 1};
  assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
  rig->samples[0].key.created++;
  rig->samples[0].store_id = 0;
  rig->samples[0].name = wild;
  poll.now.wall.ms += 30000;
  assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
  rig->samples[0].name = "renamed.exe";
  poll.now.wall.ms += 30000;
  assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
  assert_int_equal(points_of(rig, NULL, 4, INT64_MIN, INT64_MAX), 3);
  assert_int_equal(points_of(rig, "A\xED\xA0\x80'\"\xFF;--", 4, INT64_MIN, INT64_MAX), 2);
  assert_int_equal(points_of(rig, "renamed.exe", 0, INT64_MIN, INT64_MAX), 0);
}

/* Who was away for some polls keeps his row, and the polls without him show that he was away. */
static void test_return(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 3, 8);
  seep_store_poll poll = {rig->now, 30000, NULL, rig->samples, 3};
  for (unsigned i = 0; i < 6; i++) {
    poll.count = i == 2 || i == 3 ? 2 : 3;
    poll.now.wall.ms += 30000;
    poll.now.mono.ms += 30000;
    assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
  }
  assert_int_equal(points_of(rig, NULL, 12, INT64_MIN, INT64_MAX), 4);
  assert_int_equal(ask("SELECT count(*) FROM process"), 3);
  assert_int_equal(ask("SELECT count(*) FROM process WHERE last_ms IS NULL"), 3);
}

/* ---- what goes wrong ---- */

static void test_failed_append_keeps_nothing(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 5, 9);
  series_rig_polls(rig, 3);
  /* The same process twice: refused after new processes have been written. */
  seep_store_sample twice[7];
  memcpy(twice, rig->samples, 5 * sizeof twice[0]);
  twice[5] = (seep_store_sample){{4000, 1}, "new.exe", 4096, 0};
  twice[6] = twice[5];
  seep_store_poll poll = {rig->now, 30000, NULL, twice, 7};
  assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_INVALID);
  twice[5] = twice[0];
  poll.count = 6;
  assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_INVALID);
  assert_int_equal(twice[6].store_id, 0);
  assert_int_equal(ask("SELECT count(*) FROM process WHERE pid = 4000"), 0);
  poll.count = 200000;
  assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_LIMIT);
  rig->after_gap = true;
  series_rig_polls(rig, 3);
  series_rig_check(rig, 0);
}

static void test_empty_polls(void **state)
{
  series_rig *rig = *state;
  seep_wall newest = {7};
  series_rig_init(rig, PATH, 2, 10);
  assert_int_equal(seep_store_newest(rig->store, &newest, NULL), SEEP_NOT_FOUND);
  seep_store_poll poll = {rig->now, 30000, NULL, NULL, 0};
  for (unsigned i = 0; i < 500; i++) {
    poll.now.wall.ms += 30000;
    poll.now.mono.ms += 30000;
    assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
  }
  assert_int_equal(seep_store_newest(rig->store, &newest, NULL), SEEP_OK);
  assert_true(newest.ms == poll.now.wall.ms);
  assert_int_equal(points_of(rig, NULL, 0, INT64_MIN, INT64_MAX), 0);
}

/* A row that fails its checksum takes along what was changes to it, up to the next whole poll, and no more.
 */
static void test_unreadable_polls_are_passed_over(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 6, 11);
  series_rig_polls(rig, 260); /* 240 packed, 20 not */
  seep_store_close(rig->store);
  store_files_sql(PATH, "UPDATE poll SET changes = X'0600000000' WHERE id = 250");
  series_rig_reopen(rig, PATH);
  counting c = {0, 0, 0};
  seep_store_filter filter;
  seep_error error = {0};
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_history(rig->store, &filter, count_points, &c, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 250);
  assert_int_equal(c.points, 249 * 6);
  /* The service goes on, with a whole poll. */
  series_rig_polls(rig, 300);
  c.points = 0;
  assert_int_equal(seep_store_history(rig->store, &filter, count_points, &c, &error), SEEP_OK);
  assert_int_equal(c.points, (249 + 300) * 6);
  /* A block that fails its checksum takes along itself alone, and what is behind it stands behind a gap. */
  store_files_sql(PATH, "UPDATE block SET data = zeroblob(100) WHERE id = 261");
  c.points = 0;
  c.gaps = 0;
  assert_int_equal(seep_store_history(rig->store, &filter, count_points, &c, &error), SEEP_CORRUPT);
  assert_int_equal(c.points, (240 + 9 + 60) * 6);
  assert_int_equal(c.gaps, 2 * 6);
}

static void test_busy(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 5, 12);
  series_rig_polls(rig, 5);
  sqlite3 *other = NULL;
  assert_int_equal(sqlite3_open(PATH, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(series_rig_poll_after(rig, 30000, 30000), SEEP_BUSY);
  assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  /* A reader who holds a snapshot is no trouble. */
  assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM poll", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(series_rig_poll_after(rig, 30000, 30000), SEEP_OK);
  series_rig_polls(rig, 300);
  assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(other);
  series_rig_check(rig, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_what_goes_in_comes_out),
      TEST(test_lives_of_the_service),
      TEST(test_killed_between_polls),
      TEST(test_gaps),
      TEST(test_running_time_over_restarts),
      TEST(test_filters),
      TEST(test_identity),
      TEST(test_return),
      TEST(test_failed_append_keeps_nothing),
      TEST(test_empty_polls),
      TEST(test_unreadable_polls_are_passed_over),
      TEST(test_busy),
  };
  return cmocka_run_group_tests_name("store/time_series", tests, NULL, NULL);
}
