/* Where the bytes of a store's file are, by SQLite's own account. */
#ifndef BENCHMARKS_FILE_PARTS_H
#define BENCHMARKS_FILE_PARTS_H

/* Prints, each name with the prefix: a line for each table and index, then polls and hours per sample. Where
 * SQLite was built without dbstat it says so on stderr instead. */
void file_parts(const char *path, const char *prefix, double samples);

#endif
