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

#define WPR_INSTANCE_UNITS 128
#define WPR_RAW_FILES 2 /* system collector, event collector */

typedef struct wpr_recording {
  uint32_t session_pid;
  uint64_t started; /* FILETIME */
  bool file_mode;
  wchar_t profile_id[256];
  wchar_t temporary_folder[STANDIN_PATH_UNITS]; /* empty: not given */
  wchar_t raw[WPR_RAW_FILES][STANDIN_PATH_UNITS];
} wpr_recording;

/* Paths of an instance's files. */
typedef struct wpr_recording_files {
  wchar_t state[STANDIN_PATH_UNITS];
  wchar_t lock[STANDIN_PATH_UNITS];
  wchar_t stop[STANDIN_PATH_UNITS]; /* asks the session to finish */
  wchar_t done[STANDIN_PATH_UNITS]; /* the session has finished its raw files */
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
