/* replay: the verdicts of the real engine over CSV and over a store, and what happens to rows it can not
 * read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/text.h"
#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define CSV "service_cli_replay-" SPAWN_NAME ".csv"
#define COPY "service_cli_replay-copy.csv"
#define STORE "service_cli_replay-" SPAWN_NAME ".db"
#define CONFIG "service_cli_replay.json"

#define HEAD "t_s,pid,process,commit_bytes\n"
#define STEP_S 60
#define POLLS 600 /* ten hours */
#define TEXT_SIZE (1024u * 1024u)

static char text[TEXT_SIZE];
static seep_writer writer;

static void begin(const char *head)
{
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_text(&writer, head);
}

static void row(int64_t t_s, uint32_t pid, const char *process, uint64_t commit_bytes)
{
  seep_writer_format(&writer, "%" PRId64 ",%" PRIu32 ",%s,%" PRIu64 "\n", t_s, pid, process, commit_bytes);
}

static void write_file(const char *path)
{
  assert_false(writer.cut);
  spawn_file_write(path, text, writer.length);
}

/* 60 MB an hour, and the same growth given back each hour. */
static uint64_t leaking(unsigned poll)
{
  return (100 + poll) * POLLS_MB;
}

static uint64_t healthy(unsigned poll)
{
  return (100 + poll % 60) * POLLS_MB;
}

static void twins(unsigned from, unsigned to)
{
  for (unsigned n = from; n < to; n++) {
    row((int64_t)n * STEP_S, 4242, "leaky.exe", leaking(n));
    row((int64_t)n * STEP_S, 77, "healthy.exe", healthy(n));
  }
}

static cJSON *replayed(int exit_code, const char *path, const char *option, const char *value)
{
  const spawn_result *result = RUN(exit_code, "replay", path, "--json", option, value);
  return spawn_json(&result->out);
}

static const cJSON *leaks_of(const cJSON *document, int count)
{
  const cJSON *leaks = spawn_member(document, "leaks");
  assert_int_equal(cJSON_GetArraySize(leaks), count);
  return leaks;
}

/* ---- verdicts ---- */

static void test_leak_and_its_healthy_twin(void **state)
{
  (void)state;
  begin(HEAD);
  twins(0, POLLS);
  write_file(CSV);
  cJSON *document = replayed(0, CSV, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 2);
  assert_int_equal(spawn_number(document, "samples"), 2 * POLLS);
  assert_int_equal(spawn_number(document, "polls"), POLLS);
  assert_int_equal(spawn_number(document, "skipped_rows"), 0);
  assert_int_equal(spawn_number(document, "from_s"), 0);
  assert_int_equal(spawn_number(document, "to_s"), (POLLS - 1) * STEP_S);
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 1), 0);
  assert_string_equal(spawn_string(leak, "process"), "leaky.exe");
  assert_int_equal(spawn_number(leak, "pid"), 4242);
  assert_string_equal(spawn_string(leak, "kind"), "leak");
  /* Half an hour of start-up, a window of two hours, then some agreement: not before, and soon after. */
  assert_true(spawn_number(leak, "opened_s") >= 9000 && spawn_number(leak, "opened_s") <= 4 * 3600);
  double slope = spawn_number(leak, "slope_bytes_per_hour");
  assert_true(slope > 59.0 * (double)POLLS_MB && slope < 61.0 * (double)POLLS_MB);
  assert_true(spawn_number(leak, "growth_bytes") > 100.0 * (double)POLLS_MB);
  assert_true(spawn_number(leak, "confidence") > 0.9 && spawn_number(leak, "confidence") <= 1.0);
  assert_true(cJSON_IsNull(spawn_member(leak, "closed_s")));
  assert_true(cJSON_IsNull(spawn_member(leak, "created_s")));
  assert_true(cJSON_IsNull(spawn_member(leak, "time_left_s")));
  assert_non_null(strstr(spawn_string(leak, "reason"), " MB per hour, evenly"));
  assert_non_null(strstr(spawn_string(leak, "reason"), "time to exhaustion is not known"));
  cJSON_Delete(document);
}

