#include "memory_tables.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "memory_address.h"
#include "output.h"
#include "report/human.h"

#define NUMBER_SIZE 40
#define MOMENT_SIZE 32

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

static const char *moment(uint32_t unix_s, char out[MOMENT_SIZE])
{
  char text[SEEP_WALL_TEXT_SIZE];
  if (unix_s == 0) {
    return "not known";
  }
  (void)seep_wall_text((seep_wall){(int64_t)unix_s * SEEP_MS_PER_SECOND}, text, sizeof text);
  snprintf(out, MOMENT_SIZE, "%.19sZ", text);
  return out;
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

static void print_dump(const seep_memory_look *look)
{
  const seep_minidump *dump = &look->dump;
  char path[SEEP_OUTPUT_NAME_SIZE], text[MOMENT_SIZE], bytes[SEEP_HUMAN_SIZE], part[SEEP_HUMAN_SIZE];
  printf("Dump %s\n", seep_output_presentable(look->path, true, path, sizeof path));
  if (dump->pid != 0) {
    printf("  process    PID %" PRIu32 ", started %s\n", dump->pid, moment(dump->created_s, text));
  } else {
    puts("  process    PID and creation time are not in this dump");
  }
  if (dump->system_known) {
    printf("  system     Windows %" PRIu32 ".%" PRIu32 " build %" PRIu32 ", %s\n", dump->os_major,
           dump->os_minor, dump->os_build, architecture(dump->architecture));
  } else {
    puts("  system     not in this dump");
  }
  printf("  written    %s, %s\n", moment(dump->time_s, text),
         seep_human_bytes(look->mapping.size_bytes, bytes, sizeof bytes));
  printf("  contents   %s of memory in %" PRIu64 " ranges",
         seep_human_bytes(dump->bytes_in_file, bytes, sizeof bytes), dump->listed_ranges);
  if (dump->bytes_in_file < dump->listed_bytes) {
    printf(", of %s that were to be in it", seep_human_bytes(dump->listed_bytes, part, sizeof part));
  }
  printf("\n  threads    %" PRIu32 ", modules %" PRIu32 "\n", dump->threads, dump->modules);
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
    printf("Process %" PRIu32 "\n  threads    %" PRIu32 "\n", look->pid, inventory->threads);
  }
  printf("  view       %s-bit%s\n", inventory->pointer_bytes == 4 ? "32" : "64",
         inventory->wow64 ? " of a 32-bit process, both parts looked at" : "");
  print_runtimes(inventory);
  if (inventory->commit_bytes != 0) {
    printf("  commit     %s of private memory by Windows' own count\n",
           seep_human_bytes(inventory->commit_bytes, bytes, sizeof bytes));
  }
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

static uint64_t plus(uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
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
    all.allocations = plus(all.allocations, sum.allocations);
    all.regions = plus(all.regions, sum.regions);
    all.total_bytes = plus(all.total_bytes, sum.total_bytes);
    all.committed_bytes = plus(all.committed_bytes, sum.committed_bytes);
    all.private_bytes = plus(all.private_bytes, sum.private_bytes);
    all.private_bytes_unknown = all.private_bytes_unknown || sum.private_bytes_unknown;
  }
  print_vmmap_row("Total", &all);
  printf("%-23s %17s %17s %17s %8" PRIu64 "\n", "Free", "", "", grouped(usage->free_bytes / 1024, total),
         usage->free_regions);
}

/* ---- heaps ---- */

