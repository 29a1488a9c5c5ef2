/*
 * When to say that the commit limit comes near, and when that this is over. See engine_headroom.h.
 *
 * The level alone would be late where commit runs away: on many servers the last tenth of the limit lasts
 * minutes, less than the time for which the level must be exceeded, and polls are half a minute apart. What
 * was used up from poll to poll is therefore taken to go on, but the less so the shorter it has been seen: a
 * job that takes all it needs at its start is one step, or two when a poll falls into it, and a load that
 * rises ends some time. Pace over hours is the detector's business, not that of a few polls.
 */
#include "watch/engine_headroom.h"

#include "judge/headroom.h"

#define MB (UINT64_C(1) << 20)

/* Event 2004 comes below this (reference: event-log, 2.5). */
#define EXHAUSTED_BYTES (256 * MB)

/* So little that nobody may wait: this much, or this part of the limit where that is more. Small servers live
 * with less: there it is what the level would leave, but never as little as Windows itself warns of. */
#define NEAR_BYTES (512 * MB)
#define NEAR_SHARE 0.03
#define NEAR_LEAST_BYTES (320 * MB)

/* Rapid growth is judged as if there were so many times the room, for the reason given in engine_system.c.
 * All load of the server is in this one figure: a first morning that takes a server from 20 % of the limit to
 * 85 % is none, whether it lasts half an hour or four. What one process takes is told by its case, in time.
 */
#define ROOM_FOR_LOAD 40u

/* The least rise counts only if it takes no longer than this. */
#define GROWTH_HOURS 64.0

/* Polls further apart say nothing about the pace of minutes; closer ones are one. */
#define LONGEST_STEP_MS (5 * SEEP_MS_PER_MINUTE)
#define SHORTEST_STEP_MS (SEEP_MS_PER_SECOND / 2)

/* One run, as long as no step is this many times faster or slower than all before it; so many steps are
 * needed to believe in it. Where it is believed to end at the next poll, it may be a little faster there. */
#define RUN_UNLIKE 4.0
#define RUN_POLLS 3u
#define RUN_FASTER 1.25
/* It is taken to go on for a third as long as it was seen, but not for longer than this. */
#define RUN_BELIEVED (1.0 / 3.0)
#define RUN_FARTHEST_MS (15 * SEEP_MS_PER_MINUTE)

/* Being above, or calm, is not known to have gone on across a gap of so many polls, if that is no less. */
#define GAP_POLLS 3
#define GAP_MS (10 * SEEP_MS_PER_MINUTE)

#define TELL_AGAIN_MS (15 * SEEP_MS_PER_MINUTE)

/* A warning is over below the level by so many points, with this much more than little left, and a pace that
 * takes so much longer than one that opens it. Where the next one follows soon it is one state of a server
 * that comes and goes, and its end is not told each time. */
#define OVER_POINTS 5u
#define OVER_NEAR 1.25
#define OVER_PACE 1.5
#define CALM_MS (10 * SEEP_MS_PER_MINUTE)
#define CALM_AGAIN_MS SEEP_MS_PER_HOUR
#define AGAIN_MS (6 * SEEP_MS_PER_HOUR)

/* One poll, and what it shows. */
typedef struct outlook {
  uint64_t total, limit, left;
  uint64_t little;                                   /* so little left that nobody may wait */
  double own_per_hour, cases_per_hour, run_per_hour; /* 0 = does not grow by this */
  bool level, near, pace;
} outlook;

static bool is_above(const outlook *at, uint32_t percent)
{
  return (double)at->total > (double)at->limit * (double)percent / 100.0;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
  return a > b ? a : b;
}

static uint64_t little_of(uint64_t limit, uint32_t percent)
{
  double of_level = percent < 100 ? (double)(100 - percent) / 100.0 * (double)limit : 0;
  uint64_t small = of_level < (double)NEAR_BYTES ? (uint64_t)of_level : NEAR_BYTES;
  return greater(greater(small, NEAR_LEAST_BYTES), (uint64_t)(NEAR_SHARE * (double)limit));
}

static outlook look(const seep_settings *settings, const seep_system_memory *memory, double told_slopes)
{
  outlook at = {.total = memory->commit_total_bytes,
                .limit = memory->commit_limit_bytes,
                .left = seep_system_memory_headroom_bytes(memory),
                .cases_per_hour = told_slopes > 0 ? told_slopes : 0}; /* not a number ends as 0 */
  at.little = little_of(at.limit, settings->commit_percent);
  return at;
}

/* ---- what goes on from poll to poll ---- */

/* The step since the last poll belongs to the run, begins another, or ends it. What counts is used by the
 * total and missing from what is left: a limit that rises takes care of its own, one that falls is no growth.
 * Returns the pace of the step, in bytes per millisecond. */
