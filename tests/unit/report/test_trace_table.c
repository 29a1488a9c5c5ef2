/* The terminal's text: what it says of the samples, and that nothing in it is wider than the terminal or acts
 * on it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/trace_table.h"
#include "unit/report/sample_answer.h"

#define ROOM ((size_t)1 << 20)

typedef struct printed {
  char text[ROOM];
  size_t size;
} printed;

static printed now;

static void keep(void *context, const char *bytes, size_t length)
{
  printed *to = context;
  assert_true(length < ROOM - to->size);
  memcpy(to->text + to->size, bytes, length);
  to->size += length;
}

static const char *print(const seep_answer *answer, const seep_naming *naming, size_t top, size_t width)
{
  const seep_trace_table_options options = {top, width};
  now.size = 0;
  seep_trace_table_write(answer, naming, &options, keep, &now);
  now.text[now.size] = '\0';
  return now.text;
}

static const char *print_sample(sample_answer_kind kind)
{
  return print(sample_answer(kind), sample_answer_naming(kind), 0, 0);
}

static void says(const char *part)
{
  if (strstr(now.text, part) == NULL) {
    fail_msg("'%s' is not in:\n%s", part, now.text);
  }
}

static size_t count_of(const char *part)
{
  size_t count = 0;
  for (const char *at = strstr(now.text, part); at != NULL; at = strstr(at + 1, part)) {
    count++;
  }
  return count;
}

/* ---- what is said ---- */

static void test_a_heap_leak(void **state)
{
  (void)state;
  const char *text = print_sample(SAMPLE_ANSWER_HEAP);
  static const char verdict[] =
      "Contoso.Pricing.dll 4.2.1107 (Contoso Ltd.) has not given back 236 MB in 316411 "
      "allocations of\n"
      "w3wp.exe (process 5200), 92 percent of all that the trace of 12 min shows, and goes "
      "on steadily.\n"
      "  where      PriceCache::Insert+0x1f4\n"
      "  signature  ";
  assert_memory_equal(text, verdict, sizeof verdict - 1);
  says("\nProcess 5200, w3wp.exe\n"
       "  VirtualAlloc  allocated  480 MB in 7680 allocations\n"
       "                given back 240 MB in 3840 releases\n");
  says("\nWho holds what is left (heap)\n"
       "     bytes  share      blocks      steady  module\n"
       "    236 MB    92%      316411      236 MB  Contoso.Pricing.dll 4.2.1107, Contoso Ltd.\n"
       "   15.0 MB     6%         896           -  Contoso.Web.dll 4.2.1107, Contoso Ltd.\n"
       "   3.50 MB     1%        9000              (runtime only)\n"
       "   2.00 MB     1%        1100              (no stack)\n");
  says("\nStacks (heap): 5 of 42, most steady growth first\n");
  says("   38.0 MB    15%       46000  steady   Contoso.Pricing.dll!PriceCache::MakeKey+0x40\n");
  says("   2.00 MB     1%        1100  late     (its stack was lost)\n");
  says("\nWho holds what is left (VirtualAlloc)\n");
  says("\nOther processes with memory left\n   1.00 MB  712      svchost.exe\n");
  says("\nTrace of Windows 10.0 build 20348, 8 processors\n  started    2026-03-01T10:00:00.000Z\n"
       "  lasted     12 min\n  events     1204411 in 900 buffers\n  lost       0 events, 0 buffers\n");
  says("\nWhat was lost\n- 1100 of 632822 allocations");
  says("  Contoso.Web.pdb/555555555555555555555555555555551/Contoso.Web.pdb\n      only exports were there; "
       "5 frames\n");
  says("      what was there is of another build; 5 frames\n");
  assert_int_equal(count_of("ntdll.pdb"), 0); /* whose names are there */
}

/* Common callers once, outermost first; branches where they part; the culprit's functions marked. */
static void test_the_tree(void **state)
{
  (void)state;
  print_sample(SAMPLE_ANSWER_HEAP);
  says("\n     bytes  from the outermost caller to the culprit (=>)\n"
       "    251 MB  ntdll.dll!RtlUserThreadStart\n"
       "    251 MB  KERNEL32.DLL!BaseThreadInitThunk\n"
       "    251 MB  w3wp.exe!WorkerMain\n"
       "    236 MB  |- Contoso.Web.dll!QuoteHandler::ProcessRequest\n"
       "    236 MB  |  Contoso.Pricing.dll!PriceCache::Refresh\n"
       "    198 MB  |  |- => Contoso.Pricing.dll!PriceCache::Insert\n"
       "   38.0 MB  |  `- => Contoso.Pricing.dll!PriceCache::MakeKey\n"
       "   9.00 MB  |- Contoso.Web.dll!~WebInitialize+0x13f0\n"
       "   6.00 MB  `- Contoso.Web.dll!SessionTable::Grow\n\n");
  print_sample(SAMPLE_ANSWER_MANAGED);
  says("    320 MB  => managed/JIT\n");
}

