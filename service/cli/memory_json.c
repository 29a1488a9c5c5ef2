#include "memory_json.h"

#include <inttypes.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "memory_address.h"
#include "output.h"

#define FORMAT 1

static const char one_look[] =
    "one look tells what there is, not what grows; compare two dumps of the process with --since";

/* ---- members ---- */

static bool add_null(cJSON *object, const char *key)
{
  return cJSON_AddNullToObject(object, key) != NULL;
}

static bool add_bool(cJSON *object, const char *key, bool value)
{
  return cJSON_AddBoolToObject(object, key, value) != NULL;
}

static bool add_hex(cJSON *object, const char *key, uint64_t value)
{
  char text[24];
  snprintf(text, sizeof text, "0x%" PRIx64, value);
  return cJSON_AddStringToObject(object, key, text) != NULL;
}

static bool add_u64_or_null(cJSON *object, const char *key, bool known, uint64_t value)
{
  return known ? seep_output_add_u64(object, key, value) : add_null(object, key);
}

static bool add_i64(cJSON *object, const char *key, int64_t value)
{
  char digits[24];
  snprintf(digits, sizeof digits, "%" PRId64, value);
  return cJSON_AddRawToObject(object, key, digits) != NULL;
}

static bool add_unix_s(cJSON *object, const char *key, uint32_t unix_s)
{
  return seep_output_add_wall_or_null(object, key, seep_memory_look_wall(unix_s));
}

/* Takes the item over; false when that, or the item itself, failed for memory. */
static bool add_item(cJSON *list, cJSON *item)
{
  if (item == NULL || !cJSON_AddItemToArray(list, item)) {
    cJSON_Delete(item);
    return false;
  }
  return true;
}

/* ---- facts ---- */

static bool add_system(cJSON *facts, const seep_minidump *dump)
{
  if (!dump->system_known) {
    return add_null(facts, "processor_architecture") && add_null(facts, "os_version");
  }
  cJSON *version = NULL;
  return seep_output_add_u64(facts, "processor_architecture", dump->architecture) &&
         (version = cJSON_AddArrayToObject(facts, "os_version")) != NULL &&
         add_item(version, cJSON_CreateNumber(dump->os_major)) &&
         add_item(version, cJSON_CreateNumber(dump->os_minor)) &&
         add_item(version, cJSON_CreateNumber(dump->os_build));
}

static bool add_streams(cJSON *facts, const seep_minidump *dump)
{
  cJSON *list = cJSON_AddArrayToObject(facts, "streams");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < dump->stream_count; i++) {
    cJSON *stream = seep_output_append_object(list);
    ok = stream != NULL && seep_output_add_u64(stream, "type", dump->streams[i].type) &&
         seep_output_add_u64(stream, "size", dump->streams[i].size_bytes) &&
         seep_output_add_u64(stream, "rva", dump->streams[i].offset);
  }
  return ok && seep_output_add_u64(facts, "unused_directory_entries", dump->unused_streams);
}

static bool add_lists(cJSON *facts, const seep_minidump *dump)
{
  cJSON *ranges = cJSON_AddObjectToObject(facts, "memory_ranges");
  bool ok = ranges != NULL && seep_output_add_u64(ranges, "listed", dump->listed_ranges) &&
            seep_output_add_u64(ranges, "bytes_listed", dump->listed_bytes) &&
            seep_output_add_u64(ranges, "wholly_in_file", dump->whole_ranges) &&
            seep_output_add_u64(ranges, "partly_in_file", dump->partial_ranges) &&
            seep_output_add_u64(ranges, "bytes_in_file", dump->bytes_in_file);
  if (!ok || !dump->region_list) {
    return ok && add_null(facts, "memory_info_list");
  }
  cJSON *regions = cJSON_AddObjectToObject(facts, "memory_info_list");
  return regions != NULL && seep_output_add_u64(regions, "size_of_header", dump->region_header_bytes) &&
         seep_output_add_u64(regions, "size_of_entry", dump->region_entry_bytes) &&
         seep_output_add_u64(regions, "entries_announced", dump->regions_announced) &&
         seep_output_add_u64(regions, "entries_read", dump->region_count);
}

