/* The rings against a recomputation that keeps every base bucket and folds none of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "bench.h"
#include "judge/floors.h"

#define BUCKET MINUTE
#define LONG_LEVEL 3u
#define MOST_BUCKETS 40000u
#define LONGEST INT64_C(4096) /* buckets in a jump that is always a gap, but for rounding */

typedef struct naive {
  float low[MOST_BUCKETS], high[MOST_BUCKETS]; /* closed base buckets, all of them */
  unsigned closed;
  float open_low, open_high;
  int64_t last_ms, start_ms, rhythm_ms;
} naive;

static naive plain;

static void naive_init(int64_t now_ms)
{
  memset(&plain, 0, sizeof plain);
  plain.last_ms = plain.start_ms = now_ms;
  plain.open_high = -1.0f;
}

static void naive_take(float value)
{
  bool first = plain.open_high < 0.0f;
  plain.open_low = first || value < plain.open_low ? value : plain.open_low;
  plain.open_high = first || value > plain.open_high ? value : plain.open_high;
}

static void naive_add(int64_t now_ms, float value)
{
  int64_t interval_ms = now_ms - plain.last_ms;
  bool hole = interval_ms > 3 * BUCKET + 2 && interval_ms > 4 * plain.rhythm_ms + 3;
  plain.start_ms += hole || interval_ms > LONGEST * (BUCKET + 1) ? interval_ms : 0;
  plain.rhythm_ms = interval_ms;
  plain.last_ms = now_ms;
  while (now_ms - plain.start_ms >= BUCKET) {
    assert_true(plain.closed < MOST_BUCKETS);
    bool empty = plain.open_high < 0.0f;
    plain.low[plain.closed] = empty ? plain.low[plain.closed - 1] : plain.open_low;
    plain.high[plain.closed] = empty ? plain.low[plain.closed - 1] : plain.open_high;
    plain.closed++;
    plain.open_high = -1.0f;
    plain.start_ms += BUCKET;
  }
  naive_take(value);
}

static float least_of(unsigned from, unsigned count)
{
  float low = plain.low[from];
  for (unsigned i = from; i < from + count; i++) {
    low = plain.low[i] < low ? plain.low[i] : low;
  }
  return low;
}

static float most_of(unsigned from, unsigned count)
{
  float high = plain.high[from];
  for (unsigned i = from; i < from + count; i++) {
    high = plain.high[i] > high ? plain.high[i] : high;
  }
  return high;
}

static void check_levels(const seep_floors *floors)
{
  assert_int_equal(seep_floors_watched_ms(floors), (int64_t)plain.closed * BUCKET);
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS; level++) {
    unsigned each = 1u << level, all = plain.closed / each;
    unsigned count = all < SEEP_FLOORS_RING ? all : SEEP_FLOORS_RING;
    assert_int_equal(seep_floors_bucket_ms(floors, level), BUCKET * each);
    assert_int_equal(seep_floors_count(floors, level), count);
    for (unsigned i = 0; i < count; i++) {
      unsigned from = (all - count + i) * each;
      assert_true(seep_floors_low(floors, level, i) == least_of(from, each));
      assert_true(level % 2 == 0 || seep_floors_high(floors, level, i) == most_of(from, each));
    }
  }
}

static void check_far(const seep_floors *floors)
{
  float far[SEEP_FLOORS_LONG];
  unsigned each = 1u << LONG_LEVEL, all = plain.closed / each;
  unsigned count = all < SEEP_FLOORS_LONG ? all : SEEP_FLOORS_LONG;
  assert_int_equal(seep_floors_distant(floors, far), count);
  for (unsigned i = 0; i < count; i++) {
    assert_true(far[i] == least_of((all - count + i) * each, each));
  }
}

/* Equal parts that cover the whole life, all but less than one part of it. */
static void check_life(const seep_floors *floors)
{
  unsigned part = floors->life_part;
  assert_true(floors->life_count < SEEP_FLOORS_LIFE);
  assert_int_equal(floors->life_count, plain.closed / part);
  assert_true(part == 1 || floors->life_count >= SEEP_FLOORS_LIFE / 2);
  for (unsigned i = 0; i < floors->life_count; i++) {
    assert_true(floors->life[i] == least_of(i * part, part));
  }
}

