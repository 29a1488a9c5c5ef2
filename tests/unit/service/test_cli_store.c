/* leaks, and what it shares with history and captures: which file, beside a running service, a full
 * disk. On databases that the test makes with the store itself. */
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

#define DATABASE "service_cli_store-" SPAWN_NAME ".db"
#define EMPTY "service_cli_store-empty.db"
#define OTHER "service_cli_store-other.db"
#define PAGE "service_cli_store.html"

#define EARLIER_MS (POLLS_MIDNIGHT_MS - SEEP_MS_PER_HOUR)
#define DIGITS UINT64_C(9007199254740993) /* 2^53 + 1: no double holds it */

/* Quotes and a comma for CSV; an escape (U+009B), an ESC and a change of direction (U+202E) for a terminal.
 */
#define WILD "say \"hi\", \x1B[2J\xC2\x9B\xE2\x80\xAE.exe"
#define TAME "say \"hi\", \xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD.exe"

static void fill_cases(seep_store *store)
{
  seep_store_leak open_case = {.key = polls_key(4242, EARLIER_MS),
                               .image = "app.exe",
                               .began = {POLLS_MIDNIGHT_MS},
                               .opened = {POLLS_MIDNIGHT_MS + 30000},
                               .verdict = "leak",
                               .slope_bytes_per_hour = 12582912.5,
                               .slope_low_bytes_per_hour = 12000000,
                               .slope_high_bytes_per_hour = 13000000.5,
                               .growth_bytes = 2097152,
                               .commit_bytes = DIGITS,
                               .confidence = 0.97,
                               .kind = "private data"};
  seep_store_leak over = {.key = {.pid = 9},
                          .image = WILD,
                          .began = {POLLS_MIDNIGHT_MS},
                          .opened = {POLLS_MIDNIGHT_MS + 1},
                          .closed = {POLLS_MIDNIGHT_MS + 2},
                          .verdict = "rapid",
                          .slope_bytes_per_hour = 1048576,
                          .growth_bytes = 17,
                          .commit_bytes = 18,
                          .confidence = 0.5,
                          .ending = "the process ended"};
  assert_int_equal(seep_store_leak_open(store, &open_case, NULL), SEEP_OK);
  assert_int_equal(seep_store_leak_open(store, &over, NULL), SEEP_OK);
}

static int make_databases(void **state)
{
  (void)state;
  polls p;
  polls_remove(OTHER);
  polls_open(&p, EMPTY, POLLS_MIDNIGHT_MS, 30000);
  polls_close(&p);
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, 30000);
  seep_store_sample sample = {polls_key(9, POLLS_MIDNIGHT_MS), WILD, 40960, 0};
  polls_add(&p, &sample, 1, NULL);
  fill_cases(p.store);
  polls_close(&p);
  return 0;
}

static int remove_databases(void **state)
{
  (void)state;
  polls_remove(DATABASE);
  polls_remove(EMPTY);
  polls_remove(OTHER);
  return 0;
}

static void test_an_empty_store_is_no_error(void **state)
{
  (void)state;
  RUN(0, "leaks", "--db", EMPTY);
  RUN(0, "leaks", "--db", EMPTY, "--hours", "1");
  const spawn_result *result = RUN(0, "leaks", "--db", EMPTY, "--json");
  assert_string_equal(result->out.text, "{\"leaks\":[]}\n");
  result = RUN(0, "captures", "list", "--db", EMPTY, "--json");
  assert_string_equal(result->out.text, "{\"captures\":[]}\n");
}

/* ---- leaks ---- */

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
  assert_string_equal(spawn_string(leak, "verdict"), "leak");
  assert_true(spawn_number(leak, "slope_low_bytes_per_hour") == 12000000.0);
  assert_true(spawn_number(leak, "slope_high_bytes_per_hour") == 13000000.5);
  leak = cJSON_GetArrayItem(leaks, 1);
  assert_true(cJSON_IsNull(spawn_member(leak, "created")));
  assert_string_equal(spawn_string(leak, "process"), WILD);
  assert_string_equal(spawn_string(leak, "closed"), "2026-03-01T00:00:00.002Z");
  assert_true(cJSON_IsNull(spawn_member(leak, "kind")));
  assert_string_equal(spawn_string(leak, "ending"), "the process ended");
  assert_string_equal(spawn_string(leak, "verdict"), "rapid");
  assert_true(cJSON_IsNull(spawn_member(leak, "slope_low_bytes_per_hour")));
  assert_true(cJSON_IsNull(spawn_member(leak, "slope_high_bytes_per_hour")));
  cJSON_Delete(document);
}

