/*
 * Counts what is in a trace. The first walk counts everything and notes what needs a second look: of each
 * buffer its times, of each stack whose it says it is. Nothing is sized by what the file says about itself,
 * and what would grow too much is left out and said to be.
 */
#include "trace/census.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "trace/census_internal.h"
#include "trace/container_internal.h"
#include "trace/framing.h"
#include "trace/payload_internal.h"

enum { GROUP_HEADER = 0, HOOK_HARD_FAULT = 0x0220 };
enum { BUFFER_TYPE_HEADER = 4 };
enum { PROCESSORS_LIMIT = 65536 };

/* When the first ones of a kind were, in order. */
typedef struct earliest {
  uint64_t ticks[SEEP_TRACE_CENSUS_FIRST];
  uint16_t processors[SEEP_TRACE_CENSUS_FIRST];
  size_t count;
} earliest;

typedef struct walk {
  seep_trace_census *census;
  unsigned payload_pointer_bytes;
  seep_trace_budget budget;
  seep_trace__spans spans;
  bool spans_short;
  seep_trace__matching matching;
  earliest first_processes, first_images;
  bool no_memory;
  uint64_t processors[PROCESSORS_LIMIT / 64]; /* a bit for each that wrote a buffer */
} walk;

/* A record that says when it was. WPP messages and the like do not, where we look. */
static bool has_time(const seep_trace_record *record)
{
  return record->is_kernel || record->guid != NULL;
}

static bool is_event(const seep_trace_record *record)
{
  return record->header_type == SEEP_TRACE__TYPE_EVENT32 || record->header_type == SEEP_TRACE__TYPE_EVENT64;
}

/* ---- buffers ---- */

static uint64_t decoded_bytes(const seep_trace_buffer *buffer)
{
  bool is_packed = (buffer->flags & SEEP_TRACE__FLAG_COMPRESSED) != 0;
  uint64_t end = buffer->valid_bytes;
  end = !is_packed && end > buffer->size_bytes ? buffer->size_bytes : end;
  end = is_packed && end > SEEP_TRACE_BUFFER_LIMIT ? 0 : end;
  return end > SEEP_TRACE__BUFFER_HEADER_BYTES ? end - SEEP_TRACE__BUFFER_HEADER_BYTES : 0;
}

static void count_processor(walk *state, uint16_t processor)
{
  uint64_t bit = UINT64_C(1) << (processor & 63u);
  uint64_t *word = &state->processors[processor / 64];
  state->census->buffers.processors += (*word & bit) == 0 ? 1 : 0;
  *word |= bit;
}

static bool visit_buffer(void *context, const seep_trace_buffer *buffer)
{
  walk *state = context;
  seep_trace_census_buffers *buffers = &state->census->buffers;
  bool is_first = buffer->offset == 0;
  buffers->header_buffers += buffer->type == BUFFER_TYPE_HEADER ? 1 : 0;
  buffers->flag_events_lost += (buffer->flags & SEEP_TRACE__FLAG_EVENTS_LOST) != 0 ? 1 : 0;
  buffers->flag_buffer_lost += (buffer->flags & SEEP_TRACE__FLAG_BUFFER_LOST) != 0 ? 1 : 0;
  buffers->flag_processor_wide += (buffer->flags & SEEP_TRACE__FLAG_WIDE_PROCESSOR) != 0 ? 1 : 0;
  buffers->decoded_bytes += decoded_bytes(buffer);
  if (is_first || buffer->sequence < buffers->least_sequence) {
    buffers->least_sequence = buffer->sequence;
  }
  if (is_first || buffer->sequence > buffers->greatest_sequence) {
    buffers->greatest_sequence = buffer->sequence;
  }
  count_processor(state, buffer->processor);
  if (!state->spans_short) {
    seep_trace__kept kept = seep_trace__spans_begin(&state->spans, &state->budget, buffer);
    state->spans_short = kept != SEEP_TRACE__KEPT;
    state->no_memory = state->no_memory || kept == SEEP_TRACE__NO_MEMORY;
  }
  return true;
}

/* ---- payloads ---- */

/* Where among the first ones this record belongs, which it then has; those with the same time and processor
 * stay in the order of the file. items: as many, of item_size bytes, which make room. false: nowhere. */
