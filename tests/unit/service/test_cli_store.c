/* history, leaks and captures list, on a database that the test makes with the store itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "unit/service/spawn.h"

#define DATABASE "service_cli_store-" SPAWN_NAME ".db"
#define EMPTY "service_cli_store-empty.db"
#define OTHER "service_cli_store-other.db"

#define MIDNIGHT_MS INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
#define EARLIER_MS (MIDNIGHT_MS - SEEP_MS_PER_HOUR)
#define UMLAUT                                                                                               \
  "Gr\xC3\xB6\xC3\x9F"                                                                                       \
  "e.exe"
#define DIGITS UINT64_C(9007199254740993) /* 2^53 + 1: no double holds it */

/* Quotes and a comma for CSV; an escape (U+009B), an ESC and a change of direction (U+202E) for a terminal.
 */
#define WILD "say \"hi\", \x1B[2J\xC2\x9B\xE2\x80\xAE.exe"
#define TAME "say \"hi\", \xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD.exe"

static seep_store *open_store(const char *path)
{
  seep_store *store = NULL;
  assert_int_equal(seep_store_open(path, (seep_wall){MIDNIGHT_MS}, NULL, &store, NULL, NULL), SEEP_OK);
  return store;
}

static seep_process_key key_of(uint32_t pid, int64_t created_ms)
{
  return (seep_process_key){.pid = pid, .created = seep_wall_to_filetime((seep_wall){created_ms})};
}

/* app.exe in all three polls, the umlaut in the first two, the wild name in the last: at 00:00:00, 00:00:30,
 * 02:00:00. */
static void fill_history(seep_store *store)
{
  seep_store_sample samples[] = {
      {key_of(4242, EARLIER_MS), "app.exe", 104857600, 0},
      {key_of(77, EARLIER_MS + 250), UMLAUT, 2097152, 0},
      {key_of(9, MIDNIGHT_MS), WILD, DIGITS, 0},
  };
  assert_int_equal(seep_store_append_poll(store, (seep_wall){MIDNIGHT_MS}, NULL, samples, 2, NULL), SEEP_OK);
  samples[0].commit_bytes += 1048576;
  assert_int_equal(seep_store_append_poll(store, (seep_wall){MIDNIGHT_MS + 30000}, NULL, samples, 2, NULL),
                   SEEP_OK);
  samples[0].commit_bytes += 1048576;
  samples[1] = samples[2];
  assert_int_equal(seep_store_append_poll(store, (seep_wall){MIDNIGHT_MS + 2 * SEEP_MS_PER_HOUR + 5}, NULL,
                                          samples, 2, NULL),
                   SEEP_OK);
}

static void fill_cases(seep_store *store)
{
  seep_store_leak open_case = {.key = key_of(4242, EARLIER_MS),
                               .image = "app.exe",
                               .began = {MIDNIGHT_MS},
                               .opened = {MIDNIGHT_MS + 30000},
                               .slope_bytes_per_hour = 12582912.5,
                               .growth_bytes = 2097152,
                               .commit_bytes = DIGITS,
                               .confidence = 0.97,
                               .kind = "private data"};
  seep_store_leak over = {.key = {.pid = 9},
                          .image = WILD,
                          .began = {MIDNIGHT_MS},
                          .opened = {MIDNIGHT_MS + 1},
                          .closed = {MIDNIGHT_MS + 2},
                          .slope_bytes_per_hour = 1048576,
                          .growth_bytes = 17,
                          .commit_bytes = 18,
                          .confidence = 0.5,
                          .ending = "the process ended"};
  assert_int_equal(seep_store_leak_open(store, &open_case, NULL), SEEP_OK);
  assert_int_equal(seep_store_leak_open(store, &over, NULL), SEEP_OK);
  seep_store_capture saved = {.leak_id = open_case.id,
                              .key = open_case.key,
                              .image = "app.exe",
                              .kind = "virtualalloc",
                              .started = {MIDNIGHT_MS + 60000},
                              .ended = {MIDNIGHT_MS + 90500},
                              .bytes = 5242880,
                              .path = "C:\\captures\\20260301T000100Z-app.exe-4242-virtualalloc.etl",
                              .outcome = "saved"};
  seep_store_capture failed = {.key = key_of(77, EARLIER_MS + 250),
                               .image = UMLAUT,
                               .kind = "virtualalloc",
                               .started = {MIDNIGHT_MS + 120000},
                               .outcome = "failed: the recorder said \"no\", twice"};
  assert_int_equal(seep_store_capture_add(store, &saved, NULL), SEEP_OK);
  assert_int_equal(seep_store_capture_add(store, &failed, NULL), SEEP_OK);
}

