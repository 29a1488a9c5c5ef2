/* Limits by age and by size: what goes, what never does, and that the file gives room back. */
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

#define PATH "test_prune.db"

static const seep_store_limits no_limits = {{INT64_MIN}, {INT64_MIN}, 0};

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

static seep_store_pruned prune(series_rig *rig, const seep_store_limits *limits)
{
  seep_store_pruned pruned;
  assert_int_equal(seep_store_prune(rig->store, limits, &pruned, NULL), SEEP_OK);
  return pruned;
}

static void test_nothing_to_do(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 10, 31);
  assert_true(prune(rig, &no_limits).raw_from.ms == 0);
  series_rig_polls(rig, 1000);
  seep_store_limits limits = {rig->polls[0].now.wall, rig->polls[0].now.wall, 1 << 30};
  seep_store_pruned pruned = prune(rig, &limits);
  assert_true(pruned.polls == 0 && pruned.hours == 0 && !pruned.capped);
  assert_true(pruned.raw_from.ms == rig->polls[0].now.wall.ms);
  series_rig_check(rig, 0);
}

static void test_by_age(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 10, 32);
  series_rig_polls(rig, 2000);
  /* Four blocks a call, whole ones only: 8 of them are older than poll 1930, and as many hours. */
  seep_store_limits limits = {rig->polls[1930].now.wall, {INT64_MIN}, 0};
  seep_store_pruned pruned = prune(rig, &limits);
  assert_int_equal(pruned.polls, 4 * 240);
  assert_false(pruned.capped);
  assert_true(pruned.raw_from.ms == rig->polls[960].now.wall.ms);
  series_rig_check(rig, 960);
  assert_int_equal(prune(rig, &limits).polls, 4 * 240);
  assert_int_equal(prune(rig, &limits).polls, 0);
  series_rig_check(rig, 1920);
  /* The hours outlive the polls. */
  int64_t hours = ask("SELECT count(*) FROM hourly");
  assert_true(hours > 0);
  limits.hourly_from = rig->polls[600].now.wall;
  assert_true(prune(rig, &limits).hours > 0);
  assert_int_equal(ask("SELECT count(*) FROM hourly WHERE hour < '2026-03-01T05:00:00Z'"), 0);
  assert_true(ask("SELECT count(*) FROM hourly WHERE hour < '2026-03-01T06:00:00Z'") > 0);
  assert_true(ask("SELECT count(*) FROM hourly") < hours);
}

/* A clock that is years ahead for a moment must not cost the history. */
static void test_wrong_clock_costs_little(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 5, 33);
  series_rig_polls(rig, 3000);
  seep_store_limits limits = {{rig->now.wall.ms + 10 * 365 * SEEP_MS_PER_DAY}, {INT64_MIN}, 0};
  assert_int_equal(prune(rig, &limits).polls, 4 * 240);
  series_rig_check(rig, 960);
}

static void test_processes_are_forgotten_with_their_figures(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 20, 34);
  series_rig_polls(rig, 1500);
  int64_t processes = ask("SELECT count(*) FROM process");
  assert_true(processes > 200);
  seep_store_limits limits = {rig->polls[1400].now.wall, rig->polls[1400].now.wall, 0};
  for (unsigned i = 0; i < 10; i++) {
    prune(rig, &limits);
  }
  int64_t left = ask("SELECT count(*) FROM process");
  assert_true(left < processes / 2 && left >= 20);
  assert_int_equal(ask("SELECT count(*) FROM image WHERE id NOT IN (SELECT image FROM process)"), 0);
  assert_int_equal(ask("SELECT count(*) FROM process WHERE last_ms IS NULL") >= 20, 1);
  series_rig_polls(rig, 100);
  series_rig_check(rig, 1440); /* blocks are whole: 240 polls each, the last of them begins there */
  /* Hours that are kept name nobody unknown. */
  assert_int_equal(
      ask("SELECT count(*) FROM hour WHERE process > 0 AND process NOT IN (SELECT id FROM process)"), 0);
}

