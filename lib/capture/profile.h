/*
 * What a recording is made of, and the profile (.wprp) that wpr.exe is given for it. Data only. The byte
 * limit is not in the profile: which builds accept MaximumFileSize is not known, so the watchdog enforces it
 * (reference: wpr-and-ifeo, 7).
 */
#ifndef SEEP_CAPTURE_PROFILE_H
#define SEEP_CAPTURE_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef enum seep_profile_kind {
  SEEP_PROFILE_VIRTUALALLOC = 0, /* every process's VirtualAlloc and VirtualFree with stacks: thin, sees every
                                  * allocator in the end, a heap only where it asks for more pages */
  SEEP_PROFILE_HEAP /* and each heap call of one running process, named by its PID: no restart, no flag in the
                     * registry. Voluminous; allocations from before its start are not in it */
} seep_profile_kind;

typedef struct seep_profile {
  seep_profile_kind kind;
  uint32_t pid;     /* HEAP */
  unsigned buffers; /* of buffer_kilobytes each, of all collectors but the small event collector together:
                     * memory that the kernel pins. 0 takes the default, 64 */
  unsigned buffer_kilobytes; /* 0: 1024 */
} seep_profile;

/* As wpr knows it: "SeepVirtualAlloc", "SeepHeap". Never NULL. */
const char *seep_profile_name(seep_profile_kind kind);

/* In file names and in the store: "virtualalloc", "heap". Never NULL; never changes. */
const char *seep_profile_kind_text(seep_profile_kind kind);

/* As XML, with a file and a memory variant, which WPR demands. Look at writer->cut. */
void seep_profile_write(seep_writer *writer, const seep_profile *profile);
#define SEEP_PROFILE_SIZE 8192

#endif
