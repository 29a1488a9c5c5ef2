/*
 * Files packed and unpacked with gzip, in pieces: a trace of any size takes 400 KB of ours. A packed file is
 * made under a temporary name and renamed when it is whole and on disk; what is half-written never bears its
 * name.
 */
#ifndef SEEP_WATCH_GZIP_H
#define SEEP_WATCH_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Sees the plain bytes as they go by; false: no more of them are wanted, but the work goes on. */
typedef bool (*seep_gzip_look)(void *context, const void *data, size_t size);

typedef struct seep_gzip_options {
  seep_gzip_look plain;  /* the uncompressed bytes; or NULL */
  seep_gzip_look packed; /* the compressed ones; or NULL */
  void *context;
  bool (*stopped)(void *context); /* asked between pieces; true ends it with SEEP_CANCELLED; or NULL */
  void (*progress)(void *context, uint64_t done_bytes, uint64_t total_bytes); /* of the input; or NULL */
  bool replace_partial;         /* the temporary name is ours alone: what an earlier life left there goes */
  uint64_t maximum_plain_bytes; /* unpacking ends with SEEP_CORRUPT where more would come out; 0: no limit */
} seep_gzip_options;

/* Paths are UTF-8. `to` must not exist (SEEP_BUSY with it as the subject): nothing is overwritten. partial:
 * the temporary name, on the same volume, created anew and removed when it fails. What is there under that
 * name already stays as it is (SEEP_BUSY with partial as the subject), unless options->replace_partial.
 * SEEP_NOT_FOUND, SEEP_DENIED, SEEP_CANCELLED, SEEP_NO_MEMORY, SEEP_LIMIT (the disk is full), SEEP_OS. */
seep_status seep_gzip_pack(const char *from, const char *partial, const char *to,
                           const seep_gzip_options *options, seep_error *error);

/* The same the other way. SEEP_CORRUPT with the offset: not gzip, cut off, damaged, bytes behind its end, or
 * more in it than options->maximum_plain_bytes. */
seep_status seep_gzip_unpack(const char *from, const char *partial, const char *to,
                             const seep_gzip_options *options, seep_error *error);

/* Reads a plain file through the same looks and copies it to `to` the same way; to NULL: only reads it. */
seep_status seep_gzip_copy(const char *from, const char *partial, const char *to,
                           const seep_gzip_options *options, seep_error *error);

/* Reads a packed file and gives its plain bytes to options->plain, writing nothing. */
seep_status seep_gzip_read(const char *from, const seep_gzip_options *options, seep_error *error);

#endif
