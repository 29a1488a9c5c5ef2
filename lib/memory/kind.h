/* The words for what kind of memory grows, in VMMap's vocabulary. */
#ifndef SEEP_MEMORY_KIND_H
#define SEEP_MEMORY_KIND_H

typedef enum seep_memory_kind {
  SEEP_MEMORY_UNDETERMINED = 0,
  SEEP_MEMORY_PRIVATE_DATA,
  SEEP_MEMORY_HEAP,
  SEEP_MEMORY_MANAGED,
  SEEP_MEMORY_MIXED
} seep_memory_kind;

/* "undetermined", "Private Data", "Heap", "Managed Heap", "mixed". Never NULL. */
const char *seep_memory_kind_text(seep_memory_kind kind);

#endif