static bool add_dump(cJSON *facts, const seep_memory_look *look)
{
  const seep_minidump *dump = &look->dump;
  return seep_output_add_text(facts, "file", look->path) &&
         seep_output_add_u64(facts, "file_bytes", look->mapping.size_bytes) &&
         add_u64_or_null(facts, "pid", dump->pid != 0, dump->pid) &&
         add_unix_s(facts, "created", dump->created_s) && add_unix_s(facts, "written", dump->time_s) &&
         add_system(facts, dump) && add_hex(facts, "flags", dump->flags) && add_streams(facts, dump) &&
         add_lists(facts, dump) && add_u64_or_null(facts, "threads", dump->threads != 0, dump->threads) &&
         seep_output_add_u64(facts, "modules", dump->modules);
}

/* As many as the PEB says there are, but no more than is believed of any. */
static bool add_heap_array(cJSON *object, const seep_threads_peb *peb)
{
  cJSON *list = cJSON_AddArrayToObject(object, "heap_array_readable");
  bool ok = list != NULL;
  for (uint32_t i = 0; ok && i < peb->number_of_heaps && i < SEEP_THREADS_LISTED_HEAPS; i++) {
    ok = add_item(list, cJSON_CreateBool(peb->list_readable));
  }
  return ok;
}

static bool add_pebs(cJSON *facts, const seep_inventory_detail *detail)
{
  cJSON *list = cJSON_AddArrayToObject(facts, "pebs");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < detail->peb_count; i++) {
    const seep_threads_peb *peb = &detail->pebs[i];
    cJSON *object = seep_output_append_object(list);
    ok = object != NULL && add_hex(object, "address", peb->address) &&
         seep_output_add_u64(object, "bits", peb->pointer_bytes * 8) &&
         seep_output_add_u64(object, "number_of_heaps", peb->number_of_heaps) &&
         seep_output_add_u64(object, "maximum_number_of_heaps", peb->maximum_number_of_heaps) &&
         add_hex(object, "process_heaps", peb->process_heaps) &&
         add_hex(object, "process_heap", peb->process_heap) &&
         add_hex(object, "global_flag", peb->global_flag) &&
         seep_output_add_u64(object, "os_build_number", peb->build) && add_heap_array(object, peb);
  }
  return ok;
}

/* null: the modules are not known. */
static bool add_runtimes(cJSON *facts, const seep_inventory *inventory)
{
  if (!inventory->modules_known) {
    return add_null(facts, "runtimes");
  }
  cJSON *list = cJSON_AddArrayToObject(facts, "runtimes");
  bool ok = list != NULL;
  for (unsigned i = 0; ok && i < SEEP_MEMORY_RUNTIMES; i++) {
    const char *name = seep_memory_look_runtime(inventory, i);
    ok = name == NULL || add_item(list, cJSON_CreateString(name));
  }
  return ok;
}

static bool add_facts(cJSON *document, const seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  cJSON *facts = cJSON_AddObjectToObject(document, "facts");
  bool ok = facts != NULL;
  if (look->path != NULL) {
    ok = ok && add_dump(facts, look);
  } else {
    ok = ok && seep_output_add_u64(facts, "pid", look->pid) &&
         seep_output_add_wall_or_null(facts, "created", look->created) &&
         seep_output_add_text_or_null(facts, "image", look->image) &&
         add_u64_or_null(facts, "threads", inventory->threads != 0, inventory->threads);
  }
  return ok && seep_output_add_u64(facts, "bits", inventory->pointer_bytes * 8) &&
         add_bool(facts, "wow64", inventory->wow64) && add_runtimes(facts, inventory) &&
         add_u64_or_null(facts, "private_usage_bytes", inventory->commit_bytes != 0,
                         inventory->commit_bytes) &&
         add_pebs(facts, &look->detail);
}

/* ---- heaps ---- */

