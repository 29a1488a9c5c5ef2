/* history as a table, CSV and JSON: filters, gaps, hours in front of polls, the system's figures, times. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define SHORT "service_cli_history-" SPAWN_NAME ".db"
#define LONG "service_cli_history-long.db"
#define EMPTY "service_cli_history-empty.db"
#define DAMAGED "service_cli_history-damaged.db"
#define PAGE "service_cli_history.html"

#define EARLIER_MS (POLLS_MIDNIGHT_MS - SEEP_MS_PER_HOUR)
#define UMLAUT                                                                                               \
  "Gr\xC3\xB6\xC3\x9F"                                                                                       \
  "e.exe"
#define DIGITS UINT64_C(9007199254745088) /* 2^53 + 4096: more digits than a double is printed with */

/* Quotes and a comma for CSV; an escape (U+009B), an ESC and a change of direction (U+202E) for a terminal.
 */
#define WILD "say \"hi\", \x1B[2J\xC2\x9B\xE2\x80\xAE.exe"
#define TAME "say \"hi\", \xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD.exe"

/* app.exe in all three polls, the umlaut in the first two, the wild name in the last: at 00:00:00, 00:00:30,
 * 02:00:00.005. */
static void make_short(void)
{
  polls p;
  seep_store_sample samples[] = {
      {polls_key(4242, EARLIER_MS), "app.exe", 104857600, 0},
      {polls_key(77, EARLIER_MS + 250), UMLAUT, 2097152, 0},
      {polls_key(9, POLLS_MIDNIGHT_MS), WILD, DIGITS, 0},
  };
  polls_open(&p, SHORT, POLLS_MIDNIGHT_MS, 30000);
  polls_add(&p, samples, 2, NULL);
  samples[0].commit_bytes += 1048576;
  polls_add(&p, samples, 2, NULL);
  samples[0].commit_bytes += 1048576;
  samples[1] = samples[2];
  polls_skip(&p, 2 * SEEP_MS_PER_HOUR - 60000 + 5);
  polls_add(&p, samples, 2, NULL);
  polls_close(&p);
}

#define LONG_INTERVAL_MS (5 * SEEP_MS_PER_MINUTE)
#define LONG_POLLS (3 * 24 * 12)
#define LONG_KEPT_MS (POLLS_MIDNIGHT_MS + 2 * SEEP_MS_PER_DAY)

/* Three days of app.exe, which goes from 100 to 111 MB in every hour, and of the system; the polls of the
 * first two days have been deleted. late.exe comes after them. */
static void make_long(void)
{
  polls p;
  seep_system_memory memory = {.commit_limit_bytes = 8192 * POLLS_MB};
  seep_store_sample samples[] = {{polls_key(4242, EARLIER_MS), "app.exe", 0, 0},
                                 {polls_key(5, LONG_KEPT_MS + SEEP_MS_PER_HOUR), "late.exe", POLLS_MB, 0}};
  polls_open(&p, LONG, POLLS_MIDNIGHT_MS, LONG_INTERVAL_MS);
  for (uint64_t n = 0; n < LONG_POLLS; n++) {
    samples[0].commit_bytes = (100 + n % 12) * POLLS_MB;
    memory.commit_total_bytes = (1000 + n) * POLLS_MB;
    polls_add(&p, samples, p.now.wall.ms >= LONG_KEPT_MS + SEEP_MS_PER_HOUR ? 2 : 1, &memory);
  }
  polls_prune(&p, LONG_KEPT_MS);
  polls_close(&p);
}

static int make_databases(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, EMPTY, POLLS_MIDNIGHT_MS, 30000);
  polls_close(&p);
  make_short();
  make_long();
  return 0;
}

static int remove_databases(void **state)
{
  (void)state;
  polls_remove(SHORT);
  polls_remove(LONG);
  polls_remove(EMPTY);
  polls_remove(DAMAGED);
  spawn_file_remove(PAGE);
  return 0;
}

/* ---- polls ---- */

