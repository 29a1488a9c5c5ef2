#include "standin/wpr/recorder_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 60000
#define TRACE_BYTES (8u * 1024u * 1024u)

wchar_t bench_folder[STANDIN_PATH_UNITS];
wchar_t bench_leaker_path[STANDIN_PATH_UNITS];
char bench_output[BENCH_OUTPUT_SIZE];

static wchar_t given_recorder[STANDIN_PATH_UNITS], recorder[STANDIN_PATH_UNITS];
static char trace[TRACE_BYTES];

/* ---- files ---- */

bool bench_open(int argc, char **argv, const wchar_t *name)
{
  if (argc < 3 || GetFullPathNameW(name, STANDIN_PATH_UNITS, bench_folder, NULL) == 0) {
    fprintf(stderr, "usage: test wpr.exe leaker.exe\n");
    return false;
  }
  standin_files_widen(argv[1], given_recorder, STANDIN_PATH_UNITS);
  standin_files_widen(argv[2], bench_leaker_path, STANDIN_PATH_UNITS);
  bench_choose(20348);
  CreateDirectoryW(bench_folder, NULL);
  SetEnvironmentVariableW(L"SEEPWATCH_STANDIN", bench_folder);
  return true;
}

void bench_choose(uint32_t build)
{
  memcpy(recorder, given_recorder, sizeof recorder);
  wchar_t *end = wcsrchr(recorder, L'.');
  if (build != 20348 && end != NULL) {
    swprintf(end, (size_t)(recorder + STANDIN_PATH_UNITS - end), L"-%lu.exe", (unsigned long)build);
  }
}

const wchar_t *bench_recorder(void)
{
  return recorder;
}

void bench_path(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *name)
{
  assert_true(standin_files_join(path, bench_folder, name));
}

void bench_write(const wchar_t *name, const char *text)
{
  wchar_t path[STANDIN_PATH_UNITS];
  bench_path(path, name);
  assert_true(standin_files_write(path, text));
}

bool bench_exists(const wchar_t *name)
{
  wchar_t path[STANDIN_PATH_UNITS];
  bench_path(path, name);
  return standin_files_exists(path);
}

int64_t bench_size(const wchar_t *name)
{
  wchar_t path[STANDIN_PATH_UNITS];
  WIN32_FILE_ATTRIBUTE_DATA data;
  bench_path(path, name);
  return GetFileAttributesExW(path, GetFileExInfoStandard, &data) ? (int64_t)data.nFileSizeLow : -1;
}

void bench_knobs(const char *text)
{
  bench_write(L"wpr-knobs.txt", text);
}

void bench_write_profile(const bench_profile *profile)
{
  static char text[8192];
  bool has_heap = profile->in_heap != NULL;
  int length = snprintf(
      text, sizeof text,
      "<?xml version=\"1.0\"?><!-- test --><WindowsPerformanceRecorder Version=\"1.0\"><Profiles>"
      "<SystemCollector Id=\"S\" Name=\"NT Kernel Logger\"><BufferSize Value=\"64\"/><Buffers Value=\"8\"/>%s"
      "</SystemCollector><EventCollector Id=\"E\" Name=\"Test Events\">%s</EventCollector>%s%s%s"
      "<SystemProvider Id=\"P\"><Stacks><Stack Value=\"HeapAllocation\"/></Stacks></SystemProvider>%s"
      "<Profile Id=\"T.Verbose.File\" Name=\"T\" DetailLevel=\"Verbose\" LoggingMode=\"File\"><Collectors>"
      "<SystemCollectorId Value=\"S\"><SystemProviderId Value=\"P\"/></SystemCollectorId>"
      "<EventCollectorId Value=\"E\">%s</EventCollectorId>%s%s%s</Collectors></Profile>"
      "<Profile Id=\"T.Verbose.Memory\" Name=\"T\" DetailLevel=\"Verbose\" LoggingMode=\"Memory\"/>"
      "</Profiles></WindowsPerformanceRecorder>",
      profile->in_system, profile->in_event,
      has_heap ? "<HeapEventCollector Id=\"H\" Name=\"Test Heap\">" : "", has_heap ? profile->in_heap : "",
      has_heap ? "</HeapEventCollector>" : "", profile->providers, profile->event_references,
      has_heap ? "<HeapEventCollectorId Value=\"H\">" : "", profile->heap_references,
      has_heap ? "</HeapEventCollectorId>" : "");
  assert_in_range(length, 1, sizeof text - 1);
  bench_write(L"t.wprp", text);
}

static void remove_all(const wchar_t *pattern)
{
  WIN32_FIND_DATAW entry;
  wchar_t path[STANDIN_PATH_UNITS];
  bench_path(path, pattern);
  HANDLE search = FindFirstFileW(path, &entry);
  if (search == INVALID_HANDLE_VALUE) {
    return;
  }
  do {
    bench_path(path, entry.cFileName);
    DeleteFileW(path);
  } while (FindNextFileW(search, &entry));
  FindClose(search);
}

int bench_fresh_folder(void **state)
{
  static const wchar_t *const patterns[] = {L"wpr-*", L"*.state", L"*.etl", L"leaker-*.log"};
  static const bench_profile ordinary = {"", "", NULL, "", "", ""};
  (void)state;
  for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
    remove_all(patterns[i]);
  }
  bench_choose(20348);
  bench_write_profile(&ordinary);
  return 0;
}

/* ---- processes ---- */

/* Once in about a thousand starts, while processes of other tests come and go, a child of Wine 8 dies before
 * it has run anything of the program, and that is ERROR_INTERNAL_ERROR; the next attempt goes well. Anything
 * else is not tried again. */
#define START_ATTEMPTS 3

