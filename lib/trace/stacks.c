/*
 * One hash table for all nodes, whether they stand for frames or for a key, and one from a key to what waits
 * for it. A node for a key gives its slot to the next one for the same key, so that neither grows with how
 * often keys are used again. Whoever makes stacks whose hashes collide gets OVERFLOW, not a slow reader.
 */
#include "trace/stacks.h"

#include <string.h>

#include "trace/hash_mix.h"
#include "trace/modules.h"

#define STACKS_BY_DEFAULT 100000u
#define LEAST_SLOTS 256u
#define MOST_PROBES 512u
#define MOST_NODES 0x7FFFFFF0u
#define LANES 4u

/* A fragment as it is kept. */
typedef struct fragment {
  uint64_t frames[SEEP_TRACE_MAXIMUM_FRAMES];
  size_t count;
  bool is_kernel;
  unsigned kernel_bytes; /* how wide the kernel's addresses are */
  uint32_t frames_of;
  uint32_t hash;
} fragment;

static bool add_node(seep_stacks *stacks, const seep_node *node)
{
  if (stacks->node_count >= MOST_NODES ||
      !seep_trace_budget_reserve(stacks->budget, (void **)&stacks->nodes, &stacks->node_capacity,
                                 stacks->node_count + 1, sizeof *stacks->nodes)) {
    return false;
  }
  stacks->nodes[stacks->node_count] = *node;
  stacks->nodes[stacks->node_count].first_use = SEEP_NO_USE;
  stacks->node_count++;
  return true;
}

void seep_stacks_init(seep_stacks *stacks, seep_trace_budget *budget, seep_arena *frames, size_t maximum,
                      uint64_t seed)
{
  *stacks = (seep_stacks){.budget = budget,
                          .frames = frames,
                          .seed = seed,
                          .maximum = maximum == 0 ? STACKS_BY_DEFAULT : maximum};
  const seep_node fixed = {.kind = SEEP_NODE_FIXED, .frames_of = UINT32_MAX};
  for (unsigned i = 0; i < SEEP_NODES_FIXED; i++) {
    stacks->failed = !add_node(stacks, &fixed) || stacks->failed;
  }
}

static void give_tables(seep_stacks *stacks)
{
  seep_trace_budget_release(stacks->budget, (void **)&stacks->slots, &stacks->slot_count,
                            sizeof *stacks->slots);
  seep_trace_budget_release(stacks->budget, (void **)&stacks->keys, &stacks->key_count, sizeof *stacks->keys);
}

void seep_stacks_fini(seep_stacks *stacks)
{
  give_tables(stacks);
  seep_trace_budget_release(stacks->budget, (void **)&stacks->nodes, &stacks->node_capacity,
                            sizeof *stacks->nodes);
}

