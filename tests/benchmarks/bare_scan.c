#include "bare_scan.h"

#include <string.h>

#define BUFFER_HEADER_BYTES 0x48u

static uint32_t u32_at(const uint8_t *at)
{
  uint32_t value;
  memcpy(&value, at, sizeof value); /* little endian, as all machines that this runs on */
  return value;
}

uint64_t bare_scan_records(const uint8_t *data, size_t size)
{
  uint64_t records = 0;
  for (size_t at = 0; at + BUFFER_HEADER_BYTES <= size; at += u32_at(data + at)) {
    const uint8_t *buffer = data + at;
    size_t end = u32_at(buffer + 0x30);
    for (size_t record = BUFFER_HEADER_BYTES; record < end; records++) {
      uint32_t marker = u32_at(buffer + record), type = (marker >> 16) & 0xFFu;
      uint32_t bytes = type <= 4 || type == 16 || type == 17 ? u32_at(buffer + record + 4) : marker;
      record += ((bytes & 0xFFFFu) + 7u) & ~(size_t)7u;
    }
  }
  return records;
}
