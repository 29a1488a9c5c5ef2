/*
 * Everything is asked of the kernel, with two exceptions that read the process's own memory: what the caller
 * reads, and the list of modules. That list comes from EnumProcessModulesEx, because its cost does not grow
 * with the leak: looking for images among all regions would double the calls for a process with 100,000
 * allocations. The modules' names then come from the kernel (GetMappedFileName), for GetModuleBaseName would
 * walk the loader's list anew for each. TEBs come from the system's list of threads, so no thread is opened.
 * All of it is documented except for the two native calls, and what those do not tell is just not known.
 */
#include "win/win_process_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <wchar.h>

#include <windows.h>
/* psapi.h needs windows.h before it */
#include <psapi.h>

#include "memory/runtime.h"
#include "memory/thread_list.h"
#include "win/win_error.h"
#include "win/win_late.h"
#include "win/win_wide.h"

#define HUNDRED_NS_PER_MS 10000

/* The list of all threads: about 600 processes with 10 threads each fit the first size. */
#define FIRST_LIST_BYTES ((size_t)1024 * 1024)
#define MAXIMUM_LIST_BYTES ((size_t)64 * 1024 * 1024)

/* Far more than a runtime's neighbours; one that is not among the first is not looked for. */
#define MAXIMUM_MODULES 1024u
#define NAME_UNITS 1024u
/* Longer file names are no runtime's. */
#define FILE_NAME_SIZE 64u

typedef struct memory {
  seep_win_late_query_system_information query_system;
  seep_win_late_query_process_information query_process;
  seep_win_late_query_virtual_memory query_memory; /* NULL: Windows before 10 1607 */
  /* Of the process that is open. */
  HANDLE process;
  bool readable;
  ULONGLONG deadline_100ns;
  int priority; /* the thread's own; THREAD_PRIORITY_ERROR_RETURN: left alone */
  uint64_t *tebs;
  size_t teb_count;
  HMODULE modules[MAXIMUM_MODULES];
} memory;

/* Leaves out the time the machine sleeps: a deadline must not pass before anything was done. */
static ULONGLONG now_100ns(void)
{
  ULONGLONG time_100ns = 0;
  QueryUnbiasedInterruptTime(&time_100ns);
  return time_100ns;
}

static bool timed_out(const memory *self)
{
  return now_100ns() >= self->deadline_100ns;
}

/* A process that has exited stays while anybody has a handle of it, and fails in many ways. */
static bool has_exited(const memory *self)
{
  DWORD code = STILL_ACTIVE;
  return GetExitCodeProcess(self->process, &code) && code != STILL_ACTIVE;
}

static seep_status gone(const char *operation, seep_error *error)
{
  return seep_error_set(error, SEEP_GONE, SEEP_DOMAIN_NONE, 0, operation, NULL);
}

/* Pages of an image or a mapped view that have become the process's own. */
static uint64_t private_bytes(const memory *self, const MEMORY_BASIC_INFORMATION *info)
{
  seep_win_late_memory_region region = {0};
  SIZE_T returned = 0;
  if (self->query_memory == NULL || info->State == MEM_FREE || info->Type == MEM_PRIVATE ||
      info->BaseAddress != info->AllocationBase ||
      !self->query_memory(self->process, info->BaseAddress, SEEP_WIN_LATE_MEMORY_REGION, &region,
                          sizeof region, &returned)) {
    return SEEP_REGION_BYTES_UNKNOWN;
  }
  return region.commit_bytes;
}

static seep_status query_region(const memory *self, uint64_t address, MEMORY_BASIC_INFORMATION *info,
                                seep_error *error)
{
  if (address > UINTPTR_MAX) {
    return SEEP_NOT_FOUND;
  }
  if (VirtualQueryEx(self->process, (const void *)(uintptr_t)address, info, sizeof *info) == sizeof *info) {
    return SEEP_OK;
  }
  DWORD code = GetLastError();
  if (has_exited(self)) {
    return gone("VirtualQueryEx", error);
  }
  /* Above the highest address that a program can have. */
  return code == ERROR_INVALID_PARAMETER ? SEEP_NOT_FOUND
                                         : seep_win_error_set(error, code, "VirtualQueryEx", NULL);
}

static seep_status region_at(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  const memory *self = context;
  MEMORY_BASIC_INFORMATION info;
  if (timed_out(self)) {
    return seep_error_set(error, SEEP_TIMED_OUT, SEEP_DOMAIN_NONE, 0, "VirtualQueryEx", NULL);
  }
  seep_status status = query_region(self, address, &info, error);
  if (status != SEEP_OK) {
    return status;
  }
  out->base = (uint64_t)(uintptr_t)info.BaseAddress;
  out->size_bytes = info.RegionSize;
  out->allocation_base = (uint64_t)(uintptr_t)info.AllocationBase;
  out->allocation_protect = info.AllocationProtect;
  out->protect = info.Protect;
  out->state = info.State;
  out->type = info.State == MEM_FREE ? 0 : info.Type;
  out->private_bytes = private_bytes(self, &info);
  return SEEP_OK;
}

