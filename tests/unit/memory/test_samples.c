/*
 * Every dump of tests/fixtures/dumps against expected.json, figure by figure: regions and bytes in the rows
 * of both tables, heaps and their counters, PEBs, and whether Heap may be called known. Those figures were
 * computed by a reader that has nothing to do with ours.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "memory/inventory.h"
#include "memory/minidump.h"
#include "unit/memory/dump_rig.h"

#define FILES 19 /* in expected.json: a file that is left out there would not be missed here */

typedef struct dump_sample {
  const char *name;
  const cJSON *expected;
  dump_rig rig;
  seep_minidump dump;
  seep_inventory inventory;
  seep_inventory_detail detail;
} dump_sample;

/* So that a failure says where: cmocka tells the line only. */
#define CHECK(sample, what, condition)                                                                       \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      print_error("%s: %s\n", (sample)->name, what);                                                         \
      fail();                                                                                                \
    }                                                                                                        \
  } while (0)

static char *read_text(const char *path)
{
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  char *text = calloc(1, 200000);
  assert_non_null(text);
  size_t size = fread(text, 1, 199999, file);
  assert_true(size > 0 && size < 199999);
  fclose(file);
  return text;
}

static const cJSON *member(const cJSON *object, const char *name)
{
  const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
  if (found == NULL) {
    print_error("no %s in %s\n", name, object->string != NULL ? object->string : "an array");
  }
  assert_non_null(found);
  return found;
}

/* A number, or a hexadecimal string. What the file has as a number is below 2^53. */
static uint64_t number(const cJSON *object, const char *name)
{
  const cJSON *value = member(object, name);
  if (cJSON_IsString(value)) {
    return strtoull(value->valuestring, NULL, 16);
  }
  assert_true(cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble < 9007199254740992.0);
  return (uint64_t)value->valuedouble;
}

static bool is_text(const cJSON *object, const char *name, const char *text)
{
  const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
  return cJSON_IsString(value) && strcmp(value->valuestring, text) == 0;
}

static void expect_sum(const dump_sample *sample, const char *row, const cJSON *expected,
                       const seep_usage_sum *sum, bool counts)
{
  static const seep_usage_sum nothing;
  if (expected == NULL) { /* a row that is not there is empty */
    CHECK(sample, row, memcmp(sum, &nothing, sizeof nothing) == 0);
    return;
  }
  CHECK(sample, row, number(expected, "total_bytes") == sum->total_bytes);
  CHECK(sample, row, number(expected, "committed_bytes") == sum->committed_bytes);
  if (counts) {
    CHECK(sample, row, number(expected, "allocations") == sum->allocations);
    CHECK(sample, row, number(expected, "regions") == sum->regions);
  }
}

static void expect_tables(const dump_sample *sample)
{
  const seep_usage *usage = &sample->inventory.usage;
  const cJSON *table = member(sample->expected, "address_usage");
  seep_usage_sum sum;
  int rows = 0;
  for (int row = 0; row < SEEP_USAGE_ADDRESS_ROWS; row++) {
    const char *name = seep_usage_address_text((seep_usage_address)row);
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(table, name);
    seep_usage_address_sum(usage, (seep_usage_address)row, &sum);
    expect_sum(sample, name, expected, &sum, true);
    rows += expected != NULL;
  }
  CHECK(sample, "rows of address_usage", rows == cJSON_GetArraySize(table));

  table = member(sample->expected, "vmmap");
  rows = 0;
  for (int row = 0; row < SEEP_USAGE_ROWS; row++) {
    const char *name = seep_usage_row_text((seep_usage_row)row);
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(table, name);
    seep_usage_row_sum(usage, (seep_usage_row)row, &sum);
    expect_sum(sample, name, expected, &sum, false);
    rows += expected != NULL;
  }
  CHECK(sample, "rows of vmmap", rows == cJSON_GetArraySize(table));

  static const char *const types[] = {"MEM_PRIVATE", "MEM_MAPPED", "MEM_IMAGE"};
  for (size_t i = 0; i < 3; i++) {
    expect_sum(sample, types[i], member(member(sample->expected, "by_type"), types[i]), &usage->types[i],
               false);
  }
  const cJSON *available = member(sample->expected, "free");
  CHECK(sample, "free regions", number(available, "regions") == usage->free_regions);
  CHECK(sample, "free bytes", number(available, "total_bytes") == usage->free_bytes);
}

