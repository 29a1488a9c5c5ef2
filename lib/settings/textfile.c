#include "settings/textfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "settings/settings.h"

static const char ending[] = ".prom";

#define ENDING_LENGTH (sizeof ending - 1)
#define STEM_SIZE 16 /* no name of a device is longer */

static bool is_separator(char c)
{
  return c == '\\' || c == '/';
}

/* Bytes of "C:\" or "/"; 0 when it begins otherwise. */
static size_t root_of(const char *path)
{
  char letter = path[0];
  bool drive = ((letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z')) && path[1] == ':' &&
               is_separator(path[2]);
  return drive ? 3 : path[0] == '/' ? 1 : 0;
}

static bool has_control(const char *path)
{
  size_t left = strlen(path);
  while (left > 0) {
    uint32_t point = 0;
    size_t length = seep_text_character(path, left, &point);
    if (length == 0 || seep_text_is_control(point)) {
      return true;
    }
    path += length;
    left -= length;
  }
  return false;
}

/* CON, NUL.prom, com1.x.prom: Windows takes these for devices in every folder. The digits of COM and LPT may
 * be superscripts too. */
static bool is_device(const char *part, size_t length)
{
  static const char *const names[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
  static const char *const numbered[] = {"COM", "LPT"};
  char stem[STEM_SIZE];
  size_t end = 0;
  while (end < length && part[end] != '.') {
    end++;
  }
  while (end > 0 && part[end - 1] == ' ') {
    end--;
  }
  if (end >= sizeof stem) {
    return false;
  }
  seep_text_copy_bytes(stem, sizeof stem, part, end);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (seep_text_equal_ignoring_case(stem, names[i])) {
      return true;
    }
  }
  const char *number = end > 3 ? stem + 3 : "";
  bool digit = (number[0] >= '0' && number[0] <= '9' && number[1] == '\0') ||
               strcmp(number, "\xC2\xB9") == 0 || strcmp(number, "\xC2\xB2") == 0 ||
               strcmp(number, "\xC2\xB3") == 0;
  stem[end > 3 ? 3 : end] = '\0';
  return digit && (seep_text_equal_ignoring_case(stem, numbered[0]) ||
                   seep_text_equal_ignoring_case(stem, numbered[1]));
}

static const char *refusal_of_part(const char *part, size_t length)
{
  if (length == 0) {
    return "must not have two separators in a row";
  }
  if (length == 2 && part[0] == '.' && part[1] == '.') {
    return "must not have \"..\" in it";
  }
  /* Windows drops both, so that the name would be another one than it says. */
  if (part[length - 1] == '.' || part[length - 1] == ' ') {
    return "must not have a folder or name in it that ends in a dot or a space";
  }
  for (size_t i = 0; i < length; i++) {
    if (strchr("<>:\"|?*", part[i]) != NULL) {
      return "must not have any of < > : \" | ? * in a folder or name";
    }
  }
  return is_device(part, length) ? "must not have the name of a device, such as CON or NUL, in it" : NULL;
}

static bool ends_rightly(const char *path, size_t length)
{
  return length > ENDING_LENGTH && !is_separator(path[length - ENDING_LENGTH - 1]) &&
         strcmp(path + length - ENDING_LENGTH, ending) == 0;
}

const char *seep_textfile_refusal(const char *path)
{
  size_t length = strlen(path);
  size_t at = root_of(path);
  if (length == 0) {
    return NULL;
  }
  if (length >= sizeof((seep_settings *)NULL)->metrics_textfile) {
    return "must be shorter than 512 bytes";
  }
  if (has_control(path)) {
    return "must not have control characters in it";
  }
  if (is_separator(path[0]) && is_separator(path[1])) {
    return "must be on a local drive: no path of a network (\\\\server) or of a device (\\\\.\\ or \\\\?\\)";
  }
  if (at == 0) {
    return "must be absolute, such as C:\\Metrics\\seepwatch.prom (in JSON each \\ is written twice)";
  }
  while (at <= length) {
    size_t part = at;
    while (path[at] != '\0' && !is_separator(path[at])) {
      at++;
    }
    const char *reason = refusal_of_part(path + part, at - part);
    if (reason != NULL && part < length) {
      return reason;
    }
    at++;
  }
  return ends_rightly(path, length) ? NULL : "must name a file that ends in .prom";
}
