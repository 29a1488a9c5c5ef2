/*
 * The verb history: commit sizes over time, as a table, CSV, JSON or (cmd_history_page.c) a page. Figures are
 * written as they come, so that a long history needs no memory. The table and JSON show the hours' figures in
 * front of the polls; CSV has one header, hence polls alone, or the hours with --hourly.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "history_page.h"
#include "output.h"
#include "query.h"
#include "report/human.h"
#include "series.h"
#include "store/store.h"

typedef struct printing {
  const seep_query *query;
  seep_series_kind kind;
  uint64_t count;
  bool in_polls;    /* the part for polls has been begun */
  bool in_hours;    /* that for hours has been */
  uint64_t in_part; /* figures in this part */
  seep_wall last;   /* of the figure before */
  bool no_memory;
} printing;

/* ---- CSV ---- */

static void write_csv(const seep_figure *figure)
{
  char seconds[SEEP_OUTPUT_SECONDS_SIZE], name[SEEP_OUTPUT_NAME_SIZE];
  const seep_store_process *process = figure->process;
  printf("%s,%" PRIu32 ",", seep_output_seconds(figure->wall.ms, seconds, sizeof seconds), process->key.pid);
  seep_output_csv_field(seep_output_presentable(process->name, false, name, sizeof name));
  if (figure->hourly) {
    printf(",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", figure->floor_bytes, figure->mean_bytes,
           figure->peak_bytes);
  } else {
    printf(",%" PRIu64 ",", figure->mean_bytes);
  }
  if (process->key.created != 0) {
    fputs(seep_output_seconds(seep_wall_from_filetime(process->key.created).ms, seconds, sizeof seconds),
          stdout);
  }
  if (!figure->hourly) {
    printf(",%s,%d", seep_output_seconds(figure->running_ms, seconds, sizeof seconds), figure->after_gap);
  }
  putchar('\n');
}

/* ---- JSON ---- */

static bool add_created(cJSON *object, seep_filetime created)
{
  return created != 0 ? seep_output_add_seconds(object, "created_s", seep_wall_from_filetime(created).ms)
                      : cJSON_AddNullToObject(object, "created_s") != NULL;
}

static bool fill_json(cJSON *object, const seep_figure *figure)
{
  const seep_store_process *process = figure->process;
  bool ok = object != NULL &&
            seep_output_add_seconds(object, figure->hourly ? "hour_s" : "t_s", figure->wall.ms) &&
            seep_output_add_u64(object, "pid", process->key.pid) &&
            seep_output_add_text(object, "process", process->name);
  if (figure->hourly) {
    return ok && seep_output_add_u64(object, "floor_bytes", figure->floor_bytes) &&
           seep_output_add_u64(object, "mean_bytes", figure->mean_bytes) &&
           seep_output_add_u64(object, "peak_bytes", figure->peak_bytes) &&
           add_created(object, process->key.created);
  }
  return ok && seep_output_add_u64(object, "commit_bytes", figure->mean_bytes) &&
         add_created(object, process->key.created) &&
         seep_output_add_seconds(object, "running_s", figure->running_ms) &&
         cJSON_AddBoolToObject(object, "after_gap", figure->after_gap) != NULL;
}

static bool write_json(printing *p, const seep_figure *figure)
{
  cJSON *object = cJSON_CreateObject();
  bool ok = fill_json(object, figure);
  if (ok) {
    fputs(p->in_part > 0 ? ",\n" : "\n", stdout);
    ok = seep_output_json(object);
  }
  cJSON_Delete(object);
  p->no_memory = !ok;
  return ok;
}

/* ---- the table ---- */

static void write_gap(printing *p, const seep_figure *figure)
{
  char length[SEEP_HUMAN_SIZE];
  int64_t ms = figure->wall.ms - p->last.ms - (p->in_polls ? 0 : SEEP_MS_PER_HOUR);
  if (ms >= 0) {
    printf("-- gap of %s --\n", seep_human_duration(ms, length, sizeof length));
  } else {
    printf("-- gap; the clock was set back by %s --\n", seep_human_duration(-ms, length, sizeof length));
  }
}

static void write_row(printing *p, const seep_figure *figure)
{
  char time[SEEP_WALL_TEXT_SIZE], floor[SEEP_HUMAN_SIZE], mean[SEEP_HUMAN_SIZE], peak[SEEP_HUMAN_SIZE],
      name[SEEP_OUTPUT_NAME_SIZE];
  if (figure->after_gap && p->in_part > 0 && figure->wall.ms != p->last.ms) {
    write_gap(p, figure);
  }
  seep_wall_text(figure->wall, time, sizeof time);
  seep_human_bytes(figure->mean_bytes, mean, sizeof mean);
  seep_output_presentable(figure->process->name, true, name, sizeof name);
  if (figure->hourly) {
    printf("%-24s  %10" PRIu32 "  %12s  %12s  %12s  %s\n", time, figure->process->key.pid,
           seep_human_bytes(figure->floor_bytes, floor, sizeof floor), mean,
           seep_human_bytes(figure->peak_bytes, peak, sizeof peak), name);
  } else {
    printf("%-24s  %10" PRIu32 "  %12s  %s\n", time, figure->process->key.pid, mean, name);
  }
}

