/* Names in an answer: frames, culprits, symbols that naming adds; and names as hostile as their files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "unit/trace/fake_analysis.h"
#include "unit/trace/module_maker.h"

#define MB UINT64_C(0x100000)
#define APP UINT64_C(0x7FF600000000)
#define KERNEL UINT64_C(0xFFFFF80000000000)
#define NOWHERE UINT64_C(0x1D0000ABCD)

/* One stack: a module's frame, its caller's, the kernel's with and without a driver, and one in no module. */
static seep_trace_analysis *begin(const char *module_path, bool makes_code, seep_answer *answer)
{
  const uint64_t frames[] = {KERNEL + 0x77, KERNEL + 8 * MB, APP + 0x1A2B, APP + MB, NOWHERE};
  const seep_answer_options options = {.has_pid = false};
  seep_trace_analysis *fake = fake_new(600000);
  module_there(fake->modules, 0, KERNEL, MB, "\\SystemRoot\\system32\\ntoskrnl.exe");
  module_there(fake->modules, 0, APP, 2 * MB, module_path);
  if (makes_code) {
    module_there(fake->modules, 0, APP + 4 * MB, MB, "\\x\\clr.dll");
  }
  module_finish(fake->modules);
  uint32_t process = fake_instance(fake, 100, "p.exe");
  fake_site *site = fake_stack(fake, process, SEEP_TRACE_VIEW_HEAP, frames, 5);
  shape_blocks(&site->shape, 1000, 0.0, 1.0, SHAPE_NEVER, 100);
  assert_int_equal(fake_answer(fake, &options, answer), SEEP_OK);
  return fake;
}

static void end(seep_trace_analysis *fake, seep_answer *answer)
{
  seep_answer_free(answer);
  fake_free(fake);
}

static const seep_answer_frame *frame_of(const seep_answer *answer, size_t index)
{
  return &answer->views[SEEP_TRACE_VIEW_HEAP].stacks[0].frames[index];
}

static void expect(const seep_answer *answer, size_t index, const char *expected)
{
  char text[256];
  assert_ptr_equal(seep_answer_frame_text(answer, frame_of(answer, index), text, sizeof text), text);
  assert_string_equal(text, expected);
}

static void frames_without_symbols(void **state)
{
  (void)state;
  seep_answer answer;
  seep_trace_analysis *fake = begin("\\x\\Contoso.dll", false, &answer);
  expect(&answer, 0, "ntoskrnl.exe+0x77");
  expect(&answer, 1, "(kernel)");
  expect(&answer, 2, "Contoso.dll+0x1a2b");
  expect(&answer, 3, "Contoso.dll+0x100000");
  expect(&answer, 4, "unknown 0x1d0000abcd");
  end(fake, &answer);
  fake = begin("\\x\\Contoso.dll", true, &answer);
  expect(&answer, 4, "managed/JIT");
  end(fake, &answer);
}

static void frames_with_symbols(void **state)
{
  (void)state;
  seep_answer answer;
  seep_trace_analysis *fake = begin("\\x\\Contoso.dll", false, &answer);
  assert_true(seep_answer_name_frame(&answer, frame_of(&answer, 2), "Cache::Insert", 0x1F4, false));
  assert_true(seep_answer_name_frame(&answer, frame_of(&answer, 3), "Export", 0x20, true));
  assert_true(seep_answer_name_frame(&answer, frame_of(&answer, 0), "NtAllocateVirtualMemory", 0, false));
  expect(&answer, 0, "ntoskrnl.exe!NtAllocateVirtualMemory");
  expect(&answer, 2, "Contoso.dll!Cache::Insert+0x1f4");
  expect(&answer, 3, "Contoso.dll!~Export+0x20");
  /* Named anew, and by the same text, which is kept once. */
  assert_true(seep_answer_name_frame(&answer, frame_of(&answer, 3), "Cache::Insert", 1, false));
  assert_ptr_equal(frame_of(&answer, 3)->symbol, frame_of(&answer, 2)->symbol);
  expect(&answer, 3, "Contoso.dll!Cache::Insert+0x1");
  end(fake, &answer);
}

