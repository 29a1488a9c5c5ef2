#include "unit/trace/pdb_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const uint8_t pdb_file_guid[16] = {0xCB, 0xFA, 0xB9, 0x1E, 0xC7, 0x04, 0x5D, 0x3C,
                                   0xEA, 0x71, 0x60, 0x76, 0x4C, 0xD3, 0x33, 0xD0};

static const uint8_t magic[32] = "Microsoft C/C++ MSF 7.00\r\n\x1A"
                                 "DS\0\0";

static void put_bytes(pdb_stream *stream, const void *bytes, size_t count)
{
  if (stream->size + count > stream->capacity) {
    stream->capacity = (stream->size + count) * 2;
    stream->bytes = realloc(stream->bytes, stream->capacity);
    assert_non_null(stream->bytes);
  }
  if (count > 0) {
    memcpy(stream->bytes + stream->size, bytes, count);
  }
  stream->size += count;
}

void pdb_file_put(pdb_stream *stream, uint64_t value, size_t bytes)
{
  uint8_t data[8];
  for (size_t i = 0; i < 8; i++) {
    data[i] = (uint8_t)(value >> (8 * i));
  }
  while (bytes > 0) {
    size_t part = bytes < 8 ? bytes : 8;
    put_bytes(stream, data, part);
    memset(data, 0, sizeof data);
    bytes -= part;
  }
}

static void begin_dbi(pdb_file *file, int has_omap, int has_module)
{
  static const char names[] = "one.obj\0one.lib"; /* 16 with their terminators */
  pdb_stream *dbi = &file->streams[3];
  pdb_file_put(dbi, UINT32_MAX, 4);
  pdb_file_put(dbi, 19990903, 4);
  pdb_file_put(dbi, PDB_FILE_AGE, 4);
  pdb_file_put(dbi, 0xFFFF, 8);
  pdb_file_put(dbi, PDB_FILE_RECORDS, 4);
  pdb_file_put(dbi, has_module ? 64 + sizeof names : 0, 4);
  pdb_file_put(dbi, 0, 20);
  pdb_file_put(dbi, 22, 4); /* the list of extra streams, at 48 */
  pdb_file_put(dbi, 0, 12);
  assert_int_equal(dbi->size, 64);
  if (has_module) {
    pdb_file_put(dbi, 0, 34);
    pdb_file_put(dbi, PDB_FILE_MODULE, 2);
    pdb_file_put(dbi, 0, 4); /* its size: pdb_file_end fills it */
    pdb_file_put(dbi, 0, 24);
    put_bytes(dbi, names, sizeof names);
    pdb_file_put(&file->streams[PDB_FILE_MODULE], 4, 4);
  }
  for (unsigned i = 0; i < 11; i++) {
    unsigned stream = i == 5 ? PDB_FILE_SECTIONS : 0xFFFF;
    stream = has_omap && i == 4 ? PDB_FILE_OMAP : has_omap && i == 10 ? PDB_FILE_ORIGINAL : stream;
    pdb_file_put(dbi, stream, 2);
  }
}

void pdb_file_begin(pdb_file *file, uint32_t block_bytes, int has_omap, int has_module)
{
  memset(file, 0, sizeof *file);
  file->block_bytes = block_bytes;
  pdb_stream *identity = &file->streams[1];
  pdb_file_put(identity, 20000404, 4);
  pdb_file_put(identity, 0, 4);
  pdb_file_put(identity, PDB_FILE_OWN_AGE, 4);
  put_bytes(identity, pdb_file_guid, 16);
  begin_dbi(file, has_omap, has_module);
}

void pdb_file_section(pdb_file *file, unsigned stream, uint32_t start, uint32_t bytes)
{
  pdb_stream *out = &file->streams[stream];
  put_bytes(out, ".any\0\0\0", 8);
  pdb_file_put(out, bytes, 4);
  pdb_file_put(out, start, 4);
  pdb_file_put(out, 0, 24);
}

void pdb_file_omap(pdb_file *file, uint32_t from, uint32_t to)
{
  pdb_file_put(&file->streams[PDB_FILE_OMAP], from, 4);
  pdb_file_put(&file->streams[PDB_FILE_OMAP], to, 4);
}

