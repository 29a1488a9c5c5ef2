/* replay: what it reads, CSV and a store, and what happens to rows it can not read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "unit/service/rows.h"

#define COPY "service_cli_replay_input-copy.csv"
#define STORE "service_cli_replay_input-" SPAWN_NAME ".db"

/* ---- rows that can not be read ---- */

static void test_skipped_rows(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  rows_twins(0, 300);
  seep_writer_text(&rows_writer, "nonsense\n18000,4242,leaky.exe\n");
  for (unsigned n = 300; n < ROWS_POLLS; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
    if (n == 310) {
      seep_writer_text(&rows_writer, "18600,4242,\"leaky.exe,5\n");
    } else {
      rows_add((int64_t)n * ROWS_STEP_S, 4242, "leaky.exe", rows_leaking(n));
    }
  }
  seep_writer_text(&rows_writer, "0,5,late.exe,1\n143940,77,healthy.exe,1\n");
  rows_write(COPY);
  const spawn_result *result = RUN(4, "replay", COPY, "--json");
  SAYS(result->err, "seepwatch: replay: " COPY " line 602: the row has fewer fields than the header\n");
  SAYS(result->err, "seepwatch: replay: " COPY " line 603: ");
  SAYS(result->err, "seepwatch: replay: " COPY " line 625: a quote is not closed within 16 KB\n");
  SAYS(result->err, "seepwatch: replay: " COPY " line 4804: it goes back in time");
  SAYS(result->err, "seepwatch: replay: " COPY " line 4805: this process was in this poll already\n");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(spawn_number(document, "skipped_rows"), 5);
  assert_int_equal(spawn_number(document, "samples"), 2 * ROWS_POLLS - 1);
  /* A row that can not be read is no death: one case from its beginning to the end of the file. */
  assert_int_equal(spawn_number(document, "series"), 2);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_true(cJSON_IsNull(spawn_member(leak, "closed_s")));
  cJSON_Delete(document);
}

static void test_many_skipped_rows(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < 25; n++) {
    seep_writer_text(&rows_writer, "x,1,a.exe,1\n");
  }
  rows_add(0, 1, "a.exe", 1);
  rows_write(COPY);
  const spawn_result *result = RUN(4, "replay", COPY);
  SAYS(result->err, COPY " line 11: t_s is no time");
  assert_null(strstr(result->err.text, "line 12"));
  SAYS(result->err, "seepwatch: replay: " COPY ": 25 rows were skipped; the first 10 are named above\n");
  SAYS(result->out, "1 process, 1 poll, 1 sample\n");
}

/* Who really ends in a file full of unreadable rows ends all the same, a poll later. */
static void test_death_among_unreadable_rows(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < ROWS_POLLS; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 1, "steady.exe", POLLS_MB);
    if (n < 2000) {
      rows_add((int64_t)n * ROWS_STEP_S, 4242, "leaky.exe", rows_leaking(n));
    }
    seep_writer_text(&rows_writer, "nonsense\n");
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(4, COPY, NULL, NULL);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  /* It ended at the 2001st; that nobody succeeds it is known 16 minutes later. */
  assert_int_equal(spawn_number(leak, "closed_s"), 2001 * ROWS_STEP_S);
  cJSON_Delete(document);
}

static void test_no_input(void **state)
{
  (void)state;
  spawn_file_write(COPY, "", 0);
  const spawn_result *result = RUN(4, "replay", COPY, "--json");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "seepwatch: replay: reading " COPY ": it is empty\n");
  spawn_file_write(COPY, "a,b,c\n1,2,3\n", 12);
  result = RUN(4, "replay", COPY);
  SAYS(result->err, "reading " COPY ": the header has no column t_s\n");
  spawn_file_write(COPY, ROWS_HEAD, sizeof ROWS_HEAD - 1);
  cJSON *document = rows_replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 0);
  assert_true(cJSON_IsNull(spawn_member(document, "from_s")));
  rows_leaks(document, 0);
  cJSON_Delete(document);
  SAYS(RUN(3, "replay", "service_cli_replay-none.csv")->err, "seepwatch: replay: reading ");
}

