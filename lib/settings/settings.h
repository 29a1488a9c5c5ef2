/*
 * The configuration: JSON text in, validated settings out. Every key, its default, its bounds and its
 * one-line explanation stand in one table (keys.c); `config print`, config/seepwatch.json and the checks come
 * from there.
 *
 * A file with any fault is refused as a whole, with line and key. What runs then is said by the caller: the
 * settings in force before, or seep_settings_safe at a start.
 */
#ifndef SEEP_SETTINGS_SETTINGS_H
#define SEEP_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

#define SEEP_SETTINGS_MAXIMUM_BYTES (1024u * 1024u)
#define SEEP_SETTINGS_IGNORED 64
#define SEEP_SETTINGS_OBSERVATION_BUCKETS 16384 /* as far back as the detector looks for its first proof */
#define SEEP_SETTINGS_IMAGES 64
#define SEEP_SETTINGS_NAME_SIZE 256

/* How the heap of a process is recorded. */
typedef enum seep_heap_method {
  SEEP_HEAP_METHOD_AUTO = 0,   /* LIVE, and where wpr refuses that, NEXT_START */
  SEEP_HEAP_METHOD_LIVE,       /* its calls, while it runs */
  SEEP_HEAP_METHOD_NEXT_START, /* its calls after its next start, by the tracing flag of its image */
  SEEP_HEAP_METHOD_SNAPSHOT,   /* what it has not given back, where wpr can do that; else LIVE */
  SEEP_HEAP_METHOD_OFF         /* VirtualAlloc alone */
} seep_heap_method;

typedef enum seep_stop_priority {
  SEEP_STOP_PRIORITY_HIGH = 0,
  SEEP_STOP_PRIORITY_NORMAL,
  SEEP_STOP_PRIORITY_LOW
} seep_stop_priority;

/* Image names; case does not matter. */
typedef struct seep_settings_names {
  size_t count;
  char names[SEEP_SETTINGS_IGNORED][SEEP_SETTINGS_NAME_SIZE];
} seep_settings_names;

/* What one image is judged by; all values are effective, also those that are the general ones. */
typedef struct seep_settings_image {
  char name[SEEP_SETTINGS_NAME_SIZE];
  uint64_t minimum_slope_bytes_per_hour, minimum_growth_bytes;
  int64_t observation_ms;
} seep_settings_image;

