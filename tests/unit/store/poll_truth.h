/*
 * Compares a store with the script its polls were made from: every poll that was kept, to the last figure,
 * nothing else, and the hours' figures added up once more. The first difference found is told in words.
 */
#ifndef SEEP_TESTS_POLL_TRUTH_H
#define SEEP_TESTS_POLL_TRUTH_H

#include "poll_script.h"

#define POLL_KEPT 1u
#define POLL_AFTER_GAP 2u

typedef struct poll_truth {
  const poll_script *script;
  const uint8_t *polls; /* by number: 0 = lost, or the two above */
  size_t count;
  size_t first; /* polls before it have been deleted; their hours are still there */
} poll_truth;

/* NULL, or what is wrong; valid until the next call. Reads history, the system's figures and the hours. */
const char *poll_truth_check(const poll_truth *truth, seep_store *store);

/* The same for what seep_store_processes says: when each was seen first and last. Nothing was deleted. */
const char *poll_truth_check_processes(const poll_truth *truth, seep_store *store);

/* Of the file itself, past the store: whole to SQLite, and the rows of its polls one after the other. Both
 * ends are 0 when there are none. */
typedef struct poll_rows {
  int64_t first, last;
} poll_rows;
const char *poll_truth_check_file(const char *path, poll_rows *rows);

#endif
