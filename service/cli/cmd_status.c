/*
 * `status`: how Windows says the service is, and what the watchdog itself has written about how it fares. The
 * second is printed by status_print.c; here Windows is asked and the place of the file is found. Windows
 * only.
 */
#include "cli.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "status_print.h"
#include "watch/files.h"
#include "win/win_folders.h"
#include "win/win_service.h"

#define PATH_SIZE 1024
#define SERVICE "seepwatch"

static int fail(const char *verb, const char *what, seep_status status, const seep_error *error)
{
  char why[SEEP_ERROR_SUBJECT_SIZE + 128];
  return seep_cli_fail(verb, seep_cli_exit_code(status), what, seep_error_text(error, why, sizeof why));
}

/* A watchdog in a console (run) writes the file too, without a service. */
static int print_status(const char *verb, const char *folder, bool json)
{
  char path[PATH_SIZE], service_json[128], service_text[128];
  seep_win_service_state now;
  seep_error error = {0};
  if (!seep_files_join(path, sizeof path, folder, '\\', "status.json")) {
    return seep_cli_fail(verb, SEEP_EXIT_BAD_INPUT, "data folder", "path too long");
  }
  seep_status status = seep_win_service_state_of(SERVICE, &now, &error);
  if (status == SEEP_NOT_FOUND) {
    return seep_status_print(verb, path, NULL, "service seepwatch: not registered", json);
  }
  if (status != SEEP_OK) {
    return fail(verb, "failed", status, &error);
  }
  const char *state = seep_win_service_state_text(now.state);
  unsigned long pid = now.pid, code = now.exit_code;
  snprintf(service_json, sizeof service_json, "{\"state\":\"%s\",\"pid\":%lu,\"exit_code\":%lu}", state, pid,
           code);
  snprintf(service_text, sizeof service_text, "service seepwatch: %s, process %lu, last exit code %lu", state,
           pid, code);
  return seep_status_print(verb, path, service_json, service_text, json);
}

int seep_cmd_status(int argc, char **argv)
{
  const char *given = NULL;
  char *folder = NULL;
  bool json = false;
  seep_error error = {0};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc && argv[i + 1][0] != '\0') {
      given = argv[++i];
    } else {
      return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[i], "unknown option, or its value is missing");
    }
  }
  if (given != NULL) {
    return print_status(argv[0], given, json);
  }
  seep_status status = seep_win_folders_data(&folder, &error);
  if (status != SEEP_OK) {
    return fail(argv[0], "data folder", status, &error);
  }
  int result = print_status(argv[0], folder, json);
  free(folder);
  return result;
}
