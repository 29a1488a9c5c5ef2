/* history --html: which charts there are, what is marked, what names can not do, and the file itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define DATABASE "service_cli_page-" SPAWN_NAME ".db"
#define MANY "service_cli_page-many.db"
#define EMPTY "service_cli_page-empty.db"
#define CLOCK "service_cli_page-clock.db"
#define PAGE "service_cli_page-" SPAWN_NAME ".html"

#define INTERVAL_MS (2 * SEEP_MS_PER_MINUTE)
#define POLLS (8 * 30)
#define RESTART 100 /* the poll at which the second app.exe begins */
#define HOSTILE "<script>alert(1)</script>\"&'\xFF\x1B.exe"
#define HOSTILE_ESCAPED "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;"
#define LONG_AGO_MS (POLLS_MIDNIGHT_MS - SEEP_MS_PER_DAY)

static const seep_system_memory memory = {.commit_total_bytes = 4096 * POLLS_MB,
                                          .commit_limit_bytes = 16384 * POLLS_MB};

static int64_t at(int64_t n)
{
  return POLLS_MIDNIGHT_MS + n * INTERVAL_MS;
}

static void add_cases(seep_store *store)
{
  seep_store_leak leak = {.key = polls_key(666, LONG_AGO_MS),
                          .image = HOSTILE,
                          .began = {at(10)},
                          .opened = {at(70)},
                          .slope_bytes_per_hour = 30.0 * (double)POLLS_MB,
                          .growth_bytes = 60 * POLLS_MB,
                          .kind = "heap <b>"};
  seep_store_capture capture = {.key = leak.key,
                                .image = HOSTILE,
                                .kind = "virtualalloc",
                                .started = {at(80)},
                                .ended = {at(85)},
                                .outcome = "saved <i>"};
  seep_store_event came = {.wall = {at(90)}, .event = 210, .level = "warning", .text = "exhausted <u>"};
  seep_store_event other = {.wall = {at(91)}, .event = 104, .level = "information", .text = "heartbeat"};
  assert_int_equal(seep_store_leak_open(store, &leak, NULL), SEEP_OK);
  capture.leak_id = leak.id;
  assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
  assert_int_equal(seep_store_event_add(store, &came, NULL), SEEP_OK);
  assert_int_equal(seep_store_event_add(store, &other, NULL), SEEP_OK);
}

/* app.exe twice, one after the other; two of host.exe beside each other; one of a hostile name that grows. */
static void make_database(void)
{
  polls p;
  seep_store_sample samples[] = {{polls_key(666, LONG_AGO_MS), HOSTILE, 100 * POLLS_MB, 0},
                                 {polls_key(10, LONG_AGO_MS), "host.exe", 20 * POLLS_MB, 0},
                                 {polls_key(11, LONG_AGO_MS), "HOST.exe", 21 * POLLS_MB, 0},
                                 {polls_key(100, LONG_AGO_MS), "app.exe", 300 * POLLS_MB, 0}};
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  for (int64_t n = 0; n < POLLS; n++) {
    samples[0].commit_bytes += POLLS_MB;
    if (n == RESTART) {
      samples[3] = (seep_store_sample){polls_key(101, at(n)), "app.exe", 310 * POLLS_MB, 0};
    }
    polls_add(&p, samples, 4, &memory);
  }
  add_cases(p.store);
  polls_close(&p);
}