/* A frame of somebody else's is refused. */
static void only_its_own_frames_are_named(void **state)
{
  (void)state;
  seep_answer answer;
  seep_trace_analysis *fake = begin("\\x\\Contoso.dll", false, &answer);
  const seep_answer_frame copy = *frame_of(&answer, 2);
  assert_false(seep_answer_name_frame(&answer, &copy, "x", 0, false));
  assert_false(seep_answer_name_frame(&answer, frame_of(&answer, 0) + 5, "x", 0, false));
  expect(&answer, 2, "Contoso.dll+0x1a2b");
  end(fake, &answer);
  seep_answer nothing = {.storage = NULL};
  assert_false(seep_answer_name_frame(&nothing, &copy, "x", 0, false));
}

/* As they are: whoever shows them makes them presentable. Only what is too long is cut, between characters.
 */
static void hostile_names(void **state)
{
  static char path[3000];
  static char symbol[5000];
  (void)state;
  seep_answer answer;
  char text[8192];
  seep_trace_analysis *fake = begin("\\x\\a\x1B[2J\xFF\n<b>%s%n.dll", false, &answer);
  assert_true(seep_answer_name_frame(&answer, frame_of(&answer, 2), "\xE2\x80\xAE%n<script>", 1, false));
  expect(&answer, 2, "a\x1B[2J\xFF\n<b>%s%n.dll!\xE2\x80\xAE%n<script>+0x1");
  assert_string_equal(seep_answer_culprit_name(&answer), "a\x1B[2J\xFF\n<b>%s%n.dll");
  end(fake, &answer);

  path[0] = '\\';
  for (size_t i = 1; i + 2 < sizeof path; i += 2) {
    memcpy(path + i, "\xC3\xA4", 2);
  }
  memset(symbol, 'y', sizeof symbol - 1);
  fake = begin(path, false, &answer);
  const char *name = seep_answer_culprit_name(&answer);
  assert_int_equal(strlen(name), 512);
  assert_memory_equal(name + 510, "\xC3\xA4", 3);
  assert_true(seep_answer_name_frame(&answer, frame_of(&answer, 2), symbol, 1, false));
  assert_int_equal(strlen(frame_of(&answer, 2)->symbol), 1024);
  (void)seep_answer_frame_text(&answer, frame_of(&answer, 2), text, sizeof text);
  assert_int_equal(strlen(text), 512 + 1 + 1024 + strlen("+0x1"));
  for (size_t size = 1; size < 40; size++) {
    (void)seep_answer_frame_text(&answer, frame_of(&answer, 2), text, size);
    assert_int_equal(strlen(text), (size - 1) / 2 * 2);
  }
  end(fake, &answer);
}

static void modules_without_names(void **state)
{
  (void)state;
  seep_answer answer;
  seep_trace_analysis *fake = begin("\\only\\folders\\", false, &answer);
  expect(&answer, 2, "(unnamed module)+0x1a2b");
  assert_string_equal(seep_answer_culprit_name(&answer), "(unnamed module)");
  end(fake, &answer);
}

static void buckets_have_names(void **state)
{
  (void)state;
  assert_string_equal(seep_answer_bucket_text(SEEP_BUCKET_MANAGED), "managed/JIT");
  assert_string_equal(seep_answer_bucket_text(SEEP_BUCKET_UNKNOWN), "unknown");
  assert_string_equal(seep_answer_bucket_text(SEEP_BUCKET_RUNTIME), "runtime only");
  assert_string_equal(seep_answer_bucket_text(SEEP_BUCKET_KERNEL), "kernel only");
  assert_string_equal(seep_answer_bucket_text(SEEP_BUCKET_NO_STACK), "no stack");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_without_symbols),        cmocka_unit_test(frames_with_symbols),
      cmocka_unit_test(only_its_own_frames_are_named), cmocka_unit_test(hostile_names),
      cmocka_unit_test(modules_without_names),         cmocka_unit_test(buckets_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
