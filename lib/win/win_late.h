/*
 * Functions that are looked up at run time, each typed once: the one native call the poll needs (no import
 * library promises it) and wevtapi.dll, which must come from System32 and whose absence is data, not a
 * program that does not start. For this room's files only.
 */
#ifndef SEEP_WIN_WIN_LATE_H
#define SEEP_WIN_WIN_LATE_H

#include <stdint.h>

#include <windows.h>
#include <winevt.h>

#include "base/status.h"

/* SystemProcessInformation; the buffer's layout is in observe/snapshot.h. */
#define SEEP_WIN_LATE_PROCESS_INFORMATION 5u
/* The buffer was too small (ntstatus.h collides with windows.h, hence our own name). */
#define SEEP_WIN_LATE_STATUS_LENGTH_MISMATCH ((int32_t)0xC0000004)

typedef LONG(WINAPI *seep_win_late_query_system_information)(ULONG information_class, void *buffer,
                                                             ULONG size, ULONG *returned);

/* NULL when ntdll has no such function. */
seep_win_late_query_system_information seep_win_late_find_query_system_information(void);

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
