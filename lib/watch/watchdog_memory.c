/* Looks into one process at a time, on a worker of libuv's, for as long as the settings allow. What came of
 * it is the engine's; nothing is decided here. */
#include "watch/watchdog_internal.h"

/* A bound on our own memory, not on time: with what they need so many take 22 MB while a look lasts, and 29
 * MB while their list doubles for the last time and is copied. */
#define MAXIMUM_REGIONS 200000u

static void inventory_worker(uv_work_t *work)
{
  seep_watchdog *watchdog = work->data;
  const seep_process_memory *memory = &watchdog->options.process_memory;
  seep_target target = {0};
  watchdog->inventory_status =
      memory->open(memory->context, watchdog->inventory_of, watchdog->inventory_maximum_ms, &target, NULL);
  if (watchdog->inventory_status == SEEP_OK) {
    watchdog->inventory_status =
        seep_inventory_take(&target, &watchdog->inventory_limits, &watchdog->inventory, NULL, NULL);
    memory->close(memory->context, &target);
  }
}

static void tell_inventory(seep_watchdog *watchdog, seep_status status)
{
  seep_engine_inventory(watchdog->engine, seep_watchdog__now(watchdog), watchdog->inventory_of, status,
                        status == SEEP_OK ? &watchdog->inventory : NULL);
}

static void inventory_finished(uv_work_t *work, int status)
{
  seep_watchdog *watchdog = work->data;
  watchdog->inventory_in_flight = false;
  if (!watchdog->stopping) {
    tell_inventory(watchdog, status == 0 ? watchdog->inventory_status : SEEP_CANCELLED);
    seep_watchdog__settle(watchdog);
  }
}

void seep_watchdog__begin_inventory(seep_watchdog *watchdog)
{
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  if (!watchdog->inventory_wanted || watchdog->inventory_in_flight || watchdog->stopping) {
    return;
  }
  watchdog->inventory_wanted = false;
  watchdog->inventory_limits = (seep_inventory_limits){.maximum_reads = settings->memory_maximum_reads,
                                                       .maximum_regions = MAXIMUM_REGIONS};
  watchdog->inventory_maximum_ms = settings->memory_maximum_ms;
  watchdog->inventory_work.data = watchdog;
  watchdog->inventory_in_flight =
      uv_queue_work(&watchdog->loop, &watchdog->inventory_work, inventory_worker, inventory_finished) == 0;
  if (!watchdog->inventory_in_flight) {
    tell_inventory(watchdog, SEEP_OS);
  }
}
