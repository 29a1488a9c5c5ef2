/*
 * What stands in the undo journal while something of ours outlives the process: everything that the next
 * start, or an uninstall, needs to take it back. One line of text per entry, read back by the same code; the
 * entries of earlier versions (a bare instance name) are read too. Hostile: a damaged file may hand us
 * anything.
 */
#ifndef SEEP_CAPTURE_PROMISE_H
#define SEEP_CAPTURE_PROMISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "capture/profile.h"
#include "capture/tracing_flag.h"
#include "observe/snapshot.h"

#define SEEP_PROMISE_RECORDING "recording" /* kinds of journal entries */
#define SEEP_PROMISE_FLAG "tracing-flag"
#define SEEP_PROMISE_SIZE 1024
#define SEEP_PROMISE_IMAGE_SIZE 128
#define SEEP_PROMISE_FILE_SIZE 160

/* A recording of wpr's, and the trace that it becomes. */
typedef struct seep_promise_recording {
  char instance[64];
  int64_t case_id;
  seep_process_key key; /* zeros in entries of earlier versions */
  char image[SEEP_PROMISE_IMAGE_SIZE];
  seep_profile_kind kind;
  char file[SEEP_PROMISE_FILE_SIZE]; /* name of the trace, without a folder; "" in entries of earlier versions
                                      */
  seep_wall requested;
} seep_promise_recording;

/* A tracing flag in the registry (reference: wpr-and-ifeo, 8). */
typedef struct seep_promise_flag {
  char image[SEEP_TRACING_FLAG_IMAGE_SIZE];
  seep_tracing_flag_state before; /* what was there */
  seep_wall set, expires;
  int64_t case_id;
  seep_process_key key; /* of the process that is to be restarted */
} seep_promise_flag;

/* false when it does not fit; out then holds "". */
bool seep_promise_write_recording(const seep_promise_recording *promise, char *out, size_t out_size);
bool seep_promise_write_flag(const seep_promise_flag *promise, char *out, size_t out_size);

/* false: damaged; *promise is then untouched. An instance that is not valid or not the default one, a file
 * name with a separator in it, an image that is no plain file name: damaged. */
bool seep_promise_read_recording(const char *text, seep_promise_recording *promise);
bool seep_promise_read_flag(const char *text, seep_promise_flag *promise);

#endif
