/* The stand-in recorder's faults: each knob once, seen from the caller. */
#include "standin/wpr/recorder_bench.h"

#include <stdio.h>
#include <string.h>

#include "unit/trace/committed.h"

#define RAW L"WPR_initiated_A_WPR System Collector.etl"

static void forced_failures(void **state)
{
  (void)state;
  bench_knobs("start_exit=0x800705AA\nstart_times=2\nstop_exit=800705AA\nstop_times=1\n");
  assert_int_equal(bench_start(), 0x800705AA);
  assert_non_null(strstr(bench_output, "Insufficient system resources"));
  assert_int_equal(bench_start(), 0x800705AA);
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_stop(), 0x800705AA);
  bench_knobs("localised=1\nstdout_empty=1\n");
  assert_int_equal(bench_stop(), 0);
  assert_string_equal(bench_output, "");
  assert_int_equal(bench_stop(), 0xC5583000);
  assert_non_null(strstr(bench_output, "ausgef\xFChrt"));
}

static void recordings_that_fail(void **state)
{
  wchar_t path[STANDIN_PATH_UNITS];
  (void)state;
  assert_int_equal(bench_start(), 0);
  bench_knobs("foreign_cancel=1\n");
  Sleep(1500);
  assert_int_equal(bench_stop(), 0xC5583000);
  bench_knobs("no_events=1\nno_identity=1\n");
  assert_int_equal(bench_start(), 0);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0);
  seep_trace_committed committed;
  seep_trace_committed_init(&committed, 1);
  assert_in_range(bench_read_trace(seep_trace_committed_visit, &committed).buffers, 1, 2);
  assert_int_equal(bench_start(), 0);
  bench_path(path, L"wpr-A.state"); /* a reboot: the recording is gone, its raw files stay */
  DeleteFileW(path);
  Sleep(1500);
  assert_int_equal(bench_stop(), 0xC5583000);
  bench_path(path, L"WPR_initiated_A_WPR System Collector.etl");
  assert_true(DeleteFileW(path)); /* and nobody holds them */
}

static void every_verb_can_be_forced(void **state)
{
  static const struct {
    const char *knob;
    const wchar_t *arguments;
  } verbs[] = {{"cancel", L"-cancel"},
               {"status", L"-status"},
               {"heapconfig", L"-heaptracingconfig a.exe"},
               {"snapshotconfig", L"-snapshotconfig heap -pid 4 enable"},
               {"snapshot", L"-singlesnapshot heap 4"},
               {"periodic", L"-enableperiodicsnapshot heap 5 4"},
               {"periodicoff", L"-disableperiodicsnapshot heap"}};
  char knob[64];
  (void)state;
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    snprintf(knob, sizeof knob, "%s_exit=0x800705b4\n", verbs[i].knob);
    bench_knobs(knob);
    assert_int_equal(bench_wpr(verbs[i].arguments), 0x800705B4);
    assert_non_null(strstr(bench_output, "timeout period expired"));
  }
  bench_knobs("cancel_hang_s=2\n");
  ULONGLONG began = GetTickCount64();
  assert_int_equal(bench_wpr(L"-cancel"), 0xC5583000);
  assert_true(GetTickCount64() - began >= 1900);
}

