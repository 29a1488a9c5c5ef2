/* Payloads about processes, in each version, with and without a SID, cut and unaligned (reference:
 * etl-format, 2.1 and 7). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/payload.h"
#include "unit/trace/payload_rig.h"

/* A SID of so many sub-authorities behind a TOKEN_USER. */
static void add_sid(payload *made, uint64_t pointer, unsigned authorities)
{
  payload_rig_add_pointer(made, pointer);
  payload_rig_add_pointer(made, 0);
  payload_rig_add(made, 1, 1);
  payload_rig_add(made, authorities, 1);
  payload_rig_add(made, 0, 4);
  payload_rig_add(made, 0x0500, 2);
  for (unsigned i = 0; i < authorities; i++) {
    payload_rig_add(made, 0x01010101u * i, 4);
  }
}

/* Everything before the SID of versions 2 to 5. */
static void add_process_start(payload *made)
{
  payload_rig_add_pointer(made, 0xFFFFFA8012345678u);
  payload_rig_add(made, 1234, 4);
  payload_rig_add(made, 567, 4);
  payload_rig_add(made, 8, 4);
  payload_rig_add(made, 259, 4);
  if (made->record.version >= 3) {
    payload_rig_add_pointer(made, 0x187000);
  }
  if (made->record.version >= 4) {
    payload_rig_add(made, 2, 4);
  }
}

/* Trap 15: an 8-bit name of even length puts the command line on an odd address. */
static void wide_texts_are_unaligned(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0301, 4, 8);
  seep_trace_process process;
  add_process_start(&made);
  add_sid(&made, 0xFFFF8000, 5);
  payload_rig_add_bytes(&made, "server.exe", 11);
  payload_rig_add_wide(&made, "server -x", true);
  payload_rig_add_wide(&made, "", true);
  payload_rig_add_wide(&made, "", true);
  assert_true(seep_trace_take_process(&made.record, 0, &process));
  assert_int_equal((size_t)(process.command_line.bytes - made.bytes) % 2, 1);
  payload_rig_expect_text(&process.image_name, "server.exe");
  payload_rig_expect_text(&process.command_line, "server -x");
  assert_int_equal(process.pid, 1234);
  assert_int_equal(process.parent_pid, 567);
  assert_int_equal(process.session, 8);
  assert_int_equal(process.flags, 2);
  assert_int_equal(process.left_bytes, 0);
  payload_rig_done(&made);
}

/* Trap 15: a text without an end goes to the payload's; what would follow is empty. */
static void texts_may_lack_their_end(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0301, 2, 4), narrow = payload_rig_kernel(0x0301, 2, 4);
  seep_trace_process process;
  add_process_start(&made);
  add_sid(&made, 1, 1);
  payload_rig_add_bytes(&made, "a.exe", 6);
  payload_rig_add_wide(&made, "a b c", false);
  payload_rig_add(&made, 'x', 1);
  assert_true(seep_trace_take_process(&made.record, 0, &process));
  payload_rig_expect_text(&process.command_line, "a b c");
  assert_int_equal(process.left_bytes, 1);
  add_process_start(&narrow);
  add_sid(&narrow, 1, 1);
  payload_rig_add_bytes(&narrow, "abc", 3);
  assert_true(seep_trace_take_process(&narrow.record, 0, &process));
  payload_rig_expect_text(&process.image_name, "abc");
  payload_rig_expect_text(&process.command_line, "");
  assert_non_null(process.command_line.bytes);
  payload_rig_done(&made);
  payload_rig_done(&narrow);
}

/* Trap 16: absent. */
static void a_process_may_have_no_sid(void **state)
{
  (void)state;
  for (unsigned pointer_bytes = 4; pointer_bytes <= 8; pointer_bytes += 4) {
    payload made = payload_rig_kernel(0x0303, 4, pointer_bytes);
    seep_trace_process process;
    add_process_start(&made);
    payload_rig_add(&made, 0, 4);
    payload_rig_add_bytes(&made, "Idle", 5);
    assert_true(seep_trace_take_process(&made.record, 0, &process));
    assert_int_equal(process.sid_form, SEEP_TRACE_SID_NONE);
    payload_rig_expect_text(&process.image_name, "Idle");
    payload_rig_done(&made);
  }
}

/* Trap 16: a pointer of zero does not say that there is no SID. */
static void a_sid_may_stand_behind_a_zero_pointer(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0301, 3, 8);
  seep_trace_process process;
  add_process_start(&made);
  add_sid(&made, 0, 5);
  payload_rig_add_bytes(&made, "x", 2);
  assert_true(seep_trace_take_process(&made.record, 0, &process));
  assert_int_equal(process.sid_form, SEEP_TRACE_SID_ZERO_POINTER);
  payload_rig_expect_text(&process.image_name, "x");
  payload_rig_done(&made);
}

