#include "report/alert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/human.h"

#define INFORMATION SEEP_ALERT_INFORMATION
#define WARNING SEEP_ALERT_WARNING
#define ERROR_LEVEL SEEP_ALERT_ERROR

/* Leaks and rapid growth alike, so that one rule of a central log reads both. */
#define CASE_FOUND                                                                                           \
  "image", "pid", "created", "memory kind", "slope", "growth", "since", "commit now", "system commit total", \
      "commit limit", "time left", "confidence", "evidence", "report", "services", "done so far",            \
      "evidence lies in"
#define CASE_OVER "image", "pid", "created", "reason", "grown in all", "lasted", "evidence lies in"

static const seep_alert_definition definitions[] = {
    {SEEP_ALERT_SERVICE_STARTED,
     INFORMATION,
     4,
     {"version", "poll interval", "data folder", "settings summary"}},
    {SEEP_ALERT_SERVICE_STOPPED, INFORMATION, 2, {"reason", "ran for"}},
    {SEEP_ALERT_SETTINGS_LOADED, INFORMATION, 3, {"file", "settings summary", "when it was read"}},
    {SEEP_ALERT_SETTINGS_REFUSED, ERROR_LEVEL, 5, {"file", "line", "key", "reason", "what runs now"}},
    {SEEP_ALERT_HEARTBEAT,
     INFORMATION,
     16,
     {"uptime", "polls", "processes", "open leaks", "own private bytes", "own cpu time", "commit total",
      "commit limit", "samples and polls lost", "left", "time left", "leaking", "recorder", "recordings",
      "event 2004", "database"}},
    {SEEP_ALERT_LEFTOVER_UNDONE, INFORMATION, 4, {"kind", "subject", "since", "what was done"}},
    {SEEP_ALERT_OWN_BUDGET, WARNING, 3, {"which", "value", "limit"}},
    {SEEP_ALERT_STORAGE_DEGRADED, ERROR_LEVEL, 3, {"what failed", "error", "consequence"}},
    {SEEP_ALERT_STORAGE_RECOVERED, INFORMATION, 1, {"since"}},
    {SEEP_ALERT_BLIND, ERROR_LEVEL, 2, {"failed looks", "error"}},
    {SEEP_ALERT_BLIND_OVER, INFORMATION, 1, {"was blind for"}},
    {SEEP_ALERT_HISTORY_CUT_SHORT, WARNING, 3, {"limit bytes", "polls reach back to", "configured days"}},
    {SEEP_ALERT_HELD_BACK, WARNING, 4, {"alerts", "which", "since", "limit per hour"}},
    {SEEP_ALERT_METRICS_FAILED, WARNING, 2, {"path", "error"}},
    {SEEP_ALERT_METRICS_RESTORED, INFORMATION, 2, {"path", "since"}},
    {SEEP_ALERT_LEAK_FOUND, WARNING, 17, {CASE_FOUND}},
    {SEEP_ALERT_LEAK_OVER, INFORMATION, 7, {CASE_OVER}},
    {SEEP_ALERT_HEADROOM,
     WARNING,
     13,
     {"reason", "commit total", "commit limit", "left", "percent used", "time left", "rate", "since",
      "largest processes", "growing", "outside of processes", "done so far", "evidence lies in"}},
    {SEEP_ALERT_SYSTEM_GROWTH,
     WARNING,
     8,
     {"what", "rate", "growth", "since", "now", "time left", "evidence", "hint"}},
    {SEEP_ALERT_RAPID_GROWTH, WARNING, 17, {CASE_FOUND}},
    {SEEP_ALERT_RAPID_GROWTH_OVER, INFORMATION, 7, {CASE_OVER}},
    {SEEP_ALERT_SYSTEM_GROWTH_OVER, INFORMATION, 4, {"what", "growth", "lasted", "ending"}},
    {SEEP_ALERT_HANDLE_GROWTH,
     WARNING,
     8,
     {"image", "pid", "created", "handles now", "rate", "growth", "since", "evidence"}},
    {SEEP_ALERT_HANDLE_GROWTH_OVER,
     INFORMATION,
     6,
     {"image", "pid", "created", "growth", "lasted", "ending"}},
    {SEEP_ALERT_HEADROOM_OVER,
     INFORMATION,
     5,
     {"commit total", "commit limit", "percent used", "lasted", "least left"}},
    {SEEP_ALERT_EXHAUSTION,
     WARNING,
     15,
     {"event time", "record id", "commit charge", "commit limit", "process 1", "process 2", "process 3",
      "known leaks among them", "what follows", "other processes", "explained", "pools", "repeated",
      "told late", "evidence lies in"}},
    {SEEP_ALERT_FEED_LOST, WARNING, 2, {"error", "consequence"}},
    {SEEP_ALERT_FEED_RESTORED, INFORMATION, 1, {"was lost for"}},
    {SEEP_ALERT_UNDIAGNOSED,
     WARNING,
     10,
     {"reason", "event time", "commit charge", "commit limit", "process 1", "process 2", "process 3",
      "known leaks", "told late", "done so far"}},
    {SEEP_ALERT_NO_DIAGNOSIS, WARNING, 3, {"state", "consequence", "cure"}},
    {SEEP_ALERT_RECORDING_STARTED,
     INFORMATION,
     7,
     {"image", "pid", "what is recorded", "instance", "limit seconds", "limit bytes", "memory kind"}},
    {SEEP_ALERT_RECORDING_SAVED,
     INFORMATION,
     10,
     {"image", "pid", "path", "bytes", "duration", "what is recorded", "ended because", "events", "lost",
      "remark"}},
    {SEEP_ALERT_RECORDING_FAILED,
     ERROR_LEVEL,
     7,
     {"image", "pid", "verb", "code", "meaning", "reason", "path"}},
    {SEEP_ALERT_RECORDING_REFUSED, WARNING, 4, {"image", "pid", "reason", "meaning"}},
    {SEEP_ALERT_FLAG_SET, WARNING, 5, {"image", "pid", "restart", "expires", "registry key"}},
    {SEEP_ALERT_FLAG_TAKEN_BACK, INFORMATION, 4, {"image", "registry key", "reason", "result"}},
    {SEEP_ALERT_CULPRIT,
     WARNING,
     14,
     {"image", "pid", "created", "module", "function or offset", "company", "file version", "bytes", "share",
      "allocations", "signature", "memory kind", "recording", "remark"}},
    {SEEP_ALERT_NO_CULPRIT, INFORMATION, 5, {"image", "pid", "recording", "reason", "finding"}},
    {0, INFORMATION, 0, {NULL}}};

