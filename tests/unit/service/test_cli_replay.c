/* replay: the verdicts of the real engine over CSV, and why. What is read: test_cli_replay_input.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "unit/service/rows.h"

#define CSV "service_cli_replay-" SPAWN_NAME ".csv"
#define COPY "service_cli_replay-copy.csv"
#define CONFIG "service_cli_replay.json"

static void configure(const char *json)
{
  spawn_file_write(CONFIG, json, strlen(json));
}

/* ---- verdicts ---- */

static void test_leak_and_its_healthy_twin(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  rows_twins(0, ROWS_POLLS);
  rows_write(CSV);
  cJSON *document = rows_replayed(0, CSV, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 2);
  assert_int_equal(spawn_number(document, "samples"), 2 * ROWS_POLLS);
  assert_int_equal(spawn_number(document, "polls"), ROWS_POLLS);
  assert_int_equal(spawn_number(document, "skipped_rows"), 0);
  assert_int_equal(spawn_number(document, "from_s"), 0);
  assert_int_equal(spawn_number(document, "to_s"), (ROWS_POLLS - 1) * ROWS_STEP_S);
  assert_true(spawn_number(document, "headroom_bytes") == 32.0 * 1024 * (double)POLLS_MB);
  assert_true(cJSON_IsTrue(spawn_member(document, "headroom_assumed")));
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "system")), 0);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_string_equal(spawn_string(leak, "process"), "leaky.exe");
  assert_int_equal(spawn_number(leak, "pid"), 4242);
  assert_int_equal(cJSON_GetArraySize(spawn_member(leak, "pids")), 1);
  assert_string_equal(spawn_string(leak, "kind"), "leak");
  /* Not before the observation time of 19 hours, and not long after. */
  assert_true(spawn_number(leak, "opened_s") >= 16 * 3600 && spawn_number(leak, "opened_s") <= 30 * 3600);
  double slope = spawn_number(leak, "slope_bytes_per_hour");
  assert_true(slope > 59.0 * (double)POLLS_MB && slope < 61.0 * (double)POLLS_MB);
  assert_true(spawn_number(leak, "slope_low_bytes_per_hour") <= slope);
  assert_true(spawn_number(leak, "slope_high_bytes_per_hour") >= slope);
  assert_true(spawn_number(leak, "growth_bytes") > 900.0 * (double)POLLS_MB);
  assert_true(spawn_number(leak, "began_s") < spawn_number(leak, "opened_s"));
  assert_true(spawn_number(leak, "confidence") > 0.5 && spawn_number(leak, "confidence") <= 1.0);
  assert_true(cJSON_IsNull(spawn_member(leak, "closed_s")));
  assert_true(cJSON_IsNull(spawn_member(leak, "created_s")));
  assert_true(cJSON_IsNull(spawn_member(leak, "time_left_s")));
  assert_non_null(strstr(spawn_string(leak, "reason"), " MB per hour"));
  assert_non_null(strstr(spawn_string(leak, "reason"), "time to exhaustion is not known"));
  assert_true(strlen(spawn_string(leak, "evidence")) > 20);
  cJSON_Delete(document);
}

static void test_table(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "replay", CSV);
  SAYS(result->out, "0 s to 1 d 15 h, 1 d 15 h of running time\n");
  SAYS(result->out,
       "2 processes, 2400 polls, 4800 samples\n"
       "rapid growth is judged by an assumed headroom of 32.0 GB: --headroom-bytes gives another\n"
       "1 leak would have been called\n");
  SAYS(result->out, "\nleak: leaky.exe (4242)\n  called  at ");
  SAYS(result->out, "\n  seen    In the last ");
  SAYS(result->out, "the case is open\n");
  assert_null(strstr(result->out.text, "healthy.exe"));
}

/* 3.5 GB an hour: dangerous long before it is proven. */
static void fast(unsigned from, unsigned to)
{
  for (unsigned n = from; n < to; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 4242, "fast.exe", (100 + 60 * (uint64_t)n) * POLLS_MB);
    rows_add((int64_t)n * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
  }
}

