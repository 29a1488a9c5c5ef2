/*
 * Three questions about one process. Each has an answer that keeps hands off: what may not be asked counts as
 * protected. A service is told by the process it runs in, so several of one svchost.exe are all named; the
 * process is held open meanwhile, so that its PID stays its own.
 */
#include "win/win_process_role.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>
/* winsvc.h needs windows.h before it */
#include <winsvc.h>

#include "base/text.h"
#include "win/win_error.h"
#include "win/win_late.h"
#include "win/win_process_handle.h"
#include "win/win_wide.h"

#define SEPARATOR ", "
#define MORE "..."
/* A service's name has 256 characters at most; in UTF-8 each takes 3 bytes at most. */
#define SERVICE_NAME_SIZE (256u * 3u + 1u)

/* One answer is at most 256 KB, however many services there are; the rest comes with the next call. */
#define FIRST_LIST_BYTES ((DWORD)32 * 1024)
#define MAXIMUM_LIST_BYTES ((DWORD)256 * 1024)
#define MAXIMUM_CALLS 64u

typedef struct found_services {
  uint32_t pid;
  seep_port_process_role *role;
  bool full;
} found_services;

static bool is_critical(HANDLE process)
{
  seep_win_late_is_process_critical ask = seep_win_late_find_is_process_critical();
  seep_win_late_query_process_information query = seep_win_late_find_query_process_information();
  BOOL critical = FALSE;
  ULONG breaks = 0;
  if (ask != NULL) {
    return ask(process, &critical) && critical;
  }
  return query != NULL && query(process, SEEP_WIN_LATE_PROCESS_BREAK, &breaks, sizeof breaks, NULL) >= 0 &&
         breaks != 0;
}

/* Where Windows does not tell the level, the right to read its memory does: a protected process grants it to
 * no ordinary program. (Wine 8 does not tell; nothing is protected there, only closed by access lists.) */
static bool is_protected(HANDLE process, uint32_t pid)
{
  seep_win_late_get_process_information ask = seep_win_late_find_get_process_information();
  PROCESS_PROTECTION_LEVEL_INFORMATION level = {0};
  if (ask != NULL && ask(process, ProcessProtectionLevelInfo, &level, sizeof level)) {
    return level.ProtectionLevel != PROTECTION_LEVEL_NONE;
  }
  HANDLE reader = OpenProcess(PROCESS_VM_READ, FALSE, pid);
  bool denied = reader == NULL && GetLastError() == ERROR_ACCESS_DENIED;
  if (reader != NULL) {
    CloseHandle(reader);
  }
  return denied;
}

void seep_win_process_role_add_service(seep_port_process_role *role, bool *full, const char *name)
{
  seep_writer writer;
  size_t used = strlen(role->services);
  size_t size = sizeof role->services - used;
  const char *separator = used > 0 ? SEPARATOR : "";
  if (*full) {
    return;
  }
  seep_writer_init(&writer, role->services + used, size);
  /* Room for the mark that there are more is kept free. */
  *full = strlen(separator) + strlen(name) + sizeof SEPARATOR MORE > size;
  seep_writer_text(&writer, separator);
  seep_writer_text(&writer, *full ? MORE : name);
}

static void add_services(found_services *found, const ENUM_SERVICE_STATUS_PROCESSW *services, DWORD count)
{
  for (DWORD i = 0; i < count; i++) {
    const wchar_t *wide = services[i].lpServiceName;
    char name[SERVICE_NAME_SIZE];
    if (services[i].ServiceStatusProcess.dwProcessId == found->pid) {
      (void)seep_win_wide_fill_to_utf8(wide, wcslen(wide), name, sizeof name);
      seep_win_process_role_add_service(found->role, &found->full, name);
    }
  }
}

/* One call after the other with what the last one left, in a larger buffer where not even one service fitted.
 * Wine 8 gives nothing until everything fits. */
static DWORD list_services(SC_HANDLE manager, found_services *found)
{
  DWORD bytes = FIRST_LIST_BYTES;
  DWORD resume = 0;
  DWORD code = ERROR_MORE_DATA;
  void *buffer = NULL;
  for (unsigned call = 0; call < MAXIMUM_CALLS && code == ERROR_MORE_DATA; call++) {
    DWORD missing = 0;
    DWORD count = 0;
    if (buffer == NULL) {
      buffer = malloc(bytes);
    }
    if (buffer == NULL) {
      return ERROR_NOT_ENOUGH_MEMORY;
    }
    BOOL done = EnumServicesStatusExW(manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_ACTIVE, buffer,
                                      bytes, &missing, &count, &resume, NULL);
    code = done ? ERROR_SUCCESS : GetLastError();
    if (code == ERROR_SUCCESS || code == ERROR_MORE_DATA) {
      add_services(found, buffer, count);
    }
    if (code == ERROR_MORE_DATA && count == 0) {
      free(buffer);
      buffer = NULL;
      if (bytes >= MAXIMUM_LIST_BYTES) {
        return code;
      }
      bytes *= 2;
    }
  }
  free(buffer);
  return code;
}

static seep_status find_services(seep_port_process_role *role, uint32_t pid, seep_error *error)
{
  found_services found = {.pid = pid, .role = role};
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ENUMERATE_SERVICE);
  if (manager == NULL) {
    return seep_win_error_set(error, GetLastError(), "OpenSCManager", NULL);
  }
  DWORD code = list_services(manager, &found);
  CloseServiceHandle(manager);
  return code == ERROR_SUCCESS ? SEEP_OK : seep_win_error_set(error, code, "EnumServicesStatusEx", NULL);
}

seep_status seep_win_process_role(seep_process_key key, seep_port_process_role *role, seep_error *error)
{
  seep_port_process_role found = {0};
  HANDLE process = seep_win_process_handle_open(PROCESS_QUERY_LIMITED_INFORMATION, key.pid);
  seep_status status;
  if (process == NULL) {
    status = seep_win_process_handle_refused(GetLastError(), key.pid, error);
    if (status != SEEP_DENIED) {
      return status;
    }
    found.is_protected = true;
  } else {
    status = seep_win_process_handle_check(process, &key, error);
    if (status != SEEP_OK) {
      goto done;
    }
    found.is_critical = is_critical(process);
    found.is_protected = is_protected(process, key.pid);
  }
  status = find_services(&found, key.pid, error);
  if (status == SEEP_OK) {
    *role = found;
  }
done:
  if (process != NULL) {
    CloseHandle(process);
  }
  return status;
}
