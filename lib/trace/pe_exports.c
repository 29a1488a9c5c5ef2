/*
 * A file on a disk has its sections elsewhere than a loaded module: every offset in the module is turned into
 * a place in the file by way of the section that it lies in. An export that lies in another function than the
 * place asked for is no answer. Code without unwind information (leaf functions, 32-bit modules, ARM64, whose
 * tables are different) leaves it open: then the export is a guess.
 */
#include "trace/pe_exports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

#define SECTION_BYTES 40u
#define EXPORTS_BYTES 40u
#define FUNCTION_BYTES 12u
#define MACHINE_AMD64 0x8664u
#define MAGIC_32 0x10Bu
#define MAGIC_64 0x20Bu
#define MOST_EXPORTS 65536u /* what the numbers beside the names can tell apart */
#define MOST_FUNCTIONS 4000000u
#define MOST_CHAINED 32u /* parts of one function that lead to each other */
#define UNWIND_CHAINED 0x4u

enum { DIRECTORY_EXPORTS = 0, DIRECTORY_FUNCTIONS = 3 };

typedef struct directory {
  uint32_t offset, bytes;
} directory;

typedef struct image {
  const uint8_t *data;
  size_t size;
  uint16_t machine;
  uint32_t timestamp, image_bytes;
  size_t directories_at, directory_count;
  size_t sections_at, section_count;
  size_t name_bytes_left;       /* names that lie in each other must not cost more than the file has */
  seep_symbols_range *sections; /* sorted; value: where in the file, rank: how many bytes it has there */
  seep_symbols *symbols;
  seep_error *error;
} image;

static seep_status corrupt(const image *pe, size_t place, const char *what)
{
  return seep_error_set(pe->error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)place, "read module", what);
}

/* ---- headers ---- */

static seep_status read_headers(image *pe)
{
  seep_cursor file;
  seep_cursor_init(&file, pe->data, pe->size);
  bool is_dos = seep_cursor_u16_at(&file, 0) == 0x5A4D;
  size_t at = seep_cursor_u32_at(&file, 0x3C);
  if (file.failed || !is_dos || at > pe->size || pe->size - at < 24 + 96) {
    return corrupt(pe, 0, "not a module");
  }
  size_t optional_at = at + 24;
  pe->machine = seep_cursor_u16_at(&file, at + 4);
  pe->section_count = seep_cursor_u16_at(&file, at + 6);
  pe->timestamp = seep_cursor_u32_at(&file, at + 8);
  size_t optional_bytes = seep_cursor_u16_at(&file, at + 20);
  uint16_t magic = seep_cursor_u16_at(&file, optional_at);
  if (seep_cursor_u32_at(&file, at) != 0x4550 || (magic != MAGIC_32 && magic != MAGIC_64)) {
    return corrupt(pe, at, "not a module");
  }
  size_t fixed_bytes = magic == MAGIC_64 ? 112 : 96;
  pe->image_bytes = seep_cursor_u32_at(&file, optional_at + 56);
  pe->directory_count = seep_cursor_u32_at(&file, optional_at + fixed_bytes - 4);
  pe->directories_at = optional_at + fixed_bytes;
  pe->sections_at = optional_at + optional_bytes;
  if (file.failed || optional_bytes < fixed_bytes || pe->sections_at > pe->size ||
      pe->section_count > (pe->size - pe->sections_at) / SECTION_BYTES) {
    return corrupt(pe, optional_at, "its headers are cut off");
  }
  size_t room = (optional_bytes - fixed_bytes) / 8;
  pe->directory_count = pe->directory_count < room ? pe->directory_count : room;
  return SEEP_OK;
}

static directory directory_of(const image *pe, size_t which)
{
  directory found = {0, 0};
  if (which < pe->directory_count) {
    seep_cursor file;
    seep_cursor_init(&file, pe->data, pe->size);
    found.offset = seep_cursor_u32_at(&file, pe->directories_at + which * 8);
    found.bytes = seep_cursor_u32_at(&file, pe->directories_at + which * 8 + 4);
  }
  return found;
}

static seep_status read_sections(image *pe)
{
  seep_cursor file;
  seep_cursor_init(&file, pe->data, pe->size);
  pe->sections = calloc(pe->section_count + 1, sizeof *pe->sections);
  if (pe->sections == NULL) {
    return SEEP_NO_MEMORY;
  }
  for (size_t i = 0; i < pe->section_count; i++) {
    size_t at = pe->sections_at + i * SECTION_BYTES;
    uint32_t virtual_bytes = seep_cursor_u32_at(&file, at + 8), start = seep_cursor_u32_at(&file, at + 12);
    uint32_t file_bytes = seep_cursor_u32_at(&file, at + 16), file_at = seep_cursor_u32_at(&file, at + 20);
    uint64_t end = (uint64_t)start + (virtual_bytes != 0 ? virtual_bytes : file_bytes);
    pe->sections[i] = (seep_symbols_range){.start = start,
                                           .end = end < UINT32_MAX ? (uint32_t)end : UINT32_MAX,
                                           .value = file_at,
                                           .rank = file_bytes};
  }
  seep_symbols__sort(pe->sections, pe->section_count);
  return SEEP_OK;
}

