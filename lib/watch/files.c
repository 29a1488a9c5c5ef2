#include "watch/files.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/text.h"
#include "capture/wpr.h"
#include "watch/uv_error.h"

#define PATH_SIZE 1024

bool seep_files_join(char *out, size_t out_size, const char *folder, char separator, const char *name)
{
  char middle[2] = {separator, '\0'};
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_text(&writer, folder);
  seep_writer_text(&writer, middle);
  seep_writer_text(&writer, name);
  return !writer.cut;
}

uint64_t seep_files_size(const char *path)
{
  uv_fs_t request;
  uint64_t size = 0;
  if (uv_fs_stat(NULL, &request, path, NULL) == 0) {
    size = request.statbuf.st_size;
  }
  uv_fs_req_cleanup(&request);
  return size;
}

bool seep_files_each(const char *folder, char separator, seep_files_visit visit, void *context)
{
  uv_fs_t request;
  uv_dirent_t entry;
  char path[PATH_SIZE];
  bool more = true;
  bool readable = uv_fs_scandir(NULL, &request, folder, 0, NULL) >= 0;
  if (readable) {
    while (more && uv_fs_scandir_next(&request, &entry) == 0) {
      if (entry.type == UV_DIRENT_FILE && seep_files_join(path, sizeof path, folder, separator, entry.name)) {
        more = visit(context, entry.name, path);
      }
    }
  }
  uv_fs_req_cleanup(&request);
  return readable;
}

typedef struct file_sum {
  const char *instance; /* NULL: all files */
  uint64_t bytes;
} file_sum;

static bool add_file(void *context, const char *name, const char *path)
{
  file_sum *sum = context;
  if (sum->instance == NULL || seep_wpr_is_raw_file(name, sum->instance)) {
    sum->bytes += seep_files_size(path);
  }
  return true;
}

/* libuv takes '/' on Windows too. */
uint64_t seep_files_folder_bytes(const char *folder)
{
  file_sum sum = {0};
  (void)seep_files_each(folder, '/', add_file, &sum);
  return sum.bytes;
}

uint64_t seep_files_raw_bytes(const char *folder, const char *instance)
{
  file_sum sum = {.instance = instance};
  return seep_files_each(folder, '/', add_file, &sum) ? sum.bytes : UINT64_MAX;
}

uint64_t seep_files_free_bytes(const char *folder)
{
  uv_fs_t request;
  uint64_t bytes = UINT64_MAX;
  if (uv_fs_statfs(NULL, &request, folder, NULL) == 0) {
    const uv_statfs_t *volume = request.ptr;
    bytes = volume->f_bavail * volume->f_bsize;
  }
  uv_fs_req_cleanup(&request);
  return bytes;
}

static bool ends_with(const char *name, const char *ending)
{
  size_t length = strlen(name), tail = strlen(ending);
  return length > tail && seep_text_equal_ignoring_case(name + length - tail, ending);
}