static void test_usage(void **state)
{
  (void)state;
  RUN(2, "replay");
  RUN(2, "replay", COPY, STORE);
  RUN(2, "replay", COPY, "--config");
  RUN(2, "replay", COPY, "--csv");
  RUN(2, "replay", COPY, "--explain", "");
  RUN(2, "replay", COPY, "--headroom-bytes", "18446744073709551616");
  RUN(2, "replay", COPY, "--headroom-bytes", "-1");
  SAYS(RUN(0, "help", "replay")->out, "example: seepwatch history --csv");
}

/* ---- what CSV may look like ---- */

static void test_standard_input(void **state)
{
  (void)state;
  rows_begin("\xEF\xBB\xBF"
             "pid,commit_bytes,process,t_s,note\r\n");
  for (unsigned n = 0; n < ROWS_POLLS; n++) {
    seep_writer_format(&rows_writer,
                       "9,%" PRIu64 ",\"Gr\xC3\xB6\xC3\x9F"
                       "e, \"\"two\"\"\r\nlines\",%u.5,x\r\n",
                       rows_leaking(n), n * ROWS_STEP_S);
    seep_writer_format(&rows_writer, "0,8192,Idle,%u.5,\r\n", n * ROWS_STEP_S);
  }
  spawn_input input = {.standard_input = rows_writer.data, .size = rows_writer.length};
  const spawn_result *result = RUN_WITH(0, &input, "replay", "-", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(spawn_number(document, "series"), 1);
  assert_int_equal(spawn_number(document, "pid_0_rows"), ROWS_POLLS);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_string_equal(spawn_string(leak, "process"), "Gr\xC3\xB6\xC3\x9F"
                                                     "e, \"two\"\r\nlines");
  cJSON_Delete(document);
  result = RUN_WITH(0, &input, "replay", "-");
  SAYS(result->out, "leak: Gr\xC3\xB6\xC3\x9F"
                    "e, \"two\"\xEF\xBF\xBD\xEF\xBF\xBDlines (9)\n");
  input = (spawn_input){.standard_input = "SQLite format 3\0rest", .size = 20};
  result = RUN_WITH(4, &input, "replay", "-");
  SAYS(result->err, "reading standard input: a store is read by its path");
}

static void test_huge_numbers(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < 300; n++) {
    rows_add((int64_t)n * 86400, UINT32_MAX, "a.exe", n % 2 == 0 ? UINT64_MAX : 0);
    rows_add((int64_t)n * 86400, 2, "b.exe", UINT64_MAX - 300 + n);
  }
  rows_add(INT64_C(253402300799), 2, "b.exe", UINT64_MAX);
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--headroom-bytes", "1000");
  assert_int_equal(spawn_number(document, "samples"), 601);
  rows_leaks(document, 0);
  cJSON_Delete(document);
}

/* running_s rules over t_s: while the machine slept nothing grew, and a clock set back is no step back. */
static void test_running_time(void **state)
{
  (void)state;
  rows_begin("t_s,pid,process,commit_bytes,running_s\n");
  for (unsigned n = 0; n < ROWS_POLLS; n++) {
    unsigned wall = n * ROWS_STEP_S + (n < 800 ? 900000 : n < 1600 ? 0 : 50000);
    seep_writer_format(&rows_writer, "%u,4242,leaky.exe,%" PRIu64 ",%u.000\n", wall, rows_leaking(n),
                       n * ROWS_STEP_S);
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "polls"), ROWS_POLLS);
  assert_int_equal(spawn_number(document, "running_s"), (ROWS_POLLS - 1) * ROWS_STEP_S);
  rows_leaks(document, 1);
  cJSON_Delete(document);
}

/* ---- the store ---- */

/* Twins, a pause of the service, a leak that goes on in another life; and the paged pool grows by 40 MB an
 * hour. */
