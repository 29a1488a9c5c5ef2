/* A buffer of fixed size is emptied into the sink between values: no answer needs more memory than another.
 */
#include "report/trace_json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/json_text.h"
#include "report/trace_json_limits.h"
#include "report/trace_words.h"

/* One value at most doubles what the buffer may hold before it: a text is cut, and grows sixfold at worst
 * when it is escaped. */
#define BUFFER_SIZE ((size_t)64 * 1024)
#define FULL_SIZE (BUFFER_SIZE / 2)
#define TEXT_SIZE SEEP_TRACE_JSON_TEXT

typedef struct document {
  seep_json_text json;
  seep_writer writer;
  seep_page_sink sink;
  void *context;
  const seep_answer *answer;
  const seep_trace_json_options *options;
  seep_trace_json_limits limits;
} document;

/* The last byte stays: the next value looks at it to know whether it is the first one. */
static void make_room(document *doc)
{
  seep_writer *writer = &doc->writer;
  if (writer->length > FULL_SIZE) {
    size_t out = writer->length - 1;
    doc->sink(doc->context, writer->data, out);
    writer->data[0] = writer->data[out];
    writer->data[1] = '\0';
    writer->length = 1;
  }
}

static void add_text(document *doc, const char *key, const char *text)
{
  char cut[TEXT_SIZE];
  make_room(doc);
  if (text != NULL) {
    seep_text_copy_bytes(cut, sizeof cut, text, seep_trace_json_limits_cut(text, doc->limits.text));
  }
  seep_json_text_add(&doc->json, key, text != NULL ? cut : NULL);
}

static void add_number(document *doc, const char *key, uint64_t value)
{
  make_room(doc);
  seep_json_text_add_u64(&doc->json, key, true, value);
}

static void add_seconds(document *doc, const char *key, bool known, int64_t ms)
{
  seep_json_text_add_real(&doc->json, key, known, (double)ms / 1000.0);
}

static const char *view_name(seep_trace_view view)
{
  return view == SEEP_TRACE_VIEW_HEAP ? "heap" : "virtual";
}

static void add_curve(document *doc, const char *key, const uint64_t curve[SEEP_TRACE_BUCKETS])
{
  seep_json_text_open_array(&doc->json, key);
  for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
    add_number(doc, NULL, curve[i]);
  }
  seep_json_text_close_array(&doc->json);
}

/* ---- the trace ---- */

static void add_providers(document *doc)
{
  const seep_trace_summary *summary = &doc->answer->merged.summary;
  const uint64_t events[2] = {summary->kernel_records, summary->records - summary->kernel_records};
  seep_json_text_open_array(&doc->json, "providers");
  for (size_t i = 0; i < 2; i++) {
    seep_json_text_open_object(&doc->json, NULL);
    add_text(doc, "name", i == 0 ? "Windows kernel" : NULL);
    add_number(doc, "events", events[i]);
    seep_json_text_close_object(&doc->json);
  }
  seep_json_text_close_array(&doc->json);
}

static void add_trace(document *doc)
{
  char os[32];
  seep_json_text *json = &doc->json;
  const seep_trace_header *header = &doc->answer->header;
  const seep_trace_summary *summary = &doc->answer->merged.summary;
  bool ended = header->end >= header->start;
  int64_t lasted_ms = ended ? (int64_t)((header->end - header->start) / 10000u) : doc->answer->duration_ms;
  snprintf(os, sizeof os, "%u.%u", header->os_major, header->os_minor);
  seep_json_text_open_object(json, "trace");
  add_number(doc, "os_build", header->os_build);
  add_text(doc, "os", os);
  add_number(doc, "cpus", header->processors);
  add_number(doc, "pointer_bytes", header->pointer_bytes);
  add_text(doc, "session", header->logger_name);
  seep_json_text_add_wall(json, "started", header->start != 0, seep_wall_from_filetime(header->start));
  add_seconds(doc, "duration_s", lasted_ms >= 0, lasted_ms);
  add_number(doc, "events", summary->records);
  add_number(doc, "kernel_events", summary->kernel_records);
  add_number(doc, "events_lost", header->events_lost);
  add_number(doc, "buffers_lost", header->buffers_lost);
  add_number(doc, "buffers", summary->buffers);
  add_number(doc, "compressed_buffers", summary->compressed_buffers);
  add_number(doc, "unread_buffers", summary->unread_buffers);
  add_number(doc, "bad_buffers", summary->bad_buffers);
  add_number(doc, "bad_records", summary->bad_records);
  add_number(doc, "loss_flagged_buffers", summary->loss_flagged_buffers);
  seep_json_text_add_flag(json, "truncated", true, summary->truncated);
  add_providers(doc);
  seep_json_text_close_object(json);
}

