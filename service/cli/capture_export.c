/*
 * `seepwatch captures export`: a kept recording as a plain .etl, which is what Windows Performance Analyzer
 * opens. Nothing is ever overwritten, and what is not the file that was kept is not given out.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "base/text.h"
#include "capture/shelf.h"
#include "capture_file.h"
#include "capture_record.h"
#include "capture_verbs.h"
#include "cli.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "watch/files.h"
#include "watch/gzip.h"

#define TEMPORARY_NAMES 9 /* others are left-overs, or being written right now */

static int fail(const seep_query *query, int exit_code, const char *why)
{
  char what[128];
  snprintf(what, sizeof what, "export recording %s", query->operands[0]);
  return seep_cli_fail(query->verb, exit_code, what, why);
}

static int fail_with(const seep_query *query, const seep_error *error)
{
  char why[512];
  return fail(query, seep_cli_exit_code(error->status), seep_error_text(error, why, sizeof why));
}

static int say_exists(const seep_query *query)
{
  return seep_cli_fail(query->verb, SEEP_EXIT_BUSY, query->operands[1],
                       "it exists already, and nothing is overwritten");
}

static bool exists(const char *path)
{
  uv_fs_t request;
  int found = uv_fs_lstat(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
  return found == 0;
}

/* ---- where from ---- */

static int say_missing(const seep_query *query, const seep_store_capture *capture, bool foreign,
                       const seep_error *error)
{
  char when[SEEP_WALL_TEXT_SIZE], why[SEEP_OUTPUT_NAME_SIZE];
  if (capture->path[0] == '\0') {
    snprintf(why, sizeof why, "there is no file: %s", capture->outcome);
  } else if (error->status != SEEP_NOT_FOUND) {
    return fail_with(query, error);
  } else if (capture->removed.ms != 0) {
    snprintf(why, sizeof why, "the file was removed %s to make room for others",
             seep_wall_text(capture->removed, when, sizeof when));
  } else if (foreign) {
    snprintf(why, sizeof why, SEEP_CAPTURE_FILE_FOREIGN ": %s", capture->path);
  } else {
    snprintf(why, sizeof why, "the file is not there: %s", capture->path);
  }
  return fail(query, SEEP_EXIT_NOT_FOUND, why);
}

/* What came from the server must be what it kept; an earlier version did not note what that was. */
static int check(const seep_query *query, const seep_store_capture *capture, const seep_capture_file *file)
{
  char digest[SEEP_SHA256_TEXT_SIZE];
  seep_error error = {0};
  if (capture->sha256[0] == '\0') {
    return SEEP_EXIT_DONE;
  }
  if (seep_capture_file_digest(file, digest, &error) != SEEP_OK) {
    return fail_with(query, &error);
  }
  return strcmp(digest, capture->sha256) == 0
             ? SEEP_EXIT_DONE
             : seep_cli_fail(query->verb, SEEP_EXIT_BAD_INPUT, file->path,
                             "damaged or changed: its SHA-256 is not that of the file that was kept");
}

/* ---- where to ---- */

static bool partial_name(const char *path, int number, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_format(&writer, "%s.part%d", path, number);
  return !writer.cut;
}

/* The temporary name lies in a folder that is not ours: what stands there under it is somebody's. */
static int write_etl(const seep_query *query, const seep_store_capture *capture,
                     const seep_capture_file *file)
{
  char partial[SEEP_CAPTURE_FILE_PATH_SIZE];
  const char *to = query->operands[1];
  seep_error error = {0};
  seep_capture_progress progress;
  const seep_gzip_options options = {.context = &progress,
                                     .progress = seep_capture_progress_step,
                                     .maximum_plain_bytes = capture->etl_bytes};
  seep_status status = SEEP_BUSY;
  bool taken = false;
  if (!partial_name(to, TEMPORARY_NAMES, partial, sizeof partial)) {
    return seep_cli_fail(query->verb, SEEP_EXIT_USAGE, to, "the name is too long");
  }
  seep_capture_progress_begin(&progress, file->packed ? "unpacking" : "copying");
  for (int i = 1; status == SEEP_BUSY && !taken && i <= TEMPORARY_NAMES; i++) {
    (void)partial_name(to, i, partial, sizeof partial);
    status = (file->packed ? seep_gzip_unpack : seep_gzip_copy)(file->path, partial, to, &options, &error);
    taken = status == SEEP_BUSY && exists(to);
  }
  seep_capture_progress_end(&progress);
  if (taken) {
    return say_exists(query);
  }
  return status == SEEP_OK ? SEEP_EXIT_DONE : fail_with(query, &error);
}

/* What has been found out lies beside the recording, and goes with it when room is made. */
static void say_page(const char *recording)
{
  char page[SEEP_CAPTURE_FILE_PATH_SIZE], clean[SEEP_OUTPUT_NAME_SIZE];
  if (seep_shelf_beside_name(recording, SEEP_BESIDE_PAGE, page, sizeof page) && seep_files_size(page) > 0) {
    printf("what it shows: %s\n", seep_output_presentable(page, true, clean, sizeof clean));
  }
}

static int say_done(const seep_query *query, const seep_store_capture *capture, const char *recording)
{
  const char *path = query->operands[1];
  const uint64_t bytes = seep_files_size(path);
  if (query->json) {
    cJSON *document = cJSON_CreateObject();
    bool ok = document != NULL && seep_output_add_u64(document, "id", (uint64_t)capture->id) &&
              seep_output_add_text(document, "path", path) && seep_output_add_u64(document, "bytes", bytes) &&
              cJSON_AddBoolToObject(document, "sha256_checked", capture->sha256[0] != '\0') != NULL &&
              seep_output_json(document);
    putchar('\n');
    cJSON_Delete(document);
    return ok ? seep_query_finish(query, SEEP_OK, NULL)
              : seep_cli_fail(query->verb, SEEP_EXIT_FAILED, "write output", "no memory");
  }
  char clean[SEEP_OUTPUT_NAME_SIZE], human[SEEP_HUMAN_SIZE];
  printf("%s: %s (%" PRIu64 " bytes)%s\n", seep_output_presentable(path, true, clean, sizeof clean),
         seep_human_bytes(bytes, human, sizeof human), bytes,
         capture->sha256[0] != '\0' ? "" : ", not checked: its SHA-256 is not known");
  say_page(recording);
  return seep_query_finish(query, SEEP_OK, NULL);
}

int seep_capture_export(int first, int argc, char **argv)
{
  seep_query query = {.verb = "captures", .operand_limit = 2};
  seep_store_capture capture;
  seep_capture_file file;
  seep_error error = {0};
  int code = seep_query_parse(&query, 0, first, argc, argv);
  if (code == SEEP_EXIT_DONE && (query.csv || query.operand_count < 2 || query.operands[1][0] == '\0')) {
    return seep_cli_fail(query.verb, SEEP_EXIT_USAGE, query.csv ? "--csv" : "export",
                         "say: captures export ID OUT.etl");
  }
  code = code == SEEP_EXIT_DONE ? seep_capture_record_find(&query, true, &capture, NULL) : code;
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  if (seep_capture_file_find(&capture, query.database, &file, &error) != SEEP_OK) {
    return say_missing(&query, &capture, file.foreign, &error);
  }
  if (exists(query.operands[1])) {
    return say_exists(&query);
  }
  code = check(&query, &capture, &file);
  code = code == SEEP_EXIT_DONE ? write_etl(&query, &capture, &file) : code;
  return code == SEEP_EXIT_DONE ? say_done(&query, &capture, file.path) : code;
}
