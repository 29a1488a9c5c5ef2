/* leaks: all that is known of a case, as JSON and, with --id, for people; which alerts, recordings and
 * Events 2004 are its own; hostile names and values. */
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

#define DATABASE "service_cli_leaks-" SPAWN_NAME ".db"
#define ODD "service_cli_leaks-odd.db"

#define OPENED_MS (POLLS_MIDNIGHT_MS + SEEP_MS_PER_HOUR)
#define CLOSED_MS (POLLS_MIDNIGHT_MS + 2 * SEEP_MS_PER_HOUR)

/* An ESC, a C1 control and a change of direction; an alert writes them as spaces. */
#define WILD "a\x1B[2Jb\xC2\x9B\xE2\x80\xAE.exe"
#define WILD_TOLD "a [2Jb     .exe"
#define WILD_SHOWN "a\xEF\xBF\xBD[2Jb\xEF\xBF\xBD\xEF\xBF\xBD.exe"

/* ---- the database ---- */

static const seep_process_key app_key = {4242, UINT64_C(134167920000000000)};

static void add_cases(seep_store *store)
{
  seep_store_leak told = {.key = app_key,
                          .image = "App.exe",
                          .began = {POLLS_MIDNIGHT_MS},
                          .opened = {OPENED_MS},
                          .closed = {CLOSED_MS},
                          .verdict = "leak",
                          .slope_bytes_per_hour = 12582912,
                          .slope_low_bytes_per_hour = 11534336,
                          .slope_high_bytes_per_hour = 13631488,
                          .growth_bytes = 2097152,
                          .commit_bytes = 8388608,
                          .confidence = 0.97,
                          .kind = "Heap",
                          .ending = "the process ended",
                          .kind_confidence = 0.92,
                          .kind_reason = "heap blocks grew",
                          .services = "Dnscache, NlaSvc",
                          .evidence = "the floor rose in 11 of 12 buckets, \"steadily\"",
                          .times_told = 3,
                          .told = {OPENED_MS + 5000},
                          .told_because = "it doubled",
                          .time_left_ms = 7200500,
                          .system_commit_bytes = UINT64_C(6442450944),
                          .system_limit_bytes = UINT64_C(8589934592)};
  seep_store_leak wild = {.key = {.pid = 9},
                          .image = WILD,
                          .began = {OPENED_MS},
                          .opened = {OPENED_MS},
                          .verdict = "rapid",
                          .services = WILD,
                          .evidence = WILD,
                          .told_because = WILD,
                          .times_told = 1,
                          .told = {OPENED_MS},
                          .time_left_ms = -1};
  assert_int_equal(seep_store_leak_open(store, &told, NULL), SEEP_OK);
  assert_int_equal(seep_store_leak_open(store, &wild, NULL), SEEP_OK);
}

static void add_alert(seep_store *store, int64_t wall_ms, uint32_t id, uint32_t pid, const char *image,
                      const char *text)
{
  seep_store_event event = {.wall = {wall_ms}, .event = id, .pid = pid};
  snprintf(event.level, sizeof event.level, "warning");
  snprintf(event.image, sizeof event.image, "%s", image);
  snprintf(event.text, sizeof event.text, "%s", text);
  assert_int_equal(seep_store_event_add(store, &event, NULL), SEEP_OK);
}

static void add_alerts(seep_store *store)
{
  add_alert(store, OPENED_MS - 1, 200, 4242, "app.exe", "before");
  add_alert(store, OPENED_MS, 200, 4242, "App.exe", "image: App.exe; pid: 4242");
  add_alert(store, OPENED_MS + 1, 200, 4243, "App.exe", "another PID");
  add_alert(store, OPENED_MS + 1, 200, 4242, "other.exe", "another program");
  add_alert(store, OPENED_MS + 1, 210, 0, "", "nobody's");
  add_alert(store, CLOSED_MS + 20, 201, 4242, "APP.EXE", "over\x1B[0m");
  add_alert(store, CLOSED_MS + SEEP_MS_PER_HOUR, 200, 4242, "app.exe", "after");
  add_alert(store, OPENED_MS + SEEP_MS_PER_DAY, 204, 9, WILD_TOLD, WILD);
}

