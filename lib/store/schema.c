/*
 * The tables. Times are in ms since 1970 (created, came: a FILETIME, hour: hours since 1970), sizes in pages
 * of 4096 bytes where a column does not say bytes; the views give both as people read them. A released script
 * is never changed.
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
 * answer: what a recording shows, one row at most for each; state as seep_store_answer_state.
 *
 * exhaustion, exhaustion_entry: an Event 2004 and whom it names, as exhaustions.c writes them. part: 0 = a
 * process, 1 = a tag of the paged, 2 = of the nonpaged pool; matched as seep_store_match.
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

/* What version 5 added. */
#define DIAGNOSES                                                                                            \
  "ALTER TABLE leak ADD COLUMN kind_confidence REAL NOT NULL DEFAULT 0;"                                     \
  "ALTER TABLE leak ADD COLUMN kind_reason TEXT NOT NULL DEFAULT '';"                                        \
  "ALTER TABLE leak ADD COLUMN services TEXT NOT NULL DEFAULT '';"                                           \
  "ALTER TABLE leak ADD COLUMN evidence TEXT NOT NULL DEFAULT '';"                                           \
  "ALTER TABLE leak ADD COLUMN times_told INTEGER NOT NULL DEFAULT 0;"                                       \
  "ALTER TABLE leak ADD COLUMN told_ms INTEGER NOT NULL DEFAULT 0;"                                          \
  "ALTER TABLE leak ADD COLUMN told_because TEXT NOT NULL DEFAULT '';"                                       \
  "ALTER TABLE leak ADD COLUMN time_left_ms INTEGER NOT NULL DEFAULT -1;"                                    \
  "ALTER TABLE leak ADD COLUMN system_commit_bytes INTEGER NOT NULL DEFAULT 0;"                              \
  "ALTER TABLE leak ADD COLUMN system_limit_bytes INTEGER NOT NULL DEFAULT 0;"                               \
  "CREATE TABLE exhaustion(id INTEGER PRIMARY KEY, seen_ms INTEGER NOT NULL, came INTEGER NOT NULL,"         \
  " record_id INTEGER NOT NULL, told INTEGER NOT NULL, has_system INTEGER NOT NULL,"                         \
  " commit_limit_bytes INTEGER NOT NULL, commit_charge_bytes INTEGER NOT NULL,"                              \
  " process_commit_bytes INTEGER NOT NULL, paged_pool_bytes INTEGER NOT NULL,"                               \
  " nonpaged_pool_bytes INTEGER NOT NULL, physical_bytes INTEGER NOT NULL,"                                  \
  " physical_used_bytes INTEGER NOT NULL, processes INTEGER NOT NULL);"                                      \
  "CREATE TABLE exhaustion_entry(exhaustion INTEGER, part INTEGER, rank INTEGER, name TEXT NOT NULL,"        \
  " bytes INTEGER NOT NULL, pid INTEGER NOT NULL, created INTEGER NOT NULL, handles INTEGER NOT NULL,"       \
  " version TEXT NOT NULL, type_info INTEGER NOT NULL, matched INTEGER NOT NULL,"                            \
  " PRIMARY KEY(exhaustion, part, rank)) WITHOUT ROWID;"

/* What version 6 added. */
#define ANSWERS                                                                                              \
  "CREATE TABLE answer(capture INTEGER PRIMARY KEY, state INTEGER NOT NULL, made_ms INTEGER NOT NULL,"       \
  " why TEXT NOT NULL, verdict TEXT NOT NULL, certainty TEXT NOT NULL, culprit TEXT NOT NULL,"               \
  " place TEXT NOT NULL, company TEXT NOT NULL, version TEXT NOT NULL, signature TEXT NOT NULL,"             \
  " bytes INTEGER NOT NULL, allocations INTEGER NOT NULL, share REAL NOT NULL, doubts TEXT NOT NULL);"

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
  " slope_low_bytes_per_hour, slope_high_bytes_per_hour, nullif(kind_confidence, 0) AS kind_confidence,"     \
  " kind_reason, services, evidence, times_told, " UNLESS_ZERO("told_ms") " AS told, told_because,"          \
  " CASE WHEN times_told > 0 AND time_left_ms >= 0 THEN time_left_ms / 1000 END AS time_left_s,"             \
  " nullif(system_commit_bytes, 0) AS system_commit_bytes,"                                                  \
  " nullif(system_limit_bytes, 0) AS system_limit_bytes FROM leak;"

