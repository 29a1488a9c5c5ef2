/*
 * The stand-in recorder and the leaker together: exit codes as the reference has them, a trace that holds
 * what the leaker says it allocated, and the faults that the knobs bring. Arguments: the paths of wpr.exe and
 * leaker.exe.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "standin/standin_files.h"
#include "trace/committed.h"

#define OUTPUT_SIZE 8192
#define WAIT_MS 60000

static const char profile[] =
    "<?xml version=\"1.0\"?><!-- test --><WindowsPerformanceRecorder Version=\"1.0\"><Profiles>"
    "<SystemCollector Id=\"S\" Name=\"NT Kernel Logger\"><BufferSize Value=\"64\"/><Buffers Value=\"8\"/>"
    "</SystemCollector><EventCollector Id=\"E\" Name=\"Test Events\"/><SystemProvider Id=\"P\"/>"
    "<Profile Id=\"T.Verbose.File\" Name=\"T\" DetailLevel=\"Verbose\" LoggingMode=\"File\"><Collectors>"
    "<SystemCollectorId Value=\"S\"><SystemProviderId Value=\"P\"/></SystemCollectorId>"
    "<EventCollectorId Value=\"E\"/></Collectors></Profile>"
    "<Profile Id=\"T.Verbose.Memory\" Name=\"T\" DetailLevel=\"Verbose\" LoggingMode=\"Memory\"/>"
    "</Profiles></WindowsPerformanceRecorder>";

static wchar_t recorder[STANDIN_PATH_UNITS], leaker[STANDIN_PATH_UNITS];
static wchar_t folder[STANDIN_PATH_UNITS]; /* of the stand-ins, of this test only */

typedef struct child {
  PROCESS_INFORMATION process;
  HANDLE out; /* read end of stdout and stderr */
} child;

static void path_of(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *name)
{
  assert_true(standin_files_join(path, folder, name));
}

static void write_file(const wchar_t *name, const char *text)
{
  wchar_t path[STANDIN_PATH_UNITS];
  path_of(path, name);
  assert_true(standin_files_write(path, text));
}

static bool exists(const wchar_t *name)
{
  wchar_t path[STANDIN_PATH_UNITS];
  path_of(path, name);
  return standin_files_exists(path);
}

/* Both streams go to the child's pipe, or only the one asked for. */
static child launch(const wchar_t *program, const wchar_t *arguments, bool with_out, bool with_error)
{
  wchar_t line[STANDIN_PATH_UNITS * 2];
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
  HANDLE write_end = NULL;
  child started = {.out = NULL};
  swprintf(line, sizeof line / sizeof line[0], L"\"%ls\" %ls", program, arguments);
  assert_true(CreatePipe(&started.out, &write_end, &inherit, 0));
  SetHandleInformation(started.out, HANDLE_FLAG_INHERIT, 0);
  startup.hStdOutput = with_out ? write_end : NULL;
  startup.hStdError = with_error ? write_end : NULL;
  assert_true(CreateProcessW(program, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup,
                             &started.process));
  CloseHandle(write_end);
  return started;
}

/* Reads until the pipe closes: this would hang if the recording process kept the caller's handles. */
static uint32_t finish(child *started, char *output)
{
  DWORD code = 0;
  DWORD read = 0;
  size_t used = 0;
  while (used + 1 < OUTPUT_SIZE &&
         ReadFile(started->out, output + used, (DWORD)(OUTPUT_SIZE - 1 - used), &read, NULL) && read > 0) {
    used += read;
  }
  output[used] = '\0';
  assert_int_equal(WaitForSingleObject(started->process.hProcess, WAIT_MS), WAIT_OBJECT_0);
  GetExitCodeProcess(started->process.hProcess, &code);
  CloseHandle(started->process.hThread);
  CloseHandle(started->process.hProcess);
  CloseHandle(started->out);
  return code;
}

static char output[OUTPUT_SIZE];

static uint32_t wpr(const wchar_t *arguments)
{
  child started = launch(recorder, arguments, true, true);
  return finish(&started, output);
}

static uint32_t start_recording(void)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 3];
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-start \"%ls\\t.wprp!T\" -filemode -recordtempto \"%ls\" -instancename A", folder, folder);
  return wpr(arguments);
}

static uint32_t stop_recording(void)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 2];
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-stop \"%ls\\out.etl\" -instancename A",
           folder);
  return wpr(arguments);
}

static int64_t size_of(const wchar_t *name)
{
  wchar_t path[STANDIN_PATH_UNITS];
  WIN32_FILE_ATTRIBUTE_DATA data;
  path_of(path, name);
  return GetFileAttributesExW(path, GetFileExInfoStandard, &data) ? (int64_t)data.nFileSizeLow : -1;
}

static int fresh_folder(void **state)
{
  static const wchar_t *const names[] = {L"wpr-knobs.txt", L"wpr-A.state", L"wpr-A.stop", L"wpr-A.done",
                                         L"out.etl"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    wchar_t path[STANDIN_PATH_UNITS];
    path_of(path, names[i]);
    DeleteFileW(path);
  }
  write_file(L"t.wprp", profile);
  return 0;
}

