/*
 * One small function for each fact, none of which needs another to succeed.
 *
 * The event log is tried with a subscription that is closed at once and never read: that is the right which
 * the feed needs. Of wevtapi.dll nothing is called but EvtSubscribe and EvtClose, because Wine's own library
 * answers the first with NULL and no error, and ends the process in others.
 */
#include "win/win_facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>
/* it needs windows.h before it */
#include <psapi.h>

#include "base/text.h"
#include "win/win_diagnosis.h"
#include "win/win_file_version.h"
#include "win/win_folder_rights.h"
#include "win/win_folders.h"
#include "win/win_late.h"
#include "win/win_service.h"
#include "win/win_wide.h"

#define SELECT_2004(channel)                                                                                 \
  L"<QueryList><Query Id=\"0\"><Select "                                                                     \
  L"Path="                                                                                                   \
  L"\"" channel L"\">*[System[Provider[@Name='Microsoft-Windows-Resource-Exhaustion-Detector'] and "         \
  L"EventID=2004]]"                                                                                          \
  L"</Select></Query></QueryList>"
#define SOURCES L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\"
/* Of a value in the registry, and of a path that is expanded from one. */
#define VALUE_UNITS 4096u
#define PATH_SIZE 1024u

static seep_known known(bool yes)
{
  return yes ? SEEP_YES : SEEP_NO;
}

/* ---- event logs ---- */

/* True when it could be made; else *code, which is 0 where the library does not say. */
static bool try_subscription(const seep_win_late_wevtapi *api, const wchar_t *query, uint32_t *code)
{
  HANDLE signal = CreateEventW(NULL, FALSE, TRUE, NULL);
  if (signal == NULL) {
    *code = GetLastError();
    return false;
  }
  SetLastError(ERROR_SUCCESS);
  EVT_HANDLE subscription =
      api->subscribe(NULL, signal, NULL, query, NULL, NULL, NULL, EvtSubscribeToFutureEvents);
  *code = subscription == NULL ? GetLastError() : ERROR_SUCCESS;
  if (subscription != NULL) {
    api->close(subscription);
  }
  CloseHandle(signal);
  return subscription != NULL;
}

void seep_win_facts_read_logs(const struct seep_win_late_wevtapi *api, seep_doctor_facts *facts)
{
  uint32_t code = 0;
  facts->event_log_readable = known(try_subscription(api, SELECT_2004(L"System"), &facts->event_log_code));
  if (try_subscription(api, SELECT_2004(L"Microsoft-Windows-Resource-Exhaustion-Detector/Operational"),
                       &code)) {
    facts->detector_log = SEEP_YES;
  } else {
    facts->detector_log = code == ERROR_EVT_CHANNEL_NOT_FOUND ? SEEP_NO : SEEP_NOT_KNOWN;
  }
}

static void read_logs(seep_doctor_facts *facts)
{
  seep_win_late_wevtapi api;
  seep_error error = {0};
  if (seep_win_late_load_wevtapi(&api, &error) == SEEP_OK) {
    seep_win_facts_read_logs(&api, facts);
    return;
  }
  facts->event_log_readable = SEEP_NO;
  facts->event_log_code = (uint32_t)error.code;
}

/* ---- service and event source ---- */

static void read_service(const char *name, seep_doctor_facts *facts)
{
  seep_win_service_state state;
  uint32_t start_type = 0;
  seep_status status = seep_win_service_state_of(name, &state, NULL);
  if (status == SEEP_OK) {
    facts->service_installed = SEEP_YES;
    facts->service_running = known(seep_win_service_runs(&state));
  } else if (status == SEEP_NOT_FOUND) {
    facts->service_installed = SEEP_NO;
    facts->service_running = SEEP_NO;
  }
  if (seep_win_service_start_type_of(name, &start_type, NULL) == SEEP_OK) {
    facts->service_automatic = known(start_type == SERVICE_AUTO_START);
  }
}

