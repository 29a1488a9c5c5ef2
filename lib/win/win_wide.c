/*
 * Thin wrappers around base/text, which owns the codec: here only wchar_t becomes uint16_t and memory is
 * measured. Windows is little-endian on every machine we run on, so UTF-16 in memory is UTF-16LE bytes.
 */
#include "win/win_wide.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

_Static_assert(sizeof(wchar_t) == sizeof(uint16_t), "wchar_t must be a UTF-16 code unit");

size_t seep_win_wide_fill_from_utf8(const char *text, wchar_t *out, size_t out_units)
{
  return seep_text_to_utf16(text, strlen(text), (uint16_t *)out, out_units);
}

size_t seep_win_wide_fill_to_utf8(const wchar_t *text, size_t units, char *out, size_t out_size)
{
  return seep_text_from_utf16le((const uint8_t *)text, units * sizeof *text, out, out_size);
}

wchar_t *seep_win_wide_from_utf8(const char *text)
{
  size_t units = seep_win_wide_fill_from_utf8(text, NULL, 0) + 1;
  if (units > SIZE_MAX / sizeof(wchar_t)) {
    return NULL;
  }
  wchar_t *wide = malloc(units * sizeof *wide);
  if (wide != NULL) {
    seep_win_wide_fill_from_utf8(text, wide, units);
  }
  return wide;
}

char *seep_win_wide_to_utf8(const wchar_t *text)
{
  size_t units = wcslen(text);
  size_t size = seep_win_wide_fill_to_utf8(text, units, NULL, 0) + 1;
  char *utf8 = malloc(size);
  if (utf8 != NULL) {
    seep_win_wide_fill_to_utf8(text, units, utf8, size);
  }
  return utf8;
}
