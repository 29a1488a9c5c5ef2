/* Which processes may be looked at, and which are no longer there: the two are never mistaken for each other.
 * Children are guarded by access lists of their own: D:P with no entries grants nobody anything. The numbers
 * in entries are access rights: 0x10 PROCESS_VM_READ, 0x400 PROCESS_QUERY_INFORMATION, 0x1000
 * PROCESS_QUERY_LIMITED_INFORMATION, 0x100000 SYNCHRONIZE. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include <windows.h>

#include "memory_child.h"
#include "observe/snapshot.h"
#include "on_wine.h"
#include "win/win_process_memory.h"
#include "win/win_process_source.h"

#define LONG_MS 60000
#define ROUNDS 50u
#define ENDED "ended while it was looked at"
/* The exit code that means "has not exited". */
#define MISLEADING_CODE 259u

static seep_process_memory memory;

static seep_process_key key_of(const memory_truth *of)
{
  seep_process_key key = {of->pid, of->created};
  return key;
}

static seep_status try_open(seep_process_key key, seep_target *target, seep_error *error)
{
  return memory.open(memory.context, key, LONG_MS, target, error);
}

static void expect_refusal(seep_process_key key, seep_status status)
{
  seep_target target;
  seep_error error = {0};
  assert_int_equal(try_open(key, &target, &error), status);
  assert_int_equal(error.status, status);
  assert_string_equal(error.operation, "OpenProcess");
  assert_string_equal(error.subject, "");
  assert_null(target.context);
}

static void end_by_code(memory_child *child, UINT code)
{
  assert_true(TerminateProcess(child->process.hProcess, code));
  assert_int_equal(WaitForSingleObject(child->process.hProcess, 20000), WAIT_OBJECT_0);
}

static void another_creation_time_is_another_process(void **state)
{
  memory_child one;
  seep_target target;
  (void)state;
  memory_child_start(&one, NULL);
  seep_process_key key = key_of(&one.truth);
  key.created++;
  expect_refusal(key, SEEP_GONE);
  key.created = 0;
  assert_int_equal(try_open(key, &target, NULL), SEEP_OK);
  assert_true(target.created == one.truth.created);
  memory.close(memory.context, &target);
  assert_true(target.created == 0);
  memory_child_end(&one);
}

static void a_pid_that_nobody_has_is_gone(void **state)
{
  seep_process_key key = {0x7FFFFFF0u, 0};
  (void)state;
  expect_refusal(key, SEEP_GONE);
}

/* First while it is looked at; then our own handle still keeps the process object; last there is nothing. */
static void see_it_end(const wchar_t *security, UINT code)
{
  memory_child one;
  seep_target target;
  seep_region region;
  seep_error error = {0};
  uint64_t value;
  memory_child_start(&one, security);
  seep_process_key key = key_of(&one.truth);
  assert_int_equal(try_open(key, &target, NULL), SEEP_OK);
  assert_int_equal(target.read(target.context, one.truth.area, &value, sizeof value), SEEP_OK);
  end_by_code(&one, code);
  assert_int_equal(target.region(target.context, one.truth.area, &region, &error), SEEP_GONE);
  assert_string_equal(error.subject, ENDED);
  assert_int_equal(target.read(target.context, one.truth.area, &value, sizeof value), SEEP_GONE);
  memory.close(memory.context, &target);
  expect_refusal(key, SEEP_GONE);
  memory_child_end(&one);
  expect_refusal(key, SEEP_GONE);
}

static void a_process_that_ends_meanwhile_is_gone(void **state)
{
  (void)state;
  see_it_end(NULL, 3);
}

static void an_exit_code_that_says_still_active_misleads_nobody(void **state)
{
  (void)state;
  see_it_end(NULL, MISLEADING_CODE);
}

static bool may_wait(const wchar_t *security)
{
  memory_child one;
  memory_child_start(&one, security);
  HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, one.truth.pid);
  if (process != NULL) {
    CloseHandle(process);
  }
  memory_child_end(&one);
  return process != NULL;
}

static void without_the_right_to_wait_the_exit_code_tells(void **state)
{
  static const wchar_t security[] = L"D:P(A;;0x1410;;;WD)";
  (void)state;
  see_it_end(security, 3);
  if (may_wait(security)) {
    assert_true(on_wine());
    print_message("skipped: Wine lets everybody wait, so the exit code was not needed\n");
    skip();
  }
}

static void an_ended_process_that_grants_only_waiting_is_gone(void **state)
{
  memory_child one;
  (void)state;
  memory_child_start(&one, L"D:P(A;;0x100000;;;WD)");
  expect_refusal(key_of(&one.truth), SEEP_DENIED);
  end_by_code(&one, MISLEADING_CODE);
  expect_refusal(key_of(&one.truth), SEEP_GONE);
  memory_child_end(&one);
}

