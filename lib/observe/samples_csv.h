/*
 * Reads commit sizes from CSV (RFC 4180): a header that names the columns, then one row per process and poll.
 * Over bytes, without I/O: the caller keeps a window of the text and moves it on. A row that is wrong is
 * reported with its line and passed over, so that one bad line does not cost the file.
 *
 * Columns by name, in any order, others are passed over: t_s, pid, process, commit_bytes; created_s and
 * running_s when there. Times are seconds with or without a fraction. Line ends are LF or CRLF; a UTF-8 byte
 * order mark is skipped; empty lines are nothing.
 */
#ifndef SEEP_OBSERVE_SAMPLES_CSV_H
#define SEEP_OBSERVE_SAMPLES_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* A longer row is refused, and so is one of more columns. A window at least this large always gets on. */
#define SEEP_SAMPLES_CSV_ROW_BYTES ((size_t)16 * 1024)
#define SEEP_SAMPLES_CSV_COLUMNS 64
#define SEEP_SAMPLES_CSV_NAME_BYTES 1024 /* Windows has names of up to 255 UTF-16 units */

enum {
  SEEP_SAMPLES_CSV_T = 0,
  SEEP_SAMPLES_CSV_PID,
  SEEP_SAMPLES_CSV_PROCESS,
  SEEP_SAMPLES_CSV_COMMIT, /* up to here required */
  SEEP_SAMPLES_CSV_CREATED,
  SEEP_SAMPLES_CSV_RUNNING,
  SEEP_SAMPLES_CSV_KNOWN
};

typedef enum seep_samples_csv_found {
  SEEP_SAMPLES_CSV_ROW = 0,
  SEEP_SAMPLES_CSV_BAD_ROW,    /* passed over; line and reason say which and why */
  SEEP_SAMPLES_CSV_BAD_HEADER, /* reason says why; so is every call after it */
  SEEP_SAMPLES_CSV_MORE,       /* the window ends within a row, or after one */
  SEEP_SAMPLES_CSV_END         /* of the last window */
} seep_samples_csv_found;

typedef struct seep_samples_csv_row {
  seep_wall wall;     /* t_s */
  int64_t running_ms; /* running_s; 0 without that column */
  uint32_t pid;
  uint64_t commit_bytes;
  bool has_created;
  seep_filetime created;
  const char
      *process; /* as it stands there, any bytes but NUL, not terminated; borrowed until the next call */
  size_t process_bytes;
} seep_samples_csv_row;

typedef struct seep_samples_csv {
  int columns[SEEP_SAMPLES_CSV_KNOWN];    /* which column holds it; -1 = none */
  unsigned column_count;                  /* 0 before the header */
  uint64_t next_line;                     /* 1-based, of the first byte of the window */
  bool begun;                             /* the first bytes have been looked at for an order mark */
  bool bad_header, skipping;              /* skipping: up to the next line end, the row was too long */
  uint64_t line;                          /* of the row found last: its first line */
  const char *reason;                     /* a literal without a final full stop */
  char name[SEEP_SAMPLES_CSV_NAME_BYTES]; /* a quoted name, unquoted */
} seep_samples_csv;

void seep_samples_csv_init(seep_samples_csv *csv);

/* The next row of the window; *used is how far to move it on, whatever is found. last: there is nothing after
 * this window. */
seep_samples_csv_found seep_samples_csv_next(seep_samples_csv *csv, const char *window, size_t size,
                                             bool last, size_t *used, seep_samples_csv_row *row);

/* After the header. */
bool seep_samples_csv_has_running(const seep_samples_csv *csv);

#endif
