/*
 * The families that nobody tunes with (SIM_UNSEEN): services as one meets them, each a mechanism that no
 * other family has in this form. Written from what such services do, without a detector run over them; when
 * somebody has looked at what a detector makes of them one by one, they become SIM_OWN and get successors.
 */
#include "families.h"

#include <math.h>

static double begin(sim_series *s, double least_days, double most_days)
{
  sim_series_last(s, least_days, most_days);
  double level = sim_draw_level(s);
  sim_add_level(s, level);
  return level;
}

static unsigned day_of_week(const sim_week *week, double at_s)
{
  return (unsigned)((at_s + week->offset_s) / SIM_DAY) % 7;
}

/* Is it so late, or less than so many hours later? */
static bool within_hours(const sim_week *week, double at_s, double hour, double length_h)
{
  return fmod(sim_week_hour(week, at_s) - hour + 24.0, 24.0) < length_h;
}

/* The next moment from at_s on when it is so late. */
static double next_at_hour(const sim_week *week, double at_s, double hour)
{
  return at_s + fmod(hour - sim_week_hour(week, at_s) + 24.0, 24.0) * SIM_HOUR;
}

/* A share of what is missing comes with each step. */
static double approach(double held, double target, double step_s, double tau_s)
{
  return held + (target - held) * (1.0 - exp(-step_s / tau_s));
}

/* The database is away for minutes to hours, and each attempt to connect leaves a connection behind; what
 * queues up meanwhile is given back. Between two storms nothing, or next to nothing. */
static void error_storms(sim_series *s)
{
  double level = begin(s, 12.0, 25.0), rate = sim_spread(s, 0.7, 60.0);
  double gap_s = sim_spread(s, 6.0, 36.0) * SIM_HOUR, queue = sim_uniform(s, 0.0, 1.0);
  double usual_s = sim_spread(s, 300.0, 3600.0), leaked = 0.0, onset_s = sim_uniform(s, 0.1, 1.0) * gap_s;
  double trickle = sim_random_below(&s->random, 2) == 0 ? 0.0 : rate * sim_uniform(s, 0.0, 0.1);
  sim_week week = sim_week_draw(s);
  for (double at_s = onset_s; at_s < sim_end(s);) {
    double share = sim_spread(s, 0.25, 2.5), mb = rate * gap_s / SIM_HOUR * share;
    sim_add_ramp(s, at_s, usual_s * share, mb);
    sim_add_block(s, at_s, usual_s * share * sim_uniform(s, 1.0, 1.5), mb * queue);
    leaked += mb;
    at_s += gap_s * (0.3 + sim_random_exponential(&s->random, 0.7));
  }
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_line(s, onset_s, trickle);
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, onset_s, leaked / (sim_end(s) - onset_s) * SIM_HOUR + trickle);
}

/* The heap is enlarged by a portion whenever more is to do than ever before, up to its limit, and is never
 * made smaller; beside it classes that are generated for requests and never unloaded, in chunks. */
static void class_metadata(sim_series *s)
{
  double level = begin(s, 12.0, 22.0), limit = sim_spread(s, 256.0, 6000.0);
  double portion = limit * sim_uniform(s, 0.03, 0.15), need = limit * sim_uniform(s, 0.3, 1.0);
  double heap = limit * sim_uniform(s, 0.1, 0.4), chunk = sim_spread(s, 0.25, 8.0);
  double rate = sim_spread(s, 1.8, 50.0), classes = 0.0; /* in a busy hour */
  sim_week week = sim_week_draw(s);
  sim_add_noise(s, sim_spread(s, 0.3, 3.0) * SIM_HOUR, 0.12);
  for (size_t i = 0; i < s->count; i++) {
    double load = sim_week_load(&week, sim_time(s, i)), unrest = s->mb[i] - level;
    while (heap < need * (load + unrest) && heap < limit) {
      heap += portion;
    }
    classes += rate * load * s->step_s / SIM_HOUR;
    s->mb[i] = level + (heap < limit ? heap : limit) + chunk * floor(classes / chunk);
  }
  sim_add_unrest(s, level, 0.001, 0.01);
  sim_leaks(s, 0.0, classes / sim_end(s) * SIM_HOUR);
}

