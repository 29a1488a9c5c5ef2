/*
 * Packing and unpacking files: what goes in comes out, whatever its size; nothing is overwritten; what fails
 * leaves neither a file under the final name nor a half-written one; damaged input is told from whole input.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "file_box.h"
#include "watch/gzip.h"

#define PLAIN "gzip_test_\xC3\xA4.bin"
#define PARTIAL "gzip_test.partial"
#define PACKED "gzip_test_\xE2\x82\xAC.gz"
#define AGAIN "gzip_test_again.bin"
#define FOLDER "gzip_test_folder"
#define NOWHERE "gzip_test_nowhere"

/* What the looks have seen. */
typedef struct witness {
  memory_file plain, packed;
  unsigned plain_looks, packed_looks, asked, stop_after; /* 0 = never */
  bool bored;                                            /* wants no more after the first look */
  uint64_t done, total;
} witness;

/* Every byte natively; through Wine, where each file costs 20 ms, every seventeenth. */
#ifdef _WIN32
#define STEP 17
#else
#define STEP 1
#endif

static bool look_plain(void *context, const void *data, size_t size)
{
  witness *seen = context;
  seen->plain_looks++;
  assert_true(size > 0 && memory_file_write(&seen->plain, seen->plain.size, data, size));
  return !seen->bored;
}

static bool look_packed(void *context, const void *data, size_t size)
{
  witness *seen = context;
  seen->packed_looks++;
  assert_true(size > 0 && memory_file_write(&seen->packed, seen->packed.size, data, size));
  return !seen->bored;
}

static bool stopped(void *context)
{
  witness *seen = context;
  seen->asked++;
  return seen->stop_after != 0 && seen->asked >= seen->stop_after;
}

static void progress(void *context, uint64_t done, uint64_t total)
{
  witness *seen = context;
  assert_true(done >= seen->done && done <= total);
  seen->done = done;
  seen->total = total;
}

static seep_gzip_options watched_by(witness *seen)
{
  const seep_gzip_options options = {
      .plain = look_plain, .packed = look_packed, .context = seen, .stopped = stopped, .progress = progress};
  return options;
}

static void forget(witness *seen)
{
  memory_file_free(&seen->plain);
  memory_file_free(&seen->packed);
  memset(seen, 0, sizeof *seen);
}

static int clean(void **state)
{
  static const char *const paths[] = {PLAIN, PARTIAL, PACKED, AGAIN, FOLDER};
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    file_box_remove(paths[i]);
  }
  return 0;
}

static void expect_same(const memory_file *found, const memory_file *expected)
{
  assert_int_equal(found->size, expected->size);
  if (expected->size > 0) {
    assert_memory_equal(found->bytes, expected->bytes, expected->size);
  }
}

static void round_trip(const memory_file *original)
{
  witness seen = {.bored = false};
  seep_gzip_options options = watched_by(&seen);
  clean(NULL);
  file_box_write(PLAIN, original->bytes, original->size);
  assert_int_equal(seep_gzip_pack(PLAIN, PARTIAL, PACKED, &options, NULL), SEEP_OK);
  assert_false(file_box_has(PARTIAL));
  memory_file packed = file_box_read(PACKED);
  memory_file plain = file_box_unpacked(&packed);
  expect_same(&plain, original);
  expect_same(&seen.plain, original);
  expect_same(&seen.packed, &packed);
  assert_int_equal(seen.total, original->size);
  assert_int_equal(seen.done, original->size);
  forget(&seen);
  assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, &options, NULL), SEEP_OK);
  assert_false(file_box_has(PARTIAL));
  file_box_expect(AGAIN, original->bytes, original->size);
  expect_same(&seen.plain, original);
  expect_same(&seen.packed, &packed);
  assert_int_equal(seen.done, packed.size);
  forget(&seen);
  assert_int_equal(seep_gzip_read(PACKED, &options, NULL), SEEP_OK);
  expect_same(&seen.plain, original);
  forget(&seen);
  memory_file_free(&packed);
  memory_file_free(&plain);
}

