/*
 * What becomes of a finished trace: it is put in its place, and looked into, for a recording in which nothing
 * of the process stands is a failed one, however well wpr's calls went. The file is kept in any case.
 */
#include "capture/recorder_private.h"

#include <string.h>

void seep_recorder__begin_keeping(const seep_recorder__turn *turn)
{
  turn->recorder->state = SEEP_RECORDER_KEEPING;
  turn->recorder->verb = SEEP_WPR_STOP;
  seep_recorder__add(turn, SEEP_RECORDER_KEEP);
  if (turn->recorder->shutting_down) {
    seep_recorder__add(turn, SEEP_RECORDER_KEEP_BRIEFLY);
  }
}

static bool is_of_heap(seep_profile_kind kind)
{
  return kind == SEEP_PROFILE_HEAP || kind == SEEP_PROFILE_HEAP_BY_FLAG || kind == SEEP_PROFILE_SNAPSHOT;
}

static const char *why_empty(const seep_recorder *recorder, const seep_recorder_kept *kept)
{
  if (kept->events == 0) {
    return "nothing is in the recording: the recorder's session logged nothing at all";
  }
  if (recorder->ending != NULL && strcmp(recorder->ending, SEEP_RECORDER__TARGET_ENDED) == 0) {
    return "nothing of the process is in the recording: it ended before it did anything";
  }
  if (kept->events_lost > 0 || kept->buffers_lost > 0) {
    return "nothing of the process is in the recording, and the recorder has lost events";
  }
  if (is_of_heap(recorder->recording)) {
    return "nothing of the process is in the recording: its memory may come from an allocator that is not "
           "Windows' heap";
  }
  return "nothing of the process is in the recording: it may not have asked for any memory meanwhile";
}

/* NULL when the trace is as it should be. */
static const char *what_is_wrong(const seep_recorder__turn *turn)
{
  const seep_recorder_kept *kept = &turn->event->kept;
  if (kept->path[0] == '\0') {
    return "the finished recording could not be put in its place";
  }
  if (turn->event->tool_status == SEEP_CANCELLED) {
    return NULL; /* it was not read to its end: its figures prove nothing */
  }
  if (!kept->readable) {
    return "the file that the recorder wrote cannot be read as a trace; it was kept";
  }
  return kept->target_events == 0 && kept->target_heap_events == 0 ? why_empty(turn->recorder, kept) : NULL;
}

static const char *how_well(const seep_recorder__turn *turn)
{
  const seep_recorder_kept *kept = &turn->event->kept;
  if (turn->event->tool_status == SEEP_CANCELLED) {
    return "the recording was saved; the service was stopping, and it was not looked through";
  }
  if (is_of_heap(turn->recorder->recording) && kept->target_heap_events == 0) {
    return "the recording was saved, but not one heap call of the process is in it: its memory may come from "
           "an allocator that is not Windows' heap";
  }
  return SEEP_RECORDER_SAVED_WELL;
}

void seep_recorder__on_kept(const seep_recorder__turn *turn)
{
  if (turn->recorder->state != SEEP_RECORDER_KEEPING) {
    return;
  }
  const char *wrong = what_is_wrong(turn);
  if (wrong != NULL) {
    seep_recorder__blame(turn, SEEP_RECORDER_FAILED, wrong, 0);
    seep_recorder__settle(turn);
  } else {
    seep_recorder__finish(turn, SEEP_RECORDER_SAVED, how_well(turn));
  }
}
