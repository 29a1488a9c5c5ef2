/*
 * Looks and changes nothing: the service control manager and the registry, with the right to query alone.
 *
 * The policy for resource exhaustion stands in the reference (event-log, 2.6). The one for all scenarios,
 * "Diagnostics: Configure scenario execution level" of WDI.admx, has the same value one key higher, and 0 in
 * either is "disabled": so Microsoft's documentation of the policies ADMX_WDI and ADMX_Radar has it.
 */
#include "win/win_diagnosis.h"

#include <stddef.h>

#include <windows.h>

#include "win/win_service.h"

#define SERVICE "DPS"
#define ALL_SCENARIOS L"SOFTWARE\\Policies\\Microsoft\\Windows\\WDI"
#define THIS_SCENARIO ALL_SCENARIOS L"\\{3af8b24a-c441-4fa4-8c5c-bed591bfa867}"
#define VALUE L"ScenarioExecutionEnabled"

static seep_diagnosis_service read_service(void)
{
  seep_win_service_state state;
  uint32_t start_type = 0;
  seep_status status = seep_win_service_state_of(SERVICE, &state, NULL);
  if (status != SEEP_OK) {
    return status == SEEP_NOT_FOUND ? SEEP_DIAGNOSIS_SERVICE_ABSENT : SEEP_DIAGNOSIS_SERVICE_UNKNOWN;
  }
  if (seep_win_service_runs(&state)) {
    return SEEP_DIAGNOSIS_SERVICE_RUNNING;
  }
  bool disabled =
      seep_win_service_start_type_of(SERVICE, &start_type, NULL) == SEEP_OK && start_type == SERVICE_DISABLED;
  return disabled ? SEEP_DIAGNOSIS_SERVICE_DISABLED : SEEP_DIAGNOSIS_SERVICE_STOPPED;
}

static bool is_missing(LSTATUS code)
{
  return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND || code == ERROR_KEY_DELETED;
}

/* A value that is no number is none that a policy has written: what Windows makes of it is not known. */
static seep_diagnosis_policy read_policy(const wchar_t *path)
{
  HKEY key = NULL;
  DWORD type = REG_NONE;
  DWORD value = 0;
  DWORD bytes = sizeof value;
  LSTATUS code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key);
  if (code == ERROR_SUCCESS) {
    code = RegQueryValueExW(key, VALUE, NULL, &type, (BYTE *)&value, &bytes);
    RegCloseKey(key);
  }
  if (is_missing(code)) {
    return SEEP_DIAGNOSIS_POLICY_NOT_CONFIGURED;
  }
  if (code != ERROR_SUCCESS || type != REG_DWORD || bytes != sizeof value) {
    return SEEP_DIAGNOSIS_POLICY_UNKNOWN;
  }
  return value == 0 ? SEEP_DIAGNOSIS_POLICY_DISABLED : SEEP_DIAGNOSIS_POLICY_ENABLED;
}

static void read_all(void *context, seep_diagnosis *out)
{
  (void)context;
  out->service = read_service();
  out->scenario = read_policy(THIS_SCENARIO);
  out->all = read_policy(ALL_SCENARIOS);
}

void seep_win_diagnosis_init(seep_diagnosis_source *port)
{
  port->context = NULL;
  port->read = read_all;
}