#define CSV_HEAD "t_s,pid,process,commit_bytes,created_s,running_s,after_gap\n"
#define CSV_APP_1 "1772323200.000,4242,app.exe,104857600,1772319600.000,0.000,1\n"
#define CSV_UMLAUT_1 "1772323200.000,77," UMLAUT ",2097152,1772319600.250,0.000,1\n"
#define CSV_APP_2 "1772323230.000,4242,app.exe,105906176,1772319600.000,30.000,0\n"
#define CSV_UMLAUT_2 "1772323230.000,77," UMLAUT ",2097152,1772319600.250,30.000,0\n"
#define CSV_APP_3 "1772330400.005,4242,app.exe,106954752,1772319600.000,7200.005,1\n"
#define CSV_WILD                                                                                             \
  "1772330400.005,9,\"say \"\"hi\"\", \x1B[2J\xC2\x9B\xE2\x80\xAE.exe\",9007199254745088,1772323200.000,"

static void test_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", SHORT, "--csv");
  assert_string_equal(result->out.text,
                      CSV_HEAD CSV_APP_1 CSV_UMLAUT_1 CSV_APP_2 CSV_UMLAUT_2 CSV_APP_3 CSV_WILD
                      "7200.005,1\n");
}

static void prints(const char *expected, const char *option, const char *value, const char *option_2,
                   const char *value_2)
{
  const spawn_result *result = RUN(0, "history", "--db", SHORT, "--csv", option, value, option_2, value_2);
  assert_string_equal(result->out.text, expected);
}

static void test_of_whom(void **state)
{
  (void)state;
  prints(CSV_HEAD CSV_APP_1 CSV_APP_2 CSV_APP_3, "--process", "APP.EXE", NULL, NULL);
  prints(CSV_HEAD CSV_APP_1 CSV_APP_2 CSV_APP_3, "--image", "a??.*", NULL, NULL);
  prints(CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2, "--image", UMLAUT, NULL, NULL);
  prints(CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2, "--pid", "77", "--image", "*.exe");
  prints(CSV_HEAD CSV_WILD "0.000,1\n", "--image", WILD, NULL, NULL);
  prints(CSV_HEAD CSV_WILD "0.000,1\n", "--image", "say*hi*.exe", NULL, NULL);
}

static void test_of_which_time(void **state)
{
  (void)state;
  prints(CSV_HEAD CSV_WILD "0.000,1\n", "--hours", "1", "--pid", "9");
  prints(CSV_HEAD CSV_WILD "0.000,1\n", "--hours", "876000", "--pid", "9");
  prints(CSV_HEAD CSV_UMLAUT_1, "--to", "2026-03-01T00:00:30", "--pid", "77");
  prints(CSV_HEAD CSV_UMLAUT_1, "--to", "2026-03-01T00:00:30.000Z", "--pid", "77");
  prints(CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2, "--to", "2026-03-01T00:01", "--pid", "77");
  prints(CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2, "--from", "2026-03-01", "--pid", "77");
  prints(CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2, "--from", "1772323200", "--pid", "77");
  prints(CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2, "--to", "1772323230.001", "--pid", "77");
  prints(CSV_HEAD CSV_UMLAUT_1, "--to", "1772323230.000", "--pid", "77");
  const spawn_result *result = RUN(0, "history", "--db", SHORT, "--csv", "--from", "2026-03-01T00:00:30Z",
                                   "--to", "2026-03-01T02:00:00.006Z", "--pid", "4242");
  SAYS(result->out, "1772330400.005,4242,");
  assert_null(strstr(result->out.text, "1772323200.000"));
}

static void test_without_a_match(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "history", "--db", SHORT, "--process", UMLAUT "x", "--csv");
  assert_string_equal(result->out.text, CSV_HEAD);
  SAYS(result->err, "seepwatch: history: find process " UMLAUT "x: not found");
  RUN(3, "history", "--db", SHORT, "--pid", "78");
  RUN(3, "history", "--db", SHORT, "--pid", "77", "--process", "app.exe");
  RUN(3, "history", "--db", SHORT, "--pid", "77", "--hours", "1");
  RUN(3, "history", "--db", SHORT, "--image", "app?.exe");
  result = RUN(3, "history", "--db", SHORT, "--pid", "78", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "points")), 0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "hours")), 0);
  cJSON_Delete(document);
}

