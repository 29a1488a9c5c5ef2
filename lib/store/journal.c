/*
 * The undo journal and the small values. An entry is on disk before its caller acts, because the commit is
 * synchronous; it goes when the act has been undone. Ids are never used twice, so that a late removal cannot
 * hit another entry.
 */
#include "store/store_internal.h"

#include <string.h>

#include "base/text.h"

seep_status seep_store_journal_add(seep_store *store, seep_store_journal_entry *entry, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_JOURNAL_ADD,
                    "INSERT INTO journal(written_ms, kind, subject) VALUES(?, ?, ?)");
  seep_store__bind_i64(&query, entry->written.ms);
  seep_store__bind_text(&query, entry->kind);
  seep_store__bind_text(&query, entry->subject);
  seep_status status = seep_store__run(&query, "write undo journal", error);
  if (status == SEEP_OK) {
    entry->id = sqlite3_last_insert_rowid(store->db);
  }
  return status;
}

seep_status seep_store_journal_remove(seep_store *store, int64_t id, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_JOURNAL_REMOVE, "DELETE FROM journal WHERE id = ?");
  seep_store__bind_i64(&query, id);
  return seep_store__run(&query, "clear undo journal", error);
}

seep_status seep_store__journal_read(seep_store *store, seep_store_journal_entry *entries, size_t size,
                                     size_t *count, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_JOURNAL_LIST,
                    "SELECT id, written_ms, kind, subject FROM journal ORDER BY id LIMIT ?");
  seep_store__bind_u64(&query, size);
  *count = 0;
  while (*count < size && seep_store__row(&query)) {
    seep_store_journal_entry *entry = &entries[(*count)++];
    entry->id = sqlite3_column_int64(query.statement, 0);
    entry->written.ms = sqlite3_column_int64(query.statement, 1);
    seep_store__column_text(&query, 2, entry->kind, sizeof entry->kind);
    seep_store__column_text(&query, 3, entry->subject, sizeof entry->subject);
  }
  return seep_store__finish(&query, "read undo journal", error);
}

seep_status seep_store_journal_list(seep_store *store, seep_store_journal_entry *entries, size_t size,
                                    size_t *count, seep_error *error)
{
  size_t read = 0;
  seep_status status = seep_store__journal_read(store, entries, size, &read, error);
  if (status == SEEP_OK) {
    *count = read;
  }
  return status;
}

seep_status seep_store_value_get(seep_store *store, const char *name, char *out, size_t out_size,
                                 size_t *length, seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_VALUE_GET, "SELECT value FROM value WHERE name = ?");
  seep_store__bind_text(&query, name);
  bool found = seep_store__row(&query);
  bool fits = false;
  if (found) {
    const unsigned char *text = sqlite3_column_text(query.statement, 0);
    size_t bytes = (size_t)sqlite3_column_bytes(query.statement, 0);
    fits = text != NULL && bytes < out_size;
    if (fits) {
      memcpy(out, text, bytes);
      out[bytes] = '\0';
      *length = bytes;
    }
  }
  seep_status status = seep_store__finish(&query, "read value", error);
  if (status == SEEP_OK && !fits) {
    status =
        seep_error_set(error, found ? SEEP_LIMIT : SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "read value", name);
  }
  return status;
}

seep_status seep_store_value_set(seep_store *store, const char *name, const char *value, size_t length,
                                 seep_error *error)
{
  seep_store_query query;
  seep_store__query(&query, store, SEEP_SLOT_VALUE_SET,
                    "INSERT OR REPLACE INTO value(name, value) VALUES(?, ?)");
  seep_store__bind_text(&query, name);
  seep_store__bind_bytes(&query, value, length, true);
  return seep_store__run(&query, "write value", error);
}
