/* Polls: written whole, read back in order, surviving a kill, pruned by age and by size. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "store_files.h"

#define PATH "test_time_series.db"
#define COPY "test_time_series_copy.db"

static const seep_wall moment = {INT64_C(1790000000000)};

static seep_store *open_store(const char *path)
{
  seep_store *store = NULL;
  seep_error error = {0};
  char text[400];
  seep_status status = seep_store_open(path, moment, NULL, &store, NULL, &error);
  if (status != SEEP_OK) {
    print_message("%s\n", seep_error_text(&error, text, sizeof text));
  }
  assert_int_equal(status, SEEP_OK);
  return store;
}

static void append(seep_store *store, store_samples *samples, size_t count, int64_t wall_ms)
{
  const seep_system_memory memory = {1, 2, 3, 4, 5, UINT64_MAX};
  seep_wall wall = {wall_ms};
  store_samples_fill(samples, count, wall_ms);
  assert_int_equal(seep_store_append_poll(store, wall, &memory, samples->list, count, NULL), SEEP_OK);
}

static int64_t ask(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return value;
}

static void assert_reading(seep_store *store, size_t processes, size_t polls)
{
  store_reading reading = store_files_reading(store, processes);
  assert_int_equal(reading.status, SEEP_OK);
  assert_int_equal(reading.broken, 0);
  assert_int_equal(reading.polls, polls);
  assert_int_equal(reading.points, polls * processes);
}

static int set_up(void **state)
{
  store_samples *samples = malloc(sizeof *samples);
  store_files_remove(PATH);
  store_files_remove(COPY);
  if (samples != NULL) {
    store_samples_init(samples);
  }
  *state = samples;
  return samples == NULL;
}

static int tear_down(void **state)
{
  free(*state);
  store_files_remove(PATH);
  store_files_remove(COPY);
  return 0;
}

static void test_append_and_reopen(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  for (int64_t i = 0; i < 10; i++) {
    append(store, samples, 20, moment.ms + i * 30000);
  }
  int64_t row = samples->list[3].store_id;
  assert_true(row > 0);
  assert_reading(store, 20, 10);
  seep_store_close(store);

  /* A later life of the service knows no rows and finds the same ones. */
  store = open_store(PATH);
  store_samples_init(samples);
  append(store, samples, 20, moment.ms + 300000);
  assert_true(samples->list[3].store_id == row);
  assert_reading(store, 20, 11);
  seep_wall newest = {0};
  assert_int_equal(seep_store_newest(store, &newest, NULL), SEEP_OK);
  assert_true(newest.ms == moment.ms + 300000);
  seep_store_close(store);
  assert_int_equal(ask(PATH, "SELECT count(*) FROM process"), 20);
  assert_int_equal(ask(PATH, "SELECT sum(commit_limit_bytes) FROM poll"), 22);
  /* What does not fit SQLite's integers is cut, not turned negative. */
  assert_int_equal(ask(PATH, "SELECT count(*) FROM poll WHERE nonpaged_pool_bytes = 9223372036854775807"),
                   11);
}

static void test_killed(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  for (size_t polls = 1; polls <= 30; polls++) {
    append(store, samples, 15, moment.ms + (int64_t)polls * 30000);
    store_files_copy(PATH, COPY);
    seep_store *copy = open_store(COPY);
    assert_reading(copy, 15, polls);
    seep_store_close(copy);
  }
  seep_store_close(store);
}

/* A log cut anywhere, as a power cut may leave it, gives whole polls only. */
static void test_cut_log(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  for (int64_t i = 0; i < 4; i++) {
    append(store, samples, 15, moment.ms + i * 30000);
  }
  size_t size = 0;
  uint8_t *log = store_files_read(PATH "-wal", &size);
  assert_non_null(log);
  size_t least = 99;
  for (size_t cut = size;; cut -= cut < 1500 ? cut : 1500) {
    store_files_copy(PATH, COPY);
    store_files_write(COPY "-wal", log, cut);
    seep_store *copy = open_store(COPY);
    store_reading reading = store_files_reading(copy, 15);
    assert_int_equal(reading.broken, 0);
    assert_true(reading.polls <= 4);
    assert_true(least == 99 || reading.polls <= least);
    least = reading.polls;
    seep_store_close(copy);
    if (cut == 0) {
      break;
    }
  }
  assert_int_equal(least, 0);
  free(log);
  seep_store_close(store);
}

