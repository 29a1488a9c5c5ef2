/*
 * From the names that the kernel has for files to those that people have: "\Device\HarddiskVolume3\..." by
 * the volumes that a merge has listed, "\SystemRoot\..." by where Windows is (reference: etl-format, 2.2 and
 * 2.6). All of it text from the trace: nothing here is opened.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "trace/modules_internal.h"

/* Longer names than this have no DOS form here; NT allows about 98,000 bytes, nobody's module has them. */
#define PATH_BYTES 4096u

/* Volumes that are kept, each once: letters and mount points of a server, several times over. For each file
 * all of them may be gone through, so that a trace which lists millions must not be believed. */
#define MOST_VOLUMES 256u

static int fold(char c)
{
  unsigned char byte = (unsigned char)c;
  return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

int seep_trace__compare_names(const char *a, const char *b)
{
  while (a != b && *a != '\0' && fold(*a) == fold(*b)) {
    a++;
    b++;
  }
  return a == b ? 0 : fold(*a) - fold(*b);
}

const char *seep_trace__last_component(const char *path)
{
  const char *last = path;
  for (const char *at = path; *at != '\0'; at++) {
    if (*at == '\\' || *at == '/') {
      last = at + 1;
    }
  }
  return last;
}

/* What follows the prefix and a separator, or NULL; "\Device\HarddiskVolume1" is no prefix of
 * "\Device\HarddiskVolume10\x". The prefix may end with a separator itself. */
static const char *after_prefix(const char *path, const char *prefix)
{
  size_t length = strlen(prefix);
  while (length > 0 && prefix[length - 1] == '\\') {
    length--;
  }
  for (size_t i = 0; i < length; i++) {
    if (fold(path[i]) != fold(prefix[i])) {
      return NULL;
    }
  }
  return length > 0 && path[length] == '\\' ? path + length + 1 : NULL;
}

/* Root, a separator unless it ends with one, and the rest. */
static const char *join(seep_trace_modules *modules, const char *root, const char *rest)
{
  char path[PATH_BYTES];
  seep_writer out;
  size_t length = strlen(root);
  seep_writer_init(&out, path, sizeof path);
  seep_writer_text(&out, root);
  if (length > 0 && root[length - 1] != '\\') {
    seep_writer_text(&out, "\\");
  }
  seep_writer_text(&out, rest);
  return out.cut ? "" : seep_texts_keep(&modules->texts, path);
}

seep_status seep_trace_modules_add_volume(seep_trace_modules *modules, const seep_trace_volume *volume)
{
  const char *device = seep_trace__keep(modules, &volume->device_path);
  const char *dos = seep_trace__keep(modules, &volume->dos_path);
  if (device == NULL || dos == NULL) {
    return seep_trace__no_room(modules);
  }
  if (modules->volumes.count >= MOST_VOLUMES || dos[0] == '\0') {
    return SEEP_OK;
  }
  const seep_trace__volume *volumes = modules->volumes.items;
  for (size_t i = 0; i < modules->volumes.count; i++) {
    if (seep_trace__compare_names(volumes[i].device, device) == 0) {
      return SEEP_OK;
    }
  }
  seep_trace__volume *fact = seep_trace__append(modules, &modules->volumes, sizeof *fact);
  if (fact == NULL) {
    return seep_trace__no_room(modules);
  }
  *fact = (seep_trace__volume){.device = device, .dos = dos};
  return SEEP_OK;
}

seep_status seep_trace_modules_add_paths(seep_trace_modules *modules, const seep_trace_paths *paths)
{
  const char *windows = seep_trace__keep(modules, &paths->windows);
  if (windows == NULL) {
    return seep_trace__no_room(modules);
  }
  modules->windows_path = windows;
  return SEEP_OK;
}

static bool has_drive(const char *path)
{
  return fold(path[0]) >= 'a' && fold(path[0]) <= 'z' && path[1] == ':';
}

const char *seep_trace__dos_path(seep_trace_modules *modules, const char *path)
{
  const seep_trace__volume *volumes = modules->volumes.items;
  const char *windows = modules->windows_path;
  const char *rest = after_prefix(path, "\\SystemRoot");
  if (rest != NULL) {
    return windows[0] != '\0' ? join(modules, windows, rest) : "";
  }
  rest = after_prefix(path, "\\??");
  if (rest != NULL || has_drive(path)) {
    rest = rest != NULL ? rest : path;
    return has_drive(rest) ? seep_texts_keep(&modules->texts, rest) : "";
  }
  rest = after_prefix(path, "\\Device\\Mup");
  if (rest != NULL) {
    return join(modules, "\\\\", rest);
  }
  for (size_t i = 0; i < modules->volumes.count; i++) {
    rest = after_prefix(path, volumes[i].device);
    if (rest != NULL) {
      return join(modules, volumes[i].dos, rest);
    }
  }
  /* "\Windows\System32\...": of the volume that Windows is on. */
  bool is_rooted = path[0] == '\\' && path[1] != '\\' && after_prefix(path, "\\Device") == NULL;
  if (is_rooted && has_drive(windows)) {
    const char drive[] = {windows[0], ':', '\\', '\0'};
    return join(modules, drive, path + 1);
  }
  return "";
}
