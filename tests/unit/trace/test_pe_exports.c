/* Exports of modules that LLVM's linker made against what llvm-readobj reads in them; and a made module for
 * what that linker does not do: chained unwind information, and damage. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/symbols.h"
#include "unit/trace/symbol_fixture.h"

static seep_status read_module(const memory_file *file, uint32_t timestamp, uint64_t bytes,
                               seep_symbols **symbols)
{
  seep_error error = {0};
  seep_status status = seep_symbols_from_pe(file->bytes, file->size, timestamp, bytes, symbols, &error);
  assert_true((status == SEEP_OK) == (*symbols != NULL));
  assert_true(status == SEEP_OK || (error.status == status && error.operation != NULL));
  return status;
}

static void expect(const seep_symbols *symbols, uint64_t offset, const char *name, uint64_t from_start,
                   bool is_guess)
{
  seep_symbol found;
  assert_true(seep_symbols_find(symbols, offset, &found));
  assert_string_equal(found.name, name);
  assert_int_equal(found.offset, from_start);
  assert_int_equal(found.is_guess, is_guess);
}

static void expect_none(const seep_symbols *symbols, uint64_t offset)
{
  seep_symbol found;
  assert_false(seep_symbols_find(symbols, offset, &found));
}

static void exports_are_what_llvm_reads(void **state)
{
  static const char *const names[] = {"sample64", "sample32"};
  (void)state;
  for (size_t n = 0; n < 2; n++) {
    symbol_fixture fixture;
    seep_symbols *symbols;
    symbol_fixture_open(&fixture, names[n]);
    assert_int_equal(read_module(&fixture.module, fixture.timestamp, fixture.image_bytes, &symbols), SEEP_OK);
    /* Neither the forwarded one nor the second name of one function. */
    assert_int_equal(seep_symbols_count(symbols), fixture.exports.count - 2);
    for (size_t i = 0; i < fixture.exports.count; i++) {
      const symbol_fixture_place *place = &fixture.exports.items[i];
      if (strcmp(place->name, "sample_forwarded") == 0) {
        expect_none(symbols, place->start);
      } else if (strcmp(place->name, "sample_second") != 0) {
        expect(symbols, place->start, place->name, 0, false);
      }
    }
    expect_none(symbols, 0xFFF);
    expect_none(symbols, UINT64_MAX);
    seep_symbols_free(symbols);
    symbol_fixture_close(&fixture);
  }
}

static void unwind_information_refuses_other_functions(void **state)
{
  symbol_fixture fixture;
  seep_symbols *symbols;
  (void)state;
  symbol_fixture_open(&fixture, "sample64");
  assert_int_equal(read_module(&fixture.module, fixture.timestamp, fixture.image_bytes, &symbols), SEEP_OK);
  const symbol_fixture_place *first = symbol_fixture_find(&fixture.functions, "sample_first");
  const symbol_fixture_place *after = symbol_fixture_find(&fixture.functions, "sample_after_first");
  const symbol_fixture_place *leaf = symbol_fixture_find(&fixture.functions, "sample_exported_leaf");
  expect(symbols, first->start + 1, "sample_first", 1, false);
  expect(symbols, first->start + first->bytes - 1, "sample_first", first->bytes - 1, false);
  /* Between two functions, and in one that is not exported. */
  assert_true(first->start + first->bytes < after->start);
  expect_none(symbols, first->start + first->bytes);
  expect_none(symbols, after->start);
  expect_none(symbols, after->start + after->bytes - 1);
  /* Nothing is known of a leaf but where it begins. */
  expect(symbols, leaf->start, "#40", 0, false);
  expect(symbols, leaf->start + 2, "#40", 2, true);
  expect_none(symbols, symbol_fixture_find(&fixture.functions, "hidden_helper")->start);
  seep_symbols_free(symbols);
  symbol_fixture_close(&fixture);

  symbol_fixture_open(&fixture, "sample32");
  assert_int_equal(read_module(&fixture.module, fixture.timestamp, fixture.image_bytes, &symbols), SEEP_OK);
  after = symbol_fixture_find(&fixture.functions, "sample_after_first");
  first = symbol_fixture_find(&fixture.functions, "sample_first");
  expect(symbols, first->start + 1, "sample_first", 1, true);
  expect(symbols, after->start, "sample_first", after->start - first->start, true);
  expect_none(symbols, 0x1000 + 0x1000);
  seep_symbols_free(symbols);
  symbol_fixture_close(&fixture);
}

