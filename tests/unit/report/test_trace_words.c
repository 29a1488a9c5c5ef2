/* The sentences about an answer: exactly these words for the samples, and for what samples do not show. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "report/trace_words.h"
#include "unit/report/sample_answer.h"

static char text[SEEP_TRACE_WORDS_SIZE];

static const char *words(void (*write)(const seep_answer *, seep_writer *), const seep_answer *answer)
{
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  write(answer, &writer);
  assert_false(writer.cut);
  return text;
}

static const char *verdict(const seep_answer *answer)
{
  return words(seep_trace_words_verdict, answer);
}

/* ---- the verdict ---- */

static void test_verdicts_of_the_samples(void **state)
{
  (void)state;
  assert_string_equal(verdict(sample_answer(SAMPLE_ANSWER_HEAP)),
                      "Contoso.Pricing.dll 4.2.1107 (Contoso Ltd.) has not given back 236 MB in 316411 "
                      "allocations of w3wp.exe (process 5200), 92 percent of all that the trace of 12 min "
                      "shows, and goes on steadily.");
  assert_string_equal(verdict(sample_answer(SAMPLE_ANSWER_VIRTUAL)),
                      "Contoso.Imaging.dll has not given back 680 MB in 10880 allocations of scanhost.exe "
                      "(process 3316), 100 percent of all that the trace of 1 min 35 s shows, and goes on "
                      "steadily.");
  assert_string_equal(verdict(sample_answer(SAMPLE_ANSWER_MANAGED)),
                      "Code of .NET, Java or JavaScript (managed/JIT) has not given back 320 MB in 80 "
                      "allocations of orders.exe (process 8120), 97 percent of all that the trace of 4 min "
                      "shows, and goes on steadily.");
  assert_string_equal(verdict(sample_answer(SAMPLE_ANSWER_NOTHING)),
                      "No leak is seen: of 900 MB that w3wp.exe (process 5200) allocated during the trace of "
                      "12 min it has given back all.");
  assert_string_equal(verdict(sample_answer(SAMPLE_ANSWER_NOBODY)),
                      "There are no memory events in the trace of 10 min 43 s: it was not recorded to follow "
                      "VirtualAlloc or heaps.");
  assert_string_equal(
      verdict(sample_answer(SAMPLE_ANSWER_WEAK)),
      "On weak evidence: Fabrikam.Cache.dll 1.0 (Fabrikam) has not given back 12.0 MB in 4000 "
      "allocations of cache.exe (process 44), 39 percent of all that the trace of 41 s shows; "
      "nearly all of it is from the beginning.");
}

/* Names of any length leave room for the rest of the sentence, which says what the matter is. */
static void test_a_long_name_leaves_room_for_the_sentence(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_HOSTILE);
  answer.culprit.module = 2; /* the one with 2999 letters, everywhere */
  const char *sentence = verdict(&answer);
  assert_non_null(strstr(sentence, " has not given back 40.0 MB in 1000 allocations of "));
  assert_string_equal(sentence + strlen(sentence) - strlen(", and goes on steadily."),
                      ", and goes on steadily.");
}

static void test_verdicts_of_every_bucket_begin_with_a_capital(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_MANAGED);
  for (int i = 0; i < SEEP_BUCKETS; i++) {
    answer.culprit.bucket = (seep_answer_bucket)i;
    const char *sentence = verdict(&answer);
    assert_in_range(sentence[0], 'A', 'Z');
    assert_non_null(strstr(sentence, " has not given back 320 MB in 80 allocations of orders.exe"));
  }
}

static void test_what_is_left_of_nothing(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_NOTHING);
  answer.views[SEEP_TRACE_VIEW_HEAP].live_bytes = 4096;
  assert_string_equal(verdict(&answer),
                      "No leak is seen: of 900 MB that w3wp.exe (process 5200) allocated during "
                      "the trace of 12 min only 4.00 KB are left, and nobody in particular "
                      "holds them.");
  answer.views[SEEP_TRACE_VIEW_HEAP] = (seep_answer_view){.has_events = true, .frees = 4};
  answer.process.name = "";
  answer.duration_ms = -1;
  assert_string_equal(verdict(&answer), "Process 5200 has allocated nothing during the trace.");
  answer.has_process = false;
  assert_string_equal(verdict(&answer), "The process that was asked for has no memory events in the trace.");
}

static void test_shares_are_never_rounded_to_all_or_nothing(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_HEAP);
  answer.culprit.share = 0.9999;
  assert_non_null(strstr(verdict(&answer), ", 99 percent of all"));
  answer.culprit.share = 0.0001;
  assert_non_null(strstr(verdict(&answer), ", less than 1 percent of all"));
}

/* ---- place, doubts, patterns ---- */

static void test_places(void **state)
{
  (void)state;
  assert_string_equal(words(seep_trace_words_place, sample_answer(SAMPLE_ANSWER_HEAP)),
                      "PriceCache::Insert+0x1f4");
  assert_string_equal(words(seep_trace_words_place, sample_answer(SAMPLE_ANSWER_VIRTUAL)), "+0x1f02");
  assert_string_equal(words(seep_trace_words_place, sample_answer(SAMPLE_ANSWER_MANAGED)), "");
  assert_string_equal(words(seep_trace_words_place, sample_answer(SAMPLE_ANSWER_NOTHING)), "");
  assert_string_equal(words(seep_trace_words_place, sample_answer(SAMPLE_ANSWER_NOBODY)), "");
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_HEAP);
  answer.culprit.stack = 2; /* named by an export */
  assert_string_equal(words(seep_trace_words_place, &answer), "~WebInitialize+0x13f0");
}

