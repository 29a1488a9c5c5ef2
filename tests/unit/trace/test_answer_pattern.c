/* Is it a leak? The shapes that memory takes on servers, each with few and with many allocations at random
 * times, a hundred times over. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/answer_internal.h"
#include "unit/trace/growth_shape.h"

#define TIMES 100u
#define TRACE_MS INT64_C(600000)
#define BLOCK_BYTES UINT64_C(1000)

typedef void (*draw_shape)(growth_shape *shape, unsigned count);

typedef struct outcome {
  unsigned patterns[5];
  double steady_share; /* mean, of live bytes */
} outcome;

static seep_answer__growth judge(const growth_shape *shape)
{
  uint64_t curve[SEEP_TRACE_BUCKETS];
  seep_answer__window window = seep_answer__window_of(TRACE_MS, 0, TRACE_MS);
  seep_answer__curve(shape->use.change_bytes, curve);
  return seep_answer__growth_of(&window, shape->use.live_bytes, curve, shape->use.kept_bytes, true);
}

static growth_shape new_shape(uint64_t seed)
{
  growth_shape shape = {.random = seed * UINT64_C(0x9E3779B97F4A7C15), .last_ticks = (uint64_t)TRACE_MS};
  (void)shape_random(&shape);
  return shape;
}

static outcome try_shape(draw_shape draw, unsigned count)
{
  outcome result = {.steady_share = 0.0};
  for (unsigned i = 0; i < TIMES; i++) {
    growth_shape shape = new_shape(i + 1);
    draw(&shape, count);
    seep_answer__growth growth = judge(&shape);
    assert_true(growth.steady_bytes <= shape.use.live_bytes);
    assert_true(growth.pattern == SEEP_GROWTH_STEADY || growth.bytes_per_hour == 0.0);
    assert_int_equal(growth.pattern == SEEP_GROWTH_NONE, shape.use.live_bytes == 0);
    result.patterns[growth.pattern]++;
    double live = shape.use.live_bytes > 0 ? (double)shape.use.live_bytes : 1.0;
    result.steady_share += (double)growth.steady_bytes / live / TIMES;
  }
  return result;
}

static void leak(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 1.0, SHAPE_NEVER, BLOCK_BYTES);
}

static void a_leak_is_steady(void **state)
{
  (void)state;
  assert_true(try_shape(leak, 20).patterns[SEEP_GROWTH_STEADY] >= 85);
  assert_true(try_shape(leak, 50).patterns[SEEP_GROWTH_STEADY] >= 90);
  for (unsigned count = 200; count <= 20000; count *= 10) {
    outcome result = try_shape(leak, count);
    assert_int_equal(result.patterns[SEEP_GROWTH_STEADY], TIMES);
    assert_true(result.steady_share > 0.75 && result.steady_share < 0.85);
  }
}

/* The slope is what was drawn: count blocks in ten minutes. */
static void a_leaks_rate_is_told(void **state)
{
  (void)state;
  for (unsigned count = 500; count <= 50000; count *= 10) {
    growth_shape shape = new_shape(count);
    leak(&shape, count);
    double expected = (double)count * (double)BLOCK_BYTES * 6.0;
    double told = judge(&shape).bytes_per_hour;
    assert_true(told > expected * 0.85 && told < expected * 1.15);
  }
}

static void leak_amid_churn(growth_shape *shape, unsigned count)
{
  leak(shape, count);
  shape_blocks(shape, count * 20, 0.0, 1.0, 0.02, BLOCK_BYTES);
}

static void leak_after_warming_up(growth_shape *shape, unsigned count)
{
  leak(shape, count);
  shape_blocks(shape, count, 0.0, 0.05, SHAPE_NEVER, BLOCK_BYTES);
}

static void leak_and_a_burst(growth_shape *shape, unsigned count)
{
  leak(shape, count);
  shape_blocks(shape, count * 2, 0.5, 0.51, SHAPE_NEVER, BLOCK_BYTES);
}

static void leak_from_the_middle(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.5, 1.0, SHAPE_NEVER, BLOCK_BYTES);
}

static void leak_that_grows(growth_shape *shape, unsigned count)
{
  leak(shape, count);
  shape_blocks(shape, count, 0.5, 1.0, SHAPE_NEVER, BLOCK_BYTES);
}

