/*
 * The decoder against the specification's own vectors (as snail-server's tests have them, MIT; the project's
 * fixtures name them) and against streams packed here: every form of a length, its bounds, every cut.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "trace/xpress.h"

#define LONG_BYTES 66190u

/* Literals, and matches whose lengths stand in the match, half a byte, a byte, two bytes, four bytes. */
static const uint8_t all_forms[] = {0xaf, 0xea, 0x0a, 0x00, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x67,
                                    0x68, 0x68, 0x68, 0x69, 0x00, 0x00, 0x6a, 0x01, 0x00, 0x6b, 0x06, 0x00,
                                    0x72, 0x00, 0x27, 0x00, 0xf5, 0x6c, 0x07, 0x00, 0x0e, 0x6d, 0x07, 0x00,
                                    0xff, 0x36, 0x6f, 0x07, 0x00, 0x86, 0x70, 0x07, 0x00, 0xff, 0xff, 0x3c,
                                    0x01, 0x71, 0x07, 0x00, 0xff, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00};
static const uint8_t noise[] = {0x3f, 0xfb, 0x29, 0x26, 0xc8, 0x55, 0xce, 0x49,
                                0xa0, 0x27, 0x9a, 0x4f, 0xe2, 0x1f, 0xc2, 0xd1};

static void test_every_form_of_a_length(void **state)
{
  (void)state;
  static uint8_t out[LONG_BYTES];
  char digest[SEEP_SHA256_TEXT_SIZE];
  size_t written = 0;
  seep_sha256 sha;
  assert_int_equal(seep_xpress_decode(all_forms, sizeof all_forms, out, sizeof out, &written), SEEP_OK);
  assert_int_equal(written, LONG_BYTES);
  seep_sha256_init(&sha);
  seep_sha256_add(&sha, out, written);
  assert_string_equal(seep_sha256_text(&sha, digest),
                      "8aa55d0c2f9270e20b5b8b4093e7d797cb8dd50a84b13c19d696aeee400dfd78");
}

static void test_no_more_than_the_capacity_is_written(void **state)
{
  (void)state;
  static uint8_t whole[LONG_BYTES];
  size_t written = 0;
  (void)seep_xpress_decode(all_forms, sizeof all_forms, whole, sizeof whole, &written);
  for (size_t capacity = 0; capacity < LONG_BYTES; capacity += capacity < 700 ? 1 : 997) {
    uint8_t *out = malloc(capacity + 1); /* the sanitizer watches its end */
    assert_non_null(out);
    assert_int_equal(seep_xpress_decode(all_forms, sizeof all_forms, out, capacity, &written), SEEP_LIMIT);
    assert_int_equal(written, capacity);
    assert_memory_equal(out, whole, capacity);
    free(out);
  }
}

static void test_every_cut_gives_what_came_before_it(void **state)
{
  (void)state;
  static uint8_t whole[LONG_BYTES], out[LONG_BYTES];
  size_t written = 0, before = 0;
  (void)seep_xpress_decode(all_forms, sizeof all_forms, whole, sizeof whole, &written);
  for (size_t size = 0; size < sizeof all_forms; size++) {
    uint8_t *in = malloc(size + 1);
    assert_non_null(in);
    memcpy(in, all_forms, size);
    seep_status status = seep_xpress_decode(in, size, out, sizeof out, &written);
    assert_true(status == SEEP_OK || status == SEEP_CORRUPT); /* within an item, or between two */
    assert_true(written >= before);
    assert_memory_equal(out, whole, written);
    before = written;
    free(in);
  }
}

static void test_what_can_not_be_is_refused(void **state)
{
  (void)state;
  uint8_t out[1024], changed[sizeof all_forms];
  size_t written = 0;
  assert_int_equal(seep_xpress_decode(noise, sizeof noise, out, sizeof out, &written), SEEP_CORRUPT);
  memcpy(changed, all_forms, sizeof changed); /* a length of four bytes that half a byte could have said */
  memcpy(changed + sizeof changed - 4, "\x04\0\0\0", 4);
  assert_int_equal(seep_xpress_decode(changed, sizeof changed, out, sizeof out, &written), SEEP_CORRUPT);
  memcpy(changed + sizeof changed - 4, "\xff\xff\xff\xff", 4); /* and one of 4 GB */
  assert_int_equal(seep_xpress_decode(changed, sizeof changed, out, sizeof out, &written), SEEP_LIMIT);
  assert_int_equal(written, sizeof out);
  static const uint8_t before_the_start[] = {0, 0, 0, 0x40, 'a', 0x08, 0x00}; /* two back, where one is */
  assert_int_equal(seep_xpress_decode(before_the_start, sizeof before_the_start, out, sizeof out, &written),
                   SEEP_CORRUPT);
  assert_int_equal(written, 1);
  assert_int_equal(seep_xpress_decode(noise, 3, out, sizeof out, &written),
                   SEEP_OK); /* no flag word: the end */
  assert_int_equal(written, 0);
}

/* ---- packing ---- */

typedef struct packer {
  uint8_t *out;
  size_t size, flags_at, nibble_at;
  unsigned items;
  uint32_t flags;
} packer;

static void put(packer *self, uint32_t value, unsigned bytes)
{
  for (unsigned i = 0; i < bytes; i++) {
    self->out[self->size++] = (uint8_t)(value >> (8 * i));
  }
}

static void end_flags(packer *self)
{
  for (unsigned i = 0; i < 4; i++) {
    self->out[self->flags_at + i] = (uint8_t)(self->flags >> (8 * i));
  }
}

