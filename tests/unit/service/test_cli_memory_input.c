/* memory: growth between two dumps, a dump larger than memory, a running process, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#ifndef _WIN32
#include <sys/resource.h>
#endif

#include <uv.h>

#include "unit/service/dump_variant.h"
#include "unit/service/spawn.h"

#define FOLDER SEEP_FIXTURES "/dumps/"
#define NT_LARGE FOLDER "synth-x64-nt-large.dmp"
#define NT_32 FOLDER "synth-x86-nt.dmp"
#define FILE_NAME "service_cli_memory_input-" SPAWN_NAME ".dmp"
#define OLDER_NAME "service_cli_memory_input-older-" SPAWN_NAME ".dmp"
#define ABSENT_NAME "service_cli_memory_input-absent-" SPAWN_NAME ".dmp"

#define MEGABYTE (UINT64_C(1024) * 1024)
#define GIGABYTE (1024 * MEGABYTE)

/* ---- growth ---- */

#define BEFORE .pid = 4242, .created_s = 1763808000, .written_s = 1763811600
#define AFTER .pid = 4242, .created_s = 1763808000, .written_s = 1763818800

static void write_pair(const dump_variant *older, const dump_variant *newer)
{
  assert_true(dump_variant_write(OLDER_NAME, older));
  assert_true(dump_variant_write(FILE_NAME, newer));
}

static void remove_pair(void)
{
  spawn_file_remove(OLDER_NAME);
  spawn_file_remove(FILE_NAME);
}

static void test_private_data_grew(void **state)
{
  (void)state;
  const dump_variant older = {BEFORE}, newer = {AFTER, .more_private_bytes = 64 * MEGABYTE};
  write_pair(&older, &newer);
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *kind = spawn_member(document, "kind"), *growth = spawn_member(document, "growth");
  assert_string_equal(spawn_string(kind, "kind"), "Private Data");
  assert_true(spawn_number(kind, "confidence") > 0.3 && spawn_number(kind, "confidence") <= 1.0);
  assert_true(strlen(spawn_string(kind, "reason")) > 10);
  assert_true(spawn_number(growth, "private_bytes") == 67108864.0);
  const cJSON *rows = spawn_member(growth, "vmmap");
  assert_true(spawn_number(rows, "Private Data") == 67108864.0);
  assert_true(spawn_number(rows, "Heap") == 0.0);
  assert_string_equal(spawn_string(growth, "since"), OLDER_NAME);
  cJSON_Delete(document);
  result = RUN(0, "memory", "--since", OLDER_NAME, "--dump", FILE_NAME);
  /* The answer, then what it stands on, then the tables. */
  SAYS(result->out, "\n  runtimes   not known\n\nPrivate Data, ");
  SAYS(result->out, " percent sure: ");
  SAYS(result->out, "\n\nGrown since " OLDER_NAME " of 2025-11-22T11:40:00Z, 2 h before\n  committed, KB ");
  assert_true(strstr(result->out.text, " percent sure: ") < strstr(result->out.text, "\nVMMap's rows, KB "));
  assert_null(strstr(result->out.text, "\nTake "));
  SAYS(result->out, "  Private Data                      +65,536\n");
  assert_null(strstr(result->out.text, "One look tells"));
  remove_pair();
}

static void test_heap_grew(void **state)
{
  (void)state;
  const dump_variant older = {BEFORE, .without_large_blocks = true}, newer = {AFTER};
  write_pair(&older, &newer);
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *growth = spawn_member(document, "growth");
  assert_string_equal(spawn_string(spawn_member(document, "kind"), "kind"), "Heap");
  assert_true(spawn_number(spawn_member(growth, "vmmap"), "Heap") == (double)DUMP_VARIANT_LARGE_BLOCK_BYTES);
  assert_true(cJSON_IsTrue(spawn_member(growth, "large_blocks")));
  cJSON_Delete(document);
  remove_pair();
}