static void idle_and_syntax(void **state)
{
  (void)state;
  assert_int_equal(wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(output, "WPR is not recording"));
  assert_int_equal(wpr(L"-STOP x.etl"), 0xC5583000);
  assert_non_null(strstr(output, "\tError code: 0xc5583000"));
  assert_int_equal(wpr(L"-cancel"), 0xC5583000);
  assert_int_equal(wpr(L"help"), 0xC5600602);
  assert_non_null(strstr(output, "Invalid option: help"));
  assert_int_equal(wpr(L"-stop"), 0xC5600602);
  assert_int_equal(wpr(L"-cancel -filemode"), 0xC5600602);
  assert_int_equal(wpr(L"-marker x"), 0xC5600602);
  assert_int_equal(wpr(L"-help"), 0);
  write_file(L"wpr-knobs.txt", "version=14393\n");
  assert_int_equal(wpr(L"-status -instancename A"), 0xC5600602);
  assert_int_equal(wpr(L"-status"), 0);
  assert_non_null(strstr(output, "10.0.14393"));
}

static void bad_profiles(void **state)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 3];
  (void)state;
  assert_int_equal(wpr(L"-start C:\\nowhere\\x.wprp!T -filemode"), 0x80070002);
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-start \"%ls\\t.wprp!U\" -filemode", folder);
  assert_int_equal(wpr(arguments), 0xC558300C);
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-start \"%ls\\t.wprp!T\" -start \"%ls\\t.wprp!T\" -filemode", folder, folder);
  assert_int_equal(wpr(arguments), 0x800700B7);
  write_file(L"t.wprp", "<WindowsPerformanceRecorder><Profiles></WindowsPerformanceRecorder>");
  assert_int_equal(start_recording(), 0xC558300C);
  assert_int_equal(wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(output, "not recording"));
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
  path_of(path, name);
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

static seep_trace_summary read_trace(seep_trace_committed *committed)
{
  static uint8_t data[4 * 1024 * 1024];
  wchar_t path[STANDIN_PATH_UNITS];
  seep_trace_summary summary;
  path_of(path, L"out.etl");
  size_t size = standin_files_read(path, (char *)data, sizeof data);
  assert_in_range(size, 1, sizeof data - 2);
  assert_int_equal(seep_trace_walk(data, size, seep_trace_committed_visit, committed, &summary, NULL),
                   SEEP_OK);
  assert_int_equal(summary.bad_buffers + summary.bad_records, 0);
  assert_false(summary.truncated);
  return summary;
}

static void records_what_was_allocated(void **state)
{
  char line[64] = "";
  DWORD read = 0;
  (void)state;
  child leaking = launch(leaker, L"--mb-per-minute 240 --sawtooth --seconds 60", true, false);
  assert_true(ReadFile(leaking.out, line, sizeof line - 1, &read, NULL));
  uint32_t pid = (uint32_t)strtoul(line, NULL, 10);
  assert_int_equal(pid, leaking.process.dwProcessId);
  Sleep(500);
  write_file(L"wpr-knobs.txt", "events_lost=5\nraw_bytes_per_s=200000\n");
  assert_int_equal(start_recording(), 0);
  assert_int_equal(start_recording(), 0xC5583001);
  int64_t early_bytes = size_of(L"WPR_initiated_A_WPR System Collector.etl");
  assert_true(early_bytes > 0 && exists(L"WPR_initiated_A_Test Events.etl"));
  Sleep(4000);
  assert_true(size_of(L"WPR_initiated_A_WPR System Collector.etl") >= early_bytes + 400000);
  assert_int_equal(wpr(L"-status -instancename A"), 0);
  assert_non_null(strstr(output, "WPR recording is in progress"));
  assert_non_null(strstr(output, "Temp Folder"));
  assert_int_equal(stop_recording(), 0);
  assert_non_null(strstr(output, "\r100%"));
  assert_non_null(strstr(output, "The trace was successfully saved."));
  TerminateProcess(leaking.process.hProcess, 0);
  finish(&leaking, output);
  assert_false(exists(L"WPR_initiated_A_WPR System Collector.etl"));
  assert_false(exists(L"wpr-A.state"));
  seep_trace_committed committed;
  seep_trace_committed_init(&committed, pid);
  seep_trace_summary summary = read_trace(&committed);
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

static void cancel_leaves_nothing(void **state)
{
  (void)state;
  assert_int_equal(start_recording(), 0);
  assert_int_equal(wpr(L"-cancel"), 0xC5583000); /* the default instance is another one */
  assert_int_equal(wpr(L"-cancel -instancename a"), 0);
  assert_false(exists(L"WPR_initiated_A_WPR System Collector.etl"));
  assert_false(exists(L"WPR_initiated_A_Test Events.etl"));
  assert_int_equal(stop_recording(), 0xC5583000);
}

static void one_call_at_a_time(void **state)
{
  (void)state;
  assert_int_equal(start_recording(), 0);
  write_file(L"wpr-knobs.txt", "stop_slow_s=3\n");
  wchar_t arguments[STANDIN_PATH_UNITS * 2];
  char text[OUTPUT_SIZE];
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-stop \"%ls\\out.etl\" -instancename A",
           folder);
  child stopping = launch(recorder, arguments, true, true);
  Sleep(1500);
  assert_int_equal(wpr(L"-status -instancename A"), 0xC5580601);
  assert_int_equal(wpr(L"-status -instancename B"), 0);
  assert_int_equal(finish(&stopping, text), 0);
  assert_int_equal(wpr(L"-status -instancename A"), 0);
}

