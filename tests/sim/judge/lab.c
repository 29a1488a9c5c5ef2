/*
 * seep_lab: measures candidates over simulated families or recorded series and prints tables.
 *
 *   seep_lab synth [options]     --set tune|check|held-out   --per-family N   --seed S   --held-out --totals
 *                                --only FAMILY,...  (or leak, healthy, design, own)      --jobs N
 *   seep_lab real [FOLDER]       a folder with index.csv; the current one
 *   both: --candidates A,B  --dt SECONDS  --limit-gib N  --other-gib N  --stretch K  --markdown
 *   seep_lab results [options]   the page RESULTS.md (results.h)   --jobs N   --shipped-only --quick
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "real.h"
#include "results.h"
#include "run.h"
#include "tables.h"

#define MOST_JOBS 64

typedef struct lab {
  lab_plan plan;
  bool held_out, totals, markdown, shipped_only, quick;
  const char *only, *names, *folder; /* lists with commas; NULL: all */
} lab;

static bool number(const char *text, double least, double most, double *out)
{
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most)) {
    return lab_complain("not a number within its limits", text);
  }
  *out = value;
  return true;
}

static bool listed(const char *list, const char *name)
{
  size_t length = strlen(name);
  for (const char *at = list; (at = strstr(at, name)) != NULL; at += length) {
    bool begins = at == list || at[-1] == ',';
    if (begins && (at[length] == ',' || at[length] == '\0')) {
      return true;
    }
  }
  return false;
}

/* Every name of the list must mean something: a misspelt one would measure nothing and look well. */
static bool known(const char *list, bool (*means)(const char *name))
{
  char name[64];
  for (const char *at = list; at != NULL;) {
    const char *comma = strchr(at, ',');
    size_t length = comma != NULL ? (size_t)(comma - at) : strlen(at);
    if (length >= sizeof name) {
      return false;
    }
    memcpy(name, at, length);
    name[length] = '\0';
    if (!means(name)) {
      return false;
    }
    at = comma != NULL ? comma + 1 : NULL;
  }
  return true;
}

static bool means_candidate(const char *name)
{
  return judge_candidate_named(name) != NULL;
}

static bool means_kind(const char *name)
{
  return listed("leak,healthy,design,own", name);
}

static bool means_family(const char *name)
{
  return means_kind(name) || sim_family_named(name) != NULL;
}

static bool wants(const lab *self, const sim_family *family)
{
  const char *only = self->only;
  return only == NULL || listed(only, family->name) || listed(only, family->leak ? "leak" : "healthy") ||
         listed(only, family->origin == SIM_DESIGN ? "design" : "own");
}

/* Without --held-out the held-out set is one heap: naming families would show what it says of each. */
static bool choose(lab *self)
{
  if (self->names != NULL && !known(self->names, means_candidate)) {
    return lab_complain("not all of these are candidates", self->names);
  }
  if (self->only != NULL && !known(self->only, means_family)) {
    return lab_complain("not all of these are families", self->only);
  }
  if (self->only != NULL && self->plan.set == SIM_HELD_OUT && !self->held_out &&
      !known(self->only, means_kind)) {
    return lab_complain("families of the held-out set are named with --held-out only", "");
  }
  for (size_t i = 0; i < judge_candidate_count() && self->plan.candidate_count < LAB_MOST_CANDIDATES; i++) {
    const judge_candidate *candidate = judge_candidate_at(i);
    if (self->names == NULL || listed(self->names, candidate->name)) {
      self->plan.candidates[self->plan.candidate_count++] = candidate;
    }
  }
  for (uint32_t i = 0; i < sim_family_count() && self->plan.family_count < LAB_MOST_FAMILIES; i++) {
    const sim_family *family = sim_family_at(i);
    if (sim_family_in_set(family, self->plan.set) && wants(self, family)) {
      self->plan.families[self->plan.family_count++] = i;
    }
  }
  return self->plan.family_count > 0 || lab_complain("no family of this set is wanted", "");
}

static bool set_named(lab *self, const char *name)
{
  static const char *const names[] = {"tune", "check", "held-out"};
  for (unsigned i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) == 0) {
      self->plan.set = (sim_set)i;
      return true;
    }
  }
  return lab_complain("no such set", name);
}

