/*
 * One look at one process for the verb `memory`: a dump or a live process is opened, its inventory taken, and
 * what could not be found out is said in sentences. Tables and JSON are made of this.
 */
#ifndef SEEP_SERVICE_MEMORY_LOOK_H
#define SEEP_SERVICE_MEMORY_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "mapping.h"
#include "memory/growth.h"
#include "memory/inventory.h"
#include "memory/minidump.h"

#define SEEP_MEMORY_VERB "memory"

#define SEEP_MEMORY_LACKS 48 /* of two dumps */
#define SEEP_MEMORY_LACK_SIZE 480
#define SEEP_MEMORY_NAME_SIZE 512
#define SEEP_MEMORY_LOSS_SIZE 1200

/* How reading the process failed, if it did; bytes that are not there are no failure. */
typedef struct seep_memory_failures {
  bool denied, gone, timed_out;
  bool used_up; /* the reads that are allowed */
} seep_memory_failures;

typedef struct seep_memory_look {
  const char *path; /* of the dump, borrowed; NULL: a live process */
  /* Of a live process. */
  uint32_t pid;
  seep_wall created;                 /* 0: not known */
  char image[SEEP_MEMORY_NAME_SIZE]; /* file name; "": not known */
  seep_minidump dump;                /* of a dump; else nothing in it is set */
  seep_mapping mapping;
  char loss[SEEP_MEMORY_LOSS_SIZE]; /* what is said when a page of the dump cannot be read */
  seep_inventory inventory;
  seep_inventory_detail detail;
  seep_memory_failures failures;
  char lacks[SEEP_MEMORY_LACKS][SEEP_MEMORY_LACK_SIZE]; /* see memory_lacks.h */
  size_t lack_count;
} seep_memory_look;

/* What has grown since an older dump of the same process. */
typedef struct seep_memory_since {
  const seep_memory_look *older;
  seep_growth_kind_verdict verdict;
  bool is_measured; /* false: the two could not be compared, the verdict's bytes mean nothing */
} seep_memory_since;

/* Both return SEEP_EXIT_DONE, or the failure's exit code when it has been said; close in either case. A
 * seep_memory_look is large and stays where it is: it does not belong on a stack. */
int seep_memory_look_at_dump(seep_memory_look *look, const char *path);
int seep_memory_look_at_process(seep_memory_look *look, uint32_t pid);
void seep_memory_look_close(seep_memory_look *look);

/* SEEP_EXIT_DONE when newer may be compared with older; else why not has been said. What older lacks joins
 * newer's lacks, and so does a sentence where a dump does not say whose it is. */
int seep_memory_look_check_since(const seep_memory_look *older, seep_memory_look *newer);

/* Of two looks that may be compared; older is borrowed. */
void seep_memory_look_compare(const seep_memory_look *older, const seep_memory_look *newer,
                              seep_memory_since *out);

/* Neither regions nor heaps are missing: a further look can be compared with this one. */
bool seep_memory_look_is_whole(const seep_memory_look *look);

/* How many heaps the process's PEBs list. false: none was found, or one says what cannot be. */
bool seep_memory_look_heaps(const seep_memory_look *look, uint32_t *count);

#define SEEP_MEMORY_RUNTIMES 3u

/* ".NET", "Java", "V8" when that one was seen; else NULL. index is below SEEP_MEMORY_RUNTIMES. */
const char *seep_memory_look_runtime(const seep_inventory *inventory, unsigned index);

#define SEEP_MEMORY_MOMENT_SIZE 32

/* "2026-11-22T10:44:00Z", or "not known" for 0. Returns out. */
const char *seep_memory_look_moment(seep_wall wall, char out[SEEP_MEMORY_MOMENT_SIZE]);

/* Of a dump's Unix seconds, of which 0 stays 0. */
seep_wall seep_memory_look_wall(uint32_t unix_s);

#endif
