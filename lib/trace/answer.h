/*
 * The answer to "who leaks here": what of a finished analysis people are shown, in one value that stands by
 * itself. One process in detail; the largest stacks and all modules of both views; the culprit; what the
 * trace lost, and how far all this can be believed. Owns all its texts; made once, then only read, and named
 * by trace/naming.
 */
#ifndef SEEP_TRACE_ANSWER_H
#define SEEP_TRACE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "trace/analysis.h"
#include "trace/culprit.h"

#define SEEP_ANSWER_STACKS 50u /* in detail, when the caller does not say */
#define SEEP_ANSWER_STACKS_MAXIMUM 2000u

/* What the growth of something looks like over the trace. */
typedef enum seep_growth_pattern {
  SEEP_GROWTH_NONE = 0, /* nothing of it is left */
  SEEP_GROWTH_STEADY,   /* goes on from early to late: what a leak looks like */
  SEEP_GROWTH_EARLY,    /* nearly all of it from the beginning: warm-up, caches */
  SEEP_GROWTH_LATE,     /* nearly all of it from the last seconds: may yet be given back */
  SEEP_GROWTH_BURST     /* from one or two moments */
} seep_growth_pattern;

const char *seep_growth_pattern_text(seep_growth_pattern pattern); /* "steady" ... */

typedef struct seep_answer_frame {
  seep_placed_frame placed; /* module: index into the answer's modules */
  const char *symbol;       /* NULL = not known; owned by the answer */
  uint64_t symbol_offset;
  bool is_guess; /* the nearest export before it, which may be another function's */
} seep_answer_frame;

typedef struct seep_answer_stack {
  seep_trace_site_kind kind;
  bool is_remote;
  uint64_t live_bytes, live_count;
  uint64_t allocations, allocated_bytes, frees, freed_bytes;
  double share;              /* of the view's live bytes */
  int64_t first_ms, last_ms; /* of its allocations, since the trace began */
  seep_growth_pattern pattern;
  uint64_t steady_bytes; /* of live_bytes, what did not come early, late or in a burst: ranks the stacks */
  double bytes_per_hour; /* of the growth while it lasted; 0 unless STEADY */
  uint64_t live_curve[SEEP_TRACE_BUCKETS]; /* live bytes at the end of each part of the trace */
  uint64_t kept_bytes[SEEP_TRACE_BUCKETS]; /* what is there at the end, by when it was allocated */
  const seep_answer_frame *frames;         /* innermost first */
  size_t frame_count;
  size_t culprit; /* of frames, or SEEP_CULPRIT_NONE */
  char signature[SEEP_SIGNATURE_SIZE];
} seep_answer_stack;

typedef struct seep_answer_module {
  const char *name, *path, *company, *product, *description, *file_version; /* "" = not known */
  uint64_t size_bytes;
  uint32_t timestamp;
  bool has_pdb;
  uint8_t pdb_guid[16];
  uint32_t pdb_age;
  const char *pdb_name;
  bool is_runtime;
  struct {
    uint64_t blamed_bytes, blamed_count; /* live, of stacks whose culprit it is */
    uint64_t inclusive_bytes;            /* live, of stacks that it has a frame in */
    uint64_t steady_bytes;               /* of blamed_bytes */
  } views[SEEP_TRACE_VIEWS];
} seep_answer_module;

/* A culprit that is no module: the honest buckets. Blamed like one. */
typedef enum seep_answer_bucket {
  SEEP_BUCKET_MANAGED = 0, /* "managed/JIT" */
  SEEP_BUCKET_UNKNOWN,     /* "unknown": in no module of the trace */
  SEEP_BUCKET_RUNTIME,     /* nothing but the runtime on the stack */
  SEEP_BUCKET_KERNEL,      /* kernel only */
  SEEP_BUCKET_NO_STACK,    /* no stack, or a lost one, or one too many */
  SEEP_BUCKETS
} seep_answer_bucket;

const char *seep_answer_bucket_text(seep_answer_bucket bucket);

typedef struct seep_answer_view {
  bool has_events; /* of this kind, of this process */
  uint64_t allocations, allocated_bytes, frees, freed_bytes;
  uint64_t live_count, live_bytes, steady_bytes;
  uint64_t unknown_frees, unknown_freed_bytes, odd;
  seep_growth_pattern pattern;
  uint64_t live_curve[SEEP_TRACE_BUCKETS];
  const seep_answer_stack *stacks; /* by steady bytes, then live bytes, falling */
  size_t stack_count;              /* in detail */
  size_t all_stacks;               /* that there are */
  uint64_t other_bytes;            /* live, of those not in detail */
  uint64_t bucket_bytes[SEEP_BUCKETS], bucket_count[SEEP_BUCKETS];
} seep_answer_view;

typedef struct seep_answer_process {
  uint32_t pid, parent_pid, session;
  const char *name;
  bool began_here, ended_here, is_wow64;
  uint64_t live_bytes[SEEP_TRACE_VIEWS];
  uint64_t allocations[SEEP_TRACE_VIEWS];
} seep_answer_process;

