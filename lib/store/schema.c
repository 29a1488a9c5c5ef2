/*
 * The tables. Times are in ms since 1970 (created: a FILETIME, hour: hours since 1970), sizes in pages of
 * 4096 bytes where a column does not say bytes; the views give both as people read them. A released script is
 * never changed.
 *
 * process: each process once, by (pid, created); last_ms is NULL while it is there and until the hour of its
 * end is over. Figures of the system have the negative numbers that the view system_hourly names.
 *
 * poll: polls not yet packed, as poll_row.h writes them; elapsed_ms is NULL where it is not known.
 *
 * block: polls packed, as block.h writes them; id and polls tell which.
 *
 * lineage: what an image has shown in its earlier lives, as lineages.c writes it.
 *
 * capture: readable says that the four numbers of events behind it are known; removed_ms is 0 while nobody
 * has removed the file.
 *
 * hour: what a process had in `hours` hours in a row, all alike, from `hour` on and never over midnight; mean
 * and peak are above the floor.
 */
#include "store/schema.h"

/* clang-format off */
#define CASES                                                                                                \
  "CREATE TABLE leak(id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, created INTEGER NOT NULL, image TEXT "    \
  "NOT NULL,"                                                                                                \
  " began_ms INTEGER NOT NULL, opened_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL,"                      \
  " slope_bytes_per_hour REAL NOT NULL, growth_bytes INTEGER NOT NULL, commit_bytes INTEGER NOT NULL,"       \
  " confidence REAL NOT NULL, kind TEXT NOT NULL, ending TEXT NOT NULL);"                                    \
  "CREATE TABLE capture(id INTEGER PRIMARY KEY, leak_id INTEGER NOT NULL, pid INTEGER NOT NULL,"             \
  " created INTEGER NOT NULL, image TEXT NOT NULL, kind TEXT NOT NULL, started_ms INTEGER NOT NULL,"         \
  " ended_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, path TEXT NOT NULL, outcome TEXT NOT NULL);"          \
  "CREATE TABLE journal(id INTEGER PRIMARY KEY AUTOINCREMENT, written_ms INTEGER NOT NULL, kind TEXT NOT "   \
  "NULL,"                                                                                                    \
  " subject TEXT NOT NULL);"                                                                                 \
  "CREATE TABLE value(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"

#define SERIES                                                                                               \
  "CREATE TABLE image(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"                                   \
  "CREATE TABLE process(id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, created INTEGER NOT NULL,"             \
  " image INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER);"                                    \
  "CREATE TABLE poll(id INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, elapsed_ms INTEGER,"                  \
  " after_gap INTEGER NOT NULL, changes BLOB NOT NULL);"                                                     \
  "CREATE TABLE block(id INTEGER PRIMARY KEY, polls INTEGER NOT NULL, first_ms INTEGER NOT NULL,"            \
  " last_ms INTEGER NOT NULL, data BLOB NOT NULL);"                                                          \
  "CREATE TABLE hour(hour INTEGER, process INTEGER, hours INTEGER NOT NULL, floor INTEGER NOT NULL,"         \
  " mean_above INTEGER NOT NULL, peak_above INTEGER NOT NULL, PRIMARY KEY(hour, process)) WITHOUT ROWID;"    \
  "CREATE TABLE event(id INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, event INTEGER NOT NULL,"             \
  " level TEXT NOT NULL, image TEXT NOT NULL, pid INTEGER NOT NULL, text TEXT NOT NULL);"

/* What version 3 added. */
#define VERDICTS                                                                                             \
  "ALTER TABLE leak ADD COLUMN verdict TEXT NOT NULL DEFAULT 'leak';"                                        \
  "ALTER TABLE leak ADD COLUMN slope_low_bytes_per_hour REAL NOT NULL DEFAULT 0;"                            \
  "ALTER TABLE leak ADD COLUMN slope_high_bytes_per_hour REAL NOT NULL DEFAULT 0;"                           \
  "CREATE TABLE lineage(image TEXT PRIMARY KEY, high_water REAL NOT NULL, lives INTEGER NOT NULL,"           \
  " quiet_lives INTEGER NOT NULL, rates BLOB NOT NULL, seen_ms INTEGER NOT NULL) WITHOUT ROWID;"

