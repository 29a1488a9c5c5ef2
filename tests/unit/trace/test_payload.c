/* What a record is, and the decoders of heaps, stacks, counters and texts at the edges of what Windows and
 * its tools write (reference: etl-format, 7), and beyond. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/payload.h"
#include "unit/trace/payload_rig.h"

static const uint8_t image_class[16] = {0x1d, 0x5d, 0xb1, 0x2c, 0xc1, 0x5f, 0xd2, 0x11,
                                        0xab, 0xe1, 0x00, 0xa0, 0xc9, 0x11, 0xf5, 0x18};
static const uint8_t process_class[16] = {0xd0, 0xa8, 0x6f, 0x3d, 0x05, 0xfe, 0xd0, 0x11,
                                          0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c};
static const uint8_t image_id_class[16] = {0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f,
                                           0x83, 0x0b, 0x27, 0x62, 0x73, 0x25, 0x60, 0xde};

/* ---- kinds ---- */

/* Trap 9: a module's loading is a hook of the group of processes, but classic events have it in their own. */
static void an_image_load_is_a_hook_of_processes(void **state)
{
  (void)state;
  seep_trace_record record = {.header_type = 2, .is_kernel = true, .hook_id = 0x030A};
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_IMAGE_LOAD);
  record.hook_id = 0x140A;
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_OTHER);
  seep_trace_record classic = {.header_type = 20, .guid = image_class, .opcode = 10};
  assert_int_equal(seep_trace_kind_of(&classic), SEEP_TRACE_IMAGE_LOAD);
  classic.guid = process_class;
  assert_int_equal(seep_trace_kind_of(&classic), SEEP_TRACE_OTHER);
}

/* Trap 29: 0x4000 is "decommit" in a free and something else in an allocation, so the kind is the opcode's.
 */
static void the_opcode_decides_before_the_flags(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x0262, 2, 8);
  seep_trace_memory memory;
  payload_rig_add_pointer(&made, 0x10000);
  payload_rig_add_pointer(&made, 0x3000);
  payload_rig_add(&made, 77, 4);
  payload_rig_add(&made, SEEP_TRACE_MEMORY_DECOMMIT, 4);
  assert_int_equal(seep_trace_kind_of(&made.record), SEEP_TRACE_VIRTUAL_ALLOC);
  assert_true(seep_trace_take_memory(&made.record, &memory));
  assert_int_equal(memory.flags, SEEP_TRACE_MEMORY_DECOMMIT);
  made.record.hook_id = 0x0263;
  assert_int_equal(seep_trace_kind_of(&made.record), SEEP_TRACE_VIRTUAL_FREE);
  made.record.payload_bytes--;
  assert_false(seep_trace_take_memory(&made.record, &memory));
  payload_rig_done(&made);
}

/* A provider numbers its events as it likes, even if it has the GUID of a class. */
static void a_providers_event_is_no_classic_one(void **state)
{
  (void)state;
  seep_trace_record record = {.header_type = 19, .guid = process_class, .opcode = 1};
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_OTHER);
  record.header_type = 20;
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_PROCESS_START);
  record.header_type = 11;
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_PROCESS_START);
  record.guid = NULL;
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_OTHER);
}

/* The identity of a native image's managed code is not that of the image. */
static void the_il_identity_is_another_one(void **state)
{
  (void)state;
  seep_trace_record record = {.header_type = 20, .guid = image_id_class, .opcode = 36};
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_PDB_ID);
  record.opcode = 37;
  assert_int_equal(seep_trace_kind_of(&record), SEEP_TRACE_OTHER);
}

/* ---- heaps ---- */

typedef struct heap_case {
  uint16_t hook;
  seep_trace_kind kind;
  unsigned pointers, numbers; /* behind the heap itself */
} heap_case;

/* Trap 17: newer versions of Windows write more, which is not ours to understand; less is an error. */
static void heap_events_may_be_longer(void **state)
{
  (void)state;
  static const heap_case cases[] = {{0x1020, SEEP_TRACE_HEAP_CREATE, 0, 1},
                                    {0x1021, SEEP_TRACE_HEAP_ALLOC, 2, 1},
                                    {0x1022, SEEP_TRACE_HEAP_REALLOC, 4, 1},
                                    {0x1023, SEEP_TRACE_HEAP_DESTROY, 0, 0},
                                    {0x1024, SEEP_TRACE_HEAP_FREE, 1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (unsigned pointer_bytes = 4; pointer_bytes <= 8; pointer_bytes += 4) {
      payload made = payload_rig_kernel(cases[i].hook, 2, pointer_bytes);
      seep_trace_heap heap;
      payload_rig_add_pointer(&made, 0x1000);
      for (unsigned p = 0; p < cases[i].pointers; p++) {
        payload_rig_add_pointer(&made, 0x2000 + p);
      }
      payload_rig_add(&made, 6, cases[i].numbers * 4);
      size_t least = made.size;
      payload_rig_add_bytes(&made, "newer fields", 12);
      assert_int_equal(seep_trace_kind_of(&made.record), cases[i].kind);
      assert_true(seep_trace_take_heap(&made.record, cases[i].kind, &heap));
      assert_true(heap.heap == 0x1000);
      made.record.payload_bytes = least;
      assert_true(seep_trace_take_heap(&made.record, cases[i].kind, &heap));
      made.record.payload_bytes = least - 1;
      assert_false(seep_trace_take_heap(&made.record, cases[i].kind, &heap));
      payload_rig_done(&made);
    }
  }
}

static void a_reallocation_tells_both_blocks(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x1022, 2, 4);
  seep_trace_heap heap;
  for (unsigned p = 1; p <= 5; p++) {
    payload_rig_add_pointer(&made, 0xF0000000u + p);
  }
  payload_rig_add(&made, 6, 4);
  assert_true(seep_trace_take_heap(&made.record, SEEP_TRACE_HEAP_REALLOC, &heap));
  assert_true(heap.heap == 0xF0000001 && heap.address == 0xF0000002 && heap.old_address == 0xF0000003);
  assert_true(heap.size_bytes == 0xF0000004 && heap.old_size_bytes == 0xF0000005);
  assert_int_equal(heap.source, 6);
  made.record.hook_id = 0x1021;
  assert_true(seep_trace_take_heap(&made.record, SEEP_TRACE_HEAP_ALLOC, &heap));
  assert_true(heap.size_bytes == 0xF0000002 && heap.address == 0xF0000003);
  assert_true(heap.old_address == 0 && heap.old_size_bytes == 0);
  payload_rig_done(&made);
}