static void remove_database(const char *path)
{
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
    char name[256];
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    spawn_file_remove(name);
  }
}

static int make_databases(void **state)
{
  (void)state;
  remove_database(DATABASE);
  remove_database(EMPTY);
  remove_database(OTHER);
  seep_store *store = open_store(DATABASE);
  fill_history(store);
  fill_cases(store);
  seep_store_close(store);
  seep_store_close(open_store(EMPTY));
  return 0;
}

static int remove_databases(void **state)
{
  (void)state;
  remove_database(DATABASE);
  remove_database(EMPTY);
  remove_database(OTHER);
  return 0;
}

/* ---- history ---- */

#define CSV_HEAD "t_s,pid,process,commit_bytes,created_s\n"
#define CSV_APP_1 "1772323200.000,4242,app.exe,104857600,1772319600.000\n"
#define CSV_UMLAUT_1 "1772323200.000,77," UMLAUT ",2097152,1772319600.250\n"
#define CSV_APP_2 "1772323230.000,4242,app.exe,105906176,1772319600.000\n"
#define CSV_UMLAUT_2 "1772323230.000,77," UMLAUT ",2097152,1772319600.250\n"
#define CSV_APP_3 "1772330400.005,4242,app.exe,106954752,1772319600.000\n"
#define CSV_WILD_3                                                                                           \
  "1772330400.005,9,\"say \"\"hi\"\", \x1B[2J\xC2\x9B\xE2\x80\xAE.exe\",9007199254740993,1772323200.000\n"

static void test_history_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text,
                      CSV_HEAD CSV_APP_1 CSV_UMLAUT_1 CSV_APP_2 CSV_UMLAUT_2 CSV_APP_3 CSV_WILD_3);
}

static void test_history_filters(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--process", "APP.EXE", "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_APP_1 CSV_APP_2 CSV_APP_3);
  result = RUN(0, "history", "--process", UMLAUT, "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2);
  result = RUN(0, "history", "--process", WILD, "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_WILD_3);
  result = RUN(0, "history", "--pid", "77", "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_UMLAUT_1 CSV_UMLAUT_2);
  result =
      RUN(0, "history", "--pid", "4242", "--process", "app.exe", "--hours", "1", "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_APP_3);
  result = RUN(0, "history", "--hours", "1", "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_APP_3 CSV_WILD_3);
  result = RUN(0, "history", "--hours", "876000", "--pid", "9", "--db", DATABASE, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD CSV_WILD_3);
}

static void test_history_without_a_match(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "history", "--db", DATABASE, "--process", UMLAUT "x", "--csv");
  assert_string_equal(result->out.text, CSV_HEAD);
  SAYS(result->err, "seepwatch: history: find process " UMLAUT "x: not found");
  RUN(3, "history", "--db", DATABASE, "--pid", "78");
  RUN(3, "history", "--db", DATABASE, "--pid", "77", "--process", "app.exe");
  RUN(3, "history", "--db", DATABASE, "--pid", "77", "--hours", "1");
  result = RUN(3, "history", "--db", DATABASE, "--pid", "78", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "points")), 0);
  cJSON_Delete(document);
}

static void test_history_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE, "--json");
  SAYS(result->out, "\"commit_bytes\":9007199254740993");
  cJSON *document = spawn_json(&result->out);
  const cJSON *points = spawn_member(document, "points");
  assert_int_equal(cJSON_GetArraySize(points), 6);
  const cJSON *umlaut = cJSON_GetArrayItem(points, 1);
  assert_string_equal(spawn_string(umlaut, "process"), UMLAUT);
  assert_true(spawn_number(umlaut, "pid") == 77.0);
  assert_true(spawn_number(umlaut, "t_s") == 1772323200.0);
  assert_true(spawn_number(umlaut, "created_s") == 1772319600.25);
  assert_true(spawn_number(umlaut, "commit_bytes") == 2097152.0);
  assert_string_equal(spawn_string(cJSON_GetArrayItem(points, 5), "process"), WILD);
  cJSON_Delete(document);
}

