/* Any bytes as the XML of an Event 1003 or 1008: what comes out agrees with itself, or nothing was written.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "observe/exhaustion.h"
#include "observe/memory_notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_exhaustion event;
  seep_memory_notice notice, untouched;
  seep_error error;
  memset(&notice, 0xA5, sizeof notice);
  memset(&untouched, 0xA5, sizeof untouched);
  if (seep_memory_notice_parse((const char *)data, size, &notice, &error) != SEEP_OK) {
    if (memcmp(&notice, &untouched, sizeof notice) != 0) {
      abort();
    }
    return 0;
  }
  bool both = notice.commit_limit_bytes != 0 && notice.commit_charge_bytes != 0;
  if ((notice.event_id != 1003 && notice.event_id != 1008) || notice.has_commit != both ||
      (!notice.has_error && notice.error_code != 0)) {
    abort();
  }
  /* The same reader judges the same document as an Event 2004, and never takes it for one. */
  if (seep_exhaustion_parse((const char *)data, size, &event, &error) != SEEP_UNSUPPORTED) {
    abort();
  }
  return 0;
}
