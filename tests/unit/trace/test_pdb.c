/* PDBs of LLVM's linker against what llvm-pdbutil reads in them, and made ones for what that linker does not
 * do, and for damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/msf.h"
#include "trace/symbols.h"
#include "unit/trace/pdb_file.h"
#include "unit/trace/symbol_fixture.h"

#define S_LPROC32 0x110F
#define S_GPROC32 0x1110
#define FUNCTION 2u

static seep_status read_pdb(const memory_file *file, const uint8_t guid[16], uint32_t age,
                            seep_symbols **symbols)
{
  seep_error error = {0};
  seep_status status = seep_symbols_from_pdb(file->bytes, file->size, guid, age, symbols, &error);
  assert_true((status == SEEP_OK) == (*symbols != NULL));
  assert_true(status == SEEP_OK || (error.status == status && error.operation != NULL));
  return status;
}

static seep_symbols *read_made(memory_file *file)
{
  seep_symbols *symbols;
  assert_int_equal(read_pdb(file, pdb_file_guid, PDB_FILE_AGE, &symbols), SEEP_OK);
  memory_file_free(file);
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

/* The first module's symbols are made none: what is left is as in a PDB that is given to the public. */
static void strip_module(memory_file *file)
{
  seep_msf msf;
  seep_msf_stream dbi;
  assert_int_equal(seep_msf_open(&msf, file->bytes, file->size, NULL), SEEP_OK);
  assert_true(seep_msf_find(&msf, 3, &dbi));
  const uint8_t *place = seep_msf_bytes(&dbi, 64 + 36, 4, NULL);
  assert_non_null(place);
  memory_file_put(file, (size_t)(place - file->bytes), 0, 4);
  seep_msf_close(&msf);
}

static void publics_are_what_llvm_reads(void **state)
{
  static const char *const names[] = {"sample64", "sample32"};
  (void)state;
  for (size_t n = 0; n < 2; n++) {
    symbol_fixture fixture;
    seep_symbols *symbols;
    symbol_fixture_open(&fixture, names[n]);
    strip_module(&fixture.pdb);
    assert_int_equal(read_pdb(&fixture.pdb, fixture.guid, fixture.age, &symbols), SEEP_OK);
    assert_int_equal(seep_symbols_count(symbols), fixture.publics.count);
    for (size_t i = 0; i < fixture.publics.count; i++) {
      expect(symbols, fixture.publics.items[i].start, fixture.publics.items[i].name, 0);
      expect(symbols, fixture.publics.items[i].start + 3, fixture.publics.items[i].name, 3);
    }
    /* What only private symbols tell apart. */
    const symbol_fixture_place *hidden = symbol_fixture_find(&fixture.functions, "hidden_helper");
    seep_symbol found;
    assert_true(seep_symbols_find(symbols, hidden->start, &found));
    assert_string_equal(found.name + (found.name[0] == '_'), "sample_internal");
    expect_none(symbols, 0xFFF);
    expect_none(symbols, 0x1000 + 0x200);
    expect_none(symbols, UINT32_MAX);
    expect_none(symbols, UINT64_MAX);
    seep_symbols_free(symbols);
    symbol_fixture_close(&fixture);
  }
}

static void functions_are_what_llvm_reads(void **state)
{
  static const char *const names[] = {"sample64", "sample32"};
  (void)state;
  for (size_t n = 0; n < 2; n++) {
    symbol_fixture fixture;
    seep_symbols *symbols;
    symbol_fixture_open(&fixture, names[n]);
    assert_int_equal(read_pdb(&fixture.pdb, fixture.guid, fixture.age, &symbols), SEEP_OK);
    for (size_t i = 0; i < fixture.functions.count; i++) {
      const symbol_fixture_place *place = &fixture.functions.items[i];
      seep_symbol after;
      expect(symbols, place->start, place->name, 0);
      expect(symbols, place->start + place->bytes - 1, place->name, place->bytes - 1);
      bool is_next = seep_symbols_find(symbols, place->start + place->bytes, &after);
      assert_true(!is_next || after.offset == 0);
    }
    seep_symbols_free(symbols);
    symbol_fixture_close(&fixture);
  }
}