static void make_store(void)
{
  polls p;
  seep_system_memory memory = {.commit_limit_bytes = 64 * 1024 * POLLS_MB,
                               .physical_total_bytes = 32 * 1024 * POLLS_MB,
                               .physical_available_bytes = 8 * 1024 * POLLS_MB,
                               .nonpaged_pool_bytes = 200 * POLLS_MB};
  polls_open(&p, STORE, POLLS_MIDNIGHT_MS, ROWS_STEP_S * 1000);
  seep_store_sample samples[] = {{polls_key(4242, POLLS_MIDNIGHT_MS - 5000), "leaky.exe", 0, 0},
                                 {polls_key(77, POLLS_MIDNIGHT_MS - 4750), "healthy, \"too\".exe", 0, 0}};
  for (unsigned n = 0; n < 2 * ROWS_POLLS; n++) {
    if (n == ROWS_POLLS) {
      samples[0] = (seep_store_sample){polls_key(5000, p.now.wall.ms - 1), "leaky.exe", 0, 0};
      polls_skip(&p, SEEP_MS_PER_HOUR);
    }
    samples[0].commit_bytes = rows_leaking(n % ROWS_POLLS);
    samples[1].commit_bytes = rows_healthy(n);
    memory.paged_pool_bytes = (300 + 2 * (uint64_t)n / 3) * POLLS_MB;
    memory.commit_total_bytes = samples[0].commit_bytes + samples[1].commit_bytes + memory.paged_pool_bytes +
                                memory.nonpaged_pool_bytes;
    polls_add(&p, samples, 2, &memory);
  }
  polls_close(&p);
}

static void test_store_and_its_csv_agree(void **state)
{
  (void)state;
  static const char *const only_in_store[] = {"headroom_bytes", "headroom_assumed", "system"};
  make_store();
  const spawn_result *result = RUN(0, "history", "--db", STORE, "--csv");
  spawn_file_write(COPY, result->out.text, result->out.size);
  cJSON *from_store = rows_replayed(0, STORE, NULL, NULL), *from_csv = rows_replayed(0, COPY, NULL, NULL);
  cJSON *a = cJSON_GetArrayItem(rows_leaks(from_store, 1), 0);
  cJSON *b = cJSON_GetArrayItem(rows_leaks(from_csv, 1), 0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(a, "pids")), 2);
  /* Only the store knows the system. */
  assert_true(spawn_number(a, "time_left_s") > 0);
  assert_true(cJSON_IsNull(spawn_member(b, "time_left_s")));
  cJSON_DeleteItemFromObject(a, "time_left_s");
  cJSON_DeleteItemFromObject(b, "time_left_s");
  cJSON_DeleteItemFromObject(a, "reason");
  cJSON_DeleteItemFromObject(b, "reason");
  assert_true(cJSON_IsNull(spawn_member(from_store, "headroom_bytes")));
  assert_true(cJSON_IsFalse(spawn_member(from_store, "headroom_assumed")));
  for (size_t i = 0; i < sizeof only_in_store / sizeof only_in_store[0]; i++) {
    cJSON_DeleteItemFromObject(from_store, only_in_store[i]);
    cJSON_DeleteItemFromObject(from_csv, only_in_store[i]);
  }
  assert_int_equal(spawn_number(from_store, "series"), 3);
  assert_int_equal(spawn_number(from_store, "polls"), 2 * ROWS_POLLS);
  assert_true(cJSON_Compare(from_store, from_csv, true));
  cJSON_Delete(from_store);
  cJSON_Delete(from_csv);
}

/* 62 GB that are left then, at 60 MB an hour: about 45 days. */
static void test_time_left_from_the_store(void **state)
{
  (void)state;
  cJSON *document = rows_replayed(0, STORE, NULL, NULL);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  double days = spawn_number(leak, "time_left_s") / 86400.0;
  assert_true(days > 40.0 && days < 45.0);
  cJSON_Delete(document);
  /* What is asked for rules over the store's figures. */
  document = rows_replayed(0, STORE, "--headroom-bytes", "0");
  assert_true(spawn_number(document, "headroom_bytes") == 0);
  assert_string_equal(spawn_string(rows_leak(document, 0), "kind"), "rapid");
  assert_int_equal(spawn_number(rows_leak(document, 0), "time_left_s"), 0);
  assert_non_null(
      strstr(spawn_string(rows_leak(document, 0), "reason"), "; nothing is left until the commit limit"));
  cJSON_Delete(document);
}

