/*
 * What -stop merges into the trace about the modules that were loaded, and where Windows and its volumes are
 * (reference: etl-format, 2.6). The session notes the modules; the files themselves are read when the
 * recording stops. Raw files have none of it.
 */
#ifndef WPR_IDENTITY_H
#define WPR_IDENTITY_H

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#include "standin/wpr/recording.h"

/* One line of the notes: a module that a process has. */
bool wpr_identity_note(const wchar_t *notes, uint32_t pid, uint64_t base, uint64_t size_bytes,
                       const wchar_t *path);

/* The device that the paths of a drive ("C:\...") begin with, without a backslash at its end. */
#define WPR_DEVICE_UNITS 40
bool wpr_identity_device(wchar_t out[WPR_DEVICE_UNITS], const wchar_t *path);

/* Appends the buffers to a trace that is complete but for them. false: it could not be written. */
bool wpr_identity_append(const wpr_recording *recording, const wchar_t *notes, HANDLE trace);

#endif
