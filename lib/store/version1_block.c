/*
 * The stream is fed to and drawn from zlib through a small buffer, so neither side ever holds the unpacked
 * block and a block made to explode cannot: the reader asks for the next byte only while entries are missing.
 * zlib's own checksum guards the values, which SQLite's pages do not.
 */
#include "store/version1_block.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/cursor.h"
#include "store/varint.h"

#define FORMAT 1u
#define HEADER_BYTES 5u
#define VARINT_BYTES 10u
#define PAGE_SHIFT 12u
#define STAGE_BYTES 1024u

static size_t unpacked_bound(size_t count)
{
  return 1 + count * 2 * VARINT_BYTES;
}

static size_t block_bound(size_t count)
{
  /* Deflate stores what it cannot shrink: five bytes a stored block and its frame, here with much to spare.
   */
  size_t unpacked = unpacked_bound(count);
  return HEADER_BYTES + unpacked + unpacked / 64 + 128;
}

typedef struct unpacker {
  z_stream stream;
  uint8_t stage[STAGE_BYTES];
  size_t at, end; /* unread bytes of stage */
  bool ended;     /* zlib has seen the stream's end and its checksum was right */
  bool failed;
  bool no_memory;
} unpacker;

static void unpacker_fill(unpacker *u)
{
  u->at = 0;
  u->end = 0;
  if (u->ended || u->failed) {
    return;
  }
  u->stream.next_out = u->stage;
  u->stream.avail_out = STAGE_BYTES;
  int result = inflate(&u->stream, Z_NO_FLUSH);
  u->ended = result == Z_STREAM_END;
  u->no_memory = result == Z_MEM_ERROR;
  u->failed = result != Z_OK && result != Z_STREAM_END;
  u->end = u->failed ? 0 : STAGE_BYTES - u->stream.avail_out;
}

static uint8_t unpacker_byte(unpacker *u)
{
  if (u->at == u->end) {
    unpacker_fill(u);
  }
  if (u->at == u->end) {
    u->failed = true;
    return 0;
  }
  return u->stage[u->at++];
}

static uint64_t unpacker_varint(unpacker *u)
{
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t byte = unpacker_byte(u);
    if (shift == 63 && byte > 1) {
      break;
    }
    value |= (uint64_t)(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  u->failed = true;
  return 0;
}

static void unpack_processes(unpacker *u, seep_version1_entry *entries, size_t count)
{
  int64_t process = 0;
  for (size_t i = 0; i < count && !u->failed; i++) {
    uint64_t step = unpacker_varint(u);
    if (step == 0 || step > (uint64_t)(INT64_MAX - process)) {
      u->failed = true;
      return;
    }
    process += (int64_t)step;
    entries[i].process = process;
  }
}

static void unpack_commits(unpacker *u, unsigned shift, seep_version1_entry *entries, size_t count)
{
  uint64_t units = 0;
  for (size_t i = 0; i < count && !u->failed; i++) {
    units += seep_varint_unzigzag(unpacker_varint(u));
    if (units > UINT64_MAX >> shift) {
      u->failed = true;
      return;
    }
    entries[i].commit_bytes = units << shift;
  }
}

/* After the last value nothing may follow, neither in the stream nor behind it. */
static void unpack_end(unpacker *u)
{
  if (u->at == u->end) {
    unpacker_fill(u);
  }
  if (u->at != u->end || !u->ended || u->stream.avail_in != 0) {
    u->failed = true;
  }
}

size_t seep_version1_block_count(const uint8_t *block, size_t size)
{
  seep_cursor cursor;
  seep_cursor_init(&cursor, block, size);
  seep_cursor_skip(&cursor, 1);
  return seep_cursor_u32(&cursor);
}

seep_status seep_version1_block_decode(const uint8_t *block, size_t size, seep_version1_entry *entries,
                                       size_t maximum, size_t *count, seep_error *error)
{
  if (size < HEADER_BYTES) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)size, "decode poll", NULL);
  }
  if (block[0] != FORMAT) {
    return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_FORMAT, 0, "decode poll", NULL);
  }
  size_t expected = seep_version1_block_count(block, size);
  if (expected > maximum || expected > SEEP_VERSION1_BLOCK_MAXIMUM_COUNT) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_FORMAT, 1, "decode poll", NULL);
  }
  if (size > block_bound(expected)) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)size, "decode poll", NULL);
  }
  unpacker u;
  memset(&u, 0, sizeof u);
  u.stream.next_in = block + HEADER_BYTES;
  u.stream.avail_in = (uInt)(size - HEADER_BYTES);
  if (inflateInit(&u.stream) != Z_OK) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "decode poll", NULL);
  }
  unsigned shift = unpacker_byte(&u);
  if (shift > PAGE_SHIFT) {
    u.failed = true;
  }
  unpack_processes(&u, entries, expected);
  unpack_commits(&u, shift, entries, expected);
  unpack_end(&u);
  int64_t offset = (int64_t)HEADER_BYTES + (int64_t)u.stream.total_in;
  inflateEnd(&u.stream);
  if (u.no_memory) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "decode poll", NULL);
  }
  if (u.failed) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, offset, "decode poll", NULL);
  }
  *count = expected;
  return SEEP_OK;
}