static void test_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", SHORT, "--json");
  SAYS(result->out, "\"commit_bytes\":9007199254745088");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "hours")), 0);
  const cJSON *points = spawn_member(document, "points");
  assert_int_equal(cJSON_GetArraySize(points), 6);
  const cJSON *umlaut = cJSON_GetArrayItem(points, 3);
  assert_string_equal(spawn_string(umlaut, "process"), UMLAUT);
  assert_true(spawn_number(umlaut, "pid") == 77.0);
  assert_true(spawn_number(umlaut, "t_s") == 1772323230.0);
  assert_true(spawn_number(umlaut, "created_s") == 1772319600.25);
  assert_true(spawn_number(umlaut, "commit_bytes") == 2097152.0);
  assert_true(spawn_number(umlaut, "running_s") == 30.0);
  assert_true(cJSON_IsFalse(spawn_member(umlaut, "after_gap")));
  const cJSON *wild = cJSON_GetArrayItem(points, 5);
  assert_string_equal(spawn_string(wild, "process"), WILD);
  assert_true(cJSON_IsTrue(spawn_member(wild, "after_gap")));
  cJSON_Delete(document);
}

static void test_table(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", SHORT);
  SAYS(result->out, "2026-03-01T00:00:30.000Z        4242        101 MB  app.exe\n");
  SAYS(result->out, "2026-03-01T02:00:00.005Z           9");
  SAYS(result->out, TAME "\n");
  const char *gap = strstr(result->out.text, "\n-- gap of 1 h 59 min --\n2026-03-01T02:00:00.005Z ");
  assert_non_null(gap);
  assert_null(strstr(gap + 5, "-- gap")); /* once for the poll, not for each process */
  *(char *)gap = '\0';
  assert_null(strstr(result->out.text, "-- gap")); /* nothing comes before the first poll */
}

static void test_an_empty_store(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", EMPTY, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD);
  RUN(0, "history", "--db", EMPTY, "--hours", "1");
  RUN(0, "history", "--db", EMPTY, "--system");
  result = RUN(0, "history", "--db", EMPTY, "--raw", "--json");
  assert_string_equal(result->out.text, "{\"points\":[\n]}\n");
  result = RUN(0, "history", "--db", EMPTY, "--hourly", "--json");
  assert_string_equal(result->out.text, "{\"hours\":[\n]}\n");
}

/* ---- hours ---- */

#define HOURLY_HEAD "hour_s,pid,process,floor_bytes,mean_bytes,peak_bytes,created_s\n"

static void test_hours_in_front_of_polls(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", LONG, "--image", "app.exe", "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *hours = spawn_member(document, "hours"), *points = spawn_member(document, "points");
  double first_poll = spawn_number(cJSON_GetArrayItem(points, 0), "t_s");
  int count = cJSON_GetArraySize(hours);
  assert_true(first_poll <= (double)LONG_KEPT_MS / 1000 && count > 0);
  for (int i = 0; i < count; i++) {
    const cJSON *hour = cJSON_GetArrayItem(hours, i);
    assert_true(spawn_number(hour, "hour_s") == (double)POLLS_MIDNIGHT_MS / 1000 + i * 3600.0);
    assert_true(spawn_number(hour, "floor_bytes") == 100.0 * (double)POLLS_MB);
    assert_true(spawn_number(hour, "peak_bytes") == 111.0 * (double)POLLS_MB);
    assert_true(spawn_number(hour, "mean_bytes") == 105.5 * (double)POLLS_MB);
    assert_true(spawn_number(hour, "created_s") == (double)EARLIER_MS / 1000);
  }
  double end = spawn_number(cJSON_GetArrayItem(hours, count - 1), "hour_s") + 3600.0;
  assert_true(end >= first_poll && end < first_poll + 3600.0); /* nothing missing, one hour twice at most */
  assert_true(spawn_number(cJSON_GetArrayItem(points, 0), "running_s") ==
              first_poll - (double)POLLS_MIDNIGHT_MS / 1000);
  cJSON_Delete(document);
}

