/* The modules of tests/fixtures/symbols with what other programs read in them, for the tests of symbols. */
#ifndef TEST_TRACE_SYMBOL_FIXTURE_H
#define TEST_TRACE_SYMBOL_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "unit/trace/memory_file.h"

#define SYMBOL_FIXTURE_PLACES 48

typedef struct symbol_fixture_place {
  char name[48];
  uint32_t start, bytes; /* offsets in the module; 0 bytes: not known */
} symbol_fixture_place;

typedef struct symbol_fixture_list {
  symbol_fixture_place items[SYMBOL_FIXTURE_PLACES];
  size_t count;
} symbol_fixture_list;

typedef struct symbol_fixture {
  memory_file module, pdb;
  uint8_t guid[16];
  uint32_t age, timestamp, image_bytes;
  symbol_fixture_list publics, functions, exports, unwind;
} symbol_fixture;

/* name: "sample64", "sample32". Fails the test when something is not there. */
void symbol_fixture_open(symbol_fixture *fixture, const char *name);
void symbol_fixture_close(symbol_fixture *fixture);

const symbol_fixture_place *symbol_fixture_find(const symbol_fixture_list *list, const char *name);

#endif
