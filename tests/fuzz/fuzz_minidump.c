/* The minidump reader over any bytes: it must end, look only where the file is, and what it gives out must be
 * in order and readable. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory/minidump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
  const uint8_t *data;
  size_t size;
  uint8_t *piece; /* each in storage of its own, so that the sanitizer sees who keeps or overruns it */
} input;

static const uint8_t *at(void *context, uint64_t offset, size_t bytes)
{
  input *from = context;
  if (bytes == 0 || bytes > SEEP_MINIDUMP_WINDOW_BYTES || offset > from->size ||
      bytes > from->size - offset) {
    abort();
  }
  free(from->piece);
  from->piece = malloc(bytes);
  if (from->piece != NULL) {
    memcpy(from->piece, from->data + offset, bytes);
  }
  return from->piece;
}

static void expect(bool is_so)
{
  if (!is_so) {
    abort();
  }
}

static void walk_regions(const seep_minidump *dump, const seep_target *target)
{
  uint64_t address = 0, count = 0;
  seep_region region;
  while (target->region(target->context, address, &region, NULL) == SEEP_OK) {
    expect(region.base >= address && region.size_bytes > 0);
    expect(region.base + region.size_bytes > region.base);
    address = region.base + region.size_bytes;
    count++;
  }
  expect(count == dump->regions_usable && count <= dump->region_count);
  if (count > 0) {
    expect(target->region(target->context, address / 2, &region, NULL) == SEEP_OK);
    expect(region.base + region.size_bytes > address / 2);
  }
}

static void walk_ranges(const seep_minidump *dump, const seep_target *target)
{
  uint64_t end = 0;
  for (size_t i = 0; i < dump->range_count; i++) {
    const seep_minidump_range *range = &dump->ranges[i];
    uint8_t out[64];
    expect(range->bytes > 0 && range->address >= end && range->address + range->bytes > range->address);
    end = range->address + range->bytes;
    expect(target->read(target->context, range->address, out, 1) == SEEP_OK);
    expect(target->read(target->context, end - 1, out, 1) == SEEP_OK);
    if (range->bytes >= sizeof out) {
      expect(target->read(target->context, range->address, out, sizeof out) == SEEP_OK);
    }
    (void)target->read(target->context, end - 1, out, sizeof out); /* over the end, perhaps into the next */
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input from = {data, size, NULL};
  seep_minidump_file file = {&from, size, at};
  seep_minidump dump;
  seep_error error;
  if (seep_minidump_open(&dump, &file, &error) == SEEP_OK) {
    const char *lacks[4];
    seep_target target;
    seep_minidump_target(&dump, &target);
    walk_regions(&dump, &target);
    walk_ranges(&dump, &target);
    /* No entry is smaller than these. */
    expect(dump.listed_ranges <= size / 16 * 2 && dump.region_count <= size / 48);
    expect(dump.teb_count <= dump.threads && dump.threads <= size / 48 && dump.modules <= size / 108);
    (void)seep_minidump_lacks(&dump, lacks, 4);
  }
  seep_minidump_fini(&dump);
  free(from.piece);
  return 0;
}
