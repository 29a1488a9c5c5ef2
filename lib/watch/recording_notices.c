#include "watch/recording_notices.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory/kind.h"
#include "report/human.h"

static void add_target(seep_alert *alert, const seep_recorder_target *target)
{
  seep_alert_add_text(alert, target->image);
  seep_alert_add_u64(alert, target->key.pid);
}

static void add_target_kind(seep_alert *alert, const seep_recorder_target *target)
{
  char text[SEEP_HUMAN_SURE_SIZE];
  seep_alert_add_text(alert, seep_human_sure(seep_memory_kind_text(target->memory_kind),
                                             target->memory_confidence, text, sizeof text));
}

static const char *recording_text(const seep_recorder_action *action)
{
  switch (action->recording) {
  case SEEP_PROFILE_HEAP:
    return "the heap calls of this process, and VirtualAllocation";
  case SEEP_PROFILE_HEAP_BY_FLAG:
    return "the heap calls of this program since its restart, by its tracing flag, and VirtualAllocation";
  case SEEP_PROFILE_SNAPSHOT:
    return "snapshots of the heap blocks that this process has not given back";
  case SEEP_PROFILE_VIRTUALALLOC:
  default:
    return action->stepped_down
               ? "VirtualAllocation, for the recorder of this server refused to record the heap"
               : "VirtualAllocation";
  }
}

static void add_events(seep_alert *alert, const seep_recorder_kept *kept)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  if (!kept->readable) {
    seep_alert_add_text(alert, "not known");
    seep_alert_add_text(alert, "not known");
    return;
  }
  snprintf(text, sizeof text,
           "%" PRIu64 ", %" PRIu64 " of them about memory of the process, %" PRIu64 " about its heap",
           kept->events, kept->target_events, kept->target_heap_events);
  seep_alert_add_text(alert, text);
  if (kept->events_lost == 0 && kept->buffers_lost == 0) {
    seep_alert_add_text(alert, "nothing");
  } else {
    snprintf(text, sizeof text, "%" PRIu64 " events, %" PRIu64 " buffers: a lost free looks like a leak",
             kept->events_lost, kept->buffers_lost);
    seep_alert_add_text(alert, text);
  }
}

static void write_saved(seep_alert *alert, const seep_recorder_action *action)
{
  seep_alert_init(alert, SEEP_ALERT_RECORDING_SAVED);
  add_target(alert, &action->target);
  seep_alert_add_text(alert, action->kept.path);
  seep_alert_add_bytes(alert, action->kept.bytes);
  if (action->duration_ms > 0) {
    seep_alert_add_duration(alert, action->duration_ms);
  } else {
    seep_alert_add_text(alert, NULL);
  }
  seep_alert_add_text(alert, recording_text(action));
  seep_alert_add_text(alert, action->ending);
  add_events(alert, &action->kept);
  seep_alert_add_text(alert, strcmp(action->reason, SEEP_RECORDER_SAVED_WELL) != 0 ? action->reason : NULL);
}

static void write_failed(seep_alert *alert, const seep_recorder_action *action)
{
  seep_alert_init(alert, SEEP_ALERT_RECORDING_FAILED);
  add_target(alert, &action->target);
  seep_alert_add_text(alert, seep_wpr_verb_text(action->verb));
  if (action->exit_code != 0) {
    seep_alert_add_code(alert, action->exit_code);
    seep_alert_add_text(alert, seep_wpr_meaning(action->exit_code));
  } else {
    seep_alert_add_text(alert, NULL);
    seep_alert_add_text(alert, NULL);
  }
  seep_alert_add_text(alert, action->reason);
  seep_alert_add_text(alert, action->kept.path);
}

static void write_started(seep_alert *alert, const seep_recorder_action *action,
                          const seep_settings *settings)
{
  seep_alert_init(alert, SEEP_ALERT_RECORDING_STARTED);
  add_target(alert, &action->target);
  seep_alert_add_text(alert, recording_text(action));
  seep_alert_add_text(alert, action->instance);
  seep_alert_add_u64(alert, (uint64_t)(settings->capture_maximum_ms / SEEP_MS_PER_SECOND));
  seep_alert_add_bytes(alert, settings->capture_maximum_bytes);
  add_target_kind(alert, &action->target);
}

