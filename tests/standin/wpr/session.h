/*
 * The "ETW session": the process that goes on recording after wpr.exe -start has returned. It is the same
 * program with a hidden first argument, detached from everything.
 */
#ifndef WPR_SESSION_H
#define WPR_SESSION_H

#include <stdbool.h>
#include <wchar.h>

#include "standin/wpr/recording.h"

#define WPR_SESSION_VERB L"-standin-session"

/* Starts the session process and writes the state file with its id; true once its raw files are there. */
bool wpr_session_spawn(wpr_recording *recording, const wpr_recording_files *files, const wchar_t *instance);

/* The body of the session process. Ends at the stop marker, when the state file vanishes, or after ten
 * minutes. */
int wpr_session_run(const wchar_t *instance);

/* Windows has, as far as is known, one heap session: the newest owns it. */
void wpr_session_take_heap(const wchar_t *folder, const wchar_t *instance);
bool wpr_session_owns_heap(const wchar_t *folder, const wchar_t *instance);

/* Waits until the session's process has ended or it says that it is done. */
bool wpr_session_wait(const wpr_recording *recording, const wpr_recording_files *files, unsigned seconds);

#endif