static void test_table(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "replay", CSV);
  SAYS(result->out, "at 0 s to at 9 h 59 min, 9 h 59 min of running time\n");
  SAYS(result->out, "2 processes, 600 polls, 1200 samples\n1 leak would have been called\n");
  SAYS(result->out, "\nleak: leaky.exe (4242)\n  called  at ");
  SAYS(result->out, "the case is open\n");
  assert_null(strstr(result->out.text, "healthy.exe"));
}

static void test_headroom(void **state)
{
  (void)state;
  cJSON *document = replayed(0, CSV, "--headroom-bytes", "629145600"); /* ten hours of that growth */
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 1), 0);
  assert_true(spawn_number(leak, "time_left_s") > 35000 && spawn_number(leak, "time_left_s") < 37000);
  cJSON_Delete(document);
  const spawn_result *result = RUN(0, "replay", CSV, "--headroom-bytes", "18446744073709551615");
  SAYS(result->out, "the commit limit is more than ten years away");
}

static void test_explain(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "replay", CSV, "--explain", "HEALTHY.exe");
  SAYS(result->out,
       "\nhealthy.exe (77): at 0 s to at 9 h 59 min, 600 polls, 100 MB at first, 159 MB at last\n"
       "  not called: in a window of 2 h it grew by ");
  SAYS(result->out, "; it needs 64.0 MB and 10.0 MB per hour\n");
  cJSON *document = replayed(0, CSV, "--explain", "leaky.exe");
  const cJSON *item = cJSON_GetArrayItem(spawn_member(document, "explained"), 0);
  assert_int_equal(spawn_number(item, "verdicts"), 1);
  assert_int_equal(spawn_number(item, "polls"), POLLS);
  assert_true(spawn_number(item, "last_bytes") == (double)leaking(POLLS - 1));
  assert_true(cJSON_IsNull(spawn_member(item, "not_called")));
  cJSON_Delete(document);
  result = RUN(3, "replay", CSV, "--explain", "nobody.exe");
  SAYS(result->out, "1 leak would have been called");
  SAYS(result->err, "seepwatch: replay: nobody.exe: no process of that name in the file\n");
}

static void test_explain_too_short(void **state)
{
  (void)state;
  begin(HEAD);
  twins(0, 60);
  write_file(COPY);
  const spawn_result *result = RUN(0, "replay", COPY, "--explain", "leaky.exe");
  SAYS(result->out, "no leak would have been called\n");
  SAYS(result->out, "not called: it was not seen long enough; a window of 2 h is needed");
}

static void test_configuration_decides(void **state)
{
  (void)state;
  static const char strict[] = "{\"detector\":{\"minimum_growth_bytes\":10737418240}}";
  static const char ignoring[] = "{\"processes\":{\"ignore\":[\"leaky.exe\"]}}";
  static const char wrong[] = "{\"detector\":{\n\"window\":5}}";
  spawn_file_write(CONFIG, strict, sizeof strict - 1);
  cJSON *document = replayed(0, CSV, "--config", CONFIG);
  leaks_of(document, 0);
  cJSON_Delete(document);
  spawn_file_write(CONFIG, ignoring, sizeof ignoring - 1);
  document = replayed(0, CSV, "--config", CONFIG);
  leaks_of(document, 0);
  cJSON_Delete(document);
  spawn_file_write(CONFIG, wrong, sizeof wrong - 1);
  const spawn_result *result = RUN(4, "replay", CSV, "--config", CONFIG);
  SAYS(result->err, "seepwatch: replay: " CONFIG " line 2, key detector.window: ");
  assert_int_equal(result->out.size, 0);
  RUN(3, "replay", CSV, "--config", "service_cli_replay-none.json");
}

