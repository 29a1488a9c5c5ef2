/*
 * The one table from Windows' codes to statuses. Only codes that a caller acts on differently have a row;
 * everything else stays SEEP_OS, and the native code in the record tells the administrator the rest.
 */
#include "win/win_error.h"

#include <stddef.h>
#include <windows.h>

/* ntstatus.h collides with windows.h, so the few codes we look at are named here. */
#define NT_ACCESS_DENIED ((int32_t)0xC0000022)
#define NT_NO_MEMORY ((int32_t)0xC0000017)
#define NT_INSUFFICIENT_RESOURCES ((int32_t)0xC000009A)
#define NT_COMMITMENT_LIMIT ((int32_t)0xC000012D)

typedef struct error_row {
  uint32_t code;
  seep_status status;
} error_row;

static const error_row rows[] = {
    {ERROR_FILE_NOT_FOUND, SEEP_NOT_FOUND},
    {ERROR_PATH_NOT_FOUND, SEEP_NOT_FOUND},
    {ERROR_MOD_NOT_FOUND, SEEP_NOT_FOUND},
    {ERROR_PROC_NOT_FOUND, SEEP_UNSUPPORTED},
    {ERROR_CALL_NOT_IMPLEMENTED, SEEP_UNSUPPORTED},
    {ERROR_NOT_SUPPORTED, SEEP_UNSUPPORTED},
    {ERROR_NOT_FOUND, SEEP_NOT_FOUND},
    {ERROR_EVT_CHANNEL_NOT_FOUND, SEEP_NOT_FOUND},
    {ERROR_ACCESS_DENIED, SEEP_DENIED},
    {ERROR_PRIVILEGE_NOT_HELD, SEEP_DENIED},
    {ERROR_SHARING_VIOLATION, SEEP_BUSY},
    {ERROR_LOCK_VIOLATION, SEEP_BUSY},
    {ERROR_BUSY, SEEP_BUSY},
    {ERROR_ALREADY_EXISTS, SEEP_BUSY},
    {ERROR_FILE_EXISTS, SEEP_BUSY},
    {ERROR_NOT_ENOUGH_MEMORY, SEEP_NO_MEMORY},
    {ERROR_OUTOFMEMORY, SEEP_NO_MEMORY},
    {ERROR_COMMITMENT_LIMIT, SEEP_NO_MEMORY},
    {ERROR_NO_SYSTEM_RESOURCES, SEEP_NO_MEMORY},
    {ERROR_DISK_FULL, SEEP_LIMIT},
    {ERROR_HANDLE_DISK_FULL, SEEP_LIMIT},
    {ERROR_TIMEOUT, SEEP_TIMED_OUT},
    {ERROR_CANCELLED, SEEP_CANCELLED},
    {ERROR_INVALID_PARAMETER, SEEP_INVALID},
    {ERROR_INVALID_NAME, SEEP_INVALID},
};

seep_status seep_win_error_status(uint32_t code)
{
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].code == code) {
      return rows[i].status;
    }
  }
  return SEEP_OS;
}

seep_status seep_win_error_set(seep_error *error, uint32_t code, const char *operation, const char *subject)
{
  seep_status status = code == 0 ? SEEP_UNSUPPORTED : seep_win_error_status(code);
  return seep_error_set(error, status, SEEP_DOMAIN_WIN32, (int64_t)code, operation, subject);
}

seep_status seep_win_error_set_nt(seep_error *error, int32_t code, const char *operation, const char *subject)
{
  seep_status status = SEEP_OS;
  if (code == NT_ACCESS_DENIED) {
    status = SEEP_DENIED;
  } else if (code == NT_NO_MEMORY || code == NT_INSUFFICIENT_RESOURCES || code == NT_COMMITMENT_LIMIT) {
    status = SEEP_NO_MEMORY;
  }
  return seep_error_set(error, status, SEEP_DOMAIN_NT, (int64_t)(uint32_t)code, operation, subject);
}
