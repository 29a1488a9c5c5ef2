/*
 * Run-time lookup. A name is bound to its type in exactly one place below; a table is filled completely or
 * not at all, so callers never test single pointers.
 */
#include "win/win_late.h"

#include <stddef.h>
#include <string.h>

#include "win/win_error.h"

/* FARPROC is a function type of its own; this is the type that compilers let through to any other. */
typedef void (*any_function)(void);

_Static_assert(sizeof(any_function) == sizeof(void *), "function and data pointers have one size on Windows");

static any_function find(HMODULE module, const char *name)
{
  return module != NULL ? (any_function)GetProcAddress(module, name) : NULL;
}

seep_win_late_query_system_information seep_win_late_find_query_system_information(void)
{
  return (seep_win_late_query_system_information)find(GetModuleHandleW(L"ntdll.dll"),
                                                      "NtQuerySystemInformation");
}

_Static_assert(sizeof(seep_win_late_process_basic) == 6 * sizeof(void *) &&
                   offsetof(seep_win_late_process_basic, peb) == sizeof(void *),
               "PROCESS_BASIC_INFORMATION");
_Static_assert(offsetof(seep_win_late_memory_region, commit_bytes) == 2 * sizeof(void *) + 8,
               "WIN32_MEMORY_REGION_INFORMATION");

seep_win_late_query_process_information seep_win_late_find_query_process_information(void)
{
  return (seep_win_late_query_process_information)find(GetModuleHandleW(L"ntdll.dll"),
                                                       "NtQueryInformationProcess");
}

seep_win_late_query_virtual_memory seep_win_late_find_query_virtual_memory(void)
{
  return (seep_win_late_query_virtual_memory)find(GetModuleHandleW(L"kernelbase.dll"),
                                                  "QueryVirtualMemoryInformation");
}

seep_win_late_is_process_critical seep_win_late_find_is_process_critical(void)
{
  return (seep_win_late_is_process_critical)find(GetModuleHandleW(L"kernel32.dll"), "IsProcessCritical");
}

seep_win_late_get_process_information seep_win_late_find_get_process_information(void)
{
  return (seep_win_late_get_process_information)find(GetModuleHandleW(L"kernel32.dll"),
                                                     "GetProcessInformation");
}

typedef struct slot {
  const char *name;
  size_t offset;
} slot;

static const slot event_log_slots[] = {
    {"EvtSubscribe", offsetof(seep_win_late_wevtapi, subscribe)},
    {"EvtNext", offsetof(seep_win_late_wevtapi, next)},
    {"EvtRender", offsetof(seep_win_late_wevtapi, render)},
    {"EvtClose", offsetof(seep_win_late_wevtapi, close)},
    {"EvtCreateBookmark", offsetof(seep_win_late_wevtapi, create_bookmark)},
    {"EvtUpdateBookmark", offsetof(seep_win_late_wevtapi, update_bookmark)},
};

static const slot version_slots[] = {
    {"GetFileVersionInfoSizeExW", offsetof(seep_win_late_version, size)},
    {"GetFileVersionInfoExW", offsetof(seep_win_late_version, read)},
    {"VerQueryValueW", offsetof(seep_win_late_version, query)},
};

#define COUNT(slots) (sizeof(slots) / sizeof(slots)[0])

_Static_assert(COUNT(event_log_slots) * sizeof(any_function) == sizeof(seep_win_late_wevtapi) &&
                   COUNT(version_slots) * sizeof(any_function) == sizeof(seep_win_late_version),
               "every member of the tables has a slot");

static seep_status bind_all(HMODULE module, const slot *slots, size_t count, void *table, seep_error *error)
{
  for (size_t i = 0; i < count; i++) {
    any_function function = find(module, slots[i].name);
    if (function == NULL) {
      return seep_win_error_set(error, ERROR_PROC_NOT_FOUND, "GetProcAddress", slots[i].name);
    }
    memcpy((char *)table + slots[i].offset, &function, sizeof function);
  }
  return SEEP_OK;
}

static HMODULE load(const wchar_t *name)
{
  return LoadLibraryExW(name, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
}

seep_status seep_win_late_bind_wevtapi(HMODULE module, seep_win_late_wevtapi *table, seep_error *error)
{
  seep_win_late_wevtapi bound;
  seep_status status = bind_all(module, event_log_slots, COUNT(event_log_slots), &bound, error);
  if (status == SEEP_OK) {
    *table = bound;
  }
  return status;
}

seep_status seep_win_late_load_wevtapi(seep_win_late_wevtapi *table, seep_error *error)
{
  HMODULE module = load(L"wevtapi.dll");
  if (module == NULL) {
    return seep_win_error_set(error, GetLastError(), "LoadLibraryEx", "wevtapi.dll");
  }
  return seep_win_late_bind_wevtapi(module, table, error);
}

seep_status seep_win_late_load_version(seep_win_late_version *table, seep_error *error)
{
  HMODULE module = load(L"version.dll");
  if (module == NULL) {
    return seep_win_error_set(error, GetLastError(), "LoadLibraryEx", "version.dll");
  }
  seep_win_late_version bound;
  seep_status status = bind_all(module, version_slots, COUNT(version_slots), &bound, error);
  if (status == SEEP_OK) {
    *table = bound;
  }
  return status;
}