static const char *form_key(seep_heap_form form)
{
  switch (form) {
  case SEEP_HEAP_NT:
    return "nt";
  case SEEP_HEAP_SEGMENT:
    return "segment";
  case SEEP_HEAP_SIGNATURE_ONLY:
    return "signature_only";
  case SEEP_HEAP_STRANGE:
    return "strange";
  default:
    return "unreadable";
  }
}

static bool add_nt_heap(cJSON *object, const seep_heap *heap)
{
  bool ok = seep_output_add_u64(object, "segments", heap->segments) &&
            seep_output_add_u64(object, "large_blocks", heap->large_blocks) &&
            seep_output_add_u64(object, "large_block_bytes", heap->large_block_bytes);
  if (!ok || !heap->counters_known) {
    return ok && add_null(object, "counters");
  }
  cJSON *counters = cJSON_AddObjectToObject(object, "counters");
  return counters != NULL && add_hex(counters, "total_memory_reserved", heap->counted_reserved_bytes) &&
         add_hex(counters, "total_memory_committed", heap->counted_committed_bytes) &&
         add_hex(counters, "total_memory_large_ucr", heap->counted_uncommitted_large_bytes) &&
         add_hex(counters, "total_size_in_virtual_blocks", heap->counted_large_committed_bytes);
}

static bool add_segment_heap(cJSON *object, const seep_heap *heap)
{
  const bool known = heap->counters_known;
  const uint64_t page = SEEP_REGION_PAGE_BYTES;
  return seep_output_add_u64(object, "page_segments", heap->segments) &&
         seep_output_add_u64(object, "large_allocations", heap->large_blocks) &&
         seep_output_add_u64(object, "large_allocation_bytes", heap->large_block_bytes) &&
         add_u64_or_null(object, "large_reserved_pages", known, heap->counted_large_reserved_bytes / page) &&
         add_u64_or_null(object, "large_committed_pages", known,
                         heap->counted_large_committed_bytes / page) &&
         add_u64_or_null(object, "memstats_reserved_pages", known, heap->counted_reserved_bytes / page) &&
         add_u64_or_null(object, "memstats_committed_pages", known, heap->counted_committed_bytes / page);
}

static bool add_heap(cJSON *list, const seep_heap *heap)
{
  cJSON *object = seep_output_append_object(list);
  bool ok = object != NULL && cJSON_AddStringToObject(object, "kind", form_key(heap->form)) != NULL &&
            add_hex(object, "address", heap->address) &&
            cJSON_AddStringToObject(object, "found_by",
                                    heap->listed ? "PEB.ProcessHeaps" : "PEB.ProcessHeap") != NULL &&
            seep_output_add_u64(object, "bits", heap->pointer_bytes * 8) &&
            seep_output_add_text_or_null(object, "layout", heap->layout) &&
            add_bool(object, "complete", heap->complete) &&
            seep_output_add_text_or_null(object, "problem", heap->problem != NULL ? heap->problem : "");
  if (ok && heap->form == SEEP_HEAP_NT) {
    ok = add_hex(object, "flags", heap->flags) && add_nt_heap(object, heap);
  } else if (ok && heap->form == SEEP_HEAP_SEGMENT) {
    ok = add_segment_heap(object, heap);
  }
  return ok;
}

static bool add_heaps(cJSON *document, const seep_memory_look *look)
{
  const seep_inventory_detail *detail = &look->detail;
  char address[24];
  cJSON *heaps = cJSON_AddArrayToObject(document, "heaps");
  cJSON *front_ends = cJSON_AddArrayToObject(document, "front_ends");
  bool ok = heaps != NULL && front_ends != NULL;
  for (size_t i = 0; ok && i < detail->heap_count; i++) {
    ok = add_heap(heaps, &detail->heaps[i]);
    if (ok && detail->heaps[i].front_end != 0) {
      snprintf(address, sizeof address, "0x%" PRIx64, detail->heaps[i].front_end);
      ok = add_item(front_ends, cJSON_CreateString(address));
    }
  }
  const seep_inventory *inventory = &look->inventory;
  uint32_t count = 0;
  bool is_listed = seep_memory_look_heaps(look, &count);
  return ok && add_u64_or_null(document, "heap_count", is_listed, count) &&
         seep_output_add_u64(document, "heaps_read", inventory->heaps - inventory->heaps_unread) &&
         add_bool(document, "heap_inventory_complete", inventory->heaps_known) &&
         seep_output_add_text_or_null(document, "heap_problem",
                                      inventory->problem != NULL ? inventory->problem : "");
}

