/*
 * Makes whole traces whose answer is known: a server program that leaks, and much that looks like a leak and
 * is none, beside other busy processes. Everything follows from the options, the seed among them. The answer
 * comes from a ledger of its own (standin/etl_ledger.h), not from the reader under test.
 */
#ifndef STANDIN_ETL_SCENARIO_H
#define STANDIN_ETL_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "standin/etl_ledger.h"
#include "standin/etl_writer.h"

typedef enum etl_scenario_kind {
  ETL_SCENARIO_VIRTUAL = 1,
  ETL_SCENARIO_HEAP = 2,
  ETL_SCENARIO_BOTH = 3 /* two sessions at the same time; in the file one after the other */
} etl_scenario_kind;

typedef struct etl_scenario_options {
  uint64_t seed;
  uint64_t events; /* of memory, about; with their stacks some 110 bytes each */
  etl_scenario_kind kind;
  unsigned processors;
  unsigned processes; /* that are busy beside the one under test; at most 8 */
  unsigned stacks;    /* more of them, of memory that is soon given back; at most 20,000 */
  uint32_t buffer_bytes;
  uint64_t duration_ms;
  bool is_wow64;  /* the process under test is a 32-bit one */
  bool is_keyed;  /* stacks by keys, mostly */
  bool is_packed; /* compressed buffers */
  bool is_tidy;   /* none of what makes reading hard: no lost, late or partial stacks, no gaps, no
                   * process ids used again */
  bool is_raw;    /* as a session writes it, without what a merge adds about files */
  bool has_old_index;
} etl_scenario_options;

typedef enum etl_scenario_stack_kind {
  ETL_SCENARIO_STACK = 0,
  ETL_SCENARIO_KERNEL_ONLY,
  ETL_SCENARIO_LOST /* no stack, or a key that nothing defines */
} etl_scenario_stack_kind;

#define ETL_SCENARIO_FRAMES 16u

/* A place that allocates. */
typedef struct etl_scenario_site {
  const char *behaviour; /* "leak", "transient", "warm-up" ... */
  etl_scenario_stack_kind kind;
  unsigned process;   /* whose memory it is */
  unsigned view;      /* 0 pages, 1 blocks */
  bool is_remote;     /* another process allocates there */
  const char *module; /* of its innermost frame that is not the runtime's; NULL without a stack */
  uint32_t offset;    /* of that frame in it */
  uint64_t frames[ETL_SCENARIO_FRAMES];
  size_t frame_count;
  size_t culprit; /* of frames: that frame */
  etl_ledger_use use;
} etl_scenario_site;

typedef struct etl_scenario_process {
  uint32_t pid, parent_pid;
  const char *name;
  bool is_wow64, began_here, ended_here;
  uint64_t live_bytes[2], live_count[2];
  etl_ledger_totals totals[2];
  uint64_t commit_bytes; /* at its end, as Windows says: never less than what is live */
} etl_scenario_process;

typedef struct etl_scenario_answer {
  etl_scenario_process *processes; /* the first is the one under test */
  size_t process_count;
  etl_scenario_site *sites;
  size_t site_count;
  const char *culprit; /* the module with the greatest leak of the process under test */
  uint64_t memory_events, file_bytes;
  uint32_t buffers, buffers_lost, events_lost;
} etl_scenario_answer;

/* 100,000 events of both kinds on 4 processors in ten minutes. */
void etl_scenario_defaults(etl_scenario_options *options);

/* Writes the trace. false: the sink failed, no memory, or options that cannot be. *answer needs freeing
 * whatever comes back. */
bool etl_scenario_make(const etl_scenario_options *options, etl_writer_sink sink, void *context,
                       etl_scenario_answer *answer);
void etl_scenario_answer_free(etl_scenario_answer *answer);

#endif
