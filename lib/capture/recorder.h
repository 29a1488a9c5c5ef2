/*
 * The recording state machine: one recording at a time, journal before action, every limit kept, always back
 * to idle. A function of (state, event, now): it runs nothing, the loop carries out its actions in their
 * order and feeds the results back. Storage is the caller's.
 *
 *   idle -> (request) journal [enabling] profile starting -> recording -> saving [clearing] -> keeping ->
 * idle with heap snapshots: enabling before the start, a snapshot after it and before the save, clearing
 * after it any failure: cancelling [clearing] -> idle; after a restart: recovering, or keeping what had been
 * saved
 *
 * A profile that wpr refuses is made plainer, each time after a cancel: first without the ring of a bounded
 * size (and from then on never with one again), then VirtualAlloc in place of the heap (stepped_down).
 *
 * The journal entry goes only when an answer proves that nothing of ours records any more, and when the trace
 * has its place: a stop or cancel that worked, "not running", or a first start that was never carried out. A
 * cancel that fails for good, and a stop that outlives its deadline (it is never killed, it may be merging
 * still), is told as FAILED at once and then lingers: not idle, a cancel every ten minutes until one proves
 * it (UNDONE), nothing new meanwhile - two recordings must never run. A shutdown ends the lingering; the
 * entry stays for the next start.
 *
 * A wpr without instance names (Server 2016) records under a name that everybody uses. There an answer that
 * something records already is a stranger's recording, which is never cancelled; and ours has vanished when
 * our own folder holds no raw file any more (raw_bytes 0): then no stop and no cancel is sent, for they would
 * hit somebody else's.
 *
 * After every RUN exactly one TOOL_* event is owed, after every KEEP exactly one KEPT. When JOURNAL_ADD or
 * WRITE_PROFILE cannot be carried out, the caller skips the rest of that list and feeds TOOL_FAILED with the
 * status. An accepted REQUEST gets one outcome other than STARTED; UNDONE, or SAVED where wpr has
 * finished a save that nobody waited for any longer, may follow a FAILED that lingered.
 */
#ifndef SEEP_CAPTURE_RECORDER_H
#define SEEP_CAPTURE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "capture/profile.h"
#include "capture/promise.h"
#include "capture/wpr.h"
#include "memory/kind.h"
#include "observe/snapshot.h"

#define SEEP_RECORDER_PATH_SIZE 400
#define SEEP_RECORDER_NAME_SIZE 128
#define SEEP_RECORDER_MAXIMUM_ACTIONS 8
#define SEEP_RECORDER_COOLED 64 /* images remembered for the cool-down */

/* How the heap of a process is recorded where the heap is what grows. */
typedef enum seep_recorder_heap {
  SEEP_RECORDER_HEAP_OFF = 0, /* VirtualAlloc alone */
  SEEP_RECORDER_HEAP_LIVE,    /* its calls, of the running process by its PID */
  SEEP_RECORDER_HEAP_FLAG,    /* by its tracing flag alone: VirtualAlloc for a process not started with it */
  SEEP_RECORDER_HEAP_SNAPSHOT /* snapshots where wpr has them, else LIVE */
} seep_recorder_heap;

typedef struct seep_recorder_settings {
  bool enabled;
  seep_wpr_traits wpr; /* of this server */
  seep_recorder_heap heap;
  bool ring; /* try a profile whose files are bounded */
  char instance[64];
  int64_t maximum_ms;            /* length of a recording */
  uint64_t maximum_bytes;        /* raw bytes on disk */
  uint64_t enough_growth_bytes;  /* once the target has grown by so much, its leak is in the trace */
  uint64_t minimum_free_bytes;   /* of the volume, before and during */
  uint64_t minimum_commit_bytes; /* that the server can still commit, before; half of it during */
  unsigned buffers;              /* of 1 MB, at most */
  unsigned per_day;              /* recordings of this server in any 24 hours; 0 = any number */
  int64_t cool_down_ms;          /* per image */
  int64_t start_deadline_ms, stop_deadline_ms, cancel_deadline_ms;
  int64_t
      retry_ms; /* after a transient answer; doubles with each try, and half of it more or less by chance */
  unsigned retries;
} seep_recorder_settings;

typedef enum seep_recorder_state {
  SEEP_RECORDER_IDLE = 0,
  SEEP_RECORDER_ENABLING, /* heap snapshots in the target */
  SEEP_RECORDER_STARTING,
  SEEP_RECORDER_FIRST_SNAPSHOT, /* just after the start: what the last one is compared with */
  SEEP_RECORDER_RECORDING,
  SEEP_RECORDER_LAST_SNAPSHOT,
  SEEP_RECORDER_SAVING,
  SEEP_RECORDER_CANCELLING, /* after a failure, on request or on stop */
  SEEP_RECORDER_CLEARING,   /* heap snapshots in the target */
  SEEP_RECORDER_KEEPING,    /* no wpr call: the trace is read, compressed and put in its place */
  SEEP_RECORDER_RECOVERING, /* cancelling what an earlier life left */
  SEEP_RECORDER_WAITING     /* before the same wpr call once more; no call is out */
} seep_recorder_state;