static double follow_run(seep_engine_headroom *state, const outlook *at, seep_mono now)
{
  int64_t step_ms = seep_mono_since(now, state->last);
  uint64_t grown = at->total > state->last_total_bytes ? at->total - state->last_total_bytes : 0;
  uint64_t gone = at->left < state->last_left_bytes ? state->last_left_bytes - at->left : 0;
  double used = (double)(grown < gone ? grown : gone);
  if (step_ms > LONGEST_STEP_MS || !(used > 0)) {
    state->run_polls = 0;
    return 0;
  }
  double pace = used / (double)step_ms;
  int64_t run_ms = seep_mono_since(state->last, state->run_since);
  double before = state->run_polls > 0 ? state->run_bytes / (double)run_ms : pace;
  if (state->run_polls == 0 || pace > before * RUN_UNLIKE || pace < before / RUN_UNLIKE) {
    state->run_polls = 0;
    state->run_bytes = 0;
    state->run_since = state->last;
  }
  state->run_bytes += used;
  state->run_polls += state->run_polls < RUN_POLLS;
  return pace;
}

/* Does the run end, for Windows, before anything else here would warn? */
static bool run_is_near(const seep_engine_headroom *state, const seep_settings *settings, const outlook *at,
                        seep_mono now, double pace)
{
  if (state->run_polls < RUN_POLLS) {
    return false;
  }
  double spare = at->left > EXHAUSTED_BYTES ? (double)(at->left - EXHAUSTED_BYTES) : 0;
  if (pace * RUN_FASTER * (double)seep_mono_since(now, state->last) > spare) {
    return true; /* before the next poll */
  }
  if (!state->above) {
    return false;
  }
  double run_ms = (double)seep_mono_since(now, state->run_since);
  double mean = state->run_bytes / run_ms;
  double until_level = (double)(settings->commit_percent_ms - seep_mono_since(now, state->above_since));
  double ahead =
      run_ms * RUN_BELIEVED < (double)RUN_FARTHEST_MS ? run_ms * RUN_BELIEVED : (double)RUN_FARTHEST_MS;
  ahead = ahead < until_level ? ahead : until_level;
  return (mean < pace ? mean : pace) * ahead > spare;
}

static void follow(seep_engine_headroom *state, const seep_settings *settings, outlook *at, seep_mono now)
{
  bool first = !state->begun;
  if (first) {
    seep_detector_init(&state->total, now, 0);
    state->begun = true;
    state->last = now;
  }
  int64_t step_ms = seep_mono_since(now, state->last);
  bool gap = step_ms > GAP_MS && step_ms / GAP_POLLS > settings->poll_interval_ms;
  bool above = is_above(at, settings->commit_percent);
  state->above_since = above && state->above && !gap ? state->above_since : now;
  state->above = above;
  state->calm = state->calm && !gap;
  bool grow = at->cases_per_hour > 0;
  state->cases_since = grow && state->cases_grow ? state->cases_since : now;
  state->cases_grow = grow;
  at->near = at->left < at->little;
  if (!first && step_ms >= SHORTEST_STEP_MS) {
    double pace = follow_run(state, at, now);
    if (run_is_near(state, settings, at, now, pace)) {
      at->near = true;
      at->run_per_hour = pace * (double)SEEP_MS_PER_HOUR;
    }
  }
  if (first || step_ms >= SHORTEST_STEP_MS) {
    state->last = now;
    state->last_total_bytes = at->total;
    state->last_left_bytes = at->left;
  }
}

/* ---- what a detector has called ---- */

/* What has been called, unless half of it has been given back: floors show that hours later. */
static double own_rate(const seep_detector *detector, uint64_t total)
{
  const seep_finding *finding = &detector->finding;
  bool stands = detector->level >= SEEP_LEVEL_RAPID &&
                (double)total >= detector->called_from + (double)finding->growth / 2;
  return stands && finding->slope_per_hour > 0 ? finding->slope_per_hour : 0;
}

static void judge_total(seep_engine_headroom *state, const seep_settings *settings, outlook *at,
                        seep_mono now)
{
  double least = (double)settings->detector_minimum_system_growth_bytes;
  const seep_detector_settings detector_settings = {.bucket_ms = settings->detector_bucket_ms,
                                                    .observation_ms = settings->detector_observation_ms,
                                                    .minimum_slope_per_hour = least / GROWTH_HOURS,
                                                    .minimum_growth = least};
  uint64_t room = at->left < UINT64_MAX / ROOM_FOR_LOAD ? at->left * ROOM_FOR_LOAD : SEEP_HEADROOM_UNKNOWN;
  seep_detector_step(&state->total, &detector_settings, now, at->total, room, false);
  at->own_per_hour = own_rate(&state->total, at->total);
}

