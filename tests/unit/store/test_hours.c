/* The hours' figures against the polls they were made of, also over restarts, and as the stock shell sees
 * them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/store/series_rig.h"
#include "unit/store/store_files.h"

#define PATH "test_hours.db"
#define POLLS_PER_HOUR 120

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

static int64_t hour_of(seep_wall wall)
{
  return wall.ms / SEEP_MS_PER_HOUR;
}

typedef struct figures {
  uint64_t floor, peak;
  double sum;
  unsigned count;
} figures;

static void add(figures *f, uint64_t bytes)
{
  f->floor = f->count == 0 || bytes < f->floor ? bytes : f->floor;
  f->peak = bytes > f->peak ? bytes : f->peak;
  f->sum += (double)bytes;
  f->count++;
}

/* What the polls say of one process in one hour. */
static figures of_process(const series_rig *rig, seep_process_key key, int64_t hour)
{
  figures f = {0};
  for (size_t p = 0; p < rig->poll_count; p++) {
    for (unsigned i = 0; hour_of(rig->polls[p].now.wall) == hour && i < rig->polls[p].count; i++) {
      const series_rig_value *value = &rig->polls[p].values[i];
      if (value->key.pid == key.pid && value->key.created == key.created) {
        add(&f, value->commit_bytes);
      }
    }
  }
  return f;
}

/* How many (process, hour) there are before `until`. */
static size_t count_pairs(const series_rig *rig, int64_t until)
{
  size_t pairs = 0;
  for (size_t p = 0; p < rig->poll_count; p++) {
    const series_rig_poll *poll = &rig->polls[p];
    for (unsigned i = 0; hour_of(poll->now.wall) < until && i < poll->count; i++) {
      bool seen = false;
      for (size_t q = p; q-- > 0 && !seen && hour_of(rig->polls[q].now.wall) == hour_of(poll->now.wall);) {
        for (unsigned k = 0; k < rig->polls[q].count; k++) {
          seen = seen || rig->polls[q].values[k].key.created == poll->values[i].key.created;
        }
      }
      pairs += !seen;
    }
  }
  return pairs;
}

typedef struct reading {
  const series_rig *rig;
  size_t hours;
  int64_t last_hour, last_row;
} reading;

static bool check_hour(void *context, const seep_store_hour *hour)
{
  reading *r = context;
  int64_t number = hour_of(hour->hour);
  assert_true(number > r->last_hour || (number == r->last_hour && hour->process->row > r->last_row));
  r->last_hour = number;
  r->last_row = hour->process->row;
  figures f = of_process(r->rig, hour->process->key, number);
  assert_true(f.count > 0);
  assert_true(hour->floor_bytes == f.floor);
  assert_true(hour->peak_bytes == f.peak);
  double off = (double)hour->mean_bytes - f.sum / f.count;
  assert_true(off <= 2048 && off >= -2048); /* half a page */
  r->hours++;
  return true;
}

/* All complete hours, and no other. */
static void check(const series_rig *rig)
{
  seep_store_filter filter;
  reading r = {rig, 0, INT64_MIN, INT64_MIN};
  seep_store_filter_init(&filter);
  assert_int_equal(seep_store_hours(rig->store, &filter, check_hour, &r, NULL), SEEP_OK);
  assert_int_equal(r.hours, count_pairs(rig, hour_of(rig->polls[rig->poll_count - 1].now.wall)));
}

static void test_hours_are_what_the_polls_were(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 12, 21);
  series_rig_polls(rig, 7 * POLLS_PER_HOUR + 30);
  check(rig);
  assert_true(ask("SELECT count(*) FROM hourly") == (int64_t)count_pairs(rig, hour_of(rig->now.wall)));
  assert_true(ask("SELECT count(DISTINCT hour) FROM system_hourly") == 7);
  assert_true(ask("SELECT count(*) FROM system_hourly") == 7 * SEEP_STORE_FIGURES);
}