/* The value EventMessageFile as it stands there, terminated. */
static LSTATUS read_message_file(const char *source, wchar_t value[VALUE_UNITS + 1])
{
  wchar_t path[sizeof SOURCES / sizeof(wchar_t) + 256];
  const size_t prefix = wcslen(SOURCES);
  HKEY key = NULL;
  DWORD type = REG_NONE;
  DWORD bytes = VALUE_UNITS * sizeof *value;
  memcpy(path, SOURCES, sizeof SOURCES);
  if (seep_win_wide_fill_from_utf8(source, path + prefix, 256) >= 256) {
    return ERROR_INVALID_NAME;
  }
  LSTATUS code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key);
  if (code != ERROR_SUCCESS) {
    return code;
  }
  code = RegQueryValueExW(key, L"EventMessageFile", NULL, &type, (BYTE *)value, &bytes);
  RegCloseKey(key);
  if (code != ERROR_SUCCESS) {
    return code;
  }
  value[bytes / sizeof *value] = L'\0';
  return type == REG_SZ || type == REG_EXPAND_SZ ? ERROR_SUCCESS : ERROR_FILE_NOT_FOUND;
}

/* Several files may be named, with semicolons between; all must be there. */
static seep_known all_files_there(wchar_t *files)
{
  bool any = false;
  while (*files != L'\0') {
    size_t length = wcscspn(files, L";");
    bool last = files[length] == L'\0';
    files[length] = L'\0';
    if (length > 0) {
      any = true;
      if (GetFileAttributesW(files) == INVALID_FILE_ATTRIBUTES) {
        DWORD code = GetLastError();
        return code == ERROR_ACCESS_DENIED ? SEEP_NOT_KNOWN : SEEP_NO;
      }
    }
    files += last ? length : length + 1;
  }
  return known(any);
}

static seep_known read_source(const char *source)
{
  seep_known result = SEEP_NOT_KNOWN;
  wchar_t *text = malloc(2 * (VALUE_UNITS + 1) * sizeof *text);
  if (text == NULL) {
    return result;
  }
  wchar_t *expanded = text + VALUE_UNITS + 1;
  LSTATUS code = read_message_file(source, text);
  if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND || code == ERROR_KEY_DELETED) {
    result = SEEP_NO;
  } else if (code == ERROR_SUCCESS) {
    DWORD units = ExpandEnvironmentStringsW(text, expanded, VALUE_UNITS + 1);
    result = units > 0 && units <= VALUE_UNITS + 1 ? all_files_there(expanded) : SEEP_NOT_KNOWN;
  }
  free(text);
  return result;
}

/* ---- the recorder ---- */

static void read_recorder(seep_doctor_facts *facts)
{
  static const char name[] = "\\wpr.exe";
  char path[PATH_SIZE];
  char *system = NULL;
  seep_writer writer;
  seep_win_file_version version;
  if (seep_win_folders_system(&system, NULL) != SEEP_OK) {
    return;
  }
  seep_writer_init(&writer, path, sizeof path);
  seep_writer_text(&writer, system);
  seep_writer_text(&writer, name);
  free(system);
  if (writer.cut) {
    return;
  }
  seep_status status = seep_win_file_version_read(path, &version, NULL);
  if (status == SEEP_NOT_FOUND) {
    facts->recorder_there = SEEP_NO;
  } else if (status == SEEP_OK || status == SEEP_UNSUPPORTED) {
    facts->recorder_there = SEEP_YES;
  }
  if (status == SEEP_OK) {
    memcpy(facts->recorder_version, version.parts, sizeof facts->recorder_version);
  }
}

/* ---- the account that asks ---- */

static seep_known has_privilege(const TOKEN_PRIVILEGES *held, const wchar_t *name)
{
  LUID wanted;
  if (!LookupPrivilegeValueW(NULL, name, &wanted)) {
    return SEEP_NOT_KNOWN;
  }
  for (DWORD i = 0; i < held->PrivilegeCount; i++) {
    const LUID *luid = &held->Privileges[i].Luid;
    if (luid->LowPart == wanted.LowPart && luid->HighPart == wanted.HighPart) {
      return SEEP_YES;
    }
  }
  return SEEP_NO;
}

