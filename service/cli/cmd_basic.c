/* version and help. */
#include "cli.h"

#include <stdbool.h>
#include <string.h>

#include "version.h"

typedef struct verb_help {
  const char *name, *usage, *meaning, *example;
} verb_help;

static const verb_help verbs[] = {
    {"config", "config check FILE [--json] | config print [--config FILE] | config keys",
     "checks a configuration, prints the effective one, or explains every key",
     "seepwatch config check seepwatch.json"},
    {"event", "event FILE.xml [--json]", "explains an exported Event 2004 (- reads standard input)",
     "seepwatch event 2004.xml"},
    {"report", "report FILE.etl [--pid N] [--json]", "says what is in a trace and how much was lost",
     "seepwatch report captures\\20261122T104444Z-app.exe-4242-virtualalloc.etl --pid 4242"},
    {"history", "history [--db F] [--process NAME] [--pid N] [--hours H] [--json|--csv]",
     "prints the commit size of processes over time", "seepwatch history --process app.exe --hours 24 --csv"},
    {"leaks", "leaks [--db F] [--json|--csv]", "lists the leaks found", "seepwatch leaks"},
    {"captures", "captures list [--db F] [--json|--csv]", "lists the recordings made",
     "seepwatch captures list"},
#ifdef _WIN32
    {"run", "run [--data FOLDER] [--config FILE]", "runs the watchdog in this console; Ctrl-C stops it",
     "seepwatch run"},
    {"service", "service", "runs as a Windows service; only the service control manager uses this",
     "sc start seepwatch"},
    {"install", "install", "registers the service (or repairs its description and recovery actions)",
     "seepwatch install"},
    {"uninstall", "uninstall [--stop-only]",
     "stops and removes the service; data and configuration stay. --stop-only: stops it and waits for its "
     "end",
     "seepwatch uninstall"},
    {"status", "status [--json]", "asks the service control manager how the service is", "seepwatch status"},
#endif
    {"version", "version [--json]", "prints the version", "seepwatch version"},
    {"help", "help [VERB]", "prints this, or the help of one verb", "seepwatch help history"},
};

static void print_one(const verb_help *verb)
{
  printf("usage: seepwatch %s\n\n%s\n\nexample: %s\n", verb->usage, verb->meaning, verb->example);
}

static void print_all(void)
{
  printf("Seepwatch %s watches a Windows server for memory leaks.\n\nusage: seepwatch VERB ...\n\n",
         SEEP_VERSION);
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    printf("  %-10s %s\n", verbs[i].name, verbs[i].meaning);
  }
  printf("\nExit codes: 0 done, 2 usage, 3 not found, 4 bad or unsupported input, 5 access denied,\n"
         "6 the operating system refused, 7 busy.\n");
}

int seep_cmd_help(int argc, char **argv)
{
  if (argc < 2) {
    print_all();
    return SEEP_EXIT_DONE;
  }
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(verbs[i].name, argv[1]) == 0) {
      print_one(&verbs[i]);
      return SEEP_EXIT_DONE;
    }
  }
  return seep_cli_fail("help", SEEP_EXIT_USAGE, argv[1], "no such verb; 'seepwatch help' lists them");
}

int seep_cmd_version(int argc, char **argv)
{
  bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
  if (argc > 1 && !json) {
    return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[1], "this verb takes --json and no other argument");
  }
  printf(json ? "{\"version\":\"%s\"}\n" : "seepwatch %s\n", SEEP_VERSION);
  return SEEP_EXIT_DONE;
}