/* As a compiler recognises it: one load where numbers are little-endian. */
static uint64_t load(const uint8_t *at)
{
  return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
         (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

static void copy_frames(fragment *out, const uint8_t *frames, unsigned pointer_bytes)
{
  if (pointer_bytes == 8) {
    for (size_t i = 0; i < out->count; i++) {
      out->frames[i] = load(frames + i * 8);
    }
    return;
  }
  for (size_t i = 0; i < out->count; i++) {
    out->frames[i] = seep_trace_frame(frames, pointer_bytes, i);
  }
}

/* Several lanes, for a multiplication must wait for the one before it in its own. */
static uint32_t hash_frames(const fragment *made, uint64_t seed)
{
  uint64_t lanes[LANES] = {seed, ~seed, seed ^ made->frames_of, seed + made->count};
  size_t i = 0;
  for (; i + LANES <= made->count; i += LANES) {
    for (size_t lane = 0; lane < LANES; lane++) {
      uint64_t mixed = (lanes[lane] ^ made->frames[i + lane]) * UINT64_C(0x9FB21C651E98DF25);
      lanes[lane] = mixed ^ mixed >> 35;
    }
  }
  for (; i < made->count; i++) {
    lanes[0] = seep_hash_mix(made->frames[i], lanes[0]);
  }
  uint64_t hash = seep_hash_mix(lanes[0], lanes[1]);
  hash = seep_hash_mix(lanes[2], hash);
  hash = seep_hash_mix(lanes[3], hash);
  return (uint32_t)(hash >> 16);
}

unsigned seep_stacks_kernel_bytes(const seep_stacks *stacks, unsigned pointer_bytes)
{
  return stacks->is_64_bit ? 8 : pointer_bytes;
}

/* Drops the kernel's frames before the caller's: the same place in a program may come with and without them.
 * What lies between the caller's own stays (reference: etl-format, 2.3). */
static void make_fragment(fragment *made, const seep_stacks *stacks, uint32_t frames_of,
                          const uint8_t *frames, size_t count, unsigned pointer_bytes)
{
  size_t skipped = 0;
  unsigned kernel_bytes = seep_stacks_kernel_bytes(stacks, pointer_bytes);
  made->kernel_bytes = kernel_bytes;
  made->frames_of = frames_of;
  made->is_kernel =
      seep_trace_is_kernel_address(seep_trace_frame(frames, pointer_bytes, count - 1), kernel_bytes);
  if (!made->is_kernel) {
    while (seep_trace_is_kernel_address(seep_trace_frame(frames, pointer_bytes, skipped), kernel_bytes)) {
      skipped++;
    }
  }
  made->count = count - skipped;
  if (made->count > SEEP_TRACE_MAXIMUM_FRAMES) {
    made->count = SEEP_TRACE_MAXIMUM_FRAMES;
  }
  copy_frames(made, frames + skipped * pointer_bytes, pointer_bytes);
  made->hash = hash_frames(made, stacks->seed);
}

static bool is_same(const seep_node *node, const fragment *made)
{
  return node->kind == (made->is_kernel ? SEEP_NODE_KERNEL : SEEP_NODE_FRAMES) &&
         node->frames_of == made->frames_of && node->frame_count == made->count &&
         node->pointer_bytes == made->kernel_bytes &&
         memcmp(node->frames, made->frames, made->count * sizeof made->frames[0]) == 0;
}

static bool make_room_for_a_slot(seep_stacks *stacks)
{
  if (stacks->slots_used < stacks->slot_count / 2) {
    return true;
  }
  seep_node_slot *larger = NULL;
  size_t count = 0;
  size_t needed = stacks->slot_count == 0 ? LEAST_SLOTS : stacks->slot_count * 2;
  if (!seep_trace_budget_reserve(stacks->budget, (void **)&larger, &count, needed, sizeof *larger)) {
    return false;
  }
  memset(larger, 0, count * sizeof *larger);
  for (size_t i = 0; i < stacks->slot_count; i++) {
    size_t at = stacks->slots[i].hash & (count - 1);
    while (stacks->slots[i].node != 0 && larger[at].node != 0) {
      at = (at + 1) & (count - 1);
    }
    if (stacks->slots[i].node != 0) {
      larger[at] = stacks->slots[i];
    }
  }
  seep_trace_budget_release(stacks->budget, (void **)&stacks->slots, &stacks->slot_count,
                            sizeof *stacks->slots);
  stacks->slots = larger;
  stacks->slot_count = count;
  return true;
}

static uint32_t overflow(seep_stacks *stacks)
{
  stacks->overflowed++;
  return SEEP_NODE_OVERFLOW;
}

static uint32_t add_stack(seep_stacks *stacks, const fragment *made, seep_node_slot *slot)
{
  if (stacks->stack_count >= stacks->maximum) {
    return overflow(stacks);
  }
  uint64_t *frames = seep_arena_take(stacks->frames, made->count * sizeof *frames);
  if (frames == NULL) {
    return SEEP_NODE_NO_ROOM;
  }
  memcpy(frames, made->frames, made->count * sizeof *frames);
  const seep_node node = {.frames = frames,
                          .frames_of = made->frames_of,
                          .kind = made->is_kernel ? SEEP_NODE_KERNEL : SEEP_NODE_FRAMES,
                          .pointer_bytes = (uint8_t)made->kernel_bytes,
                          .frame_count = (uint8_t)made->count};
  if (!add_node(stacks, &node)) {
    return SEEP_NODE_NO_ROOM;
  }
  stacks->stack_count++;
  *slot = (seep_node_slot){.hash = made->hash, .node = (uint32_t)(stacks->node_count - 1)};
  stacks->slots_used++;
  return slot->node;
}

uint32_t seep_stacks_intern(seep_stacks *stacks, uint32_t frames_of, const uint8_t *frames,
                            size_t frame_count, unsigned pointer_bytes)
{
  fragment made;
  if (frame_count == 0) {
    return SEEP_NODE_NONE;
  }
  if (!make_room_for_a_slot(stacks)) {
    return SEEP_NODE_NO_ROOM;
  }
  make_fragment(&made, stacks, frames_of, frames, frame_count, pointer_bytes);
  size_t mask = stacks->slot_count - 1;
  size_t at = made.hash & mask;
  for (unsigned probes = 0; probes < MOST_PROBES; probes++) {
    seep_node_slot *slot = &stacks->slots[at];
    if (slot->node == 0) {
      return add_stack(stacks, &made, slot);
    }
    if (slot->hash == made.hash && is_same(&stacks->nodes[slot->node], &made)) {
      return slot->node;
    }
    at = (at + 1) & mask;
  }
  return overflow(stacks);
}

/* ---- keys ---- */

/* The slot of a key, or the empty one where it belongs. */
static seep_key_slot *key_slot(seep_key_slot *keys, size_t count, uint64_t seed, uint64_t key)
{
  size_t at = (size_t)seep_hash_mix(key, seed) & (count - 1);
  while (keys[at].is_used && keys[at].key != key) {
    at = (at + 1) & (count - 1);
  }
  return &keys[at];
}

static bool make_room_for_a_key(seep_stacks *stacks)
{
  if (stacks->keys_used < stacks->key_count / 2) {
    return true;
  }
  seep_key_slot *larger = NULL;
  size_t count = 0;
  size_t needed = stacks->key_count == 0 ? LEAST_SLOTS : stacks->key_count * 2;
  if (!seep_trace_budget_reserve(stacks->budget, (void **)&larger, &count, needed, sizeof *larger)) {
    return false;
  }
  memset(larger, 0, count * sizeof *larger);
  for (size_t i = 0; i < stacks->key_count; i++) {
    if (stacks->keys[i].is_used) {
      *key_slot(larger, count, stacks->seed, stacks->keys[i].key) = stacks->keys[i];
    }
  }
  seep_trace_budget_release(stacks->budget, (void **)&stacks->keys, &stacks->key_count, sizeof *stacks->keys);
  stacks->keys = larger;
  stacks->key_count = count;
  return true;
}

static bool is_same_reference(const seep_node *node, uint32_t frames_of, uint64_t key, unsigned half)
{
  return (node->kind == SEEP_NODE_FORWARD || node->kind == SEEP_NODE_RESOLVED) && node->key == key &&
         node->frames_of == frames_of && node->half == half;
}

static uint32_t add_forward(seep_stacks *stacks, seep_node_slot *slot, const seep_node *forward,
                            uint32_t hash)
{
  seep_key_slot *waiting = key_slot(stacks->keys, stacks->key_count, stacks->seed, forward->key);
  seep_node node = *forward;
  node.target = waiting->first;
  if (!add_node(stacks, &node)) {
    return SEEP_NODE_NO_ROOM;
  }
  stacks->keys_used += waiting->is_used ? 0 : 1;
  *waiting =
      (seep_key_slot){.key = forward->key, .first = (uint32_t)(stacks->node_count - 1), .is_used = true};
  stacks->slots_used += slot->node == 0 ? 1 : 0;
  *slot = (seep_node_slot){.hash = hash, .node = waiting->first};
  return waiting->first;
}

uint32_t seep_stacks_refer(seep_stacks *stacks, uint32_t frames_of, uint64_t key, unsigned half)
{
  if (!make_room_for_a_slot(stacks) || !make_room_for_a_key(stacks)) {
    return SEEP_NODE_NO_ROOM;
  }
  const seep_node forward = {
      .key = key, .frames_of = frames_of, .kind = SEEP_NODE_FORWARD, .half = (uint8_t)half};
  uint64_t place = (uint64_t)frames_of << 1 | half;
  uint32_t hash = (uint32_t)(seep_hash_mix(key, seep_hash_mix(place, stacks->seed)) >> 16);
  size_t mask = stacks->slot_count - 1;
  size_t at = hash & mask;
  for (unsigned probes = 0; probes < MOST_PROBES; probes++) {
    seep_node_slot *slot = &stacks->slots[at];
    const seep_node *node = &stacks->nodes[slot->node];
    bool is_mine = slot->hash == hash && is_same_reference(node, frames_of, key, half);
    if (is_mine && node->kind == SEEP_NODE_FORWARD) {
      return slot->node;
    }
    if (is_mine || slot->node == 0) {
      return add_forward(stacks, slot, &forward, hash);
    }
    at = (at + 1) & mask;
  }
  return overflow(stacks);
}

bool seep_stacks_define(seep_stacks *stacks, seep_figures *figures, uint64_t key, const uint8_t *frames,
                        size_t frame_count, unsigned pointer_bytes)
{
  if (stacks->key_count == 0) {
    return true;
  }
  seep_key_slot *waiting = key_slot(stacks->keys, stacks->key_count, stacks->seed, key);
  while (waiting->first != 0) {
    uint32_t index = waiting->first;
    uint32_t target =
        seep_stacks_intern(stacks, stacks->nodes[index].frames_of, frames, frame_count, pointer_bytes);
    if (target == SEEP_NODE_NO_ROOM) {
      return false;
    }
    /* A definition without frames is a stack that is lost. */
    target = target == SEEP_NODE_NONE ? SEEP_NODE_LOST : target;
    seep_node *node = &stacks->nodes[index];
    waiting->first = node->target;
    node->kind = SEEP_NODE_RESOLVED;
    node->target = target;
    seep_figures_move(figures, &node->first_use, &stacks->nodes[target].first_use, target);
  }
  return true;
}

uint32_t seep_stacks_target(const seep_stacks *stacks, uint32_t node)
{
  return stacks->nodes[node].kind == SEEP_NODE_RESOLVED ? stacks->nodes[node].target : node;
}

uint64_t seep_stacks_finish(seep_stacks *stacks, seep_figures *figures)
{
  uint64_t undefined = 0;
  for (size_t i = 0; i < stacks->key_count; i++) {
    undefined += stacks->keys[i].first != 0 ? 1 : 0;
    while (stacks->keys[i].first != 0) {
      seep_node *node = &stacks->nodes[stacks->keys[i].first];
      stacks->keys[i].first = node->target;
      node->kind = SEEP_NODE_RESOLVED;
      node->target = SEEP_NODE_LOST;
      seep_figures_move(figures, &node->first_use, &stacks->nodes[SEEP_NODE_LOST].first_use, SEEP_NODE_LOST);
    }
  }
  give_tables(stacks);
  return undefined;
}