static void test_doubts(void **state)
{
  (void)state;
  assert_string_equal(words(seep_trace_words_doubts, sample_answer(SAMPLE_ANSWER_HEAP)), "");
  assert_string_equal(
      words(seep_trace_words_doubts, sample_answer(SAMPLE_ANSWER_WEAK)),
      "4112 events and 2 buffers were lost; 61 percent of what is left has no stack; nearly all of "
      "it is from the beginning; it holds 39 percent of what is left; the trace lasted 41 s; 14 "
      "buffers or records are damaged, cut or unread; not all of the trace was analysed; the process "
      "ended during the trace");
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_WEAK);
  answer.culprit.doubts = SEEP_DOUBT_EVENTS_LOST | SEEP_DOUBT_SHORT;
  answer.header.events_lost = 1;
  answer.header.buffers_lost = 0;
  assert_string_equal(words(seep_trace_words_doubts, &answer), "1 event was lost; the trace lasted 41 s");
  answer.header.events_lost = 0;
  answer.culprit.doubts = SEEP_DOUBT_EVENTS_LOST;
  assert_string_equal(words(seep_trace_words_doubts, &answer), "events were lost, and nobody counted them");
}

static void test_every_pattern_has_its_word_first(void **state)
{
  (void)state;
  static const char *const beginnings[] = {"none: ", "steady: ", "early: ", "late: ", "burst: "};
  for (int i = SEEP_GROWTH_NONE; i <= SEEP_GROWTH_BURST; i++) {
    const char *meaning = seep_trace_words_pattern((seep_growth_pattern)i);
    assert_memory_equal(meaning, beginnings[i], strlen(beginnings[i]));
  }
}

/* ---- losses ---- */

typedef struct heard {
  char all[4096];
  seep_writer writer;
  size_t count;
} heard;

static void hear(void *context, const char *sentence)
{
  heard *so_far = context;
  seep_writer_format(&so_far->writer, "%s\n", sentence);
  so_far->count++;
}

static const heard *losses(const seep_answer *answer)
{
  static heard now;
  memset(&now, 0, sizeof now);
  seep_writer_init(&now.writer, now.all, sizeof now.all);
  seep_trace_words_losses(answer, hear, &now);
  assert_false(now.writer.cut);
  return &now;
}

static void test_losses(void **state)
{
  (void)state;
  assert_string_equal(losses(sample_answer(SAMPLE_ANSWER_VIRTUAL))->all, SEEP_TRACE_WORDS_NOTHING_LOST "\n");
  assert_string_equal(losses(sample_answer(SAMPLE_ANSWER_HEAP))->all,
                      "1100 of 632822 allocations (less than 1 percent) have no stack.\n");
  const heard *weak = losses(sample_answer(SAMPLE_ANSWER_WEAK));
  assert_int_equal(weak->count, 14);
  static const char first[] =
      "4112 events and 2 buffers were lost while recording: a lost free looks like a leak.\n"
      "The analysis ran out of memory 10 s before the trace's end: what came later was not "
      "looked at.\n";
  assert_memory_equal(weak->all, first, sizeof first - 1);
  assert_null(strstr(weak->all, SEEP_TRACE_WORDS_NOTHING_LOST));
}

static void test_losses_that_nobody_counted(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_VIRTUAL);
  answer.merged.summary.loss_flagged_buffers = 1;
  answer.losses.memory_events_without_stack = answer.losses.memory_events;
  answer.merged.ended_early = true;
  assert_string_equal(losses(&answer)->all,
                      "1 buffer tells of lost events: a lost free looks like a leak.\n"
                      "The trace was not read to its end.\n"
                      "No allocation has a stack: the trace was recorded without them, so that nobody can be "
                      "named.\n");
}

static void test_a_cut_trace_may_lack_its_modules(void **state)
{
  (void)state;
  seep_answer answer = *sample_answer(SAMPLE_ANSWER_VIRTUAL);
  answer.merged.summary.truncated = true;
  assert_string_equal(losses(&answer)->all, "The file ends in the middle: the trace went on.\n");
  answer.views[SEEP_TRACE_VIEW_VIRTUAL].bucket_bytes[SEEP_BUCKET_UNKNOWN] = 1;
  assert_string_equal(losses(&answer)->all,
                      "The file ends in the middle: the trace went on.\n"
                      "Modules are often listed at a trace's end: what lies in none may lie in one that is "
                      "missing.\n");
}

/* Beside the four figures of a row, on the narrowest terminal. */
static void test_what_stands_for_a_stack_fits_into_a_row(void **state)
{
  (void)state;
  for (int kind = SEEP_TRACE_SITE_STACK; kind <= SEEP_TRACE_SITE_OVERFLOW; kind++) {
    const char *site = seep_trace_words_site((seep_trace_site_kind)kind);
    assert_true(site[0] == '(' && strlen(site) <= 38);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_verdicts_of_the_samples),
      cmocka_unit_test(test_a_long_name_leaves_room_for_the_sentence),
      cmocka_unit_test(test_verdicts_of_every_bucket_begin_with_a_capital),
      cmocka_unit_test(test_what_is_left_of_nothing),
      cmocka_unit_test(test_shares_are_never_rounded_to_all_or_nothing),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_doubts),
      cmocka_unit_test(test_every_pattern_has_its_word_first),
      cmocka_unit_test(test_losses),
      cmocka_unit_test(test_losses_that_nobody_counted),
      cmocka_unit_test(test_a_cut_trace_may_lack_its_modules),
      cmocka_unit_test(test_what_stands_for_a_stack_fits_into_a_row),
  };
  return cmocka_run_group_tests_name("report trace_words", tests, NULL, NULL);
}
