/*
 * What the readers of the three kinds of files share: one sorted array of symbols with all names in one piece
 * of memory, the look-up in it, and the names of files on symbol servers.
 */
#include "trace/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sort.h"
#include "base/text.h"
#include "trace/breakpad.h"
#include "trace/pdb.h"
#include "trace/pe_exports.h"
#include "trace/symbols_internal.h"

/* ---- gathering ---- */

static seep_status keep_name(seep_symbols *symbols, const char *name, size_t bytes, uint32_t *place)
{
  if (symbols->names_bytes + bytes + 1 > SEEP_SYMBOLS_MAXIMUM_NAME_BYTES) {
    return SEEP_LIMIT;
  }
  void *names = symbols->names;
  bool has_room =
      seep_array_reserve(&names, &symbols->names_capacity, symbols->names_bytes + bytes + 1, sizeof(char));
  symbols->names = names;
  if (!has_room) {
    return SEEP_NO_MEMORY;
  }
  *place = (uint32_t)symbols->names_bytes;
  memcpy(symbols->names + symbols->names_bytes, name, bytes);
  symbols->names[symbols->names_bytes + bytes] = '\0';
  symbols->names_bytes += bytes + 1;
  return SEEP_OK;
}

seep_status seep_symbols__add(seep_symbols *symbols, uint32_t start, uint32_t end, seep_symbols_rank rank,
                              const char *name, size_t name_bytes)
{
  const char *terminator = name_bytes > 0 ? memchr(name, '\0', name_bytes) : NULL;
  size_t bytes = terminator != NULL ? (size_t)(terminator - name) : name_bytes;
  if (bytes == 0) {
    return SEEP_OK;
  }
  if (bytes > SEEP_SYMBOLS_MAXIMUM_NAME - 1) {
    bytes = seep_text_valid_prefix(name, SEEP_SYMBOLS_MAXIMUM_NAME - 1);
    bytes = bytes > SEEP_SYMBOLS_MAXIMUM_NAME - 4 ? bytes : SEEP_SYMBOLS_MAXIMUM_NAME - 1;
  }
  if (symbols->count >= SEEP_SYMBOLS_MAXIMUM) {
    return SEEP_LIMIT;
  }
  uint32_t place = 0;
  seep_status status = keep_name(symbols, name, bytes, &place);
  if (status != SEEP_OK) {
    return status;
  }
  void *entries = symbols->entries;
  bool has_room =
      seep_array_reserve(&entries, &symbols->capacity, symbols->count + 1, sizeof *symbols->entries);
  symbols->entries = entries;
  if (!has_room) {
    return SEEP_NO_MEMORY;
  }
  symbols->entries[symbols->count++] =
      (seep_symbols_range){.start = start, .end = end, .value = place, .rank = (uint32_t)rank};
  return SEEP_OK;
}

static bool is_before(const void *left, const void *right)
{
  const seep_symbols_range *a = left, *b = right;
  if (a->start != b->start) {
    return a->start < b->start;
  }
  return a->rank != b->rank ? a->rank > b->rank : a->value < b->value;
}

void seep_symbols__sort(seep_symbols_range *ranges, size_t count)
{
  seep_sort(ranges, count, sizeof *ranges, is_before);
}

static void sort_and_join(seep_symbols *symbols)
{
  size_t kept = 0;
  seep_symbols__sort(symbols->functions, symbols->function_count);
  seep_symbols__sort(symbols->entries, symbols->count);
  for (size_t i = 0; i < symbols->count; i++) {
    if (kept == 0 || symbols->entries[kept - 1].start != symbols->entries[i].start) {
      symbols->entries[kept++] = symbols->entries[i];
    }
  }
  symbols->count = kept;
}

/* ---- the three kinds ---- */

static seep_status finish(seep_status status, seep_symbols *symbols, seep_symbols **out, seep_error *error)
{
  if (status == SEEP_OK) {
    sort_and_join(symbols);
    *out = symbols;
    return SEEP_OK;
  }
  seep_symbols_free(symbols);
  if (status == SEEP_NO_MEMORY) {
    return seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "malloc", NULL);
  }
  if (status == SEEP_LIMIT) {
    return seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "read symbols",
                          "more symbols than can be held");
  }
  return status;
}

seep_status seep_symbols_from_pdb(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                                  seep_symbols **symbols, seep_error *error)
{
  *symbols = NULL;
  seep_symbols *made = calloc(1, sizeof *made);
  return finish(made != NULL ? seep_pdb_read(data, size, guid, age, made, error) : SEEP_NO_MEMORY, made,
                symbols, error);
}

seep_status seep_symbols_from_breakpad(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                                       seep_symbols **symbols, seep_error *error)
{
  *symbols = NULL;
  seep_symbols *made = calloc(1, sizeof *made);
  return finish(made != NULL ? seep_breakpad_read(data, size, guid, age, made, error) : SEEP_NO_MEMORY, made,
                symbols, error);
}

seep_status seep_symbols_from_pe(const uint8_t *data, size_t size, uint32_t timestamp, uint64_t image_size,
                                 seep_symbols **symbols, seep_error *error)
{
  *symbols = NULL;
  if (timestamp == 0 && image_size == 0) {
    return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, 0, "read symbols",
                          "nothing is known to tell one build of the module from another");
  }
  seep_symbols *made = calloc(1, sizeof *made);
  return finish(made != NULL ? seep_pe_exports_read(data, size, timestamp, image_size, made, error)
                             : SEEP_NO_MEMORY,
                made, symbols, error);
}

