/*
 * Functions that are looked up at run time, each typed once: the native calls that no import library
 * promises, what only newer Windows has, and DLLs that must come from System32 and whose absence is data, not
 * a program that does not start. For this room's files only.
 */
#ifndef SEEP_WIN_WIN_LATE_H
#define SEEP_WIN_WIN_LATE_H

#include <stdint.h>

#include <windows.h>
#include <winevt.h>

#include "base/status.h"

/* SystemProcessInformation; the buffer's layout is in observe/snapshot.h. */
#define SEEP_WIN_LATE_PROCESS_INFORMATION 5u
/* SystemExtendedProcessInformation; the layout is in memory/thread_list.h. */
#define SEEP_WIN_LATE_EXTENDED_PROCESS_INFORMATION 57u
/* The buffer was too small (ntstatus.h collides with windows.h, hence our own name). */
#define SEEP_WIN_LATE_STATUS_LENGTH_MISMATCH ((int32_t)0xC0000004)

typedef LONG(WINAPI *seep_win_late_query_system_information)(ULONG information_class, void *buffer,
                                                             ULONG size, ULONG *returned);

/* NULL when ntdll has no such function. */
seep_win_late_query_system_information seep_win_late_find_query_system_information(void);

/* ProcessBasicInformation; ProcessWow64Information: one pointer, the address of the second PEB;
 * ProcessBreakOnTermination: a ULONG, not 0 for a process that Windows stops with. */
#define SEEP_WIN_LATE_PROCESS_BASIC 0u
#define SEEP_WIN_LATE_PROCESS_WOW64 26u
#define SEEP_WIN_LATE_PROCESS_BREAK 29u

typedef struct seep_win_late_process_basic {
  LONG_PTR exit_status;
  PVOID peb;
  ULONG_PTR others[4];
} seep_win_late_process_basic;

typedef LONG(WINAPI *seep_win_late_query_process_information)(HANDLE process, ULONG information_class,
                                                              void *buffer, ULONG size, ULONG *returned);

/* NULL when ntdll has no such function. */
seep_win_late_query_process_information seep_win_late_find_query_process_information(void);

/* IsProcessCritical, since Windows 8.1; NULL when kernel32 has no such function (Wine 8). */
typedef BOOL(WINAPI *seep_win_late_is_process_critical)(HANDLE process, BOOL *critical);
seep_win_late_is_process_critical seep_win_late_find_is_process_critical(void);

/* GetProcessInformation, since Windows 8; NULL when kernel32 has no such function. */
typedef BOOL(WINAPI *seep_win_late_get_process_information)(HANDLE process,
                                                            PROCESS_INFORMATION_CLASS information_class,
                                                            void *buffer, DWORD size);
seep_win_late_get_process_information seep_win_late_find_get_process_information(void);

/* QueryVirtualMemoryInformation's MemoryRegionInfo: one whole allocation. Since Windows 10 1607; headers show
 * it only to programs that need no older Windows. */
#define SEEP_WIN_LATE_MEMORY_REGION 0u

typedef struct seep_win_late_memory_region {
  PVOID allocation_base;
  ULONG allocation_protect;
  ULONG flags;
  SIZE_T region_bytes;
  SIZE_T commit_bytes;
} seep_win_late_memory_region;

typedef BOOL(WINAPI *seep_win_late_query_virtual_memory)(HANDLE process, const void *address,
                                                         int information_class, void *buffer, SIZE_T size,
                                                         SIZE_T *returned);

/* NULL when kernelbase has no such function. */
seep_win_late_query_virtual_memory seep_win_late_find_query_virtual_memory(void);

/* version.dll, for which the same holds as for wevtapi.dll below. */
typedef struct seep_win_late_version {
  DWORD(WINAPI *size)(DWORD flags, LPCWSTR path, DWORD *unused);
  BOOL(WINAPI *read)(DWORD flags, LPCWSTR path, DWORD unused, DWORD size, void *data);
  BOOL(WINAPI *query)(const void *data, LPCWSTR name, void **value, UINT *size);
} seep_win_late_version;

/* Loads version.dll from System32 only and fills the table. SEEP_NOT_FOUND, SEEP_UNSUPPORTED (a function is
 * missing; the subject names it). */
seep_status seep_win_late_load_version(seep_win_late_version *table, seep_error *error);

/* The part of the Windows event log that the feed uses; all are set or the table is not given out. */
typedef struct seep_win_late_wevtapi {
  EVT_HANDLE(WINAPI *subscribe)
  (EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query, EVT_HANDLE bookmark, PVOID context,
   EVT_SUBSCRIBE_CALLBACK callback, DWORD flags);
  BOOL(WINAPI *next)
  (EVT_HANDLE results, DWORD size, EVT_HANDLE *events, DWORD timeout, DWORD flags, DWORD *returned);
  BOOL(WINAPI *render)
  (EVT_HANDLE context, EVT_HANDLE fragment, DWORD flags, DWORD size, PVOID buffer, DWORD *used,
   DWORD *properties);
  BOOL(WINAPI *close)(EVT_HANDLE object);
  EVT_HANDLE(WINAPI *create_bookmark)(LPCWSTR xml);
  BOOL(WINAPI *update_bookmark)(EVT_HANDLE bookmark, EVT_HANDLE event);
} seep_win_late_wevtapi;

/* Loads wevtapi.dll from System32 only and fills the table. The DLL stays for the life of the process: it
 * runs threads of its own. SEEP_NOT_FOUND, SEEP_UNSUPPORTED (a function is missing; the subject names it). */
seep_status seep_win_late_load_wevtapi(seep_win_late_wevtapi *table, seep_error *error);

/* The same for a DLL that is loaded already; tests bind a stand-in with it. */
seep_status seep_win_late_bind_wevtapi(HMODULE module, seep_win_late_wevtapi *table, seep_error *error);

#endif