typedef struct seep_settings {
  int64_t poll_interval_ms;        /* poll.interval_s */
  int64_t poll_urgent_interval_ms; /* poll.urgent_interval_s: while an Event 2004 is fresh */
  int64_t detector_bucket_ms;      /* detector.bucket_s: the shortest part of a window */
  int64_t detector_observation_ms; /* detector.observation_s: so long growth is seen before it is a leak */
  uint64_t detector_minimum_slope_bytes_per_hour;
  uint64_t detector_minimum_growth_bytes;
  bool detector_handles;                         /* handle counts are judged too */
  uint64_t detector_minimum_handles;             /* growth by fewer is never called */
  uint64_t detector_minimum_system_growth_bytes; /* for pools, and commit without an owner */
  size_t image_count;                            /* detector.images: thresholds of their own */
  seep_settings_image images[SEEP_SETTINGS_IMAGES];
  bool memory_enabled;                  /* processes that may leak are looked into */
  int64_t memory_interval_ms;           /* memory.interval_s: between two looks into one process */
  uint64_t memory_minimum_growth_bytes; /* without that much growth no second look that day */
  uint64_t memory_maximum_reads;        /* of one look */
  int64_t memory_maximum_ms;            /* of one look */
  bool event2004_enabled;
  int64_t event2004_urgent_ms; /* event2004.urgent_s: how long a named process stays urgent */
  int64_t event2004_repeat_ms; /* event2004.repeat_s: others that name the same processes are only counted */
  int64_t event2004_wait_ms;   /* event2004.wait_s: for the 2004 that should follow a notice of low memory */
  bool capture_enabled;
  uint32_t capture_heap_method; /* capture.heap_method: seep_heap_method */
  char capture_instance[64];    /* capture.instance: letters, digits, - and _ only */
  int64_t capture_maximum_ms;   /* capture.maximum_s */
  uint64_t capture_maximum_bytes;
  uint64_t capture_enough_growth_bytes;
  uint64_t capture_minimum_free_bytes;
  uint64_t capture_minimum_commit_bytes;
  uint64_t capture_folder_quota_bytes;
  uint32_t capture_folder_quota_count;
  uint32_t capture_recordings_per_day; /* 0 = any number */
  int64_t capture_cool_down_ms;        /* capture.cool_down_s */
  int64_t capture_start_deadline_ms, capture_stop_deadline_ms, capture_cancel_deadline_ms;
  int64_t capture_stop_patience_ms; /* capture.stop_patience_s: of a stopping service with a save under way */
  uint32_t capture_stop_priority;   /* seep_stop_priority: of wpr while it saves */
  uint32_t capture_buffers;         /* of 1024 KB each */
  bool capture_bounded_files;       /* raw files as rings where wpr takes such a profile */
  bool capture_compress;            /* finished traces */
  uint32_t capture_sample_ppm;      /* capture.sample_rate: share of the servers that record */
  int64_t capture_flag_expiry_ms;   /* capture.flag_expiry_hours */
  seep_settings_names capture_flag_allow; /* if not empty, only these get a tracing flag */
  seep_settings_names capture_flag_deny;  /* these never do */
  int64_t store_retention_ms;             /* store.retention_days: of the polls */
  int64_t store_hourly_ms;      /* store.hourly_days; where it is shorter than the polls' they rule */
  uint64_t store_maximum_bytes; /* of the database file; oldest polls go first */
  int64_t heartbeat_ms;         /* alerts.heartbeat_hours: event 104 */
  uint32_t alerts_per_hour;  /* about processes; beyond it they are held back and counted. 0 = any number */
  uint32_t commit_percent;   /* alerts.commit_percent: event 202 when more of the limit is committed, */
  int64_t commit_percent_ms; /* alerts.commit_percent_s: for so long */
  int64_t exhaustion_ms;     /* alerts.exhaustion_hours: and when the limit is that near by the growth */
  bool analysis_enabled;
  int64_t analysis_maximum_ms; /* analysis.maximum_s */
  uint64_t analysis_maximum_memory_bytes;
  bool analysis_page;
  char metrics_textfile[512];  /* metrics.textfile: absolute path; "" = none */
  int64_t metrics_interval_ms; /* metrics.interval_s: between two writes of it and of status.json */
  uint64_t own_private_bytes;  /* own.private_bytes: beyond it event 106 */
  uint32_t own_cpu_permille;   /* own.cpu_permille of one core over ten minutes: beyond it event 106 */
  seep_settings_names ignored; /* processes.ignore: they never raise an alert or a recording */
  unsigned retired_keys;       /* read, of earlier versions: they are of no effect, and not written */
} seep_settings;

typedef struct seep_settings_problem {
  unsigned line; /* 1-based; 0 when it has no place (an empty file) */
  /* "detector.bucket_s"; "" when the text is not JSON at all */
  char key[SEEP_SETTINGS_NAME_SIZE + 64];
  char reason[192]; /* a sentence without a final full stop */
} seep_settings_problem;

void seep_settings_defaults(seep_settings *settings);

/* The defaults with recording and looking into processes switched off: what a service runs with whose file
 * was refused at the start. An unreadable wish may have been "do not record". */
void seep_settings_safe(seep_settings *settings);

/* SEEP_OK and *settings filled (absent keys have their defaults); else SEEP_INVALID (a value), SEEP_CORRUPT
 * (not JSON, or empty), SEEP_LIMIT (too large, too deep) or SEEP_NO_MEMORY with *problem filled (the first
 * problem by line) and *settings untouched. A UTF-8 byte order mark is skipped; other encodings are
 * SEEP_CORRUPT and say so. */
seep_status seep_settings_parse(const char *json, size_t size, seep_settings *settings,
                                seep_settings_problem *problem);

/* The effective configuration as JSON that seep_settings_parse reads back to the same settings. Look at
 * writer->cut. */
void seep_settings_write(const seep_settings *settings, seep_writer *writer);
#define SEEP_SETTINGS_TEXT_SIZE 131072

/* The same table as a Markdown reference of all keys: `| key | default | bounds | meaning |`. */
void seep_settings_write_reference(seep_writer *writer);

/* How long hours are kept in force: never shorter than the polls. */
int64_t seep_settings_hourly_ms(const seep_settings *settings);

/* "poll 30 s, bucket 60 s, observation 61200 s, slope 100 KB/h ...": one line for events 102 and 103. */
void seep_settings_summary(const seep_settings *settings, seep_writer *writer);

bool seep_settings_names_have(const seep_settings_names *names, const char *image);
bool seep_settings_ignores(const seep_settings *settings, const char *image);

/* The image's own thresholds, or NULL when it has none. Case does not matter. */
const seep_settings_image *seep_settings_image_of(const seep_settings *settings, const char *image);

#endif