static void only_the_same_build_counts(void **state)
{
  pdb_file made;
  seep_symbols *symbols;
  uint8_t other[16];
  (void)state;
  pdb_file_begin(&made, 512, 0, 0);
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x1000);
  pdb_file_public(&made, 1, 0, FUNCTION, "one");
  memory_file file = pdb_file_end(&made);
  assert_int_equal(read_pdb(&file, pdb_file_guid, PDB_FILE_AGE, &symbols), SEEP_OK);
  seep_symbols_free(symbols);
  assert_int_equal(read_pdb(&file, pdb_file_guid, PDB_FILE_OWN_AGE, &symbols), SEEP_OK);
  seep_symbols_free(symbols);
  assert_int_equal(read_pdb(&file, pdb_file_guid, 8, &symbols), SEEP_NOT_FOUND);
  for (size_t i = 0; i < 16; i++) {
    memcpy(other, pdb_file_guid, 16);
    other[i] ^= 1;
    assert_int_equal(read_pdb(&file, other, PDB_FILE_AGE, &symbols), SEEP_NOT_FOUND);
  }
  memory_file_free(&file);
}

static void other_containers_are_refused(void **state)
{
  static const struct {
    const char *text;
    seep_status status;
  } cases[] = {
      {"Microsoft C/C++ program database 2.00\r\n\x1AJG", SEEP_UNSUPPORTED},
      {"Microsoft MSFZ Container\r\n\x1A"
       "ALD",
       SEEP_UNSUPPORTED},
      {"BSJB, and so on", SEEP_UNSUPPORTED},
      {"MSCF", SEEP_UNSUPPORTED},
      {"MSC", SEEP_CORRUPT},
      {"", SEEP_CORRUPT},
      {"Microsoft C/C++ MSF 7.00\r\n\x1A"
       "DS",
       SEEP_CORRUPT},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_symbols *symbols;
    memory_file file = memory_file_copy((const uint8_t *)cases[i].text, strlen(cases[i].text));
    assert_int_equal(read_pdb(&file, pdb_file_guid, 1, &symbols), cases[i].status);
    memory_file_free(&file);
  }
}

/* Records and the directory reach over many blocks, none of which follows the one before; the list of the
 * directory's blocks takes several blocks itself. */
static void blocks_may_lie_anywhere(void **state)
{
  pdb_file made;
  char name[64];
  (void)state;
  pdb_file_begin(&made, 512, 0, 1);
  made.padding_streams = 40000;
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x100000);
  for (unsigned i = 0; i < 5000; i++) {
    snprintf(name, sizeof name, "public_%u_%.*s", i, (int)(i % 40),
             "0123456789012345678901234567890123456789");
    pdb_file_public(&made, 1, i * 16, FUNCTION, name);
    snprintf(name, sizeof name, "function_%u", i);
    pdb_file_function(&made, i % 2 == 0 ? S_GPROC32 : S_LPROC32, 1, i * 16 + 8, 4, name);
  }
  memory_file file = pdb_file_end(&made);
  seep_symbols *symbols = read_made(&file);
  assert_int_equal(seep_symbols_count(symbols), 10000);
  expect(symbols, 0x1000 + 4999 * 16 + 2, "public_4999_012345678901234567890123456789012345678", 2);
  for (unsigned i = 0; i < 5000; i++) {
    seep_symbol found;
    assert_true(seep_symbols_find(symbols, 0x1000 + i * 16 + 7, &found));
    unsigned number = 0;
    assert_int_equal(sscanf(found.name, "public_%u_", &number), 1);
    assert_int_equal(number, i);
    snprintf(name, sizeof name, "function_%u", i);
    expect(symbols, 0x1000 + i * 16 + 11, name, 3);
    expect_none(symbols, 0x1000 + i * 16 + 12);
  }
  seep_symbols_free(symbols);
}