/* A restart under the same PID, without created_s: absence, or another name, begins another process. */
static void test_restarts(void **state)
{
  (void)state;
  begin(HEAD);
  twins(0, POLLS);
  for (unsigned n = 0; n < POLLS; n++) {
    row((int64_t)(POLLS + n) * STEP_S, 4242, n < 10 ? "other.exe" : "leaky.exe", 100 * POLLS_MB);
    if (n != 300) {
      row((int64_t)(POLLS + n) * STEP_S, 77, "healthy.exe", healthy(n));
    }
  }
  write_file(COPY);
  cJSON *document = replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 5);
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 1), 0);
  assert_int_equal(spawn_number(leak, "closed_s"), POLLS * STEP_S);
  assert_string_equal(spawn_string(leak, "ending"), "the process ended");
  cJSON_Delete(document);
}

/* With it, a PID with another creation time is another process though the name is the same. */
static void test_creation_times(void **state)
{
  (void)state;
  begin("t_s,pid,process,commit_bytes,created_s\n");
  for (unsigned n = 0; n < POLLS; n++) { /* each hour a new one, each of which is larger */
    seep_writer_format(&writer, "%u,4242,leaky.exe,%" PRIu64 ",%u.5\n", n * STEP_S, leaking(n),
                       n * STEP_S / 3600 * 3600);
  }
  write_file(COPY);
  cJSON *document = replayed(0, COPY, "--explain", "leaky.exe");
  assert_int_equal(spawn_number(document, "series"), 10);
  leaks_of(document, 0);
  const cJSON *second = cJSON_GetArrayItem(spawn_member(document, "explained"), 1);
  assert_true(cJSON_IsTrue(spawn_member(second, "ended")));
  assert_true(spawn_number(second, "created_s") == 3600.5);
  cJSON_Delete(document);
}

/* ---- rows that can not be read ---- */

static void test_skipped_rows(void **state)
{
  (void)state;
  begin(HEAD);
  twins(0, 300);
  seep_writer_text(&writer, "nonsense\n18000,4242,leaky.exe\n");
  for (unsigned n = 300; n < POLLS; n++) {
    row((int64_t)n * STEP_S, 77, "healthy.exe", healthy(n));
    if (n == 310) {
      seep_writer_text(&writer, "18600,4242,\"leaky.exe,5\n");
    } else {
      row((int64_t)n * STEP_S, 4242, "leaky.exe", leaking(n));
    }
  }
  seep_writer_text(&writer, "0,5,late.exe,1\n35940,77,healthy.exe,1\n");
  write_file(COPY);
  const spawn_result *result = RUN(4, "replay", COPY, "--json");
  SAYS(result->err, "seepwatch: replay: " COPY " line 602: the row has fewer fields than the header\n");
  SAYS(result->err, "seepwatch: replay: " COPY " line 603: ");
  SAYS(result->err, "seepwatch: replay: " COPY " line 625: a quote is not closed within 16 KB\n");
  SAYS(result->err, "seepwatch: replay: " COPY " line 1204: it goes back in time");
  SAYS(result->err, "seepwatch: replay: " COPY " line 1205: this process was in this poll already\n");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(spawn_number(document, "skipped_rows"), 5);
  assert_int_equal(spawn_number(document, "samples"), 2 * POLLS - 1);
  /* A row that can not be read is no death: one case from its beginning to the end of the file. */
  assert_int_equal(spawn_number(document, "series"), 2);
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 1), 0);
  assert_true(cJSON_IsNull(spawn_member(leak, "closed_s")));
  cJSON_Delete(document);
}

