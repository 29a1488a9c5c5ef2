/* Breakpad .sym files: text made here, as the format's description has it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "trace/symbols.h"

#define MODULE "MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D0a ntdll.pdb"

static const uint8_t guid[16] = {0xCB, 0xFA, 0xB9, 0x1E, 0xC7, 0x04, 0x5D, 0x3C,
                                 0xEA, 0x71, 0x60, 0x76, 0x4C, 0xD3, 0x33, 0xD0};

static seep_status read_text(const char *text, size_t size, uint32_t age, seep_symbols **symbols)
{
  seep_error error = {0};
  uint8_t *bytes = malloc(size > 0 ? size : 1); /* without the terminator, which no file has */
  assert_non_null(bytes);
  memcpy(bytes, text, size);
  seep_status status = seep_symbols_from_breakpad(bytes, size, guid, age, symbols, &error);
  free(bytes);
  assert_true((status == SEEP_OK) == (*symbols != NULL));
  assert_true(status == SEEP_OK || error.status == status);
  return status;
}

static seep_symbols *read_good(const char *text)
{
  seep_symbols *symbols;
  assert_int_equal(read_text(text, strlen(text), 10, &symbols), SEEP_OK);
  return symbols;
}

static void expect(const seep_symbols *symbols, uint64_t offset, const char *name, uint64_t from_start)
{
  seep_symbol found;
  assert_true(seep_symbols_find(symbols, offset, &found));
  assert_string_equal(found.name, name);
  assert_int_equal(found.offset, from_start);
  assert_false(found.is_guess);
}

static void expect_none(const seep_symbols *symbols, uint64_t offset)
{
  seep_symbol found;
  assert_false(seep_symbols_find(symbols, offset, &found));
}

static void functions_and_publics_are_found(void **state)
{
  (void)state;
  static const char text[] = MODULE "\n"
                                    "INFO CODE_ID 0C1A6A0E1F8000 ntdll.dll\n"
                                    "FILE 0 d:\\src\\a.c\n"
                                    "INLINE_ORIGIN 0 FUNC 10 10 0 trap\n"
                                    "FUNC 1000 20 8 Heap::Grow(unsigned int, char const *)\n"
                                    "1000 8 12 0\n"
                                    "1008 18 13 0\n"
                                    "FUNC m 1040 10 0 folded\n"
                                    "PUBLIC 2000 0 RtlFirst\n"
                                    "PUBLIC m 2100 10 RtlSecond and more\n"
                                    "PUBLIC 1040 0 _folded\n"
                                    "STACK CFI INIT 1000 20 .cfa: $rsp 8 +\n";
  seep_symbols *symbols = read_good(text);
  assert_int_equal(seep_symbols_count(symbols), 4);
  expect(symbols, 0x1000, "Heap::Grow(unsigned int, char const *)", 0);
  expect(symbols, 0x101F, "Heap::Grow(unsigned int, char const *)", 0x1F);
  expect_none(symbols, 0x1020);
  expect_none(symbols, 0xFFF);
  expect(symbols, 0x1044, "folded", 4);
  expect_none(symbols, 0x1050);
  expect(symbols, 0x20FF, "RtlFirst", 0xFF);
  expect(symbols, 0x2100, "RtlSecond and more", 0);
  expect(symbols, 0x9000, "RtlSecond and more", 0x6F00);
  seep_symbols_free(symbols);
}

static void line_ends_of_windows_are_line_ends(void **state)
{
  (void)state;
  seep_symbols *symbols = read_good(MODULE "\r\nFUNC 1000 20 8 one\r\n\r\nPUBLIC 2000 0 two\r\n");
  assert_int_equal(seep_symbols_count(symbols), 2);
  expect(symbols, 0x1001, "one", 1);
  expect(symbols, 0x2000, "two", 0);
  seep_symbols_free(symbols);
}

