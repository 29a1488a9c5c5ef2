/*
 * The stream is fed to and drawn from zlib through a small buffer, so neither side ever holds the unpacked
 * block and a block made to explode cannot: the reader asks for the next byte only while entries are missing.
 * zlib's own checksum guards the values, which SQLite's pages do not.
 */
#include "store/poll_block.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/cursor.h"

#define FORMAT 1u
#define HEADER_BYTES 5u
#define VARINT_BYTES 10u
#define LEVEL 6
#define PAGE_SHIFT 12u
#define STAGE_BYTES 1024u

/* ---- writing ---- */

typedef struct packer {
  z_stream stream;
  uint8_t stage[STAGE_BYTES];
  size_t staged;
  int result; /* first zlib failure, Z_OK until then */
} packer;

static void packer_flush(packer *p, int mode)
{
  p->stream.next_in = p->stage;
  p->stream.avail_in = (uInt)p->staged;
  p->staged = 0;
  if (p->result != Z_OK) {
    return;
  }
  int result = deflate(&p->stream, mode);
  /* With room enough in the output every call takes all of its input. */
  if (result != (mode == Z_FINISH ? Z_STREAM_END : Z_OK) || p->stream.avail_in != 0) {
    p->result = Z_BUF_ERROR;
  }
}

static void packer_byte(packer *p, uint8_t byte)
{
  if (p->staged == sizeof p->stage) {
    packer_flush(p, Z_NO_FLUSH);
  }
  p->stage[p->staged++] = byte;
}

static void packer_varint(packer *p, uint64_t value)
{
  while (value >= 0x80) {
    packer_byte(p, (uint8_t)(value | 0x80));
    value >>= 7;
  }
  packer_byte(p, (uint8_t)value);
}

static uint64_t zigzag(uint64_t difference)
{
  return (difference << 1) ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
  return (value >> 1) ^ (0 - (value & 1));
}

/* The largest power of two, up to a page, that divides every commit. */
static unsigned common_shift(const seep_poll_entry *entries, size_t count)
{
  uint64_t bits = UINT64_C(1) << PAGE_SHIFT;
  for (size_t i = 0; i < count; i++) {
    bits |= entries[i].commit_bytes;
  }
  unsigned shift = 0;
  while ((bits >> shift & 1) == 0) {
    shift++;
  }
  return shift;
}

static void pack_entries(packer *p, const seep_poll_entry *entries, size_t count)
{
  unsigned shift = common_shift(entries, count);
  packer_byte(p, (uint8_t)shift);
  int64_t process = 0;
  for (size_t i = 0; i < count; i++) {
    packer_varint(p, (uint64_t)(entries[i].process - process));
    process = entries[i].process;
  }
  uint64_t units = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t next = entries[i].commit_bytes >> shift;
    packer_varint(p, zigzag(next - units));
    units = next;
  }
}

static size_t unpacked_bound(size_t count)
{
  return 1 + count * 2 * VARINT_BYTES;
}

size_t seep_poll_block_bound(size_t count)
{
  /* Deflate stores what it cannot shrink: five bytes a stored block and its frame, here with much to spare.
   */
  size_t unpacked = unpacked_bound(count);
  return HEADER_BYTES + unpacked + unpacked / 64 + 128;
}

static seep_status check_entries(const seep_poll_entry *entries, size_t count, seep_error *error)
{
  if (count > SEEP_POLL_BLOCK_MAXIMUM_COUNT) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "encode poll", "too many processes");
  }
  int64_t process = 0;
  for (size_t i = 0; i < count; i++) {
    if (entries[i].process <= process) {
      return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, 0, "encode poll",
                            "processes out of order");
    }
    process = entries[i].process;
  }
  return SEEP_OK;
}

seep_status seep_poll_block_encode(const seep_poll_entry *entries, size_t count, uint8_t *out,
                                   size_t out_size, size_t *length, seep_error *error)
{
  seep_status status = check_entries(entries, count, error);
  if (status != SEEP_OK) {
    return status;
  }
  size_t bound = seep_poll_block_bound(count);
  size_t room = out_size < bound ? out_size : bound;
  if (room < HEADER_BYTES) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "encode poll", "no room");
  }
  packer p;
  memset(&p, 0, sizeof p);
  if (deflateInit(&p.stream, LEVEL) != Z_OK) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "encode poll", NULL);
  }
  out[0] = FORMAT;
  for (unsigned i = 0; i < 4; i++) {
    out[1 + i] = (uint8_t)((uint32_t)count >> (8 * i));
  }
  p.stream.next_out = out + HEADER_BYTES;
  p.stream.avail_out = (uInt)(room - HEADER_BYTES);
  pack_entries(&p, entries, count);
  packer_flush(&p, Z_FINISH);
  size_t written = HEADER_BYTES + (size_t)p.stream.total_out;
  deflateEnd(&p.stream);
  if (p.result != Z_OK) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "encode poll", "no room");
  }
  *length = written;
  return SEEP_OK;
}

/* ---- reading ---- */

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

static void unpack_processes(unpacker *u, seep_poll_entry *entries, size_t count)
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

static void unpack_commits(unpacker *u, unsigned shift, seep_poll_entry *entries, size_t count)
{
  uint64_t units = 0;
  for (size_t i = 0; i < count && !u->failed; i++) {
    units += unzigzag(unpacker_varint(u));
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

size_t seep_poll_block_count(const uint8_t *block, size_t size)
{
  seep_cursor cursor;
  seep_cursor_init(&cursor, block, size);
  seep_cursor_skip(&cursor, 1);
  return seep_cursor_u32(&cursor);
}

seep_status seep_poll_block_decode(const uint8_t *block, size_t size, seep_poll_entry *entries,
                                   size_t maximum, size_t *count, seep_error *error)
{
  if (size < HEADER_BYTES) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)size, "decode poll", NULL);
  }
  if (block[0] != FORMAT) {
    return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_FORMAT, 0, "decode poll", NULL);
  }
  size_t expected = seep_poll_block_count(block, size);
  if (expected > maximum || expected > SEEP_POLL_BLOCK_MAXIMUM_COUNT) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_FORMAT, 1, "decode poll", NULL);
  }
  if (size > seep_poll_block_bound(expected)) {
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
