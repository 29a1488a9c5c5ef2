/*
 * The watchdog as a function: (state, event, now) -> commands. It decides what to say, what to write down and
 * what to record; it does none of it. Commands are handed to `emit` one by one, in the order in which they
 * must be carried out; what an asynchronous one led to comes back later as an event. So weeks can be
 * simulated in milliseconds, and a replay runs the same code as the service. emit must not call back into the
 * engine.
 */
#ifndef SEEP_WATCH_ENGINE_H
#define SEEP_WATCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "capture/recorder.h"
#include "judge/detector.h"
#include "memory/inventory.h"
#include "observe/diagnosis.h"
#include "observe/snapshot.h"
#include "observe/system_memory.h"
#include "port/event_feed.h"
#include "port/own_usage.h"
#include "port/process_source.h"
#include "port/tracing_flags.h"
#include "report/alert.h"
#include "report/pulse.h"
#include "settings/settings.h"
#include "store/store.h"

typedef enum seep_command_kind {
  SEEP_COMMAND_ALERT = 0,
  SEEP_COMMAND_STORE_POLL,  /* the whole poll as seep_store_append_poll takes it; fill in `done` */
  SEEP_COMMAND_LEAK_OPEN,   /* fill in leak->id */
  SEEP_COMMAND_LEAK_UPDATE, /* id 0: it has no row yet, or no more; open one */
  SEEP_COMMAND_CAPTURE_ADD,
  SEEP_COMMAND_ANSWER_KEEP, /* what a recording shows */
  SEEP_COMMAND_SIDECAR,     /* write this beside the finished recording */
  SEEP_COMMAND_JOURNAL_ADD, /* durable when it returns; fill in id and done */
  SEEP_COMMAND_JOURNAL_REMOVE,
  SEEP_COMMAND_FLAG,       /* edit one tracing flag in the registry (KEEP: only look), then fill in state
                            * and done */
  SEEP_COMMAND_ROLE,       /* what is this process to Windows? Fill in role and done */
  SEEP_COMMAND_EXHAUSTION, /* keep this Event 2004 */
  SEEP_COMMAND_BOOKMARK,   /* may be kept now: the alert about its event has been written */
  SEEP_COMMAND_RECORDER,   /* carry out one action of the recorder */
  SEEP_COMMAND_REQUEST_RECORDING, /* measure disk and folder, then give the recorder a REQUEST for this target
                                   */
  SEEP_COMMAND_HISTORY_TOLD,      /* keep this for seep_engine_history_told at the next start */
  SEEP_COMMAND_LINEAGE_KEEP,      /* keep this for seep_engine_lineage_known at the next start */
  SEEP_COMMAND_TAKE_INVENTORY, /* look into this process's memory; exactly one seep_engine_inventory answers.
                                * None is asked for before the one before has been answered */
  SEEP_COMMAND_POLL_EVERY
} seep_command_kind;

typedef struct seep_command {
  seep_command_kind kind;
  union {
    struct {
      const seep_alert *alert;
      bool again;       /* it was refused before: do not count it as lost once more */
      bool held_back;   /* too many of its kind: for the store, not for the event log */
      seep_status done; /* out: whether the event log took it */
    } alert;
    struct {
      /* Its samples' store_id are the executor's to fill in. Its interval is the longest in force since the
       * poll before, or 0 when a look has failed since then: a gap at any distance. */
      seep_store_poll content;
      seep_status done; /* out */
    } poll;
    seep_store_leak *leak;
    seep_store_capture *capture;
    const seep_store_answer *answer;
    struct {
      const char *path, *text;
      size_t length;
    } sidecar;
    struct {
      const char *kind, *text; /* ADD */
      int64_t id;              /* ADD: out */
      seep_status done;        /* out */
    } journal;
    struct {
      const char *image;
      seep_tracing_flag_edit edit;
      uint32_t number;
      seep_tracing_flag_state state; /* out: as it is after that */
      seep_status done;              /* out */
    } flag;
    struct {
      seep_process_key key;
      seep_port_process_role role; /* out */
      seep_status done;            /* out */
    } role;
    seep_store_exhaustion *exhaustion;
    struct {
      seep_feed feed;
      const char *text;
      size_t length;
    } bookmark;
    const seep_recorder_action *recorder;
    const seep_recorder_target *target;
    uint64_t history_told_bytes; /* the size limit that was told of; 0 = none */
    const seep_store_lineage *lineage;
    seep_process_key inventory_of;
    int64_t interval_ms;
  } as;
} seep_command;

