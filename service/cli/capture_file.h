/*
 * The file of a recording: where it is now, and whether it is what was kept. The store says where it was on
 * the server. Whoever looks at a copy of the data folder, perhaps on another system, has it beside the
 * database.
 */
#ifndef SEEP_SERVICE_CAPTURE_FILE_H
#define SEEP_SERVICE_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/status.h"
#include "store/store.h"

#define SEEP_CAPTURE_FILE_PATH_SIZE 2048

typedef struct seep_capture_file {
  char path[SEEP_CAPTURE_FILE_PATH_SIZE]; /* "" when it is not there */
  bool elsewhere;                         /* not where the store says, but beside the database */
  bool foreign;                           /* not there, and the store's path may not be opened */
  bool packed;                            /* with gzip */
  uint64_t bytes;
} seep_capture_file;

/* What is meant by the store's path when that is foreign. */
#define SEEP_CAPTURE_FILE_FOREIGN "the path in the database is on another machine and was not opened"

/* Beside the database, in the folder `captures` there and in its own; then where the store says. A database
 * that somebody sent may say anything: a path that leads to another machine (which would be told who we are)
 * or to a device is never opened. SEEP_OK; SEEP_NOT_FOUND (foreign or not); SEEP_DENIED: it may be there. */
seep_status seep_capture_file_find(const seep_store_capture *capture, const char *database,
                                   seep_capture_file *file, seep_error *error);

/* Behind the last separator of any system. */
const char *seep_capture_file_name(const char *path);

/* Name of the side-car, "x.json" for "x.etl" and "x.etl.gz"; "" for any other. Returns out. */
const char *seep_capture_file_sidecar(const char *path, char *out, size_t out_size);

/* Shows how far a long work is, when the standard error is a terminal. */
typedef struct seep_capture_progress {
  const char *doing; /* "checking"; a literal */
  uint64_t last_ns;
  bool wanted, shown;
} seep_capture_progress;

void seep_capture_progress_begin(seep_capture_progress *progress, const char *doing);
void seep_capture_progress_step(void *progress, uint64_t done_bytes, uint64_t total_bytes);
void seep_capture_progress_end(seep_capture_progress *progress);

/* Of the file as it is kept. */
seep_status seep_capture_file_digest(const seep_capture_file *file, char out[SEEP_SHA256_TEXT_SIZE],
                                     seep_error *error);

#endif