/* A thread for each client. Those who just shut their computers in the evening are waited for in vain. */
static void thread_per_client(sim_series *s)
{
  double level = begin(s, 11.0, 20.0), thread = sim_spread(s, 0.8, 4.0), a_day = sim_spread(s, 20.0, 200.0);
  double clients = a_day * sim_uniform(s, 1.5, 4.0), lost = 0.0, window_h = sim_uniform(s, 1.5, 4.0);
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    bool evening =
        day_of_week(&week, t) < 5 && within_hours(&week, t, week.end_hour - 0.7 * window_h, window_h);
    double chance = evening ? a_day / window_h * s->step_s / SIM_HOUR : 0.0;
    for (; chance > 0.0; chance -= 1.0) {
      lost += sim_random_unit(&s->random) < chance ? 1.0 : 0.0;
    }
    s->mb[i] += thread * (lost + floor(clients * sim_week_load(&week, t)));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, lost * thread / sim_end(s) * SIM_HOUR);
}

/* Each time the configuration is read anew, both are there for minutes, the old one is given back in part
 * only, and the caches begin again. */
static void config_reload(sim_series *s)
{
  double level = begin(s, 9.0, 18.0), size = sim_spread(s, 60.0, 1500.0), left = sim_uniform(s, 0.15, 0.6);
  double gap_s = SIM_DAY / sim_spread(s, 1.5, 10.0), cache = size * sim_uniform(s, 0.0, 2.0);
  double tau_s = sim_spread(s, 600.0, 3.0 * SIM_HOUR), both_s = sim_spread(s, 30.0, 400.0);
  bool by_clock = sim_random_below(&s->random, 2) == 0;
  double since_s = 0.0, next_s = gap_s * sim_uniform(s, 0.1, 1.0), lost = 0.0, onset_s = next_s;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    while (t >= next_s) {
      lost += size * left * sim_uniform(s, 0.8, 1.2);
      since_s = next_s;
      next_s += by_clock ? gap_s : gap_s * (0.05 + sim_random_exponential(&s->random, 0.95));
    }
    double twice = lost > 0.0 && t < since_s + both_s ? size : 0.0;
    s->mb[i] += size + lost + twice + cache * (1.0 - exp(-(t - since_s) / tau_s));
  }
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, onset_s, lost / (sim_end(s) - onset_s) * SIM_HOUR);
}

/* The worker is replaced whenever it holds more than it may: after hours of work, or not before Monday. */
static void recycled_at_limit(sim_series *s)
{
  sim_series_last(s, 9.0, 18.0);
  double level = sim_draw_level(s), room = sim_spread(s, 150.0, 3000.0), leaked = 0.0, all = 0.0,
         begin_s = 0.0;
  double day_rate = room / sim_spread(s, 10.0, 45.0), start_up = level * sim_uniform(s, 0.1, 0.6);
  double tau_s = sim_spread(s, 60.0, 3600.0), busy = room * sim_uniform(s, 0.0, 0.3);
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), load = sim_week_load(&week, t);
    if (leaked + busy * load > room) {
      s->restarted[i] = 1;
      begin_s = t;
      leaked = 0.0;
    }
    leaked += day_rate * load * s->step_s / SIM_HOUR;
    all += day_rate * load * s->step_s / SIM_HOUR;
    s->mb[i] += level + start_up * (1.0 - exp(-(t - begin_s) / tau_s)) + busy * load + leaked;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, 0.0, all / sim_end(s) * SIM_HOUR);
}

/* Messages that nobody can deliver are tried again and again, and each attempt leaves something behind:
 * more with each such message. */
static void poison_messages(sim_series *s)
{
  sim_series_last(s, 10.0, 20.0);
  double level = sim_draw_level(s), total = sim_spread(s, 300.0, 8000.0), onset_s = sim_uniform(s, 1.0, 5.0);
  double gap_s = sim_spread(s, 1.0, 20.0) * SIM_HOUR, retry_s = sim_spread(s, 300.0, 3.0 * SIM_HOUR);
  onset_s *= SIM_DAY;
  double next_s = onset_s, pass_s = onset_s, stuck = 0.0, leaked = 0.0;
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    for (; t >= next_s; next_s += sim_random_exponential(&s->random, gap_s)) {
      stuck += 1.0;
    }
    for (; t >= pass_s; pass_s += retry_s) {
      leaked += stuck;
    }
    s->mb[i] = leaked;
  }
  for (size_t i = 0; i < s->count; i++) {
    s->mb[i] *= total / leaked;
  }
  sim_week week = sim_week_draw(s);
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, onset_s, total / (sim_end(s) - onset_s) * SIM_HOUR);
}

