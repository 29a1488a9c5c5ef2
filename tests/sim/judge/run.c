#include "run.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What goes through the pipe: an outcome and its place in the list. */
typedef struct parcel {
  uint64_t place;
  lab_outcome outcome;
} parcel;

static_assert(sizeof(parcel) <= 512, "what any POSIX system writes to a pipe in one piece");

bool lab_complain(const char *what, const char *about)
{
  fprintf(stderr, "seep_lab: %s%s%s\n", what, about[0] != '\0' ? ": " : "", about);
  return false;
}

double lab_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

size_t lab_plan_outcomes(const lab_plan *plan)
{
  return plan->family_count * plan->per_family * plan->candidate_count;
}

static bool send_home(int pipe, const parcel *one)
{
  ssize_t written;
  do {
    written = write(pipe, one, sizeof *one);
  } while (written < 0 && errno == EINTR);
  return written == (ssize_t)sizeof *one;
}

static bool run_series(const lab_plan *plan, size_t number, void *state, int pipe)
{
  sim_series series;
  bool sent = true;
  uint32_t family = plan->families[number % plan->family_count];
  uint32_t index = (uint32_t)(number / plan->family_count);
  sim_family_draw(sim_family_at(family), &plan->world, plan->set, plan->seed, index, &series);
  for (uint32_t i = 0; i < plan->candidate_count && sent; i++) {
    parcel one;
    memset(&one, 0, sizeof one);
    one.place = number * plan->candidate_count + i;
    lab_outcome *outcome = &one.outcome;
    outcome->family = family;
    outcome->candidate = i;
    outcome->index = index;
    double before_ns = lab_now_ns();
    lab_run_at(plan->candidates[i], state, &series, NULL, outcome);
    outcome->nanoseconds = lab_now_ns() - before_ns;
    outcome->eaten = lab_share_eaten(&series, outcome);
    sent = send_home(pipe, &one);
  }
  sim_series_free(&series);
  return sent;
}

static bool run_share(const lab_plan *plan, unsigned job, int pipe)
{
  size_t most = 0;
  for (size_t i = 0; i < plan->candidate_count; i++) {
    most = plan->candidates[i]->state_bytes > most ? plan->candidates[i]->state_bytes : most;
  }
  void *state = malloc(most);
  bool sent = state != NULL;
  size_t whole = plan->family_count * plan->per_family;
  for (size_t i = job; i < whole && sent; i += plan->jobs) {
    sent = run_series(plan, i, state, pipe);
  }
  free(state);
  return sent;
}

static bool receive(int pipe, parcel *one)
{
  size_t got = 0;
  while (got < sizeof *one) {
    ssize_t part = read(pipe, (char *)one + got, sizeof *one - got);
    if (part == 0 || (part < 0 && errno != EINTR)) {
      return false;
    }
    got += part > 0 ? (size_t)part : 0;
  }
  return true;
}

static bool collect(int pipe, lab_outcome *outcomes, size_t expected)
{
  parcel one;
  for (size_t i = 0; i < expected; i++) {
    if (!receive(pipe, &one) || one.place >= expected) {
      return false;
    }
    outcomes[one.place] = one.outcome;
  }
  return true;
}

static bool start_jobs(const lab_plan *plan, const int ends[2])
{
  fflush(stdout); /* or each process would print it again */
  for (unsigned job = 0; job < plan->jobs; job++) {
    pid_t child = fork();
    if (child < 0) {
      return lab_complain("fork fails", strerror(errno));
    }
    if (child == 0) {
      close(ends[0]);
      _exit(run_share(plan, job, ends[1]) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
  }
  return true;
}

static bool run_all(const lab_plan *plan, lab_outcome *outcomes, size_t expected)
{
  int ends[2];
  if (pipe(ends) != 0) {
    return lab_complain("pipe fails", strerror(errno));
  }
  bool ok = start_jobs(plan, ends);
  close(ends[1]);
  ok = ok && collect(ends[0], outcomes, expected);
  close(ends[0]); /* before the wait: whoever still writes then ends */
  for (int status; wait(&status) > 0;) {
    ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return ok || lab_complain("not all series came home", "");
}

lab_outcome *lab_plan_run(const lab_plan *plan)
{
  size_t count = lab_plan_outcomes(plan);
  lab_outcome *outcomes = calloc(count > 0 ? count : 1, sizeof *outcomes);
  if (outcomes == NULL) {
    lab_complain("out of memory", "");
  } else if (!run_all(plan, outcomes, count)) {
    free(outcomes);
    outcomes = NULL;
  }
  return outcomes;
}
