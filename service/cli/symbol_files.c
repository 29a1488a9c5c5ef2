/*
 * Below each folder the layout of a symbol server is tried first, as the key is written and, where capital
 * and small letters differ, with names in small letters; then the plain file name. A trace may name any file
 * of any machine: only a path from the letter of a local drive on is opened, so that reading somebody's trace
 * never speaks to a server that the trace names, nor to a device.
 */
#include "symbol_files.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#endif

#include "base/text.h"
#include "cli.h"
#include "mapping.h"

#define LOSS_MESSAGE                                                                                         \
  "seepwatch: report: a symbol file can not be read any more: it was cut off, or its disk or network "       \
  "failed\n"

bool seep_symbol_files_open(seep_symbol_files *files, const char *const *folders, size_t count)
{
  *files = (seep_symbol_files){.folders = folders, .count = count};
  for (size_t i = 0; i < count; i++) {
    if (folders[i] == NULL || folders[i][0] == '\0') {
      *files = (seep_symbol_files){.folders = NULL};
      return false;
    }
  }
  return true;
}

void seep_symbol_files_close(seep_symbol_files *files)
{
  *files = (seep_symbol_files){.folders = NULL};
}

/* ---- opening ---- */

static bool open_path(seep_symbol_files *files, const char *path, seep_symbol_file *file)
{
  seep_mapping *mapping = malloc(sizeof *mapping);
  if (mapping == NULL) {
    return false;
  }
  if (seep_mapping_open(mapping, path, NULL) != SEEP_OK) {
    seep_mapping_close(mapping);
    free(mapping);
    return false;
  }
  seep_mapping_on_loss(mapping, LOSS_MESSAGE, SEEP_EXIT_FAILED);
  *file = (seep_symbol_file){.data = mapping->data, .size = (size_t)mapping->size_bytes, .handle = mapping};
  files->lent++;
  return true;
}

static bool open_below(seep_symbol_files *files, const char *folder, const char *relative,
                       seep_symbol_file *file)
{
  size_t size = strlen(folder) + strlen(relative) + 2;
  char *path = malloc(size);
  if (path == NULL) {
    return false;
  }
  seep_writer writer;
  seep_writer_init(&writer, path, size);
  seep_writer_text(&writer, folder);
  seep_writer_text(&writer, "/");
  seep_writer_text(&writer, relative);
  bool is_open = open_path(files, path, file);
  free(path);
  return is_open;
}

static bool open_in_folders(seep_symbol_files *files, const char *relative, seep_symbol_file *file)
{
  bool is_open = false;
  for (size_t i = 0; i < files->count && !is_open; i++) {
    is_open = open_below(files, files->folders[i], relative, file);
  }
  return is_open;
}

/* ASCII, as names of files on symbol servers are; the identity between the names stays. */
static void lower_names(char *key)
{
  const char *first = strchr(key, '/'), *last = strrchr(key, '/');
  for (char *c = key; *c != '\0'; c++) {
    bool is_identity = first != NULL && c > first && c < last;
    if (!is_identity && *c >= 'A' && *c <= 'Z') {
      *c = (char)(*c - 'A' + 'a');
    }
  }
}

static bool open_key(void *context, const char *key, seep_symbol_file *file)
{
  seep_symbol_files *files = context;
  char lower[SEEP_SYMBOL_KEY_SIZE];
  const char *last = strrchr(key, '/');
  if (open_in_folders(files, key, file)) {
    return true;
  }
  seep_text_copy(lower, sizeof lower, key);
  lower_names(lower);
  if (strcmp(lower, key) != 0 && open_in_folders(files, lower, file)) {
    return true;
  }
  return last != NULL && open_in_folders(files, last + 1, file);
}

#ifdef _WIN32
/* "C:\..." without streams, devices or ways out of it, on a drive of this machine. */
static bool is_on_a_drive(const char *path)
{
  bool is_letter = (path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z');
  if (!is_letter || path[1] != ':' || path[2] != '\\' || strpbrk(path + 3, ":*?\"<>|/") != NULL ||
      !seep_symbols_is_file_name(strrchr(path, '\\') + 1)) {
    return false;
  }
  const wchar_t root[] = {(wchar_t)path[0], L':', L'\\', L'\0'};
  UINT kind = GetDriveTypeW(root);
  return kind != DRIVE_REMOTE && kind != DRIVE_NO_ROOT_DIR && kind != DRIVE_UNKNOWN;
}
#endif

static bool open_module(void *context, const seep_answer_module *module, seep_symbol_file *file)
{
  seep_symbol_files *files = context;
#ifdef _WIN32
  if (is_on_a_drive(module->path) && open_path(files, module->path, file)) {
    return true;
  }
#endif
  return seep_symbols_is_file_name(module->name) && open_in_folders(files, module->name, file);
}

static void close_file(void *context, seep_symbol_file *file)
{
  seep_symbol_files *files = context;
  seep_mapping_close(file->handle);
  free(file->handle);
  files->lent--;
  *file = (seep_symbol_file){.data = NULL};
}

seep_symbol_source seep_symbol_files_source(seep_symbol_files *files)
{
  return (seep_symbol_source){.open_key = open_key,
                              .open_module = open_module,
                              .close = close_file,
                              .stopped = NULL,
                              .context = files};
}