static void print_heap(const seep_heap *heap)
{
  char large[NUMBER_SIZE], counted[NUMBER_SIZE], form[64];
  snprintf(form, sizeof form, "%s%s%s", seep_heap_form_text(heap->form), heap->layout[0] != '\0' ? ", " : "",
           heap->layout);
  printf(
      "  0x%-16" PRIx64 " %4u  %-34s %8" PRIu64 " %8" PRIu64 " %14s %14s", heap->address,
      heap->pointer_bytes * 8, form, heap->segments, heap->large_blocks,
      grouped(heap->large_block_bytes / 1024, large),
      heap->counters_known
          ? grouped(plus(heap->counted_committed_bytes, heap->counted_large_committed_bytes) / 1024, counted)
          : "-");
  if (heap->front_end != 0) {
    printf("  0x%" PRIx64, heap->front_end);
  }
  putchar('\n');
  if (!heap->complete) {
    printf("    not complete: %s\n", heap->problem != NULL ? heap->problem : "not every list could be read");
  }
}

static void print_heaps(const seep_memory_look *look)
{
  const seep_inventory_detail *detail = &look->detail;
  const seep_inventory *inventory = &look->inventory;
  printf("\nHeaps: %" PRIu32, inventory->heaps);
  if (inventory->heaps_unread > 0) {
    printf(", %" PRIu32 " of them not read to the end\n", inventory->heaps_unread);
  } else {
    puts(inventory->heaps > 0 ? ", all read to their end" : "");
  }
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

static void print_verdict(const seep_growth_kind_verdict *verdict)
{
  char from[SEEP_HUMAN_SIZE], to[SEEP_HUMAN_SIZE];
  printf("  %s", seep_memory_kind_text(verdict->kind));
  if (verdict->kind != SEEP_MEMORY_UNDETERMINED) {
    printf(", %.0f %% sure", verdict->confidence * 100.0);
  }
  printf(": %s\n", verdict->reason);
  if (verdict->size_to > 0) {
    printf("  mostly in allocations of %s to %s\n", seep_human_bytes(verdict->size_from, from, sizeof from),
           seep_human_bytes(verdict->size_to, to, sizeof to));
  }
}

static void print_since(const seep_memory_look *look, const seep_memory_since *since)
{
  const seep_minidump *older = &since->older->dump;
  char path[SEEP_OUTPUT_NAME_SIZE], text[MOMENT_SIZE], between[SEEP_HUMAN_SIZE], number[NUMBER_SIZE];
  printf("\nGrown since %s", seep_output_presentable(since->older->path, true, path, sizeof path));
  if (older->time_s != 0 && look->dump.time_s != 0) {
    int64_t ms = ((int64_t)look->dump.time_s - (int64_t)older->time_s) * SEEP_MS_PER_SECOND;
    printf(" of %s, %s before", moment(older->time_s, text),
           seep_human_duration(ms, between, sizeof between));
  }
  putchar('\n');
  print_verdict(&since->verdict);
  printf("  %-23s %17s\n", "committed, KB", "grown by");
  for (int i = 0; i < SEEP_USAGE_ROWS; i++) {
    if (i != SEEP_USAGE_ROW_STRANGE || since->verdict.rows_grown_bytes[i] != 0) {
      printf("  %-23s %17s\n", seep_usage_row_text((seep_usage_row)i),
             change(since->verdict.rows_grown_bytes[i], number));
    }
  }
}

static void print_advice(const seep_memory_look *look)
{
  puts("\nOne look tells what there is, not what grows.");
  if (look->path != NULL) {
    puts("Take a second dump when the process has grown, then: seepwatch memory --dump NEWER --since THIS");
  } else {
    puts(
        "Take two dumps (procdump -ma) some growth apart, then: seepwatch memory --dump NEWER --since OLDER");
  }
}

void seep_memory_tables(const seep_memory_look *look, const seep_memory_since *since)
{
  const seep_inventory *inventory = &look->inventory;
  print_subject(look);
  if (inventory->regions_known) {
    print_vmmap(&inventory->usage);
    seep_memory_address(&inventory->usage, inventory->pointer_bytes);
  } else {
    puts("\nNo tables: without a list of its regions a process's memory cannot be summed up.");
  }
  print_heaps(look);
  print_lacks(look);
  if (since != NULL) {
    print_since(look, since);
  } else {
    print_advice(look);
  }
}
