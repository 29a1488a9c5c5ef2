/* Names for kinds of memory. A value from a database written by a newer version may be unknown: it is
 * undetermined. */
#include "memory/kind.h"

const char *seep_memory_kind_text(seep_memory_kind kind)
{
  switch (kind) {
  case SEEP_MEMORY_PRIVATE_DATA:
    return "Private Data";
  case SEEP_MEMORY_HEAP:
    return "Heap";
  case SEEP_MEMORY_MANAGED:
    return "Managed Heap";
  case SEEP_MEMORY_MIXED:
    return "mixed";
  case SEEP_MEMORY_STACK:
    return "Stack";
  case SEEP_MEMORY_UNDETERMINED:
  default:
    return "undetermined";
  }
}
