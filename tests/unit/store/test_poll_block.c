/* The sample codec: round trips at the limits, size in practice, and bytes that lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "store/poll_block.h"

static void round_trip(const seep_poll_entry *entries, size_t count)
{
  size_t size = seep_poll_block_bound(count);
  uint8_t *block = malloc(size);
  seep_poll_entry *back = calloc(count + 1, sizeof *back);
  assert_non_null(block);
  assert_non_null(back);
  size_t length = 0, read = 99;
  assert_int_equal(seep_poll_block_encode(entries, count, block, size, &length, NULL), SEEP_OK);
  assert_true(length <= size);
  assert_int_equal(seep_poll_block_count(block, length), count);
  assert_int_equal(seep_poll_block_decode(block, length, back, count, &read, NULL), SEEP_OK);
  assert_int_equal(read, count);
  for (size_t i = 0; i < count; i++) {
    assert_true(back[i].process == entries[i].process);
    assert_true(back[i].commit_bytes == entries[i].commit_bytes);
  }
  free(block);
  free(back);
}

static void test_limits(void **state)
{
  (void)state;
  round_trip(NULL, 0);
  const seep_poll_entry one[] = {{1, 0}};
  round_trip(one, 1);
  const seep_poll_entry extremes[] = {
      {1, UINT64_MAX}, {2, 0}, {3, UINT64_C(1) << 63}, {INT64_MAX, UINT64_MAX - 1}};
  round_trip(extremes, 4);
  const seep_poll_entry pages[] = {{7, 4096}, {8, UINT64_MAX & ~UINT64_C(4095)}, {9, 8192}};
  round_trip(pages, 3);
}

static void test_incompressible(void **state)
{
  (void)state;
  size_t count = 5000;
  seep_poll_entry *entries = calloc(count, sizeof *entries);
  assert_non_null(entries);
  uint64_t random = 88172645463325252u;
  int64_t process = 0;
  for (size_t i = 0; i < count; i++) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    process += 1 + (int64_t)(random >> 14);
    entries[i].process = process;
    entries[i].commit_bytes = random;
  }
  round_trip(entries, count);
  free(entries);
}

static void test_three_bytes_a_process(void **state)
{
  (void)state;
  enum { COUNT = 1000 };
  static seep_poll_entry entries[COUNT];
  static uint8_t block[COUNT * 3];
  uint32_t random = 12345;
  for (size_t i = 0; i < COUNT; i++) {
    random = random * 1664525u + 1013904223u;
    entries[i].process = (int64_t)i * 3 + 1;
    /* 2 to 66 MB, as most processes of a server have. */
    entries[i].commit_bytes = (512 + (uint64_t)(random >> 18)) * 4096;
  }
  size_t length = 0;
  assert_int_equal(seep_poll_block_encode(entries, COUNT, block, sizeof block, &length, NULL), SEEP_OK);
}

static void test_refused_entries(void **state)
{
  (void)state;
  uint8_t block[512];
  size_t length = 77;
  const seep_poll_entry twice[] = {{5, 1}, {5, 2}};
  const seep_poll_entry backwards[] = {{5, 1}, {4, 2}};
  const seep_poll_entry zero[] = {{0, 1}};
  assert_int_equal(seep_poll_block_encode(twice, 2, block, sizeof block, &length, NULL), SEEP_INVALID);
  assert_int_equal(seep_poll_block_encode(backwards, 2, block, sizeof block, &length, NULL), SEEP_INVALID);
  assert_int_equal(seep_poll_block_encode(zero, 1, block, sizeof block, &length, NULL), SEEP_INVALID);
  assert_int_equal(
      seep_poll_block_encode(NULL, SEEP_POLL_BLOCK_MAXIMUM_COUNT + 1, block, sizeof block, &length, NULL),
      SEEP_LIMIT);
  const seep_poll_entry good[] = {{1, 123456789}, {2, 987654321}};
  for (size_t room = 0; room < 20; room++) {
    assert_int_equal(seep_poll_block_encode(good, 2, block, room, &length, NULL), SEEP_LIMIT);
  }
  assert_int_equal(length, 77);
}

