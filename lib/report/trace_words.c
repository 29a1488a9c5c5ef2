#include "report/trace_words.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/human.h"

/* Of names inside a sentence: one that is longer is no name that anybody would miss the end of. */
#define NAME_SIZE 161

#define SENTENCE_SIZE 256
#define PERCENT_SIZE 32

/* ---- parts of sentences ---- */

static void write_name(seep_writer *out, const char *name)
{
  char cut[NAME_SIZE];
  seep_text_copy(cut, sizeof cut, name);
  seep_writer_text(out, cut);
}

static void write_process(const seep_answer_process *process, seep_writer *out)
{
  if (process->name[0] == '\0') {
    seep_writer_format(out, "process %" PRIu32, process->pid);
    return;
  }
  write_name(out, process->name);
  seep_writer_format(out, " (process %" PRIu32 ")", process->pid);
}

/* "the trace of 12 min" */
static void write_trace(const seep_answer *answer, seep_writer *out)
{
  char lasted[SEEP_HUMAN_SIZE];
  seep_writer_text(out, "the trace");
  if (answer->duration_ms >= 0) {
    seep_writer_format(out, " of %s", seep_human_duration(answer->duration_ms, lasted, sizeof lasted));
  }
}

/* Neither all nor nothing by rounding. */
static const char *percent(double share, char out[PERCENT_SIZE])
{
  if (!(share >= 0.01)) {
    return "less than 1 percent";
  }
  snprintf(out, PERCENT_SIZE, "%u percent",
           share < 0.99  ? (unsigned)(share * 100.0 + 0.5)
           : share < 1.0 ? 99u
                         : 100u);
  return out;
}

static double part_of(uint64_t part, uint64_t whole)
{
  return whole > 0 ? (double)part / (double)whole : 0.0;
}

static const char *plural(uint64_t count)
{
  return count == 1 ? "" : "s";
}

static const seep_answer_module *culprit_module(const seep_answer *answer)
{
  uint32_t index = answer->culprit.module;
  return index < answer->module_count ? &answer->modules[index] : NULL;
}

const seep_answer_stack *seep_trace_words_stack(const seep_answer *answer)
{
  const seep_answer_view *view = &answer->views[answer->culprit.view];
  return answer->culprit.stack < view->stack_count ? &view->stacks[answer->culprit.stack] : NULL;
}

static seep_growth_pattern culprit_pattern(const seep_answer *answer)
{
  const seep_answer_stack *stack = seep_trace_words_stack(answer);
  return stack != NULL ? stack->pattern : answer->views[answer->culprit.view].pattern;
}

static void write_culprit(const seep_answer *answer, seep_writer *out)
{
  static const char *const buckets[SEEP_BUCKETS] = {
      "code of .NET, Java or JavaScript (managed/JIT)", "code in no module that the trace tells of",
      "Windows' own allocation code, whose callers the trace does not show,",
      "the kernel, for callers that the trace does not show,", "code that the trace has no stacks of"};
  const seep_answer_module *module = culprit_module(answer);
  if (module == NULL) {
    seep_writer_text(out, buckets[answer->culprit.bucket]);
    return;
  }
  write_name(out, module->name[0] != '\0' ? module->name : "a module without a name");
  if (module->file_version[0] != '\0') {
    seep_writer_text(out, " ");
    write_name(out, module->file_version);
  }
  if (module->company[0] != '\0') {
    seep_writer_text(out, " (");
    write_name(out, module->company);
    seep_writer_text(out, ")");
  }
}

/* ---- the verdict ---- */

static const char *outlook(seep_growth_pattern pattern)
{
  switch (pattern) {
  case SEEP_GROWTH_STEADY:
    return ", and goes on steadily";
  case SEEP_GROWTH_EARLY:
    return "; nearly all of it is from the beginning";
  case SEEP_GROWTH_LATE:
    return "; nearly all of it is from the last seconds and may yet be given back";
  case SEEP_GROWTH_BURST:
    return "; it came at one or two moments";
  default:
    return "";
  }
}

/* What it has kept, from "has not given back" to the end of the sentence. */
static void write_charge(const seep_answer *answer, seep_writer *out)
{
  char bytes[SEEP_HUMAN_SIZE], share[PERCENT_SIZE];
  const seep_answer_culprit *culprit = &answer->culprit;
  seep_writer_format(out, "has not given back %s in %" PRIu64 " allocation%s of ",
                     seep_human_bytes(culprit->bytes, bytes, sizeof bytes), culprit->count,
                     plural(culprit->count));
  write_process(&answer->process, out);
  seep_writer_format(out, ", %s of all that ", percent(culprit->share, share));
  write_trace(answer, out);
  seep_writer_text(out, " shows");
  seep_writer_text(out, outlook(culprit_pattern(answer)));
}