static bool place(earliest *first, const seep_trace_record *record, void *items, size_t item_size, size_t *at)
{
  uint8_t *bytes = items;
  size_t i = first->count;
  while (i > 0 && (record->ticks < first->ticks[i - 1] ||
                   (record->ticks == first->ticks[i - 1] && record->processor < first->processors[i - 1]))) {
    i--;
  }
  if (i == SEEP_TRACE_CENSUS_FIRST) {
    return false;
  }
  first->count += first->count < SEEP_TRACE_CENSUS_FIRST ? 1 : 0;
  for (size_t to = first->count - 1; to > i; to--) {
    first->ticks[to] = first->ticks[to - 1];
    first->processors[to] = first->processors[to - 1];
    memcpy(bytes + to * item_size, bytes + (to - 1) * item_size, item_size);
  }
  first->ticks[i] = record->ticks;
  first->processors[i] = record->processor;
  *at = i;
  return true;
}

static void keep_first_process(walk *state, const seep_trace_record *record, unsigned opcode,
                               const seep_trace_process *process)
{
  size_t at = 0;
  seep_trace_census_process *first = state->census->first_processes;
  if (!place(&state->first_processes, record, first, sizeof *first, &at)) {
    return;
  }
  const seep_trace_census_process fresh = {.opcode = (uint8_t)opcode,
                                           .version = record->version,
                                           .ticks = record->ticks,
                                           .pid = process->pid,
                                           .parent_pid = process->parent_pid,
                                           .session = process->session,
                                           .sid_form = process->sid_form,
                                           .command_line_units = process->command_line.size / 2};
  first[at] = fresh;
  (void)seep_trace_text_copy(&process->image_name, first[at].image, sizeof first[at].image);
  state->census->first_process_count = state->first_processes.count;
}

static void keep_first_image(walk *state, const seep_trace_record *record, unsigned opcode,
                             const seep_trace_image *image)
{
  size_t at = 0;
  seep_trace_census_image *first = state->census->first_images;
  if (!place(&state->first_images, record, first, sizeof *first, &at)) {
    return;
  }
  const seep_trace_census_image fresh = {.opcode = (uint8_t)opcode,
                                         .version = record->version,
                                         .ticks = record->ticks,
                                         .base = image->base,
                                         .size_bytes = image->size_bytes,
                                         .pid = image->pid,
                                         .timestamp = image->timestamp};
  first[at] = fresh;
  (void)seep_trace_text_copy(&image->path, first[at].name, sizeof first[at].name);
  state->census->first_image_count = state->first_images.count;
}

static bool count_decoded(seep_trace_census *census, char letter, const seep_trace_record *record,
                          bool is_whole, size_t left_bytes)
{
  uint32_t name = (uint32_t)(unsigned char)letter;
  uint32_t left = left_bytes < 0xFFFF ? (uint32_t)left_bytes : 0xFFFF;
  return is_whole ? seep_trace__census_add(&census->trailing, NULL,
                                           name << 24 | (uint32_t)record->version << 16 | left, 1)
                  : seep_trace__census_add(&census->failed, NULL, name << 8 | record->version, 1);
}

static bool decode_process(walk *state, const seep_trace_record *record, unsigned opcode)
{
  seep_trace_process process;
  seep_trace_census *census = state->census;
  bool is_whole = seep_trace_take_process(record, state->payload_pointer_bytes, &process);
  if (is_whole) {
    census->processes_decoded++;
    census->by_sid_form[process.sid_form]++;
    keep_first_process(state, record, opcode, &process);
  }
  return count_decoded(census, 'P', record, is_whole, process.left_bytes);
}

static bool decode_image(walk *state, const seep_trace_record *record, unsigned opcode)
{
  seep_trace_image image;
  seep_trace_census *census = state->census;
  bool is_whole = seep_trace_take_image(record, state->payload_pointer_bytes, &image);
  if (is_whole) {
    census->images_decoded++;
    keep_first_image(state, record, opcode, &image);
  }
  return count_decoded(census, 'I', record, is_whole, image.left_bytes);
}

/* ---- records ---- */

static bool note_stack(walk *state, const seep_trace_record *record, unsigned opcode)
{
  seep_trace_census *census = state->census;
  census->has_stacks = true;
  seep_trace__kept kept =
      seep_trace__matching_note(&state->matching, &state->budget, &census->stacks, record, opcode);
  census->memory_short = census->memory_short || kept == SEEP_TRACE__NOT_KEPT;
  return kept != SEEP_TRACE__NO_MEMORY;
}