static void only_the_same_build_counts(void **state)
{
  symbol_fixture f;
  seep_symbols *symbols;
  (void)state;
  symbol_fixture_open(&f, "sample64");
  assert_int_equal(read_module(&f.module, f.timestamp ^ 1, f.image_bytes, &symbols), SEEP_NOT_FOUND);
  assert_int_equal(read_module(&f.module, f.timestamp, f.image_bytes + 4096, &symbols), SEEP_NOT_FOUND);
  assert_int_equal(read_module(&f.module, f.timestamp, f.image_bytes + (UINT64_C(1) << 32), &symbols),
                   SEEP_NOT_FOUND);
  assert_int_equal(read_module(&f.module, 0, f.image_bytes + 1, &symbols), SEEP_NOT_FOUND);
  assert_int_equal(read_module(&f.module, 0, 0, &symbols), SEEP_INVALID);
  assert_int_equal(read_module(&f.module, 0, f.image_bytes, &symbols), SEEP_OK);
  seep_symbols_free(symbols);
  assert_int_equal(read_module(&f.module, f.timestamp, 0, &symbols), SEEP_OK);
  seep_symbols_free(symbols);
  symbol_fixture_close(&f);
}

/* ---- a made module ---- */

#define CODE 0x1000u   /* a section that begins at 0x400 of the file */
#define TABLES 0x5000u /* one at 0x600, 0x600 bytes of it */
#define TIMESTAMP 0x5A5A5A5Au
#define IMAGE_BYTES 0x6000u

typedef struct made_module {
  memory_file file;
  size_t functions, exports;
} made_module;

static size_t place_of(uint32_t offset)
{
  return offset - TABLES + 0x600;
}

static void put_section(memory_file *file, size_t at, uint32_t start, uint32_t bytes, uint32_t file_at)
{
  memory_file_put(file, at + 8, bytes, 4);
  memory_file_put(file, at + 12, start, 4);
  memory_file_put(file, at + 16, bytes, 4);
  memory_file_put(file, at + 20, file_at, 4);
}

static void begin_module(made_module *m)
{
  memset(m, 0, sizeof *m);
  uint8_t empty = 0;
  assert_true(memory_file_write(&m->file, 0xC00 - 1, &empty, 1));
  memory_file_put(&m->file, 0, 0x5A4D, 2);
  memory_file_put(&m->file, 0x3C, 0x80, 4);
  memory_file_put(&m->file, 0x80, 0x4550, 4);
  memory_file_put(&m->file, 0x84, 0x8664, 2);
  memory_file_put(&m->file, 0x86, 2, 2);
  memory_file_put(&m->file, 0x88, TIMESTAMP, 4);
  memory_file_put(&m->file, 0x94, 240, 2);
  memory_file_put(&m->file, 0x98, 0x20B, 2);
  memory_file_put(&m->file, 0x98 + 56, IMAGE_BYTES, 4);
  memory_file_put(&m->file, 0x98 + 108, 16, 4);
  put_section(&m->file, 0x98 + 240, TABLES, 0x600, 0x600); /* out of order */
  put_section(&m->file, 0x98 + 280, CODE, 0x200, 0x400);
}

/* Up to 16, in any order; name NULL: by its number, from 100 on. Names lie at TABLES + 0x100. */
static void add_export(made_module *m, uint32_t offset, const char *name)
{
  uint32_t index = (uint32_t)m->exports++, name_count = m->file.bytes[place_of(TABLES + 24)];
  memory_file_put(&m->file, 0x98 + 112, TABLES, 4);
  memory_file_put(&m->file, 0x98 + 116, 0x200, 4);
  memory_file_put(&m->file, place_of(TABLES + 16), 100, 4);
  memory_file_put(&m->file, place_of(TABLES + 20), m->exports, 4);
  memory_file_put(&m->file, place_of(TABLES + 28), TABLES + 0x40, 4);
  memory_file_put(&m->file, place_of(TABLES + 32), TABLES + 0x80, 4);
  memory_file_put(&m->file, place_of(TABLES + 36), TABLES + 0xC0, 4);
  memory_file_put(&m->file, place_of(TABLES + 0x40) + index * 4, offset, 4);
  if (name != NULL) {
    uint32_t text = TABLES + 0x100 + name_count * 16;
    memory_file_put(&m->file, place_of(TABLES + 0x80) + name_count * 4, text, 4);
    memory_file_put(&m->file, place_of(TABLES + 0xC0) + name_count * 2, index, 2);
    assert_true(strlen(name) < 16);
    memcpy(m->file.bytes + place_of(text), name, strlen(name) + 1);
    memory_file_put(&m->file, place_of(TABLES + 24), name_count + 1, 4);
  }
}