/* What an hour had so far is read back from its polls, whether they have been packed by then or not. */
static void test_killed_in_the_middle_of_an_hour(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 10, 22);
  for (unsigned i = 0; i < 12; i++) {
    series_rig_polls(rig, 71 + i);
    store_files_copy(PATH, PATH ".killed");
    seep_store_close(rig->store);
    store_files_remove(PATH);
    store_files_copy(PATH ".killed", PATH);
    series_rig_reopen(rig, PATH);
  }
  series_rig_polls(rig, 2);
  check(rig);
  series_rig_check(rig, 0);
  store_files_remove(PATH ".killed");
}

static void poll_still(series_rig *rig, unsigned polls)
{
  seep_system_memory memory = {40960, 81920, 4096, 4096, 4096, 4096};
  for (unsigned i = 0; i < polls; i++) {
    seep_store_poll poll = {rig->now, 30000, &memory, rig->samples, rig->alive};
    assert_int_equal(seep_store_append_poll(rig->store, &poll, NULL), SEEP_OK);
    rig->now.wall.ms += 30000;
    rig->now.mono.ms += 30000;
  }
}

static bool count_hour(void *context, const seep_store_hour *hour)
{
  (void)hour;
  ++*(size_t *)context;
  return true;
}

static size_t hours_between(series_rig *rig, int64_t from_ms, int64_t to_ms)
{
  size_t count = 0;
  seep_store_filter filter = {NULL, 0, {from_ms}, {to_ms}, false};
  assert_int_equal(seep_store_hours(rig->store, &filter, count_hour, &count, NULL), SEEP_OK);
  return count;
}

/* Where nothing changes a day is one row, and reads as 24 hours all the same. */
static void test_still_hours_are_one_row(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 5, 23);
  const int64_t midnight_ms = rig->now.wall.ms;
  poll_still(rig, 30 * POLLS_PER_HOUR);
  assert_true(ask("SELECT count(*) FROM hour WHERE process > 0") ==
              10); /* the first day, and the begun one */
  assert_true(ask("SELECT max(hours) FROM hour") == 24);
  assert_true(ask("SELECT count(*) FROM hourly") == 5 * 29);
  assert_true(ask("SELECT count(DISTINCT hour) FROM hourly") == 29);
  assert_int_equal(hours_between(rig, INT64_MIN, INT64_MAX), 5 * 29);
  assert_int_equal(hours_between(rig, midnight_ms + SEEP_MS_PER_HOUR, midnight_ms + 3 * SEEP_MS_PER_HOUR),
                   10);
  assert_int_equal(hours_between(rig, midnight_ms + 1, midnight_ms + SEEP_MS_PER_HOUR + 1), 5);
  assert_int_equal(hours_between(rig, midnight_ms + 40 * SEEP_MS_PER_HOUR, INT64_MAX), 0);
  /* A change ends the row. */
  rig->samples[0].commit_bytes += 4096;
  poll_still(rig, 2 * POLLS_PER_HOUR);
  assert_true(ask("SELECT count(*) FROM hour WHERE process > 0") == 11);
}

/* The clock is set back: hours that it shows twice are not lost, not counted twice and not made narrower. */
static void test_clock_set_back(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 3, 24);
  const int64_t midnight_ms = rig->now.wall.ms;
  poll_still(rig, 3 * POLLS_PER_HOUR);
  rig->now.wall.ms -= 2 * SEEP_MS_PER_HOUR;
  rig->samples[0].commit_bytes += 40960;
  poll_still(rig, 3 * POLLS_PER_HOUR);
  assert_true(ask("SELECT count(*) FROM block") >= 2);
  assert_true(ask("SELECT count(DISTINCT hour) FROM hourly") == 3);
  char sql[200];
  snprintf(
      sql, sizeof sql,
      "SELECT max(peak_bytes) - min(floor_bytes) FROM hourly WHERE hour = strftime('%%Y-%%m-%%dT%%H:00:00Z',"
      " %lld, 'unixepoch') AND pid = 4",
      (long long)(midnight_ms / 1000 + 7200));
  assert_true(ask(sql) == 40960);
}

typedef struct twice {
  int64_t hour, row;
  size_t hours;
  uint64_t peak_bytes;
} twice;

static bool none_twice(void *context, const seep_store_hour *hour)
{
  twice *t = context;
  int64_t number = hour_of(hour->hour);
  assert_true(number > t->hour || hour->process->row > t->row);
  t->hour = number;
  t->row = hour->process->row;
  t->hours++;
  t->peak_bytes = hour->peak_bytes;
  return true;
}

