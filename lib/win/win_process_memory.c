/*
 * Everything is asked of the kernel, with two exceptions that read the process's own memory: what the caller
 * reads, and the list of modules. That list comes from EnumProcessModulesEx, because its cost does not grow
 * with the leak: looking for images among all regions would double the calls for a process with 100,000
 * allocations. The modules' names then come from the kernel (GetMappedFileName), for GetModuleBaseName would
 * walk the loader's list anew for each. TEBs come from the system's list of threads, so no thread is opened.
 * All of it is documented except for the two native calls, and what those do not tell is just not known.
 *
 * What EnumProcessModulesEx and GetMappedFileName may wait for inside Windows is not known either, and the
 * deadline cannot interrupt them. Hence they are asked once per process, not at each look, and not at all
 * when the time is over.
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
#include "win/win_process_handle.h"
#include "win/win_wide.h"

#define HUNDRED_NS_PER_MS 10000

/* The list of all threads: about 600 processes with 10 threads each fit the first size. */
#define FIRST_LIST_BYTES ((size_t)1024 * 1024)
#define MAXIMUM_LIST_BYTES ((size_t)64 * 1024 * 1024)

/* A runtime that is not among the first is not looked for. */
#define MAXIMUM_MODULES 256u
#define NAME_UNITS 1024u
/* Longer file names are no runtime's. */
#define FILE_NAME_SIZE 64u

/* As many processes as the engine looks into at the same time. */
#define REMEMBERED_PROCESSES 64u

/* The longest path that Windows has, and its longest file name (255 units) in UTF-8. */
#define IMAGE_PATH_UNITS ((DWORD)32768)
#define IMAGE_NAME_SIZE 768u

typedef struct remembered {
  seep_process_key key; /* created 0: empty */
  unsigned runtimes;
} remembered;

typedef struct memory {
  seep_win_late_query_system_information query_system;
  seep_win_late_query_process_information query_process;
  seep_win_late_query_virtual_memory query_memory; /* NULL: Windows before 10 1607 */
  /* Of the process that is open. */
  HANDLE process;
  bool shows_regions; /* the right to ask for them was granted */
  bool readable;
  seep_process_key key;
  ULONGLONG deadline_100ns;
  int priority; /* the thread's own; THREAD_PRIORITY_ERROR_RETURN: left alone */
  uint64_t *tebs;
  size_t teb_count;
  char image[IMAGE_NAME_SIZE];
  HMODULE modules[MAXIMUM_MODULES];
  /* Of those that were open before. */
  remembered past[REMEMBERED_PROCESSES];
  size_t next_past;
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
  /* Above the highest address that a program can have. */
  if (code == ERROR_INVALID_PARAMETER && !seep_win_process_handle_has_exited(self->process)) {
    return SEEP_NOT_FOUND;
  }
  return seep_win_process_handle_failed(self->process, code, self->shows_regions, "VirtualQueryEx", error);
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
    return seep_win_process_handle_has_exited(self->process) ? SEEP_GONE : SEEP_DENIED;
  }
  if (address > UINTPTR_MAX || bytes > UINTPTR_MAX - (uintptr_t)address) {
    return SEEP_NOT_FOUND;
  }
  if (ReadProcessMemory(self->process, (const void *)(uintptr_t)address, out, bytes, &read)) {
    return read == bytes ? SEEP_OK : SEEP_NOT_FOUND;
  }
  /* Not denied, whatever the code: the right to read was granted. */
  return seep_win_process_handle_has_exited(self->process) ? SEEP_GONE : SEEP_NOT_FOUND;
}

/* Regions and bytes, regions alone, or hardly anything: a protected process grants the last at most. */
static seep_status open_process(memory *self, uint32_t pid, seep_error *error)
{
  static const DWORD accesses[] = {PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, PROCESS_QUERY_INFORMATION,
                                   PROCESS_QUERY_LIMITED_INFORMATION};
  DWORD code = ERROR_ACCESS_DENIED;
  for (size_t i = 0; i < sizeof accesses / sizeof accesses[0] && code == ERROR_ACCESS_DENIED; i++) {
    self->process = seep_win_process_handle_open(accesses[i], pid);
    if (self->process != NULL) {
      self->shows_regions = accesses[i] != PROCESS_QUERY_LIMITED_INFORMATION;
      self->readable = (accesses[i] & PROCESS_VM_READ) != 0;
      return SEEP_OK;
    }
    code = GetLastError();
  }
  return seep_win_process_handle_refused(code, pid, error);
}

/* Whether it is the one that was meant, alive, and shows its regions. Its handle keeps it the same from here
 * on, whatever becomes of the PID. */