static void test_leaks_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--csv");
  assert_string_equal(
      result->out.text,
      "id,process,pid,created,began,opened,closed,slope_bytes_per_hour,growth_bytes,commit_bytes,confidence,"
      "kind,ending,verdict,slope_low_bytes_per_hour,slope_high_bytes_per_hour,kind_confidence,kind_reason,"
      "services,evidence,times_told,told,told_because,time_left_s,system_commit_bytes,system_limit_bytes\n"
      "1,app.exe,4242,2026-02-28T23:00:00.000Z,2026-03-01T00:00:00.000Z,2026-03-01T00:00:30.000Z,,"
      "12582912.5,2097152,9007199254740993,0.97,private data,,leak,12000000,13000000.5,,,,,0,,,,,\n"
      "2,\"say \"\"hi\"\", "
      "\x1B[2J\xC2\x9B\xE2\x80\xAE.exe\",9,,2026-03-01T00:00:00.000Z,2026-03-01T00:00:00.001Z,"
      "2026-03-01T00:00:00.002Z,1048576,17,18,0.5,,the process ended,rapid,,,,,,,0,,,,,\n");
  result = RUN(0, "leaks", "--db", EMPTY, "--csv");
  assert_memory_equal(result->out.text, "id,process,", 11);
  assert_int_equal(strcspn(result->out.text, "\n") + 1, result->out.size);
}

static void test_leaks_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE);
  SAYS(result->out, "2026-03-01T00:00:30.000Z  open    leak         12.0 MB per hour       2.00 MB  "
                    "private data          4242"
                    "  app.exe\n");
  SAYS(result->out, "2026-03-01T00:00:00.001Z  over    rapid  ");
  SAYS(result->out, "  " TAME "\n");
}

/* The open case began at midnight, the other was over two milliseconds later. */
static void leaks_are(const char *ids, const char *option, const char *value, const char *more)
{
  const spawn_result *result = RUN(0, "leaks", "--db", DATABASE, "--csv", option, value, more);
  char found[8] = "";
  for (const char *line = strchr(result->out.text, '\n'); line != NULL && line[1] != '\0';
       line = strchr(line + 1, '\n')) {
    strncat(found, line + 1, 1);
  }
  assert_string_equal(found, ids);
}

static void test_leaks_of_a_time(void **state)
{
  (void)state;
  leaks_are("12", NULL, NULL, NULL);
  leaks_are("1", "--open", NULL, NULL);
  leaks_are("12", "--from", "2026-03-01", NULL);
  leaks_are("1", "--from", "2026-03-01T00:01", NULL);
  leaks_are("1", "--from", "1772323200.003", NULL);
  leaks_are("12", "--from", "1772323200.002", NULL);
  leaks_are("", "--to", "2026-03-01", NULL);
  leaks_are("12", "--to", "2026-03-01T00:00:01Z", NULL);
  leaks_are("12", "--hours", "1", NULL);
  leaks_are("1", "--hours", "1", "--open");
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
  result = RUN(exit_code, "top", "--db", database);
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, why);
  result = RUN(exit_code, "history", "--db", database, "--html", PAGE);
  SAYS(result->err, why);
  assert_false(spawn_file_exists(PAGE));
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
  polls_remove(OTHER);
}

/* As an administrator does it: the service has the file open and goes on writing. */
static void test_beside_a_running_service(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, OTHER, POLLS_MIDNIGHT_MS, 30000);
  seep_store_sample sample = {polls_key(9, POLLS_MIDNIGHT_MS), WILD, 40960, 0};
  polls_add(&p, &sample, 1, NULL);
  const spawn_result *result = RUN(0, "history", "--db", OTHER, "--csv", "--pid", "9");
  SAYS(result->out, ",40960,1772323200.000,");
  sample.commit_bytes = 81920;
  polls_skip(&p, SEEP_MS_PER_DAY);
  polls_add(&p, &sample, 1, NULL);
  result = RUN(0, "history", "--db", OTHER, "--csv", "--hours", "1");
  SAYS(result->out, ",81920,1772323200.000,");
  assert_null(strstr(result->out.text, ",40960,"));
  fill_cases(p.store);
  result = RUN(0, "leaks", "--db", OTHER);
  SAYS(result->out, "  open ");
  polls_close(&p);
  polls_remove(OTHER);
}

static void test_full_disk(void **state)
{
  (void)state;
  const spawn_input input = {NULL, 0, "/dev/full"};
  if (!spawn_file_exists("/dev/full")) {
    skip();
  }
  RUN_WITH(6, &input, "history", "--db", DATABASE, "--csv");
  RUN_WITH(6, &input, "history", "--db", DATABASE, "--html", "-");
  RUN_WITH(6, &input, "top", "--db", DATABASE);
  RUN_WITH(6, &input, "leaks", "--db", DATABASE);
  RUN_WITH(6, &input, "captures", "list", "--db", DATABASE, "--json");
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_empty_store_is_no_error),
      cmocka_unit_test(test_leaks_json),
      cmocka_unit_test(test_leaks_csv),
      cmocka_unit_test(test_leaks_text),
      cmocka_unit_test(test_leaks_of_a_time),
      cmocka_unit_test(test_missing_file),
      cmocka_unit_test(test_what_is_no_database),
      cmocka_unit_test(test_database_of_somebody_else),
      cmocka_unit_test(test_beside_a_running_service),
      cmocka_unit_test(test_full_disk),
  };
  return cmocka_run_group_tests_name("service cli store", tests, make_databases, remove_databases);
}