/* Thirty images; the higher their number the more they hold, p07.exe grows, and p03.exe did once. */
static void make_many(void)
{
  polls p;
  char names[30][16];
  seep_store_sample samples[30] = {{{0, 0}, NULL, 0, 0}};
  polls_open(&p, MANY, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  for (int64_t n = 0; n < POLLS / 4; n++) {
    for (unsigned i = 0; i < 30; i++) {
      snprintf(names[i], sizeof names[i], "p%02u.exe", i);
      uint64_t bytes = (10 + i) * POLLS_MB + (i == 7 ? (uint64_t)n * POLLS_MB : 0);
      samples[i] = (seep_store_sample){polls_key(100 + i, LONG_AGO_MS), names[i], bytes, samples[i].store_id};
    }
    polls_add(&p, samples, 30, NULL);
  }
  seep_store_leak over = {.key = samples[3].key,
                          .image = "p03.exe",
                          .began = {at(0)},
                          .opened = {at(1)},
                          .closed = {at(2)},
                          .growth_bytes = 100 * POLLS_MB,
                          .ending = "given back"};
  assert_int_equal(seep_store_leak_open(p.store, &over, NULL), SEEP_OK);
  polls_close(&p);
}

static void remove_pages(void)
{
  spawn_file_remove(PAGE);
  spawn_file_remove(PAGE ".part1"); /* of a run that was broken off */
  spawn_file_remove(PAGE ".part2");
}

static int make_databases(void **state)
{
  (void)state;
  polls p;
  remove_pages();
  polls_open(&p, EMPTY, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  polls_close(&p);
  make_database();
  make_many();
  return 0;
}

static int remove_databases(void **state)
{
  (void)state;
  remove_pages();
  polls_remove(DATABASE);
  polls_remove(MANY);
  polls_remove(EMPTY);
  return 0;
}

static size_t occurrences(const char *text, const char *part)
{
  size_t count = 0;
  for (const char *found = strstr(text, part); found != NULL; found = strstr(found + 1, part)) {
    count++;
  }
  return count;
}

/* ---- what is on it ---- */

static void test_charts_and_marks(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--html", "-");
  const char *page = result->out.text;
  /* The system, the hostile one, app.exe once for two processes, host.exe twice as they are there together.
   */
  assert_int_equal(occurrences(page, "<figure"), 5);
  SAYS(result->out, "app.exe, 2 processes one after the other, the last with PID 101");
  SAYS(result->out, "host.exe, PID 10");
  SAYS(result->out, "HOST.exe, PID 11");
  SAYS(result->out, "2026-03-01 00:00 to 2026-03-01 07:58 UTC");
  SAYS(result->out, "All times are UTC");
  SAYS(result->out, "Commit limit");
  SAYS(result->out, "16.0 GB");
  SAYS(result->out, "30.0 MB per hour, grown by 60.0 MB, heap &lt;b&gt;; open");
  SAYS(result->out, "saved &lt;i&gt;");
  SAYS(result->out, "Event 2004: exhausted &lt;u&gt;");
  assert_null(strstr(page, "heartbeat"));
  assert_null(strstr(page, "more are left out"));
}

static void test_who_grew_comes_first(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--html", "-");
  const char *hostile = strstr(result->out.text, HOSTILE_ESCAPED);
  const char *app = strstr(result->out.text, "app.exe");
  assert_non_null(hostile);
  assert_non_null(app);
  assert_true(hostile < app);
}

static void test_hostile_names(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--html", "-", "--image", "<script>*");
  SAYS(result->out, HOSTILE_ESCAPED);
  const char *page = result->out.text;
  assert_null(strstr(page, "<script"));
  assert_null(strstr(page, "<b>heap"));
  assert_null(strstr(page, "heap <b>"));
  assert_null(strchr(page, '\x1B'));
  assert_null(strchr(page, '\xFF'));
  assert_null(strstr(page, "http:"));
  assert_null(strstr(page, "https:"));
  assert_null(strstr(page, "src="));
}

static void test_filters(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--html", "-", "--image", "h?st*");
  assert_int_equal(occurrences(result->out.text, "<figure"), 3);
  SAYS(result->out, "named h?st*");
  assert_null(strstr(result->out.text, "app.exe"));
  result = RUN(0, "history", "--db", DATABASE, "--html", "-", "--system");
  assert_int_equal(occurrences(result->out.text, "<figure"), SEEP_STORE_FIGURES);
  result = RUN(0, "history", "--db", DATABASE, "--html", "-", "--pid", "100", "--to", "2026-03-01T01:00");
  SAYS(result->out, "2026-03-01 00:00 to 2026-03-01 00:58 UTC");
  SAYS(result->out, "app.exe, PID 100");
  SAYS(result->out, "No leak, no recording and no Event 2004 in this time.");
}

static void test_many_are_cut(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", MANY, "--html", "-");
  assert_int_equal(occurrences(result->out.text, "<figure"), 20);
  SAYS(result->out, "Shown are the 20 that leaked, grew or hold most; 10 more are left out.");
  SAYS(result->out, "p07.exe, PID 107");
  SAYS(result->out, "p29.exe, PID 129");
  SAYS(result->out, "p03.exe, PID 103");
  SAYS(result->out, "over: given back");
  SAYS(result->out, "p12.exe, PID 112");
  assert_null(strstr(result->out.text, "p11.exe"));
  SAYS(result->out, "figures of this time are not known.");
}

/* ---- the file ---- */

static void no_temporary_is_left(void)
{
  assert_false(spawn_file_exists(PAGE ".part1"));
}

static void test_file_is_written_and_replaced(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--html", PAGE);
  SAYS(result->out, PAGE ": 4 charts of 4\n");
  size_t size = 0, again = 0;
  char *page = spawn_file_read(PAGE, &size);
  assert_memory_equal(page, "<!", 2);
  assert_non_null(strstr(page, "</html>"));
  free(page);
  no_temporary_is_left();
  RUN(0, "history", "--db", DATABASE, "--html", PAGE, "--image", "app.exe");
  free(spawn_file_read(PAGE, &again));
  assert_true(again < size);
  no_temporary_is_left();
}

static void test_a_left_over_is_stepped_around(void **state)
{
  (void)state;
  spawn_file_write(PAGE ".part1", "mine", 4);
  RUN(0, "history", "--db", DATABASE, "--html", PAGE);
  size_t size = 0;
  char *left = spawn_file_read(PAGE ".part1", &size);
  assert_string_equal(left, "mine");
  free(left);
  assert_false(spawn_file_exists(PAGE ".part2"));
  spawn_file_remove(PAGE ".part1");
}

static void test_refusals(void **state)
{
  (void)state;
  spawn_file_remove(PAGE);
  const spawn_result *result = RUN(3, "history", "--db", EMPTY, "--html", PAGE);
  assert_false(spawn_file_exists(PAGE));
  no_temporary_is_left();
  RUN(3, "history", "--db", DATABASE, "--html", PAGE, "--image", "nobody.exe");
  result = RUN(3, "history", "--db", DATABASE, "--html", "service_cli_page-absent/x.html");
  SAYS(result->err, "seepwatch: history: writing service_cli_page-absent/x.html: ");
  result = RUN(2, "history", "--db", DATABASE, "--html", ".");
  SAYS(result->err, "that is no file");
  /* The database in the wrong place must survive. */
  result = RUN(2, "history", "--db", DATABASE, "--html", DATABASE);
  SAYS(result->err, "that is no page");
  RUN(0, "history", "--db", DATABASE, "--pid", "666");
  no_temporary_is_left();
}

static void add_app(polls *p, seep_store_sample *app, int count)
{
  for (int i = 0; i < count; i++) {
    app->commit_bytes += POLLS_MB;
    polls_add(p, app, 1, NULL);
  }
}

static uint64_t grown_of_first(const spawn_result *result)
{
  cJSON *document = spawn_json(&result->out);
  const cJSON *first = cJSON_GetArrayItem(spawn_member(document, "processes"), 0);
  uint64_t grown = (uint64_t)spawn_member(first, "grown_bytes")->valuedouble;
  cJSON_Delete(document);
  return grown;
}

/* In the hour of its end the store does not know yet that a process is gone. */
static void test_a_restart_of_this_hour(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, CLOCK, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  seep_store_sample app = {polls_key(7, LONG_AGO_MS), "app.exe", 100 * POLLS_MB, 0};
  add_app(&p, &app, 4 * 30 + 10);
  app = (seep_store_sample){polls_key(8, p.now.wall.ms - 1000), "app.exe", 50 * POLLS_MB, 0};
  add_app(&p, &app, 5);
  polls_close(&p);
  const spawn_result *result = RUN(0, "history", "--db", CLOCK, "--html", "-");
  SAYS(result->out, "app.exe, 2 processes one after the other, the last with PID 8");
  result = RUN(0, "top", "--db", CLOCK, "--json");
  SAYS(result->out, "\"now_bytes\":null");
}

/* A clock that was wrong moves polls to other times; nothing of them is lost. */
static void test_a_clock_that_was_set(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, CLOCK, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  seep_store_sample app = {polls_key(7, LONG_AGO_MS), "app.exe", 100 * POLLS_MB, 0};
  add_app(&p, &app, 120);
  p.now.wall.ms -= 10 * SEEP_MS_PER_HOUR;
  add_app(&p, &app, 60);
  polls_close(&p);
  const spawn_result *result = RUN(0, "history", "--db", CLOCK, "--html", "-");
  SAYS(result->out, "2026-02-28 18:00 to 2026-03-01 03:58 UTC");
  result = RUN(0, "history", "--db", CLOCK, "--from", "2026-02-28T18:00", "--to", "2026-02-28T19:00");
  SAYS(result->out, "app.exe");
  polls_open(&p, CLOCK, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  app.store_id = 0;
  add_app(&p, &app, 60);
  p.now.wall.ms += 365 * SEEP_MS_PER_DAY;
  add_app(&p, &app, 5);
  p.now.wall.ms -= 365 * SEEP_MS_PER_DAY;
  add_app(&p, &app, 60);
  polls_close(&p);
  assert_true(grown_of_first(RUN(0, "top", "--db", CLOCK, "--json")) > 50 * POLLS_MB);
  polls_remove(CLOCK);
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_charts_and_marks),
      cmocka_unit_test(test_who_grew_comes_first),
      cmocka_unit_test(test_hostile_names),
      cmocka_unit_test(test_filters),
      cmocka_unit_test(test_many_are_cut),
      cmocka_unit_test(test_file_is_written_and_replaced),
      cmocka_unit_test(test_a_left_over_is_stepped_around),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_a_restart_of_this_hour),
      cmocka_unit_test(test_a_clock_that_was_set),
  };
  return cmocka_run_group_tests_name("service cli page", tests, make_databases, remove_databases);
}