/* ---- the culprit ---- */

static size_t shown_stacks(const document *doc, seep_trace_view view)
{
  size_t count = doc->answer->views[view].stack_count;
  return count < doc->limits.stacks ? count : doc->limits.stacks;
}

static void add_doubt_list(document *doc)
{
  /* One flag at a time gives one clause at a time. */
  char clause[SEEP_TRACE_WORDS_SIZE];
  seep_answer one = *doc->answer;
  seep_json_text_open_array(&doc->json, "doubts");
  for (uint32_t doubt = 1; doubt <= SEEP_DOUBT_ENDED; doubt <<= 1) {
    if ((doc->answer->culprit.doubts & doubt) != 0) {
      seep_writer writer;
      seep_writer_init(&writer, clause, sizeof clause);
      one.culprit.doubts = doubt;
      seep_trace_words_doubts(&one, &writer);
      add_text(doc, NULL, clause);
    }
  }
  seep_json_text_close_array(&doc->json);
}

static void add_culprit(document *doc)
{
  char place[TEXT_SIZE];
  seep_writer writer;
  seep_json_text *json = &doc->json;
  const seep_answer_culprit *culprit = &doc->answer->culprit;
  const seep_answer_stack *stack = seep_trace_words_stack(doc->answer);
  bool is_module = culprit->module < doc->answer->module_count;
  if (!doc->answer->has_process || culprit->certainty == SEEP_ANSWER_NOTHING) {
    seep_json_text_add_null(json, "culprit");
    return;
  }
  seep_writer_init(&writer, place, sizeof place);
  seep_trace_words_place(doc->answer, &writer);
  seep_json_text_open_object(json, "culprit");
  add_text(doc, "certainty", culprit->certainty == SEEP_ANSWER_GOOD ? "good" : "weak");
  add_text(doc, "name", seep_answer_culprit_name(doc->answer));
  seep_json_text_add_u64(json, "module", is_module && culprit->module < doc->limits.modules, culprit->module);
  add_text(doc, "bucket", is_module ? NULL : seep_answer_bucket_text(culprit->bucket));
  add_text(doc, "view", view_name(culprit->view));
  add_text(doc, "place", place);
  add_number(doc, "bytes", culprit->bytes);
  add_number(doc, "count", culprit->count);
  seep_json_text_add_real(json, "share", true, culprit->share);
  seep_json_text_add_flag(json, "is_steady", true, (culprit->doubts & SEEP_DOUBT_NOT_STEADY) == 0);
  add_text(doc, "pattern", stack != NULL ? seep_growth_pattern_text(stack->pattern) : NULL);
  seep_json_text_add_real(json, "bytes_per_hour", stack != NULL, stack != NULL ? stack->bytes_per_hour : 0.0);
  seep_json_text_add_u64(json, "stack", stack != NULL && culprit->stack < shown_stacks(doc, culprit->view),
                         culprit->stack);
  add_text(doc, "signature", stack != NULL ? stack->signature : NULL);
  add_doubt_list(doc);
  seep_json_text_close_object(json);
}

/* ---- processes ---- */

static bool is_in_detail(const seep_answer *answer, const seep_answer_process *process)
{
  const seep_answer_process *shown = &answer->process;
  bool same = true;
  for (size_t i = 0; i < SEEP_TRACE_VIEWS; i++) {
    same = same && process->live_bytes[i] == shown->live_bytes[i] &&
           process->allocations[i] == shown->allocations[i];
  }
  return answer->has_process && same && process->pid == shown->pid &&
         process->began_here == shown->began_here && process->ended_here == shown->ended_here;
}

