/* Stacks come soon after their events, mostly: so the search begins at the end and doubles its steps. */
#include "trace/delay.h"

#include <string.h>

#define FIRST_CAPACITY 1024u
#define MOST_CAPACITY ((size_t)1024 * 1024)
#define BUDGET_PART 4u      /* no more of what is left of the budget than this part of it */
#define MOST_CANDIDATES 64u /* of one moment: there are not more processors that log at once */

void seep_delay_init(seep_delay *delay, seep_trace_budget *budget)
{
  *delay = (seep_delay){.budget = budget};
}

void seep_delay_fini(seep_delay *delay)
{
  seep_trace_budget_release(delay->budget, (void **)&delay->items, &delay->capacity, sizeof *delay->items);
  seep_delay_init(delay, delay->budget);
}

static seep_waiting *at(const seep_delay *delay, uint64_t position)
{
  return &delay->items[(size_t)position & (delay->capacity - 1)];
}

/* Asks the budget first: to be refused here is no reason to stop. */
static bool may_grow(const seep_delay *delay, size_t capacity)
{
  return capacity <= MOST_CAPACITY &&
         capacity * sizeof(seep_waiting) <= seep_trace_budget_left(delay->budget) / BUDGET_PART;
}

static bool grow(seep_delay *delay)
{
  size_t old = delay->capacity;
  size_t wanted = old == 0 ? FIRST_CAPACITY : old * 2;
  if (!may_grow(delay, wanted) ||
      !seep_trace_budget_reserve(delay->budget, (void **)&delay->items, &delay->capacity, wanted,
                                 sizeof *delay->items)) {
    return false;
  }
  /* What stood before the seam stays; what had gone round it moves behind, where its number now leads. */
  for (uint64_t i = delay->first; i < delay->end; i++) {
    size_t was = old == 0 ? 0 : (size_t)i & (old - 1);
    size_t is = (size_t)i & (delay->capacity - 1);
    if (is != was) {
      delay->items[is] = delay->items[was];
    }
  }
  return true;
}

bool seep_delay_push(seep_delay *delay, const seep_waiting *event)
{
  if (delay->end - delay->first == delay->capacity) {
    if (delay->first < delay->waiting) {
      delay->first++;
    } else if (!grow(delay)) {
      return false;
    }
  }
  *at(delay, delay->end++) = *event;
  return true;
}

const seep_waiting *seep_delay_oldest(const seep_delay *delay)
{
  return delay->waiting < delay->end ? at(delay, delay->waiting) : NULL;
}

void seep_delay_pass(seep_delay *delay)
{
  delay->waiting++;
}

/* The first event that is not older. */
static uint64_t lower_bound(const seep_delay *delay, uint64_t ticks)
{
  uint64_t high = delay->end;
  uint64_t step = 1;
  uint64_t low = delay->first;
  while (high - delay->first >= step) {
    if (at(delay, high - step)->ticks < ticks) {
      low = high - step + 1;
      break;
    }
    high -= step;
    step *= 2;
  }
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (at(delay, middle)->ticks < ticks) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool seep_delay_has(const seep_waiting *event, unsigned half)
{
  return (event->has & 1u << half) != 0;
}

bool seep_delay_has_own(const seep_waiting *event, unsigned half)
{
  return (event->has & 4u << half) != 0;
}

void seep_delay_attach(seep_waiting *event, unsigned half, uint32_t node, bool is_own)
{
  event->nodes[half] = node;
  event->has = (uint8_t)(event->has | 1u << half | (is_own ? 4u << half : 0));
}

/* How well the two suit each other; 0: not at all. That one of them still lacks this half says most when
 * several events have one time; then the thread, where the event has one; then the process, for it rarely is
 * another one's memory; and the processor last, since a thread may wake up on another. */
static unsigned suits(const seep_waiting *event, const seep_trace_stack *stack, uint16_t processor,
                      unsigned half)
{
  if (event->tid != SEEP_DELAY_NOBODY && event->tid != stack->tid) {
    return 0;
  }
  bool is_own = event->pid == stack->pid;
  bool lacks = !seep_delay_has(event, half) || (is_own && !seep_delay_has_own(event, half));
  return 1u + (lacks ? 8u : 0u) + (event->tid == stack->tid ? 4u : 0u) + (is_own ? 2u : 0u) +
         (event->processor == processor ? 1u : 0u);
}

seep_waiting *seep_delay_find(seep_delay *delay, const seep_trace_stack *stack, uint16_t processor,
                              unsigned half, bool *is_waiting)
{
  seep_waiting *best = NULL;
  unsigned best_suits = 0;
  uint64_t from = lower_bound(delay, stack->event_ticks);
  for (uint64_t i = from; i < delay->end && i - from < MOST_CANDIDATES; i++) {
    seep_waiting *event = at(delay, i);
    if (event->ticks != stack->event_ticks) {
      break;
    }
    unsigned now = suits(event, stack, processor, half);
    if (now > best_suits) {
      best = event;
      best_suits = now;
      *is_waiting = i >= delay->waiting;
    }
  }
  return best;
}
