/* Blocks of version 1: bytes that its encoder wrote, streams at the limits made by hand, and bytes that lie.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "store/varint.h"
#include "store/version1_block.h"
#include "unit/store/random_polls.h"

#define COUNT_OF(list) (sizeof(list) / sizeof(list)[0])

/* ---- bytes that version 1 wrote ---- */

static const uint8_t empty[] = {0x01, 0x00, 0x00, 0x00, 0x00, 0x78, 0x9C,
                                0x63, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01};
static const uint8_t one[] = {0x01, 0x01, 0x00, 0x00, 0x00, 0x78, 0x9C, 0xE3,
                              0x61, 0x64, 0x02, 0x00, 0x00, 0x2B, 0x00, 0x10};
static const uint8_t forty[] = {
    0x01, 0x28, 0x00, 0x00, 0x00, 0x78, 0x9C, 0xE3, 0x61, 0x64, 0x26, 0x0E, 0x3C, 0x73, 0xB9, 0x74,
    0x8F, 0xB1, 0xBF, 0x99, 0x69, 0x59, 0xD2, 0x5C, 0xB7, 0x65, 0x07, 0x19, 0x0F, 0x8B, 0x5F, 0xE1,
    0xDE, 0xAA, 0xFF, 0x3E, 0x6C, 0xBB, 0xF5, 0xBD, 0x93, 0x8C, 0x8B, 0x5F, 0x33, 0x76, 0xED, 0x64,
    0xFC, 0x27, 0xBA, 0x23, 0xF2, 0xEB, 0x56, 0xA6, 0x5F, 0x8F, 0x18, 0xAF, 0x46, 0xCF, 0x15, 0x3E,
    0xB2, 0x93, 0x71, 0xE5, 0x2F, 0xC6, 0x19, 0x79, 0x6F, 0x27, 0x31, 0xCE, 0x65, 0x39, 0xC3, 0x38,
    0xA3, 0x83, 0x69, 0xFF, 0x04, 0xA6, 0x3D, 0xFB, 0x18, 0x17, 0x87, 0xCC, 0xC9, 0x9C, 0x7F, 0x92,
    0x71, 0xC9, 0x7F, 0xC6, 0x8B, 0x73, 0x18, 0x6F, 0xE4, 0x5D, 0x91, 0x9D, 0x23, 0x7B, 0x77, 0x31,
    0xE3, 0x15, 0xCB, 0xC7, 0x56, 0x00, 0xA8, 0x12, 0x30, 0xB7};

/* Processes 1, 4, 7 and so on. */
static const uint64_t forty_commits[] = {
    18034688, 76398592, 8470528,  34238464, 15826944, 66498560, 60329984, 63385600, 50954240, 28180480,
    12599296, 65482752, 3805184,  52322304, 58085376, 81530880, 286720,   59781120, 35749888, 30707712,
    79343616, 13721600, 42606592, 4108288,  2998272,  3416064,  72671232, 1236992,  51167232, 29073408,
    56655872, 3899392,  70819840, 29757440, 58773504, 66547712, 74207232, 31285248, 46399488, 30990336};

static void test_bytes(void **state)
{
  (void)state;
  seep_version1_entry back[41];
  size_t read = 77;
  assert_int_equal(seep_version1_block_decode(empty, sizeof empty, back, 0, &read, NULL), SEEP_OK);
  assert_int_equal(read, 0);
  assert_int_equal(seep_version1_block_decode(one, sizeof one, back, 1, &read, NULL), SEEP_OK);
  assert_int_equal(read, 1);
  assert_true(back[0].process == 1 && back[0].commit_bytes == 4096);
  assert_int_equal(seep_version1_block_count(forty, sizeof forty), 40);
  assert_int_equal(seep_version1_block_decode(forty, sizeof forty, back, 40, &read, NULL), SEEP_OK);
  assert_int_equal(read, 40);
  for (size_t i = 0; i < 40; i++) {
    assert_true(back[i].process == 3 * (int64_t)i + 1);
    assert_true(back[i].commit_bytes == forty_commits[i]);
  }
}

/* ---- blocks made here ---- */

/* Wraps a stream in a header that says `count`. */
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

