#include "memory_rig.h"

int memory_rig_set_up(void **state)
{
  engine_rig *r;
  if (engine_rig_set_up(state) != 0) {
    return -1;
  }
  r = *state;
  r->settings.memory_enabled = true;
  r->settings.memory_interval_ms = 1000 * INTERVAL;
  r->settings.memory_minimum_growth_bytes = 16 * MB;
  engine_rig_restart(r);
  return 0;
}

fake_process *memory_rig_leak(engine_rig *r, uint32_t pid, const char *name)
{
  return fake_world_add(&r->world, pid, name, 100 * MB, 2 * (int64_t)MB);
}

seep_process_key memory_rig_key(const fake_process *process)
{
  seep_process_key key = {process->pid, process->created};
  return key;
}

static void put_tag(seep_inventory *inventory, seep_tag tag, uint64_t bytes)
{
  seep_usage_sum *sum = &inventory->usage.tags[tag];
  sum->allocations = sum->regions = 1;
  sum->total_bytes = sum->committed_bytes = sum->private_bytes = bytes;
  inventory->commit_bytes += bytes;
}

seep_inventory memory_rig_inventory(uint64_t heap_bytes, uint64_t private_bytes)
{
  seep_inventory inventory = {.regions_known = true,
                              .heaps_known = true,
                              .pointer_bytes = 8,
                              .modules_known = true,
                              .heaps = 1,
                              .threads = 1};
  put_tag(&inventory, SEEP_TAG_HEAP, heap_bytes);
  put_tag(&inventory, SEEP_TAG_UNKNOWN, private_bytes);
  return inventory;
}

void memory_rig_answer(engine_rig *r, const seep_inventory *inventory)
{
  seep_engine_inventory(r->engine, engine_rig_now(r), r->inventory_of, SEEP_OK, inventory);
}

void memory_rig_answer_heap(engine_rig *r, uint64_t heap_bytes)
{
  seep_inventory inventory = memory_rig_inventory(heap_bytes, 50 * MB);
  memory_rig_answer(r, &inventory);
}

void memory_rig_refuse(engine_rig *r, seep_status status)
{
  seep_engine_inventory(r->engine, engine_rig_now(r), r->inventory_of, status, NULL);
}

static seep_inventory grown_inventory(uint64_t grown, memory_rig_grown how)
{
  switch (how) {
  case HEAP_GROWS:
    return memory_rig_inventory(50 * MB + grown, 50 * MB);
  case PRIVATE_GROWS:
    return memory_rig_inventory(50 * MB, 50 * MB + grown);
  case BOTH_GROW:
  case HEAPS_UNKNOWN:
  case REGIONS_CUT:
  default:
    return memory_rig_inventory(50 * MB + grown / 2, 50 * MB + grown / 2);
  }
}

void memory_rig_poll(engine_rig *r, unsigned polls, const fake_process *process, memory_rig_grown how)
{
  for (unsigned i = 0; i < polls; i++) {
    size_t before = r->inventories;
    engine_rig_poll(r, 1);
    if (r->inventories == before) {
      continue;
    }
    seep_inventory inventory = grown_inventory(process->commit_bytes - 100 * MB, how);
    inventory.regions_cut = how == REGIONS_CUT;
    if (how == HEAPS_UNKNOWN) {
      inventory.heaps_known = false;
      inventory.problem = "a test";
    }
    memory_rig_answer(r, &inventory);
  }
}