static void forced_failures(void **state)
{
  (void)state;
  write_file(L"wpr-knobs.txt", "start_exit=0x800705AA\nstart_times=2\nstop_exit=800705AA\nstop_times=1\n");
  assert_int_equal(start_recording(), 0x800705AA);
  assert_non_null(strstr(output, "Insufficient system resources"));
  assert_int_equal(start_recording(), 0x800705AA);
  assert_int_equal(start_recording(), 0);
  assert_int_equal(stop_recording(), 0x800705AA);
  write_file(L"wpr-knobs.txt", "localised=1\nstdout_empty=1\n");
  assert_int_equal(stop_recording(), 0);
  assert_string_equal(output, "");
  assert_int_equal(stop_recording(), 0xC5583000);
  assert_non_null(strstr(output, "ausgef\xFChrt"));
}

static void recordings_that_fail(void **state)
{
  wchar_t path[STANDIN_PATH_UNITS];
  (void)state;
  assert_int_equal(start_recording(), 0);
  write_file(L"wpr-knobs.txt", "foreign_cancel=1\n");
  Sleep(1500);
  assert_int_equal(stop_recording(), 0xC5583000);
  write_file(L"wpr-knobs.txt", "no_events=1\n");
  assert_int_equal(start_recording(), 0);
  Sleep(1500);
  assert_int_equal(stop_recording(), 0);
  seep_trace_committed committed;
  seep_trace_committed_init(&committed, 1);
  assert_in_range(read_trace(&committed).buffers, 1, 2);
  assert_int_equal(start_recording(), 0);
  path_of(path, L"wpr-A.state"); /* a reboot: the recording is gone, its raw files stay */
  DeleteFileW(path);
  Sleep(1500);
  assert_int_equal(stop_recording(), 0xC5583000);
  path_of(path, L"WPR_initiated_A_WPR System Collector.etl");
  assert_true(DeleteFileW(path)); /* and nobody holds them */
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
  write_file(L"wpr-knobs.txt", "disable_deletes=1\n");
  assert_int_equal(wpr(L"-heaptracingconfig seepwatch-standin-test.exe disable"), 0);
  assert_int_equal(wpr(L"-heaptracingconfig seepwatch-standin-test.exe enable"), 0);
  assert_non_null(
      strstr(output, "Heap tracing was successfully enabled for process seepwatch-standin-test.exe."));
  assert_int_equal(tracing_flags(), 1);
  write_file(L"wpr-knobs.txt", "");
  assert_int_equal(wpr(L"-heaptracingconfig seepwatch-standin-test.exe"), 0);
  assert_non_null(strstr(output, "enabled"));
  assert_int_equal(wpr(L"-heaptracingconfig seepwatch-standin-test.exe disable"), 0);
  assert_int_equal(tracing_flags(), 0);
  write_file(L"wpr-knobs.txt", "disable_deletes=1\n");
  assert_int_equal(wpr(L"-heaptracingconfig seepwatch-standin-test.exe disable"), 0);
  assert_int_equal(tracing_flags(), 0xFFFF);
  assert_int_equal(
      RegDeleteKeyExW(HKEY_LOCAL_MACHINE,
                      L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\"
                      L"seepwatch-standin-test.exe",
                      KEY_WOW64_64KEY, 0),
      ERROR_SUCCESS);
  assert_int_equal(wpr(L"-heaptracingconfig a.exe perhaps"), 0xC5600602);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(idle_and_syntax, fresh_folder),
      cmocka_unit_test_setup(bad_profiles, fresh_folder),
      cmocka_unit_test_setup(records_what_was_allocated, fresh_folder),
      cmocka_unit_test_setup(cancel_leaves_nothing, fresh_folder),
      cmocka_unit_test_setup(one_call_at_a_time, fresh_folder),
      cmocka_unit_test_setup(forced_failures, fresh_folder),
      cmocka_unit_test_setup(recordings_that_fail, fresh_folder),
      cmocka_unit_test_setup(heap_tracing_flag, fresh_folder),
  };
  if (argc < 3) {
    fprintf(stderr, "usage: test_standin_recorder wpr.exe leaker.exe\n");
    return 2;
  }
  standin_files_widen(argv[1], recorder, STANDIN_PATH_UNITS);
  standin_files_widen(argv[2], leaker, STANDIN_PATH_UNITS);
  if (GetFullPathNameW(L"test-standin-recorder", STANDIN_PATH_UNITS, folder, NULL) == 0) {
    return 6;
  }
  CreateDirectoryW(folder, NULL);
  SetEnvironmentVariableW(L"SEEPWATCH_STANDIN", folder);
  return cmocka_run_group_tests_name("stand-in recorder", tests, NULL, NULL);
}
