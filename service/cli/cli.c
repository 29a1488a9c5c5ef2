#include "cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include "watch/files.h"
#include "win/win_folders.h"
#include "win/win_wide.h"
#endif

#include "base/text.h"
#include "output.h"

#define PATH_SIZE 1024
#define FIRST_CHUNK_BYTES ((size_t)64 * 1024)

bool seep_cli_number(const char *text, uint64_t maximum, uint64_t *value)
{
  uint64_t number = 0;
  if (text == NULL || *text == '\0') {
    return false;
  }
  for (; *text >= '0' && *text <= '9'; text++) {
    uint64_t digit = (uint64_t)(*text - '0');
    if (digit > maximum || number > (maximum - digit) / 10) {
      return false;
    }
    number = number * 10 + digit;
  }
  *value = number;
  return *text == '\0';
}

FILE *seep_cli_open(const char *path)
{
  if (strcmp(path, "-") == 0) {
#ifdef _WIN32
    (void)_setmode(_fileno(stdin), _O_BINARY);
#endif
    return stdin;
  }
#ifdef _WIN32
  wchar_t *wide = seep_win_wide_from_utf8(path);
  FILE *file = wide != NULL ? _wfopen(wide, L"rb") : NULL;
  free(wide);
  return file;
#else
  return fopen(path, "rb");
#endif
}

int seep_cli_fail_reading(const char *verb, int exit_code, const char *path, const char *why)
{
  char what[512];
  seep_writer writer;
  seep_writer_init(&writer, what, sizeof what);
  seep_writer_text(&writer, "reading ");
  seep_writer_text(&writer, strcmp(path, "-") == 0 ? "standard input" : path);
  return seep_cli_fail(verb, exit_code, what, why);
}

static int fail_with_errno(const char *verb, const char *path, int code)
{
  char why[192];
  seep_writer writer;
  seep_writer_init(&writer, why, sizeof why);
  seep_writer_format(&writer, "%s (%d)", strerror(code), code);
  int exit_code = SEEP_EXIT_FAILED;
  if (code == ENOENT || code == ENOTDIR) {
    exit_code = SEEP_EXIT_NOT_FOUND;
  } else if (code == EACCES || code == EPERM) {
    exit_code = SEEP_EXIT_DENIED;
  }
  return seep_cli_fail_reading(verb, exit_code, path, why);
}

/* Doubles *data as it goes, so that a small file costs little. */
static int read_stream(const char *verb, const char *path, FILE *stream, size_t limit, char **data,
                       size_t *size)
{
  size_t capacity = 0;
  while (feof(stream) == 0 && *size < limit) {
    if (*size == capacity) {
      capacity = capacity == 0 ? FIRST_CHUNK_BYTES : capacity * 2;
      capacity = capacity > limit ? limit : capacity;
      char *grown = realloc(*data, capacity);
      if (grown == NULL) {
        return seep_cli_fail_reading(verb, SEEP_EXIT_FAILED, path, "no memory (realloc)");
      }
      *data = grown;
    }
    *size += fread(*data + *size, 1, capacity - *size, stream);
    if (ferror(stream) != 0) {
      return fail_with_errno(verb, path, errno);
    }
  }
  return SEEP_EXIT_DONE;
}

int seep_cli_read(const char *verb, const char *path, size_t maximum_bytes, char **data, size_t *size)
{
  char *bytes = NULL;
  size_t length = 0;
  errno = 0;
  FILE *stream = seep_cli_open(path);
  if (stream == NULL) {
    return fail_with_errno(verb, path, errno);
  }
  int result = read_stream(verb, path, stream, maximum_bytes + 1, &bytes, &length);
  if (stream != stdin) {
    fclose(stream);
  }
  if (result != SEEP_EXIT_DONE) {
    free(bytes);
    return result;
  }
  *data = bytes;
  *size = length;
  return SEEP_EXIT_DONE;
}

/* Beside the data folder's other files; the current folder where there is no data folder. */
static void default_path(char *out, size_t out_size, const char *name)
{
#ifdef _WIN32
  char *folder = NULL;
  if (seep_win_folders_data(&folder, NULL) == SEEP_OK) {
    (void)seep_files_join(out, out_size, folder, '\\', name);
    free(folder);
    return;
  }
#endif
  seep_text_copy(out, out_size, name);
}

const char *seep_cli_default_database(void)
{
  static char path[PATH_SIZE];
  default_path(path, sizeof path, "seepwatch.db");
  return path;
}

const char *seep_cli_default_settings(void)
{
  static char path[PATH_SIZE];
  default_path(path, sizeof path, "seepwatch.json");
  return path;
}

/* Arguments, paths and what files say are somebody else's words: none of them may act on a terminal. */
int seep_cli_fail(const char *verb, int exit_code, const char *what, const char *why)
{
  char clean_verb[128], clean_what[SEEP_OUTPUT_NAME_SIZE], clean_why[SEEP_OUTPUT_NAME_SIZE];
  fprintf(stderr, "seepwatch: %s: %s: %s\n",
          seep_output_presentable(verb, true, clean_verb, sizeof clean_verb),
          seep_output_presentable(what, true, clean_what, sizeof clean_what),
          seep_output_presentable(why, true, clean_why, sizeof clean_why));
  return exit_code;
}

int seep_cli_exit_code(seep_status status)
{
  switch (status) {
  case SEEP_OK:
    return SEEP_EXIT_DONE;
  case SEEP_NOT_FOUND:
  case SEEP_GONE:
    return SEEP_EXIT_NOT_FOUND;
  case SEEP_CORRUPT:
  case SEEP_UNSUPPORTED:
  case SEEP_INVALID:
  case SEEP_LIMIT:
    return SEEP_EXIT_BAD_INPUT;
  case SEEP_DENIED:
    return SEEP_EXIT_DENIED;
  case SEEP_BUSY:
    return SEEP_EXIT_BUSY;
  default:
    return SEEP_EXIT_FAILED;
  }
}
