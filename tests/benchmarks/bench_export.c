/*
 * Writes a load in the form in which a peer takes it.
 *   bench_export KIND fleet|FOLDER OUT
 *   pages        column by column, 32-bit little-endian page numbers; the figures are the last columns
 *   differences  the same as each number's difference from the one before it in its column (the first from 0)
 *   index        a line `column first count` for each column of these two
 *   openmetrics  text with timestamps; one gauge, a series per process by PID and image
 *   labels       the series of the busiest poll as JSON, a line each
 *   create, each, batch FROM TO    commands for a pipe to rrdtool, one file per column in the current folder:
 *                make the files; update all of them once a poll; update each with many polls at once
 *   counts       prints `samples polls columns`
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define BATCH_POLLS 240u

static const char *const figure_names[LOAD_FIGURES] = {"commit_total",       "commit_limit", "physical_total",
                                                       "physical_available", "paged_pool",   "nonpaged_pool"};

/* A column is a series, or behind them a figure. */
typedef struct column {
  const char *image;
  uint32_t pid, first, count;
  const uint32_t *pages;
} column;

static size_t columns_of(const load *data)
{
  return data->series_count + (data->has_figures ? LOAD_FIGURES : 0);
}

static column column_at(const load *data, size_t at)
{
  if (at < data->series_count) {
    const load_series *series = &data->series[at];
    return (column){series->image, series->pid, series->first, series->count, series->pages};
  }
  size_t figure = at - data->series_count;
  return (column){figure_names[figure], 0, 0, data->polls, data->figures[figure]};
}

static int64_t time_of(const load *data, uint32_t poll)
{
  return data->start_ms / 1000 + (int64_t)poll * LOAD_INTERVAL_S;
}

static void write_numbers(const load *data, FILE *out, bool differences)
{
  for (size_t i = 0; i < columns_of(data); i++) {
    column one = column_at(data, i);
    for (uint32_t k = 0; k < one.count; k++) {
      uint32_t value = differences && k > 0 ? one.pages[k] - one.pages[k - 1] : one.pages[k];
      uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                          (uint8_t)(value >> 24)};
      fwrite(bytes, 1, sizeof bytes, out);
    }
  }
}

static void write_index(const load *data, FILE *out)
{
  for (size_t i = 0; i < columns_of(data); i++) {
    column one = column_at(data, i);
    fprintf(out, "%zu %" PRIu32 " %" PRIu32 "\n", i, one.first, one.count);
  }
}

/* In the order of time within the one metric, as an endpoint read again and again would give it. */
static void write_openmetrics(const load *data, FILE *out)
{
  fprintf(out, "# TYPE process_commit_bytes gauge\n");
  for (uint32_t poll = 0; poll < data->polls; poll++) {
    for (size_t i = 0; i < columns_of(data); i++) {
      column one = column_at(data, i);
      if (poll - one.first < one.count) {
        fprintf(out, "process_commit_bytes{pid=\"%" PRIu32 "\",image=\"%s\"} %" PRIu64 " %" PRId64 "\n",
                one.pid, one.image, (uint64_t)one.pages[poll - one.first] * LOAD_PAGE_BYTES,
                time_of(data, poll));
      }
    }
  }
  fprintf(out, "# EOF\n");
}

static void write_labels(const load *data, FILE *out)
{
  for (size_t i = 0; i < columns_of(data); i++) {
    column one = column_at(data, i);
    if (one.first == 0) {
      fprintf(out, "{\"__name__\":\"process_commit_bytes\",\"pid\":\"%" PRIu32 "\",\"image\":\"%s\"}\n",
              one.pid, one.image);
    }
  }
}

/* Rows for the whole load in every file, since a file does not know how long its process will live. */
static void write_create(const load *data, FILE *out)
{
  for (size_t i = 0; i < columns_of(data); i++) {
    fprintf(out,
            "create %zu.rrd --start %" PRId64 " --step %u DS:bytes:GAUGE:%u:0:U RRA:LAST:0.5:1:%" PRIu32 "\n",
            i, time_of(data, column_at(data, i).first) - (int64_t)LOAD_INTERVAL_S, LOAD_INTERVAL_S,
            LOAD_INTERVAL_S * 2, data->polls);
  }
}

static void write_each(const load *data, FILE *out, uint32_t from, uint32_t to)
{
  for (uint32_t poll = from; poll < to; poll++) {
    for (size_t i = 0; i < columns_of(data); i++) {
      column one = column_at(data, i);
      if (poll - one.first < one.count) {
        fprintf(out, "update %zu.rrd %" PRId64 ":%" PRIu64 "\n", i, time_of(data, poll),
                (uint64_t)one.pages[poll - one.first] * LOAD_PAGE_BYTES);
      }
    }
  }
}

static void write_batches(const load *data, FILE *out, uint32_t from, uint32_t to)
{
  for (size_t i = 0; i < columns_of(data); i++) {
    column one = column_at(data, i);
    uint32_t poll = one.first > from ? one.first : from;
    uint32_t end = one.first + one.count < to ? one.first + one.count : to;
    for (uint32_t k = 0; poll < end; poll++, k++) {
      if (k % BATCH_POLLS == 0) {
        fprintf(out, "%supdate %zu.rrd", k > 0 ? "\n" : "", i);
      }
      fprintf(out, " %" PRId64 ":%" PRIu64, time_of(data, poll),
              (uint64_t)one.pages[poll - one.first] * LOAD_PAGE_BYTES);
      if (poll + 1 == end) {
        fprintf(out, "\n");
      }
    }
  }
}

static bool export(const load *data, const char *kind, FILE *out, uint32_t from, uint32_t to)
{
  if (strcmp(kind, "pages") == 0 || strcmp(kind, "differences") == 0) {
    write_numbers(data, out, kind[0] == 'd');
  } else if (strcmp(kind, "index") == 0) {
    write_index(data, out);
  } else if (strcmp(kind, "openmetrics") == 0) {
    write_openmetrics(data, out);
  } else if (strcmp(kind, "labels") == 0) {
    write_labels(data, out);
  } else if (strcmp(kind, "create") == 0) {
    write_create(data, out);
  } else if (strcmp(kind, "each") == 0) {
    write_each(data, out, from, to);
  } else if (strcmp(kind, "batch") == 0) {
    write_batches(data, out, from, to);
  } else if (strcmp(kind, "counts") == 0) {
    size_t figures = data->has_figures ? (size_t)data->polls * LOAD_FIGURES : 0;
    fprintf(out, "%zu %" PRIu32 " %zu\n", data->samples + figures, data->polls, columns_of(data));
  } else {
    return false;
  }
  return true;
}

int main(int argc, char **argv)
{
  load data;
  if (argc < 4) {
    fprintf(stderr, "usage: bench_export KIND fleet|FOLDER OUT [FROM TO]\n");
    return 2;
  }
  measure_load(&data, argv[2]);
  uint32_t from = argc > 5 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
  uint32_t to = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : data.polls;
  FILE *out = fopen(argv[3], "wb");
  if (out == NULL) {
    measure_fail("cannot write", argv[3]);
  }
  bool known = export(&data, argv[1], out, from, to < data.polls ? to : data.polls);
  bool good = ferror(out) == 0;
  if (fclose(out) != 0 || !good) {
    measure_fail("cannot write", argv[3]);
  }
  load_free(&data);
  return known ? 0 : 2;
}