static void add_captures(seep_store *store)
{
  seep_store_capture saved = {.leak_id = 1,
                              .key = app_key,
                              .image = "App.exe",
                              .kind = "heap",
                              .started = {OPENED_MS + 1000},
                              .ended = {OPENED_MS + 61000},
                              .bytes = 1048576,
                              .path = "D:\\captures\\app.etl.gz",
                              .outcome = "saved",
                              .sha256 = "5ec1",
                              .removed = {CLOSED_MS}};
  seep_store_capture other = {.leak_id = 7, .image = "App.exe", .outcome = "another case's"};
  seep_store_capture nobody = {.image = "App.exe", .outcome = "no case's"};
  const seep_store_answer answer = {.capture_id = 1,
                                    .state = SEEP_STORE_ANSWER_MADE,
                                    .told.culprit = "Contoso.dll",
                                    .told.place = "\x1B[0m+0x12"};
  assert_int_equal(seep_store_capture_add(store, &saved, NULL), SEEP_OK);
  assert_int_equal(seep_store_answer_set(store, &answer, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_add(store, &other, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_add(store, &nobody, NULL), SEEP_OK);
}

static void add_exhaustions(seep_store *store)
{
  seep_exhaustion event = {
      .time_created = seep_wall_to_filetime((seep_wall){OPENED_MS}),
      .record_id = 77,
      .has_system = true,
      .commit_limit_bytes = UINT64_C(8589934592),
      .commit_charge_bytes = UINT64_C(8500000000),
      .process_count = 2,
      .processes = {{.name = "other.exe", .key = {4242, 1}},
                    {.name = "App.exe", .key = app_key, .commit_bytes = 4194304, .handles = 55}}};
  seep_store_exhaustion named = {.seen = {OPENED_MS + 7},
                                 .told = true,
                                 .event = &event,
                                 .matches = {SEEP_STORE_MATCH_NONE, SEEP_STORE_MATCH_EXACT}};
  seep_store_exhaustion others = {.seen = {OPENED_MS + 8}, .event = &event};
  assert_int_equal(seep_store_exhaustion_add(store, &named, NULL), SEEP_OK);
  /* The same PID of other times, one of them unknown, and the other case's without a time. */
  event.processes[1].key.created++;
  assert_int_equal(seep_store_exhaustion_add(store, &others, NULL), SEEP_OK);
  event.processes[1].key = (seep_process_key){9, 0};
  assert_int_equal(seep_store_exhaustion_add(store, &others, NULL), SEEP_OK);
  event.process_count = 0;
  assert_int_equal(seep_store_exhaustion_add(store, &others, NULL), SEEP_OK);
}

static void make_database(const char *path)
{
  polls p;
  polls_open(&p, path, POLLS_MIDNIGHT_MS, 30000);
  seep_store_sample sample = {app_key, "App.exe", 40960, 0};
  polls_add(&p, &sample, 1, NULL);
  add_cases(p.store);
  add_alerts(p.store);
  add_captures(p.store);
  add_exhaustions(p.store);
  polls_close(&p);
}

static int make_databases(void **state)
{
  (void)state;
  make_database(DATABASE);
  return 0;
}

static int remove_databases(void **state)
{
  (void)state;
  polls_remove(DATABASE);
  polls_remove(ODD);
  return 0;
}

/* ---- JSON ---- */

static const cJSON *item_of(const cJSON *object, const char *list, int count, int index)
{
  const cJSON *items = spawn_member(object, list);
  assert_true(cJSON_IsArray(items));
  assert_int_equal(cJSON_GetArraySize(items), count);
  return cJSON_GetArrayItem(items, index);
}

static void check_row(const cJSON *leak)
{
  assert_true(spawn_number(leak, "kind_confidence") == 0.92);
  assert_string_equal(spawn_string(leak, "kind_reason"), "heap blocks grew");
  assert_string_equal(spawn_string(leak, "services"), "Dnscache, NlaSvc");
  assert_string_equal(spawn_string(leak, "evidence"), "the floor rose in 11 of 12 buckets, \"steadily\"");
  const cJSON *told = spawn_member(leak, "told");
  assert_true(spawn_number(told, "times") == 3);
  assert_string_equal(spawn_string(told, "last"), "2026-03-01T01:00:05.000Z");
  assert_string_equal(spawn_string(told, "because"), "it doubled");
  assert_true(spawn_number(leak, "time_left_s") == 7200.5);
  assert_true(spawn_number(leak, "system_commit_bytes") == 6442450944.0);
  assert_true(spawn_number(leak, "system_limit_bytes") == 8589934592.0);
}

static void check_alerts(const cJSON *leak)
{
  const cJSON *alert = item_of(leak, "alerts", 2, 0);
  assert_true(spawn_number(alert, "id") == 2 && spawn_number(alert, "event") == 200);
  assert_string_equal(spawn_string(alert, "time"), "2026-03-01T01:00:00.000Z");
  assert_string_equal(spawn_string(alert, "level"), "warning");
  assert_string_equal(spawn_string(alert, "text"), "image: App.exe; pid: 4242");
  alert = item_of(leak, "alerts", 2, 1);
  assert_true(spawn_number(alert, "event") == 201);
  assert_string_equal(spawn_string(alert, "text"), "over\x1B[0m");
}

static void check_rest(const cJSON *leak)
{
  const cJSON *capture = item_of(leak, "captures", 1, 0);
  assert_string_equal(spawn_string(capture, "path"), "D:\\captures\\app.etl.gz");
  assert_string_equal(spawn_string(capture, "sha256"), "5ec1");
  assert_true(spawn_number(capture, "id") == 1 && spawn_number(capture, "bytes") == 1048576);
  assert_string_equal(spawn_string(capture, "kind"), "heap");
  assert_string_equal(spawn_string(capture, "outcome"), "saved");
  assert_string_equal(spawn_string(capture, "started"), "2026-03-01T01:00:01.000Z");
  assert_string_equal(spawn_string(capture, "ended"), "2026-03-01T01:01:01.000Z");
  assert_string_equal(spawn_string(capture, "removed"), "2026-03-01T02:00:00.000Z");
  assert_string_equal(spawn_string(spawn_member(capture, "answer"), "culprit"), "Contoso.dll");
  const cJSON *naming = item_of(leak, "exhaustions", 1, 0);
  assert_true(spawn_number(naming, "id") == 1 && spawn_number(naming, "record_id") == 77);
  assert_string_equal(spawn_string(naming, "time"), "2026-03-01T01:00:00.000Z");
  assert_string_equal(spawn_string(naming, "seen"), "2026-03-01T01:00:00.007Z");
  assert_true(cJSON_IsTrue(spawn_member(naming, "told")));
  assert_string_equal(spawn_string(naming, "match"), "exact");
  assert_true(spawn_number(naming, "rank") == 2 && spawn_number(naming, "handles") == 55);
  assert_true(spawn_number(naming, "commit_bytes") == 4194304);
  assert_true(spawn_number(naming, "system_commit_bytes") == 8500000000.0);
  assert_true(spawn_number(naming, "system_limit_bytes") == 8589934592.0);
}

static void check_wild(const cJSON *leak)
{
  assert_string_equal(spawn_string(leak, "process"), WILD);
  assert_string_equal(spawn_string(leak, "evidence"), WILD);
  static const char *const unknown[] = {"kind_confidence", "kind_reason", "time_left_s",
                                        "system_commit_bytes", "system_limit_bytes"};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    assert_true(cJSON_IsNull(spawn_member(leak, unknown[i])));
  }
  /* Open: whatever comes later is about it. */
  assert_string_equal(spawn_string(item_of(leak, "alerts", 1, 0), "text"), WILD);
  assert_int_equal(cJSON_GetArraySize(spawn_member(leak, "captures")), 0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(leak, "exhaustions")), 0);
}

