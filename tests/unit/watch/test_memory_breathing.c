/*
 * Weeks of processes whose memory comes and goes, at the settings as shipped: what breathes must never be
 * told as what leaks, whatever the moment at which it is looked into. Heap and Private Data of each process
 * are functions of time, the engine asks when it likes, and every kind that it says anywhere is noted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory_rig.h"

#define POLL_MS 30000
#define HOUR_POLLS 120u
#define PI 3.14159265358979323846

typedef enum breath_shape { SINE, SAW, BLOCK } breath_shape;

/* In MB and hours. */
typedef struct life {
  double heap, private_data;              /* at the beginning */
  double heap_per_hour, private_per_hour; /* leaks */
  double breath, period, phase;           /* of the heap */
  breath_shape shape;
  double noise;     /* of the heap, from poll to poll */
  double trim_at;   /* then half of the heap is given back; 0: never */
  double lives_for; /* then the process ends and the next one is started; 0: it does not end */
  bool cut;         /* its list of regions is always cut */
} life;

/* What has come of it. */
typedef struct story {
  size_t looks, most_looks_a_day;
  double told_h, known_h;       /* when the case was opened, and when its kind was known; 0: never */
  char kind[32];                /* as the row says at the end; "" without a row */
  bool said_heap, said_private; /* at any time, in the row */
} story;

static uint64_t random_state;

static double random_share(void)
{
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(random_state >> 40) / 16777216.0;
}

static int set_up(void **state)
{
  engine_rig *r;
  if (engine_rig_set_up(state) != 0) {
    return -1;
  }
  r = *state;
  seep_settings_defaults(&r->settings);
  r->settings.capture_enabled = false;
  engine_rig_restart(r);
  return 0;
}

static double breath_of(const life *l, double hours)
{
  double place = hours / l->period + l->phase;
  place -= floor(place);
  switch (l->shape) {
  case SINE:
    return l->breath * 0.5 * (1.0 - cos(2.0 * PI * place));
  case SAW:
    return l->breath * place;
  case BLOCK:
  default:
    return place < 0.5 ? 0.0 : l->breath;
  }
}

static double heap_of(const life *l, double hours)
{
  double heap = l->heap + l->heap_per_hour * hours + (l->breath > 0.0 ? breath_of(l, hours) : 0.0);
  heap += l->noise * random_share();
  return l->trim_at > 0.0 && hours >= l->trim_at ? heap - l->heap / 2.0 : heap;
}

static uint64_t pages(double megabytes)
{
  return (uint64_t)(megabytes * 256.0) * 4096u;
}

static void note_row(engine_rig *r, story *s, double now_h)
{
  if (r->leaks_opened == 0) {
    return;
  }
  s->told_h = s->told_h > 0.0 ? s->told_h : now_h;
  snprintf(s->kind, sizeof s->kind, "%s", r->last_leak.kind);
  bool heap = strcmp(s->kind, "Heap") == 0, private_data = strcmp(s->kind, "Private Data") == 0;
  s->said_heap = s->said_heap || heap;
  s->said_private = s->said_private || private_data;
  if (s->known_h <= 0.0 && (heap || private_data)) {
    s->known_h = now_h;
  }
}

static void live(engine_rig *r, const life *l, unsigned hours, story *s)
{
  seep_process_sample sample = {.name_utf16le = (const uint8_t *)"x\0", .name_bytes = 2};
  size_t looks_before_day = 0;
  memset(s, 0, sizeof *s);
  for (unsigned poll = 0; poll < hours * HOUR_POLLS; poll++) {
    double now_h = (double)poll / HOUR_POLLS;
    unsigned number = l->lives_for > 0.0 ? (unsigned)(now_h / l->lives_for) : 0;
    double age_h = now_h - number * l->lives_for;
    uint64_t heap = pages(heap_of(l, age_h)), other = pages(l->private_data + l->private_per_hour * age_h);
    sample.key = (seep_process_key){1000 + number, 7000 + number};
    sample.commit_bytes = heap + other;
    fake_world_advance(&r->world, POLL_MS);
    size_t before = r->inventories;
    seep_engine_poll_samples(r->engine, engine_rig_now(r), &sample, 1, &r->world.memory);
    if (r->inventories > before) {
      seep_inventory inventory = memory_rig_inventory(heap, other);
      inventory.regions_cut = l->cut;
      memory_rig_answer(r, &inventory);
    }
    if (poll % (24u * HOUR_POLLS) == 0) {
      looks_before_day = before;
    }
    size_t today = r->inventories - looks_before_day;
    s->most_looks_a_day = today > s->most_looks_a_day ? today : s->most_looks_a_day;
    note_row(r, s, now_h);
  }
  s->looks = r->inventories;
}

/* ---- lives ---- */

#define PHASES 5