static void test_history_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", DATABASE);
  SAYS(result->out, "2026-03-01T00:00:30.000Z        4242        101 MB  app.exe\n");
  SAYS(result->out, "2026-03-01T02:00:00.005Z           9");
  SAYS(result->out, TAME "\n");
}

static void test_an_empty_store_is_no_error(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "history", "--db", EMPTY, "--csv");
  assert_string_equal(result->out.text, CSV_HEAD);
  RUN(0, "history", "--db", EMPTY, "--hours", "1");
  RUN(0, "leaks", "--db", EMPTY);
  result = RUN(0, "leaks", "--db", EMPTY, "--json");
  assert_string_equal(result->out.text, "{\"leaks\":[]}\n");
  result = RUN(0, "captures", "list", "--db", EMPTY, "--json");
  assert_string_equal(result->out.text, "{\"captures\":[]}\n");
}

/* ---- leaks and captures ---- */

static void test_leaks_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--json");
  SAYS(result->out, "\"commit_bytes\":9007199254740993");
  cJSON *document = spawn_json(&result->out);
  const cJSON *leaks = spawn_member(document, "leaks");
  assert_int_equal(cJSON_GetArraySize(leaks), 2);
  const cJSON *leak = cJSON_GetArrayItem(leaks, 0);
  assert_string_equal(spawn_string(leak, "process"), "app.exe");
  assert_true(spawn_number(leak, "pid") == 4242.0);
  assert_string_equal(spawn_string(leak, "created"), "2026-02-28T23:00:00.000Z");
  assert_string_equal(spawn_string(leak, "began"), "2026-03-01T00:00:00.000Z");
  assert_string_equal(spawn_string(leak, "opened"), "2026-03-01T00:00:30.000Z");
  assert_true(cJSON_IsNull(spawn_member(leak, "closed")));
  assert_true(spawn_number(leak, "slope_bytes_per_hour") == 12582912.5);
  assert_true(spawn_number(leak, "growth_bytes") == 2097152.0);
  assert_true(spawn_number(leak, "confidence") == 0.97);
  assert_string_equal(spawn_string(leak, "kind"), "private data");
  assert_true(cJSON_IsNull(spawn_member(leak, "ending")));
  leak = cJSON_GetArrayItem(leaks, 1);
  assert_true(cJSON_IsNull(spawn_member(leak, "created")));
  assert_string_equal(spawn_string(leak, "process"), WILD);
  assert_string_equal(spawn_string(leak, "closed"), "2026-03-01T00:00:00.002Z");
  assert_true(cJSON_IsNull(spawn_member(leak, "kind")));
  assert_string_equal(spawn_string(leak, "ending"), "the process ended");
  cJSON_Delete(document);
}

static void test_leaks_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--csv");
  assert_string_equal(
      result->out.text,
      "id,process,pid,created,began,opened,closed,slope_bytes_per_hour,growth_bytes,commit_bytes,confidence,"
      "kind,ending\n"
      "1,app.exe,4242,2026-02-28T23:00:00.000Z,2026-03-01T00:00:00.000Z,2026-03-01T00:00:30.000Z,,"
      "12582912.5,2097152,9007199254740993,0.97,private data,\n"
      "2,\"say \"\"hi\"\", "
      "\x1B[2J\xC2\x9B\xE2\x80\xAE.exe\",9,,2026-03-01T00:00:00.000Z,2026-03-01T00:00:00.001Z,"
      "2026-03-01T00:00:00.002Z,1048576,17,18,0.5,,the process ended\n");
  result = RUN(0, "leaks", "--db", EMPTY, "--csv");
  assert_memory_equal(result->out.text, "id,process,", 11);
  assert_int_equal(strcspn(result->out.text, "\n") + 1, result->out.size);
}

