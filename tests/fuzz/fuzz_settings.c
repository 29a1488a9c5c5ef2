/*
 * Any bytes as a configuration file. Beyond not crashing: what is accepted is written and read back the same,
 * what is refused says why, and the strict walk leaves cJSON nothing to refuse (it would be reported as
 * missing memory).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static seep_settings first, second;
static char text[SEEP_SETTINGS_TEXT_SIZE];

static void check(int holds)
{
  if (!holds) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  seep_settings_problem problem;
  memset(&problem, 0, sizeof problem);
  seep_status status = seep_settings_parse((const char *)data, size, &first, &problem);
  check(status == SEEP_OK || status == SEEP_INVALID || status == SEEP_CORRUPT || status == SEEP_LIMIT);
  check((status == SEEP_OK) == (problem.reason[0] == '\0'));
  if (status != SEEP_OK) {
    return 0;
  }
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_settings_write(&first, &writer);
  check(!writer.cut);
  check(seep_settings_parse(text, writer.length, &second, &problem) == SEEP_OK);
  check(memcmp(&first, &second, sizeof first) == 0);
  return 0;
}
