#include "standin/wpr/version.h"

#include <windows.h>

#include "standin/standin_files.h"

#define INFO_BYTES 4096

uint32_t wpr_version_own(void)
{
  static uint8_t info[INFO_BYTES];
  wchar_t path[STANDIN_PATH_UNITS];
  VS_FIXEDFILEINFO *fixed = NULL;
  UINT size = 0;
  DWORD length = GetModuleFileNameW(NULL, path, STANDIN_PATH_UNITS);
  if (length == 0 || length >= STANDIN_PATH_UNITS || !GetFileVersionInfoW(path, 0, sizeof info, info) ||
      !VerQueryValueW(info, L"\\", (void **)&fixed, &size) || size < sizeof *fixed) {
    return 0;
  }
  return fixed->dwFileVersionLS >> 16;
}