/* Reports that need much for minutes, as every day; then one that never ends. */
static void runaway_report(sim_series *s)
{
  double level = begin(s, 10.0, 14.0), pace = sim_spread(s, 300.0, 12000.0), at_s = 0.0;
  double gap_s = sim_spread(s, 0.3, 4.0) * SIM_HOUR, onset_s = sim_uniform(s, 7.0, 9.0) * SIM_DAY;
  sim_week week = sim_week_draw(s);
  while ((at_s += sim_random_exponential(&s->random, gap_s)) < sim_end(s)) {
    double length_s = sim_spread(s, 120.0, 2400.0), mb = pace * sim_spread(s, 0.4, 1.5) * length_s / SIM_HOUR;
    mb = mb < 3000.0 ? mb : 3000.0;
    size_t end = sim_index(s, at_s + length_s);
    if (sim_random_unit(&s->random) > sim_week_load(&week, at_s)) {
      continue;
    }
    for (size_t i = sim_index(s, at_s); i < end; i++) {
      s->mb[i] += mb * (sim_time(s, i) - at_s) / length_s;
    }
  }
  sim_add_start_up(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_add_line(s, onset_s, pace);
  sim_leaks(s, onset_s, pace);
}

/* A job works through the night and gives all back, until updates are installed and the machine is started
 * anew, once or twice: from then on some of each night's work stays. By day nothing grows. */
static void night_job_after_patch(sim_series *s)
{
  double level = begin(s, 14.0, 25.0), left = sim_spread(s, 20.0, 500.0),
         size = left * sim_uniform(s, 1.5, 5.0);
  sim_week week = sim_week_draw(s);
  unsigned nights = sim_random_below(&s->random, 2) == 0 ? 5 : 7;
  double hour = sim_uniform(s, 19.0, 23.0), usual_s = sim_uniform(s, 1.0, 4.5) * SIM_HOUR;
  double patch_s = next_at_hour(&week, sim_uniform(s, 3.0, 7.0) * SIM_DAY, sim_uniform(s, 3.6, 5.0));
  double onset_s = SIM_FOREVER, leaked = 0.0;
  size_t patch = sim_index(s, patch_s), again = sim_index(s, patch_s + sim_spread(s, 300.0, 2400.0));
  for (double at_s = next_at_hour(&week, 0.0, hour); at_s < sim_end(s); at_s += SIM_DAY) {
    double volume = sim_uniform(s, 0.6, 1.4), length_s = usual_s * volume;
    if (day_of_week(&week, at_s) >= nights) {
      continue;
    }
    sim_add_ramp(s, at_s, length_s, size * volume);
    sim_add_step(s, at_s + length_s, -size * volume);
    if (at_s >= patch_s) {
      sim_add_ramp(s, at_s, length_s, left * volume);
      onset_s = at_s < onset_s ? at_s : onset_s;
      leaked += left * volume;
    }
  }
  s->restarted[patch] = 1;
  if (sim_random_below(&s->random, 2) == 0 && again < s->count) {
    s->restarted[again] = 1;
  }
  double warm = level * sim_uniform(s, 0.1, 1.0), tau_s = sim_spread(s, 120.0, 2.0 * SIM_HOUR);
  sim_add_filling(s, 0.0, patch_s, warm, tau_s);
  sim_add_filling(s, patch_s, SIM_FOREVER, warm * sim_uniform(s, 0.9, 1.2), tau_s);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.002, 0.02);
  sim_leaks(s, onset_s, leaked / (sim_end(s) - onset_s) * SIM_HOUR);
}

#define MOST_TENANTS 300u

/* Each tenant has a cache of its own that is made when somebody of them comes for the first time: most on
 * the first day, some not before next week. */
