/*
 * What a scenario plays on: processes with their modules and threads, and how an event and its stack get into
 * the trace. Each call writes one event and enters it in the ledger, with its site if its stack gets there.
 * Private to etl_scenario.c, etl_cast.c and etl_stage.c.
 */
#ifndef STANDIN_ETL_STAGE_H
#define STANDIN_ETL_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "standin/etl_ledger.h"
#include "standin/etl_records.h"
#include "standin/etl_scenario.h"
#include "standin/etl_writer.h"

#define ETL_STAGE_RUNTIMES 5u /* modules that allocate for others; ntdll is the first */
#define ETL_STAGE_PROGRAMS 4u /* the executable and its libraries */
#define ETL_STAGE_MODULES (ETL_STAGE_RUNTIMES + ETL_STAGE_PROGRAMS)
#define ETL_STAGE_KERNEL_FRAMES 3u
#define ETL_STAGE_KEYS 61u
#define ETL_STAGE_LATE 48u

typedef struct etl_stage_process {
  etl_scenario_process shown;
  uint32_t first_tid;
  double from, to; /* parts of the trace's time: 0 = before it began, above 1 = still there at its end */
  bool is_running;
  unsigned number;
  etl_records_module modules[ETL_STAGE_MODULES];
  uint64_t pages_base, heap_bases[ETL_LEDGER_HEAPS];
  uint64_t heap_handles[ETL_LEDGER_HEAPS];
  etl_ledger ledger;
  unsigned lost_site, kernel_site; /* of the first view; the second's are the next */
} etl_stage_process;

/* A piece of a stack: the user half is written when it is due. */
typedef struct etl_stage_late {
  uint64_t moment, due; /* FILETIMEs: of the event; of the piece, 0 = at once */
  uint64_t event_ticks;
  uint32_t pid, tid;
  unsigned site, session, processor;
} etl_stage_late;

typedef struct etl_stage {
  etl_scenario_options options;
  etl_writer writer;
  uint64_t random;
  uint64_t start, now;          /* FILETIMEs */
  uint64_t events;              /* of memory so far */
  etl_stage_process *processes; /* owned */
  size_t process_count;
  etl_scenario_site *sites; /* owned, with room for all from the beginning */
  size_t site_count;
  etl_ledger_use *uses; /* owned; by site */
  uint64_t last_event_ticks, last_event_time;
  const etl_stage_process *last_process; /* whose event that was; NULL: nobody else may share its tick */
  etl_stage_late late[ETL_STAGE_LATE];
  size_t late_count;
  struct {
    unsigned site; /* + 1; 0 = free */
    bool is_kernel;
  } keys[2][ETL_STAGE_KEYS]; /* by session */
} etl_stage;

/* Uniform in [0, below). */
uint32_t etl_stage_random(etl_stage *stage, uint32_t below);

/* Fills in a process: identity, modules, addresses. The ledger still needs etl_stage_open. */
void etl_stage_cast(etl_stage *stage, unsigned number, const char *name, uint32_t pid, double from,
                    double to);
/* Its sites for events without a whole stack. */
void etl_stage_cast_sites(etl_stage *stage, unsigned process);
/* A new site, its innermost frame but for the runtime's in one of the program's modules; frames lie in the
 * process that runs the code. Returns its number. */
unsigned etl_stage_add_site(etl_stage *stage, unsigned process, unsigned view, const char *behaviour,
                            unsigned program, bool is_remote);

/* Who allocates in this process from outside. */
unsigned etl_stage_remote(unsigned process);

/* Time goes on; pieces of stacks that are due by then are written. */
bool etl_stage_move_on(etl_stage *stage, uint64_t now);

/* Events. The tick and the processor are chosen here; now is where time stands. */
bool etl_stage_commit(etl_stage *stage, unsigned site, uint64_t address, uint64_t size_bytes, uint32_t flags);
bool etl_stage_give_back(etl_stage *stage, unsigned process, uint64_t address, uint64_t size_bytes,
                         uint32_t flags);
bool etl_stage_heap_life(etl_stage *stage, unsigned process, unsigned heap, unsigned hook);
bool etl_stage_put(etl_stage *stage, unsigned site, unsigned heap, uint64_t address, uint32_t size_bytes);
bool etl_stage_take(etl_stage *stage, unsigned process, unsigned heap, uint64_t address);
bool etl_stage_move(etl_stage *stage, unsigned site, unsigned heap, uint64_t from, uint32_t old_bytes,
                    uint64_t to, uint32_t size_bytes);

/* Processes come and go; all that waits is written first. */
bool etl_stage_begin_process(etl_stage *stage, etl_stage_process *process, bool was_there);
bool etl_stage_end_process(etl_stage *stage, etl_stage_process *process, bool is_still_there);

bool etl_stage_background(etl_stage *stage, unsigned count);
bool etl_stage_working_sets(etl_stage *stage);
/* A buffer in which nothing of memory stood gets lost. */
bool etl_stage_gap(etl_stage *stage);
/* Late stacks, keys, and what a merge and Windows add at the end. */
bool etl_stage_finish(etl_stage *stage);

#endif
