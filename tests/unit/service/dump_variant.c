#include "unit/service/dump_variant.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "unit/service/spawn.h"

/* The fixture's own layout; its README tells more. */
#define FIXTURE SEEP_FIXTURES "/dumps/synth-x64-nt-large.dmp"
#define FIXTURE_SYSTEM 92
#define FIXTURE_THREADS 148
#define FIXTURE_REGIONS 204
#define FIXTURE_RANGES 2716
#define FIXTURE_DATA 2908
#define REGION_COUNT 52u
#define RANGE_COUNT 11u

#define LARGE_FROM UINT64_C(0x1e343000000)
#define LARGE_END UINT64_C(0x1e344d0d000)
#define MORE_ADDRESS UINT64_C(0x100000000) /* in the free region at 0, below everything else */

#define STREAMS 6u
#define HEAD_SIZE 8192u

typedef struct image {
  uint8_t bytes[HEAD_SIZE];
  size_t size, directory;
} image;

static void put(image *to, uint64_t value, size_t bytes)
{
  assert_true(to->size + bytes <= HEAD_SIZE);
  for (size_t i = 0; i < bytes; i++) {
    to->bytes[to->size++] = (uint8_t)(value >> (8 * i));
  }
}

static void put_bytes(image *to, const char *bytes, size_t size)
{
  assert_true(to->size + size <= HEAD_SIZE);
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
}

static uint64_t get(const char *bytes)
{
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) {
    value = value << 8 | (uint8_t)bytes[i];
  }
  return value;
}

/* The next entry of the directory: a stream of this size begins here. */
static void announce(image *to, uint32_t type, size_t size)
{
  image entry = {.size = 0};
  put(&entry, type, 4);
  put(&entry, size, 4);
  put(&entry, to->size, 4);
  memcpy(to->bytes + to->directory, entry.bytes, 12);
  to->directory += 12;
}

static void put_region(image *to, uint64_t base, uint64_t size, bool is_free)
{
  put(to, base, 8);
  put(to, is_free ? 0 : base, 8);
  put(to, is_free ? 0 : 4, 8);
  put(to, size, 8);
  put(to, is_free ? 0x10000 : 0x1000, 4);
  put(to, is_free ? 1 : 4, 4);
  put(to, is_free ? 0 : 0x20000, 8);
}

static void put_regions(image *to, const char *fixture, const dump_variant *variant)
{
  const bool more = variant->more_private_bytes > 0;
  const uint64_t count = REGION_COUNT + (more ? 2 : 0);
  if (variant->without_regions) {
    announce(to, 0, 0);
    return;
  }
  announce(to, 16, 16 + 48 * count);
  put(to, 16, 4);
  put(to, 48, 4);
  put(to, count, 8);
  for (size_t i = 0; i < REGION_COUNT; i++) {
    const char *entry = fixture + FIXTURE_REGIONS + 16 + 48 * i;
    const uint64_t base = get(entry), size = get(entry + 24);
    if (more && i == 0) {
      const uint64_t end = MORE_ADDRESS + variant->more_private_bytes;
      put_region(to, 0, MORE_ADDRESS, true);
      put_region(to, MORE_ADDRESS, variant->more_private_bytes, false);
      put_region(to, end, size - end, true);
    } else if (variant->without_large_blocks && base >= LARGE_FROM && base < LARGE_END) {
      put_region(to, base, size, true);
    } else {
      put_bytes(to, entry, 48);
    }
  }
}

/* Data of the ranges follows the head in this order. */
static void put_ranges(image *to, const char *fixture, const dump_variant *variant)
{
  const uint64_t count = RANGE_COUNT + (variant->more_is_in_file ? 1 : 0);
  announce(to, 9, 16 + 16 * count);
  put(to, count, 8);
  put(to, to->size + 8 + 16 * count, 8);
  if (variant->more_is_in_file) {
    put(to, MORE_ADDRESS, 8);
    put(to, variant->more_private_bytes, 8);
  }
  put_bytes(to, fixture + FIXTURE_RANGES + 16, 16 * RANGE_COUNT);
}

static void put_misc_info(image *to, const dump_variant *variant)
{
  const bool known = variant->pid != 0;
  announce(to, known ? 15 : 0, known ? 24 : 0);
  put(to, 24, 4);
  put(to, known ? 3 : 0, 4); /* PID and times are valid */
  put(to, variant->pid, 4);
  put(to, variant->created_s, 4);
  put(to, 0, 8);
}

static void make_head(image *head, const char *fixture, const dump_variant *variant)
{
  static const uint32_t header[] = {0x504D444D, 0xA793, STREAMS, 32, 0};
  head->size = 0;
  head->directory = 32;
  for (size_t i = 0; i < 5; i++) {
    put(head, header[i], 4);
  }
  put(head, variant->written_s, 4);
  put(head, 0x802, 8);
  put_bytes(head, fixture, 12 * STREAMS); /* room for the directory */
  announce(head, 7, 56);
  put_bytes(head, fixture + FIXTURE_SYSTEM, 56);
  announce(head, variant->without_threads ? 0 : 3, variant->without_threads ? 0 : 52);
  put_bytes(head, fixture + FIXTURE_THREADS, 52);
  announce(head, 4, 4);
  put(head, 0, 4);
  put_misc_info(head, variant);
  put_regions(head, fixture, variant);
  put_ranges(head, fixture, variant);
}

static bool write_at(uv_file file, const void *bytes, size_t size, uint64_t offset)
{
  uv_fs_t request;
  uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);
  int written = uv_fs_write(NULL, &request, file, &buffer, 1, (int64_t)offset, NULL);
  uv_fs_req_cleanup(&request);
  if (written != (int)size) {
    print_message("writing a dump: %s\n", written < 0 ? uv_strerror(written) : "cut");
  }
  return written == (int)size;
}

bool dump_variant_write(const char *path, const dump_variant *variant)
{
  static image head;
  uv_fs_t request;
  size_t size = 0;
  char *fixture = spawn_file_read(FIXTURE, &size);
  make_head(&head, fixture, variant);
  const uint64_t data = head.size + (variant->more_is_in_file ? variant->more_private_bytes : 0);
  int file = uv_fs_open(NULL, &request, path, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_TRUNC, 0644, NULL);
  uv_fs_req_cleanup(&request);
  assert_true(file >= 0);
  bool written = write_at(file, head.bytes, head.size, 0) &&
                 write_at(file, fixture + FIXTURE_DATA, size - FIXTURE_DATA, data);
  (void)uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
  if (!written) {
    spawn_file_remove(path);
  }
  free(fixture);
  return written;
}