/* What version 4 added. */
#define KEEPING                                                                                              \
  "ALTER TABLE capture ADD COLUMN ending TEXT NOT NULL DEFAULT '';"                                          \
  "ALTER TABLE capture ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';"                                          \
  "ALTER TABLE capture ADD COLUMN etl_bytes INTEGER NOT NULL DEFAULT 0;"                                     \
  "ALTER TABLE capture ADD COLUMN readable INTEGER NOT NULL DEFAULT 0;"                                      \
  "ALTER TABLE capture ADD COLUMN events INTEGER NOT NULL DEFAULT 0;"                                        \
  "ALTER TABLE capture ADD COLUMN target_events INTEGER NOT NULL DEFAULT 0;"                                 \
  "ALTER TABLE capture ADD COLUMN events_lost INTEGER NOT NULL DEFAULT 0;"                                   \
  "ALTER TABLE capture ADD COLUMN buffers_lost INTEGER NOT NULL DEFAULT 0;"                                  \
  "ALTER TABLE capture ADD COLUMN removed_ms INTEGER NOT NULL DEFAULT 0;"

#define TIME(ms) "strftime('%Y-%m-%dT%H:%M:%SZ', " ms " / 1000, 'unixepoch')"
/* A creation time nobody could read is 0; a case that is still open ends at 0. */
#define CREATED(column)                                                                                      \
  "CASE WHEN " column " > 0 THEN strftime('%Y-%m-%dT%H:%M:%SZ', " column                                     \
  " / 10000000 - 11644473600, 'unixepoch') END"
#define UNLESS_ZERO(column) "CASE WHEN " column " <> 0 THEN " TIME(column) " END"
#define HOURS                                                                                                \
  "WITH RECURSIVE step(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM step WHERE n < 23) SELECT"                \
  " strftime('%Y-%m-%dT%H:00:00Z', (h.hour + n) * 3600, 'unixepoch') AS hour, "
#define FIGURES                                                                                              \
  " h.floor * 4096 AS floor_bytes, (h.floor + h.mean_above) * 4096 AS mean_bytes,"                           \
  " (h.floor + h.peak_above) * 4096 AS peak_bytes FROM hour h JOIN step ON n < h.hours "

#define LEAKS                                                                                                \
  "CREATE VIEW leaks AS SELECT id, image, pid, " CREATED("created") " AS created, " TIME("began_ms")         \
  " AS began, " TIME("opened_ms") " AS opened, " UNLESS_ZERO("closed_ms") " AS closed,"                      \
  " slope_bytes_per_hour, growth_bytes, commit_bytes, confidence, kind, ending, verdict,"                    \
  " slope_low_bytes_per_hour, slope_high_bytes_per_hour FROM leak;"

#define IF_READABLE(column) "CASE WHEN readable THEN " column " END AS " column
#define CAPTURES                                                                                             \
  "CREATE VIEW captures AS SELECT id, leak_id AS leak, image, pid, " CREATED("created")                      \
  " AS created, kind, " TIME("started_ms") " AS started, " UNLESS_ZERO("ended_ms")                           \
  " AS ended, bytes, path, outcome, ending, sha256, nullif(etl_bytes, 0) AS etl_bytes, "                     \
  IF_READABLE("events") ", " IF_READABLE("target_events") ", " IF_READABLE("events_lost") ", "               \
  IF_READABLE("buffers_lost") ", " UNLESS_ZERO("removed_ms") " AS removed FROM capture;"