typedef void (*seep_engine_emit)(void *context, seep_command *command);

typedef struct seep_engine_options {
  const char *version;
  const char *data_folder;
  const char *capture_folder; /* absolute, no trailing separator; both exist */
  const char *temporary_folder;
  const char *host; /* name of this server; NULL = not known: it belongs to every sample of the fleet */
  char path_separator;
  seep_engine_emit emit;
  void *emit_context;
} seep_engine_options;

typedef struct seep_engine seep_engine;

/* NULL when out of memory or a folder's path is too long. Texts are copied. */
seep_engine *seep_engine_new(const seep_engine_options *options, const seep_settings *settings);
void seep_engine_free(seep_engine *engine);

/* ---- events; each may emit ---- */

/* Once the configuration has been read: event 100, and the polling interval. */
void seep_engine_start(seep_engine *engine, seep_now now);

/* The configuration was read. problem NULL: it is in force now (at the start or on request); else it was
 * refused and `settings` is what runs instead. file: path, or a sentence that says there is none. */
void seep_engine_settings(seep_engine *engine, seep_now now, const char *file, const seep_settings *settings,
                          const seep_settings_problem *problem);

/* now: when the processes were looked at, which is not when the bytes arrive here. */
void seep_engine_poll(seep_engine *engine, seep_now now, const seep_process_bytes *bytes);
void seep_engine_poll_failed(seep_engine *engine, seep_now now, const seep_error *error);

/* The same with samples already decoded, for a replay: all processes of the moment, each once; names are read
 * during the call only. memory NULL: not known, which the store is then told too. */
void seep_engine_poll_samples(seep_engine *engine, seep_now now, const seep_process_sample *samples,
                              size_t count, const seep_system_memory *memory);

/* One Event 2004 with the bookmark that names it; xml NULL: it was larger than any can be. One that cannot be
 * read is told all the same (event 213): the server is short of memory. */
void seep_engine_exhaustion(seep_engine *engine, seep_now now, const char *xml, size_t xml_size,
                            const char *bookmark, size_t bookmark_size);

/* At the start: this one was told, or counted, in an earlier life. At most as many as are remembered. */
void seep_engine_exhaustion_known(seep_engine *engine, seep_now now, uint64_t record_id,
                                  seep_filetime logged);

/* Likewise one event of the detector's own log. Told (event 213) unless an Event 2004 follows. */
void seep_engine_memory_notice(seep_engine *engine, seep_now now, const char *xml, size_t xml_size,
                               const char *bookmark, size_t bookmark_size);

/* Only of SEEP_FEED_EXHAUSTION the administrator is told: the other log is missing on many servers. */
void seep_engine_feed_state(seep_engine *engine, seep_now now, seep_feed feed, bool up,
                            const seep_error *error);

/* Whether Windows writes Events 2004 here, now and then. Event 214 if not, once, unless nobody listens. */
void seep_engine_diagnosis(seep_engine *engine, const seep_diagnosis *diagnosis);

/* The store could not be used (ok = false), or can be again; told once per change. Without it nothing is
 * recorded: the undo journal could not be kept. what and error are read when ok is false. */
void seep_engine_storage(seep_engine *engine, seep_now now, bool ok, const char *what,
                         const seep_error *error);

/* The history in the file has been pruned. Event 111 when the size limit has cut it short, once for each
 * limit: SEEP_COMMAND_HISTORY_TOLD remembers it until the limit is another one, or polls have reached back to
 * the full retention for a day. maximum_bytes: the limit that was in force. */
void seep_engine_history(seep_engine *engine, seep_now now, uint64_t maximum_bytes,
                         const seep_store_pruned *pruned);

/* What the store remembers of that from an earlier life; 0 = nothing. */
void seep_engine_history_told(seep_engine *engine, seep_now now, uint64_t maximum_bytes);

/* What a store remembers of an image: at the start, newest seen first, and when another store takes its
 * place. What the engine has learnt since counts more. */
void seep_engine_lineage_known(seep_engine *engine, const seep_store_lineage *lineage);

/* What to take for the commit headroom while the system's figures are not known. SEEP_HEADROOM_UNKNOWN, the
 * default: nothing is called rapid growth then. */
