/*
 * A bounded little-endian reader over bytes from outside. Every read checks its bounds; the first read that
 * does not fit sets `failed` and leaves the position, all later reads return zero. So a decoder reads a whole
 * record and checks once at its end. Nothing is copied: pointers lead into the caller's bytes.
 */
#ifndef SEEP_BASE_CURSOR_H
#define SEEP_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct seep_cursor {
  const uint8_t *data;
  size_t size;
  size_t position;
  bool failed;
} seep_cursor;

void seep_cursor_init(seep_cursor *cursor, const void *data, size_t size);

uint8_t seep_cursor_u8(seep_cursor *cursor);
uint16_t seep_cursor_u16(seep_cursor *cursor);
uint32_t seep_cursor_u32(seep_cursor *cursor);
uint64_t seep_cursor_u64(seep_cursor *cursor);

/* Borrows count bytes and moves on; NULL if they are not there. */
const uint8_t *seep_cursor_bytes(seep_cursor *cursor, size_t count);
void seep_cursor_skip(seep_cursor *cursor, size_t count);

/* Absolute position; fails when it lies beyond the end. */
void seep_cursor_seek(seep_cursor *cursor, size_t position);
size_t seep_cursor_left(const seep_cursor *cursor);

/* Reads at a fixed offset without moving: for structs whose fields are named by offset. Zero and failed when
 * outside. */
uint16_t seep_cursor_u16_at(seep_cursor *cursor, size_t offset);
uint32_t seep_cursor_u32_at(seep_cursor *cursor, size_t offset);
uint64_t seep_cursor_u64_at(seep_cursor *cursor, size_t offset);

#endif