static void add_process(document *doc, const seep_answer_process *process, bool in_detail)
{
  seep_json_text *json = &doc->json;
  const seep_answer_view *view = &doc->answer->views[SEEP_TRACE_VIEW_VIRTUAL];
  uint64_t commit = in_detail ? doc->answer->commit_at_end_bytes : 0;
  seep_json_text_open_object(json, NULL);
  add_number(doc, "pid", process->pid);
  add_number(doc, "parent_pid", process->parent_pid);
  add_number(doc, "session", process->session);
  add_text(doc, "name", process->name);
  seep_json_text_add_flag(json, "began_here", true, process->began_here);
  seep_json_text_add_flag(json, "ended_here", true, process->ended_here);
  seep_json_text_add_flag(json, "is_32_bit", true, process->is_wow64);
  add_number(doc, "live_bytes", process->live_bytes[SEEP_TRACE_VIEW_VIRTUAL]);
  add_number(doc, "live_heap_bytes", process->live_bytes[SEEP_TRACE_VIEW_HEAP]);
  add_number(doc, "heap_allocations", process->allocations[SEEP_TRACE_VIEW_HEAP]);
  add_number(doc, "commit_events", process->allocations[SEEP_TRACE_VIEW_VIRTUAL]);
  seep_json_text_add_u64(json, "committed_bytes", in_detail, view->allocated_bytes);
  seep_json_text_add_u64(json, "free_events", in_detail, view->frees);
  seep_json_text_add_u64(json, "freed_bytes", in_detail, view->freed_bytes);
  seep_json_text_add_u64(json, "commit_at_end_bytes", commit > 0, commit);
  seep_json_text_close_object(json);
}

static void add_processes(document *doc)
{
  const seep_answer *answer = doc->answer;
  size_t shown = SIZE_MAX;
  for (size_t i = 0; i < answer->process_count && shown == SIZE_MAX; i++) {
    shown = is_in_detail(answer, &answer->processes[i]) ? i : SIZE_MAX;
  }
  /* One that is beyond the list comes behind it. */
  bool missing = answer->has_process && shown == SIZE_MAX;
  seep_json_text_add_u64(&doc->json, "process", answer->has_process, missing ? answer->process_count : shown);
  seep_json_text_open_array(&doc->json, "processes");
  for (size_t i = 0; i < answer->process_count; i++) {
    add_process(doc, &answer->processes[i], i == shown);
  }
  if (missing) {
    add_process(doc, &answer->process, true);
  }
  seep_json_text_close_array(&doc->json);
}

/* ---- views ---- */

static void add_view(document *doc, seep_trace_view which)
{
  seep_json_text *json = &doc->json;
  const seep_answer_view *view = &doc->answer->views[which];
  seep_json_text_open_object(json, view_name(which));
  seep_json_text_add_flag(json, "has_events", true, view->has_events);
  add_number(doc, "allocations", view->allocations);
  add_number(doc, "allocated_bytes", view->allocated_bytes);
  add_number(doc, "frees", view->frees);
  add_number(doc, "freed_bytes", view->freed_bytes);
  add_number(doc, "live_count", view->live_count);
  add_number(doc, "live_bytes", view->live_bytes);
  add_number(doc, "steady_bytes", view->steady_bytes);
  add_number(doc, "unknown_frees", view->unknown_frees);
  seep_json_text_add_u64(json, "unknown_freed_bytes", which == SEEP_TRACE_VIEW_VIRTUAL,
                         view->unknown_freed_bytes);
  add_number(doc, "odd", view->odd);
  add_text(doc, "pattern", seep_growth_pattern_text(view->pattern));
  add_number(doc, "all_stacks", view->all_stacks);
  add_number(doc, "other_bytes", view->other_bytes);
  add_curve(doc, "live_curve", view->live_curve);
  seep_json_text_open_array(json, "buckets");
  for (size_t i = 0; i < SEEP_BUCKETS; i++) {
    seep_json_text_open_object(json, NULL);
    add_text(doc, "name", seep_answer_bucket_text((seep_answer_bucket)i));
    add_number(doc, "bytes", view->bucket_bytes[i]);
    add_number(doc, "count", view->bucket_count[i]);
    seep_json_text_close_object(json);
  }
  seep_json_text_close_array(json);
  seep_json_text_close_object(json);
}

static void add_views(document *doc)
{
  seep_json_text_open_object(&doc->json, "views");
  for (int i = 0; i < SEEP_TRACE_VIEWS; i++) {
    add_view(doc, (seep_trace_view)i);
  }
  seep_json_text_close_object(&doc->json);
}

/* ---- stacks ---- */

static const char *const kind_names[] = {"stack", "kernel_only", "no_stack", "lost", "overflow"};

static void add_frames(document *doc, const seep_answer_stack *stack)
{
  char text[TEXT_SIZE];
  size_t count = stack->frame_count < doc->limits.frames ? stack->frame_count : doc->limits.frames;
  seep_json_text_open_array(&doc->json, "frames");
  for (size_t i = 0; i < count; i++) {
    add_text(doc, NULL, seep_answer_frame_text(doc->answer, &stack->frames[i], text, sizeof text));
  }
  seep_json_text_close_array(&doc->json);
  add_number(doc, "all_frames", stack->frame_count);
  seep_json_text_add_u64(&doc->json, "culprit", stack->culprit < count, stack->culprit);
}

