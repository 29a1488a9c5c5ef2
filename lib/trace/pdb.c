/*
 * Stream 1 says whose file it is. The DBI stream (3) leads to the rest: public symbols as places in sections,
 * the modules with their own streams of symbols, and small extra streams. Of these the section headers turn
 * places into offsets; where a tool has moved code about after linking, OMAP says from where to where, and
 * places are in the sections as they were before.
 */
#include "trace/pdb.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "trace/msf.h"
#include "trace/symbols_internal.h"

#define STREAM_IDENTITY 1u
#define STREAM_DBI 3u
#define NO_STREAM 0xFFFFu

#define IDENTITY_BYTES 28u
#define DBI_HEADER_BYTES 64u
#define MODULE_HEADER_BYTES 64u
#define SECTION_BYTES 40u
#define OMAP_BYTES 8u
#define MOST_SECTIONS 65535u
#define MOST_RECORD_BYTES 65536u
#define MODULE_SYMBOLS_C13 4u /* what a module's stream begins with */

/* Places in the list of extra streams. */
enum { EXTRA_OMAP_FROM_SOURCE = 4, EXTRA_SECTIONS = 5, EXTRA_ORIGINAL_SECTIONS = 10, EXTRA_STREAMS = 11 };

enum {
  S_LPROC32 = 0x110F,
  S_GPROC32 = 0x1110,
  S_PUB32 = 0x110E,
  S_LPROC32_ID = 0x1146,
  S_GPROC32_ID = 0x1147
};

#define PUBLIC_IS_FUNCTION 0x2u

typedef struct section {
  uint32_t start, bytes;
} section;

typedef struct sections {
  section *items;
  size_t count;
} sections;

typedef struct reading {
  seep_msf msf;
  seep_msf_stream dbi;
  uint32_t dbi_age;
  uint32_t modules_bytes, extra_at, extra_bytes;
  uint32_t record_stream;
  sections loaded, original; /* original: only with OMAP */
  seep_symbols_range *moved; /* OMAP, sorted: start as linked, value as it is now, 0: dropped */
  size_t moved_count;
  seep_symbols_range *homes;  /* with OMAP: the loaded sections, sorted */
  uint64_t module_bytes_left; /* streams named over and over must not cost more than the file has */
  seep_symbols *symbols;
  seep_error *error;
  uint8_t room[MOST_RECORD_BYTES];
} reading;

static seep_status corrupt(const reading *r, size_t place, const char *what)
{
  return seep_error_set(r->error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)place, "read PDB", what);
}

static seep_cursor cursor_at(reading *r, const seep_msf_stream *stream, size_t position, size_t bytes)
{
  seep_cursor cursor;
  const uint8_t *data = seep_msf_bytes(stream, position, bytes, r->room);
  seep_cursor_init(&cursor, data, data != NULL ? bytes : 0);
  cursor.failed = data == NULL;
  return cursor;
}

/* ---- whose file it is ---- */

static seep_status check_identity(reading *r, const uint8_t guid[16], uint32_t age)
{
  seep_msf_stream stream;
  if (!seep_msf_find(&r->msf, STREAM_IDENTITY, &stream)) {
    return corrupt(r, 0, "it does not say whose it is");
  }
  seep_cursor cursor = cursor_at(r, &stream, 0, IDENTITY_BYTES);
  uint32_t own_age = seep_cursor_u32_at(&cursor, 8);
  if (cursor.failed) {
    return corrupt(r, 0, "it does not say whose it is");
  }
  if (memcmp(cursor.data + 12, guid, 16) != 0 || (age != own_age && age != r->dbi_age)) {
    return seep_error_set(r->error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "read PDB", "it is another build's");
  }
  return SEEP_OK;
}