static seep_status read_bytes(void *context, uint64_t address, void *out, size_t bytes)
{
  const memory *self = context;
  SIZE_T read = 0;
  if (timed_out(self)) {
    return SEEP_TIMED_OUT;
  }
  if (!self->readable) {
    return SEEP_DENIED;
  }
  if (address > UINTPTR_MAX || bytes > UINTPTR_MAX - (uintptr_t)address) {
    return SEEP_NOT_FOUND;
  }
  if (ReadProcessMemory(self->process, (const void *)(uintptr_t)address, out, bytes, &read)) {
    return read == bytes ? SEEP_OK : SEEP_NOT_FOUND;
  }
  DWORD code = GetLastError();
  if (has_exited(self)) {
    return SEEP_GONE;
  }
  return code == ERROR_ACCESS_DENIED ? SEEP_DENIED : SEEP_NOT_FOUND;
}

/* Regions and bytes, regions alone, or hardly anything: a protected process grants the last at most. */
static seep_status open_process(memory *self, uint32_t pid, seep_error *error)
{
  static const DWORD accesses[] = {PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, PROCESS_QUERY_INFORMATION,
                                   PROCESS_QUERY_LIMITED_INFORMATION};
  DWORD code = ERROR_ACCESS_DENIED;
  for (size_t i = 0; i < sizeof accesses / sizeof accesses[0] && code == ERROR_ACCESS_DENIED; i++) {
    self->process = OpenProcess(accesses[i], FALSE, pid);
    if (self->process != NULL) {
      self->readable = i == 0;
      return SEEP_OK;
    }
    code = GetLastError();
  }
  /* This is what OpenProcess has for a PID that nobody has. */
  return code == ERROR_INVALID_PARAMETER ? gone("OpenProcess", error)
                                         : seep_win_error_set(error, code, "OpenProcess", NULL);
}

/* Whether it is the one that was meant, alive, and shows its regions. Its handle keeps it the same from here
 * on, whatever becomes of the PID. */
static seep_status check_process(const memory *self, seep_process_key key, seep_error *error)
{
  FILETIME created, ended, kernel, user;
  if (!GetProcessTimes(self->process, &created, &ended, &kernel, &user)) {
    return seep_win_error_set(error, GetLastError(), "GetProcessTimes", NULL);
  }
  seep_filetime since = (seep_filetime)created.dwHighDateTime << 32 | created.dwLowDateTime;
  if ((key.created != 0 && key.created != since) || GetProcessId(self->process) != key.pid ||
      has_exited(self)) {
    return gone("OpenProcess", error);
  }
  MEMORY_BASIC_INFORMATION first;
  return query_region(self, 0, &first, error);
}

/* PEB and, of a 32-bit process, the second one: that there is one is all that makes it 32-bit to us. */
static void find_pebs(const memory *self, seep_target *target)
{
  seep_win_late_process_basic basic = {0};
  ULONG_PTR wow64 = 0;
  if (self->query_process(self->process, SEEP_WIN_LATE_PROCESS_BASIC, &basic, sizeof basic, NULL) >= 0) {
    target->peb = (uint64_t)(uintptr_t)basic.peb;
  }
  if (self->query_process(self->process, SEEP_WIN_LATE_PROCESS_WOW64, &wow64, sizeof wow64, NULL) >= 0) {
    target->peb32 = wow64;
  }
}

static uint64_t commit_bytes(const memory *self)
{
  PROCESS_MEMORY_COUNTERS_EX counters = {0};
  counters.cb = sizeof counters;
  if (!GetProcessMemoryInfo(self->process, (PROCESS_MEMORY_COUNTERS *)&counters, sizeof counters)) {
    return 0;
  }
  /* Wine fills only the second. */
  return counters.PrivateUsage != 0 ? counters.PrivateUsage : counters.PagefileUsage;
}

/* Asks for all threads into a buffer that the caller releases; NULL when the system has no such list, or not
 * enough memory for it. Not kept between processes: it is rarely needed and large. */
static void *list_threads(const memory *self, size_t *used)
{
  for (size_t bytes = FIRST_LIST_BYTES; bytes <= MAXIMUM_LIST_BYTES; bytes *= 2) {
    void *list = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (list == NULL) {
      return NULL;
    }
    ULONG returned = 0;
    LONG result =
        self->query_system(SEEP_WIN_LATE_EXTENDED_PROCESS_INFORMATION, list, (ULONG)bytes, &returned);
    if (result >= 0) {
      *used = returned > 0 && returned <= bytes ? returned : bytes;
      return list;
    }
    VirtualFree(list, 0, MEM_RELEASE);
    if (result != SEEP_WIN_LATE_STATUS_LENGTH_MISMATCH) {
      return NULL;
    }
  }
  return NULL;
}