typedef struct seep_recorder_target {
  int64_t case_id;
  seep_process_key key;
  char image[SEEP_RECORDER_NAME_SIZE]; /* UTF-8, hostile: never part of a path unless cleaned */
  seep_memory_kind memory_kind;        /* that grows, as far as it is known at the request */
  double memory_confidence;            /* 0 to 1; 0 when undetermined */
  bool flagged; /* it was started with the tracing flag set for this recording: its heap is recorded by that
                 * flag,   and no cool-down holds for it */
  bool urgent;  /* an Event 2004 has named it */
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
  SEEP_RECORDER_SAVE_NOW,       /* the administrator's control 131: end it and keep it */
  SEEP_RECORDER_PRE_EMPT, /* an urgent process waits: what is recorded of another that is not urgent is saved
                           * now when it has run for a minute, else given up; its image keeps its turn */
  SEEP_RECORDER_KEPT,     /* what came of KEEP: tool_status and kept */
  SEEP_RECORDER_RECOVER,  /* at start: a journal entry of an earlier life, in `promise` */
  SEEP_RECORDER_SHUT_DOWN /* the service stops: no new work, cancel what runs; what is saved is kept */
} seep_recorder_event_kind;

/* What a finished trace says of itself, and where it is. */
typedef struct seep_recorder_kept {
  char
      path[SEEP_RECORDER_PATH_SIZE + 4]; /* of the file as it is kept; "" = it is not: tool_status says why */
  uint64_t bytes, etl_bytes;             /* as kept, and uncompressed */
  char sha256[65];                       /* of the file as kept, in hex; "" when it was not read to its end */
  bool readable;                         /* as a trace: the figures below are known */
  uint64_t events, target_events;        /* in it; of the target: its VirtualAlloc and VirtualFree calls, */
  uint64_t target_heap_events;           /* and its heap calls or snapshots */
  uint64_t events_lost, buffers_lost;    /* as the recorder says */
} seep_recorder_kept;

typedef struct seep_recorder_event {
  seep_recorder_event_kind kind;
  seep_recorder_target target; /* REQUEST, TARGET_GONE (key), PRE_EMPT */
  uint32_t exit_code;
  seep_status tool_status;
  uint64_t raw_bytes;       /* TICK, RECOVER: size of our raw files; UINT64_MAX = not known */
  uint64_t commit_bytes;    /* TICK: of the target, 0 = not known */
  uint64_t free_bytes;      /* TICK, REQUEST: of the capture volume */
  uint64_t available_bytes; /* TICK, REQUEST: that the server can still commit; UINT64_MAX = not known */
  bool shelf_full;          /* REQUEST: finished recordings take their whole quota, and none of them may go */
  seep_wall
      last; /* REQUEST: when the newest recording of this image began, in an earlier life too; 0 = none */
  unsigned recent;       /* REQUEST: recordings begun in the last 24 hours */
  uint64_t output_bytes; /* TOOL_EXITED, TICK, RECOVER: size of output_temporary, 0 = not there */
  bool journal_ready;    /* REQUEST: the store can keep a promise (undo before do) */
  int64_t journal_id;    /* RECOVER */
  bool promise_damaged;  /* RECOVER: it could not be read; `promise` is not filled */
  bool rebooted; /* RECOVER: the machine seems to have been started anew since. Clocks are set: under a name
                    of our own wpr is asked all the same */
  bool target_lives; /* RECOVER: the process of the promise is still there */
  bool finished;     /* RECOVER: capture_folder holds the trace under its plain name: only its keeping was cut
                      * off */
  seep_promise_recording promise; /* RECOVER */
  seep_recorder_kept kept;        /* KEPT */
  seep_wall wall;                 /* REQUEST: for the file name */
} seep_recorder_event;

typedef enum seep_recorder_action_kind {
  SEEP_RECORDER_JOURNAL_ADD = 0, /* `promise`; must be durable before the next action is carried out */
  SEEP_RECORDER_JOURNAL_REMOVE,  /* journal_id; 0 = the one added last */
  SEEP_RECORDER_WRITE_PROFILE,   /* `profile` to profile_path */
  SEEP_RECORDER_RUN,        /* command, with deadline_ms; kill_at_deadline says what happens then. Before a
                               stop output_temporary must not exist: what wpr does with an old file is unknown */
  SEEP_RECORDER_DELETE_RAW, /* our raw files in the temporary folder, by instance; the profile;
                               output_temporary */
  SEEP_RECORDER_KEEP, /* output_temporary, if it is there, becomes `output` at once; then, not on the loop's
                         thread, it is read, compressed when that is configured, and KEPT is fed */
  SEEP_RECORDER_KEEP_BRIEFLY, /* the keeping that is out should end as soon as it can (KEPT, SEEP_CANCELLED,
                                with the uncompressed file kept) */
  SEEP_RECORDER_TELL          /* an outcome for the alert and the store */
} seep_recorder_action_kind;

