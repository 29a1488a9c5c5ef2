#include "unit/trace/symbol_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct parsing {
  symbol_fixture *fixture;
  uint32_t sections[8];
} parsing;

static void keep(symbol_fixture_list *list, const char *name, uint32_t start, uint32_t bytes)
{
  assert_true(list->count < SYMBOL_FIXTURE_PLACES);
  symbol_fixture_place *place = &list->items[list->count++];
  snprintf(place->name, sizeof place->name, "%s", name);
  place->start = start;
  place->bytes = bytes;
}

/* As the numbers of a GUID are written, to how they lie in memory. */
static void read_guid(const char *text, uint8_t guid[16])
{
  static const size_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t i = 0; i < 16; i++) {
    unsigned value = 0;
    assert_int_equal(sscanf(text + i * 2, "%2x", &value), 1);
    guid[order[i]] = (uint8_t)value;
  }
}

static void read_line(parsing *p, const char *line)
{
  symbol_fixture *f = p->fixture;
  char name[48], guid[33];
  unsigned section = 0, offset = 0, bytes = 0, end = 0;
  if (sscanf(line, "section %u %x", &section, &offset) == 2 && section < 8) {
    p->sections[section] = offset;
  } else if (sscanf(line, "export %x %47s", &offset, name) == 2) {
    keep(&f->exports, name, offset, 0);
  } else if (sscanf(line, "unwind (0x18000%x) (0x18000%x)", &offset, &end) == 2) {
    keep(&f->unwind, "", offset, end - offset);
  } else if (sscanf(line, "guid %32s", guid) == 1) {
    read_guid(guid, f->guid);
  } else if (sscanf(line, "age %u", &f->age) != 1 && sscanf(line, "timestamp %x", &f->timestamp) != 1 &&
             sscanf(line, "image_size %u", &f->image_bytes) != 1) {
    /* Sections come last in the file: the second pass has them. */
    if (sscanf(line, "public %u:%u %u %47s", &section, &offset, &bytes, name) == 4) {
      keep(&f->publics, name, p->sections[section % 8] + offset, 0);
    } else if (sscanf(line, "function %u:%u %u %47s", &section, &offset, &bytes, name) == 4) {
      keep(&f->functions, name, p->sections[section % 8] + offset, bytes);
    }
  }
}

static memory_file read_fixture(const char *name, const char *extension)
{
  char path[64];
  snprintf(path, sizeof path, "../symbols/%s.%s", name, extension);
  memory_file file = memory_file_fixture(path);
  assert_non_null(file.bytes);
  return file;
}

void symbol_fixture_open(symbol_fixture *fixture, const char *name)
{
  parsing p = {.fixture = fixture};
  memset(fixture, 0, sizeof *fixture);
  fixture->module = read_fixture(name, "dll");
  fixture->pdb = read_fixture(name, "pdb");
  memory_file expected = read_fixture(name, "expected");
  char *text = calloc(expected.size + 1, 1);
  assert_non_null(text);
  for (int pass = 0; pass < 2; pass++) {
    fixture->publics.count = fixture->functions.count = fixture->exports.count = fixture->unwind.count = 0;
    memcpy(text, expected.bytes, expected.size);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
      *end = '\0';
      read_line(&p, line);
    }
  }
  free(text);
  memory_file_free(&expected);
  assert_true(fixture->publics.count >= 7 && fixture->functions.count >= 7 && fixture->exports.count >= 6);
  assert_true(fixture->timestamp != 0 && fixture->image_bytes != 0);
}

void symbol_fixture_close(symbol_fixture *fixture)
{
  memory_file_free(&fixture->module);
  memory_file_free(&fixture->pdb);
}

const symbol_fixture_place *symbol_fixture_find(const symbol_fixture_list *list, const char *name)
{
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->items[i].name, name) == 0) {
      return &list->items[i];
    }
  }
  fail_msg("%s is not in the list", name);
  return NULL;
}
