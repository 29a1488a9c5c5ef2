/* top: who grew is named in order, and each kind of process that only seems to grow is not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define DATABASE "service_cli_top-" SPAWN_NAME ".db"
#define EMPTY "service_cli_top-empty.db"

#define INTERVAL_MS (2 * SEEP_MS_PER_MINUTE)
#define HOURS 26
#define POLLS_PER_HOUR 30
#define POLLS (HOURS * POLLS_PER_HOUR)
#define LONG_AGO_MS (POLLS_MIDNIGHT_MS - 40 * SEEP_MS_PER_DAY)
#define WILD "say \"hi\", \x1B[2J.exe"

/* What a process takes at the n-th poll; 0 = it is not there. */
typedef uint64_t (*shape)(int64_t n);

static uint64_t leaker(int64_t n)
{
  return 200 * POLLS_MB + (uint64_t)n * POLLS_MB; /* 30 MB an hour */
}

static uint64_t slow_leaker(int64_t n)
{
  return 50 * POLLS_MB + (uint64_t)n * POLLS_MB / 10; /* 3 MB an hour */
}

/* 60 MB an hour, in the last six hours only. */
static uint64_t late_leaker(int64_t n)
{
  int64_t leaking = n - 20 * POLLS_PER_HOUR;
  return 100 * POLLS_MB + (leaking > 0 ? (uint64_t)leaking * 2 * POLLS_MB : 0);
}

/* Leaks 6 MB an hour under teeth of 400 MB that last an hour and a half. */
static uint64_t leaker_under_teeth(int64_t n)
{
  return 100 * POLLS_MB + (uint64_t)n * POLLS_MB / 5 + (uint64_t)(n % 45) * 9 * POLLS_MB;
}

static uint64_t ended(int64_t n)
{
  return n < 23 * POLLS_PER_HOUR ? 10 * POLLS_MB + (uint64_t)n * POLLS_MB / 2 : 0; /* 15 MB an hour */
}

static uint64_t still(int64_t n)
{
  (void)n;
  return 900 * POLLS_MB;
}

static uint64_t spike(int64_t n)
{
  return n / POLLS_PER_HOUR == 24 ? 3000 * POLLS_MB : 100 * POLLS_MB;
}

/* Born at 12:00, full after 20 minutes. */
static uint64_t warm_up(int64_t n)
{
  int64_t age = n - 12 * POLLS_PER_HOUR;
  return age < 0 ? 0 : age < 10 ? 100 * POLLS_MB * (uint64_t)(age + 1) : 1000 * POLLS_MB;
}

static uint64_t short_teeth(int64_t n)
{
  return 100 * POLLS_MB + (uint64_t)(n % 70) * 10 * POLLS_MB;
}

/* Eight hours each, so that no quarter of the day holds a whole one: ends at the height of a tooth. */
static uint64_t long_teeth(int64_t n)
{
  return 100 * POLLS_MB + (uint64_t)((n + 5 * POLLS_PER_HOUR) % (8 * POLLS_PER_HOUR)) * 4 * POLLS_MB;
}

static uint64_t shrinking(int64_t n)
{
  return 2000 * POLLS_MB - (uint64_t)n * POLLS_MB;
}

/* Leaks fast, but has been there for 40 minutes, of which 30 are start-up. */
static uint64_t newborn(int64_t n)
{
  int64_t age = n - (POLLS - 20);
  return age < 0 ? 0 : 100 * POLLS_MB * (uint64_t)(age + 1);
}

static const struct {
  const char *name;
  shape shape;
  int64_t created_ms;
} processes[] = {
    {"still.exe", still, LONG_AGO_MS},
    {"slow_leaker.exe", slow_leaker, LONG_AGO_MS},
    {"spike.exe", spike, LONG_AGO_MS},
    {WILD, leaker, LONG_AGO_MS},
    {"warm_up.exe", warm_up, POLLS_MIDNIGHT_MS + 12 * SEEP_MS_PER_HOUR},
    {"short_teeth.exe", short_teeth, LONG_AGO_MS},
    {"ended.exe", ended, LONG_AGO_MS},
    {"long_teeth.exe", long_teeth, LONG_AGO_MS},
    {"leaker_under_teeth.exe", leaker_under_teeth, LONG_AGO_MS},
    {"shrinking.exe", shrinking, LONG_AGO_MS},
    {"late_leaker.exe", late_leaker, LONG_AGO_MS},
    {"newborn.exe", newborn, POLLS_MIDNIGHT_MS + (POLLS - 20) * INTERVAL_MS},
};
#define PROCESSES (sizeof processes / sizeof processes[0])

static void add_poll(polls *p, int64_t n)
{
  static int64_t rows[PROCESSES];
  seep_store_sample samples[PROCESSES];
  size_t count = 0;
  for (size_t i = 0; i < PROCESSES; i++) {
    uint64_t bytes = processes[i].shape(n);
    if (bytes > 0) {
      samples[count++] = (seep_store_sample){polls_key(100 + (uint32_t)i, processes[i].created_ms),
                                             processes[i].name, bytes, rows[i]};
    }
  }
  polls_add(p, samples, count, NULL);
  for (size_t i = 0; i < count; i++) {
    rows[samples[i].key.pid - 100] = samples[i].store_id;
  }
}

static int make_databases(void **state)
{
  (void)state;
  polls p;
  polls_open(&p, EMPTY, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  polls_close(&p);
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, INTERVAL_MS);
  for (int64_t n = 0; n < POLLS; n++) {
    add_poll(&p, n);
  }
  polls_close(&p);
  return 0;
}

static int remove_databases(void **state)
{
  (void)state;
  polls_remove(DATABASE);
  polls_remove(EMPTY);
  return 0;
}

/* ---- who ranks ---- */