static void test_rapid_growth_then_a_leak(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  fast(0, ROWS_POLLS);
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, NULL, NULL);
  rows_leaks(document, 2);
  const cJSON *rapid = rows_leak(document, 0), *leak = rows_leak(document, 1);
  assert_string_equal(spawn_string(rapid, "kind"), "rapid");
  assert_string_equal(spawn_string(leak, "kind"), "leak");
  assert_string_equal(spawn_string(rapid, "process"), "fast.exe");
  assert_int_equal(spawn_number(leak, "pid"), 4242);
  assert_true(spawn_number(rapid, "opened_s") < 12 * 3600);
  assert_true(spawn_number(leak, "opened_s") >= 16 * 3600);
  assert_true(spawn_number(rapid, "closed_s") == spawn_number(leak, "opened_s"));
  assert_string_equal(spawn_string(rapid, "ending"), "it was confirmed as a leak");
  assert_true(cJSON_IsNull(spawn_member(leak, "closed_s")));
  assert_true(strlen(spawn_string(rapid, "evidence")) > 20);
  assert_string_not_equal(spawn_string(rapid, "evidence"), spawn_string(leak, "evidence"));
  cJSON_Delete(document);
  const spawn_result *result = RUN(0, "replay", COPY);
  SAYS(result->out,
       "1 leak and 1 case of rapid growth would have been called\n\nrapid growth: fast.exe (4242)\n");
}

/* With so much to spare nothing is dangerous, and only the proof remains. */
static void test_headroom_decides_on_rapid_growth(void **state)
{
  (void)state;
  cJSON *document = rows_replayed(0, COPY, "--headroom-bytes", "109951162777600");
  assert_false(cJSON_IsTrue(spawn_member(document, "headroom_assumed")));
  assert_true(spawn_number(document, "headroom_bytes") == 109951162777600.0);
  assert_string_equal(spawn_string(cJSON_GetArrayItem(rows_leaks(document, 1), 0), "kind"), "leak");
  cJSON_Delete(document);
  document =
      rows_replayed(0, CSV, "--headroom-bytes", "1073741824"); /* of which the slow one takes its share */
  assert_string_equal(spawn_string(rows_leak(document, 0), "kind"), "rapid");
  assert_string_equal(spawn_string(rows_leak(document, 1), "kind"), "leak");
  rows_leaks(document, 2);
  cJSON_Delete(document);
}

static void test_rapid_growth_withdrawn(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  fast(0, 400);
  for (unsigned n = 400; n < ROWS_POLLS; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 4242, "fast.exe", 100 * POLLS_MB);
    rows_add((int64_t)n * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, NULL, NULL);
  const cJSON *rapid = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_string_equal(spawn_string(rapid, "kind"), "rapid");
  assert_true(spawn_number(rapid, "opened_s") < 400 * ROWS_STEP_S);
  assert_true(spawn_number(rapid, "closed_s") > 400 * ROWS_STEP_S &&
              spawn_number(rapid, "closed_s") < ROWS_END_S);
  assert_true(strlen(spawn_string(rapid, "ending")) > 0);
  cJSON_Delete(document);
}

/* All of them end higher than they began, and none of them leaks. */
static void test_what_is_no_leak(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < ROWS_POLLS; n++) {
    uint64_t saw = 200 + n % 360, step = n < 1000 ? 100 : 1100, warm = 100 + 1000 * n / (n + 60);
    rows_add((int64_t)n * ROWS_STEP_S, 4, "constant.exe", 500 * POLLS_MB);
    rows_add((int64_t)n * ROWS_STEP_S, 8, "sawtooth.exe", saw * POLLS_MB);
    rows_add((int64_t)n * ROWS_STEP_S, 12, "step.exe", step * POLLS_MB);
    rows_add((int64_t)n * ROWS_STEP_S, 16, "warm.exe", warm * POLLS_MB);
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 4);
  rows_leaks(document, 0);
  cJSON_Delete(document);
  SAYS(RUN(0, "replay", COPY)->out, "\nno leak would have been called\n");
}