static void moved_code_is_found_where_it_is(void **state)
{
  pdb_file made;
  (void)state;
  pdb_file_begin(&made, 1024, 1, 1);
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x1000);
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x8000, 0x800);
  pdb_file_section(&made, PDB_FILE_ORIGINAL, 0x2000, 0x3000);
  pdb_file_omap(&made, 0x2000, 0x1400); /* moved down */
  pdb_file_omap(&made, 0x2100, 0);      /* dropped */
  pdb_file_omap(&made, 0x2200, 0x8000); /* into another section */
  pdb_file_omap(&made, 0x2300, 0x7000); /* to where nothing is */
  pdb_file_public(&made, 1, 0x000, FUNCTION, "first");
  pdb_file_public(&made, 1, 0x080, FUNCTION, "second");
  pdb_file_public(&made, 1, 0x100, FUNCTION, "dropped");
  pdb_file_public(&made, 1, 0x210, FUNCTION, "elsewhere");
  pdb_file_public(&made, 1, 0x310, FUNCTION, "nowhere");
  pdb_file_function(&made, S_GPROC32, 1, 0x240, 0x10, "private");
  memory_file file = pdb_file_end(&made);
  seep_symbols *symbols = read_made(&file);
  assert_int_equal(seep_symbols_count(symbols), 4);
  expect(symbols, 0x1400, "first", 0);
  expect(symbols, 0x1480, "second", 0);
  expect(symbols, 0x1FFF, "second", 0x1FFF - 0x1480);
  expect(symbols, 0x8010, "elsewhere", 0);
  expect(symbols, 0x8047, "private", 7);
  expect_none(symbols, 0x13FF);
  expect_none(symbols, 0x2000);
  expect_none(symbols, 0x8000);
  expect_none(symbols, 0x8800);
  seep_symbols_free(symbols);

  pdb_file_begin(&made, 1024, 1, 0);
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x1000);
  pdb_file_omap(&made, 0x2000, 0x1400);
  pdb_file_public(&made, 1, 0, FUNCTION, "of which section?");
  file = pdb_file_end(&made);
  assert_int_equal(read_pdb(&file, pdb_file_guid, PDB_FILE_AGE, &symbols), SEEP_CORRUPT);
  memory_file_free(&file);
}

static void one_name_is_kept_for_a_place(void **state)
{
  pdb_file made;
  static char name[5001];
  (void)state;
  memset(name, 'n', sizeof name - 1);
  pdb_file_begin(&made, 4096, 0, 1);
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x100);
  pdb_file_public(&made, 1, 0x10, 0, "label");
  pdb_file_public(&made, 1, 0x10, FUNCTION, "?first@@YAXXZ");
  pdb_file_public(&made, 1, 0x10, FUNCTION, "?second@@YAXXZ");
  pdb_file_public(&made, 1, 0x20, FUNCTION, "?third@@YAXXZ");
  pdb_file_function(&made, S_GPROC32, 1, 0x20, 0x8, "third");
  pdb_file_public(&made, 1, 0x30, FUNCTION, name);
  pdb_file_public(&made, 1, 0x40, FUNCTION, "");
  pdb_file_public(&made, 1, 0x100, FUNCTION, "behind its section");
  pdb_file_public(&made, 0, 0x50, FUNCTION, "in no section");
  pdb_file_public(&made, 2, 0x50, FUNCTION, "absolute");
  memory_file file = pdb_file_end(&made);
  seep_symbols *symbols = read_made(&file);
  assert_int_equal(seep_symbols_count(symbols), 3);
  expect(symbols, 0x1011, "?first@@YAXXZ", 1);
  expect(symbols, 0x1020, "third", 0);
  expect_none(symbols, 0x1028);
  name[4095] = '\0';
  expect(symbols, 0x10FF, name, 0xCF);
  expect_none(symbols, 0x1100);
  seep_symbols_free(symbols);
}