static void create_process(const wchar_t *program, wchar_t *line, DWORD flags, STARTUPINFOW *startup,
                           PROCESS_INFORMATION *process)
{
  DWORD error = ERROR_INTERNAL_ERROR;
  for (unsigned i = 0; i < START_ATTEMPTS && error == ERROR_INTERNAL_ERROR; i++) {
    if (CreateProcessW(program, line, NULL, NULL, TRUE, flags, NULL, NULL, startup, process)) {
      return;
    }
    error = GetLastError();
  }
  fail_msg("CreateProcessW: error %lu: %ls", (unsigned long)error, line);
}

bench_child bench_launch(const wchar_t *program, const wchar_t *arguments, bool with_out, bool with_error,
                         DWORD flags)
{
  wchar_t line[STANDIN_PATH_UNITS * 4];
  SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
  STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
  HANDLE write_end = NULL;
  bench_child started = {.out = NULL};
  swprintf(line, sizeof line / sizeof line[0], L"\"%ls\" %ls", program, arguments);
  assert_true(CreatePipe(&started.out, &write_end, &inherit, 0));
  SetHandleInformation(started.out, HANDLE_FLAG_INHERIT, 0);
  startup.hStdOutput = with_out ? write_end : NULL;
  startup.hStdError = with_error ? write_end : NULL;
  create_process(program, line, CREATE_NO_WINDOW | flags, &startup, &started.process);
  CloseHandle(write_end);
  return started;
}

bench_child bench_wpr_launch(const wchar_t *arguments, DWORD flags)
{
  return bench_launch(recorder, arguments, true, true, flags);
}

/* It would hang here if the recording process kept the caller's handles. */
uint32_t bench_finish(bench_child *started, char *output)
{
  DWORD code = 0;
  DWORD read = 0;
  size_t used = 0;
  while (used + 1 < BENCH_OUTPUT_SIZE &&
         ReadFile(started->out, output + used, (DWORD)(BENCH_OUTPUT_SIZE - 1 - used), &read, NULL) &&
         read > 0) {
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

uint32_t bench_wpr(const wchar_t *arguments)
{
  bench_child started = bench_wpr_launch(arguments, 0);
  return bench_finish(&started, bench_output);
}

uint32_t bench_wpr_pid(const wchar_t *format, uint32_t pid)
{
  wchar_t arguments[512];
  wchar_t number[16];
  const wchar_t *mark = wcsstr(format, L"%lu");
  assert_non_null(mark);
  swprintf(number, sizeof number / sizeof number[0], L"%lu", (unsigned long)pid);
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"%.*ls%ls%ls", (int)(mark - format), format,
           number, mark + 3);
  return bench_wpr(arguments);
}

uint32_t bench_start(void)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 3];
  swprintf(arguments, sizeof arguments / sizeof arguments[0],
           L"-start \"%ls\\t.wprp!T\" -filemode -recordtempto \"%ls\" -instancename A", bench_folder,
           bench_folder);
  return bench_wpr(arguments);
}

uint32_t bench_stop(void)
{
  wchar_t arguments[STANDIN_PATH_UNITS * 2];
  swprintf(arguments, sizeof arguments / sizeof arguments[0], L"-stop \"%ls\\out.etl\" -instancename A",
           bench_folder);
  return bench_wpr(arguments);
}

bench_child bench_leaker(const wchar_t *program, const wchar_t *arguments, uint32_t *pid)
{
  char line[64] = "";
  DWORD read = 0;
  bench_child leaking = bench_launch(program, arguments, true, false, 0);
  assert_true(ReadFile(leaking.out, line, sizeof line - 1, &read, NULL));
  *pid = (uint32_t)strtoul(line, NULL, 10);
  assert_int_equal(*pid, leaking.process.dwProcessId);
  return leaking;
}

void bench_end_leaker(bench_child *leaking)
{
  char rest[BENCH_OUTPUT_SIZE];
  TerminateProcess(leaking->process.hProcess, 0);
  bench_finish(leaking, rest);
}

/* ---- results ---- */

static size_t load_trace(void)
{
  wchar_t path[STANDIN_PATH_UNITS];
  bench_path(path, L"out.etl");
  size_t size = standin_files_read(path, trace, sizeof trace);
  assert_in_range(size, 1, sizeof trace - 2);
  return size;
}

seep_trace_summary bench_read_trace(seep_trace_visit visit, void *context)
{
  seep_trace_summary summary;
  size_t size = load_trace();
  assert_int_equal(seep_trace_walk((const uint8_t *)trace, size, visit, context, &summary, NULL), SEEP_OK);
  assert_int_equal(summary.bad_buffers + summary.bad_records, 0);
  assert_false(summary.truncated);
  return summary;
}

void bench_read_answer(seep_answer *answer, uint32_t pid)
{
  const seep_answer_request request = {.options = {.has_pid = true, .pid = pid}};
  size_t size = load_trace();
  assert_int_equal(seep_answer_read(answer, (const uint8_t *)trace, size, &request, NULL), SEEP_OK);
  assert_true(answer->has_process);
  assert_int_equal(answer->merged.late_records, 0);
}

size_t bench_count_in_trace(const uint8_t *bytes, size_t size)
{
  size_t total = load_trace();
  size_t count = 0;
  for (size_t i = 0; i + size <= total; i++) {
    count += memcmp(trace + i, bytes, size) == 0 ? 1u : 0u;
  }
  return count;
}

const char *bench_last_call(void)
{
  static char text[65536];
  wchar_t path[STANDIN_PATH_UNITS];
  bench_path(path, L"wpr-calls.log");
  size_t size = standin_files_read(path, text, sizeof text);
  assert_in_range(size, 2, sizeof text - 2);
  text[size - 1] = '\0';
  const char *last = strrchr(text, '\n');
  return last != NULL ? last + 1 : text;
}
