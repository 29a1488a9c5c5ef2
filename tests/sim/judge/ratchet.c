/*
 * The reference detector, written from its description (reference: detection, 3) and from the behaviour of
 * its reference program, so that both give the same answers. Twelve levels of windows, each of 16 buckets and
 * twice as long as the one below; a ring over the whole life; the rates at which earlier lives ended.
 * Calls of windows shorter than 34 hours are rapid growth, those of longer ones and of the lineage are leaks.
 */
#include "ratchet.h"

#include <stdbool.h>
#include <string.h>

#define LEVELS 12
#define RING 16
#define LIFE 32
#define LIVES 3
#define CONFIRMING 7      /* the first level that confirms: 34.1 h */
#define FULL_RING_BELOW 8 /* from this level on 12 buckets will do */
#define LONG_RING 12
#define BUCKET_S 60.0
#define HUGE_MB 1e30f
#define MB 1048576.0
#define HOUR 3600.0

typedef struct ratchet_settings {
  double least_mb, least_share, noise;              /* T1 */
  double even_parts, even_parts_confirming;         /* T2 */
  double second_half, last_quarter;                 /* T3 */
  double ageing;                                    /* T4 */
  double margin;                                    /* T5 */
  double stake_young, stake_settled, settled_hours; /* T6; a stake above 1 silences the short windows */
  unsigned persistence;                             /* T7 */
} ratchet_settings;

typedef struct ratchet_level {
  float low[RING], high[RING];
  double end_s;
  float open_low, open_high;
  uint8_t count, passes;
} ratchet_level;

typedef struct ratchet_state {
  ratchet_level levels[LEVELS];
  float life[LIFE];
  double first_s, last_s;
  double life_width_s, life_end_s;
  float life_open;
  uint8_t life_count;
  bool begun, rising;
  double rising_s, rate; /* when a window of 8 h or more last rose in a leak's shape, MB/h */
  double lives[LIVES];   /* rates of lives that ended rising */
  unsigned life_number;
} ratchet_state;

static void ratchet_init(void *state)
{
  memset(state, 0, sizeof(ratchet_state));
}

/* Not fmin and its kin: those ask whether a value is a number, by a call each. */
static double least(double a, double b)
{
  return a < b ? a : b;
}

static double most(double a, double b)
{
  return a > b ? a : b;
}

static float least_of(float a, float b)
{
  return a < b ? a : b;
}

static float most_of(float a, float b)
{
  return a > b ? a : b;
}

static double width_s(unsigned level)
{
  return BUCKET_S * (double)(1u << level);
}

/* Half as many parts, twice as wide. */
static void fold_life(ratchet_state *self)
{
  for (unsigned i = 0; i < LIFE / 2; i++) {
    self->life[i] = least_of(self->life[2 * i], self->life[2 * i + 1]);
  }
  self->life_count = LIFE / 2;
  self->life_width_s *= 2.0;
  self->life_end_s = self->first_s + (LIFE / 2 + 1) * self->life_width_s;
}

static void live(ratchet_state *self, double t, float low)
{
  if (self->life_width_s == 0.0) {
    self->life_width_s = BUCKET_S;
    self->life_end_s = t + BUCKET_S;
    self->life_open = HUGE_MB;
  }
  if (t >= self->life_end_s && self->life_open < HUGE_MB && self->life_count == LIFE) {
    fold_life(self); /* the open part goes on, as half of a wider one, unless that is over too */
  }
  if (t >= self->life_end_s) {
    if (self->life_open < HUGE_MB) {
      self->life[self->life_count++] = self->life_open;
    }
    while (t >= self->life_end_s) {
      self->life_end_s += self->life_width_s;
    }
    self->life_open = HUGE_MB;
  }
  self->life_open = least_of(self->life_open, low);
}

static void unreleased(const float *low, unsigned count, double *g)
{
  g[count - 1] = (double)low[count - 1];
  for (unsigned i = count - 1; i-- > 0;) {
    g[i] = least((double)low[i], g[i + 1]);
  }
}

static double between(const double *g, double place)
{
  unsigned i = (unsigned)place;
  return g[i] + (place - (double)i) * (g[i + 1] - g[i]);
}

/* T4 */
static bool does_not_age(const ratchet_settings *settings, const ratchet_state *self)
{
  unsigned count = self->life_count;
  if (count < 8) {
    return true;
  }
  double g[LIFE];
  unreleased(self->life, count, g);
  double half = between(g, 0.5 * count - 1.0), quarter = between(g, 0.25 * count - 1.0);
  return g[count - 1] - half >= settings->ageing * (half - quarter);
}

