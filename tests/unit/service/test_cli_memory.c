/* memory --dump FILE: every figure of tests/fixtures/dumps/expected.json in the JSON, and the tables as
 * people know them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "unit/service/dump_variant.h"
#include "unit/service/spawn.h"

#define FOLDER SEEP_FIXTURES "/dumps/"
#define NT_LARGE FOLDER "synth-x64-nt-large.dmp"
#define NT_32 FOLDER "synth-x86-nt.dmp"
#define FILE_NAME "service_cli_memory-" SPAWN_NAME ".dmp"

#define UNPACKED_MAXIMUM_BYTES ((size_t)64 * 1024 * 1024)

/* ---- expected.json, key by key ---- */

static void same(const cJSON *wanted, const cJSON *got, const char *where);

static void same_members(const cJSON *wanted, const cJSON *got, const char *where)
{
  for (const cJSON *item = wanted->child; item != NULL; item = item->next) {
    char place[256];
    snprintf(place, sizeof place, "%s.%s", where, item->string);
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(got, item->string);
    if (other == NULL) {
      fail_msg("%s is not there", place);
    }
    same(item, other, place);
  }
}

static void same_items(const cJSON *wanted, const cJSON *got, const char *where)
{
  const int count = cJSON_GetArraySize(wanted);
  if (cJSON_GetArraySize(got) != count) {
    fail_msg("%s has %d items, not %d", where, cJSON_GetArraySize(got), count);
  }
  for (int i = 0; i < count; i++) {
    char place[256];
    snprintf(place, sizeof place, "%s[%d]", where, i);
    same(cJSON_GetArrayItem(wanted, i), cJSON_GetArrayItem(got, i), place);
  }
}

/* got may say more than is wanted. */
static void same(const cJSON *wanted, const cJSON *got, const char *where)
{
  if (wanted->type != got->type) {
    fail_msg("%s is of another type", where);
  }
  if (cJSON_IsObject(wanted)) {
    same_members(wanted, got, where);
  } else if (cJSON_IsArray(wanted)) {
    same_items(wanted, got, where);
  } else if (cJSON_IsString(wanted) && strcmp(wanted->valuestring, got->valuestring) != 0) {
    fail_msg("%s is %s, not %s", where, got->valuestring, wanted->valuestring);
  } else if (cJSON_IsNumber(wanted) && wanted->valuedouble != got->valuedouble) {
    fail_msg("%s is %.0f, not %.0f", where, got->valuedouble, wanted->valuedouble);
  }
}

/* Rows that the expectation does not name have nothing in them. */
static void no_other_rows(const cJSON *wanted, const cJSON *got, const char *where)
{
  for (const cJSON *row = got->child; row != NULL; row = row->next) {
    if (cJSON_GetObjectItemCaseSensitive(wanted, row->string) == NULL &&
        spawn_number(row, "total_bytes") != 0.0) {
      fail_msg("%s.%s is not empty", where, row->string);
    }
  }
}

static void check_document(const cJSON *wanted, const cJSON *got, const char *name)
{
  static const char *const keys[] = {
      "outcome",       "facts", "heaps",   "front_ends", "heap_inventory_complete",
      "address_usage", "free",  "by_type", "vmmap"};
  assert_true(spawn_number(got, "format") == 1.0);
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const cJSON *part = cJSON_GetObjectItemCaseSensitive(wanted, keys[i]);
    char place[160];
    snprintf(place, sizeof place, "%s: %s", name, keys[i]);
    if (part != NULL) {
      same(part, spawn_member(got, keys[i]), place);
    }
    if (part != NULL && (strcmp(keys[i], "address_usage") == 0 || strcmp(keys[i], "vmmap") == 0)) {
      no_other_rows(part, spawn_member(got, keys[i]), place);
    }
  }
  /* One look decides nothing. */
  const cJSON *kind = spawn_member(got, "kind");
  assert_string_equal(spawn_string(kind, "kind"), "undetermined");
  assert_true(spawn_number(kind, "confidence") == 0.0);
  assert_non_null(strstr(spawn_string(kind, "reason"), "--since"));
  /* Why heaps are not known is said exactly when they are not. */
  const cJSON *problem = spawn_member(got, "heap_problem");
  assert_true(cJSON_IsTrue(spawn_member(got, "heap_inventory_complete")) ? cJSON_IsNull(problem)
                                                                         : cJSON_IsString(problem));
}

