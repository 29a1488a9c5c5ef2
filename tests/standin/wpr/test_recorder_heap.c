/*
 * Heap recordings by PID and by the tracing flag, heap snapshots, and raw files with a maximum: what gets
 * into the trace and what does not.
 */
#include "standin/wpr/recorder_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGGED L"standin-heap-test.exe"
#define HOOK_HEAP_ALLOCATION 0x1021u
#define HOOK_HEAP_REALLOCATION 0x1022u
#define HOOK_HEAP_FREE 0x1024u
#define HOOK_STACK 0x1820u
#define TYPE_EVENT64 19u
#define BLOCK_BYTES 8192u
#define BLOCKS_PER_SECOND 16u /* of 64 KB, at 60 MB a minute */

static const uint8_t snapshot_provider[16] = {0xFA, 0x2A, 0x1D, 0x90, 0xF6, 0x4F, 0xD7, 0x46,
                                              0x8D, 0x0E, 0x53, 0x64, 0x5E, 0x1A, 0x47, 0xF5};
static const bench_profile by_flag = {"", "", "", "", "", ""};

typedef struct heap_records {
  uint32_t pid;
  uint64_t allocations, reallocations, frees, stacks, others, events;
  uint64_t requested_bytes;
  uint64_t newest_ticks; /* of the last allocation */
} heap_records;

static uint64_t word(const seep_trace_record *record, size_t at)
{
  uint64_t value = 0;
  assert_true(record->payload_bytes >= at + sizeof value);
  memcpy(&value, record->payload + at, sizeof value);
  return value;
}

static bool take_record(void *context, const seep_trace_record *record)
{
  heap_records *found = context;
  if (record->header_type == TYPE_EVENT64) {
    found->events += record->pid == found->pid ? 1u : 0u;
  }
  if (!record->is_kernel) {
    return true;
  }
  if (record->hook_id == HOOK_STACK && word(record, 0) == found->newest_ticks) {
    found->stacks += record->payload_bytes > 16 ? 1u : 0u;
  }
  if (record->hook_id >> 8 != 0x10) {
    return true;
  }
  assert_true(record->tid != record->pid && word(record, 0) != 0);
  if (record->pid != found->pid) {
    found->others++;
  } else if (record->hook_id == HOOK_HEAP_ALLOCATION) {
    assert_int_equal(record->payload_bytes, 28);
    found->allocations++;
    found->requested_bytes += word(record, 8);
    found->newest_ticks = record->ticks;
  } else if (record->hook_id == HOOK_HEAP_REALLOCATION) {
    assert_int_equal(record->payload_bytes, 44);
    assert_int_equal(word(record, 24), BLOCK_BYTES);
    assert_int_equal(word(record, 32), BLOCK_BYTES / 2);
    found->reallocations++;
  } else if (record->hook_id == HOOK_HEAP_FREE) {
    assert_int_equal(record->payload_bytes, 20);
    found->frees++;
  }
  return true;
}

static heap_records read_records(uint32_t pid)
{
  heap_records found = {.pid = pid};
  bench_read_trace(take_record, &found);
  return found;
}

static void write_profile_of(uint32_t pid)
{
  char provider[256];
  snprintf(provider, sizeof provider,
           "<HeapEventProvider Id=\"HP\"><HeapProcessIds><HeapProcessId Value=\"%lu\"/></HeapProcessIds>"
           "</HeapEventProvider>",
           (unsigned long)pid);
  const bench_profile profile = {
      "",       "", "",
      provider, "", "<HeapEventProviders><HeapEventProviderId Value=\"HP\"/></HeapEventProviders>"};
  bench_write_profile(&profile);
}

static void by_pid(void **state)
{
  uint32_t pid = 0;
  uint32_t other = 0;
  (void)state;
  bench_child leaking =
      bench_leaker(bench_leaker_path, L"--mb-per-minute 60 --kind heap --block-kb 8 --sawtooth", &pid);
  bench_child beside = bench_leaker(bench_leaker_path, L"--mb-per-minute 60 --kind heap", &other);
  write_profile_of(pid);
  assert_int_equal(bench_start(), 0);
  assert_true(bench_exists(L"WPR_initiated_A_Test Heap.etl"));
  Sleep(3000);
  assert_int_equal(bench_stop(), 0);
  assert_false(bench_exists(L"WPR_initiated_A_Test Heap.etl"));
  heap_records found = read_records(pid);
  assert_int_equal(found.others, 0);
  assert_true(found.allocations > 100 && found.frees > 0);
  assert_int_equal(found.requested_bytes, found.allocations * BLOCK_BYTES);
  assert_int_equal(found.stacks, found.allocations);
  /* An ordinary recording has none of it. */
  static const bench_profile ordinary = {"", "", NULL, "", "", ""};
  bench_write_profile(&ordinary);
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  found = read_records(pid);
  assert_int_equal(found.allocations + found.frees + found.others, 0);
  bench_end_leaker(&beside);
  bench_end_leaker(&leaking);
}