static void files_of_every_size(void **state)
{
  static const size_t sizes[] = {0, 1, 1000, 65535, 65536, 65537, 131072, 400001};
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    memory_file bytes = file_box_bytes(sizes[i], (uint32_t)i);
    round_trip(&bytes);
    if (bytes.size > 0) {
      memset(bytes.bytes, 0, bytes.size);
      round_trip(&bytes);
    }
    memory_file_free(&bytes);
  }
}

static void a_copy_is_the_same_file(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(200000, 7);
  witness seen = {.bored = false};
  seep_gzip_options options = watched_by(&seen);
  file_box_write(PLAIN, bytes.bytes, bytes.size);
  assert_int_equal(seep_gzip_copy(PLAIN, PARTIAL, AGAIN, &options, NULL), SEEP_OK);
  file_box_expect(AGAIN, bytes.bytes, bytes.size);
  assert_false(file_box_has(PARTIAL));
  expect_same(&seen.plain, &bytes);
  assert_int_equal(seen.packed_looks, 0);
  forget(&seen);
  assert_int_equal(seep_gzip_copy(PLAIN, NULL, NULL, &options, NULL), SEEP_OK);
  expect_same(&seen.plain, &bytes);
  forget(&seen);
  assert_int_equal(seep_gzip_copy(PLAIN, NULL, NULL, NULL, NULL), SEEP_OK);
  memory_file_free(&bytes);
}

static void a_look_that_has_seen_enough_does_not_end_the_work(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(400000, 8);
  witness seen = {.bored = true};
  seep_gzip_options options = watched_by(&seen);
  file_box_write(PLAIN, bytes.bytes, bytes.size);
  assert_int_equal(seep_gzip_pack(PLAIN, PARTIAL, PACKED, &options, NULL), SEEP_OK);
  assert_int_equal(seen.plain_looks, 1);
  assert_int_equal(seen.packed_looks, 1);
  memory_file packed = file_box_read(PACKED), plain = file_box_unpacked(&packed);
  expect_same(&plain, &bytes);
  forget(&seen);
  memory_file_free(&packed);
  memory_file_free(&plain);
  memory_file_free(&bytes);
}

typedef seep_status (*verb)(const char *from, const char *partial, const char *to,
                            const seep_gzip_options *options, seep_error *error);
static const verb verbs[] = {seep_gzip_pack, seep_gzip_unpack, seep_gzip_copy};
#define VERBS (sizeof verbs / sizeof verbs[0])

/* PACKED holds bytes that all three verbs take. */
static memory_file packed_source(size_t size)
{
  memory_file bytes = file_box_bytes(size, 9), packed = file_box_packed(bytes.bytes, bytes.size);
  file_box_write(PACKED, packed.bytes, packed.size);
  memory_file_free(&bytes);
  return packed;
}

static void nothing_is_overwritten(void **state)
{
  (void)state;
  memory_file source = packed_source(5000);
  for (size_t i = 0; i < VERBS; i++) {
    seep_error error;
    file_box_write(AGAIN, "precious", 8);
    file_box_write(PARTIAL, "old", 3);
    assert_int_equal(verbs[i](PACKED, PARTIAL, AGAIN, NULL, &error), SEEP_BUSY);
    assert_string_equal(error.subject, AGAIN);
    file_box_expect(AGAIN, "precious", 8);
    file_box_expect(PARTIAL, "old", 3); /* nothing has been begun */
    file_box_remove(AGAIN);
    file_box_make_folder(FOLDER);
    assert_int_equal(verbs[i](PACKED, PARTIAL, FOLDER, NULL, NULL), SEEP_BUSY);
    file_box_expect(PARTIAL, "old", 3);
  }
  file_box_expect(PACKED, source.bytes, source.size);
  memory_file_free(&source);
}

