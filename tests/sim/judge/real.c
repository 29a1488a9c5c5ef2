/* Reads recorded series, lets the candidates judge them and prints a table by source and a list of calls. */
#include "real.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "score.h"
#include "tables.h"

#define LINE 1024
#define GROUPS 64
#define MOST_SAMPLES 1000000u

typedef struct recorded {
  char file[256], source[64], label[32];
  sim_series series;
  int64_t *times_ms;
} recorded;

typedef struct source_group {
  char source[64], label[32];
  unsigned series;
  double hours;
  unsigned *flagged; /* one a candidate */
} source_group;

typedef struct reader {
  const sim_world *world;
  const judge_candidate *const *candidates;
  size_t candidate_count;
  bool markdown;
  source_group groups[GROUPS];
  size_t group_count;
  char *calls; /* the list that is printed below the table */
  size_t calls_length, calls_size;
} reader;

static void *must(void *memory)
{
  if (memory == NULL) {
    fputs("out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  return memory;
}

/* The next field without commas; false at the end of the line. */
static bool next_field(const char **line, char *out, size_t size)
{
  const char *end = strchr(*line, ',');
  if (end == NULL || (size_t)(end - *line) >= size) {
    return false;
  }
  memcpy(out, *line, (size_t)(end - *line));
  out[end - *line] = '\0';
  *line = end + 1;
  return true;
}

static bool read_samples(const char *folder, recorded *r, const sim_world *world)
{
  char path[LINE], line[LINE];
  snprintf(path, sizeof path, "%s/%s", folder, r->file);
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    return false;
  }
  size_t size = 0;
  r->series = (sim_series){.world = world, .step_s = 1.0, .exhausted_ms = SIM_NEVER};
  r->times_ms = NULL;
  while (fgets(line, sizeof line, file) != NULL && r->series.count < MOST_SAMPLES) {
    char *end;
    double t = strtod(line, &end), bytes = *end == ',' ? strtod(end + 1, NULL) : -1.0;
    if (end == line || !(t >= 0.0 && t < 1e12) || !(bytes >= 0.0 && bytes < 1e18)) {
      continue; /* the headings */
    }
    if (r->series.count == size) {
      size = size == 0 ? 1024 : 2 * size;
      r->times_ms = must(realloc(r->times_ms, size * sizeof *r->times_ms));
      r->series.bytes = must(realloc(r->series.bytes, size * sizeof *r->series.bytes));
    }
    r->times_ms[r->series.count] = (int64_t)(t * 1000.0);
    r->series.bytes[r->series.count++] = (uint64_t)bytes;
  }
  fclose(file);
  r->series.restarted = must(calloc(r->series.count + 1, 1));
  return r->series.count > 0;
}

static source_group *group_of(reader *self, const recorded *r)
{
  for (size_t i = 0; i < self->group_count; i++) {
    source_group *group = &self->groups[i];
    if (strcmp(group->source, r->source) == 0 && strcmp(group->label, r->label) == 0) {
      return group;
    }
  }
  if (self->group_count == GROUPS) {
    return NULL;
  }
  source_group *group = &self->groups[self->group_count++];
  *group = (source_group){.series = 0};
  memcpy(group->source, r->source, sizeof group->source);
  memcpy(group->label, r->label, sizeof group->label);
  group->flagged = must(calloc(self->candidate_count, sizeof *group->flagged));
  return group;
}

static void list_call(reader *self, const char *candidate, const recorded *r, const lab_outcome *out)
{
  char line[LINE];
  bool rapid = !out->called_leak;
  int length =
      snprintf(line, sizeof line, "%s%-18s %-5s %7.2f h  %-10s %s\n", self->markdown ? "    " : "", candidate,
               rapid ? "rapid" : "leak", (double)out->call_ms / 3600000.0, r->label, r->file);
  if (length < 0 || (size_t)length >= sizeof line) {
    return;
  }
  if (self->calls_length + (size_t)length >= self->calls_size) {
    self->calls_size = 2 * self->calls_size + sizeof line;
    self->calls = must(realloc(self->calls, self->calls_size));
  }
  memcpy(self->calls + self->calls_length, line, (size_t)length + 1);
  self->calls_length += (size_t)length;
}

static void judge_one(reader *self, const recorded *r)
{
  source_group *group = group_of(self, r);
  if (group == NULL) {
    return;
  }
  group->series++;
  group->hours += (double)r->times_ms[r->series.count - 1] / 3600000.0;
  for (size_t i = 0; i < self->candidate_count; i++) {
    void *state = must(malloc(self->candidates[i]->state_bytes));
    lab_outcome out = {0};
    lab_run_at(self->candidates[i], state, &r->series, r->times_ms, &out);
    free(state);
    group->flagged[i] += out.called;
    if (out.called) {
      list_call(self, self->candidates[i]->name, r, &out);
    }
  }
}

static void print_all(const reader *self)
{
  bool md = self->markdown;
  lab_heading(md, "Recorded series: how many of each source are called");
  lab_cell(md, -20, "source");
  lab_cell(md, -10, "label");
  lab_cell(md, 4, "n");
  lab_cell(md, 7, "hours");
  for (size_t i = 0; i < self->candidate_count; i++) {
    lab_cell(md, 14, self->candidates[i]->name);
  }
  lab_row_end(md);
  lab_rule(md, 4 + (unsigned)self->candidate_count);
  for (size_t g = 0; g < self->group_count; g++) {
    const source_group *group = &self->groups[g];
    lab_cell(md, -20, group->source);
    lab_cell(md, -10, group->label);
    lab_number(md, 4, 0, group->series);
    lab_number(md, 7, 0, group->hours);
    for (size_t i = 0; i < self->candidate_count; i++) {
      lab_number(md, 14, 0, group->flagged[i]);
    }
    lab_row_end(md);
  }
  if (self->calls_length > 0) {
    printf("\n%s", self->calls);
  }
}

bool lab_real(const char *folder, const sim_world *world, const judge_candidate *const *candidates,
              size_t candidate_count, bool markdown)
{
  char path[LINE], line[LINE];
  snprintf(path, sizeof path, "%s/index.csv", folder);
  FILE *index = fopen(path, "r");
  if (index == NULL) {
    fprintf(stderr, "%s: can not be read\n", path);
    return false;
  }
  static reader self;
  self = (reader){
      .world = world, .candidates = candidates, .candidate_count = candidate_count, .markdown = markdown};
  recorded r = {.times_ms = NULL};
  while (fgets(line, sizeof line, index) != NULL) {
    const char *rest = line;
    bool whole = next_field(&rest, r.file, sizeof r.file) && next_field(&rest, r.source, sizeof r.source) &&
                 next_field(&rest, r.label, sizeof r.label);
    if (!whole || strcmp(r.file, "file") == 0 || strstr(r.file, "_handles.csv") != NULL ||
        strstr(r.file, "_threads.csv") != NULL) {
      continue;
    }
    if (read_samples(folder, &r, world)) {
      judge_one(&self, &r);
    } else {
      fprintf(stderr, "%s/%s: can not be read\n", folder, r.file);
    }
    free(r.times_ms);
    r.times_ms = NULL;
    sim_series_free(&r.series);
  }
  fclose(index);
  print_all(&self);
  for (size_t g = 0; g < self.group_count; g++) {
    free(self.groups[g].flagged);
  }
  free(self.calls);
  return true;
}