/* The tables say the same by state as by type, and protections add up. */
static void expect_agreement(const dump_sample *sample)
{
  const seep_usage *usage = &sample->inventory.usage;
  uint64_t total = 0, committed = 0, protected_bytes = 0, regions = 0;
  for (size_t i = 0; i < 3; i++) {
    total += usage->types[i].total_bytes;
    committed += usage->types[i].committed_bytes;
    regions += usage->types[i].regions;
  }
  for (size_t i = 0; i < usage->protect_count; i++) {
    protected_bytes += usage->protects[i].bytes;
  }
  CHECK(sample, "total", usage->commit.total_bytes + usage->reserve.total_bytes == total);
  CHECK(sample, "commit", usage->commit.total_bytes == committed && protected_bytes == committed);
  CHECK(sample, "regions", usage->commit.regions + usage->reserve.regions == regions);
}

static void expect_nt_heap(const dump_sample *sample, const cJSON *expected, const seep_heap *heap)
{
  CHECK(sample, "heap's kind", heap->form == SEEP_HEAP_NT && heap->complete && heap->problem == NULL);
  CHECK(sample, "heap's bits", number(expected, "bits") == heap->pointer_bytes * 8);
  CHECK(sample, "heap's layout", strcmp(heap->layout, "Windows 8 and later") == 0);
  CHECK(sample, "heap's segments", number(expected, "segments") == heap->segments);
  CHECK(sample, "heap's large blocks", number(expected, "large_blocks") == heap->large_blocks);
  CHECK(sample, "bytes of large blocks", number(expected, "large_block_bytes") == heap->large_block_bytes);
  const cJSON *counters = member(expected, "counters");
  CHECK(sample, "counters", heap->counters_known);
  CHECK(sample, "reserved", number(counters, "total_memory_reserved") == heap->counted_reserved_bytes);
  CHECK(sample, "committed", number(counters, "total_memory_committed") == heap->counted_committed_bytes);
  CHECK(sample, "uncommitted",
        number(counters, "total_memory_large_ucr") == heap->counted_uncommitted_large_bytes);
  CHECK(sample, "virtual blocks",
        number(counters, "total_size_in_virtual_blocks") == heap->counted_large_committed_bytes);
}

static uint64_t page_bytes(const cJSON *object, const char *name)
{
  return number(object, name) * SEEP_REGION_PAGE_BYTES;
}

static void expect_segment_heap(const dump_sample *sample, const cJSON *expected, const seep_heap *heap)
{
  CHECK(sample, "heap's kind", heap->form == SEEP_HEAP_SEGMENT && heap->complete && heap->problem == NULL);
  CHECK(sample, "heap's layout", is_text(expected, "layout", heap->layout));
  CHECK(sample, "page segments", number(expected, "page_segments") == heap->segments);
  CHECK(sample, "large allocations", number(expected, "large_allocations") == heap->large_blocks);
  CHECK(sample, "counters", heap->counters_known);
  CHECK(sample, "large reserved",
        page_bytes(expected, "large_reserved_pages") == heap->counted_large_reserved_bytes);
  CHECK(sample, "large committed",
        page_bytes(expected, "large_committed_pages") == heap->counted_large_committed_bytes);
  CHECK(sample, "reserved", page_bytes(expected, "memstats_reserved_pages") == heap->counted_reserved_bytes);
  CHECK(sample, "committed",
        page_bytes(expected, "memstats_committed_pages") == heap->counted_committed_bytes);
}