static void test_table_with_hours(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", LONG, "--image", "app.exe");
  SAYS(result->out,
       "hour                             pid         floor          mean          peak  process\n"
       "2026-03-01T00:00:00.000Z        4242        100 MB        106 MB        111 MB  app.exe\n");
  SAYS(result->out, "\n\ntime                             pid        commit  process\n2026-03-0");
  assert_null(strstr(result->out.text, "-- gap"));
  /* All of late.exe's polls are kept: no hours before them. */
  result = RUN(0, "history", "--db", LONG, "--pid", "5");
  assert_null(strstr(result->out.text, "floor"));
}

static void test_one_kind_alone(void **state)
{
  (void)state;
  const spawn_result *result =
      RUN(0, "history", "--db", LONG, "--hourly", "--csv", "--to", "2026-03-01T01:00");
  assert_string_equal(result->out.text, HOURLY_HEAD
                      "1772323200.000,4242,app.exe,104857600,110624768,116391936,1772319600.000\n");
  result =
      RUN(0, "history", "--db", LONG, "--hourly", "--from", "2026-03-01T10:00", "--to", "2026-03-01T11:00");
  SAYS(result->out, "process\n2026-03-01T10:00:00.000Z");
  assert_null(strstr(result->out.text, "commit"));
  /* Hours are there for the time of which polls are kept too, once they are over and added up. */
  result = RUN(0, "history", "--db", LONG, "--hourly", "--csv", "--from", "2026-03-03T10:00");
  SAYS(result->out, "\n1772532000.000,4242,app.exe,104857600,");
  SAYS(result->out, "\n1772532000.000,5,late.exe,1048576,1048576,1048576,");
  result = RUN(0, "history", "--db", LONG, "--raw", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_null(cJSON_GetObjectItem(document, "hours"));
  assert_true(cJSON_GetArraySize(spawn_member(document, "points")) > 288);
  cJSON_Delete(document);
}

/* CSV has the polls alone: that there are none any more must not look like nothing at all. */
static void test_polls_that_are_gone(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "history", "--db", LONG, "--csv", "--to", "2026-03-01T12:00");
  assert_string_equal(result->out.text, CSV_HEAD);
  SAYS(result->err, "--hourly");
  RUN(3, "history", "--db", LONG, "--raw", "--to", "2026-03-01T12:00", "--pid", "4242");
  RUN(0, "history", "--db", LONG, "--to", "2026-03-01T12:00");
}

/* ---- the system ---- */

static void test_system(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", LONG, "--system", "--csv", "--image", "[commit*",
                                   "--from", "2026-03-03T00:00", "--to", "2026-03-03T00:05");
  SAYS(result->out, "\n1772496000.000,0,[commit_total],1652555776,,0.000,1\n");
  SAYS(result->out, "\n1772496000.000,0,[commit_limit],8589934592,,0.000,1\n");
  result = RUN(0, "history", "--db", LONG, "--system", "--json", "--hours", "1");
  cJSON *document = spawn_json(&result->out);
  const cJSON *point = cJSON_GetArrayItem(spawn_member(document, "points"), 0);
  assert_true(cJSON_IsNull(spawn_member(point, "created_s")));
  assert_true(cJSON_GetArraySize(spawn_member(document, "points")) % SEEP_STORE_FIGURES == 0);
  cJSON_Delete(document);
  result = RUN(0, "history", "--db", LONG, "--system", "--hourly");
  SAYS(result->out, "2026-03-01T00:00:00.000Z           0       1000 MB");
  /* The short store was made without them. */
  result = RUN(0, "history", "--db", SHORT, "--system", "--csv");
  assert_string_equal(result->out.text, CSV_HEAD);
}

