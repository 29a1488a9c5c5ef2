#include "base/status.h"

#include <inttypes.h>

#include "base/text.h"

seep_status seep_error_set(seep_error *error, seep_status status, seep_error_domain domain, int64_t code,
                           const char *operation, const char *subject)
{
  if (error != NULL) {
    error->status = status;
    error->domain = domain;
    error->code = code;
    error->operation = operation;
    seep_text_copy(error->subject, sizeof error->subject, subject != NULL ? subject : "");
  }
  return status;
}

const char *seep_status_text(seep_status status)
{
  static const char *const words[] = {"done",      "not found", "denied",    "gone",        "busy",
                                      "corrupt",   "limit",     "no memory", "unsupported", "invalid",
                                      "timed out", "cancelled", "failed"};
  size_t index = (size_t)status;
  return index < sizeof words / sizeof words[0] ? words[index] : "unknown";
}

static void write_code(const seep_error *error, seep_writer *writer)
{
  switch (error->domain) {
  case SEEP_DOMAIN_NT:
  case SEEP_DOMAIN_HRESULT:
    seep_writer_format(writer, " (0x%08" PRIX32 ")", (uint32_t)error->code);
    break;
  case SEEP_DOMAIN_WIN32:
    seep_writer_format(writer, " (Windows error %" PRId64 ")", error->code);
    break;
  case SEEP_DOMAIN_SQLITE:
    seep_writer_format(writer, " (SQLite %" PRId64 ")", error->code);
    break;
  case SEEP_DOMAIN_UV:
    seep_writer_format(writer, " (libuv %" PRId64 ")", error->code);
    break;
  case SEEP_DOMAIN_FORMAT:
    seep_writer_format(writer, " (at byte %" PRId64 ")", error->code);
    break;
  case SEEP_DOMAIN_NONE:
  default:
    break;
  }
}

const char *seep_error_text(const seep_error *error, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_text(&writer, error->operation != NULL ? error->operation : "operation");
  seep_writer_text(&writer, error->subject[0] != '\0' ? " " : "");
  seep_writer_text(&writer, error->subject);
  seep_writer_text(&writer, ": ");
  seep_writer_text(&writer, seep_status_text(error->status));
  write_code(error, &writer);
  return out;
}