static const seep_symbols_range *section_at(const image *pe, uint32_t offset)
{
  const seep_symbols_range *found = seep_symbols__at(pe->sections, pe->section_count, offset);
  return found != NULL && offset < found->end ? found : NULL;
}

/* What the file has at an offset in the module, up to its section's end. */
static seep_cursor part_at(const image *pe, uint32_t offset)
{
  seep_cursor part;
  seep_cursor_init(&part, NULL, 0);
  const seep_symbols_range *home = section_at(pe, offset);
  if (home == NULL || offset - home->start >= home->rank) {
    return part;
  }
  uint64_t begin = (uint64_t)home->value + (offset - home->start);
  size_t bytes = home->rank - (offset - home->start);
  if (begin < pe->size) {
    size_t left = pe->size - (size_t)begin;
    seep_cursor_init(&part, pe->data + begin, bytes < left ? bytes : left);
  }
  return part;
}

/* ---- exports ---- */

typedef struct exports {
  directory place;
  uint32_t first_ordinal, function_count, name_count;
  seep_cursor functions, names, ordinals;
} exports;

static bool open_exports(const image *pe, exports *e)
{
  seep_cursor head = part_at(pe, e->place.offset);
  e->first_ordinal = seep_cursor_u32_at(&head, 16);
  e->function_count = seep_cursor_u32_at(&head, 20);
  e->name_count = seep_cursor_u32_at(&head, 24);
  e->functions = part_at(pe, seep_cursor_u32_at(&head, 28));
  e->names = part_at(pe, seep_cursor_u32_at(&head, 32));
  e->ordinals = part_at(pe, seep_cursor_u32_at(&head, 36));
  if (head.failed || head.size < EXPORTS_BYTES || e->function_count > MOST_EXPORTS ||
      e->name_count > MOST_EXPORTS) {
    return false;
  }
  return e->function_count <= e->functions.size / 4 && e->name_count <= e->names.size / 4 &&
         e->name_count <= e->ordinals.size / 2;
}

/* What is exported under one number; forwarders, whose offset leads to a text among the exports, are not. */
static seep_status add_export(const image *pe, exports *e, uint32_t index, const char *name, size_t bytes)
{
  uint32_t offset = seep_cursor_u32_at(&e->functions, (size_t)index * 4);
  const seep_symbols_range *home = section_at(pe, offset);
  bool is_forwarder = offset >= e->place.offset && offset - e->place.offset < e->place.bytes;
  if (offset == 0 || home == NULL || is_forwarder) {
    return SEEP_OK;
  }
  return seep_symbols__add(pe->symbols, offset, home->end, SEEP_SYMBOLS_PUBLIC, name, bytes);
}

/* Up to its 0; 0: there is no such name, or the names before it have taken all that there can be. */
static size_t name_length(image *pe, const seep_cursor *name)
{
  size_t most = name->size < SEEP_SYMBOLS_MAXIMUM_NAME ? name->size : SEEP_SYMBOLS_MAXIMUM_NAME;
  const uint8_t *end = most > 0 ? memchr(name->data, 0, most) : NULL;
  size_t bytes = end != NULL ? (size_t)(end - name->data) : most;
  if (bytes > pe->name_bytes_left) {
    return 0;
  }
  pe->name_bytes_left -= bytes;
  return bytes;
}

static seep_status add_named(image *pe, exports *e, uint8_t *has_name)
{
  seep_status status = SEEP_OK;
  for (uint32_t i = 0; i < e->name_count && status == SEEP_OK; i++) {
    uint16_t index = seep_cursor_u16_at(&e->ordinals, (size_t)i * 2);
    seep_cursor name = part_at(pe, seep_cursor_u32_at(&e->names, (size_t)i * 4));
    size_t bytes = index < e->function_count ? name_length(pe, &name) : 0;
    if (bytes > 0) {
      has_name[index] = 1;
      status = add_export(pe, e, index, (const char *)name.data, bytes);
    }
  }
  return status;
}

static seep_status add_nameless(const image *pe, exports *e, const uint8_t *has_name)
{
  seep_status status = SEEP_OK;
  for (uint32_t i = 0; i < e->function_count && status == SEEP_OK; i++) {
    char name[16];
    int bytes = snprintf(name, sizeof name, "#%u", (unsigned)(e->first_ordinal + i));
    if (!has_name[i] && bytes > 0) {
      status = add_export(pe, e, i, name, (size_t)bytes);
    }
  }
  return status;
}

static seep_status read_exports(image *pe)
{
  exports e = {.place = directory_of(pe, DIRECTORY_EXPORTS)};
  if (e.place.offset == 0 || e.place.bytes == 0) {
    return SEEP_OK;
  }
  if (!open_exports(pe, &e)) {
    return corrupt(pe, e.place.offset, "its exports are cut off");
  }
  uint8_t *has_name = calloc((size_t)e.function_count + 1, 1);
  if (has_name == NULL) {
    return SEEP_NO_MEMORY;
  }
  seep_status status = add_named(pe, &e, has_name);
  status = status == SEEP_OK ? add_nameless(pe, &e, has_name) : status;
  free(has_name);
  return status;
}

