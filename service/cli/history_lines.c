#include "history_lines.h"

#include <stdlib.h>
#include <string.h>

#include "store/store.h"

/* A process that holds much and does not grow stands where one stands that grew by a 64th of that. */
#define HELD_SHARE 64

/* ---- which processes follow each other ---- */

static int fold(char c)
{
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare_names(const char *a, const char *b)
{
  while (*a != '\0' && fold(*a) == fold(*b)) {
    a++;
    b++;
  }
  return fold(*a) - fold(*b);
}

static int compare_by_image(const void *a, const void *b)
{
  const seep_roster_entry *left = *(seep_roster_entry *const *)a, *right = *(seep_roster_entry *const *)b;
  int names = compare_names(left->name, right->name);
  if (names != 0) {
    return names;
  }
  if (left->first.ms != right->first.ms) {
    return left->first.ms < right->first.ms ? -1 : 1;
  }
  return (left->row > right->row) - (left->row < right->row);
}

/* The line that ended last before the entry began, among those of its image; NULL when it needs a new one. */
static seep_history_line *line_before(seep_history_line *lines, size_t from, size_t to,
                                      const seep_roster_entry *entry)
{
  seep_history_line *best = NULL;
  for (size_t i = from; i < to; i++) {
    if (lines[i].last->last.ms <= entry->first.ms &&
        (best == NULL || lines[i].last->last.ms > best->last->last.ms)) {
      best = &lines[i];
    }
  }
  return best;
}

static void weigh(seep_history_line *line, const seep_roster_entry *entry)
{
  seep_growth_result growth = seep_roster_growth(entry);
  uint64_t grown = growth.grown_bytes > 0 ? (uint64_t)growth.grown_bytes : 0;
  uint64_t held = entry->last_bytes / HELD_SHARE;
  uint64_t weight = grown > held ? grown : held;
  weight = entry->leaked_bytes > weight ? entry->leaked_bytes : weight;
  line->weight = weight > line->weight ? weight : line->weight;
}

static void append(seep_history_line *line, seep_roster_entry *entry)
{
  if (line->last != NULL) {
    line->last->next = entry;
  } else {
    line->first = entry;
  }
  line->last = entry;
  line->processes++;
  weigh(line, entry);
}

/* Entries sorted by image and beginning; returns how many lines there are. */
static size_t link_entries(seep_history_line *lines, seep_roster_entry **sorted, size_t count)
{
  size_t made = 0, image = 0;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && compare_names(sorted[i - 1]->name, sorted[i]->name) != 0) {
      image = made;
    }
    seep_history_line *line = line_before(lines, image, made, sorted[i]);
    append(line != NULL ? line : &lines[made++], sorted[i]);
  }
  return made;
}

/* ---- which lines are drawn ---- */

static int compare_weights(const void *a, const void *b)
{
  const seep_history_line *left = a, *right = b;
  if (left->weight != right->weight) {
    return left->weight < right->weight ? 1 : -1;
  }
  return (left->first->row > right->first->row) - (left->first->row < right->first->row);
}

static size_t figure_index(const char *name)
{
  size_t i = 0;
  while (i < SEEP_STORE_FIGURES && strcmp(seep_store_figure_names[i], name) != 0) {
    i++;
  }
  return i;
}

static int compare_figures(const void *a, const void *b)
{
  size_t left = figure_index(((const seep_history_line *)a)->first->name);
  size_t right = figure_index(((const seep_history_line *)b)->first->name);
  return (left > right) - (left < right);
}

static void take_best(seep_history_lines *lines, seep_history_line *all, size_t count, bool system)
{
  qsort(all, count, sizeof all[0], system ? compare_figures : compare_weights);
  lines->count = count < SEEP_HISTORY_LINES_MAXIMUM ? count : SEEP_HISTORY_LINES_MAXIMUM;
  lines->left_out = count - lines->count;
  for (size_t i = 0; i < lines->count; i++) {
    lines->items[i] = all[i];
    for (seep_roster_entry *entry = all[i].first; entry != NULL; entry = entry->next) {
      entry->line = i;
    }
  }
}

bool seep_history_lines_make(seep_history_lines *lines, const seep_roster *roster, bool system)
{
  *lines = (seep_history_lines){0};
  seep_roster_entry **sorted = calloc(roster->count + 1, sizeof *sorted);
  seep_history_line *all = calloc(roster->count + 1, sizeof *all);
  size_t count = 0;
  bool ok = sorted != NULL && all != NULL;
  for (size_t i = 0; ok && i < roster->count; i++) {
    if (roster->entries[i].figures > 0) {
      sorted[count++] = &roster->entries[i];
    }
  }
  if (ok && count > 0) {
    qsort(sorted, count, sizeof sorted[0], compare_by_image);
    take_best(lines, all, link_entries(all, sorted, count), system);
  }
  free(sorted);
  free(all);
  return ok;
}

/* ---- drawing ---- */

bool seep_history_lines_charts(seep_history_lines *lines, seep_wall from, seep_wall to)
{
  for (size_t i = 0; i < lines->count; i++) {
    lines->items[i].chart = malloc(sizeof *lines->items[i].chart);
    if (lines->items[i].chart == NULL) {
      return false;
    }
    seep_chart_init(lines->items[i].chart, from, to);
  }
  return true;
}

/* A line is broken where polls were missed and where another process begins. Hours are whole hours: where one
 * is not there, the process was not, or nobody looked. */
void seep_history_lines_draw(seep_history_lines *lines, const seep_roster_entry *entry,
                             const seep_figure *figure)
{
  seep_history_line *line = &lines->items[entry->line];
  bool gap = figure->after_gap || line->drawn != entry ||
             (figure->hourly && figure->wall.ms - line->drawn_wall.ms > SEEP_MS_PER_HOUR);
  seep_chart_add(line->chart, figure->wall, figure->floor_bytes, figure->mean_bytes, figure->peak_bytes, gap);
  line->drawn = entry;
  line->drawn_wall = figure->wall;
}

void seep_history_lines_free(seep_history_lines *lines)
{
  for (size_t i = 0; i < lines->count; i++) {
    free(lines->items[i].chart);
  }
  *lines = (seep_history_lines){0};
}
