#include "memory_child.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <sddl.h>

static uint64_t number(const void *pointer)
{
  return (uint64_t)(uintptr_t)pointer;
}

typedef void (*any_function)(void);
typedef LONG(WINAPI *query_thread)(HANDLE thread, ULONG information_class, void *out, ULONG size,
                                   ULONG *returned);

static any_function in_ntdll(const char *name)
{
  return (any_function)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name);
}

/* THREAD_BASIC_INFORMATION: the TEB is the second word. */
static uint64_t own_teb(void)
{
  uint64_t basic[6] = {0};
  query_thread query = (query_thread)in_ntdll("NtQueryInformationThread");
  return query(GetCurrentThread(), 0, basic, sizeof basic, NULL) >= 0 ? basic[1] : 0;
}

uint64_t memory_child_pattern(size_t page)
{
  return UINT64_C(0x5EE9A7C400000000) + page;
}

static uint64_t make_area(void)
{
  DWORD before;
  char *area = VirtualAlloc(NULL, AREA_PAGES * PAGE, MEM_RESERVE, PAGE_READWRITE);
  if (area == NULL || VirtualAlloc(area, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE) == NULL) {
    return 0;
  }
  for (size_t page = 0; page < 4; page++) {
    uint64_t value = memory_child_pattern(page);
    memcpy(area + page * PAGE, &value, sizeof value);
  }
  return VirtualProtect(area + PAGE, PAGE, PAGE_READONLY, &before) &&
                 VirtualProtect(area + 2 * PAGE, PAGE, PAGE_NOACCESS, &before)
             ? number(area)
             : 0;
}

memory_truth memory_child_own_truth(void)
{
  FILETIME created, ended, kernel, user;
  memory_truth out = {0};
  out.area = make_area();
  GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user);
  out.created = (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
  /* The TEB says where the PEB is (reference: memory-type, 2). */
  memcpy(&out.peb, (const char *)(uintptr_t)own_teb() + 0x60, sizeof out.peb);
  out.tebs[0] = own_teb();
  out.teb_count = 1;
  out.pid = GetCurrentProcessId();
  return out;
}

static DWORD WINAPI tell_teb(void *slot)
{
  volatile uint64_t *out = slot;
  *out = own_teb();
  Sleep(INFINITE);
  return 0;
}

int memory_child_be(void)
{
  memory_truth own = memory_child_own_truth();
  DWORD done = 0;
  char nothing;
  for (size_t i = 0; i < CHILD_THREADS; i++) {
    volatile uint64_t *slot = &own.tebs[own.teb_count++];
    HANDLE thread = CreateThread(NULL, 0, tell_teb, &own.tebs[own.teb_count - 1], 0, NULL);
    while (thread != NULL && *slot == 0) {
      Sleep(1);
    }
  }
  WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &own, sizeof own, &done, NULL);
  ReadFile(GetStdHandle(STD_INPUT_HANDLE), &nothing, 1, &done, NULL);
  return 0;
}

static bool start_at(memory_child *out, const wchar_t *path, const wchar_t *security)
{
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  SECURITY_ATTRIBUTES guarded = {sizeof guarded, NULL, FALSE};
  STARTUPINFOW start = {0};
  HANDLE from_child;
  DWORD done = 0;
  wchar_t command[] = L"test child";
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  assert_true(CreatePipe(&start.hStdInput, &out->to_child, &inherit, 0));
  assert_true(CreatePipe(&from_child, &start.hStdOutput, &inherit, 0));
  assert_true(SetHandleInformation(out->to_child, HANDLE_FLAG_INHERIT, 0));
  assert_true(SetHandleInformation(from_child, HANDLE_FLAG_INHERIT, 0));
  if (security != NULL) {
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(security, SDDL_REVISION_1,
                                                                     &guarded.lpSecurityDescriptor, NULL));
  }
  bool started =
      CreateProcessW(path, command, &guarded, NULL, TRUE, 0, NULL, NULL, &start, &out->process) != 0;
  DWORD code = GetLastError();
  CloseHandle(start.hStdInput);
  CloseHandle(start.hStdOutput);
  LocalFree(guarded.lpSecurityDescriptor);
  if (!started) {
    CloseHandle(from_child);
    CloseHandle(out->to_child);
    SetLastError(code);
    return false;
  }
  assert_true(ReadFile(from_child, &out->truth, sizeof out->truth, &done, NULL));
  assert_int_equal(done, sizeof out->truth);
  CloseHandle(from_child);
  return true;
}

void memory_child_start(memory_child *out, const wchar_t *security)
{
  wchar_t path[1024];
  assert_true(GetModuleFileNameW(NULL, path, 1024) > 0);
  assert_true(start_at(out, path, security));
}

bool memory_child_start_copy(memory_child *out, const wchar_t *path)
{
  return start_at(out, path, NULL);
}

void memory_child_end(memory_child *child)
{
  CloseHandle(child->to_child);
  assert_int_equal(WaitForSingleObject(child->process.hProcess, 20000), WAIT_OBJECT_0);
  CloseHandle(child->process.hThread);
  CloseHandle(child->process.hProcess);
}