static void test_time_left(void **state)
{
  (void)state;
  cJSON *document = rows_replayed(0, CSV, "--headroom-bytes", "629145600"); /* ten hours of that growth */
  const cJSON *leak = rows_leak(document, 1);
  assert_true(spawn_number(leak, "time_left_s") > 35000 && spawn_number(leak, "time_left_s") < 37000);
  cJSON_Delete(document);
  const spawn_result *result = RUN(0, "replay", CSV, "--headroom-bytes", "18446744073709551615");
  SAYS(result->out, "the commit limit is more than ten years away");
  assert_null(strstr(result->out.text, "assumed"));
}

/* A poll each second, and one each hour. */
static void test_poll_intervals(void **state)
{
  (void)state;
  configure("{\"detector\":{\"observation_s\":3600,\"bucket_s\":5}}");
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < 3 * 3600; n++) {
    rows_add(n, 4242, "leaky.exe", (UINT64_C(400) << 20) + (uint64_t)n * 20000);
    rows_add(n, 77, "healthy.exe", (UINT64_C(400) << 20) + (uint64_t)(n % 600) * 20000);
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--config", CONFIG);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_string_equal(spawn_string(leak, "process"), "leaky.exe");
  assert_true(spawn_number(leak, "opened_s") > 3000);
  cJSON_Delete(document);
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < 10 * 24; n++) {
    rows_add((int64_t)n * 3600, 4242, "leaky.exe", (400 + 20 * (uint64_t)n) * POLLS_MB);
    rows_add((int64_t)n * 3600, 77, "healthy.exe", (400 + 20 * (uint64_t)(n % 8)) * POLLS_MB);
  }
  rows_write(COPY);
  document = rows_replayed(0, COPY, NULL, NULL);
  leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_string_equal(spawn_string(leak, "process"), "leaky.exe");
  assert_true(spawn_number(leak, "opened_s") > 16 * 3600 && spawn_number(leak, "opened_s") < 5 * 86400);
  cJSON_Delete(document);
  /* How often it was seen in a row is no question any more once it is called. */
  SAYS(RUN(0, "replay", COPY, "--explain", "leaky.exe")->out,
       "\n  when the input ends: a leak\n    its newest window alone: In the last ");
}

/* ---- why, and why not ---- */

static void test_explain_a_leak(void **state)
{
  (void)state;
  cJSON *document = rows_replayed(0, CSV, "--explain", "leaky.exe");
  const cJSON *item = cJSON_GetArrayItem(spawn_member(document, "explained"), 0);
  assert_int_equal(spawn_number(item, "verdicts"), 1);
  assert_int_equal(spawn_number(item, "polls"), ROWS_POLLS);
  assert_int_equal(spawn_number(item, "to_s"), ROWS_END_S);
  assert_true(spawn_number(item, "last_bytes") == (double)rows_leaking(ROWS_POLLS - 1));
  assert_true(cJSON_IsNull(spawn_member(item, "not_called")));
  assert_true(cJSON_IsFalse(spawn_member(item, "ended")));
  const cJSON *end = spawn_member(item, "at_end");
  assert_string_equal(spawn_string(end, "level"), "leak");
  assert_int_equal(spawn_number(end, "watched_s"), ROWS_END_S);
  assert_true(spawn_number(spawn_member(end, "leak"), "rise_bytes") > 0);
  cJSON_Delete(document);
  const spawn_result *result = RUN(0, "replay", CSV, "--explain", "leaky.exe");
  SAYS(result->out, "\nleaky.exe (4242): 0 s to 1 d 15 h, 2400 polls, 100 MB at first, 2.44 GB at last\n"
                    "  called a leak at ");
  SAYS(result->out, "\n    In the last ");
  SAYS(result->out, "\n  when the input ends: a leak\n");
}

