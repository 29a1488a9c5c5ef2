#include "recording_rig.h"

#include <string.h>

#include "base/text.h"

static void feed(engine_rig *r, seep_recorder_event *event)
{
  seep_engine_recorder(r->engine, engine_rig_now(r), event);
}

void recording_rig_request(engine_rig *r)
{
  seep_recorder_event event = {
      .kind = SEEP_RECORDER_REQUEST, .target = r->target, .free_bytes = UINT64_MAX, .journal_ready = true};
  feed(r, &event);
}

void recording_rig_exited(engine_rig *r, uint32_t code)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_TOOL_EXITED, .exit_code = code, .output_bytes = 4096};
  feed(r, &event);
}

void recording_rig_save_now(engine_rig *r)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_SAVE_NOW};
  feed(r, &event);
}

void recording_rig_kept(engine_rig *r, uint64_t target_events)
{
  seep_recorder_event event = {.kind = SEEP_RECORDER_KEPT,
                               .kept = {.bytes = 400,
                                        .etl_bytes = 4096,
                                        .sha256 = "1234",
                                        .readable = true,
                                        .events = 1000,
                                        .target_events = target_events}};
  seep_text_copy(event.kept.path, sizeof event.kept.path,
                 "/data/captures/20261122T104444Z-leaky.exe-5-heap.etl.gz");
  feed(r, &event);
}

void recording_rig_record(engine_rig *r)
{
  recording_rig_request(r);
  recording_rig_exited(r, 0);
  recording_rig_save_now(r);
  recording_rig_exited(r, 0);
  recording_rig_kept(r, 100);
}
