#include "standin/wpr/knobs.h"

#include <windows.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/standin_files.h"

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

static wpr_forced forced_of(const char *text, const char *verb)
{
  char name[32];
  wpr_forced forced;
  snprintf(name, sizeof name, "%s_exit", verb);
  const char *value = find(text, name);
  forced.is_set = value != NULL;
  forced.exit_code = value != NULL ? (uint32_t)strtoul(value, NULL, 16) : 0;
  snprintf(name, sizeof name, "%s_times", verb);
  forced.times = number(text, name, 0);
  return forced;
}

void wpr_knobs_load(wpr_knobs *knobs, const wchar_t *folder)
{
  char text[4096] = "";
  wchar_t path[STANDIN_PATH_UNITS];
  if (standin_files_join(path, folder, L"wpr-knobs.txt")) {
    standin_files_read(path, text, sizeof text);
  }
  knobs->start = forced_of(text, "start");
  knobs->stop = forced_of(text, "stop");
  knobs->cancel = forced_of(text, "cancel");
  knobs->status = forced_of(text, "status");
  knobs->start_hang_s = number(text, "start_hang_s", 0);
  knobs->stop_slow_s = number(text, "stop_slow_s", 0);
  knobs->version = number(text, "version", 20348);
  knobs->localised = number(text, "localised", 0) != 0;
  knobs->stdout_empty = number(text, "stdout_empty", 0) != 0;
  knobs->raw_bytes_per_s = number(text, "raw_bytes_per_s", 65536);
  knobs->no_events = number(text, "no_events", 0) != 0;
  knobs->foreign_cancel = number(text, "foreign_cancel", 0) != 0;
  knobs->events_lost = number(text, "events_lost", 0);
  knobs->disable_deletes = number(text, "disable_deletes", 0) != 0;
}

bool wpr_knobs_take_forced(const wpr_forced *forced, const wchar_t *folder, const wchar_t *verb)
{
  wchar_t name[64];
  wchar_t path[STANDIN_PATH_UNITS];
  char text[32];
  swprintf(name, sizeof name / sizeof name[0], L"wpr-forced-%ls.txt", verb);
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
