/*
 * seepwatch: picks the verb and nothing else. Arguments are UTF-8 from here on, on every system.
 */
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>

#include <shellapi.h>

#include "scm.h"
#include "win/win_wide.h"
#endif

#include "cli/cli.h"

typedef struct verb {
  const char *name;
  int (*command)(int argc, char **argv);
} verb;

static const verb verbs[] = {
    {"config", seep_cmd_config},     {"event", seep_cmd_event},
    {"replay", seep_cmd_replay},     {"report", seep_cmd_report},
    {"memory", seep_cmd_memory},     {"history", seep_cmd_history},
    {"top", seep_cmd_top},           {"leaks", seep_cmd_leaks},
    {"captures", seep_cmd_captures},
#ifdef _WIN32
    {"run", seep_cmd_run},           {"service", seep_scm_service},
    {"install", seep_cmd_install},   {"uninstall", seep_cmd_uninstall},
    {"status", seep_cmd_status},     {"doctor", seep_cmd_doctor},
#endif
    {"version", seep_cmd_version},   {"--version", seep_cmd_version},
    {"help", seep_cmd_help},         {"--help", seep_cmd_help},
    {"-h", seep_cmd_help},
};

static int dispatch(int argc, char **argv)
{
  if (argc < 2) {
    (void)seep_cmd_help(1, argv);
    return SEEP_EXIT_USAGE;
  }
  for (int i = 2; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      char *help[] = {(char *)"help", argv[1], NULL};
      return seep_cmd_help(2, help);
    }
  }
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(verbs[i].name, argv[1]) == 0) {
      return verbs[i].command(argc - 1, argv + 1);
    }
  }
  return seep_cli_fail(argv[1], SEEP_EXIT_USAGE, "no such verb", "'seepwatch help' lists them");
}

#ifdef _WIN32
/* The command line as UTF-8; NULL when memory is short. Freed by the end of the process. */
static char **utf8_arguments(int *count)
{
  wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), count);
  if (wide == NULL) {
    return NULL;
  }
  char **arguments = calloc((size_t)*count + 1, sizeof *arguments);
  for (int i = 0; arguments != NULL && i < *count; i++) {
    arguments[i] = seep_win_wide_to_utf8(wide[i]);
    if (arguments[i] == NULL) {
      return NULL;
    }
  }
  LocalFree(wide);
  return arguments;
}
#endif

int main(int argc, char **argv)
{
#ifdef _WIN32
  /* DLLs come from System32 alone, also those that libraries load later. */
  SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
  SetConsoleOutputCP(CP_UTF8);
  argv = utf8_arguments(&argc);
  if (argv == NULL) {
    return SEEP_EXIT_FAILED;
  }
#endif
  return dispatch(argc, argv);
}
