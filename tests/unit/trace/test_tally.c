/* What counts as an event about one process, through the walker: headers in, figures out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "trace/tally.h"
#include "unit/trace/memory_file.h"

#define BUFFER_BYTES 4096u
#define TARGET 4242u
#define OTHER 17u

enum {
  SYSTEM32 = 1,
  SYSTEM64 = 2,
  COMPACT64 = 4,
  FULL32 = 10,
  PERFINFO32 = 16,
  PERFINFO64 = 17,
  EVENT64 = 19,
  FULL64 = 20,
  INSTANCE64 = 21
};

/* A trace under construction: the header buffer of a real file, then one buffer of our records. */
typedef struct trace {
  memory_file file;
  size_t at;
} trace;

static trace begin(void)
{
  static const uint8_t zeros[BUFFER_BYTES];
  trace made = {.at = BUFFER_BYTES + 0x48};
  memory_file source = memory_file_fixture("s4-WindowsUpdate.etl");
  assert_non_null(source.bytes);
  assert_true(memory_file_write(&made.file, 0, source.bytes, BUFFER_BYTES));
  assert_true(memory_file_write(&made.file, BUFFER_BYTES, zeros, sizeof zeros));
  memory_file_put(&made.file, BUFFER_BYTES, BUFFER_BYTES, 4);
  memory_file_free(&source);
  return made;
}

/* Room for one record; returns where it starts. */
static size_t add(trace *made, unsigned type, size_t record_bytes, bool size_is_at_4)
{
  size_t at = made->at;
  assert_true(at + record_bytes <= 2 * BUFFER_BYTES);
  memory_file_put(&made->file, at + 2, type, 1);
  memory_file_put(&made->file, at + 3, 0xC0, 1);
  memory_file_put(&made->file, at + (size_is_at_4 ? 4 : 0), record_bytes, 2);
  made->at += (record_bytes + 7) & ~(size_t)7;
  return at;
}

static void add_kernel(trace *made, unsigned type, unsigned hook, uint32_t header_pid, size_t payload_bytes)
{
  size_t header_bytes = type >= PERFINFO32 ? 0x10 : type == COMPACT64 ? 0x18 : 0x20;
  size_t at = add(made, type, header_bytes + payload_bytes, true);
  memory_file_put(&made->file, at + 6, hook, 2);
  if (type < PERFINFO32) {
    memory_file_put(&made->file, at + 0x0C, header_pid, 4);
  }
}

/* VirtualAlloc or VirtualFree; the payload's owner. */
static void add_memory(trace *made, unsigned type, unsigned hook, uint32_t owner)
{
  bool narrow = type == PERFINFO32 || type == SYSTEM32;
  size_t payload_bytes = narrow ? 16 : 24;
  add_kernel(made, type, hook, OTHER, payload_bytes);
  memory_file_put(&made->file, made->at - payload_bytes + (narrow ? 8 : 16), owner, 4);
}

static const uint8_t heap[16] = {0xab, 0x62, 0x29, 0x22, 0x80, 0x61, 0x88, 0x4b,
                                 0xa8, 0x25, 0x34, 0x6b, 0x75, 0xf2, 0xa2, 0x4a};
static const uint8_t ranges[16] = {0x11, 0xca, 0x81, 0xd7, 0xc0, 0x61, 0x87, 0x43,
                                   0xb8, 0x3d, 0xaf, 0x52, 0xd3, 0xd2, 0xdd, 0x6a};
static const uint8_t snapshots[16] = {0xfa, 0x2a, 0x1d, 0x90, 0xf6, 0x4f, 0xd7, 0x46,
                                      0x8d, 0x0e, 0x53, 0x64, 0x5e, 0x1a, 0x47, 0xf5};
static const uint8_t foreign[16] = {0xab, 0x62, 0x29, 0x22, 0x80, 0x61, 0x88, 0x4b,
                                    0xa8, 0x25, 0x34, 0x6b, 0x75, 0xf2, 0xa2, 0x4b};

static void add_event(trace *made, unsigned type, const uint8_t guid[16], uint32_t pid)
{
  size_t header_bytes = type == EVENT64 ? 0x50 : type == INSTANCE64 ? 0x48 : 0x30;
  size_t at = add(made, type, header_bytes + 8, false);
  memory_file_put(&made->file, at + 0x0C, pid, 4);
  for (size_t i = 0; i < 16; i++) {
    memory_file_put(&made->file, at + 0x18 + i, guid[i], 1);
  }
}

static seep_trace_tally finish(trace *made, uint32_t pid)
{
  seep_trace_tally tally;
  seep_trace_summary summary;
  memory_file_put(&made->file, BUFFER_BYTES + 0x30, made->at - BUFFER_BYTES, 4);
  seep_trace_tally_init(&tally, pid);
  assert_int_equal(
      seep_trace_walk(made->file.bytes, made->file.size, seep_trace_tally_visit, &tally, &summary, NULL),
      SEEP_OK);
  assert_int_equal(summary.bad_records, 0);
  memory_file_free(&made->file);
  return tally;
}

