/* A child that starts a grandchild, in a job of ours: ending the job ends both, letting go ends neither. The
 * child and the grandchild are this program once more. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include <windows.h>

#include "win/win_job.h"

#define SOON_MS 20000
#define LATER_MS 500

typedef struct family {
  HANDLE child, grandchild;
  DWORD child_id;
  HANDLE go;      /* the child starts the grandchild when it is set */
  HANDLE answers; /* the child tells the grandchild's id */
} family;

static bool start(const wchar_t *role, HANDLE input, HANDLE output, PROCESS_INFORMATION *out)
{
  wchar_t path[1024], command[64] = L"test ";
  STARTUPINFOW how = {0};
  how.cb = sizeof how;
  how.dwFlags = STARTF_USESTDHANDLES;
  how.hStdInput = input;
  how.hStdOutput = output;
  how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  wcscat(command, role);
  return GetModuleFileNameW(NULL, path, 1024) > 0 &&
         CreateProcessW(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &how, out);
}

static int be_grandchild(void)
{
  Sleep(INFINITE);
  return 0;
}

static int be_child(void)
{
  PROCESS_INFORMATION grandchild;
  char go;
  DWORD done;
  if (!ReadFile(GetStdHandle(STD_INPUT_HANDLE), &go, 1, &done, NULL) ||
      !start(L"grandchild", NULL, NULL, &grandchild) ||
      !WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &grandchild.dwProcessId, sizeof(DWORD), &done, NULL)) {
    return 1;
  }
  Sleep(INFINITE);
  return 0;
}

static void start_child(family *all)
{
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  PROCESS_INFORMATION child;
  HANDLE input, output;
  assert_true(CreatePipe(&input, &all->go, &inherit, 0));
  assert_true(CreatePipe(&all->answers, &output, &inherit, 0));
  assert_true(SetHandleInformation(all->go, HANDLE_FLAG_INHERIT, 0));
  assert_true(SetHandleInformation(all->answers, HANDLE_FLAG_INHERIT, 0));
  assert_true(start(L"child", input, output, &child));
  CloseHandle(input);
  CloseHandle(output);
  CloseHandle(child.hThread);
  all->child = child.hProcess;
  all->child_id = child.dwProcessId;
}

static void start_grandchild(family *all)
{
  DWORD id = 0, done;
  assert_true(WriteFile(all->go, "g", 1, &done, NULL));
  assert_true(ReadFile(all->answers, &id, sizeof id, &done, NULL));
  assert_int_equal(done, sizeof id);
  all->grandchild = OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE, FALSE, id);
  assert_non_null(all->grandchild);
}

static void clean(family *all)
{
  TerminateProcess(all->child, 0);
  TerminateProcess(all->grandchild, 0);
  CloseHandle(all->child);
  CloseHandle(all->grandchild);
  CloseHandle(all->go);
  CloseHandle(all->answers);
}

static void ending_the_group_ends_what_the_child_started(void **state)
{
  seep_child_guard guard;
  family all;
  DWORD code = 0;
  (void)state;
  seep_win_job_guard(&guard);
  start_child(&all);
  void *group = guard.take(guard.context, all.child_id);
  assert_non_null(group);
  start_grandchild(&all);
  guard.end(guard.context, group);
  assert_int_equal(WaitForSingleObject(all.grandchild, SOON_MS), WAIT_OBJECT_0);
  assert_int_equal(WaitForSingleObject(all.child, SOON_MS), WAIT_OBJECT_0);
  assert_true(GetExitCodeProcess(all.child, &code));
  assert_int_equal(code, 1);
  guard.leave(guard.context, group);
  clean(&all);
}

static void letting_go_ends_nothing(void **state)
{
  seep_child_guard guard;
  family all;
  (void)state;
  seep_win_job_guard(&guard);
  start_child(&all);
  void *group = guard.take(guard.context, all.child_id);
  assert_non_null(group);
  start_grandchild(&all);
  guard.leave(guard.context, group);
  assert_int_equal(WaitForSingleObject(all.child, LATER_MS), WAIT_TIMEOUT);
  assert_int_equal(WaitForSingleObject(all.grandchild, 0), WAIT_TIMEOUT);
  clean(&all);
}

/* As when we end, however that comes: the system closes our handles. Wine keeps no limit of memory, so that
 * one is only set here. */
static void a_confined_one_ends_when_it_is_let_go(void **state)
{
  seep_child_guard guard;
  family all;
  (void)state;
  seep_win_job_guard(&guard);
  start_child(&all);
  void *group = guard.take(guard.context, all.child_id);
  assert_non_null(group);
  guard.confine(guard.context, group, UINT64_C(64) << 20);
  start_grandchild(&all);
  guard.leave(guard.context, group);
  assert_int_equal(WaitForSingleObject(all.grandchild, SOON_MS), WAIT_OBJECT_0);
  assert_int_equal(WaitForSingleObject(all.child, SOON_MS), WAIT_OBJECT_0);
  clean(&all);
}

static void what_is_not_there_is_not_taken(void **state)
{
  seep_child_guard guard;
  (void)state;
  seep_win_job_guard(&guard);
  assert_null(guard.take(guard.context, 0x7FFFFFF0u));
  assert_null(guard.take(guard.context, 0));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ending_the_group_ends_what_the_child_started),
      cmocka_unit_test(letting_go_ends_nothing),
      cmocka_unit_test(a_confined_one_ends_when_it_is_let_go),
      cmocka_unit_test(what_is_not_there_is_not_taken),
  };
  if (argc == 2 && strcmp(argv[1], "child") == 0) {
    return be_child();
  }
  if (argc == 2 && strcmp(argv[1], "grandchild") == 0) {
    return be_grandchild();
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
