/*
 * The Windows side: a file mapping. The file is opened without letting others write, and a mapped file cannot
 * be cut off anyway; what is left is a disk or network that fails, which raises an in-page error where the
 * page is touched.
 */
#include "mapping_loss.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "win/win_error.h"
#include "win/win_wide.h"

static seep_status fail(seep_error *error, DWORD code, const char *operation)
{
  seep_status status = seep_win_error_status(code);
  if (code == ERROR_SHARING_VIOLATION) {
    return seep_error_set(error, SEEP_BUSY, SEEP_DOMAIN_WIN32, (int64_t)code, operation,
                          "another program has it open for writing; wait until it is done");
  }
  return seep_error_set(error, status, SEEP_DOMAIN_WIN32, (int64_t)code, operation, seep_status_text(status));
}

static seep_status refuse(seep_error *error, seep_status status, const char *why)
{
  return seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "map", why);
}

static seep_status map(seep_mapping *mapping, HANDLE file, seep_error *error)
{
  LARGE_INTEGER size;
  if (GetFileType(file) != FILE_TYPE_DISK) {
    return refuse(error, SEEP_INVALID, "not a plain file");
  }
  if (!GetFileSizeEx(file, &size)) {
    return fail(error, GetLastError(), "GetFileSizeEx");
  }
  if (size.QuadPart <= 0) {
    return refuse(error, SEEP_INVALID, "the file is empty");
  }
  if ((uint64_t)size.QuadPart > SIZE_MAX / 2) {
    return refuse(error, SEEP_LIMIT, "larger than the address space of this program");
  }
  HANDLE section = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
  if (section == NULL) {
    return fail(error, GetLastError(), "CreateFileMappingW");
  }
  const void *data = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
  DWORD code = GetLastError();
  CloseHandle(section); /* the view keeps it */
  if (data == NULL) {
    return fail(error, code, "MapViewOfFile");
  }
  *mapping = (seep_mapping){.data = data, .size_bytes = (uint64_t)size.QuadPart};
  return SEEP_OK;
}

/* Windows says "denied" of a folder that is opened as a file. */
static bool is_folder(const wchar_t *path)
{
  DWORD attributes = GetFileAttributesW(path);
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

seep_status seep_mapping_open(seep_mapping *mapping, const char *path, seep_error *error)
{
  memset(mapping, 0, sizeof *mapping);
  wchar_t *wide = seep_win_wide_from_utf8(path);
  if (wide == NULL) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "malloc", "no memory (malloc)");
  }
  seep_status status = SEEP_OK;
  /* A path may come from a trace and lead, by a link planted meanwhile, to a pipe: whoever listens there must
   * not be able to act as us, who may be LocalSystem. */
  HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                            FILE_ATTRIBUTE_NORMAL | FILE_FLAG_RANDOM_ACCESS | SECURITY_SQOS_PRESENT |
                                SECURITY_IDENTIFICATION,
                            NULL);
  DWORD code = GetLastError();
  if (file != INVALID_HANDLE_VALUE) {
    status = map(mapping, file, error);
    CloseHandle(file); /* the view keeps the file, and its size */
  } else if (is_folder(wide)) {
    status = refuse(error, SEEP_INVALID, "a folder, not a file");
  } else {
    status = fail(error, code, "CreateFileW");
  }
  free(wide);
  return status;
}

void seep_mapping_close(seep_mapping *mapping)
{
  seep_mapping_loss_remove(mapping);
  if (mapping->data != NULL) {
    UnmapViewOfFile(mapping->data);
  }
  memset(mapping, 0, sizeof *mapping);
}

/* ExceptionInformation: how it was touched, the address, and why the page could not be read. */
static LONG CALLBACK on_lost_page(EXCEPTION_POINTERS *exception)
{
  const EXCEPTION_RECORD *record = exception->ExceptionRecord;
  const seep_mapping *lost = NULL;
  DWORD written = 0;
  if (record->ExceptionCode == EXCEPTION_IN_PAGE_ERROR && record->NumberParameters >= 2) {
    lost = seep_mapping_loss_find((const void *)record->ExceptionInformation[1]);
  }
  if (lost != NULL) {
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), lost->loss_message, (DWORD)strlen(lost->loss_message), &written,
              NULL);
    TerminateProcess(GetCurrentProcess(), (UINT)lost->loss_exit_code);
  }
  return EXCEPTION_CONTINUE_SEARCH;
}

void seep_mapping_on_loss(seep_mapping *mapping, const char *message, int exit_code)
{
  static bool is_registered;
  mapping->loss_message = message;
  mapping->loss_exit_code = exit_code;
  seep_mapping_loss_add(mapping);
  if (!is_registered) {
    is_registered = AddVectoredExceptionHandler(1, on_lost_page) != NULL;
  }
}
