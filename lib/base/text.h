/*
 * Text inside Seepwatch is UTF-8 with a length. This file owns the only UTF-16 codec (lone surrogates survive
 * a round trip, as WTF-8 does it: process names may hold them) and a bounded writer for composing text
 * without allocation.
 */
#ifndef SEEP_BASE_TEXT_H
#define SEEP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies source into out, cut at a character's boundary when it does not fit, always terminated (out_size >
 * 0). Returns the bytes written without the terminator. */
size_t seep_text_copy(char *out, size_t out_size, const char *source);
size_t seep_text_copy_bytes(char *out, size_t out_size, const char *source, size_t source_bytes);

/* UTF-16LE bytes (an odd last byte is ignored) to WTF-8. Writes at most out_size - 1 bytes plus a terminator,
 * whole characters only. Returns the bytes the whole text needs without the terminator: larger than what
 * fitted = cut. out may be NULL with out_size 0 to measure. */
size_t seep_text_from_utf16le(const uint8_t *source, size_t source_bytes, char *out, size_t out_size);

/* WTF-8 to UTF-16 code units in native order, terminated. Malformed bytes become U+FFFD. Returns the units
 * needed without the terminator; out may be NULL with out_units 0 to measure. */
size_t seep_text_to_utf16(const char *source, size_t source_bytes, uint16_t *out, size_t out_units);

/* ASCII case folding only: enough for image names that we compare with ones from the same system. */
bool seep_text_equal_ignoring_case(const char *a, const char *b);

/* Length of the valid (WTF-8) prefix of the bytes: equals size when all is well-formed. */
size_t seep_text_valid_prefix(const char *text, size_t size);

/* Bytes of the character that well-formed text begins with, its code point in *point; 0 when there is none. A
 * surrogate (WTF-8) is a character here. left is at least 1. */
size_t seep_text_character(const char *text, size_t left, uint32_t *point);

/* Not to be seen itself, but changing how what is around it is shown: controls, line separators, direction
 * marks. With these one name can pose as another. */
bool seep_text_is_control(uint32_t point);

/* What text from outside begins with, for somebody who shows it. */
typedef struct seep_text_shown {
  size_t used;    /* bytes of the text, at least 1: the next character stands behind them */
  uint32_t point; /* its code point; of a byte that is no character U+FFFD */
  const char
      *bytes;  /* the character as it stands there, or a literal: U+FFFD for a byte that is no character, */
  size_t size; /* a surrogate or a control; so many bytes, not terminated */
} seep_text_shown;

/* left is at least 1. Whoever has an escape for controls or surrogates tells them by their point. */
seep_text_shown seep_text_show(const char *text, size_t left);
bool seep_text_is_surrogate(uint32_t point);

/* A bounded writer. Never overruns, always terminated; `cut` says that something did not fit. */
typedef struct seep_writer {
  char *data;
  size_t size;   /* capacity, terminator included */
  size_t length; /* bytes written, terminator not counted */
  bool cut;
} seep_writer;

void seep_writer_init(seep_writer *writer, char *data, size_t size);
void seep_writer_text(seep_writer *writer, const char *text);
void seep_writer_bytes(seep_writer *writer, const char *text, size_t length);
/* As seep_text_show has it: what is no character, and what would act on a terminal, becomes U+FFFD. */
void seep_writer_shown(seep_writer *writer, const char *text);
void seep_writer_u64(seep_writer *writer, uint64_t value);
void seep_writer_i64(seep_writer *writer, int64_t value);
#if defined(__GNUC__) && !defined(__clang__) && defined(_WIN32)
#define SEEP_PRINTF_LIKE(format_index, first) __attribute__((format(gnu_printf, format_index, first)))
#elif defined(__GNUC__)
#define SEEP_PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define SEEP_PRINTF_LIKE(format_index, first)
#endif
void seep_writer_format(seep_writer *writer, const char *format, ...) SEEP_PRINTF_LIKE(2, 3);

#endif
