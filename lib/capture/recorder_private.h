/*
 * Private to the recorder: what its files share. recorder.c handles requests, time and interruptions,
 * recorder_answers.c what wpr answered, recorder_snapshots.c what is particular to heap snapshots,
 * recorder_keeping.c what becomes of a finished trace, recorder_recovery.c what an earlier life left,
 * recorder_moves.c the transitions, recorder_actions.c the wording of orders and file names.
 */
#ifndef SEEP_CAPTURE_RECORDER_PRIVATE_H
#define SEEP_CAPTURE_RECORDER_PRIVATE_H

#include <stdbool.h>

#include "capture/recorder.h"

/* An `ending`: no call of the process can have come after. */
#define SEEP_RECORDER__TARGET_ENDED "the process ended"

typedef struct seep_recorder__turn {
  seep_recorder *recorder;
  const seep_recorder_settings *settings;
  const seep_recorder_event *event;
  seep_recorder_actions *actions;
  seep_mono now;
} seep_recorder__turn;

/* ---- recorder_actions.c ---- */

/* Appends an action with instance, target and journal id filled in; the caller fills the rest. */
seep_recorder_action *seep_recorder__add(const seep_recorder__turn *turn, seep_recorder_action_kind kind);

/* Appends the note of the present recording for the journal; false: it could not be read back. What is
 * recorded makes no difference. */
bool seep_recorder__add_promise(const seep_recorder__turn *turn);

/* Appends the wpr call and remembers its verb. Instance and paths were checked when they were taken in. */
void seep_recorder__run(const seep_recorder__turn *turn, seep_wpr_verb verb);

/* Appends an outcome. reason is a literal. */
seep_recorder_action *seep_recorder__tell(const seep_recorder__turn *turn, seep_recorder_outcome outcome,
                                          const char *reason);

/* Composes output and output_temporary for the present target and what is recorded of it. */
void seep_recorder__name_output(seep_recorder *recorder);

/* The same from the name in a journal entry; both "" when there is none, or it does not fit. */
void seep_recorder__take_name(seep_recorder *recorder, const char *file);

/* Do the longest paths made of these folders fit? */
bool seep_recorder__folders_fit(const char *capture_folder, const char *temporary_folder);

bool seep_recorder__is_cooling(const seep_recorder *recorder, const char *image, seep_mono now);

/* The present target's program is left alone for the cool-down. */
void seep_recorder__cool(const seep_recorder__turn *turn);

/* ---- recorder_moves.c ---- */

/* Forgets the recording before, of whatever life; the seed is for the jitter. */
void seep_recorder__prepare(seep_recorder *recorder, uint64_t seed);

/* What is recorded, and whether its files are to be bounded. */
void seep_recorder__choose(const seep_recorder__turn *turn, seep_profile_kind kind);

/* Why this recording ends badly. The first reason counts: what follows from it is not news. */
void seep_recorder__blame(const seep_recorder__turn *turn, seep_recorder_outcome outcome, const char *reason,
                          uint32_t exit_code);

/* Without instance names: there should be raw files of ours by now, and there are none. Then everything is
 * done that is left to do. */
/* Of a recording that can only be known by them: for long enough that it is no slip. */
bool seep_recorder__shows_no_files(const seep_recorder *recorder);

bool seep_recorder__has_vanished(const seep_recorder__turn *turn);

void seep_recorder__begin_start(const seep_recorder__turn *turn);
void seep_recorder__begin_recording(const seep_recorder__turn *turn);
void seep_recorder__begin_save(const seep_recorder__turn *turn, const char *ending);
void seep_recorder__begin_stop(const seep_recorder__turn *turn);
void seep_recorder__begin_cancel(const seep_recorder__turn *turn);

/* The same call once more, a little later; false when it had its chances. */
bool seep_recorder__try_later(const seep_recorder__turn *turn);

/* Makes the call that WAITING waits for. */
void seep_recorder__call_again(const seep_recorder__turn *turn);

/* Proven: nothing of ours records. Goes on to clearing, keeping, another start or the end, as it stands. */
void seep_recorder__settle(const seep_recorder__turn *turn);

/* The same after a cancel; ended: it was this cancel that ended a recording. */
void seep_recorder__settle_cancelled(const seep_recorder__turn *turn, bool ended);

/* Nothing of ours runs any more: tidies up, tells the outcome (UNDONE after lingering), goes idle. */
void seep_recorder__finish(const seep_recorder__turn *turn, seep_recorder_outcome outcome,
                           const char *reason);

/* Nothing proves that our recording has ended: tells FAILED once, keeps the journal entry, cancels now and
 * then. */
void seep_recorder__linger(const seep_recorder__turn *turn, const char *reason, uint32_t exit_code);

/* ---- recorder_answers.c ---- */

void seep_recorder__on_tool_exited(const seep_recorder__turn *turn);
void seep_recorder__on_tool_failed(const seep_recorder__turn *turn);
void seep_recorder__on_tool_timed_out(const seep_recorder__turn *turn);

/* ---- recorder_snapshots.c ---- */

void seep_recorder__begin_enable(const seep_recorder__turn *turn);
void seep_recorder__begin_first_snapshot(const seep_recorder__turn *turn);
void seep_recorder__begin_last_snapshot(const seep_recorder__turn *turn);
void seep_recorder__begin_clear(const seep_recorder__turn *turn);

/* Snapshots cannot be had: the heap is recorded as it runs. */
void seep_recorder__do_without_snapshots(const seep_recorder__turn *turn);

/* An answer in ENABLING, FIRST_SNAPSHOT, LAST_SNAPSHOT or CLEARING; passing: the same call may do better. */
void seep_recorder__on_enabled(const seep_recorder__turn *turn, seep_wpr_answer answer);
void seep_recorder__on_snapshot(const seep_recorder__turn *turn, bool taken, bool passing);
void seep_recorder__on_cleared(const seep_recorder__turn *turn, bool cleared, bool passing);

/* ---- recorder_keeping.c ---- */

void seep_recorder__begin_keeping(const seep_recorder__turn *turn);
void seep_recorder__on_kept(const seep_recorder__turn *turn);

/* ---- recorder_recovery.c ---- */

void seep_recorder__on_recover(const seep_recorder__turn *turn);

#endif
