/*
 * seep_lab: measures candidates over simulated families or recorded series and prints tables. POSIX only: the
 * series are shared out to processes, which send their outcomes home through one pipe.
 *
 *   seep_lab synth [options]     --set tune|check|held-out   --per-family N   --seed S   --held-out --totals
 *                                --only FAMILY,...  (or leak, healthy, design, own)      --jobs N
 *   seep_lab real [FOLDER]       a folder with index.csv; the current one
 *   both: --candidates A,B  --dt SECONDS  --limit-gib N  --other-gib N  --stretch K  --markdown
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "families.h"
#include "real.h"
#include "score.h"
#include "tables.h"

#define MOST_CANDIDATES 32
#define MOST_FAMILIES 128
#define MOST_JOBS 64

typedef struct lab {
  sim_world world;
  sim_set set;
  uint64_t seed;
  unsigned per_family, jobs;
  bool held_out, totals, markdown;
  const char *only, *names, *folder; /* lists with commas; NULL: all */
  const judge_candidate *candidates[MOST_CANDIDATES];
  size_t candidate_count;
  uint32_t families[MOST_FAMILIES];
  size_t family_count;
} lab;

static_assert(sizeof(lab_outcome) <= 512, "what any POSIX system writes to a pipe in one piece");

static bool complain(const char *what, const char *about)
{
  fprintf(stderr, "seep_lab: %s%s%s\n", what, about[0] != '\0' ? ": " : "", about);
  return false;
}

static bool number(const char *text, double least, double most, double *out)
{
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most)) {
    return complain("not a number within its limits", text);
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
    return complain("not all of these are candidates", self->names);
  }
  if (self->only != NULL && !known(self->only, means_family)) {
    return complain("not all of these are families", self->only);
  }
  if (self->only != NULL && self->set == SIM_HELD_OUT && !self->held_out && !known(self->only, means_kind)) {
    return complain("families of the held-out set are named with --held-out only", "");
  }
  for (size_t i = 0; i < judge_candidate_count() && self->candidate_count < MOST_CANDIDATES; i++) {
    const judge_candidate *candidate = judge_candidate_at(i);
    if (self->names == NULL || listed(self->names, candidate->name)) {
      self->candidates[self->candidate_count++] = candidate;
    }
  }
  for (uint32_t i = 0; i < sim_family_count() && self->family_count < MOST_FAMILIES; i++) {
    const sim_family *family = sim_family_at(i);
    if (sim_family_in_set(family, self->set) && wants(self, family)) {
      self->families[self->family_count++] = i;
    }
  }
  return self->family_count > 0 || complain("no family of this set is wanted", "");
}

static bool set_named(lab *self, const char *name)
{
  static const char *const names[] = {"tune", "check", "held-out"};
  for (unsigned i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) == 0) {
      self->set = (sim_set)i;
      return true;
    }
  }
  return complain("no such set", name);
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
    self->per_family = (unsigned)value;
  } else if (strcmp(option, "--seed") == 0 && number(text, 0, 1e15, &value)) {
    self->seed = (uint64_t)value;
  } else if (strcmp(option, "--jobs") == 0 && number(text, 1, MOST_JOBS, &value)) {
    self->jobs = (unsigned)value;
  } else if (strcmp(option, "--dt") == 0 && number(text, 1, 3600, &value)) {
    self->world.poll_ms = (int64_t)(value * 1000.0);
  } else if (strcmp(option, "--stretch") == 0 && number(text, 0.1, 100, &value)) {
    self->world.stretch = value;
  } else if (strcmp(option, "--limit-gib") == 0 && number(text, 1, 1e6, &value)) {
    self->world.limit_bytes = (uint64_t)(value * 1024.0) << 20;
  } else if (strcmp(option, "--other-gib") == 0 && number(text, 0, 1e6, &value)) {
    self->world.other_bytes = (uint64_t)(value * 1024.0) << 20;
  } else {
    return complain("no such option, or a wrong value", option);
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
    } else if (option[0] != '-') {
      self->folder = option;
    } else if (i + 1 == count) {
      return complain("no such option, or its value is missing", option);
    } else if (!take_value(self, option, arguments[++i])) {
      return false;
    }
  }
  return self->world.limit_bytes > self->world.other_bytes ||
         complain("--other-gib leaves nothing of the limit", "");
}

/* This thread's time on a processor, whoever else wants one. */
static double now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static bool send_home(int pipe, const lab_outcome *outcome)
{
  ssize_t written;
  do {
    written = write(pipe, outcome, sizeof *outcome);
  } while (written < 0 && errno == EINTR);
  return written == (ssize_t)sizeof *outcome;
}

