/*
 * The recording state machine: one recording at a time, journal before action, every limit kept, always back
 * to idle. A function of (state, event, now): it runs nothing, the loop carries out its actions in their
 * order and feeds the results back. Storage is the caller's.
 *
 *   idle -> (request) journal+profile -> starting -> recording -> saving -> idle
 *   any failure: cancelling -> idle; after a restart: recovering (for each journal entry) -> idle
 *   a heap recording that wpr refuses: cancelling -> starting once more, with VirtualAlloc alone
 *
 * The journal entry goes only when an answer proves that nothing of ours records any more: a stop or cancel
 * that worked, "not running", or a first start that was never carried out. A cancel that fails for good, and
 * a stop that outlives its deadline (it is never killed, it may be merging still), is told as FAILED at once
 * and then lingers: not idle, a cancel every ten minutes until one proves it (UNDONE), nothing new meanwhile
 * - two recordings must never run. A shutdown ends the lingering; the entry stays for the next start.
 *
 * After every RUN exactly one TOOL_* event is owed. When JOURNAL_ADD or WRITE_PROFILE cannot be carried out,
 * the caller skips the rest of that list and feeds TOOL_FAILED with the status. An accepted REQUEST gets one
 * outcome other than STARTED; UNDONE may follow a FAILED that lingered.
 */
#ifndef SEEP_CAPTURE_RECORDER_H
#define SEEP_CAPTURE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "capture/profile.h"
#include "capture/wpr.h"
#include "memory/kind.h"
#include "observe/snapshot.h"

#define SEEP_RECORDER_PATH_SIZE 400
#define SEEP_RECORDER_NAME_SIZE 128
#define SEEP_RECORDER_MAXIMUM_ACTIONS 8
#define SEEP_RECORDER_COOLED 64 /* images remembered for the cool-down */

typedef struct seep_recorder_settings {
  bool enabled;
  bool heap; /* where the heap grows, its calls are recorded too, of the running process by its PID */
  char instance[64];
  int64_t maximum_ms;           /* length of a recording */
  uint64_t maximum_bytes;       /* raw bytes on disk */
  uint64_t enough_growth_bytes; /* once the target has grown by so much, its leak is in the trace */
  uint64_t minimum_free_bytes;  /* of the volume, before and during */
  uint64_t folder_quota_bytes;  /* finished captures; beyond it nothing new is recorded */
  int64_t cool_down_ms;         /* per image */
  int64_t start_deadline_ms, stop_deadline_ms, cancel_deadline_ms;
  int64_t retry_ms; /* after a transient answer */
  unsigned retries;
} seep_recorder_settings;

typedef enum seep_recorder_state {
  SEEP_RECORDER_IDLE = 0,
  SEEP_RECORDER_STARTING,
  SEEP_RECORDER_RECORDING,
  SEEP_RECORDER_SAVING,
  SEEP_RECORDER_CANCELLING, /* after a failure, on request or on stop */
  SEEP_RECORDER_RECOVERING, /* cancelling what an earlier life left */
  SEEP_RECORDER_WAITING     /* before the same wpr call once more; no call is out */
} seep_recorder_state;

typedef struct seep_recorder_target {
  int64_t case_id;
  seep_process_key key;
  char image[SEEP_RECORDER_NAME_SIZE]; /* UTF-8, hostile: never part of a path unless cleaned */
  seep_memory_kind memory_kind;        /* that grows, as far as it is known at the request */
  double memory_confidence;            /* 0 to 1; 0 when undetermined */
} seep_recorder_target;

typedef enum seep_recorder_event_kind {
  SEEP_RECORDER_REQUEST = 0, /* target: please record it */
  SEEP_RECORDER_TOOL_EXITED, /* exit_code of the wpr call last asked for */
  SEEP_RECORDER_TOOL_FAILED, /* it could not be run at all; tool_status says why (SEEP_NOT_FOUND = no wpr.exe)
                              */
  SEEP_RECORDER_TOOL_TIMED_OUT, /* it was killed at its deadline, or left alone (stop) */
  SEEP_RECORDER_TICK,           /* about once a second while not idle: figures below are fresh */
  SEEP_RECORDER_TARGET_GONE,    /* the process with that key is no more */
  SEEP_RECORDER_ABANDON,        /* the administrator's control 130 */
  SEEP_RECORDER_RECOVER,        /* at start: a journal entry of an earlier life */
  SEEP_RECORDER_SHUT_DOWN       /* the service stops: no new work, cancel what runs */
} seep_recorder_event_kind;

typedef struct seep_recorder_event {
  seep_recorder_event_kind kind;
  seep_recorder_target target; /* REQUEST, TARGET_GONE (key) */
  uint32_t exit_code;
  seep_status tool_status;
  uint64_t raw_bytes;    /* TICK: size of our raw files */
  uint64_t commit_bytes; /* TICK: of the target, 0 = not known */
  uint64_t free_bytes;   /* TICK, REQUEST: of the capture volume */
  uint64_t folder_bytes; /* REQUEST: finished captures */
  uint64_t output_bytes; /* TOOL_EXITED after a stop: size of the file it wrote, 0 = not there */
  bool journal_ready;    /* REQUEST: the store can keep a promise (undo before do) */
  int64_t journal_id;    /* RECOVER */
  char instance[64];     /* RECOVER: the instance it was started under */
  seep_wall wall;        /* REQUEST: for the file name */
} seep_recorder_event;

