#include "standin/wpr/heap_config.h"

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>

#include "standin/standin_files.h"
#include "standin/wpr/output.h"

#define HEAP_BIT 1u

static const wchar_t options_key[] =
    L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\";

static uint32_t hresult_of(LSTATUS status)
{
  return status == ERROR_SUCCESS ? 0 : UINT32_C(0x80070000) | (uint32_t)status;
}

static void say(const char *what, const wchar_t *process)
{
  char name[260];
  char text[400];
  standin_files_narrow(process, name, sizeof name);
  snprintf(text, sizeof text, "Heap tracing %s for process %s.", what, name);
  wpr_output_say(text);
}

static DWORD read_flags(HKEY key)
{
  DWORD flags = 0;
  DWORD size = sizeof flags;
  LSTATUS status = RegGetValueW(key, NULL, L"TracingFlags", RRF_RT_REG_DWORD, NULL, &flags, &size);
  return status == ERROR_SUCCESS ? flags : 0;
}

static LSTATUS change(HKEY key, bool enable, wpr_clearing clearing)
{
  DWORD flags = read_flags(key);
  flags = enable ? flags | HEAP_BIT : flags & ~(DWORD)HEAP_BIT;
  if (!enable && flags == 0 && clearing != WPR_CLEARING_WRITES_0) {
    LSTATUS status = RegDeleteValueW(key, L"TracingFlags");
    return status == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : status;
  }
  return RegSetValueExW(key, L"TracingFlags", 0, REG_DWORD, (const BYTE *)&flags, sizeof flags);
}

uint32_t wpr_heap_config(const wchar_t *process, const wchar_t *action, const wpr_knobs *knobs)
{
  wchar_t path[512];
  HKEY key = NULL;
  bool enable = action != NULL && _wcsicmp(action, L"enable") == 0;
  if (wcslen(process) + sizeof options_key / sizeof options_key[0] > sizeof path / sizeof path[0] ||
      wcspbrk(process, L"\\/") != NULL) {
    return UINT32_C(0x80070057);
  }
  swprintf(path, sizeof path / sizeof path[0], L"%ls%ls", options_key, process);
  REGSAM access = KEY_WOW64_64KEY | (action != NULL ? KEY_READ | KEY_WRITE : KEY_READ);
  LSTATUS status = enable ? RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, access, NULL, &key, NULL)
                          : RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, access, &key);
  if (status == ERROR_FILE_NOT_FOUND && !enable) {
    say(action != NULL ? "was successfully disabled" : "is disabled", process);
    return 0;
  }
  if (status != ERROR_SUCCESS) {
    return hresult_of(status);
  }
  if (action == NULL) {
    say((read_flags(key) & HEAP_BIT) != 0 ? "is enabled" : "is disabled", process);
  } else {
    status = change(key, enable, knobs->clearing);
    if (status == ERROR_SUCCESS && !enable && knobs->clearing == WPR_CLEARING_KEY) {
      status = RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path, KEY_WOW64_64KEY, 0);
    }
    if (status == ERROR_SUCCESS) {
      say(enable ? "was successfully enabled" : "was successfully disabled", process);
    }
  }
  RegCloseKey(key);
  return hresult_of(status);
}
