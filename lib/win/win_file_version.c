/*
 * The numbers come from the fixed part of the resource, which is the same in every language, and from the
 * program itself, not from the file with its translated texts (FILE_VER_GET_NEUTRAL). They are what decides
 * which options wpr.exe understands, so nothing is taken from its printed banner.
 */
#include "win/win_file_version.h"

#include <stdlib.h>

#include <windows.h>
/* winver.h needs windows.h before it */
#include <winver.h>

#include "win/win_error.h"
#include "win/win_late.h"
#include "win/win_wide.h"

/* The fixed part's first word. */
#define FIXED_SIGNATURE 0xFEEF04BDu

static seep_status no_version(DWORD code, const char *operation, const char *path, seep_error *error)
{
  return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_WIN32, (int64_t)code, operation, path);
}

/* Why there is no resource to read. A program without one and a file that is no program are the same to us.
 */
static seep_status refused(DWORD code, const char *operation, const char *path, seep_error *error)
{
  switch (code) {
  case ERROR_RESOURCE_DATA_NOT_FOUND:
  case ERROR_RESOURCE_TYPE_NOT_FOUND:
  case ERROR_RESOURCE_NAME_NOT_FOUND:
  case ERROR_BAD_EXE_FORMAT:
    return no_version(code, operation, path, error);
  default:
    return seep_win_error_set(error, code, operation, path);
  }
}

static seep_status take_fixed(const seep_win_late_version *late, const void *data, const char *path,
                              seep_win_file_version *version, seep_error *error)
{
  void *value = NULL;
  UINT size = 0;
  if (!late->query(data, L"\\", &value, &size) || value == NULL || size < sizeof(VS_FIXEDFILEINFO)) {
    return no_version(ERROR_RESOURCE_DATA_NOT_FOUND, "VerQueryValue", path, error);
  }
  const VS_FIXEDFILEINFO *fixed = value;
  if (fixed->dwSignature != FIXED_SIGNATURE) {
    return no_version(ERROR_RESOURCE_DATA_NOT_FOUND, "VerQueryValue", path, error);
  }
  version->parts[0] = HIWORD(fixed->dwFileVersionMS);
  version->parts[1] = LOWORD(fixed->dwFileVersionMS);
  version->parts[2] = HIWORD(fixed->dwFileVersionLS);
  version->parts[3] = LOWORD(fixed->dwFileVersionLS);
  return SEEP_OK;
}

static seep_status read_wide(const wchar_t *wide, const char *path, seep_win_file_version *version,
                             seep_error *error)
{
  seep_win_late_version late;
  DWORD unused = 0;
  /* Asked first, because a file that is missing must not be mistaken for one without a version. */
  if (GetFileAttributesW(wide) == INVALID_FILE_ATTRIBUTES) {
    return seep_win_error_set(error, GetLastError(), "GetFileAttributes", path);
  }
  seep_status status = seep_win_late_load_version(&late, error);
  if (status != SEEP_OK) {
    return seep_error_set(error, SEEP_OS, SEEP_DOMAIN_NONE, 0, "version.dll cannot be used for", path);
  }
  DWORD size = late.size(FILE_VER_GET_NEUTRAL, wide, &unused);
  if (size == 0) {
    return refused(GetLastError(), "GetFileVersionInfoSizeEx", path, error);
  }
  void *data = malloc(size);
  if (data == NULL) {
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "GetFileVersionInfoEx", path);
  }
  status = late.read(FILE_VER_GET_NEUTRAL, wide, 0, size, data)
               ? take_fixed(&late, data, path, version, error)
               : refused(GetLastError(), "GetFileVersionInfoEx", path, error);
  free(data);
  return status;
}

seep_status seep_win_file_version_read(const char *path, seep_win_file_version *version, seep_error *error)
{
  wchar_t *wide = seep_win_wide_from_utf8(path);
  if (wide == NULL) {
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "path", path);
  }
  seep_status status = read_wide(wide, path, version, error);
  free(wide);
  return status;
}
