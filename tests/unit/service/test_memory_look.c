/*
 * What a look at a live process says, and the advice for each cause of a lack. Such looks are made by hand,
 * as few of them can be had at will. The test runs itself as the program that prints one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "cli/cli.h"
#include "cli/memory_json.h"
#include "cli/memory_lacks.h"
#include "cli/memory_look.h"
#include "cli/memory_tables.h"
#include "unit/service/dump_variant.h"
#include "unit/service/spawn.h"

#define FILE_NAME "service_memory_look-" SPAWN_NAME ".dmp"

static seep_memory_look look;

/* ---- looks ---- */

/* A live process with one heap that was read, and nothing else that is missing. */
static void whole(void)
{
  memset(&look, 0, sizeof look);
  look.pid = 4242;
  look.inventory.regions_known = true;
  look.inventory.heaps_known = true;
  look.inventory.modules_known = true;
  look.inventory.commit_bytes = 1;
  look.inventory.pointer_bytes = 8;
  look.inventory.heaps = 1;
  look.detail.peb_count = 1;
  look.detail.pebs[0].number_of_heaps = 1;
  look.detail.pebs[0].maximum_number_of_heaps = 16;
  look.detail.heap_count = 1;
  look.detail.heaps[0] = (seep_heap){.address = 0x1e340000000,
                                     .pointer_bytes = 8,
                                     .listed = true,
                                     .form = SEEP_HEAP_NT,
                                     .layout = "Windows 8 and later",
                                     .complete = true};
}

static void broken(const char *problem, seep_heap_form form, const char *layout)
{
  whole();
  look.inventory.heaps_known = false;
  look.inventory.problem = problem;
  look.inventory.heaps_unread = 1;
  look.detail.heaps[0].complete = false;
  look.detail.heaps[0].problem = problem;
  look.detail.heaps[0].form = form;
  look.detail.heaps[0].layout = layout;
}

/* Of which everything is in the file. */
static void from_dump(void)
{
  look.path = "some.dmp";
  look.dump.region_list = look.dump.system_known = look.dump.process_known = look.dump.modules_known = true;
  look.dump.created_s = 1;
  look.dump.range_count = look.dump.teb_count = 1;
  look.dump.readable_bytes = look.dump.bytes_in_file = 4096;
}

static void says(const char *lack)
{
  look.lack_count = 0;
  seep_memory_lacks_collect(&look);
  for (size_t i = 0; i < look.lack_count; i++) {
    if (strcmp(look.lacks[i], lack) == 0) {
      return;
    }
  }
  for (size_t i = 0; i < look.lack_count; i++) {
    print_message("said: %s\n", look.lacks[i]);
  }
  fail_msg("not said: %s", lack);
}

#define BOUND "Heap is a lower bound, and Private Data may hold heap memory: "
#define WINDBG "WinDbg with Windows' symbols may tell what is in "

/* ---- advice ---- */

static void test_nothing_is_missing(void **state)
{
  (void)state;
  whole();
  seep_memory_lacks_collect(&look);
  assert_int_equal(look.lack_count, 0);
  from_dump();
  seep_memory_lacks_collect(&look);
  assert_int_equal(look.lack_count, 0);
}

static void test_denied(void **state)
{
  (void)state;
  broken("the memory of the process may not be read", SEEP_HEAP_UNREADABLE, "");
  look.failures.denied = true;
  says(BOUND
       "the memory of the process may not be read; run this from an elevated prompt, or take a dump with "
       "procdump -ma");
}

static void test_bytes_that_are_not_in_the_dump(void **state)
{
  (void)state;
  broken("its first page could not be read", SEEP_HEAP_UNREADABLE, "");
  from_dump();
  look.dump.bytes_in_file = 4095;
  says(BOUND "its first page could not be read; a dump with all memory has it: take one with procdump -ma");
}

/* Rights would change nothing, and neither would another dump. */
static void test_what_passes(void **state)
{
  (void)state;
  broken("the process ended while it was looked at", SEEP_HEAP_UNREADABLE, "");
  look.failures.gone = true;
  says(BOUND "the process ended while it was looked at; look again");
  broken("the time allowed for it has passed", SEEP_HEAP_NT, "Windows 7");
  look.failures.timed_out = true;
  says(BOUND "the time allowed for it has passed; look again");
  broken("as many reads as are allowed were used up", SEEP_HEAP_NT, "Windows 7");
  look.failures.used_up = true;
  says(BOUND "as many reads as are allowed were used up; look again");
  whole();
  look.inventory.heaps_known = false;
  look.inventory.problem = "the list of heaps is empty";
  says(BOUND "the list of heaps is empty; look again");
}

