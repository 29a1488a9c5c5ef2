/* One candidate on one series, and sums over many of those. */
#include "score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COOL_DOWN_MS INT64_C(86400000)
#define CLASS_OF_10_MB_PER_HOUR 2
#define LEAST_HEADROOM UINT64_C(1048576) /* there is always something left, if only in the page file */

static uint64_t headroom_at(const sim_series *series, size_t i)
{
  uint64_t room = series->world->limit_bytes - series->world->other_bytes, bytes = series->bytes[i];
  return room > bytes + LEAST_HEADROOM ? room - bytes : LEAST_HEADROOM;
}

static void note_call(lab_outcome *out, int level, int64_t t_ms, int64_t *last_ms, uint32_t *episodes)
{
  bool early = out->leaks && (double)t_ms < out->onset_s * 1000.0;
  if (!out->called) {
    out->called = true;
    out->call_ms = t_ms;
    out->early = early;
  }
  if (level == JUDGE_LEAK && !out->called_leak) {
    out->called_leak = true;
    out->leak_call_ms = t_ms;
    out->early_leak = early;
  }
  if (*last_ms == SIM_NEVER || t_ms - *last_ms > COOL_DOWN_MS) {
    ++*episodes;
  }
  *last_ms = t_ms;
}

void lab_run_at(const judge_candidate *candidate, void *state, const sim_series *series,
                const int64_t *times_ms, lab_outcome *out)
{
  out->leaks = series->leak;
  out->called = out->called_leak = out->early = out->early_leak = false;
  out->told = false;
  out->call_ms = out->leak_call_ms = SIM_NEVER;
  out->onset_s = series->onset_s;
  out->rate_mb_per_hour = series->rate_mb_per_hour;
  out->leak_episodes = out->rapid_episodes = 0;
  int64_t last_leak_ms = SIM_NEVER, last_rapid_ms = SIM_NEVER, t_ms = 0;
  candidate->init(state);
  for (size_t i = 0; i < series->count; i++) {
    t_ms = times_ms != NULL ? times_ms[i] : (int64_t)i * series->world->poll_ms;
    int level = JUDGE_NONE;
    if (series->restarted[i]) {
      level = candidate->restart(state, candidate->settings, t_ms);
    }
    int now = candidate->step(state, candidate->settings, t_ms, series->bytes[i], headroom_at(series, i));
    if (now == JUDGE_LEAK && level != JUDGE_LEAK && !out->called_leak && candidate->rate != NULL) {
      out->told = true;
      out->rate = candidate->rate(state);
    }
    level = now > level ? now : level;
    if (level >= JUDGE_LEAK) {
      note_call(out, level, t_ms, &last_leak_ms, &out->leak_episodes);
    } else if (level == JUDGE_RAPID) {
      note_call(out, level, t_ms, &last_rapid_ms, &out->rapid_episodes);
    }
  }
  out->samples = series->count;
  out->days = (double)t_ms / 86400000.0;
}

/* A life that ends gives back what it leaked: the largest share stands for all of them. */
double lab_share_eaten(const sim_series *series, const lab_outcome *out)
{
  size_t onset = (size_t)(series->onset_s / series->step_s);
  if (!series->leak || onset >= series->count) {
    return 0.0;
  }
  double most = 0.0, before = (double)series->bytes[onset], room = (double)headroom_at(series, onset);
  for (size_t i = onset; i < series->count; i++) {
    if (out->called && !out->early && (int64_t)i * series->world->poll_ms > out->call_ms) {
      break;
    }
    most = fmax(most, ((double)series->bytes[i] - before) / room);
  }
  return most;
}

