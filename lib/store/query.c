/*
 * Statements, transactions and what SQLite's results mean to us. Nothing here knows a table.
 */
#include "store/store_internal.h"

#include <errno.h>

#include "base/text.h"

/* SQLite says CANTOPEN for a missing folder and for a refused one alike; the system's own code tells them
 * apart. */
static seep_status cannot_open_status(int system_error)
{
#ifdef _WIN32
  switch (system_error) {
  case 5: /* ERROR_ACCESS_DENIED */
    return SEEP_DENIED;
  case 32: /* ERROR_SHARING_VIOLATION */
  case 33: /* ERROR_LOCK_VIOLATION */
    return SEEP_BUSY;
  default:
    return SEEP_NOT_FOUND;
  }
#else
  return system_error == EACCES || system_error == EPERM || system_error == EROFS ? SEEP_DENIED
                                                                                  : SEEP_NOT_FOUND;
#endif
}

seep_status seep_store__status(sqlite3 *db, int rc)
{
  if (rc == SQLITE_IOERR_NOMEM) {
    return SEEP_NO_MEMORY;
  }
  switch (rc & 0xFF) {
  case SQLITE_OK:
  case SQLITE_ROW:
  case SQLITE_DONE:
    return SEEP_OK;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return SEEP_BUSY;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return SEEP_CORRUPT;
  case SQLITE_FULL:
  case SQLITE_TOOBIG:
    return SEEP_LIMIT;
  case SQLITE_READONLY:
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return SEEP_DENIED;
  case SQLITE_CANTOPEN:
    return cannot_open_status(db != NULL ? sqlite3_system_errno(db) : 0);
  case SQLITE_NOMEM:
    return SEEP_NO_MEMORY;
  default:
    return SEEP_OS;
  }
}

seep_status seep_store__fail(seep_store *store, int rc, const char *operation, const char *subject,
                             seep_error *error)
{
  seep_status status = seep_store__status(store->db, rc);
  store->suspect = store->suspect || status == SEEP_CORRUPT;
  return seep_error_set(error, status, SEEP_DOMAIN_SQLITE, rc, operation, subject);
}

int seep_store__read_number(seep_store *store, const char *sql, int64_t *number)
{
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
  if (rc == SQLITE_OK) {
    rc = sqlite3_step(statement);
  }
  if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
    *number = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    rc = SQLITE_OK;
  }
  sqlite3_finalize(statement);
  return rc;
}

/* When memory is short even a rollback may fail. Until it is made up for, whatever is written would join a
 * transaction that nobody commits. */
static int roll_back_now(seep_store *store)
{
  int rc = sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  store->left_open = sqlite3_get_autocommit(store->db) == 0;
  return store->left_open ? rc : SQLITE_OK;
}

seep_status seep_store__ask(seep_store *store, const char *sql, int64_t *number, const char *operation,
                            const char *subject, seep_error *error)
{
  int rc = seep_store__read_number(store, sql, number);
  return rc == SQLITE_OK ? SEEP_OK : seep_store__fail(store, rc, operation, subject, error);
}

void seep_store__query(seep_store_query *query, seep_store *store, seep_store_slot slot, const char *sql)
{
  query->store = store;
  query->bound = 0;
  query->rc = store->left_open ? roll_back_now(store) : SQLITE_OK;
  if (query->rc == SQLITE_OK && store->statements[slot] == NULL) {
    query->rc =
        sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &store->statements[slot], NULL);
    /* Our statements are right: it is the tables that are not what they were. */
    query->rc = query->rc == SQLITE_ERROR ? SQLITE_CORRUPT : query->rc;
  }
  query->statement = store->statements[slot];
}

static bool bindable(seep_store_query *query)
{
  query->bound++;
  return query->rc == SQLITE_OK;
}

void seep_store__bind_i64(seep_store_query *query, int64_t value)
{
  if (bindable(query)) {
    query->rc = sqlite3_bind_int64(query->statement, query->bound, value);
  }
}

