#include "growth.h"

#include "base/clock.h"

#define FIRST_PART_MS SEEP_MS_PER_MINUTE
#define QUARTERS 4

/* A rise is even when each quarter brings at least this part of it; a single tooth or step never does. */
#define EVEN_SHARE 8

/* The whole, its newest half, quarter, eighth, sixteenth: a leak that began late is found in one of them. */
#define SPANS 5

void seep_growth_init(seep_growth *growth, int64_t running_ms)
{
  growth->first_ms = growth->last_ms = running_ms;
  growth->part_ms = FIRST_PART_MS;
  growth->used = 0;
  for (size_t i = 0; i < SEEP_GROWTH_PARTS; i++) {
    growth->floors[i] = UINT64_MAX;
  }
}

static uint64_t lower_of(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static void merge_pairs(seep_growth *growth)
{
  for (size_t i = 0; i < SEEP_GROWTH_PARTS; i++) {
    growth->floors[i] =
        i < SEEP_GROWTH_PARTS / 2 ? lower_of(growth->floors[2 * i], growth->floors[2 * i + 1]) : UINT64_MAX;
  }
  growth->used = (growth->used + 1) / 2;
  growth->part_ms *= 2;
}

void seep_growth_add(seep_growth *growth, int64_t running_ms, uint64_t floor_bytes)
{
  int64_t age_ms = running_ms - growth->first_ms;
  while (age_ms / growth->part_ms >= (int64_t)SEEP_GROWTH_PARTS) {
    merge_pairs(growth);
  }
  size_t part = (size_t)(age_ms / growth->part_ms);
  growth->floors[part] = lower_of(growth->floors[part], floor_bytes);
  growth->used = part + 1 > growth->used ? part + 1 : growth->used;
  growth->last_ms = running_ms;
}

/* The lowest floor of parts [from, to); *at is where. */
static uint64_t lowest(const seep_growth *growth, size_t from, size_t to, size_t *at)
{
  *at = from;
  for (size_t i = from; i < to; i++) {
    *at = growth->floors[i] < growth->floors[*at] ? i : *at;
  }
  return growth->floors[*at];
}

/* The highest floor after which at least `least` bytes were given back; 0 when there is none. */
static uint64_t given_back(const seep_growth *growth, uint64_t least)
{
  uint64_t later = UINT64_MAX, highest = 0;
  for (size_t i = growth->used; i-- > 0;) {
    uint64_t here = growth->floors[i];
    if (here != UINT64_MAX && here > later && here - later >= least && here > highest) {
      highest = here;
    }
    later = lower_of(later, here);
  }
  return highest;
}

typedef struct span {
  uint64_t floor[QUARTERS];
  size_t at[QUARTERS];
  bool even;
} span;

/* The newest parts, `length` of them. */
static span look_at(const seep_growth *growth, size_t length)
{
  span s = {.even = true};
  size_t begin = growth->used - length;
  for (size_t i = 0; i < QUARTERS; i++) {
    s.floor[i] = lowest(growth, begin + length * i / QUARTERS, begin + length * (i + 1) / QUARTERS, &s.at[i]);
    s.even = s.even && s.floor[i] != UINT64_MAX;
  }
  for (size_t i = 1; s.even && i < QUARTERS; i++) {
    s.even = s.floor[i] > s.floor[i - 1] &&
             s.floor[i] - s.floor[i - 1] >= (s.floor[QUARTERS - 1] - s.floor[0]) / EVEN_SHARE;
  }
  return s;
}

/* Takes the span's growth when it is more than what there is. */
static void consider(const seep_growth *growth, const span *s, bool whole, seep_growth_result *result)
{
  const size_t last = QUARTERS - 1;
  if (s->floor[last] <= s->floor[0] || !(whole || s->even)) {
    return;
  }
  uint64_t before = whole && s->even ? 0 : given_back(growth, (s->floor[last] - s->floor[0]) / 2 + 1);
  uint64_t base = before > s->floor[0] ? before : s->floor[0];
  uint64_t grown = s->floor[last] > base ? s->floor[last] - base : 0;
  if (grown > INT64_MAX || (int64_t)grown <= result->grown_bytes) {
    return;
  }
  result->grown_bytes = (int64_t)grown;
  double hours = (double)((int64_t)(s->at[last] - s->at[0]) * growth->part_ms) / (double)SEEP_MS_PER_HOUR;
  result->bytes_per_hour = (double)grown / hours;
}

seep_growth_result seep_growth_measure(const seep_growth *growth)
{
  seep_growth_result result = {.watched_ms = growth->last_ms - growth->first_ms};
  size_t known = 0;
  for (size_t i = 0; i < growth->used; i++) {
    known += growth->floors[i] != UINT64_MAX;
  }
  result.known = known >= QUARTERS;
  if (!result.known) {
    return result;
  }
  span whole = look_at(growth, growth->used);
  consider(growth, &whole, true, &result);
  size_t length = growth->used;
  for (int i = 1; i < SPANS && (length /= 2) >= QUARTERS; i++) {
    span newest = look_at(growth, length);
    consider(growth, &newest, false, &result);
  }
  if (result.grown_bytes == 0 && whole.floor[QUARTERS - 1] < whole.floor[0]) {
    result.grown_bytes = -(int64_t)((whole.floor[0] - whole.floor[QUARTERS - 1]) & INT64_MAX);
  }
  return result;
}
