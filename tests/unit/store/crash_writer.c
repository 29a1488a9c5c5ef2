/*
 * Appends polls as fast as it can until it is killed, and says of each, once the store has acknowledged it,
 * that it has. Now and then it prunes, and closes and opens the store again.
 *
 * crash_writer PATH PROCESSES EMPTY_EVERY STEP_MS KEEP FIRST MOST
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crash_writer.h"
#include "poll_script.h"

typedef struct writing {
  const char *path;
  poll_script script;
  size_t keep, first, end;
  seep_store *store;
  poll_script_run *run;
} writing;

static int say(const char *what, const seep_error *error)
{
  char text[400];
  fprintf(stderr, "%s: %s\n", what, seep_error_text(error, text, sizeof text));
  return 2;
}

static seep_status reopen(writing *w, size_t number, seep_error *error)
{
  seep_store_opening opening;
  seep_wall now = {poll_script_wall(&w->script, number)};
  if (w->run != NULL) {
    seep_store_close(w->store);
    poll_script_end(w->run);
  }
  w->run = poll_script_begin(&w->script);
  seep_status status = seep_store_open(w->path, now, NULL, &w->store, &opening, error);
  if (status == SEEP_OK && opening.set_aside[0] != '\0') {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_NONE, 0, "set aside", opening.set_aside);
  }
  return status;
}

static seep_status prune(const writing *w, size_t number, seep_error *error)
{
  seep_store_limits limits = {.raw_from = {poll_script_wall(&w->script, number - w->keep)}};
  seep_store_pruned pruned;
  return seep_store_prune(w->store, &limits, &pruned, error);
}

static int write_polls(writing *w)
{
  seep_error error;
  for (size_t number = w->first; number < w->end; number++) {
    if ((number == w->first || number % CRASH_WRITER_REOPENS == 0) && reopen(w, number, &error) != SEEP_OK) {
      return say("open", &error);
    }
    if (poll_script_append(w->run, w->store, number, &error) != SEEP_OK) {
      return say("append", &error);
    }
    printf("%zu\n", number);
    fflush(stdout);
    if (w->keep > 0 && number > w->keep && number % 8 == 0 && prune(w, number, &error) != SEEP_OK) {
      return say("prune", &error);
    }
  }
  return 0;
}

int main(int argc, char **argv)
{
  if (argc != 8) {
    fputs("usage: crash_writer PATH PROCESSES EMPTY_EVERY STEP_MS KEEP FIRST MOST\n", stderr);
    return 2;
  }
  writing w = {.path = argv[1],
               .script = {.processes = (unsigned)strtoul(argv[2], NULL, 10),
                          .empty_every = (unsigned)strtoul(argv[3], NULL, 10),
                          .step_ms = (int64_t)strtoull(argv[4], NULL, 10)},
               .keep = (size_t)strtoull(argv[5], NULL, 10),
               .first = (size_t)strtoull(argv[6], NULL, 10)};
  w.end = w.first + (size_t)strtoull(argv[7], NULL, 10);
  int result = write_polls(&w);
  if (w.run != NULL) {
    seep_store_close(w.store);
    poll_script_end(w.run);
  }
  return result;
}