/* Held is enough, enabled or not: who needs one enables it. */
static void read_privileges(HANDLE token, seep_doctor_facts *facts)
{
  DWORD bytes = 0;
  (void)GetTokenInformation(token, TokenPrivileges, NULL, 0, &bytes);
  TOKEN_PRIVILEGES *held = bytes >= sizeof(DWORD) ? malloc(bytes) : NULL;
  if (held != NULL && GetTokenInformation(token, TokenPrivileges, held, bytes, &bytes)) {
    facts->privilege_debug = has_privilege(held, L"SeDebugPrivilege");
    facts->privilege_profile = has_privilege(held, L"SeSystemProfilePrivilege");
  }
  free(held);
}

static void read_user(HANDLE token, seep_doctor_facts *facts)
{
  union {
    TOKEN_USER user;
    char bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  } buffer;
  DWORD used = 0;
  if (GetTokenInformation(token, TokenUser, &buffer, sizeof buffer, &used)) {
    facts->is_service_account = known(IsWellKnownSid(buffer.user.User.Sid, WinLocalSystemSid) != FALSE);
  }
}

/* An administrator who is not elevated has the group for denying only, and is none. */
static seep_known is_administrator(void)
{
  union {
    SID sid;
    char bytes[SECURITY_MAX_SID_SIZE];
  } group;
  DWORD size = sizeof group;
  BOOL member = FALSE;
  if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, &group, &size) ||
      !CheckTokenMembership(NULL, &group, &member)) {
    return SEEP_NOT_KNOWN;
  }
  return known(member != FALSE);
}

static void read_account(seep_doctor_facts *facts)
{
  HANDLE token = NULL;
  facts->is_administrator = is_administrator();
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
    return;
  }
  read_privileges(token, facts);
  read_user(token, facts);
  CloseHandle(token);
}

/* ---- the data folder, and commit ---- */

/* The whole path, or what was given where Windows does not make one of it. */
static void full_path(const char *given, char *out, size_t out_size)
{
  wchar_t *wide = seep_win_wide_from_utf8(given);
  wchar_t *full = malloc(PATH_SIZE * sizeof *full);
  seep_text_copy(out, out_size, given);
  if (wide != NULL && full != NULL) {
    DWORD units = GetFullPathNameW(wide, PATH_SIZE, full, NULL);
    if (units > 0 && units < PATH_SIZE) {
      seep_win_wide_fill_to_utf8(full, units, out, out_size);
    }
  }
  free(full);
  free(wide);
}

static void read_folder(const char *data_folder, seep_doctor_facts *facts)
{
  seep_win_folder_rights rights = seep_win_folder_rights_of(data_folder);
  facts->data_folder_there = rights.there;
  facts->data_folder_writable = rights.writable;
  facts->data_folder_private = rights.is_private;
  full_path(data_folder, facts->data_folder, sizeof facts->data_folder);
}

static void read_commit(seep_doctor_facts *facts)
{
  PERFORMANCE_INFORMATION info = {0};
  if (GetPerformanceInfo(&info, sizeof info)) {
    facts->commit_limit_bytes = (uint64_t)info.CommitLimit * info.PageSize;
    facts->commit_total_bytes = (uint64_t)info.CommitTotal * info.PageSize;
  }
}

void seep_win_facts_read(const char *service_name, const char *data_folder, seep_doctor_facts *facts)
{
  seep_diagnosis_source diagnosis;
  seep_win_diagnosis_init(&diagnosis);
  diagnosis.read(diagnosis.context, &facts->diagnosis);
  read_logs(facts);
  read_service(service_name, facts);
  facts->source_registered = read_source(service_name);
  read_recorder(facts);
  read_account(facts);
  read_folder(data_folder, facts);
  read_commit(facts);
}