static void begin_item(packer *self, bool is_match)
{
  if (self->items % 32 == 0) {
    if (self->items > 0) {
      end_flags(self);
    }
    self->flags_at = self->size;
    self->flags = 0;
    put(self, 0, 4);
  }
  self->flags |= is_match ? 0x80000000u >> (self->items % 32) : 0;
  self->items++;
}

static void put_nibble(packer *self, unsigned value)
{
  if (self->nibble_at != 0) {
    self->out[self->nibble_at] |= (uint8_t)(value << 4);
    self->nibble_at = 0;
  } else {
    self->nibble_at = self->size;
    put(self, value, 1);
  }
}

static void put_match(packer *self, size_t distance, size_t length)
{
  size_t rest = length - 3;
  begin_item(self, true);
  put(self, (uint32_t)((distance - 1) << 3 | (rest < 7 ? rest : 7)), 2);
  if (rest < 7) {
    return;
  }
  put_nibble(self, rest - 7 < 15 ? (unsigned)(rest - 7) : 15);
  if (rest - 7 < 15) {
    return;
  }
  put(self, rest - 22 < 255 ? (uint32_t)(rest - 22) : 255, 1);
  if (rest - 22 >= 255) {
    put(self, rest <= UINT16_MAX ? (uint32_t)rest : 0, 2);
    if (rest > UINT16_MAX) {
      put(self, (uint32_t)rest, 4);
    }
  }
}

static size_t matching(const uint8_t *data, size_t size, size_t at, size_t distance)
{
  size_t length = 0;
  while (at + length < size && data[at + length] == data[at + length - distance]) {
    length++;
  }
  return length;
}

/* Not well, but every form comes about: the longest match among a few distances. */
static size_t pack(const uint8_t *data, size_t size, uint8_t *out)
{
  static const size_t distances[] = {1, 2, 3, 7, 8, 9, 64, 100, 4096, 8192};
  packer self = {.out = out};
  for (size_t at = 0; at < size;) {
    size_t best = 0, distance = 0;
    for (size_t i = 0; i < sizeof distances / sizeof distances[0]; i++) {
      size_t length = distances[i] <= at ? matching(data, size, at, distances[i]) : 0;
      distance = length > best ? distances[i] : distance;
      best = length > best ? length : best;
    }
    if (best >= 3) {
      put_match(&self, distance, best);
      at += best;
    } else {
      begin_item(&self, false);
      put(&self, data[at++], 1);
    }
  }
  end_flags(&self);
  return self.size;
}

static uint32_t next_random(uint32_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static void test_what_was_packed_comes_back(void **state)
{
  (void)state;
  enum { SIZE = 200000 };
  uint8_t *data = malloc(SIZE), *packed = malloc(2 * SIZE), *out = malloc(SIZE);
  uint32_t random = 7;
  assert_true(data != NULL && packed != NULL && out != NULL);
  for (unsigned round = 0; round < 40; round++) {
    size_t size = 1 + next_random(&random) % (round < 4 ? SIZE : 5000), written = 0;
    for (size_t at = 0; at < size;) { /* runs of all lengths, far and near repetitions, noise */
      size_t run = 1 + next_random(&random) % (next_random(&random) % 8 == 0 ? 70000 : 40);
      size_t back = next_random(&random) % 3 == 0 ? 1 + next_random(&random) % 9000 : 0;
      for (size_t i = 0; i < run && at < size; i++, at++) {
        data[at] = back > 0 && back <= at ? data[at - back] : (uint8_t)next_random(&random);
      }
    }
    size_t packed_size = pack(data, size, packed);
    assert_int_equal(seep_xpress_decode(packed, packed_size, out, size, &written), SEEP_OK);
    assert_int_equal(written, size);
    assert_memory_equal(out, data, size);
  }
  free(data);
  free(packed);
  free(out);
}

/* Whatever is copied in words must come out as if it were not, up to the last byte of room and input: both in
 * storage of their own size, so that the sanitizer sees what goes beyond. */
static void expect_match(size_t distance, size_t length, size_t rest)
{
  size_t size = distance + length + rest, written = 0;
  uint8_t packed[1024], *in, *out = malloc(size);
  packer self = {.out = packed};
  for (size_t i = 0; i < distance; i++) {
    begin_item(&self, false);
    put(&self, (uint32_t)(i + 1), 1);
  }
  put_match(&self, distance, length);
  for (size_t i = 0; i < rest; i++) {
    begin_item(&self, false);
    put(&self, (uint32_t)(200 + i), 1);
  }
  end_flags(&self);
  in = malloc(self.size);
  assert_true(in != NULL && out != NULL);
  memcpy(in, packed, self.size);
  assert_int_equal(seep_xpress_decode(in, self.size, out, size, &written), SEEP_OK);
  assert_int_equal(written, size);
  for (size_t i = 0; i < size; i++) {
    size_t expected = i < distance + length ? i % distance + 1 : 200 + i - distance - length;
    assert_int_equal(out[i], expected);
  }
  free(in);
  free(out);
}

static void test_matches_of_every_distance_and_length(void **state)
{
  (void)state;
  for (size_t distance = 1; distance <= 40; distance++) {
    for (size_t length = 3; length <= 70; length++) {
      for (size_t rest = 0; rest <= 40; rest += rest < 20 ? 3 : 19) {
        expect_match(distance, length, rest);
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_form_of_a_length),
      cmocka_unit_test(test_no_more_than_the_capacity_is_written),
      cmocka_unit_test(test_every_cut_gives_what_came_before_it),
      cmocka_unit_test(test_what_can_not_be_is_refused),
      cmocka_unit_test(test_what_was_packed_comes_back),
      cmocka_unit_test(test_matches_of_every_distance_and_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