/* It grew for thirty hours, ever more slowly, and gave everything back: its end tells nothing of that. */
static void test_explain_a_near_miss(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  for (unsigned n = 0; n < ROWS_POLLS; n++) {
    uint64_t grown = n < 1800 ? 1000 * (uint64_t)n / (n + 200) : 0;
    rows_add((int64_t)n * ROWS_STEP_S, 9, "near.exe", (100 + grown) * POLLS_MB);
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--explain", "NEAR.exe");
  rows_leaks(document, 0);
  const cJSON *item = cJSON_GetArrayItem(spawn_member(document, "explained"), 0);
  const cJSON *nearest = spawn_member(item, "nearest_leak");
  const cJSON *end = spawn_member(spawn_member(item, "at_end"), "leak");
  assert_true(spawn_number(nearest, "at_s") > 16 * 3600 &&
              spawn_number(nearest, "at_s") <= 1800 * ROWS_STEP_S);
  assert_true(spawn_number(nearest, "rise_bytes") > 50.0 * (double)POLLS_MB);
  assert_true(spawn_number(nearest, "rise_bytes") == spawn_number(item, "window_growth_bytes"));
  assert_true(spawn_number(nearest, "measured") < spawn_number(nearest, "needed"));
  assert_string_equal(spawn_string(end, "failed"), "growth");
  assert_string_not_equal(spawn_string(nearest, "failed"), "growth");
  assert_non_null(strstr(spawn_string(nearest, "why_not"), "Not a leak"));
  assert_string_equal(spawn_string(nearest, "why_not"), spawn_string(item, "not_called"));
  assert_true(spawn_number(item, "needed_growth_bytes") == 8.0 * (double)POLLS_MB);
  assert_true(spawn_number(end, "needed") == 8.0 * (double)POLLS_MB);
  assert_string_equal(spawn_string(spawn_member(item, "at_end"), "level"), "none");
  assert_non_null(strstr(spawn_string(spawn_member(item, "nearest_rapid"), "why_not"), "Not rapid growth"));
  cJSON_Delete(document);
  const spawn_result *result = RUN(0, "replay", COPY, "--explain", "near.exe");
  SAYS(result->out, "\n  when the input ends: nothing to be called\n    Not a leak");
  SAYS(result->out, "\n    nearest to a leak, at ");
}

static void test_explain_too_short(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  rows_twins(0, 60);
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--explain", "leaky.exe");
  rows_leaks(document, 0);
  const cJSON *item = cJSON_GetArrayItem(spawn_member(document, "explained"), 0);
  const cJSON *nearest = spawn_member(item, "nearest_leak");
  assert_string_equal(spawn_string(nearest, "failed"), "watched");
  assert_true(spawn_number(nearest, "measured") < spawn_number(nearest, "needed"));
  cJSON_Delete(document);
  rows_begin(ROWS_HEAD "0,4242,leaky.exe,1048576\n");
  rows_write(COPY);
  SAYS(
      RUN(0, "replay", COPY, "--explain", "leaky.exe")->out,
      "\nleaky.exe (4242): 0 s to 0 s, 1 poll, 1.00 MB at first, 1.00 MB at last\n"
      "  when the input ends: nothing to be called\n    Not a leak so far: it has been watched for only 0 s");
}

/* What ended is explained by its last moment, not by the end of the file. */
static void test_explain_who_ended(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  rows_twins(0, 300);
  for (unsigned n = 300; n < ROWS_POLLS; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--explain", "leaky.exe");
  const cJSON *item = cJSON_GetArrayItem(spawn_member(document, "explained"), 0);
  assert_true(cJSON_IsTrue(spawn_member(item, "ended")));
  assert_int_equal(spawn_number(item, "to_s"), 299 * ROWS_STEP_S);
  assert_int_equal(spawn_number(spawn_member(item, "at_end"), "watched_s"), 299 * ROWS_STEP_S);
  cJSON_Delete(document);
  SAYS(RUN(0, "replay", COPY, "--explain", "leaky.exe")->out, "\n  when it ended: ");
}

static void test_explain_nobody(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "replay", CSV, "--explain", "nobody.exe");
  SAYS(result->out, "1 leak would have been called");
  SAYS(result->err, "seepwatch: replay: nobody.exe: no process of that name in the file\n");
}

/* ---- configuration ---- */

static void test_configuration_decides(void **state)
{
  (void)state;
  static const char *const silent[] = {
      "{\"detector\":{\"minimum_growth_bytes\":10737418240}}", "{\"processes\":{\"ignore\":[\"leaky.exe\"]}}",
      "{\"detector\":{\"images\":{\"LEAKY.exe\":{\"minimum_slope_bytes_per_hour\":1073741824}}}}",
      "{\"detector\":{\"images\":{\"leaky.exe\":{\"observation_s\":604800}}}}"};
  for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
    configure(silent[i]);
    cJSON *document = rows_replayed(0, CSV, "--config", CONFIG);
    rows_leaks(document, 0);
    cJSON_Delete(document);
  }
  configure(silent[1]);
  cJSON *ignored =
      spawn_json(&RUN(0, "replay", CSV, "--json", "--config", CONFIG, "--explain", "leaky.exe")->out);
  assert_string_equal(spawn_string(cJSON_GetArrayItem(spawn_member(ignored, "explained"), 0), "not_called"),
                      "never called: processes.ignore names this image");
  cJSON_Delete(ignored);
  /* Another image's thresholds are nothing to this one; its own may also be lower than the general ones. */
  configure("{\"detector\":{\"images\":{\"other.exe\":{\"minimum_growth_bytes\":10737418240}}}}");
  cJSON *document = rows_replayed(0, CSV, "--config", CONFIG);
  double shipped_s = spawn_number(cJSON_GetArrayItem(rows_leaks(document, 1), 0), "opened_s");
  cJSON_Delete(document);
  configure("{\"detector\":{\"images\":{\"leaky.exe\":{\"observation_s\":14400}}}}");
  document = rows_replayed(0, CSV, "--config", CONFIG);
  assert_true(spawn_number(rows_leak(document, 0), "opened_s") < shipped_s - 3600);
  cJSON_Delete(document);
  configure("{\"detector\":{\n\"window\":5}}");
  const spawn_result *result = RUN(4, "replay", CSV, "--config", CONFIG);
  SAYS(result->err, "seepwatch: replay: " CONFIG " line 2, key detector.window: ");
  assert_int_equal(result->out.size, 0);
  RUN(3, "replay", CSV, "--config", "service_cli_replay-none.json");
}

