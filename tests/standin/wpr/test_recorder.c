/*
 * The stand-in recorder and the leaker together: exit codes as the reference has them, what each build knows,
 * and a trace that holds what the leaker says it allocated.
 */
#include "standin/wpr/recorder_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/trace/committed.h"

static void idle_and_syntax(void **state)
{
  (void)state;
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(bench_output, "WPR is not recording"));
  assert_int_equal(bench_wpr(L"-STOP x.etl"), 0xC5583000);
  assert_non_null(strstr(bench_output, "\tError code: 0xc5583000"));
  assert_int_equal(bench_wpr(L"-cancel"), 0xC5583000);
  assert_int_equal(bench_wpr(L"help"), 0xC5600602);
  assert_non_null(strstr(bench_output, "Invalid option: help"));
  assert_int_equal(bench_wpr(L"-stop"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-cancel -filemode"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-marker x"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-help"), 0);
  bench_knobs("version=14393\n");
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-status"), 0);
  assert_non_null(strstr(bench_output, "10.0.14393"));
}

static void bad_profiles(void **state)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 3];
  (void)state;
  assert_int_equal(bench_wpr(L"-start C:\\nowhere\\x.wprp!T -filemode"), 0x80070002);
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-start \"%ls\\t.wprp!U\" -filemode",
           bench_folder);
  assert_int_equal(bench_wpr(arguments), 0xC558300C);
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-start \"%ls\\t.wprp!T\" -start \"%ls\\t.wprp!T\" -filemode", bench_folder, bench_folder);
  assert_int_equal(bench_wpr(arguments), 0x800700B7);
  bench_write(L"t.wprp", "<WindowsPerformanceRecorder><Profiles></WindowsPerformanceRecorder>");
  assert_int_equal(bench_start(), 0xC558300C);
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(bench_output, "not recording"));
}

/* What a caller reads of the file, which is what it decides by. */
static uint32_t build_of_file(const wchar_t *path)
{
  static uint8_t info[4096];
  VS_FIXEDFILEINFO *fixed = NULL;
  UINT size = 0;
  assert_true(GetFileVersionInfoW(path, 0, sizeof info, info));
  assert_true(VerQueryValueW(info, L"\\", (void **)&fixed, &size));
  assert_int_equal(fixed->dwFileVersionMS, 10u << 16);
  return fixed->dwFileVersionLS >> 16;
}

static void versions(void **state)
{
  static const uint32_t builds[] = {14393, 17763, 20348, 26100};
  char banner[64];
  (void)state;
  for (size_t i = 0; i < sizeof builds / sizeof builds[0]; i++) {
    bool has_instances = builds[i] >= 17763;
    bench_choose(builds[i]);
    assert_int_equal(build_of_file(bench_recorder()), builds[i]);
    assert_int_equal(bench_wpr(L"-status"), 0);
    snprintf(banner, sizeof banner, "Version 10.0.%lu (CoreSystem)", (unsigned long)builds[i]);
    assert_non_null(strstr(bench_output, banner));
    assert_int_equal(bench_wpr(L"-status -instancename A"), has_instances ? 0 : 0xC5600602);
    assert_int_equal(bench_wpr(L"-cancel -instancename A"), has_instances ? 0xC5583000 : 0xC5600602);
    assert_int_equal(bench_wpr(L"-singlesnapshot heap 4"), has_instances ? 0xC5583000 : 0xC5600602);
    assert_int_equal(bench_wpr(L"-stop x.etl -skipPdbGen"), builds[i] >= 18955 ? 0xC5583000 : 0xC5600602);
    bench_knobs("skip_pdb_17763=ignored\n");
    assert_int_equal(bench_wpr(L"-stop x.etl -skipPdbGen"), 0xC5583000);
    bench_knobs("");
  }
}

/* What the leaker's own log says about the time of the recording. */
static seep_trace_committed published(uint32_t pid, uint64_t from, uint64_t until)
{
  static char text[1024 * 1024];
  wchar_t name[64];
  wchar_t path[STANDIN_PATH_UNITS];
  seep_trace_committed sums;
  seep_trace_committed_init(&sums, pid);
  swprintf(name, 64, L"leaker-%lu.log", (unsigned long)pid);
  bench_path(path, name);
  assert_in_range(standin_files_read(path, text, sizeof text), 1, sizeof text - 2);
  for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
    char *rest = NULL;
    line += *line == '\n' ? 1 : 0;
    bool is_commit = strncmp(line, "commit ", 7) == 0;
    if (!is_commit && strncmp(line, "release ", 8) != 0) {
      continue;
    }
    uint64_t when = strtoull(line + (is_commit ? 7 : 8), &rest, 10);
    strtoull(rest, &rest, 16);
    uint64_t size_bytes = strtoull(rest, &rest, 10);
    if (when >= from && when <= until) {
      sums.allocations += is_commit ? 1 : 0;
      sums.committed_bytes += is_commit ? size_bytes : 0;
      sums.frees += is_commit ? 0 : 1;
      sums.freed_bytes += is_commit ? 0 : size_bytes;
    }
  }
  return sums;
}

