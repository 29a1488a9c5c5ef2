/* A process's memory is seen from outside as it is, in this process and in children of it. What may not be
 * seen, or is no longer there, is test_process_rights.c's. Argument: a DLL whose copy plays coreclr.dll. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

#include "memory_child.h"
#include "on_wine.h"
#include "win/win_late.h"
#include "win/win_process_memory.h"
#include "win/win_wide.h"

#define LONG_MS 60000
#define LONG_FOLDER L"test-win-process-memory-" FIFTY FIFTY
#define FIFTY L"01234567890123456789012345678901234567890123456789"
#define LONG_NAME L"test-win-long.exe"
#define FOREIGN_NAME L"test-win-\u00E4\u20AC.exe"
#define LONG_DEPTH 3u
#define PATH_UNITS 1024u
#define REMEMBERED 64u
#define RUNTIME_COPY L"test-win-process-memory-coreclr\\coreclr.dll"
#define RUNTIME_FOLDER L"test-win-process-memory-coreclr"

static seep_process_memory memory;
static const char *runtime_dll;

static uint64_t number(const void *pointer)
{
  return (uint64_t)(uintptr_t)pointer;
}

static seep_process_key key_of(const memory_truth *of)
{
  seep_process_key key = {of->pid, of->created};
  return key;
}

static seep_status try_open(seep_process_key key, seep_target *target)
{
  seep_error error = {0};
  return memory.open(memory.context, key, LONG_MS, target, &error);
}

static void look_at_region(const seep_target *target, uint64_t base, size_t pages, uint32_t state,
                           uint32_t protect, uint64_t allocation_base)
{
  seep_region region;
  assert_int_equal(target->region(target->context, base, &region, NULL), SEEP_OK);
  assert_true(region.base == base);
  assert_true(region.size_bytes == pages * PAGE);
  assert_true(region.allocation_base == allocation_base);
  assert_int_equal(region.allocation_protect, PAGE_READWRITE);
  assert_int_equal(region.state, state);
  assert_int_equal(region.type, SEEP_REGION_PRIVATE);
  assert_true(region.private_bytes == SEEP_REGION_BYTES_UNKNOWN);
  if (state == SEEP_REGION_COMMIT) {
    assert_int_equal(region.protect, protect);
  }
}

/* Wine reads through pages that are inaccessible, reserved or, in places, free. */
static void look_at_nothing(const seep_target *target, uint64_t address, size_t bytes)
{
  static bool told;
  char out[16];
  seep_status status = target->read(target->context, address, out, bytes);
  assert_true(status == SEEP_NOT_FOUND || (status == SEEP_OK && on_wine()));
  if (status == SEEP_OK && !told) {
    told = true;
    print_message("not seen: that inaccessible pages cannot be read; Wine reads them\n");
  }
}

static void look_at_bytes(const seep_target *target, uint64_t area)
{
  static const size_t readable[] = {0, 1, 3};
  for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
    uint64_t value = 0;
    uint64_t address = area + readable[i] * PAGE;
    assert_int_equal(target->read(target->context, address, &value, sizeof value), SEEP_OK);
    assert_true(value == memory_child_pattern(readable[i]));
  }
  look_at_nothing(target, area + 2 * PAGE, 8);
  look_at_nothing(target, area + 2 * PAGE - 4, 8);
  look_at_nothing(target, area + 4 * PAGE, 8);
  look_at_nothing(target, area + 4 * PAGE - 8, 16);
  look_at_nothing(target, area + (AREA_PAGES - 1) * PAGE, 1);
}

static bool lists(const seep_target *target, uint64_t teb)
{
  for (size_t i = 0; i < target->teb_count; i++) {
    if (target->tebs[i] == teb) {
      return true;
    }
  }
  return false;
}

/* All regions follow each other, the area's among them, and then it is over. */
static void look_at_all_regions(const seep_target *target, uint64_t area)
{
  uint64_t at = 0;
  unsigned seen = 0;
  seep_region region;
  seep_status status;
  while ((status = target->region(target->context, at, &region, NULL)) == SEEP_OK) {
    assert_true(region.base >= at);
    assert_true(region.size_bytes > 0);
    seen += region.state != SEEP_REGION_FREE && region.allocation_base == area;
    at = region.base + region.size_bytes;
    assert_true(at > region.base);
  }
  assert_int_equal(status, SEEP_NOT_FOUND);
  assert_int_equal(seen, 5);
  assert_true(at > area);
}

