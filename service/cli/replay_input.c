#include "replay_input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "cli.h"
#include "observe/samples_csv.h"

#define WINDOW_BYTES ((size_t)256 * 1024)
#define NAMED_ROWS 10u
static const char store_magic[] = "SQLite format 3"; /* with its NUL: how such a file begins */

/* ---- rows that are skipped ---- */

static const char *shown(const seep_replay_input *input)
{
  return strcmp(input->path, "-") == 0 ? "standard input" : input->path;
}

/* line 0: it has none. */
static void skip(seep_replay_input *input, uint64_t line, const char *reason)
{
  if (input->skipped++ < NAMED_ROWS) {
    if (line > 0) {
      fprintf(stderr, "seepwatch: replay: %s line %" PRIu64 ": %s\n", shown(input), line, reason);
    } else {
      fprintf(stderr, "seepwatch: replay: %s: %s\n", shown(input), reason);
    }
  }
}

static int judge_skipped(const seep_replay_input *input, int code)
{
  if (input->skipped > NAMED_ROWS) {
    fprintf(stderr, "seepwatch: replay: %s: %" PRIu64 " rows were skipped; the first %u are named above\n",
            shown(input), input->skipped, NAMED_ROWS);
  }
  return code == SEEP_EXIT_DONE && input->skipped > 0 ? SEEP_EXIT_BAD_INPUT : code;
}

static int say_no_memory(const seep_replay_input *input)
{
  return seep_cli_fail_reading("replay", SEEP_EXIT_FAILED, input->path, "not enough memory");
}

/* ---- CSV ---- */

typedef struct csv_reading {
  seep_replay_input *input;
  seep_replay_run *run;
  seep_samples_csv csv;
  size_t begin, end; /* of what is left in the window */
  bool last;
  char window[WINDOW_BYTES];
} csv_reading;

static void take_row(csv_reading *r, const seep_samples_csv_row *row)
{
  seep_replay_sample sample = {.wall = row->wall,
                               .running_ms =
                                   seep_samples_csv_has_running(&r->csv) ? row->running_ms : row->wall.ms,
                               .pid = row->pid,
                               .created = row->has_created ? row->created : 0,
                               .name = row->process,
                               .name_bytes = row->process_bytes,
                               .commit_bytes = row->commit_bytes};
  const char *reason = seep_replay_run_take(r->run, &sample);
  if (reason != NULL) {
    skip(r->input, r->csv.line, reason);
  }
}

/* All rows of the window; false: reading is over, *code says how. */
static bool take_window(csv_reading *r, int *code)
{
  while (!r->run->no_memory) {
    size_t used = 0;
    seep_samples_csv_row row;
    seep_samples_csv_found found =
        seep_samples_csv_next(&r->csv, r->window + r->begin, r->end - r->begin, r->last, &used, &row);
    r->begin += used;
    switch (found) {
    case SEEP_SAMPLES_CSV_ROW:
      take_row(r, &row);
      break;
    case SEEP_SAMPLES_CSV_BAD_ROW:
      skip(r->input, r->csv.line, r->csv.reason);
      seep_replay_run_missed(r->run);
      break;
    case SEEP_SAMPLES_CSV_BAD_HEADER:
      *code = seep_cli_fail_reading("replay", SEEP_EXIT_BAD_INPUT, r->input->path, r->csv.reason);
      return false;
    case SEEP_SAMPLES_CSV_MORE:
      return true;
    case SEEP_SAMPLES_CSV_END:
    default:
      return false;
    }
  }
  return false;
}

static bool fill_window(csv_reading *r, FILE *stream, int *code)
{
  memmove(r->window, r->window + r->begin, r->end - r->begin);
  r->end -= r->begin;
  r->begin = 0;
  errno = 0;
  r->end += fread(r->window + r->end, 1, sizeof r->window - r->end, stream);
  r->last = r->end < sizeof r->window;
  if (ferror(stream) == 0) {
    return true;
  }
  *code = seep_cli_fail_reading("replay", SEEP_EXIT_FAILED, r->input->path, strerror(errno));
  return false;
}

static int read_csv(csv_reading *r, FILE *stream)
{
  int code = SEEP_EXIT_DONE;
  seep_samples_csv_init(&r->csv);
  while (take_window(r, &code) && fill_window(r, stream, &code)) {
  }
  return code;
}

/* ---- a store ---- */

/* The system's figures of one day, beside the polls that are being visited. */
typedef struct store_figures {
  seep_wall wall;
  uint64_t bytes[SEEP_STORE_FIGURES];
} store_figures;

typedef struct store_reading {
  seep_replay_input *input;
  seep_replay_run *run;
  seep_store *store;
  store_figures *days;
  size_t count, capacity, at;
  seep_wall from, to; /* what is in `days` */
  bool no_memory;
} store_reading;