/* ---- stacks ---- */

static void an_odd_end_is_no_frame(void **state)
{
  (void)state;
  payload made = payload_rig_kernel(0x1820, 2, 4);
  seep_trace_stack stack;
  payload_rig_add(&made, 77, 8);
  payload_rig_add(&made, 1, 4);
  payload_rig_add(&made, 2, 4);
  assert_true(seep_trace_take_stack(&made.record, &stack));
  assert_int_equal(stack.frame_count, 0);
  assert_non_null(stack.frames);
  payload_rig_add(&made, 0x80001234, 4);
  payload_rig_add(&made, 0xFF, 3);
  assert_true(seep_trace_take_stack(&made.record, &stack));
  assert_int_equal(stack.frame_count, 1);
  assert_true(seep_trace_frame(stack.frames, stack.pointer_bytes, 0) == 0x80001234);
  made.record.payload_bytes = 15;
  assert_false(seep_trace_take_stack(&made.record, &stack));
  payload_rig_done(&made);
}

/* ---- what a process really had ---- */

static void add_working_set(payload *made, uint32_t pid, uint64_t commit_pages)
{
  payload_rig_add(made, pid, 4);
  payload_rig_add_pointer(made, 11);
  payload_rig_add_pointer(made, commit_pages);
  for (int i = made->record.version >= 2 ? 6 : 2; i > 0; i--) {
    payload_rig_add_pointer(made, 13);
  }
}

static void the_commit_is_found_by_process(void **state)
{
  (void)state;
  for (uint8_t version = 1; version <= 2; version++) {
    payload made = payload_rig_kernel(0x027D, version, 8);
    uint64_t bytes = 0;
    payload_rig_add(&made, 0xFFFFFFFFu, 4); /* the count is a lie */
    add_working_set(&made, 10, 100);
    add_working_set(&made, 20, 200);
    add_working_set(&made, 30, UINT64_MAX);
    assert_int_equal(seep_trace_kind_of(&made.record), SEEP_TRACE_WORKING_SETS);
    assert_true(seep_trace_take_commit(&made.record, SEEP_TRACE_WORKING_SETS, 20, 4096, &bytes));
    assert_int_equal(bytes, 200 * 4096);
    assert_true(seep_trace_take_commit(&made.record, SEEP_TRACE_WORKING_SETS, 30, 4096, &bytes));
    assert_true(bytes == UINT64_MAX);
    assert_false(seep_trace_take_commit(&made.record, SEEP_TRACE_WORKING_SETS, 40, 4096, &bytes));
    made.record.payload_bytes -= 1;
    assert_false(seep_trace_take_commit(&made.record, SEEP_TRACE_WORKING_SETS, 30, 4096, &bytes));
    payload_rig_done(&made);
  }
}

/* ---- texts ---- */

static void a_text_is_cut_at_a_character(void **state)
{
  (void)state;
  static const uint8_t wide[] = {0xE9, 0x00, 0x3D, 0xD8, 0x00, 0xDE}, narrow[] = {'a', 0xFF, 'b'};
  const seep_trace_text text = {.bytes = wide, .size = sizeof wide, .wide = true};
  const seep_trace_text bytes = {.bytes = narrow, .size = sizeof narrow};
  char out[8];
  assert_string_equal(seep_trace_text_copy(&text, out, sizeof out), "\xC3\xA9\xF0\x9F\x98\x80");
  assert_string_equal(seep_trace_text_copy(&text, out, 6), "\xC3\xA9");
  assert_string_equal(seep_trace_text_copy(&text, out, 2), "");
  assert_string_equal(seep_trace_text_copy(&bytes, out, sizeof out), "a\xFF"
                                                                     "b");
  assert_string_equal(seep_trace_text_copy(&bytes, out, 2), "a");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_image_load_is_a_hook_of_processes),
      cmocka_unit_test(the_opcode_decides_before_the_flags),
      cmocka_unit_test(a_providers_event_is_no_classic_one),
      cmocka_unit_test(the_il_identity_is_another_one),
      cmocka_unit_test(heap_events_may_be_longer),
      cmocka_unit_test(a_reallocation_tells_both_blocks),
      cmocka_unit_test(an_odd_end_is_no_frame),
      cmocka_unit_test(the_commit_is_found_by_process),
      cmocka_unit_test(a_text_is_cut_at_a_character),
  };
  return cmocka_run_group_tests_name("trace payload", tests, NULL, NULL);
}