/* ---- restarts ---- */

/* A leaking image that is started anew goes on being the same case; one that does not come back ends. */
static void test_leaking_image_restarted(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  rows_twins(0, ROWS_POLLS);
  for (unsigned n = ROWS_POLLS; n < 2 * ROWS_POLLS; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
    if (n > ROWS_POLLS + 2) {
      rows_add((int64_t)n * ROWS_STEP_S, 5000, "leaky.exe", rows_leaking(n - ROWS_POLLS));
    }
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--explain", "leaky.exe");
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  assert_int_equal(spawn_number(leak, "pid"), 4242);
  const cJSON *pids = spawn_member(leak, "pids");
  assert_int_equal(cJSON_GetArraySize(pids), 2);
  assert_true(cJSON_GetArrayItem(pids, 0)->valuedouble == 4242);
  assert_true(cJSON_GetArrayItem(pids, 1)->valuedouble == 5000);
  assert_true(cJSON_IsNull(spawn_member(leak, "closed_s")));
  const cJSON *second = cJSON_GetArrayItem(spawn_member(document, "explained"), 1);
  assert_int_equal(spawn_number(second, "pid"), 5000);
  assert_int_equal(spawn_number(second, "verdicts"), 1);
  cJSON_Delete(document);
  SAYS(RUN(0, "replay", COPY)->out, "\n  went on over 1 restart, at last as (5000)\n");
  /* Who was not there yet was not called. */
  const spawn_result *result = RUN(0, "replay", COPY, "--explain", "leaky.exe");
  assert_non_null(strstr(result->out.text, "\n  called a leak at "));
  assert_null(strstr(strstr(result->out.text, "\nleaky.exe (5000): "), "  called a leak"));
  SAYS(result->out, "\n  took over from (4242), which was called a leak at ");
}

/* A restart under the same PID, without created_s: absence, or another name, begins another process. */
static void test_restarts(void **state)
{
  (void)state;
  rows_begin(ROWS_HEAD);
  rows_twins(0, ROWS_POLLS);
  for (unsigned n = 0; n < 600; n++) {
    rows_add((int64_t)(ROWS_POLLS + n) * ROWS_STEP_S, 4242, n < 300 ? "other.exe" : "leaky.exe",
             100 * POLLS_MB);
    if (n != 500) {
      rows_add((int64_t)(ROWS_POLLS + n) * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
    }
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, NULL, NULL);
  assert_int_equal(spawn_number(document, "series"), 5);
  const cJSON *leak = cJSON_GetArrayItem(rows_leaks(document, 1), 0);
  /* It waits a little for a successor, which comes too late. */
  assert_true(spawn_number(leak, "closed_s") >= ROWS_POLLS * ROWS_STEP_S);
  assert_true(spawn_number(leak, "closed_s") <= (ROWS_POLLS + 20) * ROWS_STEP_S);
  assert_string_equal(spawn_string(leak, "ending"), "the process ended");
  assert_int_equal(cJSON_GetArraySize(spawn_member(leak, "pids")), 1);
  cJSON_Delete(document);
}

/* With it, a PID with another creation time is another process though the name is the same: no one of these
 * grows, and all of them together would. */
static void test_creation_times(void **state)
{
  (void)state;
  rows_begin("t_s,pid,process,commit_bytes,created_s\n");
  for (unsigned n = 0; n < ROWS_POLLS; n++) {
    uint64_t bytes = (100 + n / 60) * POLLS_MB;
    unsigned t_s = n * ROWS_STEP_S;
    seep_writer_format(&rows_writer, "%u,4242,larger.exe,%" PRIu64 ",%u.5\n", t_s, bytes, t_s / 3600 * 3600);
    seep_writer_format(&rows_writer, "%u,4,twin.exe,%" PRIu64 ",0\n", t_s, bytes);
  }
  rows_write(COPY);
  cJSON *document = rows_replayed(0, COPY, "--explain", "larger.exe");
  assert_int_equal(spawn_number(document, "series"), 41);
  assert_string_equal(spawn_string(cJSON_GetArrayItem(rows_leaks(document, 1), 0), "process"), "twin.exe");
  const cJSON *second = cJSON_GetArrayItem(spawn_member(document, "explained"), 1);
  assert_true(cJSON_IsTrue(spawn_member(second, "ended")));
  assert_true(spawn_number(second, "created_s") == 3600.5);
  cJSON_Delete(document);
}

static int remove_files(void **state)
{
  (void)state;
  spawn_file_remove(CSV);
  spawn_file_remove(COPY);
  spawn_file_remove(CONFIG);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_leak_and_its_healthy_twin),
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_rapid_growth_then_a_leak),
      cmocka_unit_test(test_headroom_decides_on_rapid_growth),
      cmocka_unit_test(test_rapid_growth_withdrawn),
      cmocka_unit_test(test_what_is_no_leak),
      cmocka_unit_test(test_time_left),
      cmocka_unit_test(test_poll_intervals),
      cmocka_unit_test(test_explain_a_leak),
      cmocka_unit_test(test_explain_a_near_miss),
      cmocka_unit_test(test_explain_too_short),
      cmocka_unit_test(test_explain_who_ended),
      cmocka_unit_test(test_explain_nobody),
      cmocka_unit_test(test_configuration_decides),
      cmocka_unit_test(test_leaking_image_restarted),
      cmocka_unit_test(test_restarts),
      cmocka_unit_test(test_creation_times),
  };
  if (!spawn_program(argc, argv)) {
    return 1;
  }
  return cmocka_run_group_tests_name("service cli replay", tests, NULL, remove_files);
}
