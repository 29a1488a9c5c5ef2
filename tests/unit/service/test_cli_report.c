/* report FILE.etl: real traces of other people, one from the ETL writer with a leak in it, every way to hand
 * it over and to have it told, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "unit/service/leaky_trace.h"
#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define FIXTURE(name) SEEP_FIXTURES "/etl/" name
#define LOSSY FIXTURE("s4-WindowsUpdate.etl")
#define FILE_NAME "service_cli_report-" SPAWN_NAME ".etl"

typedef struct expected_trace {
  const char *path;
  double os_build, cpus, events, events_lost, buffers, compressed_buffers;
  int warnings;
} expected_trace;

static void check_trace(const expected_trace *expected)
{
  const spawn_result *result = RUN(0, "report", expected->path, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *trace = spawn_member(document, "trace");
  assert_true(spawn_number(trace, "os_build") == expected->os_build);
  assert_true(spawn_number(trace, "cpus") == expected->cpus);
  assert_true(spawn_number(trace, "events") == expected->events);
  assert_true(spawn_number(trace, "events_lost") == expected->events_lost);
  assert_true(spawn_number(trace, "buffers") == expected->buffers);
  assert_true(spawn_number(trace, "compressed_buffers") == expected->compressed_buffers);
  assert_true(spawn_number(trace, "buffers_lost") == 0.0);
  assert_true(spawn_number(trace, "bad_buffers") == 0.0);
  assert_true(spawn_number(trace, "bad_records") == 0.0);
  assert_true(spawn_number(trace, "duration_s") > 0.0);
  assert_true(cJSON_IsFalse(spawn_member(trace, "truncated")));
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "warnings")), expected->warnings);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "processes")), 0); /* no memory events */
  assert_true(cJSON_IsNull(spawn_member(document, "culprit")));
  assert_true(spawn_number(document, "schema") == 1.0);
  cJSON_Delete(document);
}

static void test_json_of_real_traces(void **state)
{
  (void)state;
  static const expected_trace traces[] = {
      {FIXTURE("airbus-lxcore_kernel.etl"), 19041, 6, 4, 0, 3, 0, 0},
      {FIXTURE("s4-WindowsUpdate.etl"), 22631, 1, 82, 41, 7, 0, 1},
      {FIXTURE("s4-waasmedic.etl"), 22631, 1, 21, 0, 2, 0, 0},
      {FIXTURE("perfview-SelfDescribingSingleEvent.etl"), 22000, 12, 23, 0, 3, 2, 0},
      {FIXTURE("perfview-smallEtlFile.etl"), 10586, 4, 2, 0, 2, 1, 0},
  };
  for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++) {
    check_trace(&traces[i]);
  }
}

static void test_text_of_a_real_trace(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "report", LOSSY);
  static const char verdict[] =
      "There are no memory events in the trace of 10 min 43 s: it was not recorded to follow VirtualAlloc\n"
      "or heaps.\n\n";
  assert_memory_equal(result->out.text, verdict, sizeof verdict - 1);
  SAYS(result->out, "Trace of Windows 10.0 build 22631, 1 processor\n");
  SAYS(result->out, "  started    2025-10-08T21:02:45.447Z\n");
  SAYS(result->out, "  lasted     10 min 43 s\n");
  SAYS(result->out, "  events     82 in 7 buffers\n");
  SAYS(result->out, "  lost       41 events, 0 buffers\n");
  SAYS(result->out,
       "\nWhat was lost\n- 41 events were lost while recording: a lost free looks like a leak.\n");
  assert_null(strstr(result->out.text, "Process"));
}

static void write_trace(void)
{
  memory_file file = leaky_trace();
  spawn_file_write(FILE_NAME, file.bytes, file.size);
  memory_file_free(&file);
}

