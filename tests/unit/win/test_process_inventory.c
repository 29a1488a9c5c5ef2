/* A live process's memory from end to end: what the leaker does with its heaps and its pages is found in the
 * inventory's rows. Its heaps are NT-shaped by its own hand, so this proves how the parts work together, not
 * what Windows's heaps look like. Argument: leaker.exe. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include "memory/inventory.h"
#include "on_wine.h"
#include "win/win_process_memory.h"
#include "win/win_wide.h"

#define MB ((uint64_t)1048576)
#define LOOK_MS 20000
#define COMMAND_UNITS 2048

static seep_process_memory memory;
static wchar_t *leaker;

static PROCESS_INFORMATION start_leaker(const wchar_t *options)
{
  STARTUPINFOW start = {0};
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  PROCESS_INFORMATION process = {0};
  HANDLE output;
  DWORD read = 0;
  char line[64];
  wchar_t command[COMMAND_UNITS];
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  assert_true(_snwprintf(command, COMMAND_UNITS, L"leaker %ls --mb-per-minute 600 --seconds 60", options) >
              0);
  assert_true(CreatePipe(&output, &start.hStdOutput, &inherit, 0));
  assert_true(SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0));
  assert_true(CreateProcessW(leaker, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process));
  CloseHandle(start.hStdOutput);
  /* With its first line everything is laid out. */
  assert_true(ReadFile(output, line, sizeof line, &read, NULL));
  assert_true(read > 0);
  CloseHandle(output);
  return process;
}

static void end_leaker(PROCESS_INFORMATION *process)
{
  assert_true(TerminateProcess(process->hProcess, 0));
  assert_int_equal(WaitForSingleObject(process->hProcess, 20000), WAIT_OBJECT_0);
  CloseHandle(process->hThread);
  CloseHandle(process->hProcess);
}

static void look(const PROCESS_INFORMATION *process, seep_inventory *inventory, seep_inventory_detail *detail)
{
  static const seep_inventory_limits limits = {200000, 200000};
  seep_process_key key = {process->dwProcessId, 0};
  seep_target target;
  assert_int_equal(memory.open(memory.context, key, LOOK_MS, &target, NULL), SEEP_OK);
  assert_int_equal(seep_inventory_take(&target, &limits, inventory, detail, NULL), SEEP_OK);
  memory.close(memory.context, &target);
}

static uint64_t committed(const seep_inventory *inventory, seep_usage_row row)
{
  seep_usage_sum sum;
  seep_usage_row_sum(&inventory->usage, row, &sum);
  return sum.committed_bytes;
}

/* Three seconds at 10 MB a second; between two looks one row grows by most of it and the other stays. */
static void one_row_grows(const wchar_t *options, seep_usage_row grows, seep_usage_row stays, bool large)
{
  static seep_inventory_detail detail;
  seep_inventory before, after;
  PROCESS_INFORMATION process = start_leaker(options);
  look(&process, &before, NULL);
  Sleep(3000);
  look(&process, &after, &detail);
  end_leaker(&process);
  for (size_t i = 0; i < detail.heap_count; i++) {
    const seep_heap *heap = &detail.heaps[i];
    assert_int_equal(heap->form, SEEP_HEAP_NT);
    assert_true(heap->complete);
  }
  assert_int_equal(detail.heap_count, 2);
  assert_true(detail.heaps[0].front_end != 0);
  assert_true(before.heaps_known && after.heaps_known);
  assert_null(after.problem);
  assert_int_equal(after.heaps, 2);
  assert_true(committed(&after, grows) > committed(&before, grows) + 15 * MB);
  assert_true(committed(&after, stays) < committed(&before, stays) + 1 * MB);
  assert_true((detail.heaps[0].large_blocks > 10) == large);
  assert_true(detail.heaps[0].segments > (grows == SEEP_USAGE_ROW_HEAP && !large ? 3u : 0u));
}

/* The leaker lays out heaps by itself on Wine alone; Windows has its own in the places that it would need. */
static void skip_unless_on_wine(void)
{
  if (!on_wine()) {
    print_message("skipped: the leaker's own heaps can be laid out on Wine only\n");
    skip();
  }
}

static void small_blocks_make_the_heap_grow(void **state)
{
  (void)state;
  skip_unless_on_wine();
  one_row_grows(L"--kind nt-heap", SEEP_USAGE_ROW_HEAP, SEEP_USAGE_ROW_PRIVATE, false);
}

static void large_blocks_make_the_heap_grow(void **state)
{
  (void)state;
  skip_unless_on_wine();
  one_row_grows(L"--kind nt-heap --block-kb 2048", SEEP_USAGE_ROW_HEAP, SEEP_USAGE_ROW_PRIVATE, true);
}

static void virtual_memory_is_private_data(void **state)
{
  (void)state;
  skip_unless_on_wine();
  one_row_grows(L"--kind virtualalloc --nt-heap", SEEP_USAGE_ROW_PRIVATE, SEEP_USAGE_ROW_HEAP, false);
}

/* Wine's own heap cannot be read, and that is said. What becomes of Windows's is told, but nobody has seen it
 * yet, so it is not required. */
static void heaps_are_known_or_the_reason_is(void **state)
{
  seep_inventory inventory;
  (void)state;
  PROCESS_INFORMATION process = start_leaker(L"--kind heap");
  Sleep(1000);
  look(&process, &inventory, NULL);
  end_leaker(&process);
  assert_true(inventory.regions_known);
  assert_int_equal(inventory.pointer_bytes, 8);
  assert_true(inventory.threads > 0);
  assert_true(inventory.heaps_known == (inventory.problem == NULL));
  if (!on_wine()) {
    print_message("skipped: whether heaps of this Windows can be read was never tried before; now: %u heaps, "
                  "%s\n",
                  (unsigned)inventory.heaps, inventory.problem != NULL ? inventory.problem : "all known");
    skip();
  }
  assert_false(inventory.heaps_known);
}

static int setup(void **state)
{
  (void)state;
  return seep_win_process_memory_new(&memory, NULL) == SEEP_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  seep_win_process_memory_free(&memory);
  free(leaker);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_blocks_make_the_heap_grow),
      cmocka_unit_test(large_blocks_make_the_heap_grow),
      cmocka_unit_test(virtual_memory_is_private_data),
      cmocka_unit_test(heaps_are_known_or_the_reason_is),
  };
  leaker = argc == 2 ? seep_win_wide_from_utf8(argv[1]) : NULL;
  if (leaker == NULL) {
    return 2;
  }
  return cmocka_run_group_tests(tests, setup, teardown);
}
