/* event latest and event list, on a store with Events 2004 in it: one of each way they can be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define DATABASE "service_cli_event_stored-" SPAWN_NAME ".db"
#define EMPTY "service_cli_event_stored-empty.db"
#define BARE "service_cli_event_stored-bare.db"
#define WILD "say \"hi\", \x1B[2J%1%n\xE2\x80\xAE.exe"
#define TAME "say \"hi\", \xEF\xBF\xBD[2J%1%n\xEF\xBF\xBD.exe"
#define MINUTE INT64_C(60000)

static seep_exhaustion event;

static void name_process(size_t i, const char *name, uint32_t pid, uint64_t megabytes)
{
  seep_exhaustion_process *process = &event.processes[i];
  snprintf(process->name, sizeof process->name, "%s", name);
  snprintf(process->version, sizeof process->version, "1.2.3.4");
  process->key = polls_key(pid, POLLS_MIDNIGHT_MS - SEEP_MS_PER_HOUR);
  process->commit_bytes = megabytes * POLLS_MB;
  process->handles = 100 + pid;
  event.process_count = i + 1;
}

static void add(seep_store *store, int64_t seen_ms, bool told)
{
  seep_store_exhaustion stored = {.seen = {seen_ms},
                                  .told = told,
                                  .event = &event,
                                  .matches = {SEEP_STORE_MATCH_NAME, SEEP_STORE_MATCH_EXACT}};
  assert_int_equal(seep_store_exhaustion_add(store, &stored, NULL), SEEP_OK);
}

static void set_commit(uint64_t limit_mb, uint64_t charge_mb)
{
  event.has_system = true;
  event.commit_limit_bytes = limit_mb * POLLS_MB;
  event.commit_charge_bytes = charge_mb * POLLS_MB;
  event.process_commit_bytes = charge_mb * POLLS_MB / 4;
}

/* 1: whole. 2: nothing in it. 3: more charged than there is, an absurd limit, and a name that acts. */
static int set_up(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, EMPTY, POLLS_MIDNIGHT_MS, 30000);
  polls_close(&p);
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, 30000);
  memset(&event, 0, sizeof event);
  event.time_created = seep_wall_to_filetime((seep_wall){POLLS_MIDNIGHT_MS}) + 1234567;
  event.record_id = 77;
  set_commit(20480, 20380);
  name_process(0, "small, really.exe", 4242, 100);
  name_process(1, "large.exe", 4243, 12288);
  name_process(2, "new.exe", 4244, 50);
  add(p.store, POLLS_MIDNIGHT_MS + MINUTE, true);
  memset(&event, 0, sizeof event);
  add(p.store, POLLS_MIDNIGHT_MS + 2 * MINUTE, false);
  set_commit(1000, 1001);
  event.time_created = seep_wall_to_filetime((seep_wall){POLLS_MIDNIGHT_MS}) + 1;
  event.record_id = 79;
  name_process(0, WILD, 5, 1);
  name_process(1, "known.exe", 6, 2);
  name_process(2, "unknown.exe", 7, 0);
  snprintf(event.paged_tags[0].name, sizeof event.paged_tags[0].name, "MmSt");
  event.paged_tags[0].bytes = POLLS_MB;
  event.paged_tag_count = 1;
  add(p.store, POLLS_MIDNIGHT_MS + 3 * MINUTE, false);
  polls_close(&p);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  polls_remove(DATABASE);
  polls_remove(EMPTY);
  return 0;
}

static void test_latest_in_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "latest", "--db", DATABASE);
  SAYS(result->out, "Event 2004: Windows ran low on virtual memory\n"
                    "  logged 2026-03-01T00:00:00.0000001Z, record 79\n"
                    "  seen 2026-03-01T00:03:00.000Z, not told in an alert of its own: counted into another "
                    "one\n");
  SAYS(result->out, "above the limit\n");
  SAYS(result->out, "1.2.3.4             by name only (weak)  " TAME "\n");
  SAYS(result->out, "1.2.3.4             exactly              known.exe\n");
  SAYS(result->out, "1.2.3.4             not known            unknown.exe\n");
  SAYS(result->out, "  paged     MmSt 1.00 MB\n");
  SAYS(result->out, "known.exe (PID 6) held 0.2 % of the commit charge, the largest share.\n");
  SAYS(result->out, "Less than half of the charge belongs to processes");
}

static void test_latest_in_json(void **state)
{
  static const char *const matches[] = {"name", "exact", "none"};
  (void)state;
  const spawn_result *result = RUN(0, "event", "latest", "--json", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "event_id") == 2004.0);
  assert_true(spawn_number(document, "id") == 3.0);
  assert_string_equal(spawn_string(document, "seen"), "2026-03-01T00:03:00.000Z");
  assert_true(cJSON_IsFalse(spawn_member(document, "told")));
  assert_string_equal(spawn_string(document, "time"), "2026-03-01T00:00:00.0000001Z");
  assert_true(spawn_number(spawn_member(document, "system"), "commit_limit_bytes") == 1048576000.0);
  const cJSON *processes = spawn_member(document, "processes");
  assert_int_equal(cJSON_GetArraySize(processes), 3);
  assert_string_equal(spawn_string(cJSON_GetArrayItem(processes, 0), "name"), WILD);
  for (int i = 0; i < 3; i++) {
    assert_string_equal(spawn_string(cJSON_GetArrayItem(processes, i), "match"), matches[i]);
  }
  assert_true(cJSON_IsNull(spawn_member(cJSON_GetArrayItem(processes, 2), "commit_bytes")));
  cJSON_Delete(document);
}

