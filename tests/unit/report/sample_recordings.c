/* Samples about recordings, tracing flags and culprits: events 300 to 310. */
#include "unit/report/sample_alerts.h"

#include "base/text.h"
#include "unit/report/sample_server.h"
#include "watch/recording_notices.h"

#define NOON INT64_C(1795348800000) /* 2026-11-22T12:00:00Z */

static seep_recorder_action about(seep_recorder_outcome outcome)
{
  seep_recorder_action action = {
      .kind = SEEP_RECORDER_TELL,
      .recording = SEEP_PROFILE_HEAP,
      .outcome = outcome,
      .target = {.key = {5200, 1}, .memory_kind = SEEP_MEMORY_HEAP, .memory_confidence = 0.873},
      .reason = "the recording was saved"};
  seep_text_copy(action.instance, sizeof action.instance, "Seepwatch");
  seep_text_copy(action.target.image, sizeof action.target.image, "w3wp.exe");
  return action;
}

static void tell(seep_alert *alert, const seep_recorder_action *action)
{
  seep_settings settings;
  seep_settings_defaults(&settings);
  seep_recording_notices_outcome(alert, action, &settings, (seep_wall){NOON});
}

static void started(seep_alert *alert)
{
  const seep_recorder_action action = about(SEEP_RECORDER_STARTED);
  tell(alert, &action);
}

static void saved(seep_alert *alert)
{
  seep_recorder_action action = about(SEEP_RECORDER_SAVED);
  action.ending = "the process has grown by as much as is wanted in a trace";
  action.duration_ms = 11 * SEEP_MS_PER_MINUTE + 20 * SEEP_MS_PER_SECOND;
  action.kept = (seep_recorder_kept){.bytes = 41 * SAMPLE_MB + 321987,
                                     .etl_bytes = 390 * SAMPLE_MB,
                                     .readable = true,
                                     .events = 1984221,
                                     .target_events = 20113,
                                     .target_heap_events = 1830045,
                                     .events_lost = 0};
  seep_text_copy(action.kept.path, sizeof action.kept.path,
                 "C:\\ProgramData\\Seepwatch\\captures\\20261122T120000Z-w3wp.exe-5200-heap.etl.gz");
  tell(alert, &action);
}

static void failed(seep_alert *alert)
{
  seep_recorder_action action = about(SEEP_RECORDER_FAILED);
  action.verb = SEEP_WPR_START;
  action.exit_code = UINT32_C(0xC5585011);
  action.reason = "the recorder refused to start";
  tell(alert, &action);
}

static void refused_by_recorder(seep_alert *alert)
{
  seep_recorder_action action = about(SEEP_RECORDER_REFUSED);
  action.exit_code = UINT32_C(0xC5583001);
  action.reason = "somebody else's recording is under way";
  tell(alert, &action);
}

static void refused_by_settings(seep_alert *alert)
{
  const seep_process_key key = {5200, 1};
  seep_recording_notices_refused(
      alert, "w3wp.exe", key,
      "this server does not belong to the share of the fleet that records (capture.sample_rate)");
}

static void flag_set(seep_alert *alert, const char *services)
{
  seep_promise_flag promise = {.key = {5200, 1}, .expires = {NOON + 7 * SEEP_MS_PER_DAY}};
  seep_text_copy(promise.image, sizeof promise.image, "Agent Host.exe");
  seep_recording_notices_flag_set(alert, &promise, services);
}

static void flag_of_service(seep_alert *alert)
{
  flag_set(alert, "ContosoAgent");
}

static void flag_of_program(seep_alert *alert)
{
  flag_set(alert, "");
}

static void flag_taken_back(seep_alert *alert)
{
  seep_recording_notices_flag_taken_back(alert, "Agent Host.exe", "the recording after the restart has ended",
                                         "the value was removed, which had not been there before");
}

static const seep_store_capture read_recording = {
    .key = {5200, (uint64_t)(NOON - 2 * SEEP_MS_PER_DAY + INT64_C(11644473600000)) * 10000},
    .image = "w3wp.exe",
    .path = "C:\\ProgramData\\Seepwatch\\captures\\20261122T120000Z-w3wp.exe-5200-heap.etl.gz"};

static void culprit(seep_alert *alert)
{
  const seep_store_answer answer = {.state = SEEP_STORE_ANSWER_MADE,
                                    .told.culprit = "Contoso.Pricing.dll",
                                    .told.place = "PriceCache::Insert+0x1f4",
                                    .told.company = "Contoso Ltd.",
                                    .told.version = "4.2.1107.0",
                                    .told.signature = "7c1e09d2b4a65f33",
                                    .told.bytes = UINT64_C(247463936),
                                    .told.allocations = 316411,
                                    .told.share = 0.92};
  seep_recording_notices_answer(alert, &read_recording, &answer, "Heap", 0.87);
}

static void nobody(seep_alert *alert)
{
  const seep_store_answer answer = {
      .state = SEEP_STORE_ANSWER_MADE,
      .told.why = "nothing was allocated and kept while the recording ran",
      .told.verdict =
          "w3wp.exe (process 5200) has given back all that it allocated while the trace of 15 min ran."};
  seep_recording_notices_answer(alert, &read_recording, &answer, NULL, 0.0);
}

static void unread(seep_alert *alert)
{
  const seep_store_answer answer = {.state = SEEP_STORE_ANSWER_FAILED,
                                    .told.why =
                                        "reading it took longer than analysis.maximum_s and was given up"};
  seep_recording_notices_answer(alert, &read_recording, &answer, NULL, 0.0);
}

const sample_alert sample_alerts_of_recordings[] = {
    {SEEP_ALERT_RECORDING_STARTED, "recording started", NULL, started},
    {SEEP_ALERT_RECORDING_SAVED, "recording saved", NULL, saved},
    {SEEP_ALERT_RECORDING_FAILED, "recording failed", NULL, failed},
    {SEEP_ALERT_RECORDING_REFUSED, "not recorded", "When the recorder is busy", refused_by_recorder},
    {SEEP_ALERT_RECORDING_REFUSED, "not recorded", "When the configuration does not want it",
     refused_by_settings},
    {SEEP_ALERT_FLAG_SET, "tracing flag set", "Of a service", flag_of_service},
    {SEEP_ALERT_FLAG_SET, "tracing flag set", "Of another program", flag_of_program},
    {SEEP_ALERT_FLAG_TAKEN_BACK, "tracing flag taken back", NULL, flag_taken_back},
    {SEEP_ALERT_CULPRIT, "culprit named", NULL, culprit},
    {SEEP_ALERT_NO_CULPRIT, "no culprit", "When nothing is left", nobody},
    {SEEP_ALERT_NO_CULPRIT, "no culprit", "When it could not be read", unread},
    {0, NULL, NULL, NULL}};
