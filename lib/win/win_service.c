/*
 * Two questions to the service control manager, each with a handle of its own that may do nothing else: an
 * account that may ask how a service is may not always read its configuration.
 */
#include "win/win_service.h"

#include <stdlib.h>

#include <windows.h>

#include "win/win_error.h"
#include "win/win_wide.h"

static seep_status failed(DWORD code, const char *operation, const char *name, seep_error *error)
{
  seep_status status = seep_win_error_set(error, code, operation, name);
  if (code != ERROR_SERVICE_DOES_NOT_EXIST) {
    return status;
  }
  return seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_WIN32, (int64_t)code, operation, name);
}

static seep_status open_service(const char *name, DWORD access, SC_HANDLE *out, seep_error *error)
{
  wchar_t *wide = seep_win_wide_from_utf8(name);
  if (wide == NULL) {
    return failed(ERROR_NOT_ENOUGH_MEMORY, "OpenService", name, error);
  }
  seep_status status = SEEP_OK;
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (manager == NULL) {
    status = failed(GetLastError(), "OpenSCManager", name, error);
    goto done;
  }
  SC_HANDLE service = OpenServiceW(manager, wide, access);
  DWORD code = GetLastError();
  /* A service's handle outlives that of the manager. */
  CloseServiceHandle(manager);
  if (service == NULL) {
    status = failed(code, "OpenService", name, error);
    goto done;
  }
  *out = service;
done:
  free(wide);
  return status;
}

seep_status seep_win_service_state_of(const char *name, seep_win_service_state *out, seep_error *error)
{
  SC_HANDLE service = NULL;
  SERVICE_STATUS_PROCESS now = {0};
  DWORD needed = 0;
  seep_status status = open_service(name, SERVICE_QUERY_STATUS, &service, error);
  if (status != SEEP_OK) {
    return status;
  }
  if (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&now, sizeof now, &needed)) {
    *out = (seep_win_service_state){now.dwCurrentState, now.dwProcessId, now.dwWin32ExitCode};
  } else {
    status = failed(GetLastError(), "QueryServiceStatusEx", name, error);
  }
  CloseServiceHandle(service);
  return status;
}

/* 8 KB is the most that a configuration takes, as QueryServiceConfig documents it. */
#define CONFIG_BYTES 8192u

seep_status seep_win_service_start_type_of(const char *name, uint32_t *start_type, seep_error *error)
{
  SC_HANDLE service = NULL;
  DWORD needed = 0;
  QUERY_SERVICE_CONFIGW *config = malloc(CONFIG_BYTES);
  if (config == NULL) {
    return failed(ERROR_NOT_ENOUGH_MEMORY, "QueryServiceConfig", name, error);
  }
  seep_status status = open_service(name, SERVICE_QUERY_CONFIG, &service, error);
  if (status != SEEP_OK) {
    goto done;
  }
  if (QueryServiceConfigW(service, config, CONFIG_BYTES, &needed)) {
    *start_type = config->dwStartType;
  } else {
    status = failed(GetLastError(), "QueryServiceConfig", name, error);
  }
  CloseServiceHandle(service);
done:
  free(config);
  return status;
}

bool seep_win_service_runs(const seep_win_service_state *state)
{
  return state->state == SERVICE_RUNNING || state->state == SERVICE_START_PENDING ||
         state->state == SERVICE_CONTINUE_PENDING;
}

const char *seep_win_service_state_text(uint32_t state)
{
  static const char *const words[] = {"unknown", "stopped",          "start pending", "stop pending",
                                      "running", "continue pending", "pause pending", "paused"};
  return state < sizeof words / sizeof words[0] ? words[state] : words[0];
}