static twice read_twice(series_rig *rig, const char *image, int64_t from_ms, int64_t to_ms)
{
  twice t = {INT64_MIN, INT64_MIN, 0, 0};
  seep_store_filter filter = {image, 0, {from_ms}, {to_ms}, false};
  assert_int_equal(seep_store_hours(rig->store, &filter, none_twice, &t, NULL), SEEP_OK);
  return t;
}

/* Set back into the middle of one row for many hours, also over a restart: each hour stays one, and only
 * those that came twice are widened. */
static void test_clock_set_back_into_alike_hours(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 3, 26);
  const int64_t midnight_ms = rig->now.wall.ms;
  poll_still(rig, 5 * POLLS_PER_HOUR);
  rig->now.wall.ms = midnight_ms + 2 * SEEP_MS_PER_HOUR;
  poll_still(rig, POLLS_PER_HOUR);
  seep_store_close(rig->store);
  series_rig_reopen(rig, PATH);
  poll_still(rig, POLLS_PER_HOUR);
  uint64_t before = rig->samples[0].commit_bytes;
  rig->now.wall.ms = midnight_ms;
  rig->samples[0].commit_bytes += 40960;
  poll_still(rig, 1);
  rig->samples[0].commit_bytes = before;
  rig->now.wall.ms = midnight_ms + 4 * SEEP_MS_PER_HOUR;
  poll_still(rig, 2 * POLLS_PER_HOUR);
  assert_int_equal(read_twice(rig, NULL, INT64_MIN, INT64_MAX).hours, 3 * 5);
  assert_true(read_twice(rig, "image-1.exe", midnight_ms, midnight_ms + 1).peak_bytes == before + 40960);
  assert_true(read_twice(rig, "image-1.exe", midnight_ms + SEEP_MS_PER_HOUR, INT64_MAX).peak_bytes == before);
  assert_true(ask("SELECT count(*) FROM hourly") == 3 * 5);
}

/* Prune may take the row that alike hours would have made longer. */
static void test_pruned_in_between(void **state)
{
  series_rig *rig = *state;
  seep_store_pruned pruned;
  series_rig_init(rig, PATH, 2, 27);
  poll_still(rig, 3 * POLLS_PER_HOUR + 1);
  seep_store_limits limits = {{INT64_MIN}, {rig->now.wall.ms}, 0};
  assert_int_equal(seep_store_prune(rig->store, &limits, &pruned, NULL), SEEP_OK);
  assert_true(ask("SELECT count(*) FROM hour") == 0);
  poll_still(rig, 2 * POLLS_PER_HOUR);
  assert_true(ask("SELECT count(*) FROM hourly") == 2 * 2);
}

/* A row from a million days away is read past, not walked to. */
static void test_far_away_hours(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 1, 28);
  poll_still(rig, 2 * POLLS_PER_HOUR);
  store_files_sql(PATH, "INSERT INTO hour VALUES(-2000000000000, 1, 1, 1, 0, 0);"
                        "INSERT INTO hour VALUES(9223372036854775000, 1, 1, 1, 0, 0)");
  assert_true(hours_between(rig, INT64_MIN, INT64_MAX) <= 3);
}

/* An hour without polls has no figures: it is a hole, not a line. */
static void test_hole(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 2, 25);
  poll_still(rig, POLLS_PER_HOUR);
  rig->now.wall.ms += 4 * SEEP_MS_PER_HOUR;
  poll_still(rig, POLLS_PER_HOUR + 1);
  assert_true(ask("SELECT count(DISTINCT hour) FROM hourly") == 2);
  assert_int_equal(hours_between(rig, INT64_MIN, INT64_MAX), 4);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_hours_are_what_the_polls_were),
      TEST(test_killed_in_the_middle_of_an_hour),
      TEST(test_still_hours_are_one_row),
      TEST(test_clock_set_back),
      TEST(test_clock_set_back_into_alike_hours),
      TEST(test_pruned_in_between),
      TEST(test_far_away_hours),
      TEST(test_hole),
  };
  return cmocka_run_group_tests_name("store/hours", tests, NULL, NULL);
}