/* ---- a store of which part can be read ---- */

static void make_damaged(void)
{
  size_t size = 0;
  sqlite3 *db = NULL;
  char *bytes = spawn_file_read(LONG, &size);
  polls_remove(DAMAGED);
  spawn_file_write(DAMAGED, bytes, size);
  free(bytes);
  assert_int_equal(sqlite3_open(DAMAGED, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db,
                                "UPDATE block SET data = zeroblob(100)"
                                " WHERE id = (SELECT id FROM block ORDER BY id DESC LIMIT 1)",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_changes(db), 1);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_partly_readable(void **state)
{
  (void)state;
  make_damaged();
  spawn_file_remove(PAGE);
  const spawn_result *result = RUN(4, "history", "--db", DAMAGED, "--raw", "--image", "app.exe", "--json");
  SAYS(result->err, "corrupt (row ");
  cJSON *document = spawn_json(&result->out);
  int points = cJSON_GetArraySize(spawn_member(document, "points"));
  assert_true(points > 0 && points < 288);
  cJSON_Delete(document);
  result = RUN(4, "top", "--db", DAMAGED);
  SAYS(result->out, "In the last 24 h: ");
  RUN(4, "history", "--db", DAMAGED, "--html", PAGE);
  size_t size = 0;
  char *page = spawn_file_read(PAGE, &size);
  assert_non_null(strstr(page, "Part of the store could not be read"));
  assert_non_null(strstr(page, "app.exe, PID 4242"));
  free(page);
}

/* ---- arguments ---- */

static void test_senseless_arguments(void **state)
{
  (void)state;
  static const char *const lines[][8] = {
      {"history", "--from"},
      {"history", "--from", ""},
      {"history", "--from", "yesterday"},
      {"history", "--from", "2026"},
      {"history", "--from", "20260301"},
      {"history", "--from", "2026-03"},
      {"history", "--from", "2026-02-29"},
      {"history", "--from", "2026-03-01T"},
      {"history", "--from", "2026-03-01T10"},
      {"history", "--from", "2026-03-01T10:"},
      {"history", "--from", "2026-03-01T10:00:"},
      {"history", "--from", "2026-03-01T10:00:0"},
      {"history", "--from", "2026-03-01T10:00+01:00"},
      {"history", "--from", "2026-03-01T10:00ZZ"},
      {"history", "--from", "-1"},
      {"history", "--from", "1772323200.5"},
      {"history", "--from", "253402300800"},
      {"history", "--from", "99999999999999999999999999999999999999"},
      {"history", "--from", "2026-03-02", "--to", "2026-03-01"},
      {"history", "--from", "2026-03-01", "--to", "2026-03-01"},
      {"history", "--hours", "1", "--from", "2026-03-01"},
      {"history", "--hours", "1", "--to", "2026-03-01"},
      {"history", "--hours", "0"},
      {"history", "--hourly", "--raw"},
      {"history", "--system", "--pid", "4"},
      {"history", "--image", ""},
      {"history", "--html", ""},
      {"history", "--html", "x.html", "--json"},
      {"history", "--limit", "1"},
      {"history", "--open"},
      {"leaks", "--raw"},
      {"leaks", "--image", "app.exe"},
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    const spawn_result *result = spawn_run(2, NULL, lines[i], __FILE__, __LINE__);
    assert_int_equal(result->out.size, 0);
  }
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_csv),
      cmocka_unit_test(test_of_whom),
      cmocka_unit_test(test_of_which_time),
      cmocka_unit_test(test_without_a_match),
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_an_empty_store),
      cmocka_unit_test(test_hours_in_front_of_polls),
      cmocka_unit_test(test_table_with_hours),
      cmocka_unit_test(test_one_kind_alone),
      cmocka_unit_test(test_polls_that_are_gone),
      cmocka_unit_test(test_system),
      cmocka_unit_test(test_partly_readable),
      cmocka_unit_test(test_senseless_arguments),
  };
  return cmocka_run_group_tests_name("service cli history", tests, make_databases, remove_databases);
}