/* Too little growth, or none, is an answer too. */
static void test_nothing_grew(void **state)
{
  (void)state;
  const dump_variant older = {BEFORE}, newer = {AFTER, .more_private_bytes = 7 * MEGABYTE};
  write_pair(&older, &newer);
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME);
  SAYS(result->out, "\n  runtimes   not known\n\nundetermined: ");
  SAYS(result->out, "  Private Data                       +7,168\n");
  result = RUN(0, "memory", "--dump", OLDER_NAME, "--since", OLDER_NAME);
  SAYS(result->out, "\nundetermined: ");
  SAYS(result->out, "  Private Data                            0\n");
  remove_pair();
}

static bool has_item(const cJSON *list, const char *text)
{
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, list)
  {
    if (strcmp(item->valuestring, text) == 0) {
      return true;
    }
  }
  return false;
}

/* Zeros that look measured would say that nothing has grown. */
static void tells_no_growth(bool older_lacks)
{
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME);
  SAYS(result->out, "\n\nundetermined: ");
  SAYS(result->out, "  By how much is not known: the two looks cannot be compared.\n");
  assert_null(strstr(result->out.text, "grown by"));
  SAYS(result->out, "\nTake two dumps with procdump -ma, some growth apart, then: ");
  SAYS(result->out, older_lacks ? "  - the older dump: no list of regions: take it with procdump -ma\n"
                                : "  - no list of regions: take it with procdump -ma\n");
  result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *growth = spawn_member(document, "growth"), *lacks = spawn_member(document, "lacks");
  assert_true(cJSON_IsNull(spawn_member(growth, "private_bytes")));
  assert_true(cJSON_IsNull(spawn_member(growth, "large_blocks")));
  assert_true(cJSON_IsNull(spawn_member(growth, "vmmap")));
  assert_true(has_item(lacks, "the older dump: no list of regions: take it with procdump -ma") ==
              older_lacks);
  assert_true(has_item(lacks, "no list of regions: take it with procdump -ma") == !older_lacks);
  cJSON_Delete(document);
}

static void test_without_a_list_of_regions(void **state)
{
  (void)state;
  const dump_variant before = {BEFORE}, after = {AFTER, .more_private_bytes = 64 * MEGABYTE};
  const dump_variant poor_before = {BEFORE, .without_regions = true},
                     poor_after = {AFTER, .without_regions = true};
  write_pair(&poor_before, &after);
  tells_no_growth(true);
  write_pair(&before, &poor_after);
  tells_no_growth(false);
  remove_pair();
}

/* Whatever the older dump lacks is a reason to doubt, also when the verdict stands. */
static void test_lacks_of_the_older_dump(void **state)
{
  (void)state;
  const dump_variant before = {BEFORE, .without_threads = true}, after = {AFTER};
  write_pair(&before, &after);
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME);
  SAYS(result->out, "  - the older dump: no thread with its TEB: ");
  SAYS(result->out,
       "  - the older dump: Heap is a lower bound, and Private Data may hold heap memory: no PEB "
       "was found; a dump with all memory has it: take one with procdump -ma\n");
  remove_pair();
}

static void refuses_pair(const dump_variant *older, const dump_variant *newer, const char *why)
{
  write_pair(older, newer);
  const spawn_result *result = RUN(2, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME);
  SAYS(result->err, "seepwatch: memory: --since: ");
  SAYS(result->err, why);
  assert_int_equal(result->out.size, 0);
  remove_pair();
}

static void test_dumps_that_cannot_be_compared(void **state)
{
  (void)state;
  const dump_variant before = {BEFORE}, after = {AFTER}, unnamed = {.written_s = 1763818800};
  const dump_variant other = {.pid = 4243, .created_s = 1763808000, .written_s = 1763818800};
  const dump_variant reborn = {.pid = 4242, .created_s = 1763808001, .written_s = 1763818800};
  refuses_pair(&after, &before,
               "the older dump belongs here: 2025-11-22T13:40:00Z before, 2025-11-22T11:40:00Z now\n");
  refuses_pair(&before, &other,
               "the dumps are of two processes: process 4242 of 2025-11-22T10:40:00Z before, process 4243 of "
               "2025-11-22T10:40:00Z now\n");
  refuses_pair(&before, &reborn, "process 4242 of 2025-11-22T10:40:01Z now\n");
  const spawn_result *result = RUN(2, "memory", "--dump", NT_LARGE, "--since", NT_32);
  SAYS(result->err, "the dumps were not taken alike: a 32-bit view before, a 64-bit view now\n");
  /* Nobody can tell: said, and gone on. */
  write_pair(&before, &unnamed);
  result = RUN(0, "memory", "--dump", FILE_NAME, "--since", OLDER_NAME);
  SAYS(result->out, "  - whether both dumps are of one process: this dump has no PID and creation time");
  remove_pair();
}

