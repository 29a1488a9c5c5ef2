/* What the system can do around a child process beyond starting it; everything is optional (NULL). Loop
 * thread. */
#ifndef SEEP_PORT_CHILD_GUARD_H
#define SEEP_PORT_CHILD_GUARD_H

#include <stdint.h>

typedef struct seep_child_guard {
  void *context;
  /* Takes the process that was just started, and whatever it starts, as one group. NULL: it could not be
   * done, and then only the process itself can be ended. */
  void *(*take)(void *context, unsigned process_id);
  /* The group may commit no more than this, and ends when we end, however that comes. A refusal is no error.
   * Only for children that nobody misses. */
  void (*confine)(void *context, void *group, uint64_t maximum_bytes);
  /* Ends the whole group. */
  void (*end)(void *context, void *group);
  /* Lets go of it; nothing in it is ended by that. */
  void (*leave)(void *context, void *group);
} seep_child_guard;

#endif
