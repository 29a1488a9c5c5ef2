/*
 * The UTF-16 boundary: Windows' wide functions want UTF-16, everything else in Seepwatch is UTF-8 (WTF-8
 * where a name holds lone surrogates, so that it survives the way there and back). No other file of this room
 * converts text.
 */
#ifndef SEEP_WIN_WIN_WIDE_H
#define SEEP_WIN_WIN_WIDE_H

#include <stddef.h>
#include <wchar.h>

/* Both return a terminated copy to be released with free(), or NULL when out of memory. */
wchar_t *seep_win_wide_from_utf8(const char *text);
char *seep_win_wide_to_utf8(const wchar_t *text);

/* For code that must not allocate. Both write whole characters only and always terminate (size > 0); both
 * return what the whole text needs without the terminator, so a result >= the size given means that it was
 * cut. */
size_t seep_win_wide_fill_from_utf8(const char *text, wchar_t *out, size_t out_units);
size_t seep_win_wide_fill_to_utf8(const wchar_t *text, size_t units, char *out, size_t out_size);

#endif
