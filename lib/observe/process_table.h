/*
 * The processes that are alive, joined from poll to poll on (PID, creation time). A slot number stays with a
 * process for its life, so that callers keep per-process state in arrays of their own; a freed slot is used
 * again. Per poll: begin, observe each sample, end. Nothing is allocated for a process already known.
 */
#ifndef SEEP_OBSERVE_PROCESS_TABLE_H
#define SEEP_OBSERVE_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "observe/snapshot.h"

typedef struct seep_process {
  seep_process_key key;
  uint32_t parent_pid;
  uint32_t handles;
  uint64_t commit_bytes; /* at the last poll */
  int64_t store_id;      /* row id in the store; 0 = not written yet. The table only carries it */
  char *name;            /* UTF-8, owned by the table; "" for PID 0 and nameless system processes */
  uint32_t generation;   /* the last poll that saw it */
  bool used;
} seep_process;

typedef struct seep_process_table seep_process_table;

#define SEEP_NO_SLOT ((size_t)-1)

/* NULL when out of memory. */
seep_process_table *seep_process_table_new(void);
void seep_process_table_free(seep_process_table *table);

void seep_process_table_begin(seep_process_table *table);

/* Finds or adds the sample's process and updates its figures. *born tells a first sight. SEEP_NO_MEMORY
 * leaves the table as it was. A PID whose old process was not seen to die is simply another process (other
 * creation time). */
seep_status seep_process_table_observe(seep_process_table *table, const seep_process_sample *sample,
                                       size_t *slot, bool *born);

/* Calls died once for each process not seen since begin, then frees its slot. The process is valid during the
 * call. */
typedef void (*seep_process_died)(void *context, size_t slot, const seep_process *process);
void seep_process_table_end(seep_process_table *table, seep_process_died died, void *context);

/* Slots in use lie below this bound; it never shrinks. */
size_t seep_process_table_slots(const seep_process_table *table);
size_t seep_process_table_count(const seep_process_table *table);

/* NULL for a free slot. */
seep_process *seep_process_table_at(seep_process_table *table, size_t slot);

/* SEEP_NO_SLOT when unknown. */
size_t seep_process_table_find(const seep_process_table *table, seep_process_key key);

#endif