static void test_list_in_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "list", "--db", DATABASE);
  SAYS(result->out,
       "    id  seen                          record          left     charge  told  largest process\n"
       "     1  2026-03-01T00:01:00.000Z          77        100 MB    99.51 %  yes   large.exe (PID 4243), "
       "12.0 GB\n"
       "     2  2026-03-01T00:02:00.000Z           -             -          -  no    -\n"
       "     3  2026-03-01T00:03:00.000Z          79       0 bytes   100.10 %  no    known.exe (PID 6), "
       "2.00 MB\n");
}

static void test_list_in_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "list", "--csv", "--db", DATABASE);
  SAYS(result->out, "id,seen,time,record_id,commit_limit_bytes,commit_charge_bytes,left_bytes,charge_percent,"
                    "process,pid,created,commit_bytes,match,told\n"
                    "1,2026-03-01T00:01:00.000Z,2026-03-01T00:00:00.1234567Z,77,21474836480,21369978880,"
                    "104857600,99.51,large.exe,4243,2026-02-28T23:00:00.000Z,12884901888,exact,true\n"
                    "2,2026-03-01T00:02:00.000Z,,,,,,,,,,,,false\n"
                    "3,");
}

static void test_list_in_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "list", "--json", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  const cJSON *list = spawn_member(document, "event");
  assert_int_equal(cJSON_GetArraySize(list), 3);
  const cJSON *first = cJSON_GetArrayItem(list, 0), *second = cJSON_GetArrayItem(list, 1);
  assert_true(spawn_number(first, "left_bytes") == 104857600.0);
  assert_string_equal(spawn_string(first, "process"), "large.exe");
  assert_true(cJSON_IsTrue(spawn_member(first, "told")));
  assert_true(cJSON_IsNull(spawn_member(second, "record_id")));
  assert_true(cJSON_IsNull(spawn_member(second, "commit_limit_bytes")));
  assert_true(cJSON_IsNull(spawn_member(second, "process")));
  assert_true(spawn_number(cJSON_GetArrayItem(list, 2), "left_bytes") == 0.0);
  cJSON_Delete(document);
}

static void test_list_of_a_time(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "event", "list", "--from", "2026-03-01T00:02", "--to",
                                   "2026-03-01T00:03", "--json", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  const cJSON *list = spawn_member(document, "event");
  assert_int_equal(cJSON_GetArraySize(list), 1);
  assert_true(spawn_number(cJSON_GetArrayItem(list, 0), "id") == 2.0);
  cJSON_Delete(document);
}

/* Of the largest process the event holds the name alone. */
static void test_list_of_missing_figures(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, BARE, POLLS_MIDNIGHT_MS, 30000);
  memset(&event, 0, sizeof event);
  snprintf(event.processes[0].name, sizeof event.processes[0].name, "bare.exe");
  event.process_count = 1;
  add(p.store, POLLS_MIDNIGHT_MS, true);
  polls_close(&p);
  SAYS(RUN(0, "event", "list", "--db", BARE)->out, "  yes   bare.exe (PID -), -\n");
  cJSON *document = spawn_json(&RUN(0, "event", "list", "--json", "--db", BARE)->out);
  const cJSON *first = cJSON_GetArrayItem(spawn_member(document, "event"), 0);
  static const char *const keys[] = {"record_id", "pid", "created", "commit_bytes"};
  assert_string_equal(spawn_string(first, "process"), "bare.exe");
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    assert_true(cJSON_IsNull(spawn_member(first, keys[i])));
  }
  cJSON_Delete(document);
  polls_remove(BARE);
}

static void test_nothing_kept(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "event", "latest", "--db", EMPTY);
  SAYS(result->err, "no Event 2004 has been kept");
  assert_int_equal(result->out.size, 0);
  result = RUN(3, "event", "latest", "--json", "--db", EMPTY);
  assert_int_equal(result->out.size, 0);
  result = RUN(0, "event", "list", "--json", "--db", EMPTY);
  assert_string_equal(result->out.text, "{\"event\":[]}\n");
  RUN(3, "event", "latest", "--db", "service_cli_event_stored-absent.db");
  RUN(3, "event", "list", "--db", "service_cli_event_stored-absent.db");
}

static void test_usage(void **state)
{
  (void)state;
  const spawn_result *result = RUN(2, "event", "latest", "--csv", "--db", DATABASE);
  SAYS(result->err, "--csv: only with 'event list'");
  RUN(2, "event", "latest", "--hours", "3", "--db", DATABASE);
  RUN(2, "event", "latest", "more", "--db", DATABASE);
  RUN(2, "event", "list", "--json", "--csv", "--db", DATABASE);
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_latest_in_text),
      cmocka_unit_test(test_latest_in_json),
      cmocka_unit_test(test_list_in_text),
      cmocka_unit_test(test_list_in_csv),
      cmocka_unit_test(test_list_in_json),
      cmocka_unit_test(test_list_of_a_time),
      cmocka_unit_test(test_list_of_missing_figures),
      cmocka_unit_test(test_nothing_kept),
      cmocka_unit_test(test_usage),
  };
  return cmocka_run_group_tests_name("service cli event stored", tests, set_up, tear_down);
}