/* Of a long chain only both ends are shown; two stacks of the same functions are one. */
static void test_a_long_chain_is_cut_in_its_middle(void **state)
{
  (void)state;
  static seep_answer_frame frames[SEEP_TRACE_MAXIMUM_FRAMES];
  static seep_answer_stack stacks[2];
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_HEAP);
  for (size_t i = 0; i < SEEP_TRACE_MAXIMUM_FRAMES; i++) {
    frames[i] = (seep_answer_frame){.placed = {i, SEEP_FRAME_MODULE, 3, i}};
  }
  for (size_t i = 0; i < 2; i++) {
    stacks[i] = (seep_answer_stack){.live_bytes = 1048576,
                                    .live_count = 1,
                                    .frames = frames,
                                    .frame_count = SEEP_TRACE_MAXIMUM_FRAMES,
                                    .culprit = 2,
                                    .signature = "0"};
  }
  answer.views[SEEP_TRACE_VIEW_HEAP].stacks = stacks;
  answer.views[SEEP_TRACE_VIEW_HEAP].stack_count = 2;
  print(&answer, NULL, 0, 0);
  says("   2.00 MB  Contoso.Pricing.dll+0xbf\n"
       "   2.00 MB  Contoso.Pricing.dll+0xbe\n"
       "   2.00 MB  Contoso.Pricing.dll+0xbd\n"
       "            ...\n"
       "   2.00 MB  Contoso.Pricing.dll+0x4\n"
       "   2.00 MB  Contoso.Pricing.dll+0x3\n"
       "   2.00 MB  => Contoso.Pricing.dll+0x2\n\n");
}

static void test_doubts_and_losses(void **state)
{
  (void)state;
  print_sample(SAMPLE_ANSWER_WEAK);
  says("  doubts     4112 events and 2 buffers were lost; 61 percent of what is left has no stack; nearly\n"
       "             all of it is from the beginning;");
  says("\nProcess 44, cache.exe, began during the trace, ended during it\n");
  says("3 events contradict others and are not in the sums\n");
  says("  lasted     unknown: it was not stopped properly\n");
  says("- The analysis ran out of memory 10 s before the trace's end: what came later was not looked at.\n");
}

static void test_nothing_to_tell(void **state)
{
  (void)state;
  const char *text = print_sample(SAMPLE_ANSWER_NOTHING);
  assert_memory_equal(text, "No leak is seen: ", 17);
  assert_int_equal(count_of("Who holds"), 0);
  assert_int_equal(count_of("Stacks ("), 0);
  assert_int_equal(count_of("where"), 0);
  says("- "
       "Nothing was lost.\n");
  text = print_sample(SAMPLE_ANSWER_NOBODY);
  assert_memory_equal(text, "There are no memory events in ", 30);
  assert_int_equal(count_of("Process "), 0);
}

/* What is ours to say is never cut, however narrow it is. */
static void test_sentences_are_whole_on_a_narrow_terminal(void **state)
{
  (void)state;
  const sample_answer_kind kind = SAMPLE_ANSWER_HEAP;
  print(sample_answer(kind), sample_answer_naming(kind), 0, 80);
  says("\n  Both are views of the same memory: what a heap gets from VirtualAlloc is in\n  both.\n");
  says("\nFunction names: 2 of 4 modules have none, or guesses (~). Whoever made a module\n"
       "has the file with its names, Microsoft those of Windows. Put them into a folder,\n"
       "below it under these paths, and give the folder with --symbols:\n");
  seep_answer answer = *sample_answer(kind);
  answer.views[SEEP_TRACE_VIEW_HEAP].pattern = SEEP_GROWTH_EARLY;
  print(&answer, NULL, 0, 80);
  says("                early: nearly all of it from the beginning, as caches and\n"
       "                start-up are\n");
}