static bool reaches(uint64_t left, double per_hour, double within_ms)
{
  int64_t time_left_ms = seep_headroom_time_left_ms(left, per_hour);
  return time_left_ms != SEEP_TIME_LEFT_UNKNOWN && (double)time_left_ms <= within_ms;
}

static void look_ahead(seep_engine_headroom *state, const seep_settings *settings, outlook *at)
{
  double fastest = at->own_per_hour > at->cases_per_hour ? at->own_per_hour : at->cases_per_hour;
  double within_ms = (double)settings->exhaustion_ms * (state->open ? OVER_PACE : 1.0);
  at->pace = reaches(at->left, fastest, within_ms);
  fastest = fastest > at->run_per_hour ? fastest : at->run_per_hour;
  state->time_left_ms = seep_headroom_time_left_ms(at->left, fastest);
}

/* ---- what to say ---- */

static seep_headroom_reason reason_of(const outlook *at)
{
  return at->near ? SEEP_HEADROOM_NEAR : at->pace ? SEEP_HEADROOM_PACE : SEEP_HEADROOM_LEVEL;
}

/* Of the growth that the rate is of; where none is known, of being above: that is now, if it is not. */
static seep_mono since_of(const seep_engine_headroom *state, const outlook *at)
{
  if (at->run_per_hour > at->own_per_hour) {
    return state->run_since;
  }
  if (at->own_per_hour > 0) {
    return state->total.finding.began;
  }
  return at->pace && !at->near ? state->cases_since : state->above_since;
}

static seep_headroom_word warn(seep_engine_headroom *state, const outlook *at, seep_mono now)
{
  if (!state->open) {
    state->open = true;
    state->opened = now;
    state->least_left_bytes = at->left;
    state->near_told = false;
    state->calm = false;
  }
  state->told = now;
  state->told_left_bytes = at->left;
  state->reason = reason_of(at);
  state->near_told = state->near_told || at->near;
  double fastest = at->own_per_hour > at->run_per_hour ? at->own_per_hour : at->run_per_hour;
  state->rate_per_hour = fastest > at->cases_per_hour ? fastest : at->cases_per_hour;
  state->since = since_of(state, at);
  return SEEP_HEADROOM_WARN;
}

static bool is_worse(const seep_engine_headroom *state, const outlook *at)
{
  return (at->near && !state->near_told) || at->left < state->told_left_bytes / 2;
}

static bool is_over(seep_engine_headroom *state, const seep_settings *settings, const outlook *at,
                    seep_mono now)
{
  uint32_t percent = settings->commit_percent > OVER_POINTS ? settings->commit_percent - OVER_POINTS : 0;
  bool calm = (double)at->total < (double)at->limit * (double)percent / 100.0 && !at->near && !at->pace &&
              (double)at->left >= OVER_NEAR * (double)at->little;
  state->calm_since = calm && state->calm ? state->calm_since : now;
  state->calm = calm;
  bool again = state->has_been_over && seep_mono_since(state->opened, state->over) < AGAIN_MS;
  return calm && seep_mono_since(now, state->calm_since) >= (again ? CALM_AGAIN_MS : CALM_MS) &&
         seep_mono_since(now, state->told) >= TELL_AGAIN_MS;
}

static seep_headroom_word say(seep_engine_headroom *state, const seep_settings *settings, const outlook *at,
                              seep_mono now)
{
  bool warns = at->level || at->near || at->pace;
  if (!state->open) {
    return warns ? warn(state, at, now) : SEEP_HEADROOM_QUIET;
  }
  state->least_left_bytes = at->left < state->least_left_bytes ? at->left : state->least_left_bytes;
  if (is_over(state, settings, at, now)) {
    state->open = false;
    state->has_been_over = true;
    state->over = now;
    return SEEP_HEADROOM_OVER;
  }
  bool soon = seep_mono_since(now, state->told) < TELL_AGAIN_MS;
  return warns && !soon && is_worse(state, at) ? warn(state, at, now) : SEEP_HEADROOM_QUIET;
}

seep_headroom_word seep_engine_headroom_step(seep_engine_headroom *state, const seep_settings *settings,
                                             seep_mono now, const seep_system_memory *memory,
                                             double told_slopes)
{
  if (memory->commit_total_bytes == 0 || memory->commit_limit_bytes == 0 ||
      (state->begun && now.ms < state->last.ms)) {
    return SEEP_HEADROOM_QUIET;
  }
  outlook at = look(settings, memory, told_slopes);
  follow(state, settings, &at, now);
  at.level = state->above && seep_mono_since(now, state->above_since) >= settings->commit_percent_ms;
  judge_total(state, settings, &at, now);
  look_ahead(state, settings, &at);
  return say(state, settings, &at, now);
}
