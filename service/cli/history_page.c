#include "history_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"
#include "history_data.h"
#include "output.h"
#include "output_file.h"
#include "report/chart.h"
#include "report/human.h"
#include "report/page.h"
#include "version.h"

/* Rows of one line's processes in the table, the newest of them. */
#define ROWS_EACH 10

#define CELL_SIZE SEEP_HUMAN_SIZE
#define TITLE_SIZE 2048
#define COMMIT_TOTAL 0 /* in seep_store_figure_names */

/* In the order of seep_store_figure_names. */
static const char *const figure_titles[SEEP_STORE_FIGURES] = {"Commit in use",   "Commit limit",
                                                              "Physical memory", "Physical memory available",
                                                              "Paged pool",      "Nonpaged pool"};

static void to_stream(void *context, const char *bytes, size_t length)
{
  (void)fwrite(bytes, 1, length, context); /* a failure stays with the stream */
}

/* The figure's title, or the name as it is. */
static const char *title_of(const char *name)
{
  for (size_t i = 0; i < SEEP_STORE_FIGURES; i++) {
    if (strcmp(seep_store_figure_names[i], name) == 0) {
      return figure_titles[i];
    }
  }
  return name;
}

/* ---- above the charts ---- */

static void write_what_it_is(seep_page *page, const seep_query *query, const seep_history_data *data)
{
  char text[TITLE_SIZE], minute[SEEP_OUTPUT_MINUTE_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_text(&writer, query->system ? "The system's figures" : "Commit size of processes");
  if (query->image != NULL) {
    seep_writer_format(&writer, " named %s", query->image);
  }
  if (query->pid != 0) {
    seep_writer_format(&writer, " with PID %" PRIu32, query->pid);
  }
  if (data->first_poll.ms == INT64_MAX) {
    seep_writer_text(&writer,
                     ", by the hour: a band from the hour's lowest to its highest, a line of means.");
  } else if (data->hourly) {
    seep_writer_format(&writer,
                       ", by the hour before %s (a band from the hour's lowest to its highest, a line of "
                       "means), then poll by poll.",
                       seep_output_minute(data->first_poll, minute, sizeof minute));
  } else {
    seep_writer_text(&writer, ", poll by poll.");
  }
  seep_writer_text(&writer, " All times are UTC. Where polls were missed the line is broken.");
  seep_page_paragraph(page, text);
  if (data->incomplete != SEEP_OK) {
    seep_page_paragraph(page, "Part of the store could not be read: this page shows what could.");
  }
}

static void write_figures(seep_page *page, const seep_history_lines *lines)
{
  static const char *const columns[] = {"", "First", "Lowest", "Highest", "Last"};
  static const bool numeric[] = {false, true, true, true, true};
  seep_page_table_begin(page, columns, numeric, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < lines->count; i++) {
    const seep_roster_entry *entry = lines->items[i].first;
    char first[CELL_SIZE], lowest[CELL_SIZE], highest[CELL_SIZE], last[CELL_SIZE];
    const char *const cells[] = {title_of(entry->name),
                                 seep_human_bytes(entry->first_bytes, first, sizeof first),
                                 seep_human_bytes(entry->lowest_bytes, lowest, sizeof lowest),
                                 seep_human_bytes(entry->peak_bytes, highest, sizeof highest),
                                 seep_human_bytes(entry->last_bytes, last, sizeof last)};
    seep_page_table_row(page, cells, numeric, sizeof cells / sizeof cells[0]);
  }
  seep_page_table_end(page);
}

/* Beside processes: the commit as a chart, the rest in figures. */
static void write_system(seep_page *page, const seep_history_data *data, seep_chart_mark *marks)
{
  seep_page_heading(page, "The system");
  const seep_history_lines *lines = &data->system_lines;
  if (lines->count == 0) {
    seep_page_paragraph(page, "The system's figures of this time are not known.");
    return;
  }
  for (size_t i = 0; i < lines->count; i++) {
    if (strcmp(lines->items[i].first->name, seep_store_figure_names[COMMIT_TOTAL]) == 0) {
      size_t count = seep_history_notes_marks(&data->notes, lines, NULL, marks);
      seep_chart_write(lines->items[i].chart, figure_titles[COMMIT_TOTAL], marks, count, page);
    }
  }
  write_figures(page, lines);
}

/* ---- the summary ---- */

static const char *growth_text(const seep_roster_entry *entry, char *out, size_t out_size)
{
  char bytes[SEEP_HUMAN_SIZE];
  seep_growth_result growth = seep_roster_growth(entry);
  if (!growth.known) {
    return "-";
  }
  bool shrank = growth.grown_bytes < 0;
  uint64_t size = (uint64_t)(shrank ? -growth.grown_bytes : growth.grown_bytes);
  snprintf(out, out_size, "%s%s", shrank ? "-" : "", seep_human_bytes(size, bytes, sizeof bytes));
  return out;
}

static void write_summary_row(seep_page *page, const seep_roster_entry *entry, const bool *numeric)
{
  char pid[16], from[SEEP_OUTPUT_MINUTE_SIZE], to[SEEP_OUTPUT_MINUTE_SIZE], first[CELL_SIZE], last[CELL_SIZE],
      growth[CELL_SIZE + 8], peak[CELL_SIZE];
  snprintf(pid, sizeof pid, "%" PRIu32, entry->key.pid);
  const char *const cells[] = {entry->name,
                               pid,
                               seep_output_minute(entry->from, from, sizeof from),
                               seep_output_minute(entry->to, to, sizeof to),
                               seep_human_bytes(entry->first_bytes, first, sizeof first),
                               seep_human_bytes(entry->last_bytes, last, sizeof last),
                               growth_text(entry, growth, sizeof growth),
                               seep_human_bytes(entry->peak_bytes, peak, sizeof peak)};
  seep_page_table_row(page, cells, numeric, sizeof cells / sizeof cells[0]);
}

static void write_summary(seep_page *page, const seep_history_data *data)
{
  static const char *const columns[] = {"Process", "PID",  "From",         "To",
                                        "First",   "Last", "Floor growth", "Peak"};
  static const bool numeric[] = {false, false, false, false, true, true, true, true};
  char text[256];
  size_t not_listed = 0;
  seep_page_heading(page, "Processes");
  seep_page_table_begin(page, columns, numeric, sizeof columns / sizeof columns[0]);
  for (size_t i = 0; i < data->lines.count; i++) {
    const seep_history_line *line = &data->lines.items[i];
    size_t skip = line->processes > ROWS_EACH ? line->processes - ROWS_EACH : 0;
    not_listed += skip;
    for (const seep_roster_entry *entry = line->first; entry != NULL; entry = entry->next) {
      if (skip > 0) {
        skip--;
      } else {
        write_summary_row(page, entry, numeric);
      }
    }
  }
  seep_page_table_end(page);
  seep_page_paragraph(page,
                      "Floor growth compares the lowest of the last quarter with the lowest of the first, "
                      "of the time shown or of the newest part in which the floor rose throughout; a "
                      "process's first half hour is left out, and so is what was given back before.");
  if (not_listed > 0) {
    snprintf(text, sizeof text, "%zu earlier processes of these charts are drawn but not listed.",
             not_listed);
    seep_page_paragraph(page, text);
  }
  if (data->lines.left_out > 0) {
    snprintf(text, sizeof text,
             "Shown are the %zu that leaked, grew or hold most; %zu more are left out. Ask for an image to "
             "see them.",
             data->lines.count, data->lines.left_out);
    seep_page_paragraph(page, text);
  }
}

/* ---- charts and notes ---- */

static void write_charts(seep_page *page, const seep_history_data *data, seep_chart_mark *marks)
{
  for (size_t i = 0; i < data->lines.count; i++) {
    const seep_history_line *line = &data->lines.items[i];
    char title[TITLE_SIZE];
    seep_writer writer;
    seep_writer_init(&writer, title, sizeof title);
    seep_writer_text(&writer, title_of(line->last->name));
    if (line->processes > 1) {
      seep_writer_format(&writer, ", %zu processes one after the other, the last with PID %" PRIu32,
                         line->processes, line->last->key.pid);
    } else if (line->last->row > 0) {
      seep_writer_format(&writer, ", PID %" PRIu32, line->last->key.pid);
    }
    size_t count = seep_history_notes_marks(&data->notes, &data->lines, line, marks);
    seep_chart_write(line->chart, title, marks, count, page);
  }
}

static void write_note(seep_page *page, const seep_history_data *data, const seep_history_note *note,
                       const bool *numeric)
{
  char from[SEEP_OUTPUT_MINUTE_SIZE], to[SEEP_OUTPUT_MINUTE_SIZE];
  const char *const cells[] = {seep_output_minute(note->from, from, sizeof from),
                               note->to.ms == INT64_MAX       ? "open"
                               : note->to.ms == note->from.ms ? ""
                                                              : seep_output_minute(note->to, to, sizeof to),
                               note->line != SIZE_MAX ? data->lines.items[note->line].last->name : "",
                               note->label};
  seep_page_table_row(page, cells, numeric, sizeof cells / sizeof cells[0]);
}

static void write_notes(seep_page *page, const seep_history_data *data)
{
  static const char *const columns[] = {"From", "To", "Process", "What"};
  static const bool numeric[] = {false, false, false, false};
  size_t all = 0, kept = 0;
  for (int k = SEEP_CHART_LEAK; k < SEEP_CHART_MARK_KINDS; k++) {
    all += data->notes.count[k];
    kept += seep_history_notes_kept(&data->notes, (seep_chart_mark_kind)k);
  }
  seep_page_heading(page, "What happened");
  if (all == 0) {
    seep_page_paragraph(page, "No leak, no recording and no Event 2004 in this time.");
    return;
  }
  seep_page_table_begin(page, columns, numeric, sizeof columns / sizeof columns[0]);
  for (int k = SEEP_CHART_LEAK; k < SEEP_CHART_MARK_KINDS; k++) {
    seep_chart_mark_kind kind = (seep_chart_mark_kind)k;
    for (size_t i = 0; i < seep_history_notes_kept(&data->notes, kind); i++) {
      write_note(page, data, seep_history_notes_at(&data->notes, kind, i), numeric);
    }
  }
  seep_page_table_end(page);
  if (kept < all) {
    char text[128];
    snprintf(text, sizeof text, "%zu earlier ones are left out.", all - kept);
    seep_page_paragraph(page, text);
  }
}

/* ---- the page ---- */

/* false when out of memory. */
static bool write_page(FILE *stream, const seep_query *query, const seep_history_data *data)
{
  char from[SEEP_OUTPUT_MINUTE_SIZE], to[SEEP_OUTPUT_MINUTE_SIZE], text[TITLE_SIZE];
  seep_chart_mark *marks = calloc(SEEP_HISTORY_MARKS_MAXIMUM, sizeof *marks);
  if (marks == NULL) {
    return false;
  }
  seep_page page;
  snprintf(text, sizeof text, "%s to %s UTC", seep_output_minute(data->from, from, sizeof from),
           seep_output_minute(data->to, to, sizeof to));
  seep_page_begin(&page, to_stream, stream, query->system ? "System memory over time" : "Commit over time",
                  text);
  write_what_it_is(&page, query, data);
  if (query->system) {
    write_figures(&page, &data->lines);
  } else {
    write_system(&page, data, marks);
    write_summary(&page, data);
  }
  write_charts(&page, data, marks);
  write_notes(&page, data);
  snprintf(text, sizeof text, "Seepwatch %s, from %.1024s", SEEP_VERSION, query->database);
  seep_page_end(&page, text);
  free(marks);
  return true;
}

int seep_history_page(const seep_query *query, seep_store *store, const seep_store_filter *filter,
                      seep_series_kind kind)
{
  seep_output_file file;
  seep_history_data data;
  seep_error error = {0};
  int code = seep_output_file_begin(&file, query->verb, query->html);
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  seep_status status = seep_history_data_read(&data, store, filter, kind, &error);
  bool readable = status == SEEP_OK || (status == SEEP_CORRUPT && data.lines.count > 0);
  if (readable && !write_page(file.stream, query, &data)) {
    status = seep_error_set(&error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "write page", NULL);
    readable = false;
  }
  if (readable) {
    code = seep_output_file_end(&file);
  } else {
    seep_output_file_drop(&file);
  }
  if (code == SEEP_EXIT_DONE && readable && strcmp(query->html, "-") != 0) {
    printf("%s: %zu chart%s of %zu\n", query->html, data.lines.count, data.lines.count == 1 ? "" : "s",
           data.lines.count + data.lines.left_out);
  }
  seep_history_data_free(&data);
  return code != SEEP_EXIT_DONE ? code : seep_query_finish(query, status, &error);
}
