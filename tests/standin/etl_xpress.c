#include "standin/etl_xpress.h"

#include <stdbool.h>
#include <string.h>

#include "standin/etl_payload.h"

/* A match: 13 bits of distance, three bits of length, then a shared nibble, a byte, two or four bytes. */
#define WINDOW 8192u
#define SHORTEST 3u
#define HASH_BITS 13u
#define NOWHERE UINT32_MAX

typedef struct packer {
  const uint8_t *bytes;
  size_t size;
  uint8_t *out;
  size_t capacity, used;
  size_t flags_at; /* of the flag word being filled */
  uint32_t flags;
  unsigned flag_count; /* in it */
  size_t nibble_at;    /* of a byte whose high half is free; 0 = none: the first flag word stands there */
  bool failed;
  uint32_t newest[1u << HASH_BITS]; /* position of the last three bytes with this hash */
} packer;

static void write(packer *self, uint64_t value, size_t count)
{
  if (count > self->capacity - self->used) {
    self->failed = true;
    return;
  }
  etl_payload_put(self->out + self->used, value, count);
  self->used += count;
}

static void begin_flags(packer *self)
{
  self->flags_at = self->used;
  self->flags = 0;
  self->flag_count = 0;
  write(self, 0, 4);
}

/* A word of 32 flags stands before the 32 items that it is about. */
static void flag(packer *self, bool is_match)
{
  if (self->flag_count == 32) {
    etl_payload_put(self->out + self->flags_at, self->flags, 4);
    begin_flags(self);
  }
  self->flags |= (uint32_t)is_match << (31u - self->flag_count);
  self->flag_count++;
}

static void write_nibble(packer *self, unsigned value)
{
  if (self->nibble_at != 0) {
    self->out[self->nibble_at] |= (uint8_t)(value << 4);
    self->nibble_at = 0;
    return;
  }
  size_t at = self->used;
  write(self, value, 1);
  self->nibble_at = self->failed ? 0 : at;
}

static void write_match(packer *self, size_t distance, size_t length)
{
  size_t rest = length - SHORTEST;
  write(self, (uint64_t)(distance - 1) << 3 | (rest < 7 ? rest : 7), 2);
  if (rest < 7) {
    return;
  }
  write_nibble(self, rest < 7 + 15 ? (unsigned)(rest - 7) : 15);
  if (rest < 7 + 15) {
    return;
  }
  if (rest < 7 + 15 + 255) {
    write(self, rest - 7 - 15, 1);
    return;
  }
  write(self, 255, 1);
  if (rest <= UINT16_MAX) {
    write(self, rest, 2);
  } else {
    write(self, 0, 2);
    write(self, rest, 4);
  }
}

static uint32_t hash_at(const uint8_t *bytes)
{
  uint32_t three = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
  return three * 2654435761u >> (32u - HASH_BITS);
}

/* Length of the match that begins at both places; 0 = none worth writing. */
static size_t match_length(const packer *self, uint32_t from, size_t at)
{
  size_t length = 0;
  if (from == NOWHERE || at - from > WINDOW) {
    return 0;
  }
  while (at + length < self->size && self->bytes[from + length] == self->bytes[at + length]) {
    length++;
  }
  return length >= SHORTEST ? length : 0;
}

static size_t pack_item(packer *self, size_t at)
{
  size_t length = 0;
  if (self->size - at >= SHORTEST) {
    uint32_t *slot = &self->newest[hash_at(self->bytes + at)];
    uint32_t from = *slot;
    *slot = (uint32_t)at;
    length = match_length(self, from, at);
    if (length > 0) {
      flag(self, true);
      write_match(self, at - from, length);
    }
  }
  if (length == 0) {
    flag(self, false);
    write(self, self->bytes[at], 1);
    return 1;
  }
  for (size_t i = 1; i < length && at + i + SHORTEST <= self->size; i++) {
    self->newest[hash_at(self->bytes + at + i)] = (uint32_t)(at + i);
  }
  return length;
}

size_t etl_xpress_pack(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity)
{
  packer self;
  self.bytes = bytes;
  self.size = size;
  self.out = out;
  self.capacity = capacity;
  self.used = 0;
  self.nibble_at = 0;
  self.failed = size >= NOWHERE;
  memset(self.newest, 0xFF, sizeof self.newest);
  begin_flags(&self);
  for (size_t at = 0; at < size && !self.failed;) {
    at += pack_item(&self, at);
  }
  if (self.failed) {
    return 0;
  }
  /* What is left of the last word says "match": the end of the input is where a match would begin. */
  if (self.flag_count < 32) {
    self.flags |= UINT32_MAX >> self.flag_count;
  }
  etl_payload_put(out + self.flags_at, self.flags, 4);
  return self.used;
}
