/* report FILE.etl: real traces of other people, one from the ETL writer with memory events, and what is
 * refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "standin/etl_writer.h"
#include "unit/service/spawn.h"
#include "unit/trace/memory_file.h"

#define FIXTURE(name) SEEP_FIXTURES "/etl/" name
#define LOSSY FIXTURE("s4-WindowsUpdate.etl")
#define FILE_NAME "service_cli_report-" SPAWN_NAME ".etl"

#define LEAKER 4242u
#define NEIGHBOUR 99u
#define ALLOCATIONS 400u
#define BLOCK_BYTES 65536u
#define START_FILETIME UINT64_C(134000000000000000) /* 2025-08-18T14:13:20Z */
#define TICKS_PER_MS 10000u

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
  assert_null(cJSON_GetObjectItemCaseSensitive(document, "processes")); /* nobody was asked for */
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
  SAYS(result->out, "Trace of Windows 10.0 build 22631, 1 processors\n");
  SAYS(result->out, "  started    2025-10-08T21:02:45.447Z\n");
  SAYS(result->out, "  lasted     10 min 43 s\n");
  SAYS(result->out, "  events     82 in 7 buffers\n");
  SAYS(result->out, "  lost       41 events, 0 buffers\n");
  SAYS(result->out, "\nWarning: events lost while recording: 41 (");
  assert_null(strstr(result->out.text, "Process"));
}

/* LEAKER commits ALLOCATIONS blocks and gives back every fourth; a neighbour must not be counted with it. */
static memory_file written_trace(void)
{
  memory_file file = {0};
  etl_writer writer;
  const etl_writer_settings settings = {16384, 2, 20348, 0x02000001, START_FILETIME, "Test Session"};
  assert_true(etl_writer_open(&writer, &settings, memory_file_write, &file));
  for (uint32_t i = 0; i < ALLOCATIONS; i++) {
    uint64_t now = START_FILETIME + (uint64_t)i * TICKS_PER_MS;
    uint64_t address = UINT64_C(0x200000000) + (uint64_t)i * BLOCK_BYTES;
    etl_writer_memory block = {LEAKER, 7, address, BLOCK_BYTES, 0x3000, NULL, 0};
    etl_writer_memory other = {NEIGHBOUR, 8, address, 4096, 0x1000, NULL, 0};
    etl_writer_memory gone = {LEAKER, 7, address, BLOCK_BYTES, 0x8000, NULL, 0};
    assert_true(etl_writer_add_allocation(&writer, now, &block));
    assert_true(etl_writer_add_allocation(&writer, now, &other));
    assert_true(i % 4 != 0 || etl_writer_add_free(&writer, now, &gone));
  }
  assert_true(etl_writer_close(&writer, START_FILETIME + (uint64_t)ALLOCATIONS * TICKS_PER_MS, 0));
  return file;
}

static void test_json_of_one_process(void **state)
{
  (void)state;
  memory_file file = written_trace();
  spawn_file_write(FILE_NAME, file.bytes, file.size);
  memory_file_free(&file);
  const spawn_result *result = RUN(0, "report", "--pid", "4242", FILE_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(spawn_member(document, "trace"), "os_build") == 20348.0);
  assert_true(spawn_number(spawn_member(document, "trace"), "duration_s") == 0.4);
  const cJSON *processes = spawn_member(document, "processes");
  assert_int_equal(cJSON_GetArraySize(processes), 1);
  const cJSON *process = cJSON_GetArrayItem(processes, 0);
  assert_true(spawn_number(process, "pid") == LEAKER);
  assert_true(spawn_number(process, "commit_events") == ALLOCATIONS);
  assert_true(spawn_number(process, "committed_bytes") == (double)ALLOCATIONS * BLOCK_BYTES);
  assert_true(spawn_number(process, "free_events") == ALLOCATIONS / 4);
  assert_true(spawn_number(process, "freed_bytes") == (double)ALLOCATIONS / 4 * BLOCK_BYTES);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "warnings")), 0);
  cJSON_Delete(document);
  result = RUN(0, "report", FILE_NAME, "--pid", "4242");
  SAYS(result->out,
       "\nProcess 4242\n  committed  25.0 MB in 400 allocations\n  given back 6.25 MB in 100 releases\n");
  result = RUN(0, "report", FILE_NAME, "--pid", "4294967295");
  SAYS(result->out,
       "\nProcess 4294967295\n  no VirtualAlloc or VirtualFree event of this process is in the trace\n");
  spawn_file_remove(FILE_NAME);
}

/* A trace whose end is missing gives what could be read, and says so. */
static void test_cut_trace(void **state)
{
  (void)state;
  memory_file file = written_trace();
  spawn_file_write(FILE_NAME, file.bytes, file.size - 5000);
  const spawn_result *result = RUN(0, "report", FILE_NAME, "--pid", "4242", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(cJSON_IsTrue(spawn_member(spawn_member(document, "trace"), "truncated")));
  const cJSON *process = cJSON_GetArrayItem(spawn_member(document, "processes"), 0);
  assert_true(spawn_number(process, "commit_events") > 0.0);
  assert_int_equal(cJSON_GetArraySize(spawn_member(document, "warnings")), 1);
  cJSON_Delete(document);
  result = RUN(0, "report", FILE_NAME);
  SAYS(result->out, "Warning: buffers cut by the end of the file: 1 (");
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
  refused("", 0, "not an event trace");
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
  cJSON_free(plain);
  const spawn_input input = {(const char *)packed, size, NULL};
  const spawn_result *result = RUN_WITH(4, &input, "report", "-");
  SAYS(result->err, "give the file's name");
  /* Cut: what comes before that is told, and that it is not all. */
  spawn_file_write(FILE_NAME, packed, size - size / 4);
  result = RUN(0, "report", FILE_NAME);
  SAYS(result->out, "Trace of Windows 10.0 build 22631");
  SAYS(result->out, "Warning: the compressed file is damaged or cut at byte");
  spawn_file_remove(FILE_NAME);
  static const uint8_t nothing[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  refused(nothing, sizeof nothing, "not an event trace");
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
  };
  return cmocka_run_group_tests_name("service cli report", tests, NULL, NULL);
}
