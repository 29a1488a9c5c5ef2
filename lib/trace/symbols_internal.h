/* How symbols are held while they are gathered and looked up: for symbols.c and the readers of files alone.
 */
#ifndef SEEP_TRACE_SYMBOLS_INTERNAL_H
#define SEEP_TRACE_SYMBOLS_INTERNAL_H

#include "trace/symbols.h"

/* More than any module has: the largest browsers come to two million. */
#define SEEP_SYMBOLS_MAXIMUM 4000000u
#define SEEP_SYMBOLS_MAXIMUM_NAME_BYTES ((size_t)512 << 20)
#define SEEP_SYMBOLS_MAXIMUM_NAME 4096u /* of one, terminated; longer ones are cut */

/* Of several names for one place the highest stays. */
typedef enum seep_symbols_rank {
  SEEP_SYMBOLS_OTHER = 0, /* a public one that is not said to be a function */
  SEEP_SYMBOLS_PUBLIC,
  SEEP_SYMBOLS_FUNCTION /* with its size, and its name as in the source */
} seep_symbols_rank;

/* Offsets in the module, end excluded. */
typedef struct seep_symbols_range {
  uint32_t start, end;
  uint32_t value; /* of a symbol where its name begins; of a function where its first part starts */
  uint32_t rank;
} seep_symbols_range;

struct seep_symbols {
  seep_symbols_range *entries;
  size_t count, capacity;
  char *names;
  size_t names_bytes, names_capacity;
  /* Of a module's exports: the functions it has unwind information for, and that the rules for exports hold.
   */
  seep_symbols_range *functions;
  size_t function_count, function_capacity;
  bool are_exports;
};

/* end 0: up to the next symbol. Names end at their first 0; those without a character are left out. SEEP_OK,
 * SEEP_LIMIT, SEEP_NO_MEMORY. */
seep_status seep_symbols__add(seep_symbols *symbols, uint32_t start, uint32_t end, seep_symbols_rank rank,
                              const char *name, size_t name_bytes);

/* By start, then highest rank, then value; in place, and a hostile order costs no more than any other. */
void seep_symbols__sort(seep_symbols_range *ranges, size_t count);

/* The last one that starts at or before offset; NULL: none. Sorted ranges. */
const seep_symbols_range *seep_symbols__at(const seep_symbols_range *ranges, size_t count, uint32_t offset);

#endif
