/*
 * What a recording is made of, and the profile (.wprp) that wpr.exe is given for it. Data only. Which builds
 * accept MaximumFileSize is not known, so the watchdog enforces the byte limit whether it is in the profile
 * or not (reference: wpr-and-ifeo, 7).
 */
#ifndef SEEP_CAPTURE_PROFILE_H
#define SEEP_CAPTURE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef enum seep_profile_kind {
  SEEP_PROFILE_VIRTUALALLOC = 0, /* every process's VirtualAlloc and VirtualFree with stacks: thin, sees every
                                  * allocator in the end, a heap only where it asks for more pages */
  SEEP_PROFILE_HEAP, /* and each heap call of one running process, named by its PID: no restart, no flag in
                      * the registry. Voluminous; allocations from before its start are not in it */
  SEEP_PROFILE_HEAP_BY_FLAG, /* and each heap call of every process that was started with the tracing flag set
                              * (reference: wpr-and-ifeo, 7.4 and 8) */
  SEEP_PROFILE_SNAPSHOT /* what heap blocks one process has not given back, with their stacks, since snapshots
                         * were enabled in it; written when wpr is told to. Tiny */
} seep_profile_kind;
#define SEEP_PROFILE_KINDS 4

typedef struct seep_profile {
  seep_profile_kind kind;
  uint32_t pid;     /* HEAP */
  unsigned buffers; /* of buffer_kilobytes each, of all collectors but the small event collector together:
                     * memory that the kernel pins. 0 takes the default, 64 */
  unsigned buffer_kilobytes; /* 0: 1024 */
  uint64_t ring_bytes; /* the raw files together stay below this: the kernel's and the event collector's as
                        * rings, which keep the newest, the heap's as a file that ends there. 0: no bound in
                        * the profile. Which builds take such a profile is not known */
} seep_profile;

/* As wpr knows it: "SeepVirtualAlloc", "SeepHeap", "SeepHeapByFlag", "SeepHeapSnapshot". Never NULL. */
const char *seep_profile_name(seep_profile_kind kind);

/* In file names and in the store: "virtualalloc", "heap" (both ways), "snapshot". Never NULL; never changes.
 */
const char *seep_profile_kind_text(seep_profile_kind kind);

/* As XML, with a file and a memory variant, which WPR demands. Look at writer->cut. */
void seep_profile_write(seep_writer *writer, const seep_profile *profile);
#define SEEP_PROFILE_SIZE 8192

/* How many buffers of 1 MB a recording may pin: `wanted`, or a 64th of what can still be committed when that
 * is less. 0: fewer than 8 would be left, or less than floor_bytes can be committed; then nothing is
 * recorded. available_bytes UINT64_MAX: not known, `wanted` then. The recorder must not finish off the server
 * that it looks at (reference: wpr-and-ifeo, 1.9). */
unsigned seep_profile_buffers(unsigned wanted, uint64_t available_bytes, uint64_t floor_bytes);

#endif