static void an_ended_process_without_bytes_is_gone(void **state)
{
  memory_child one;
  seep_target target;
  seep_region region;
  uint64_t value;
  (void)state;
  memory_child_start(&one, L"D:P(A;;0x101400;;;WD)");
  assert_int_equal(try_open(key_of(&one.truth), &target, NULL), SEEP_OK);
  assert_int_equal(target.read(target.context, one.truth.area, &value, sizeof value), SEEP_DENIED);
  end_by_code(&one, MISLEADING_CODE);
  assert_int_equal(target.read(target.context, one.truth.area, &value, sizeof value), SEEP_GONE);
  assert_int_equal(target.region(target.context, one.truth.area, &region, NULL), SEEP_GONE);
  memory.close(memory.context, &target);
  memory_child_end(&one);
}

static void what_grants_nothing_is_denied(void **state)
{
  memory_child closed;
  (void)state;
  memory_child_start(&closed, L"D:P");
  expect_refusal(key_of(&closed.truth), SEEP_DENIED);
  memory_child_end(&closed);
}

/* Documents demand more than this right for regions, other programs try with it: both may be true. */
static void what_grants_no_regions_is_denied(void **state)
{
  memory_child limited;
  seep_target target;
  uint64_t value;
  (void)state;
  memory_child_start(&limited, L"D:P(A;;0x1000;;;WD)");
  seep_status status = try_open(key_of(&limited.truth), &target, NULL);
  if (status == SEEP_OK && !on_wine()) {
    assert_int_equal(target.read(target.context, limited.truth.area, &value, sizeof value), SEEP_DENIED);
    memory.close(memory.context, &target);
    memory_child_end(&limited);
    print_message("skipped: this Windows shows regions to whoever may ask for the limited information\n");
    skip();
  }
  assert_int_equal(status, SEEP_DENIED);
  memory_child_end(&limited);
}

static void what_grants_regions_shows_them_without_bytes(void **state)
{
  memory_child one;
  seep_target target;
  seep_region region;
  uint64_t value;
  (void)state;
  memory_child_start(&one, L"D:P(A;;0x1400;;;WD)");
  assert_int_equal(try_open(key_of(&one.truth), &target, NULL), SEEP_OK);
  assert_true(target.peb == one.truth.peb);
  assert_true(target.teb_count > CHILD_THREADS);
  assert_true(target.created == one.truth.created);
  assert_string_equal(target.image, "test_win_process_rights.exe");
  assert_false(target.modules_known);
  assert_int_equal(target.region(target.context, one.truth.area, &region, NULL), SEEP_OK);
  assert_int_equal(region.size_bytes, PAGE);
  assert_int_equal(target.read(target.context, one.truth.area, &value, sizeof value), SEEP_DENIED);
  memory.close(memory.context, &target);
  memory_child_end(&one);
}

/* ---- handles ---- */

static uint32_t handles_in_list(void)
{
  seep_process_source source;
  seep_process_bytes bytes;
  seep_snapshot snapshot;
  seep_process_sample sample;
  uint32_t handles = 0;
  assert_int_equal(seep_win_process_source_new(&source, NULL), SEEP_OK);
  assert_int_equal(source.fetch(source.context, &bytes, NULL), SEEP_OK);
  seep_snapshot_init(&snapshot, bytes.data, bytes.size, bytes.base_address);
  while (seep_snapshot_next(&snapshot, &sample, NULL) == SEEP_OK) {
    handles = sample.key.pid == GetCurrentProcessId() ? sample.handles : handles;
  }
  seep_win_process_source_free(&source);
  return handles;
}

/* Wine's GetProcessHandleCount says 0; its list of processes knows. */
static uint32_t own_handles(void)
{
  DWORD count = 0;
  assert_true(GetProcessHandleCount(GetCurrentProcess(), &count) || on_wine());
  return count != 0 ? count : handles_in_list();
}

static void open_often(seep_process_key key, seep_status expected, unsigned rounds)
{
  for (unsigned i = 0; i < rounds; i++) {
    seep_target target;
    assert_int_equal(try_open(key, &target, NULL), expected);
    if (expected == SEEP_OK) {
      memory.close(memory.context, &target);
    }
  }
}

/* A leak would be one handle a round; fewer may be the system's own, which has threads in every process. */
static void expect_no_handle_kept(seep_process_key key, seep_status expected)
{
  open_often(key, expected, 2);
  uint32_t before = own_handles();
  open_often(key, expected, ROUNDS);
  uint32_t after = own_handles();
  assert_true(before > 0);
  assert_true(after < before + ROUNDS / 2);
}