/* ---- a dump that is larger than memory ---- */

#ifndef _WIN32
/* Peak of all programs run so far, in KB. */
static long children_peak_kb(void)
{
  struct rusage usage;
  assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
  return usage.ru_maxrss;
}
#endif

/* Some file systems write out every zero; that many would take minutes and fill the disk. */
static bool write_sparse(const char *path, const dump_variant *variant)
{
#ifdef _WIN32
  (void)path;
  (void)variant;
  print_message("skipped: a file written with gaps is not sparse on Windows without further ado\n");
  return false;
#else
  uv_fs_t request;
  const dump_variant probe = {.more_private_bytes = 64 * MEGABYTE, .more_is_in_file = true};
  assert_true(dump_variant_write(path, &probe));
  int found = uv_fs_stat(NULL, &request, path, NULL);
  const uint64_t stored = request.statbuf.st_blocks * 512;
  uv_fs_req_cleanup(&request);
  assert_int_equal(found, 0);
  if (stored > 32 * MEGABYTE) {
    print_message("skipped: this file system has no sparse files\n");
    spawn_file_remove(path);
    return false;
  }
  return dump_variant_write(path, variant);
#endif
}

static void test_20_gigabytes(void **state)
{
  (void)state;
#ifndef _WIN32
  RUN(0, "memory", "--dump", NT_LARGE, "--json");
  const long before_kb = children_peak_kb();
#endif
  const dump_variant variant = {.more_private_bytes = 20 * GIGABYTE, .more_is_in_file = true};
  if (!write_sparse(FILE_NAME, &variant)) {
    skip();
  }
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *rows = spawn_member(document, "vmmap");
  assert_true(spawn_number(spawn_member(rows, "Heap"), "committed_bytes") == 26669056.0);
  assert_true(spawn_number(spawn_member(rows, "Private Data"), "committed_bytes") ==
              3235840.0 + (double)(20 * GIGABYTE));
  assert_true(cJSON_IsTrue(spawn_member(document, "heap_inventory_complete")));
  assert_true(spawn_number(spawn_member(document, "facts"), "file_bytes") > (double)(20 * GIGABYTE));
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
#ifndef _WIN32
  const long peak_kb = children_peak_kb();
  print_message("peak of any run %ld KB, before the dump of 20 GB %ld KB\n", peak_kb, before_kb);
  assert_true(peak_kb - before_kb < 16 * 1024);
#endif
}

/* ---- what is no dump ---- */

static void test_files_that_are_none(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "memory", "--dump", ABSENT_NAME);
  SAYS(result->err, "seepwatch: memory: reading " ABSENT_NAME ": ");
  SAYS(result->err, " (2)\n");
  result = RUN(3, "memory", "--dump", NT_LARGE, "--since", ABSENT_NAME, "--json");
  SAYS(result->err, "reading " ABSENT_NAME ": ");
  assert_int_equal(result->out.size, 0);
  result = RUN(4, "memory", "--dump", SEEP_FIXTURES "/dumps");
  SAYS(result->err, ": a folder, not a file (invalid)\n");
  spawn_file_write(FILE_NAME, "", 0);
  result = RUN(4, "memory", "--dump", FILE_NAME);
  SAYS(result->err, "reading " FILE_NAME ": the file is empty (invalid)\n");
  spawn_file_write(FILE_NAME, "MDM", 3);
  result = RUN(4, "memory", "--dump", FILE_NAME);
  SAYS(result->err, " (corrupt at byte ");
  spawn_file_write(FILE_NAME, "PAGEDU64 and what a kernel dump goes on with", 44);
  result = RUN(4, "memory", "--dump", FILE_NAME);
  SAYS(result->err, "kernel");
  spawn_file_remove(FILE_NAME);
  RUN(4, "memory", "--dump", FOLDER "expected.json");
}