/* It may have been changing; if not, its address is what a debugger needs. */
static void test_broken_list(void **state)
{
  (void)state;
  broken("its list of segments is broken", SEEP_HEAP_NT, "Windows 8 and later");
  says(BOUND "its list of segments is broken; look again; should it stay so, " WINDBG
             "the heap at 0x1e340000000");
  from_dump();
  says(BOUND "its list of segments is broken; look at another dump of it; should it stay so, " WINDBG
             "the heap at 0x1e340000000");
}

static void test_heap_that_nobody_can_decode(void **state)
{
  static const seep_heap_form forms[] = {SEEP_HEAP_STRANGE, SEEP_HEAP_SIGNATURE_ONLY, SEEP_HEAP_SEGMENT};
  (void)state;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    broken("nobody knows it", forms[i], "");
    says(BOUND "nobody knows it; nobody here can decode the heap at 0x1e340000000, " WINDBG "it");
    from_dump();
    says(BOUND "nobody knows it; nobody here can decode the heap at 0x1e340000000, " WINDBG "it");
    look.dump.cut_short = true;
    says(BOUND "nobody knows it; nobody here can decode the heap at 0x1e340000000, " WINDBG
               "it; a dump with all memory has it: take one with procdump -ma");
  }
}

static void test_page_heap(void **state)
{
  (void)state;
  broken("page heap is on, each block has pages of its own", SEEP_HEAP_NT, "Windows 7");
  look.inventory.page_heap = true;
  says(BOUND
       "page heap is on, each block has pages of its own; switch page heap off for this program and look "
       "again");
}

/* Reserved addresses are nobody's memory. */
static void test_stacks_by_what_they_commit(void **state)
{
  (void)state;
  whole();
  look.inventory.usage.tags[SEEP_TAG_STACK_SHAPE] =
      (seep_usage_sum){.total_bytes = 1048576, .committed_bytes = 8192};
  says("8.00 KB are laid out like a stack or a shadow stack, but no listed thread claims them: they are "
       "counted "
       "as Stack");
}

/* ---- heaps that the PEB lists ---- */

static void test_number_of_heaps(void **state)
{
  uint32_t count = 7;
  (void)state;
  whole();
  assert_true(seep_memory_look_heaps(&look, &count));
  assert_int_equal(count, 1);
  look.detail.pebs[1] = look.detail.pebs[0];
  look.detail.pebs[1].number_of_heaps = 5;
  look.detail.peb_count = 2;
  assert_true(seep_memory_look_heaps(&look, &count));
  assert_int_equal(count, 6);
  look.detail.pebs[1].number_of_heaps = 17;
  assert_false(seep_memory_look_heaps(&look, &count));
  look.detail.pebs[1].number_of_heaps = look.detail.pebs[1].maximum_number_of_heaps = UINT32_MAX;
  assert_false(seep_memory_look_heaps(&look, &count));
  look.detail.peb_count = 0;
  assert_false(seep_memory_look_heaps(&look, &count));
}

/* ---- two looks ---- */

static void test_what_is_measured(void **state)
{
  static seep_memory_look older;
  static seep_memory_since since;
  (void)state;
  whole();
  older = look;
  look.inventory.usage.tags[SEEP_TAG_HEAP].committed_bytes = UINT64_C(64) << 20;
  seep_memory_look_compare(&older, &look, &since);
  assert_true(since.is_measured);
  assert_true(since.verdict.rows_grown_bytes[SEEP_USAGE_ROW_HEAP] == INT64_C(64) << 20);
  older.inventory.regions_known = false;
  seep_memory_look_compare(&older, &look, &since);
  assert_false(since.is_measured);
  older.inventory.regions_known = true;
  look.inventory.regions_cut = true;
  seep_memory_look_compare(&older, &look, &since);
  assert_false(since.is_measured);
  /* More than any address space holds is compared with nothing. */
  look.inventory.regions_cut = false;
  look.inventory.usage.tags[SEEP_TAG_HEAP].committed_bytes = UINT64_MAX;
  seep_memory_look_compare(&older, &look, &since);
  assert_false(since.is_measured);
}

/* ---- a dump that is lost ---- */

static void test_loss_names_the_file(void **state)
{
  (void)state;
  const dump_variant variant = {.written_s = 1};
  assert_true(dump_variant_write(FILE_NAME, &variant));
  assert_int_equal(seep_memory_look_at_dump(&look, FILE_NAME), SEEP_EXIT_DONE);
  assert_ptr_equal(look.mapping.loss_message, look.loss);
  assert_int_equal(look.mapping.loss_exit_code, SEEP_EXIT_FAILED);
  assert_string_equal(look.loss, "seepwatch: memory: reading " FILE_NAME
                                 ": the file was cut off while it was read, or its disk failed\n");
  seep_memory_look_close(&look);
  spawn_file_remove(FILE_NAME);
}

