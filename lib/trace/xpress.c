/*
 * The decoder. A flag word says of the next 32 items which are literals and which are matches; a match is two
 * bytes with a distance and a length, and up to seven more where the length is large. Two matches whose
 * lengths need four bits each share a byte: the second one's half waits in `nibble_at`.
 */
#include "trace/xpress.h"

#include <stdbool.h>
#include <string.h>

#define SHORT_LENGTH 7u   /* in the match itself, */
#define NIBBLE_LENGTH 15u /* in half a byte, */
#define BYTE_LENGTH 255u  /* in a byte: the largest of each says that the next follows */
#define LEAST_LENGTH 3u   /* of any match */
#define LEAST_WIDE 22u    /* what the forms before could have said must not be said in two or four bytes */
#define WORD 8u

typedef struct decoder {
  const uint8_t *in;
  size_t in_bytes, at;
  uint8_t *out;
  size_t capacity, written;
  size_t nibble_at; /* of the byte whose high half is still to be used; 0: none, there stands a flag word */
} decoder;

static bool has(const decoder *self, size_t bytes)
{
  return self->in_bytes - self->at >= bytes;
}

static uint32_t take_u16(decoder *self)
{
  uint32_t value = self->in[self->at] | (uint32_t)self->in[self->at + 1] << 8;
  self->at += 2;
  return value;
}

static uint32_t take_u32(decoder *self)
{
  uint32_t low = take_u16(self);
  return low | take_u16(self) << 16;
}

static bool take_nibble(decoder *self, uint32_t *nibble)
{
  if (self->nibble_at != 0) {
    *nibble = self->in[self->nibble_at] >> 4;
    self->nibble_at = 0;
    return true;
  }
  if (!has(self, 1)) {
    return false;
  }
  self->nibble_at = self->at;
  *nibble = self->in[self->at++] & 0xFu;
  return true;
}

/* The forms that a nibble's 15 is followed by; *length without what each adds. */
static bool take_wide(decoder *self, uint32_t *length)
{
  if (!has(self, 1)) {
    return false;
  }
  *length = self->in[self->at++];
  if (*length != BYTE_LENGTH) {
    *length += NIBBLE_LENGTH;
    return true;
  }
  if (!has(self, 2)) {
    return false;
  }
  *length = take_u16(self);
  if (*length == 0) {
    if (!has(self, 4)) {
      return false;
    }
    *length = take_u32(self);
  }
  if (*length < LEAST_WIDE) {
    return false;
  }
  *length -= SHORT_LENGTH;
  return true;
}

static bool take_match(decoder *self, size_t *distance, uint64_t *length)
{
  if (!has(self, 2)) {
    return false;
  }
  uint32_t match = take_u16(self), more = 0;
  *distance = (size_t)(match >> 3) + 1;
  *length = (match & SHORT_LENGTH) + LEAST_LENGTH;
  if ((match & SHORT_LENGTH) != SHORT_LENGTH) {
    return true;
  }
  if (!take_nibble(self, &more) || (more == NIBBLE_LENGTH && !take_wide(self, &more))) {
    return false;
  }
  *length += more;
  return true;
}

/* Overlap is normal: what was just written may be read again. */
static void copy_match(decoder *self, size_t distance, size_t length)
{
  uint8_t *to = self->out + self->written;
  const uint8_t *from = to - distance;
  size_t room = self->capacity - self->written;
  self->written += length;
  if (distance >= WORD && room - length >= WORD) { /* what is too much the next item overwrites */
    for (size_t done = 0; done < length; done += WORD) {
      memcpy(to + done, from + done, WORD);
    }
    return;
  }
  if (distance == 1) {
    memset(to, *from, length);
    return;
  }
  for (size_t i = 0; i < length; i++) {
    to[i] = from[i];
  }
}

static seep_status decode_match(decoder *self)
{
  size_t distance = 0;
  uint64_t length = 0;
  if (!take_match(self, &distance, &length) || distance > self->written) {
    return SEEP_CORRUPT;
  }
  size_t room = self->capacity - self->written;
  copy_match(self, distance, length < room ? (size_t)length : room);
  return length <= room ? SEEP_OK : SEEP_LIMIT;
}

/* A word of 32 literals, or as many as there are before its next match. */
static size_t literals_before_match(uint32_t flags, unsigned left)
{
  size_t count = 0;
  while (count < left && (flags & 0x80000000u) == 0) {
    flags <<= 1;
    count++;
  }
  return count;
}

static seep_status decode_literals(decoder *self, size_t *count)
{
  size_t room = self->capacity - self->written, input = self->in_bytes - self->at;
  size_t wanted = *count < input ? *count : input;
  size_t copied = wanted < room ? wanted : room;
  memcpy(self->out + self->written, self->in + self->at, copied);
  self->written += copied;
  self->at += copied;
  *count = copied;
  return wanted <= room ? SEEP_OK : SEEP_LIMIT;
}

static seep_status decode_items(decoder *self, uint32_t flags)
{
  unsigned left = 32;
  seep_status status = SEEP_OK;
  while (left > 0 && status == SEEP_OK && self->at < self->in_bytes) {
    size_t count = literals_before_match(flags, left);
    if (count > 0) {
      status = decode_literals(self, &count);
    } else {
      status = decode_match(self);
      count = 1;
    }
    left -= (unsigned)count;
    flags = count < 32 ? flags << count : 0;
  }
  return status;
}

seep_status seep_xpress_decode(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t capacity,
                               size_t *written)
{
  decoder self = {.in = in, .in_bytes = in_bytes, .out = out, .capacity = capacity};
  seep_status status = SEEP_OK;
  while (status == SEEP_OK && has(&self, 4)) { /* fewer bytes than a flag word are the end */
    status = decode_items(&self, take_u32(&self));
  }
  *written = self.written;
  return status;
}
