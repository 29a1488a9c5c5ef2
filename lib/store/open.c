/*
 * Opening and closing: is the file ours, is it whole, which schema has it; setting a bad one aside and
 * rescuing the undo journal from it. A clean close leaves a mark in the file, taken away at the next opening:
 * where it is missing the whole file is checked, which costs one read of it.
 */
#include "store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The loop waits for a store at most this long; readers do not block a writer, so only a second service
 * could. */
#define BUSY_TIMEOUT_MS 200
#define RESCUED_ENTRIES 32u
#define SET_ASIDE_NAMES 1000u
#define CLEAN_MARK "store.clean"

/* In this order: page size and vacuum mode count only before the first page is written. secure_delete, a
 * default of some builds, would write every deleted poll once more. */
static const char settings[] = "PRAGMA page_size=4096;"
                               "PRAGMA auto_vacuum=INCREMENTAL;"
                               "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA foreign_keys=OFF;"
                               "PRAGMA secure_delete=OFF;"
                               "PRAGMA cache_size=-512;"
                               "PRAGMA journal_size_limit=4194304;";

static bool is_memory(const char *path)
{
  return strcmp(path, ":memory:") == 0;
}

static void release(seep_store *store)
{
  if (store == NULL) {
    return;
  }
  for (size_t i = 0; i < SEEP_SLOTS; i++) {
    sqlite3_finalize(store->statements[i]);
  }
  sqlite3_close(store->db);
  seep_store__series_free(&store->series);
  free(store);
}

/* Until the file is known to be good, closing it must not write the log back into it, the schema must not run
 * functions, and no page is trusted. */
static seep_status connect_to(const char *path, int flags, seep_store **out, seep_error *error)
{
  seep_store *store = calloc(1, sizeof *store);
  if (store == NULL) {
    seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "open store", path);
    return SEEP_NO_MEMORY;
  }
  int rc = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc != SQLITE_OK) {
    int extended = store->db != NULL ? sqlite3_extended_errcode(store->db) : SQLITE_OK;
    seep_status status =
        seep_store__fail(store, extended != SQLITE_OK ? extended : rc, "open store", path, error);
    release(store);
    return status;
  }
  sqlite3_extended_result_codes(store->db, 1);
  sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
  sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_exec(store->db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
  store->writable = (flags & SQLITE_OPEN_READWRITE) != 0;
  *out = store;
  return SEEP_OK;
}

/* Whose file it is and which schema it has. SEEP_CORRUPT: not a store; SEEP_UNSUPPORTED: a newer one. An
 * empty database has version 0 and is nobody's yet. */
static seep_status identify(seep_store *store, const char *path, seep_error *error)
{
  int64_t application = 0, version = 0, objects = 0;
  int rc = seep_store__read_number(store, "PRAGMA application_id", &application);
  if (rc == SQLITE_OK) {
    rc = seep_store__read_number(store, "PRAGMA user_version", &version);
  }
  if (rc == SQLITE_OK) {
    rc = seep_store__read_number(store, "SELECT count(*) FROM sqlite_master", &objects);
  }
  /* Questions that are always right fail on a file of another format, and its header may forbid writing. */
  bool strange = rc == SQLITE_ERROR ||
                 (rc == SQLITE_OK && store->writable && sqlite3_db_readonly(store->db, "main") == 1);
  if (rc != SQLITE_OK || strange) {
    return seep_store__fail(store, strange ? SQLITE_NOTADB : rc, "read store", path, error);
  }
  store->ours = application == SEEP_SCHEMA_APPLICATION_ID;
  bool empty = application == 0 && objects == 0;
  if (!store->ours && !empty) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0, "recognize store", path);
  }
  if (store->ours && version > SEEP_SCHEMA_VERSION) {
    return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_NONE, 0, "read store of a newer version",
                          path);
  }
  if (store->ours && version < 1) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0, "find the tables of store", path);
  }
  store->version = empty ? 0 : (int)version;
  return seep_schema__check(store, store->version, path, error);
}

/* What SQLite says of the file's structure. */
static int quick_check(seep_store *store, bool *whole)
{
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
  if (rc == SQLITE_OK) {
    rc = sqlite3_step(statement);
  }
  if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
    const unsigned char *verdict = rc == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
    *whole = verdict != NULL && strcmp((const char *)verdict, "ok") == 0;
    rc = SQLITE_OK;
  }
  sqlite3_finalize(statement);
  return rc;
}

/* SEEP_CORRUPT when SQLite finds the file's structure broken. Skipped after a clean close. A page that could
 * not be read is broken to SQLite like any other, so a bad verdict must be given twice. */
