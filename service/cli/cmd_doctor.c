/*
 * `doctor`: what will and will not work on this server. Collects the facts, from Windows here and from files
 * in doctor_files.c; doctor_print.c prints what lib/report makes of them. It looks only: nothing is created,
 * changed or started. Windows only.
 */
#include "cli.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor_files.h"
#include "doctor_print.h"
#include "watch/files.h"
#include "win/win_facts.h"
#include "win/win_folders.h"

#define PATH_SIZE 1024
#define SERVICE "seepwatch"

typedef struct request {
  bool json;
  const char *data_folder, *settings_path; /* as given; NULL: the default place */
} request;

/* ---- the facts ---- */

/* A folder that is not there yet will be on the volume of the one that it comes into. */
static uint64_t free_bytes_for(const char *folder)
{
  char parent[PATH_SIZE];
  uint64_t bytes = seep_files_free_bytes(folder);
  if (bytes != UINT64_MAX) {
    return bytes;
  }
  seep_text_copy(parent, sizeof parent, folder);
  char *end = strrchr(parent, '\\');
  if (end == NULL) {
    return UINT64_MAX;
  }
  *end = '\0';
  return seep_files_free_bytes(parent);
}

static void collect(const request *wanted, const char *folder, seep_doctor_facts *facts)
{
  char settings_path[PATH_SIZE], database_path[PATH_SIZE];
  memset(facts, 0, sizeof *facts);
  facts->minimum_free_bytes = UINT64_MAX;
  seep_win_facts_read(SERVICE, folder, facts);
  facts->free_bytes = free_bytes_for(facts->data_folder);
  if (wanted->settings_path != NULL) {
    seep_doctor_files_settings(wanted->settings_path, true, facts);
  } else if (seep_files_join(settings_path, sizeof settings_path, folder, '\\', "seepwatch.json")) {
    seep_doctor_files_settings(settings_path, false, facts);
  }
  if (seep_files_join(database_path, sizeof database_path, folder, '\\', "seepwatch.db")) {
    seep_doctor_files_database(database_path, facts);
  }
}

/* ---- the verb ---- */

static int examine(const char *verb, const request *wanted, const char *folder)
{
  seep_doctor_facts facts;
  collect(wanted, folder, &facts);
  return seep_doctor_print(verb, &facts, wanted->json);
}

int seep_cmd_doctor(int argc, char **argv)
{
  request wanted = {false, NULL, NULL};
  char *folder = NULL;
  seep_error error = {0};
  for (int i = 1; i < argc; i++) {
    bool has_value = i + 1 < argc && argv[i + 1][0] != '\0';
    if (strcmp(argv[i], "--json") == 0) {
      wanted.json = true;
    } else if (strcmp(argv[i], "--data") == 0 && has_value) {
      wanted.data_folder = argv[++i];
    } else if (strcmp(argv[i], "--config") == 0 && has_value) {
      wanted.settings_path = argv[++i];
    } else {
      return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[i], "unknown option, or its value is missing");
    }
  }
  if (wanted.data_folder != NULL) {
    return examine(argv[0], &wanted, wanted.data_folder);
  }
  seep_status status = seep_win_folders_data(&folder, &error);
  if (status != SEEP_OK) {
    char why[SEEP_ERROR_SUBJECT_SIZE + 128];
    return seep_cli_fail(argv[0], seep_cli_exit_code(status), "data folder",
                         seep_error_text(&error, why, sizeof why));
  }
  int result = examine(argv[0], &wanted, folder);
  free(folder);
  return result;
}