typedef enum seep_recorder_action_kind {
  SEEP_RECORDER_JOURNAL_ADD = 0, /* must be durable before the next action is carried out */
  SEEP_RECORDER_JOURNAL_REMOVE,  /* journal_id; 0 = the one added last */
  SEEP_RECORDER_WRITE_PROFILE,   /* to profile_path */
  SEEP_RECORDER_RUN,         /* command, with deadline_ms; kill_at_deadline says what happens then. Before a
                                stop output_temporary must not exist: what wpr does with an old file is unknown */
  SEEP_RECORDER_DELETE_RAW,  /* our raw files in the temporary folder, by instance; the profile;
                                output_temporary */
  SEEP_RECORDER_KEEP_OUTPUT, /* rename output_temporary to output */
  SEEP_RECORDER_TELL         /* an outcome for the alert and the store */
} seep_recorder_action_kind;

typedef enum seep_recorder_outcome {
  SEEP_RECORDER_STARTED = 0, /* event 300 */
  SEEP_RECORDER_SAVED,       /* 301 */
  SEEP_RECORDER_FAILED,      /* 302: exit_code and reason */
  SEEP_RECORDER_REFUSED,     /* 303: reason */
  SEEP_RECORDER_UNDONE,      /* 105: a leftover was removed */
  SEEP_RECORDER_ABANDONED    /* cancelled on purpose: 303 with its reason */
} seep_recorder_outcome;

typedef struct seep_recorder_action {
  seep_recorder_action_kind kind;
  seep_wpr_command command;
  int64_t deadline_ms;
  bool kill_at_deadline;
  int64_t journal_id;
  char instance[64];
  seep_profile_kind recording; /* what is recorded */
  bool stepped_down;           /* because the recorder refused to record the heap */
  seep_recorder_outcome outcome;
  seep_recorder_target target;
  uint32_t exit_code;  /* TELL FAILED; 0 when no code is behind it */
  seep_wpr_verb verb;  /* TELL FAILED: at which verb */
  const char *reason;  /* TELL: a literal sentence, never NULL */
  uint64_t bytes;      /* TELL SAVED */
  int64_t duration_ms; /* TELL SAVED */
} seep_recorder_action;

typedef struct seep_recorder_actions {
  size_t count;
  seep_recorder_action items[SEEP_RECORDER_MAXIMUM_ACTIONS];
} seep_recorder_actions;

typedef struct seep_recorder {
  seep_recorder_state state;
  seep_recorder_target target;
  seep_profile_kind recording; /* what is recorded, or will be */
  bool stepped_down;           /* it was to be the heap, and wpr refused that */
  seep_wall requested;         /* names the file */
  char instance[64];  /* of the recording under way, or being recovered: settings may change meanwhile */
  int64_t journal_id; /* of the entry being recovered; 0 = the one added last */
  char temporary_folder[SEEP_RECORDER_PATH_SIZE]; /* where raw files and half-written output live; the caller
                                                     made it */
  char capture_folder[SEEP_RECORDER_PATH_SIZE];
  char profile_path[SEEP_RECORDER_PATH_SIZE];
  char output_temporary[SEEP_RECORDER_PATH_SIZE];
  char output[SEEP_RECORDER_PATH_SIZE];
  char path_separator;
  seep_mono started;     /* of the recording */
  int64_t duration_ms;   /* from started to the stop */
  uint64_t commit_bytes; /* of the target, the first that was known since; 0 = none yet */
  seep_mono retry_at;
  seep_wpr_verb verb;         /* of the call that is out or will be repeated */
  seep_recorder_state resume; /* where WAITING goes back to */
  unsigned attempts;          /* repetitions of the present call */
  bool cleared;          /* an old recording in our place was cancelled once already: not a second time */
  bool lingering;        /* FAILED is told, what may still run is not proven gone */
  uint32_t failure_code; /* why we are cancelling, told when done; failure_reason is NULL while all is well */
  seep_wpr_verb failure_verb;
  const char *failure_reason;
  seep_recorder_outcome failure_outcome;
  bool shutting_down;
  bool target_gone;
  struct {
    char image[SEEP_RECORDER_NAME_SIZE];
    seep_mono until;
  } cooled[SEEP_RECORDER_COOLED];
  size_t cooled_next;
} seep_recorder;

/* Folders are UTF-8 and absolute, without a trailing separator. false when any path made of them would not
 * fit. */
bool seep_recorder_init(seep_recorder *recorder, const char *capture_folder, const char *temporary_folder,
                        char path_separator);

/* Carries one event; *actions is overwritten. Events that make no sense in the present state change nothing.
 */
void seep_recorder_step(seep_recorder *recorder, const seep_recorder_settings *settings, seep_mono now,
                        const seep_recorder_event *event, seep_recorder_actions *actions);

/* No call out, nothing recording, nothing to wait for. */
bool seep_recorder_is_idle(const seep_recorder *recorder);

#endif
