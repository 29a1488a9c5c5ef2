#include "fakes.h"

#include <string.h>

#include "base/text.h"

bool fake_fault_fires(fake_fault *fault)
{
  fault->calls++;
  bool fires = fault->fail_at != 0 &&
               (fault->persistent ? fault->calls >= fault->fail_at : fault->calls == fault->fail_at);
  fault->fired += fires;
  return fires;
}

/* ---- processes ---- */

void fake_world_init(fake_world *world)
{
  memset(world, 0, sizeof *world);
  uv_mutex_init(&world->lock);
  world->mono_ms = 1000000;
  world->wall_ms = INT64_C(1795344000000);
  world->step_ms = 1000;
  world->memory = (seep_system_memory){.commit_total_bytes = UINT64_C(8) << 30,
                                       .commit_limit_bytes = UINT64_C(32) << 30,
                                       .physical_total_bytes = UINT64_C(16) << 30,
                                       .physical_available_bytes = UINT64_C(9) << 30,
                                       .paged_pool_bytes = 300u << 20,
                                       .nonpaged_pool_bytes = 200u << 20};
}

void fake_world_fini(fake_world *world)
{
  uv_mutex_destroy(&world->lock);
}

fake_process *fake_world_add(fake_world *world, uint32_t pid, const char *name, uint64_t commit_bytes,
                             int64_t growth_per_second)
{
  uv_mutex_lock(&world->lock);
  fake_process *process = &world->processes[world->process_count++];
  *process = (fake_process){pid, UINT64_C(133600000000000000) + pid, name, commit_bytes, growth_per_second};
  uv_mutex_unlock(&world->lock);
  return process;
}

void fake_world_remove(fake_world *world, uint32_t pid)
{
  uv_mutex_lock(&world->lock);
  for (size_t i = 0; i < world->process_count; i++) {
    if (world->processes[i].pid == pid) {
      world->processes[i] = world->processes[--world->process_count];
      break;
    }
  }
  uv_mutex_unlock(&world->lock);
}

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) {
    at[i] = (uint8_t)(value >> (8 * i));
  }
}

/* Record 0x100, name, padding to 8: one process in the layout of observe/snapshot.h. */
static size_t put_process(const fake_process *process, uint8_t *at, uint64_t address, bool last)
{
  size_t units = strlen(process->name);
  size_t size = (0x100 + 2 * units + 15) & ~(size_t)7;
  memset(at, 0, size);
  for (size_t i = 0; i < units; i++) {
    put(at + 0x100 + 2 * i, (uint8_t)process->name[i], 2);
  }
  put(at + 0x00, last ? 0 : size, 4);
  put(at + 0x20, process->created, 8);
  put(at + 0x38, 2 * units, 2);
  put(at + 0x3A, 2 * units, 2);
  put(at + 0x40, address + 0x100, 8);
  put(at + 0x50, process->pid, 8);
  put(at + 0x60, 100, 4);
  put(at + 0xB8, process->commit_bytes, 8);
  return size;
}

void fake_world_bytes(fake_world *world, seep_process_bytes *out)
{
  static const uint64_t address = UINT64_C(0x20000000);
  size_t used = 0;
  for (size_t i = 0; i < world->process_count; i++) {
    used += put_process(&world->processes[i], world->buffer + used, address + used,
                        i + 1 == world->process_count);
  }
  out->data = world->buffer;
  out->size = world->cut ? used - 0x80 : used;
  out->base_address = address;
  out->memory = world->memory;
}

void fake_world_advance(fake_world *world, int64_t ms)
{
  world->mono_ms += ms;
  world->wall_ms += ms;
  for (size_t i = 0; i < world->process_count; i++) {
    world->processes[i].commit_bytes += (uint64_t)(world->processes[i].growth_per_second * ms / 1000);
  }
}

static seep_status fetch(void *context, seep_process_bytes *out, seep_error *error)
{
  fake_world *world = context;
  seep_status status = SEEP_OK;
  if (world->hangs != NULL) {
    uv_sem_post(&world->hangs[0]);
    uv_sem_wait(&world->hangs[1]);
  }
  uv_mutex_lock(&world->lock);
  fake_world_advance(world, world->step_ms);
  if (fake_fault_fires(&world->fetch_fault)) {
    status = seep_error_set(error, SEEP_OS, SEEP_DOMAIN_NT, 0xC000009A, "NtQuerySystemInformation", "");
  } else {
    fake_world_bytes(world, out);
  }
  uv_mutex_unlock(&world->lock);
  return status;
}