const seep_alert_definition *seep_alert_definitions(void)
{
  return definitions;
}

const seep_alert_definition *seep_alert_definition_of(uint32_t id)
{
  for (const seep_alert_definition *definition = definitions; definition->id != 0; definition++) {
    if (definition->id == id) {
      return definition;
    }
  }
  return NULL;
}

void seep_alert_init(seep_alert *alert, uint32_t id)
{
  const seep_alert_definition *definition = seep_alert_definition_of(id);
  memset(alert, 0, sizeof *alert);
  alert->id = id;
  /* An id outside the table is a mistake of ours; an Error without inserts shows it without doing harm. */
  alert->level = definition != NULL ? definition->level : SEEP_ALERT_ERROR;
  alert->insert_count = definition != NULL ? definition->insert_count : 0;
  for (size_t i = 0; i < SEEP_ALERT_INSERTS; i++) {
    seep_text_copy(alert->inserts[i], sizeof alert->inserts[i], "-");
  }
}

/* Names come from other people's programs: a line break in one must not make an event look like two, nor a
 * mark of direction one name like another. Bytes that are no character go through: the log shows them so. */
static void flatten(char *text)
{
  size_t left = strlen(text);
  while (left > 0) {
    uint32_t point = 0;
    size_t bytes = seep_text_character(text, left, &point);
    if (bytes > 0 && seep_text_is_control(point)) {
      memset(text, ' ', bytes);
    }
    bytes = bytes > 0 ? bytes : 1;
    text += bytes;
    left -= bytes;
  }
}

