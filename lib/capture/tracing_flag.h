/*
 * The IFEO value TracingFlags, bit 0: processes of that image started from then on have their heap traced
 * while a heap session runs (reference: wpr-and-ifeo, 8). Decisions only: what to write given what is there,
 * and what to write to take it back. Nothing but bit 0 is ever changed; a value is removed only if we made
 * it, a key only if we made it and nothing else is in it.
 */
#ifndef SEEP_CAPTURE_TRACING_FLAG_H
#define SEEP_CAPTURE_TRACING_FLAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEP_TRACING_FLAG_HEAP UINT32_C(1)
#define SEEP_TRACING_FLAG_IMAGE_SIZE 256

typedef enum seep_tracing_flag_form {
  SEEP_TRACING_FLAG_ABSENT = 0, /* no value of that name, or no key */
  SEEP_TRACING_FLAG_NUMBER,     /* REG_DWORD */
  SEEP_TRACING_FLAG_OTHER       /* another type: not ours to touch */
} seep_tracing_flag_form;

/* What the registry says of one image, in the 64-bit view. */
typedef struct seep_tracing_flag_state {
  bool key_exists;
  bool has_more; /* the key holds other values or keys */
  seep_tracing_flag_form form;
  uint32_t number; /* NUMBER */
} seep_tracing_flag_state;

typedef enum seep_tracing_flag_edit {
  SEEP_TRACING_FLAG_KEEP = 0,   /* nothing to do */
  SEEP_TRACING_FLAG_WRITE,      /* `number` */
  SEEP_TRACING_FLAG_DELETE,     /* the value */
  SEEP_TRACING_FLAG_DELETE_KEY, /* the value if it is there, and the key if it is empty then */
  SEEP_TRACING_FLAG_REFUSE      /* it cannot be set: another type stands there */
} seep_tracing_flag_edit;

/* To set it. KEEP: somebody else has set it already, and then it is not ours to undo. */
seep_tracing_flag_edit seep_tracing_flag_set(const seep_tracing_flag_state *now, uint32_t *number);

/* To take back what was set over `before`, given what is there now: others may have changed, cleared or
 * removed it meanwhile, and what they did stays. */
seep_tracing_flag_edit seep_tracing_flag_undo(const seep_tracing_flag_state *before,
                                              const seep_tracing_flag_state *now, uint32_t *number);

bool seep_tracing_flag_is_set(const seep_tracing_flag_state *now);

/* A plain file name that can be the name of such a key: 1 to 255 bytes of well-formed text, no separator, no
 * control character, not "." or "..". */
bool seep_tracing_flag_name_is_plain(const char *image);

/* Programs that are never flagged, whatever the configuration says: without them Windows does not run or does
 * not defend itself, and we and wpr must not observe ourselves. ASCII case ignored. */
bool seep_tracing_flag_is_never(const char *image);

#endif
