#include "capture_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <uv.h>

#include "base/text.h"
#include "capture/shelf.h"
#include "watch/gzip.h"

#define PROGRESS_EVERY_NS UINT64_C(200000000)

#ifdef _WIN32
#define FOLDER "captures\\"
#else
#define FOLDER "captures/"
#endif

/* ---- names ---- */

static bool is_separator(char c)
{
  return c == '/' || c == '\\';
}

const char *seep_capture_file_name(const char *path)
{
  const char *name = path;
  for (const char *p = path; *p != '\0'; p++) {
    name = is_separator(*p) ? p + 1 : name;
  }
  return name;
}

static bool ends_with(const char *text, const char *ending)
{
  size_t length = strlen(text), tail = strlen(ending);
  return length > tail && seep_text_equal_ignoring_case(text + length - tail, ending);
}

const char *seep_capture_file_sidecar(const char *path, char *out, size_t out_size)
{
  (void)seep_shelf_beside_name(seep_capture_file_name(path), SEEP_BESIDE_SIDECAR, out, out_size);
  return out;
}

/* ---- where it is ---- */

static seep_status look_at(const char *path, seep_capture_file *file, seep_error *error)
{
  uv_fs_t request;
  int result = uv_fs_stat(NULL, &request, path, NULL);
  bool plain = result == 0 && (request.statbuf.st_mode & S_IFMT) == S_IFREG;
  uint64_t bytes = plain ? request.statbuf.st_size : 0;
  uv_fs_req_cleanup(&request);
  if (plain && strlen(path) < sizeof file->path) {
    seep_text_copy(file->path, sizeof file->path, path);
    file->packed = ends_with(path, ".gz");
    file->bytes = bytes;
    return SEEP_OK;
  }
  bool denied = result == UV_EACCES || result == UV_EPERM;
  return seep_error_set(error, denied ? SEEP_DENIED : SEEP_NOT_FOUND, SEEP_DOMAIN_UV, result, "find", path);
}

/* In a folder (with its separator; or "") beside the database; false when it does not fit or the path has no
 * name in it. */
static bool beside(const char *path, const char *database, const char *folder, char *out, size_t out_size)
{
  const char *name = seep_capture_file_name(path);
  const char *end = seep_capture_file_name(database);
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_bytes(&writer, database, (size_t)(end - database));
  seep_writer_text(&writer, folder);
  seep_writer_text(&writer, name);
  return !writer.cut && name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* \\host\share, \\?\..., \\.\..., with either separator, and \??\... */
static bool is_foreign(const char *path)
{
  return is_separator(path[0]) && (is_separator(path[1]) || path[1] == '?');
}

static seep_status look_where_it_says(const char *path, seep_capture_file *file, seep_error *error)
{
  file->foreign = is_foreign(path);
  return file->foreign
             ? seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, SEEP_CAPTURE_FILE_FOREIGN ":", path)
             : look_at(path, file, error);
}

seep_status seep_capture_file_find(const seep_store_capture *capture, const char *database,
                                   seep_capture_file *file, seep_error *error)
{
  static const char *const folders[] = {FOLDER, ""};
  char path[SEEP_CAPTURE_FILE_PATH_SIZE];
  seep_error denied = {.status = SEEP_OK};
  *file = (seep_capture_file){.path = ""};
  if (capture->path[0] == '\0') {
    return seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find", NULL);
  }
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    seep_error here = {.status = SEEP_NOT_FOUND};
    if (beside(capture->path, database, folders[i], path, sizeof path) &&
        look_at(path, file, &here) == SEEP_OK) {
      file->elsewhere = !seep_text_equal_ignoring_case(path, capture->path);
      return SEEP_OK;
    }
    denied = here.status == SEEP_DENIED ? here : denied;
  }
  seep_status status = look_where_it_says(capture->path, file, error);
  if (status == SEEP_NOT_FOUND && denied.status != SEEP_OK) {
    file->foreign = false;
    if (error != NULL) {
      *error = denied;
    }
    return SEEP_DENIED;
  }
  return status;
}

/* ---- reading it ---- */

void seep_capture_progress_begin(seep_capture_progress *progress, const char *doing)
{
  *progress =
      (seep_capture_progress){.doing = doing, .last_ns = uv_hrtime(), .wanted = uv_guess_handle(2) == UV_TTY};
}

/* The cursor stays in front: what is said next overwrites it. */
void seep_capture_progress_step(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
  seep_capture_progress *progress = context;
  uint64_t now = uv_hrtime();
  if (!progress->wanted || now - progress->last_ns < PROGRESS_EVERY_NS) {
    return;
  }
  progress->last_ns = now;
  progress->shown = true;
  fprintf(stderr, "%s, %" PRIu64 " of %" PRIu64 " MB \r", progress->doing, done_bytes >> 20,
          total_bytes >> 20);
  fflush(stderr);
}

void seep_capture_progress_end(seep_capture_progress *progress)
{
  if (progress->shown) {
    fprintf(stderr, "%60s\r", "");
    fflush(stderr);
  }
}

typedef struct digesting {
  seep_sha256 sha;
  seep_capture_progress progress;
} digesting;

static bool add_piece(void *context, const void *data, size_t size)
{
  digesting *d = context;
  seep_sha256_add(&d->sha, data, size);
  return true;
}

static void step(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
  digesting *d = context;
  seep_capture_progress_step(&d->progress, done_bytes, total_bytes);
}

seep_status seep_capture_file_digest(const seep_capture_file *file, char out[SEEP_SHA256_TEXT_SIZE],
                                     seep_error *error)
{
  digesting d;
  const seep_gzip_options options = {.plain = add_piece, .context = &d, .progress = step};
  seep_sha256_init(&d.sha);
  seep_capture_progress_begin(&d.progress, "checking");
  seep_status status = seep_gzip_copy(file->path, NULL, NULL, &options, error);
  seep_capture_progress_end(&d.progress);
  (void)seep_sha256_text(&d.sha, out);
  return status;
}