static void records_what_was_allocated(void **state)
{
  uint32_t pid = 0;
  (void)state;
  bench_child leaking = bench_leaker(bench_leaker_path, L"--mb-per-minute 240 --sawtooth --seconds 60", &pid);
  Sleep(500);
  bench_knobs("events_lost=5\nraw_bytes_per_s=200000\n");
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_start(), 0xC5583001);
  int64_t early_bytes = bench_size(L"WPR_initiated_A_WPR System Collector.etl");
  assert_true(early_bytes > 0 && bench_exists(L"WPR_initiated_A_Test Events.etl"));
  Sleep(4000);
  assert_true(bench_size(L"WPR_initiated_A_WPR System Collector.etl") >= early_bytes + 400000);
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(bench_output, "WPR recording is in progress"));
  assert_non_null(strstr(bench_output, "Temp Folder"));
  assert_int_equal(bench_stop(), 0);
  assert_non_null(strstr(bench_output, "\r100%"));
  assert_non_null(strstr(bench_output, "The trace was successfully saved."));
  bench_end_leaker(&leaking);
  assert_false(bench_exists(L"WPR_initiated_A_WPR System Collector.etl"));
  assert_false(bench_exists(L"wpr-A.state"));
  seep_trace_committed committed;
  seep_trace_committed_init(&committed, pid);
  seep_trace_summary summary = bench_read_trace(seep_trace_committed_visit, &committed);
  assert_int_equal(summary.header.events_lost, 5);
  assert_int_equal(summary.header.os_build, 20348);
  /* The last quarter of a second may be published but not yet recorded. */
  seep_trace_committed all = published(pid, summary.header.start, summary.header.end);
  seep_trace_committed most = published(pid, summary.header.start, summary.header.end - 5000000);
  assert_in_range(committed.allocations, most.allocations, all.allocations);
  assert_in_range(committed.committed_bytes, most.committed_bytes, all.committed_bytes);
  assert_in_range(committed.frees, most.frees, all.frees);
  assert_true(committed.committed_bytes >= 20u * 1024u * 1024u);
  assert_true(committed.freed_bytes > 0);
}

/* The leaker's module in the answer. */
static const seep_answer_module *leaker_in(const seep_answer *answer)
{
  for (size_t i = 0; i < answer->module_count; i++) {
    if (strcmp(answer->modules[i].name, "leaker.exe") == 0) {
      return &answer->modules[i];
    }
  }
  fail();
  return NULL;
}

static void version_of_leaker(char *company, char *version)
{
  static uint8_t info[4096];
  static const wchar_t *const names[2] = {L"\\StringFileInfo\\040904b0\\CompanyName",
                                          L"\\StringFileInfo\\040904b0\\FileVersion"};
  char *const texts[2] = {company, version};
  assert_true(GetFileVersionInfoW(bench_leaker_path, 0, sizeof info, info));
  for (size_t i = 0; i < 2; i++) {
    wchar_t *text = NULL;
    UINT units = 0;
    assert_true(VerQueryValueW(info, names[i], (void **)&text, &units));
    standin_files_narrow(text, texts[i], 64);
  }
}

static void merges_who_made_it(void **state)
{
  uint32_t pid = 0;
  char company[64];
  char version[64];
  wchar_t wide[STANDIN_PATH_UNITS];
  char path[STANDIN_PATH_UNITS];
  seep_answer answer;
  (void)state;
  version_of_leaker(company, version);
  assert_string_equal(company, "Seepwatch tests");
  assert_in_range(GetFullPathNameW(bench_leaker_path, STANDIN_PATH_UNITS, wide, NULL), 1,
                  STANDIN_PATH_UNITS - 1);
  standin_files_narrow(wide, path, sizeof path);
  bench_child leaking = bench_leaker(bench_leaker_path, L"--mb-per-minute 240 --seconds 60", &pid);
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  bench_read_answer(&answer, pid);
  assert_string_equal(seep_answer_culprit_name(&answer), "leaker.exe");
  const seep_answer_module *module = leaker_in(&answer);
  assert_string_equal(module->company, company);
  assert_string_equal(module->file_version, version);
  assert_string_equal(module->path, path); /* by the volume of its drive */
  assert_true(module->timestamp != 0);
  assert_true(module->has_pdb);
  assert_string_equal(module->pdb_name, "leaker.pdb");
  seep_answer_free(&answer);
  assert_false(bench_exists(L"wpr-A.modules"));

  bench_knobs("no_identity=1\n");
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  bench_end_leaker(&leaking);
  bench_read_answer(&answer, pid);
  assert_string_equal(seep_answer_culprit_name(&answer), "leaker.exe");
  module = leaker_in(&answer);
  assert_string_equal(module->company, "");
  assert_int_equal(module->timestamp, 0);
  assert_false(module->has_pdb);
  seep_answer_free(&answer);
}

