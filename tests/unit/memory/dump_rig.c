#include "unit/memory/dump_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { HEADER_BYTES = 32, ENTRY_BYTES = 12 };

static const uint8_t *at(void *context, uint64_t offset, size_t bytes)
{
  dump_rig *rig = context;
  assert_true(bytes > 0 && bytes <= SEEP_MINIDUMP_WINDOW_BYTES);
  assert_true(offset <= rig->window.size_bytes && bytes <= rig->window.size_bytes - offset);
  rig->looks++;
  rig->looked_bytes += bytes;
  rig->largest = bytes > rig->largest ? bytes : rig->largest;
  free(rig->piece);
  rig->piece = NULL;
  if (rig->looks == rig->fail_at) {
    return NULL;
  }
  rig->piece = malloc(bytes);
  assert_non_null(rig->piece);
  for (size_t i = 0; i < bytes; i++) {
    rig->piece[i] = offset + i < rig->size ? rig->bytes[offset + i] : dump_rig_far(offset + i);
  }
  return rig->piece;
}

uint8_t dump_rig_far(uint64_t offset)
{
  return (uint8_t)(offset ^ (offset >> 12) ^ (offset >> 32));
}

static void start(dump_rig *rig)
{
  memset(rig, 0, sizeof *rig);
  rig->window.context = rig;
  rig->window.at = at;
}

static void grow(dump_rig *rig, size_t bytes)
{
  if (rig->capacity - rig->size < bytes) {
    rig->capacity = 2 * (rig->size + bytes);
    rig->bytes = realloc(rig->bytes, rig->capacity);
    assert_non_null(rig->bytes);
  }
  memset(rig->bytes + rig->size, 0, bytes);
  rig->size += bytes;
  rig->window.size_bytes = rig->size;
}

void dump_rig_patch(dump_rig *rig, size_t offset, uint64_t value, size_t bytes)
{
  assert_true(offset + bytes <= rig->size);
  for (size_t i = 0; i < bytes; i++) {
    rig->bytes[offset + i] = (uint8_t)(i < 8 ? value >> (8 * i) : 0);
  }
}

size_t dump_rig_put(dump_rig *rig, uint64_t value, size_t bytes)
{
  size_t offset = rig->size;
  grow(rig, bytes);
  dump_rig_patch(rig, offset, value, bytes);
  return offset;
}

size_t dump_rig_pattern(dump_rig *rig, uint8_t first, size_t bytes)
{
  size_t offset = rig->size;
  grow(rig, bytes);
  for (size_t i = 0; i < bytes; i++) {
    rig->bytes[offset + i] = (uint8_t)(first + i);
  }
  return offset;
}

void dump_rig_init(dump_rig *rig, uint32_t streams)
{
  start(rig);
  dump_rig_put(rig, 0x504D444D, 4);
  dump_rig_put(rig, 0xA793, 4);
  dump_rig_put(rig, streams, 4);
  dump_rig_put(rig, HEADER_BYTES, 4);
  dump_rig_put(rig, 0, 4);
  dump_rig_put(rig, 1700000000, 4);
  dump_rig_put(rig, 0x802, 8);
  grow(rig, (size_t)streams * ENTRY_BYTES);
  rig->streams = streams;
}

void dump_rig_load(dump_rig *rig, const char *name)
{
  char path[512];
  uint8_t piece[4096];
  int got = 0;
  start(rig);
  (void)snprintf(path, sizeof path, "%s/dumps/%s", SEEP_FIXTURES, name);
  gzFile file = gzopen(path, "rb"); /* what is not packed comes as it is */
  assert_non_null(file);
  while ((got = gzread(file, piece, sizeof piece)) > 0) {
    size_t offset = rig->size;
    grow(rig, (size_t)got);
    memcpy(rig->bytes + offset, piece, (size_t)got);
  }
  assert_int_equal(got, 0);
  gzclose(file);
}

void dump_rig_free(dump_rig *rig)
{
  free(rig->bytes);
  free(rig->piece);
  memset(rig, 0, sizeof *rig);
}

void dump_rig_resize(dump_rig *rig, uint64_t size_bytes)
{
  rig->window.size_bytes = size_bytes;
}