void seep_alert_add_text(seep_alert *alert, const char *text)
{
  if (alert->added >= alert->insert_count) {
    return;
  }
  char *insert = alert->inserts[alert->added++];
  seep_text_copy(insert, SEEP_ALERT_INSERT_SIZE, text != NULL && text[0] != '\0' ? text : "-");
  flatten(insert);
}

void seep_alert_add_u64(seep_alert *alert, uint64_t value)
{
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  seep_alert_add_text(alert, text);
}

void seep_alert_add_bytes(seep_alert *alert, uint64_t bytes)
{
  char figure[SEEP_HUMAN_SIZE];
  char text[SEEP_HUMAN_SIZE + 32];
  seep_human_bytes(bytes, figure, sizeof figure);
  if (bytes < 1024) {
    seep_alert_add_text(alert, figure);
    return;
  }
  snprintf(text, sizeof text, "%s (%" PRIu64 " bytes)", figure, bytes);
  seep_alert_add_text(alert, text);
}

void seep_alert_add_rate(seep_alert *alert, double bytes_per_hour)
{
  char text[SEEP_HUMAN_SIZE];
  seep_alert_add_text(alert, seep_human_rate(bytes_per_hour, text, sizeof text));
}

void seep_alert_add_duration(seep_alert *alert, int64_t ms)
{
  char text[SEEP_HUMAN_SIZE];
  seep_alert_add_text(alert, seep_human_duration(ms, text, sizeof text));
}

void seep_alert_add_wall(seep_alert *alert, seep_wall wall)
{
  char text[SEEP_WALL_TEXT_SIZE];
  seep_alert_add_text(alert, seep_wall_text(wall, text, sizeof text));
}

void seep_alert_add_filetime(seep_alert *alert, seep_filetime filetime)
{
  /* Zero is how a creation time that nobody could read comes here. */
  if (filetime == 0) {
    seep_alert_add_text(alert, NULL);
    return;
  }
  seep_alert_add_wall(alert, seep_wall_from_filetime(filetime));
}

void seep_alert_add_code(seep_alert *alert, uint32_t code)
{
  char text[16];
  snprintf(text, sizeof text, "0x%08" PRIX32, code);
  seep_alert_add_text(alert, text);
}

void seep_alert_add_error(seep_alert *alert, const seep_error *error)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_alert_add_text(alert, error != NULL ? seep_error_text(error, text, sizeof text) : NULL);
}

const char *seep_alert_text(const seep_alert *alert, char *out, size_t out_size)
{
  const seep_alert_definition *definition = seep_alert_definition_of(alert->id);
  size_t count = definition != NULL ? definition->insert_count : 0;
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  for (size_t i = 0; i < count; i++) {
    seep_writer_text(&writer, i > 0 ? "; " : "");
    seep_writer_text(&writer, definition->insert_names[i]);
    seep_writer_text(&writer, ": ");
    seep_writer_text(&writer, alert->inserts[i]);
  }
  return out;
}

const char *seep_alert_insert(const seep_alert *alert, const char *label)
{
  const seep_alert_definition *definition = seep_alert_definition_of(alert->id);
  size_t count = definition != NULL ? definition->insert_count : 0;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(definition->insert_names[i], label) == 0) {
      return strcmp(alert->inserts[i], "-") != 0 ? alert->inserts[i] : NULL;
    }
  }
  return NULL;
}

const char *seep_alert_level_text(seep_alert_level level)
{
  switch (level) {
  case SEEP_ALERT_INFORMATION:
    return "information";
  case SEEP_ALERT_WARNING:
    return "warning";
  case SEEP_ALERT_ERROR:
  default:
    return "error";
  }
}