/* What a kernel event or a classic one of the same group says. */
static bool count_group(walk *state, const seep_trace_record *record)
{
  seep_trace_census *census = state->census;
  unsigned opcode = 0;
  unsigned group = seep_trace__group_of(record, &opcode);
  switch (group) {
  case SEEP_TRACE__GROUP_PROCESS:
    if (opcode == SEEP_TRACE__IMAGE_LOAD) {
      census->images[opcode]++;
    } else {
      census->processes[opcode]++;
    }
    break;
  case SEEP_TRACE__GROUP_IMAGE:
    /* 10 is no opcode here, but the sum's place for the loading of images. */
    census->images[opcode] += opcode != SEEP_TRACE__IMAGE_LOAD ? 1 : 0;
    break;
  case SEEP_TRACE__GROUP_IMAGE_ID:
    census->image_ids[opcode]++;
    break;
  case SEEP_TRACE__GROUP_HEAP:
    census->heap_events++;
    break;
  case SEEP_TRACE__GROUP_STACK:
    return note_stack(state, record, opcode);
  default:
    break;
  }
  return true;
}

static bool count_kind(walk *state, const seep_trace_record *record)
{
  seep_trace_census *census = state->census;
  unsigned opcode = record->is_kernel ? record->hook_id & 0xFFu : record->opcode;
  switch (seep_trace_kind_of(record)) {
  case SEEP_TRACE_PROCESS_START:
  case SEEP_TRACE_PROCESS_END:
  case SEEP_TRACE_PROCESS_DCSTART:
  case SEEP_TRACE_PROCESS_DCEND:
  case SEEP_TRACE_PROCESS_DEFUNCT:
    return decode_process(state, record, opcode);
  case SEEP_TRACE_IMAGE_LOAD:
  case SEEP_TRACE_IMAGE_UNLOAD:
  case SEEP_TRACE_IMAGE_DCSTART:
  case SEEP_TRACE_IMAGE_DCEND:
    return decode_image(state, record, opcode);
  case SEEP_TRACE_VIRTUAL_ALLOC:
    census->virtual_allocs++;
    return true;
  case SEEP_TRACE_VIRTUAL_FREE:
    census->virtual_frees++;
    return true;
  default:
    return true;
  }
}

static bool count_hook(seep_trace_census *census, const seep_trace_record *record)
{
  uint32_t hook = record->hook_id;
  census->hard_faults += hook == HOOK_HARD_FAULT ? 1 : 0;
  if (!seep_trace__census_add(&census->hooks, NULL, hook, 1)) {
    return false;
  }
  switch (hook >> 8) {
  case GROUP_HEADER:
  case SEEP_TRACE__GROUP_MEMORY:
  case SEEP_TRACE__GROUP_PROCESS:
  case SEEP_TRACE__GROUP_HEAP:
  case SEEP_TRACE__GROUP_IMAGE:
  case SEEP_TRACE__GROUP_STACK:
    return seep_trace__census_add(&census->versions, NULL,
                                  hook << 16 | (uint32_t)record->version << 8 | record->header_type, 1);
  default:
    return true;
  }
}

static bool count_extended(seep_trace_census *census, const seep_trace_record *record)
{
  size_t at = 0;
  while (record->extended != NULL && record->extended_bytes - at >= 8) {
    seep_cursor item;
    seep_cursor_init(&item, record->extended + at, record->extended_bytes - at);
    size_t item_bytes = seep_cursor_u16_at(&item, 0);
    if (!seep_trace__census_add(&census->extended, NULL, seep_cursor_u16_at(&item, 2), 1)) {
      return false;
    }
    if (item_bytes < 8 || item_bytes > item.size) {
      return true;
    }
    at += item_bytes;
  }
  return true;
}

static bool count_name(seep_trace_census *census, const seep_trace_record *record)
{
  if (record->is_kernel) {
    return count_hook(census, record);
  }
  if (record->guid == NULL) {
    return true;
  }
  if (is_event(record)) {
    return seep_trace__census_add(&census->providers, record->guid, 0, 1) && count_extended(census, record);
  }
  return seep_trace__census_add(&census->classics, record->guid,
                                (uint32_t)record->opcode << 8 | record->version, 1);
}

static void count_time(walk *state, const seep_trace_record *record)
{
  seep_trace_census *census = state->census;
  uint64_t ticks = record->ticks;
  census->first_ticks = !census->has_times || ticks < census->first_ticks ? ticks : census->first_ticks;
  census->last_ticks = !census->has_times || ticks > census->last_ticks ? ticks : census->last_ticks;
  census->has_times = true;
  if (!state->spans_short) {
    seep_trace__spans_time(&state->spans, ticks);
  }
}

static bool visit_first(void *context, const seep_trace_record *record)
{
  walk *state = context;
  state->census->by_header_type[record->header_type]++;
  if (has_time(record)) {
    count_time(state, record);
  }
  state->no_memory = state->no_memory || !count_name(state->census, record) || !count_group(state, record) ||
                     !count_kind(state, record);
  return !state->no_memory;
}

