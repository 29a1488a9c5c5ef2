/* The process source against the running system, read by the room that reads it in the service. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "observe/snapshot.h"
#include "on_wine.h"
#include "win/win_own_usage.h"
#include "win/win_process_source.h"

#define BALLAST_BYTES ((size_t)64 * 1024 * 1024)

static seep_process_source source;
static seep_own_usage_source usage;

static int setup(void **state)
{
  (void)state;
  seep_win_own_usage_init(&usage);
  return seep_win_process_source_new(&source, NULL) == SEEP_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  seep_win_process_source_free(&source);
  seep_win_process_source_free(&source);
  return source.context == NULL ? 0 : -1;
}

static uint64_t own_created(void)
{
  FILETIME created, ended, kernel, user;
  assert_true(GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user));
  return (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
}

/* Walks the whole buffer; fails unless this process is in it exactly once. */
static seep_process_sample find_own(seep_process_bytes *bytes)
{
  seep_snapshot snapshot;
  seep_process_sample sample;
  seep_process_sample own = {0};
  unsigned found = 0;
  seep_error error = {0};
  assert_int_equal(source.fetch(source.context, bytes, &error), SEEP_OK);
  assert_int_equal((uint64_t)(uintptr_t)bytes->data, bytes->base_address);
  seep_snapshot_init(&snapshot, bytes->data, bytes->size, bytes->base_address);
  seep_status status;
  while ((status = seep_snapshot_next(&snapshot, &sample, &error)) == SEEP_OK) {
    if (sample.key.pid == GetCurrentProcessId()) {
      own = sample;
      found++;
    }
  }
  assert_int_equal(status, SEEP_NOT_FOUND);
  assert_int_equal(found, 1);
  return own;
}

static void this_process_is_there(void **state)
{
  (void)state;
  seep_process_bytes bytes;
  seep_process_sample own = find_own(&bytes);
  assert_int_equal(own.key.created, own_created());
  assert_true(own.commit_bytes > 100u * 1024u);
  assert_true(own.commit_bytes < bytes.memory.commit_limit_bytes);
  static const wchar_t name[] = L"test_win_process_source.exe";
  assert_int_equal(own.name_bytes, sizeof name - sizeof name[0]);
  assert_memory_equal(own.name_utf16le, name, own.name_bytes);
}

static void commit_follows_what_is_committed(void **state)
{
  (void)state;
  seep_process_bytes bytes;
  uint64_t before = find_own(&bytes).commit_bytes;
  seep_own_usage usage_before, usage_after;
  assert_int_equal(usage.read(usage.context, &usage_before), SEEP_OK);
  char *ballast = VirtualAlloc(NULL, BALLAST_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  assert_non_null(ballast);
  memset(ballast, 1, BALLAST_BYTES);
  uint64_t after = find_own(&bytes).commit_bytes;
  assert_int_equal(usage.read(usage.context, &usage_after), SEEP_OK);
  VirtualFree(ballast, 0, MEM_RELEASE);
  assert_in_range(after - before, BALLAST_BYTES * 9 / 10, BALLAST_BYTES * 2);
  assert_in_range(usage_after.private_bytes - usage_before.private_bytes, BALLAST_BYTES * 9 / 10,
                  BALLAST_BYTES * 2);
}

static void the_system_figures_are_plausible(void **state)
{
  (void)state;
  seep_process_bytes bytes;
  find_own(&bytes);
  const seep_system_memory *memory = &bytes.memory;
  assert_true(memory->commit_limit_bytes > 256u * 1024u * 1024u);
  assert_true(memory->commit_total_bytes > 0 && memory->commit_total_bytes <= memory->commit_limit_bytes);
  assert_true(memory->physical_total_bytes > 256u * 1024u * 1024u);
  assert_true(memory->physical_available_bytes < memory->physical_total_bytes);
}

static void own_usage_counts_handles_and_time(void **state)
{
  (void)state;
  seep_own_usage before, after;
  assert_int_equal(usage.read(usage.context, &before), SEEP_OK);
  HANDLE events[10];
  for (size_t i = 0; i < 10; i++) {
    events[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
  }
  ULONGLONG until = GetTickCount64() + 300;
  while (GetTickCount64() < until) {
  }
  assert_int_equal(usage.read(usage.context, &after), SEEP_OK);
  for (size_t i = 0; i < 10; i++) {
    CloseHandle(events[i]);
  }
  /* Wine 8 counts no handles of a process. */
  assert_true(after.handles >= before.handles + (on_wine() ? 0 : 10));
  assert_true(after.cpu_100ns > before.cpu_100ns);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(this_process_is_there),
      cmocka_unit_test(commit_follows_what_is_committed),
      cmocka_unit_test(the_system_figures_are_plausible),
      cmocka_unit_test(own_usage_counts_handles_and_time),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
