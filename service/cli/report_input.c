#include "report_input.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/text.h"
#include "cli.h"
#include "watch/files.h"
#include "watch/gzip.h"

#define NAME_TEMPLATE SEEP_FILES_SPOOL_PREFIX "XXXXXX"
#define MAXIMUM_BYTES (UINT64_C(64) * 1024 * 1024 * 1024)
#define LEFT_OVER_S (24 * 60 * 60)
#define PIECE_BYTES ((size_t)256 * 1024)

static const uint8_t gzip_mark[2] = {0x1F, 0x8B};

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t interrupted;

/* The second one ends the program at once. */
static void on_interrupt(int number)
{
  interrupted = 1;
  (void)signal(number, SIG_DFL);
}

static void watch_for_interrupt(void)
{
#ifdef _WIN32
  (void)signal(SIGINT, on_interrupt);
#else
  /* Without SA_RESTART: a read that waits for the other end of a pipe is woken. */
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_interrupt;
  (void)sigaction(SIGINT, &action, NULL);
  (void)sigaction(SIGTERM, &action, NULL);
#endif
}

bool seep_report_input_interrupted(void)
{
  return interrupted != 0;
}

/* ---- the temporary file ---- */

typedef struct spool {
  const char *verb, *path; /* of the input, for what is said */
  char file[SEEP_REPORT_INPUT_PATH_SIZE];
  uv_file handle; /* -1: closed */
  uint64_t written_bytes, maximum_bytes;
  seep_status status;
  int code; /* libuv's */
  seep_report_progress *progress;
} spool;

static int fail(const spool *to, int exit_code, const char *why)
{
  return seep_cli_fail_reading(to->verb, exit_code, to->path, why);
}

static int fail_temporary(const spool *to, int code)
{
  char why[SEEP_REPORT_INPUT_PATH_SIZE + 160];
  snprintf(why, sizeof why, "it needs a temporary file (%s): %s (%d)", to->file, uv_strerror(code), code);
  return fail(to, code == UV_EACCES || code == UV_EPERM ? SEEP_EXIT_DENIED : SEEP_EXIT_FAILED, why);
}

static void remove_file(char *path)
{
  uv_fs_t request;
  if (path[0] != '\0') {
    (void)uv_fs_unlink(NULL, &request, path, NULL);
    uv_fs_req_cleanup(&request);
    path[0] = '\0';
  }
}

static int close_file(spool *to)
{
  uv_fs_t request;
  int code = 0;
  if (to->handle >= 0) {
    code = uv_fs_close(NULL, &request, to->handle, NULL);
    uv_fs_req_cleanup(&request);
    to->handle = -1;
  }
  return code;
}

/* A program that is ended at once leaves its file behind, which may be large. Nobody reads one for a day. */
static bool remove_left_over(void *context, const char *name, const char *path)
{
  const uv_timeval64_t *now = context;
  uv_fs_t request;
  if (strncmp(name, SEEP_FILES_SPOOL_PREFIX, sizeof SEEP_FILES_SPOOL_PREFIX - 1) == 0) {
    bool is_old = uv_fs_lstat(NULL, &request, path, NULL) == 0 &&
                  now->tv_sec - request.statbuf.st_mtim.tv_sec > LEFT_OVER_S;
    uv_fs_req_cleanup(&request);
    if (is_old) {
      (void)seep_files_remove(path);
    }
  }
  return true;
}

static void remove_left_overs(const char *folder)
{
  uv_timeval64_t now;
  if (uv_gettimeofday(&now) == 0) {
    (void)seep_files_each(folder, '/', remove_left_over, &now);
  }
}

