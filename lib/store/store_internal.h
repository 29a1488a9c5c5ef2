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
#include "store/poll_row.h"
#include "store/store.h"

/* One kept statement each. */
typedef enum seep_store_slot {
  SEEP_SLOT_BEGIN = 0,
  SEEP_SLOT_BEGIN_READING,
  SEEP_SLOT_COMMIT,
  SEEP_SLOT_IMAGE_FIND,
  SEEP_SLOT_IMAGE_ADD,
  SEEP_SLOT_IMAGE_COLLECT,
  SEEP_SLOT_PROCESS_ADD,
  SEEP_SLOT_PROCESS_ENDED,
  SEEP_SLOT_PROCESS_KEY,
  SEEP_SLOT_PROCESS_LIST,
  SEEP_SLOT_PROCESS_BATCH,
  SEEP_SLOT_PROCESS_COLLECT,
  SEEP_SLOT_POLL_ADD,
  SEEP_SLOT_POLL_LIST,
  SEEP_SLOT_POLL_FROM,
  SEEP_SLOT_POLL_DROP,
  SEEP_SLOT_POLL_LAST,
  SEEP_SLOT_POLL_NEWEST,
  SEEP_SLOT_POLL_RANGE,
  SEEP_SLOT_BLOCK_ADD,
  SEEP_SLOT_BLOCK_NEXT,
  SEEP_SLOT_BLOCK_HOUR,
  SEEP_SLOT_BLOCK_EXPIRE,
  SEEP_SLOT_BLOCK_DROP,
  SEEP_SLOT_BLOCK_OLDEST,
  SEEP_SLOT_HOUR_ADD,
  SEEP_SLOT_HOUR_LONGER,
  SEEP_SLOT_HOUR_WRITTEN,
  SEEP_SLOT_HOUR_BEHIND,
  SEEP_SLOT_HOUR_ITSELF,
  SEEP_SLOT_HOUR_SHORTER,
  SEEP_SLOT_HOUR_FROM,
  SEEP_SLOT_HOUR_DAY,
  SEEP_SLOT_HOUR_RANGE,
  SEEP_SLOT_HOUR_EXPIRE,
  SEEP_SLOT_EVENT_ADD,
  SEEP_SLOT_EVENT_NEXT,
  SEEP_SLOT_EVENT_EXPIRE,
  SEEP_SLOT_EXHAUSTION_ADD,
  SEEP_SLOT_EXHAUSTION_NAME,
  SEEP_SLOT_EXHAUSTION_COUNT,
  SEEP_SLOT_EXHAUSTION_DROP_NAMES,
  SEEP_SLOT_EXHAUSTION_DROP,
  SEEP_SLOT_EXHAUSTION_NEXT,
  SEEP_SLOT_VERSION1_PROCESSES,
  SEEP_SLOT_VERSION1_POLL,
  SEEP_SLOT_PAGES,
  SEEP_SLOT_VACUUM,
  SEEP_SLOT_LEAK_ADD,
  SEEP_SLOT_LEAK_UPDATE,
  SEEP_SLOT_LEAK_CLOSE,
  SEEP_SLOT_LEAK_NEXT,
  SEEP_SLOT_LINEAGE_SAVE,
  SEEP_SLOT_LINEAGE_TRIM,
  SEEP_SLOT_LINEAGE_LIST,
  SEEP_SLOT_CAPTURE_ADD,
  SEEP_SLOT_CAPTURE_REMOVED,
  SEEP_SLOT_CAPTURE_COUNT,
  SEEP_SLOT_CAPTURE_NEWEST,
  SEEP_SLOT_CAPTURE_NEXT,
  SEEP_SLOT_CAPTURE_UNANSWERED,
  SEEP_SLOT_CAPTURE_BY_PATH,
  SEEP_SLOT_ANSWER_SET,
  SEEP_SLOT_ANSWER_FORGET,
  SEEP_SLOT_ANSWER_GET,
  SEEP_SLOT_JOURNAL_ADD,
  SEEP_SLOT_JOURNAL_REMOVE,
  SEEP_SLOT_JOURNAL_LIST,
  SEEP_SLOT_VALUE_GET,
  SEEP_SLOT_VALUE_SET,
  SEEP_SLOTS
} seep_store_slot;