void seep_store__bind_u64(seep_store_query *query, uint64_t value)
{
  seep_store__bind_i64(query, value > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)value);
}

void seep_store__bind_real(seep_store_query *query, double value)
{
  /* SQLite would make NULL of a NaN. */
  if (bindable(query)) {
    query->rc = sqlite3_bind_double(query->statement, query->bound, value == value ? value : 0.0);
  }
}

void seep_store__bind_text(seep_store_query *query, const char *text)
{
  if (bindable(query)) {
    query->rc = sqlite3_bind_text(query->statement, query->bound, text, -1, SQLITE_STATIC);
  }
}

void seep_store__bind_bytes(seep_store_query *query, const void *bytes, size_t size, bool is_text)
{
  if (!bindable(query)) {
    return;
  }
  /* A null pointer would bind NULL, not an empty value. */
  const void *start = bytes != NULL ? bytes : "";
  query->rc =
      is_text ? sqlite3_bind_text64(query->statement, query->bound, start, size, SQLITE_STATIC, SQLITE_UTF8)
              : sqlite3_bind_blob64(query->statement, query->bound, start, size, SQLITE_STATIC);
}

bool seep_store__row(seep_store_query *query)
{
  if (query->rc != SQLITE_OK) {
    return false;
  }
  int rc = sqlite3_step(query->statement);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    query->rc = rc;
  }
  return rc == SQLITE_ROW;
}

uint64_t seep_store__column_u64(const seep_store_query *query, int column)
{
  int64_t value = sqlite3_column_int64(query->statement, column);
  return value > 0 ? (uint64_t)value : 0;
}

seep_wall seep_store__wall(int64_t ms)
{
  const int64_t farthest = INT64_C(1) << 52;
  return (seep_wall){ms < -farthest ? -farthest : ms > farthest ? farthest : ms};
}

seep_wall seep_store__column_wall(const seep_store_query *query, int column)
{
  return seep_store__wall(sqlite3_column_int64(query->statement, column));
}

void seep_store__column_text(const seep_store_query *query, int column, char *out, size_t out_size)
{
  const unsigned char *text = sqlite3_column_text(query->statement, column);
  int length = sqlite3_column_bytes(query->statement, column);
  seep_text_copy_bytes(out, out_size, text != NULL ? (const char *)text : "",
                       text != NULL ? (size_t)length : 0);
}

seep_status seep_store__finish(seep_store_query *query, const char *operation, seep_error *error)
{
  seep_status status = SEEP_OK;
  if (query->rc != SQLITE_OK) {
    status = seep_store__fail(query->store, query->rc, operation, NULL, error);
  }
  if (query->statement != NULL) {
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
  }
  return status;
}

seep_status seep_store__run(seep_store_query *query, const char *operation, seep_error *error)
{
  while (seep_store__row(query)) {
  }
  return seep_store__finish(query, operation, error);
}

seep_status seep_store__begin(seep_store *store, const char *operation, seep_error *error)
{
  /* Immediate: to be refused here, not at the first write half-way through. */
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_BEGIN, "BEGIN IMMEDIATE");
  return seep_store__run(&query, operation, error);
}

seep_status seep_store__begin_reading(seep_store *store, const char *operation, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_BEGIN_READING, "BEGIN");
  return seep_store__run(&query, operation, error);
}

seep_status seep_store__end(seep_store *store, seep_status status, const char *operation, seep_error *error)
{
  seep_store_query query;
  if (status == SEEP_OK) {
    seep_store__query(&query, store, SEEP_SLOT_COMMIT, "COMMIT");
    status = seep_store__run(&query, operation, error);
  }
  /* Some failures (a full disk, an I/O error) make SQLite roll back by itself. */
  if (status != SEEP_OK && sqlite3_get_autocommit(store->db) == 0) {
    (void)roll_back_now(store);
  }
  return status;
}
