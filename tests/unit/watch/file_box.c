#include "file_box.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <uv.h>
#include <zlib.h>

#include "watch/files.h"

#define MAXIMUM_BYTES (64u * 1024u * 1024u)

void file_box_write(const char *path, const void *bytes, size_t size)
{
  assert_int_equal(seep_files_write(path, bytes, size, NULL), SEEP_OK);
}

memory_file file_box_read(const char *path)
{
  char *data = NULL;
  memory_file file = {0};
  assert_int_equal(seep_files_read(path, MAXIMUM_BYTES, &data, &file.size, NULL), SEEP_OK);
  file.bytes = (uint8_t *)data;
  return file;
}

bool file_box_has(const char *path)
{
  uv_fs_t request;
  int code = uv_fs_lstat(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
  return code == 0;
}

void file_box_expect(const char *path, const void *bytes, size_t size)
{
  memory_file file = file_box_read(path);
  assert_int_equal(file.size, size);
  assert_memory_equal(file.bytes, bytes, size);
  memory_file_free(&file);
}

void file_box_remove(const char *path)
{
  uv_fs_t request;
  if (!seep_files_remove(path)) {
    (void)uv_fs_rmdir(NULL, &request, path, NULL);
    uv_fs_req_cleanup(&request);
  }
  assert_false(file_box_has(path));
}

void file_box_make_folder(const char *path)
{
  assert_int_equal(seep_files_make_folder(path, NULL), SEEP_OK);
}

static memory_file storage(size_t size)
{
  memory_file file = {0};
  file.bytes = calloc(1, size + 1);
  assert_non_null(file.bytes);
  file.size = size;
  return file;
}

memory_file file_box_bytes(size_t size, uint32_t seed)
{
  memory_file file = storage(size);
  for (size_t i = 0; i < size; i++) {
    seed = seed * 1664525u + 1013904223u;
    file.bytes[i] = i % 3 == 0 ? (uint8_t)(seed >> 24) : (uint8_t)(i >> 10);
  }
  return file;
}

memory_file file_box_packed(const void *bytes, size_t size)
{
  z_stream z;
  memset(&z, 0, sizeof z);
  memory_file packed = storage(size + size / 100 + 100);
  assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = (Bytef *)(uintptr_t)bytes;
  z.avail_in = (uInt)size;
  z.next_out = packed.bytes;
  z.avail_out = (uInt)packed.size;
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.size -= z.avail_out;
  (void)deflateEnd(&z);
  return packed;
}

memory_file file_box_unpacked(const memory_file *packed)
{
  z_stream z;
  memset(&z, 0, sizeof z);
  memory_file plain = storage(8u * 1024u * 1024u);
  assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
  z.next_in = packed->bytes;
  z.avail_in = (uInt)packed->size;
  z.next_out = plain.bytes;
  z.avail_out = (uInt)plain.size;
  assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
  assert_int_equal(z.avail_in, 0);
  plain.size -= z.avail_out;
  (void)inflateEnd(&z);
  return plain;
}