/* Sizes of the substreams, in the order that they follow each other. */
static seep_status read_dbi(reading *r)
{
  static const size_t size_places[7] = {24, 28, 32, 36, 40, 52, 48};
  uint64_t at = DBI_HEADER_BYTES;
  if (!seep_msf_find(&r->msf, STREAM_DBI, &r->dbi)) {
    return corrupt(r, 0, "it has no list of modules (DBI)");
  }
  seep_cursor cursor = cursor_at(r, &r->dbi, 0, DBI_HEADER_BYTES);
  r->dbi_age = seep_cursor_u32_at(&cursor, 8);
  r->record_stream = seep_cursor_u16_at(&cursor, 20);
  for (size_t i = 0; i < 7; i++) {
    uint32_t bytes = seep_cursor_u32_at(&cursor, size_places[i]);
    if (cursor.failed || bytes > r->dbi.size - at) {
      return corrupt(r, (size_t)at, "its list of modules (DBI) is cut off");
    }
    r->modules_bytes = i == 0 ? bytes : r->modules_bytes;
    r->extra_at = (uint32_t)at;
    r->extra_bytes = bytes;
    at += bytes;
  }
  return SEEP_OK;
}

/* ---- from places in sections to offsets in the module ---- */

static uint32_t clamp(uint64_t offset)
{
  return offset < UINT32_MAX ? (uint32_t)offset : UINT32_MAX;
}

static bool find_extra(reading *r, unsigned which, seep_msf_stream *stream)
{
  if ((which + 1) * 2 > r->extra_bytes) {
    return false;
  }
  seep_cursor cursor = cursor_at(r, &r->dbi, r->extra_at + which * 2, 2);
  uint16_t index = seep_cursor_u16(&cursor);
  return !cursor.failed && index != NO_STREAM && seep_msf_find(&r->msf, index, stream) && stream->size > 0;
}

static seep_status read_sections(reading *r, const seep_msf_stream *stream, sections *out)
{
  size_t count = stream->size / SECTION_BYTES;
  count = count < MOST_SECTIONS ? count : MOST_SECTIONS;
  out->items = calloc(count + 1, sizeof *out->items);
  if (out->items == NULL) {
    return SEEP_NO_MEMORY;
  }
  for (size_t i = 0; i < count; i++) {
    seep_cursor cursor = cursor_at(r, stream, i * SECTION_BYTES, SECTION_BYTES);
    uint32_t virtual_bytes = seep_cursor_u32_at(&cursor, 8), raw_bytes = seep_cursor_u32_at(&cursor, 16);
    out->items[i].start = seep_cursor_u32_at(&cursor, 12);
    out->items[i].bytes = virtual_bytes != 0 ? virtual_bytes : raw_bytes;
    if (cursor.failed) {
      return corrupt(r, i * SECTION_BYTES, "its section headers lie outside the file");
    }
  }
  out->count = count;
  return SEEP_OK;
}

static seep_status read_moved(reading *r, const seep_msf_stream *stream)
{
  size_t count = stream->size / OMAP_BYTES;
  r->moved = calloc(count + 1, sizeof *r->moved);
  if (r->moved == NULL) {
    return SEEP_NO_MEMORY;
  }
  for (size_t i = 0; i < count; i++) {
    seep_cursor cursor = cursor_at(r, stream, i * OMAP_BYTES, OMAP_BYTES);
    r->moved[i].start = seep_cursor_u32(&cursor);
    r->moved[i].value = seep_cursor_u32(&cursor);
    if (cursor.failed) {
      return corrupt(r, i * OMAP_BYTES, "its OMAP lies outside the file");
    }
  }
  seep_symbols__sort(r->moved, count);
  r->moved_count = count;
  return SEEP_OK;
}

static seep_status sort_homes(reading *r)
{
  r->homes = calloc(r->loaded.count + 1, sizeof *r->homes);
  if (r->homes == NULL) {
    return SEEP_NO_MEMORY;
  }
  for (size_t i = 0; i < r->loaded.count; i++) {
    const section *home = &r->loaded.items[i];
    r->homes[i].start = home->start;
    r->homes[i].end = clamp((uint64_t)home->start + home->bytes);
  }
  seep_symbols__sort(r->homes, r->loaded.count);
  return SEEP_OK;
}

static seep_status read_layout(reading *r)
{
  seep_msf_stream stream;
  if (!find_extra(r, EXTRA_SECTIONS, &stream)) {
    return corrupt(r, r->extra_at, "it has no section headers");
  }
  seep_status status = read_sections(r, &stream, &r->loaded);
  if (status != SEEP_OK || !find_extra(r, EXTRA_OMAP_FROM_SOURCE, &stream)) {
    return status;
  }
  status = read_moved(r, &stream);
  status = status == SEEP_OK ? sort_homes(r) : status;
  if (status != SEEP_OK) {
    return status;
  }
  if (!find_extra(r, EXTRA_ORIGINAL_SECTIONS, &stream)) {
    return corrupt(r, r->extra_at, "it has OMAP without the sections that it is about");
  }
  return read_sections(r, &stream, &r->original);
}

