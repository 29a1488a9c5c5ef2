/*
 * The generator of the fleet-like load. Every life of a process has its own random numbers, derived from the
 * seed, the slot and the life's number, so a change to one behaviour leaves the others as they are.
 */
#include "fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1732492800000) /* a midnight, UTC */
#define FILETIME_PER_MS INT64_C(10000)
#define FILETIME_OF_1970_MS INT64_C(11644473600000)
#define POLLS_PER_HOUR 120u
#define PAGES_PER_MB 256.0
#define LEAST_PAGES 48.0
#define MOST_PIDS 16384u

typedef struct random {
  uint64_t state;
} random;

/* splitmix64: one addition and three mixing steps. */
static uint64_t random_bits(random *source)
{
  uint64_t z = source->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static double uniform(random *source, double from, double to)
{
  return from + (to - from) * ((double)(random_bits(source) >> 11) / 9007199254740992.0);
}

static uint32_t below(random *source, uint32_t bound)
{
  return (uint32_t)(((random_bits(source) >> 32) * bound) >> 32);
}

static bool chance(random *source, double probability)
{
  return uniform(source, 0, 1) < probability;
}

/* Twelve uniforms: near enough to a normal distribution, and the same on every machine. */
static double normal(random *source)
{
  double sum = -6;
  for (int i = 0; i < 12; i++) {
    sum += uniform(source, 0, 1);
  }
  return sum;
}

/* 2^exponent for small exponents, to about one in a thousand: exactness is of no use here, sameness is. */
static double power_of_two(double exponent)
{
  double result = 1;
  while (exponent >= 1) {
    exponent -= 1;
    result *= 2;
  }
  while (exponent < 0) {
    exponent += 1;
    result /= 2;
  }
  return result * (1 + exponent * (0.6951786 + exponent * (0.2276218 + exponent * 0.0771996)));
}

/* Evenly spread over the orders of magnitude between two powers of two. */
static double spread(random *source, double from_exponent, double to_exponent)
{
  return power_of_two(uniform(source, from_exponent, to_exponent));
}

static uint32_t whole(double pages)
{
  return (uint32_t)(pages < LEAST_PAGES ? LEAST_PAGES : pages + 0.5);
}

/* Median 8 MB; a sixth of all is above 26 MB. */
static double common_level(random *source)
{
  return power_of_two(11 + 1.7 * normal(source));
}

/* Median 64 MB. */
static double working_level(random *source)
{
  return power_of_two(14 + 1.5 * normal(source));
}

/* 0 at night, 1 from 9 to 17, ramps of an hour and a half; shifted by a process's own habit. */
static double day_share(uint32_t poll, int32_t shift)
{
  int32_t moment = (int32_t)poll + shift;
  double hour = (double)moment / POLLS_PER_HOUR;
  double rising = (hour - 7.5) / 1.5, falling = (18.5 - hour) / 1.5;
  double share = rising < falling ? rising : falling;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* ---- behaviours: each fills one life ---- */

typedef struct life {
  random source;
  load_series *series;
  double level; /* pages about which it lives; the same for all lives of a slot, roughly */
} life;

static void fill_static(life *self)
{
  random *source = &self->source;
  uint32_t steps = below(source, 3) == 0 ? 1 + below(source, 6) : 0;
  double chance_of_step = (double)steps / FLEET_POLLS;
  for (uint32_t i = 0; i < self->series->count; i++) {
    if (steps > 0 && chance(source, chance_of_step)) {
      double size = spread(source, 0, 8);
      self->level += chance(source, 0.6) ? size : -size;
    }
    self->series->pages[i] = whole(self->level);
  }
}

static void fill_toggle(life *self)
{
  random *source = &self->source;
  double values[4] = {0};
  uint32_t count = 2 + below(source, 3), at = 0;
  double leaving = 1 / spread(source, 1, 5.3);
  for (uint32_t i = 0; i < count; i++) {
    values[i] = i == 0 ? self->level : self->level + spread(source, 0, 8);
  }
  for (uint32_t i = 0; i < self->series->count; i++) {
    if (chance(source, leaving)) {
      at = (at + 1 + below(source, count - 1)) % count;
    }
    self->series->pages[i] = whole(values[at]);
  }
}

static void fill_walk(life *self)
{
  random *source = &self->source;
  double step = spread(source, 0, 9), pull = uniform(source, 0.02, 0.2), moving = uniform(source, 0.2, 1);
  double offset = 0;
  for (uint32_t i = 0; i < self->series->count; i++) {
    if (chance(source, moving)) {
      offset += normal(source) * step - offset * pull;
    }
    self->series->pages[i] = whole(self->level + offset);
  }
}

static void fill_burst(life *self)
{
  random *source = &self->source;
  double scale = spread(source, 2, 12);
  bool busy = false;
  uint32_t left = (uint32_t)spread(source, 3.3, 8.6);
  for (uint32_t i = 0; i < self->series->count; i++) {
    if (left-- == 0) {
      busy = !busy;
      left = (uint32_t)(busy ? spread(source, 2, 6) : spread(source, 3.3, 8.6));
      self->level += !busy && chance(source, 0.25) ? spread(source, 0, 5) : 0;
    }
    double extra = busy ? normal(source) * scale : 0;
    self->series->pages[i] = whole(self->level + (extra < 0 ? -extra : extra));
  }
}

static void fill_sawtooth(life *self)
{
  random *source = &self->source;
  double height = spread(source, 10, 15.6), period = spread(source, 2, 7.9);
  uint32_t piece = chance(source, 0.5) ? 16 : 1;
  bool with_day = chance(source, 0.5);
  int32_t shift = (int32_t)below(source, 240) - 120;
  double top = height, grown = uniform(source, 0, height), live = 0;
  for (uint32_t i = 0; i < self->series->count; i++) {
    double load_now = with_day ? 0.1 + 0.9 * day_share(self->series->first + i, shift) : 1;
    grown += height / period * load_now * uniform(source, 0.7, 1.3);
    if (grown > top) {
      live += normal(source) * height * 0.02 - live * 0.1;
      grown = uniform(source, 0, 0.1) * height;
      top = height * uniform(source, 0.85, 1.15);
    }
    self->series->pages[i] = whole(self->level + live + grown) / piece * piece;
  }
}

static void fill_daily(life *self)
{
  random *source = &self->source;
  double swing = spread(source, 10, 15.6), noise = swing * uniform(source, 0.002, 0.03), offset = 0;
  int32_t shift = (int32_t)below(source, 240) - 120;
  for (uint32_t i = 0; i < self->series->count; i++) {
    double share = day_share(self->series->first + i, shift);
    double unrest = 0.2 + 0.8 * share; /* nights are calm */
    if (chance(source, unrest)) {
      offset += normal(source) * noise * unrest * 0.5 - offset * 0.1;
    }
    self->series->pages[i] = whole(self->level + swing * share + offset);
  }
}

static void fill_leak(life *self)
{
  random *source = &self->source;
  double rate = spread(source, 2.33, 7.64) * PAGES_PER_MB / POLLS_PER_HOUR; /* 5 to 200 MB an hour */
  bool stairs = chance(source, 0.5);
  double stair = spread(source, 8, 14), noise = stairs ? 0 : spread(source, 0, 6);
  for (uint32_t i = 0; i < self->series->count; i++) {
    if (!stairs) {
      self->level += rate * uniform(source, 0.5, 1.5);
    } else if (chance(source, rate / stair)) {
      self->level += stair * (rate > stair ? rate / stair : 1);
    }
    self->series->pages[i] = whole(self->level + normal(source) * noise);
  }
}

/* Loads its modules and data in a few polls, then holds. */
static void fill_worker(life *self)
{
  random *source = &self->source;
  double full = self->level * uniform(source, 0.95, 1.1), at = full * uniform(source, 0.3, 1);
  double pace = uniform(source, 0.3, 1);
  for (uint32_t i = 0; i < self->series->count; i++) {
    self->series->pages[i] = whole(at);
    at += (full - at) * pace;
    if (chance(source, 0.2)) {
      full += uniform(source, -1, 1.2) * 24;
    }
  }
}

/* Warms up for about half an hour, then works. */
static void fill_recycled(life *self)
{
  random *source = &self->source;
  double warm = self->series->first == 0 ? 1 : 0.25, offset = 0;
  for (uint32_t i = 0; i < self->series->count; i++) {
    warm += (1 - warm) * 0.05;
    offset += normal(source) * 40 - offset * 0.05;
    self->series->pages[i] = whole(self->level * warm + offset);
  }
}

/* ---- slots ---- */

typedef enum lives { ONE_ALL_DAY, SHORT_ONES, CUT_AT_NIGHT } lives;

typedef struct kind {
  uint32_t slots; /* of FLEET_SLOTS */
  lives lives;
  bool working;
  void (*fill)(life *self);
  const char *images[4];
} kind;

static const kind kinds[] = {
    {650, ONE_ALL_DAY, false, fill_static, {"svchost.exe", "RuntimeBroker.exe", "conhost.exe", "agent.exe"}},
    {80, ONE_ALL_DAY, false, fill_toggle, {"svchost.exe", "dllhost.exe", "WmiPrvSE.exe", "taskhostw.exe"}},
    {90, ONE_ALL_DAY, true, fill_walk, {"lsass.exe", "explorer.exe", "sqlservr.exe", "chrome.exe"}},
    {60, ONE_ALL_DAY, true, fill_burst, {"spoolsv.exe", "MsMpEng.exe", "OUTLOOK.EXE", "backup.exe"}},
    {50, ONE_ALL_DAY, true, fill_sawtooth, {"w3wp.exe", "java.exe", "node.exe", "OrderService.exe"}},
    {30, ONE_ALL_DAY, true, fill_daily, {"w3wp.exe", "tomcat9.exe", "rdpclip.exe", "httpd.exe"}},
    {10, ONE_ALL_DAY, true, fill_leak, {"reporting.exe", "print-agent.exe", "connector.exe", "java.exe"}},
    {25, SHORT_ONES, false, fill_worker, {"powershell.exe", "cmd.exe", "cscript.exe", "worker.exe"}},
    {5, CUT_AT_NIGHT, true, fill_recycled, {"w3wp.exe", "php-cgi.exe", "w3wp.exe", "import.exe"}},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* PIDs that are free, oldest first: one comes again when a few thousand others have been used. */
typedef struct pids {
  uint32_t free[MOST_PIDS];
  uint32_t first, count;
} pids;

static uint32_t take_pid(pids *all)
{
  uint32_t pid = all->free[all->first];
  all->first = (all->first + 1) % MOST_PIDS;
  all->count--;
  return pid;
}

static void give_pid(pids *all, uint32_t pid)
{
  all->free[(all->first + all->count) % MOST_PIDS] = pid;
  all->count++;
}

static void make_pids(pids *all, random *source)
{
  for (uint32_t i = 0; i < 4096; i++) {
    give_pid(all, (i + 1) * 4);
  }
  for (uint32_t i = 4095; i > 0; i--) {
    uint32_t other = below(source, i + 1), kept = all->free[i];
    all->free[i] = all->free[other];
    all->free[other] = kept;
  }
}

typedef struct slot {
  const kind *kind;
  const char *image;
  random source;
  double level;
  uint32_t pid; /* of its last life */
  uint32_t free_from;
} slot;

/* Polls the next life of the slot has. The first one of a short-lived worker began before the day. */
static uint32_t life_polls(slot *self)
{
  uint32_t left = FLEET_POLLS - self->free_from, count = left;
  if (self->kind->lives == SHORT_ONES) {
    count = (uint32_t)spread(&self->source, 1, 6.91); /* 1 to 60 minutes */
  } else if (self->kind->lives == CUT_AT_NIGHT && self->free_from == 0) {
    count = 3 * POLLS_PER_HOUR + below(&self->source, 20);
  }
  return count < left ? count : left;
}

static void begin_life(load *data, slot *self, pids *all)
{
  uint32_t first = self->free_from, count = life_polls(self);
  load_series *series = load_add(data, first, count);
  int64_t before_ms = 1 + (int64_t)below(&self->source, LOAD_INTERVAL_S * 1000 - 1);
  if (first == 0) {
    int64_t longest_ms = self->kind->lives == SHORT_ONES ? INT64_C(1800000) : INT64_C(2592000000);
    before_ms += (int64_t)uniform(&self->source, 0, 1) * longest_ms + (int64_t)below(&self->source, 1 << 30);
    before_ms %= longest_ms;
  }
  int64_t at_ms = data->start_ms + (int64_t)first * LOAD_INTERVAL_S * 1000 - before_ms;
  series->created = (uint64_t)((at_ms + FILETIME_OF_1970_MS) * FILETIME_PER_MS) +
                    below(&self->source, (uint32_t)FILETIME_PER_MS);
  if (first > 0) {
    give_pid(all, self->pid);
  }
  self->pid = series->pid = take_pid(all);
  snprintf(series->image, sizeof series->image, "%s", self->image);
  life one = {.source = {random_bits(&self->source)}, .series = series, .level = self->level};
  self->kind->fill(&one);
  self->free_from = first + count;
}

static void make_slots(slot *slots, random *source)
{
  uint32_t at = 0;
  for (size_t k = 0; k < KINDS; k++) {
    for (uint32_t i = 0; i < kinds[k].slots && at < FLEET_SLOTS; i++, at++) {
      slots[at].kind = &kinds[k];
      slots[at].image = kinds[k].images[i % 4];
    }
  }
  for (uint32_t i = FLEET_SLOTS - 1; i > 0; i--) {
    uint32_t other = below(source, i + 1);
    slot kept = slots[i];
    slots[i] = slots[other];
    slots[other] = kept;
  }
  for (uint32_t i = 0; i < FLEET_SLOTS; i++) {
    slots[i].source.state = random_bits(source);
    slots[i].level =
        slots[i].kind->working ? working_level(&slots[i].source) : common_level(&slots[i].source);
  }
}

/* Pages of all processes at each poll, from the finished series. */
static void make_figures(load *data, random *source)
{
  const double physical = 128 * 1024 * PAGES_PER_MB;
  double kernel = 3000 * PAGES_PER_MB, paged = 1400 * PAGES_PER_MB, nonpaged = 700 * PAGES_PER_MB, file = 0;
  uint32_t raised = FLEET_POLLS / 2 + below(source, FLEET_POLLS / 4);
  for (size_t i = 0; i < LOAD_FIGURES; i++) {
    data->figures[i] = load_allocate(data->polls, sizeof **data->figures);
  }
  load_walk walk;
  load_walk_begin(&walk, data);
  while (load_walk_next(&walk)) {
    double sum = 0;
    for (size_t i = 0; i < walk.count; i++) {
      const load_series *series = &data->series[walk.present[i]];
      sum += series->pages[walk.poll - series->first];
    }
    kernel += normal(source) * 60;
    paged += normal(source) * 25;
    nonpaged += normal(source) * 10;
    file += normal(source) * 4000 - file * 0.01;
    double available = physical - 0.8 * sum - paged - nonpaged - 20000 * PAGES_PER_MB + file;
    data->figures[0][walk.poll] = whole(sum + kernel + paged + nonpaged);
    data->figures[1][walk.poll] = whole(physical + (walk.poll < raised ? 16 : 24) * 1024 * PAGES_PER_MB);
    data->figures[2][walk.poll] = whole(physical);
    data->figures[3][walk.poll] = whole(available);
    data->figures[4][walk.poll] = whole(paged);
    data->figures[5][walk.poll] = whole(nonpaged);
  }
  load_walk_end(&walk);
}

void fleet_make(load *data, uint64_t seed)
{
  random source = {seed};
  slot *slots = load_allocate(FLEET_SLOTS, sizeof *slots);
  pids *all = load_allocate(1, sizeof *all);
  *data = (load){.polls = FLEET_POLLS, .start_ms = START_MS, .has_figures = true};
  make_pids(all, &source);
  make_slots(slots, &source);
  for (uint32_t poll = 0; poll < FLEET_POLLS; poll++) {
    for (uint32_t i = 0; i < FLEET_SLOTS; i++) {
      if (slots[i].free_from == poll) {
        begin_life(data, &slots[i], all);
      }
    }
  }
  free(slots);
  free(all);
  load_finish(data);
  make_figures(data, &source);
}