/* T1 to T3: the unreleased rise in MB when it has the shape of a leak, otherwise 0. */
static double rise_of(const ratchet_settings *settings, const ratchet_level *level, unsigned l)
{
  double g[RING], noise = 0.0, squares = 0.0;
  unsigned n = level->count;
  unreleased(level->low, n, g);
  double rise = g[n - 1] - g[0];
  for (unsigned i = 0; i < n; i++) {
    noise += ((double)level->low[i] - g[i]) / n;
  }
  if (rise <= 0.0 || rise < settings->least_mb || rise < settings->least_share * g[n - 1] ||
      rise < settings->noise * noise) {
    return 0.0;
  }
  double before = g[0];
  for (unsigned part = 1; part <= 8; part++) {
    double after = g[(part * n + 4) / 8 - 1];
    squares += (after - before) * (after - before);
    before = after;
  }
  double even = l == CONFIRMING ? settings->even_parts_confirming : settings->even_parts;
  double first_half = g[n / 2] - g[0];
  bool keeps_on = rise - first_half >= settings->second_half * first_half &&
                  g[n - 1] - g[3 * n / 4 - 1] >= settings->last_quarter * rise / 4.0;
  return rise * rise >= even * squares && keeps_on ? rise : 0.0;
}

/* The highest that was held before this level's window, as far as longer rings remember; negative: nothing.
 * Short windows must beat peaks, confirming ones floors. */
static double older_than(const ratchet_state *self, unsigned l)
{
  double older = -1.0;
  for (unsigned m = l + 1; m < LEVELS; m++) {
    const ratchet_level *longer = &self->levels[m];
    unsigned covered = (RING + (1u << (m - l)) - 1) >> (m - l);
    const float *held = l < CONFIRMING ? longer->high : longer->low;
    for (unsigned i = 0; i + covered < longer->count; i++) {
      older = most(older, (double)held[i]);
    }
  }
  return older;
}

/* T6. What grew must matter: all of it in a young process, what is new in a settled one. */
static bool has_stake(const ratchet_settings *settings, const ratchet_state *self, unsigned l, double t,
                      double rise, double news, double headroom)
{
  double window_h = RING * width_s(l) / HOUR;
  double settled_h = most(settings->settled_hours, 3.0 * window_h) + window_h;
  bool settled = news >= 0.0 && t - self->first_s >= settled_h * HOUR;
  return settled ? news >= settings->stake_settled * headroom : rise >= settings->stake_young * headroom;
}

static bool is_growing(const ratchet_settings *settings, ratchet_state *self, unsigned l, double t,
                       double headroom)
{
  ratchet_level *level = &self->levels[l];
  if (level->count < (l < FULL_RING_BELOW ? RING : LONG_RING)) {
    return false;
  }
  double rise = rise_of(settings, level, l);
  if (rise <= 0.0) {
    return false;
  }
  double now = (double)level->low[level->count - 1], older = older_than(self, l);
  double margin = l < CONFIRMING ? 0.0 : settings->margin * rise;
  if ((older > 0.0 && now < older + margin) || !does_not_age(settings, self)) {
    return false;
  }
  if (RING * width_s(l) >= 8.0 * HOUR) {
    self->rising = true;
    self->rising_s = t;
    self->rate = rise / ((level->count - 1) * width_s(l) / HOUR);
  }
  double news = older > 0.0 ? now - older : -1.0;
  return l >= CONFIRMING || has_stake(settings, self, l, t, rise, news, headroom);
}

/* A bucket of this level has ended: into its ring, and up. */
static void close_bucket(ratchet_state *self, unsigned l)
{
  ratchet_level *level = &self->levels[l];
  if (level->count == RING) {
    memmove(level->low, level->low + 1, (RING - 1) * sizeof level->low[0]);
    memmove(level->high, level->high + 1, (RING - 1) * sizeof level->high[0]);
    level->count--;
  }
  level->low[level->count] = level->open_low;
  level->high[level->count] = level->open_high;
  level->count++;
  if (l + 1 < LEVELS) {
    ratchet_level *above = &self->levels[l + 1];
    above->open_low = least_of(above->open_low, level->open_low);
    above->open_high = most_of(above->open_high, level->open_high);
  }
}