/* ---- what is printed ---- */

/* Of a live process, known or not, with a segment heap that counts 8 KB, and 100 KB in large blocks. */
static int run_program(const char *what)
{
  whole();
  look.detail.heaps[0].form = SEEP_HEAP_SEGMENT;
  look.detail.heaps[0].layout = "17763";
  look.detail.heaps[0].counters_known = true;
  look.detail.heaps[0].counted_committed_bytes = 8192;
  look.detail.heaps[0].counted_large_committed_bytes = 102400;
  if (strncmp(what, "known", 5) == 0) {
    look.created = (seep_wall){1763808000000};
    look.inventory.threads = 12;
    snprintf(look.image, sizeof look.image, "%s", "app\n\x1b[2J.exe");
    look.inventory.usage.tags[SEEP_TAG_MAPPED].private_bytes = 4096;
    look.inventory.usage.tags[SEEP_TAG_MAPPED].private_bytes_unknown = true;
  }
  if (strstr(what, "json") != NULL) {
    return seep_memory_json(&look, NULL) ? 0 : 1;
  }
  seep_memory_tables(&look, NULL);
  return 0;
}

static void test_subject_of_a_live_process(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "print", "known");
  SAYS(result->out, "Process 4242  app\xEF\xBF\xBD\xEF\xBF\xBD[2J.exe, started 2025-11-22T10:40:00Z\n"
                    "  threads    12\n");
  SAYS(result->out, "  0x1e340000000        64  segment heap, 17763                       0        0"
                    "              0              8\n");
  result = RUN(0, "print", "unknown");
  SAYS(result->out, "Process 4242  name not known, started not known\n"
                    "  threads    not known\n");
  SAYS(result->out, "\nPrivate memory: none is known\n");
  /* There is no dump to compare with. */
  SAYS(result->out, "\nTake two dumps with procdump -ma, some growth apart, then: ");
}

static void test_facts_of_a_live_process(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "print", "known-json");
  cJSON *document = spawn_json(&result->out);
  const cJSON *facts = spawn_member(document, "facts");
  assert_true(spawn_number(facts, "pid") == 4242.0);
  assert_string_equal(spawn_string(facts, "created"), "2025-11-22T10:40:00.000Z");
  assert_string_equal(spawn_string(facts, "image"), "app\n\x1b[2J.exe"); /* JSON has its own way to be safe */
  assert_true(spawn_number(facts, "threads") == 12.0);
  const cJSON *row = spawn_member(spawn_member(document, "vmmap"), "Mapped File + Shareable");
  assert_true(cJSON_IsNull(spawn_member(row, "private_bytes")));
  assert_true(spawn_number(row, "private_bytes_at_least") == 4096.0);
  cJSON_Delete(document);
  result = RUN(0, "print", "unknown-json");
  document = spawn_json(&result->out);
  facts = spawn_member(document, "facts");
  assert_true(cJSON_IsNull(spawn_member(facts, "created")));
  assert_true(cJSON_IsNull(spawn_member(facts, "image")));
  assert_true(cJSON_IsNull(spawn_member(facts, "threads")));
  assert_true(cJSON_IsNull(spawn_member(document, "heap_problem")));
  cJSON_Delete(document);
}

int main(int argc, char **argv)
{
  if (argc == 3 && strcmp(argv[1], "print") == 0) {
    return run_program(argv[2]);
  }
  if (!spawn_program(argc, argv)) {
    return 2;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_is_missing),
      cmocka_unit_test(test_denied),
      cmocka_unit_test(test_bytes_that_are_not_in_the_dump),
      cmocka_unit_test(test_what_passes),
      cmocka_unit_test(test_broken_list),
      cmocka_unit_test(test_heap_that_nobody_can_decode),
      cmocka_unit_test(test_page_heap),
      cmocka_unit_test(test_stacks_by_what_they_commit),
      cmocka_unit_test(test_number_of_heaps),
      cmocka_unit_test(test_what_is_measured),
      cmocka_unit_test(test_loss_names_the_file),
      cmocka_unit_test(test_subject_of_a_live_process),
      cmocka_unit_test(test_facts_of_a_live_process),
  };
  return cmocka_run_group_tests_name("service memory look", tests, NULL, NULL);
}
