/* Private to lib/store: the tables, and how an older file becomes a newer one. */
#ifndef SEEP_STORE_SCHEMA_H
#define SEEP_STORE_SCHEMA_H

#include "store/store_internal.h"

#define SEEP_SCHEMA_APPLICATION_ID INT64_C(0x53656570) /* "Seep"; the scripts spell the same number */
#define SEEP_SCHEMA_VERSION 6

/* SEEP_CORRUPT when the tables are not those of the schema that the file says it has. */
seep_status seep_schema__check(seep_store *store, int version, const char *path, seep_error *error);

/* From store->version (0 = an empty file) to SEEP_SCHEMA_VERSION, inside the caller's transaction. */
seep_status seep_schema__upgrade(seep_store *store, const char *path, seep_error *error);

/* The polls and processes of a version 1 file, renamed to poll_1 and process_1, into the tables that are
 * there now. */
seep_status seep_version1__convert(seep_store *store, seep_error *error);

#endif
