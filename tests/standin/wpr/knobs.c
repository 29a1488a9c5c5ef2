#include "standin/wpr/knobs.h"

#include <windows.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/standin_files.h"
#include "standin/wpr/version.h"

/* In the names of knobs and files. */
static const char *const verb_names[WPR_VERBS] = {
    [WPR_VERB_START] = "start",
    [WPR_VERB_STOP] = "stop",
    [WPR_VERB_CANCEL] = "cancel",
    [WPR_VERB_STATUS] = "status",
    [WPR_VERB_HEAP_CONFIG] = "heapconfig",
    [WPR_VERB_SNAPSHOT_CONFIG] = "snapshotconfig",
    [WPR_VERB_SINGLE_SNAPSHOT] = "snapshot",
    [WPR_VERB_PERIODIC_ON] = "periodic",
    [WPR_VERB_PERIODIC_OFF] = "periodicoff",
};

/* Value of name in the text, or NULL. Lines are not ended in place: the text stays whole. */
static const char *find(const char *text, const char *name)
{
  size_t length = strlen(name);
  for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
    line += *line == '\n' ? 1 : 0;
    if (strncmp(line, name, length) == 0 && line[length] == '=') {
      return line + length + 1;
    }
  }
  return NULL;
}

static uint32_t number(const char *text, const char *name, uint32_t otherwise)
{
  const char *value = find(text, name);
  return value != NULL ? (uint32_t)strtoul(value, NULL, 10) : otherwise;
}

static bool flag(const char *text, const char *name)
{
  return number(text, name, 0) != 0;
}

static uint32_t code(const char *text, const char *name)
{
  const char *value = find(text, name);
  return value != NULL ? (uint32_t)strtoul(value, NULL, 16) : 0;
}

/* Does the knob have this value? */
static bool says(const char *text, const char *name, const char *word)
{
  const char *value = find(text, name);
  size_t length = strlen(word);
  return value != NULL && strncmp(value, word, length) == 0 && strchr("\r\n", value[length]) != NULL;
}

static wpr_forced forced_of(const char *text, const char *verb)
{
  char name[32];
  wpr_forced forced;
  snprintf(name, sizeof name, "%s_exit", verb);
  forced.is_set = find(text, name) != NULL;
  forced.exit_code = code(text, name);
  snprintf(name, sizeof name, "%s_times", verb);
  forced.times = number(text, name, 0);
  snprintf(name, sizeof name, "%s_hang_s", verb);
  forced.hang_s = number(text, name, 0);
  return forced;
}

void wpr_knobs_load(wpr_knobs *knobs, const wchar_t *folder)
{
  char text[4096] = "";
  wchar_t path[STANDIN_PATH_UNITS];
  if (standin_files_join(path, folder, L"wpr-knobs.txt")) {
    standin_files_read(path, text, sizeof text);
  }
  memset(knobs, 0, sizeof *knobs);
  for (size_t i = 0; i < WPR_VERBS; i++) {
    if (verb_names[i] != NULL) {
      knobs->forced[i] = forced_of(text, verb_names[i]);
    }
  }
  knobs->stop_slow_s = number(text, "stop_slow_s", 0);
  knobs->version = number(text, "version", wpr_version_own());
  knobs->localised = flag(text, "localised");
  knobs->stdout_empty = flag(text, "stdout_empty");
  knobs->success_text = flag(text, "success_text");
  knobs->raw_bytes_per_s = number(text, "raw_bytes_per_s", 65536);
  knobs->no_events = flag(text, "no_events");
  knobs->foreign_cancel = flag(text, "foreign_cancel");
  knobs->events_lost = number(text, "events_lost", 0);
  knobs->clearing = says(text, "disable_deletes", "key") ? WPR_CLEARING_KEY
                    : flag(text, "disable_deletes")      ? WPR_CLEARING_VALUE
                                                         : WPR_CLEARING_WRITES_0;
  knobs->refuses_rings = says(text, "ring", "refused");
  knobs->takes_over_heap = says(text, "heap_second", "takes_over");
  knobs->stop_disk_full = flag(text, "stop_disk_full");
  knobs->raw_left = flag(text, "raw_left");
  knobs->makes_pdb_folder = flag(text, "ngenpdb");
  knobs->no_identity = flag(text, "no_identity");
  knobs->stop_keeps_existing = says(text, "stop_existing", "fails");
  knobs->status_idle_exit = code(text, "status_idle_exit");
  knobs->instance_last_only = flag(text, "instance_last_only");
  knobs->ignores_skip_pdb = says(text, "skip_pdb_17763", "ignored");
  knobs->session_slots = number(text, "session_slots", 64);
  knobs->privilege = number(text, "privilege", 1) != 0;
}

bool wpr_knobs_take_forced(const wpr_knobs *knobs, const wchar_t *folder, wpr_verb verb)
{
  const wpr_forced *forced = &knobs->forced[verb];
  wchar_t name[64];
  wchar_t path[STANDIN_PATH_UNITS];
  char text[32];
  swprintf(name, sizeof name / sizeof name[0], L"wpr-forced-%hs.txt", verb_names[verb]);
  if (!standin_files_join(path, folder, name)) {
    return false;
  }
  if (!forced->is_set) {
    DeleteFileW(path);
    return false;
  }
  standin_files_read(path, text, sizeof text);
  uint32_t calls = (uint32_t)strtoul(text, NULL, 10);
  snprintf(text, sizeof text, "%" PRIu32 "\n", calls + 1);
  standin_files_write(path, text);
  return forced->times == 0 || calls < forced->times;
}
