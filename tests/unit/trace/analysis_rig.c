#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/trace/analysis_rig.h"

#include <string.h>

#define PERFINFO_32 16u
#define PERFINFO_64 17u
#define SYSTEM_32 1u
#define SYSTEM_64 2u

typedef struct bytes {
  uint8_t data[2048];
  size_t size;
} bytes;

static void put(bytes *out, uint64_t value, size_t count)
{
  assert_true(out->size + count <= sizeof out->data);
  for (size_t i = 0; i < count; i++) {
    out->data[out->size++] = (uint8_t)(i < sizeof value ? value >> 8 * i : 0);
  }
}

static void put_pointer(const rig *made, bytes *out, uint64_t value)
{
  put(out, value, made->is_32_bit ? 4 : 8);
}

void rig_start_with(rig *made, const seep_trace_analysis_options *options, size_t limit_bytes)
{
  *made = (rig){.budget = {.limit_bytes = limit_bytes}, .now = RIG_FIRST, .heap_pid = 40, .tid = 7};
  seep_trace_analysis_options all = *options;
  all.budget = &made->budget;
  made->goes_on = true;
  made->analysis = seep_trace_analysis_new(&all);
  seep_trace_header header = {.clock_type = 1, .frequency_hz = RIG_SECOND};
  if (made->analysis != NULL) {
    seep_trace_analysis_begin(made->analysis, &header, RIG_FIRST, RIG_FIRST + RIG_LENGTH - 1);
  }
}

void rig_start(rig *made)
{
  const seep_trace_analysis_options options = {.has_pid = false};
  rig_start_with(made, &options, (size_t)64 * 1024 * 1024);
  assert_non_null(made->analysis);
}

void rig_finish(rig *made)
{
  seep_error error;
  made->merged.first_ticks = RIG_FIRST;
  made->merged.last_ticks = made->now;
  assert_int_equal(seep_trace_analysis_finish(made->analysis, &made->merged, &error), SEEP_OK);
}

void rig_stop(rig *made)
{
  seep_trace_analysis_free(made->analysis);
  made->analysis = NULL;
  assert_int_equal(made->budget.used_bytes, 0);
}

static void feed(rig *made, uint16_t hook, bool has_header, uint32_t pid, const bytes *payload)
{
  /* Of exactly this size, so that a read past its end is seen. */
  uint8_t *copy = test_malloc(payload->size + 1);
  memcpy(copy, payload->data, payload->size);
  seep_trace_record record = {.is_kernel = true,
                              .hook_id = hook,
                              .version = hook >> 8 == 3    ? 4
                                         : hook >> 8 == 20 ? 3
                                                           : 2,
                              .pointer_bytes = made->is_32_bit ? 4 : 8,
                              .processor = made->processor,
                              .ticks = made->now++,
                              .pid = has_header ? pid : RIG_NOBODY,
                              .tid = has_header ? made->tid : RIG_NOBODY,
                              .payload = copy,
                              .payload_bytes = payload->size};
  if (has_header) {
    record.header_type = made->is_32_bit ? SYSTEM_32 : SYSTEM_64;
  } else {
    record.header_type = made->is_32_bit ? PERFINFO_32 : PERFINFO_64;
  }
  made->goes_on = seep_trace_analysis_visit(made->analysis, &record);
  test_free(copy);
}

void rig_raw(rig *made, uint16_t hook, uint32_t pid, const void *payload, size_t size)
{
  bytes out = {.size = size};
  assert_true(size <= sizeof out.data);
  memcpy(out.data, payload, size);
  feed(made, hook, pid != RIG_NOBODY, pid, &out);
}

static void memory(rig *made, uint16_t hook, uint32_t pid, uint64_t base, uint64_t size, uint32_t flags)
{
  bytes out = {.size = 0};
  put_pointer(made, &out, base);
  put_pointer(made, &out, size);
  put(&out, pid, 4);
  put(&out, flags, 4);
  feed(made, hook, false, 0, &out);
}

void rig_virtual_alloc(rig *made, uint32_t pid, uint64_t base, uint64_t size, uint32_t flags)
{
  memory(made, 0x0262, pid, base, size, flags);
}

void rig_virtual_free(rig *made, uint32_t pid, uint64_t base, uint64_t size, uint32_t flags)
{
  memory(made, 0x0263, pid, base, size, flags);
}

static void feed_heap(rig *made, uint16_t hook, const bytes *out)
{
  feed(made, hook, made->heap_pid != RIG_NOBODY, made->heap_pid, out);
}

void rig_heap_alloc(rig *made, uint64_t heap, uint64_t address, uint64_t size)
{
  bytes out = {.size = 0};
  put_pointer(made, &out, heap);
  put_pointer(made, &out, size);
  put_pointer(made, &out, address);
  put(&out, 2, 4);
  feed_heap(made, 0x1021, &out);
}

void rig_heap_realloc(rig *made, uint64_t heap, uint64_t old_address, uint64_t address, uint64_t size)
{
  bytes out = {.size = 0};
  put_pointer(made, &out, heap);
  put_pointer(made, &out, address);
  put_pointer(made, &out, old_address);
  put_pointer(made, &out, size);
  put_pointer(made, &out, 1);
  put(&out, 2, 4);
  feed_heap(made, 0x1022, &out);
}

void rig_heap_free(rig *made, uint64_t heap, uint64_t address)
{
  bytes out = {.size = 0};
  put_pointer(made, &out, heap);
  put_pointer(made, &out, address);
  put(&out, 2, 4);
  feed_heap(made, 0x1024, &out);
}

