/*
 * What `seepwatch doctor` finds in files and how it prints its findings. The test runs itself as the program
 * that prints; what Windows would be asked is not known then, so that only the files decide.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>
#include <zlib.h>

#include "cli/cli.h"
#include "cli/doctor_files.h"
#include "cli/doctor_print.h"
#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define SETTINGS "service_cli_doctor.json"
#define DATABASE "service_cli_doctor.db"
#define ABSENT "service_cli_doctor-absent"
#define OLDER SEEP_FIXTURES "/store/version1.db.gz"
#define DATABASE_MAXIMUM_BYTES ((size_t)8 * 1024 * 1024)
#define BOTH_OFF "{\"capture\": {\"enabled\": false}, \"event2004\": {\"enabled\": false}}"

/* ---- the program: doctor text|json ---- */

static seep_doctor_facts facts_of_files(void)
{
  seep_doctor_facts facts = {.free_bytes = UINT64_MAX, .minimum_free_bytes = UINT64_MAX};
  seep_doctor_files_settings(SETTINGS, false, &facts);
  seep_doctor_files_database(DATABASE, &facts);
  return facts;
}

/* Trouble is no failure, hence silent; whoever runs it here wants a word with each code but 0. */
static int run_program(char **argv)
{
  seep_doctor_facts facts = facts_of_files();
  int code = seep_doctor_print(argv[1], &facts, strcmp(argv[2], "json") == 0);
  if (code != SEEP_EXIT_DONE) {
    fprintf(stderr, "seepwatch: doctor: exit code %d\n", code);
  }
  return code;
}

/* ---- files ---- */

static void make_settings(const char *content)
{
  spawn_file_write(SETTINGS, content, strlen(content));
}

static void make_database(void)
{
  polls p;
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, 30000);
  polls_close(&p);
}

static void run_sql(const char *sql)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(DATABASE, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static int start(void **state)
{
  (void)state;
  spawn_file_remove(SETTINGS);
  make_database();
  return 0;
}

static int end(void **state)
{
  (void)state;
  spawn_file_remove(SETTINGS);
  polls_remove(DATABASE);
  return 0;
}

/* ---- printing ---- */

/* The one with this subject. */
static const cJSON *finding_of(const cJSON *document, const char *subject)
{
  const cJSON *finding = NULL;
  cJSON_ArrayForEach(finding, spawn_member(document, "findings"))
  {
    if (strcmp(spawn_string(finding, "subject"), subject) == 0) {
      return finding;
    }
  }
  fail_msg("no finding about %s", subject);
  return NULL;
}

static void a_table_for_people(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "doctor", "text");
  SAYS(result->out, "good     database: It can be read\n");
  SAYS(result->out, "note     service: Whether it runs could not be asked\n"
                    "           so: Whether this works is not known\n"
                    "           cure: Run 'seepwatch doctor' as administrator");
  SAYS(result->out, "good     configuration: There is no file: the built-in defaults are in force\n");
  SAYS(result->out, "\n\nNo trouble found.\n");
}

static void one_json_document(void **state)
{
  (void)state;
  cJSON *document = spawn_json(&RUN(0, "doctor", "json")->out);
  assert_true(spawn_number(document, "schema") == 1.0);
  assert_true(spawn_number(document, "trouble") == 0.0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "findings")), 12);
  const cJSON *good = finding_of(document, "database");
  assert_string_equal(spawn_string(good, "level"), "good");
  assert_string_equal(spawn_string(good, "state"), "It can be read");
  assert_true(cJSON_IsNull(spawn_member(good, "consequence")));
  assert_true(cJSON_IsNull(spawn_member(good, "cure")));
  const cJSON *note = finding_of(document, "service");
  assert_string_equal(spawn_string(note, "level"), "note");
  assert_true(spawn_string(note, "consequence")[0] != '\0' && spawn_string(note, "cure")[0] != '\0');
  cJSON_Delete(document);
}

static void trouble_is_exit_code_6(void **state)
{
  (void)state;
  make_settings("{\n\"poll\": {\"interval_s\": \"x\"}}");
  const spawn_result *result = RUN(6, "doctor", "text");
  SAYS(result->out, "trouble  configuration: The file is refused: line 2, key poll.interval_s: ");
  SAYS(result->out, "\nTrouble with 1 of 12.\n");
  cJSON *document = spawn_json(&RUN(6, "doctor", "json")->out);
  assert_true(spawn_number(document, "trouble") == 1.0);
  assert_string_equal(spawn_string(finding_of(document, "configuration"), "level"), "trouble");
  cJSON_Delete(document);
}

/* Linux has a device that is always full. */
static void a_full_disk_is_told(void **state)
{
  (void)state;
  const spawn_input input = {NULL, 0, "/dev/full"};
  if (!spawn_file_exists("/dev/full")) {
    skip();
  }
  SAYS(RUN_WITH(6, &input, "doctor", "text")->err, "writing standard output");
  SAYS(RUN_WITH(6, &input, "doctor", "json")->err, "writing standard output");
}