static bool visit_second(void *context, const seep_trace_record *record)
{
  walk *state = context;
  if (has_time(record)) {
    seep_trace__matching_look(&state->matching, &state->census->stacks, record);
  }
  return true;
}

/* ---- all of it ---- */

static seep_status out_of_memory(seep_error *error)
{
  return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "census of the trace", NULL);
}

static seep_status match_stacks(walk *state, const uint8_t *data, size_t size, seep_error *error)
{
  seep_trace_summary again;
  seep_trace__matching_sort(&state->matching);
  seep_status status = seep_trace_walk(data, size, visit_second, state, &again, error);
  if (status == SEEP_OK && !seep_trace__matching_end(&state->matching, &state->census->stacks)) {
    status = out_of_memory(error);
  }
  return status;
}

static bool any_row_is_missing(const seep_trace_census *census)
{
  return census->hooks.uncounted != 0 || census->versions.uncounted != 0 || census->classics.uncounted != 0 ||
         census->providers.uncounted != 0 || census->extended.uncounted != 0 ||
         census->failed.uncounted != 0 || census->trailing.uncounted != 0 ||
         census->stacks.by_hook.uncounted != 0;
}

static seep_status take(walk *state, const uint8_t *data, size_t size, seep_error *error)
{
  seep_trace_census *census = state->census;
  seep_status status =
      seep_trace_walk_buffers(data, size, visit_buffer, visit_first, state, &census->summary, error);
  if (status == SEEP_OK && state->no_memory) {
    status = out_of_memory(error);
  }
  if (status == SEEP_OK && census->has_stacks) {
    status = match_stacks(state, data, size, error);
  }
  census->backward_steps = state->spans_short ? 0 : seep_trace__spans_steps(&state->spans);
  census->memory_short = census->memory_short || state->spans_short;
  census->rows_short = any_row_is_missing(census);
  return status;
}

seep_status seep_trace_census_take(seep_trace_census *census, const uint8_t *data, size_t size,
                                   unsigned payload_pointer_bytes, seep_error *error)
{
  memset(census, 0, sizeof *census);
  walk *state = calloc(1, sizeof *state);
  if (state == NULL) {
    return out_of_memory(error);
  }
  state->census = census;
  state->payload_pointer_bytes = payload_pointer_bytes;
  state->budget.limit_bytes = SEEP_TRACE_CENSUS_BYTES;
  seep_status status = take(state, data, size, error);
  seep_trace__spans_free(&state->spans, &state->budget);
  seep_trace__matching_free(&state->matching, &state->budget);
  free(state);
  return status;
}

void seep_trace_census_free(seep_trace_census *census)
{
  seep_trace_census_table *tables[] = {&census->hooks,     &census->versions,      &census->classics,
                                       &census->providers, &census->extended,      &census->failed,
                                       &census->trailing,  &census->stacks.by_hook};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    free(tables[i]->rows);
    tables[i]->rows = NULL;
    tables[i]->count = 0;
  }
}

const char *seep_trace_census_type_text(uint8_t header_type)
{
  static const char *const names[] = {[0] = "WPP",
                                      [SEEP_TRACE__TYPE_SYSTEM32] = "SYSTEM32",
                                      [SEEP_TRACE__TYPE_SYSTEM64] = "SYSTEM64",
                                      [SEEP_TRACE__TYPE_COMPACT32] = "COMPACT32",
                                      [SEEP_TRACE__TYPE_COMPACT64] = "COMPACT64",
                                      [SEEP_TRACE__TYPE_FULL32] = "FULL32",
                                      [SEEP_TRACE__TYPE_INSTANCE32] = "INSTANCE32",
                                      [SEEP_TRACE__TYPE_TIMED] = "TIMED",
                                      [SEEP_TRACE__TYPE_ERROR] = "ERROR",
                                      [SEEP_TRACE__TYPE_WNODE] = "WNODE",
                                      [SEEP_TRACE__TYPE_MESSAGE] = "MESSAGE",
                                      [SEEP_TRACE__TYPE_PERFINFO32] = "PERF32",
                                      [SEEP_TRACE__TYPE_PERFINFO64] = "PERF64",
                                      [SEEP_TRACE__TYPE_EVENT32] = "EVT32",
                                      [SEEP_TRACE__TYPE_EVENT64] = "EVT64",
                                      [SEEP_TRACE__TYPE_FULL64] = "FULL64",
                                      [SEEP_TRACE__TYPE_INSTANCE64] = "INSTANCE64"};
  bool is_known = header_type < sizeof names / sizeof names[0] && names[header_type] != NULL;
  return is_known ? names[header_type] : "TYPE";
}
