/* The coder alone: what goes in comes out, carries run through, a full buffer is told, any bytes end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "store/bit_coder.h"
#include "unit/store/random_polls.h"

#define ROOM 400000u
static uint8_t bytes[ROOM + 8];

static void test_every_short_message(void **state)
{
  (void)state;
  for (unsigned length = 0; length <= 12; length++) {
    for (unsigned message = 0; message < 1u << length; message++) {
      seep_bit_model models[2];
      seep_bit_encoder encoder;
      seep_bit_decoder decoder;
      seep_bit_model_init(models, 2);
      seep_bit_encoder_init(&encoder, bytes, ROOM);
      for (unsigned i = 0; i < length; i++) {
        seep_bit_encode(&encoder, &models[i & 1], message >> i & 1);
      }
      size_t size = seep_bit_encoder_finish(&encoder);
      assert_true(size <= 4);
      seep_bit_model_init(models, 2);
      seep_bit_decoder_init(&decoder, bytes, size);
      for (unsigned i = 0; i < length; i++) {
        assert_int_equal(seep_bit_decode(&decoder, &models[i & 1]), message >> i & 1);
      }
    }
  }
}

/* Bits of the given likelihood, each tenth followed by a plain number of some width. Returns the size. */
static size_t long_message(uint64_t seed, unsigned likelihood, unsigned bits)
{
  seep_bit_model model;
  seep_bit_encoder encoder;
  seep_bit_decoder decoder;
  uint64_t random = seed;
  seep_bit_model_init(&model, 1);
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  for (unsigned i = 0; i < bits; i++) {
    seep_bit_encode(&encoder, &model, random_polls_number(&random) % 1000 < likelihood);
    if (i % 10 == 0) {
      seep_bit_encode_plain(&encoder, random_polls_number(&random), i / 10 % 65);
    }
  }
  size_t size = seep_bit_encoder_finish(&encoder);
  assert_true(size <= ROOM);
  random = seed;
  seep_bit_model_init(&model, 1);
  seep_bit_decoder_init(&decoder, bytes, size);
  for (unsigned i = 0; i < bits; i++) {
    assert_int_equal(seep_bit_decode(&decoder, &model), random_polls_number(&random) % 1000 < likelihood);
    if (i % 10 == 0) {
      unsigned width = i / 10 % 65;
      uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
      assert_true(seep_bit_decode_plain(&decoder, width) == (random_polls_number(&random) & mask));
    }
  }
  return size;
}

static void test_long_messages(void **state)
{
  (void)state;
  static const unsigned likelihoods[] = {0, 1, 10, 100, 500, 900, 990, 999, 1000};
  for (size_t i = 0; i < sizeof likelihoods / sizeof likelihoods[0]; i++) {
    long_message(88172645463325252u + i, likelihoods[i], 20000);
  }
}

static size_t cost(unsigned likelihood, unsigned bits)
{
  seep_bit_model model;
  seep_bit_encoder encoder;
  uint64_t random = 88172645463325252u;
  seep_bit_model_init(&model, 1);
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  for (unsigned i = 0; i < bits; i++) {
    seep_bit_encode(&encoder, &model, random_polls_number(&random) % 1000 < likelihood);
    assert_in_range(model.one, 1, UINT16_MAX);
  }
  return seep_bit_encoder_finish(&encoder);
}

static void test_cost(void **state)
{
  (void)state;
  /* 100000 bits: the predictable cost less than a two-hundredth, the unpredictable no more than themselves.
   */
  assert_true(cost(0, 100000) < 60);
  assert_true(cost(1000, 100000) < 60);
  assert_true(cost(500, 100000) < 12700);
  assert_true(cost(100, 100000) < 6200); /* 0.469 bits each, were the likelihood known */
}

/* Each bit is chosen so that the interval stays on both sides of a carry, which so grows longer and longer;
 * then one side is taken, or the other. */
