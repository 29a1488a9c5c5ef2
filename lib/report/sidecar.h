/*
 * The JSON file beside a finished recording: everything known about the case when it was saved, for people
 * and programs who have the folder and not the database. One object, "schema": 1; keys are never renamed;
 * what is not known is null. Sizes in bytes, times in ISO 8601 UTC.
 */
#ifndef SEEP_REPORT_SIDECAR_H
#define SEEP_REPORT_SIDECAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "capture/recorder.h"
#include "judge/detector.h"

#define SEEP_SIDECAR_SIZE 16384

/* Texts are borrowed and UTF-8 (WTF-8); hostile ones are escaped. NULL or "" = not known. */
typedef struct seep_sidecar {
  const char *version; /* of Seepwatch */
  const char *host;
  unsigned recorder_build; /* wpr's; 0 = not known */
  /* the case */
  int64_t case_id;     /* 0 = none: the rest of the case is null */
  const char *verdict; /* "leak", "rapid" */
  seep_wall began, opened;
  double slope_bytes_per_hour, slope_low_bytes_per_hour, slope_high_bytes_per_hour;
  uint64_t growth_bytes, commit_bytes;
  double confidence;
  const char *memory_kind; /* "Heap" ... */
  double memory_confidence;
  const char *memory_reason;
  const char *evidence;    /* in words */
  uint64_t headroom_bytes; /* UINT64_MAX = not known */
  /* the recording */
  seep_process_key key;
  const char *image;
  const char *kind; /* "virtualalloc", "heap", "snapshot" */
  bool stepped_down, flagged;
  seep_wall started, ended;
  int64_t duration_ms; /* 0 = not known */
  const char *outcome; /* "saved", or why it failed */
  const char *ending;
  /* the file */
  const char *file_name;
  const seep_recorder_kept *kept;
} seep_sidecar;

/* Look at writer->cut: SEEP_SIDECAR_SIZE always suffices for texts within the bounds of their own structures.
 */
void seep_sidecar_write(const seep_sidecar *sidecar, seep_writer *writer);

#endif