static void what_is_switched_off_is_no_trouble(void **state)
{
  (void)state;
  make_settings(BOTH_OFF);
  cJSON *document = spawn_json(&RUN(0, "doctor", "json")->out);
  assert_string_equal(spawn_string(finding_of(document, "recorder"), "state"),
                      "Recording is switched off (capture.enabled is false)");
  assert_string_equal(spawn_string(finding_of(document, "event log"), "level"), "good");
  cJSON_Delete(document);
}

/* ---- what is found ---- */

static void settings_tell_the_switches(void **state)
{
  (void)state;
  seep_doctor_facts facts = facts_of_files();
  assert_int_equal(facts.settings_there, SEEP_NO);
  assert_int_equal(facts.capture_enabled, SEEP_YES);
  assert_int_equal(facts.event2004_enabled, SEEP_YES);
  assert_true(facts.minimum_free_bytes != UINT64_MAX);
  make_settings(BOTH_OFF);
  facts = facts_of_files();
  assert_int_equal(facts.settings_valid, SEEP_YES);
  assert_int_equal(facts.capture_enabled, SEEP_NO);
  assert_int_equal(facts.event2004_enabled, SEEP_NO);
  make_settings("{");
  facts = facts_of_files();
  assert_int_equal(facts.settings_valid, SEEP_NO);
  assert_int_equal(facts.capture_enabled, SEEP_NOT_KNOWN);
  assert_int_equal(facts.event2004_enabled, SEEP_NOT_KNOWN);
  memset(&facts, 0, sizeof facts);
  seep_doctor_files_settings(ABSENT, true, &facts);
  assert_int_equal(facts.settings_valid, SEEP_NO);
  assert_string_not_equal(facts.settings_problem, "");
}

static seep_doctor_facts facts_with(seep_known running)
{
  seep_doctor_facts facts = {.service_running = running};
  seep_doctor_files_database(DATABASE, &facts);
  assert_true((facts.database_readable == SEEP_YES) == (facts.database_problem[0] == '\0'));
  return facts;
}

static void assert_fault(seep_doctor_database_fault fault, seep_known running)
{
  seep_doctor_facts facts = facts_with(running);
  assert_int_equal(facts.database_readable, SEEP_NO);
  assert_int_equal(facts.database_fault, fault);
}

static void a_database_may_be_missing_or_damaged(void **state)
{
  (void)state;
  assert_int_equal(facts_with(SEEP_YES).database_readable, SEEP_YES);
  spawn_file_write(DATABASE, "no database at all, but some text", 33);
  assert_fault(SEEP_DOCTOR_DATABASE_DAMAGED, SEEP_NO);
  polls_remove(DATABASE);
  assert_fault(SEEP_DOCTOR_DATABASE_MISSING, SEEP_YES);
  assert_int_equal(facts_with(SEEP_NO).database_readable, SEEP_NOT_KNOWN);
}

static void unpack_older(void)
{
  gzFile packed = gzopen(OLDER, "rb");
  char *bytes = malloc(DATABASE_MAXIMUM_BYTES);
  assert_non_null(packed);
  assert_non_null(bytes);
  int size = gzread(packed, bytes, (unsigned)DATABASE_MAXIMUM_BYTES);
  assert_true(size > 0);
  gzclose(packed);
  spawn_file_write(DATABASE, bytes, (size_t)size);
  free(bytes);
}

static void a_database_may_be_another_versions(void **state)
{
  (void)state;
  run_sql("PRAGMA user_version = 1000000");
  assert_fault(SEEP_DOCTOR_DATABASE_NEWER, SEEP_YES);
  polls_remove(DATABASE);
  unpack_older();
  assert_fault(SEEP_DOCTOR_DATABASE_OLDER, SEEP_NO);
}

/* Somebody who has it to himself leaves it as sound as it was. */
static void a_database_in_use_is_not_damaged(void **state)
{
  (void)state;
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(DATABASE, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(facts_with(SEEP_YES).database_readable, SEEP_NOT_KNOWN);
  sqlite3_close(db);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(int argc, char **argv)
{
  if (argc == 3 && strcmp(argv[1], "doctor") == 0) {
    return run_program(argv);
  }
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {EACH(a_table_for_people),
                                     EACH(one_json_document),
                                     EACH(trouble_is_exit_code_6),
                                     EACH(a_full_disk_is_told),
                                     EACH(what_is_switched_off_is_no_trouble),
                                     EACH(settings_tell_the_switches),
                                     EACH(a_database_may_be_missing_or_damaged),
                                     EACH(a_database_may_be_another_versions),
                                     EACH(a_database_in_use_is_not_damaged)};
  return cmocka_run_group_tests_name("service cli doctor", tests, NULL, NULL);
}
