/*
 * What the files of the answer share. Private to this room.
 */
#ifndef SEEP_TRACE_ANSWER_INTERNAL_H
#define SEEP_TRACE_ANSWER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/answer.h"
#include "trace/arena.h"
#include "trace/texts.h"

/* ---- answer_pattern.c: what growth looks like ---- */

/* Parts of the trace's time: first .. end is when the process was there, of which the part before early_end
 * is its beginning, and that from late_begin on has only just happened. */
typedef struct seep_answer__window {
  size_t first, early_end, late_begin, end;
  double part_hours; /* length of a part; 0 = unknown */
} seep_answer__window;

/* Times in milliseconds since the trace began; duration_ms -1 = unknown. */
seep_answer__window seep_answer__window_of(int64_t duration_ms, int64_t from_ms, int64_t to_ms);

typedef struct seep_answer__growth {
  seep_growth_pattern pattern;
  uint64_t steady_bytes;
  double bytes_per_hour;
} seep_answer__growth;

/* curve: live bytes at the end of each part. The slope only when it is asked for. */
seep_answer__growth seep_answer__growth_of(const seep_answer__window *window, uint64_t live_bytes,
                                           const uint64_t curve[SEEP_TRACE_BUCKETS],
                                           const uint64_t kept[SEEP_TRACE_BUCKETS], bool with_slope);

/* Live bytes from what changed; never below 0. */
void seep_answer__curve(const int64_t change[SEEP_TRACE_BUCKETS], uint64_t curve[SEEP_TRACE_BUCKETS]);

/* ---- answer_storage.c ---- */

/* What seep_answer.storage points to. */
typedef struct seep_answer__storage {
  seep_arena arena;
  seep_texts texts;
  seep_answer_frame *frames[SEEP_TRACE_VIEWS]; /* of all stacks of a view, one after the other */
  size_t frame_counts[SEEP_TRACE_VIEWS];
} seep_answer__storage;

/* The answer's own, made when there is none yet; NULL: no memory. */
seep_answer__storage *seep_answer__storage_of(seep_answer *answer);

/* Room for items, zeroed; NULL: no memory. */
void *seep_answer__take(seep_answer *answer, size_t count, size_t item_size);

/* The text, cut to so many bytes; NULL: no memory. */
const char *seep_answer__text(seep_answer *answer, const char *text, size_t most_bytes);

/* ---- answer_blame.c: all stacks of a process, and whom they are blamed on ---- */

/* Modules that the stacks of one process go through: no process has as many. Frames in further ones count as
 * lying in none. */
#define SEEP_ANSWER__MODULES 8192u

/* Whom a stack is blamed on: the place of a module in the sums, or SEEP_ANSWER__MODULES and a bucket. */
typedef uint32_t seep_answer__key;
#define SEEP_ANSWER__KEYS (SEEP_ANSWER__MODULES + SEEP_BUCKETS)

typedef struct seep_answer__sums {
  uint64_t blamed_bytes, blamed_count, inclusive_bytes, steady_bytes;
} seep_answer__sums;

/* A site with live bytes. */
typedef struct seep_answer__candidate {
  uint64_t steady_bytes, live_bytes;
  size_t ordinal; /* among all sites of the view, in the order in which the analysis shows them */
  seep_answer__key key;
} seep_answer__candidate;

typedef struct seep_answer__totals {
  seep_answer__candidate *candidates; /* owned; by steady bytes, then live bytes, falling */
  size_t count, capacity, all_sites;
  uint64_t curve[SEEP_TRACE_BUCKETS], kept[SEEP_TRACE_BUCKETS];
  uint64_t steady_bytes;
} seep_answer__totals;

typedef struct seep_answer__blame {
  const seep_trace_modules *modules; /* borrowed */
  seep_answer__window window;
  uint8_t *makers;  /* owned; of instances: does it make code? One of the enum in answer_blame.c */
  uint32_t *places; /* owned; of the trace's modules: place in the sums + 1, or 0 */
  uint32_t *used;   /* owned; by place: the trace's module */
  uint32_t *shown;  /* owned; by place: index in the answer's modules, set by whoever makes these */
  uint32_t *stamps; /* owned; by place: the last stack that was counted for it */
  uint32_t stamp;
  size_t used_count;
  seep_answer__sums *sums[SEEP_TRACE_VIEWS]; /* owned; by key */
  seep_answer__totals totals[SEEP_TRACE_VIEWS];
  seep_placed_frame placed[SEEP_TRACE_MAXIMUM_FRAMES];
} seep_answer__blame;

/* false: no memory; _fini is needed all the same. */
bool seep_answer__blame_init(seep_answer__blame *blame, const seep_trace_analysis *analysis,
                             const seep_answer__window *window);
void seep_answer__blame_fini(seep_answer__blame *blame);

/* Sums up all sites of a view. false: no memory. */
bool seep_answer__blame_view(seep_answer__blame *blame, const seep_trace_analysis *analysis,
                             uint32_t instance, seep_trace_view view);

/* Places the frames of a site into blame->placed, with the trace's modules; returns how many there are.
 * *culprit: of these, or SEEP_CULPRIT_NONE. */
size_t seep_answer__blame_site(seep_answer__blame *blame, const seep_trace_site *site, size_t *culprit,
                               seep_answer__key *key);

/* ---- answer_stacks.c: the largest stacks in detail ---- */

typedef struct seep_answer__choice {
  size_t maximum_stacks;
  uint64_t minimum_bytes;
  seep_answer__key keep; /* whose largest stack is among them in any case */
} seep_answer__choice;

/* Fills the view's stacks; blame is summed up, and its shown says which module is which. *kept: the stack of
 * the one to be kept, or SIZE_MAX. false: no memory. */
bool seep_answer__fill_stacks(seep_answer *answer, seep_answer__blame *blame,
                              const seep_trace_analysis *analysis, uint32_t instance, seep_trace_view view,
                              const seep_answer__choice *choice, size_t *kept);

/* ---- answer_culprit.c ---- */

/* Whose steady bytes are the most, or when there are none, whose live bytes. */
seep_answer__key seep_answer__worst(const seep_answer__blame *blame, seep_trace_view view);

/* Fills the culprit but for its stack; the views and the modules are there. */
void seep_answer__accuse(seep_answer *answer, const seep_answer__blame *blame, seep_trace_view view,
                         seep_answer__key key);

/* ---- answer_process.c: which process ---- */

seep_answer__window seep_answer__instance_window(const seep_answer *answer,
                                                 const seep_trace_instance *instance);

/* The view that a process is judged by. The heap's, unless most of what grows steadily, or when nothing does
 * most of what is left, did not come through it: large blocks are in both, and a heap's stacks are nearer to
 * whoever asked. */
seep_trace_view seep_answer__primary_view(const seep_trace_instance *instance,
                                          const uint64_t steady_bytes[SEEP_TRACE_VIEWS]);

/* Fills the answer's processes; false: no memory. */
bool seep_answer__list_processes(seep_answer *answer, const seep_trace_analysis *analysis);

/* UINT32_MAX: the process asked for is not there, or none was asked for and none has memory events. */
uint32_t seep_answer__choose_process(const seep_answer *answer, const seep_trace_analysis *analysis,
                                     const seep_answer_options *options);

/* false: no memory. */
bool seep_answer__describe_process(seep_answer *answer, const seep_trace_instance *instance,
                                   seep_answer_process *out);

bool seep_answer__has_events(const seep_trace_instance *instance, seep_trace_view view);

#endif