/* Unwind information of function n lies at TABLES + 0x400 + n * 32. chained: -1, or the function it is part
 * of. */
static void add_function(made_module *m, uint32_t start, uint32_t end, int chained)
{
  uint32_t unwind = TABLES + 0x400 + (uint32_t)m->functions * 32;
  size_t at = place_of(TABLES + 0x300) + m->functions++ * 12;
  memory_file_put(&m->file, 0x98 + 112 + 24, TABLES + 0x300, 4);
  memory_file_put(&m->file, 0x98 + 116 + 24, m->functions * 12, 4);
  memory_file_put(&m->file, at, start, 4);
  memory_file_put(&m->file, at + 4, end, 4);
  memory_file_put(&m->file, at + 8, unwind, 4);
  memory_file_put(&m->file, place_of(unwind), chained >= 0 ? 0x21 : 0x01, 1);
  memory_file_put(&m->file, place_of(unwind) + 2, 3, 1); /* three codes take the room of four */
  if (chained >= 0) {
    memcpy(m->file.bytes + place_of(unwind) + 12,
           m->file.bytes + place_of(TABLES + 0x300) + (size_t)chained * 12, 12);
  }
}

static void parts_of_a_function_are_one(void **state)
{
  made_module m;
  seep_symbols *symbols;
  (void)state;
  begin_module(&m);
  add_function(&m, CODE + 0x10, CODE + 0x40, -1);  /* 0: exported as "whole" */
  add_function(&m, CODE + 0x40, CODE + 0x60, 0);   /* 1: more of it, right behind */
  add_function(&m, CODE + 0x60, CODE + 0x80, -1);  /* 2: not exported */
  add_function(&m, CODE + 0x100, CODE + 0x120, 1); /* 3: more of 0, by way of 1, far away */
  add_function(&m, CODE + 0x120, CODE + 0x140, 2); /* 4: more of 2 */
  add_function(&m, CODE + 0x90, CODE + 0xA0, -1);  /* 5: "late", whose cold part lies before it */
  add_function(&m, CODE + 0x80, CODE + 0x88, 5);
  add_export(&m, CODE + 0x10, "whole");
  add_export(&m, CODE + 0x90, "late");
  assert_int_equal(read_module(&m.file, TIMESTAMP, IMAGE_BYTES, &symbols), SEEP_OK);
  expect(symbols, CODE + 0x3F, "whole", 0x2F, false);
  expect(symbols, CODE + 0x50, "whole", 0x40, false);
  expect_none(symbols, CODE + 0x60);
  expect_none(symbols, CODE + 0x84);
  expect(symbols, CODE + 0x90, "late", 0, false);
  expect_none(symbols, CODE + 0xA0);
  expect(symbols, CODE + 0x110, "whole", 0x100, false);
  expect_none(symbols, CODE + 0x130);
  expect_none(symbols, CODE + 0x140);
  seep_symbols_free(symbols);
  /* Two parts that are each other's: it ends. */
  memcpy(m.file.bytes + place_of(TABLES + 0x400), m.file.bytes + place_of(TABLES + 0x420), 32);
  memcpy(m.file.bytes + place_of(TABLES + 0x400) + 12, m.file.bytes + place_of(TABLES + 0x300) + 12, 12);
  assert_int_equal(read_module(&m.file, TIMESTAMP, IMAGE_BYTES, &symbols), SEEP_OK);
  seep_symbols_free(symbols);
  memory_file_free(&m.file);
}

