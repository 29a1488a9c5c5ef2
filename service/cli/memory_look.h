/*
 * One look at one process for the verb `memory`: a dump or a live process is opened, its inventory taken, and
 * what could not be found out is said in sentences. Tables and JSON are made of this.
 */
#ifndef SEEP_SERVICE_MEMORY_LOOK_H
#define SEEP_SERVICE_MEMORY_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mapping.h"
#include "memory/growth.h"
#include "memory/inventory.h"
#include "memory/minidump.h"

#define SEEP_MEMORY_VERB "memory"

#define SEEP_MEMORY_LACKS 24
#define SEEP_MEMORY_LACK_SIZE 400

typedef struct seep_memory_look {
  const char *path;   /* of the dump, borrowed; NULL: a live process */
  uint32_t pid;       /* of a live process */
  seep_minidump dump; /* of a dump; else nothing in it is set */
  seep_mapping mapping;
  seep_inventory inventory;
  seep_inventory_detail detail;
  /* What could not be found out: each a clause with its consequence and, where there is one, its cure. */
  char lacks[SEEP_MEMORY_LACKS][SEEP_MEMORY_LACK_SIZE];
  size_t lack_count;
} seep_memory_look;

/* What has grown since an older dump of the same process. */
typedef struct seep_memory_since {
  const seep_memory_look *older;
  seep_growth_kind_verdict verdict;
} seep_memory_since;

/* Both return SEEP_EXIT_DONE, or the failure's exit code when it has been said; close in either case. A
 * seep_memory_look is large: it does not belong on a stack. */
int seep_memory_look_at_dump(seep_memory_look *look, const char *path);
int seep_memory_look_at_process(seep_memory_look *look, uint32_t pid);
void seep_memory_look_close(seep_memory_look *look);

/* SEEP_EXIT_DONE when newer may be compared with older; else why not has been said. Where a dump does not say
 * whose it is, a sentence joins newer's lacks. */
int seep_memory_look_check_since(const seep_memory_look *older, seep_memory_look *newer);

#define SEEP_MEMORY_RUNTIMES 3u

/* ".NET", "Java", "V8" when that one was seen; else NULL. index is below SEEP_MEMORY_RUNTIMES. */
const char *seep_memory_look_runtime(const seep_inventory *inventory, unsigned index);

#endif