static void resized_and_nt_shaped(void **state)
{
  uint32_t pid = 0;
  (void)state;
  bench_child leaking =
      bench_leaker(bench_leaker_path, L"--mb-per-minute 60 --kind heap --block-kb 8 --resize", &pid);
  write_profile_of(pid);
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  bench_end_leaker(&leaking);
  heap_records found = read_records(pid);
  assert_true(found.allocations > 50);
  assert_in_range(found.reallocations, found.allocations - 1, found.allocations + 1);
  leaking = bench_leaker(bench_leaker_path, L"--mb-per-minute 60 --kind nt-heap", &pid);
  write_profile_of(pid);
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  bench_end_leaker(&leaking);
  assert_true(read_records(pid).allocations > 5);
}

static uint64_t allocations_by_flag(uint32_t pid)
{
  bench_write_profile(&by_flag);
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  return read_records(pid).allocations;
}

/* The flag counts when the process starts, and then for its life. */
static void by_the_flag_it_started_with(void **state)
{
  wchar_t program[STANDIN_PATH_UNITS];
  static const wchar_t leak[] = L"--mb-per-minute 60 --kind heap --block-kb 8";
  uint32_t before = 0;
  uint32_t after = 0;
  (void)state;
  bench_path(program, FLAGGED);
  CopyFileW(bench_leaker_path, program, FALSE);
  assert_int_equal(bench_wpr(L"-heaptracingconfig " FLAGGED L" disable"), 0);
  bench_child early = bench_leaker(program, leak, &before);
  assert_int_equal(bench_wpr(L"-heaptracingconfig " FLAGGED L" enable"), 0);
  assert_int_equal(allocations_by_flag(before), 0);
  bench_child late = bench_leaker(program, leak, &after);
  bench_knobs("disable_deletes=key\n");
  assert_int_equal(bench_wpr(L"-heaptracingconfig " FLAGGED L" disable"), 0);
  assert_true(allocations_by_flag(after) > 50);
  assert_int_equal(read_records(before).allocations, 0);
  bench_end_leaker(&early);
  bench_end_leaker(&late);
}

static void one_heap_session(void **state)
{
  uint32_t pid = 0;
  (void)state;
  bench_child leaking = bench_leaker(bench_leaker_path, L"--mb-per-minute 60 --kind heap", &pid);
  write_profile_of(pid);
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr(L"-start Heap -instancename B"), 0x800700B7);
  assert_int_equal(bench_wpr(L"-start VirtualAllocation -instancename B"), 0);
  assert_int_equal(bench_wpr(L"-cancel -instancename B"), 0);
  bench_knobs("heap_second=takes_over\n");
  assert_int_equal(bench_wpr(L"-cancel -instancename A"), 0);
  ULONGLONG began = GetTickCount64();
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_wpr(L"-start Heap -instancename B"), 0);
  uint64_t seconds = (GetTickCount64() - began) / 1000 + 1;
  Sleep(3000);
  assert_int_equal(bench_stop(), 0);
  assert_in_range(read_records(pid).allocations, 10, BLOCKS_PER_SECOND * seconds);
  assert_int_equal(bench_wpr(L"-cancel -instancename B"), 0);
  bench_end_leaker(&leaking);
}

static void snapshots_are_refused(void **state)
{
  (void)state;
  uint32_t own = GetCurrentProcessId();
  bench_choose(14393);
  assert_int_equal(bench_wpr_pid(L"-snapshotconfig heap -pid %lu enable", own), 0xC5600602);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu", own), 0xC5600602);
  assert_int_equal(bench_wpr_pid(L"-enableperiodicsnapshot heap 5 %lu", own), 0xC5600602);
  assert_int_equal(bench_wpr(L"-disableperiodicsnapshot heap"), 0xC5600602);
  bench_choose(17763);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -pid enable"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -name a.exe -pid 4 enable"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-snapshotconfig -pid 4 enable"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -pid 1 2 3 4 5 6 7 8 9 enable"), 0x80070057);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -pid 4000000 enable"), 0x80070057);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", own), 0xC5583000);
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", own), 0x80070490);
  assert_int_equal(bench_wpr_pid(L"-enableperiodicsnapshot heap 4 %lu -instancename A", own), 0x80070057);
  assert_int_equal(bench_wpr(L"-cancel -instancename A"), 0);
}

static void write_snapshot_profile(void)
{
  const bench_profile profile = {"",
                                 "",
                                 NULL,
                                 "<EventProvider Id=\"SN\" Name=\"901d2afa-4ff6-46d7-8d0e-53645e1a47f5\"/>",
                                 "<EventProviders><EventProviderId Value=\"SN\"/></EventProviders>",
                                 ""};
  bench_write_profile(&profile);
}