/* What an hour has had of one row so far, and the row of `hour` that goes on while nothing changes. */
typedef struct seep_store_sum {
  int64_t row;
  unsigned polls; /* of this hour; none only before its first poll is added */
  uint64_t floor, peak;
  double total;
  int64_t last_ms;    /* wall time of the last poll that had it */
  int64_t run_hour;   /* where the row of alike hours begins */
  unsigned run_hours; /* 0: there is none */
  uint64_t run_pages;
} seep_store_sum;

typedef struct seep_store_sums {
  int64_t hour;    /* since 1970; the hour that is being added up */
  int64_t written; /* the newest hour that there are figures of; before the first: any */
  bool begun;
  seep_store_sum *items; /* by row */
  size_t count, capacity;
} seep_store_sums;

typedef struct seep_store_known {
  seep_process_key key;
  int64_t row;
} seep_store_known;

/* What the time series keeps between two polls. Arrays grow and are freed at close. */
typedef struct seep_store_series {
  bool loaded;       /* the rest is what the file says */
  int64_t last_poll; /* row of the last poll; 0 = none */
  seep_now last_now;
  bool mono_known;       /* last_now.mono is of this life of the service */
  bool missed;           /* a poll was lost since */
  seep_poll_entry *last; /* entries of the last poll */
  size_t last_count;
  seep_poll_entry *next; /* the poll being written */
  int64_t *rows;         /* by the caller's order */
  uint8_t *bytes;
  size_t capacity;        /* entries that last, next, rows, bytes and births have room for */
  unsigned segment_polls; /* polls since the last whole one, that one included */
  size_t segment_columns; /* rows that it has had, about */
  seep_wall segment_began;
  unsigned segments; /* whole polls in `poll` */
  seep_store_sums sums;
  seep_store_known *known; /* at the first poll after an opening: who was in the last one, by key */
  size_t known_count;
  seep_store_known *births; /* of the poll being written */
  int64_t collected;        /* prune: processes up to this row have been looked at */
  bool some_collected;
} seep_store_series;