static void test_one_is_one(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_HEAP);
  seep_answer_view *view = &answer.views[SEEP_TRACE_VIEW_HEAP];
  answer.header.processors = answer.header.events_lost = 1;
  view->allocations = view->frees = view->live_count = view->odd = 1;
  seep_naming_module one = {.result = SEEP_NAMED_NOT, .frames = 1};
  const seep_naming naming = {.modules = &one, .count = 1};
  print(&answer, &naming, 0, 0);
  says(", 1 processor\n");
  says(" 1 event, 0 buffers\n");
  says(" in 1 allocation\n");
  says(" in 1 release\n");
  says(" in 1 block\n");
  says(" 1 event contradicts others and is not in the sums\n");
  says("\nFunction names: 1 of 1 module has none, or guesses (~). The trace does not tell which files have\n"
       "them.\n");
  assert_int_equal(count_of("--json lists"), 0);
}

static void test_symbols_that_are_missing(void **state)
{
  (void)state;
  print_sample(SAMPLE_ANSWER_VIRTUAL);
  says("\nFunction names: 4 of 4 modules have none, or guesses (~).");
  says("  Contoso.Imaging.dll/65000003203000/Contoso.Imaging.dll\n      not there; 4 frames\n");
  says("      what was there cannot be read; 2 frames\n");
  says("  ... and 1 more (--json lists them)\n"); /* that with no key */
  print(sample_answer(SAMPLE_ANSWER_VIRTUAL), NULL, 0, 0);
  assert_int_equal(count_of("Function names"), 0);
}

static void test_top(void **state)
{
  (void)state;
  const sample_answer_kind kind = SAMPLE_ANSWER_HEAP;
  print(sample_answer(kind), sample_answer_naming(kind), 1, 0);
  says("\nStacks (heap): 1 of 42, most steady growth first\n");
  says("            3 more with less\n");
  assert_int_equal(count_of("MakeKey"), 0);
}

/* ---- the terminal is safe ---- */

/* No line is wider, no character acts, all of it is UTF-8. */
static void check_lines(size_t width)
{
  const char *at = now.text;
  size_t columns = 0, left = now.size;
  bool is_key = false; /* is not cut, for it is there to be copied */
  while (left > 0) {
    uint32_t point = 0;
    size_t used = seep_text_character(at, left, &point);
    assert_true(used > 0);
    assert_false(seep_text_is_surrogate(point));
    if (point == '\n') {
      columns = 0;
      is_key = strncmp(at + 1, "  ", 2) == 0 && memchr(at + 1, '/', 60) != NULL;
    } else {
      assert_false(seep_text_is_control(point));
      assert_true(++columns <= width || is_key);
    }
    at += used;
    left -= used;
  }
  assert_int_equal(now.text[now.size - 1], '\n');
}

static void test_every_sample_keeps_to_the_width(void **state)
{
  (void)state;
  for (int i = 0; i < SAMPLE_ANSWERS; i++) {
    static const size_t widths[] = {0, 60, 80, 200};
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
      const sample_answer_kind kind = (sample_answer_kind)i;
      print(sample_answer(kind), i % 2 == 0 ? NULL : sample_answer_naming(kind), 0, widths[w]);
      check_lines(widths[w] == 0 ? 100 : widths[w]);
    }
    print(sample_answer((sample_answer_kind)i), NULL, 0, 1); /* no terminal is that narrow */
    check_lines(60);
  }
}

static void test_the_largest_answer(void **state)
{
  (void)state;
  void *block = NULL;
  const seep_answer *answer = sample_answer_huge(200, SEEP_TRACE_MAXIMUM_FRAMES, &block);
  assert_non_null(answer);
  print(answer, NULL, 2000, 100);
  check_lines(100);
  assert_true(now.size < 100000);
  free(block);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_heap_leak),
      cmocka_unit_test(test_the_tree),
      cmocka_unit_test(test_a_long_chain_is_cut_in_its_middle),
      cmocka_unit_test(test_doubts_and_losses),
      cmocka_unit_test(test_nothing_to_tell),
      cmocka_unit_test(test_sentences_are_whole_on_a_narrow_terminal),
      cmocka_unit_test(test_one_is_one),
      cmocka_unit_test(test_symbols_that_are_missing),
      cmocka_unit_test(test_top),
      cmocka_unit_test(test_every_sample_keeps_to_the_width),
      cmocka_unit_test(test_the_largest_answer),
  };
  return cmocka_run_group_tests_name("report trace_table", tests, NULL, NULL);
}