/* For sentences that begin with a word of our own. */
static void begin_with_capital(seep_writer *out, size_t at)
{
  if (at < out->length && out->data[at] >= 'a' && out->data[at] <= 'z') {
    out->data[at] = (char)(out->data[at] - 'a' + 'A');
  }
}

static const seep_answer_view *busiest_view(const seep_answer *answer)
{
  const seep_answer_view *of_virtual = &answer->views[SEEP_TRACE_VIEW_VIRTUAL];
  const seep_answer_view *of_heap = &answer->views[SEEP_TRACE_VIEW_HEAP];
  return of_heap->allocated_bytes > of_virtual->allocated_bytes ? of_heap : of_virtual;
}

static void write_innocence(const seep_answer *answer, seep_writer *out)
{
  char allocated[SEEP_HUMAN_SIZE], left[SEEP_HUMAN_SIZE];
  const seep_answer_view *view = busiest_view(answer);
  if (view->allocations == 0) {
    size_t start = out->length;
    write_process(&answer->process, out);
    if (answer->process.name[0] == '\0') {
      begin_with_capital(out, start);
    }
    seep_writer_text(out, " has allocated nothing during ");
    write_trace(answer, out);
    seep_writer_text(out, ".");
    return;
  }
  seep_writer_format(out, "No leak is seen: of %s that ",
                     seep_human_bytes(view->allocated_bytes, allocated, sizeof allocated));
  write_process(&answer->process, out);
  seep_writer_text(out, " allocated during ");
  write_trace(answer, out);
  if (view->live_bytes == 0) {
    seep_writer_text(out, " it has given back all.");
  } else {
    seep_writer_format(out, " only %s are left, and nobody in particular holds them.",
                       seep_human_bytes(view->live_bytes, left, sizeof left));
  }
}

static void write_absence(const seep_answer *answer, seep_writer *out)
{
  if (answer->process_count > 0) {
    seep_writer_text(out, "The process that was asked for has no memory events in ");
    write_trace(answer, out);
    seep_writer_text(out, ".");
    return;
  }
  seep_writer_text(out, "There are no memory events in ");
  write_trace(answer, out);
  seep_writer_text(out, ": it was not recorded to follow VirtualAlloc or heaps.");
}

void seep_trace_words_verdict(const seep_answer *answer, seep_writer *out)
{
  size_t start = out->length;
  if (!answer->has_process) {
    write_absence(answer, out);
  } else if (answer->culprit.certainty == SEEP_ANSWER_NOTHING) {
    write_innocence(answer, out);
  } else if (answer->culprit.certainty == SEEP_ANSWER_WEAK) {
    seep_writer_text(out, "On weak evidence: ");
    write_culprit(answer, out);
    seep_writer_text(out, " ");
    write_charge(answer, out);
    seep_writer_text(out, ".");
  } else {
    write_culprit(answer, out);
    if (culprit_module(answer) == NULL) {
      begin_with_capital(out, start);
    }
    seep_writer_text(out, " ");
    write_charge(answer, out);
    seep_writer_text(out, ".");
  }
}

void seep_trace_words_place(const seep_answer *answer, seep_writer *out)
{
  const seep_answer_stack *stack = seep_trace_words_stack(answer);
  if (answer->culprit.certainty == SEEP_ANSWER_NOTHING || stack == NULL || culprit_module(answer) == NULL ||
      stack->culprit >= stack->frame_count) {
    return;
  }
  const seep_answer_frame *frame = &stack->frames[stack->culprit];
  if (frame->symbol == NULL || frame->symbol[0] == '\0') {
    seep_writer_format(out, "+0x%" PRIx64, frame->placed.offset);
    return;
  }
  seep_writer_text(out, frame->is_guess ? "~" : "");
  seep_writer_text(out, frame->symbol);
  if (frame->symbol_offset != 0 || frame->is_guess) {
    seep_writer_format(out, "+0x%" PRIx64, frame->symbol_offset);
  }
}

const char *seep_trace_words_pattern(seep_growth_pattern pattern)
{
  switch (pattern) {
  case SEEP_GROWTH_STEADY:
    return "steady: goes on from the beginning to the end";
  case SEEP_GROWTH_EARLY:
    return "early: nearly all of it from the beginning, as caches and start-up are";
  case SEEP_GROWTH_LATE:
    return "late: nearly all of it from the last seconds, and may yet be given back";
  case SEEP_GROWTH_BURST:
    return "burst: from one or two moments";
  default:
    return "none: nothing of it is left";
  }
}

const char *seep_trace_words_view(seep_trace_view view)
{
  return view == SEEP_TRACE_VIEW_HEAP ? "heap" : "VirtualAlloc";
}