static void memory_belongs_to_whom_the_payload_names(void **state)
{
  (void)state;
  trace made = begin();
  add_memory(&made, PERFINFO64, 0x0262, TARGET);
  add_memory(&made, PERFINFO64, 0x0263, TARGET);
  add_memory(&made, PERFINFO32, 0x0263, TARGET);
  add_memory(&made, SYSTEM64, 0x0262, TARGET);
  add_memory(&made, PERFINFO64, 0x0262, OTHER);
  add_memory(&made, PERFINFO64, 0x0261, TARGET);     /* another event of the group */
  add_kernel(&made, PERFINFO64, 0x0262, TARGET, 16); /* too short to name anybody */
  add_kernel(&made, SYSTEM64, 0x0262, TARGET, 24);   /* who called is not whose memory it is */
  seep_trace_tally tally = finish(&made, TARGET);
  assert_int_equal(tally.pid, TARGET);
  assert_int_equal(tally.memory_events, 4);
  assert_int_equal(tally.heap_events, 0);
}

static void heap_events_of_the_kernel_form(void **state)
{
  static const unsigned hooks[] = {0x1020, 0x1021, 0x1022, 0x1023, 0x1024, 0x103A, 0x0264, 0x0268};
  static const unsigned others[] = {0x101F, 0x103B, 0x0269, 0x0525};
  (void)state;
  trace made = begin();
  for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
    add_kernel(&made, i % 2 == 0 ? SYSTEM64 : SYSTEM32, hooks[i], TARGET, 24);
    add_kernel(&made, SYSTEM64, hooks[i], OTHER, 24);
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    add_kernel(&made, SYSTEM64, others[i], TARGET, 24);
  }
  add_kernel(&made, COMPACT64, 0x1021, TARGET, 24);
  add_kernel(&made, PERFINFO64, 0x1021, TARGET, 24); /* names no process */
  seep_trace_tally tally = finish(&made, TARGET);
  assert_int_equal(tally.heap_events, sizeof hooks / sizeof hooks[0] + 1);
  assert_int_equal(tally.memory_events, 0);
}

static void heap_events_of_providers(void **state)
{
  static const unsigned types[] = {FULL32, FULL64, INSTANCE64, EVENT64};
  (void)state;
  trace made = begin();
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    add_event(&made, types[i], heap, TARGET);
    add_event(&made, types[i], ranges, TARGET);
    add_event(&made, types[i], snapshots, TARGET);
    add_event(&made, types[i], foreign, TARGET);
    add_event(&made, types[i], heap, OTHER);
  }
  assert_int_equal(finish(&made, TARGET).heap_events, 3 * sizeof types / sizeof types[0]);
}

/* A process number that stands for "none" must not match the forms that have none. */
static void nobody_has_no_events(void **state)
{
  (void)state;
  trace made = begin();
  add_kernel(&made, PERFINFO64, 0x1021, 0, 24);
  add_memory(&made, PERFINFO64, 0x0262, UINT32_MAX);
  seep_trace_tally tally = finish(&made, UINT32_MAX);
  assert_int_equal(tally.heap_events + tally.memory_events, 0);
}

typedef struct classes {
  uint8_t guid[16];
  unsigned opcode, event_id, seen, without;
} classes;

static bool see_class(void *context, const seep_trace_record *record)
{
  classes *seen = context;
  if (record->guid == NULL) {
    seen->without++;
    return true;
  }
  seen->seen++;
  memcpy(seen->guid, record->guid, 16);
  seen->opcode = record->opcode;
  seen->event_id = record->event_id;
  return true;
}

/* What the walker tells of a header with a GUID. */
static void headers_with_a_class(void **state)
{
  static const unsigned types[] = {FULL32, FULL64, INSTANCE64, EVENT64};
  (void)state;
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    bool is_event = types[i] == EVENT64;
    trace made = begin();
    classes seen = {.seen = 0};
    seep_trace_summary summary;
    add_kernel(&made, SYSTEM64, 0x1021, TARGET, 8);
    size_t at = made.at;
    add_event(&made, types[i], ranges, TARGET);
    memory_file_put(&made.file, at + (is_event ? 0x2D : 0x04), 101, 1);
    memory_file_put(&made.file, at + 0x28, 0x1234, 2);
    memory_file_put(&made.file, BUFFER_BYTES + 0x30, made.at - BUFFER_BYTES, 4);
    assert_int_equal(seep_trace_walk(made.file.bytes, made.file.size, see_class, &seen, &summary, NULL),
                     SEEP_OK);
    assert_int_equal(seen.seen, 1);
    assert_int_equal(seen.without, 3); /* two of the header buffer, one of ours */
    assert_memory_equal(seen.guid, ranges, 16);
    assert_int_equal(seen.opcode, 101);
    assert_int_equal(seen.event_id, is_event ? 0x1234 : 0);
    memory_file_free(&made.file);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_belongs_to_whom_the_payload_names),
      cmocka_unit_test(heap_events_of_the_kernel_form),
      cmocka_unit_test(heap_events_of_providers),
      cmocka_unit_test(nobody_has_no_events),
      cmocka_unit_test(headers_with_a_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