static void expect_heaps(const dump_sample *sample)
{
  const cJSON *heaps = member(sample->expected, "heaps"), *expected = NULL;
  size_t i = 0;
  uint32_t unread = 0;
  cJSON_ArrayForEach(expected, heaps)
  {
    CHECK(sample, "number of heaps", i < sample->detail.heap_count);
    const seep_heap *heap = &sample->detail.heaps[i++];
    CHECK(sample, "heap's address", number(expected, "address") == heap->address);
    CHECK(sample, "found by", is_text(expected, "found_by", "PEB.ProcessHeaps") == heap->listed);
    if (is_text(expected, "kind", "nt")) {
      expect_nt_heap(sample, expected, heap);
    } else if (is_text(expected, "kind", "segment")) {
      expect_segment_heap(sample, expected, heap);
    } else {
      bool unreadable = is_text(expected, "kind", "unreadable");
      CHECK(sample, "heap's kind", unreadable || is_text(expected, "kind", "signature_only"));
      CHECK(sample, "heap's kind",
            heap->form == (unreadable ? SEEP_HEAP_UNREADABLE : SEEP_HEAP_SIGNATURE_ONLY));
      CHECK(sample, "incomplete heap", !heap->complete && heap->problem != NULL);
      unread++;
    }
  }
  CHECK(sample, "number of heaps", i == sample->detail.heap_count && i == sample->inventory.heaps);
  CHECK(sample, "unread heaps", unread == sample->inventory.heaps_unread);
}

static void expect_front_ends(const dump_sample *sample)
{
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(sample->expected, "front_ends");
  int found = 0;
  for (size_t i = 0; i < sample->detail.heap_count; i++) {
    if (sample->detail.heaps[i].front_end != 0) {
      const cJSON *item = cJSON_GetArrayItem(list, found++);
      CHECK(sample, "front end", cJSON_IsString(item));
      CHECK(sample, "front end", strtoull(item->valuestring, NULL, 16) == sample->detail.heaps[i].front_end);
    }
  }
  CHECK(sample, "front ends", found == cJSON_GetArraySize(list));
}

static void expect_pebs(const dump_sample *sample)
{
  const cJSON *pebs = member(member(sample->expected, "facts"), "pebs"), *expected = NULL;
  size_t i = 0;
  cJSON_ArrayForEach(expected, pebs)
  {
    CHECK(sample, "number of PEBs", i < sample->detail.peb_count);
    const seep_threads_peb *peb = &sample->detail.pebs[i++];
    CHECK(sample, "PEB's address", number(expected, "address") == peb->address);
    CHECK(sample, "PEB's bits", number(expected, "bits") == peb->pointer_bytes * 8);
    CHECK(sample, "NumberOfHeaps", number(expected, "number_of_heaps") == peb->number_of_heaps);
    CHECK(sample, "MaximumNumberOfHeaps",
          number(expected, "maximum_number_of_heaps") == peb->maximum_number_of_heaps);
    CHECK(sample, "ProcessHeaps", number(expected, "process_heaps") == peb->process_heaps);
    CHECK(sample, "ProcessHeap", number(expected, "process_heap") == peb->process_heap);
    CHECK(sample, "OSBuildNumber", number(expected, "os_build_number") == peb->build);
    const cJSON *readable = member(expected, "heap_array_readable"), *one = NULL;
    CHECK(sample, "heap array", (uint32_t)cJSON_GetArraySize(readable) == peb->number_of_heaps);
    cJSON_ArrayForEach(one, readable)
    {
      CHECK(sample, "heap array", cJSON_IsTrue(one) == peb->list_readable);
    }
  }
  CHECK(sample, "number of PEBs", i == sample->detail.peb_count);
}

/* What the maker of the file knows of it. */
static void expect_truth(const dump_sample *sample)
{
  const cJSON *truth = cJSON_GetObjectItemCaseSensitive(sample->expected, "truth");
  const seep_usage *usage = &sample->inventory.usage;
  seep_usage_sum heap;
  if (cJSON_GetObjectItemCaseSensitive(truth, "heap_total_bytes") != NULL) {
    seep_usage_row_sum(usage, SEEP_USAGE_ROW_HEAP, &heap);
    CHECK(sample, "heap", number(truth, "heap_total_bytes") == heap.total_bytes);
    CHECK(sample, "heap", number(truth, "heap_committed_bytes") == heap.committed_bytes);
    CHECK(sample, "rest",
          number(truth, "private_non_heap_committed_bytes") == usage->tags[SEEP_TAG_UNKNOWN].committed_bytes);
    CHECK(sample, "heaps", number(truth, "heaps") == sample->inventory.heaps);
  }
}