bool seep_files_remove(const char *path)
{
  uv_fs_t request;
  int code = uv_fs_unlink(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
  return code == 0;
}

/* folder, name without its ".etl", ".partial.etl": nobody must take it for a finished trace. */
static bool join_partial(char *out, size_t out_size, const char *folder, char separator, const char *name)
{
  char stem[PATH_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, stem, sizeof stem);
  seep_writer_bytes(&writer, name, strlen(name) - strlen(".etl"));
  seep_writer_text(&writer, ".partial.etl");
  return !writer.cut && seep_files_join(out, out_size, folder, separator, stem);
}

typedef struct cleaning {
  const char *capture_folder, *instance;
  char separator;
  unsigned gone;
} cleaning;

static bool clean_file(void *context, const char *name, const char *path)
{
  cleaning *c = context;
  char kept[PATH_SIZE];
  if (seep_wpr_is_raw_file(name, c->instance) || ends_with(name, ".wprp") || ends_with(name, ".part")) {
    c->gone += seep_files_remove(path);
  } else if (ends_with(name, ".etl") &&
             join_partial(kept, sizeof kept, c->capture_folder, c->separator, name)) {
    /* stays where it is when that fails; tried again next time */
    (void)seep_files_rename(path, kept, NULL);
  }
  return true;
}

static bool remove_file(void *context, const char *name, const char *path)
{
  (void)context;
  (void)name;
  (void)seep_files_remove(path);
  return true;
}

/* Below NAME.etl.NGENPDB lie folders for each symbol file and its version. What is deeper stays. */
static void remove_folder(const char *folder, char separator, unsigned levels)
{
  uv_fs_t request;
  uv_dirent_t entry;
  char path[PATH_SIZE];
  (void)seep_files_each(folder, separator, remove_file, NULL);
  if (levels > 0 && uv_fs_scandir(NULL, &request, folder, 0, NULL) >= 0) {
    while (uv_fs_scandir_next(&request, &entry) == 0) {
      if (entry.type == UV_DIRENT_DIR && seep_files_join(path, sizeof path, folder, separator, entry.name)) {
        remove_folder(path, separator, levels - 1);
      }
    }
    uv_fs_req_cleanup(&request);
  }
  (void)uv_fs_rmdir(NULL, &request, folder, NULL);
  uv_fs_req_cleanup(&request);
}

static void remove_symbol_folders(const char *folder, char separator)
{
  uv_fs_t request;
  uv_dirent_t entry;
  char path[PATH_SIZE];
  if (uv_fs_scandir(NULL, &request, folder, 0, NULL) >= 0) {
    while (uv_fs_scandir_next(&request, &entry) == 0) {
      bool symbols = ends_with(entry.name, ".etl.NGENPDB") || ends_with(entry.name, ".etl.EmbeddedPdbs");
      if (entry.type == UV_DIRENT_DIR && symbols &&
          seep_files_join(path, sizeof path, folder, separator, entry.name)) {
        remove_folder(path, separator, 3);
      }
    }
  }
  uv_fs_req_cleanup(&request);
}

unsigned seep_files_clean_temporary(const char *temporary_folder, const char *capture_folder, char separator,
                                    const char *instance)
{
  cleaning c = {.capture_folder = capture_folder, .instance = instance, .separator = separator};
  (void)seep_files_each(temporary_folder, separator, clean_file, &c);
  remove_symbol_folders(temporary_folder, separator);
  return c.gone;
}

seep_status seep_files_write(const char *path, const char *text, size_t length, seep_error *error)
{
  uv_fs_t request;
  int file = uv_fs_open(NULL, &request, path, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_TRUNC, 0600, NULL);
  uv_fs_req_cleanup(&request);
  if (file < 0) {
    return seep_uv_error_set(error, file, "open", path);
  }
  uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)text, (unsigned)length);
  int written = uv_fs_write(NULL, &request, file, &buffer, 1, 0, NULL);
  uv_fs_req_cleanup(&request);
  int closed = uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
  if (written < 0 || (size_t)written != length || closed < 0) {
    return seep_uv_error_set(error, written < 0 ? written : closed < 0 ? closed : UV_ENOSPC, "write", path);
  }
  return SEEP_OK;
}

seep_status seep_files_rename(const char *from, const char *to, seep_error *error)
{
  uv_fs_t request;
  int code = uv_fs_rename(NULL, &request, from, to, NULL);
  uv_fs_req_cleanup(&request);
  return code == 0 ? SEEP_OK : seep_uv_error_set(error, code, "rename", from);
}

seep_status seep_files_make_folder(const char *path, seep_error *error)
{
  uv_fs_t request;
  int code = uv_fs_mkdir(NULL, &request, path, 0700, NULL);
  uv_fs_req_cleanup(&request);
  return code == 0 || code == UV_EEXIST ? SEEP_OK : seep_uv_error_set(error, code, "mkdir", path);
}

/* Reads from an open file until its end; *size in: capacity, out: bytes read. */
static int read_all(int file, char *data, size_t *size)
{
  size_t length = 0;
  int count = 1;
  while (count > 0 && length < *size) {
    uv_fs_t request;
    uv_buf_t buffer = uv_buf_init(data + length, (unsigned)(*size - length));
    count = uv_fs_read(NULL, &request, file, &buffer, 1, -1, NULL);
    uv_fs_req_cleanup(&request);
    length += count > 0 ? (size_t)count : 0;
  }
  *size = length;
  return count < 0 ? count : 0;
}

seep_status seep_files_read(const char *path, size_t maximum, char **data, size_t *size, seep_error *error)
{
  uv_fs_t request;
  int file = uv_fs_open(NULL, &request, path, UV_FS_O_RDONLY, 0, NULL);
  uv_fs_req_cleanup(&request);
  if (file < 0) {
    return seep_uv_error_set(error, file, "open", path);
  }
  size_t length = maximum + 1; /* one more than allowed tells a file that is too large, also one that grows */
  char *bytes = malloc(length);
  int code = bytes != NULL ? read_all(file, bytes, &length) : UV_ENOMEM;
  (void)uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
  if (code == 0 && length <= maximum) {
    *data = bytes;
    *size = length;
    return SEEP_OK;
  }
  free(bytes);
  return code != 0 ? seep_uv_error_set(error, code, "read", path)
                   : seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, (int64_t)maximum, "read", path);
}
