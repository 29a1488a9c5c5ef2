/*
 * The stacks of a trace, each kept once: a node is the frames of one fragment in the modules of one process.
 * A fragment may come as a key instead, whose frames follow later, and keys are used again: then it is a
 * forward node until the next definition of its key (reference: etl-format, 2.3). Frames are hostile; how
 * long anything takes does not depend on them.
 */
#ifndef SEEP_TRACE_STACKS_H
#define SEEP_TRACE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/analysis.h"
#include "trace/arena.h"
#include "trace/figures.h"

/* Nodes that are there from the beginning, and have no frames. */
enum {
  SEEP_NODE_NONE = 0, /* no node */
  SEEP_NODE_LOST,     /* there was a stack that never became known */
  SEEP_NODE_OVERFLOW, /* one stack too many */
  SEEP_NODE_WITHOUT,  /* events without a stack: this one and the next, by view */
  SEEP_NODE_WITHOUT_END = SEEP_NODE_WITHOUT + SEEP_TRACE_VIEWS - 1,
  SEEP_NODES_FIXED,
  SEEP_NODE_NO_ROOM = 0x7FFFFFFF /* no node: the budget is used up */
};

typedef enum seep_node_kind {
  SEEP_NODE_FRAMES = 0, /* the caller's, innermost first */
  SEEP_NODE_KERNEL,     /* nothing but the kernel's */
  SEEP_NODE_FORWARD,    /* its key is not defined yet */
  SEEP_NODE_RESOLVED,   /* it was: see target */
  SEEP_NODE_FIXED
} seep_node_kind;

typedef struct seep_node {
  const uint64_t *frames; /* FRAMES and KERNEL */
  uint64_t key;           /* FORWARD and RESOLVED */
  uint32_t frames_of;     /* instance whose modules the frames lie in */
  uint32_t target;        /* RESOLVED: the node that it became; FORWARD: the next one of its key */
  uint32_t first_use;     /* see trace/figures */
  uint8_t kind, half;
  uint8_t pointer_bytes; /* of addresses of the kernel, among these */
  uint8_t frame_count;   /* at most SEEP_TRACE_MAXIMUM_FRAMES */
} seep_node;

typedef struct seep_node_slot {
  uint32_t hash, node; /* node 0: empty */
} seep_node_slot;

typedef struct seep_key_slot {
  uint64_t key;
  uint32_t first; /* forward node that waits for it; 0: none */
  bool is_used;
} seep_key_slot;

typedef struct seep_stacks {
  seep_trace_budget *budget;
  seep_arena *frames;
  uint64_t seed;
  bool
      is_64_bit; /* Windows is: no address of 4 bytes is the kernel's, and narrow frames are like wide ones */
  size_t maximum, stack_count; /* of nodes with frames */
  seep_node *nodes;
  size_t node_count, node_capacity;
  seep_node_slot *slots;
  size_t slot_count, slots_used;
  seep_key_slot *keys;
  size_t key_count, keys_used;
  uint64_t overflowed;
  bool failed; /* there was no room at the beginning */
} seep_stacks;

/* maximum 0: as seep_trace_analysis_options says. */
void seep_stacks_init(seep_stacks *stacks, seep_trace_budget *budget, seep_arena *frames, size_t maximum,
                      uint64_t seed);
void seep_stacks_fini(seep_stacks *stacks);

/* How wide the kernel's addresses are, in frames of this width. */
unsigned seep_stacks_kernel_bytes(const seep_stacks *stacks, unsigned pointer_bytes);

/* The node of a fragment: SEEP_NODE_NONE when it has no frames, OVERFLOW, or NO_ROOM. */
uint32_t seep_stacks_intern(seep_stacks *stacks, uint32_t frames_of, const uint8_t *frames,
                            size_t frame_count, unsigned pointer_bytes);

/* The node of a fragment that came as a key; half: 0 = kernel, 1 = user. Or NO_ROOM. */
uint32_t seep_stacks_refer(seep_stacks *stacks, uint32_t frames_of, uint64_t key, unsigned half);

/* Resolves whatever waits for this key; uses move to what they turn out to be. false: no room. */
bool seep_stacks_define(seep_stacks *stacks, seep_figures *figures, uint64_t key, const uint8_t *frames,
                        size_t frame_count, unsigned pointer_bytes);

/* What the node is by now. */
uint32_t seep_stacks_target(const seep_stacks *stacks, uint32_t node);

/* Makes LOST of all that still waits; returns how many keys were never defined. No further questions but
 * nodes[] after this: the tables are given back. */
uint64_t seep_stacks_finish(seep_stacks *stacks, seep_figures *figures);

#endif