static seep_status check_process(memory *self, seep_process_key key, seep_error *error)
{
  self->key = key;
  seep_status status = seep_win_process_handle_check(self->process, &self->key, error);
  if (status != SEEP_OK) {
    return status;
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
    target->peb32_settled = true;
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

/* The part behind the last backslash, or NULL when it is empty or longer than out. */
static const char *file_name(const wchar_t *path, size_t units, char *out, size_t out_size)
{
  size_t begin = units;
  while (begin > 0 && path[begin - 1] != L'\\') {
    begin--;
  }
  size_t bytes = seep_win_wide_fill_to_utf8(path + begin, units - begin, out, out_size);
  return bytes > 0 && bytes < out_size ? out : NULL;
}

/* The native form of the path is asked for, because nobody has to find a drive letter for it then. */
static const char *find_image(memory *self)
{
  const char *image = NULL;
  DWORD units = IMAGE_PATH_UNITS;
  wchar_t *path = malloc(IMAGE_PATH_UNITS * sizeof *path);
  if (path != NULL && QueryFullProcessImageNameW(self->process, PROCESS_NAME_NATIVE, path, &units) &&
      units < IMAGE_PATH_UNITS) {
    image = file_name(path, units, self->image, sizeof self->image);
  }
  free(path);
  return image;
}

/* Asks for all threads into a buffer that the caller releases; NULL when the system has no such list, not
 * enough memory for it, or time is over. Not kept between processes: it is rarely needed and large. */
static void *list_threads(const memory *self, size_t *used)
{
  for (size_t bytes = FIRST_LIST_BYTES; bytes <= MAXIMUM_LIST_BYTES && !timed_out(self); bytes *= 2) {
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

static void find_tebs(memory *self)
{
  uint32_t pid = self->key.pid;
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

/* false: its name cannot be told, or not in time. */
static bool add_module(const memory *self, HMODULE module, unsigned *runtimes)
{
  wchar_t path[NAME_UNITS];
  char file[FILE_NAME_SIZE];
  DWORD length = timed_out(self) ? 0 : GetMappedFileNameW(self->process, (void *)module, path, NAME_UNITS);
  if (length == 0 || length >= NAME_UNITS - 1) {
    return false;
  }
  const char *name = file_name(path, length, file, sizeof file);
  *runtimes |= name != NULL ? seep_runtime_of_module(name) : 0;
  return true;
}

/* true: the answer is complete. */
static bool ask_runtimes(memory *self, unsigned *runtimes)
{
  DWORD needed_bytes = 0;
  if (!self->readable || timed_out(self) ||
      !EnumProcessModulesEx(self->process, self->modules, sizeof self->modules, &needed_bytes,
                            LIST_MODULES_ALL)) {
    return false;
  }
  bool complete = needed_bytes > 0 && needed_bytes <= sizeof self->modules;
  size_t count = needed_bytes / sizeof self->modules[0];
  for (size_t i = 0; i < count && i < MAXIMUM_MODULES; i++) {
    complete = add_module(self, self->modules[i], runtimes) && complete;
  }
  return complete;
}

static const remembered *recall(const memory *self)
{
  for (size_t i = 0; i < REMEMBERED_PROCESSES; i++) {
    const remembered *one = &self->past[i];
    if (one->key.created != 0 && one->key.created == self->key.created && one->key.pid == self->key.pid) {
      return one;
    }
  }
  return NULL;
}

/* Once per process: a runtime that is loaded after the first look stays unseen. */
static void find_runtimes(memory *self, seep_target *target)
{
  const remembered *known = recall(self);
  if (known != NULL) {
    target->runtimes = known->runtimes;
    target->modules_known = true;
    return;
  }
  target->modules_known = ask_runtimes(self, &target->runtimes);
  if (target->modules_known) {
    self->past[self->next_past] = (remembered){self->key, target->runtimes};
    self->next_past = (self->next_past + 1) % REMEMBERED_PROCESSES;
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
  find_tebs(self);
  find_runtimes(self, target);
  target->context = self;
  target->region = region_at;
  target->read = read_bytes;
  target->pointer_bytes = sizeof(void *);
  target->tebs = self->tebs;
  target->teb_count = self->teb_count;
  target->commit_bytes = commit_bytes(self);
  target->created = self->key.created;
  target->image = find_image(self);
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

void seep_win_process_memory_allow_debug(void)
{
  HANDLE token;
  TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1};
  wanted.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) {
    return;
  }
  if (LookupPrivilegeValueW(NULL, L"SeDebugPrivilege", &wanted.Privileges[0].Luid)) {
    AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
  }
  CloseHandle(token);
}
