/* The minidump reader against real, made and synthetic dumps, whose facts an independent reader has computed
 * (fixtures: dumps/expected.json). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "unit/memory/dump_rig.h"

static uint64_t number(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  assert_true(cJSON_IsNumber(item));
  return (uint64_t)item->valuedouble;
}

static uint64_t hexadecimal(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  assert_true(cJSON_IsString(item));
  return strtoull(item->valuestring, NULL, 16);
}

static const cJSON *part(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  assert_non_null(item);
  return item;
}

static cJSON *load_expected(void)
{
  static char text[128 * 1024];
  FILE *file = fopen(SEEP_FIXTURES "/dumps/expected.json", "rb");
  assert_non_null(file);
  size_t size = fread(text, 1, sizeof text - 1, file);
  assert_int_equal(fclose(file), 0);
  text[size] = '\0';
  cJSON *expected = cJSON_Parse(text);
  assert_non_null(expected);
  return expected;
}

static void check_lists(const seep_minidump *dump, const cJSON *facts)
{
  const cJSON *streams = part(facts, "streams");
  const cJSON *memory = part(facts, "memory_ranges");
  const cJSON *regions = part(facts, "memory_info_list");
  assert_int_equal(dump->stream_count, cJSON_GetArraySize(streams));
  for (size_t i = 0; i < dump->stream_count; i++) {
    const cJSON *stream = cJSON_GetArrayItem(streams, (int)i);
    assert_int_equal(dump->streams[i].type, number(stream, "type"));
    assert_int_equal(dump->streams[i].size_bytes, number(stream, "size"));
    assert_int_equal(dump->streams[i].offset, number(stream, "rva"));
  }
  assert_int_equal(dump->unused_streams, number(facts, "unused_directory_entries"));
  assert_int_equal(dump->listed_ranges, number(memory, "listed"));
  assert_int_equal(dump->listed_bytes, number(memory, "bytes_listed"));
  assert_int_equal(dump->whole_ranges, number(memory, "wholly_in_file"));
  assert_int_equal(dump->partial_ranges, number(memory, "partly_in_file"));
  assert_int_equal(dump->bytes_in_file, number(memory, "bytes_in_file"));
  assert_int_equal(dump->region_list, !cJSON_IsNull(regions));
  if (dump->region_list) {
    assert_int_equal(dump->region_header_bytes, number(regions, "size_of_header"));
    assert_int_equal(dump->region_entry_bytes, number(regions, "size_of_entry"));
    assert_int_equal(dump->regions_announced, number(regions, "entries_announced"));
    assert_int_equal(dump->region_count, number(regions, "entries_read"));
  }
  assert_int_equal(dump->threads, number(facts, "threads"));
  assert_int_equal(dump->modules, number(facts, "modules"));
}

static void check_facts(const seep_minidump *dump, const cJSON *facts)
{
  const cJSON *version = part(facts, "os_version");
  assert_true(dump->system_known);
  assert_int_equal(dump->architecture, number(facts, "processor_architecture"));
  assert_int_equal(dump->os_major, cJSON_GetArrayItem(version, 0)->valueint);
  assert_int_equal(dump->os_minor, cJSON_GetArrayItem(version, 1)->valueint);
  assert_int_equal(dump->os_build, cJSON_GetArrayItem(version, 2)->valueint);
  assert_int_equal(dump->flags, hexadecimal(facts, "flags"));
  assert_false(dump->cut_short);
  check_lists(dump, facts);
}

/* A TEB that points at itself leads to a PEB that is among the expected ones. */
static void check_tebs(const seep_target *target, const cJSON *pebs)
{
  unsigned pointer = target->pointer_bytes;
  bool led_there = cJSON_GetArraySize(pebs) == 0;
  for (size_t i = 0; i < target->teb_count; i++) {
    uint8_t head[0x68];
    uint64_t words[2] = {0, 0}; /* Self, ProcessEnvironmentBlock */
    if (target->read(target->context, target->tebs[i], head, sizeof head) != SEEP_OK) {
      continue;
    }
    for (unsigned k = 0; k < pointer; k++) {
      words[0] |= (uint64_t)head[(pointer == 8 ? 0x30 : 0x18) + k] << (8 * k);
      words[1] |= (uint64_t)head[(pointer == 8 ? 0x60 : 0x30) + k] << (8 * k);
    }
    assert_int_equal(words[0], target->tebs[i]);
    led_there = led_there || words[1] == hexadecimal(cJSON_GetArrayItem(pebs, 0), "address");
  }
  assert_true(led_there);
}

typedef struct totals {
  uint64_t total, committed;
} totals;

static void add_region(const seep_region *region, totals sums[3], totals *unused)
{
  static const uint32_t types[3] = {SEEP_REGION_PRIVATE, SEEP_REGION_MAPPED, SEEP_REGION_IMAGE};
  if (region->state == SEEP_REGION_FREE) {
    unused->total += region->size_bytes;
    unused->committed++;
    return;
  }
  for (size_t i = 0; i < 3; i++) {
    if (region->type == types[i]) {
      sums[i].total += region->size_bytes;
      sums[i].committed += region->state == SEEP_REGION_COMMIT ? region->size_bytes : 0;
    }
  }
}

