/*
 * Alerts matter most when the server is out of memory, so everything a write needs exists before: the source
 * handle and wide storage for all inserts. Nothing is allocated per alert; longer inserts are cut. The 32-bit
 * event id carries the severity in its top bits, exactly as the message compiler numbers messages.mc.
 */
#include "win/win_alert_sink.h"

#include <stdint.h>
#include <stdlib.h>

#include <windows.h>

#include "win/win_error.h"
#include "win/win_wide.h"

/* At least what report/alert.h gives: 20 inserts of 512 bytes. */
#define INSERTS 20
#define INSERT_UNITS 600
#define SEVERITY_SHIFT 30

typedef struct sink {
  HANDLE source;
  wchar_t *source_name;
  wchar_t inserts[INSERTS][INSERT_UNITS];
} sink;

typedef struct level_row {
  WORD type;         /* what Event Viewer shows as the level */
  uint32_t severity; /* what the message compiler puts into the id */
} level_row;

static const level_row levels[] = {
    {EVENTLOG_INFORMATION_TYPE, 1},
    {EVENTLOG_WARNING_TYPE, 2},
    {EVENTLOG_ERROR_TYPE, 3},
};

static seep_status open_source(sink *self, seep_error *error)
{
  if (self->source == NULL) {
    self->source = RegisterEventSourceW(NULL, self->source_name);
  }
  if (self->source == NULL) {
    return seep_win_error_set(error, GetLastError(), "RegisterEventSource", NULL);
  }
  return SEEP_OK;
}

/* After a restart of the event log service the kept handle may be dead; a new one is worth one more try. */
static seep_status report(sink *self, const level_row *level, uint32_t event_id, const wchar_t **strings,
                          WORD count, seep_error *error)
{
  seep_status status = SEEP_OK;
  for (int attempt = 0; attempt < 2; attempt++) {
    status = open_source(self, error);
    if (status != SEEP_OK) {
      return status;
    }
    if (ReportEventW(self->source, level->type, 0, event_id, NULL, count, 0, strings, NULL)) {
      return SEEP_OK;
    }
    status = seep_win_error_set(error, GetLastError(), "ReportEvent", NULL);
    DeregisterEventSource(self->source);
    self->source = NULL;
  }
  return status;
}

static seep_status write_alert(void *context, uint32_t id, int level, const char *const *inserts,
                               size_t insert_count, seep_error *error)
{
  sink *self = context;
  if (level < 0 || (size_t)level >= sizeof levels / sizeof levels[0] || insert_count > INSERTS ||
      id > UINT16_MAX) {
    return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, (int64_t)id, "ReportEvent",
                          "alert out of range");
  }
  const wchar_t *strings[INSERTS];
  for (size_t i = 0; i < insert_count; i++) {
    seep_win_wide_fill_from_utf8(inserts[i], self->inserts[i], INSERT_UNITS);
    strings[i] = self->inserts[i];
  }
  const level_row *row = &levels[level];
  return report(self, row, row->severity << SEVERITY_SHIFT | id, strings, (WORD)insert_count, error);
}

seep_status seep_win_alert_sink_new(seep_alert_sink *port, const char *source, seep_error *error)
{
  sink *self = calloc(1, sizeof *self);
  wchar_t *name = seep_win_wide_from_utf8(source);
  if (self == NULL || name == NULL) {
    free(self);
    free(name);
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "alert sink", NULL);
  }
  self->source_name = name;
  /* A failure here is told by the first write, which tries again. */
  (void)open_source(self, NULL);
  port->context = self;
  port->write = write_alert;
  return SEEP_OK;
}

void seep_win_alert_sink_free(seep_alert_sink *port)
{
  sink *self = port->context;
  if (self == NULL) {
    return;
  }
  if (self->source != NULL) {
    DeregisterEventSource(self->source);
  }
  free(self->source_name);
  free(self);
  port->context = NULL;
  port->write = NULL;
}