static void test_a_device(void **state)
{
  (void)state;
  if (!spawn_file_exists("/dev/null")) {
    skip();
  }
  const spawn_result *result = RUN(4, "memory", "--dump", "/dev/null");
  SAYS(result->err, ": not a plain file (invalid)\n");
}

static void test_denied(void **state)
{
  (void)state;
  uv_fs_t request;
  spawn_file_write(FILE_NAME, "MDMP", 4);
  (void)uv_fs_chmod(NULL, &request, FILE_NAME, 0, NULL);
  uv_fs_req_cleanup(&request);
  int file = uv_fs_open(NULL, &request, FILE_NAME, UV_FS_O_RDONLY, 0, NULL);
  uv_fs_req_cleanup(&request);
  if (file >= 0) {
    (void)uv_fs_close(NULL, &request, file, NULL);
    uv_fs_req_cleanup(&request);
    spawn_file_remove(FILE_NAME);
    print_message("skipped: nothing is denied to this user\n");
    skip();
  }
  const spawn_result *result = RUN(5, "memory", "--dump", FILE_NAME);
  SAYS(result->err, "reading " FILE_NAME ": ");
  spawn_file_remove(FILE_NAME);
}

static void test_full_disk(void **state)
{
  (void)state;
  const spawn_input input = {NULL, 0, "/dev/full"};
  if (!spawn_file_exists("/dev/full")) {
    skip();
  }
  RUN_WITH(6, &input, "memory", "--dump", NT_LARGE);
  RUN_WITH(6, &input, "memory", "--dump", NT_LARGE, "--json");
}

/* As a dump is while procdump still writes it; elsewhere than on Windows nobody can know. */
static void test_a_file_being_written(void **state)
{
  (void)state;
  uv_fs_t request;
  spawn_file_write(FILE_NAME, "MDMP", 4);
  int file = uv_fs_open(NULL, &request, FILE_NAME, UV_FS_O_RDWR, 0, NULL);
  uv_fs_req_cleanup(&request);
  assert_true(file >= 0);
#ifdef _WIN32
  const spawn_result *result = RUN(7, "memory", "--dump", FILE_NAME);
  SAYS(result->err, ": another program has it open for writing; wait until it is done (32)\n");
#else
  RUN(4, "memory", "--dump", FILE_NAME);
#endif
  (void)uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
  spawn_file_remove(FILE_NAME);
}

static void test_usage(void **state)
{
  (void)state;
  RUN(2, "memory");
  RUN(2, "memory", "--json");
  RUN(2, "memory", "--dump");
  RUN(2, "memory", "--dump", "");
  RUN(2, "memory", "--dump", "--json");
  RUN(2, "memory", "--dump", "a.dmp", "--dump", "b.dmp");
  RUN(2, "memory", "--since", "a.dmp");
  RUN(2, "memory", "--dump", "a.dmp", "--since");
  RUN(2, "memory", "--dump", "a.dmp", "--pid", "7");
  RUN(2, "memory", "--pid");
  RUN(2, "memory", "--pid", "0");
  RUN(2, "memory", "--pid", "4294967296");
  RUN(2, "memory", "--pid", "12x");
  RUN(2, "memory", "--unheard-of");
  const spawn_result *result = RUN(2, "memory", "a.dmp");
  SAYS(result->err,
       "seepwatch: memory: a.dmp: a dump is named with --dump; usage: seepwatch memory (--dump ");
  result = RUN(2, "memory", "--dump", "-");
  SAYS(result->err, "not the standard input");
  result = RUN(0, "help", "memory");
  SAYS(result->out, "usage: seepwatch memory (--dump FILE.dmp [--since OLDER.dmp] | --pid N) [--json]\n");
}

