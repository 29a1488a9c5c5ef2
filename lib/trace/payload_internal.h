/* What the payload decoders share: pointers of the record's own width, and texts that may be unaligned and
 * may lack their end. Private to this room. */
#ifndef SEEP_TRACE_PAYLOAD_INTERNAL_H
#define SEEP_TRACE_PAYLOAD_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "trace/payload.h"

/* The kernel's groups of events, and of what only classic events tell. */
enum {
  SEEP_TRACE__GROUP_MEMORY = 2,
  SEEP_TRACE__GROUP_PROCESS = 3,
  SEEP_TRACE__GROUP_CONFIG = 11,
  SEEP_TRACE__GROUP_HEAP = 16,
  SEEP_TRACE__GROUP_IMAGE = 20,
  SEEP_TRACE__GROUP_STACK = 24,
  SEEP_TRACE__GROUP_IMAGE_ID = 256,
  SEEP_TRACE__GROUP_SYSTEM_CONFIG,
  SEEP_TRACE__GROUP_NONE
};

enum { SEEP_TRACE__IMAGE_LOAD = 10 }; /* of the group of processes */

/* The group and the opcode in it, of a classic event those of the kernel's event that it is. A provider's
 * event has none, nor has a class that nobody asks for. */
unsigned seep_trace__group_of(const seep_trace_record *record, unsigned *opcode);

/* At the start of the record's payload. */
seep_cursor seep_trace__payload(const seep_trace_record *record);

/* 4 or 8: what the caller insists on, else what the record says. */
unsigned seep_trace__pointer_bytes(const seep_trace_record *record, unsigned payload_pointer_bytes);

uint64_t seep_trace__pointer(seep_cursor *payload, unsigned pointer_bytes);

/* The text that the cursor stands at, which moves behind its terminator. One without an end goes to the end
 * of the payload, and one that should stand behind it is empty: a record that was cut still says who it is.
 */
seep_trace_text seep_trace__narrow(seep_cursor *payload);
seep_trace_text seep_trace__wide(seep_cursor *payload);

/* Of a text that is not in this payload. */
seep_trace_text seep_trace__no_text(bool wide);

#endif