static void find_tebs(memory *self, uint32_t pid)
{
  size_t used = 0;
  size_t found = 0;
  void *list = list_threads(self, &used);
  if (list == NULL) {
    return;
  }
  if (seep_thread_list_tebs(list, used, pid, NULL, 0, &found, NULL) == SEEP_OK && found > 0) {
    self->tebs = malloc(found * sizeof *self->tebs);
    if (self->tebs != NULL) {
      self->teb_count = found;
      seep_thread_list_tebs(list, used, pid, self->tebs, found, &found, NULL);
    }
  }
  VirtualFree(list, 0, MEM_RELEASE);
}

/* false: its name cannot be told. */
static bool add_module(const memory *self, HMODULE module, unsigned *runtimes)
{
  wchar_t path[NAME_UNITS];
  char file[FILE_NAME_SIZE];
  DWORD length = GetMappedFileNameW(self->process, (void *)module, path, NAME_UNITS);
  if (length == 0 || length >= NAME_UNITS - 1) {
    return false;
  }
  size_t begin = length;
  while (begin > 0 && path[begin - 1] != L'\\') {
    begin--;
  }
  if (seep_win_wide_fill_to_utf8(path + begin, length - begin, file, sizeof file) < sizeof file) {
    *runtimes |= seep_runtime_of_module(file);
  }
  return true;
}

static void find_runtimes(memory *self, seep_target *target)
{
  DWORD needed_bytes = 0;
  if (!self->readable || !EnumProcessModulesEx(self->process, self->modules, sizeof self->modules,
                                               &needed_bytes, LIST_MODULES_ALL)) {
    return;
  }
  target->modules_known = needed_bytes > 0 && needed_bytes <= sizeof self->modules;
  size_t count = needed_bytes / sizeof self->modules[0];
  for (size_t i = 0; i < count && i < MAXIMUM_MODULES; i++) {
    if (timed_out(self) || !add_module(self, self->modules[i], &target->runtimes)) {
      target->modules_known = false;
    }
  }
}

/* The caller's thread shall not take the processor from anybody who has work to do. */
static void lower_priority(memory *self)
{
  self->priority = GetThreadPriority(GetCurrentThread());
  if (self->priority != THREAD_PRIORITY_ERROR_RETURN) {
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_LOWEST);
  }
}

static void close_target(void *context, seep_target *target)
{
  memory *self = context;
  if (self->process != NULL) {
    CloseHandle(self->process);
    self->process = NULL;
  }
  free(self->tebs);
  self->tebs = NULL;
  self->teb_count = 0;
  *target = (seep_target){0};
  if (self->priority != THREAD_PRIORITY_ERROR_RETURN) {
    SetThreadPriority(GetCurrentThread(), self->priority);
    self->priority = THREAD_PRIORITY_ERROR_RETURN;
  }
}

static seep_status open_target(void *context, seep_process_key key, int64_t maximum_ms, seep_target *target,
                               seep_error *error)
{
  memory *self = context;
  *target = (seep_target){0};
  self->deadline_100ns = now_100ns() + (ULONGLONG)(maximum_ms > 0 ? maximum_ms : 0) * HUNDRED_NS_PER_MS;
  lower_priority(self);
  seep_status status = open_process(self, key.pid, error);
  if (status == SEEP_OK) {
    status = check_process(self, key, error);
  }
  if (status != SEEP_OK) {
    close_target(self, target);
    return status;
  }
  find_pebs(self, target);
  find_tebs(self, key.pid);
  find_runtimes(self, target);
  target->context = self;
  target->region = region_at;
  target->read = read_bytes;
  target->pointer_bytes = sizeof(void *);
  target->tebs = self->tebs;
  target->teb_count = self->teb_count;
  target->commit_bytes = commit_bytes(self);
  return SEEP_OK;
}

seep_status seep_win_process_memory_new(seep_process_memory *port, seep_error *error)
{
  memory *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "process memory", NULL);
  }
  self->priority = THREAD_PRIORITY_ERROR_RETURN;
  self->query_memory = seep_win_late_find_query_virtual_memory();
  self->query_system = seep_win_late_find_query_system_information();
  self->query_process = seep_win_late_find_query_process_information();
  if (self->query_system == NULL || self->query_process == NULL) {
    free(self);
    return seep_win_error_set(error, ERROR_PROC_NOT_FOUND, "GetProcAddress", "ntdll.dll");
  }
  port->context = self;
  port->open = open_target;
  port->close = close_target;
  return SEEP_OK;
}

void seep_win_process_memory_free(seep_process_memory *port)
{
  free(port->context);
  port->context = NULL;
  port->open = NULL;
  port->close = NULL;
}