static void test_failed_append_keeps_nothing(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  append(store, samples, 5, moment.ms);
  /* The same process twice: refused after new processes have been written. */
  samples->list[9] = samples->list[8];
  store_samples_fill(samples, 10, moment.ms + 1);
  seep_wall wall = {moment.ms + 1};
  assert_int_equal(seep_store_append_poll(store, wall, NULL, samples->list, 10, NULL), SEEP_INVALID);
  assert_int_equal(samples->list[8].store_id, 0);
  assert_reading(store, 5, 1);
  assert_int_equal(ask(PATH, "SELECT count(*) FROM process"), 5);
  append(store, samples, 5, moment.ms + 2);
  assert_reading(store, 5, 2);
  assert_int_equal(seep_store_append_poll(store, wall, NULL, samples->list, 100001, NULL), SEEP_LIMIT);
  assert_int_equal(seep_store_append_poll(store, wall, NULL, NULL, 0, NULL), SEEP_OK);
  assert_reading(store, 5, 2);
  seep_store_close(store);
  assert_int_equal(ask(PATH, "SELECT count(*) FROM poll WHERE commit_limit_bytes IS NULL"), 1);
}

static void test_empty_first_poll(void **state)
{
  (void)state;
  seep_store *store = open_store(PATH);
  seep_wall newest = {7};
  assert_int_equal(seep_store_newest(store, &newest, NULL), SEEP_NOT_FOUND);
  assert_int_equal(seep_store_append_poll(store, moment, NULL, NULL, 0, NULL), SEEP_OK);
  assert_int_equal(seep_store_newest(store, &newest, NULL), SEEP_OK);
  assert_true(newest.ms == moment.ms);
  seep_store_close(store);
}

typedef struct seen {
  size_t points, most;
  int64_t walls[64];
  uint32_t pids[64];
  uint64_t commits[64];
  char name[64];
} seen;

static bool see(void *context, const seep_store_point *point)
{
  seen *s = context;
  assert_true(s->points < 64);
  s->walls[s->points] = point->wall.ms;
  s->pids[s->points] = point->key.pid;
  s->commits[s->points] = point->commit_bytes;
  snprintf(s->name, sizeof s->name, "%s", point->name);
  s->points++;
  return s->most == 0 || s->points < s->most;
}