const char *seep_trace_words_site(seep_trace_site_kind kind)
{
  switch (kind) {
  case SEEP_TRACE_SITE_NO_STACK:
    return "(recorded without a stack)";
  case SEEP_TRACE_SITE_LOST:
    return "(its stack was lost)";
  case SEEP_TRACE_SITE_OVERFLOW:
    return "(all stacks beyond the limit)";
  case SEEP_TRACE_SITE_KERNEL_ONLY:
    return "(kernel only: its caller was lost)";
  default:
    return "(empty)";
  }
}

const char *seep_trace_words_no_names(seep_naming_result result)
{
  switch (result) {
  case SEEP_NAMED_EXPORTS:
    return "only exports were there";
  case SEEP_NAMED_MISMATCH:
    return "what was there is of another build";
  case SEEP_NAMED_BROKEN:
    return "what was there cannot be read";
  default:
    return "not there";
  }
}

/* ---- doubts ---- */

static int64_t missed_ms(const seep_answer *answer)
{
  return seep_trace_elapsed_ms(&answer->header, answer->losses.stop_ticks, answer->merged.last_ticks);
}

static uint64_t unread_things(const seep_trace_summary *summary)
{
  return summary->bad_buffers + summary->unread_buffers + summary->bad_records + (summary->truncated ? 1 : 0);
}

static const char *lack_of_steadiness(seep_growth_pattern pattern)
{
  switch (pattern) {
  case SEEP_GROWTH_EARLY:
    return "nearly all of it is from the beginning";
  case SEEP_GROWTH_LATE:
    return "nearly all of it is from the last seconds";
  case SEEP_GROWTH_BURST:
    return "it came at one or two moments";
  default:
    return "it did not grow steadily";
  }
}

static void write_lost(const seep_answer *answer, seep_writer *out)
{
  uint32_t events = answer->header.events_lost, buffers = answer->header.buffers_lost;
  if (events > 0 && buffers > 0) {
    seep_writer_format(out, "%" PRIu32 " event%s and %" PRIu32 " buffer%s were lost", events, plural(events),
                       buffers, plural(buffers));
  } else if (events > 0) {
    seep_writer_format(out, "%" PRIu32 " event%s %s lost", events, plural(events),
                       events == 1 ? "was" : "were");
  } else if (buffers > 0) {
    seep_writer_format(out, "%" PRIu32 " buffer%s %s lost", buffers, plural(buffers),
                       buffers == 1 ? "was" : "were");
  } else {
    seep_writer_text(out, "events were lost, and nobody counted them");
  }
}

static void write_doubt(const seep_answer *answer, uint32_t doubt, seep_writer *out)
{
  char text[SEEP_HUMAN_SIZE], share[PERCENT_SIZE];
  const seep_answer_view *view = &answer->views[answer->culprit.view];
  switch (doubt) {
  case SEEP_DOUBT_EVENTS_LOST:
    write_lost(answer, out);
    break;
  case SEEP_DOUBT_STACKS_LOST:
    seep_writer_format(out, "%s of what is left has no stack",
                       percent(part_of(view->bucket_bytes[SEEP_BUCKET_NO_STACK], view->live_bytes), share));
    break;
  case SEEP_DOUBT_NOT_STEADY:
    seep_writer_text(out, lack_of_steadiness(culprit_pattern(answer)));
    break;
  case SEEP_DOUBT_SPREAD:
    seep_writer_text(out, view->steady_bytes > 0 ? "less than half of what grows steadily is its, " : "");
    seep_writer_format(out, "it holds %s of what is left", percent(answer->culprit.share, share));
    break;
  case SEEP_DOUBT_SHORT:
    if (answer->duration_ms < 0) {
      seep_writer_text(out, "it is not known how long the trace lasted");
    } else {
      seep_writer_format(out, "the trace lasted %s",
                         seep_human_duration(answer->duration_ms, text, sizeof text));
    }
    break;
  case SEEP_DOUBT_DAMAGED:
    if (unread_things(&answer->merged.summary) == 1) {
      seep_writer_text(out, "a buffer or record is damaged, cut or unread");
    } else {
      seep_writer_format(out, "%" PRIu64 " buffers or records are damaged, cut or unread",
                         unread_things(&answer->merged.summary));
    }
    break;
  case SEEP_DOUBT_BUDGET:
    seep_writer_text(out, "not all of the trace was analysed");
    break;
  default:
    seep_writer_text(out, "the process ended during the trace");
    break;
  }
}

void seep_trace_words_doubts(const seep_answer *answer, seep_writer *out)
{
  bool any = false;
  for (uint32_t doubt = 1; doubt <= SEEP_DOUBT_ENDED; doubt <<= 1) {
    if ((answer->culprit.doubts & doubt) != 0) {
      seep_writer_text(out, any ? "; " : "");
      write_doubt(answer, doubt, out);
      any = true;
    }
  }
}

