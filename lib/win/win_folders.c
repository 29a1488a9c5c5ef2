/*
 * Folders, their rights, and the one rename. An existing folder is judged and changed through one handle that
 * does not follow links, so nothing can be swapped between the look and the change. Paths go to Windows in
 * their \\?\ form, which lifts the old length limit whatever the machine's policy is.
 */
#include "win/win_folders.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>
/* these need windows.h before them */
#include <aclapi.h>
#include <initguid.h>
#include <knownfolders.h>
#include <objbase.h>
#include <sddl.h>
#include <shlobj.h>

#include "base/text.h"
#include "win/win_account.h"
#include "win/win_error.h"
#include "win/win_wide.h"

/* P: nothing is inherited from ProgramData; OICI: files and folders inside inherit; FA: full access. */
#define PROTECTED_RIGHTS L"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
#define LONG_PREFIX L"\\\\?\\"

static seep_status no_memory(seep_error *error, const char *subject)
{
  return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "path", subject);
}

/* The full path in \\?\ form; a UNC path is only made absolute. NULL with *code when Windows does not take
 * it. */
static wchar_t *native_path(const char *path, DWORD *code)
{
  wchar_t *wide = seep_win_wide_from_utf8(path);
  wchar_t *full = NULL;
  *code = ERROR_NOT_ENOUGH_MEMORY;
  if (wide == NULL) {
    return NULL;
  }
  size_t prefix = wcslen(LONG_PREFIX);
  DWORD units = GetFullPathNameW(wide, 0, NULL, NULL);
  if (units == 0) {
    *code = GetLastError();
    goto done;
  }
  full = malloc((prefix + units) * sizeof *full);
  if (full == NULL) {
    goto done;
  }
  DWORD written = GetFullPathNameW(wide, units, full + prefix, NULL);
  if (written == 0 || written >= units) {
    *code = written == 0 ? GetLastError() : ERROR_INVALID_NAME;
    free(full);
    full = NULL;
    goto done;
  }
  if (full[prefix] != L'\\') {
    memcpy(full, LONG_PREFIX, prefix * sizeof *full);
  } else {
    memmove(full, full + prefix, ((size_t)written + 1) * sizeof *full);
  }
done:
  free(wide);
  return full;
}

static char *joined(const char *folder, const char *name)
{
  size_t size = strlen(folder) + strlen(name) + 2;
  char *path = malloc(size);
  if (path != NULL) {
    seep_writer writer;
    seep_writer_init(&writer, path, size);
    seep_writer_text(&writer, folder);
    seep_writer_text(&writer, "\\");
    seep_writer_text(&writer, name);
  }
  return path;
}

seep_status seep_win_folders_system(char **path, seep_error *error)
{
  UINT units = GetSystemDirectoryW(NULL, 0);
  if (units == 0) {
    return seep_win_error_set(error, GetLastError(), "GetSystemDirectory", NULL);
  }
  wchar_t *wide = malloc(units * sizeof *wide);
  if (wide == NULL) {
    return no_memory(error, NULL);
  }
  UINT written = GetSystemDirectoryW(wide, units);
  DWORD code = GetLastError();
  char *utf8 = written > 0 && written < units ? seep_win_wide_to_utf8(wide) : NULL;
  free(wide);
  if (written == 0 || written >= units) {
    return seep_win_error_set(error, code, "GetSystemDirectory", NULL);
  }
  if (utf8 == NULL) {
    return no_memory(error, NULL);
  }
  *path = utf8;
  return SEEP_OK;
}

seep_status seep_win_folders_data(char **path, seep_error *error)
{
  PWSTR wide = NULL;
  HRESULT result = SHGetKnownFolderPath(&FOLDERID_ProgramData, KF_FLAG_DEFAULT, NULL, &wide);
  if (FAILED(result)) {
    CoTaskMemFree(wide);
    return seep_error_set(error, SEEP_OS, SEEP_DOMAIN_HRESULT, (int64_t)(uint32_t)result,
                          "SHGetKnownFolderPath", "ProgramData");
  }
  char *parent = seep_win_wide_to_utf8(wide);
  CoTaskMemFree(wide);
  char *utf8 = parent != NULL ? joined(parent, "Seepwatch") : NULL;
  free(parent);
  if (utf8 == NULL) {
    return no_memory(error, NULL);
  }
  *path = utf8;
  return SEEP_OK;
}

/* Judges the opened object: a real folder of a trusted owner. */
static seep_status judge_folder(HANDLE folder, const char *path, seep_error *error)
{
  BY_HANDLE_FILE_INFORMATION info;
  if (!GetFileInformationByHandle(folder, &info)) {
    return seep_win_error_set(error, GetLastError(), "GetFileInformationByHandle", path);
  }
  if ((info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    return seep_error_set(error, SEEP_DENIED, SEEP_DOMAIN_NONE, 0, "folder is a link, refused:", path);
  }
  if ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return seep_win_error_set(error, ERROR_DIRECTORY, "not a folder:", path);
  }
  PSID owner = NULL;
  PSECURITY_DESCRIPTOR descriptor = NULL;
  DWORD code = GetSecurityInfo(folder, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL,
                               &descriptor);
  if (code != ERROR_SUCCESS) {
    return seep_win_error_set(error, code, "GetSecurityInfo", path);
  }
  bool trusted = seep_win_account_is_trusted(owner);
  LocalFree(descriptor);
  if (!trusted) {
    return seep_error_set(error, SEEP_DENIED, SEEP_DOMAIN_NONE, 0,
                          "folder belongs to another user, refused:", path);
  }
  return SEEP_OK;
}