static void test_every_cut_and_flip(void **state)
{
  (void)state;
  seep_poll_entry entries[20], back[20];
  uint8_t block[1024], bad[1024];
  for (size_t i = 0; i < 20; i++) {
    entries[i].process = (int64_t)(i * i + 1);
    entries[i].commit_bytes = i * 1000003;
  }
  size_t length = 0, count = 77;
  assert_int_equal(seep_poll_block_encode(entries, 20, block, sizeof block, &length, NULL), SEEP_OK);
  for (size_t cut = 0; cut < length; cut++) {
    assert_int_equal(seep_poll_block_decode(block, cut, back, 20, &count, NULL), SEEP_CORRUPT);
  }
  memcpy(bad, block, length);
  bad[length] = 0;
  assert_int_equal(seep_poll_block_decode(bad, length + 1, back, 20, &count, NULL), SEEP_CORRUPT);
  for (size_t bit = 0; bit < length * 8; bit++) {
    memcpy(bad, block, length);
    bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (seep_poll_block_decode(bad, length, back, 20, &count, NULL) == SEEP_OK) {
      /* Two bits of zlib's own header do not matter; then the values are right. */
      assert_int_equal(count, 20);
      assert_memory_equal(back, entries, sizeof entries);
      count = 77;
    }
  }
  assert_int_equal(count, 77);
  seep_error error;
  bad[0] = 2;
  assert_int_equal(seep_poll_block_decode(bad, length, back, 20, &count, &error), SEEP_UNSUPPORTED);
  assert_int_equal(seep_poll_block_decode(block, length, back, 19, &count, &error), SEEP_LIMIT);
}

/* Wraps a hand-made stream in a header that says `count`. */
static size_t wrap(uint8_t *block, size_t size, uint32_t count, const uint8_t *stream, size_t stream_size)
{
  uLongf room = (uLongf)(size - 5);
  block[0] = 1;
  for (unsigned i = 0; i < 4; i++) {
    block[1 + i] = (uint8_t)(count >> (8 * i));
  }
  assert_int_equal(compress(block + 5, &room, stream, (uLong)stream_size), Z_OK);
  return 5 + (size_t)room;
}

static void test_lying_streams(void **state)
{
  (void)state;
  static uint8_t zeros[1 << 20];
  static uint8_t block[8192];
  seep_poll_entry back[4];
  size_t count = 77;
  const struct {
    uint32_t count;
    uint8_t stream[16];
    size_t size;
    seep_status expected;
  } cases[] = {
      {1, {0, 1, 2}, 3, SEEP_OK},
      {1, {0, 0, 2}, 3, SEEP_CORRUPT},       /* row 0 */
      {2, {0, 1, 0, 2, 2}, 5, SEEP_CORRUPT}, /* the same row twice */
      {1, {13, 1, 2}, 3, SEEP_CORRUPT},      /* shift beyond a page */
      {1, {0, 1, 2, 3}, 4, SEEP_CORRUPT},    /* one byte too many */
      {1, {0, 1}, 2, SEEP_CORRUPT},          /* no commit */
      {1, {12, 1, 1}, 3, SEEP_CORRUPT},      /* -1 pages */
      {1,
       {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0},
       12,
       SEEP_CORRUPT}, /* row over INT64_MAX */
      {1, {0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2, 0}, 12, SEEP_CORRUPT}, /* 65 bits */
      {1,
       {0, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0},
       12,
       SEEP_CORRUPT}, /* never ends */
      {0, {0}, 1, SEEP_OK},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t size = wrap(block, sizeof block, cases[i].count, cases[i].stream, cases[i].size);
    assert_int_equal(seep_poll_block_decode(block, size, back, 4, &count, NULL), cases[i].expected);
  }
  /* A megabyte in a kilobyte is not unpacked: the bound on the block's own size refuses it. */
  size_t size = wrap(block, sizeof block, 4, zeros, sizeof zeros);
  assert_int_equal(seep_poll_block_decode(block, size, back, 4, &count, NULL), SEEP_CORRUPT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_incompressible),
      cmocka_unit_test(test_three_bytes_a_process),
      cmocka_unit_test(test_refused_entries),
      cmocka_unit_test(test_every_cut_and_flip),
      cmocka_unit_test(test_lying_streams),
  };
  return cmocka_run_group_tests_name("store/poll_block", tests, NULL, NULL);
}
