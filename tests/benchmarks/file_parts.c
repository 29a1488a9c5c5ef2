#include "file_parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

static void print_rows(sqlite3_stmt *statement, const char *prefix, double samples)
{
  double raw_bytes = 0, hourly_bytes = 0;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    double bytes = sqlite3_column_double(statement, 1);
    bool raw = strcmp(name, "poll") == 0 || strcmp(name, "block") == 0;
    raw_bytes += raw ? bytes : 0;
    hourly_bytes += strcmp(name, "hour") == 0 ? bytes : 0;
    printf("%spart_%s %.0f bytes\n", prefix, name, bytes);
  }
  printf("%sbytes_per_sample %.3f bytes\n", prefix, raw_bytes / samples);
  printf("%shourly_bytes_per_sample %.3f bytes\n", prefix, hourly_bytes / samples);
}

void file_parts(const char *path, const char *prefix, double samples)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  static const char sql[] = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC";
  if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
      sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
    print_rows(statement, prefix, samples);
  } else {
    fprintf(stderr, "bench: this SQLite has no dbstat, the file's parts are not told apart\n");
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
}