void seep_engine_assume_headroom(seep_engine *engine, uint64_t bytes);

/* What came of SEEP_COMMAND_TAKE_INVENTORY. inventory is NULL unless status is SEEP_OK; SEEP_DENIED: this
 * process is not asked for again. */
void seep_engine_inventory(seep_engine *engine, seep_now now, seep_process_key key, seep_status status,
                           const seep_inventory *inventory);

/* The build of this server's wpr.exe, 0 = not known: at the start, and whenever it may have changed. */
void seep_engine_recorder_build(seep_engine *engine, unsigned build);

/* What came of reading a finished recording; answer->capture_id names its row (0: it has none). Event 310 or
 * 311, and SEEP_COMMAND_ANSWER_KEEP. */
void seep_engine_answered(seep_engine *engine, seep_now now, const seep_store_capture *capture,
                          const seep_store_answer *answer);

/* What the server can still commit; UINT64_MAX = not known. */
uint64_t seep_engine_available_bytes(const seep_engine *engine);

/* At the start: a promise of an earlier life about a tracing flag. It goes on waiting for a restart, or is
 * taken back: its time is over, the configuration does not want it any more, or it cannot be read (promise
 * NULL). */
void seep_engine_flag_known(seep_engine *engine, seep_now now, int64_t journal_id,
                            const seep_promise_flag *promise);

/* Takes back every tracing flag there is: before an uninstall. */
void seep_engine_take_back_flags(seep_engine *engine, seep_now now);

/* Everything about the recorder: REQUEST (measured), TOOL_*, KEPT, RECOVER, ABANDON, SAVE_NOW. journal_ready
 * is set by the engine. */
void seep_engine_recorder(seep_engine *engine, seep_now now, seep_recorder_event *event);

/* About once a second. usage NULL when it could not be read; event: a TICK's measures, used while the
 * recorder works. */
void seep_engine_tick(seep_engine *engine, seep_now now, const seep_own_usage *usage,
                      const seep_recorder_event *measures);

/* Size of the database; for the pulse. */
void seep_engine_database(seep_engine *engine, uint64_t bytes);

/* The text file for Prometheus could be written, or not; event 113 or 114 when that changes. */
void seep_engine_metrics_written(seep_engine *engine, seep_now now, bool ok, const seep_error *error);

/* Control 129: say the heartbeat now. */
void seep_engine_status(seep_engine *engine, seep_now now);

/* The service stops: nothing new begins, a running recording is cancelled. */
void seep_engine_stop(seep_engine *engine, seep_now now);
/* The very last: event 101. */
void seep_engine_stopped(seep_engine *engine, seep_now now, const char *reason);

/* Another store has taken the place of the one before: its row ids mean nothing any more, open cases are
 * opened anew, and lineages kept anew, a few in each poll. Tracing flags that its journal knows are told
 * after this, by seep_engine_flag_known; the others are written there. */
void seep_engine_store_exchanged(seep_engine *engine);

/* Something was dropped before it reached the engine (a full queue): shown in the heartbeat. */
void seep_engine_count_lost(seep_engine *engine, uint64_t events);

/* ---- questions ---- */

/* How things are now; valid until the next call of any function. */
const seep_pulse *seep_engine_pulse(seep_engine *engine, seep_now now);

bool seep_engine_recorder_is_idle(const seep_engine *engine);
const seep_settings *seep_engine_settings_in_force(const seep_engine *engine);
size_t seep_engine_open_leaks(const seep_engine *engine); /* those that wait for a successor included */
size_t seep_engine_suspects(const seep_engine *engine);   /* processes with the shape of a leak, not called */
size_t seep_engine_looked_into(const seep_engine *engine); /* processes whose inventories are kept */
size_t seep_engine_flags(const seep_engine *engine);       /* tracing flags that wait for a restart */
size_t seep_engine_flags_left(const seep_engine *engine);  /* those, and those that could not be taken back */
const seep_recorder *seep_engine_recorder_of(const seep_engine *engine);

/* What judges this process, to be looked at; NULL when it is not in the last poll. Valid until the next
 * event. */
const seep_detector *seep_engine_detector_of(const seep_engine *engine, seep_process_key key);

/* Why this process's commit is called, or why not. false: it was not in the last poll. */
bool seep_engine_explain(const seep_engine *engine, seep_process_key key, seep_explanation *out);

#endif
