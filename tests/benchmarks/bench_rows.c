/*
 * The peer everybody would write first: one row per sample in SQLite, with the store's own pragmas, one
 * transaction a poll. The key's order is the choice that matters: by time appends, by process reads fast.
 *   bench_rows time|process fleet|FOLDER FILE
 * Lines: bytes_per_sample, cpu_us_per_poll, pages_per_poll.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "counting_vfs.h"
#include "measure.h"

static const char pragmas[] =
    "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA secure_delete=OFF; PRAGMA cache_size=-512;"
    "PRAGMA journal_size_limit=4194304;"
    "CREATE TABLE process(id INTEGER PRIMARY KEY, pid INTEGER, created INTEGER, name TEXT);";

/* Whole seconds and pages: as few bytes as a row of SQLite can do with. */
static const char by_time[] = "CREATE TABLE sample(time INTEGER, process INTEGER, pages INTEGER,"
                              " PRIMARY KEY(time, process)) WITHOUT ROWID";
static const char by_process[] = "CREATE TABLE sample(time INTEGER, process INTEGER, pages INTEGER,"
                                 " PRIMARY KEY(process, time)) WITHOUT ROWID";

typedef struct rows {
  sqlite3 *db;
  sqlite3_stmt *sample, *process;
} rows;

static void must(const rows *table, int rc, int wanted)
{
  if (rc != wanted) {
    measure_fail("rows", sqlite3_errmsg(table->db));
  }
}

static void put_process(rows *table, const load_series *series, int64_t id)
{
  sqlite3_bind_int64(table->process, 1, id);
  sqlite3_bind_int64(table->process, 2, series->pid);
  sqlite3_bind_int64(table->process, 3, (int64_t)series->created);
  sqlite3_bind_text(table->process, 4, series->image, -1, SQLITE_STATIC);
  must(table, sqlite3_step(table->process), SQLITE_DONE);
  sqlite3_reset(table->process);
}

static void put_sample(rows *table, int64_t time_s, int64_t id, uint32_t pages)
{
  sqlite3_bind_int64(table->sample, 1, time_s);
  sqlite3_bind_int64(table->sample, 2, id);
  sqlite3_bind_int64(table->sample, 3, pages);
  must(table, sqlite3_step(table->sample), SQLITE_DONE);
  sqlite3_reset(table->sample);
}

/* The figures are rows like others, with the first ids. */
static void put_poll(rows *table, const load_walk *walk)
{
  const load *data = walk->data;
  int64_t time_s = data->start_ms / 1000 + (int64_t)walk->poll * LOAD_INTERVAL_S;
  must(table, sqlite3_exec(table->db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
  for (size_t i = 0; data->has_figures && i < LOAD_FIGURES; i++) {
    put_sample(table, time_s, (int64_t)i, data->figures[i][walk->poll]);
  }
  for (size_t i = 0; i < walk->count; i++) {
    const load_series *series = &data->series[walk->present[i]];
    int64_t id = (int64_t)(LOAD_FIGURES + walk->present[i]);
    if (series->first == walk->poll) {
      put_process(table, series, id);
    }
    put_sample(table, time_s, id, series->pages[walk->poll - series->first]);
  }
  must(table, sqlite3_exec(table->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
}

int main(int argc, char **argv)
{
  load data;
  rows table = {0};
  if (argc != 4) {
    fprintf(stderr, "usage: bench_rows time|process fleet|FOLDER FILE\n");
    return 2;
  }
  measure_load(&data, argv[2]);
  measure_remove_database(argv[3]);
  counting_vfs_install();
  must(&table, sqlite3_open(argv[3], &table.db), SQLITE_OK);
  must(&table, sqlite3_exec(table.db, pragmas, NULL, NULL, NULL), SQLITE_OK);
  const char *layout = strcmp(argv[1], "time") == 0 ? by_time : by_process;
  must(&table, sqlite3_exec(table.db, layout, NULL, NULL, NULL), SQLITE_OK);
  must(&table,
       sqlite3_prepare_v2(table.db, "INSERT INTO sample(time, process, pages) VALUES(?1, ?2, ?3)", -1,
                          &table.sample, NULL),
       SQLITE_OK);
  must(&table,
       sqlite3_prepare_v2(table.db, "INSERT INTO process VALUES(?1, ?2, ?3, ?4)", -1, &table.process, NULL),
       SQLITE_OK);
  double cpu_us = 0;
  load_walk walk;
  load_walk_begin(&walk, &data);
  while (load_walk_next(&walk)) {
    double before_us = measure_cpu_us();
    put_poll(&table, &walk);
    cpu_us += measure_cpu_us() - before_us;
  }
  load_walk_end(&walk);
  sqlite3_finalize(table.sample);
  sqlite3_finalize(table.process);
  double before_us = measure_cpu_us();
  must(&table, sqlite3_close(table.db), SQLITE_OK);
  cpu_us += measure_cpu_us() - before_us;
  double samples = (double)data.samples + (data.has_figures ? (double)data.polls * LOAD_FIGURES : 0);
  printf("bytes_per_sample %.3f bytes\n", (double)measure_file_bytes(argv[3]) / samples);
  printf("cpu_us_per_poll %.1f us\n", cpu_us / data.polls);
  printf("pages_per_poll %.2f pages\n", (double)counting_vfs_written() / 4096 / data.polls);
  measure_remove_database(argv[3]);
  load_free(&data);
  return 0;
}
