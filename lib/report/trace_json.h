/* clang-format off */
/*
 * An answer of trace/answer as one JSON document, "schema": 1; keys are never renamed, what is not known is null.
 * For `seepwatch report --json`, and in its short form for the file beside a recording.
 *
 * schema, version, file
 * trace      os_build, os, cpus, pointer_bytes, session, started, duration_s (the recording's; of one that was not
 *            ended properly, from the first to the last event), events, kernel_events, events_lost, buffers_lost,
 *            buffers, compressed_buffers, unread_buffers, bad_buffers, bad_records, loss_flagged_buffers, truncated,
 *            providers (name, events; name null: all others together)
 * verdict    the answer in one sentence
 * culprit    certainty (good, weak), name, module (index into modules; null: not listed), bucket, view, place, bytes,
 *            count, share (0 to 1), is_steady (false: nothing of it grows steadily), pattern, bytes_per_hour, stack
 *            (id), signature, doubts (clauses); null: nobody
 * process    index into processes of the one that all this is about
 * processes  pid, parent_pid, session, name, began_here, ended_here, is_32_bit, live_bytes, live_heap_bytes,
 *            heap_allocations; commit_events, committed_bytes, free_events, freed_bytes (VirtualAlloc and VirtualFree;
 *            the last three are null but for the one in detail) and commit_at_end_bytes
 * views      virtual, heap: has_events, allocations, allocated_bytes, frees, freed_bytes, live_count, live_bytes,
 *            steady_bytes, unknown_frees, unknown_freed_bytes, odd, pattern, all_stacks, other_bytes, live_curve,
 *            buckets (name, bytes, count). They are two views of the same memory: never add them. A curve has equal
 *            parts of the trace's time.
 * stacks     id, view, kind, bytes, count, share, frames (innermost first: module!symbol+0x12, module+0x12; ~ before a
 *            symbol: a guess), all_frames, culprit (index into frames), allocations, allocated_bytes, frees,
 *            freed_bytes, steady_bytes, pattern, bytes_per_hour, first_s, last_s, is_remote, signature, live_curve,
 *            kept_bytes (what is left, by when it was allocated); those of the culprit's view first
 * modules    name, path, company, product, description, file_version, size_bytes, timestamp, pdb_name, pdb_guid,
 *            pdb_age, is_runtime, virtual and heap (blamed_bytes, blamed_count, inclusive_bytes, steady_bytes)
 * symbols    module, result (pdb, breakpad, exports, none, mismatch, broken), key, frames
 * losses     as in trace/analysis.h and trace/merge.h, analysed_to_s null when all was analysed
 * warnings   what was lost or could not be read, one sentence each
 */
/* clang-format on */
#ifndef SEEP_REPORT_TRACE_JSON_H
#define SEEP_REPORT_TRACE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "report/page.h"
#include "trace/answer.h"
#include "trace/naming.h"

/* The short form, for report/trace_told.h: the largest stacks and worst modules alone, and long texts are
 * cut. Whatever the names, it is never larger than this. */
#define SEEP_TRACE_JSON_SHORT_BYTES ((size_t)1 << 20)

typedef struct seep_trace_json_options {
  bool is_short;
  size_t maximum_stacks; /* per view; 0 = all that the answer has in detail */
  size_t maximum_frames; /* per stack; 0 = all */
  const char *file_name; /* of the trace, any bytes; NULL = null */
  const char *version;   /* of Seepwatch; NULL = null */
  const char *const *notes;
  size_t note_count; /* further warnings: what the answer cannot know */
} seep_trace_json_options;

/* naming may be NULL. The sink gets pieces of any size. false: no memory; what came before is no document. */
bool seep_trace_json_write(const seep_answer *answer, const seep_naming *naming,
                           const seep_trace_json_options *options, seep_page_sink sink, void *context);

#endif
