/*
 * The header names the blocks that hold the list of the blocks that hold the directory, which has the sizes
 * of all streams and then the lists of their blocks. The blocks named in the header are as many as the list
 * needs: one for all but very large files.
 */
#include "trace/msf.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

#define HEADER_BYTES 52u /* without the blocks of the directory's block list, which follow */
#define LEAST_BLOCK_BYTES 512u
#define MOST_BLOCK_BYTES 65536u
#define NO_STREAM UINT32_MAX /* as a size: deleted */

static seep_status corrupt(seep_error *error, size_t place, const char *what)
{
  return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)place, "read PDB", what);
}

static bool begins_with(const uint8_t *data, size_t size, const char *text)
{
  size_t length = strlen(text);
  return size >= length && memcmp(data, text, length) == 0;
}

static seep_status check_kind(const uint8_t *data, size_t size, seep_error *error)
{
  static const uint8_t magic[32] = "Microsoft C/C++ MSF 7.00\r\n\x1A"
                                   "DS\0\0";
  static const struct {
    const char *begin, *what;
  } others[] = {
      {"Microsoft C/C++ program database 2.00", "a PDB of version 2.00"},
      {"Microsoft MSFZ Container", "a compressed PDB (MSFZ)"},
      {"BSJB", "a portable PDB: it holds no native symbols"},
      {"MSCF", "a cabinet: unpack it first"},
  };
  if (size >= sizeof magic && memcmp(data, magic, sizeof magic) == 0) {
    return SEEP_OK;
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (begins_with(data, size, others[i].begin)) {
      return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_FORMAT, 0, "read PDB", others[i].what);
    }
  }
  return corrupt(error, 0, "not a PDB");
}

/* Where a block lies, when all of `bytes` of it, from `from` on, are in the file. */
static const uint8_t *block_at(const seep_msf *msf, uint32_t index, size_t from, size_t bytes)
{
  uint64_t begin = (uint64_t)index * msf->block_bytes + from;
  if (index >= msf->block_count || begin > msf->size || bytes > msf->size - begin) {
    return NULL;
  }
  return msf->data + begin;
}

static uint32_t u32_of(const uint8_t *bytes)
{
  seep_cursor cursor;
  seep_cursor_init(&cursor, bytes, sizeof(uint32_t));
  return seep_cursor_u32(&cursor);
}

/* The n-th of the directory's own blocks: by way of the blocks of the header. */
static bool directory_block(const seep_msf *msf, size_t n, uint32_t *index)
{
  size_t per_block = msf->block_bytes / sizeof(uint32_t), place = HEADER_BYTES + n / per_block * 4;
  if (place > msf->block_bytes - 4 || place > msf->size - 4) {
    return false; /* the list of lists goes no further than the header's own block */
  }
  const uint8_t *entry = block_at(msf, u32_of(msf->data + place), n % per_block * 4, 4);
  if (entry == NULL) {
    return false;
  }
  *index = u32_of(entry);
  return true;
}

static seep_status read_directory(seep_msf *msf, seep_error *error)
{
  msf->directory = malloc(msf->directory_bytes);
  if (msf->directory == NULL) {
    return SEEP_NO_MEMORY;
  }
  for (size_t done = 0; done < msf->directory_bytes; done += msf->block_bytes) {
    size_t bytes =
        msf->directory_bytes - done < msf->block_bytes ? msf->directory_bytes - done : msf->block_bytes;
    uint32_t index = 0;
    const uint8_t *block = NULL;
    if (directory_block(msf, done / msf->block_bytes, &index)) {
      block = block_at(msf, index, 0, bytes);
    }
    if (block == NULL) {
      return corrupt(error, HEADER_BYTES, "its directory lies outside the file");
    }
    memcpy(msf->directory + done, block, bytes);
  }
  return SEEP_OK;
}

static uint32_t size_of(const seep_msf *msf, uint32_t stream)
{
  uint32_t size = u32_of(msf->directory + 4 + (size_t)stream * 4);
  return size == NO_STREAM ? 0 : size;
}

