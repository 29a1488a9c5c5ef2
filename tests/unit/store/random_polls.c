#include "unit/store/random_polls.h"

#include <string.h>

#define FIGURES_FROM 5u /* polls */

uint64_t random_polls_number(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static bool one_in(random_polls *polls, uint64_t chances)
{
  return (random_polls_number(&polls->state) >> 11) % chances == 0;
}

/* The rows of processes have gaps, as those of processes that ended have. */
static int64_t row_of(size_t place)
{
  return place < RANDOM_POLLS_FIGURES ? SEEP_POLL_FIRST_ROW + (int64_t)place
                                      : (int64_t)(place - RANDOM_POLLS_FIGURES) * 7 + 1;
}

static void change(random_polls *polls, size_t place)
{
  uint64_t *pages = &polls->pages[place];
  uint64_t random = random_polls_number(&polls->state);
  if (place % 3 == 0) {
    return;
  }
  if (one_in(polls, 50)) {
    *pages = random & RANDOM_POLLS_PAGES_MAXIMUM;
  } else if (one_in(polls, 3)) {
    *pages = (*pages + random % 200 - 100) & RANDOM_POLLS_PAGES_MAXIMUM;
  } else if (place % 5 == 0) {
    *pages = (*pages + 3) & RANDOM_POLLS_PAGES_MAXIMUM;
  }
}

static void list(random_polls *polls)
{
  polls->count = 0;
  for (size_t place = 0; place < polls->known; place++) {
    if (polls->here[place]) {
      polls->entries[polls->count++] = (seep_poll_entry){row_of(place), polls->pages[place]};
    }
  }
}

void random_polls_init(random_polls *polls, uint64_t seed, size_t processes)
{
  memset(polls, 0, sizeof *polls);
  polls->state = seed;
  polls->known = RANDOM_POLLS_FIGURES + processes;
  for (size_t place = 0; place < RANDOM_POLLS_ROOM; place++) {
    polls->pages[place] = random_polls_number(&polls->state) >> 48;
    polls->here[place] = place >= RANDOM_POLLS_FIGURES && place < polls->known;
  }
  list(polls);
}

void random_polls_next(random_polls *polls)
{
  polls->step++;
  for (size_t place = RANDOM_POLLS_FIGURES; place < polls->known; place++) {
    if (polls->here[place]) {
      change(polls, place);
      polls->here[place] = !one_in(polls, 60);
    } else {
      polls->here[place] = one_in(polls, 30);
    }
  }
  for (size_t place = 0; place < RANDOM_POLLS_FIGURES; place++) {
    polls->here[place] = polls->step >= FIGURES_FROM;
    polls->pages[place] += random_polls_number(&polls->state) % 1000;
  }
  for (unsigned births = 0; births < 3 && polls->known < RANDOM_POLLS_ROOM && one_in(polls, 4); births++) {
    polls->here[polls->known++] = true;
  }
  list(polls);
}
