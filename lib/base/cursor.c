#include "base/cursor.h"

void seep_cursor_init(seep_cursor *cursor, const void *data, size_t size)
{
  /* Never NULL: a borrowed pointer to zero bytes must not look like a failed read. */
  static const uint8_t nothing[1] = {0};
  cursor->data = data != NULL ? data : nothing;
  cursor->size = data != NULL ? size : 0;
  cursor->position = 0;
  cursor->failed = false;
}

size_t seep_cursor_left(const seep_cursor *cursor)
{
  return cursor->failed ? 0 : cursor->size - cursor->position;
}

const uint8_t *seep_cursor_bytes(seep_cursor *cursor, size_t count)
{
  if (cursor->failed || count > cursor->size - cursor->position) {
    cursor->failed = true;
    return NULL;
  }
  const uint8_t *bytes = cursor->data + cursor->position;
  cursor->position += count;
  return bytes;
}

void seep_cursor_skip(seep_cursor *cursor, size_t count)
{
  (void)seep_cursor_bytes(cursor, count);
}

void seep_cursor_seek(seep_cursor *cursor, size_t position)
{
  if (cursor->failed || position > cursor->size) {
    cursor->failed = true;
    return;
  }
  cursor->position = position;
}

static uint64_t load(const uint8_t *bytes, size_t count)
{
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++) {
    value |= (uint64_t)bytes[i] << (8 * i);
  }
  return value;
}

static uint64_t read_next(seep_cursor *cursor, size_t count)
{
  const uint8_t *bytes = seep_cursor_bytes(cursor, count);
  return bytes != NULL ? load(bytes, count) : 0;
}

static uint64_t read_at(seep_cursor *cursor, size_t offset, size_t count)
{
  if (cursor->failed || offset > cursor->size || count > cursor->size - offset) {
    cursor->failed = true;
    return 0;
  }
  return load(cursor->data + offset, count);
}

uint8_t seep_cursor_u8(seep_cursor *cursor)
{
  return (uint8_t)read_next(cursor, 1);
}

uint16_t seep_cursor_u16(seep_cursor *cursor)
{
  return (uint16_t)read_next(cursor, 2);
}

uint32_t seep_cursor_u32(seep_cursor *cursor)
{
  return (uint32_t)read_next(cursor, 4);
}

uint64_t seep_cursor_u64(seep_cursor *cursor)
{
  return read_next(cursor, 8);
}

uint16_t seep_cursor_u16_at(seep_cursor *cursor, size_t offset)
{
  return (uint16_t)read_at(cursor, offset, 2);
}

uint32_t seep_cursor_u32_at(seep_cursor *cursor, size_t offset)
{
  return (uint32_t)read_at(cursor, offset, 4);
}

uint64_t seep_cursor_u64_at(seep_cursor *cursor, size_t offset)
{
  return read_at(cursor, offset, 8);
}