size_t dump_rig_begin(dump_rig *rig, uint32_t type)
{
  assert_true(rig->stream < rig->streams);
  size_t entry = HEADER_BYTES + rig->stream * ENTRY_BYTES;
  dump_rig_patch(rig, entry, type, 4);
  dump_rig_patch(rig, entry + 8, rig->size, 4);
  return rig->size;
}

void dump_rig_end(dump_rig *rig)
{
  size_t entry = HEADER_BYTES + rig->stream * ENTRY_BYTES;
  uint32_t begin = 0;
  for (size_t i = 0; i < 4; i++) {
    begin |= (uint32_t)rig->bytes[entry + 8 + i] << (8 * i);
  }
  dump_rig_patch(rig, entry + 4, rig->size - begin, 4);
  rig->stream++;
}

void dump_rig_system(dump_rig *rig, uint16_t architecture, uint32_t platform)
{
  size_t begin = dump_rig_begin(rig, 7);
  grow(rig, 56);
  dump_rig_patch(rig, begin, architecture, 2);
  dump_rig_patch(rig, begin + 8, 10, 4);
  dump_rig_patch(rig, begin + 16, 22631, 4);
  dump_rig_patch(rig, begin + 20, platform, 4);
  dump_rig_end(rig);
}

void dump_rig_process(dump_rig *rig, uint32_t pid, uint32_t created_s)
{
  dump_rig_begin(rig, 15);
  dump_rig_put(rig, 24, 4);
  dump_rig_put(rig, 3, 4);
  dump_rig_put(rig, pid, 4);
  dump_rig_put(rig, created_s, 4);
  dump_rig_put(rig, 0, 8);
  dump_rig_end(rig);
}

void dump_rig_threads(dump_rig *rig, const uint64_t *tebs, uint32_t count, bool padded)
{
  dump_rig_begin(rig, 3);
  dump_rig_put(rig, count, padded ? 8 : 4);
  for (uint32_t i = 0; i < count; i++) {
    size_t entry = rig->size;
    grow(rig, 48);
    dump_rig_patch(rig, entry + 16, tebs[i], 8);
  }
  dump_rig_end(rig);
}

void dump_rig_modules(dump_rig *rig, const char *const *names, uint32_t count, bool padded)
{
  size_t offsets[16];
  assert_true(count <= 16);
  for (uint32_t i = 0; i < count; i++) {
    offsets[i] = dump_rig_put(rig, 2 * strlen(names[i]), 4);
    for (const char *letter = names[i]; *letter != '\0'; letter++) {
      dump_rig_put(rig, (uint8_t)*letter, 2);
    }
  }
  dump_rig_begin(rig, 4);
  dump_rig_put(rig, count, padded ? 8 : 4);
  for (uint32_t i = 0; i < count; i++) {
    size_t entry = rig->size;
    grow(rig, 108);
    dump_rig_patch(rig, entry + 20, offsets[i], 4);
  }
  dump_rig_end(rig);
}

void dump_rig_range(dump_rig *rig, uint64_t address, uint32_t bytes, uint32_t offset)
{
  dump_rig_put(rig, address, 8);
  dump_rig_put(rig, bytes, 4);
  dump_rig_put(rig, offset, 4);
}

void dump_rig_range64(dump_rig *rig, uint64_t address, uint64_t bytes)
{
  dump_rig_put(rig, address, 8);
  dump_rig_put(rig, bytes, 8);
}

void dump_rig_regions_lead(dump_rig *rig, uint32_t header_bytes, uint32_t entry_bytes, uint64_t count)
{
  dump_rig_put(rig, header_bytes, 4);
  dump_rig_put(rig, entry_bytes, 4);
  dump_rig_put(rig, count, 8);
}

void dump_rig_region(dump_rig *rig, const seep_region *region)
{
  dump_rig_put(rig, region->base, 8);
  dump_rig_put(rig, region->allocation_base, 8);
  dump_rig_put(rig, region->allocation_protect, 8);
  dump_rig_put(rig, region->size_bytes, 8);
  dump_rig_put(rig, region->state, 4);
  dump_rig_put(rig, region->protect, 4);
  dump_rig_put(rig, region->type, 8);
}
