/*
 * Private to the recorder: what its files share. recorder.c handles requests, time and interruptions,
 * recorder_answers.c what wpr answered, recorder_moves.c the transitions, recorder_actions.c the wording of
 * orders and file names.
 */
#ifndef SEEP_CAPTURE_RECORDER_PRIVATE_H
#define SEEP_CAPTURE_RECORDER_PRIVATE_H

#include <stdbool.h>

#include "capture/recorder.h"

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

/* Appends the wpr call and remembers its verb. Instance and paths were checked when they were taken in. */
void seep_recorder__run(const seep_recorder__turn *turn, seep_wpr_verb verb);

/* Appends an outcome. reason is a literal. */
seep_recorder_action *seep_recorder__tell(const seep_recorder__turn *turn, seep_recorder_outcome outcome,
                                          const char *reason);

/* Composes output and output_temporary for the present target and what is recorded of it. */
void seep_recorder__name_output(seep_recorder *recorder);

/* Do the longest paths made of these folders fit? */
bool seep_recorder__folders_fit(const char *capture_folder, const char *temporary_folder);

bool seep_recorder__is_cooling(const seep_recorder *recorder, const char *image, seep_mono now);

/* The present target's program is left alone for the cool-down. */
void seep_recorder__cool(const seep_recorder__turn *turn);

/* ---- recorder_moves.c ---- */

/* Why this recording ends badly. The first reason counts: what follows from it is not news. */
void seep_recorder__blame(const seep_recorder__turn *turn, seep_recorder_outcome outcome, const char *reason,
                          uint32_t exit_code);

void seep_recorder__begin_start(const seep_recorder__turn *turn);
void seep_recorder__begin_save(const seep_recorder__turn *turn);
void seep_recorder__begin_cancel(const seep_recorder__turn *turn);

/* The same call once more, a little later; false when it had its chances. */
bool seep_recorder__try_later(const seep_recorder__turn *turn);

/* Makes the call that WAITING waits for. */
void seep_recorder__call_again(const seep_recorder__turn *turn);

/* Nothing of ours runs any more: tidies up, tells the outcome (UNDONE after lingering), goes idle. */
void seep_recorder__finish(const seep_recorder__turn *turn, seep_recorder_outcome outcome,
                           const char *reason);
void seep_recorder__finish_blamed(const seep_recorder__turn *turn);

/* Nothing proves that our recording has ended: tells FAILED once, keeps the journal entry, cancels now and
 * then. */
void seep_recorder__linger(const seep_recorder__turn *turn, const char *reason, uint32_t exit_code);

/* ---- recorder_answers.c ---- */

void seep_recorder__on_tool_exited(const seep_recorder__turn *turn);
void seep_recorder__on_tool_failed(const seep_recorder__turn *turn);
void seep_recorder__on_tool_timed_out(const seep_recorder__turn *turn);

#endif