/* Another's partial file stays as it is; one's own may be replaced. */
static void a_partial_file_is_replaced_on_demand(void **state)
{
  (void)state;
  memory_file source = packed_source(5000);
  const seep_gzip_options replacing = {.replace_partial = true};
  for (size_t i = 0; i < VERBS; i++) {
    seep_error error;
    file_box_write(PARTIAL, "old", 3);
    assert_int_equal(verbs[i](PACKED, PARTIAL, AGAIN, NULL, &error), SEEP_BUSY);
    assert_string_equal(error.subject, PARTIAL);
    file_box_expect(PARTIAL, "old", 3);
    assert_false(file_box_has(AGAIN));
    assert_int_equal(verbs[i](PACKED, PARTIAL, AGAIN, &replacing, NULL), SEEP_OK);
    assert_false(file_box_has(PARTIAL));
    assert_true(file_box_has(AGAIN));
    file_box_remove(AGAIN);
  }
  memory_file_free(&source);
}

/* Somebody creates the target while the work goes on. */
static bool create_target(void *context, const void *data, size_t size)
{
  (void)context;
  (void)data;
  (void)size;
  file_box_write(AGAIN, "precious", 8);
  return false;
}

static void nothing_is_overwritten_at_the_end_either(void **state)
{
  (void)state;
  memory_file source = packed_source(5000);
  const seep_gzip_options options = {.plain = create_target};
  for (size_t i = 0; i < VERBS; i++) {
    assert_int_equal(verbs[i](PACKED, PARTIAL, AGAIN, &options, NULL), SEEP_BUSY);
    file_box_expect(AGAIN, "precious", 8);
    assert_false(file_box_has(PARTIAL));
    file_box_remove(AGAIN);
  }
  memory_file_free(&source);
}

static void what_cannot_be_opened_or_made(void **state)
{
  (void)state;
  memory_file source = packed_source(5000);
  for (size_t i = 0; i < VERBS; i++) {
    seep_error error;
    assert_int_equal(verbs[i](PLAIN, PARTIAL, AGAIN, NULL, &error), SEEP_NOT_FOUND);
    assert_string_equal(error.subject, PLAIN);
    assert_int_equal(error.domain, SEEP_DOMAIN_UV);
    assert_int_equal(verbs[i](PACKED, NOWHERE "/x", NOWHERE "/y", NULL, &error), SEEP_NOT_FOUND);
    assert_string_equal(error.subject, NOWHERE "/x");
    assert_int_equal(verbs[i](PACKED, PARTIAL, NOWHERE "/y", NULL, NULL), SEEP_NOT_FOUND);
    assert_false(file_box_has(PARTIAL));
    file_box_make_folder(FOLDER);
    assert_int_not_equal(verbs[i](PACKED, FOLDER, AGAIN, NULL, NULL), SEEP_OK); /* the partial is a folder */
    assert_true(file_box_has(FOLDER));
    assert_int_not_equal(verbs[i](FOLDER, PARTIAL, AGAIN, NULL, NULL), SEEP_OK); /* the source is one */
    assert_false(file_box_has(PARTIAL));
    assert_false(file_box_has(AGAIN));
  }
  assert_int_equal(seep_gzip_read(PLAIN, NULL, NULL), SEEP_NOT_FOUND);
  assert_int_equal(seep_gzip_copy(PLAIN, NULL, NULL, NULL, NULL), SEEP_NOT_FOUND);
  memory_file_free(&source);
}

static void a_stop_leaves_nothing(void **state)
{
  (void)state;
  memory_file source = packed_source(1000000);
  for (size_t i = 0; i < VERBS; i++) {
    for (unsigned after = 1; after <= 4; after++) {
      witness seen = {.stop_after = after};
      seep_gzip_options options = watched_by(&seen);
      assert_int_equal(verbs[i](PACKED, PARTIAL, AGAIN, &options, NULL), SEEP_CANCELLED);
      assert_int_equal(seen.asked, after);
      assert_false(file_box_has(PARTIAL));
      assert_false(file_box_has(AGAIN));
      forget(&seen);
    }
  }
  memory_file_free(&source);
}

