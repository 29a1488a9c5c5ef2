/*
 * What to write for a tracing flag, and what to take it back. Facts: reference wpr-and-ifeo, 8: the value is
 * shared with other tools (other bits are other tracings, wpr's own -heaptracingconfig edits the same bit),
 * the key with Debugger, GlobalFlag and more. Which of "0", "no value" and "no key" wpr leaves behind when it
 * clears the bit is not known: each reads as off here.
 */
#include "capture/tracing_flag.h"

#include <string.h>

#include "base/text.h"

bool seep_tracing_flag_is_set(const seep_tracing_flag_state *now)
{
  return now->form == SEEP_TRACING_FLAG_NUMBER && (now->number & SEEP_TRACING_FLAG_HEAP) != 0;
}

seep_tracing_flag_edit seep_tracing_flag_set(const seep_tracing_flag_state *now, uint32_t *number)
{
  if (seep_tracing_flag_is_set(now)) {
    return SEEP_TRACING_FLAG_KEEP;
  }
  if (now->form != SEEP_TRACING_FLAG_ABSENT && now->form != SEEP_TRACING_FLAG_NUMBER) {
    return SEEP_TRACING_FLAG_REFUSE;
  }
  *number = (now->form == SEEP_TRACING_FLAG_NUMBER ? now->number : 0) | SEEP_TRACING_FLAG_HEAP;
  return SEEP_TRACING_FLAG_WRITE;
}

/* Of a value that we made: the key goes with it when that was ours too and holds nothing else. */
static seep_tracing_flag_edit remove_what_is_ours(const seep_tracing_flag_state *before,
                                                  const seep_tracing_flag_state *now)
{
  if (!before->key_exists && !now->has_more) {
    return SEEP_TRACING_FLAG_DELETE_KEY;
  }
  return now->form == SEEP_TRACING_FLAG_NUMBER ? SEEP_TRACING_FLAG_DELETE : SEEP_TRACING_FLAG_KEEP;
}

seep_tracing_flag_edit seep_tracing_flag_undo(const seep_tracing_flag_state *before,
                                              const seep_tracing_flag_state *now, uint32_t *number)
{
  uint32_t others = now->number & ~SEEP_TRACING_FLAG_HEAP;
  bool made_by_us = before->form == SEEP_TRACING_FLAG_ABSENT;
  bool was_set_by_us =
      made_by_us || (before->form == SEEP_TRACING_FLAG_NUMBER && !seep_tracing_flag_is_set(before));
  if (!was_set_by_us || !now->key_exists) {
    return SEEP_TRACING_FLAG_KEEP;
  }
  if (now->form == SEEP_TRACING_FLAG_ABSENT) {
    return made_by_us ? remove_what_is_ours(before, now) : SEEP_TRACING_FLAG_KEEP;
  }
  if (now->form != SEEP_TRACING_FLAG_NUMBER) {
    return SEEP_TRACING_FLAG_KEEP;
  }
  /* Also when somebody has cleared the bit already: an empty value that was not there before is ours. */
  if (made_by_us && others == 0) {
    return remove_what_is_ours(before, now);
  }
  if (!seep_tracing_flag_is_set(now)) {
    return SEEP_TRACING_FLAG_KEEP;
  }
  *number = others;
  return SEEP_TRACING_FLAG_WRITE;
}

bool seep_tracing_flag_name_is_plain(const char *image)
{
  size_t length = strlen(image);
  if (length == 0 || length >= SEEP_TRACING_FLAG_IMAGE_SIZE || strcmp(image, ".") == 0 ||
      strcmp(image, "..") == 0) {
    return false;
  }
  for (size_t at = 0; at < length;) {
    uint32_t point = 0;
    size_t used = seep_text_character(image + at, length - at, &point);
    if (used == 0 || seep_text_is_control(point) || point == '/' || point == '\\' || point == ':') {
      return false;
    }
    at += used;
  }
  return true;
}

bool seep_tracing_flag_is_never(const char *image)
{
  static const char *const never[] = {
      "smss.exe",      "csrss.exe",     "wininit.exe", "winlogon.exe",   "services.exe",
      "lsass.exe",     "lsaiso.exe",    "system",      "registry",       "memory compression",
      "secure system", "vmmem",         "msmpeng.exe", "mssense.exe",    "nissrv.exe",
      "wpr.exe",       "seepwatch.exe", "dwm.exe",     "fontdrvhost.exe"};
  for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
    if (seep_text_equal_ignoring_case(image, never[i])) {
      return true;
    }
  }
  return false;
}
