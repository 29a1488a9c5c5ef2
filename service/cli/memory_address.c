#include "memory_address.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "base/text.h"

/* As public listings of current WinDbg versions have them, 32-bit targets without backticks. */
#define NAME_COLUMNS 35
#define COUNT_COLUMNS 8
#define BASE_COLUMNS 17
#define SIZE_COLUMNS 18

#define ROWS 20 /* more than any of the tables has */

typedef struct row {
  char name[SEEP_MEMORY_ADDRESS_PROTECT_SIZE];
  uint64_t regions, bytes, base;
  bool free; /* no part of what is busy */
  size_t order;
} row;

typedef struct table {
  row rows[ROWS];
  size_t count;
  unsigned pointer_bytes;
  uint64_t busy_bytes, total_bytes;
} table;

/* ---- numbers ---- */

/* "0`01b60000" or, of a 32-bit process, "1b60000". */
static const char *address(uint64_t value, unsigned pointer_bytes, char *out, size_t out_size)
{
  if (pointer_bytes == 8) {
    snprintf(out, out_size, "%" PRIx32 "`%08" PRIx32, (uint32_t)(value >> 32), (uint32_t)value);
  } else {
    snprintf(out, out_size, "%" PRIx64, value);
  }
  return out;
}

/* "  27.375 MB". In whole thousandths, ties to even as WinDbg has them: C libraries disagree on ties. */
static const char *size_text(uint64_t bytes, char *out, size_t out_size)
{
  static const char *const units[] = {"kB", "MB", "GB", "TB"};
  unsigned unit = 0;
  while (unit + 1 < sizeof units / sizeof units[0] && bytes >> (20 + 10 * unit) != 0) {
    unit++;
  }
  const unsigned shift = 10 + 10 * unit;
  const uint64_t mask = (UINT64_C(1) << shift) - 1, half = UINT64_C(1) << (shift - 1);
  uint64_t fraction = (bytes & mask) * 1000;
  uint64_t thousandths = (bytes >> shift) * 1000 + (fraction >> shift);
  uint64_t rest = fraction & mask;
  if (rest > half || (rest == half && (thousandths & 1) != 0)) {
    thousandths++;
  }
  snprintf(out, out_size, "%4" PRIu64 ".%03u %s", thousandths / 1000, (unsigned)(thousandths % 1000),
           units[unit]);
  return out;
}

static void print_percent(uint64_t part, uint64_t whole, unsigned columns)
{
  char text[24];
  double share = whole == 0 ? 0.0 : (double)part / (double)whole;
  unsigned hundredths = (unsigned)(share * 10000.0 + 0.5);
  snprintf(text, sizeof text, "%u.%02u%%", hundredths / 100, hundredths % 100);
  printf("%*s", (int)columns, text);
}

static void name_protect(uint32_t protect, char *out, size_t out_size)
{
  static const struct {
    uint32_t bit;
    const char *name;
  } names[] = {
      {0x01, "PAGE_NOACCESS"},          {0x02, "PAGE_READONLY"},          {0x04, "PAGE_READWRITE"},
      {0x08, "PAGE_WRITECOPY"},         {0x10, "PAGE_EXECUTE"},           {0x20, "PAGE_EXECUTE_READ"},
      {0x40, "PAGE_EXECUTE_READWRITE"}, {0x80, "PAGE_EXECUTE_WRITECOPY"}, {0x100, "PAGE_GUARD"},
      {0x200, "PAGE_NOCACHE"},          {0x400, "PAGE_WRITECOMBINE"}};
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if ((protect & names[i].bit) != 0) {
      seep_writer_text(&writer, writer.length > 0 ? "|" : "");
      seep_writer_text(&writer, names[i].name);
      protect &= ~names[i].bit;
    }
  }
  if (protect != 0 || writer.length == 0) {
    seep_writer_format(&writer, "%s0x%" PRIx32, writer.length > 0 ? "|" : "", protect);
  }
}

const char *seep_memory_address_protect(const seep_usage *usage, size_t index,
                                        char out[SEEP_MEMORY_ADDRESS_PROTECT_SIZE])
{
  if (index >= usage->protect_count || index >= SEEP_USAGE_PROTECTS) {
    return NULL;
  }
  if (usage->protects_collected && index + 1 == usage->protect_count) {
    seep_text_copy(out, SEEP_MEMORY_ADDRESS_PROTECT_SIZE, "others");
  } else {
    name_protect(usage->protects[index].protect, out, SEEP_MEMORY_ADDRESS_PROTECT_SIZE);
  }
  return out;
}

const char *seep_memory_address_type(unsigned index)
{
  static const char *const names[SEEP_MEMORY_ADDRESS_TYPES] = {"MEM_PRIVATE", "MEM_MAPPED", "MEM_IMAGE"};
  return names[index];
}

/* ---- rows ---- */

