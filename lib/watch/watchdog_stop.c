/*
 * How the watchdog ends: what runs is called off, a trace that is being saved gets patience, what is not over
 * by then is left to the journal. Also the watchdog that only takes back what earlier lives have left.
 */
#include "watch/watchdog_internal.h"

#include "watch/files.h"

/* The service must be stopped within 5 s: what a cancel has not achieved by then is left to the journal. A
 * recording that is being saved has the configuration's patience. */
#define STOP_PATIENCE_MS 3500
/* An uninstall waits for this; what is not undone by then stays and is said. */
#define UNDO_PATIENCE_MS 120000
#define STOPPING_TICK_MS 100
/* Longer than any look may take. A worker that is out then hangs in Windows, where nobody can reach it. */
#define WORKERS_PATIENCE_MS 4000

static void nobody_waits(void *context, const seep_tracer_result *result)
{
  (void)context;
  (void)result;
}

/* Patience is over. A -stop is left to finish its work; a -start is ended, for what it begins nobody would
 * end, and what it has begun is cancelled without waiting. The journal entry stays: the next start makes
 * sure. */
static void leave_recorder(seep_watchdog *watchdog)
{
  const seep_recorder *recorder = seep_engine_recorder_of(watchdog->engine);
  bool idle = seep_engine_recorder_is_idle(watchdog->engine);
  bool starting = !idle && recorder->verb == SEEP_WPR_START;
  watchdog->tracer.detach(watchdog->tracer.context, starting);
  /* Where all recordings share one name, only a raw file of ours shows that there is something to cancel. */
  bool ours =
      recorder->traits.instances || seep_files_raw_bytes(watchdog->temporary_folder, recorder->instance) > 0;
  if (starting && ours) {
    seep_wpr_command cancel;
    if (seep_wpr_plain(&cancel, &recorder->traits, SEEP_WPR_CANCEL, 0, recorder->instance)) {
      (void)seep_watchdog__run_wpr(watchdog, &cancel, STOP_PATIENCE_MS, false, nobody_waits);
      watchdog->tracer.detach(watchdog->tracer.context, false);
    }
  }
}

/* The loop ends with its workers: until then who waits for the end is told that it is coming. */
static void await_workers(seep_watchdog *watchdog)
{
  uint64_t waited_ms = uv_now(&watchdog->loop) - watchdog->finished_ms;
  if (!watchdog->poll_in_flight && !watchdog->inventory_in_flight && !watchdog->keep_in_flight &&
      !watchdog->publication.in_flight) {
    uv_close((uv_handle_t *)&watchdog->second_timer, NULL);
  } else if (waited_ms >= WORKERS_PATIENCE_MS) {
    watchdog->abandoned = true;
    uv_stop(&watchdog->loop);
  } else if (watchdog->options.stopping != NULL) {
    watchdog->options.stopping(watchdog->options.running_context);
  }
}

static void finish(seep_watchdog *watchdog)
{
  if (watchdog->finished) {
    return;
  }
  watchdog->finished = true;
  watchdog->finished_ms = uv_now(&watchdog->loop);
  watchdog->keep_stop = 1;
  leave_recorder(watchdog);
  seep_watchdog__stop_feeds(watchdog);
  seep_engine_stopped(watchdog->engine, seep_watchdog__now(watchdog), "the service was told to stop");
  seep_watchdog__publish_last(watchdog);
  /* Everything is told. A look that is still out takes up to seconds, and who stops us may not wait. */
  seep_store_close(watchdog->store);
  watchdog->store = NULL;
  uv_mutex_lock(&watchdog->post_lock);
  watchdog->accepting = false;
  uv_mutex_unlock(&watchdog->post_lock);
  uv_close((uv_handle_t *)&watchdog->poll_timer, NULL);
  uv_close((uv_handle_t *)&watchdog->wake, NULL);
  await_workers(watchdog);
}

void seep_watchdog__begin_stop(seep_watchdog *watchdog)
{
  if (watchdog->stopping) {
    return;
  }
  watchdog->stopping = true;
  watchdog->stop_began_ms = uv_now(&watchdog->loop);
  seep_watchdog__end_analysis(watchdog);
  uv_timer_stop(&watchdog->poll_timer);
  uv_timer_set_repeat(&watchdog->second_timer, STOPPING_TICK_MS);
  uv_timer_again(&watchdog->second_timer);
  seep_engine_stop(watchdog->engine, seep_watchdog__now(watchdog));
  seep_watchdog__settle(watchdog);
}

/* Idle, or out of patience. Who waits for the end is told that it is still being worked on. */
static bool may_finish(seep_watchdog *watchdog)
{
  uint64_t waited_ms = uv_now(&watchdog->loop) - watchdog->stop_began_ms;
  uint64_t patience_ms = STOP_PATIENCE_MS;
  if (seep_recorder_is_saving(seep_engine_recorder_of(watchdog->engine))) {
    uint64_t configured_ms =
        (uint64_t)seep_engine_settings_in_force(watchdog->engine)->capture_stop_patience_ms;
    patience_ms = configured_ms > patience_ms ? configured_ms : patience_ms;
  }
  if (seep_engine_recorder_is_idle(watchdog->engine) || waited_ms >= patience_ms) {
    return true;
  }
  if (watchdog->options.stopping != NULL) {
    watchdog->options.stopping(watchdog->options.running_context);
  }
  return false;
}

/* Of what earlier lives have left nothing waits any more, or it had its time. Without the journal nobody
 * knows. */
static bool is_undone(seep_watchdog *watchdog)
{
  if (watchdog->folder_unusable) {
    return true; /* whoever planted it is not asked what to undo */
  }
  if (!watchdog->journal_known) {
    seep_watchdog__open_store(watchdog);
    seep_watchdog__settle(watchdog);
  }
  if (watchdog->journal_known) { /* flags need no recorder */
    seep_engine_take_back_flags(watchdog->engine, seep_watchdog__now(watchdog));
  }
  bool recordings_left = !watchdog->looked || watchdog->recovery_next < watchdog->recovery_count ||
                         !seep_engine_recorder_is_idle(watchdog->engine) || watchdog->pending_count > 0;
  watchdog->undone =
      watchdog->journal_known && !recordings_left && seep_engine_flags_left(watchdog->engine) == 0;
  return watchdog->undone || uv_now(&watchdog->loop) - watchdog->began_ms >= UNDO_PATIENCE_MS;
}

void seep_watchdog__tend_stop(seep_watchdog *watchdog)
{
  if (watchdog->options.undo_only && !watchdog->stopping && is_undone(watchdog)) {
    seep_watchdog__unpublish(watchdog, seep_engine_settings_in_force(watchdog->engine)->metrics_textfile);
    seep_watchdog__begin_stop(watchdog);
  }
  if (watchdog->finished) {
    await_workers(watchdog);
  } else if (watchdog->stopping && may_finish(watchdog)) {
    finish(watchdog);
  }
}
