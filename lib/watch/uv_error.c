#include "watch/uv_error.h"

#include <uv.h>

seep_status seep_uv_error_set(seep_error *error, int code, const char *operation, const char *subject)
{
  seep_status status = SEEP_OS;
  switch (code) {
  case UV_ENOENT:
    status = SEEP_NOT_FOUND;
    break;
  case UV_EACCES:
  case UV_EPERM:
    status = SEEP_DENIED;
    break;
  case UV_ENOSPC:
    status = SEEP_LIMIT;
    break;
  case UV_ENOMEM:
    status = SEEP_NO_MEMORY;
    break;
  default:
    break;
  }
  return seep_error_set(error, status, SEEP_DOMAIN_UV, code, operation, subject);
}
