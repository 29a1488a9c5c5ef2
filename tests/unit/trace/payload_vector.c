#include "unit/trace/payload_vector.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "unit/trace/memory_file.h"
#include "unit/trace/raw_trace.h"

uint64_t payload_vector_number(const cJSON *item)
{
  assert_non_null(item);
  if (cJSON_IsString(item)) {
    return strtoull(item->valuestring, NULL, 16);
  }
  assert_true(cJSON_IsNumber(item));
  return item->valuedouble < 0 ? (uint64_t)(int64_t)item->valuedouble : (uint64_t)item->valuedouble;
}

const cJSON *payload_vector_field(const payload_vector *tested, const char *name, const char *other)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(tested->expected, name);
  return item != NULL ? item : cJSON_GetObjectItemCaseSensitive(tested->expected, other);
}

void payload_vector_expect_number(payload_vector *tested, const char *name, const char *other, uint64_t found)
{
  const cJSON *item = payload_vector_field(tested, name, other);
  if (item != NULL) {
    if (payload_vector_number(item) != found) {
      fail_msg("%s: %s is %" PRIu64 ", expected %" PRIu64, tested->name, name, found,
               payload_vector_number(item));
    }
    tested->compared++;
  }
}

void payload_vector_expect_text(payload_vector *tested, const char *name, const char *other,
                                const seep_trace_text *found)
{
  char text[TEXT_SIZE];
  const cJSON *item = payload_vector_field(tested, name, other);
  if (item != NULL) {
    assert_string_equal(seep_trace_text_copy(found, text, sizeof text), item->valuestring);
    tested->compared++;
  }
}

void payload_vector_guid(const char *text, uint8_t *guid)
{
  static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t i = 0; i < 16; i++) {
    char digits[3] = {0};
    text += *text == '-' ? 1 : 0;
    memcpy(digits, text, 2);
    guid[order[i]] = (uint8_t)strtoul(digits, NULL, 16);
    text += 2;
  }
}

payload_vector payload_vector_take(const cJSON *item)
{
  const cJSON *hook = cJSON_GetObjectItemCaseSensitive(item, "hook");
  const cJSON *guid = cJSON_GetObjectItemCaseSensitive(item, "provider_guid");
  const cJSON *bits = cJSON_GetObjectItemCaseSensitive(item, "pointer_bits");
  const cJSON *version = cJSON_GetObjectItemCaseSensitive(item, "version");
  const cJSON *opcode = cJSON_GetObjectItemCaseSensitive(item, "opcode");
  const char *hex = cJSON_GetObjectItemCaseSensitive(item, "hex")->valuestring;
  payload_vector tested = {.name = cJSON_GetObjectItemCaseSensitive(item, "name")->valuestring,
                           .expected = cJSON_GetObjectItemCaseSensitive(item, "expected"),
                           .size = strlen(hex) / 2};
  tested.bytes = malloc(tested.size);
  assert_non_null(tested.bytes);
  assert_int_equal(tested.size, payload_vector_number(cJSON_GetObjectItemCaseSensitive(item, "size")));
  for (size_t i = 0; i < tested.size; i++) {
    char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    tested.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  bool is_wide = bits == NULL || payload_vector_number(bits) == 64;
  tested.record.pointer_bytes = is_wide ? 8 : 4;
  tested.record.version = version != NULL ? (uint8_t)payload_vector_number(version) : 0;
  tested.record.is_kernel = cJSON_IsString(hook);
  tested.record.hook_id = cJSON_IsString(hook) ? (uint16_t)payload_vector_number(hook) : 0;
  tested.record.header_type = is_wide ? RAW_FULL64 : RAW_FULL32;
  tested.record.opcode = opcode != NULL ? (uint8_t)payload_vector_number(opcode) : 0;
  tested.record.pid = tested.record.tid = UINT32_MAX;
  if (cJSON_IsString(guid)) {
    payload_vector_guid(guid->valuestring, tested.guid);
  }
  return tested;
}

cJSON *payload_vector_open(void)
{
  memory_file file = memory_file_fixture("payload-vectors.json");
  assert_non_null(file.bytes);
  cJSON *document = cJSON_ParseWithLength((const char *)file.bytes, file.size);
  memory_file_free(&file);
  assert_non_null(document);
  return document;
}