static seep_status protect_existing(const wchar_t *native, const char *path, PSECURITY_DESCRIPTOR rights,
                                    seep_error *error)
{
  HANDLE folder = CreateFileW(native, READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
  if (folder == INVALID_HANDLE_VALUE) {
    return seep_win_error_set(error, GetLastError(), "open", path);
  }
  seep_status status = judge_folder(folder, path, error);
  if (status != SEEP_OK) {
    goto done;
  }
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL dacl = NULL;
  if (!GetSecurityDescriptorDacl(rights, &present, &dacl, &defaulted)) {
    status = seep_win_error_set(error, GetLastError(), "GetSecurityDescriptorDacl", path);
    goto done;
  }
  DWORD code =
      SetSecurityInfo(folder, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                      NULL, NULL, dacl, NULL);
  if (code != ERROR_SUCCESS) {
    status = seep_win_error_set(error, code, "SetSecurityInfo", path);
  }
done:
  CloseHandle(folder);
  return status;
}

seep_status seep_win_folders_protect(const char *path, seep_error *error)
{
  DWORD code = 0;
  wchar_t *native = native_path(path, &code);
  if (native == NULL) {
    return seep_win_error_set(error, code, "GetFullPathName", path);
  }
  seep_status status = SEEP_OK;
  PSECURITY_DESCRIPTOR rights = NULL;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(PROTECTED_RIGHTS, SDDL_REVISION_1, &rights,
                                                            NULL)) {
    status = seep_win_error_set(error, GetLastError(), "ConvertStringSecurityDescriptor", path);
    goto done;
  }
  /* Created with its rights: there is no moment at which others could get in. */
  SECURITY_ATTRIBUTES attributes = {sizeof attributes, rights, FALSE};
  if (!CreateDirectoryW(native, &attributes)) {
    code = GetLastError();
    status = code == ERROR_ALREADY_EXISTS ? protect_existing(native, path, rights, error)
                                          : seep_win_error_set(error, code, "CreateDirectory", path);
  }
done:
  LocalFree(rights);
  free(native);
  return status;
}

seep_status seep_win_folders_create_data(const char *data_path, seep_error *error)
{
  static const char *const inside[] = {"captures", "captures\\temporary"};
  seep_status status = seep_win_folders_protect(data_path, error);
  for (size_t i = 0; status == SEEP_OK && i < sizeof inside / sizeof inside[0]; i++) {
    char *path = joined(data_path, inside[i]);
    if (path == NULL) {
      return no_memory(error, inside[i]);
    }
    status = seep_win_folders_protect(path, error);
    free(path);
  }
  return status;
}

seep_status seep_win_folders_lock(const char *data_path, void **lock, seep_error *error)
{
  static const wchar_t name[] = L"\\seepwatch.lock";
  DWORD code = 0;
  wchar_t *folder = native_path(data_path, &code);
  if (folder == NULL) {
    return seep_win_error_set(error, code, "GetFullPathName", data_path);
  }
  size_t length = wcslen(folder);
  wchar_t *path = malloc(length * sizeof *path + sizeof name);
  HANDLE file = INVALID_HANDLE_VALUE;
  code = ERROR_NOT_ENOUGH_MEMORY;
  if (path != NULL) {
    memcpy(path, folder, length * sizeof *path);
    memcpy(path + length, name, sizeof name);
    file = CreateFileW(path, GENERIC_WRITE | DELETE, 0, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_HIDDEN | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    code = GetLastError();
  }
  free(path);
  free(folder);
  if (file == INVALID_HANDLE_VALUE) {
    return seep_win_error_set(error, code, "another Seepwatch may be using", data_path);
  }
  *lock = file;
  return SEEP_OK;
}

void seep_win_folders_unlock(void *lock)
{
  if (lock != NULL) {
    CloseHandle(lock);
  }
}

seep_status seep_win_folders_rename(const char *from, const char *to, seep_error *error)
{
  DWORD code = 0;
  wchar_t *native_to = NULL;
  wchar_t *native_from = native_path(from, &code);
  if (native_from == NULL) {
    return seep_win_error_set(error, code, "GetFullPathName", from);
  }
  seep_status status = SEEP_OK;
  native_to = native_path(to, &code);
  if (native_to == NULL) {
    status = seep_win_error_set(error, code, "GetFullPathName", to);
    goto done;
  }
  if (!MoveFileExW(native_from, native_to, MOVEFILE_WRITE_THROUGH)) {
    status = seep_win_error_set(error, GetLastError(), "MoveFileEx", to);
  }
done:
  free(native_from);
  free(native_to);
  return status;
}
