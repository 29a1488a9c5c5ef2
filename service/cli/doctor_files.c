#include "doctor_files.h"

#include <stdlib.h>

#include "base/text.h"
#include "settings/settings.h"
#include "store/store.h"
#include "watch/files.h"

/* ---- configuration ---- */

static void say_settings_problem(const seep_settings_problem *problem, seep_doctor_facts *facts)
{
  seep_writer writer;
  seep_writer_init(&writer, facts->settings_problem, sizeof facts->settings_problem);
  if (problem->line > 0) {
    seep_writer_format(&writer, "line %u, ", problem->line);
  }
  if (problem->key[0] != '\0') {
    seep_writer_format(&writer, "key %s: ", problem->key);
  }
  seep_writer_text(&writer, problem->reason);
}

/* What a file that is refused or cannot be read would switch is not known. */
static void keep_switches(const seep_settings *settings, seep_doctor_facts *facts)
{
  facts->capture_enabled = settings->capture_enabled ? SEEP_YES : SEEP_NO;
  facts->event2004_enabled = settings->event2004_enabled ? SEEP_YES : SEEP_NO;
}

void seep_doctor_files_settings(const char *path, bool named, seep_doctor_facts *facts)
{
  seep_settings settings;
  seep_settings_problem problem;
  seep_error error = {0};
  char *text = NULL;
  size_t size = 0;
  seep_settings_defaults(&settings);
  seep_status status = seep_files_read(path, SEEP_SETTINGS_MAXIMUM_BYTES, &text, &size, &error);
  if (status == SEEP_OK) {
    facts->settings_there = SEEP_YES;
    status = seep_settings_parse(text, size, &settings, &problem);
    facts->settings_valid = status == SEEP_OK ? SEEP_YES : SEEP_NO;
    if (status != SEEP_OK) {
      say_settings_problem(&problem, facts);
    } else {
      keep_switches(&settings, facts);
    }
  } else if (status == SEEP_NOT_FOUND && !named) {
    facts->settings_there = SEEP_NO;
    keep_switches(&settings, facts);
  } else {
    facts->settings_valid = status == SEEP_NOT_FOUND || status == SEEP_LIMIT ? SEEP_NO : SEEP_NOT_KNOWN;
    seep_error_text(&error, facts->settings_problem, sizeof facts->settings_problem);
  }
  free(text);
  facts->minimum_free_bytes = settings.capture_minimum_free_bytes;
}

/* ---- database ---- */

static void keep_fault(seep_doctor_database_fault fault, seep_doctor_facts *facts)
{
  facts->database_readable = SEEP_NO;
  facts->database_fault = fault;
}

/* Of an older file the record holds the version, of a newer one none: nobody here knows what it means. */
static void judge_database(seep_status status, const seep_error *error, seep_doctor_facts *facts)
{
  facts->database_readable = SEEP_NOT_KNOWN;
  if (status == SEEP_OK) {
    facts->database_readable = SEEP_YES;
  } else if (status == SEEP_CORRUPT) {
    keep_fault(SEEP_DOCTOR_DATABASE_DAMAGED, facts);
  } else if (status == SEEP_UNSUPPORTED) {
    keep_fault(error->code > 0 ? SEEP_DOCTOR_DATABASE_OLDER : SEEP_DOCTOR_DATABASE_NEWER, facts);
  } else if (status == SEEP_NOT_FOUND && facts->service_running == SEEP_YES) {
    keep_fault(SEEP_DOCTOR_DATABASE_MISSING, facts);
  }
}

void seep_doctor_files_database(const char *path, seep_doctor_facts *facts)
{
  seep_store *store = NULL;
  seep_error error = {0};
  seep_status status = seep_store_open_readonly(path, &store, &error);
  seep_store_close(store);
  judge_database(status, &error, facts);
  facts->database_problem[0] = '\0';
  if (status == SEEP_NOT_FOUND) {
    seep_text_copy(facts->database_problem, sizeof facts->database_problem, "there is none");
  } else if (status != SEEP_OK) {
    seep_error_text(&error, facts->database_problem, sizeof facts->database_problem);
  }
}
