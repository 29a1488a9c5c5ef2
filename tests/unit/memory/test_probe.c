/* Reads within a budget: what sticks, what does not, and what is never asked for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "memory/probe.h"
#include "unit/memory/image.h"

#define BASE UINT64_C(0x10000)

static void make(memory_image *image)
{
  image_init(image, 8);
  image_allocation(image, BASE, 0, 0x2000, 0x1000);
  for (unsigned i = 0; i < 16; i++) {
    image_put(image, BASE + 0xFF8 + i, 0xA0 + i, 1);
  }
}

static void test_reads_across_pages(void **state)
{
  (void)state;
  memory_image image;
  seep_probe probe;
  uint8_t bytes[16];
  uint64_t pointer = 0;
  make(&image);
  seep_probe_init(&probe, &image.target, 10);
  assert_true(seep_probe_read(&probe, BASE + 0xFF8, bytes, sizeof bytes));
  assert_int_equal(bytes[0], 0xA0);
  assert_int_equal(bytes[15], 0xAF);
  assert_true(seep_probe_pointer(&probe, BASE + 0xFF8, 8, &pointer));
  assert_true(pointer == UINT64_C(0xA7A6A5A4A3A2A1A0));
  assert_true(seep_probe_pointer(&probe, BASE + 0xFF8, 4, &pointer));
  assert_true(pointer == UINT64_C(0xA3A2A1A0));
  assert_int_equal(probe.reads, 3);
  assert_int_equal(probe.ended, SEEP_OK);
  image_fini(&image);
}

static void test_missing_bytes_do_not_stick(void **state)
{
  (void)state;
  memory_image image;
  seep_probe probe;
  uint8_t bytes[16];
  make(&image);
  seep_probe_init(&probe, &image.target, 10);
  memset(bytes, 0x77, sizeof bytes);
  assert_false(seep_probe_read(&probe, BASE + 0x1FF8, bytes, sizeof bytes)); /* half of it is reserve */
  assert_int_equal(bytes[0], 0x77);
  assert_int_equal(probe.ended, SEEP_OK);
  assert_true(seep_probe_read(&probe, BASE, bytes, sizeof bytes));
  image.fail_read = 3;
  image.fail_status = SEEP_OS;
  assert_false(seep_probe_read(&probe, BASE, bytes, sizeof bytes));
  assert_true(seep_probe_read(&probe, BASE, bytes, sizeof bytes));
  image_fini(&image);
}

static void test_lasting_failures_stick(void **state)
{
  (void)state;
  static const seep_status lasting[] = {SEEP_DENIED, SEEP_GONE, SEEP_TIMED_OUT};
  for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
    memory_image image;
    seep_probe probe;
    uint8_t byte;
    make(&image);
    image.fail_read = 2;
    image.fail_status = lasting[i];
    seep_probe_init(&probe, &image.target, 10);
    assert_true(seep_probe_read(&probe, BASE, &byte, 1));
    assert_false(seep_probe_read(&probe, BASE, &byte, 1));
    assert_false(seep_probe_read(&probe, BASE, &byte, 1));
    assert_int_equal(probe.ended, lasting[i]);
    assert_int_equal(image.reads, 2); /* the third was never asked */
    image_fini(&image);
  }
}

static void test_budget(void **state)
{
  (void)state;
  memory_image image;
  seep_probe probe;
  uint8_t byte;
  make(&image);
  seep_probe_init(&probe, &image.target, 2);
  assert_true(seep_probe_read(&probe, BASE, &byte, 1));
  assert_false(seep_probe_read(&probe, 0, &byte, 1)); /* one that fails counts too */
  assert_int_equal(probe.ended, SEEP_OK);
  assert_false(seep_probe_read(&probe, BASE, &byte, 1));
  assert_int_equal(probe.ended, SEEP_LIMIT);
  assert_int_equal(probe.reads, 2);
  assert_int_equal(image.reads, 2);
  image_fini(&image);
}

static void test_wrap_around_is_never_asked(void **state)
{
  (void)state;
  memory_image image;
  seep_probe probe;
  uint8_t bytes[16];
  uint64_t pointer;
  make(&image);
  seep_probe_init(&probe, &image.target, 10);
  assert_false(seep_probe_read(&probe, UINT64_MAX - 7, bytes, 9));
  assert_false(seep_probe_pointer(&probe, UINT64_MAX - 3, 8, &pointer));
  assert_int_equal(image.reads, 0);
  assert_false(
      seep_probe_read(&probe, UINT64_MAX - 7, bytes, 8)); /* ends with the last byte: asked, not there */
  assert_int_equal(image.reads, 1);
  assert_true(seep_probe_read(&probe, UINT64_MAX, bytes, 0));
  assert_int_equal(image.reads, 1);
  image_fini(&image);
}

static void test_fields(void **state)
{
  (void)state;
  static const uint8_t bytes[] = {0x01, 0x82, 0x03, 0x84, 0x05, 0x86, 0x07, 0x88, 0x09};
  assert_int_equal(seep_probe_u16(bytes, 1), 0x0382);
  assert_true(seep_probe_u32(bytes, 1) == UINT32_C(0x05840382));
  assert_true(seep_probe_word(bytes, 0, 4) == UINT64_C(0x84038201));
  assert_true(seep_probe_word(bytes, 1, 8) == UINT64_C(0x0988078605840382));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reads_across_pages),         cmocka_unit_test(test_missing_bytes_do_not_stick),
      cmocka_unit_test(test_lasting_failures_stick),     cmocka_unit_test(test_budget),
      cmocka_unit_test(test_wrap_around_is_never_asked), cmocka_unit_test(test_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