typedef enum seep_answer_certainty {
  SEEP_ANSWER_NOTHING = 0, /* nothing was allocated and kept: there is no culprit */
  SEEP_ANSWER_WEAK,        /* there is one, and much speaks against believing it; see doubts */
  SEEP_ANSWER_GOOD
} seep_answer_certainty;

/* Why an answer is to be doubted; each a flag. */
enum {
  SEEP_DOUBT_EVENTS_LOST = 1u << 0, /* one in a hundred, or so many that a tenth of what the culprit has may
                                     * have been given back in them */
  SEEP_DOUBT_STACKS_LOST = 1u << 1, /* of more than a tenth of the bytes */
  SEEP_DOUBT_NOT_STEADY = 1u << 2,  /* what is left came early, late or at once */
  SEEP_DOUBT_SPREAD = 1u << 3,      /* the culprit has less than half */
  SEEP_DOUBT_SHORT = 1u << 4,       /* the trace lasted less than a minute */
  SEEP_DOUBT_DAMAGED = 1u << 5,     /* it was cut, or as much as above was damaged or unread */
  SEEP_DOUBT_BUDGET = 1u << 6,      /* not all of it was analysed */
  SEEP_DOUBT_ENDED = 1u << 7        /* the process ended during the trace */
};

typedef struct seep_answer_culprit {
  seep_answer_certainty certainty;
  uint32_t doubts;
  seep_trace_view view; /* that it was found in */
  uint32_t module;      /* of the answer's modules, or SEEP_TRACE_NO_MODULE: then bucket says what it is */
  seep_answer_bucket bucket;
  size_t stack;          /* its largest, in the view's stacks; SIZE_MAX: none */
  uint64_t bytes, count; /* live, of all its stacks */
  double share;          /* of the view's live bytes */
} seep_answer_culprit;

typedef struct seep_answer {
  seep_trace_header header;
  seep_trace_merged merged;
  seep_trace_losses losses;
  int64_t duration_ms; /* from the first to the last event; -1 = unknown */
  bool has_process;    /* false: no process was asked for, or found, or has any memory events */
  seep_answer_process process;
  uint64_t commit_at_end_bytes; /* of it, as Windows says; 0 = the trace does not tell */
  seep_answer_view views[SEEP_TRACE_VIEWS];
  seep_answer_culprit culprit;
  const seep_answer_process *processes; /* all with memory events, most live bytes first; */
  size_t process_count;                 /* at most 200 */
  const seep_answer_module *modules;
  size_t module_count;
  void *storage; /* owned: everything above that is pointed to */
} seep_answer;

typedef struct seep_answer_options {
  bool has_pid;
  uint32_t pid;             /* of the process to be shown; when it was used again, of the last that had it */
  const char *process_name; /* or NULL: of this name the one with the most live bytes */
  size_t maximum_stacks;    /* per view; 0 = SEEP_ANSWER_STACKS */
  uint64_t minimum_bytes;   /* stacks with less are not shown in detail */
} seep_answer_options;

/* Neither pid nor name: the process with the most steady bytes. SEEP_OK also when there is nothing to tell;
 * SEEP_NOT_FOUND: the process asked for is not in the trace (everything else is filled); SEEP_NO_MEMORY. */
seep_status seep_answer_make(seep_answer *answer, const seep_trace_analysis *analysis,
                             const seep_trace_header *header, const seep_trace_merged *merged,
                             const seep_answer_options *options);
void seep_answer_free(seep_answer *answer);

/* All together: merge, analysis, answer, over a file in memory. */
typedef struct seep_answer_request {
  seep_answer_options options;
  size_t maximum_memory_bytes; /* of the analysis; 0 = 1 GB */
  bool (*stopped)(void *context);
  void (*progress)(void *context, uint64_t done_bytes, uint64_t total_bytes);
  void *watcher;
} seep_answer_request;

/* Statuses of seep_trace_merge and of seep_answer_make. *answer needs freeing whatever comes back. */
seep_status seep_answer_read(seep_answer *answer, const uint8_t *data, size_t size,
                             const seep_answer_request *request, seep_error *error);

/* "module.dll!Function+0x1f4", "module.dll!~Export+0x20" (a guess), "module.dll+0x1a2b", "managed/JIT",
 * "unknown 0x7ff...", "(kernel)". Returns out, terminated, cut when long. Names are as hostile as their
 * files. */
const char *seep_answer_frame_text(const seep_answer *answer, const seep_answer_frame *frame, char *out,
                                   size_t out_size);

/* The culprit's name: module, or bucket. */
const char *seep_answer_culprit_name(const seep_answer *answer);

/* ---- for trace/naming ---- */

/* What the frame lies in; the name is copied. The frame must be one of the answer's. false: no memory. */
bool seep_answer_name_frame(seep_answer *answer, const seep_answer_frame *frame, const char *symbol,
                            uint64_t symbol_offset, bool is_guess);

#endif