static void test_many_skipped_rows(void **state)
{
  (void)state;
  begin(HEAD);
  for (unsigned n = 0; n < 25; n++) {
    seep_writer_text(&writer, "x,1,a.exe,1\n");
  }
  row(0, 1, "a.exe", 1);
  write_file(COPY);
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
  begin(HEAD);
  for (unsigned n = 0; n < POLLS; n++) {
    row((int64_t)n * STEP_S, 1, "steady.exe", POLLS_MB);
    if (n < 300) {
      row((int64_t)n * STEP_S, 4242, "leaky.exe", leaking(n));
    }
    seep_writer_text(&writer, "nonsense\n");
  }
  write_file(COPY);
  cJSON *document = replayed(4, COPY, NULL, NULL);
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 1), 0);
  assert_int_equal(spawn_number(leak, "closed_s"), 301 * STEP_S);
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
  spawn_file_write(COPY, HEAD, sizeof HEAD - 1);
  cJSON *document = replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 0);
  assert_true(cJSON_IsNull(spawn_member(document, "from_s")));
  leaks_of(document, 0);
  cJSON_Delete(document);
  SAYS(RUN(3, "replay", "service_cli_replay-none.csv")->err, "seepwatch: replay: reading ");
}

static void test_usage(void **state)
{
  (void)state;
  RUN(2, "replay");
  RUN(2, "replay", CSV, COPY);
  RUN(2, "replay", CSV, "--config");
  RUN(2, "replay", CSV, "--csv");
  RUN(2, "replay", CSV, "--explain", "");
  RUN(2, "replay", CSV, "--headroom-bytes", "18446744073709551616");
  RUN(2, "replay", CSV, "--headroom-bytes", "-1");
  SAYS(RUN(0, "help", "replay")->out, "example: seepwatch history --csv");
}

/* ---- what CSV may look like ---- */

static void test_standard_input(void **state)
{
  (void)state;
  begin("\xEF\xBB\xBF"
        "pid,commit_bytes,process,t_s,note\r\n");
  for (unsigned n = 0; n < POLLS; n++) {
    seep_writer_format(&writer,
                       "9,%" PRIu64 ",\"Gr\xC3\xB6\xC3\x9F"
                       "e, \"\"two\"\"\r\nlines\",%u.5,x\r\n",
                       leaking(n), n * STEP_S);
    seep_writer_format(&writer, "0,8192,Idle,%u.5,\r\n", n * STEP_S);
  }
  spawn_input input = {.standard_input = text, .size = writer.length};
  const spawn_result *result = RUN_WITH(0, &input, "replay", "-", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(spawn_number(document, "series"), 1);
  assert_int_equal(spawn_number(document, "pid_0_rows"), POLLS);
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 1), 0);
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
  begin(HEAD);
  for (unsigned n = 0; n < 300; n++) {
    row((int64_t)n * 86400, UINT32_MAX, "a.exe", n % 2 == 0 ? UINT64_MAX : 0);
    row((int64_t)n * 86400, 2, "b.exe", UINT64_MAX - 300 + n);
  }
  row(INT64_C(253402300799), 2, "b.exe", UINT64_MAX);
  write_file(COPY);
  cJSON *document = replayed(0, COPY, "--headroom-bytes", "1000");
  assert_int_equal(spawn_number(document, "samples"), 601);
  leaks_of(document, 0);
  cJSON_Delete(document);
}

/* running_s rules over t_s: while the machine slept nothing grew, and a clock set back is no step back. */
static void test_running_time(void **state)
{
  (void)state;
  begin("t_s,pid,process,commit_bytes,running_s\n");
  for (unsigned n = 0; n < POLLS; n++) {
    unsigned wall = n * STEP_S + (n < 200 ? 900000 : n < 400 ? 0 : 50000);
    seep_writer_format(&writer, "%u,4242,leaky.exe,%" PRIu64 ",%u.000\n", wall, leaking(n), n * STEP_S);
  }
  write_file(COPY);
  cJSON *document = replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "polls"), POLLS);
  assert_int_equal(spawn_number(document, "running_s"), (POLLS - 1) * STEP_S);
  leaks_of(document, 1);
  cJSON_Delete(document);
}

/* ---- the store ---- */

