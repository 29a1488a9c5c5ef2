#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef _WIN32
#include <io.h>
#include <windows.h>

#include "watch/files.h"
#include "win/win_wide.h"
#else
#include <unistd.h>
#endif

#include "base/text.h"
#include "cli.h"

#define TEMPORARY_NAMES 9 /* others are left-overs, or being written right now */
#define STDOUT_NAME "standard output"

static int fail(const seep_output_file *file, int exit_code, const char *why)
{
  char what[512];
  seep_writer writer;
  seep_writer_init(&writer, what, sizeof what);
  seep_writer_text(&writer, "writing ");
  seep_writer_text(&writer, strcmp(file->path, "-") == 0 ? STDOUT_NAME : file->path);
  return seep_cli_fail(file->verb, exit_code, what, why);
}

static int fail_with_errno(const seep_output_file *file, int code)
{
  char why[192];
  int exit_code = SEEP_EXIT_FAILED;
  if (code == ENOENT || code == ENOTDIR) {
    exit_code = SEEP_EXIT_NOT_FOUND;
  } else if (code == EACCES || code == EPERM || code == EROFS) {
    exit_code = SEEP_EXIT_DENIED;
  }
  snprintf(why, sizeof why, "%s (%d)", strerror(code), code);
  return fail(file, exit_code, why);
}

/* ---- the three things stdio can not do, for UTF-8 paths ---- */

#ifdef _WIN32

static bool is_no_plain_file(const char *path)
{
  wchar_t *wide = seep_win_wide_from_utf8(path);
  DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
  free(wide);
  return attributes != INVALID_FILE_ATTRIBUTES &&
         (attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE)) != 0;
}

/* A new file, or NULL with errno: EEXIST when there is one already. */
static FILE *create_new(const char *path)
{
  wchar_t *wide = seep_win_wide_from_utf8(path);
  if (wide == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  int file = _wopen(wide, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY, _S_IREAD | _S_IWRITE);
  free(wide);
  return file >= 0 ? _fdopen(file, "wb") : NULL;
}

static int give_name(seep_output_file *file)
{
  seep_error error = {0};
  if (seep_files_rename(file->temporary, file->path, &error) == SEEP_OK) {
    return SEEP_EXIT_DONE;
  }
  char why[256];
  return fail(file, seep_cli_exit_code(error.status), seep_error_text(&error, why, sizeof why));
}

static void remove_temporary(const seep_output_file *file)
{
  (void)seep_files_remove(file->temporary);
}

#else

static bool is_no_plain_file(const char *path)
{
  struct stat facts;
  return stat(path, &facts) == 0 && !S_ISREG(facts.st_mode);
}

static FILE *create_new(const char *path)
{
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
  return file >= 0 ? fdopen(file, "wb") : NULL;
}

static int give_name(seep_output_file *file)
{
  return rename(file->temporary, file->path) == 0 ? SEEP_EXIT_DONE : fail_with_errno(file, errno);
}

static void remove_temporary(const seep_output_file *file)
{
  (void)remove(file->temporary);
}

#endif

/* ---- the file ---- */

/* What is there already may be replaced when it is empty or a page; what can not be looked at may not. */
static int check_target(const seep_output_file *file)
{
  if (is_no_plain_file(file->path)) {
    return fail(file, SEEP_EXIT_USAGE, "there is something of that name that is no file");
  }
  errno = 0;
  FILE *old = seep_cli_open(file->path);
  if (old == NULL) {
    return errno == ENOENT ? SEEP_EXIT_DONE : fail_with_errno(file, errno);
  }
  int first = fgetc(old);
  fclose(old);
  return first == EOF || first == '<'
             ? SEEP_EXIT_DONE
             : fail(file, SEEP_EXIT_USAGE, "there is a file of that name that is no page; remove it first");
}

int seep_output_file_begin(seep_output_file *file, const char *verb, const char *path)
{
  *file = (seep_output_file){.verb = verb, .path = path};
  if (strcmp(path, "-") == 0) {
    file->stream = stdout;
    return SEEP_EXIT_DONE;
  }
  int code = check_target(file);
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  int why = EEXIST;
  for (int i = 1; why == EEXIST && i <= TEMPORARY_NAMES; i++) {
    seep_writer writer;
    seep_writer_init(&writer, file->temporary, sizeof file->temporary);
    seep_writer_format(&writer, "%s.part%d", path, i);
    if (writer.cut) {
      return fail(file, SEEP_EXIT_USAGE, "the name is too long");
    }
    errno = 0;
    file->stream = create_new(file->temporary);
    why = file->stream != NULL ? 0 : errno;
  }
  return file->stream != NULL ? SEEP_EXIT_DONE : fail_with_errno(file, why);
}

int seep_output_file_end(seep_output_file *file)
{
  errno = 0;
  bool written = fflush(file->stream) == 0 && ferror(file->stream) == 0;
  int why = errno;
  if (file->stream == stdout) {
    return written ? SEEP_EXIT_DONE : fail(file, SEEP_EXIT_FAILED, "the output does not take it");
  }
  bool closed = fclose(file->stream) == 0;
  file->stream = NULL;
  int code = SEEP_EXIT_DONE;
  if (!written || !closed) {
    code = fail_with_errno(file, why != 0 ? why : errno != 0 ? errno : EIO);
  } else {
    code = give_name(file);
  }
  if (code != SEEP_EXIT_DONE) {
    remove_temporary(file);
  }
  return code;
}

void seep_output_file_drop(seep_output_file *file)
{
  if (file->stream != NULL && file->stream != stdout) {
    fclose(file->stream);
    remove_temporary(file);
  }
  file->stream = NULL;
}