static void unpack(const char *from, const char *to)
{
  char *bytes = malloc(UNPACKED_MAXIMUM_BYTES);
  gzFile file = gzopen(from, "rb");
  assert_non_null(bytes);
  assert_non_null(file);
  int size = gzread(file, bytes, (unsigned)UNPACKED_MAXIMUM_BYTES);
  assert_int_equal(gzclose(file), Z_OK);
  assert_in_range(size, 1, UNPACKED_MAXIMUM_BYTES - 1);
  spawn_file_write(to, bytes, (size_t)size);
  free(bytes);
}

static void check_malformed(const char *path)
{
  const spawn_result *result = RUN(4, "memory", "--dump", path);
  char prefix[512];
  snprintf(prefix, sizeof prefix, "seepwatch: memory: reading %s: ", path);
  SAYS(result->err, prefix);
  SAYS(result->err, " (corrupt at byte ");
  assert_int_equal(result->out.size, 0);
  result = RUN(4, "memory", "--dump", path, "--json");
  SAYS(result->err, " (corrupt at byte ");
  assert_int_equal(result->out.size, 0);
}

static void check_dump(const cJSON *wanted)
{
  char path[512];
  const char *name = wanted->string;
  const bool packed = strcmp(name + strlen(name) - 3, ".gz") == 0;
  snprintf(path, sizeof path, "%s%s", FOLDER, name);
  if (packed) {
    unpack(path, FILE_NAME);
    snprintf(path, sizeof path, "%s", FILE_NAME);
  }
  if (strcmp(spawn_string(wanted, "outcome"), "malformed") == 0) {
    check_malformed(path);
  } else {
    const spawn_result *result = RUN(0, "memory", "--dump", path, "--json");
    cJSON *document = spawn_json(&result->out);
    check_document(wanted, document, name);
    cJSON_Delete(document);
    result = RUN(0, "memory", "--dump", path);
    SAYS(result->out, "One look tells what there is, not what grows.");
  }
  if (packed) {
    spawn_file_remove(path);
  }
}

static void test_every_dump(void **state)
{
  (void)state;
  size_t size = 0, dumps = 0;
  char *text = spawn_file_read(FOLDER "expected.json", &size);
  cJSON *document = cJSON_Parse(text);
  assert_non_null(document);
  const cJSON *list = spawn_member(document, "dumps");
  for (const cJSON *wanted = list->child; wanted != NULL; wanted = wanted->next) {
    check_dump(wanted);
    dumps++;
  }
  assert_in_range(dumps, 19, 1000);
  cJSON_Delete(document);
  free(text);
}

/* ---- text ---- */

static void test_summary_as_windbg_prints_it(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", NT_LARGE);
  SAYS(result->out,
       "\n--- Usage Summary ---------------- RgnCount ----------- Total Size -------- %ofBusy %ofTotal\n"
       "Free                                     16     7fff`fd0bf000 ( 128.000 TB)          100.00%\n"
       "Heap                                     24        0`01b60000 (  27.375 MB)  58.09%    0.00%\n"
       "<unknown>                                 5        0`010c0000 (  16.750 MB)  35.54%    0.00%\n"
       "TEB                                       3        0`00200000 (   2.000 MB)   4.24%    0.00%\n"
       "Stack                                     3        0`00100000 (   1.000 MB)   2.12%    0.00%\n"
       "Image                                     1        0`00001000 (   4.000 kB)   0.01%    0.00%\n"
       "\n--- Type Summary (for busy) ------ RgnCount ----------- Total Size -------- %ofBusy %ofTotal\n"
       "MEM_PRIVATE                              35        0`02f20000 (  47.125 MB)  99.99%    0.00%\n"
       "MEM_IMAGE                                 1        0`00001000 (   4.000 kB)   0.01%    0.00%\n"
       "\n--- State Summary ---------------- RgnCount ----------- Total Size -------- %ofBusy %ofTotal\n"
       "MEM_FREE                                 16     7fff`fd0bf000 ( 128.000 TB)          100.00%\n"
       "MEM_COMMIT                               18        0`01c96000 (  28.586 MB)  60.65%    0.00%\n"
       "MEM_RESERVE                              18        0`0128b000 (  18.543 MB)  39.35%    0.00%\n"
       "\n--- Protect Summary (for commit) - RgnCount ----------- Total Size -------- %ofBusy %ofTotal\n"
       "PAGE_READWRITE                           17        0`01c93000 (  28.574 MB)  60.63%    0.00%\n"
       "PAGE_READWRITE|PAGE_GUARD                 1        0`00003000 (  12.000 kB)   0.02%    0.00%\n"
       "\n--- Largest Region by Usage ----------- Base Address -------- Region Size ----------\n"
       "<unknown>                               1e3`49250000        0`00db0000 (  13.688 MB)\n"
       "Heap                                    1e3`43006000        0`00401000 (   4.004 MB)\n"
       "TEB                                      5a`77008000        0`001f8000 (   1.969 MB)\n"
       "Stack                                    5a`77400000        0`000f0000 ( 960.000 kB)\n"
       "Image                                    5a`77800000        0`00001000 (   4.000 kB)\n");
}