static void test_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *leak = item_of(document, "leaks", 2, 0);
  assert_string_equal(spawn_string(leak, "ending"), "the process ended");
  check_row(leak);
  check_alerts(leak);
  check_rest(leak);
  check_wild(item_of(document, "leaks", 2, 1));
  cJSON_Delete(document);
}

static void test_json_of_one(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--id", "1", "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *leak = item_of(document, "leaks", 1, 0);
  assert_true(spawn_number(leak, "id") == 1);
  check_alerts(leak);
  check_rest(leak);
  cJSON_Delete(document);
  result = RUN(0, "leaks", "--db", DATABASE, "--open", "--json");
  document = spawn_json(&result->out);
  check_wild(item_of(document, "leaks", 1, 0));
  cJSON_Delete(document);
}

/* ---- CSV and for people ---- */

static void test_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--id", "1", "--csv");
  SAYS(result->out,
       ",11534336,13631488,0.92,heap blocks grew,\"Dnscache, NlaSvc\",\"the floor rose in 11 of 12 buckets, "
       "\"\"steadily\"\"\",3,2026-03-01T01:00:05.000Z,it doubled,7200.500,6442450944,8589934592\n");
  assert_null(strstr(result->out.text, "\n2,"));
}

static void test_text_of_one(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--id", "1");
  assert_string_equal(result->out.text,
                      "Leak case 1\n"
                      "  process        App.exe\n"
                      "  pid            4242, created 2026-02-28T22:40:00.000Z\n"
                      "  services       Dnscache, NlaSvc\n"
                      "  state          over since 2026-03-01T02:00:00.000Z: the process ended\n"
                      "  growing since  2026-03-01T00:00:00.000Z\n"
                      "  found          2026-03-01T01:00:00.000Z, 1 h later\n"
                      "  verdict        leak, 97 percent sure\n"
                      "  rate           12.0 MB per hour (between 11.0 MB per hour and 13.0 MB per hour)\n"
                      "  grown by       2.00 MB, to a commit of 8.00 MB\n"
                      "  memory         Heap, 92 percent sure: heap blocks grew\n"
                      "  evidence       the floor rose in 11 of 12 buckets, \"steadily\"\n"
                      "  told           3 times, last 2026-03-01T01:00:05.000Z: it doubled\n"
                      "  time left then 2 h until the commit limit\n"
                      "  system then    commit 6.00 GB of 8.00 GB\n"
                      "\n"
                      "Recordings:\n"
                      "  1              2026-03-01T01:00:01.000Z, heap, removed, 1.00 MB: saved\n"
                      "                 D:\\captures\\app.etl.gz\n"
                      "                 culprit Contoso.dll, \xEF\xBF\xBD[0m+0x12\n"
                      "  seepwatch captures show ID says all about one.\n"
                      "\n"
                      "Events 2004 that name it:\n"
                      "  1              2026-03-01T01:00:00.000Z, as number 2 with 4.00 MB, 55 handles; "
                      "system commit 7.92 GB "
                      "of 8.00 GB\n"
                      "\n"
                      "Events about it in the event log:\n"
                      "  200            2026-03-01T01:00:00.000Z, warning\n"
                      "                 image: App.exe; pid: 4242\n"
                      "  201            2026-03-01T02:00:00.020Z, warning\n"
                      "                 over\xEF\xBF\xBD[0m\n");
}

