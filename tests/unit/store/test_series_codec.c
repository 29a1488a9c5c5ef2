/* Series of every shape there and back, alone and one after the other under the same models. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "store/series_codec.h"
#include "unit/store/random_polls.h"

#define LONGEST 1024u
#define HIGHEST RANDOM_POLLS_PAGES_MAXIMUM
#define ROOM (64u * LONGEST * 10u)

typedef enum shape {
  CONSTANT,
  ZERO,
  RAMP,
  FALLING,
  STEEP_FALL, /* from the highest to 0 and up again: the line through them aims far beyond both ends */
  EXTREMES,
  TWO_STATES,
  SEVEN_STATES, /* one more than are remembered */
  WALK,
  NOISE,
  LEAK_WITH_JUMPS,
  ANYTHING,
  LAST_DIFFERS,
  SHAPES
} shape;

static uint64_t value_of(shape what, size_t i, uint64_t before, uint64_t random)
{
  switch (what) {
  case CONSTANT:
    return 123456;
  case ZERO:
    return 0;
  case RAMP:
    return 1000 + i * 17;
  case FALLING:
    return HIGHEST - i * 12345;
  case STEEP_FALL:
    return (const uint64_t[]){HIGHEST, 0, 0, HIGHEST, HIGHEST - 1, 1}[i % 6];
  case EXTREMES:
    return i % 2 == 0 ? HIGHEST : 0;
  case TWO_STATES:
    return i % 2 == 0 ? 700 : 900;
  case SEVEN_STATES:
    return 1000 + i % 7 * 131;
  case WALK:
    return (before + random % 64 - 31) & HIGHEST;
  case NOISE:
    return 5000 + random % 300;
  case LEAK_WITH_JUMPS:
    return (before + (random % 40 == 0 ? random % 100000 : random % 5)) & HIGHEST;
  case LAST_DIFFERS:
    return i == LONGEST - 1 ? 1 : 0;
  default:
    return random & HIGHEST;
  }
}

static void fill(shape what, uint64_t *values, size_t count)
{
  uint64_t state = 88172645463325252u, before = 3000;
  for (size_t i = 0; i < count; i++) {
    before = values[i] = value_of(what, i, before, random_polls_number(&state) >> 7);
  }
}

static uint8_t bytes[ROOM];

static size_t round_trip(const uint64_t *values, size_t count)
{
  static seep_series_models models;
  static uint64_t back[LONGEST + 1];
  seep_bit_encoder encoder;
  seep_bit_decoder decoder;
  seep_series_models_init(&models);
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  seep_series_encode(&encoder, &models, values, count);
  size_t size = seep_bit_encoder_finish(&encoder);
  assert_true(size <= count * 10 + 8);
  seep_series_models_init(&models);
  seep_bit_decoder_init(&decoder, bytes, size);
  memset(back, 0xEE, sizeof back);
  seep_series_decode(&decoder, &models, back, count);
  assert_memory_equal(back, values, count * sizeof back[0]);
  assert_true(back[count] == UINT64_C(0xEEEEEEEEEEEEEEEE));
  return size;
}

static void test_every_shape(void **state)
{
  (void)state;
  static const size_t counts[] = {1, 2, 3, 4, 7, 100, LONGEST};
  static uint64_t values[LONGEST];
  for (unsigned what = 0; what < SHAPES; what++) {
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
      fill((shape)what, values, counts[i]);
      round_trip(values, counts[i]);
    }
  }
}

static void test_every_short_series_of_extremes(void **state)
{
  (void)state;
  static const uint64_t choice[] = {0, 1, HIGHEST, HIGHEST / 2};
  uint64_t values[6];
  for (unsigned message = 0; message < 4096; message++) {
    for (unsigned i = 0; i < 6; i++) {
      values[i] = choice[message >> (2 * i) & 3];
    }
    round_trip(values, 6);
  }
}

static size_t size_of(shape what)
{
  static uint64_t values[LONGEST];
  fill(what, values, LONGEST);
  return round_trip(values, LONGEST);
}

static void test_sizes(void **state)
{
  (void)state;
  assert_true(size_of(CONSTANT) <= 4);
  assert_true(size_of(ZERO) <= 2);
  assert_true(size_of(RAMP) < 40);
  assert_true(size_of(TWO_STATES) < 100);
  assert_true(size_of(WALK) < LONGEST * 7 / 8);
  assert_true(size_of(NOISE) < LONGEST * 10 / 8);
  assert_true(size_of(ANYTHING) < LONGEST * 54 / 8);
}