/* A few kilobytes that unpack to megabytes: stopped after a few pieces of the output. */
static void a_stop_is_heard_while_a_small_input_grows(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(6000000, 1);
  memset(bytes.bytes, 0, bytes.size);
  memory_file packed = file_box_packed(bytes.bytes, bytes.size);
  assert_true(packed.size < 65536);
  file_box_write(PACKED, packed.bytes, packed.size);
  witness seen = {.stop_after = 5};
  seep_gzip_options options = watched_by(&seen);
  assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, &options, NULL), SEEP_CANCELLED);
  assert_true(seen.plain.size <= 5 * 65536);
  forget(&seen);
  memory_file_free(&bytes);
  memory_file_free(&packed);
}

/* Zeros without end: what comes out is bounded, to the byte. */
static void more_than_is_known_is_not_unpacked(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(6000000, 1);
  memset(bytes.bytes, 0, bytes.size);
  memory_file packed = file_box_packed(bytes.bytes, bytes.size);
  file_box_write(PACKED, packed.bytes, packed.size);
  static const uint64_t too_small[] = {1, 65536, 5999999};
  for (size_t i = 0; i < sizeof too_small / sizeof too_small[0]; i++) {
    witness seen = {.bored = false};
    seep_gzip_options options = watched_by(&seen);
    options.maximum_plain_bytes = too_small[i];
    assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, &options, NULL), SEEP_CORRUPT);
    assert_true(seen.plain.size <= too_small[i]);
    assert_false(file_box_has(PARTIAL));
    assert_false(file_box_has(AGAIN));
    forget(&seen);
  }
  const seep_gzip_options exact = {.maximum_plain_bytes = 6000000};
  assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, &exact, NULL), SEEP_OK);
  file_box_expect(AGAIN, bytes.bytes, bytes.size);
  memory_file_free(&bytes);
  memory_file_free(&packed);
}

static void expect_corrupt(const memory_file *packed, int64_t least_offset)
{
  seep_error error;
  file_box_write(PACKED, packed->bytes, packed->size);
  assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, NULL, &error), SEEP_CORRUPT);
  assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
  assert_true(error.code >= least_offset && error.code <= (int64_t)packed->size);
  assert_false(file_box_has(PARTIAL));
  assert_false(file_box_has(AGAIN));
  assert_int_equal(seep_gzip_read(PACKED, NULL, NULL), SEEP_CORRUPT);
}

static void members_one_after_the_other(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(150000, 3);
  memory_file first = file_box_packed(bytes.bytes, 70000), none = file_box_packed("", 0);
  memory_file second = file_box_packed(bytes.bytes + 70000, bytes.size - 70000);
  memory_file all = memory_file_copy(first.bytes, first.size);
  assert_true(memory_file_write(&all, all.size, none.bytes, none.size));
  assert_true(memory_file_write(&all, all.size, second.bytes, second.size));
  file_box_write(PACKED, all.bytes, all.size);
  assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, NULL, NULL), SEEP_OK);
  file_box_expect(AGAIN, bytes.bytes, bytes.size);
  file_box_remove(AGAIN);
  all.size -= 1; /* cut in the second member */
  expect_corrupt(&all, (int64_t)(first.size + none.size));
  memory_file_free(&bytes);
  memory_file_free(&first);
  memory_file_free(&none);
  memory_file_free(&second);
  memory_file_free(&all);
}