void seep_symbols_free(seep_symbols *symbols)
{
  if (symbols != NULL) {
    free(symbols->entries);
    free(symbols->names);
    free(symbols->functions);
    free(symbols);
  }
}

size_t seep_symbols_count(const seep_symbols *symbols)
{
  return symbols->count;
}

/* ---- looking up ---- */

const seep_symbols_range *seep_symbols__at(const seep_symbols_range *ranges, size_t count, uint32_t offset)
{
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (ranges[middle].start <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low > 0 ? &ranges[low - 1] : NULL;
}

static const seep_symbols_range *find_entry(const seep_symbols *symbols, uint32_t offset)
{
  const seep_symbols_range *found = seep_symbols__at(symbols->entries, symbols->count, offset);
  return found != NULL && (found->end == 0 || offset < found->end) ? found : NULL;
}

bool seep_symbols_find(const seep_symbols *symbols, uint64_t offset_in_module, seep_symbol *symbol)
{
  if (offset_in_module >= UINT32_MAX) {
    return false;
  }
  uint32_t offset = (uint32_t)offset_in_module;
  bool is_guess = false;
  const seep_symbols_range *found =
      symbols->are_exports ? seep_pe_exports_find(symbols, offset, &is_guess) : find_entry(symbols, offset);
  if (found == NULL) {
    return false;
  }
  *symbol = (seep_symbol){
      .name = symbols->names + found->value, .offset = offset - found->start, .is_guess = is_guess};
  return true;
}

/* ---- keys ---- */

static bool is_port(const char *stem)
{
  static const char *const kinds[] = {"COM", "LPT"};
  /* Those above the line too (U+00B9, U+00B2, U+00B3). */
  static const char *const digits[] = {"0", "1", "2", "3",        "4",        "5",       "6",
                                       "7", "8", "9", "\xC2\xB9", "\xC2\xB2", "\xC2\xB3"};
  for (size_t i = 0; i < 2 * (sizeof digits / sizeof digits[0]); i++) {
    char port[8];
    (void)snprintf(port, sizeof port, "%s%s", kinds[i % 2], digits[i / 2]);
    if (seep_text_equal_ignoring_case(stem, port)) {
      return true;
    }
  }
  return false;
}

/* Windows looks at the name up to its first dot, without the blanks before that. */
static bool is_device(const char *name)
{
  static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
  char stem[8];
  size_t length = strcspn(name, ".");
  while (length > 0 && name[length - 1] == ' ') {
    length--;
  }
  if (length >= sizeof stem) {
    return false;
  }
  memcpy(stem, name, length);
  stem[length] = '\0';
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
    if (seep_text_equal_ignoring_case(stem, devices[i])) {
      return true;
    }
  }
  return is_port(stem);
}

/* Windows drops dots and blanks at the end, so that ".. " might come to mean "..". */
bool seep_symbols_is_file_name(const char *name)
{
  size_t length = strlen(name);
  if (length == 0 || name[length - 1] == '.' || name[length - 1] == ' ') {
    return false;
  }
  for (const char *c = name; *c != '\0'; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7F || strchr("/\\:*?\"<>|", *c) != NULL) {
      return false;
    }
  }
  return !is_device(name);
}

static bool keep_key(seep_writer *writer, bool is_good)
{
  if ((!is_good || writer->cut) && writer->size > 0) {
    writer->data[0] = '\0';
  }
  return is_good && !writer->cut;
}

/* Like servers do: numbers of the GUID as such, then its bytes, then the age. */
static void write_identity(seep_writer *writer, const uint8_t guid[16], uint32_t age)
{
  static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t i = 0; i < sizeof order; i++) {
    seep_writer_format(writer, "%02X", (unsigned)guid[order[i]]);
  }
  seep_writer_format(writer, "%X", (unsigned)age);
}

bool seep_symbols_pdb_key(const char *pdb_name, const uint8_t guid[16], uint32_t age, char *out,
                          size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (!seep_symbols_is_file_name(pdb_name)) {
    return keep_key(&writer, false);
  }
  seep_writer_format(&writer, "%s/", pdb_name);
  write_identity(&writer, guid, age);
  seep_writer_format(&writer, "/%s", pdb_name);
  return keep_key(&writer, true);
}

bool seep_symbols_breakpad_key(const char *pdb_name, const uint8_t guid[16], uint32_t age, char *out,
                               size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  size_t length = strlen(pdb_name);
  if (!seep_symbols_is_file_name(pdb_name)) {
    return keep_key(&writer, false);
  }
  /* ".pdb" gives way to ".sym"; of any other name nothing does. */
  size_t stem =
      length > 4 && seep_text_equal_ignoring_case(pdb_name + length - 4, ".pdb") ? length - 4 : length;
  seep_writer_format(&writer, "%s/", pdb_name);
  write_identity(&writer, guid, age);
  seep_writer_text(&writer, "/");
  seep_writer_bytes(&writer, pdb_name, stem);
  seep_writer_text(&writer, ".sym");
  return keep_key(&writer, true);
}

bool seep_symbols_pe_key(const char *name, uint32_t timestamp, uint64_t image_size, char *out,
                         size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (!seep_symbols_is_file_name(name) || timestamp == 0 || image_size == 0 || image_size > UINT32_MAX) {
    return keep_key(&writer, false);
  }
  seep_writer_format(&writer, "%s/%08X%x/%s", name, (unsigned)timestamp, (unsigned)image_size, name);
  return keep_key(&writer, true);
}