/* Under the same models and in one stream, as in a group of a block. */
static void test_one_after_the_other(void **state)
{
  (void)state;
  static seep_series_models models;
  static uint64_t values[SHAPES][LONGEST], back[LONGEST];
  seep_bit_encoder encoder;
  seep_bit_decoder decoder;
  seep_series_models_init(&models);
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  for (unsigned what = 0; what < SHAPES; what++) {
    fill((shape)what, values[what], LONGEST - what);
    seep_series_encode(&encoder, &models, values[what], LONGEST - what);
    seep_series_encode(&encoder, &models, NULL, 0); /* nothing is coded as nothing */
  }
  size_t size = seep_bit_encoder_finish(&encoder);
  assert_true(size <= ROOM);
  seep_series_models_init(&models);
  seep_bit_decoder_init(&decoder, bytes, size);
  for (unsigned what = 0; what < SHAPES; what++) {
    seep_series_decode(&decoder, &models, back, LONGEST - what);
    assert_memory_equal(back, values[what], (LONGEST - what) * sizeof back[0]);
    seep_series_decode(&decoder, &models, NULL, 0);
  }
}

static void test_numbers(void **state)
{
  (void)state;
  static seep_series_number models;
  seep_bit_encoder encoder;
  seep_bit_decoder decoder;
  seep_series_number_init(&models);
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  for (unsigned bit = 0; bit < SEEP_SERIES_VALUE_BITS; bit++) {
    seep_series_encode_number(&encoder, &models, UINT64_C(1) << bit);
    seep_series_encode_number(&encoder, &models, (UINT64_C(1) << bit) - 1);
  }
  seep_series_encode_number(&encoder, &models, HIGHEST);
  size_t size = seep_bit_encoder_finish(&encoder);
  assert_true(size <= ROOM);
  seep_series_number_init(&models);
  seep_bit_decoder_init(&decoder, bytes, size);
  for (unsigned bit = 0; bit < SEEP_SERIES_VALUE_BITS; bit++) {
    assert_true(seep_series_decode_number(&decoder, &models) == UINT64_C(1) << bit);
    assert_true(seep_series_decode_number(&decoder, &models) == (UINT64_C(1) << bit) - 1);
  }
  assert_true(seep_series_decode_number(&decoder, &models) == HIGHEST);
}

/* What is too large loses its upper bits, the series around it nothing. */
static void test_values_are_cut(void **state)
{
  (void)state;
  static seep_series_models models;
  const uint64_t values[] = {5, UINT64_MAX, 5 | UINT64_C(1) << 52, 6, UINT64_C(1) << 63 | 7, 7};
  const uint64_t expected[] = {5, HIGHEST, 5, 6, 7, 7};
  uint64_t back[6];
  seep_bit_encoder encoder;
  seep_bit_decoder decoder;
  seep_series_models_init(&models);
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  seep_series_encode(&encoder, &models, values, 6);
  size_t size = seep_bit_encoder_finish(&encoder);
  seep_series_models_init(&models);
  seep_bit_decoder_init(&decoder, bytes, size);
  seep_series_decode(&decoder, &models, back, 6);
  assert_memory_equal(back, expected, sizeof back);
}

static void test_any_bytes(void **state)
{
  (void)state;
  static seep_series_models models;
  static uint64_t values[LONGEST];
  uint64_t random = 88172645463325252u;
  for (unsigned attempt = 0; attempt < 300; attempt++) {
    size_t size = attempt % 50;
    seep_bit_decoder decoder;
    for (size_t i = 0; i < size; i++) {
      bytes[i] = attempt % 7 == 0 ? 0xFF : (uint8_t)(random_polls_number(&random) >> 5);
    }
    memset(values, 0xEE, sizeof values);
    seep_series_models_init(&models);
    seep_bit_decoder_init(&decoder, bytes, size);
    seep_series_decode(&decoder, &models, values, LONGEST);
    for (size_t i = 0; i < LONGEST; i++) {
      assert_true(values[i] <= HIGHEST);
    }
    assert_true(decoder.at <= size);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_shape), cmocka_unit_test(test_every_short_series_of_extremes),
      cmocka_unit_test(test_sizes),       cmocka_unit_test(test_one_after_the_other),
      cmocka_unit_test(test_numbers),     cmocka_unit_test(test_values_are_cut),
      cmocka_unit_test(test_any_bytes),
  };
  return cmocka_run_group_tests_name("store/series_codec", tests, NULL, NULL);
}