static void add_cases(series_rig *rig)
{
  seep_store_leak leak = {
      .key = {4, 1}, .image = "leaker.exe", .began = rig->now.wall, .opened = rig->now.wall};
  seep_store_capture capture = {.key = {4, 1}, .image = "leaker.exe", .started = rig->now.wall};
  seep_store_journal_entry entry = {.written = rig->now.wall, .kind = "recording", .subject = "seepwatch"};
  assert_int_equal(seep_store_leak_open(rig->store, &leak, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_add(rig->store, &capture, NULL), SEEP_OK);
  assert_int_equal(seep_store_journal_add(rig->store, &entry, NULL), SEEP_OK);
}

static const char used[] = "SELECT (page_count - freelist_count) * page_size"
                           " FROM pragma_page_count, pragma_freelist_count, pragma_page_size";

/* The oldest polls go first; then, with a day of polls left, the oldest hours; cases never. */
static void test_by_size(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 40, 35);
  add_cases(rig);
  series_rig_polls(rig, 3900); /* 32 hours */
  int64_t before = ask(used);
  seep_store_limits limits = {{INT64_MIN}, {INT64_MIN}, (uint64_t)before * 99 / 100};
  seep_store_pruned pruned = prune(rig, &limits);
  assert_true(pruned.capped && pruned.polls > 0 && pruned.hours == 0);
  assert_true(ask(used) <= (int64_t)limits.maximum_bytes);
  series_rig_check(rig, (size_t)pruned.polls);
  assert_true(pruned.raw_from.ms == rig->polls[pruned.polls].now.wall.ms);
  /* Fits now: a second call does nothing. */
  assert_false(prune(rig, &limits).capped);
  size_t polls = (size_t)pruned.polls;
  limits.maximum_bytes = (uint64_t)before / 2;
  uint64_t hours = 0;
  for (unsigned i = 0; i < 20; i++) {
    pruned = prune(rig, &limits);
    polls += (size_t)pruned.polls;
    hours += pruned.hours;
  }
  assert_true(hours > 0);
  assert_true(ask("SELECT count(*) FROM journal") == 1 && ask("SELECT count(*) FROM leak") == 1 &&
              ask("SELECT count(*) FROM capture") == 1);
  series_rig_check(rig, polls);
  /* A limit that nothing fits: all that may go goes, and it ends. */
  limits.maximum_bytes = 4096;
  for (unsigned i = 0; i < 20; i++) {
    pruned = prune(rig, &limits);
  }
  assert_false(pruned.capped);
  assert_int_equal(ask("SELECT count(*) FROM block"), 0);
  assert_int_equal(ask("SELECT count(*) FROM leak"), 1);
  series_rig_polls(rig, 90);
  assert_true(pruned.raw_from.ms != 0);
}

/* Events 2004 go with the told events, a hundred a call, the oldest first, each with whom it names. */
static void test_exhaustions(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 1, 37);
  const seep_exhaustion event = {.process_count = 1, .paged_tag_count = 1, .nonpaged_tag_count = 1};
  for (int64_t i = 0; i < 150; i++) {
    seep_store_exhaustion exhaustion = {.seen = {i < 140 ? 1000 : 2000}, .event = &event};
    assert_int_equal(seep_store_exhaustion_add(rig->store, &exhaustion, NULL), SEEP_OK);
  }
  const seep_store_limits limits = {{INT64_MIN}, {2000}, 0};
  static const int64_t left[] = {50, 10, 10};
  for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
    prune(rig, &limits);
    assert_int_equal(ask("SELECT count(*) FROM exhaustion"), left[i]);
    assert_int_equal(ask("SELECT count(*) FROM exhaustion_named"), 3 * left[i]);
    assert_int_equal(ask("SELECT count(*) FROM exhaustion_entry"), 3 * left[i]);
    assert_int_equal(ask("SELECT max(id) FROM exhaustion"), 150);
  }
  assert_int_equal(prune(rig, &no_limits).hours, 0);
  assert_int_equal(ask("SELECT count(*) FROM exhaustion"), 10);
}

