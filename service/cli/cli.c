#include "cli.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include "win/win_folders.h"
#include "win/win_wide.h"
#endif

#include "base/text.h"

#define PATH_SIZE 1024

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

/* Beside the data folder's other files; the current folder where there is no data folder. */
static void default_path(char *out, size_t out_size, const char *name)
{
#ifdef _WIN32
  char *folder = NULL;
  if (seep_win_folders_data(&folder, NULL) == SEEP_OK) {
    seep_writer writer;
    seep_writer_init(&writer, out, out_size);
    seep_writer_text(&writer, folder);
    seep_writer_text(&writer, "\\");
    seep_writer_text(&writer, name);
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

int seep_cli_fail(const char *verb, int exit_code, const char *what, const char *why)
{
  fprintf(stderr, "seepwatch: %s: %s: %s\n", verb, what, why);
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