#define IF_READABLE(column) "CASE WHEN readable THEN " column " END AS " column
#define CAPTURES                                                                                             \
  "CREATE VIEW captures AS SELECT id, leak_id AS leak, image, pid, " CREATED("created")                      \
  " AS created, kind, " TIME("started_ms") " AS started, " UNLESS_ZERO("ended_ms")                           \
  " AS ended, bytes, path, outcome, ending, sha256, nullif(etl_bytes, 0) AS etl_bytes, "                     \
  IF_READABLE("events") ", " IF_READABLE("target_events") ", " IF_READABLE("events_lost") ", "               \
  IF_READABLE("buffers_lost") ", " UNLESS_ZERO("removed_ms") " AS removed FROM capture;"

#define IF_SYSTEM(column) "CASE WHEN has_system THEN " column " END AS " column
#define OF_PROCESS(column) "CASE n.part WHEN 0 THEN n." column " END AS " column
#define EXHAUSTIONS                                                                                          \
  "CREATE VIEW exhaustions AS SELECT id, " CREATED("came") " AS time, " TIME("seen_ms") " AS seen, told,"    \
  " nullif(record_id, 0) AS record_id, " IF_SYSTEM("commit_limit_bytes") ", "                                \
  IF_SYSTEM("commit_charge_bytes") ", " IF_SYSTEM("process_commit_bytes") ", "                               \
  IF_SYSTEM("paged_pool_bytes") ", " IF_SYSTEM("nonpaged_pool_bytes") ", " IF_SYSTEM("physical_bytes") ", "  \
  IF_SYSTEM("physical_used_bytes") ", " IF_SYSTEM("processes") " FROM exhaustion;"                           \
  "CREATE VIEW exhaustion_named AS SELECT n.exhaustion, " CREATED("e.came") " AS time, CASE n.part WHEN 0"   \
  " THEN 'process' WHEN 1 THEN 'paged pool tag' ELSE 'nonpaged pool tag' END AS part, n.rank, n.name,"       \
  " n.bytes, " OF_PROCESS("pid") ", " CREATED("n.created") " AS created, " OF_PROCESS("handles") ", "        \
  OF_PROCESS("version") ", " OF_PROCESS("type_info") ", CASE WHEN n.part = 0 THEN CASE n.matched WHEN 2"     \
  " THEN 'exact' WHEN 1 THEN 'name' ELSE 'none' END END AS matched"                                          \
  " FROM exhaustion_entry n JOIN exhaustion e ON e.id = n.exhaustion;"

#define ANSWERED                                                                                             \
  "CREATE VIEW answers AS SELECT a.capture, c.image, c.pid, c.path, " UNLESS_ZERO("a.made_ms")               \
  " AS made, CASE a.state WHEN 1 THEN 'begun' WHEN 2 THEN 'made' ELSE 'failed' END AS state, a.why,"         \
  " a.verdict, a.certainty, a.culprit, a.place, a.company, a.version, a.signature, a.bytes,"                 \
  " a.allocations, a.share, a.doubts FROM answer a JOIN capture c ON c.id = a.capture;"

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
  EXHAUSTIONS                                                                                                \
  ANSWERED                                                                                                   \
  "CREATE VIEW events AS SELECT id, " TIME("wall_ms") " AS time, event, level, image, pid, text FROM event;"

/* clang-format on */

#define MARK "PRAGMA application_id=0x53656570;PRAGMA user_version=6;"

static const char from_nothing[] = CASES SERIES VERDICTS KEEPING DIAGNOSES ANSWERS VIEWS MARK;

static const char beside_version_1[] =
    "ALTER TABLE process RENAME TO process_1;ALTER TABLE poll RENAME TO poll_1;" SERIES VERDICTS KEEPING
        DIAGNOSES ANSWERS VIEWS;
static const char without_version_1[] = "DROP TABLE poll_1;DROP TABLE process_1;" MARK;

#define SINCE_VERSION_5 ANSWERS ANSWERED MARK
#define SINCE_VERSION_4 DIAGNOSES "DROP VIEW IF EXISTS leaks;" LEAKS EXHAUSTIONS SINCE_VERSION_5
#define SINCE_VERSION_3 KEEPING "DROP VIEW IF EXISTS captures;" CAPTURES SINCE_VERSION_4
static const char from_version_2[] = VERDICTS SINCE_VERSION_3;
static const char from_version_3[] = SINCE_VERSION_3;
static const char from_version_4[] = SINCE_VERSION_4;
static const char from_version_5[] = SINCE_VERSION_5;

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