static void long_carry(unsigned side, size_t wanted)
{
  static unsigned chosen[4096];
  seep_bit_model model;
  seep_bit_encoder encoder;
  seep_bit_decoder decoder;
  size_t count = 0;
  seep_bit_encoder_init(&encoder, bytes, ROOM);
  while (encoder.pending < wanted) {
    assert_true(count < 4000);
    seep_bit_model_init(&model, 1); /* even again: the model's own learning is not what this is about */
    uint64_t split = encoder.low + (uint64_t)(encoder.range >> 16) * model.one;
    uint64_t aim = encoder.started ? (uint64_t)UINT32_MAX + 1 : UINT64_C(0x91000000);
    chosen[count] = aim < split;
    seep_bit_encode(&encoder, &model, chosen[count]);
    count++;
  }
  assert_true(encoder.low <= UINT32_MAX && encoder.low + encoder.range > UINT32_MAX);
  for (unsigned i = 0; i < 64; i++) {
    chosen[count] = side;
    seep_bit_model_init(&model, 1);
    seep_bit_encode(&encoder, &model, chosen[count]);
    count++;
  }
  size_t size = seep_bit_encoder_finish(&encoder);
  assert_true(size > wanted && size <= ROOM);
  seep_bit_decoder_init(&decoder, bytes, size);
  for (size_t i = 0; i < count; i++) {
    seep_bit_model_init(&model, 1);
    assert_int_equal(seep_bit_decode(&decoder, &model), chosen[i]);
  }
}

static void test_carry_runs_through(void **state)
{
  (void)state;
  for (size_t wanted = 1; wanted < 200; wanted = wanted * 3 / 2 + 1) {
    long_carry(0, wanted);
    long_carry(1, wanted);
  }
}

static size_t encode_into(uint8_t *out, size_t room)
{
  seep_bit_model model;
  seep_bit_encoder encoder;
  uint64_t random = 88172645463325252u;
  seep_bit_model_init(&model, 1);
  seep_bit_encoder_init(&encoder, out, room);
  for (unsigned i = 0; i < 300; i++) {
    seep_bit_encode(&encoder, &model, random_polls_number(&random) % 3 == 0);
  }
  return seep_bit_encoder_finish(&encoder);
}

static void test_full_buffer(void **state)
{
  (void)state;
  uint8_t whole[128], part[128];
  size_t size = encode_into(whole, sizeof whole);
  assert_true(size > 20 && size < 100);
  for (size_t room = 0; room < size + 5; room++) {
    memset(part, 0xEE, sizeof part);
    size_t told = encode_into(part, room);
    if (told <= room) {
      assert_int_equal(told, size);
      assert_memory_equal(part, whole, size);
    }
    assert_true(room >= size || told > room);
    /* Up to four zeros at the end are dropped, but want room first. */
    assert_true(room < size + 4 || told <= room);
    for (size_t i = room; i < sizeof part; i++) {
      assert_int_equal(part[i], 0xEE);
    }
  }
  assert_true(encode_into(NULL, 0) > 0);
}

/* Nothing is read beyond the bytes (the sanitizer looks at the heap's edge), and every answer is in bounds.
 */
static void test_any_bytes(void **state)
{
  (void)state;
  uint64_t random = 88172645463325252u;
  for (size_t size = 0; size < 64; size++) {
    uint8_t *noise = malloc(size > 0 ? size : 1);
    seep_bit_model model;
    seep_bit_decoder decoder;
    assert_non_null(noise);
    for (size_t i = 0; i < size; i++) {
      noise[i] = size % 4 == 0 ? 0xFF : (uint8_t)random_polls_number(&random);
    }
    seep_bit_model_init(&model, 1);
    seep_bit_decoder_init(&decoder, size > 0 ? noise : NULL, size);
    for (unsigned i = 0; i < 2000; i++) {
      unsigned width = i % 65;
      assert_true(seep_bit_decode(&decoder, &model) <= 1);
      uint64_t value = seep_bit_decode_plain(&decoder, width);
      assert_true(width == 64 || value >> width == 0);
      assert_true(decoder.at <= size);
    }
    free(noise);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_short_message),
      cmocka_unit_test(test_long_messages),
      cmocka_unit_test(test_cost),
      cmocka_unit_test(test_carry_runs_through),
      cmocka_unit_test(test_full_buffer),
      cmocka_unit_test(test_any_bytes),
  };
  return cmocka_run_group_tests_name("store/bit_coder", tests, NULL, NULL);
}