/* ---- parts ---- */

static void begin_hours(printing *p)
{
  p->in_hours = true;
  p->in_part = 0;
  if (p->query->json) {
    fputs("{\"hours\":[", stdout);
  } else if (p->query->csv) {
    puts("hour_s,pid,process,floor_bytes,mean_bytes,peak_bytes,created_s");
  } else {
    printf("%-24s  %10s  %12s  %12s  %12s  %s\n", "hour", "pid", "floor", "mean", "peak", "process");
  }
}

static void begin_polls(printing *p)
{
  p->in_polls = true;
  p->in_part = 0;
  if (p->query->json) {
    fputs(p->in_hours ? "\n],\n\"points\":[" : "{\"points\":[", stdout);
  } else if (p->query->csv) {
    puts("t_s,pid,process,commit_bytes,created_s,running_s,after_gap");
  } else {
    printf("%s%-24s  %10s  %12s  %s\n", p->in_hours ? "\n" : "", "time", "pid", "commit", "process");
  }
}

/* JSON always has the parts asked for, the table that of the hours only when there are any. */
static void begin(printing *p)
{
  if (p->kind == SEEP_SERIES_HOURS || (p->kind == SEEP_SERIES_BOTH && p->query->json)) {
    begin_hours(p);
  }
  if (p->kind == SEEP_SERIES_POLLS) {
    begin_polls(p);
  }
}

static void end(printing *p)
{
  if (p->kind != SEEP_SERIES_HOURS && !p->in_polls) {
    begin_polls(p);
  }
  if (p->query->json) {
    puts("\n]}");
  }
}

static bool write_figure(void *context, const seep_figure *figure)
{
  printing *p = context;
  bool ok = true;
  if (figure->hourly && !p->in_hours) {
    begin_hours(p);
  } else if (!figure->hourly && !p->in_polls) {
    begin_polls(p);
  }
  if (p->query->json) {
    ok = write_json(p, figure);
  } else if (p->query->csv) {
    write_csv(figure);
  } else {
    write_row(p, figure);
  }
  p->last = figure->wall;
  p->count++;
  p->in_part++;
  return ok && !ferror(stdout);
}

/* ---- the verb ---- */

static bool note_it(void *context, const seep_figure *figure)
{
  bool *any = context;
  (void)figure;
  *any = true;
  return false;
}

/* What was asked for and is not there is said; CSV must not seem empty because polls are gone. */
static seep_status judge_nothing(const printing *p, seep_store *store, const seep_store_filter *filter,
                                 seep_error *error)
{
  bool hours = false;
  if (p->kind == SEEP_SERIES_POLLS) {
    (void)seep_series_read(store, filter, SEEP_SERIES_HOURS, note_it, &hours, NULL);
  }
  if (hours) {
    return seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0,
                          "find polls of that time (--hourly has its hours)", NULL);
  }
  if (filter->image != NULL || filter->pid != 0) {
    return seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_NONE, 0, "find process",
                          filter->image != NULL ? filter->image : "of that PID");
  }
  return SEEP_OK;
}

static int write_history(const seep_query *query, seep_store *store, const seep_store_filter *filter,
                         seep_series_kind kind)
{
  seep_error error = {0};
  printing p = {.query = query, .kind = kind};
  if (query->csv && kind == SEEP_SERIES_BOTH) {
    p.kind = SEEP_SERIES_POLLS;
  }
  begin(&p);
  seep_status status = seep_series_read(store, filter, p.kind, write_figure, &p, &error);
  end(&p);
  if (p.no_memory) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write output", NULL);
  } else if (status == SEEP_OK && p.count == 0) {
    status = judge_nothing(&p, store, filter, &error);
  }
  return seep_query_finish(query, status, &error);
}

int seep_cmd_history(int argc, char **argv)
{
  seep_query query = {.verb = "history"};
  seep_error error = {0};
  seep_store *store = NULL;
  seep_store_filter filter;
  int code = seep_query_parse(&query,
                              SEEP_QUERY_IMAGE | SEEP_QUERY_PID | SEEP_QUERY_HOURS | SEEP_QUERY_RANGE |
                                  SEEP_QUERY_SYSTEM | SEEP_QUERY_RESOLUTION | SEEP_QUERY_HTML,
                              1, argc, argv);
  if (code == SEEP_EXIT_DONE) {
    code = seep_query_open_store(&query, &store);
  }
  if (code == SEEP_EXIT_DONE && seep_query_filter(&query, store, &filter, &error) != SEEP_OK) {
    code = seep_query_fail(&query, &error);
  } else if (code == SEEP_EXIT_DONE) {
    seep_series_kind kind = query.hourly ? SEEP_SERIES_HOURS
                            : query.raw  ? SEEP_SERIES_POLLS
                                         : SEEP_SERIES_BOTH;
    code = query.html != NULL ? seep_history_page(&query, store, &filter, kind)
                              : write_history(&query, store, &filter, kind);
  }
  seep_store_close(store);
  return code;
}