static void a_leak_is_seen_among_other_things(void **state)
{
  static const struct {
    draw_shape draw;
    double least, most; /* of the steady share: only the leak counts */
  } shapes[] = {{leak_amid_churn, 0.5, 0.65},
                {leak_after_warming_up, 0.33, 0.45},
                {leak_and_a_burst, 0.25, 0.40},
                {leak_from_the_middle, 0.7, 0.85},
                {leak_that_grows, 0.7, 0.85}};
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    for (unsigned count = 200; count <= 2000; count *= 10) {
      outcome result = try_shape(shapes[i].draw, count);
      assert_true(result.patterns[SEEP_GROWTH_STEADY] >= 99);
      assert_true(result.steady_share > shapes[i].least && result.steady_share < shapes[i].most);
    }
  }
}

static void beginning(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 0.08, SHAPE_NEVER, BLOCK_BYTES);
}

static void ending(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.92, 1.0, SHAPE_NEVER, BLOCK_BYTES);
}

static void moment(growth_shape *shape, unsigned count)
{
  double at = 0.2 + 0.6 * shape_random(shape);
  shape_blocks(shape, count, at, at + 0.02, SHAPE_NEVER, BLOCK_BYTES);
}

static void two_moments(growth_shape *shape, unsigned count)
{
  double at = 0.15 + 0.3 * shape_random(shape);
  shape_blocks(shape, count / 2, at, at + 0.02, SHAPE_NEVER, BLOCK_BYTES);
  shape_blocks(shape, count / 2, at + 0.3, at + 0.32, SHAPE_NEVER, BLOCK_BYTES);
}

static void what_came_at_one_time_is_called_so(void **state)
{
  static const struct {
    draw_shape draw;
    seep_growth_pattern pattern;
  } shapes[] = {{beginning, SEEP_GROWTH_EARLY},
                {ending, SEEP_GROWTH_LATE},
                {moment, SEEP_GROWTH_BURST},
                {two_moments, SEEP_GROWTH_BURST}};
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    for (unsigned count = 4; count <= 4000; count *= 10) {
      outcome result = try_shape(shapes[i].draw, count);
      assert_int_equal(result.patterns[shapes[i].pattern], TIMES);
      assert_true(result.steady_share == 0.0);
    }
  }
}

static void cache_of_a_tenth(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 1.0, 0.1, BLOCK_BYTES);
}

static void cache_of_a_quarter(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 1.0, 0.25, BLOCK_BYTES);
}

static void cache_of_a_half(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 1.0, 0.5, BLOCK_BYTES);
}

/* Everything in it is new, and yet it is not larger than before. */
static void a_cache_that_renews_itself_is_not_steady(void **state)
{
  static const draw_shape shapes[] = {cache_of_a_tenth, cache_of_a_quarter, cache_of_a_half};
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    assert_true(try_shape(shapes[i], 20).patterns[SEEP_GROWTH_STEADY] <= 15);
    assert_true(try_shape(shapes[i], 50).patterns[SEEP_GROWTH_STEADY] <= 5);
    for (unsigned count = 200; count <= 20000; count *= 10) {
      assert_int_equal(try_shape(shapes[i], count).patterns[SEEP_GROWTH_STEADY], 0);
    }
  }
  assert_true(try_shape(cache_of_a_quarter, 200).patterns[SEEP_GROWTH_BURST] <= 25);
  assert_int_equal(try_shape(cache_of_a_half, 5000).patterns[SEEP_GROWTH_EARLY], TIMES);
  assert_int_equal(try_shape(cache_of_a_tenth, 5000).patterns[SEEP_GROWTH_LATE], TIMES);
}

static void filling_fast(growth_shape *shape, unsigned count)
{
  shape_filling(shape, count, 0.2, BLOCK_BYTES);
}

static void filling_slowly(growth_shape *shape, unsigned count)
{
  shape_filling(shape, count, 1.0 / 3.0, BLOCK_BYTES);
}

static void filling_for_long(growth_shape *shape, unsigned count)
{
  shape_filling(shape, count, 0.5, BLOCK_BYTES);
}

static void stopping(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 0.6, SHAPE_NEVER, BLOCK_BYTES);
}

static void what_flattens_is_not_steady(void **state)
{
  static const draw_shape shapes[] = {filling_fast, filling_slowly, filling_for_long, stopping};
  static const unsigned most_of_200[] = {0, 3, 25, 0};
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    assert_true(try_shape(shapes[i], 200).patterns[SEEP_GROWTH_STEADY] <= most_of_200[i]);
    assert_true(try_shape(shapes[i], 2000).patterns[SEEP_GROWTH_STEADY] <= (i == 2 ? 5 : 0));
    assert_true(try_shape(shapes[i], 20000).patterns[SEEP_GROWTH_EARLY] == TIMES);
  }
}

