/*
 * The few things the watchdog does with files: measure the capture folder, remove the recorder's raw files,
 * keep a finished trace. Synchronous and small: two folders of ours with a handful of files. Paths are UTF-8.
 */
#ifndef SEEP_WATCH_FILES_H
#define SEEP_WATCH_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* How the names of files begin that a trace is unpacked into, for as long as it is read. */
#define SEEP_FILES_SPOOL_PREFIX "seepwatch-trace-"

/* folder, separator, name; false when it does not fit. */
bool seep_files_join(char *out, size_t out_size, const char *folder, char separator, const char *name);

/* Sum of the sizes of the plain files directly in the folder; 0 when it cannot be read. */
uint64_t seep_files_folder_bytes(const char *folder);
/* The same for the raw files of one recorder instance alone; UINT64_MAX when the folder cannot be read. */
uint64_t seep_files_raw_bytes(const char *folder, const char *instance);
/* Size of one file; 0 when it is not there. */
uint64_t seep_files_size(const char *path);
/* Bytes free to us on the volume; UINT64_MAX when that cannot be known (then no limit can be checked). */
uint64_t seep_files_free_bytes(const char *folder);

/* Calls visit for each plain file directly in the folder, with its name and its full path, until it returns
 * false. false: the folder cannot be read. */
typedef bool (*seep_files_visit)(void *context, const char *name, const char *path);
bool seep_files_each(const char *folder, char separator, seep_files_visit visit, void *context);

/* Deletes the raw files of the instance, generated profiles (*.wprp), half-written files of our own (*.part)
 * and the folders of symbols that wpr may make beside a trace (reference: wpr-and-ifeo, 4) in the temporary
 * folder; anything else there that is a trace (*.etl) was being saved when somebody stopped: it is moved to
 * the capture folder as NAME.partial.etl, never deleted. Returns how many files went. */
unsigned seep_files_clean_temporary(const char *temporary_folder, const char *capture_folder, char separator,
                                    const char *instance);

seep_status seep_files_write(const char *path, const char *text, size_t length, seep_error *error);
bool seep_files_remove(const char *path); /* false when it was not there or stays */
seep_status seep_files_rename(const char *from, const char *to, seep_error *error);

/* Creates the folder if it is not there; its parent must be. */
seep_status seep_files_make_folder(const char *path, seep_error *error);

/* The whole file, at most maximum bytes; *data is malloc'ed and the caller's. SEEP_NOT_FOUND, SEEP_LIMIT,
 * SEEP_DENIED. */
seep_status seep_files_read(const char *path, size_t maximum, char **data, size_t *size, seep_error *error);

#endif
