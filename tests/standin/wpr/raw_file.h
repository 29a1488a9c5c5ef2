/*
 * One raw file of a recording: what a collector's session has written so far. A ring keeps its first buffer,
 * which is the header, and then the newest; a sequential file with a maximum takes nothing more once it is
 * full.
 */
#ifndef WPR_RAW_FILE_H
#define WPR_RAW_FILE_H

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "standin/etl_writer.h"
#include "standin/wpr/recording.h"

#define WPR_RAW_BUFFER_BYTES 65536u

typedef struct wpr_raw {
  HANDLE file;
  wpr_raw_file settings;
  etl_writer writer;
  uint64_t last_flush; /* FILETIME */
  bool is_open;
} wpr_raw;

/* build: of the Windows that the trace says it is from. Nothing is opened, and that is no failure, when the
 * settings name no file. */
bool wpr_raw_open(wpr_raw *raw, const wpr_raw_file *settings, const wpr_recording *recording, uint32_t build,
                  const char *logger_name);

/* Not so often that flushed buffers, which take their full size on disk, alone exceed the rate. */
void wpr_raw_flush(wpr_raw *raw, uint64_t bytes_per_s);

bool wpr_raw_close(wpr_raw *raw, uint64_t end, uint32_t events_lost);

/* The merge: all raw files as one, marked as merged, and what is known about the modules that notes names
 * (identity.h; NULL: none of it). half: stops in the middle, as when the disk is full. Returns an exit code.
 */
uint32_t wpr_raw_merge(const wpr_recording *recording, const wchar_t *output, const wchar_t *notes,
                       bool half);

#endif