struct seep_store {
  sqlite3 *db;
  sqlite3_stmt *statements[SEEP_SLOTS];
  bool writable;
  bool ours;      /* the file carries our application id */
  bool suspect;   /* damage was met since the opening: the next opening checks the file */
  bool left_open; /* a transaction that could not be rolled back yet */
  int version;    /* of the schema, as found */
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
/* Times of a damaged file are brought to within 140,000 years, with which one can reckon. */
seep_wall seep_store__wall(int64_t ms);
seep_wall seep_store__column_wall(const seep_store_query *query, int column);
void seep_store__column_text(const seep_store_query *query, int column, char *out, size_t out_size);

/* Resets the statement and says how it went. */
seep_status seep_store__finish(seep_store_query *query, const char *operation, seep_error *error);

/* Steps to the end, then finishes. */
seep_status seep_store__run(seep_store_query *query, const char *operation, seep_error *error);

/* A writing transaction. end commits when status is OK and rolls back otherwise, and returns what became of
 * it. */
seep_status seep_store__begin(seep_store *store, const char *operation, seep_error *error);
/* Several queries see the file at one moment; ended by end like the other. */
seep_status seep_store__begin_reading(seep_store *store, const char *operation, seep_error *error);
seep_status seep_store__end(seep_store *store, seep_status status, const char *operation, seep_error *error);

/* What an SQLite result means here; db may be NULL. */
seep_status seep_store__status(sqlite3 *db, int rc);
seep_status seep_store__fail(seep_store *store, int rc, const char *operation, const char *subject,
                             seep_error *error);

/* One whole number from a literal query that is asked once; no row: 0. An SQLite result. */
int seep_store__read_number(seep_store *store, const char *sql, int64_t *number);
/* The same as a status. */
seep_status seep_store__ask(seep_store *store, const char *sql, int64_t *number, const char *operation,
                            const char *subject, seep_error *error);

/* As seep_store_journal_list, but *count holds what could be read whatever comes back: for rescuing. */
seep_status seep_store__journal_read(seep_store *store, seep_store_journal_entry *entries, size_t size,
                                     size_t *count, seep_error *error);

/* ---- exhaustions.c ---- */

/* Has the statements of seep_store_exhaustion_add ready, for that runs when memory is short. What could not
 * be made ready is made at its first use. */
void seep_store__exhaustions_prepare(seep_store *store);

/* Some of those seen before, oldest first; inside the caller's transaction. */
seep_status seep_store__exhaustions_expire(seep_store *store, seep_wall before, seep_error *error);
/* The oldest of them if all take more than maximum_bytes, as well as that can be reckoned: never more than a
 * hundred a call; inside the caller's transaction. *dropped: call again, there may be more to go. */
seep_status seep_store__exhaustions_shrink(seep_store *store, uint64_t maximum_bytes, bool *dropped,
                                           seep_error *error);

/* ---- processes.c ---- */

/* Who is alive, when it has just been opened: the keys of these rows. */
seep_status seep_store__load_known(seep_store *store, const seep_poll_entry *entries, size_t count,
                                   seep_error *error);

/* Rows for all samples, into series.rows and series.next by row; new processes are added. SEEP_INVALID: one
 * comes twice. */
seep_status seep_store__name_processes(seep_store *store, const seep_store_poll *poll, seep_error *error);

/* When it was seen last; NULL: it is there (again). */
seep_status seep_store__end_process(seep_store *store, int64_t row, const seep_wall *ended,
                                    seep_error *error);

/* Forgets up to a thousand processes that ended before, in their turn, and images that no process has. */
seep_status seep_store__collect_processes(seep_store *store, seep_wall before, seep_error *error);

/* The processes of a filter by row, or the system's figures. */
typedef struct seep_store_list {
  seep_store_process *items;
  int64_t *rows; /* the same rows alone */
  size_t count, capacity, row_capacity;
} seep_store_list;

seep_status seep_store__list(seep_store *store, const seep_store_filter *filter, seep_store_list *list,
                             seep_error *error);
void seep_store__list_fini(seep_store_list *list);
const seep_store_process *seep_store__list_find(const seep_store_list *list, int64_t row);

/* ---- hours.c ---- */

int64_t seep_store__hour_of(seep_wall wall);
seep_status seep_store__sums_reserve(seep_store_sums *sums, size_t more, seep_error *error);

/* entries by row; there is room for all of them to be new. */
void seep_store__sums_add(seep_store_sums *sums, seep_wall wall, const seep_poll_entry *entries,
                          size_t count);

/* Writes the hour down, and who has ended in it: whom the first poll after it does not have. Sums stay as
 * they are until the transaction has been committed: then close. */
seep_status seep_store__sums_write(seep_store *store, const seep_poll_entry *next, size_t count,
                                   seep_error *error);
void seep_store__sums_close(seep_store_sums *sums, int64_t hour, const seep_poll_entry *next, size_t count);

/* Adds the packed polls of the hour being summed up, after an opening. */
seep_status seep_store__sums_load(seep_store *store, seep_error *error);

/* ---- segments.c ---- */

/* A segment is a whole poll and the changes after it, until the next whole one. */
typedef struct seep_store_segment {
  uint8_t *bytes; /* a block, malloc'ed */
  size_t size;
  int64_t first_poll;
  unsigned polls;            /* 0: there is none, or nothing of it could be decoded */
  int64_t end;               /* the row after its last poll; 0: no poll at all is there */
  int64_t first_ms, last_ms; /* smallest and largest wall time */
  int64_t skipped;           /* a poll that could not be decoded; 0 = none */
} seep_store_segment;

/* Packs the first segment whose polls have rows from `from` to `to`. */
seep_status seep_store__pack_segment(seep_store *store, int64_t from, int64_t to, seep_store_segment *segment,
                                     seep_error *error);

/* Moves the oldest segment, which must be complete, into `block`. Where it cannot be packed, above all
 * because memory is short, it waits: *sealed = false, and no failure, for that is no reason to lose a poll.
 */
seep_status seep_store__seal(seep_store *store, bool *sealed, seep_error *error);

/* ---- time_series.c ---- */

/* As seep_store_append_poll. Without a transaction of its own, a failure leaves the store unusable but for
 * being closed after a rollback. */
seep_status seep_store__append(seep_store *store, const seep_store_poll *poll, bool own_transaction,
                               seep_error *error);
void seep_store__series_free(seep_store_series *series);

#endif
