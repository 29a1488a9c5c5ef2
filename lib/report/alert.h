/*
 * What the administrator sees in the Application log: an id and typed inserts in a fixed order. The text to
 * each id stands in service/messages.mc; a test holds both to the same ids, levels and insert counts. A
 * missing value is "-".
 */
#ifndef SEEP_REPORT_ALERT_H
#define SEEP_REPORT_ALERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"

typedef enum seep_alert_level {
  SEEP_ALERT_INFORMATION = 0,
  SEEP_ALERT_WARNING,
  SEEP_ALERT_ERROR
} seep_alert_level;

/* Ids are an interface: never reused, never renumbered. */
enum {
  SEEP_ALERT_SERVICE_STARTED = 100,
  SEEP_ALERT_SERVICE_STOPPED = 101,
  SEEP_ALERT_SETTINGS_LOADED = 102,
  SEEP_ALERT_SETTINGS_REFUSED = 103,
  SEEP_ALERT_HEARTBEAT = 104,
  SEEP_ALERT_LEFTOVER_UNDONE = 105,
  SEEP_ALERT_OWN_BUDGET = 106,
  SEEP_ALERT_STORAGE_DEGRADED = 107,
  SEEP_ALERT_STORAGE_RECOVERED = 108,
  SEEP_ALERT_BLIND = 109,
  SEEP_ALERT_BLIND_OVER = 110,
  SEEP_ALERT_HISTORY_CUT_SHORT = 111,
  SEEP_ALERT_HELD_BACK = 112,
  SEEP_ALERT_METRICS_FAILED = 113,
  SEEP_ALERT_METRICS_RESTORED = 114,
  SEEP_ALERT_LEAK_FOUND = 200,
  SEEP_ALERT_LEAK_OVER = 201,
  SEEP_ALERT_HEADROOM = 202,
  SEEP_ALERT_SYSTEM_GROWTH = 203,
  SEEP_ALERT_RAPID_GROWTH = 204,      /* inserts as 200 has them */
  SEEP_ALERT_RAPID_GROWTH_OVER = 205, /* inserts as 201 has them */
  SEEP_ALERT_SYSTEM_GROWTH_OVER = 206,
  SEEP_ALERT_HANDLE_GROWTH = 207,
  SEEP_ALERT_HANDLE_GROWTH_OVER = 208,
  SEEP_ALERT_HEADROOM_OVER = 209,
  SEEP_ALERT_EXHAUSTION = 210,
  SEEP_ALERT_FEED_LOST = 211,
  SEEP_ALERT_FEED_RESTORED = 212,
  SEEP_ALERT_UNDIAGNOSED = 213,  /* Windows is short of memory and no readable Event 2004 says why */
  SEEP_ALERT_NO_DIAGNOSIS = 214, /* Windows will write no Event 2004 on this server */
  SEEP_ALERT_RECORDING_STARTED = 300,
  SEEP_ALERT_RECORDING_SAVED = 301,
  SEEP_ALERT_RECORDING_FAILED = 302,
  SEEP_ALERT_RECORDING_REFUSED = 303,
  SEEP_ALERT_FLAG_SET = 304,
  SEEP_ALERT_FLAG_TAKEN_BACK = 305,
  SEEP_ALERT_CULPRIT = 310,
  SEEP_ALERT_NO_CULPRIT = 311
};

#define SEEP_ALERT_INSERTS 20
#define SEEP_ALERT_INSERT_SIZE 512

typedef struct seep_alert {
  uint32_t id;
  seep_alert_level level;
  size_t insert_count; /* as the definition has it, from the start: an alert never goes out with too few */
  char inserts[SEEP_ALERT_INSERTS][SEEP_ALERT_INSERT_SIZE]; /* UTF-8, none empty, no control characters */
  size_t added; /* how many were given so far; only seep_alert_* needs it */
} seep_alert;

typedef struct seep_alert_definition {
  uint32_t id;
  seep_alert_level level;
  size_t insert_count;
  const char *insert_names[SEEP_ALERT_INSERTS]; /* labels of seep_alert_text; tests know inserts by them */
} seep_alert_definition;

/* The table of all events, ended by an entry with id 0. */
const seep_alert_definition *seep_alert_definitions(void);
const seep_alert_definition *seep_alert_definition_of(uint32_t id); /* NULL when unknown */

/* Starts an alert: level and insert count from the table, every insert "-". id must be in the table. */
void seep_alert_init(seep_alert *alert, uint32_t id);

/* Each sets the next insert; more than the definition has are ignored. Texts are cut at the insert's size, at
 * a character's boundary, and control characters become spaces. */
void seep_alert_add_text(seep_alert *alert, const char *text); /* NULL or "" becomes "-" */
void seep_alert_add_u64(seep_alert *alert, uint64_t value);
void seep_alert_add_bytes(seep_alert *alert, uint64_t bytes); /* "1.50 GB (1610612736 bytes)"; GB = 2^30 */
void seep_alert_add_rate(seep_alert *alert, double bytes_per_hour); /* "180 MB per hour" */
void seep_alert_add_duration(seep_alert *alert, int64_t ms);        /* "2 h 5 min"; negative becomes "-" */
void seep_alert_add_wall(seep_alert *alert, seep_wall wall);        /* ISO 8601 UTC */
void seep_alert_add_filetime(seep_alert *alert, seep_filetime filetime);
void seep_alert_add_code(seep_alert *alert, uint32_t code); /* 0xC5583001 */
void seep_alert_add_error(seep_alert *alert, const seep_error *error);

/* ---- reading one back, to keep it elsewhere than in the event log ---- */

/* "label: value; label: value", the labels from the table, cut between characters where out ends. Returns
 * out, always terminated. */
const char *seep_alert_text(const seep_alert *alert, char *out, size_t out_size);

/* The insert with this label ("image", "pid"); NULL when the event has none, or nothing was put into it. */
const char *seep_alert_insert(const seep_alert *alert, const char *label);

/* "information", "warning", "error". */
const char *seep_alert_level_text(seep_alert_level level);

#endif