static void check_leak(const cJSON *document)
{
  const cJSON *culprit = spawn_member(document, "culprit");
  assert_string_equal(spawn_string(culprit, "name"), "Leaky.dll");
  assert_string_equal(spawn_string(culprit, "certainty"), "good");
  assert_string_equal(spawn_string(culprit, "view"), "virtual");
  assert_string_equal(spawn_string(culprit, "place"), "+0x2345");
  assert_string_equal(spawn_string(culprit, "pattern"), "steady");
  assert_true(spawn_number(culprit, "bytes") == (double)LEAKY_KEPT * LEAKY_BLOCK_BYTES);
  assert_true(spawn_number(culprit, "count") == LEAKY_KEPT);
  const cJSON *stack = cJSON_GetArrayItem(spawn_member(document, "stacks"), 0);
  assert_true(spawn_number(stack, "bytes") == (double)LEAKY_KEPT * LEAKY_BLOCK_BYTES);
  const cJSON *frames = spawn_member(stack, "frames");
  assert_int_equal(cJSON_GetArraySize(frames), 3);
  assert_string_equal(cJSON_GetArrayItem(frames, 1)->valuestring, "Leaky.dll+0x2345");
}

static void test_json_of_one_process(void **state)
{
  (void)state;
  write_trace();
  const spawn_result *result = RUN(0, "report", "--pid", "4242", FILE_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(spawn_member(document, "trace"), "os_build") == 20348.0);
  assert_true(spawn_number(spawn_member(document, "trace"), "duration_s") == 120.0);
  assert_string_equal(spawn_string(document, "file"), FILE_NAME);
  const cJSON *processes = spawn_member(document, "processes");
  assert_int_equal(cJSON_GetArraySize(processes), 1);
  const cJSON *process = cJSON_GetArrayItem(processes, 0);
  assert_true(spawn_number(process, "pid") == LEAKY_PID);
  assert_true(spawn_number(process, "commit_events") == LEAKY_ALLOCATIONS);
  assert_true(spawn_number(process, "committed_bytes") == (double)LEAKY_ALLOCATIONS * LEAKY_BLOCK_BYTES);
  assert_true(spawn_number(process, "free_events") == LEAKY_ALLOCATIONS / 4);
  assert_true(spawn_number(process, "freed_bytes") == (double)LEAKY_ALLOCATIONS / 4 * LEAKY_BLOCK_BYTES);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "warnings")), 0);
  check_leak(document);
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
}

static void test_text_of_a_leak(void **state)
{
  (void)state;
  write_trace();
  const spawn_result *result = RUN(0, "report", FILE_NAME);
  static const char verdict[] =
      "Leaky.dll has not given back 18.8 MB in 300 allocations of leaker.exe (process 4242), 100 percent of\n"
      "all that the trace of ";
  assert_memory_equal(result->out.text, verdict, sizeof verdict - 1);
  SAYS(result->out, ", and goes on steadily.\n  where      +0x2345\n  signature  ");
  SAYS(result->out, "\nProcess 4242, leaker.exe\n"
                    "  VirtualAlloc  allocated  25.0 MB in 400 allocations\n"
                    "                given back 6.25 MB in 100 releases\n"
                    "                left       18.8 MB in 300 blocks\n");
  SAYS(result->out, "  heap          not in the trace\n");
  SAYS(result->out, "   18.8 MB   100%         300     15.2 MB  Leaky.dll\n");
  SAYS(result->out, "   18.8 MB  leaker.exe+0x10\n   18.8 MB  => Leaky.dll+0x2345\n");
  spawn_file_remove(FILE_NAME);
}

static void test_which_process(void **state)
{
  (void)state;
  write_trace();
  const spawn_result *result = RUN(0, "report", FILE_NAME, "--process", "LEAKER.exe", "--json");
  cJSON *document = spawn_json(&result->out);
  check_leak(document);
  cJSON_Delete(document);
  /* Nobody is asked for: the one that grows, and the other one beside it. */
  result = RUN(0, "report", FILE_NAME, "--json", "--top", "1");
  document = spawn_json(&result->out);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "processes")), 2);
  check_leak(document);
  cJSON_Delete(document);
  result = RUN(3, "report", FILE_NAME, "--pid", "4294967295");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err,
       "seepwatch: report: reading " FILE_NAME ": process 4294967295 has no memory events in it");
  result = RUN(3, "report", FILE_NAME, "--process", "absent.exe", "--json");
  SAYS(result->err, "absent.exe has no memory events in it");
  document = spawn_json(&result->out);
  assert_true(cJSON_IsNull(spawn_member(document, "culprit")));
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
}

