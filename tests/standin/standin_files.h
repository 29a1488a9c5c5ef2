/*
 * What the Windows stand-ins share: the folder through which tests steer and watch them, and small whole-file
 * helpers. The folder is the environment variable SEEPWATCH_STANDIN, else C:\ProgramData\SeepwatchStandin (a
 * service started before the variable was set still finds it there). Paths are wide, contents are bytes.
 */
#ifndef STANDIN_FILES_H
#define STANDIN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define STANDIN_PATH_UNITS 1024

/* The folder, created when it is not there, without a backslash at its end. */
bool standin_files_folder(wchar_t path[STANDIN_PATH_UNITS]);

/* folder \ name; false when it does not fit. */
bool standin_files_join(wchar_t path[STANDIN_PATH_UNITS], const wchar_t *folder, const wchar_t *name);

bool standin_files_exists(const wchar_t *path);

/* Reads a file into out, cut to out_size - 1 and terminated. Returns the bytes read; 0 and an empty text if
 * absent. */
size_t standin_files_read(const wchar_t *path, char *out, size_t out_size);

bool standin_files_write(const wchar_t *path, const char *text);

/* One write at the end of the file, so that lines of several processes do not mix. */
bool standin_files_append(const wchar_t *path, const char *text);

/* UTF-8 <-> UTF-16, cut to fit, always terminated. */
void standin_files_narrow(const wchar_t *wide, char *out, size_t out_size);
void standin_files_widen(const char *text, wchar_t *out, size_t out_units);

/* FILETIME of now, 100 ns. */
uint64_t standin_files_now(void);

#endif