static bool keep_figure(void *context, const seep_store_point *point)
{
  store_reading *r = context;
  void *days = r->days;
  size_t figure = 0;
  while (figure < SEEP_STORE_FIGURES && strcmp(point->process->name, seep_store_figure_names[figure]) != 0) {
    figure++;
  }
  if (figure == SEEP_STORE_FIGURES) {
    return true;
  }
  if (r->count == 0 || r->days[r->count - 1].wall.ms != point->wall.ms) {
    if (!seep_array_reserve(&days, &r->capacity, r->count + 1, sizeof *r->days)) {
      r->no_memory = true;
      return false;
    }
    r->days = days;
    r->days[r->count++] = (store_figures){.wall = point->wall};
  }
  r->days[r->count - 1].bytes[figure] = point->commit_bytes;
  return true;
}

/* What can not be decoded is not known; the polls themselves tell of the damage. */
static void read_day(store_reading *r, seep_wall wall)
{
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  filter.system = true;
  filter.from = wall;
  filter.to.ms = wall.ms + SEEP_MS_PER_DAY;
  r->from = filter.from;
  r->to = filter.to;
  r->count = 0;
  r->at = 0;
  (void)seep_store_history(r->store, &filter, keep_figure, r, NULL);
}

static bool find_memory(void *context, seep_wall wall, seep_system_memory *memory)
{
  store_reading *r = context;
  if (wall.ms < r->from.ms || wall.ms >= r->to.ms) {
    read_day(r, wall);
  }
  for (size_t looked = 0; looked < r->count; looked++, r->at++) {
    r->at = r->at < r->count ? r->at : 0;
    if (r->days[r->at].wall.ms == wall.ms) {
      const uint64_t *bytes = r->days[r->at].bytes;
      *memory = (seep_system_memory){.commit_total_bytes = bytes[0],
                                     .commit_limit_bytes = bytes[1],
                                     .physical_total_bytes = bytes[2],
                                     .physical_available_bytes = bytes[3],
                                     .paged_pool_bytes = bytes[4],
                                     .nonpaged_pool_bytes = bytes[5]};
      return memory->commit_limit_bytes > 0;
    }
  }
  return false;
}

static bool take_point(void *context, const seep_store_point *point)
{
  store_reading *r = context;
  seep_replay_sample sample = {.wall = point->wall,
                               .running_ms = point->running_ms,
                               .pid = point->process->key.pid,
                               .created = point->process->key.created,
                               .name = point->process->name,
                               .name_bytes = strlen(point->process->name),
                               .commit_bytes = point->commit_bytes};
  const char *reason = seep_replay_run_take(r->run, &sample);
  if (reason != NULL) {
    skip(r->input, 0, reason);
  }
  return !r->run->no_memory && !r->no_memory;
}

static int fail_with(const seep_replay_input *input, const seep_error *error)
{
  char why[512];
  return seep_cli_fail_reading("replay", seep_cli_exit_code(error->status), input->path,
                               seep_error_text(error, why, sizeof why));
}

static int read_store(seep_replay_input *input, seep_replay_run *run, bool *any)
{
  store_reading r = {.input = input, .run = run};
  seep_error error = {0};
  seep_store_filter filter;
  if (seep_store_open_readonly(input->path, &r.store, &error) != SEEP_OK) {
    return fail_with(input, &error);
  }
  *any = true;
  run->memory = find_memory;
  run->memory_context = &r;
  seep_store_filter_init(&filter);
  seep_status status = seep_store_history(r.store, &filter, take_point, &r, &error);
  (void)seep_replay_run_end(run); /* while the system's figures can be asked for */
  run->memory = NULL;
  seep_store_close(r.store);
  free(r.days);
  run->no_memory = run->no_memory || r.no_memory;
  return status == SEEP_OK ? SEEP_EXIT_DONE : fail_with(input, &error);
}

/* ---- which of them ---- */

static int read_either(seep_replay_input *input, csv_reading *r, FILE *stream, bool *any)
{
  int code = SEEP_EXIT_DONE;
  r->input = input;
  if (!fill_window(r, stream, &code)) {
    return code;
  }
  if (r->end < sizeof store_magic || memcmp(r->window, store_magic, sizeof store_magic) != 0) {
    code = read_csv(r, stream);
    *any = r->csv.column_count > 0;
    return code;
  }
  if (stream == stdin) {
    return seep_cli_fail_reading("replay", SEEP_EXIT_BAD_INPUT, input->path,
                                 "a store is read by its path, not from here");
  }
  return read_store(input, r->run, any);
}

int seep_replay_input_read(seep_replay_input *input, const char *path, seep_replay_run *run, bool *any)
{
  *input = (seep_replay_input){.path = path};
  *any = false;
  csv_reading *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return say_no_memory(input);
  }
  errno = 0;
  FILE *stream = seep_cli_open(path);
  if (stream == NULL) {
    int code = errno == ENOENT ? SEEP_EXIT_NOT_FOUND : errno == EACCES ? SEEP_EXIT_DENIED : SEEP_EXIT_FAILED;
    code = seep_cli_fail_reading("replay", code, path, strerror(errno));
    free(r);
    return code;
  }
  r->run = run;
  int code = read_either(input, r, stream, any);
  if (stream != stdin) {
    fclose(stream);
  }
  free(r);
  if (!seep_replay_run_end(run)) {
    *any = false;
    return say_no_memory(input);
  }
  return judge_skipped(input, code);
}