void rig_heap_destroy(rig *made, uint64_t heap)
{
  bytes out = {.size = 0};
  put_pointer(made, &out, heap);
  feed_heap(made, 0x1023, &out);
}

void rig_process(rig *made, seep_trace_kind kind, uint32_t pid, const char *name, uint32_t flags)
{
  static const uint16_t hooks[] = {[SEEP_TRACE_PROCESS_START] = 0x0301,
                                   [SEEP_TRACE_PROCESS_END] = 0x0302,
                                   [SEEP_TRACE_PROCESS_DCSTART] = 0x0303,
                                   [SEEP_TRACE_PROCESS_DCEND] = 0x0304};
  bytes out = {.size = 0};
  put_pointer(made, &out, 0x1234);
  put(&out, pid, 4);
  put(&out, pid + 1000, 4);
  put(&out, 1, 4);
  put(&out, 0, 4);
  put_pointer(made, &out, 0);
  put(&out, flags, 4);
  put(&out, 0, 4);
  for (size_t i = 0; i <= strlen(name); i++) {
    put(&out, (uint8_t)name[i], 1);
  }
  put(&out, 0, 6);
  feed(made, hooks[kind], true, 4, &out);
}

void rig_image(rig *made, seep_trace_kind kind, uint32_t pid, uint64_t base)
{
  static const uint16_t hooks[] = {[SEEP_TRACE_IMAGE_LOAD] = 0x030A,
                                   [SEEP_TRACE_IMAGE_UNLOAD] = 0x1402,
                                   [SEEP_TRACE_IMAGE_DCSTART] = 0x1403,
                                   [SEEP_TRACE_IMAGE_DCEND] = 0x1404};
  bytes out = {.size = 0};
  put_pointer(made, &out, base);
  put_pointer(made, &out, 0x10000);
  put(&out, pid, 4);
  put(&out, 0, 12);
  put_pointer(made, &out, base);
  put(&out, 0, 16);
  for (const char *c = "\\a.dll"; *c != '\0'; c++) {
    put(&out, (uint8_t)*c, 2);
  }
  put(&out, 0, 2);
  feed(made, hooks[kind], true, pid, &out);
}

void rig_stack(rig *made, uint64_t event_ticks, uint32_t pid, const uint64_t *frames, size_t count)
{
  bytes out = {.size = 0};
  put(&out, event_ticks, 8);
  put(&out, pid, 4);
  put(&out, made->tid, 4);
  for (size_t i = 0; i < count; i++) {
    put_pointer(made, &out, frames[i]);
  }
  feed(made, 0x1820, false, 0, &out);
}

void rig_key(rig *made, uint64_t event_ticks, uint32_t pid, uint64_t key, bool is_user)
{
  bytes out = {.size = 0};
  put(&out, event_ticks, 8);
  put(&out, pid, 4);
  put(&out, made->tid, 4);
  put_pointer(made, &out, key);
  feed(made, is_user ? 0x1826 : 0x1825, false, 0, &out);
}

void rig_definition(rig *made, uint64_t key, const uint64_t *frames, size_t count)
{
  bytes out = {.size = 0};
  put_pointer(made, &out, key);
  for (size_t i = 0; i < count; i++) {
    put_pointer(made, &out, frames[i]);
  }
  feed(made, 0x1823, false, 0, &out);
}

void rig_one_frame(rig *made, uint64_t event_ticks, uint32_t pid, uint64_t frame)
{
  rig_stack(made, event_ticks, pid, &frame, 1);
}

uint64_t rig_commit(rig *made, uint32_t pid, uint64_t base, uint64_t size, uint64_t frame)
{
  uint64_t ticks = made->now;
  rig_virtual_alloc(made, pid, base, size, RIG_COMMIT);
  rig_one_frame(made, ticks, pid, frame);
  return ticks;
}

uint64_t rig_block(rig *made, uint64_t heap, uint64_t address, uint64_t size, uint64_t frame)
{
  uint64_t ticks = made->now;
  rig_heap_alloc(made, heap, address, size);
  rig_one_frame(made, ticks, made->heap_pid, frame);
  return ticks;
}

uint32_t rig_instance(const rig *made, uint32_t pid, unsigned which)
{
  for (uint32_t i = 0; i < seep_trace_analysis_instances(made->analysis); i++) {
    if (seep_trace_analysis_instance(made->analysis, i)->pid == pid && which-- == 0) {
      return i;
    }
  }
  fail_msg("no such instance of process %u", (unsigned)pid);
  return 0;
}

const seep_trace_instance *rig_shown(const rig *made, uint32_t pid)
{
  return seep_trace_analysis_instance(made->analysis, rig_instance(made, pid, 0));
}

typedef struct search {
  seep_trace_site_kind kind;
  uint64_t frame;
  seep_trace_site found;
  size_t count, all;
} search;

static bool look(void *context, const seep_trace_site *site)
{
  search *looked = context;
  looked->all++;
  uint64_t frame = site->frame_count > 0 ? site->frames[0] : 0;
  if (site->kind == looked->kind && frame == looked->frame) {
    looked->found = *site;
    looked->count++;
  }
  return true;
}

seep_trace_site rig_site(const rig *made, uint32_t instance, seep_trace_view view, seep_trace_site_kind kind,
                         uint64_t frame)
{
  search looked = {.kind = kind, .frame = frame};
  seep_trace_analysis_sites(made->analysis, instance, view, look, &looked);
  assert_true(looked.count <= 1);
  return looked.found;
}

size_t rig_sites(const rig *made, uint32_t instance, seep_trace_view view)
{
  search looked = {.kind = SEEP_TRACE_SITE_STACK};
  seep_trace_analysis_sites(made->analysis, instance, view, look, &looked);
  return looked.all;
}