static void cancel_leaves_nothing(void **state)
{
  (void)state;
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_wpr(L"-cancel"), 0xC5583000); /* the default instance is another one */
  assert_int_equal(bench_wpr(L"-cancel -instancename a"), 0);
  assert_false(bench_exists(L"WPR_initiated_A_WPR System Collector.etl"));
  assert_false(bench_exists(L"WPR_initiated_A_Test Events.etl"));
  assert_int_equal(bench_stop(), 0xC5583000);
}

static void one_call_at_a_time(void **state)
{
  (void)state;
  assert_int_equal(bench_start(), 0);
  bench_knobs("stop_slow_s=3\n");
  wchar_t arguments[STANDIN_PATH_UNITS * 2];
  char text[BENCH_OUTPUT_SIZE];
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-stop \"%ls\\out.etl\" -instancename A",
           bench_folder);
  bench_child stopping = bench_wpr_launch(arguments, 0);
  Sleep(1500);
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0xC5580601);
  assert_int_equal(bench_wpr(L"-status -instancename B"), 0);
  assert_int_equal(bench_finish(&stopping, text), 0);
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0);
}

/* Without -instancename everybody shares one recording. */
static void the_default_instance(void **state)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 3];
  (void)state;
  bench_choose(14393);
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-start \"%ls\\t.wprp!T\" -filemode -recordtempto \"%ls\"", bench_folder, bench_folder);
  assert_int_equal(bench_wpr(arguments), 0);
  assert_true(bench_exists(L"WPR_initiated_WprApp_WPR System Collector.etl"));
  assert_int_equal(bench_wpr(L"-start CPU"), 0xC5583001);
  assert_int_equal(bench_wpr(L"-cancel"), 0);
  assert_false(bench_exists(L"WPR_initiated_WprApp_WPR System Collector.etl"));
}

static DWORD tracing_flags(void)
{
  DWORD flags = 0xFFFF;
  DWORD size = sizeof flags;
  LSTATUS status =
      RegGetValueW(HKEY_LOCAL_MACHINE,
                   L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\"
                   L"seepwatch-standin-test.exe",
                   L"TracingFlags", RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY, NULL, &flags, &size);
  return status == ERROR_SUCCESS ? flags : 0xFFFF;
}

static void heap_tracing_flag(void **state)
{
  (void)state;
  bench_knobs("disable_deletes=1\n");
  assert_int_equal(bench_wpr(L"-heaptracingconfig seepwatch-standin-test.exe disable"), 0);
  assert_int_equal(bench_wpr(L"-heaptracingconfig seepwatch-standin-test.exe enable"), 0);
  assert_non_null(
      strstr(bench_output, "Heap tracing was successfully enabled for process seepwatch-standin-test.exe."));
  assert_int_equal(tracing_flags(), 1);
  bench_knobs("");
  assert_int_equal(bench_wpr(L"-heaptracingconfig seepwatch-standin-test.exe"), 0);
  assert_non_null(strstr(bench_output, "enabled"));
  assert_int_equal(bench_wpr(L"-heaptracingconfig seepwatch-standin-test.exe disable"), 0);
  assert_int_equal(tracing_flags(), 0);
  bench_knobs("disable_deletes=1\n");
  assert_int_equal(bench_wpr(L"-heaptracingconfig seepwatch-standin-test.exe disable"), 0);
  assert_int_equal(tracing_flags(), 0xFFFF);
  assert_int_equal(
      RegDeleteKeyExW(HKEY_LOCAL_MACHINE,
                      L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\"
                      L"seepwatch-standin-test.exe",
                      KEY_WOW64_64KEY, 0),
      ERROR_SUCCESS);
  assert_int_equal(bench_wpr(L"-heaptracingconfig a.exe perhaps"), 0xC5600602);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(idle_and_syntax, bench_fresh_folder),
      cmocka_unit_test_setup(bad_profiles, bench_fresh_folder),
      cmocka_unit_test_setup(versions, bench_fresh_folder),
      cmocka_unit_test_setup(records_what_was_allocated, bench_fresh_folder),
      cmocka_unit_test_setup(merges_who_made_it, bench_fresh_folder),
      cmocka_unit_test_setup(cancel_leaves_nothing, bench_fresh_folder),
      cmocka_unit_test_setup(one_call_at_a_time, bench_fresh_folder),
      cmocka_unit_test_setup(the_default_instance, bench_fresh_folder),
      cmocka_unit_test_setup(heap_tracing_flag, bench_fresh_folder),
  };
  if (!bench_open(argc, argv, L"test-standin-recorder")) {
    return 2;
  }
  return cmocka_run_group_tests_name("stand-in recorder", tests, NULL, NULL);
}