static void churn(growth_shape *shape, unsigned count)
{
  shape_blocks(shape, count, 0.0, 1.0, 0.01, BLOCK_BYTES);
}

static void what_is_given_back_soon_is_none_or_late(void **state)
{
  (void)state;
  for (unsigned count = 10; count <= 10000; count *= 10) {
    outcome result = try_shape(churn, count);
    assert_int_equal(result.patterns[SEEP_GROWTH_NONE] + result.patterns[SEEP_GROWTH_LATE], TIMES);
  }
  growth_shape nothing = new_shape(1);
  assert_int_equal(judge(&nothing).pattern, SEEP_GROWTH_NONE);
}

/* Beginning and end are those of the process, where the trace has seen more than it. */
static void windows(void **state)
{
  (void)state;
  seep_answer__window whole = seep_answer__window_of(600000, 0, 600000);
  assert_int_equal(whole.first, 0);
  assert_int_equal(whole.early_end, 3);
  assert_int_equal(whole.late_begin, 29);
  assert_int_equal(whole.end, 32);
  seep_answer__window brief = seep_answer__window_of(64000, 0, 64000); /* ten seconds are more than a tenth */
  assert_int_equal(brief.late_begin, 27);
  brief = seep_answer__window_of(20000, 0, 20000); /* but never more than a quarter */
  assert_int_equal(brief.late_begin, 24);
  seep_answer__window late = seep_answer__window_of(600000, 300000, 600000);
  assert_int_equal(late.first, 16);
  assert_int_equal(late.early_end, 17);
  static const int64_t odd[][3] = {{-1, 0, -1},
                                   {0, 0, 0},
                                   {1, 0, 1},
                                   {31, 5, 2},
                                   {INT64_MAX, 0, INT64_MAX},
                                   {INT64_MAX, INT64_MAX, INT64_MIN},
                                   {600000, 599999, 600000}};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    seep_answer__window window = seep_answer__window_of(odd[i][0], odd[i][1], odd[i][2]);
    assert_true(window.first < window.early_end && window.early_end <= window.late_begin);
    assert_true(window.late_begin <= window.end || window.early_end == window.first + 1);
    assert_true(window.early_end <= SEEP_TRACE_BUCKETS && window.end <= SEEP_TRACE_BUCKETS);
  }
}

/* Sums that no trace has. */
static void figures_of_any_size(void **state)
{
  (void)state;
  for (unsigned seed = 1; seed <= 2000; seed++) {
    growth_shape shape = new_shape(seed);
    for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
      double pick = shape_random(&shape);
      shape.use.change_bytes[i] = pick < 0.3 ? INT64_MAX : pick < 0.6 ? INT64_MIN : (int64_t)(pick * 1e18);
      shape.use.kept_bytes[i] = shape_random(&shape) < 0.5 ? UINT64_MAX : (uint64_t)(pick * 1e19);
    }
    shape.use.live_bytes = seed % 3 == 0 ? UINT64_MAX : seed;
    seep_answer__growth growth = judge(&shape);
    assert_true(growth.steady_bytes <= shape.use.live_bytes);
    assert_true(growth.bytes_per_hour >= 0.0);
  }
}

static void patterns_have_names(void **state)
{
  (void)state;
  assert_string_equal(seep_growth_pattern_text(SEEP_GROWTH_NONE), "none");
  assert_string_equal(seep_growth_pattern_text(SEEP_GROWTH_STEADY), "steady");
  assert_string_equal(seep_growth_pattern_text(SEEP_GROWTH_EARLY), "early");
  assert_string_equal(seep_growth_pattern_text(SEEP_GROWTH_LATE), "late");
  assert_string_equal(seep_growth_pattern_text(SEEP_GROWTH_BURST), "burst");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_leak_is_steady),
      cmocka_unit_test(a_leaks_rate_is_told),
      cmocka_unit_test(a_leak_is_seen_among_other_things),
      cmocka_unit_test(what_came_at_one_time_is_called_so),
      cmocka_unit_test(a_cache_that_renews_itself_is_not_steady),
      cmocka_unit_test(what_flattens_is_not_steady),
      cmocka_unit_test(what_is_given_back_soon_is_none_or_late),
      cmocka_unit_test(windows),
      cmocka_unit_test(figures_of_any_size),
      cmocka_unit_test(patterns_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