/* A 32-bit process has no backticks. */
static void test_summary_of_32_bits(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", NT_32);
  SAYS(result->out,
       "Heap                                     17            cc9000 (  12.785 MB)  61.50%    0.62%\n");
  SAYS(result->out, "  view       32-bit\n");
}

static void test_vmmaps_rows(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", NT_LARGE);
  SAYS(result->out,
       "VMMap's rows, KB                committed           private             total  regions allocations\n"
       "Image                                   4                 ?                 4        1           1\n"
       "Mapped File + Shareable                 0                 0                 0        0           0\n"
       "Heap                               26,044            26,044            28,032       24          10\n"
       "Heap (unproven)                         0                 0                 0        0           0\n"
       "Managed Heap                            0                 0                 0        0           0\n"
       "Stack                                  64                64             1,024        3           1\n"
       "Private Data                        3,160             3,160            19,200        8           5\n"
       "Total                              29,272           29,268+            48,260       36          17\n"
       "Free                                                          137,438,905,084       16\n");
}

/* What was asked for comes right behind what it is about. */
static void test_answer_first(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", NT_LARGE);
  SAYS(result->out, "\n  runtimes   not known\n"
                    "\nPrivate memory: Heap 26,044 KB (89 percent), Private Data 3,160 KB (11 percent)\n"
                    "One look tells what there is, not what grows.\n"
                    "\nVMMap's rows, KB ");
  SAYS(result->out, "\nTake a second dump when the process has grown, then: seepwatch memory --dump NEWER "
                    "--since THIS\n");
  result = RUN(0, "memory", "--dump", FOLDER "real-win11-22000-x64-crashpad-meminfo.dmp");
  SAYS(result->out, "\nPrivate memory: Private Data 1,004 KB (79 percent), Heap 208 KB (16 percent), Stack "
                    "52 KB (4 percent); not every heap could be read\n");
  result = RUN(0, "memory", "--dump", FOLDER "real-win10-17763-x86-normal.dmp");
  SAYS(result->out, "\nPrivate memory: not known, as there is no list of regions\n");
}

/* A dump that lacks something is no older one to compare with: two others are needed. */
static void test_advice_of_what_can_be_compared(void **state)
{
  static const char *const names[] = {"real-win11-22000-x64-crashpad-meminfo.dmp",
                                      "real-win10-14393-x64-electron-pebteb.dmp",
                                      "real-win10-17763-x86-normal.dmp"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s%s", FOLDER, names[i]);
    const spawn_result *result = RUN(0, "memory", "--dump", path);
    SAYS(result->out, "\nTake two dumps with procdump -ma, some growth apart, then: ");
    assert_null(strstr(result->out.text, "--since THIS"));
  }
}

/* How many there are is what the PEB says; how many could be read is another thing. */
static void test_heaps_that_are_not_all_known(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", FOLDER "real-win10-14393-x64-electron-pebteb.dmp");
  SAYS(result->out, "\nHeaps: 4 by the PEB, 0 read\n  not all known: there is no list of regions\n");
  result = RUN(0, "memory", "--dump", FOLDER "real-win10-14393-x64-electron-pebteb.dmp", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "heap_count") == 4.0);
  assert_true(spawn_number(document, "heaps_read") == 0.0);
  assert_string_equal(spawn_string(document, "heap_problem"), "there is no list of regions");
  cJSON_Delete(document);
  /* With regions, but without a thread that leads to the PEB. */
  const dump_variant variant = {.without_threads = true};
  assert_true(dump_variant_write(FILE_NAME, &variant));
  result = RUN(0, "memory", "--dump", FILE_NAME);
  SAYS(result->out, "\nHeaps: not known\n  not all known: no PEB was found\n");
  SAYS(result->out, "\n  threads    not known, modules 0\n");
  assert_null(strstr(result->out.text, "all read to their end"));
  result = RUN(0, "memory", "--dump", FILE_NAME, "--json");
  document = spawn_json(&result->out);
  assert_true(cJSON_IsNull(spawn_member(document, "heap_count")));
  assert_string_equal(spawn_string(document, "heap_problem"), "no PEB was found");
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
}