static void check_regions(const seep_target *target, const cJSON *sample)
{
  static const char *const names[3] = {"MEM_PRIVATE", "MEM_MAPPED", "MEM_IMAGE"};
  totals sums[3] = {{0, 0}, {0, 0}, {0, 0}}, unused = {0, 0};
  seep_region region;
  uint64_t address = 0;
  seep_status status = SEEP_OK;
  while ((status = target->region(target->context, address, &region, NULL)) == SEEP_OK) {
    assert_true(region.base >= address);
    address = region.base + region.size_bytes;
    add_region(&region, sums, &unused);
  }
  assert_int_equal(status, SEEP_NOT_FOUND);
  for (size_t i = 0; i < 3; i++) {
    const cJSON *type = part(part(sample, "by_type"), names[i]);
    assert_int_equal(sums[i].total, number(type, "total_bytes"));
    assert_int_equal(sums[i].committed, number(type, "committed_bytes"));
  }
  assert_int_equal(unused.total, number(part(sample, "free"), "total_bytes"));
  assert_int_equal(unused.committed, number(part(sample, "free"), "regions"));
}

static void check_sample(const cJSON *sample)
{
  dump_rig rig;
  seep_minidump dump;
  seep_target target;
  seep_error error = {0};
  char text[512];
  const char *outcome = part(sample, "outcome")->valuestring;
  dump_rig_load(&rig, sample->string);
  seep_status status = seep_minidump_open(&dump, &rig.window, &error);
  print_message("%s: %s\n", sample->string, status == SEEP_OK ? "read" : error.subject);
  if (strcmp(outcome, "malformed") == 0) {
    assert_int_equal(status, SEEP_CORRUPT);
    assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
    assert_true(error.subject[0] != '\0' && error.code >= 0);
    assert_non_null(strstr(seep_error_text(&error, text, sizeof text), error.subject));
    assert_null(dump.streams);
  } else {
    assert_int_equal(status, SEEP_OK);
    check_facts(&dump, part(sample, "facts"));
    seep_minidump_target(&dump, &target);
    assert_int_equal(target.pointer_bytes, dump.architecture == 0 ? 4 : 8);
    check_tebs(&target, part(part(sample, "facts"), "pebs"));
    if (strcmp(outcome, "totals") == 0) {
      check_regions(&target, sample);
    } else {
      seep_region region;
      assert_int_equal(target.region(target.context, 0, &region, NULL), SEEP_UNSUPPORTED);
    }
  }
  seep_minidump_fini(&dump);
  dump_rig_free(&rig);
}

static void test_samples(void **state)
{
  cJSON *expected = load_expected();
  const cJSON *sample = NULL;
  int count = 0;
  (void)state;
  cJSON_ArrayForEach(sample, part(expected, "dumps"))
  {
    check_sample(sample);
    count++;
  }
  assert_int_equal(count, 19);
  cJSON_Delete(expected);
}

static void test_what_samples_say_besides(void **state)
{
  static const struct {
    const char *name;
    uint32_t pid, created_s, time_s;
    uint64_t private_usage_bytes;
    unsigned runtimes;
    bool modules_known;
    size_t lacks;
  } samples[] = {
      {"real-win10-14393-x64-electron-pebteb.dmp", 10148, 1476397012, 1476397020, 41734144, SEEP_RUNTIME_V8,
       true, 2},
      {"real-win11-22000-x64-crashpad-meminfo.dmp", 15444, 1635803738, 1635803743, 0, 0, true, 1},
      {"real-win11-22631-x64-electron-meminfo.dmp", 15212, 1744271091, 1744271092, 0, SEEP_RUNTIME_V8, true,
       1},
      {"real-win7-wow64-notepad-64bitview.dmp", 5416, 1433882598, 1433882652, 0, 0, true, 2},
      {"synth-x86-nt.dmp", 0, 0, 0, 0, 0, false, 2},
  };
  (void)state;
  for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
    dump_rig rig;
    seep_minidump dump;
    dump_rig_load(&rig, samples[i].name);
    assert_int_equal(seep_minidump_open(&dump, &rig.window, NULL), SEEP_OK);
    assert_int_equal(dump.process_known, samples[i].pid != 0);
    assert_int_equal(dump.pid, samples[i].pid);
    assert_int_equal(dump.created_s, samples[i].created_s);
    assert_int_equal(dump.time_s, samples[i].time_s);
    assert_int_equal(dump.private_usage_bytes, samples[i].private_usage_bytes);
    assert_int_equal(dump.runtimes, samples[i].runtimes);
    assert_int_equal(dump.modules_known, samples[i].modules_known);
    assert_int_equal(seep_minidump_lacks(&dump, NULL, 0), samples[i].lacks);
    seep_minidump_fini(&dump);
    dump_rig_free(&rig);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_samples),
      cmocka_unit_test(test_what_samples_say_besides),
  };
  return cmocka_run_group_tests_name("memory_minidump", tests, NULL, NULL);
}