static void look_at(const memory_truth *of)
{
  seep_target target;
  assert_int_equal(try_open(key_of(of), &target), SEEP_OK);
  assert_int_equal(target.pointer_bytes, 8);
  assert_true(target.created == of->created);
  assert_non_null(target.image);
  assert_string_equal(target.image, "test_win_process_memory.exe");
  assert_true(target.peb == of->peb);
  assert_true(target.peb32 == 0);
  for (size_t i = 0; i < of->teb_count; i++) {
    uint64_t self = 0;
    assert_true(lists(&target, of->tebs[i]));
    assert_int_equal(target.read(target.context, of->tebs[i] + 0x30, &self, sizeof self), SEEP_OK);
    assert_true(self == of->tebs[i]);
  }
  assert_true(target.modules_known);
  assert_int_equal(target.runtimes, 0);
  assert_in_range(target.commit_bytes, 64 * 1024, UINT64_C(1) << 32);
  look_at_region(&target, of->area, 1, SEEP_REGION_COMMIT, PAGE_READWRITE, of->area);
  look_at_region(&target, of->area + PAGE, 1, SEEP_REGION_COMMIT, PAGE_READONLY, of->area);
  look_at_region(&target, of->area + 2 * PAGE, 1, SEEP_REGION_COMMIT, PAGE_NOACCESS, of->area);
  look_at_region(&target, of->area + 3 * PAGE, 1, SEEP_REGION_COMMIT, PAGE_READWRITE, of->area);
  look_at_region(&target, of->area + 4 * PAGE, AREA_PAGES - 4, SEEP_REGION_RESERVE, 0, of->area);
  look_at_bytes(&target, of->area);
  look_at_all_regions(&target, of->area);
  memory.close(memory.context, &target);
  assert_null(target.context);
}

static void this_process_is_seen(void **state)
{
  memory_truth own = memory_child_own_truth();
  (void)state;
  look_at(&own);
  VirtualFree((void *)(uintptr_t)own.area, 0, MEM_RELEASE);
}

static void a_child_is_seen(void **state)
{
  memory_child first, second;
  (void)state;
  memory_child_start(&first, NULL);
  memory_child_start(&second, NULL);
  assert_int_equal(first.truth.teb_count, CHILD_THREADS + 1);
  look_at(&first.truth);
  look_at(&second.truth);
  look_at(&first.truth);
  memory_child_end(&first);
  memory_child_end(&second);
}

static void addresses_that_cannot_be_are_not_found(void **state)
{
  memory_truth own = memory_child_own_truth();
  seep_target target;
  seep_region region;
  char bytes[64];
  (void)state;
  assert_int_equal(try_open(key_of(&own), &target), SEEP_OK);
  assert_int_equal(target.region(target.context, UINT64_MAX, &region, NULL), SEEP_NOT_FOUND);
  assert_int_equal(target.region(target.context, UINT64_C(0xFFFF800000000000), &region, NULL),
                   SEEP_NOT_FOUND);
  assert_int_equal(target.read(target.context, 0, bytes, 8), SEEP_NOT_FOUND);
  assert_int_equal(target.read(target.context, UINT64_MAX - 8, bytes, sizeof bytes), SEEP_NOT_FOUND);
  assert_int_equal(target.read(target.context, UINT64_C(0xFFFF800000000000), bytes, 8), SEEP_NOT_FOUND);
  VirtualFree((void *)(uintptr_t)own.area, 0, MEM_RELEASE);
  look_at_nothing(&target, own.area, 8);
  assert_int_equal(target.region(target.context, own.area, &region, NULL), SEEP_OK);
  assert_int_equal(region.state, SEEP_REGION_FREE);
  assert_int_equal(region.type, 0);
  memory.close(memory.context, &target);
}

static void nothing_is_told_after_the_deadline(void **state)
{
  memory_truth own = memory_child_own_truth();
  seep_target target;
  seep_region region;
  uint64_t value;
  (void)state;
  assert_int_equal(memory.open(memory.context, key_of(&own), 0, &target, NULL), SEEP_OK);
  assert_int_equal(target.region(target.context, 0, &region, NULL), SEEP_TIMED_OUT);
  assert_int_equal(target.read(target.context, own.area, &value, sizeof value), SEEP_TIMED_OUT);
  assert_null(target.tebs);
  assert_int_equal(target.teb_count, 0);
  memory.close(memory.context, &target);

  assert_int_equal(memory.open(memory.context, key_of(&own), 2000, &target, NULL), SEEP_OK);
  assert_int_equal(target.read(target.context, own.area, &value, sizeof value), SEEP_OK);
  Sleep(2100);
  assert_int_equal(target.read(target.context, own.area, &value, sizeof value), SEEP_TIMED_OUT);
  assert_int_equal(target.region(target.context, own.area, &region, NULL), SEEP_TIMED_OUT);
  memory.close(memory.context, &target);
  VirtualFree((void *)(uintptr_t)own.area, 0, MEM_RELEASE);
}