/* Trap 16: any number of sub-authorities up to 15, odd ones too; with more it is no SID. */
static void a_sid_is_as_long_as_its_authorities(void **state)
{
  (void)state;
  for (unsigned authorities = 0; authorities <= 16; authorities++) {
    payload made = payload_rig_kernel(0x0301, 2, authorities % 2 == 0 ? 8 : 4);
    seep_trace_process process;
    add_process_start(&made);
    add_sid(&made, 0x80001000, authorities);
    payload_rig_add_bytes(&made, "who", 4);
    assert_int_equal(seep_trace_take_process(&made.record, 0, &process), authorities <= 15);
    assert_int_equal(process.pid, 1234);
    payload_rig_expect_text(&process.image_name, authorities <= 15 ? "who" : "");
    payload_rig_done(&made);
  }
}

/* Without a SID a name may look like one by chance, but for the authority, whose first bytes are always 0. */
static void a_name_is_not_taken_for_a_sid(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0301, 2, 4);
  seep_trace_process process;
  add_process_start(&made);
  payload_rig_add(&made, 0, 4);
  payload_rig_add_bytes(&made, "abcd\x01\x01xyz and much more", 24);
  assert_true(seep_trace_take_process(&made.record, 0, &process));
  assert_int_equal(process.sid_form, SEEP_TRACE_SID_NONE);
  payload_rig_expect_text(&process.image_name, "abcd\x01\x01xyz and much more");
  payload_rig_done(&made);
}

static void a_sid_cut_by_the_payload_is_none(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0301, 2, 8);
  seep_trace_process process;
  add_process_start(&made);
  add_sid(&made, 5, 15);
  made.record.payload_bytes -= 4;
  assert_false(seep_trace_take_process(&made.record, 0, &process));
  payload_rig_done(&made);
}

/* Every prefix of a payload: never a read beyond it (the sanitizer watches), and the number is never another.
 */
static void a_process_may_be_cut_anywhere(void **state)
{
  (void)state;
  for (uint8_t version = 0; version <= 5; version++) {
    payload whole = payload_rig_kernel(0x0301, version, 8);
    if (version == 0) {
      payload_rig_add_pointer(&whole, 1234);
      payload_rig_add_pointer(&whole, 567);
    } else {
      add_process_start(&whole);
    }
    add_sid(&whole, 1, 2);
    payload_rig_add_bytes(&whole, "abc", 4);
    payload_rig_add_wide(&whole, "d", true);
    for (size_t size = 0; size <= whole.size; size++) {
      payload cut = payload_rig_kernel(0x0301, version, 8);
      seep_trace_process process;
      payload_rig_add_bytes(&cut, whole.bytes, size == 0 ? 1 : size);
      cut.record.payload_bytes = size;
      bool is_whole = seep_trace_take_process(&cut.record, 0, &process);
      assert_true(!is_whole || process.pid == 1234);
      assert_true(process.left_bytes <= size);
      payload_rig_done(&cut);
    }
    payload_rig_done(&whole);
  }
}

/* Version 0: two pointers, no session. */
static void the_oldest_version_has_pointers_for_numbers(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0301, 0, 8);
  seep_trace_process process;
  payload_rig_add_pointer(&made, 42);
  payload_rig_add_pointer(&made, 41);
  add_sid(&made, 1, 1);
  payload_rig_add_bytes(&made, "old.exe", 8);
  assert_true(seep_trace_take_process(&made.record, 0, &process));
  assert_int_equal(process.pid, 42);
  assert_int_equal(process.parent_pid, 41);
  payload_rig_expect_text(&process.image_name, "old.exe");
  assert_int_equal(process.left_bytes, 0);
  payload_rig_done(&made);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wide_texts_are_unaligned),
      cmocka_unit_test(texts_may_lack_their_end),
      cmocka_unit_test(a_process_may_have_no_sid),
      cmocka_unit_test(a_sid_may_stand_behind_a_zero_pointer),
      cmocka_unit_test(a_sid_is_as_long_as_its_authorities),
      cmocka_unit_test(a_name_is_not_taken_for_a_sid),
      cmocka_unit_test(a_sid_cut_by_the_payload_is_none),
      cmocka_unit_test(a_process_may_be_cut_anywhere),
      cmocka_unit_test(the_oldest_version_has_pointers_for_numbers),
  };
  return cmocka_run_group_tests_name("trace payload process", tests, NULL, NULL);
}