/* Arguments and paths are somebody else's words: nothing in them acts on a terminal, or begins a line. */
static void test_hostile_arguments(void **state)
{
  static const char hostile[] = "a\x1b[2J\nseepwatch: memory: all is well\xE2\x80\xAE.dmp";
  static const char harmless[] = "a\xEF\xBF\xBD[2J\xEF\xBF\xBDseepwatch: memory: all is well\xEF\xBF\xBD.dmp";
  (void)state;
  for (int i = 0; i < 3; i++) {
    const spawn_result *result = i == 0   ? RUN(2, "memory", hostile)
                                 : i == 1 ? RUN(2, "memory", "--dump", NT_LARGE, "--pid", hostile)
                                          : RUN(2, "event", "a.xml", hostile);
    assert_null(strpbrk(result->err.text, "\x1b\r\t"));
    assert_null(strstr(result->err.text, "\xE2\x80\xAE"));
    assert_ptr_equal(strchr(result->err.text, '\n'), result->err.text + result->err.size - 1);
  }
  const spawn_result *result = RUN(2, "memory", hostile);
  SAYS(result->err, harmless);
#ifndef _WIN32 /* no such name can be asked for there */
  result = RUN(3, "memory", "--dump", hostile);
  char wanted[256];
  snprintf(wanted, sizeof wanted, "seepwatch: memory: reading %s: ", harmless);
  SAYS(result->err, wanted);
  assert_ptr_equal(strchr(result->err.text, '\n'), result->err.text + result->err.size - 1);
#endif
}

static void test_a_running_process(void **state)
{
  (void)state;
#ifdef _WIN32
  char pid[24];
  snprintf(pid, sizeof pid, "%d", (int)uv_os_getpid());
  const spawn_result *result = RUN(0, "memory", "--pid", pid, "--json");
  cJSON *document = spawn_json(&result->out);
  assert_string_equal(spawn_string(document, "outcome"), "totals");
  const cJSON *facts = spawn_member(document, "facts");
  assert_true(spawn_number(facts, "pid") == (double)uv_os_getpid());
  assert_string_equal(spawn_string(facts, "image"), "test_service_cli_memory_input.exe");
  assert_int_equal(strlen(spawn_string(facts, "created")), strlen("2025-11-22T11:40:00.000Z"));
  assert_true(spawn_number(spawn_member(spawn_member(document, "by_type"), "MEM_PRIVATE"),
                           "committed_bytes") > 65536.0);
  cJSON_Delete(document);
  result = RUN(0, "memory", "--pid", pid);
  SAYS(result->out, "Private Data ");
  char subject[96];
  snprintf(subject, sizeof subject, "Process %s  test_service_cli_memory_input.exe, started 20", pid);
  SAYS(result->out, subject);
  result = RUN(3, "memory", "--pid", "4294967292");
  SAYS(result->err, "seepwatch: memory: looking at process 4294967292: no such process\n");
#else
  const spawn_result *result = RUN(2, "memory", "--pid", "1");
  SAYS(result->err, "seepwatch: memory: --pid: a running process can be looked at on Windows only; ");
  assert_int_equal(result->out.size, 0);
#endif
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_private_data_grew),
      cmocka_unit_test(test_heap_grew),
      cmocka_unit_test(test_nothing_grew),
      cmocka_unit_test(test_without_a_list_of_regions),
      cmocka_unit_test(test_lacks_of_the_older_dump),
      cmocka_unit_test(test_dumps_that_cannot_be_compared),
      cmocka_unit_test(test_20_gigabytes),
      cmocka_unit_test(test_files_that_are_none),
      cmocka_unit_test(test_a_device),
      cmocka_unit_test(test_denied),
      cmocka_unit_test(test_a_file_being_written),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_usage),
      cmocka_unit_test(test_hostile_arguments),
      cmocka_unit_test(test_a_running_process),
  };
  return cmocka_run_group_tests_name("service cli memory input", tests, NULL, NULL);
}