static void test_text_of_a_wild_one(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--id", "2");
  SAYS(result->out, "  process        " WILD_SHOWN "\n");
  SAYS(result->out, "  services       " WILD_SHOWN "\n");
  SAYS(result->out, "  evidence       " WILD_SHOWN "\n");
  SAYS(result->out, "  state          open\n");
  SAYS(result->out, "  told           1 time, last 2026-03-01T01:00:00.000Z: " WILD_SHOWN "\n");
  SAYS(result->out, "\nRecordings: none\n\nEvents 2004 that name it: none\n\nEvents about it");
  SAYS(result->out, "                 " WILD_SHOWN "\n");
  assert_null(strchr(result->out.text, '\x1B'));
  assert_null(strstr(result->out.text, "time left"));
}

/* ---- which one ---- */

static void test_no_such_case(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "leaks", "--db", DATABASE, "--id", "3");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "find leak case 3: not found");
  result = RUN(3, "leaks", "--db", DATABASE, "--id", "9223372036854775807", "--json");
  assert_string_equal(result->out.text, "{\"leaks\":[]}\n");
  static const char *const wrong[][4] = {{"--id", "0"},
                                         {"--id", "-1"},
                                         {"--id", "one"},
                                         {"--id", "9223372036854775808"},
                                         {"--id", NULL},
                                         {"--id", "1", "--open", NULL},
                                         {"--id", "1", "--hours", "1"},
                                         {"--id", "1", "--from", "2026-01-01"}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    RUN(2, "leaks", wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]);
  }
  RUN(2, "captures", "list", "--id", "1");
}

