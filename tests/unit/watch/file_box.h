/*
 * Files of a test in the current folder, by UTF-8 path: written, read, compared and removed through libuv, as
 * the programs under test reach them. Everything is asserted.
 */
#ifndef TEST_WATCH_FILE_BOX_H
#define TEST_WATCH_FILE_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unit/trace/memory_file.h"

void file_box_write(const char *path, const void *bytes, size_t size);
memory_file file_box_read(const char *path); /* the caller's */
bool file_box_has(const char *path);         /* a file or a folder */
void file_box_expect(const char *path, const void *bytes, size_t size);
void file_box_remove(const char *path); /* a file or an empty folder; also when there is none */
void file_box_make_folder(const char *path);

/* Bytes that compress to about a third, the same for the same seed. */
memory_file file_box_bytes(size_t size, uint32_t seed);

/* With gzip's header, made without the module under test. */
memory_file file_box_packed(const void *bytes, size_t size);
/* What one gzip member holds, read the same way. */
memory_file file_box_unpacked(const memory_file *packed);

#endif