static int by_value(const void *left, const void *right)
{
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

double lab_percentile(double *values, unsigned count, double share)
{
  if (count == 0) {
    return NAN;
  }
  qsort(values, count, sizeof *values, by_value);
  double place = share * (count - 1);
  unsigned i = (unsigned)place;
  double above = i + 1 < count ? values[i + 1] : values[i];
  return values[i] + (place - (double)i) * (above - values[i]);
}

static unsigned rate_class(double mb_per_hour)
{
  static const double least[] = {1024.0, 100.0, 10.0, 1.0};
  unsigned class = 0;
  while (class < LAB_RATE_CLASSES - 1 && mb_per_hour < least[class]) {
    class ++;
  }
  return class;
}

/* What belongs into one lab_delay: leaks of some rate classes; to any call, or to a leak verdict. */
typedef struct wanted {
  lab_filter *filter;
  const void *context;
  unsigned first_class, last_class; /* of rates */
  bool leak_verdict;
} wanted;

static lab_delay delay_of(const lab_outcome *outcomes, size_t count, const wanted *want, double *hours)
{
  lab_delay delay = {0, 0, NAN, NAN};
  for (size_t i = 0; i < count; i++) {
    const lab_outcome *o = &outcomes[i];
    unsigned class = rate_class(o->rate_mb_per_hour);
    bool in_class = class >= want->first_class && class <= want->last_class;
    if (!o->leaks || !in_class || !want->filter(o, want->context)) {
      continue;
    }
    delay.leaks++;
    bool found = want->leak_verdict ? o->called_leak && !o->early_leak && !o->early : o->called && !o->early;
    if (found) {
      int64_t at_ms = want->leak_verdict ? o->leak_call_ms : o->call_ms;
      hours[delay.found++] = ((double)at_ms / 1000.0 - o->onset_s) / SIM_HOUR;
    }
  }
  delay.median_h = lab_percentile(hours, delay.found, 0.5);
  delay.p90_h = lab_percentile(hours, delay.found, 0.9);
  return delay;
}

static double share(double part, double whole)
{
  return whole > 0.0 ? part / whole : NAN;
}

static void count_outcome(lab_total *total, const lab_outcome *o)
{
  if (o->leaks) {
    total->leaks++;
    total->early += o->early;
    total->early_leak += o->early_leak;
    total->worst_eaten = fmax(total->worst_eaten, o->eaten);
    return;
  }
  total->healthy++;
  total->false_any += o->called;
  total->false_leak += o->leak_episodes > 0;
  total->false_rapid += o->rapid_episodes > 0;
  total->leak_episodes += o->leak_episodes;
  total->rapid_episodes += o->rapid_episodes;
  total->healthy_days += o->days;
}

static double *numbers(size_t count)
{
  double *values = malloc((count > 0 ? count : 1) * sizeof *values);
  if (values == NULL) {
    fputs("out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  return values;
}

lab_total lab_add_up(const lab_outcome *outcomes, size_t count, lab_filter *filter, const void *context)
{
  lab_total total = {0};
  double nanoseconds = 0.0, samples = 0.0;
  double *hours = numbers(count);
  for (size_t i = 0; i < count; i++) {
    if (filter(&outcomes[i], context)) {
      count_outcome(&total, &outcomes[i]);
      nanoseconds += outcomes[i].nanoseconds;
      samples += (double)outcomes[i].samples;
    }
  }
  wanted want = {filter, context, 0, LAB_RATE_CLASSES - 1, false};
  total.delay = delay_of(outcomes, count, &want, hours);
  want.leak_verdict = true;
  total.leak_delay = delay_of(outcomes, count, &want, hours);
  want.leak_verdict = false;
  for (unsigned class = 0; class < LAB_RATE_CLASSES; class ++) {
    want.first_class = want.last_class = class;
    total.by_rate[class] = delay_of(outcomes, count, &want, hours);
  }
  want.first_class = 0;
  want.last_class = CLASS_OF_10_MB_PER_HOUR;
  total.at_least_10_mb_per_hour = delay_of(outcomes, count, &want, hours);
  free(hours);
  total.found = total.delay.found;
  total.found_leak = total.leak_delay.found;
  total.precision = share(total.found, (double)total.found + total.false_any + total.early);
  total.leak_precision =
      share(total.found_leak, (double)total.found_leak + total.false_leak + total.early_leak);
  total.recall = share(total.found, total.leaks);
  total.leak_recall = share(total.found_leak, total.leaks);
  total.nanoseconds_per_sample = share(nanoseconds, samples);
  return total;
}

lab_honesty lab_judge_rates(const lab_outcome *outcomes, size_t count, lab_filter *filter,
                            const void *context)
{
  lab_honesty honesty = {0, 0, NAN, NAN};
  double *errors = numbers(count), *halves = numbers(count);
  for (size_t i = 0; i < count; i++) {
    const lab_outcome *o = &outcomes[i];
    if (!o->leaks || !o->told || o->early_leak || !filter(o, context)) {
      continue;
    }
    double truth = o->rate_mb_per_hour * SIM_MB;
    honesty.within += truth >= o->rate.low_per_hour && truth <= o->rate.high_per_hour;
    errors[honesty.verdicts] = fabs(o->rate.per_hour - truth) / truth;
    halves[honesty.verdicts++] = (o->rate.high_per_hour - o->rate.low_per_hour) / 2.0 / truth;
  }
  honesty.median_error = lab_percentile(errors, honesty.verdicts, 0.5);
  honesty.median_half_interval = lab_percentile(halves, honesty.verdicts, 0.5);
  free(errors);
  free(halves);
  return honesty;
}