static bool run_series(const lab *self, uint32_t family, uint32_t index, void *state, int pipe)
{
  sim_series series;
  bool sent = true;
  sim_family_draw(sim_family_at(family), &self->world, self->set, self->seed, index, &series);
  for (uint32_t i = 0; i < self->candidate_count && sent; i++) {
    lab_outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.family = family;
    outcome.candidate = i;
    outcome.index = index;
    double before_ns = now_ns();
    lab_run_at(self->candidates[i], state, &series, NULL, &outcome);
    outcome.nanoseconds = now_ns() - before_ns;
    outcome.eaten = lab_share_eaten(&series, &outcome);
    sent = send_home(pipe, &outcome);
  }
  sim_series_free(&series);
  return sent;
}

static bool run_share(const lab *self, unsigned job, int pipe)
{
  size_t most = 0;
  for (size_t i = 0; i < self->candidate_count; i++) {
    most = self->candidates[i]->state_bytes > most ? self->candidates[i]->state_bytes : most;
  }
  void *state = malloc(most);
  bool sent = state != NULL;
  size_t whole = self->family_count * self->per_family;
  for (size_t i = job; i < whole && sent; i += self->jobs) {
    uint32_t index = (uint32_t)(i / self->family_count);
    sent = run_series(self, self->families[i % self->family_count], index, state, pipe);
  }
  free(state);
  return sent;
}

static size_t collect(int pipe, lab_outcome *outcomes, size_t expected)
{
  char *to = (char *)outcomes;
  size_t wanted = expected * sizeof *outcomes, got = 0;
  while (got < wanted) {
    ssize_t part = read(pipe, to + got, wanted - got);
    if (part == 0 || (part < 0 && errno != EINTR)) {
      break;
    }
    got += part > 0 ? (size_t)part : 0;
  }
  return got / sizeof *outcomes;
}

static bool start_jobs(const lab *self, const int ends[2])
{
  for (unsigned job = 0; job < self->jobs; job++) {
    pid_t child = fork();
    if (child < 0) {
      return complain("fork fails", strerror(errno));
    }
    if (child == 0) {
      close(ends[0]);
      _exit(run_share(self, job, ends[1]) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
  }
  return true;
}

static bool run_all(const lab *self, lab_outcome *outcomes, size_t expected)
{
  int ends[2];
  if (pipe(ends) != 0) {
    return complain("pipe fails", strerror(errno));
  }
  bool ok = start_jobs(self, ends);
  close(ends[1]);
  ok = ok && collect(ends[0], outcomes, expected) == expected;
  close(ends[0]); /* before the wait: whoever still writes then ends */
  for (int status; wait(&status) > 0;) {
    ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return ok || complain("not all series came home", "");
}

static bool is_design(const sim_family *family)
{
  return family->origin == SIM_DESIGN;
}

static bool is_own(const sim_family *family)
{
  return family->origin == SIM_OWN;
}

static bool is_unseen(const sim_family *family)
{
  return family->origin == SIM_UNSEEN;
}

static bool is_any(const sim_family *family)
{
  (void)family;
  return true;
}

static void print_all(const lab *self, const lab_outcome *outcomes, size_t count)
{
  lab_report report = {outcomes, count, self->candidates, self->candidate_count, self->markdown};
  if (!self->totals && (self->set != SIM_HELD_OUT || self->held_out)) {
    lab_print_families(&report);
  }
  lab_print_totals(&report, "Design families", is_design);
  lab_print_totals(&report, "Own families", is_own);
  lab_print_totals(&report, "Unseen families", is_unseen);
  lab_print_totals(&report, "All", is_any);
  lab_print_rates(&report, "All", is_any);
}

static bool synth(const lab *self)
{
  size_t count = self->family_count * self->per_family * self->candidate_count;
  lab_outcome *outcomes = calloc(count, sizeof *outcomes);
  bool ok = outcomes != NULL ? run_all(self, outcomes, count) : complain("out of memory", "");
  if (ok) {
    print_all(self, outcomes, count);
  }
  free(outcomes);
  return ok;
}

int main(int argc, char **argv)
{
  static lab self = {.set = SIM_TUNE, .seed = 1, .per_family = 10, .jobs = 2, .folder = "."};
  bool is_synth = argc > 1 && strcmp(argv[1], "synth") == 0;
  self.world = sim_world_usual();
  if (!is_synth && (argc < 2 || strcmp(argv[1], "real") != 0)) {
    fputs("usage: seep_lab synth | real [FOLDER] [options: see the top of lab.c]\n", stderr);
    return EXIT_FAILURE;
  }
  if (!take_options(&self, argc - 2, argv + 2) || !choose(&self)) {
    return EXIT_FAILURE;
  }
  bool ok = is_synth
                ? synth(&self)
                : lab_real(self.folder, &self.world, self.candidates, self.candidate_count, self.markdown);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