static void tenants_wake(sim_series *s)
{
  double level = begin(s, 10.0, 22.0), total = sim_spread(s, 100.0, 5000.0), sum = 0.0, due[MOST_TENANTS];
  double mb[MOST_TENANTS], tau_s = sim_spread(s, 300.0, 4.0 * SIM_HOUR), busy_s = 0.0, awake = 0.0,
                           held = 0.0;
  unsigned asleep = 15 + sim_random_below(&s->random, MOST_TENANTS - 15);
  sim_week week = sim_week_draw(s);
  for (unsigned k = 0; k < asleep; k++) {
    double visits_a_day = sim_spread(s, 0.15, 30.0); /* of nine busy hours */
    due[k] = sim_random_exponential(&s->random, 9.0 * SIM_HOUR / visits_a_day);
    mb[k] = 0.2 + sim_random_pareto(&s->random, 2.5);
    sum += mb[k];
  }
  for (size_t i = 0; i < s->count; i++) {
    double load = sim_week_load(&week, sim_time(s, i));
    busy_s += load * s->step_s;
    for (unsigned k = 0; k < asleep;) {
      if (busy_s >= due[k]) {
        awake += mb[k] / sum * total;
        asleep--;
        due[k] = due[asleep];
        mb[k] = mb[asleep];
      } else {
        k++;
      }
    }
    held = approach(held, awake, s->step_s, tau_s);
    s->mb[i] += held;
  }
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Written out when it is full, however long that takes: hours of work, or three days and a weekend. */
static void log_buffer(sim_series *s)
{
  double level = begin(s, 12.0, 22.0), size = sim_spread(s, 60.0, 2000.0);
  double fill_s = sim_spread(s, 1.0, 30.0) * SIM_HOUR, segment = sim_spread(s, 0.1, 64.0);
  double kept = sim_uniform(s, 0.0, 0.1), held = size * sim_uniform(s, 0.0, 0.2);
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    held += size * sim_week_load(&week, sim_time(s, i)) * s->step_s / fill_s;
    held = held < size ? held : size * kept * sim_uniform(s, 0.5, 1.5);
    s->mb[i] += segment * ceil(held / segment);
  }
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.001, 0.01);
}

/* A scanner reads new signatures several times a day, has both sets for minutes and drops the old one. Each
 * is a little larger, until a new base comes once a week or two. Once a day it looks at everything. */
static void signature_updates(sim_series *s)
{
  sim_series_last(s, 9.0, 25.0);
  double size = sim_spread(s, 60.0, 700.0), gap_s = sim_spread(s, 2.0, 24.0) * SIM_HOUR, set = size;
  double growth = sim_spread(s, 0.0001, 0.003), base_s = sim_uniform(s, 6.0, 14.0) * SIM_DAY;
  double next_s = sim_uniform(s, 0.0, 1.0) * gap_s, new_base_s = sim_uniform(s, 0.0, 1.0) * base_s;
  double both_s = sim_spread(s, 30.0, 900.0), since_s = -SIM_DAY, old = 0.0, hour = sim_uniform(s, 0.0, 24.0);
  double scan = size * sim_uniform(s, 0.1, 1.5), scan_h = sim_spread(s, 0.3, 4.0);
  sim_week week = sim_week_draw(s);
  set += size * growth * (base_s - new_base_s) / gap_s; /* since the last base */
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    for (; t >= next_s; next_s += gap_s * sim_uniform(s, 0.7, 1.3)) {
      old = set;
      since_s = next_s;
      set += size * growth * sim_uniform(s, 0.0, 2.0);
      if (next_s >= new_base_s) {
        set = size * sim_uniform(s, 0.99, 1.01);
        new_base_s += base_s;
      }
    }
    s->mb[i] += set + (t < since_s + both_s ? old : 0.0);
    s->mb[i] += within_hours(&week, t, hour, scan_h) ? scan : 0.0;
  }
  sim_add_level(s, 0.2 * size);
  sim_add_week(s, &week, size * sim_uniform(s, 0.0, 0.2)); /* files that are looked at when opened */
  sim_add_unrest(s, size, 0.001, 0.02);
}

/* Few reports but for the days about the end of the month, when everybody wants some. Results are kept for
 * hours or days. */
