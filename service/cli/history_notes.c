#include "history_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "report/human.h"

#define EVENT_2004_CAME 210

typedef struct collecting {
  seep_history_notes *notes;
  const seep_roster *roster;
  seep_wall from, to;
  bool no_memory;
} collecting;

/* Room for one more note of the kind; NULL when out of memory. */
static seep_history_note *take_note(collecting *c, seep_chart_mark_kind kind)
{
  seep_history_notes *notes = c->notes;
  if (notes->notes[kind] == NULL) {
    notes->notes[kind] = calloc(SEEP_HISTORY_NOTES_EACH, sizeof *notes->notes[kind]);
  }
  if (notes->notes[kind] == NULL) {
    c->no_memory = true;
    return NULL;
  }
  return &notes->notes[kind][notes->count[kind]++ % SEEP_HISTORY_NOTES_EACH];
}

static bool note_span(collecting *c, seep_chart_mark_kind kind, seep_process_key key, seep_wall from,
                      seep_wall to, const char *label)
{
  bool inside = from.ms < c->to.ms && to.ms >= c->from.ms;
  const seep_roster_entry *entry = inside ? seep_roster_find_process(c->roster, key) : NULL;
  if (entry == NULL || entry->line == SIZE_MAX) {
    return true;
  }
  seep_history_note *note = take_note(c, kind);
  if (note != NULL) {
    note->from = from;
    note->to = to;
    note->line = entry->line;
    seep_text_copy(note->label, sizeof note->label, label);
  }
  return note != NULL;
}

static bool note_leak(void *context, const seep_store_leak *leak)
{
  char label[512], rate[SEEP_HUMAN_SIZE], growth[SEEP_HUMAN_SIZE];
  seep_writer writer;
  seep_wall to = {leak->closed.ms != 0 ? leak->closed.ms : INT64_MAX};
  seep_writer_init(&writer, label, sizeof label);
  seep_writer_format(&writer, "leak %" PRId64 " of PID %" PRIu32 ": %s, grown by %s", leak->id, leak->key.pid,
                     seep_human_rate(leak->slope_bytes_per_hour, rate, sizeof rate),
                     seep_human_bytes(leak->growth_bytes, growth, sizeof growth));
  if (leak->kind[0] != '\0') {
    seep_writer_format(&writer, ", %s", leak->kind);
  }
  seep_writer_text(&writer, leak->closed.ms != 0 ? "; over" : "; open");
  if (leak->ending[0] != '\0') {
    seep_writer_format(&writer, ": %s", leak->ending);
  }
  return note_span(context, SEEP_CHART_LEAK, leak->key, leak->began, to, label);
}

static bool note_capture(void *context, const seep_store_capture *capture)
{
  char label[1024];
  seep_writer writer;
  seep_wall to = {capture->ended.ms != 0 ? capture->ended.ms : capture->started.ms};
  seep_writer_init(&writer, label, sizeof label);
  seep_writer_format(&writer, "recording %" PRId64 " of PID %" PRIu32 " (%s): %s", capture->id,
                     capture->key.pid, capture->kind, capture->outcome);
  if (capture->path[0] != '\0') {
    seep_writer_format(&writer, ", %s", capture->path);
  }
  return note_span(context, SEEP_CHART_RECORDING, capture->key, capture->started, to, label);
}

static bool note_event(void *context, const seep_store_event *event)
{
  collecting *c = context;
  if (event->event != EVENT_2004_CAME) {
    return true;
  }
  seep_history_note *note = take_note(c, SEEP_CHART_EXHAUSTION);
  if (note != NULL) {
    note->from = note->to = event->wall;
    note->line = SIZE_MAX;
    seep_writer writer;
    seep_writer_init(&writer, note->label, sizeof note->label);
    seep_writer_text(&writer, "Event 2004");
    if (event->text[0] != '\0') {
      seep_writer_format(&writer, ": %s", event->text);
    }
  }
  return note != NULL;
}

static seep_status first_failure(seep_status so_far, seep_status next)
{
  return so_far != SEEP_OK ? so_far : next;
}

seep_status seep_history_notes_read(seep_history_notes *notes, seep_store *store, const seep_roster *roster,
                                    seep_wall from, seep_wall to, seep_error *error)
{
  *notes = (seep_history_notes){0};
  collecting c = {.notes = notes, .roster = roster, .from = from, .to = to};
  seep_store_filter times;
  seep_store_filter_init(&times);
  times.from = from;
  times.to = to;
  seep_error each = {0};
  seep_status status = seep_store_leaks(store, note_leak, &c, &each);
  status =
      first_failure(status, seep_store_captures(store, note_capture, &c, status == SEEP_OK ? &each : NULL));
  status = first_failure(status,
                         seep_store_events(store, &times, note_event, &c, status == SEEP_OK ? &each : NULL));
  if (c.no_memory) {
    status = seep_error_set(&each, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "list cases", NULL);
  }
  if (status != SEEP_OK && error != NULL) {
    *error = each;
  }
  return status;
}

void seep_history_notes_free(seep_history_notes *notes)
{
  for (size_t kind = 0; kind < SEEP_CHART_MARK_KINDS; kind++) {
    free(notes->notes[kind]);
  }
  *notes = (seep_history_notes){0};
}

size_t seep_history_notes_kept(const seep_history_notes *notes, seep_chart_mark_kind kind)
{
  return notes->count[kind] < SEEP_HISTORY_NOTES_EACH ? notes->count[kind] : SEEP_HISTORY_NOTES_EACH;
}

const seep_history_note *seep_history_notes_at(const seep_history_notes *notes, seep_chart_mark_kind kind,
                                               size_t i)
{
  size_t oldest = notes->count[kind] - seep_history_notes_kept(notes, kind);
  return &notes->notes[kind][(oldest + i) % SEEP_HISTORY_NOTES_EACH];
}

/* ---- marks ---- */

/* The newest restarts; the first process of a line is none. */
static size_t mark_restarts(const seep_history_line *line, seep_chart_mark *marks)
{
  size_t restarts = line->processes - 1, count = 0;
  size_t skip = restarts > SEEP_HISTORY_NOTES_EACH ? restarts - SEEP_HISTORY_NOTES_EACH : 0;
  for (const seep_roster_entry *entry = line->first->next; entry != NULL; entry = entry->next) {
    if (skip > 0) {
      skip--;
      continue;
    }
    marks[count++] = (seep_chart_mark){.kind = SEEP_CHART_RESTART,
                                       .from = entry->from,
                                       .to = entry->from,
                                       .label = "the next process of this image begins"};
  }
  return count;
}

size_t seep_history_notes_marks(const seep_history_notes *notes, const seep_history_lines *lines,
                                const seep_history_line *line, seep_chart_mark *marks)
{
  size_t count = line != NULL ? mark_restarts(line, marks) : 0;
  size_t index = line != NULL ? (size_t)(line - lines->items) : SIZE_MAX;
  for (int k = SEEP_CHART_LEAK; k < SEEP_CHART_MARK_KINDS; k++) {
    seep_chart_mark_kind kind = (seep_chart_mark_kind)k;
    for (size_t i = 0; i < seep_history_notes_kept(notes, kind); i++) {
      const seep_history_note *note = seep_history_notes_at(notes, kind, i);
      if (kind == SEEP_CHART_EXHAUSTION || note->line == index) {
        marks[count++] = (seep_chart_mark){kind, note->from, note->to, note->label};
      }
    }
  }
  return count;
}