static void test_leaks_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE);
  SAYS(result->out,
       "2026-03-01T00:00:30.000Z  open        12.0 MB per hour       2.00 MB  private data          4242"
       "  app.exe\n");
  SAYS(result->out, "2026-03-01T00:00:00.001Z  over  ");
  SAYS(result->out, "  " TAME "\n");
}

static void test_captures_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "list", "--json", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  const cJSON *captures = spawn_member(document, "captures");
  assert_int_equal(cJSON_GetArraySize(captures), 2);
  const cJSON *capture = cJSON_GetArrayItem(captures, 0);
  assert_true(spawn_number(capture, "leak_id") == 1.0);
  assert_string_equal(spawn_string(capture, "process"), "app.exe");
  assert_true(spawn_number(capture, "pid") == 4242.0);
  assert_string_equal(spawn_string(capture, "kind"), "virtualalloc");
  assert_string_equal(spawn_string(capture, "started"), "2026-03-01T00:01:00.000Z");
  assert_string_equal(spawn_string(capture, "ended"), "2026-03-01T00:01:30.500Z");
  assert_true(spawn_number(capture, "bytes") == 5242880.0);
  assert_string_equal(spawn_string(capture, "path"),
                      "C:\\captures\\20260301T000100Z-app.exe-4242-virtualalloc.etl");
  assert_string_equal(spawn_string(capture, "outcome"), "saved");
  capture = cJSON_GetArrayItem(captures, 1);
  assert_true(cJSON_IsNull(spawn_member(capture, "leak_id")));
  assert_true(cJSON_IsNull(spawn_member(capture, "ended")));
  assert_true(cJSON_IsNull(spawn_member(capture, "path")));
  assert_string_equal(spawn_string(capture, "process"), UMLAUT);
  cJSON_Delete(document);
}

static void test_captures_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "list", "--csv", "--db", DATABASE);
  assert_string_equal(result->out.text,
                      "id,leak_id,process,pid,created,kind,started,ended,bytes,path,outcome\n"
                      "1,1,app.exe,4242,2026-02-28T23:00:00.000Z,virtualalloc,2026-03-01T00:01:00.000Z,2026-"
                      "03-01T00:01:30.500Z,"
                      "5242880,C:\\captures\\20260301T000100Z-app.exe-4242-virtualalloc.etl,saved\n"
                      "2,," UMLAUT ",77,2026-02-28T23:00:00.250Z,virtualalloc,2026-03-01T00:02:00.000Z,,0,,"
                      "\"failed: the recorder said \"\"no\"\", twice\"\n");
}

static void test_captures_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "list", "--db", DATABASE);
  SAYS(result->out, "  4242  app.exe  saved  C:\\captures\\20260301T000100Z-app.exe-4242-virtualalloc.etl\n");
  SAYS(result->out, "  " UMLAUT "  failed: the recorder said \"no\", twice  -\n");
}

/* ---- which file ---- */

static void each_verb(int exit_code, const char *database, const char *why)
{
  const spawn_result *result = RUN(exit_code, "history", "--db", database);
  SAYS(result->err, why);
  result = RUN(exit_code, "leaks", "--db", database, "--json");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, why);
  result = RUN(exit_code, "captures", "list", "--db", database, "--csv");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, why);
}