static void ranks(const cJSON *list, int place, const char *name, double megabytes, double per_hour)
{
  const cJSON *process = cJSON_GetArrayItem(list, place);
  assert_non_null(process);
  assert_string_equal(spawn_string(process, "process"), name);
  double grown = spawn_number(process, "grown_bytes") / (double)POLLS_MB;
  double rate = spawn_number(process, "bytes_per_hour") / (double)POLLS_MB;
  if (grown < megabytes * 0.9 || grown > megabytes * 1.1 || rate < per_hour * 0.9 || rate > per_hour * 1.1) {
    fail_msg("%s: %.1f MB, %.2f MB per hour", name, grown, rate);
  }
}

static void test_only_who_grew(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "top", "--db", DATABASE, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *list = spawn_member(document, "processes");
  assert_true(spawn_number(document, "hours") == 24.0);
  /* Three quarters and a bit of 24 hours lie between the two lowest moments, of the 21 of ended.exe, and of
   * the newest quarter in which late_leaker.exe grew. */
  ranks(list, 0, WILD, 544, 30);
  ranks(list, 1, "late_leaker.exe", 270, 60);
  ranks(list, 2, "ended.exe", 236, 15);
  ranks(list, 3, "leaker_under_teeth.exe", 108, 6);
  ranks(list, 4, "slow_leaker.exe", 54, 3);
  if (cJSON_GetArraySize(list) != 5) {
    fail_msg("%s", result->out.text);
  }
  assert_true(spawn_number(document, "too_short") == 1.0);
  assert_true(spawn_number(document, "not_grown") == 6.0);
  assert_true(spawn_number(document, "beyond_limit") == 0.0);

  const cJSON *first = cJSON_GetArrayItem(list, 0);
  assert_true(spawn_number(first, "now_bytes") == (double)leaker(POLLS - 1));
  assert_true(spawn_number(first, "peak_bytes") == (double)leaker(POLLS - 1));
  assert_true(spawn_number(first, "pid") == 103.0);
  assert_string_equal(spawn_string(first, "created"), "2026-01-20T00:00:00.000Z");
  assert_true(cJSON_IsNull(spawn_member(cJSON_GetArrayItem(list, 2), "now_bytes")));
  cJSON_Delete(document);
}

static void test_table(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "top", "--db", DATABASE, "--limit", "3");
  SAYS(result->out, "started (UTC)");
  SAYS(result->out, "30.0 MB per hour      979 MB      979 MB         103  2026-01-20 00:00  "
                    "say \"hi\", \xEF\xBF\xBD[2J.exe\n");
  SAYS(result->out, "ended.exe\n");
  assert_null(strstr(result->out.text, "slow_leaker.exe"));
  SAYS(result->out, "In the last 24 h: 5 grew (2 of them not shown), 6 did not, 1 watched too shortly");
}

static void test_csv(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "top", "--db", DATABASE, "--csv", "--limit", "1");
  static const char head[] = "process,pid,created,grown_bytes,bytes_per_hour,now_bytes,peak_bytes,watched_s\n"
                             "\"say \"\"hi\"\", \x1B[2J.exe\",103,2026-01-20T00:00:00.000Z,";
  assert_memory_equal(result->out.text, head, sizeof head - 1);
  const char *end = strchr(result->out.text + sizeof head - 1, '\n');
  assert_non_null(end);
  assert_string_equal(end, "\n");
}

static void test_other_hours(void **state)
{
  (void)state;
  /* Of one hour half is enough to say something, but newborn.exe has no more than ten minutes to show. And
   * one hour is too short to tell a long tooth from a leak. */
  const spawn_result *result = RUN(0, "top", "--db", DATABASE, "--hours", "1", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "too_short") == 1.0);
  ranks(spawn_member(document, "processes"), 0, "long_teeth.exe", 92, 120);
  ranks(spawn_member(document, "processes"), 2, WILD, 23, 30);
  cJSON_Delete(document);
  result = RUN(0, "top", "--db", DATABASE, "--hours", "876000", "--json");
  document = spawn_json(&result->out);
  ranks(spawn_member(document, "processes"), 0, WILD, 584, 30);
  cJSON_Delete(document);
}

static void test_image(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "top", "--db", DATABASE, "--image", "S*_LEAKER.ex?", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "processes")), 1);
  ranks(spawn_member(document, "processes"), 0, "slow_leaker.exe", 54, 3);
  cJSON_Delete(document);
  result = RUN(3, "top", "--db", DATABASE, "--image", "nobody.exe");
  SAYS(result->err, "seepwatch: top: find process nobody.exe: not found");
}

static void test_an_empty_store(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "top", "--db", EMPTY, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "processes")), 0);
  cJSON_Delete(document);
  result = RUN(0, "top", "--db", EMPTY);
  SAYS(result->out, "0 grew, 0 did not");
  RUN(3, "top", "--db", "service_cli_top-absent.db");
}

static void test_senseless_arguments(void **state)
{
  (void)state;
  static const char *const lines[][8] = {
      {"top", "--hours", "0"},      {"top", "--limit", "0"}, {"top", "--limit", "x"},
      {"top", "--pid", "1"},        {"top", "--image", ""},  {"top", "--from", "2026-03-01"},
      {"top", "--json", "--csv"},   {"top", "--limit"},      {"top", "leaker.exe"},
      {"top", "--html", "top.htm"}, {"top", "--hourly"},
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
      cmocka_unit_test(test_only_who_grew),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_csv),
      cmocka_unit_test(test_other_hours),
      cmocka_unit_test(test_image),
      cmocka_unit_test(test_an_empty_store),
      cmocka_unit_test(test_senseless_arguments),
  };
  return cmocka_run_group_tests_name("service cli top", tests, make_databases, remove_databases);
}
