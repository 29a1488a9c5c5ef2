#include "standin/standin_files.h"

#include <windows.h>

#include <string.h>

static const wchar_t fallback_folder[] = L"C:\\ProgramData\\SeepwatchStandin";

bool standin_files_folder(wchar_t path[STANDIN_PATH_UNITS])
{
  DWORD length = GetEnvironmentVariableW(L"SEEPWATCH_STANDIN", path, STANDIN_PATH_UNITS);
  if (length == 0 || length >= STANDIN_PATH_UNITS) {
    memcpy(path, fallback_folder, sizeof fallback_folder);
    CreateDirectoryW(L"C:\\ProgramData", NULL);
  }
  return CreateDirectoryW(path, NULL) || GetLastError() == ERROR_ALREADY_EXISTS;
}

bool standin_files_join(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *folder, const wchar_t *name)
{
  size_t folder_units = wcslen(folder);
  size_t name_units = wcslen(name);
  if (folder_units + name_units + 2 > STANDIN_PATH_UNITS) {
    return false;
  }
  memmove(path, folder, folder_units * sizeof *path);
  if (folder_units > 0 && path[folder_units - 1] != L'\\' && path[folder_units - 1] != L'/') {
    path[folder_units++] = L'\\';
  }
  memcpy(path + folder_units, name, (name_units + 1) * sizeof *path);
  return true;
}

bool standin_files_exists(const wchar_t *path)
{
  return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

size_t standin_files_read(const wchar_t *path, char *out, size_t out_size)
{
  DWORD read = 0;
  HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                            OPEN_EXISTING, 0, NULL);
  if (file != INVALID_HANDLE_VALUE) {
    if (!ReadFile(file, out, (DWORD)(out_size - 1), &read, NULL)) {
      read = 0;
    }
    CloseHandle(file);
  }
  out[read] = '\0';
  return read;
}

static bool put(const wchar_t *path, DWORD access, DWORD disposition, const char *text)
{
  DWORD length = (DWORD)strlen(text);
  DWORD written = 0;
  HANDLE file = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                            disposition, FILE_ATTRIBUTE_NORMAL, NULL);
  if (file == INVALID_HANDLE_VALUE) {
    return false;
  }
  bool done = WriteFile(file, text, length, &written, NULL) && written == length;
  CloseHandle(file);
  return done;
}

bool standin_files_write(const wchar_t *path, const char *text)
{
  return put(path, GENERIC_WRITE, CREATE_ALWAYS, text);
}

bool standin_files_append(const wchar_t *path, const char *text)
{
  return put(path, FILE_APPEND_DATA, OPEN_ALWAYS, text);
}

void standin_files_narrow(const wchar_t *wide, char *out, size_t out_size)
{
  int written = WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, (int)out_size, NULL, NULL);
  if (written <= 0) {
    out[0] = '\0';
    out[out_size - 1] = '\0';
  }
}

void standin_files_widen(const char *text, wchar_t *out, size_t out_units)
{
  int written = MultiByteToWideChar(CP_UTF8, 0, text, -1, out, (int)out_units);
  if (written <= 0) {
    out[0] = L'\0';
    out[out_units - 1] = L'\0';
  }
}

uint64_t standin_files_now(void)
{
  FILETIME now;
  GetSystemTimePreciseAsFileTime(&now);
  return (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
}
