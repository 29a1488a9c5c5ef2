/* Polls for the tests of the codecs: processes are born, go and come back, some walk, some stand still, some
 * jump anywhere; the system's figures appear late. The same seed gives the same polls. */
#ifndef SEEP_TESTS_RANDOM_POLLS_H
#define SEEP_TESTS_RANDOM_POLLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/poll_row.h"

#define RANDOM_POLLS_ROOM 320u
#define RANDOM_POLLS_FIGURES 6u
#define RANDOM_POLLS_PAGES_MAXIMUM ((UINT64_C(1) << 52) - 1)

typedef struct random_polls {
  uint64_t state;
  seep_poll_entry entries[RANDOM_POLLS_ROOM]; /* of the poll that was made last */
  size_t count;
  uint64_t pages[RANDOM_POLLS_ROOM];
  bool here[RANDOM_POLLS_ROOM];
  size_t known; /* places used so far: the figures, then processes in the order of their birth */
  unsigned step;
} random_polls;

uint64_t random_polls_number(uint64_t *state);

/* state of the generator must not be 0. */
void random_polls_init(random_polls *polls, uint64_t seed, size_t processes);
void random_polls_next(random_polls *polls);

#endif
