#include "report_history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "output.h"

#define AROUND_MS (30 * SEEP_MS_PER_DAY)
#define NAME_SIZE 260

/* The process as the trace has it, and the name it bears in the store. */
typedef struct wanted {
  uint32_t pid;
  const char *name; /* "" = the trace does not say */
  seep_wall from, to;
  char image[NAME_SIZE];
  bool is_found; /* by its PID, at that time */
} wanted;

static void note(seep_report_history *history, const char *database, const char *what)
{
  char path[SEEP_OUTPUT_NAME_SIZE];
  snprintf(history->note, sizeof history->note, "%.200s: %s.",
           seep_output_presentable(database, true, path, sizeof path), what);
}

static bool fits(const wanted *process, const char *name, seep_wall first, seep_wall last)
{
  return first.ms <= process->to.ms && last.ms >= process->from.ms &&
         (process->name[0] == '\0' || seep_text_equal_ignoring_case(process->name, name));
}

static bool look_at(void *context, const seep_store_process *process)
{
  wanted *to = context;
  if (fits(to, process->name, process->first, process->last)) {
    to->is_found = true;
    seep_text_copy(to->image, sizeof to->image, process->name);
  }
  return true; /* the newest row that fits */
}

static void find(wanted *to, seep_store *store)
{
  seep_store_filter filter;
  seep_store_filter_init(&filter);
  filter.pid = to->pid;
  filter.from = to->from;
  filter.to.ms = to->to.ms + 1;
  seep_store_filter_widen(&filter);
  /* What cannot be read is not found; its name may still be. */
  (void)seep_store_processes(store, &filter, look_at, to, NULL);
  if (!to->is_found) {
    seep_text_copy(to->image, sizeof to->image, to->name);
  }
}

/* The line that the process itself is part of; else the first, which grew or holds most. */
static const seep_history_line *line_of(const wanted *process, const seep_history_data *data)
{
  for (size_t i = 0; process->is_found && i < data->lines.count; i++) {
    for (const seep_roster_entry *entry = data->lines.items[i].first; entry != NULL; entry = entry->next) {
      if (entry->key.pid == process->pid && fits(process, entry->name, entry->first, entry->last)) {
        return &data->lines.items[i];
      }
    }
  }
  return data->lines.count > 0 ? &data->lines.items[0] : NULL;
}

static void draw(seep_report_history *history, const char *database, const wanted *process)
{
  const seep_history_line *line = line_of(process, &history->data);
  history->marks = calloc(SEEP_HISTORY_MARKS_MAXIMUM, sizeof *history->marks);
  if (line == NULL || history->marks == NULL) {
    note(history, database, "the process is not in it; the page has no chart of its commit");
    return;
  }
  history->chart = line->chart;
  history->mark_count =
      seep_history_notes_marks(&history->data.notes, &history->data.lines, line, history->marks);
  if (!process->is_found) {
    note(history, database,
         "it has no process of that PID and time; the page's chart is of another one of the same name");
  } else if (history->data.incomplete != SEEP_OK) {
    note(history, database, "part of it could not be read; the page's chart shows the rest");
  }
}

static seep_wall moment(const seep_answer *answer, uint64_t ticks)
{
  return seep_wall_from_filetime(seep_trace_filetime(&answer->header, ticks));
}

void seep_report_history_read(seep_report_history *history, const char *database, const seep_answer *answer)
{
  char why[64];
  seep_store *store = NULL;
  seep_store_filter filter;
  memset(history, 0, sizeof *history);
  if (!answer->has_process) {
    return;
  }
  seep_status status = seep_store_open_readonly(database, &store, NULL);
  if (status != SEEP_OK) {
    snprintf(why, sizeof why, "%s; the page has no chart of commit", seep_status_text(status));
    note(history, database, why);
    return;
  }
  wanted process = {.pid = answer->process.pid,
                    .name = answer->process.name,
                    .from = moment(answer, answer->merged.first_ticks),
                    .to = moment(answer, answer->merged.last_ticks)};
  find(&process, store);
  seep_store_filter_init(&filter);
  filter.image = process.image;
  filter.from.ms = process.from.ms - AROUND_MS;
  filter.to.ms = process.to.ms + AROUND_MS;
  status = process.image[0] != '\0'
               ? seep_history_data_read(&history->data, store, &filter, SEEP_SERIES_BOTH, NULL)
               : SEEP_NOT_FOUND;
  if (status == SEEP_OK || status == SEEP_CORRUPT) {
    draw(history, database, &process);
  } else {
    note(history, database, "the process is not in it; the page has no chart of its commit");
  }
  seep_store_close(store);
}

void seep_report_history_free(seep_report_history *history)
{
  seep_history_data_free(&history->data);
  free(history->marks);
  memset(history, 0, sizeof *history);
}
