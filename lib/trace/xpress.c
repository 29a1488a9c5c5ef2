/*
 * The decoder. A flag word says of the next 32 items which are literals and which are matches; a match is two
 * bytes with a distance and a length, and up to seven more where the length is large. Two matches whose
 * lengths need four bits each share a byte: the second one's half waits in `nibble_at`.
 *
 * While there is more room than an item needs, items are copied in whole words, and what is too much the next
 * one overwrites. The rest, and everything that is not as it should be, is decoded byte by byte.
 */
#include "trace/xpress.h"

#include <stdbool.h>
#include <string.h>

#define SHORT_LENGTH 7u   /* in the match itself, */
#define NIBBLE_LENGTH 15u /* in half a byte, */
#define BYTE_LENGTH 255u  /* in a byte: the largest of each says that the next follows */
#define LEAST_LENGTH 3u   /* of any match */
#define LEAST_WIDE 22u    /* what the forms before could have said must not be said in two or four bytes */
#define FIRST_ITEM 0x80000000u
#define WORD 8u
#define WIDE 16u
#define LITERALS 4u   /* that are copied at once */
#define IN_SLACK 16u  /* a flag word and the longest item */
#define OUT_SLACK 16u /* what may be written behind an item's end */

typedef struct decoder {
  const uint8_t *in;
  size_t in_bytes, at;
  uint8_t *out;
  size_t capacity, written;
  size_t nibble_at; /* of the byte whose high half is still to be used; 0: none, there stands a flag word */
} decoder;

static inline bool has(const decoder *self, size_t bytes)
{
  return self->in_bytes - self->at >= bytes;
}

static inline uint32_t take_u16(decoder *self)
{
  uint32_t value = self->in[self->at] | (uint32_t)self->in[self->at + 1] << 8;
  self->at += 2;
  return value;
}

static inline uint32_t take_u32(decoder *self)
{
  uint32_t low = take_u16(self);
  return low | take_u16(self) << 16;
}

static inline bool take_nibble(decoder *self, uint32_t *nibble)
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
static inline bool take_wide(decoder *self, uint32_t *length)
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

/* Of a length that does not fit into its match: what is to be added. */
static bool take_more(decoder *self, uint64_t *length)
{
  uint32_t more = 0;
  if (!take_nibble(self, &more) || (more == NIBBLE_LENGTH && !take_wide(self, &more))) {
    return false;
  }
  *length += more;
  return true;
}

static bool take_match(decoder *self, size_t *distance, uint64_t *length)
{
  if (!has(self, 2)) {
    return false;
  }
  uint32_t match = take_u16(self);
  *distance = (size_t)(match >> 3) + 1;
  *length = (match & SHORT_LENGTH) + LEAST_LENGTH;
  return (match & SHORT_LENGTH) != SHORT_LENGTH || take_more(self, length);
}

/* The smallest multiple of each distance that is not smaller than a word: what repeats after the one repeats
 * after the other. */
static const uint8_t repeats_after[WORD] = {0, 8, 8, 9, 8, 10, 12, 14};

/* Writes up to OUT_SLACK bytes more than length. */
static inline void copy_wide(uint8_t *to, size_t distance, size_t length)
{
  const uint8_t *from = to - distance, *end = to + length;
  if (distance >= WIDE) {
    do {
      memcpy(to, from, WIDE);
      to += WIDE;
      from += WIDE;
    } while (to < end);
    return;
  }
  if (distance < WORD) {
    for (size_t i = 0; i < WORD; i++) {
      to[i] = from[i];
    }
    to += WORD;
    from = to - repeats_after[distance];
  }
  while (to < end) {
    memcpy(to, from, WORD);
    to += WORD;
    from += WORD;
  }
}

/* Overlap is normal: what was just written may be read again. */
static void copy_match(decoder *self, size_t distance, size_t length)
{
  uint8_t *to = self->out + self->written;
  const uint8_t *from = to - distance;
  size_t room = self->capacity - self->written;
  self->written += length;
  if (room - length >= OUT_SLACK) {
    copy_wide(to, distance, length);
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
  while (count < left && (flags & FIRST_ITEM) == 0) {
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

/* `left` items of a flag word. */
static seep_status decode_items(decoder *self, uint32_t flags, unsigned left)
{
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

/* One match, if it leaves the slack behind it; nothing has happened when it does not, or cannot be. */
static inline bool decode_match_widely(decoder *self)
{
  decoder after = *self; /* so that *self can stay in registers, which the rare call must not see */
  uint32_t match = take_u16(&after);
  size_t distance = (size_t)(match >> 3) + 1;
  uint64_t length = (match & SHORT_LENGTH) + LEAST_LENGTH;
  size_t at = after.at, nibble_at = after.nibble_at;
  if ((match & SHORT_LENGTH) == SHORT_LENGTH) {
    if (!take_more(&after, &length)) {
      return false;
    }
    at = after.at;
    nibble_at = after.nibble_at;
  }
  if (distance > self->written || length + OUT_SLACK > self->capacity - self->written) {
    return false;
  }
  copy_wide(self->out + self->written, distance, (size_t)length);
  self->written += (size_t)length;
  self->at = at;
  self->nibble_at = nibble_at;
  return true;
}

/* As far as there is slack on both sides; *flags and *left are of the word that it stopped in. */
static void decode_widely(decoder *self, uint32_t *flags, unsigned *left)
{
  static const uint8_t literals_of[] = {LITERALS, 3, 2, 2, 1, 1, 1, 1}; /* before the first bit set */
  decoder now = *self;
  uint32_t bits = 0;
  unsigned items = 0;
  while (now.in_bytes - now.at >= IN_SLACK && now.capacity - now.written >= OUT_SLACK) {
    if (items == 0) {
      bits = take_u32(&now);
      items = 32;
    }
    unsigned count = 1;
    if ((bits & FIRST_ITEM) != 0) {
      if (!decode_match_widely(&now)) {
        break;
      }
    } else {
      count = literals_of[bits >> 28];
      count = count < items ? count : items;
      memcpy(now.out + now.written, now.in + now.at, LITERALS);
      now.written += count;
      now.at += count;
    }
    bits <<= count;
    items -= count;
  }
  *self = now;
  *flags = bits;
  *left = items;
}

seep_status seep_xpress_decode(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t capacity,
                               size_t *written)
{
  decoder self = {.in = in, .in_bytes = in_bytes, .out = out, .capacity = capacity};
  uint32_t flags = 0;
  unsigned left = 0;
  decode_widely(&self, &flags, &left);
  seep_status status = decode_items(&self, flags, left);
  while (status == SEEP_OK && has(&self, 4)) { /* fewer bytes than a flag word are the end */
    flags = take_u32(&self);
    status = decode_items(&self, flags, 32);
  }
  *written = self.written;
  return status;
}
