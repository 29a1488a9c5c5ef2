/*
 * Lines of words between single blanks:
 *   MODULE windows x86_64 <GUID and age, hex> name.pdb
 *   FUNC [m] <offset> <bytes> <bytes of parameters> <name, with blanks>
 *   PUBLIC [m] <offset> <bytes of parameters> <name, with blanks>
 * "m" says that the place has more names, numbers are hexadecimal, and offsets are in the module.
 */
#include "trace/breakpad.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "trace/symbols_internal.h"

#define IDENTITY_BYTES 41u /* 32 digits of the GUID, up to 8 of the age, terminated */

typedef struct line {
  const char *text, *end; /* what is left of it */
} line;

/* false: no whole line is left. */
static bool next_line(const uint8_t *data, size_t size, size_t *at, line *out)
{
  const uint8_t *begin = data + *at, *end = *at < size ? memchr(begin, '\n', size - *at) : NULL;
  if (end == NULL) {
    return false;
  }
  *at += (size_t)(end - begin) + 1;
  *out = (line){.text = (const char *)begin, .end = (const char *)end};
  if (out->end > out->text && out->end[-1] == '\r') {
    out->end--;
  }
  return true;
}

static line next_word(line *rest)
{
  size_t left = (size_t)(rest->end - rest->text);
  const char *blank = left > 0 ? memchr(rest->text, ' ', left) : NULL;
  line word = {.text = rest->text, .end = blank != NULL ? blank : rest->end};
  rest->text = blank != NULL ? blank + 1 : rest->end;
  return word;
}

static bool is_word(line word, const char *text)
{
  size_t length = strlen(text);
  return (size_t)(word.end - word.text) == length && memcmp(word.text, text, length) == 0;
}

static int digit_of(char c)
{
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* false: no number, or larger than a module can be. */
static bool number_of(line word, uint32_t *out)
{
  uint64_t value = 0;
  for (const char *c = word.text; c < word.end; c++) {
    int digit = digit_of(*c);
    value = value * 16 + (uint64_t)(digit >= 0 ? digit : 0);
    if (digit < 0 || value >= UINT32_MAX) {
      return false;
    }
  }
  *out = (uint32_t)value;
  return word.end > word.text;
}

static seep_status fail(seep_error *error, seep_status status, const char *what)
{
  return seep_error_set(error, status, status == SEEP_CORRUPT ? SEEP_DOMAIN_FORMAT : SEEP_DOMAIN_NONE, 0,
                        "read .sym", what);
}

static seep_status check_identity(line first, const uint8_t guid[16], uint32_t age, seep_error *error)
{
  char wanted[IDENTITY_BYTES + 16], found[IDENTITY_BYTES + 16], key[64];
  if (!is_word(next_word(&first), "MODULE")) {
    return fail(error, SEEP_CORRUPT, "not a .sym file");
  }
  (void)next_word(&first);
  (void)next_word(&first);
  line identity = next_word(&first);
  size_t length = (size_t)(identity.end - identity.text);
  if (length < 33 || length >= IDENTITY_BYTES) {
    return fail(error, SEEP_CORRUPT, "it does not say whose it is");
  }
  seep_text_copy_bytes(found, sizeof found, identity.text, length);
  (void)seep_symbols_pdb_key("a", guid, age, key, sizeof key);
  seep_text_copy_bytes(wanted, sizeof wanted, key + 2, strlen(key) - 4);
  return seep_text_equal_ignoring_case(found, wanted) ? SEEP_OK
                                                      : fail(error, SEEP_NOT_FOUND, "it is another build's");
}

static seep_status add_line(seep_symbols *symbols, line rest)
{
  uint32_t start = 0, bytes = 0, parameters = 0;
  line word = next_word(&rest);
  bool is_function = is_word(word, "FUNC");
  if (!is_function && !is_word(word, "PUBLIC")) {
    return SEEP_OK;
  }
  word = next_word(&rest);
  word = is_word(word, "m") ? next_word(&rest) : word;
  if (!number_of(word, &start) || (is_function && !number_of(next_word(&rest), &bytes)) ||
      !number_of(next_word(&rest), &parameters)) {
    return SEEP_OK;
  }
  uint64_t end = bytes != 0 ? (uint64_t)start + bytes : 0;
  return seep_symbols__add(symbols, start, end < UINT32_MAX ? (uint32_t)end : UINT32_MAX,
                           is_function ? SEEP_SYMBOLS_FUNCTION : SEEP_SYMBOLS_PUBLIC, rest.text,
                           (size_t)(rest.end - rest.text));
}

seep_status seep_breakpad_read(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                               seep_symbols *symbols, seep_error *error)
{
  size_t at = 0;
  line one;
  if (!next_line(data, size, &at, &one)) {
    return fail(error, SEEP_CORRUPT, "not a .sym file");
  }
  seep_status status = check_identity(one, guid, age, error);
  while (status == SEEP_OK && next_line(data, size, &at, &one)) {
    status = add_line(symbols, one);
  }
  return status;
}