seep_process_source fake_world_source(fake_world *world)
{
  seep_process_source source = {world, fetch};
  return source;
}

static seep_mono world_mono(void *context)
{
  fake_world *world = context;
  uv_mutex_lock(&world->lock);
  seep_mono mono = {world->mono_ms};
  uv_mutex_unlock(&world->lock);
  return mono;
}

static seep_wall world_wall(void *context)
{
  fake_world *world = context;
  uv_mutex_lock(&world->lock);
  seep_wall wall = {world->wall_ms};
  uv_mutex_unlock(&world->lock);
  return wall;
}

seep_clock fake_world_clock(fake_world *world)
{
  seep_clock clock = {world, world_mono, world_wall};
  return clock;
}

/* ---- alerts ---- */

void fake_sink_init(fake_sink *sink)
{
  memset(sink, 0, sizeof *sink);
  uv_mutex_init(&sink->lock);
  uv_cond_init(&sink->changed);
}

void fake_sink_fini(fake_sink *sink)
{
  uv_cond_destroy(&sink->changed);
  uv_mutex_destroy(&sink->lock);
}

void fake_sink_keep(fake_sink *sink, uint32_t id, int level, const char *const *inserts, size_t insert_count)
{
  uv_mutex_lock(&sink->lock);
  if (sink->count < FAKE_ALERTS) {
    seep_alert *alert = &sink->alerts[sink->count++];
    alert->id = id;
    alert->level = (seep_alert_level)level;
    alert->insert_count = insert_count;
    for (size_t i = 0; i < insert_count; i++) {
      seep_text_copy(alert->inserts[i], sizeof alert->inserts[i], inserts[i]);
    }
  }
  uv_cond_broadcast(&sink->changed);
  uv_mutex_unlock(&sink->lock);
}

static seep_status sink_write(void *context, uint32_t id, int level, const char *const *inserts,
                              size_t insert_count, seep_error *error)
{
  fake_sink *sink = context;
  if (fake_fault_fires(&sink->fault)) {
    return seep_error_set(error, SEEP_OS, SEEP_DOMAIN_WIN32, 1717, "ReportEvent", "");
  }
  fake_sink_keep(sink, id, level, inserts, insert_count);
  return SEEP_OK;
}

seep_alert_sink fake_sink_port(fake_sink *sink)
{
  seep_alert_sink port = {sink, sink_write};
  return port;
}

static const seep_alert *nth(fake_sink *sink, uint32_t id, size_t n)
{
  for (size_t i = 0; i < sink->count; i++) {
    if (sink->alerts[i].id == id && --n == 0) {
      return &sink->alerts[i];
    }
  }
  return NULL;
}

size_t fake_sink_count_of(fake_sink *sink, uint32_t id)
{
  size_t count = 0;
  uv_mutex_lock(&sink->lock);
  for (size_t i = 0; i < sink->count; i++) {
    count += sink->alerts[i].id == id;
  }
  uv_mutex_unlock(&sink->lock);
  return count;
}

const seep_alert *fake_sink_wait(fake_sink *sink, uint32_t id, size_t n, unsigned timeout_ms)
{
  uint64_t now = uv_hrtime();
  const uint64_t end = now + (uint64_t)timeout_ms * 1000000u;
  const seep_alert *found;
  uv_mutex_lock(&sink->lock);
  while ((found = nth(sink, id, n)) == NULL && now < end) {
    uv_cond_timedwait(&sink->changed, &sink->lock, end - now);
    now = uv_hrtime();
  }
  uv_mutex_unlock(&sink->lock);
  return found;
}

/* ---- event feed ---- */

static seep_status feed_start(void *context, const seep_event_feed_sink *sink, const char *bookmark,
                              seep_error *error)
{
  fake_feed *feed = context;
  if (fake_fault_fires(&feed->start_fault)) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_WIN32, 8, "CreateThread", "");
  }
  feed->sink = sink;
  feed->running = true;
  feed->asked = false;
  seep_text_copy(feed->bookmark, sizeof feed->bookmark, bookmark != NULL ? bookmark : "");
  return SEEP_OK;
}

static void feed_begin_stop(void *context)
{
  fake_feed *feed = context;
  feed->asked = true;
}

static void feed_stop(void *context)
{
  fake_feed *feed = context;
  feed->running = feed->running && !feed->asked;
}

seep_event_feed fake_feed_port(fake_feed *feed)
{
  seep_event_feed port = {feed, feed_start, feed_begin_stop, feed_stop};
  return port;
}