static void no_handle_is_kept(void **state)
{
  memory_child open, waiting, closed, ended;
  (void)state;
  memory_child_start(&open, NULL);
  memory_child_start(&waiting, L"D:P(A;;0x100000;;;WD)");
  memory_child_start(&closed, L"D:P");
  memory_child_start(&ended, NULL);
  end_by_code(&ended, MISLEADING_CODE);
  seep_process_key other = key_of(&open.truth);
  other.created++;
  expect_no_handle_kept(key_of(&open.truth), SEEP_OK);
  expect_no_handle_kept(other, SEEP_GONE);
  expect_no_handle_kept(key_of(&ended.truth), SEEP_GONE);
  expect_no_handle_kept(key_of(&waiting.truth), SEEP_DENIED);
  expect_no_handle_kept(key_of(&closed.truth), SEEP_DENIED);
  memory_child_end(&open);
  memory_child_end(&waiting);
  memory_child_end(&closed);
  memory_child_end(&ended);
}

/* ---- the privilege ---- */

#define PRIVILEGE_BYTES 4096u

typedef union privileges {
  TOKEN_PRIVILEGES list;
  BYTE bytes[PRIVILEGE_BYTES];
} privileges;

static HANDLE open_own_token(void)
{
  HANDLE token = NULL;
  assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES, &token));
  return token;
}

static LUID debug_privilege(void)
{
  LUID luid = {0};
  assert_true(LookupPrivilegeValueW(NULL, L"SeDebugPrivilege", &luid));
  return luid;
}

/* NULL: it is not held. */
static const DWORD *debug_attributes(privileges *all)
{
  HANDLE token = open_own_token();
  LUID luid = debug_privilege();
  DWORD needed = 0;
  assert_true(GetTokenInformation(token, TokenPrivileges, all, sizeof *all, &needed));
  CloseHandle(token);
  const LUID_AND_ATTRIBUTES *one =
      (const LUID_AND_ATTRIBUTES *)(all->bytes + offsetof(TOKEN_PRIVILEGES, Privileges));
  for (DWORD i = 0; i < all->list.PrivilegeCount; i++) {
    if (one[i].Luid.LowPart == luid.LowPart && one[i].Luid.HighPart == luid.HighPart) {
      return &one[i].Attributes;
    }
  }
  return NULL;
}

static void disable_debug(void)
{
  HANDLE token = open_own_token();
  TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1};
  wanted.Privileges[0].Luid = debug_privilege();
  assert_true(AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL));
  CloseHandle(token);
}

static void the_debug_privilege_is_enabled_where_it_is_held(void **state)
{
  privileges all;
  (void)state;
  bool held = debug_attributes(&all) != NULL;
  seep_win_process_memory_allow_debug();
  const DWORD *after = debug_attributes(&all);
  bool enabled = after != NULL && (*after & SE_PRIVILEGE_ENABLED) != 0;
  disable_debug();
  assert_int_equal(enabled, held);
  if (!held) {
    print_message("skipped: the account does not hold SeDebugPrivilege, so nothing was to be enabled\n");
    skip();
  }
}

/* Whoever starts the tests may have the privilege enabled already; with it nothing would be denied. */
static int setup(void **state)
{
  (void)state;
  disable_debug();
  return seep_win_process_memory_new(&memory, NULL) == SEEP_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  seep_win_process_memory_free(&memory);
  return 0;
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(another_creation_time_is_another_process),
      cmocka_unit_test(a_pid_that_nobody_has_is_gone),
      cmocka_unit_test(a_process_that_ends_meanwhile_is_gone),
      cmocka_unit_test(an_exit_code_that_says_still_active_misleads_nobody),
      cmocka_unit_test(without_the_right_to_wait_the_exit_code_tells),
      cmocka_unit_test(an_ended_process_that_grants_only_waiting_is_gone),
      cmocka_unit_test(an_ended_process_without_bytes_is_gone),
      cmocka_unit_test(what_grants_nothing_is_denied),
      cmocka_unit_test(what_grants_no_regions_is_denied),
      cmocka_unit_test(what_grants_regions_shows_them_without_bytes),
      cmocka_unit_test(no_handle_is_kept),
      cmocka_unit_test(the_debug_privilege_is_enabled_where_it_is_held),
  };
  if (argc == 2 && strcmp(argv[1], "child") == 0) {
    return memory_child_be();
  }
  return cmocka_run_group_tests(tests, setup, teardown);
}