static seep_status read_streams(seep_msf *msf, seep_error *error)
{
  msf->stream_count = u32_of(msf->directory);
  if (msf->stream_count > (msf->directory_bytes - 4) / 4) {
    return corrupt(error, HEADER_BYTES, "its directory has more streams than room for them");
  }
  msf->first_blocks = malloc(((size_t)msf->stream_count + 1) * sizeof *msf->first_blocks);
  if (msf->first_blocks == NULL) {
    return SEEP_NO_MEMORY;
  }
  size_t place = 4 + (size_t)msf->stream_count * 4;
  for (uint32_t i = 0; i < msf->stream_count; i++) {
    uint64_t blocks = ((uint64_t)size_of(msf, i) + msf->block_bytes - 1) / msf->block_bytes;
    if (blocks > (msf->directory_bytes - place) / 4) {
      return corrupt(error, HEADER_BYTES, "a stream's blocks are missing in its directory");
    }
    msf->first_blocks[i] = place;
    place += (size_t)blocks * 4;
  }
  return SEEP_OK;
}

seep_status seep_msf_open(seep_msf *msf, const uint8_t *data, size_t size, seep_error *error)
{
  *msf = (seep_msf){.data = data, .size = size};
  seep_status status = check_kind(data, size, error);
  if (status != SEEP_OK) {
    return status;
  }
  seep_cursor cursor;
  seep_cursor_init(&cursor, data, size);
  msf->block_bytes = seep_cursor_u32_at(&cursor, 32);
  msf->block_count = seep_cursor_u32_at(&cursor, 40);
  msf->directory_bytes = seep_cursor_u32_at(&cursor, 44);
  (void)seep_cursor_u32_at(&cursor, HEADER_BYTES);
  if (cursor.failed) {
    return corrupt(error, size, "cut off in its header");
  }
  if (msf->block_bytes < LEAST_BLOCK_BYTES || msf->block_bytes > MOST_BLOCK_BYTES ||
      (msf->block_bytes & (msf->block_bytes - 1)) != 0) {
    return corrupt(error, 32, "its block size is none");
  }
  if (msf->directory_bytes < 4 || msf->directory_bytes > size) {
    return corrupt(error, 44, "its directory's size cannot be");
  }
  status = read_directory(msf, error);
  return status == SEEP_OK ? read_streams(msf, error) : status;
}

void seep_msf_close(seep_msf *msf)
{
  free(msf->directory);
  free(msf->first_blocks);
  *msf = (seep_msf){.data = NULL};
}

bool seep_msf_find(const seep_msf *msf, uint32_t index, seep_msf_stream *stream)
{
  if (index >= msf->stream_count || size_of(msf, index) > msf->size) {
    return false;
  }
  *stream =
      (seep_msf_stream){.msf = msf, .size = size_of(msf, index), .first_block = msf->first_blocks[index]};
  return true;
}

static const uint8_t *bytes_in_block(const seep_msf_stream *stream, size_t position, size_t count)
{
  const seep_msf *msf = stream->msf;
  const uint8_t *entry = msf->directory + stream->first_block + position / msf->block_bytes * 4;
  return block_at(msf, u32_of(entry), position % msf->block_bytes, count);
}

const uint8_t *seep_msf_bytes(const seep_msf_stream *stream, size_t position, size_t count, uint8_t *room)
{
  static const uint8_t nothing[1] = {0};
  size_t block_bytes = stream->msf->block_bytes, done = 0;
  if (position > stream->size || count > stream->size - position) {
    return NULL;
  }
  if (count == 0) {
    return nothing;
  }
  if (position % block_bytes + count <= block_bytes) {
    return bytes_in_block(stream, position, count);
  }
  while (done < count) {
    size_t left = block_bytes - (position + done) % block_bytes;
    size_t bytes = count - done < left ? count - done : left;
    const uint8_t *part = bytes_in_block(stream, position + done, bytes);
    if (part == NULL) {
      return NULL;
    }
    memcpy(room + done, part, bytes);
    done += bytes;
  }
  return room;
}