/* ---- losses ---- */

typedef struct telling {
  seep_trace_words_visit visit;
  void *context;
  bool any;
} telling;

static void tell(telling *to, const char *sentence)
{
  to->visit(to->context, sentence);
  to->any = true;
}

static void tell_count(telling *to, uint64_t count, const char *one, const char *many, const char *so)
{
  char sentence[SENTENCE_SIZE];
  if (count > 0) {
    snprintf(sentence, sizeof sentence, "%" PRIu64 " %s%s.", count, count == 1 ? one : many, so);
    tell(to, sentence);
  }
}

static void tell_recording(const seep_answer *answer, telling *to)
{
  char sentence[SENTENCE_SIZE];
  const seep_trace_header *header = &answer->header;
  bool counted = header->events_lost > 0 || header->buffers_lost > 0;
  if (counted) {
    seep_writer writer;
    seep_writer_init(&writer, sentence, sizeof sentence);
    write_lost(answer, &writer);
    seep_writer_text(&writer, " while recording: a lost free looks like a leak.");
    tell(to, sentence);
  } else {
    tell_count(to, answer->merged.summary.loss_flagged_buffers, "buffer tells", "buffers tell",
               " of lost events: a lost free looks like a leak");
  }
}

static void tell_analysis(const seep_answer *answer, telling *to)
{
  char sentence[SENTENCE_SIZE], missed[SEEP_HUMAN_SIZE];
  if (answer->losses.memory_limit) {
    snprintf(sentence, sizeof sentence,
             "The analysis ran out of memory %s before the trace's end: what came later was not looked at.",
             seep_human_duration(missed_ms(answer) < 0 ? 0 : missed_ms(answer), missed, sizeof missed));
    tell(to, sentence);
  } else if (answer->merged.ended_early) {
    tell(to, "The trace was not read to its end.");
  }
}

static void tell_file(const seep_answer *answer, telling *to)
{
  const seep_trace_summary *summary = &answer->merged.summary;
  if (summary->truncated) {
    tell(to, "The file ends in the middle: the trace went on.");
    if (answer->views[answer->culprit.view].bucket_bytes[SEEP_BUCKET_UNKNOWN] > 0) {
      tell(to,
           "Modules are often listed at a trace's end: what lies in none may lie in one that is missing.");
    }
  }
  tell_count(to, summary->bad_buffers, "buffer is damaged", "buffers are damaged",
             " and could not be read whole");
  tell_count(to, summary->bad_records, "record is damaged", "records are damaged",
             ": what follows in the same buffer was not read");
  tell_count(to, summary->unread_buffers, "buffer is", "buffers are",
             " packed in a way that is not known: the figures are too small");
  tell_count(to, answer->losses.malformed, "event was", "events were",
             " not understood, and left out of the sums");
  tell_count(to, answer->merged.late_records, "record came", "records came", " out of order");
  tell_count(to, answer->merged.forced_buffers, "buffer was", "buffers were",
             " read out of turn, for too many overlapped");
  if (answer->header.end < answer->header.start) {
    tell(to, "The trace was not ended properly: its header was never completed.");
  }
}

static void tell_stacks(const seep_answer *answer, telling *to)
{
  char sentence[SENTENCE_SIZE], share[PERCENT_SIZE];
  const seep_trace_losses *losses = &answer->losses;
  uint64_t without = losses->memory_events_without_stack;
  if (without > 0 && without >= losses->memory_events) {
    tell(to, "No allocation has a stack: the trace was recorded without them, so that nobody can be named.");
  } else if (without > 0) {
    snprintf(sentence, sizeof sentence, "%" PRIu64 " of %" PRIu64 " allocations (%s) %s no stack.", without,
             losses->memory_events, percent(part_of(without, losses->memory_events), share),
             without == 1 ? "has" : "have");
    tell(to, sentence);
  }
  tell_count(to, losses->keys_undefined, "stack was", "stacks were", " referred to and never written");
  tell_count(to, losses->overflowed_stacks, "stack is", "stacks are",
             " beyond the limit: what they allocated is counted without them");
  tell_count(to, losses->undocumented, "memory event is", "memory events are",
             " of a kind that nobody has described, and left out of the sums");
}

void seep_trace_words_losses(const seep_answer *answer, seep_trace_words_visit visit, void *context)
{
  telling to = {visit, context, false};
  tell_recording(answer, &to);
  tell_analysis(answer, &to);
  tell_file(answer, &to);
  tell_stacks(answer, &to);
  if (!to.any) {
    tell(&to, SEEP_TRACE_WORDS_NOTHING_LOST);
  }
}