/* Twins, a pause of the service, a leak that begins again in another life. */
static void make_store(void)
{
  polls p;
  seep_system_memory memory = {.commit_limit_bytes = 64 * 1024 * POLLS_MB};
  polls_open(&p, STORE, POLLS_MIDNIGHT_MS, STEP_S * 1000);
  seep_store_sample samples[] = {{polls_key(4242, POLLS_MIDNIGHT_MS - 5000), "leaky.exe", 0, 0},
                                 {polls_key(77, POLLS_MIDNIGHT_MS - 4750), "healthy, \"too\".exe", 0, 0}};
  for (unsigned n = 0; n < 2 * POLLS; n++) {
    if (n == POLLS) {
      samples[0] = (seep_store_sample){polls_key(4242, p.now.wall.ms - 1), "leaky.exe", 0, 0};
      polls_skip(&p, SEEP_MS_PER_HOUR);
    }
    samples[0].commit_bytes = leaking(n % POLLS);
    samples[1].commit_bytes = healthy(n);
    memory.commit_total_bytes = samples[0].commit_bytes + samples[1].commit_bytes;
    polls_add(&p, samples, 2, &memory);
  }
  polls_close(&p);
}

static void test_store_and_its_csv_agree(void **state)
{
  (void)state;
  make_store();
  const spawn_result *result = RUN(0, "history", "--db", STORE, "--csv");
  spawn_file_write(COPY, result->out.text, result->out.size);
  cJSON *from_store = replayed(0, STORE, NULL, NULL), *from_csv = replayed(0, COPY, NULL, NULL);
  const cJSON *first = leaks_of(from_store, 2), *second = leaks_of(from_csv, 2);
  for (int i = 0; i < 2; i++) {
    cJSON *a = cJSON_GetArrayItem(first, i), *b = cJSON_GetArrayItem(second, i);
    /* Only the store knows the system. */
    assert_true(spawn_number(a, "time_left_s") > 0);
    assert_true(cJSON_IsNull(spawn_member(b, "time_left_s")));
    cJSON_DeleteItemFromObject(a, "time_left_s");
    cJSON_DeleteItemFromObject(b, "time_left_s");
    cJSON_DeleteItemFromObject(a, "reason");
    cJSON_DeleteItemFromObject(b, "reason");
  }
  assert_int_equal(spawn_number(from_store, "series"), 3);
  assert_int_equal(spawn_number(from_store, "polls"), 2 * POLLS);
  assert_true(cJSON_Compare(from_store, from_csv, true));
  cJSON_Delete(from_store);
  cJSON_Delete(from_csv);
}

/* 64 GB less what is held, at 60 MB an hour: about 45 days. */
static void test_time_left_from_the_store(void **state)
{
  (void)state;
  cJSON *document = replayed(0, STORE, NULL, NULL);
  const cJSON *leak = cJSON_GetArrayItem(leaks_of(document, 2), 0);
  double days = spawn_number(leak, "time_left_s") / 86400.0;
  assert_true(days > 44.0 && days < 46.0);
  cJSON_Delete(document);
  document = replayed(0, STORE, "--headroom-bytes", "0");
  leak = cJSON_GetArrayItem(leaks_of(document, 2), 1);
  assert_int_equal(spawn_number(leak, "time_left_s"), 0);
  cJSON_Delete(document);
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
  assert_true(spawn_number(document, "polls") > POLLS && spawn_number(document, "polls") < 2 * POLLS);
  cJSON_Delete(document);
}

static int remove_files(void **state)
{
  (void)state;
  spawn_file_remove(CSV);
  spawn_file_remove(COPY);
  spawn_file_remove(CONFIG);
  polls_remove(STORE);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_leak_and_its_healthy_twin),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_headroom),
      cmocka_unit_test(test_explain),
      cmocka_unit_test(test_explain_too_short),
      cmocka_unit_test(test_configuration_decides),
      cmocka_unit_test(test_restarts),
      cmocka_unit_test(test_creation_times),
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
      cmocka_unit_test(test_damaged_store),
      cmocka_unit_test(test_partly_readable_store),
  };
  if (!spawn_program(argc, argv)) {
    return 1;
  }
  return cmocka_run_group_tests_name("service cli replay", tests, NULL, remove_files);
}
