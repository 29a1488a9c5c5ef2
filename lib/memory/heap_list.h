/*
 * One LIST_ENTRY list of another process, node after node, in either direction. A node is accepted only when
 * its link back leads to the node before it. That alone rules out circles that miss the head: the first node
 * to come a second time would need two different nodes before it. In memory that changes between two reads
 * the cap ends the walk. Used by the heap walkers.
 */
#ifndef SEEP_MEMORY_HEAP_LIST_H
#define SEEP_MEMORY_HEAP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/probe.h"

typedef struct seep_heap_list {
  seep_probe *probe;
  uint64_t head; /* address of the list's head */
  unsigned pointer_bytes;
  bool backwards;     /* along Blink, from the tail */
  size_t lead_bytes;  /* what is read with each node begins so far before its links */
  size_t node_bytes;  /* and is so long, links included */
  uint64_t maximum;   /* nodes */
  uint64_t stop_node; /* a node that the walk in the other direction came to; 0: none */
  uint64_t stop_link; /* and where it would have gone from there */
  /* Set by init and next. */
  uint64_t node;  /* the last one accepted; the head before the first */
  uint64_t link;  /* where it leads */
  uint64_t count; /* nodes accepted */
  unsigned retries;
} seep_heap_list;

typedef enum seep_heap_list_step {
  SEEP_HEAP_LIST_NODE = 0,
  SEEP_HEAP_LIST_END, /* back at the head, or at stop_node by the link that leads here: nothing is missing */
  SEEP_HEAP_LIST_BROKEN, /* a node is not readable, not aligned, or does not lead back */
  SEEP_HEAP_LIST_LIMIT   /* there are more than maximum */
} seep_heap_list_step;

/* *list has everything above `node` filled in; flink and blink are the head's. */
void seep_heap_list_init(seep_heap_list *list, uint64_t flink, uint64_t blink);

/* NODE: list->node is the next one, out (node_bytes) what was read with it. When a node does not fit, the one
 * before it is asked again, a few times in a walk: a list in use may have changed just then. */
seep_heap_list_step seep_heap_list_next(seep_heap_list *list, uint8_t *out);

#endif