static void the_thread_has_low_priority_in_between(void **state)
{
  memory_truth own = memory_child_own_truth();
  seep_target target;
  seep_process_key key = key_of(&own);
  (void)state;
  assert_true(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL));
  assert_int_equal(try_open(key, &target), SEEP_OK);
  assert_int_equal(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_LOWEST);
  memory.close(memory.context, &target);
  assert_int_equal(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_ABOVE_NORMAL);
  key.created++;
  assert_int_equal(try_open(key, &target), SEEP_GONE);
  assert_int_equal(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_ABOVE_NORMAL);
  assert_true(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL));
  VirtualFree((void *)(uintptr_t)own.area, 0, MEM_RELEASE);
}

static HMODULE load_runtime(void)
{
  wchar_t *source = seep_win_wide_from_utf8(runtime_dll);
  assert_non_null(source);
  CreateDirectoryW(RUNTIME_FOLDER, NULL);
  assert_true(CopyFileW(source, RUNTIME_COPY, FALSE));
  free(source);
  HMODULE module = LoadLibraryW(RUNTIME_COPY);
  assert_non_null(module);
  return module;
}

static void unload_runtime(HMODULE module)
{
  FreeLibrary(module);
  DeleteFileW(RUNTIME_COPY);
  RemoveDirectoryW(RUNTIME_FOLDER);
}

static void expect_runtimes(const seep_process_memory *port, const memory_truth *of, unsigned runtimes)
{
  seep_target target;
  assert_int_equal(port->open(port->context, key_of(of), LONG_MS, &target, NULL), SEEP_OK);
  assert_true(target.modules_known);
  assert_int_equal(target.runtimes, runtimes);
  port->close(port->context, &target);
}

/* What was learnt of a process stays, until so many others were looked at that it is forgotten. An answer
 * for which there was no time is not remembered. */
static void runtimes_are_known_by_their_modules_and_asked_once(void **state)
{
  memory_truth own = memory_child_own_truth();
  seep_process_memory fresh;
  seep_target target;
  (void)state;
  HMODULE module = load_runtime();
  assert_int_equal(seep_win_process_memory_new(&fresh, NULL), SEEP_OK);
  assert_int_equal(fresh.open(fresh.context, key_of(&own), 0, &target, NULL), SEEP_OK);
  assert_false(target.modules_known);
  fresh.close(fresh.context, &target);
  expect_runtimes(&fresh, &own, SEEP_RUNTIME_DOTNET);
  unload_runtime(module);
  for (unsigned i = 1; i < REMEMBERED; i++) {
    memory_child other;
    memory_child_start(&other, NULL);
    expect_runtimes(&fresh, &other.truth, 0);
    memory_child_end(&other);
  }
  expect_runtimes(&fresh, &own, SEEP_RUNTIME_DOTNET);
  memory_child last;
  memory_child_start(&last, NULL);
  expect_runtimes(&fresh, &last.truth, 0);
  expect_runtimes(&fresh, &last.truth, 0);
  memory_child_end(&last);
  expect_runtimes(&fresh, &own, 0);
  seep_win_process_memory_free(&fresh);
  VirtualFree((void *)(uintptr_t)own.area, 0, MEM_RELEASE);
}

static void the_name_of_a_program_is_utf_8(void **state)
{
  wchar_t own[PATH_UNITS];
  memory_child child;
  seep_target target;
  (void)state;
  assert_true(GetModuleFileNameW(NULL, own, PATH_UNITS) > 0);
  if (!CopyFileW(own, FOREIGN_NAME, FALSE)) {
    assert_true(on_wine());
    print_message("skipped: Wine can make no file of that name in this locale (error %lu)\n", GetLastError());
    skip();
  }
  assert_true(memory_child_start_copy(&child, FOREIGN_NAME));
  assert_int_equal(try_open(key_of(&child.truth), &target), SEEP_OK);
  assert_non_null(target.image);
  assert_string_equal(target.image, "test-win-\xC3\xA4\xE2\x82\xAC.exe");
  memory.close(memory.context, &target);
  assert_null(target.image);
  memory_child_end(&child);
  assert_true(DeleteFileW(FOREIGN_NAME));
}

/* Folders within each other, and what is in the last one: longer than 260 units. A begin with a question mark
 * lifts that limit for files. */