/* A new file that only this user may open, under a name that nobody can foretell. */
static int begin(spool *to)
{
  char folder[SEEP_REPORT_INPUT_PATH_SIZE], pattern[SEEP_REPORT_INPUT_PATH_SIZE];
  size_t size = sizeof folder;
  uv_fs_t request;
  int code = uv_os_tmpdir(folder, &size);
  if (code != 0 || !seep_files_join(pattern, sizeof pattern, folder, '/', NAME_TEMPLATE)) {
    return fail_temporary(to, code != 0 ? code : UV_ENAMETOOLONG);
  }
  remove_left_overs(folder);
  uint64_t free_bytes = seep_files_free_bytes(folder);
  to->maximum_bytes = free_bytes / 2 < MAXIMUM_BYTES ? free_bytes / 2 : MAXIMUM_BYTES;
  seep_text_copy(to->file, sizeof to->file, folder);
  watch_for_interrupt();
  code = uv_fs_mkstemp(NULL, &request, pattern, NULL);
  if (code >= 0) {
    to->handle = code;
    seep_text_copy(to->file, sizeof to->file, request.path);
  }
  uv_fs_req_cleanup(&request);
  return code >= 0 ? SEEP_EXIT_DONE : fail_temporary(to, code);
}

static bool write_all(spool *to, const char *data, size_t size)
{
  while (size > 0) {
    uv_fs_t request;
    uv_buf_t piece = uv_buf_init((char *)data, (unsigned)(size < PIECE_BYTES ? size : PIECE_BYTES));
    int code = uv_fs_write(NULL, &request, to->handle, &piece, 1, -1, NULL);
    uv_fs_req_cleanup(&request);
    if (code <= 0) {
      to->status = SEEP_OS;
      to->code = code < 0 ? code : UV_EIO;
      return false;
    }
    data += code;
    size -= (size_t)code;
  }
  return true;
}

static bool take(void *context, const void *data, size_t size)
{
  spool *to = context;
  if (to->status == SEEP_OK && size > to->maximum_bytes - to->written_bytes) {
    to->status = SEEP_LIMIT;
  }
  if (to->status != SEEP_OK || !write_all(to, data, size)) {
    return false;
  }
  to->written_bytes += size;
  return true;
}

static bool is_stopped(void *context)
{
  const spool *to = context;
  return to->status != SEEP_OK || interrupted != 0;
}

static void show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
  spool *to = context;
  seep_report_progress_tell(to->progress, done_bytes, total_bytes);
}

/* Why filling the file ended; SEEP_EXIT_DONE when all is well. */
static int judge(const spool *to)
{
  if (interrupted != 0) {
    return fail(to, SEEP_EXIT_FAILED, "interrupted");
  }
  if (to->status == SEEP_LIMIT) {
    char why[128];
    snprintf(why, sizeof why,
             "larger than %" PRIu64 " MB, which is 64 GB or half of what is free for it (limit)",
             to->maximum_bytes / (1024 * 1024));
    return fail(to, SEEP_EXIT_BAD_INPUT, why);
  }
  return to->status == SEEP_OK ? SEEP_EXIT_DONE : fail_temporary(to, to->code);
}

static int unpack(spool *to, const char *from, seep_report_input *input)
{
  const seep_gzip_options options = {
      .plain = take, .context = to, .stopped = is_stopped, .progress = show_progress};
  char why[SEEP_ERROR_SUBJECT_SIZE + 128];
  seep_error error = {0};
  seep_report_progress_begin(to->progress, "unpacking");
  seep_status status = seep_gzip_read(from, &options, &error);
  seep_report_progress_end(to->progress);
  int result = judge(to);
  if (result != SEEP_EXIT_DONE || status == SEEP_OK) {
    return result;
  }
  if (status == SEEP_CORRUPT) {
    input->is_damaged = true;
    input->damaged_at = error.code > 0 ? (uint64_t)error.code : 0;
    return SEEP_EXIT_DONE;
  }
  return fail(to, seep_cli_exit_code(status), seep_error_text(&error, why, sizeof why));
}

static int copy_standard_input(spool *to, bool *is_packed)
{
  FILE *stream = seep_cli_open("-");
  char *piece = malloc(PIECE_BYTES);
  bool is_first = true;
  if (piece == NULL) {
    return fail(to, SEEP_EXIT_FAILED, "no memory (malloc)");
  }
  seep_report_progress_begin(to->progress, "reading the standard input");
  while (!is_stopped(to) && feof(stream) == 0 && ferror(stream) == 0) {
    size_t size = fread(piece, 1, PIECE_BYTES, stream);
    *is_packed = is_first ? size >= 2 && memcmp(piece, gzip_mark, 2) == 0 : *is_packed;
    is_first = false;
    (void)take(to, piece, size);
    seep_report_progress_tell(to->progress, to->written_bytes, 0);
  }
  seep_report_progress_end(to->progress);
  free(piece);
  int result = judge(to);
  return result == SEEP_EXIT_DONE && ferror(stream) != 0 ? fail(to, SEEP_EXIT_FAILED, "it cannot be read")
                                                         : result;
}

