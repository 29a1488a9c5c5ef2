/*
 * wpr.exe of the tests: behaves towards its caller as the Windows Performance Recorder is known to
 * (reference: wpr-and-ifeo, 13), faults included, and records what the leaking test processes say they
 * allocate. It is put where Windows has the real one; nothing of Seepwatch knows it. Tests steer it by
 * wpr-knobs.txt and read wpr-calls.log.
 */
#include <windows.h>
#include <shellapi.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "standin/wpr/heap_config.h"
#include "standin/wpr/output.h"
#include "standin/wpr/session.h"
#include "standin/wpr/snapshot.h"
#include "standin/wpr/verbs.h"

static void log_call(const wpr_context *context, const wchar_t *command_line, uint32_t code)
{
  static char arguments[16384];
  static char text[17408];
  wchar_t path[STANDIN_PATH_UNITS];
  SYSTEMTIME now;
  GetSystemTime(&now);
  standin_files_narrow(command_line, arguments, sizeof arguments);
  snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ %lu %s 0x%08" PRIx32 "%s%s%s\n", now.wYear,
           now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond, now.wMilliseconds,
           GetCurrentProcessId(), arguments, code, context->remark[0] != '\0' ? " (" : "", context->remark,
           context->remark[0] != '\0' ? ")" : "");
  if (standin_files_join(path, context->folder, L"wpr-calls.log")) {
    standin_files_append(path, text);
  }
}

/* The part of the command line after the program's name, quotes and all. */
static const wchar_t *after_program(const wchar_t *command_line)
{
  bool is_quoted = *command_line == L'"';
  command_line += is_quoted ? 1 : 0;
  while (*command_line != L'\0' && *command_line != (is_quoted ? L'"' : L' ')) {
    command_line++;
  }
  while (*command_line == L'"' || *command_line == L' ') {
    command_line++;
  }
  return command_line;
}

static uint32_t configure_heap(wpr_context *context)
{
  uint32_t code = wpr_heap_config(context->line.positional[0], context->line.action, &context->knobs);
  if (code != 0) {
    wpr_output_error(code, NULL);
  }
  return code;
}

static uint32_t run_verb(wpr_context *context)
{
  static uint32_t (*const verbs[WPR_VERBS])(wpr_context * context) = {
      [WPR_VERB_START] = wpr_verbs_start,
      [WPR_VERB_STOP] = wpr_verbs_stop,
      [WPR_VERB_CANCEL] = wpr_verbs_cancel,
      [WPR_VERB_STATUS] = wpr_verbs_status,
      [WPR_VERB_HEAP_CONFIG] = configure_heap,
      [WPR_VERB_SNAPSHOT_CONFIG] = wpr_snapshot_config,
      [WPR_VERB_SINGLE_SNAPSHOT] = wpr_snapshot_single,
      [WPR_VERB_PERIODIC_ON] = wpr_snapshot_periodic_on,
      [WPR_VERB_PERIODIC_OFF] = wpr_snapshot_periodic_off,
  };
  wpr_verb verb = context->line.verb;
  const wpr_forced *forced = &context->knobs.forced[verb];
  if (forced->hang_s > 0) {
    Sleep(forced->hang_s * 1000);
  }
  if (wpr_knobs_take_forced(&context->knobs, context->folder, verb)) {
    wpr_verbs_remark(context, "forced");
    if (forced->exit_code != 0) {
      wpr_output_error(forced->exit_code, NULL);
    }
    return forced->exit_code;
  }
  return verbs[verb](context);
}

static uint32_t run(wpr_context *context, wchar_t **arguments, size_t count)
{
  wpr_command_line *line = &context->line;
  if (!wpr_command_line_read(line, arguments, count, &context->knobs)) {
    wpr_output_banner();
    wpr_output_usage();
    wpr_output_syntax_error(line->invalid);
    return WPR_SYNTAX;
  }
  if (line->verb == WPR_VERB_HELP) {
    wpr_output_banner();
    wpr_output_usage();
    return 0;
  }
  if (line->verb == WPR_VERB_HEAP_CONFIG) {
    return run_verb(context); /* about no recording: no instance */
  }
  if (line->instance_not_last) {
    wpr_verbs_remark(context, "-instancename is not last");
  }
  if (wcslen(line->instance) >= WPR_INSTANCE_UNITS ||
      !wpr_recording_files_of(&context->files, context->folder, line->instance)) {
    return WPR_FAILED;
  }
  HANDLE lock = wpr_recording_lock(&context->files);
  if (lock == INVALID_HANDLE_VALUE) {
    wpr_output_error(WPR_DUPLICATE_INSTANCE, NULL);
    return WPR_DUPLICATE_INSTANCE;
  }
  uint32_t code = run_verb(context);
  CloseHandle(lock);
  return code;
}

int main(void)
{
  static wpr_context context;
  int count = 0;
  uint32_t code = WPR_FAILED;
  wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &count);
  if (arguments == NULL || count < 1 || !standin_files_folder(context.folder)) {
    ExitProcess(code);
  }
  if (count == 3 && wcscmp(arguments[1], WPR_SESSION_VERB) == 0) {
    ExitProcess((UINT)wpr_session_run(arguments[2]));
  }
  wpr_knobs_load(&context.knobs, context.folder);
  wpr_output_init(&context.knobs);
  code = run(&context, arguments + 1, (size_t)count - 1);
  log_call(&context, after_program(GetCommandLineW()), code);
  ExitProcess(code);
}
