/*
 * One pass over the headers of buffers. Of a compressed buffer only its beginning is unpacked, as much as its
 * first records need. See merge_index.h.
 */
#include "trace/merge_index.h"

#include <assert.h>
#include <string.h>

#include "trace/framing.h"
#include "base/sort.h"
#include "trace/xpress.h"

static_assert(sizeof(seep_trace__entry) <= SEEP_SORT_ITEM_BYTES, "sorted in place");

/* A session without a buffer for each processor may have its first records out of order. */
#define FIRST_RECORDS 16u
#define PREFIX_BYTES 4096u
#define HEADER_BYTES ((size_t)SEEP_TRACE__BUFFER_HEADER_BYTES)

/* The earliest time of the first records; available: so much of the buffer is there. 0: none has one. */
static uint64_t earliest(const uint8_t *data, size_t available, size_t end)
{
  uint64_t least = UINT64_MAX;
  size_t at = HEADER_BYTES;
  for (unsigned seen = 0; seen < FIRST_RECORDS && at < end; seen++) {
    seep_trace__framed framed;
    if (at >= available || available - at < SEEP_TRACE__LEAST_RECORD ||
        seep_trace__frame(data + at, end - at, &framed) != SEEP_TRACE__RECORD) {
      break;
    }
    if (seep_trace__has_time(&framed)) {
      size_t ticks_at = framed.form->ticks_at;
      if (available - at < ticks_at + sizeof(uint64_t)) {
        break;
      }
      uint64_t ticks = seep_trace__u64(data + at + ticks_at);
      least = ticks < least ? ticks : least;
    }
    at += seep_trace__step(&framed);
  }
  return least != UINT64_MAX ? least : 0;
}

static uint64_t first_ticks(const seep_trace__part *part, unsigned format)
{
  uint8_t prefix[HEADER_BYTES + PREFIX_BYTES];
  size_t written = 0;
  if (!seep_trace__is_compressed(part)) {
    return earliest(part->data, part->end, part->end);
  }
  if (seep_trace__packing_of(part, format) != SEEP_TRACE__PACKING_READABLE) {
    return 0;
  }
  size_t end = seep_trace__unpacked_bytes(part);
  size_t room = end - HEADER_BYTES < PREFIX_BYTES ? end - HEADER_BYTES : PREFIX_BYTES;
  /* That there is more, or that it is damaged, shows when all of it is unpacked. */
  (void)seep_xpress_decode(part->data + HEADER_BYTES, part->bytes - HEADER_BYTES, prefix + HEADER_BYTES, room,
                           &written);
  return earliest(prefix, HEADER_BYTES + written, end);
}

static bool before(const void *a, const void *b)
{
  const seep_trace__entry *left = a, *right = b;
  return left->ticks != right->ticks ? left->ticks < right->ticks : seep_trace__entry_precedes(left, right);
}

seep_status seep_trace__no_merge_room(const seep_trace_budget *budget, const char *what, seep_error *error)
{
  bool limited = budget != NULL && budget->exceeded;
  return seep_error_set(error, limited ? SEEP_LIMIT : SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, what, NULL);
}

static bool add(seep_trace__index *index, const seep_trace__entry *entry, seep_trace_budget *budget)
{
  void *entries = index->entries;
  bool done =
      seep_trace_budget_reserve(budget, &entries, &index->capacity, index->count + 1, sizeof *index->entries);
  index->entries = entries;
  if (done) {
    index->entries[index->count++] = *entry;
  }
  return done;
}

seep_status seep_trace__index_make(seep_trace__index *index, const uint8_t *data, size_t size,
                                   const seep_trace_merge_options *options, seep_error *error)
{
  unsigned format = seep_trace__format(data, size);
  seep_trace__part part;
  memset(index, 0, sizeof *index);
  for (size_t at = 0; at < size && seep_trace__take_part(data + at, size - at, &part, &index->end);
       at += part.bytes) {
    seep_trace__entry entry = {.offset = at};
    entry.sequence = seep_trace__sequence(&part);
    entry.ticks = first_ticks(&part, format);
    if (!add(index, &entry, options->budget)) {
      return seep_trace__no_merge_room(options->budget, "index of the trace's buffers", error);
    }
    if (seep_trace__is_compressed(&part) &&
        seep_trace__packing_of(&part, format) == SEEP_TRACE__PACKING_READABLE) {
      size_t room = seep_trace__unpacked_bytes(&part);
      index->largest_unpacked_bytes =
          room > index->largest_unpacked_bytes ? room : index->largest_unpacked_bytes;
    }
    if (options->stopped != NULL && options->stopped(options->watcher)) {
      return seep_error_set(error, SEEP_CANCELLED, SEEP_DOMAIN_NONE, 0, "index of the trace's buffers", NULL);
    }
  }
  if (index->count > 1) {
    seep_sort(index->entries, index->count, sizeof *index->entries, before);
  }
  return SEEP_OK;
}

void seep_trace__index_release(seep_trace__index *index, seep_trace_budget *budget)
{
  void *entries = index->entries;
  seep_trace_budget_release(budget, &entries, &index->capacity, sizeof *index->entries);
  index->entries = NULL;
  index->count = 0;
}