/* A trace whose end is missing gives what could be read, and says so. */
static void test_cut_trace(void **state)
{
  (void)state;
  memory_file file = leaky_trace();
  spawn_file_write(FILE_NAME, file.bytes, file.size - 5000);
  const spawn_result *result = RUN(0, "report", FILE_NAME, "--pid", "4242", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(cJSON_IsTrue(spawn_member(spawn_member(document, "trace"), "truncated")));
  const cJSON *process = cJSON_GetArrayItem(spawn_member(document, "processes"), 0);
  assert_true(spawn_number(process, "commit_events") > 0.0);
  const cJSON *warning = cJSON_GetArrayItem(spawn_member(document, "warnings"), 0);
  assert_string_equal(warning->valuestring, "The file ends in the middle: the trace went on.");
  cJSON_Delete(document);
  result = RUN(0, "report", FILE_NAME);
  SAYS(result->out, "\nWhat was lost\n- The file ends in the middle: the trace went on.\n");
  memory_file_free(&file);
  spawn_file_remove(FILE_NAME);
}

static void test_standard_input(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  assert_non_null(file.bytes);
  const spawn_input input = {(const char *)file.bytes, file.size, NULL};
  const spawn_result *result = RUN_WITH(0, &input, "report", "-");
  SAYS(result->out, "  events     82 in 7 buffers\n");
  memory_file_free(&file);
  result = RUN(4, "report", "-");
  SAYS(result->err, "seepwatch: report: reading standard input: ");
}

static void test_missing_file(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "report", "service_cli_report-absent-" SPAWN_NAME ".etl", "--json");
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "seepwatch: report: reading service_cli_report-absent-" SPAWN_NAME ".etl: ");
  SAYS(result->err, " (2)\n");
}

static void refused(const void *bytes, size_t size, const char *why)
{
  spawn_file_write(FILE_NAME, bytes, size);
  const spawn_result *result = RUN(4, "report", FILE_NAME);
  assert_int_equal(result->out.size, 0);
  SAYS(result->err, "seepwatch: report: reading " FILE_NAME ": ");
  SAYS(result->err, why);
  spawn_file_remove(FILE_NAME);
}

static void test_garbage(void **state)
{
  (void)state;
  static uint8_t noise[65536];
  uint32_t seed = 20260301;
  for (size_t i = 0; i < sizeof noise; i++) {
    seed = seed * 1664525u + 1013904223u;
    noise[i] = (uint8_t)(seed >> 24);
  }
  noise[0] = 0x4D;
  refused(noise, sizeof noise, "not an event trace");
  refused(noise, 20, "not an event trace");
  refused("", 0, "the file is empty");
  memset(noise, 0, sizeof noise);
  refused(noise, sizeof noise, "not an event trace");
  RUN(4, "report", SEEP_FIXTURES "/event2004/README.md", "--json");
}

/* The fixture, packed; *size in: room, out: bytes. */
static void pack(const char *path, uint8_t *out, size_t *size)
{
  size_t plain_size = 0;
  char *plain = spawn_file_read(path, &plain_size);
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (Bytef *)plain;
  stream.avail_in = (uInt)plain_size;
  stream.next_out = out;
  stream.avail_out = (uInt)*size;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  *size = stream.total_out;
  deflateEnd(&stream);
  free(plain);
}

static char *trace_of(const spawn_result *result)
{
  cJSON *document = spawn_json(&result->out);
  char *text = cJSON_PrintUnformatted(spawn_member(document, "trace"));
  cJSON_Delete(document);
  assert_non_null(text);
  return text;
}