static void snapshots(void **state)
{
  uint32_t pid = 0;
  wchar_t name[64];
  (void)state;
  bench_child leaking = bench_leaker(bench_leaker_path, L"--healthy flat", &pid);
  write_snapshot_profile();
  assert_int_equal(bench_wpr_pid(L"-snapshotconfig heap -pid %lu enable -instancename A", pid), 0);
  assert_non_null(strstr(bench_output, "Heap snapshot was enabled for pid"));
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", pid), 0);
  assert_int_equal(bench_stop(), 0);
  assert_int_equal(read_records(pid).events, 1);
  assert_int_equal(bench_count_in_trace(snapshot_provider, sizeof snapshot_provider), 1);
  assert_int_equal(bench_start(), 0); /* what was asked of the one before is not asked of this one */
  assert_int_equal(bench_wpr_pid(L"-enableperiodicsnapshot heap 5 %lu -instancename A", pid), 0);
  Sleep(6500);
  assert_int_equal(bench_wpr(L"-disableperiodicsnapshot heap -instancename A"), 0);
  assert_int_equal(bench_stop(), 0);
  assert_int_equal(read_records(pid).events, 1);
  /* Without the provider it succeeds and is lost. */
  static const bench_profile ordinary = {"", "", NULL, "", "", ""};
  bench_write_profile(&ordinary);
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", pid), 0);
  assert_int_equal(bench_wpr_pid(L"-snapshotconfig heap -pid %lu disable", pid), 0);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", pid), 0x80070490);
  assert_int_equal(bench_stop(), 0);
  assert_int_equal(read_records(pid).events, 0);
  /* It ends with the process. */
  assert_int_equal(bench_wpr_pid(L"-snapshotconfig heap -pid %lu enable", pid), 0);
  bench_end_leaker(&leaking);
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", pid), 0x80070490);
  assert_int_equal(bench_wpr(L"-cancel -instancename A"), 0);
  swprintf(name, sizeof name / sizeof name[0], L"snapshot-%lu.state", (unsigned long)pid);
  assert_false(bench_exists(name));
}

static void snapshots_by_name(void **state)
{
  wchar_t program[STANDIN_PATH_UNITS];
  uint32_t before = 0;
  uint32_t after = 0;
  (void)state;
  bench_path(program, FLAGGED);
  CopyFileW(bench_leaker_path, program, FALSE);
  bench_child early = bench_leaker(program, L"--healthy flat", &before);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -name " FLAGGED L" enable"), 0);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -name " FLAGGED), 0);
  assert_non_null(strstr(bench_output, "is enabled"));
  bench_child late = bench_leaker(program, L"--healthy flat", &after);
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", before), 0x80070490);
  assert_int_equal(bench_wpr_pid(L"-singlesnapshot heap %lu -instancename A", after), 0);
  assert_int_equal(bench_wpr(L"-snapshotconfig heap -name " FLAGGED L" disable"), 0);
  assert_int_equal(bench_wpr(L"-cancel -instancename A"), 0);
  bench_end_leaker(&early);
  bench_end_leaker(&late);
}

static bool take_newest(void *context, const seep_trace_record *record)
{
  uint64_t *newest = context;
  *newest = record->ticks > *newest ? record->ticks : *newest;
  return true;
}

static void files_with_a_maximum(void **state)
{
  static const bench_profile ring = {
      "<MaximumFileSize Value=\"1\" FileMode=\"Circular\"/>", "", NULL, "", "", ""};
  static const bench_profile sequential = {
      "<MaximumFileSize Value=\"1\" FileMode=\"Sequential\"/>", "", NULL, "", "", ""};
  static const bench_profile *const both[] = {&ring, &sequential};
  static const wchar_t raw[] = L"WPR_initiated_A_WPR System Collector.etl";
  uint64_t newest[2] = {0, 0};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    bench_write_profile(both[i]);
    bench_knobs("ring=refused\n");
    assert_int_equal(bench_start(), 0xC558300C);
    bench_knobs("raw_bytes_per_s=1000000\nno_identity=1\n"); /* the raw files alone */
    assert_int_equal(bench_start(), 0);
    Sleep(2500);
    assert_in_range(bench_size(raw), 900000, 1048576);
    Sleep(1000);
    assert_in_range(bench_size(raw), 900000, 1048576);
    assert_int_equal(bench_stop(), 0);
    seep_trace_summary summary = bench_read_trace(take_newest, &newest[i]);
    assert_int_equal(summary.header.log_file_mode & 3u, i == 0 ? 2u : 1u);
    assert_in_range(summary.buffers, 15, 16);
  }
  /* The ring has the end of the recording, the other its beginning. */
  assert_true(newest[0] > newest[1] + 10000000u);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(by_pid, bench_fresh_folder),
      cmocka_unit_test_setup(resized_and_nt_shaped, bench_fresh_folder),
      cmocka_unit_test_setup(by_the_flag_it_started_with, bench_fresh_folder),
      cmocka_unit_test_setup(one_heap_session, bench_fresh_folder),
      cmocka_unit_test_setup(snapshots_are_refused, bench_fresh_folder),
      cmocka_unit_test_setup(snapshots, bench_fresh_folder),
      cmocka_unit_test_setup(snapshots_by_name, bench_fresh_folder),
      cmocka_unit_test_setup(files_with_a_maximum, bench_fresh_folder),
  };
  if (!bench_open(argc, argv, L"test-standin-heap")) {
    return 2;
  }
  return cmocka_run_group_tests_name("stand-in recorder, heaps", tests, NULL, NULL);
}