/* ---- functions ---- */

/* Where the first part of a function starts. A part that was moved away from the rest, or that needs unwind
 * information of its own, is chained to another one: that one's entry follows its unwind codes. */
static uint32_t first_part(const image *pe, uint32_t start, uint32_t unwind)
{
  for (unsigned i = 0; i < MOST_CHAINED; i++) {
    seep_cursor info = part_at(pe, unwind & ~1u);
    if ((unwind & 1u) != 0) { /* another entry that holds for this one too */
      start = seep_cursor_u32_at(&info, 0);
      unwind = seep_cursor_u32_at(&info, 8);
    } else {
      uint8_t flags = (uint8_t)(seep_cursor_u8(&info) >> 3);
      seep_cursor_skip(&info, 1);
      size_t codes = seep_cursor_u8(&info), chained_at = 4 + (codes + codes % 2) * 2;
      uint32_t next = seep_cursor_u32_at(&info, chained_at);
      if (info.failed || (flags & UNWIND_CHAINED) == 0) {
        return start;
      }
      start = next;
      unwind = seep_cursor_u32_at(&info, chained_at + 8);
    }
    if (info.failed) {
      return start;
    }
  }
  return start;
}

static seep_status read_functions(image *pe)
{
  directory place = directory_of(pe, DIRECTORY_FUNCTIONS);
  if (pe->machine != MACHINE_AMD64 || place.offset == 0) {
    return SEEP_OK;
  }
  seep_symbols *symbols = pe->symbols;
  seep_cursor table = part_at(pe, place.offset);
  size_t count = (place.bytes < table.size ? place.bytes : table.size) / FUNCTION_BYTES;
  if (count > MOST_FUNCTIONS) {
    return SEEP_LIMIT;
  }
  symbols->functions = calloc(count + 1, sizeof *symbols->functions);
  if (symbols->functions == NULL) {
    return SEEP_NO_MEMORY;
  }
  for (size_t i = 0; i < count; i++) {
    uint32_t start = seep_cursor_u32(&table), end = seep_cursor_u32(&table), unwind = seep_cursor_u32(&table);
    if (start < end) {
      symbols->functions[symbols->function_count++] =
          (seep_symbols_range){.start = start, .end = end, .value = first_part(pe, start, unwind)};
    }
  }
  return SEEP_OK;
}

static seep_status read_all(image *pe, uint32_t timestamp, uint64_t image_size)
{
  seep_status status = read_headers(pe);
  if (status != SEEP_OK) {
    return status;
  }
  if ((timestamp != 0 && timestamp != pe->timestamp) || (image_size != 0 && image_size != pe->image_bytes)) {
    return seep_error_set(pe->error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "read module",
                          "it is another build of the module");
  }
  status = read_sections(pe);
  status = status == SEEP_OK ? read_exports(pe) : status;
  return status == SEEP_OK ? read_functions(pe) : status;
}

seep_status seep_pe_exports_read(const uint8_t *data, size_t size, uint32_t timestamp, uint64_t image_size,
                                 seep_symbols *symbols, seep_error *error)
{
  image pe = {.data = data, .size = size, .name_bytes_left = size, .symbols = symbols, .error = error};
  symbols->are_exports = true;
  seep_status status = read_all(&pe, timestamp, image_size);
  free(pe.sections);
  return status;
}

/* ---- looking up ---- */

static const seep_symbols_range *function_at(const seep_symbols *symbols, uint32_t offset)
{
  const seep_symbols_range *found = seep_symbols__at(symbols->functions, symbols->function_count, offset);
  return found != NULL && offset < found->end ? found : NULL;
}

/* The last export at or before offset, if it is of this very function. */
static const seep_symbols_range *export_of(const seep_symbols *symbols, uint32_t offset, uint32_t first)
{
  const seep_symbols_range *found = seep_symbols__at(symbols->entries, symbols->count, offset);
  const seep_symbols_range *home = found != NULL ? function_at(symbols, found->start) : NULL;
  return home != NULL && home->value == first ? found : NULL;
}

const seep_symbols_range *seep_pe_exports_find(const seep_symbols *symbols, uint32_t offset, bool *is_guess)
{
  const seep_symbols_range *home = function_at(symbols, offset);
  *is_guess = false;
  if (home != NULL) {
    const seep_symbols_range *own = export_of(symbols, offset, home->value);
    return own == NULL && home->value < offset ? export_of(symbols, home->value, home->value) : own;
  }
  const seep_symbols_range *found = seep_symbols__at(symbols->entries, symbols->count, offset);
  if (found == NULL || offset >= found->end) {
    return NULL;
  }
  const seep_symbols_range *between = seep_symbols__at(symbols->functions, symbols->function_count, offset);
  if (between != NULL && between->start >= found->start) {
    return NULL; /* the export's function has ended, or another one has begun and ended since */
  }
  *is_guess = found->start != offset;
  return found;
}
