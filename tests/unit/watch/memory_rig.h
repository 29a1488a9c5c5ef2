/* The engine's rig with processes looked into: made-up inventories, which the test gives as answers. */
#ifndef SEEP_TESTS_WATCH_MEMORY_RIG_H
#define SEEP_TESTS_WATCH_MEMORY_RIG_H

#include "engine_rig.h"

#define SUSPECT 17  /* polls until a process that grows by 2 MB a second is suspect, */
#define CALLED 69   /* and until it is called a leak */
#define INTERVAL 10 /* polls between two looks into a process */

/* As the rig, and processes are looked into every ten seconds when they have grown by 16 MB. */
int memory_rig_set_up(void **state);

/* 100 MB, and 2 MB more each second. */
fake_process *memory_rig_leak(engine_rig *r, uint32_t pid, const char *name);
seep_process_key memory_rig_key(const fake_process *process);

seep_inventory memory_rig_inventory(uint64_t heap_bytes, uint64_t private_bytes);
void memory_rig_answer(engine_rig *r, const seep_inventory *inventory);
void memory_rig_answer_heap(engine_rig *r, uint64_t heap_bytes);
void memory_rig_refuse(engine_rig *r, seep_status status);

typedef enum memory_rig_grown {
  HEAP_GROWS,
  PRIVATE_GROWS,
  BOTH_GROW,
  HEAPS_UNKNOWN,
  REGIONS_CUT
} memory_rig_grown;

/* So many polls; whatever is asked for is answered with what the process has grown by since 100 MB. */
void memory_rig_poll(engine_rig *r, unsigned polls, const fake_process *process, memory_rig_grown how);

#endif
