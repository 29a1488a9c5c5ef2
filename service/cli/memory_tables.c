#include "memory_tables.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/saturate.h"
#include "base/text.h"
#include "memory_address.h"
#include "output.h"
#include "report/human.h"

#define NUMBER_SIZE 40
#define NAMED_ROWS 3u /* of private memory; the tables have them all */

/* ---- words and numbers ---- */

/* "1,234,567". Returns out. */
static const char *grouped(uint64_t value, char out[NUMBER_SIZE])
{
  char digits[24];
  seep_writer writer;
  int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
  seep_writer_init(&writer, out, NUMBER_SIZE);
  for (int i = 0; i < length; i++) {
    seep_writer_text(&writer, i > 0 && (length - i) % 3 == 0 ? "," : "");
    seep_writer_bytes(&writer, &digits[i], 1);
  }
  return out;
}

/* Whole KB with the sign, "+1,024" or "-4". */
static const char *change(int64_t bytes, char out[NUMBER_SIZE])
{
  char digits[NUMBER_SIZE - 1];
  uint64_t size = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
  char number[NUMBER_SIZE];
  seep_text_copy(digits, sizeof digits, grouped(size / 1024, number));
  snprintf(out, NUMBER_SIZE, "%s%s", size < 1024 ? "" : (bytes < 0 ? "-" : "+"), digits);
  return out;
}

static const char *moment_of(uint32_t unix_s, char out[SEEP_MEMORY_MOMENT_SIZE])
{
  return seep_memory_look_moment(seep_memory_look_wall(unix_s), out);
}

static const char *architecture(uint16_t number)
{
  switch (number) {
  case 0:
    return "x86";
  case 9:
    return "x64";
  case 12:
    return "ARM64";
  default:
    return "another architecture";
  }
}

/* ---- what it is ---- */

/* Each process has one at least. */
static const char *threads_text(uint32_t threads, char out[NUMBER_SIZE])
{
  snprintf(out, NUMBER_SIZE, "%" PRIu32, threads);
  return threads != 0 ? out : "not known";
}

static void print_dump(const seep_memory_look *look)
{
  const seep_minidump *dump = &look->dump;
  char path[SEEP_OUTPUT_NAME_SIZE], text[SEEP_MEMORY_MOMENT_SIZE], bytes[SEEP_HUMAN_SIZE],
      part[SEEP_HUMAN_SIZE], number[NUMBER_SIZE];
  printf("Dump %s\n", seep_output_presentable(look->path, true, path, sizeof path));
  if (dump->pid != 0) {
    printf("  process    PID %" PRIu32 ", started %s\n", dump->pid, moment_of(dump->created_s, text));
  } else {
    puts("  process    PID and creation time are not in this dump");
  }
  if (dump->system_known) {
    printf("  system     Windows %" PRIu32 ".%" PRIu32 " build %" PRIu32 ", %s\n", dump->os_major,
           dump->os_minor, dump->os_build, architecture(dump->architecture));
  } else {
    puts("  system     not in this dump");
  }
  printf("  written    %s, %s\n", moment_of(dump->time_s, text),
         seep_human_bytes(look->mapping.size_bytes, bytes, sizeof bytes));
  printf("  contents   %s of memory in %" PRIu64 " ranges",
         seep_human_bytes(dump->bytes_in_file, bytes, sizeof bytes), dump->listed_ranges);
  if (dump->bytes_in_file < dump->listed_bytes) {
    printf(", of %s that were to be in it", seep_human_bytes(dump->listed_bytes, part, sizeof part));
  }
  printf("\n  threads    %s, modules %" PRIu32 "\n", threads_text(dump->threads, number), dump->modules);
}

static void print_process(const seep_memory_look *look)
{
  char image[SEEP_MEMORY_NAME_SIZE], text[SEEP_MEMORY_MOMENT_SIZE], number[NUMBER_SIZE];
  printf("Process %" PRIu32 "  %s, started %s\n", look->pid,
         look->image[0] != '\0' ? seep_output_presentable(look->image, true, image, sizeof image)
                                : "name not known",
         seep_memory_look_moment(look->created, text));
  printf("  threads    %s\n", threads_text(look->inventory.threads, number));
}

