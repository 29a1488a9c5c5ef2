/*
 * A file seen as memory: the whole of it, of any size, of which only the pages that are touched count. For
 * dumps, which are read here and there. On Windows nobody can write to it or cut it off meanwhile; elsewhere
 * that cannot be had. Pages that turn out not to be readable (cut off, disk or network failed) end the
 * program with the message of seep_mapping_on_loss.
 */
#ifndef SEEP_SERVICE_MAPPING_H
#define SEEP_SERVICE_MAPPING_H

#include <stdint.h>

#include "base/status.h"

typedef struct seep_mapping {
  const uint8_t *data;
  uint64_t size_bytes;
  /* Of seep_mapping_on_loss; see mapping_loss.h. */
  const char *loss_message;
  int loss_exit_code;
  struct seep_mapping *next;
} seep_mapping;

/* path is UTF-8. On failure *mapping is all zero and error->subject is a clause that says why, its code the
 * system's (0: none). SEEP_NOT_FOUND, SEEP_DENIED, SEEP_BUSY (somebody is writing it), SEEP_INVALID (empty, a
 * folder, a device), SEEP_LIMIT (more than this program's address space holds), SEEP_NO_MEMORY, SEEP_OS. */
seep_status seep_mapping_open(seep_mapping *mapping, const char *path, seep_error *error);
void seep_mapping_close(seep_mapping *mapping); /* of a failed open too */

/* Once, after a successful open: until close a page of this mapping that cannot be read ends the program:
 * message on stderr, with exit_code. Without this it would be a crash. Both are borrowed until close, and
 * *mapping stays where it is. */
void seep_mapping_on_loss(seep_mapping *mapping, const char *message, int exit_code);

#endif
