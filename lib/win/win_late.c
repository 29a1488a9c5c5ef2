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

typedef struct slot {
  const char *name;
  size_t offset;
} slot;

static const slot slots[] = {
    {"EvtSubscribe", offsetof(seep_win_late_wevtapi, subscribe)},
    {"EvtNext", offsetof(seep_win_late_wevtapi, next)},
    {"EvtRender", offsetof(seep_win_late_wevtapi, render)},
    {"EvtClose", offsetof(seep_win_late_wevtapi, close)},
    {"EvtCreateBookmark", offsetof(seep_win_late_wevtapi, create_bookmark)},
    {"EvtUpdateBookmark", offsetof(seep_win_late_wevtapi, update_bookmark)},
};

_Static_assert(sizeof slots / sizeof slots[0] * sizeof(any_function) == sizeof(seep_win_late_wevtapi),
               "every member of the table has a slot");

seep_status seep_win_late_bind_wevtapi(HMODULE module, seep_win_late_wevtapi *table, seep_error *error)
{
  seep_win_late_wevtapi bound;
  for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
    any_function function = find(module, slots[i].name);
    if (function == NULL) {
      return seep_win_error_set(error, ERROR_PROC_NOT_FOUND, "GetProcAddress", slots[i].name);
    }
    memcpy((char *)&bound + slots[i].offset, &function, sizeof function);
  }
  *table = bound;
  return SEEP_OK;
}

seep_status seep_win_late_load_wevtapi(seep_win_late_wevtapi *table, seep_error *error)
{
  HMODULE module = LoadLibraryExW(L"wevtapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (module == NULL) {
    return seep_win_error_set(error, GetLastError(), "LoadLibraryEx", "wevtapi.dll");
  }
  return seep_win_late_bind_wevtapi(module, table, error);
}