static void streams_may_be_missing(void **state)
{
  (void)state;
  for (int what = 0; what < 4; what++) {
    pdb_file made;
    seep_symbols *symbols;
    pdb_file_begin(&made, 512, 0, 1);
    pdb_file_public(&made, 1, 0, FUNCTION, "one");
    if (what != 0) {
      pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x100);
    }
    if (what == 1) {
      made.streams[1].size = 20;
    } else if (what == 2) {
      made.streams[3].size = 80;
    } else if (what == 3) {
      made.streams[PDB_FILE_RECORDS].said_bytes =
          500; /* of one block, most of it empty: a record of 0 bytes */
    }
    memory_file file = pdb_file_end(&made);
    assert_int_equal(read_pdb(&file, pdb_file_guid, PDB_FILE_AGE, &symbols), SEEP_CORRUPT);
    memory_file_free(&file);
  }
}

/* ---- damage ---- */

/* Any status is right that says what it is; what is read must hold together. */
static void try_damaged(const memory_file *file, const uint8_t guid[16], uint32_t age)
{
  seep_symbols *symbols;
  seep_symbol found;
  seep_status status = read_pdb(file, guid, age, &symbols);
  assert_true(status == SEEP_OK || status == SEEP_CORRUPT || status == SEEP_NOT_FOUND ||
              status == SEEP_UNSUPPORTED);
  for (uint32_t offset = 0; status == SEEP_OK && offset < 0x6000; offset += 61) {
    if (seep_symbols_find(symbols, offset, &found)) {
      assert_true(found.name[0] != '\0' && found.offset <= offset);
    }
  }
  seep_symbols_free(symbols);
}

static memory_file make_small(void)
{
  pdb_file made;
  pdb_file_begin(&made, 512, 1, 1);
  pdb_file_section(&made, PDB_FILE_SECTIONS, 0x1000, 0x1000);
  pdb_file_section(&made, PDB_FILE_ORIGINAL, 0x2000, 0x3000);
  pdb_file_omap(&made, 0x2000, 0x1400);
  pdb_file_public(&made, 1, 0, FUNCTION, "one");
  pdb_file_public(&made, 1, 0x100, FUNCTION, "two");
  pdb_file_function(&made, S_GPROC32, 1, 0x240, 0x10, "private");
  return pdb_file_end(&made);
}

static void damage_is_survived(void **state)
{
  static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  (void)state;
  memory_file file = make_small();
  for (size_t i = 0; i < file.size; i++) {
    uint8_t kept = file.bytes[i];
    for (size_t v = 0; v < sizeof values; v++) {
      file.bytes[i] = values[v];
      try_damaged(&file, pdb_file_guid, PDB_FILE_AGE);
    }
    file.bytes[i] = kept;
  }
  for (size_t size = 0; size < file.size; size += size < 600 ? 1 : 37) {
    memory_file part = memory_file_copy(file.bytes, size);
    try_damaged(&part, pdb_file_guid, PDB_FILE_AGE);
    memory_file_free(&part);
  }
  memory_file_free(&file);
}

static void cut_files_of_a_linker_are_survived(void **state)
{
  symbol_fixture fixture;
  (void)state;
  symbol_fixture_open(&fixture, "sample64");
  for (size_t size = 0; size < fixture.pdb.size; size += 499) {
    memory_file part = memory_file_copy(fixture.pdb.bytes, size);
    try_damaged(&part, fixture.guid, fixture.age);
    memory_file_free(&part);
  }
  symbol_fixture_close(&fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(publics_are_what_llvm_reads),  cmocka_unit_test(functions_are_what_llvm_reads),
      cmocka_unit_test(only_the_same_build_counts),   cmocka_unit_test(other_containers_are_refused),
      cmocka_unit_test(blocks_may_lie_anywhere),      cmocka_unit_test(moved_code_is_found_where_it_is),
      cmocka_unit_test(one_name_is_kept_for_a_place), cmocka_unit_test(streams_may_be_missing),
      cmocka_unit_test(damage_is_survived),           cmocka_unit_test(cut_files_of_a_linker_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