static void check(const seep_floors *floors)
{
  check_levels(floors);
  check_far(floors);
  check_life(floors);
}

/* Which levels may say that they closed: at least one bucket is new, and not most of them only repeat. */
static unsigned expected_bits(unsigned closed_before, int64_t interval_ms)
{
  unsigned bits = 0;
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS; level++) {
    bool closed = plain.closed >> level != closed_before >> level;
    bits |= closed && interval_ms < 2 * (BUCKET << level) ? 1u << level : 0;
  }
  return bits;
}

static unsigned add(seep_floors *floors, int64_t now_ms, float value)
{
  unsigned before = plain.closed;
  int64_t interval_ms = now_ms - plain.last_ms;
  naive_add(now_ms, value);
  unsigned bits = seep_floors_add(floors, (seep_mono){now_ms}, value);
  assert_int_equal(bits, expected_bits(before, interval_ms));
  return bits;
}

/* A kind of poll: steady, jittering, slow, mixed; now and then a gap, and a clock that stands still. */
static int64_t next_interval(unsigned kind, uint64_t *random)
{
  double chance = bench_random(random), size = bench_random(random);
  if (chance < 0.002) {
    return (int64_t)(size * (double)DAY) + 20 * MINUTE;
  }
  if (chance < 0.01) {
    return 0;
  }
  switch (kind) {
  case 0:
    return 30000;
  case 1:
    return 1000 + (int64_t)(size * 100000.0);
  case 2:
    return 11 * MINUTE + (int64_t)(size * 60000.0);
  default:
    return size < 0.5 ? 5000 : (int64_t)(size * (double)(10 * MINUTE));
  }
}

static void test_random_series_agree_with_a_naive_recomputation(void **state)
{
  (void)state;
  for (unsigned kind = 0; kind < 4; kind++) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
      uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15) + kind;
      int64_t now_ms = (int64_t)(bench_random(&random) * 1e12) - 500000000000;
      seep_floors floors;
      seep_floors_init(&floors, (seep_mono){now_ms}, BUCKET, LONG_LEVEL);
      naive_init(now_ms);
      for (unsigned i = 0; i < 3000; i++) {
        add(&floors, now_ms, (float)(bench_random(&random) * 1e6));
        if (i % 37 == 0 || i > 2990) {
          check(&floors);
        }
        now_ms += next_interval(kind, &random);
      }
    }
  }
}

static void test_the_top_level_and_a_life_of_weeks(void **state)
{
  (void)state;
  uint64_t random = 99;
  seep_floors floors;
  seep_floors_init(&floors, (seep_mono){0}, BUCKET, LONG_LEVEL);
  naive_init(0);
  for (int64_t i = 0; i < 38000; i++) {
    add(&floors, i * BUCKET, (float)(bench_random(&random) * 1e6));
    if (i % 1709 == 0) {
      check(&floors);
    }
  }
  check(&floors);
  assert_int_equal(seep_floors_count(&floors, SEEP_FLOORS_LEVELS - 1), SEEP_FLOORS_RING);
}

static void test_nothing_is_there_at_the_beginning(void **state)
{
  (void)state;
  seep_floors floors;
  float far[SEEP_FLOORS_LONG];
  seep_floors_init(&floors, (seep_mono){5}, BUCKET, LONG_LEVEL);
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS; level++) {
    assert_int_equal(seep_floors_count(&floors, level), 0);
  }
  assert_int_equal(seep_floors_distant(&floors, far), 0);
  assert_int_equal(seep_floors_watched_ms(&floors), 0);
}

static void test_a_clock_that_stands_still_closes_nothing(void **state)
{
  (void)state;
  seep_floors floors;
  seep_floors_init(&floors, (seep_mono){7}, BUCKET, LONG_LEVEL);
  for (unsigned i = 0; i < 100; i++) {
    assert_int_equal(seep_floors_add(&floors, (seep_mono){7}, (float)(100 + (i * 37) % 101)), 0);
  }
  assert_int_equal(seep_floors_watched_ms(&floors), 0);
  assert_int_equal(seep_floors_add(&floors, (seep_mono){7 + BUCKET}, 500.0f), 1);
  assert_true(seep_floors_low(&floors, 0, 0) == 100.0f);
}