static void make_long_path(wchar_t *folder, wchar_t *file)
{
  wchar_t own[PATH_UNITS];
  DWORD units = GetCurrentDirectoryW(PATH_UNITS, own);
  assert_in_range(units, 1, PATH_UNITS / 2);
  int used = _snwprintf(folder, PATH_UNITS, L"\\\\?\\%ls", own);
  for (unsigned i = 0; i < LONG_DEPTH; i++) {
    used += _snwprintf(folder + used, PATH_UNITS - (size_t)used, L"\\%ls", LONG_FOLDER);
    assert_true(CreateDirectoryW(folder, NULL) || GetLastError() == ERROR_ALREADY_EXISTS);
  }
  assert_true(_snwprintf(file, PATH_UNITS, L"%ls\\%ls", folder, LONG_NAME) > 300);
  assert_true(GetModuleFileNameW(NULL, own, PATH_UNITS) > 0);
  assert_true(CopyFileW(own, file, FALSE));
}

static void remove_long_path(wchar_t *folder, const wchar_t *file)
{
  assert_true(DeleteFileW(file));
  for (unsigned i = 0; i < LONG_DEPTH; i++) {
    assert_true(RemoveDirectoryW(folder));
    *wcsrchr(folder, L'\\') = L'\0';
  }
}

static void the_name_of_a_program_in_deep_folders_is_told(void **state)
{
  static wchar_t folder[PATH_UNITS], file[PATH_UNITS];
  memory_child child;
  seep_target target;
  (void)state;
  make_long_path(folder, file);
  if (!memory_child_start_copy(&child, file)) {
    print_message("skipped: no program is started from so long a path (Windows error %lu)\n", GetLastError());
    remove_long_path(folder, file);
    skip();
  }
  assert_int_equal(try_open(key_of(&child.truth), &target), SEEP_OK);
  assert_non_null(target.image);
  assert_string_equal(target.image, "test-win-long.exe");
  memory.close(memory.context, &target);
  memory_child_end(&child);
  remove_long_path(folder, file);
}

/* Of a mapped view, with its first region, where the system can tell it. */
static void private_pages_of_a_view_are_told_where_known(void **state)
{
  memory_truth own = memory_child_own_truth();
  seep_target target;
  seep_region region;
  DWORD before;
  bool known = seep_win_late_find_query_virtual_memory() != NULL;
  (void)state;
  HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 16 * PAGE, NULL);
  char *view = section != NULL ? MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0) : NULL;
  assert_non_null(view);
  view[0] = 1;
  assert_true(VirtualProtect(view + 8 * PAGE, PAGE, PAGE_READONLY, &before));
  assert_int_equal(try_open(key_of(&own), &target), SEEP_OK);
  assert_int_equal(target.region(target.context, number(view), &region, NULL), SEEP_OK);
  assert_int_equal(region.type, SEEP_REGION_MAPPED);
  uint64_t private_bytes = region.private_bytes;
  assert_int_equal(target.region(target.context, number(view + 8 * PAGE), &region, NULL), SEEP_OK);
  assert_true(region.allocation_base == number(view));
  assert_true(region.private_bytes == SEEP_REGION_BYTES_UNKNOWN);
  memory.close(memory.context, &target);
  UnmapViewOfFile(view);
  CloseHandle(section);
  VirtualFree((void *)(uintptr_t)own.area, 0, MEM_RELEASE);
  if (!known) {
    assert_true(private_bytes == SEEP_REGION_BYTES_UNKNOWN);
    print_message("skipped: there is no QueryVirtualMemoryInformation (before Windows 10 1607)\n");
    skip();
  }
  if (private_bytes == SEEP_REGION_BYTES_UNKNOWN && on_wine()) {
    print_message("skipped: Wine has QueryVirtualMemoryInformation, but it does not answer\n");
    skip();
  }
  assert_true(private_bytes <= 16 * PAGE);
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
  seep_win_process_memory_free(&memory);
  return memory.context == NULL ? 0 : -1;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(this_process_is_seen),
      cmocka_unit_test(a_child_is_seen),
      cmocka_unit_test(addresses_that_cannot_be_are_not_found),
      cmocka_unit_test(nothing_is_told_after_the_deadline),
      cmocka_unit_test(the_thread_has_low_priority_in_between),
      cmocka_unit_test(runtimes_are_known_by_their_modules_and_asked_once),
      cmocka_unit_test(the_name_of_a_program_is_utf_8),
      cmocka_unit_test(the_name_of_a_program_in_deep_folders_is_told),
      cmocka_unit_test(private_pages_of_a_view_are_told_where_known),
  };
  if (argc == 2 && strcmp(argv[1], "child") == 0) {
    return memory_child_be();
  }
  if (argc != 2) {
    return 2;
  }
  runtime_dll = argv[1];
  return cmocka_run_group_tests(tests, setup, teardown);
}