void pdb_file_public(pdb_file *file, uint16_t section, uint32_t offset, uint32_t flags, const char *name)
{
  pdb_stream *out = &file->streams[PDB_FILE_RECORDS];
  size_t bytes = strlen(name) + 1, padding = (4 - (2 + 2 + 10 + bytes) % 4) % 4;
  pdb_file_put(out, 2 + 10 + bytes + padding, 2);
  pdb_file_put(out, 0x110E, 2);
  pdb_file_put(out, flags, 4);
  pdb_file_put(out, offset, 4);
  pdb_file_put(out, section, 2);
  put_bytes(out, name, bytes);
  put_bytes(out, "\xF1\xF2\xF3", padding);
}

void pdb_file_function(pdb_file *file, uint16_t kind, uint16_t section, uint32_t offset, uint32_t bytes,
                       const char *name)
{
  pdb_stream *out = &file->streams[PDB_FILE_MODULE];
  size_t name_bytes = strlen(name) + 1;
  pdb_file_put(out, 2 + 35 + name_bytes, 2);
  pdb_file_put(out, kind, 2);
  pdb_file_put(out, 0, 12);
  pdb_file_put(out, bytes, 4);
  pdb_file_put(out, 0, 12);
  pdb_file_put(out, offset, 4);
  pdb_file_put(out, section, 2);
  pdb_file_put(out, 0, 1);
  put_bytes(out, name, name_bytes);
}

/* ---- the container ---- */

typedef struct blocks {
  memory_file file;
  uint32_t block_bytes, count, next; /* given out from the last one down, so that nothing lies in order */
} blocks;

static uint32_t count_blocks(size_t bytes, uint32_t block_bytes)
{
  return (uint32_t)((bytes + block_bytes - 1) / block_bytes);
}

/* Writes bytes to blocks and the blocks' numbers to list. */
static void scatter(blocks *b, const uint8_t *bytes, size_t size, pdb_stream *list)
{
  for (size_t done = 0; done < size; done += b->block_bytes) {
    size_t part = size - done < b->block_bytes ? size - done : b->block_bytes;
    uint32_t block = b->next--;
    assert_true(block > 2 && block < b->count);
    memcpy(b->file.bytes + (size_t)block * b->block_bytes, bytes + done, part);
    pdb_file_put(list, block, 4);
  }
}

memory_file pdb_file_end(pdb_file *file)
{
  blocks b = {.block_bytes = file->block_bytes};
  pdb_stream directory = {NULL, 0, 0, 0}, list = {NULL, 0, 0, 0}, lists = {NULL, 0, 0, 0};
  size_t streams = PDB_FILE_STREAMS + file->padding_streams, total = 8;
  if (file->streams[PDB_FILE_MODULE].size > 0) {
    pdb_stream module_bytes = {file->streams[3].bytes + 64 + 36, 0, 4, 0};
    pdb_file_put(&module_bytes, file->streams[PDB_FILE_MODULE].size, 4);
  }
  pdb_file_put(&directory, streams, 4);
  for (size_t i = 0; i < streams; i++) {
    size_t size = i < PDB_FILE_STREAMS ? file->streams[i].size : i % 2 == 0 ? 0 : UINT32_MAX;
    pdb_file_put(
        &directory,
        i < PDB_FILE_STREAMS && file->streams[i].said_bytes != 0 ? file->streams[i].said_bytes : size, 4);
    total += i < PDB_FILE_STREAMS ? count_blocks(size, b.block_bytes) : 0;
  }
  size_t directory_bytes = directory.size + (total - 8) * 4;
  total += (size_t)count_blocks(directory_bytes, b.block_bytes) * 2 + 2;
  b.count = (uint32_t)total;
  b.next = b.count - 1;
  b.file.size = total * b.block_bytes;
  b.file.bytes = calloc(b.file.size, 1);
  assert_non_null(b.file.bytes);
  for (size_t i = 0; i < PDB_FILE_STREAMS; i++) {
    scatter(&b, file->streams[i].bytes, file->streams[i].size, &directory);
    free(file->streams[i].bytes);
  }
  assert_int_equal(directory.size, directory_bytes);
  scatter(&b, directory.bytes, directory.size, &list);
  scatter(&b, list.bytes, list.size, &lists);
  memcpy(b.file.bytes, magic, sizeof magic);
  memory_file_put(&b.file, 32, b.block_bytes, 4);
  memory_file_put(&b.file, 36, 1, 4);
  memory_file_put(&b.file, 40, b.count, 4);
  memory_file_put(&b.file, 44, directory.size, 4);
  assert_true(52 + lists.size <= b.block_bytes);
  memcpy(b.file.bytes + 52, lists.bytes, lists.size);
  free(directory.bytes);
  free(list.bytes);
  free(lists.bytes);
  memset(file, 0, sizeof *file);
  return b.file;
}