static void monthly_reports(sim_series *s)
{
  sim_series_last(s, 18.0, 25.0);
  double level = sim_draw_level(s), peak = sim_spread(s, 100.0, 3500.0), kept_s = sim_spread(s, 4.0, 60.0);
  double turn_s = sim_uniform(s, 2.0, 24.0) * SIM_DAY, busy_s = sim_uniform(s, 1.0, 4.0) * SIM_DAY;
  double gap_s = sim_spread(s, 300.0, 2400.0), rare = sim_uniform(s, 0.0, 0.12), at_s = 0.0, held = 0.0;
  kept_s *= SIM_HOUR;
  double usual = peak / ((kept_s < busy_s ? kept_s : busy_s) * 0.35 / gap_s + 1.0);
  sim_week week = sim_week_draw(s);
  while ((at_s += sim_random_exponential(&s->random, gap_s)) < sim_end(s)) {
    double since_s = fmod(at_s - turn_s + 12.0 * 30.0 * SIM_DAY, 30.0 * SIM_DAY);
    double wanted = sim_week_load(&week, at_s) * (since_s < busy_s ? 1.0 : rare);
    if (sim_random_unit(&s->random) < wanted) {
      double mb = usual * sim_spread(s, 0.3, 2.5);
      size_t from = sim_index(s, at_s), to = sim_index(s, at_s + kept_s * sim_uniform(s, 0.9, 1.1));
      s->mb[from] += mb; /* what comes and goes; summed up below */
      if (to < s->count) {
        s->mb[to] -= mb;
      }
    }
  }
  for (size_t i = 0; i < s->count; i++) {
    held += s->mb[i];
    s->mb[i] = held;
  }
  sim_add_level(s, level);
  sim_add_start_up(s, level);
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Reads all there is once, mostly when nobody else works: words get new ones slower and slower. When all is
 * read, parts are merged and most is given back; then only what changes by day is read. */
static void index_crawl(sim_series *s)
{
  double level = begin(s, 10.0, 20.0), words = sim_spread(s, 60.0, 3000.0),
         power = sim_uniform(s, 0.45, 0.75);
  double begin_s = sim_random_below(&s->random, 2) == 0 ? 0.0 : sim_uniform(s, 0.0, 4.0) * SIM_DAY;
  double whole_s = sim_spread(s, 3.0, 72.0) * SIM_HOUR, buffer = words * sim_uniform(s, 0.05, 0.4);
  double portion = sim_spread(s, 0.004, 0.06), read = 0.0, fresh = 0.0, kept = sim_uniform(s, 0.2, 0.9);
  double merge = words * sim_uniform(s, 0.1, 1.0), merge_s = sim_spread(s, 0.3, 4.0) * SIM_HOUR;
  double changes = sim_spread(s, 0.001, 0.03), merged_s = SIM_FOREVER; /* share of all in a busy hour */
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), load = sim_week_load(&week, t), done;
    if (t < begin_s) {
      continue;
    }
    done = read < 1.0 ? (1.25 - load) * s->step_s / whole_s : changes * load * s->step_s / SIM_HOUR;
    fresh = fmod(fresh + done, portion);
    if (read < 1.0) {
      read += done;
      merged_s = t + merge_s;
    }
    bool merging = read >= 1.0 && t < merged_s;
    double known = read < 1.0 ? pow(read, power) : merging ? 1.0 : kept;
    s->mb[i] += words * known + buffer * fresh / portion + (merging ? merge : 0.0);
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* A native heap in pieces: takes more from the system when more is wanted than ever before, and the more so
 * the worse it is cut up, which has an end; gives little back. */
static void fragmentation(sim_series *s)
{
  double level = begin(s, 10.0, 22.0), need = sim_spread(s, 30.0, 2500.0), holes = sim_uniform(s, 0.1, 0.8);
  double tau_s = sim_spread(s, 4.0, 72.0) * SIM_HOUR, kept = sim_uniform(s, 0.7, 1.0), record = 0.0;
  double idle = sim_uniform(s, 0.1, 0.6), piece = sim_spread(s, 0.06, 16.0);
  sim_week week = sim_week_draw(s);
  sim_add_noise(s, sim_spread(s, 120.0, 2.0 * SIM_HOUR), sim_uniform(s, 0.02, 0.1));
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), load = sim_week_load(&week, t) + (s->mb[i] - level);
    double cut = 1.0 + holes * (1.0 - exp(-t / tau_s));
    double wanted = need * (idle + (1.0 - idle) * load) * cut;
    record = wanted > record ? wanted : record;
    double held = wanted > kept * record ? wanted : kept * record;
    s->mb[i] = level + piece * ceil(held / piece);
  }
  sim_add_unrest(s, level, 0.001, 0.01);
}

/* A healthy web application whose worker is replaced every 29 hours, so each time at another hour of the
 * day; its caches fill with the requests that come. */
static void replaced_every_29_hours(sim_series *s)
{
  double level = begin(s, 9.0, 20.0), cache = level * sim_uniform(s, 0.2, 1.2), held = 0.0, begin_s = 0.0;
  double tau_s = sim_spread(s, 0.3, 6.0) * SIM_HOUR, start_up = level * sim_uniform(s, 0.1, 0.6);
  double start_s = sim_spread(s, 30.0, 600.0), age_s = sim_uniform(s, 0.0, 28.0) * SIM_HOUR;
  double life_s = 29.0 * SIM_HOUR;
  sim_week week = sim_week_draw(s);
  begin_s = -age_s; /* it has been there for some time, or a minute */
  held = cache * (1.0 - exp(-0.4 * age_s / tau_s));
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    if (t >= begin_s + life_s) {
      s->restarted[i] = i > 0;
      begin_s += life_s;
      held = 0.0;
    }
    held = approach(held, cache, s->step_s * sim_week_load(&week, t), tau_s);
    s->mb[i] += held + start_up * (1.0 - exp(-(t - begin_s) / start_s));
  }
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.5));
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* A new version every few days in working hours, some taken back within the hour; each needs days of work
 * until it holds what it will hold, which is not quite what the last one held. */