static void expect_totals(const dump_sample *sample)
{
  bool complete = cJSON_IsTrue(member(sample->expected, "heap_inventory_complete"));
  CHECK(sample, "region list", sample->inventory.regions_known && !sample->inventory.regions_cut);
  CHECK(sample, "complete", sample->inventory.heaps_known == complete);
  CHECK(sample, "problem", (sample->inventory.problem == NULL) == complete);
  expect_tables(sample);
  expect_agreement(sample);
  expect_heaps(sample);
  expect_front_ends(sample);
  expect_truth(sample);
}

static void expect_no_totals(const dump_sample *sample)
{
  static const seep_usage nothing;
  CHECK(sample, "region list", !sample->inventory.regions_known);
  CHECK(sample, "complete", !sample->inventory.heaps_known && sample->inventory.problem != NULL);
  CHECK(sample, "sums", memcmp(&sample->inventory.usage, &nothing, sizeof nothing) == 0);
}

static void check_dump(dump_sample *sample)
{
  const seep_inventory_limits limits = {200000, 1000000};
  seep_target target;
  seep_error error = {SEEP_OK, SEEP_DOMAIN_NONE, 0, NULL, ""};
  CHECK(sample, "opens", seep_minidump_open(&sample->dump, &sample->rig.window, &error) == SEEP_OK);
  seep_minidump_target(&sample->dump, &target);
  CHECK(sample, "inventory",
        seep_inventory_take(&target, &limits, &sample->inventory, &sample->detail, &error) == SEEP_OK);
  CHECK(sample, "threads", number(member(sample->expected, "facts"), "threads") == sample->inventory.threads);
  CHECK(sample, "no page heap", !sample->inventory.page_heap && !sample->inventory.wow64);
  expect_pebs(sample);
  if (is_text(sample->expected, "outcome", "totals")) {
    expect_totals(sample);
  } else {
    CHECK(sample, "outcome", is_text(sample->expected, "outcome", "no_region_list"));
    expect_no_totals(sample);
  }
  seep_minidump_fini(&sample->dump);
}

static void check_file(dump_sample *sample)
{
  const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(sample->expected, "dump_bytes");
  dump_rig_load(&sample->rig, sample->name);
  CHECK(sample, "size",
        sample->rig.size == number(sample->expected, bytes != NULL ? "dump_bytes" : "stored_bytes"));
  if (is_text(sample->expected, "outcome", "malformed")) {
    seep_error error = {SEEP_OK, SEEP_DOMAIN_NONE, 0, NULL, ""};
    CHECK(sample, "is refused",
          seep_minidump_open(&sample->dump, &sample->rig.window, &error) == SEEP_CORRUPT);
    CHECK(sample, "says why", error.status == SEEP_CORRUPT && error.subject[0] != '\0');
  } else {
    check_dump(sample);
  }
  dump_rig_free(&sample->rig);
}

static void test_every_sample_has_its_expected_figures(void **state)
{
  (void)state;
  char *text = read_text(SEEP_FIXTURES "/dumps/expected.json");
  cJSON *all = cJSON_Parse(text);
  assert_non_null(all);
  const cJSON *expected = NULL;
  int files = 0;
  cJSON_ArrayForEach(expected, member(all, "dumps"))
  {
    dump_sample *one = calloc(1, sizeof *one);
    assert_non_null(one);
    one->name = expected->string;
    one->expected = expected;
    check_file(one);
    free(one);
    files++;
  }
  assert_int_equal(files, FILES);
  cJSON_Delete(all);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_sample_has_its_expected_figures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