static void round_trip(const seep_version1_entry *entries, size_t count, unsigned shift)
{
  size_t stream_size = 1, room = 1024 + count * 24, read = 99;
  uint8_t *stream = malloc(room), *block = malloc(room);
  seep_version1_entry *back = calloc(count + 1, sizeof *back);
  assert_non_null(stream);
  assert_non_null(block);
  assert_non_null(back);
  stream[0] = (uint8_t)shift;
  for (size_t i = 0; i < count; i++) {
    int64_t before = i > 0 ? entries[i - 1].process : 0;
    stream_size += seep_varint_put(stream + stream_size, (uint64_t)(entries[i].process - before));
  }
  for (size_t i = 0; i < count; i++) {
    uint64_t units = (entries[i].commit_bytes >> shift) - (i > 0 ? entries[i - 1].commit_bytes >> shift : 0);
    stream_size += seep_varint_put(stream + stream_size, seep_varint_zigzag(units));
  }
  size_t size = wrap(block, room, (uint32_t)count, stream, stream_size);
  assert_int_equal(seep_version1_block_count(block, size), count);
  assert_int_equal(seep_version1_block_decode(block, size, back, count, &read, NULL), SEEP_OK);
  assert_int_equal(read, count);
  for (size_t i = 0; i < count; i++) {
    assert_true(back[i].process == entries[i].process);
    assert_true(back[i].commit_bytes == entries[i].commit_bytes);
  }
  free(stream);
  free(block);
  free(back);
}

static void test_limits(void **state)
{
  (void)state;
  static const seep_version1_entry extremes[] = {
      {1, UINT64_MAX}, {2, 0}, {3, UINT64_C(1) << 63}, {INT64_MAX, UINT64_MAX - 1}};
  static const seep_version1_entry pages[] = {{7, 4096}, {8, UINT64_MAX & ~UINT64_C(4095)}, {9, 8192}};
  round_trip(extremes, 4, 0);
  round_trip(pages, 3, 0);
  round_trip(pages, 3, 12);
}

static void test_incompressible(void **state)
{
  (void)state;
  size_t count = 5000;
  seep_version1_entry *entries = calloc(count, sizeof *entries);
  assert_non_null(entries);
  uint64_t random = 88172645463325252u;
  int64_t process = 0;
  for (size_t i = 0; i < count; i++) {
    random_polls_number(&random);
    process += 1 + (int64_t)(random >> 14);
    entries[i] = (seep_version1_entry){process, random};
  }
  round_trip(entries, count, 0);
  free(entries);
}

/* ---- damage ---- */

static void test_every_cut_and_flip(void **state)
{
  (void)state;
  seep_version1_entry right[40], back[40];
  uint8_t bad[sizeof forty + 1];
  size_t count = 77;
  assert_int_equal(seep_version1_block_decode(forty, sizeof forty, right, 40, &count, NULL), SEEP_OK);
  count = 77;
  for (size_t cut = 0; cut < sizeof forty; cut++) {
    assert_int_equal(seep_version1_block_decode(forty, cut, back, 40, &count, NULL), SEEP_CORRUPT);
  }
  memcpy(bad, forty, sizeof forty);
  bad[sizeof forty] = 0;
  assert_int_equal(seep_version1_block_decode(bad, sizeof bad, back, 40, &count, NULL), SEEP_CORRUPT);
  for (size_t bit = 0; bit < sizeof forty * 8; bit++) {
    memcpy(bad, forty, sizeof forty);
    bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (seep_version1_block_decode(bad, sizeof forty, back, 40, &count, NULL) == SEEP_OK) {
      /* Two bits of zlib's own header do not matter; then the values are right. */
      assert_int_equal(count, 40);
      for (size_t i = 0; i < 40; i++) {
        assert_true(back[i].process == right[i].process && back[i].commit_bytes == right[i].commit_bytes);
      }
      count = 77;
    }
  }
  assert_int_equal(count, 77);
  bad[0] = 2;
  assert_int_equal(seep_version1_block_decode(bad, sizeof forty, back, 40, &count, NULL), SEEP_UNSUPPORTED);
  assert_int_equal(seep_version1_block_decode(forty, sizeof forty, back, 39, &count, NULL), SEEP_LIMIT);
}

static void test_lying_streams(void **state)
{
  (void)state;
  static uint8_t zeros[1 << 20];
  static uint8_t block[8192];
  seep_version1_entry back[4];
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
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    size_t size = wrap(block, sizeof block, cases[i].count, cases[i].stream, cases[i].size);
    assert_int_equal(seep_version1_block_decode(block, size, back, 4, &count, NULL), cases[i].expected);
  }
  /* A megabyte in a kilobyte is not unpacked: the bound on the block's own size refuses it. */
  size_t size = wrap(block, sizeof block, 4, zeros, sizeof zeros);
  assert_int_equal(seep_version1_block_decode(block, size, back, 4, &count, NULL), SEEP_CORRUPT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes),          cmocka_unit_test(test_limits),
      cmocka_unit_test(test_incompressible), cmocka_unit_test(test_every_cut_and_flip),
      cmocka_unit_test(test_lying_streams),
  };
  return cmocka_run_group_tests_name("store/version1_block", tests, NULL, NULL);
}