/* Of every shape and phase. `first_phase`: 1 leaves out the phase in which a life begins with a breath in. */
static void all_breaths(void **state, const life *kind, unsigned first_phase, unsigned hours,
                        void (*check)(const story *s))
{
  for (int shape = SINE; shape <= BLOCK; shape++) {
    for (unsigned phase = first_phase; phase < PHASES; phase++) {
      life l = *kind;
      story s;
      l.shape = (breath_shape)shape;
      l.phase = (double)phase / PHASES;
      engine_rig_tear_down(state);
      assert_int_equal(set_up(state), 0);
      live(*state, &l, hours, &s);
      assert_true(s.most_looks_a_day <= 24);
      check(&s);
    }
  }
}

static unsigned known;

static void is_never_heap(const story *s)
{
  assert_true(s->told_h > 0.0);
  assert_false(s->said_heap);
  known += s->said_private;
}

static void is_never_told(const story *s)
{
  assert_true(s->told_h <= 0.0);
}

static void a_breath_by_the_hour_is_not_the_leak(void **state)
{
  static const life l = {
      .heap = 400, .private_data = 100, .private_per_hour = 2, .breath = 100, .period = 1, .noise = 4};
  known = 0;
  all_breaths(state, &l, 0, 96, is_never_heap);
  assert_int_equal(known, 3 * PHASES);
}

static void a_breath_by_some_hours_is_not_the_leak(void **state)
{
  static const life l = {
      .heap = 400, .private_data = 100, .private_per_hour = 2, .breath = 100, .period = 5.3, .noise = 4};
  known = 0;
  all_breaths(state, &l, 0, 120, is_never_heap);
  assert_true(known >= 2 * PHASES);
}

/* A life that begins with nineteen hours of a saw's tooth has a leak of its heap until the tooth ends. */
static void a_breath_by_the_day_is_not_the_leak(void **state)
{
  static const life l = {
      .heap = 400, .private_data = 100, .private_per_hour = 4, .breath = 300, .period = 24};
  known = 0;
  all_breaths(state, &l, 1, 240, is_never_heap);
  assert_true(known >= 3 * (PHASES - 1) / 2);
}

static void a_healthy_breath_is_not_told(void **state)
{
  static const life by_hour = {.heap = 400, .private_data = 100, .breath = 100, .period = 1, .noise = 10};
  static const life by_day = {.heap = 400, .private_data = 100, .breath = 300, .period = 24, .noise = 10};
  all_breaths(state, &by_hour, 0, 72, is_never_told);
  all_breaths(state, &by_day, 1, 120, is_never_told);
}

static void a_slow_leak_in_much_memory_is_known_in_time(void **state)
{
  static const life l = {.heap = 2000, .private_data = 48, .heap_per_hour = 1, .noise = 2};
  story s;
  live(*state, &l, 60, &s);
  assert_true(s.known_h > 0.0 && s.known_h < 60.0);
  assert_string_equal(s.kind, "Heap");
  assert_true(s.most_looks_a_day <= 10);
}

static void after_giving_back_half_the_leak_is_known(void **state)
{
  static const life l = {.heap = 2000, .private_data = 48, .private_per_hour = 4, .trim_at = 12, .noise = 2};
  story s;
  live(*state, &l, 160, &s);
  assert_string_equal(s.kind, "Private Data");
  assert_false(s.said_heap);
  assert_true(s.most_looks_a_day <= 24);
}

static void of_a_worker_that_is_recycled_it_is_known(void **state)
{
  static const life l = {.heap = 200, .private_data = 48, .heap_per_hour = 20, .lives_for = 6};
  story s;
  live(*state, &l, 72, &s);
  assert_int_equal(((engine_rig *)*state)->leaks_opened, 1);
  assert_string_equal(s.kind, "Heap");
  assert_false(s.said_private);
  assert_true(s.most_looks_a_day <= 24);
}

/* Too large to be listed in full: its looks are the dearest and tell nothing. */
static void whose_regions_are_too_many_is_left_in_peace(void **state)
{
  static const life l = {
      .heap = 200, .private_data = 48, .heap_per_hour = 4000, .cut = true}; /* a look is always due */
  story s;
  live(*state, &l, 72, &s);
  assert_string_equal(s.kind, "undetermined");
  assert_true(s.looks > 5 && s.most_looks_a_day <= 24);
}

#define breathing_test(f) cmocka_unit_test_setup_teardown(f, set_up, engine_rig_tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      breathing_test(a_breath_by_the_hour_is_not_the_leak),
      breathing_test(a_breath_by_some_hours_is_not_the_leak),
      breathing_test(a_breath_by_the_day_is_not_the_leak),
      breathing_test(a_healthy_breath_is_not_told),
      breathing_test(a_slow_leak_in_much_memory_is_known_in_time),
      breathing_test(after_giving_back_half_the_leak_is_known),
      breathing_test(of_a_worker_that_is_recycled_it_is_known),
      breathing_test(whose_regions_are_too_many_is_left_in_peace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
