/*
 * Private to lib/store: the store's own struct and a thin layer over SQLite's statements. A query is bound,
 * stepped and finished; its first failure sticks, so that code reads straight down and asks for the status
 * once, at the end. SQL is always a literal and every value is bound. Statements are prepared at first use
 * and kept.
 */
#ifndef SEEP_STORE_STORE_INTERNAL_H
#define SEEP_STORE_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/status.h"
#include "store/poll_block.h"
#include "store/store.h"

/* One kept statement each. */
typedef enum seep_store_slot {
  SEEP_SLOT_BEGIN = 0,
  SEEP_SLOT_COMMIT,
  SEEP_SLOT_ROLLBACK,
  SEEP_SLOT_PROCESS_FIND,
  SEEP_SLOT_PROCESS_ADD,
  SEEP_SLOT_PROCESS_BACK,
  SEEP_SLOT_PROCESS_VANISHED,
  SEEP_SLOT_PROCESS_COLLECT,
  SEEP_SLOT_PROCESS_CLEAR,
  SEEP_SLOT_PROCESS_LIST,
  SEEP_SLOT_POLL_ADD,
  SEEP_SLOT_POLL_LAST,
  SEEP_SLOT_POLL_NEXT,
  SEEP_SLOT_POLL_MAXIMUM,
  SEEP_SLOT_POLL_NEWEST,
  SEEP_SLOT_POLL_EXPIRE,
  SEEP_SLOT_POLL_DROP,
  SEEP_SLOT_PAGES,
  SEEP_SLOT_VACUUM,
  SEEP_SLOT_LEAK_ADD,
  SEEP_SLOT_LEAK_UPDATE,
  SEEP_SLOT_LEAK_CLOSE,
  SEEP_SLOT_LEAK_NEXT,
  SEEP_SLOT_CAPTURE_ADD,
  SEEP_SLOT_CAPTURE_NEXT,
  SEEP_SLOT_JOURNAL_ADD,
  SEEP_SLOT_JOURNAL_REMOVE,
  SEEP_SLOT_JOURNAL_LIST,
  SEEP_SLOT_VALUE_GET,
  SEEP_SLOT_VALUE_SET,
  SEEP_SLOTS
} seep_store_slot;

/* What the time series keeps between two polls. Arrays grow and are freed at close. */
typedef struct seep_store_series {
  bool loaded;           /* `last` is what the file says */
  int64_t last_poll;     /* row of the last poll; 0 = none */
  seep_poll_entry *last; /* its entries, sorted by process */
  size_t last_count;
  seep_poll_entry *next; /* the poll being written */
  int64_t *rows;         /* by the caller's order */
  uint8_t *block;
  size_t capacity; /* entries that each of the four arrays has room for */
} seep_store_series;

struct seep_store {
  sqlite3 *db;
  sqlite3_stmt *statements[SEEP_SLOTS];
  bool writable;
  bool ours;    /* the file carries our application id */
  bool suspect; /* damage was met since the opening: the next opening checks the file */
  int version;  /* of the schema, as found */
  seep_store_series series;
};

typedef struct seep_store_query {
  seep_store *store;
  sqlite3_stmt *statement; /* NULL after a failed preparation */
  int bound;               /* parameters bound so far */
  int rc;                  /* SQLITE_OK, or the first failure */
} seep_store_query;

/* sql must be a literal; the slot belongs to it alone. */
void seep_store__query(seep_store_query *query, seep_store *store, seep_store_slot slot, const char *sql);

/* The next parameter. Text and bytes are borrowed until finish. */
void seep_store__bind_i64(seep_store_query *query, int64_t value);
void seep_store__bind_u64(seep_store_query *query, uint64_t value); /* beyond INT64_MAX: INT64_MAX */
void seep_store__bind_real(seep_store_query *query, double value);  /* NaN becomes 0 */
void seep_store__bind_text(seep_store_query *query, const char *text);
void seep_store__bind_bytes(seep_store_query *query, const void *bytes, size_t size, bool is_text);

/* Steps; true while there is a row. */
bool seep_store__row(seep_store_query *query);

uint64_t seep_store__column_u64(const seep_store_query *query, int column); /* negative: 0 */
void seep_store__column_text(const seep_store_query *query, int column, char *out, size_t out_size);

/* Resets the statement and says how it went. */
seep_status seep_store__finish(seep_store_query *query, const char *operation, seep_error *error);

/* Steps to the end, then finishes. */
seep_status seep_store__run(seep_store_query *query, const char *operation, seep_error *error);

/* A writing transaction. end commits when status is OK and rolls back otherwise, and returns what became of
 * it. */
seep_status seep_store__begin(seep_store *store, const char *operation, seep_error *error);
seep_status seep_store__end(seep_store *store, seep_status status, const char *operation, seep_error *error);

/* What an SQLite result means here; db may be NULL. */
seep_status seep_store__status(sqlite3 *db, int rc);
seep_status seep_store__fail(seep_store *store, int rc, const char *operation, const char *subject,
                             seep_error *error);

/* As seep_store_journal_list, but *count holds what could be read whatever comes back: for rescuing. */
seep_status seep_store__journal_read(seep_store *store, seep_store_journal_entry *entries, size_t size,
                                     size_t *count, seep_error *error);

void seep_store__series_free(seep_store_series *series);

#endif
