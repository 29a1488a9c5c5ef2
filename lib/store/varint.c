#include "store/varint.h"

size_t seep_varint_put(uint8_t *out, uint64_t value)
{
  size_t length = 0;
  while (value >= 0x80) {
    out[length++] = (uint8_t)(value | 0x80);
    value >>= 7;
  }
  out[length++] = (uint8_t)value;
  return length;
}

uint64_t seep_varint_get(seep_cursor *cursor)
{
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t byte = seep_cursor_u8(cursor);
    if (cursor->failed || (shift == 63 && byte > 1)) {
      break;
    }
    value |= (uint64_t)(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  cursor->failed = true;
  return 0;
}