static void deploys_warm_slowly(sim_series *s)
{
  double level = begin(s, 14.0, 25.0), warm = level * sim_uniform(s, 0.2, 1.2), held = 0.0, now = warm;
  double tau_s = sim_spread(s, 1.0, 14.0) * SIM_HOUR, gap_s = sim_uniform(s, 2.0, 8.0) * SIM_DAY;
  double next_s = sim_uniform(s, 0.2, 1.0) * gap_s;
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i), load = sim_week_load(&week, t);
    if (t >= next_s && load > 0.5) {
      bool taken_back = sim_random_below(&s->random, 8) == 0;
      next_s = t + (taken_back ? sim_spread(s, 300.0, 3600.0) : gap_s * sim_uniform(s, 0.5, 1.5));
      now = warm * sim_uniform(s, 0.85, 1.2);
      held = 0.0;
      s->restarted[i] = i > 0;
    }
    held = approach(held, now, s->step_s * load, tau_s);
    s->mb[i] += held;
  }
  sim_add_week(s, &week, level * sim_uniform(s, 0.0, 0.3));
  sim_add_unrest(s, level, 0.002, 0.02);
}

/* Takes orders all day and passes them on at night. After a day with many some are left for the night that
 * follows. */
static void night_spool(sim_series *s)
{
  double level = begin(s, 9.0, 20.0), size = sim_spread(s, 60.0, 2500.0), held = 0.0, today = 1.0;
  double hour = sim_uniform(s, 19.0, 24.0), open_h = sim_uniform(s, 4.0, 8.0),
         scatter = sim_uniform(s, 0.1, 0.45);
  double drain = size / (open_h * sim_uniform(s, 0.25, 0.8)), next_day_s = 0.0; /* MB per hour */
  sim_week week = sim_week_draw(s);
  for (size_t i = 0; i < s->count; i++) {
    double t = sim_time(s, i);
    for (; t >= next_day_s; next_day_s = next_at_hour(&week, next_day_s + SIM_HOUR, 0.0)) {
      today = exp(scatter * sim_random_normal(&s->random));
    }
    held += size * today * sim_week_load(&week, t) / 10.0 * s->step_s / SIM_HOUR;
    held -= within_hours(&week, t, hour, open_h) ? drain * s->step_s / SIM_HOUR : 0.0;
    held = held > 0.0 ? held : 0.0;
    s->mb[i] += held;
  }
  sim_add_unrest(s, level, 0.002, 0.02);
}

const sim_family sim__unseen_families[] = {
    {"error-storms", SIM_UNSEEN, true, error_storms},
    {"class-metadata", SIM_UNSEEN, true, class_metadata},
    {"thread-per-client", SIM_UNSEEN, true, thread_per_client},
    {"config-reload", SIM_UNSEEN, true, config_reload},
    {"recycled-at-limit", SIM_UNSEEN, true, recycled_at_limit},
    {"poison-messages", SIM_UNSEEN, true, poison_messages},
    {"runaway-report", SIM_UNSEEN, true, runaway_report},
    {"night-job-after-patch", SIM_UNSEEN, true, night_job_after_patch},
    {"tenants-wake", SIM_UNSEEN, false, tenants_wake},
    {"log-buffer", SIM_UNSEEN, false, log_buffer},
    {"signature-updates", SIM_UNSEEN, false, signature_updates},
    {"monthly-reports", SIM_UNSEEN, false, monthly_reports},
    {"index-crawl", SIM_UNSEEN, false, index_crawl},
    {"fragmentation", SIM_UNSEEN, false, fragmentation},
    {"replaced-every-29-hours", SIM_UNSEEN, false, replaced_every_29_hours},
    {"deploys-warm-slowly", SIM_UNSEEN, false, deploys_warm_slowly},
    {"night-spool", SIM_UNSEEN, false, night_spool},
};
const size_t sim__unseen_family_count = sizeof sim__unseen_families / sizeof sim__unseen_families[0];