void seep_recording_notices_outcome(seep_alert *alert, const seep_recorder_action *action,
                                    const seep_settings *settings, seep_wall since)
{
  switch (action->outcome) {
  case SEEP_RECORDER_STARTED:
    write_started(alert, action, settings);
    break;
  case SEEP_RECORDER_SAVED:
    write_saved(alert, action);
    break;
  case SEEP_RECORDER_FAILED:
    write_failed(alert, action);
    break;
  case SEEP_RECORDER_UNDONE:
    seep_alert_init(alert, SEEP_ALERT_LEFTOVER_UNDONE);
    seep_alert_add_text(alert, "recording");
    seep_alert_add_text(alert, action->instance);
    seep_alert_add_wall(alert, since);
    seep_alert_add_text(alert, action->reason);
    break;
  case SEEP_RECORDER_REFUSED:
  case SEEP_RECORDER_ABANDONED:
  default:
    seep_alert_init(alert, SEEP_ALERT_RECORDING_REFUSED);
    add_target(alert, &action->target);
    seep_alert_add_text(alert, action->reason);
    seep_alert_add_text(alert, action->exit_code != 0 ? seep_wpr_meaning(action->exit_code) : NULL);
    break;
  }
}

void seep_recording_notices_refused(seep_alert *alert, const char *image, seep_process_key key,
                                    const char *reason)
{
  seep_alert_init(alert, SEEP_ALERT_RECORDING_REFUSED);
  seep_alert_add_text(alert, image);
  seep_alert_add_u64(alert, key.pid);
  seep_alert_add_text(alert, reason);
}

/* ---- tracing flags ---- */

static void add_key(seep_alert *alert, const char *image)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  snprintf(text, sizeof text,
           "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options\\%.255s",
           image);
  seep_alert_add_text(alert, text);
}

void seep_recording_notices_flag_set(seep_alert *alert, const seep_promise_flag *promise,
                                     const char *services)
{
  char text[SEEP_ALERT_INSERT_SIZE];
  seep_alert_init(alert, SEEP_ALERT_FLAG_SET);
  seep_alert_add_text(alert, promise->image);
  seep_alert_add_u64(alert, promise->key.pid);
  if (services[0] != '\0') {
    snprintf(text, sizeof text, "restart the service %.191s", services);
  } else {
    snprintf(text, sizeof text, "end %.255s (process %" PRIu32 ") and start it again", promise->image,
             promise->key.pid);
  }
  seep_alert_add_text(alert, text);
  seep_alert_add_wall(alert, promise->expires);
  add_key(alert, promise->image);
}

void seep_recording_notices_flag_taken_back(seep_alert *alert, const char *image, const char *reason,
                                            const char *result)
{
  seep_alert_init(alert, SEEP_ALERT_FLAG_TAKEN_BACK);
  seep_alert_add_text(alert, image);
  add_key(alert, image);
  seep_alert_add_text(alert, reason);
  seep_alert_add_text(alert, result);
}

/* ---- what a recording shows ---- */

static void write_culprit(seep_alert *alert, const seep_store_capture *capture,
                          const seep_store_answer *answer, const char *kind, double confidence)
{
  char text[SEEP_HUMAN_SURE_SIZE], share[32], remark[sizeof answer->told.doubts + 16];
  bool weak = strcmp(answer->told.certainty, "weak") == 0;
  snprintf(share, sizeof share, "%.0f percent", 100.0 * answer->told.share);
  seep_alert_init(alert, SEEP_ALERT_CULPRIT);
  seep_alert_add_text(alert, capture->image);
  seep_alert_add_u64(alert, capture->key.pid);
  seep_alert_add_filetime(alert, capture->key.created);
  seep_alert_add_text(alert, answer->told.culprit);
  seep_alert_add_text(alert, answer->told.place);
  seep_alert_add_text(alert, answer->told.company);
  seep_alert_add_text(alert, answer->told.version);
  seep_alert_add_bytes(alert, answer->told.bytes);
  seep_alert_add_text(alert, share);
  seep_alert_add_u64(alert, answer->told.allocations);
  seep_alert_add_text(alert, answer->told.signature);
  seep_alert_add_text(alert, kind != NULL ? seep_human_sure(kind, confidence, text, sizeof text) : NULL);
  seep_alert_add_text(alert, capture->path);
  snprintf(remark, sizeof remark, "%s%s", weak ? "uncertain: " : "", answer->told.doubts);
  seep_alert_add_text(alert, remark);
}

void seep_recording_notices_answer(seep_alert *alert, const seep_store_capture *capture,
                                   const seep_store_answer *answer, const char *kind, double confidence)
{
  if (answer->state == SEEP_STORE_ANSWER_MADE && answer->told.culprit[0] != '\0') {
    write_culprit(alert, capture, answer, kind, confidence);
    return;
  }
  seep_alert_init(alert, SEEP_ALERT_NO_CULPRIT);
  seep_alert_add_text(alert, capture->image);
  seep_alert_add_u64(alert, capture->key.pid);
  seep_alert_add_text(alert, capture->path);
  seep_alert_add_text(alert, answer->told.why);
  seep_alert_add_text(alert, answer->told.verdict);
}
