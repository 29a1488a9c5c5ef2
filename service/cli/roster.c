#include "roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

typedef struct loading {
  seep_roster *roster;
  size_t capacity;
} loading;

static bool load_process(void *context, const seep_store_process *process)
{
  loading *l = context;
  seep_roster *roster = l->roster;
  void *entries = roster->entries;
  bool room = seep_array_reserve(&entries, &l->capacity, roster->count + 1, sizeof *roster->entries);
  roster->entries = entries;
  size_t size = strlen(process->name) + 1;
  char *name = room ? malloc(size) : NULL;
  roster->no_memory = name == NULL;
  if (name == NULL) {
    return false;
  }
  memcpy(name, process->name, size);
  roster->entries[roster->count++] = (seep_roster_entry){.row = process->row,
                                                         .key = process->key,
                                                         .name = name,
                                                         .first = process->first,
                                                         .last = process->last,
                                                         .lowest_bytes = UINT64_MAX,
                                                         .line = SIZE_MAX};
  return true;
}

static int compare_rows(const void *a, const void *b)
{
  int64_t left = ((const seep_roster_entry *)a)->row, right = ((const seep_roster_entry *)b)->row;
  return (left > right) - (left < right);
}

void seep_roster_free(seep_roster *roster)
{
  for (size_t i = 0; i < roster->count; i++) {
    free(roster->entries[i].name);
    free(roster->entries[i].growth);
  }
  free(roster->entries);
  *roster = (seep_roster){0};
}

seep_roster_entry *seep_roster_find(const seep_roster *roster, int64_t row)
{
  seep_roster_entry wanted = {.row = row};
  return roster->count > 0 ? bsearch(&wanted, roster->entries, roster->count, sizeof wanted, compare_rows)
                           : NULL;
}

seep_roster_entry *seep_roster_find_process(const seep_roster *roster, seep_process_key key)
{
  for (size_t i = roster->count; i-- > 0;) {
    seep_roster_entry *entry = &roster->entries[i];
    if (entry->row > 0 && entry->key.pid == key.pid && entry->key.created == key.created) {
      return entry;
    }
  }
  return NULL;
}

/* Without a creation time it is not young: the system's own processes have none. Nor is it when it seems to
 * be born in the future: somebody has set the clock back. An hour may begin before the process did. */
static bool is_young(const seep_roster_entry *entry, const seep_figure *figure)
{
  int64_t age_ms = figure->wall.ms - seep_wall_from_filetime(entry->key.created).ms;
  return entry->key.created != 0 && age_ms < SEEP_ROSTER_START_UP_MS && age_ms > -SEEP_MS_PER_HOUR;
}

static bool add_to_growth(seep_roster_entry *entry, const seep_figure *figure)
{
  if (is_young(entry, figure)) {
    return true;
  }
  if (entry->growth == NULL) {
    entry->growth = malloc(sizeof *entry->growth);
    if (entry->growth == NULL) {
      return false;
    }
    seep_growth_init(entry->growth, figure->running_ms);
  }
  seep_growth_add(entry->growth, figure->running_ms, figure->floor_bytes);
  return true;
}

static bool add_figure(void *context, const seep_figure *figure)
{
  seep_roster *roster = context;
  seep_roster_entry *entry = seep_roster_find(roster, figure->process->row);
  if (entry == NULL) {
    return true;
  }
  int64_t end_ms = figure->wall.ms + (figure->hourly ? SEEP_MS_PER_HOUR : 0);
  bool first = entry->figures++ == 0;
  entry->first_bytes = first ? figure->mean_bytes : entry->first_bytes;
  entry->from.ms = first || figure->wall.ms < entry->from.ms ? figure->wall.ms : entry->from.ms;
  entry->to.ms = first || end_ms > entry->to.ms ? end_ms : entry->to.ms;
  entry->last_bytes = figure->mean_bytes;
  entry->lowest_bytes = figure->floor_bytes < entry->lowest_bytes ? figure->floor_bytes : entry->lowest_bytes;
  entry->peak_bytes = figure->peak_bytes > entry->peak_bytes ? figure->peak_bytes : entry->peak_bytes;
  roster->no_memory = !add_to_growth(entry, figure);
  return !roster->no_memory;
}

/* The store writes down a process's end when the hour is over; until then it is told by the newest poll,
 * which does not have it. Only polls that were read to their end tell that. */
static void find_ended(seep_roster *roster, seep_wall newest)
{
  for (size_t i = 0; i < roster->count; i++) {
    seep_roster_entry *entry = &roster->entries[i];
    if (entry->figures > 0 && entry->last.ms == INT64_MAX && entry->to.ms < newest.ms) {
      entry->last = entry->to;
    }
  }
}

seep_status seep_roster_read(seep_roster *roster, seep_store *store, const seep_store_filter *filter,
                             seep_series_kind kind, seep_error *error)
{
  loading l = {.roster = roster};
  seep_store_filter whom = *filter;
  seep_store_filter_widen(&whom);
  *roster = (seep_roster){0};
  seep_status listed = seep_store_processes(store, &whom, load_process, &l, error);
  if (roster->count > 0) {
    qsort(roster->entries, roster->count, sizeof roster->entries[0], compare_rows);
  }
  if (!roster->no_memory && (listed == SEEP_OK || listed == SEEP_CORRUPT)) {
    seep_error later = {0};
    seep_wall newest = {INT64_MIN}; /* asked for first: a service beside may go on */
    bool to_the_end = kind != SEEP_SERIES_HOURS && seep_store_newest(store, &newest, NULL) == SEEP_OK &&
                      newest.ms < filter->to.ms;
    seep_status read = seep_series_read(store, filter, kind, add_figure, roster, &later);
    if (read != SEEP_OK && error != NULL) {
      *error = later;
    }
    listed = read != SEEP_OK ? read : listed;
    if (to_the_end && listed == SEEP_OK) {
      find_ended(roster, newest);
    }
  }
  if (roster->no_memory) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "list processes", NULL);
  }
  return listed;
}

seep_growth_result seep_roster_growth(const seep_roster_entry *entry)
{
  return entry->growth != NULL ? seep_growth_measure(entry->growth) : (seep_growth_result){0};
}