/* ---- by somebody else's hand ---- */

static void run_sql(const char *path, const char *sql)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

/* Nothing of what a file can hold ends the program, and JSON stays JSON. */
static void test_odd_values(void **state)
{
  (void)state;
  polls_remove(ODD);
  make_database(ODD);
  run_sql(ODD, "UPDATE leak SET kind_confidence = 9e999, confidence = -9e999, slope_bytes_per_hour = 9e999,"
               " evidence = X'FF00', services = zeroblob(9000), kind_reason = 5, told_because = X'F0',"
               " times_told = 9223372036854775807, told_ms = -9223372036854775808,"
               " time_left_ms = 9223372036854775807, system_commit_bytes = 'x', system_limit_bytes = -1,"
               " began_ms = -9223372036854775808, opened_ms = 9223372036854775807;"
               "UPDATE leak SET closed_ms = 9223372036854775807 WHERE id = 1;"
               "UPDATE event SET wall_ms = 9223372036854775806, text = hex(zeroblob(9000)), level = X'FF';"
               "UPDATE capture SET started_ms = 9223372036854775807, leak_id = 1, bytes = 'many';"
               "UPDATE exhaustion SET came = 9223372036854775807, seen_ms = -9223372036854775808;"
               "UPDATE exhaustion_entry SET matched = 'so', bytes = -1, handles = 9e99;");
  const spawn_result *result = RUN(0, "leaks", "--db", ODD, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *leak = item_of(document, "leaks", 2, 0);
  assert_true(cJSON_IsNull(spawn_member(leak, "kind_confidence")));
  assert_true(cJSON_IsNull(spawn_member(leak, "system_commit_bytes")));
  assert_true(spawn_number(spawn_member(leak, "told"), "times") == (double)UINT32_MAX);
  assert_string_equal(spawn_string(leak, "evidence"), "\xEF\xBF\xBD");
  assert_string_equal(spawn_string(item_of(leak, "exhaustions", 1, 0), "match"), "none");
  (void)item_of(leak, "captures", 3, 0);
  (void)item_of(leak, "alerts", 4, 0);
  cJSON_Delete(document);
  RUN(0, "leaks", "--db", ODD, "--csv");
  RUN(0, "leaks", "--db", ODD);
  RUN(0, "leaks", "--db", ODD, "--id", "1");
  RUN(0, "leaks", "--db", ODD, "--id", "2");
  run_sql(ODD, "DELETE FROM exhaustion_entry; DELETE FROM event; DELETE FROM capture");
  RUN(0, "leaks", "--db", ODD, "--json");
}

/* What can be read of a damaged file is written, and the exit code tells. */
static void test_damaged(void **state)
{
  (void)state;
  polls_remove(ODD);
  make_database(ODD);
  size_t size = 0;
  char *bytes = spawn_file_read(ODD, &size);
  /* The page with the alerts. */
  const char mark[] = "image: App.exe; pid: 4242";
  size_t at = 0;
  while (at + sizeof mark < size && memcmp(bytes + at, mark, sizeof mark - 1) != 0) {
    at++;
  }
  assert_true(at + sizeof mark < size);
  memset(bytes + at / 4096 * 4096, 0xEE, 100);
  spawn_file_write(ODD, bytes, size);
  free(bytes);
  const spawn_result *result = RUN(4, "leaks", "--db", ODD, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *leak = item_of(document, "leaks", 2, 0);
  check_row(leak);
  check_rest(leak);
  cJSON_Delete(document);
  SAYS(result->err, "corrupt");
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_json),
      cmocka_unit_test(test_json_of_one),
      cmocka_unit_test(test_csv),
      cmocka_unit_test(test_text_of_one),
      cmocka_unit_test(test_text_of_a_wild_one),
      cmocka_unit_test(test_no_such_case),
      cmocka_unit_test(test_odd_values),
      cmocka_unit_test(test_damaged),
  };
  return cmocka_run_group_tests_name("service cli leaks", tests, make_databases, remove_databases);
}
