/* Any bytes as event XML: the result is bounded, terminated and valid text, or nothing was written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "observe/exhaustion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
  const char *end = memchr(text, '\0', size);
  if (end == NULL || seep_text_valid_prefix(text, (size_t)(end - text)) != (size_t)(end - text)) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_exhaustion event, untouched;
  seep_error error;
  memset(&event, 0xA5, sizeof event);
  memset(&untouched, 0xA5, sizeof untouched);
  if (seep_exhaustion_parse((const char *)data, size, &event, &error) != SEEP_OK) {
    if (memcmp(&event, &untouched, sizeof event) != 0) {
      abort();
    }
    return 0;
  }
  if (event.process_count > SEEP_EXHAUSTION_PROCESSES || event.paged_tag_count > SEEP_EXHAUSTION_TAGS ||
      event.nonpaged_tag_count > SEEP_EXHAUSTION_TAGS) {
    abort();
  }
  for (size_t i = 0; i < SEEP_EXHAUSTION_PROCESSES; i++) {
    check_text(event.processes[i].name, sizeof event.processes[i].name);
    check_text(event.processes[i].version, sizeof event.processes[i].version);
  }
  for (size_t i = 0; i < SEEP_EXHAUSTION_TAGS; i++) {
    check_text(event.paged_tags[i].name, sizeof event.paged_tags[i].name);
    check_text(event.nonpaged_tags[i].name, sizeof event.nonpaged_tags[i].name);
  }
  return 0;
}