static void print_runtimes(const seep_inventory *inventory)
{
  bool any = false;
  fputs("  runtimes   ", stdout);
  for (unsigned i = 0; i < SEEP_MEMORY_RUNTIMES; i++) {
    const char *name = seep_memory_look_runtime(inventory, i);
    if (name != NULL) {
      printf("%s%s", any ? ", " : "", name);
      any = true;
    }
  }
  puts(any ? "" : (inventory->modules_known ? "none" : "not known"));
}

static void print_subject(const seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  char bytes[SEEP_HUMAN_SIZE];
  if (look->path != NULL) {
    print_dump(look);
  } else {
    print_process(look);
  }
  printf("  view       %s-bit%s\n", inventory->pointer_bytes == 4 ? "32" : "64",
         inventory->wow64 ? " of a 32-bit process, both parts looked at" : "");
  print_runtimes(inventory);
  if (inventory->commit_bytes != 0) {
    printf("  commit     %s of private memory by Windows' own count\n",
           seep_human_bytes(inventory->commit_bytes, bytes, sizeof bytes));
  }
}

/* ---- the answer ---- */

typedef struct share {
  seep_usage_row row;
  uint64_t bytes;
} share;

/* The largest first; those of less than half a percent are left out. How many. */
static size_t largest_shares(const seep_usage *usage, share out[NAMED_ROWS], uint64_t *all_bytes)
{
  share rows[SEEP_USAGE_ROWS];
  size_t count = 0;
  *all_bytes = 0;
  for (int i = 0; i < SEEP_USAGE_ROWS; i++) {
    seep_usage_sum sum;
    seep_usage_row_sum(usage, (seep_usage_row)i, &sum);
    *all_bytes = seep_saturate_add(*all_bytes, sum.private_bytes);
    size_t place = (size_t)i;
    for (; place > 0 && rows[place - 1].bytes < sum.private_bytes; place--) {
      rows[place] = rows[place - 1];
    }
    rows[place] = (share){(seep_usage_row)i, sum.private_bytes};
  }
  while (count < NAMED_ROWS && rows[count].bytes > 0 && rows[count].bytes >= *all_bytes / 200) {
    out[count] = rows[count];
    count++;
  }
  return count;
}

static void print_shares(const seep_inventory *inventory)
{
  char number[NUMBER_SIZE];
  share shares[NAMED_ROWS];
  uint64_t all_bytes = 0;
  size_t count = largest_shares(&inventory->usage, shares, &all_bytes);
  fputs(count > 0 ? "\nPrivate memory: " : "\nPrivate memory: none is known", stdout);
  for (size_t i = 0; i < count; i++) {
    printf("%s%s %s KB (%.0f percent)", i > 0 ? ", " : "", seep_usage_row_text(shares[i].row),
           grouped(shares[i].bytes / 1024, number), 100.0 * (double)shares[i].bytes / (double)all_bytes);
  }
  puts(inventory->heaps_known ? "" : "; not every heap could be read");
}

static void print_verdict(const seep_growth_kind_verdict *verdict)
{
  char sure[SEEP_HUMAN_SURE_SIZE];
  printf("\n%s: %s\n",
         seep_human_sure(seep_memory_kind_text(verdict->kind), verdict->confidence, sure, sizeof sure),
         verdict->reason);
}

static void print_answer(const seep_memory_look *look, const seep_memory_since *since)
{
  if (since != NULL) {
    print_verdict(&since->verdict);
    return;
  }
  if (look->inventory.regions_known) {
    print_shares(&look->inventory);
  } else {
    puts("\nPrivate memory: not known, as there is no list of regions");
  }
  puts("One look tells what there is, not what grows.");
}

/* ---- VMMap's table ---- */