static void starts_that_are_refused(void **state)
{
  (void)state;
  bench_knobs("privilege=0\n");
  assert_int_equal(bench_start(), 0xC5585011);
  bench_knobs("session_slots=0\n");
  assert_int_equal(bench_start(), 0x800705AA);
  assert_non_null(strstr(bench_output, "Profile Id: T.Verbose.File"));
  bench_knobs("status_idle_exit=0xC5583000\n");
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0xC5583000);
  bench_knobs("instance_last_only=1\n");
  assert_int_equal(bench_wpr(L"-instancename A -status"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-status -instancename A details"), 0xC5600602);
  assert_int_equal(bench_wpr(L"-status details -instancename A"), 0);
}

static void a_full_disk_at_stop(void **state)
{
  (void)state;
  assert_int_equal(bench_start(), 0);
  Sleep(3000);
  bench_knobs("stop_disk_full=1\n");
  assert_int_equal(bench_stop(), 0x80070070);
  int64_t part_bytes = bench_size(L"out.etl");
  assert_true(part_bytes > 0 && part_bytes < bench_size(RAW));
  assert_int_equal(bench_wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(bench_output, "in progress"));
  bench_knobs("stop_existing=fails\n");
  assert_int_equal(bench_stop(), 0x80070050);
  bench_knobs("");
  assert_int_equal(bench_stop(), 0);
  assert_true(bench_size(L"out.etl") > part_bytes);
  assert_false(bench_exists(RAW));
}

static void what_stays_behind(void **state)
{
  wchar_t path[STANDIN_PATH_UNITS];
  (void)state;
  bench_knobs("raw_left=1\nsuccess_text=1\n");
  assert_int_equal(bench_start(), 0);
  assert_non_null(strstr(bench_output, "started"));
  assert_int_equal(bench_wpr(L"-cancel -instancename A"), 0);
  assert_true(bench_exists(RAW));
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_stop(), 0);
  assert_true(bench_exists(RAW) && bench_exists(L"out.etl"));
  bench_path(path, L"out.etl.NGENPDB\\standin.ni.pdb");
  DeleteFileW(path);
  bench_knobs("ngenpdb=1\n");
  assert_int_equal(bench_start(), 0);
  wchar_t arguments[STANDIN_PATH_UNITS * 2];
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-stop \"%ls\\out.etl\" -skipPdbGen -instancename A", bench_folder);
  assert_int_equal(bench_wpr(arguments), 0);
  assert_false(bench_exists(L"out.etl.NGENPDB\\standin.ni.pdb"));
  assert_int_equal(bench_start(), 0);
  assert_int_equal(bench_stop(), 0);
  assert_true(bench_exists(L"out.etl.NGENPDB\\standin.ni.pdb"));
}

static void a_stop_that_was_killed(void **state)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 2];
  char text[BENCH_OUTPUT_SIZE];
  (void)state;
  assert_int_equal(bench_start(), 0);
  bench_knobs("stop_slow_s=30\n");
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-stop \"%ls\\out.etl\" -instancename A",
           bench_folder);
  bench_child stopping = bench_wpr_launch(arguments, 0);
  Sleep(2500);
  TerminateProcess(stopping.process.hProcess, 9);
  assert_int_equal(bench_finish(&stopping, text), 9);
  bench_knobs("");
  assert_true(bench_exists(RAW));
  assert_int_equal(bench_stop(), 0);
  assert_false(bench_exists(RAW));
}

/* In a job of its own at another priority, as a careful caller does it. */
static uint32_t call_in_job(const wchar_t *arguments, DWORD priority, bool end_job)
{
  char text[BENCH_OUTPUT_SIZE];
  HANDLE job = CreateJobObjectW(NULL, NULL);
  bench_child started = bench_wpr_launch(arguments, CREATE_SUSPENDED);
  /* Wine 8 does not look at a priority class among the flags of CreateProcess. */
  assert_true(SetPriorityClass(started.process.hProcess, priority));
  assert_true(AssignProcessToJobObject(job, started.process.hProcess));
  ResumeThread(started.process.hThread);
  uint32_t code = bench_finish(&started, text);
  if (end_job) {
    TerminateJobObject(job, 1);
  }
  CloseHandle(job);
  return code;
}

static void jobs_and_priorities(void **state)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 3];
  (void)state;
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-start \"%ls\\t.wprp!T\" -filemode -recordtempto \"%ls\" -instancename A", bench_folder,
           bench_folder);
  assert_int_equal(call_in_job(arguments, NORMAL_PRIORITY_CLASS, true), 0);
  Sleep(1500);
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-stop \"%ls\\out.etl\" -instancename A",
           bench_folder);
  assert_int_equal(call_in_job(arguments, HIGH_PRIORITY_CLASS, false), 0);
  assert_non_null(strstr(bench_last_call(), "0x00000000 (priority high, in a job)"));
  assert_int_equal(bench_stop(), 0xC5583000);
  assert_non_null(strstr(bench_last_call(), "(priority normal, in "));
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(forced_failures, bench_fresh_folder),
      cmocka_unit_test_setup(every_verb_can_be_forced, bench_fresh_folder),
      cmocka_unit_test_setup(starts_that_are_refused, bench_fresh_folder),
      cmocka_unit_test_setup(recordings_that_fail, bench_fresh_folder),
      cmocka_unit_test_setup(a_full_disk_at_stop, bench_fresh_folder),
      cmocka_unit_test_setup(what_stays_behind, bench_fresh_folder),
      cmocka_unit_test_setup(a_stop_that_was_killed, bench_fresh_folder),
      cmocka_unit_test_setup(jobs_and_priorities, bench_fresh_folder),
  };
  if (!bench_open(argc, argv, L"test-standin-faults")) {
    return 2;
  }
  return cmocka_run_group_tests_name("stand-in recorder, faults", tests, NULL, NULL);
}