static void test_a_compressed_trace_reads_like_the_plain_one(void **state)
{
  (void)state;
  static uint8_t packed[1 << 20];
  size_t size = sizeof packed;
  char *plain = trace_of(RUN(0, "report", LOSSY, "--json"));
  pack(LOSSY, packed, &size);
  spawn_file_write(FILE_NAME, packed, size); /* known by its content, not by its name */
  char *unpacked = trace_of(RUN(0, "report", FILE_NAME, "--json"));
  assert_string_equal(unpacked, plain);
  cJSON_free(unpacked);
  const spawn_input input = {(const char *)packed, size, NULL};
  unpacked = trace_of(RUN_WITH(0, &input, "report", "-", "--json"));
  assert_string_equal(unpacked, plain);
  cJSON_free(unpacked);
  cJSON_free(plain);
  /* Cut: what comes before that is told, and that it is not all. */
  spawn_file_write(FILE_NAME, packed, size - size / 4);
  const spawn_result *result = RUN(0, "report", FILE_NAME);
  SAYS(result->out, "Trace of Windows 10.0 build 22631");
  SAYS(result->out, "- The file ends in the middle: the trace went on.\n");
  SAYS(result->out, "- The compressed file is damaged or cut at byte");
  spawn_file_remove(FILE_NAME);
  static const uint8_t nothing[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  refused(nothing, sizeof nothing, "the file is empty");
}

/* ---- the page ---- */

#define PAGE "service_cli_report-" SPAWN_NAME ".html"

static void test_page(void **state)
{
  (void)state;
  size_t size = 0;
  write_trace();
  spawn_file_remove(PAGE);
  const spawn_result *result = RUN(0, "report", FILE_NAME, "--html", PAGE);
  SAYS(result->out, "Leaky.dll has not given back 18.8 MB");
  SAYS(result->out, "\nPage: " PAGE "\n");
  char *page = spawn_file_read(PAGE, &size);
  assert_memory_equal(page, "<!DOCTYPE html>", 15);
  assert_non_null(strstr(page, "Leaky.dll"));
  assert_null(strstr(page, "http-equiv=\"refresh\""));
  result = RUN(0, "report", FILE_NAME, "--html", "-");
  assert_int_equal(result->out.size, size);
  assert_memory_equal(result->out.text, page, 15);
  free(page);
  /* The store is not there: the page is, and it is said what it lacks. */
  result = RUN(0, "report", FILE_NAME, "--pid", "4242", "--html", PAGE, "--db",
               "service_cli_report-absent.db", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_string_equal(cJSON_GetArrayItem(spawn_member(document, "warnings"), 0)->valuestring,
                      "service_cli_report-absent.db: not found; the page has no chart of commit.");
  cJSON_Delete(document);
  spawn_file_remove(PAGE);
  RUN(3, "report", FILE_NAME, "--html", PAGE, "--pid", "1");
  assert_false(spawn_file_exists(PAGE));
  /* What is no page is not replaced. */
  RUN(2, "report", FILE_NAME, "--html", FILE_NAME);
  RUN(0, "report", FILE_NAME);
  spawn_file_remove(FILE_NAME);
}

#define DATABASE "service_cli_report.db"
#define START_MS INT64_C(1755526400000) /* LEAKY_START_FILETIME */

/* An hour before the trace and one behind it. */
static void make_database(uint32_t pid, const char *name)
{
  polls p;
  seep_store_sample sample = {polls_key(pid, START_MS - SEEP_MS_PER_DAY), name, 100 * POLLS_MB, 0};
  polls_open(&p, DATABASE, START_MS - SEEP_MS_PER_HOUR, SEEP_MS_PER_MINUTE);
  for (int i = 0; i < 120; i++) {
    sample.commit_bytes += POLLS_MB;
    polls_add(&p, &sample, 1, NULL);
  }
  polls_close(&p);
}

/* What the page says of the store's part; "" when nothing is amiss. */
static void check_note(const char *note)
{
  const spawn_result *result =
      RUN(0, "report", FILE_NAME, "--pid", "4242", "--html", PAGE, "--db", DATABASE, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *warning = cJSON_GetArrayItem(spawn_member(document, "warnings"), 0);
  assert_string_equal(warning != NULL ? warning->valuestring : "", note);
  cJSON_Delete(document);
}

static void test_page_with_the_store(void **state)
{
  (void)state;
  write_trace();
  make_database(LEAKY_PID, "Leaker.exe");
  check_note("");
  make_database(LEAKY_PID + 1, "leaker.exe");
  check_note(DATABASE
             ": it has no process of that PID and time; the page's chart is of another one of the same "
             "name.");
  make_database(LEAKY_PID, "another.exe");
  check_note(DATABASE ": the process is not in it; the page has no chart of its commit.");
  polls_remove(DATABASE);
  spawn_file_remove(PAGE);
  spawn_file_remove(FILE_NAME);
}

/* ---- symbols, events, arguments ---- */

static void test_symbols_that_are_not_there(void **state)
{
  (void)state;
  write_trace();
  const spawn_result *result = RUN(0, "report", FILE_NAME, "--symbols", "service_cli_report-absent-folder");
  SAYS(result->out, "\nFunction names: ");
  SAYS(result->out,
       "\nAlso\n- --symbols service_cli_report-absent-folder: there is no such folder; nothing was "
       "looked for in it.\n");
  result = RUN(0, "report", FILE_NAME, "--symbols", ".");
  assert_null(strstr(result->out.text, "--symbols ."));
  spawn_file_remove(FILE_NAME);
}

static void test_events(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "report", LOSSY, "--events", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "events_total") == 82.0);
  cJSON_Delete(document);
  RUN(0, "report", LOSSY, "--events", "--payload-pointer-bits", "32");
}

static void test_arguments_that_make_no_sense(void **state)
{
  (void)state;
  static const char *const wrong[][6] = {
      {"report", LOSSY, "--pid", "1", "--process", "a"},
      {"report", LOSSY, "--process"},
      {"report", LOSSY, "--process", ""},
      {"report", LOSSY, "--top", "0"},
      {"report", LOSSY, "--top", "2001"},
      {"report", LOSSY, "--symbols", ""},
      {"report", LOSSY, "--html"},
      {"report", LOSSY, "--html", "-", "--json"},
      {"report", LOSSY, "--db", "seepwatch.db"},
      {"report", LOSSY, "--events", "--pid", "1"},
      {"report", LOSSY, "--events", "--payload-pointer-bits", "16"},
      {"report", LOSSY, "--payload-pointer-bits", "32"},
      {"report", LOSSY, "--nonsense"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    const char *arguments[7] = {NULL};
    memcpy(arguments, wrong[i], sizeof wrong[i]);
    const spawn_result *result = spawn_run(2, NULL, arguments, __FILE__, __LINE__);
    SAYS(result->err, "usage: seepwatch report FILE.etl[.gz]");
  }
}

static void test_full_disk(void **state)
{
  (void)state;
  const spawn_input input = {NULL, 0, "/dev/full"};
  if (!spawn_file_exists("/dev/full")) {
    skip();
  }
  RUN_WITH(6, &input, "report", LOSSY);
  RUN_WITH(6, &input, "report", LOSSY, "--json");
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_json_of_real_traces),
      cmocka_unit_test(test_text_of_a_real_trace),
      cmocka_unit_test(test_json_of_one_process),
      cmocka_unit_test(test_cut_trace),
      cmocka_unit_test(test_standard_input),
      cmocka_unit_test(test_missing_file),
      cmocka_unit_test(test_garbage),
      cmocka_unit_test(test_a_compressed_trace_reads_like_the_plain_one),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_text_of_a_leak),
      cmocka_unit_test(test_which_process),
      cmocka_unit_test(test_page),
      cmocka_unit_test(test_page_with_the_store),
      cmocka_unit_test(test_symbols_that_are_not_there),
      cmocka_unit_test(test_events),
      cmocka_unit_test(test_arguments_that_make_no_sense),
  };
  return cmocka_run_group_tests_name("service cli report", tests, NULL, NULL);
}