static void print_vmmap_row(const char *name, const seep_usage_sum *sum)
{
  char committed[NUMBER_SIZE], known[NUMBER_SIZE], private_part[NUMBER_SIZE + 1], total[NUMBER_SIZE];
  bool unknown = sum->private_bytes_unknown && sum->private_bytes == 0;
  snprintf(private_part, sizeof private_part, "%s%s",
           unknown ? "?" : grouped(sum->private_bytes / 1024, known),
           sum->private_bytes_unknown && !unknown ? "+" : "");
  printf("%-23s %17s %17s %17s %8" PRIu64 " %11" PRIu64 "\n", name,
         grouped(sum->committed_bytes / 1024, committed), private_part,
         grouped(sum->total_bytes / 1024, total), sum->regions, sum->allocations);
}

static void print_vmmap(const seep_usage *usage)
{
  char total[NUMBER_SIZE];
  seep_usage_sum all = {0};
  printf("\n%-23s %17s %17s %17s %8s %11s\n", "VMMap's rows, KB", "committed", "private", "total", "regions",
         "allocations");
  for (int i = 0; i < SEEP_USAGE_ROWS; i++) {
    seep_usage_sum sum;
    seep_usage_row_sum(usage, (seep_usage_row)i, &sum);
    if (i != SEEP_USAGE_ROW_STRANGE || sum.regions > 0) {
      print_vmmap_row(seep_usage_row_text((seep_usage_row)i), &sum);
    }
    all.allocations = seep_saturate_add(all.allocations, sum.allocations);
    all.regions = seep_saturate_add(all.regions, sum.regions);
    all.total_bytes = seep_saturate_add(all.total_bytes, sum.total_bytes);
    all.committed_bytes = seep_saturate_add(all.committed_bytes, sum.committed_bytes);
    all.private_bytes = seep_saturate_add(all.private_bytes, sum.private_bytes);
    all.private_bytes_unknown = all.private_bytes_unknown || sum.private_bytes_unknown;
  }
  print_vmmap_row("Total", &all);
  printf("%-23s %17s %17s %17s %8" PRIu64 "\n", "Free", "", "", grouped(usage->free_bytes / 1024, total),
         usage->free_regions);
}

/* ---- heaps ---- */

/* An NT heap counts its large blocks apart. Whether a segment heap does so too is not known. */
static uint64_t counted_bytes(const seep_heap *heap)
{
  return heap->form == SEEP_HEAP_SEGMENT
             ? heap->counted_committed_bytes
             : seep_saturate_add(heap->counted_committed_bytes, heap->counted_large_committed_bytes);
}

static void print_heap(const seep_heap *heap)
{
  char large[NUMBER_SIZE], counted[NUMBER_SIZE], form[64];
  snprintf(form, sizeof form, "%s%s%s", seep_heap_form_text(heap->form), heap->layout[0] != '\0' ? ", " : "",
           heap->layout);
  printf("  0x%-16" PRIx64 " %4u  %-34s %8" PRIu64 " %8" PRIu64 " %14s %14s", heap->address,
         heap->pointer_bytes * 8, form, heap->segments, heap->large_blocks,
         grouped(heap->large_block_bytes / 1024, large),
         heap->counters_known ? grouped(counted_bytes(heap) / 1024, counted) : "-");
  if (heap->front_end != 0) {
    printf("  0x%" PRIx64, heap->front_end);
  }
  putchar('\n');
  if (!heap->complete) {
    printf("    not complete: %s\n", heap->problem != NULL ? heap->problem : "not every list could be read");
  }
}

static void print_heap_count(const seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  const uint32_t read = inventory->heaps - inventory->heaps_unread;
  uint32_t count = 0;
  if (look->detail.peb_count == 0) {
    puts("\nHeaps: not known");
  } else if (inventory->heaps_known && inventory->heaps_unread == 0) {
    printf("\nHeaps: %" PRIu32 ", all read to their end\n", inventory->heaps);
  } else if (seep_memory_look_heaps(look, &count)) {
    printf("\nHeaps: %" PRIu32 " by the PEB, %" PRIu32 " read\n", count, read);
  } else {
    printf("\nHeaps: an impossible number by the PEB, %" PRIu32 " read\n", read);
  }
  if (inventory->problem != NULL) {
    printf("  not all known: %s\n", inventory->problem);
  }
}