static seep_status add_moved(reading *r, uint64_t linked, seep_symbols_rank rank, const char *name,
                             size_t bytes)
{
  const seep_symbols_range *piece = seep_symbols__at(r->moved, r->moved_count, clamp(linked));
  if (piece == NULL || piece->value == 0) {
    return SEEP_OK;
  }
  uint64_t start = linked - piece->start + piece->value;
  const seep_symbols_range *home = seep_symbols__at(r->homes, r->loaded.count, clamp(start));
  if (home == NULL || start >= home->end) {
    return SEEP_OK;
  }
  return seep_symbols__add(r->symbols, (uint32_t)start, home->end, rank, name, bytes);
}

/* code_bytes 0: not known. What lies in no section (absolute symbols do) is left out. */
static seep_status add(reading *r, uint16_t segment, uint32_t offset, uint32_t code_bytes,
                       seep_symbols_rank rank, const char *name, size_t name_bytes)
{
  const sections *all = r->moved != NULL ? &r->original : &r->loaded;
  if (segment == 0 || segment > all->count || offset >= all->items[segment - 1].bytes) {
    return SEEP_OK;
  }
  const section *home = &all->items[segment - 1];
  uint64_t start = (uint64_t)home->start + offset;
  if (start >= UINT32_MAX) {
    return SEEP_OK;
  }
  if (r->moved != NULL) {
    return add_moved(r, start, rank, name, name_bytes);
  }
  uint32_t left = home->bytes - offset;
  uint32_t bytes = code_bytes != 0 && code_bytes < left ? code_bytes : left;
  return seep_symbols__add(r->symbols, (uint32_t)start, clamp(start + bytes), rank, name, name_bytes);
}

/* ---- records ---- */

static bool is_wanted(uint16_t kind, bool of_module)
{
  if (!of_module) {
    return kind == S_PUB32;
  }
  return kind == S_GPROC32 || kind == S_LPROC32 || kind == S_GPROC32_ID || kind == S_LPROC32_ID;
}

static seep_status add_public(reading *r, seep_cursor *record)
{
  uint32_t flags = seep_cursor_u32(record), offset = seep_cursor_u32(record);
  uint16_t segment = seep_cursor_u16(record);
  if (record->failed) {
    return corrupt(r, 0, "a public symbol is cut off");
  }
  size_t bytes = seep_cursor_left(record);
  return add(r, segment, offset, 0,
             (flags & PUBLIC_IS_FUNCTION) != 0 ? SEEP_SYMBOLS_PUBLIC : SEEP_SYMBOLS_OTHER,
             (const char *)seep_cursor_bytes(record, bytes), bytes);
}

static seep_status add_function(reading *r, seep_cursor *record)
{
  uint32_t code_bytes = seep_cursor_u32_at(record, 12), offset = seep_cursor_u32_at(record, 28);
  uint16_t segment = seep_cursor_u16_at(record, 32);
  seep_cursor_seek(record, 35);
  if (record->failed) {
    return corrupt(r, 0, "a function of a module is cut off");
  }
  size_t bytes = seep_cursor_left(record);
  return add(r, segment, offset, code_bytes, SEEP_SYMBOLS_FUNCTION,
             (const char *)seep_cursor_bytes(record, bytes), bytes);
}

static seep_status read_records(reading *r, const seep_msf_stream *stream, size_t from, size_t to,
                                bool of_module)
{
  seep_status status = SEEP_OK;
  for (size_t at = from; to - at >= 4 && status == SEEP_OK;) {
    seep_cursor cursor = cursor_at(r, stream, at, 4);
    size_t bytes = seep_cursor_u16(&cursor); /* without these two */
    uint16_t kind = seep_cursor_u16(&cursor);
    if (cursor.failed || bytes < 2 || bytes > to - at - 2) {
      return corrupt(r, at, "its symbols are cut off");
    }
    if (is_wanted(kind, of_module)) {
      cursor = cursor_at(r, stream, at + 4, bytes - 2);
      status = of_module ? add_function(r, &cursor) : add_public(r, &cursor);
    }
    at += bytes + 2;
  }
  return status;
}