static void lines_without_sense_are_passed_over(void **state)
{
  (void)state;
  seep_symbols *symbols =
      read_good(MODULE "\n"
                       "FUNC\nFUNC \nFUNC m\nFUNC 10\nFUNC 10 20\nFUNC 10 20 0\nFUNC 10 20 0 \n"
                       "FUNC 10 zz 0 name\nFUNC -1 2 0 name\nFUNC 0x10 2 0 name\n"
                       "FUNC  10 2 0 name\nFUNC 100000000 2 0 name\nFUNC ffffffff 2 0 name\n"
                       "FUNC 10000000000000010 2 0 name\nfunc 10 20 0 name\n"
                       "FUNCTION 10 20 0 name\n"
                       "PUBLIC\nPUBLIC 10\nPUBLIC 10 0\nPUBLIC m 10 0\nPUBLIC m m 10 0 name\n"
                       "\n \nFUNC fffffff0 20 0 last\n"
                       "FUNC 3000 20 0 cut");
  assert_int_equal(seep_symbols_count(symbols), 1);
  expect(symbols, 0xFFFFFFF8, "last", 8);
  expect_none(symbols, 0x10);
  expect_none(symbols, 0x3000);
  seep_symbols_free(symbols);
}

static void only_the_same_build_counts(void **state)
{
  static const struct {
    const char *text;
    seep_status status;
  } cases[] = {
      {MODULE "\n", SEEP_OK},
      {"MODULE windows x86_64 1eb9facb04c73c5dea7160764cd333d0A other.pdb\n", SEEP_OK},
      {"MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D0A\n", SEEP_OK},
      {"MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D0b ntdll.pdb\n", SEEP_NOT_FOUND},
      {"MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D1a ntdll.pdb\n", SEEP_NOT_FOUND},
      {"MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D0aa ntdll.pdb\n", SEEP_NOT_FOUND},
      {"MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D0 ntdll.pdb\n", SEEP_CORRUPT},
      {"MODULE windows x86_64 1EB9FACB04C73C5DEA7160764CD333D0123456789 ntdll.pdb\n", SEEP_CORRUPT},
      {"MODULE windows x86_64\n", SEEP_CORRUPT},
      {"MODULE\n", SEEP_CORRUPT},
      {MODULE, SEEP_CORRUPT}, /* cut */
      {"\n" MODULE "\n", SEEP_CORRUPT},
      {"", SEEP_CORRUPT},
      {"\n", SEEP_CORRUPT},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_symbols *symbols;
    assert_int_equal(read_text(cases[i].text, strlen(cases[i].text), 10, &symbols), cases[i].status);
    seep_symbols_free(symbols);
  }
}

static void names_that_are_not_names_are_cut(void **state)
{
  static const char text[] = MODULE "\nPUBLIC 10 0 a\0b\nPUBLIC 20 0 \0c\nPUBLIC 30 0 \xFF\xFE\n";
  seep_symbols *symbols;
  (void)state;
  assert_int_equal(read_text(text, sizeof text - 1, 10, &symbols), SEEP_OK);
  assert_int_equal(seep_symbols_count(symbols), 2);
  expect(symbols, 0x10, "a", 0);
  expect(symbols, 0x20, "a", 0x10);
  expect(symbols, 0x30, "\xFF\xFE", 0);
  seep_symbols_free(symbols);
}

static void there_are_bounds(void **state)
{
  static const char one[] = "PUBLIC 1 0 a\n";
  const size_t lines = 4000001, line_bytes = sizeof one - 1, head = sizeof MODULE;
  seep_symbols *symbols;
  (void)state;
  char *text = malloc(head + lines * line_bytes);
  if (text == NULL) {
    skip();
  }
  memcpy(text, MODULE "\n", head);
  for (size_t i = 0; i < lines; i++) {
    memcpy(text + head + i * line_bytes, one, line_bytes);
  }
  assert_int_equal(read_text(text, head + lines * line_bytes, 10, &symbols), SEEP_LIMIT);
  assert_int_equal(read_text(text, head + (lines - 1) * line_bytes, 10, &symbols), SEEP_OK);
  assert_int_equal(seep_symbols_count(symbols), 1);
  seep_symbols_free(symbols);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_and_publics_are_found),
      cmocka_unit_test(line_ends_of_windows_are_line_ends),
      cmocka_unit_test(lines_without_sense_are_passed_over),
      cmocka_unit_test(only_the_same_build_counts),
      cmocka_unit_test(names_that_are_not_names_are_cut),
      cmocka_unit_test(there_are_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