/* T7 */
static int judge_level(const ratchet_settings *settings, ratchet_state *self, unsigned l, double t,
                       double headroom)
{
  ratchet_level *level = &self->levels[l];
  if (!is_growing(settings, self, l, t, headroom)) {
    level->passes = 0;
    return JUDGE_NONE;
  }
  if (level->passes < UINT8_MAX) {
    level->passes++;
  }
  if (level->passes < settings->persistence) {
    return JUDGE_NONE;
  }
  return l >= CONFIRMING ? JUDGE_LEAK : JUDGE_RAPID;
}

static int close_buckets(const ratchet_settings *settings, ratchet_state *self, double t, double headroom)
{
  int answer = JUDGE_NONE;
  for (unsigned l = 0; l < LEVELS && t >= self->levels[l].end_s; l++) {
    ratchet_level *level = &self->levels[l];
    if (level->open_low < HUGE_MB) {
      close_bucket(self, l);
      if (l == 0) {
        live(self, t, level->open_low);
      }
      int judged = judge_level(settings, self, l, t, headroom);
      answer = judged > answer ? judged : answer;
    }
    while (t >= level->end_s) {
      level->end_s += width_s(l);
    }
    level->open_low = HUGE_MB;
    level->open_high = -1.0f;
  }
  return answer;
}

static int ratchet_step(void *state, const void *settings, int64_t t_ms, uint64_t bytes,
                        uint64_t headroom_bytes)
{
  ratchet_state *self = state;
  double t = (double)t_ms / 1000.0;
  float mb = (float)((double)bytes / MB);
  int answer = JUDGE_NONE;
  if (!self->begun) {
    self->begun = true;
    self->first_s = t;
    for (unsigned l = 0; l < LEVELS; l++) {
      self->levels[l].end_s = t + width_s(l);
      self->levels[l].open_low = HUGE_MB;
      self->levels[l].open_high = -1.0f;
    }
  }
  self->last_s = t;
  if (t >= self->levels[0].end_s) {
    answer = close_buckets(settings, self, t, (double)headroom_bytes / MB);
  }
  ratchet_level *level = &self->levels[0];
  level->open_low = mb < level->open_low ? mb : level->open_low;
  level->open_high = mb > level->open_high ? mb : level->open_high;
  return answer;
}

/* Three lives in a row of more than 4 h that ended within 3 h of a rise, at rates within a factor of 3. A
 * life that ended otherwise breaks the row; a short one says nothing. */
static int ratchet_restart(void *state, const void *settings, int64_t t_ms)
{
  (void)settings;
  (void)t_ms;
  ratchet_state *self = state;
  double lives[LIVES];
  unsigned number = self->life_number;
  memcpy(lives, self->lives, sizeof lives);
  if (self->begun && self->last_s - self->first_s > 4.0 * HOUR) {
    if (self->rising && self->last_s - self->rising_s < 3.0 * HOUR) {
      lives[number++ % LIVES] = self->rate;
    } else {
      number = 0;
    }
  }
  ratchet_init(self);
  self->life_number = number;
  memcpy(self->lives, lives, sizeof lives);
  if (number < LIVES) {
    return JUDGE_NONE;
  }
  double slowest = least(lives[0], least(lives[1], lives[2]));
  double fastest = most(lives[0], most(lives[1], lives[2]));
  return fastest < 3.0 * slowest ? JUDGE_LEAK : JUDGE_NONE;
}

#define AS_MEASURED                                                                                          \
  .least_mb = 8.0, .least_share = 0.005, .noise = 3.0, .even_parts = 4.8, .even_parts_confirming = 6.5,      \
  .second_half = 0.6, .last_quarter = 0.35, .ageing = 1.35, .margin = 0.5, .settled_hours = 6.0

static const ratchet_settings as_default = {AS_MEASURED, .stake_young = 0.25, .stake_settled = 0.05,
                                            .persistence = 3};
static const ratchet_settings as_strict = {AS_MEASURED, .stake_young = 0.25, .stake_settled = 0.10,
                                           .persistence = 6};
static const ratchet_settings as_confirmed = {AS_MEASURED, .stake_young = 99.0, .stake_settled = 99.0,
                                              .persistence = 3};

#define RATCHET(text, values)                                                                                \
  {                                                                                                          \
    .name = text, .state_bytes = sizeof(ratchet_state), .settings = &values, .init = ratchet_init,           \
    .step = ratchet_step, .restart = ratchet_restart                                                         \
  }

const judge_candidate ratchet_default = RATCHET("ratchet", as_default);
const judge_candidate ratchet_strict = RATCHET("ratchet-strict", as_strict);
const judge_candidate ratchet_confirmed = RATCHET("ratchet-confirmed", as_confirmed);