static void test_the_system_in_the_store(void **state)
{
  (void)state;
  cJSON *document = rows_replayed(0, STORE, NULL, NULL);
  const cJSON *first = cJSON_GetArrayItem(spawn_member(document, "system"), 0);
  assert_non_null(first);
  assert_int_equal(spawn_number(first, "id"), 203);
  assert_string_equal(spawn_string(first, "what"), "paged pool");
  assert_true(cJSON_IsFalse(spawn_member(first, "again")));
  assert_true(cJSON_GetArraySize(spawn_member(document, "system")) > 1);
  for (int i = 1; i < cJSON_GetArraySize(spawn_member(document, "system")); i++) {
    const cJSON *next = cJSON_GetArrayItem(spawn_member(document, "system"), i);
    assert_string_equal(spawn_string(next, "what"), "paged pool");
    assert_true(cJSON_IsTrue(spawn_member(next, "again")) == (spawn_number(next, "id") == 203));
  }
  assert_true(cJSON_IsNull(spawn_member(first, "process")));
  assert_true(spawn_number(first, "at_s") > (double)(POLLS_MIDNIGHT_MS / 1000 + 16 * 3600));
  assert_non_null(strstr(spawn_string(first, "rate"), "MB per hour"));
  assert_true(strlen(spawn_string(first, "growth")) > 0);
  assert_true(strlen(spawn_string(first, "evidence")) > 20);
  cJSON_Delete(document);
  const spawn_result *result = RUN(0, "replay", STORE);
  SAYS(result->out, "\nmemory that no process owns: 1 case of growth would have been called\n");
  SAYS(result->out, "\nsystem: paged pool\n  called: 2026-03-0");
  SAYS(result->out, "\nsystem: paged pool\n  told again: 2026-03-0");
  SAYS(result->out, "\n  evidence: ");
}

static void test_damaged_store(void **state)
{
  (void)state;
  spawn_file_write(COPY, "SQLite format 3\0and then nothing that SQLite wrote", 50);
  const spawn_result *result = RUN(4, "replay", COPY);
  SAYS(result->err, "seepwatch: replay: reading " COPY ": ");
  assert_int_equal(result->out.size, 0);
}

static void damage(const char *path)
{
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db,
                                "UPDATE block SET data = zeroblob(100)"
                                " WHERE id = (SELECT id FROM block ORDER BY id LIMIT 1)",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_changes(db), 1);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Last of all: the store is not the same afterwards. */
static void test_partly_readable_store(void **state)
{
  (void)state;
  damage(STORE);
  const spawn_result *result = RUN(4, "replay", STORE, "--json");
  SAYS(result->err, "seepwatch: replay: reading " STORE ": ");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "polls") > ROWS_POLLS &&
              spawn_number(document, "polls") < 2 * ROWS_POLLS);
  cJSON_Delete(document);
}

static int remove_files(void **state)
{
  (void)state;
  spawn_file_remove(COPY);
  polls_remove(STORE);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_skipped_rows),
      cmocka_unit_test(test_many_skipped_rows),
      cmocka_unit_test(test_death_among_unreadable_rows),
      cmocka_unit_test(test_no_input),
      cmocka_unit_test(test_usage),
      cmocka_unit_test(test_standard_input),
      cmocka_unit_test(test_huge_numbers),
      cmocka_unit_test(test_running_time),
      cmocka_unit_test(test_store_and_its_csv_agree),
      cmocka_unit_test(test_time_left_from_the_store),
      cmocka_unit_test(test_the_system_in_the_store),
      cmocka_unit_test(test_damaged_store),
      cmocka_unit_test(test_partly_readable_store),
  };
  if (!spawn_program(argc, argv)) {
    return 1;
  }
  return cmocka_run_group_tests_name("service cli replay input", tests, NULL, remove_files);
}