/* A whole number of pieces: the member's end is the piece's end, too. */
static void a_member_that_ends_with_a_piece(void **state)
{
  (void)state;
  uint32_t seed = 1;
  memory_file bytes = {0};
  bytes.bytes = malloc(2 * 65536);
  assert_non_null(bytes.bytes);
  for (size_t i = 0; i < 65536; i++) {
    seed = seed * 1664525u + 1013904223u;
    bytes.bytes[i] = (uint8_t)(seed >> 24);
  }
  /* Noise is stored: the packed size follows the plain one, so some size meets the piece's end exactly. */
  for (bytes.size = 65536; bytes.size > 65300; bytes.size--) {
    memory_file packed = file_box_packed(bytes.bytes, bytes.size);
    if (packed.size <= 65536) {
      file_box_write(PACKED, packed.bytes, packed.size);
      assert_int_equal(packed.size, 65536);
      assert_int_equal(seep_gzip_unpack(PACKED, PARTIAL, AGAIN, NULL, NULL), SEEP_OK);
      file_box_expect(AGAIN, bytes.bytes, bytes.size);
      memory_file_free(&packed);
      break;
    }
    memory_file_free(&packed);
  }
  assert_true(bytes.size > 65300);
  memory_file_free(&bytes);
}

static void bytes_behind_the_end(void **state)
{
  static const char *const tails[] = {"\x1f", "\x1f\x8b", "garbage that is no member", "\n"};
  (void)state;
  memory_file bytes = file_box_bytes(3000, 4), packed = file_box_packed(bytes.bytes, bytes.size);
  for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
    memory_file longer = memory_file_copy(packed.bytes, packed.size);
    assert_true(memory_file_write(&longer, longer.size, tails[i], strlen(tails[i])));
    expect_corrupt(&longer, (int64_t)packed.size);
    memory_file_free(&longer);
  }
  memory_file_free(&bytes);
  memory_file_free(&packed);
}

static void cut_anywhere(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(300, 5), packed = file_box_packed(bytes.bytes, bytes.size);
  for (size_t size = 0; size < packed.size; size += STEP) {
    memory_file cut = memory_file_copy(packed.bytes, size);
    expect_corrupt(&cut, (int64_t)size);
    memory_file_free(&cut);
  }
  memory_file_free(&bytes);
  memory_file_free(&packed);
}

/* gzip's header holds a time and flags that change nothing; all else must be noticed. */
static void damage_is_noticed(void **state)
{
  (void)state;
  memory_file bytes = file_box_bytes(300, 6), packed = file_box_packed(bytes.bytes, bytes.size);
  size_t noticed = 0, tried = 0;
  for (size_t at = 0; at < packed.size; at += STEP) {
    tried++;
    uint8_t flip = (uint8_t)(1u << at % 8);
    packed.bytes[at] ^= flip;
    file_box_write(PACKED, packed.bytes, packed.size);
    seep_status status = seep_gzip_unpack(PACKED, PARTIAL, AGAIN, NULL, NULL);
    assert_false(file_box_has(PARTIAL));
    if (status == SEEP_OK) {
      file_box_expect(AGAIN, bytes.bytes, bytes.size);
      file_box_remove(AGAIN);
    } else {
      assert_int_equal(status, SEEP_CORRUPT);
      noticed++;
    }
    packed.bytes[at] ^= flip;
  }
  assert_true(noticed + 8 >= tried && noticed > 0);
  memory_file_free(&bytes);
  memory_file_free(&packed);
}

static void other_files_are_refused(void **state)
{
  (void)state;
  memory_file plain = file_box_bytes(100000, 2);
  expect_corrupt(&plain, 0);
  memory_file_free(&plain);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clean, clean)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(files_of_every_size),
      TEST(a_copy_is_the_same_file),
      TEST(a_look_that_has_seen_enough_does_not_end_the_work),
      TEST(nothing_is_overwritten),
      TEST(nothing_is_overwritten_at_the_end_either),
      TEST(a_partial_file_is_replaced_on_demand),
      TEST(what_cannot_be_opened_or_made),
      TEST(a_stop_leaves_nothing),
      TEST(a_stop_is_heard_while_a_small_input_grows),
      TEST(more_than_is_known_is_not_unpacked),
      TEST(members_one_after_the_other),
      TEST(a_member_that_ends_with_a_piece),
      TEST(bytes_behind_the_end),
      TEST(cut_anywhere),
      TEST(damage_is_noticed),
      TEST(other_files_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