static seep_status read_publics(reading *r)
{
  seep_msf_stream stream;
  if (r->record_stream == NO_STREAM) {
    return SEEP_OK;
  }
  if (!seep_msf_find(&r->msf, r->record_stream, &stream)) {
    return corrupt(r, 20, "its public symbols are not there");
  }
  return read_records(r, &stream, 0, stream.size, false);
}

/* ---- modules ---- */

static seep_status read_module(reading *r, uint16_t index, uint32_t bytes)
{
  seep_msf_stream stream;
  if (index == NO_STREAM || bytes < 4) {
    return SEEP_OK;
  }
  if (!seep_msf_find(&r->msf, index, &stream) || bytes > stream.size || bytes > r->module_bytes_left) {
    return corrupt(r, 0, "a module's symbols are not there");
  }
  r->module_bytes_left -= bytes;
  seep_cursor cursor = cursor_at(r, &stream, 0, 4);
  uint32_t kind = seep_cursor_u32(&cursor);
  if (cursor.failed) {
    return corrupt(r, 0, "a module's symbols are not there");
  }
  return kind == MODULE_SYMBOLS_C13 ? read_records(r, &stream, 4, bytes, true) : SEEP_OK;
}

/* Past a name and its 0; beyond `end` when it has none. */
static size_t after_name(reading *r, size_t at, size_t end)
{
  while (at < end) {
    size_t left = r->msf.block_bytes - at % r->msf.block_bytes;
    size_t bytes = left < end - at ? left : end - at;
    const uint8_t *part = seep_msf_bytes(&r->dbi, at, bytes, r->room);
    const uint8_t *terminator = part != NULL ? memchr(part, 0, bytes) : NULL;
    if (terminator != NULL) {
      return at + (size_t)(terminator - part) + 1;
    }
    at += bytes;
  }
  return end + 1;
}

static seep_status read_modules(reading *r)
{
  size_t at = DBI_HEADER_BYTES, end = at + r->modules_bytes;
  while (end - at >= MODULE_HEADER_BYTES) {
    seep_cursor cursor = cursor_at(r, &r->dbi, at, MODULE_HEADER_BYTES);
    uint16_t index = seep_cursor_u16_at(&cursor, 34);
    uint32_t bytes = seep_cursor_u32_at(&cursor, 36);
    if (cursor.failed) {
      return corrupt(r, at, "its list of modules (DBI) is cut off");
    }
    seep_status status = read_module(r, index, bytes);
    if (status != SEEP_OK) {
      return status;
    }
    at = after_name(r, at + MODULE_HEADER_BYTES, end);
    at = at <= end ? after_name(r, at, end) : at;
    if (at > end) {
      return corrupt(r, end, "its list of modules (DBI) is cut off");
    }
    size_t padding = (4 - at % 4) % 4; /* DBI's header keeps it aligned */
    at = padding < end - at ? at + padding : end;
  }
  return SEEP_OK;
}

static seep_status read_all(reading *r, const uint8_t *data, size_t size, const uint8_t guid[16],
                            uint32_t age)
{
  static seep_status (*const steps[])(reading * r) = {read_layout, read_publics, read_modules};
  seep_status status = seep_msf_open(&r->msf, data, size, r->error);
  status = status == SEEP_OK ? read_dbi(r) : status;
  status = status == SEEP_OK ? check_identity(r, guid, age) : status;
  for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == SEEP_OK; i++) {
    status = steps[i](r);
  }
  return status;
}

seep_status seep_pdb_read(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                          seep_symbols *symbols, seep_error *error)
{
  reading *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return SEEP_NO_MEMORY;
  }
  r->symbols = symbols;
  r->error = error;
  r->module_bytes_left = size;
  seep_status status = read_all(r, data, size, guid, age);
  seep_msf_close(&r->msf);
  free(r->loaded.items);
  free(r->original.items);
  free(r->moved);
  free(r->homes);
  free(r);
  return status;
}