static seep_status check_whole(seep_store *store, const char *path, seep_error *error)
{
  char mark[8];
  size_t length = 0;
  seep_status status = seep_store_value_get(store, CLEAN_MARK, mark, sizeof mark, &length, error);
  if (status == SEEP_OK && strcmp(mark, "1") == 0) {
    return SEEP_OK;
  }
  if (status != SEEP_OK && status != SEEP_NOT_FOUND && status != SEEP_LIMIT) {
    return status;
  }
  bool whole = false;
  int rc = SQLITE_OK;
  for (int attempt = 0; attempt < 2 && rc == SQLITE_OK && !whole; attempt++) {
    rc = quick_check(store, &whole);
  }
  return whole ? SEEP_OK
               : seep_store__fail(store, rc != SQLITE_OK ? rc : SQLITE_CORRUPT, "check store", path, error);
}

/* The schema's steps and the loss of the clean mark are one transaction. */
static seep_status bring_up_to_date(seep_store *store, const char *path, seep_error *error)
{
  int rc = sqlite3_exec(store->db, settings, NULL, NULL, NULL);
  seep_status status = rc == SQLITE_OK ? SEEP_OK : seep_store__fail(store, rc, "prepare store", path, error);
  if (status == SEEP_OK) {
    status = seep_store__begin(store, "prepare store", error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  status = seep_schema__upgrade(store, path, error);
  if (status == SEEP_OK) {
    status = seep_store_value_set(store, CLEAN_MARK, "0", 1, error);
  }
  status = seep_store__end(store, status, "prepare store", error);
  if (status == SEEP_OK) {
    store->version = SEEP_SCHEMA_VERSION;
    store->ours = true;
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
  }
  return status;
}

/* *out, NULL before, is set whenever a connection was made: a damaged file can still be asked for its
 * journal. */
static seep_status open_once(const char *path, seep_store **out, seep_error *error)
{
  seep_status status = connect_to(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, out, error);
  if (*out == NULL) {
    return status;
  }
  if (sqlite3_db_readonly((*out)->db, "main") == 1) {
    /* SQLite silently opens for reading what it may not write. */
    status = seep_store__fail(*out, SQLITE_READONLY, "open store", path, error);
  }
  if (status == SEEP_OK) {
    status = identify(*out, path, error);
  }
  if (status == SEEP_OK && (*out)->version > 0) {
    status = check_whole(*out, path, error);
  }
  if (status == SEEP_OK) {
    status = bring_up_to_date(*out, path, error);
  }
  return status;
}

/* ---- setting aside ---- */

/* SQLite's own file layer takes UTF-8 on every system. An empty file counts as none. */
static bool exists(const char *path)
{
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  int found = 0;
  return vfs != NULL && vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

static seep_status plain_rename(void *context, const char *from, const char *to, seep_error *error)
{
  (void)context;
  if (rename(from, to) == 0) {
    return SEEP_OK;
  }
  int code = errno;
  seep_status status = code == ENOENT                    ? SEEP_NOT_FOUND
                       : code == EACCES || code == EPERM ? SEEP_DENIED
                                                         : SEEP_OS;
  return seep_error_set(error, status, SEEP_DOMAIN_NONE, code, "rename", from);
}

typedef struct aside {
  const seep_store_files *files;
  size_t size; /* of each of the three */
  char *target, *from, *to;
} aside;

static bool choose_target(aside *a, const char *path, seep_wall now)
{
  char moment[SEEP_WALL_TEXT_SIZE];
  seep_wall_file_text(now, moment, sizeof moment);
  for (unsigned number = 1; number <= SET_ASIDE_NAMES; number++) {
    seep_writer writer;
    seep_writer_init(&writer, a->target, a->size);
    seep_writer_text(&writer, path);
    seep_writer_text(&writer, ".damaged-");
    seep_writer_text(&writer, moment);
    if (number > 1) {
      seep_writer_text(&writer, "-");
      seep_writer_u64(&writer, number);
    }
    if (!exists(a->target)) {
      return true;
    }
  }
  return false;
}

static seep_status move(aside *a, const char *path, const char *suffix, bool back, seep_error *error)
{
  snprintf(a->from, a->size, "%s%s", back ? a->target : path, suffix);
  snprintf(a->to, a->size, "%s%s", back ? path : a->target, suffix);
  return a->files->rename(a->files->context, a->from, a->to, error);
}

/* Logs go first and the file last: a fresh file must never stand beside a log that is not its own. */
static seep_status move_all(aside *a, const char *path, seep_error *error)
{
  static const char *const suffixes[] = {"-wal", "-shm", "-journal", ""};
  const size_t last = sizeof suffixes / sizeof suffixes[0] - 1;
  for (size_t i = 0; i <= last; i++) {
    seep_status status = move(a, path, suffixes[i], false, error);
    bool missing = status == SEEP_NOT_FOUND && i < last;
    if (status == SEEP_OK || missing) {
      continue;
    }
    while (i-- > 0) {
      move(a, path, suffixes[i], true, NULL);
    }
    return status;
  }
  return SEEP_OK;
}

static seep_status set_aside(const char *path, seep_wall now, const seep_store_files *files, char *where,
                             size_t where_size, seep_error *error)
{
  static const seep_store_files plain = {NULL, plain_rename};
  aside a = {.files = files != NULL ? files : &plain, .size = strlen(path) + 64};
  seep_status status = SEEP_NO_MEMORY;
  a.target = malloc(a.size);
  a.from = malloc(a.size);
  a.to = malloc(a.size);
  if (a.target == NULL || a.from == NULL || a.to == NULL) {
    seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "set store aside", path);
  } else if (!choose_target(&a, path, now)) {
    status = seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "set store aside", path);
  } else {
    status = move_all(&a, path, error);
  }
  if (status == SEEP_OK) {
    seep_text_copy(where, where_size, a.target);
  }
  free(a.target);
  free(a.from);
  free(a.to);
  return status;
}

/* ---- the contract ---- */

typedef struct rescue {
  seep_store_journal_entry entries[RESCUED_ENTRIES];
  size_t count;
} rescue;

/* Damage mostly hits the samples, which fill the file; what must be undone on this machine can often still be
 * read. */
static rescue *rescue_journal(seep_store *store)
{
  rescue *saved = store != NULL && store->ours ? calloc(1, sizeof *saved) : NULL;
  if (saved != NULL) {
    seep_store__journal_read(store, saved->entries, RESCUED_ENTRIES, &saved->count, NULL);
  }
  return saved;
}

static seep_status replace_damaged(const char *path, seep_wall now, const seep_store_files *files,
                                   seep_store **store, seep_store_opening *opening, seep_error *error)
{
  rescue *saved = rescue_journal(*store);
  release(*store);
  *store = NULL;
  seep_status status = set_aside(path, now, files, opening->set_aside, sizeof opening->set_aside, error);
  if (status == SEEP_OK) {
    status = open_once(path, store, error);
  }
  for (size_t i = 0; status == SEEP_OK && saved != NULL && i < saved->count; i++) {
    status = seep_store_journal_add(*store, &saved->entries[i], error);
  }
  free(saved);
  return status;
}

seep_status seep_store_open(const char *path, seep_wall now, const seep_store_files *files, seep_store **out,
                            seep_store_opening *opening, seep_error *error)
{
  seep_store_opening facts = {.created = is_memory(path) || !exists(path)};
  seep_store *store = NULL;
  if (path[0] == '\0') {
    return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, 0, "open store", "no path");
  }
  seep_status status = open_once(path, &store, error);
  if (status == SEEP_CORRUPT && !is_memory(path)) {
    status = replace_damaged(path, now, files, &store, &facts, error);
  }
  if (opening != NULL) {
    *opening = facts;
  }
  if (status != SEEP_OK) {
    release(store);
    return status;
  }
  seep_store__exhaustions_prepare(store);
  *out = store;
  return SEEP_OK;
}