#define OUR_TABLES                                                                                           \
  "('image', 'process', 'poll', 'block', 'hour', 'event', 'leak', 'lineage', 'capture', 'journal',"          \
  " 'value', 'exhaustion', 'exhaustion_entry', 'answer')"

static int sum_columns(sqlite3 *db, uint64_t *sum)
{
  sqlite3_stmt *statement = NULL;
  int rc =
      sqlite3_prepare_v2(db,
                         "SELECT lower(t.name || '.' || c.name) FROM sqlite_master t"
                         " JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name IN " OUR_TABLES
                         " ORDER BY t.name, c.cid",
                         -1, &statement, NULL);
  rc = rc == SQLITE_OK ? sqlite3_step(statement) : rc;
  *sum = UINT64_C(14695981039346656037); /* FNV-1a */
  for (; rc == SQLITE_ROW; rc = sqlite3_step(statement)) {
    const unsigned char *name = sqlite3_column_text(statement, 0);
    for (; name != NULL && *name != '\0'; name++) {
      *sum = (*sum ^ *name) * UINT64_C(1099511628211);
    }
    *sum = (*sum ^ 0x100) * UINT64_C(1099511628211);
  }
  sqlite3_finalize(statement);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* SQLite believes any name that the definition of a table gives a column: one whose bit has flipped would be
 * found out at the first statement that asks for it, for good. Hence columns are compared with a fresh
 * store's. */
static seep_status check_columns(seep_store *store, const char *path, seep_error *error)
{
  sqlite3 *model = NULL;
  uint64_t wanted = 0, found = 0;
  int rc = sqlite3_open_v2(":memory:", &model, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  if (rc == SQLITE_OK) {
    rc = sqlite3_exec(model, from_nothing, NULL, NULL, NULL);
  }
  if (rc == SQLITE_OK) {
    rc = sum_columns(model, &wanted);
  }
  sqlite3_close(model);
  if (rc == SQLITE_OK) {
    rc = sum_columns(store->db, &found);
  }
  if (rc == SQLITE_OK && found != wanted) {
    rc = SQLITE_CORRUPT;
  }
  return rc == SQLITE_OK ? SEEP_OK : seep_store__fail(store, rc, "find the columns of store", path, error);
}

/* All that any version has: a file with what a later one has is not of the version that it says. */
typedef struct shape {
  int64_t tables, capture_columns, leak_columns;
} shape;

seep_status seep_schema__check(seep_store *store, int version, const char *path, seep_error *error)
{
  static const shape shapes[SEEP_SCHEMA_VERSION + 1] = {
      {0, 0, 0}, {6, 11, 13}, {10, 11, 13}, {11, 11, 16}, {11, 20, 16}, {13, 20, 26}, {14, 20, 26}};
  shape found = {0, 0, 0};
  seep_status status =
      seep_store__ask(store, "SELECT count(*) FROM sqlite_master WHERE type='table' AND name IN " OUR_TABLES,
                      &found.tables, "read store", path, error);
  if (status == SEEP_OK) {
    status = seep_store__ask(store, "SELECT count(*) FROM pragma_table_info('capture')",
                             &found.capture_columns, "read store", path, error);
  }
  if (status == SEEP_OK) {
    status = seep_store__ask(store, "SELECT count(*) FROM pragma_table_info('leak')", &found.leak_columns,
                             "read store", path, error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  const shape *wanted = &shapes[version];
  if (found.tables != wanted->tables || found.capture_columns != wanted->capture_columns ||
      found.leak_columns != wanted->leak_columns) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0, "find the tables of store", path);
  }
  if (version == SEEP_SCHEMA_VERSION) {
    status = check_columns(store, path, error);
  }
  return status == SEEP_OK && version >= 2 ? check_numbers(store, path, error) : status;
}

static seep_status from_version_1(seep_store *store, const char *path, seep_error *error)
{
  seep_status status = run_script(store, beside_version_1, path, error);
  if (status == SEEP_OK) {
    status = seep_version1__convert(store, error);
  }
  return status == SEEP_OK ? run_script(store, without_version_1, path, error) : status;
}

seep_status seep_schema__upgrade(seep_store *store, const char *path, seep_error *error)
{
  switch (store->version) {
  case 0:
    return run_script(store, from_nothing, path, error);
  case 1:
    return from_version_1(store, path, error);
  case 2:
    return run_script(store, from_version_2, path, error);
  case 3:
    return run_script(store, from_version_3, path, error);
  case 4:
    return run_script(store, from_version_4, path, error);
  case 5:
    return run_script(store, from_version_5, path, error);
  default:
    return SEEP_OK;
  }
}