/* The first slow interval is taken for a gap, the next ones are its rhythm. */
static void test_a_slow_rhythm_is_no_row_of_gaps(void **state)
{
  (void)state;
  seep_floors floors;
  unsigned bits = 0;
  seep_floors_init(&floors, (seep_mono){0}, BUCKET, LONG_LEVEL);
  for (int64_t i = 0; i < 50; i++) {
    bits |= seep_floors_add(&floors, (seep_mono){i * 20 * BUCKET}, (float)i);
  }
  assert_int_equal(seep_floors_watched_ms(&floors), 48 * 20 * BUCKET);
  assert_int_equal(bits & 0xf, 0);      /* 1 to 8 minutes: most buckets repeat the one before */
  assert_int_equal(bits >> 4 & 3u, 3u); /* 16 and 32 minutes */
}

static void test_a_hole_is_cut_out_and_a_short_one_is_not(void **state)
{
  (void)state;
  for (int64_t hole = 2; hole <= 8; hole++) {
    seep_floors floors;
    seep_floors_init(&floors, (seep_mono){0}, BUCKET, LONG_LEVEL);
    for (int64_t ms = 0; ms < 10 * BUCKET; ms += 30000) {
      seep_floors_add(&floors, (seep_mono){ms}, 1.0f);
    }
    int64_t before_ms = seep_floors_watched_ms(&floors), last_ms = floors.last.ms;
    seep_floors_add(&floors, (seep_mono){last_ms + hole * BUCKET}, 1.0f);
    int64_t watched_ms = seep_floors_watched_ms(&floors) - before_ms;
    assert_int_equal(watched_ms, hole <= 3 ? hole * BUCKET : 0);
  }
}

static unsigned closed_by_jump(int64_t bucket_ms, int64_t rhythm_ms, int64_t from_ms, int64_t to_ms)
{
  seep_floors floors;
  seep_floors_init(&floors, (seep_mono){from_ms}, bucket_ms, LONG_LEVEL);
  seep_floors_add(&floors, (seep_mono){from_ms}, 1.0f);
  floors.rhythm_ms = (uint64_t)rhythm_ms;
  seep_floors_add(&floors, (seep_mono){to_ms}, 2.0f);
  assert_int_equal(floors.last.ms, to_ms);
  return floors.closed;
}

static void test_no_jump_closes_more_than_so_many_buckets(void **state)
{
  (void)state;
  static const int64_t buckets_ms[] = {1, 2, 999, MINUTE, HOUR, INT64_C(1) << 40};
  static const int64_t starts_ms[] = {INT64_MIN, -1, 0, 1, INT64_C(1) << 50};
  uint64_t random = 3;
  for (size_t b = 0; b < sizeof buckets_ms / sizeof buckets_ms[0]; b++) {
    for (size_t s = 0; s < sizeof starts_ms / sizeof starts_ms[0]; s++) {
      assert_true(closed_by_jump(buckets_ms[b], INT64_MAX, starts_ms[s], INT64_MAX) < 2 * LONGEST);
      for (unsigned i = 0; i < 40; i++) {
        uint64_t jump = UINT64_MAX >> (2 + (unsigned)(bench_random(&random) * 60.0));
        int64_t to_ms = (int64_t)((uint64_t)starts_ms[s] + jump);
        assert_true(closed_by_jump(buckets_ms[b], INT64_MAX, starts_ms[s], to_ms) < 2 * LONGEST);
      }
    }
  }
  assert_true(closed_by_jump(1, INT64_MAX, 0, LONGEST) > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_series_agree_with_a_naive_recomputation),
      cmocka_unit_test(test_the_top_level_and_a_life_of_weeks),
      cmocka_unit_test(test_nothing_is_there_at_the_beginning),
      cmocka_unit_test(test_a_clock_that_stands_still_closes_nothing),
      cmocka_unit_test(test_a_slow_rhythm_is_no_row_of_gaps),
      cmocka_unit_test(test_a_hole_is_cut_out_and_a_short_one_is_not),
      cmocka_unit_test(test_no_jump_closes_more_than_so_many_buckets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
