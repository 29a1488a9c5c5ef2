#include "fake_memory.h"

#include <string.h>

#define FIRST_BASE UINT64_C(0x100000000) /* above everything that the image's process has */
#define PIECE_BYTES UINT64_C(0x100000)
#define PIECE_STEP UINT64_C(0x400000)

void fake_memory_init(fake_memory *memory, fake_world *world, const fake_process *process)
{
  memset(memory, 0, sizeof *memory);
  uv_mutex_init(&memory->lock);
  uv_cond_init(&memory->changed);
  memory->world = world;
  memory->key = (seep_process_key){process->pid, process->created};
  memory->open_status = SEEP_OS;
  memory->next_base = FIRST_BASE;
  memory->taken_bytes = process->commit_bytes;
  image_init(&memory->image, 8);
  image_process_nt(&memory->image, &memory->process, IMAGE_NT_WINDOWS_8, 8);
  memory->image.target.modules_known = true;
}

void fake_memory_fini(fake_memory *memory)
{
  image_fini(&memory->image);
  uv_cond_destroy(&memory->changed);
  uv_mutex_destroy(&memory->lock);
}

/* What the process commits now; 0: it has ended. */
static uint64_t commit_of(fake_memory *memory)
{
  uint64_t bytes = 0;
  uv_mutex_lock(&memory->world->lock);
  for (size_t i = 0; i < memory->world->process_count; i++) {
    const fake_process *process = &memory->world->processes[i];
    if (process->pid == memory->key.pid && process->created == memory->key.created) {
      bytes = process->commit_bytes;
    }
  }
  uv_mutex_unlock(&memory->world->lock);
  return bytes;
}

static void grow(fake_memory *memory, uint64_t commit_bytes)
{
  while (memory->taken_bytes + PIECE_BYTES <= commit_bytes) {
    if (memory->grows_heap) {
      image_nt_heap_large(&memory->image, &memory->process.nt[0], memory->next_base, 1, PIECE_BYTES);
    } else {
      image_allocation(&memory->image, memory->next_base, 0, PIECE_BYTES, 0);
    }
    memory->next_base += PIECE_STEP;
    memory->taken_bytes += PIECE_BYTES;
  }
  memory->image.target.commit_bytes = memory->taken_bytes;
}

static seep_status open_process(void *context, seep_process_key key, int64_t maximum_ms, seep_target *target,
                                seep_error *error)
{
  fake_memory *memory = context;
  seep_status status = SEEP_OK;
  uint64_t commit_bytes = commit_of(memory);
  uv_mutex_lock(&memory->lock);
  memory->maximum_ms = maximum_ms;
  if (fake_fault_fires(&memory->open_fault)) {
    status = seep_error_set(error, memory->open_status, SEEP_DOMAIN_WIN32, 5, "OpenProcess", "");
  } else if (key.pid != memory->key.pid || key.created != memory->key.created || commit_bytes == 0) {
    status = SEEP_GONE;
  }
  if (status == SEEP_OK) {
    grow(memory, commit_bytes);
    memory->image.reads = memory->image.region_calls = 0;
    memory->image.fail_read = memory->fail_read;
    memory->image.fail_region = memory->fail_region;
    memory->image.fail_status = memory->fail_status;
    memory->image.fail_stays = memory->fail_stays;
    *target = memory->image.target;
    memory->overlaps += memory->inside;
    memory->inside = true;
    memory->opened++;
    uv_cond_broadcast(&memory->changed);
    while (memory->gate_closed) {
      uv_cond_wait(&memory->changed, &memory->lock);
    }
  }
  uv_mutex_unlock(&memory->lock);
  return status;
}

static void close_process(void *context, seep_target *target)
{
  fake_memory *memory = context;
  (void)target;
  uv_mutex_lock(&memory->lock);
  memory->inside = false;
  memory->closed++;
  uv_mutex_unlock(&memory->lock);
}

seep_process_memory fake_memory_port(fake_memory *memory)
{
  seep_process_memory port = {memory, open_process, close_process};
  return port;
}

void fake_memory_gate(fake_memory *memory, bool closed)
{
  uv_mutex_lock(&memory->lock);
  memory->gate_closed = closed;
  uv_cond_broadcast(&memory->changed);
  uv_mutex_unlock(&memory->lock);
}

bool fake_memory_wait_opened(fake_memory *memory, unsigned looks, unsigned timeout_ms)
{
  uint64_t end = uv_hrtime() + (uint64_t)timeout_ms * 1000000u;
  uv_mutex_lock(&memory->lock);
  while (memory->opened < looks && uv_hrtime() < end) {
    uv_cond_timedwait(&memory->changed, &memory->lock, 5u * 1000000u);
  }
  bool there = memory->opened >= looks;
  uv_mutex_unlock(&memory->lock);
  return there;
}
