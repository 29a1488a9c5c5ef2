/* What symbol servers call files; names in traces are anybody's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/symbols.h"
#include "trace/symbols_internal.h"

static const uint8_t guid[16] = {0xCB, 0xFA, 0xB9, 0x1E, 0xC7, 0x04, 0x5D, 0x3C,
                                 0xEA, 0x71, 0x60, 0x76, 0x4C, 0xD3, 0x33, 0xD0};

static void keys_are_a_servers(void **state)
{
  char key[SEEP_SYMBOL_KEY_SIZE];
  (void)state;
  assert_true(seep_symbols_pdb_key("ntdll.pdb", guid, 1, key, sizeof key));
  assert_string_equal(key, "ntdll.pdb/1EB9FACB04C73C5DEA7160764CD333D01/ntdll.pdb");
  assert_true(seep_symbols_pdb_key("ntdll.pdb", guid, 0xFFFFFFAB, key, sizeof key));
  assert_string_equal(key, "ntdll.pdb/1EB9FACB04C73C5DEA7160764CD333D0FFFFFFAB/ntdll.pdb");
  assert_true(seep_symbols_breakpad_key("nTdll.PDB", guid, 0xA, key, sizeof key));
  assert_string_equal(key, "nTdll.PDB/1EB9FACB04C73C5DEA7160764CD333D0A/nTdll.sym");
  assert_true(seep_symbols_breakpad_key("plain", guid, 1, key, sizeof key));
  assert_string_equal(key, "plain/1EB9FACB04C73C5DEA7160764CD333D01/plain.sym");
  assert_true(seep_symbols_breakpad_key(".pdb", guid, 1, key, sizeof key));
  assert_string_equal(key, ".pdb/1EB9FACB04C73C5DEA7160764CD333D01/.pdb.sym");
  assert_true(seep_symbols_pe_key("ntdll.dll", 0x0C1A6A0E, 0x1F8000, key, sizeof key));
  assert_string_equal(key, "ntdll.dll/0C1A6A0E1f8000/ntdll.dll");
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
  static const char *const names[] = {"",
                                      ".",
                                      "..",
                                      ".. ",
                                      ". .",
                                      "...",
                                      "a.",
                                      "a ",
                                      "a/b",
                                      "../a",
                                      "..\\a",
                                      "C:",
                                      "a:stream",
                                      "a*",
                                      "a?",
                                      "a\"b",
                                      "<a",
                                      "a>",
                                      "a|b",
                                      "a\nb",
                                      "\x1F",
                                      "a\x7F.pdb",
                                      "\\\\server\\share",
                                      "CON",
                                      "nul.pdb",
                                      "Aux .tar.pdb",
                                      "COM1",
                                      "lpt0.dll",
                                      "com\xC2\xB9.pdb",
                                      "CONOUT$",
                                      "/etc/passwd"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char key[SEEP_SYMBOL_KEY_SIZE] = "before";
    assert_false(seep_symbols_is_file_name(names[i]));
    assert_false(seep_symbols_pdb_key(names[i], guid, 1, key, sizeof key));
    assert_string_equal(key, "");
    memcpy(key, "before", 7);
    assert_false(seep_symbols_breakpad_key(names[i], guid, 1, key, sizeof key));
    assert_string_equal(key, "");
    memcpy(key, "before", 7);
    assert_false(seep_symbols_pe_key(names[i], 1, 1, key, sizeof key));
    assert_string_equal(key, "");
  }
}

static void names_that_look_like_devices_are_not_refused(void **state)
{
  static const char *const names[] = {"Console.dll", "nul1.pdb", "COM.dll",    "com10.dll",    "lptx.pdb",
                                      "a.con",       ".con",     "CONOUT.dll", "\xC3\xA4.dll", "com .dll"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_true(seep_symbols_is_file_name(names[i]));
  }
}

static void keys_fit_or_are_none(void **state)
{
  char key[SEEP_SYMBOL_KEY_SIZE], name[400];
  (void)state;
  assert_true(seep_symbols_pe_key("a", 1, 0xFFFFFFFF, key, 21));
  assert_string_equal(key, "a/00000001ffffffff/a");
  assert_false(seep_symbols_pe_key("a", 1, 0xFFFFFFFF, key, 20));
  assert_string_equal(key, "");
  assert_false(seep_symbols_pe_key("a", 0, 0x1000, key, sizeof key));
  assert_false(seep_symbols_pe_key("a", 1, 0, key, sizeof key));
  assert_false(seep_symbols_pe_key("a", 1, UINT64_C(0x100000000), key, sizeof key));
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  assert_false(seep_symbols_pdb_key(name, guid, 1, key, sizeof key));
  assert_string_equal(key, "");
  name[300] = '\0';
  assert_true(seep_symbols_pdb_key(name, guid, 1, key, sizeof key));
  assert_true(seep_symbols_breakpad_key(name, guid, 1, key, sizeof key));
}

static void ranges_are_sorted_whatever_their_order(void **state)
{
  seep_symbols_range ranges[500];
  uint32_t random = 1;
  (void)state;
  for (size_t count = 0; count <= 500; count += 25) {
    for (size_t i = 0; i < count; i++) {
      random = random * 1664525u + 1013904223u;
      ranges[i] =
          (seep_symbols_range){.start = random >> 25, .rank = (random >> 10) % 3, .value = (uint32_t)i};
    }
    seep_symbols__sort(ranges, count);
    for (size_t i = 1; i < count; i++) {
      const seep_symbols_range *a = &ranges[i - 1], *b = &ranges[i];
      assert_true(
          a->start < b->start ||
          (a->start == b->start && (a->rank > b->rank || (a->rank == b->rank && a->value < b->value))));
    }
    for (uint32_t place = 0; place < 130; place++) {
      const seep_symbols_range *found = seep_symbols__at(ranges, count, place);
      assert_true(found == NULL ? count == 0 || ranges[0].start > place : found->start <= place);
      assert_true(found == NULL || found + 1 == ranges + count || found[1].start > place);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_a_servers),
      cmocka_unit_test(names_that_lead_elsewhere_are_refused),
      cmocka_unit_test(names_that_look_like_devices_are_not_refused),
      cmocka_unit_test(keys_fit_or_are_none),
      cmocka_unit_test(ranges_are_sorted_whatever_their_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
