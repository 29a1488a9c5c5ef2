#include "unit/trace/payload_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "unit/trace/raw_trace.h"

payload payload_rig_kernel(uint16_t hook, uint8_t version, unsigned pointer_bytes)
{
  payload made = {.record = {.header_type = pointer_bytes == 8 ? 17 : 16,
                             .is_kernel = true,
                             .hook_id = hook,
                             .version = version,
                             .pointer_bytes = pointer_bytes,
                             .pid = UINT32_MAX,
                             .tid = UINT32_MAX}};
  return made;
}

void payload_rig_add_bytes(payload *made, const void *bytes, size_t size)
{
  made->bytes = realloc(made->bytes, made->size + size);
  assert_non_null(made->bytes);
  memcpy(made->bytes + made->size, bytes, size);
  made->size += size;
  made->record.payload = made->bytes;
  made->record.payload_bytes = made->size;
}

void payload_rig_add(payload *made, uint64_t value, size_t bytes)
{
  uint8_t number[8];
  raw_put(number, value, bytes);
  payload_rig_add_bytes(made, number, bytes);
}

void payload_rig_add_pointer(payload *made, uint64_t value)
{
  payload_rig_add(made, value, made->record.pointer_bytes);
}

void payload_rig_add_wide(payload *made, const char *ascii, bool is_ended)
{
  for (; *ascii != '\0'; ascii++) {
    payload_rig_add(made, (uint8_t)*ascii, 2);
  }
  if (is_ended) {
    payload_rig_add(made, 0, 2);
  }
}

void payload_rig_done(payload *made)
{
  free(made->bytes);
  made->bytes = NULL;
}

void payload_rig_expect_text(const seep_trace_text *text, const char *expected)
{
  char found[256];
  assert_string_equal(seep_trace_text_copy(text, found, sizeof found), expected);
}
