/*
 * Reads a recording profile (.wprp) as strictly as the rules that are known say (reference:
 * wpr-and-ifeo, 7.1): well formed, elements in order, ids unique and without blank or colon, a File and a
 * Memory variant of the wanted profile. Portable and read-only; what the real recorder answers to each
 * mistake is not known, so there is one answer for all.
 */
#ifndef WPR_PROFILE_H
#define WPR_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WPR_PROFILE_NAME_SIZE 128
#define WPR_HEAP_PROCESS_LIMIT 2 /* per provider */

typedef enum wpr_collector_kind {
  WPR_COLLECTOR_SYSTEM = 0,
  WPR_COLLECTOR_EVENT,
  WPR_COLLECTOR_HEAP,
  WPR_COLLECTORS
} wpr_collector_kind;

typedef struct wpr_collector {
  char name[WPR_PROFILE_NAME_SIZE]; /* empty: the profile has none of this kind */
  uint64_t maximum_bytes;           /* MaximumFileSize; 0 = not given */
  bool is_sequential;               /* ends there; else it keeps the newest */
} wpr_collector;

typedef struct wpr_profile {
  const char *detail; /* Verbose or Light: of the variant found */
  wpr_collector collectors[WPR_COLLECTORS];
  uint32_t heap_pids[WPR_HEAP_PROCESS_LIMIT];
  size_t heap_pid_count;
  bool heap_by_flag;  /* a heap collector without providers: processes that were started with the flag */
  bool has_snapshots; /* the provider of heap snapshots */
  bool has_limits;    /* a MaximumFileSize anywhere in the file */
  bool stack_of_heap_allocation, stack_of_heap_reallocation, stack_of_heap_free;
  char problem[320]; /* why it was refused; for the call log */
} wpr_profile;

/* name may end in .light or .verbose. Collectors and providers are those of the file variant or of the
 * memory variant with what it inherits. false with *problem filled when the real one would refuse it. */
bool wpr_profile_read(const char *xml, size_t size, const char *name, bool file_mode, wpr_profile *profile);

#endif