/* ---- sums ---- */

static bool add_sum(cJSON *object, const char *key, const seep_usage_sum *sum)
{
  cJSON *row = cJSON_AddObjectToObject(object, key);
  return row != NULL && seep_output_add_u64(row, "allocations", sum->allocations) &&
         seep_output_add_u64(row, "regions", sum->regions) &&
         seep_output_add_u64(row, "total_bytes", sum->total_bytes) &&
         seep_output_add_u64(row, "committed_bytes", sum->committed_bytes) &&
         add_u64_or_null(row, "private_bytes", !sum->private_bytes_unknown, sum->private_bytes) &&
         (!sum->private_bytes_unknown ||
          seep_output_add_u64(row, "private_bytes_at_least", sum->private_bytes));
}

static bool add_region_sum(cJSON *object, const char *key, uint64_t regions, uint64_t bytes)
{
  cJSON *row = cJSON_AddObjectToObject(object, key);
  return row != NULL && seep_output_add_u64(row, "regions", regions) &&
         seep_output_add_u64(row, "total_bytes", bytes);
}

static bool add_address_usage(cJSON *document, const seep_usage *usage)
{
  cJSON *object = cJSON_AddObjectToObject(document, "address_usage");
  bool ok = object != NULL;
  for (int i = 0; ok && i < SEEP_USAGE_ADDRESS_ROWS; i++) {
    seep_usage_sum sum;
    seep_usage_address_sum(usage, (seep_usage_address)i, &sum);
    ok = sum.regions == 0 || add_sum(object, seep_usage_address_text((seep_usage_address)i), &sum);
  }
  return ok;
}

static bool add_types(cJSON *document, const seep_usage *usage)
{
  cJSON *object = cJSON_AddObjectToObject(document, "by_type");
  bool ok = object != NULL;
  for (unsigned i = 0; ok && i < SEEP_MEMORY_ADDRESS_TYPES; i++) {
    ok = add_sum(object, seep_memory_address_type(i), &usage->types[i]);
  }
  return ok;
}

static bool add_states(cJSON *document, const seep_usage *usage)
{
  cJSON *object = cJSON_AddObjectToObject(document, "by_state");
  return object != NULL &&
         add_region_sum(object, "MEM_RESERVE", usage->reserve.regions, usage->reserve.total_bytes) &&
         add_region_sum(object, "MEM_COMMIT", usage->commit.regions, usage->commit.total_bytes);
}

static bool add_protects(cJSON *document, const seep_usage *usage)
{
  cJSON *object = cJSON_AddObjectToObject(document, "by_protect");
  bool ok = object != NULL;
  char name[SEEP_MEMORY_ADDRESS_PROTECT_SIZE];
  for (size_t i = 0; ok && seep_memory_address_protect(usage, i, name) != NULL; i++) {
    ok = add_region_sum(object, name, usage->protects[i].regions, usage->protects[i].bytes);
  }
  return ok;
}

static bool add_largest(cJSON *document, const seep_usage *usage)
{
  cJSON *object = cJSON_AddObjectToObject(document, "largest_region");
  bool ok = object != NULL;
  for (int i = 0; ok && i < SEEP_USAGE_ADDRESS_ROWS; i++) {
    uint64_t base = 0, bytes = 0;
    seep_usage_address_largest(usage, (seep_usage_address)i, &base, &bytes);
    if (bytes > 0) {
      cJSON *row = cJSON_AddObjectToObject(object, seep_usage_address_text((seep_usage_address)i));
      ok = row != NULL && add_hex(row, "address", base) && seep_output_add_u64(row, "total_bytes", bytes);
    }
  }
  return ok;
}