/* ---- the input ---- */

/* "why (123)", or "why (unsupported)". */
static int fail_mapping(const char *verb, const char *path, const seep_error *error)
{
  char why[SEEP_ERROR_SUBJECT_SIZE + 64];
  if (error->code != 0) {
    snprintf(why, sizeof why, "%s (%" PRId64 ")", error->subject, error->code);
  } else {
    snprintf(why, sizeof why, "%s (%s)", error->subject, seep_status_text(error->status));
  }
  return seep_cli_fail_reading(verb, seep_cli_exit_code(error->status), path, why);
}

static int map(seep_report_input *input, const char *verb, const char *shown_path, const char *file)
{
  char path[SEEP_OUTPUT_NAME_SIZE];
  seep_error error = {0};
  if (seep_mapping_open(&input->mapping, file, &error) != SEEP_OK) {
    return fail_mapping(verb, shown_path, &error);
  }
  snprintf(input->loss, sizeof input->loss,
           "seepwatch: %s: reading %.900s: the file was cut off while it was read, or its disk failed\n",
           verb,
           seep_output_presentable(strcmp(shown_path, "-") == 0 ? "standard input" : shown_path, true, path,
                                   sizeof path));
  seep_mapping_on_loss(&input->mapping, input->loss, SEEP_EXIT_FAILED);
  return SEEP_EXIT_DONE;
}

/* The end of filling it, well or not: it is closed, and mapped when all is well. */
static int map_spool(seep_report_input *input, spool *to, int result)
{
  int code = close_file(to);
  seep_text_copy(input->temporary, sizeof input->temporary, to->file);
  if (result == SEEP_EXIT_DONE && code < 0) {
    result = fail_temporary(to, code);
  }
  if (result == SEEP_EXIT_DONE) {
    result = map(input, to->verb, to->path, to->file);
  }
#ifndef _WIN32
  remove_file(input->temporary); /* mapped bytes stay; Windows keeps a file that is mapped */
#endif
  return result;
}

static int open_packed(seep_report_input *input, const char *verb, const char *path, const char *from,
                       seep_report_progress *progress)
{
  spool to = {.verb = verb, .path = path, .handle = -1, .progress = progress};
  int result = begin(&to);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  return map_spool(input, &to, unpack(&to, from, input));
}

static int open_standard_input(seep_report_input *input, const char *verb, seep_report_progress *progress)
{
  spool to = {.verb = verb, .path = "-", .handle = -1, .progress = progress};
  bool is_packed = false;
  int result = begin(&to);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  result = copy_standard_input(&to, &is_packed);
  if (result != SEEP_EXIT_DONE || !is_packed) {
    return map_spool(input, &to, result);
  }
  int code = close_file(&to);
  result = code < 0 ? fail_temporary(&to, code) : open_packed(input, verb, "-", to.file, progress);
  remove_file(to.file);
  return result;
}

int seep_report_input_open(seep_report_input *input, const char *verb, const char *path,
                           seep_report_progress *progress)
{
  memset(input, 0, sizeof *input);
  if (strcmp(path, "-") == 0) {
    return open_standard_input(input, verb, progress);
  }
  char *mark = NULL;
  size_t size = 0;
  int result = seep_cli_read(verb, path, sizeof gzip_mark, &mark, &size);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  bool is_packed = size >= sizeof gzip_mark && memcmp(mark, gzip_mark, sizeof gzip_mark) == 0;
  free(mark);
  return is_packed ? open_packed(input, verb, path, path, progress) : map(input, verb, path, path);
}

void seep_report_input_close(seep_report_input *input)
{
  seep_mapping_close(&input->mapping);
  remove_file(input->temporary);
}