/* A bound is told as one, and is no measurement. */
static void test_lower_bounds_in_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", NT_LARGE, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *image = spawn_member(spawn_member(document, "vmmap"), "Image");
  const cJSON *heap = spawn_member(spawn_member(document, "vmmap"), "Heap");
  assert_true(cJSON_IsNull(spawn_member(image, "private_bytes")));
  assert_true(spawn_number(image, "private_bytes_at_least") == 0.0);
  assert_true(spawn_number(heap, "private_bytes") == 26669056.0);
  assert_null(cJSON_GetObjectItemCaseSensitive(heap, "private_bytes_at_least"));
  cJSON_Delete(document);
}

static void test_heaps(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", NT_LARGE);
  SAYS(result->out, "\nHeaps: 2, all read to their end\n");
  SAYS(result->out, "  0x1e340000000      ");
  SAYS(result->out, "NT heap, Windows 8 and later              2        6         24,600         25,828"
                    "  0x1e347100000\n");
  SAYS(result->out, "NT heap, Windows 8 and later              1        0              0            208\n");
  result = RUN(0, "memory", "--dump", FOLDER "synth-x64-seg19041.dmp");
  /* MemStats alone: whether what it counts as large is in there is not known. */
  SAYS(result->out, "segment heap, 18362..19045                3        3         24,588          4,732\n");
}

/* What is missing has its consequence and its cure. */
static void test_lacks(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "memory", "--dump", FOLDER "real-win11-22000-x64-crashpad-meminfo.dmp");
  SAYS(result->out, "\nMissing\n");
  SAYS(result->out, "  - Heap is a lower bound, and Private Data may hold heap memory: ");
  SAYS(result->out, "procdump -ma\n");
  SAYS(result->out, "8.00 KB are laid out like a stack or a shadow stack, but no listed thread claims them");
  SAYS(result->out, "\nHeaps: 3 by the PEB, 0 read\n  not all known: the list of heaps could not be read\n");
  SAYS(result->out, "    not complete: ");
  result = RUN(0, "memory", "--dump", FOLDER "real-win10-17763-x86-normal.dmp");
  SAYS(result->out, "\nNo tables: without a list of its regions ");
  SAYS(result->out, "\nHeaps: not known\n  not all known: there is no list of regions\n");
  result = RUN(0, "memory", "--dump", FOLDER "real-win10-17763-x86-normal.dmp", "--json");
  cJSON *document = spawn_json(&result->out);
  assert_in_range(cJSON_GetArraySize(spawn_member(document, "lacks")), 1, 20);
  assert_null(cJSON_GetObjectItemCaseSensitive(document, "vmmap"));
  cJSON_Delete(document);
}

static void test_what_the_dump_is(void **state)
{
  (void)state;
  const dump_variant variant = {.pid = 4242, .created_s = 1763808000, .written_s = 1763811600};
  assert_true(dump_variant_write(FILE_NAME, &variant));
  const spawn_result *result = RUN(0, "memory", "--dump", FILE_NAME);
  SAYS(result->out, "Dump " FILE_NAME "\n"
                    "  process    PID 4242, started 2025-11-22T10:40:00Z\n"
                    "  system     Windows 10.0 build 22631, x64\n"
                    "  written    2025-11-22T11:40:00Z, 54.9 KB\n"
                    "  contents   52.0 KB of memory in 11 ranges\n"
                    "  threads    1, modules 0\n"
                    "  view       64-bit\n");
  result = RUN(0, "memory", "--dump", FILE_NAME, "--json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *facts = spawn_member(document, "facts");
  assert_string_equal(spawn_string(facts, "file"), FILE_NAME);
  assert_true(spawn_number(facts, "pid") == 4242.0);
  assert_string_equal(spawn_string(facts, "created"), "2025-11-22T10:40:00.000Z");
  assert_string_equal(spawn_string(facts, "written"), "2025-11-22T11:40:00.000Z");
  cJSON_Delete(document);
  spawn_file_remove(FILE_NAME);
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_dump),
      cmocka_unit_test(test_summary_as_windbg_prints_it),
      cmocka_unit_test(test_summary_of_32_bits),
      cmocka_unit_test(test_vmmaps_rows),
      cmocka_unit_test(test_answer_first),
      cmocka_unit_test(test_advice_of_what_can_be_compared),
      cmocka_unit_test(test_heaps_that_are_not_all_known),
      cmocka_unit_test(test_lower_bounds_in_json),
      cmocka_unit_test(test_heaps),
      cmocka_unit_test(test_lacks),
      cmocka_unit_test(test_what_the_dump_is),
  };
  return cmocka_run_group_tests_name("service cli memory", tests, NULL, NULL);
}