seep_status seep_store_open_readonly(const char *path, seep_store **out, seep_error *error)
{
  seep_store *store = NULL;
  seep_status status = connect_to(path, SQLITE_OPEN_READONLY, &store, error);
  if (store == NULL) {
    return status;
  }
  status = identify(store, path, error);
  if (status == SEEP_NOT_FOUND) {
    /* The file has been opened: it is the log beside it that can not be used where nothing may be written. */
    status = seep_error_set(error, SEEP_DENIED, SEEP_DOMAIN_NONE, 0, "write beside store", path);
  } else if (status == SEEP_OK && store->version == 0) {
    status = seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "read empty store", path);
  } else if (status == SEEP_OK && store->version != SEEP_SCHEMA_VERSION) {
    status = seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_NONE, store->version,
                            "read store of an older version (the service converts it when it starts)", path);
  }
  if (status != SEEP_OK) {
    release(store);
    return status;
  }
  *out = store;
  return SEEP_OK;
}

void seep_store_close(seep_store *store)
{
  if (store != NULL && store->writable && !store->suspect) {
    sqlite3_busy_timeout(store->db, 0);
    seep_store_value_set(store, CLEAN_MARK, "1", 1, NULL);
    /* Without a log the file is one piece: it can be copied alone and read where nothing can be written. A
     * reader at work prevents it; that is not waited for, and does no harm. */
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_exec(store->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
  }
  release(store);
}