typedef enum seep_recorder_outcome {
  SEEP_RECORDER_STARTED = 0, /* event 300 */
  SEEP_RECORDER_SAVED,       /* 301 */
  SEEP_RECORDER_FAILED,      /* 302: exit_code and reason; `kept` when there is a file all the same */
  SEEP_RECORDER_REFUSED,     /* 303: reason; the same request makes sense later */
  SEEP_RECORDER_UNDONE,      /* 105: a leftover was removed */
  SEEP_RECORDER_ABANDONED    /* cancelled on purpose: 303 with its reason */
} seep_recorder_outcome;

/* The reason of SAVED when there is no more to say. */
#define SEEP_RECORDER_SAVED_WELL "the recording was saved"

typedef struct seep_recorder_action {
  seep_recorder_action_kind kind;
  seep_wpr_command command;
  int64_t deadline_ms;
  bool kill_at_deadline;
  int64_t journal_id;
  char promise[SEEP_PROMISE_SIZE];
  char instance[64];           /* in effect */
  seep_profile profile;        /* WRITE_PROFILE */
  seep_profile_kind recording; /* what is recorded */
  bool stepped_down;           /* because the recorder refused to record the heap */
  seep_recorder_outcome outcome;
  seep_recorder_target target;
  uint32_t exit_code;      /* TELL FAILED, REFUSED; 0 when no code is behind it */
  seep_wpr_verb verb;      /* TELL FAILED: at which verb */
  const char *reason;      /* TELL: a literal sentence, never NULL */
  const char *ending;      /* TELL SAVED: why the recording ended when it did, a literal; NULL otherwise */
  seep_recorder_kept kept; /* TELL SAVED, FAILED */
  int64_t duration_ms;     /* TELL SAVED; 0 = not known: an earlier life recorded it */
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
  bool ring;                   /* the present profile bounds its files */
  bool ring_refused;           /* wpr has refused such a profile: not tried again in this life */
  bool snapshots_on;           /* enabled in the target, not cleared yet */
  unsigned buffers;            /* of the present recording */
  seep_wall requested;         /* names the file */
  seep_wpr_traits traits;      /* of the wpr that began the recording under way */
  char instance[64];  /* of the recording under way, or being recovered: settings may change meanwhile */
  int64_t journal_id; /* of the entry being recovered; 0 = the one added last */
  char temporary_folder[SEEP_RECORDER_PATH_SIZE]; /* where raw files and half-written output live; the caller
                                                     made it */
  char capture_folder[SEEP_RECORDER_PATH_SIZE];
  char profile_path[SEEP_RECORDER_PATH_SIZE];
  char output_temporary[SEEP_RECORDER_PATH_SIZE];
  char output[SEEP_RECORDER_PATH_SIZE]; /* uncompressed: the compressed file is named output + ".gz" */
  char path_separator;
  seep_mono started;      /* of the recording */
  int64_t duration_ms;    /* from started to the stop */
  uint64_t commit_bytes;  /* of the target, the first that was known since; 0 = none yet */
  uint64_t raw_bytes;     /* of the last TICK that knew them */
  unsigned looks_in_vain; /* TICKs in a row that saw no raw file */
  const char *ending;     /* why it is being saved, a literal */
  seep_mono retry_at;
  seep_wpr_verb verb;         /* of the call that is out or will be repeated */
  seep_recorder_state resume; /* where WAITING goes back to */
  unsigned attempts;          /* repetitions of the present call */
  uint64_t chance;            /* for the jitter */
  bool cleared;          /* an old recording in our place was cancelled once already: not a second time */
  bool lingering;        /* FAILED is told, what may still run is not proven gone */
  bool saved;            /* the trace is there: CLEARING goes on to KEEPING */
  bool left_saving;      /* lingering because a stop took too long: wpr may finish the trace yet */
  bool plainer;          /* the present try follows one whose ring was refused */
  uint32_t failure_code; /* why we are cancelling, told when done; failure_reason is NULL while all is well */
  seep_wpr_verb failure_verb;
  const char *failure_reason;
  seep_recorder_outcome failure_outcome;
  bool shutting_down;
  bool target_gone;
  bool turn_kept; /* this recording was given up for another: its image does not cool down */
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

/* A trace is being saved or kept: who stops the service should have patience. */
bool seep_recorder_is_saving(const seep_recorder *recorder);

#endif