static bool add_vmmap(cJSON *document, const seep_usage *usage)
{
  cJSON *object = cJSON_AddObjectToObject(document, "vmmap");
  bool ok = object != NULL;
  for (int i = 0; ok && i < SEEP_USAGE_ROWS; i++) {
    seep_usage_sum sum;
    seep_usage_row_sum(usage, (seep_usage_row)i, &sum);
    ok = add_sum(object, seep_usage_row_text((seep_usage_row)i), &sum);
  }
  return ok;
}

static bool add_sums(cJSON *document, const seep_inventory *inventory)
{
  const seep_usage *usage = &inventory->usage;
  if (!inventory->regions_known) {
    return true;
  }
  return add_bool(document, "cut", inventory->regions_cut) && add_address_usage(document, usage) &&
         add_region_sum(document, "free", usage->free_regions, usage->free_bytes) &&
         add_types(document, usage) && add_states(document, usage) && add_protects(document, usage) &&
         add_largest(document, usage) && add_vmmap(document, usage);
}

/* ---- what grew, what is missing ---- */

static bool add_kind(cJSON *document, const seep_growth_kind_verdict *verdict)
{
  char digits[32] = "0.00";
  if (verdict != NULL) {
    snprintf(digits, sizeof digits, "%.2f", verdict->confidence);
  }
  cJSON *kind = cJSON_AddObjectToObject(document, "kind");
  return kind != NULL &&
         cJSON_AddStringToObject(
             kind, "kind",
             seep_memory_kind_text(verdict != NULL ? verdict->kind : SEEP_MEMORY_UNDETERMINED)) != NULL &&
         cJSON_AddRawToObject(kind, "confidence", digits) != NULL &&
         cJSON_AddStringToObject(kind, "reason", verdict != NULL ? verdict->reason : one_look) != NULL;
}

static bool add_growth(cJSON *document, const seep_memory_since *since)
{
  const seep_growth_kind_verdict *verdict = &since->verdict;
  const seep_minidump *older = &since->older->dump;
  const bool known = since->is_measured, sized = known && verdict->size_to > 0;
  cJSON *growth = cJSON_AddObjectToObject(document, "growth");
  bool ok =
      growth != NULL && seep_output_add_text(growth, "since", since->older->path) &&
      add_unix_s(growth, "since_written", older->time_s) &&
      add_u64_or_null(growth, "private_bytes", known, verdict->grown_bytes) &&
      (known ? add_bool(growth, "large_blocks", verdict->large_blocks) : add_null(growth, "large_blocks")) &&
      add_u64_or_null(growth, "size_from_bytes", sized, verdict->size_from) &&
      add_u64_or_null(growth, "size_to_bytes", sized, verdict->size_to);
  if (!ok || !known) {
    return ok && add_null(growth, "vmmap");
  }
  cJSON *rows = cJSON_AddObjectToObject(growth, "vmmap");
  ok = rows != NULL;
  for (int i = 0; ok && i < SEEP_USAGE_ROWS; i++) {
    ok = add_i64(rows, seep_usage_row_text((seep_usage_row)i), verdict->rows_grown_bytes[i]);
  }
  return ok;
}

static bool add_lacks(cJSON *document, const seep_memory_look *look)
{
  cJSON *list = cJSON_AddArrayToObject(document, "lacks");
  bool ok = list != NULL;
  for (size_t i = 0; ok && i < look->lack_count; i++) {
    ok = add_item(list, cJSON_CreateString(look->lacks[i]));
  }
  return ok;
}

bool seep_memory_json(const seep_memory_look *look, const seep_memory_since *since)
{
  cJSON *document = cJSON_CreateObject();
  bool ok = document != NULL && seep_output_add_u64(document, "format", FORMAT) &&
            cJSON_AddStringToObject(document, "outcome",
                                    look->inventory.regions_known ? "totals" : "no_region_list") != NULL &&
            add_kind(document, since != NULL ? &since->verdict : NULL) &&
            (since == NULL || add_growth(document, since)) && add_sums(document, &look->inventory) &&
            add_heaps(document, look) && add_lacks(document, look) && add_facts(document, look) &&
            seep_output_json(document);
  if (ok) {
    putchar('\n');
  }
  cJSON_Delete(document);
  return ok;
}
