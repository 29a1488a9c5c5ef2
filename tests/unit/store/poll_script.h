/*
 * Polls that can be told again from their number alone: who is there, since when, under which name, with how
 * much. A run appends them to a store, remembering only what a service remembers between two polls.
 */
#ifndef SEEP_TESTS_POLL_SCRIPT_H
#define SEEP_TESTS_POLL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

typedef struct poll_script {
  unsigned processes;   /* at most so many at a time: some are born and die, a quarter never changes */
  unsigned empty_every; /* each so many'th poll sees nobody and everybody after it is new, which ends a
                           segment early; 0 = never */
  int64_t step_ms;      /* from poll to poll on both clocks */
  bool away;            /* some are away for two polls and come back as the same process */
} poll_script;

int64_t poll_script_wall(const poll_script *script, size_t number);
bool poll_script_is_empty(const poll_script *script, size_t number);

typedef struct poll_script_process {
  seep_process_key key; /* the PID is 4 * (slot + 1) */
  uint64_t commit_bytes;
} poll_script_process;

/* Who has this slot at this poll; false: nobody. */
bool poll_script_look(const poll_script *script, size_t number, unsigned slot, poll_script_process *process);

#define POLL_SCRIPT_NAME_SIZE 48
void poll_script_name(unsigned slot, char name[POLL_SCRIPT_NAME_SIZE]);

/* false: the poll does not know the system's figures. */
bool poll_script_memory(const poll_script *script, size_t number, seep_system_memory *memory);

/* One life of a service. */
typedef struct poll_script_run poll_script_run;
poll_script_run *poll_script_begin(const poll_script *script);
void poll_script_end(poll_script_run *run);
seep_status poll_script_append(poll_script_run *run, seep_store *store, size_t number, seep_error *error);

#endif