/* As many Events 2004 as are ever kept, far more than a small file has room for, each with three names. */
static void add_exhaustions(void)
{
  store_files_sql(
      PATH,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
      " INSERT INTO exhaustion SELECT i, 10000 - i, 133000000000000000 + i, i, 1, 1, 17179869184,"
      " 17000000000, 16000000000, 300000000, 200000000, 8589934592, 8000000000, 142 FROM n;"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)"
      " INSERT INTO exhaustion_entry SELECT id, 0, i, 'leaking-service-' || i || '.exe', 4000000000, 4312,"
      " 133000000000000000, 5000, '10.0.20348.1', 0, 1 FROM exhaustion, n");
}

/* They give way to polls and hours, the oldest first, down to an eighth of the limit and not further. */
static void test_exhaustions_by_size(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 40, 38);
  series_rig_polls(rig, 3900);
  const int64_t others = ask(used), hours = ask("SELECT count(*) FROM hour");
  add_exhaustions();
  const int64_t each = (ask(used) - others) / 5000;
  seep_store_limits limits = {{INT64_MIN}, {INT64_MIN}, (uint64_t)others * 13 / 10};
  for (unsigned i = 0; i < 8; i++) {
    const int64_t before = ask("SELECT count(*) FROM exhaustion");
    seep_store_pruned pruned = prune(rig, &limits);
    assert_true(pruned.polls == 0 && pruned.hours == 0 && !pruned.capped);
    assert_in_range(before - ask("SELECT count(*) FROM exhaustion"), 0, 1600);
  }
  assert_true(ask(used) <= (int64_t)limits.maximum_bytes);
  series_rig_check(rig, 0);
  assert_int_equal(ask("SELECT count(*) FROM hour"), hours);
  int64_t left = ask("SELECT count(*) FROM exhaustion");
  assert_true(left * each >= (int64_t)limits.maximum_bytes / 10);
  assert_int_equal(ask("SELECT min(id) FROM exhaustion"), 5001 - left);
  assert_int_equal(ask("SELECT max(id) FROM exhaustion"), 5000);
  assert_int_equal(ask("SELECT count(*) FROM exhaustion_entry"), 3 * left);
  /* Where the limit is lower still they keep their eighth, and polls go. */
  limits.maximum_bytes = (uint64_t)others;
  uint64_t polls = 0;
  for (unsigned i = 0; i < 8; i++) {
    polls += prune(rig, &limits).polls;
  }
  left = ask("SELECT count(*) FROM exhaustion");
  print_message("%d events of %d bytes, %d bytes are allowed\n", (int)left, (int)each, (int)others / 8);
  assert_true(polls > 0);
  assert_in_range(left * each, others / 8 * 3 / 4, others / 8 * 5 / 4);
}

/* The file itself, not only what is used of it, comes down to the limit. */
static void test_file_shrinks(void **state)
{
  series_rig *rig = *state;
  series_rig_init(rig, PATH, 2, 36);
  series_rig_polls(rig, 2);
  /* 12 MB of blocks, made fast: they are only bytes to pruning. Large ones, for it takes four a call. */
  store_files_sql(PATH, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                        " INSERT INTO block SELECT i - 5000, 1, i, i, randomblob(24000) FROM n");
  int64_t before = ask("PRAGMA page_count");
  assert_true(before > 3000);
  seep_store_limits limits = {{INT64_MIN}, {INT64_MIN}, (uint64_t)before * 4096 * 3 / 4};
  for (unsigned i = 0; i < 20; i++) {
    prune(rig, &limits);
  }
  assert_true(ask("PRAGMA page_count") * 4096 <= (int64_t)limits.maximum_bytes);
  /* By age everything goes; free pages are given back until they are no longer many. */
  limits = (seep_store_limits){{10000}, {INT64_MIN}, 0};
  for (unsigned i = 0; i < 120; i++) {
    prune(rig, &limits);
  }
  assert_int_equal(ask("SELECT count(*) FROM block"), 0);
  assert_true(ask("PRAGMA freelist_count") <= 1024);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_nothing_to_do),
      TEST(test_by_age),
      TEST(test_wrong_clock_costs_little),
      TEST(test_processes_are_forgotten_with_their_figures),
      TEST(test_by_size),
      TEST(test_exhaustions),
      TEST(test_exhaustions_by_size),
      TEST(test_file_shrinks),
  };
  return cmocka_run_group_tests_name("store/prune", tests, NULL, NULL);
}
