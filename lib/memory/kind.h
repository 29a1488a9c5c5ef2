/* The words for what kind of memory grows, in VMMap's vocabulary. The values are kept in alerts and in the
 * database by their text: texts never change. */
#ifndef SEEP_MEMORY_KIND_H
#define SEEP_MEMORY_KIND_H

typedef enum seep_memory_kind {
  SEEP_MEMORY_UNDETERMINED = 0,
  SEEP_MEMORY_PRIVATE_DATA, /* VirtualAlloc, by the program or by an allocator that is not Windows's heap */
  SEEP_MEMORY_HEAP,
  SEEP_MEMORY_MANAGED,
  SEEP_MEMORY_MIXED,
  SEEP_MEMORY_STACK /* threads that are never ended */
} seep_memory_kind;

/* "undetermined", "Private Data", "Heap", "Managed Heap", "mixed", "Stack". Never NULL. */
const char *seep_memory_kind_text(seep_memory_kind kind);

#endif