static void test_order_and_filters(void **state)
{
  store_samples *samples = *state;
  static const int64_t walls[] = {5000, 3000, 3000, 4000, 6000};
  seep_store *store = open_store(PATH);
  for (size_t i = 0; i < 5; i++) {
    append(store, samples, 3, walls[i]);
  }
  seep_wall since = {0};
  seen s = {0};
  assert_int_equal(seep_store_history(store, NULL, 8, since, see, &s, NULL), SEEP_OK);
  static const int64_t sorted[] = {3000, 3000, 4000, 5000, 6000};
  assert_int_equal(s.points, 5);
  for (size_t i = 0; i < 5; i++) {
    assert_true(s.walls[i] == sorted[i]);
    assert_int_equal(s.pids[i], 8);
    assert_true(s.commits[i] == store_samples_commit(8, sorted[i]));
  }
  memset(&s, 0, sizeof s);
  since.ms = 4000;
  assert_int_equal(seep_store_history(store, "PROCESS-12.EXE", 0, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 3);
  assert_string_equal(s.name, "process-12.exe");
  memset(&s, 0, sizeof s);
  assert_int_equal(seep_store_history(store, "process-12.exe", 8, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(seep_store_history(store, "absent.exe", 0, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 0);
  since.ms = 6001;
  assert_int_equal(seep_store_history(store, NULL, 0, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 0);
  since.ms = INT64_MIN;
  s.most = 4;
  assert_int_equal(seep_store_history(store, NULL, 0, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 4);
  seep_store_close(store);
}

/* The same PID with another creation time is another process; a process keeps the name of its first sight. */
static void test_identity(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(":memory:");
  append(store, samples, 1, 1000);
  samples->list[0].key.created++;
  samples->list[0].store_id = 0;
  samples->list[0].name = "a\xED\xA0\x80'\"\xFF;--";
  seep_wall wall = {2000}, since = {0};
  assert_int_equal(seep_store_append_poll(store, wall, NULL, samples->list, 1, NULL), SEEP_OK);
  samples->list[0].name = "renamed.exe";
  wall.ms = 3000;
  assert_int_equal(seep_store_append_poll(store, wall, NULL, samples->list, 1, NULL), SEEP_OK);
  seen s = {0};
  assert_int_equal(seep_store_history(store, "process-4.exe", 0, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 1);
  assert_int_equal(seep_store_history(store, "A\xED\xA0\x80'\"\xFF;--", 4, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 3);
  assert_string_equal(s.name, "a\xED\xA0\x80'\"\xFF;--");
  seep_store_close(store);
}

static void test_prune_by_age(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  for (int64_t i = 0; i < 100; i++) {
    /* From the 50th poll on the upper half of the processes is gone. */
    append(store, samples, i < 50 ? 20 : 10, i * 1000);
  }
  seep_wall cutoff = {60000};
  unsigned removed = 0;
  assert_int_equal(seep_store_prune(store, cutoff, 0, 25, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 25);
  assert_int_equal(ask(PATH, "SELECT count(*) FROM process"), 20);
  assert_int_equal(ask(PATH, "SELECT min(wall_ms) FROM poll"), 25000);
  assert_int_equal(seep_store_prune(store, cutoff, 0, 1000, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 35);
  assert_reading(store, 10, 40);
  assert_int_equal(ask(PATH, "SELECT count(*) FROM process"), 10);
  assert_int_equal(seep_store_prune(store, cutoff, 0, 1000, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 0);
  /* A caller that still remembers a collected row gets a new one. */
  append(store, samples, 20, 100000);
  seen s = {0};
  seep_wall since = {0};
  assert_int_equal(seep_store_history(store, NULL, 80, since, see, &s, NULL), SEEP_OK);
  assert_int_equal(s.points, 1);
  assert_string_equal(s.name, "process-80.exe");
  seep_store_close(store);
}

/* Who was away and came back is not collected while a poll names him. */
static void test_return(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  append(store, samples, 10, 1000);
  append(store, samples, 5, 2000);
  append(store, samples, 10, 3000);
  unsigned removed = 0;
  seep_wall cutoff = {2500};
  assert_int_equal(seep_store_prune(store, cutoff, 0, 10, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 2);
  assert_reading(store, 10, 1);
  seep_store_close(store);
  /* Everything pruned, then another life: nothing is left over, the living get rows. */
  store = open_store(PATH);
  cutoff.ms = 9999;
  assert_int_equal(seep_store_prune(store, cutoff, 0, 10, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 1);
  store_samples_init(samples);
  append(store, samples, 4, 10000);
  assert_reading(store, 4, 1);
  assert_int_equal(ask(PATH, "SELECT count(*) FROM process"), 4);
  seep_store_close(store);
}

static void test_prune_by_size(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  for (int64_t i = 0; i < 1000; i++) {
    append(store, samples, 60, i * 1000);
  }
  static const char used[] = "SELECT (page_count - freelist_count) * page_size"
                             " FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
  seep_wall cutoff = {0};
  unsigned removed = 0;
  int64_t before = ask(PATH, used);
  assert_true(before > 200000);
  assert_int_equal(seep_store_prune(store, cutoff, 120000, 10, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 10);
  assert_int_equal(seep_store_prune(store, cutoff, 120000, 10000, &removed, NULL), SEEP_OK);
  assert_true(removed > 100 && removed < 990);
  assert_true(ask(PATH, used) <= 120000);
  assert_true(ask(PATH, used) > 110000);
  assert_reading(store, 60, 990 - removed);
  assert_int_equal(ask(PATH, "SELECT max(wall_ms) FROM poll"), 999000);
  /* A limit that nothing fits: all polls go, and it ends. */
  assert_int_equal(seep_store_prune(store, cutoff, 1, 10000, &removed, NULL), SEEP_OK);
  assert_reading(store, 60, 0);
  append(store, samples, 60, 2000000);
  assert_reading(store, 60, 1);
  seep_store_close(store);
}

static void test_file_shrinks(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  /* 12 MB of polls, made fast: the blocks are only bytes to pruning. */
  append(store, samples, 2, 1000);
  store_files_sql(PATH,
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
                  " INSERT INTO poll(wall_ms, process_count, block) SELECT i, 0, randomblob(4000) FROM n");
  int64_t before = ask(PATH, "PRAGMA page_count");
  assert_true(before > 3000);
  /* Everything goes at once; the file gives back a little with each call until what is free is no longer
   * much. */
  seep_wall cutoff = {100000};
  unsigned removed = 0;
  assert_int_equal(seep_store_prune(store, cutoff, 0, 100000, &removed, NULL), SEEP_OK);
  assert_int_equal(removed, 3001);
  assert_int_equal(ask(PATH, "PRAGMA page_count"), before - 256);
  for (unsigned i = 0; i < 20; i++) {
    assert_int_equal(seep_store_prune(store, cutoff, 0, 100000, &removed, NULL), SEEP_OK);
  }
  assert_in_range(ask(PATH, "PRAGMA freelist_count"), 1024 - 256, 1024);
  assert_true(ask(PATH, "PRAGMA page_count") < before - 1500);
  seep_store_close(store);
}

static void test_unreadable_poll_is_passed_over(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  for (int64_t i = 0; i < 5; i++) {
    append(store, samples, 7, 1000 * i);
  }
  seep_store_close(store);
  store_files_sql(PATH, "UPDATE poll SET block = X'0107000000789c' WHERE id = 2;"
                        "UPDATE poll SET block = X'' WHERE id = 4;"
                        "UPDATE poll SET block = X'01FFFFFFFF' WHERE id = 5");
  store = open_store(PATH);
  store_reading reading = store_files_reading(store, 7);
  assert_int_equal(reading.status, SEEP_CORRUPT);
  assert_int_equal(reading.broken, 0);
  assert_int_equal(reading.polls, 2);
  store_samples_init(samples);
  append(store, samples, 7, 9000);
  assert_int_equal(store_files_reading(store, 7).polls, 3);
  seep_store_close(store);
}

static void test_busy(void **state)
{
  store_samples *samples = *state;
  seep_store *store = open_store(PATH);
  append(store, samples, 5, 1000);
  sqlite3 *other = NULL;
  assert_int_equal(sqlite3_open(PATH, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  seep_wall wall = {2000};
  seep_error error = {0};
  store_samples_fill(samples, 5, 2000);
  assert_int_equal(seep_store_append_poll(store, wall, NULL, samples->list, 5, &error), SEEP_BUSY);
  assert_int_equal(error.domain, SEEP_DOMAIN_SQLITE);
  assert_int_equal(error.code & 0xFF, SQLITE_BUSY);
  assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(other);
  assert_int_equal(seep_store_append_poll(store, wall, NULL, samples->list, 5, &error), SEEP_OK);
  assert_reading(store, 5, 2);
  seep_store_close(store);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_append_and_reopen),
      TEST(test_killed),
      TEST(test_cut_log),
      TEST(test_failed_append_keeps_nothing),
      TEST(test_empty_first_poll),
      TEST(test_order_and_filters),
      TEST(test_identity),
      TEST(test_prune_by_age),
      TEST(test_return),
      TEST(test_prune_by_size),
      TEST(test_file_shrinks),
      TEST(test_unreadable_poll_is_passed_over),
      TEST(test_busy),
  };
  return cmocka_run_group_tests_name("store/time_series", tests, NULL, NULL);
}
