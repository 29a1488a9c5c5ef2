/* Payloads about modules and the machine that they were loaded on (reference: etl-format, 2.2, 2.6 and 7). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/payload.h"
#include "unit/trace/payload_rig.h"

static const uint8_t config_class[16] = {0x65, 0x3a, 0x85, 0x01, 0x8f, 0x41, 0x36, 0x4f,
                                         0xae, 0xfc, 0xdc, 0x0f, 0x1d, 0x2f, 0xd2, 0x35};

static payload image(uint8_t version, unsigned pointer_bytes)
{
  payload made = payload_rig_kernel(0x1403, version, pointer_bytes);
  payload_rig_add_pointer(&made, 0x77620000);
  payload_rig_add(&made, 0x19A000, version == 0 ? 4 : pointer_bytes);
  if (version >= 1) {
    payload_rig_add(&made, 4242, 4);
  }
  if (version >= 2) {
    payload_rig_add(&made, 0xABCD, 4);
    payload_rig_add(&made, 0, 4);
    payload_rig_add(&made, 0, 4);
    payload_rig_add_pointer(&made, 0x77620000);
    payload_rig_add_bytes(&made, "reserved reserved", 16);
  }
  payload_rig_add_wide(&made, "\\Windows\\ntdll.dll", true);
  return made;
}

/* Traps 10 and 32: the rundown at the end of a raw trace is all that there is of most modules, and tells no
 * date of the file. */
static void a_rundown_without_a_date_is_whole(void **state)
{
  (void)state;
  for (uint8_t version = 0; version <= 3; version++) {
    for (unsigned pointer_bytes = 4; pointer_bytes <= 8; pointer_bytes += 4) {
      payload made = image(version, pointer_bytes);
      seep_trace_image found;
      made.record.hook_id = 0x1404;
      made.record.pid = 99;
      assert_int_equal(seep_trace_kind_of(&made.record), SEEP_TRACE_IMAGE_DCEND);
      assert_true(seep_trace_take_image(&made.record, 0, &found));
      assert_true(found.base == 0x77620000 && found.size_bytes == 0x19A000);
      assert_int_equal(found.pid, version == 0 ? 99 : 4242);
      assert_int_equal(found.timestamp, 0);
      assert_int_equal(found.checksum, version >= 2 ? 0xABCD : 0);
      payload_rig_expect_text(&found.path, "\\Windows\\ntdll.dll");
      assert_int_equal(found.left_bytes, 0);
      payload_rig_done(&made);
    }
  }
}

/* Trap 28: a header for 32 bits over a payload of 64. */
static void the_caller_may_know_the_pointers_better(void **state)
{
  (void)state;
  payload made = image(2, 8);
  seep_trace_image found;
  made.record.pointer_bytes = 4;
  assert_true(seep_trace_take_image(&made.record, 8, &found));
  payload_rig_expect_text(&found.path, "\\Windows\\ntdll.dll");
  assert_int_equal(found.pid, 4242);
  assert_true(seep_trace_take_image(&made.record, 0, &found));
  assert_int_not_equal(found.pid, 4242);
  payload_rig_done(&made);
}

/* Trap 31: the linker's path is not part of the name. */
static void an_identity_has_the_last_component(void **state)
{
  (void)state;
  static const char *const paths[] = {"D:\\a\\b\\inner.pdb", "inner.pdb", "/src/inner.pdb"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    payload made = payload_rig_kernel(0, 2, 8);
    seep_trace_pdb_id id;
    payload_rig_add_pointer(&made, 0x7FF71FC70000);
    payload_rig_add(&made, 12, 4);
    payload_rig_add_bytes(&made, "0123456789abcdef", 16);
    payload_rig_add(&made, 3, 4);
    payload_rig_add_bytes(&made, paths[i], strlen(paths[i]) + 1);
    assert_true(seep_trace_take_pdb_id(&made.record, &id));
    payload_rig_expect_text(&id.name, "inner.pdb");
    assert_memory_equal(id.guid, "0123456789abcdef", 16);
    assert_int_equal(id.age, 3);
    made.record.payload_bytes = 20;
    assert_false(seep_trace_take_pdb_id(&made.record, &id));
    assert_non_null(id.guid);
    payload_rig_done(&made);
  }
}

static void a_version_names_its_file(void **state)
{
  (void)state;
  static const char *const texts[] = {"a.dll", "What it is", "1.2.3", "1.2.3.4", "English",
                                      "Suite", "Vendor",     "1.2",   "id",      "program"};
  payload made = payload_rig_kernel(0, 0, 8);
  seep_trace_file_version version;
  payload_rig_add(&made, 0x5000, 4);
  payload_rig_add(&made, 0x4A5BDEFE, 4);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    payload_rig_add_wide(&made, texts[i], true);
  }
  assert_true(seep_trace_take_file_version(&made.record, &version));
  assert_int_equal(version.image_size_bytes, 0x5000);
  assert_int_equal(version.timestamp, 0x4A5BDEFE);
  payload_rig_expect_text(&version.original_name, "a.dll");
  payload_rig_expect_text(&version.description, "What it is");
  payload_rig_expect_text(&version.file_version, "1.2.3");
  payload_rig_expect_text(&version.product, "Suite");
  payload_rig_expect_text(&version.company, "Vendor");
  payload_rig_done(&made);
}

static void the_page_size_must_make_sense(void **state)
{
  (void)state;
  static const struct {
    uint32_t bytes;
    bool good;
  } cases[] = {{4096, true}, {16384, true}, {0, false}, {4097, false}, {1, false}, {1u << 31, false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    payload made = payload_rig_kernel(0x0B0A, 2, 8);
    uint32_t bytes = 0;
    payload_rig_add(&made, 3592, 4);
    payload_rig_add(&made, 8, 4);
    payload_rig_add(&made, 16384, 4);
    payload_rig_add(&made, cases[i].bytes, 4);
    assert_int_equal(seep_trace_kind_of(&made.record), SEEP_TRACE_CPU);
    assert_int_equal(seep_trace_take_page_bytes(&made.record, &bytes), cases[i].good);
    assert_int_equal(bytes, cases[i].bytes);
    seep_trace_record classic = {.header_type = 10, .guid = config_class, .opcode = 10};
    assert_int_equal(seep_trace_kind_of(&classic), SEEP_TRACE_CPU);
    payload_rig_done(&made);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_rundown_without_a_date_is_whole),
      cmocka_unit_test(the_caller_may_know_the_pointers_better),
      cmocka_unit_test(an_identity_has_the_last_component),
      cmocka_unit_test(a_version_names_its_file),
      cmocka_unit_test(the_page_size_must_make_sense),
  };
  return cmocka_run_group_tests_name("trace payload image", tests, NULL, NULL);
}