static void add(table *t, const char *name, uint64_t regions, uint64_t bytes, uint64_t base, bool is_free)
{
  if (regions == 0 || t->count == ROWS) {
    return;
  }
  row *r = &t->rows[t->count];
  seep_text_copy(r->name, sizeof r->name, name);
  r->regions = regions;
  r->bytes = bytes;
  r->base = base;
  r->free = is_free;
  r->order = t->count++;
}

/* The largest first. */
static int compare(const void *a, const void *b)
{
  const row *first = a, *second = b;
  if (first->bytes != second->bytes) {
    return first->bytes < second->bytes ? 1 : -1;
  }
  return first->order < second->order ? -1 : 1;
}

static void print_name(const char *name)
{
  printf("%-*s", NAME_COLUMNS, name);
}

static void print_size(const table *t, uint64_t bytes)
{
  char digits[32], size[32];
  printf("%*s (%s)", SIZE_COLUMNS, address(bytes, t->pointer_bytes, digits, sizeof digits),
         size_text(bytes, size, sizeof size));
}

/* Prints the rows, the largest first, and empties the table. */
static void print(table *t, const char *heading)
{
  printf("\n%s RgnCount ----------- Total Size -------- %%ofBusy %%ofTotal\n", heading);
  qsort(t->rows, t->count, sizeof t->rows[0], compare);
  for (size_t i = 0; i < t->count; i++) {
    const row *r = &t->rows[i];
    print_name(r->name);
    printf("%*" PRIu64, COUNT_COLUMNS, r->regions);
    print_size(t, r->bytes);
    if (r->free) {
      printf("%8s", "");
    } else {
      print_percent(r->bytes, t->busy_bytes, 8);
    }
    print_percent(r->bytes, t->total_bytes, 9);
    putchar('\n');
  }
  t->count = 0;
}

static void print_largest(table *t, const seep_usage *usage)
{
  char digits[32];
  puts("\n--- Largest Region by Usage ----------- Base Address -------- Region Size ----------");
  for (int i = 0; i < SEEP_USAGE_ADDRESS_ROWS; i++) {
    uint64_t base = 0, bytes = 0;
    seep_usage_address_largest(usage, (seep_usage_address)i, &base, &bytes);
    add(t, seep_usage_address_text((seep_usage_address)i), bytes > 0 ? 1 : 0, bytes, base, false);
  }
  qsort(t->rows, t->count, sizeof t->rows[0], compare);
  for (size_t i = 0; i < t->count; i++) {
    const row *r = &t->rows[i];
    print_name(r->name);
    printf("%*s", BASE_COLUMNS, address(r->base, t->pointer_bytes, digits, sizeof digits));
    print_size(t, r->bytes);
    putchar('\n');
  }
  t->count = 0;
}

/* ---- tables ---- */

static void print_usage(table *t, const seep_usage *usage)
{
  add(t, "Free", usage->free_regions, usage->free_bytes, 0, true);
  for (int i = 0; i < SEEP_USAGE_ADDRESS_ROWS; i++) {
    seep_usage_sum sum;
    seep_usage_address_sum(usage, (seep_usage_address)i, &sum);
    add(t, seep_usage_address_text((seep_usage_address)i), sum.regions, sum.total_bytes, 0, false);
  }
  print(t, "--- Usage Summary ----------------");
}

static void print_types(table *t, const seep_usage *usage)
{
  for (unsigned i = 0; i < SEEP_MEMORY_ADDRESS_TYPES; i++) {
    add(t, seep_memory_address_type(i), usage->types[i].regions, usage->types[i].total_bytes, 0, false);
  }
  print(t, "--- Type Summary (for busy) ------");
}

static void print_states(table *t, const seep_usage *usage)
{
  add(t, "MEM_FREE", usage->free_regions, usage->free_bytes, 0, true);
  add(t, "MEM_RESERVE", usage->reserve.regions, usage->reserve.total_bytes, 0, false);
  add(t, "MEM_COMMIT", usage->commit.regions, usage->commit.total_bytes, 0, false);
  print(t, "--- State Summary ----------------");
}

static void print_protects(table *t, const seep_usage *usage)
{
  char name[SEEP_MEMORY_ADDRESS_PROTECT_SIZE];
  for (size_t i = 0; seep_memory_address_protect(usage, i, name) != NULL; i++) {
    add(t, name, usage->protects[i].regions, usage->protects[i].bytes, 0, false);
  }
  print(t, "--- Protect Summary (for commit) -");
}

void seep_memory_address(const seep_usage *usage, unsigned pointer_bytes)
{
  table t = {.count = 0, .pointer_bytes = pointer_bytes};
  for (int i = 0; i < SEEP_USAGE_ADDRESS_ROWS; i++) {
    seep_usage_sum sum;
    seep_usage_address_sum(usage, (seep_usage_address)i, &sum);
    t.busy_bytes = seep_saturate_add(t.busy_bytes, sum.total_bytes);
  }
  t.total_bytes = seep_saturate_add(t.busy_bytes, usage->free_bytes);
  print_usage(&t, usage);
  print_types(&t, usage);
  print_states(&t, usage);
  print_protects(&t, usage);
  print_largest(&t, usage);
}