static void add_stack(document *doc, size_t id, seep_trace_view view, const seep_answer_stack *stack)
{
  seep_json_text *json = &doc->json;
  bool is_timed = stack->allocations > 0;
  seep_json_text_open_object(json, NULL);
  add_number(doc, "id", id);
  add_text(doc, "view", view_name(view));
  add_text(doc, "kind", kind_names[stack->kind]);
  add_number(doc, "bytes", stack->live_bytes);
  add_number(doc, "count", stack->live_count);
  seep_json_text_add_real(json, "share", true, stack->share);
  add_frames(doc, stack);
  add_number(doc, "allocations", stack->allocations);
  add_number(doc, "allocated_bytes", stack->allocated_bytes);
  add_number(doc, "frees", stack->frees);
  add_number(doc, "freed_bytes", stack->freed_bytes);
  add_number(doc, "steady_bytes", stack->steady_bytes);
  add_text(doc, "pattern", seep_growth_pattern_text(stack->pattern));
  seep_json_text_add_real(json, "bytes_per_hour", true, stack->bytes_per_hour);
  add_seconds(doc, "first_s", is_timed, stack->first_ms);
  add_seconds(doc, "last_s", is_timed, stack->last_ms);
  seep_json_text_add_flag(json, "is_remote", true, stack->is_remote);
  add_text(doc, "signature", stack->signature);
  add_curve(doc, "live_curve", stack->live_curve);
  add_curve(doc, "kept_bytes", stack->kept_bytes);
  seep_json_text_close_object(json);
}

/* Numbered through: those of the culprit's view, then those of the other one. */
static void add_stacks(document *doc)
{
  const seep_trace_view first = doc->answer->culprit.view;
  const seep_trace_view order[SEEP_TRACE_VIEWS] = {
      first, first == SEEP_TRACE_VIEW_HEAP ? SEEP_TRACE_VIEW_VIRTUAL : SEEP_TRACE_VIEW_HEAP};
  size_t id = 0;
  seep_json_text_open_array(&doc->json, "stacks");
  for (size_t v = 0; v < SEEP_TRACE_VIEWS; v++) {
    const seep_answer_view *view = &doc->answer->views[order[v]];
    for (size_t i = 0; i < shown_stacks(doc, order[v]); i++) {
      add_stack(doc, id++, order[v], &view->stacks[i]);
    }
  }
  seep_json_text_close_array(&doc->json);
}

/* ---- modules and their symbols ---- */

/* As people write it: the first three parts are little-endian numbers. */
static const char *guid_text(const uint8_t guid[16], char out[40])
{
  static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  seep_writer writer;
  seep_writer_init(&writer, out, 40);
  for (size_t i = 0; i < 16; i++) {
    bool dash = i == 4 || i == 6 || i == 8 || i == 10;
    seep_writer_format(&writer, "%s%02x", dash ? "-" : "", guid[order[i]]);
  }
  return out;
}

static void add_module(document *doc, const seep_answer_module *module)
{
  char guid[40];
  seep_json_text *json = &doc->json;
  seep_json_text_open_object(json, NULL);
  add_text(doc, "name", module->name);
  add_text(doc, "path", module->path);
  add_text(doc, "company", module->company);
  add_text(doc, "product", module->product);
  add_text(doc, "description", module->description);
  add_text(doc, "file_version", module->file_version);
  seep_json_text_add_u64(json, "size_bytes", module->size_bytes > 0, module->size_bytes);
  seep_json_text_add_u64(json, "timestamp", module->timestamp > 0, module->timestamp);
  add_text(doc, "pdb_name", module->has_pdb ? module->pdb_name : NULL);
  add_text(doc, "pdb_guid", module->has_pdb ? guid_text(module->pdb_guid, guid) : NULL);
  seep_json_text_add_u64(json, "pdb_age", module->has_pdb, module->pdb_age);
  seep_json_text_add_flag(json, "is_runtime", true, module->is_runtime);
  for (int i = 0; i < SEEP_TRACE_VIEWS; i++) {
    seep_json_text_open_object(json, view_name((seep_trace_view)i));
    add_number(doc, "blamed_bytes", module->views[i].blamed_bytes);
    add_number(doc, "blamed_count", module->views[i].blamed_count);
    add_number(doc, "inclusive_bytes", module->views[i].inclusive_bytes);
    add_number(doc, "steady_bytes", module->views[i].steady_bytes);
    seep_json_text_close_object(json);
  }
  seep_json_text_close_object(json);
}