static void test_missing_file(void **state)
{
  (void)state;
  each_verb(3, "service_cli_store-absent-" SPAWN_NAME ".db",
            "service_cli_store-absent-" SPAWN_NAME ".db: not found");
  assert_false(spawn_file_exists("service_cli_store-absent-" SPAWN_NAME ".db"));
  each_verb(3, "service_cli_store-absent/seepwatch.db", "not found");
  spawn_file_write(OTHER, "", 0);
  each_verb(3, OTHER, "not found");
}

static void test_what_is_no_database(void **state)
{
  (void)state;
  static const char text[] = "t_s,pid,process,commit_bytes\n0,1,app.exe,4096\n";
  spawn_file_write(OTHER, text, sizeof text - 1);
  each_verb(4, OTHER, OTHER ": corrupt");
  size_t size = 0;
  char *bytes = spawn_file_read(OTHER, &size);
  assert_int_equal(size, sizeof text - 1);
  assert_memory_equal(bytes, text, size); /* the verbs write nothing */
  free(bytes);
  each_verb(4, SEEP_FIXTURES "/etl/s4-waasmedic.etl", "corrupt");
}

/* SQLite's user_version, four bytes at offset 60, is the schema's; application_id, four at 68, says that it
 * is ours. */
static void test_database_of_somebody_else(void **state)
{
  (void)state;
  size_t size = 0;
  char *bytes = spawn_file_read(DATABASE, &size);
  assert_true(size > 100);
  char last = bytes[63];
  bytes[63] = 99;
  spawn_file_write(OTHER, bytes, size);
  each_verb(4, OTHER, "unsupported");
  bytes[63] = last;
  bytes[68] ^= 1;
  spawn_file_write(OTHER, bytes, size);
  each_verb(4, OTHER, "corrupt");
  free(bytes);
  remove_database(OTHER);
}

/* As an administrator does it: the service has the file open and goes on writing. */
static void test_beside_a_running_service(void **state)
{
  (void)state;
  remove_database(OTHER);
  seep_store *store = open_store(OTHER);
  fill_history(store);
  const spawn_result *result = RUN(0, "history", "--db", OTHER, "--csv", "--pid", "9");
  assert_string_equal(result->out.text, CSV_HEAD CSV_WILD_3);
  seep_store_sample sample = {key_of(9, MIDNIGHT_MS), WILD, 5, 0};
  assert_int_equal(
      seep_store_append_poll(store, (seep_wall){MIDNIGHT_MS + SEEP_MS_PER_DAY}, NULL, &sample, 1, NULL),
      SEEP_OK);
  result = RUN(0, "history", "--db", OTHER, "--csv", "--hours", "1");
  SAYS(result->out, ",5,1772323200.000\n");
  seep_store_close(store);
  remove_database(OTHER);
}

static void test_full_disk(void **state)
{
  (void)state;
  const spawn_input input = {NULL, 0, "/dev/full"};
  if (!spawn_file_exists("/dev/full")) {
    skip();
  }
  RUN_WITH(6, &input, "history", "--db", DATABASE, "--csv");
  RUN_WITH(6, &input, "leaks", "--db", DATABASE);
  RUN_WITH(6, &input, "captures", "list", "--db", DATABASE, "--json");
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_history_csv),
      cmocka_unit_test(test_history_filters),
      cmocka_unit_test(test_history_without_a_match),
      cmocka_unit_test(test_history_json),
      cmocka_unit_test(test_history_text),
      cmocka_unit_test(test_an_empty_store_is_no_error),
      cmocka_unit_test(test_leaks_json),
      cmocka_unit_test(test_leaks_csv),
      cmocka_unit_test(test_leaks_text),
      cmocka_unit_test(test_captures_json),
      cmocka_unit_test(test_captures_csv),
      cmocka_unit_test(test_captures_text),
      cmocka_unit_test(test_missing_file),
      cmocka_unit_test(test_what_is_no_database),
      cmocka_unit_test(test_database_of_somebody_else),
      cmocka_unit_test(test_beside_a_running_service),
      cmocka_unit_test(test_full_disk),
  };
  return cmocka_run_group_tests_name("service cli store", tests, make_databases, remove_databases);
}