static void odd_exports_are_left_out(void **state)
{
  made_module m;
  seep_symbols *symbols;
  (void)state;
  begin_module(&m);
  add_export(&m, CODE + 0x20, "plain");
  add_export(&m, 0, "unused");
  add_export(&m, 0x3000, "nowhere");
  add_export(&m, TABLES + 0x1F0, "forwarded");
  add_export(&m, CODE + 0x30, NULL);
  add_export(&m, CODE + 0x40, "");
  assert_int_equal(read_module(&m.file, TIMESTAMP, IMAGE_BYTES, &symbols), SEEP_OK);
  assert_int_equal(seep_symbols_count(symbols), 3);
  expect(symbols, CODE + 0x21, "plain", 1, true);
  expect(symbols, CODE + 0x30, "#104", 0, false);
  expect(symbols, CODE + 0x41, "#105", 1, true);
  expect_none(symbols, CODE + 0x1F);
  expect_none(symbols, CODE + 0x200);
  seep_symbols_free(symbols);
  memory_file_free(&m.file);
}

/* Real names do not lie in each other: hostile ones would make much of a small file. */
static void names_cost_no_more_than_the_file_has(void **state)
{
  made_module m;
  seep_symbols *symbols;
  (void)state;
  begin_module(&m);
  for (uint32_t i = 0; i < 16; i++) {
    add_export(&m, CODE + i * 8, "same");
    memory_file_put(&m.file, place_of(TABLES + 0x80) + i * 4, TABLES + 0x200, 4);
  }
  memset(m.file.bytes + place_of(TABLES + 0x200), 'n',
         0x3FF); /* up to the end: three fit into the file's size */
  assert_int_equal(read_module(&m.file, TIMESTAMP, IMAGE_BYTES, &symbols), SEEP_OK);
  assert_int_equal(seep_symbols_count(symbols), 16);
  seep_symbol found;
  assert_true(seep_symbols_find(symbols, CODE + 16, &found));
  assert_int_equal(strlen(found.name), 0x3FF);
  expect(symbols, CODE + 24, "#103", 0, false);
  expect(symbols, CODE + 120, "#115", 0, false);
  seep_symbols_free(symbols);
  memory_file_put(&m.file, place_of(TABLES + 24), 65537, 4);
  assert_int_equal(read_module(&m.file, TIMESTAMP, IMAGE_BYTES, &symbols), SEEP_CORRUPT);
  memory_file_free(&m.file);
}

/* ---- damage ---- */

static void try_damaged(const memory_file *file, uint32_t timestamp, uint32_t image_bytes)
{
  seep_symbols *symbols;
  seep_symbol found;
  seep_status status = read_module(file, timestamp, image_bytes, &symbols);
  assert_true(status == SEEP_OK || status == SEEP_CORRUPT || status == SEEP_NOT_FOUND);
  for (uint32_t offset = 0; status == SEEP_OK && offset < 0x6000; offset += 17) {
    if (seep_symbols_find(symbols, offset, &found)) {
      assert_true(found.name[0] != '\0' && found.offset <= offset);
    }
  }
  seep_symbols_free(symbols);
}

static void damage_is_survived(void **state)
{
  static const uint8_t values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
  symbol_fixture f;
  (void)state;
  symbol_fixture_open(&f, "sample64");
  for (size_t i = 0; i < f.module.size; i++) {
    uint8_t kept = f.module.bytes[i];
    for (size_t v = 0; v < sizeof values; v++) {
      f.module.bytes[i] = values[v];
      try_damaged(&f.module, f.timestamp, f.image_bytes);
    }
    f.module.bytes[i] = kept;
  }
  for (size_t size = 0; size < f.module.size; size++) {
    memory_file part = memory_file_copy(f.module.bytes, size);
    try_damaged(&part, f.timestamp, f.image_bytes);
    memory_file_free(&part);
  }
  symbol_fixture_close(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exports_are_what_llvm_reads),
      cmocka_unit_test(unwind_information_refuses_other_functions),
      cmocka_unit_test(only_the_same_build_counts),
      cmocka_unit_test(parts_of_a_function_are_one),
      cmocka_unit_test(odd_exports_are_left_out),
      cmocka_unit_test(names_cost_no_more_than_the_file_has),
      cmocka_unit_test(damage_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