static const char *const result_names[] = {"none", "pdb", "breakpad", "exports", "mismatch", "broken"};

static void add_modules(document *doc, const seep_naming *naming)
{
  seep_json_text *json = &doc->json;
  seep_json_text_open_array(json, "modules");
  for (size_t i = 0; i < doc->answer->module_count && i < doc->limits.modules; i++) {
    add_module(doc, &doc->answer->modules[i]);
  }
  seep_json_text_close_array(json);
  if (naming == NULL) {
    seep_json_text_add_null(json, "symbols");
    return;
  }
  seep_json_text_open_array(json, "symbols");
  for (size_t i = 0; i < naming->count && i < doc->limits.modules; i++) {
    const seep_naming_module *named = &naming->modules[i];
    seep_json_text_open_object(json, NULL);
    seep_json_text_add_u64(json, "module", named->module < doc->limits.modules, named->module);
    add_text(doc, "result", result_names[named->result]);
    add_text(doc, "key", named->key);
    add_number(doc, "frames", named->frames);
    seep_json_text_close_object(json);
  }
  seep_json_text_close_array(json);
}

/* ---- losses ---- */

static void add_losses(document *doc)
{
  seep_json_text *json = &doc->json;
  const seep_answer *answer = doc->answer;
  const seep_trace_losses *losses = &answer->losses;
  int64_t analysed_ms =
      seep_trace_elapsed_ms(&answer->header, answer->merged.first_ticks, losses->stop_ticks);
  seep_json_text_open_object(json, "losses");
  add_number(doc, "stacks", losses->stacks);
  add_number(doc, "stacks_unmatched", losses->stacks_unmatched);
  add_number(doc, "allocations", losses->memory_events);
  add_number(doc, "allocations_without_stack", losses->memory_events_without_stack);
  add_number(doc, "keys_undefined", losses->keys_undefined);
  add_number(doc, "malformed", losses->malformed);
  add_number(doc, "undocumented", losses->undocumented);
  add_number(doc, "overflowed_stacks", losses->overflowed_stacks);
  add_number(doc, "late_records", answer->merged.late_records);
  add_number(doc, "forced_buffers", answer->merged.forced_buffers);
  seep_json_text_add_flag(json, "ended_early", true, answer->merged.ended_early);
  seep_json_text_add_flag(json, "memory_limit", true, losses->memory_limit);
  add_seconds(doc, "analysed_to_s", losses->memory_limit, analysed_ms);
  seep_json_text_close_object(json);
}

static void add_warning(void *context, const char *sentence)
{
  if (strcmp(sentence, SEEP_TRACE_WORDS_NOTHING_LOST) != 0) {
    add_text(context, NULL, sentence);
  }
}

static void add_warnings(document *doc)
{
  seep_json_text_open_array(&doc->json, "warnings");
  seep_trace_words_losses(doc->answer, add_warning, doc);
  for (size_t i = 0; i < doc->options->note_count; i++) {
    add_text(doc, NULL, doc->options->notes[i]);
  }
  seep_json_text_close_array(&doc->json);
}

bool seep_trace_json_write(const seep_answer *answer, const seep_naming *naming,
                           const seep_trace_json_options *options, seep_page_sink sink, void *context)
{
  char verdict[SEEP_TRACE_WORDS_SIZE];
  seep_writer words;
  char *buffer = malloc(BUFFER_SIZE);
  if (buffer == NULL) {
    return false;
  }
  document doc = {.sink = sink,
                  .context = context,
                  .answer = answer,
                  .options = options,
                  .limits = seep_trace_json_limits_of(options)};
  seep_writer_init(&doc.writer, buffer, BUFFER_SIZE);
  doc.json = (seep_json_text){.writer = &doc.writer, .no_halves = true};
  seep_writer_init(&words, verdict, sizeof verdict);
  seep_trace_words_verdict(answer, &words);
  seep_json_text_open_object(&doc.json, NULL);
  add_number(&doc, "schema", 1);
  add_text(&doc, "version", options->version);
  add_text(&doc, "file", options->file_name);
  add_trace(&doc);
  make_room(&doc);
  seep_json_text_add(&doc.json, "verdict", verdict); /* whole in the short form too */
  add_culprit(&doc);
  add_processes(&doc);
  add_views(&doc);
  add_stacks(&doc);
  add_modules(&doc, naming);
  add_losses(&doc);
  add_warnings(&doc);
  seep_json_text_close_object(&doc.json);
  seep_writer_text(&doc.writer, "\n");
  sink(context, doc.writer.data, doc.writer.length);
  free(buffer);
  return true;
}