static void print_heaps(const seep_memory_look *look)
{
  const seep_inventory_detail *detail = &look->detail;
  const seep_inventory *inventory = &look->inventory;
  print_heap_count(look);
  if (detail->heap_count > 0) {
    printf("  %-18s %4s  %-34s %8s %8s %14s %14s  %s\n", "address", "bits", "form", "segments", "large",
           "KB in large", "KB it counts", "front end");
  }
  for (size_t i = 0; i < detail->heap_count; i++) {
    print_heap(&detail->heaps[i]);
  }
  if (detail->heap_count < inventory->heaps) {
    printf("  and %" PRIu32 " more\n", inventory->heaps - (uint32_t)detail->heap_count);
  }
}

/* ---- what is missing, what grew ---- */

static void print_lacks(const seep_memory_look *look)
{
  if (look->lack_count > 0) {
    puts("\nMissing");
  }
  for (size_t i = 0; i < look->lack_count; i++) {
    printf("  - %s\n", look->lacks[i]);
  }
}

static void print_since(const seep_memory_look *look, const seep_memory_since *since)
{
  const seep_minidump *older = &since->older->dump;
  const seep_growth_kind_verdict *verdict = &since->verdict;
  char path[SEEP_OUTPUT_NAME_SIZE], text[SEEP_MEMORY_MOMENT_SIZE], between[SEEP_HUMAN_SIZE],
      number[NUMBER_SIZE], from[SEEP_HUMAN_SIZE], to[SEEP_HUMAN_SIZE];
  printf("\nGrown since %s", seep_output_presentable(since->older->path, true, path, sizeof path));
  if (older->time_s != 0 && look->dump.time_s != 0) {
    int64_t ms = ((int64_t)look->dump.time_s - (int64_t)older->time_s) * SEEP_MS_PER_SECOND;
    printf(" of %s, %s before", moment_of(older->time_s, text),
           seep_human_duration(ms, between, sizeof between));
  }
  putchar('\n');
  if (!since->is_measured) {
    puts("  By how much is not known: the two looks cannot be compared.");
    return;
  }
  if (verdict->size_to > 0) {
    printf("  mostly in allocations of %s to %s\n", seep_human_bytes(verdict->size_from, from, sizeof from),
           seep_human_bytes(verdict->size_to, to, sizeof to));
  }
  printf("  %-23s %17s\n", "committed, KB", "grown by");
  for (int i = 0; i < SEEP_USAGE_ROWS; i++) {
    if (i != SEEP_USAGE_ROW_STRANGE || verdict->rows_grown_bytes[i] != 0) {
      printf("  %-23s %17s\n", seep_usage_row_text((seep_usage_row)i),
             change(verdict->rows_grown_bytes[i], number));
    }
  }
}

/* A look that misses something is nothing to compare with. */
static void print_advice(const seep_memory_look *look, const seep_memory_since *since)
{
  const bool is_whole =
      seep_memory_look_is_whole(look) && (since == NULL || seep_memory_look_is_whole(since->older));
  if (since != NULL && (is_whole || since->verdict.kind != SEEP_MEMORY_UNDETERMINED)) {
    return;
  }
  if (is_whole && look->path != NULL) {
    puts("\nTake a second dump when the process has grown, then: seepwatch memory --dump NEWER --since THIS");
  } else {
    puts("\nTake two dumps with procdump -ma, some growth apart, then: seepwatch memory --dump NEWER --since "
         "OLDER");
  }
}

void seep_memory_tables(const seep_memory_look *look, const seep_memory_since *since)
{
  const seep_inventory *inventory = &look->inventory;
  print_subject(look);
  print_answer(look, since);
  if (since != NULL) {
    print_since(look, since);
  }
  if (inventory->regions_known) {
    print_vmmap(&inventory->usage);
    seep_memory_address(&inventory->usage, inventory->pointer_bytes);
  } else {
    puts("\nNo tables: without a list of its regions a process's memory cannot be summed up.");
  }
  print_heaps(look);
  print_lacks(look);
  print_advice(look, since);
}