static bool take_value(lab *self, const char *option, const char *text)
{
  double value = 0.0;
  if (strcmp(option, "--set") == 0) {
    return set_named(self, text);
  }
  if (strcmp(option, "--only") == 0) {
    self->only = text;
    return true;
  }
  if (strcmp(option, "--candidates") == 0) {
    self->names = text;
    return true;
  }
  if (strcmp(option, "--per-family") == 0 && number(text, 1, 100000, &value)) {
    self->plan.per_family = (unsigned)value;
  } else if (strcmp(option, "--seed") == 0 && number(text, 0, 1e15, &value)) {
    self->plan.seed = (uint64_t)value;
  } else if (strcmp(option, "--jobs") == 0 && number(text, 1, MOST_JOBS, &value)) {
    self->plan.jobs = (unsigned)value;
  } else if (strcmp(option, "--dt") == 0 && number(text, 1, 3600, &value)) {
    self->plan.world.poll_ms = (int64_t)(value * 1000.0);
  } else if (strcmp(option, "--stretch") == 0 && number(text, 0.1, 100, &value)) {
    self->plan.world.stretch = value;
  } else if (strcmp(option, "--limit-gib") == 0 && number(text, 1, 1e6, &value)) {
    self->plan.world.limit_bytes = (uint64_t)(value * 1024.0) << 20;
  } else if (strcmp(option, "--other-gib") == 0 && number(text, 0, 1e6, &value)) {
    self->plan.world.other_bytes = (uint64_t)(value * 1024.0) << 20;
  } else {
    return lab_complain("no such option, or a wrong value", option);
  }
  return true;
}

static bool take_options(lab *self, int count, char **arguments)
{
  for (int i = 0; i < count; i++) {
    const char *option = arguments[i];
    if (strcmp(option, "--markdown") == 0) {
      self->markdown = true;
    } else if (strcmp(option, "--totals") == 0) {
      self->totals = true;
    } else if (strcmp(option, "--held-out") == 0) {
      self->held_out = true;
    } else if (strcmp(option, "--shipped-only") == 0) {
      self->shipped_only = true;
    } else if (strcmp(option, "--quick") == 0) {
      self->quick = true;
    } else if (option[0] != '-') {
      self->folder = option;
    } else if (i + 1 == count) {
      return lab_complain("no such option, or its value is missing", option);
    } else if (!take_value(self, option, arguments[++i])) {
      return false;
    }
  }
  return self->plan.world.limit_bytes > self->plan.world.other_bytes ||
         lab_complain("--other-gib leaves nothing of the limit", "");
}

static void print_all(const lab *self, const lab_outcome *outcomes, size_t count)
{
  lab_report report = {.outcomes = outcomes,
                       .count = count,
                       .candidates = self->plan.candidates,
                       .candidate_count = self->plan.candidate_count,
                       .markdown = self->markdown};
  if (!self->totals && (self->plan.set != SIM_HELD_OUT || self->held_out)) {
    lab_print_families(&report);
  }
  lab_print_by_origin(&report);
  lab_print_rates(&report, "All", lab_is_any);
}

static bool synth(const lab *self)
{
  lab_outcome *outcomes = lab_plan_run(&self->plan);
  if (outcomes != NULL) {
    print_all(self, outcomes, lab_plan_outcomes(&self->plan));
  }
  free(outcomes);
  return outcomes != NULL;
}

static bool run(const char *command, const lab *self)
{
  const lab_plan *plan = &self->plan;
  if (strcmp(command, "synth") == 0) {
    return synth(self);
  }
  if (strcmp(command, "results") == 0) {
    return lab_results(plan->jobs, self->shipped_only, self->quick);
  }
  return lab_real(self->folder, &plan->world, plan->candidates, plan->candidate_count, self->markdown);
}

int main(int argc, char **argv)
{
  static lab self = {.plan = {.set = SIM_TUNE, .seed = 1, .per_family = 10, .jobs = 2}, .folder = "."};
  self.plan.world = sim_world_usual();
  if (argc < 2 || !listed("synth,real,results", argv[1])) {
    fputs("usage: seep_lab synth | real [FOLDER] | results [options: see the top of lab.c]\n", stderr);
    return EXIT_FAILURE;
  }
  bool ok = take_options(&self, argc - 2, argv + 2) && choose(&self) && run(argv[1], &self);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
