/*
 * One instance's recording as it is kept between calls: a state file, markers and a lock in the stand-ins'
 * folder. A test may delete the state file to play a reboot: the recording is then gone and its raw files
 * stay.
 */
#ifndef WPR_RECORDING_H
#define WPR_RECORDING_H

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "standin/standin_files.h"
#include "standin/wpr/profile.h"

#define WPR_INSTANCE_UNITS 128

/* Of one collector. */
typedef struct wpr_raw_file {
  wchar_t path[STANDIN_PATH_UNITS]; /* empty: the profile has no such collector */
  uint64_t maximum_bytes;           /* 0 = none */
  bool is_sequential;
} wpr_raw_file;

typedef struct wpr_recording {
  uint32_t session_pid;
  uint64_t started; /* FILETIME */
  bool file_mode;
  wchar_t profile_id[256];
  wchar_t temporary_folder[STANDIN_PATH_UNITS]; /* empty: not given */
  wpr_raw_file raw[WPR_COLLECTORS];
  uint32_t heap_pids[WPR_HEAP_PROCESS_LIMIT]; /* 0 = none */
  bool heap_by_flag, has_snapshots;
  bool stack_of_heap_allocation, stack_of_heap_reallocation, stack_of_heap_free;
} wpr_recording;

/* Paths of an instance's files. */
typedef struct wpr_recording_files {
  wchar_t state[STANDIN_PATH_UNITS];
  wchar_t lock[STANDIN_PATH_UNITS];
  wchar_t stop[STANDIN_PATH_UNITS];      /* asks the session to finish */
  wchar_t done[STANDIN_PATH_UNITS];      /* the session has finished its raw files */
  wchar_t snapshots[STANDIN_PATH_UNITS]; /* what the session is asked to take, line by line */
  wchar_t modules[STANDIN_PATH_UNITS];   /* what the session saw loaded, for the merge */
} wpr_recording_files;

bool wpr_recording_files_of(wpr_recording_files *files, const wchar_t *folder, const wchar_t *instance);

/* The lock of a call; INVALID_HANDLE_VALUE while another call of the same instance runs. */
HANDLE wpr_recording_lock(const wpr_recording_files *files);

bool wpr_recording_load(wpr_recording *recording, const wchar_t *state_path);
bool wpr_recording_save(const wpr_recording *recording, const wchar_t *state_path);

/* Deletes state and markers, and the raw files if asked to. */
void wpr_recording_forget(const wpr_recording_files *files, const wpr_recording *recording,
                          bool with_raw_files);

/* Copies text into out with everything a file name may not hold replaced by '_'. */
void wpr_recording_file_name(wchar_t *out, size_t out_units, const wchar_t *text);

#endif