#define VIEWS                                                                                                \
  "CREATE VIEW processes AS SELECT p.id AS process, i.name AS image, p.pid, " CREATED("p.created")           \
  " AS created, " TIME("p.first_ms") " AS first_seen, " TIME("p.last_ms") " AS last_seen"                    \
  " FROM process p JOIN image i ON i.id = p.image;"                                                          \
  "CREATE VIEW hourly AS " HOURS "h.process, i.name AS image, p.pid," FIGURES                                \
  "JOIN process p ON p.id = h.process JOIN image i ON i.id = p.image;"                                       \
  "CREATE VIEW system_hourly AS " HOURS                                                                      \
  "CASE h.process WHEN -6 THEN 'commit_total' WHEN -5 THEN 'commit_limit' WHEN -4 THEN"                      \
  " 'physical_total' WHEN -3 THEN 'physical_available' WHEN -2 THEN 'paged_pool' ELSE"                       \
  " 'nonpaged_pool' END AS figure," FIGURES "WHERE h.process < 0;"                                           \
  LEAKS                                                                                                      \
  CAPTURES                                                                                                   \
  "CREATE VIEW events AS SELECT id, " TIME("wall_ms") " AS time, event, level, image, pid, text FROM event;"

/* clang-format on */

#define MARK "PRAGMA application_id=0x53656570;PRAGMA user_version=4;"

static const char from_nothing[] = CASES SERIES VERDICTS KEEPING VIEWS MARK;

static const char beside_version_1[] =
    "ALTER TABLE process RENAME TO process_1;ALTER TABLE poll RENAME TO poll_1;" SERIES VERDICTS KEEPING
        VIEWS;
static const char without_version_1[] = "DROP TABLE poll_1;DROP TABLE process_1;" MARK;

#define SINCE_VERSION_3 KEEPING "DROP VIEW IF EXISTS captures;" CAPTURES MARK
static const char from_version_2[] = VERDICTS "DROP VIEW IF EXISTS leaks;" LEAKS SINCE_VERSION_3;
static const char from_version_3[] = SINCE_VERSION_3;

static seep_status run_script(seep_store *store, const char *script, const char *path, seep_error *error)
{
  int rc = sqlite3_exec(store->db, script, NULL, NULL, NULL);
  return rc == SQLITE_OK ? SEEP_OK : seep_store__fail(store, rc, "prepare store", path, error);
}

/* Nobody comes to these numbers by counting, and behind them it would not go on. */
static seep_status check_numbers(seep_store *store, const char *path, seep_error *error)
{
  int64_t highest = 0;
  seep_status status =
      seep_store__ask(store,
                      "SELECT max(ifnull((SELECT max(id) FROM poll), 0),"
                      " ifnull((SELECT max(id) FROM block), 0), ifnull((SELECT max(id) FROM process), 0))",
                      &highest, "read store", path, error);
  return status != SEEP_OK || highest < SEEP_POLL_LAST_ROW
             ? status
             : seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, highest, "count on in store", path);
}

seep_status seep_schema__check(seep_store *store, int version, const char *path, seep_error *error)
{
  /* All that any version has: a file with a later one's tables or columns is not of the version that it says.
   */
  static const struct {
    int64_t tables, capture_columns;
  } shapes[SEEP_SCHEMA_VERSION + 1] = {{0, 0}, {6, 11}, {10, 11}, {11, 11}, {11, 20}};
  int64_t tables = 0, columns = 0;
  seep_status status = seep_store__ask(store,
                                       "SELECT count(*) FROM sqlite_master WHERE type='table' AND name IN"
                                       " ('image', 'process', 'poll', 'block', 'hour', 'event', 'leak',"
                                       " 'lineage', 'capture', 'journal', 'value')",
                                       &tables, "read store", path, error);
  if (status == SEEP_OK) {
    status = seep_store__ask(store, "SELECT count(*) FROM pragma_table_info('capture')", &columns,
                             "read store", path, error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  if (tables != shapes[version].tables || columns != shapes[version].capture_columns) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0, "find the tables of store", path);
  }
  return version >= 2 ? check_numbers(store, path, error) : SEEP_OK;
}

seep_status seep_schema__upgrade(seep_store *store, const char *path, seep_error *error)
{
  if (store->version == 0) {
    return run_script(store, from_nothing, path, error);
  }
  if (store->version == 1) {
    seep_status status = run_script(store, beside_version_1, path, error);
    if (status == SEEP_OK) {
      status = seep_version1__convert(store, error);
    }
    return status == SEEP_OK ? run_script(store, without_version_1, path, error) : status;
  }
  return store->version < SEEP_SCHEMA_VERSION
             ? run_script(store, store->version == 2 ? from_version_2 : from_version_3, path, error)
             : SEEP_OK;
}
