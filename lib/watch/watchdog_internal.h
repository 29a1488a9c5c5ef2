/* Shared by watchdog.c (the loop and its life), watchdog_commands.c (carrying out commands), watchdog_feed.c
 * (Windows' events), watchdog_analysis.c (what recordings show), watchdog_publish.c (files for others),
 * watchdog_memory.c (looking into a process), watchdog_recorder.c (wpr and what it leaves), watchdog_shelf.c
 * (room for finished recordings), watchdog_stop.c (the end) and watchdog_store.c (the store's part of the
 * commands) alone. */
#ifndef SEEP_WATCH_WATCHDOG_INTERNAL_H
#define SEEP_WATCH_WATCHDOG_INTERNAL_H

#include <stdbool.h>

#include <uv.h>

#include "watch/child.h"
#include "watch/engine.h"
#include "watch/inbox.h"
#include "watch/keeper.h"
#include "watch/watchdog.h"

#define SEEP_WATCHDOG_PATH_SIZE SEEP_RECORDER_PATH_SIZE
#define SEEP_WATCHDOG_RECOVERIES 32
#define SEEP_WATCHDOG_PENDING 4
#define SEEP_WATCHDOG_REMOVALS 8
#define SEEP_WATCHDOG_EVENTS 32

/* One feed of Windows' events. */
typedef struct seep_watchdog_feed {
  seep_watchdog *watchdog;
  seep_feed which;
  seep_event_feed_sink sink;
  bool running;
  uint64_t retry_ms;     /* of the loop's own clock */
  size_t bookmark_bytes; /* the newest bookmark, for a store that comes later */
  char bookmark[SEEP_INBOX_BOOKMARK_BYTES];
} seep_watchdog_feed;

/* One round of files for others at a time; the worker's while it is in flight. */
typedef struct seep_watchdog_publication {
  uv_work_t work;
  bool in_flight, again;
  uint64_t due_ms; /* of the loop's own clock */
  char status_path[SEEP_WATCHDOG_PATH_SIZE], metrics_path[SEEP_WATCHDOG_PATH_SIZE]; /* "" = not wanted */
  size_t status_bytes, metrics_bytes;
  seep_status done; /* of the metrics */
  seep_error error;
  char status_text[SEEP_PULSE_SIZE], metrics_text[SEEP_PULSE_SIZE];
} seep_watchdog_publication;

/* One recording is read at a time, by a child process. */
typedef struct seep_watchdog_reader {
  seep_child *child; /* NULL: somebody else's port, or none */
  seep_tracer port;  /* run NULL: nobody reads recordings */
  bool runs;
  uint64_t due_ms;            /* when to look for one, of the loop's own clock */
  seep_store_capture capture; /* that is read, or was the last one */
  bool answer_waits;          /* the store has refused what came of it */
  seep_store_answer answer;
  char answer_partial[SEEP_RECORDER_PATH_SIZE], page_partial[SEEP_RECORDER_PATH_SIZE];
} seep_watchdog_reader;

struct seep_watchdog {
  seep_watchdog_options options; /* its texts point into the arrays below */
  char version[32];
  char data_folder[SEEP_WATCHDOG_PATH_SIZE], capture_folder[SEEP_WATCHDOG_PATH_SIZE];
  char temporary_folder[SEEP_WATCHDOG_PATH_SIZE];
  char settings_path[SEEP_WATCHDOG_PATH_SIZE], store_path[SEEP_WATCHDOG_PATH_SIZE];
  char recorder_path[SEEP_WATCHDOG_PATH_SIZE];

  uv_loop_t loop;
  uv_async_t wake;
  uv_timer_t poll_timer, second_timer;
  uv_work_t poll_work;
  bool loop_ready, poll_in_flight, poll_again, stopping, finished;
  seep_process_bytes poll_bytes;
  seep_status poll_status;
  seep_now poll_now; /* when the worker looked */
  seep_error poll_error;

  /* One look into a process at a time; the worker's while it is in flight. */
  uv_work_t inventory_work;
  bool inventory_wanted, inventory_in_flight;
  seep_process_key inventory_of;
  seep_inventory_limits inventory_limits;
  int64_t inventory_maximum_ms;
  seep_status inventory_status;
  seep_inventory inventory;

  uv_mutex_t post_lock; /* between posting threads and the closing of `wake` */
  bool accepting;
  seep_watchdog_feed feeds[SEEP_FEEDS];
  uint64_t diagnosis_due_ms; /* not before, after began_ms */
  seep_watchdog_publication publication;
  seep_inbox *inbox;
  seep_engine *engine;
  seep_child *child;
  seep_tracer tracer;
  seep_watchdog_reader reader;

  seep_store *store;
  bool folder_unusable;
  seep_error folder_error;
  bool store_is_file;   /* false: memory only, promises can not be kept */
  bool store_exchanged; /* row ids that samples and cases carry belong to another one; told by settle */
  bool storage_noted, storage_ok; /* for the engine, once it has returned; a failure sticks */
  int64_t journal_remove_again[SEEP_WATCHDOG_REMOVALS]; /* entries that are still to be removed; 0 = none */
  bool
      capture_waits; /* a recording's row that the store has refused; its promise stays until it is written */
  seep_store_capture capture;
  seep_error storage_error;
  char set_aside[512]; /* where a damaged file went; "" = nothing to tell */
  uint64_t alerts_lost;
  seep_mono store_retry; /* when to try the file again */
  unsigned polls_since_prune;
  bool prune_noted; /* of the file, for the engine */
  seep_store_pruned pruned;
  uint64_t pruned_to_bytes;
  uint64_t history_told_bytes; /* as the engine last said, for a store that comes later */

  /* Alerts on their way into the store: those said before it was open, and while it refuses. */
  seep_store_event events[SEEP_WATCHDOG_EVENTS];
  size_t event_count;
  bool events_wait; /* one was refused: not before the next poll that is stored */

  /* Results of commands that could not be carried out, told to the engine once it has returned. */
  seep_recorder_event pending[SEEP_WATCHDOG_PENDING];
  size_t pending_count;
  bool skip_actions; /* the journal refused: the rest of this recorder step must not happen */
  bool request_waiting;
  seep_recorder_target request;
  int64_t journal_id; /* of the recording under way */

  /* One finished trace is kept at a time; the worker's while it is in flight, but for keep_stop. */
  uv_work_t keep_work;
  bool keep_in_flight;
  volatile int keep_stop;
  seep_keeper_request keep;
  seep_recorder_kept kept;
  seep_status keep_status;

  seep_store_journal_entry recoveries[SEEP_WATCHDOG_RECOVERIES];
  size_t recovery_count, recovery_next; /* of what the journal held when it was read; both kinds */
  bool flags_to_tell;                   /* the journal just read may hold promises about tracing flags */
  bool undone;                          /* undo_only: all of it */
  bool seen;                            /* the processes, once */
  unsigned looks_in_vain;               /* before that */
  bool looked;                          /* at the processes, or tried to often enough */
  bool journal_known;                   /* it has been read from the file */
  uint64_t began_ms, stop_began_ms, finished_ms; /* of the loop's own clock */
  bool abandoned;                                /* a worker has not come back */
};

seep_now seep_watchdog__now(const seep_watchdog *watchdog);

/* Opens the store's file, or a store in memory when that fails. The engine is told by the next settle. */
void seep_watchdog__open_store(seep_watchdog *watchdog);

/* What an earlier life left in a store just opened: cases without an end, promises to keep. */
void seep_watchdog__take_over_store(seep_watchdog *watchdog);

/* The store's part of the commands. Failures are noted and told by the next settle. */
void seep_watchdog__store_poll(seep_watchdog *watchdog, seep_command *command);
void seep_watchdog__store_row(seep_watchdog *watchdog, seep_command *command);
void seep_watchdog__store_history_told(seep_watchdog *watchdog, uint64_t maximum_bytes);
void seep_watchdog__remove_journal(seep_watchdog *watchdog, int64_t id); /* 0: none */

/* The same once the engine has returned, and what it has said about the recording has been written. */
void seep_watchdog__remove_journal_later(seep_watchdog *watchdog, int64_t id);
void seep_watchdog__tend_journal(seep_watchdog *watchdog);

/* Writes an alert into the store, now or as soon as it can be. */
void seep_watchdog__keep_event(seep_watchdog *watchdog, const seep_alert *alert);

/* Settle's: begins the look that the engine has asked for. */
void seep_watchdog__begin_inventory(seep_watchdog *watchdog);

/* Settle's: what was noted, to the engine. */
void seep_watchdog__tell_storage(seep_watchdog *watchdog);
void seep_watchdog__tell_history(seep_watchdog *watchdog);

/* On disk when it returns SEEP_OK; SEEP_GONE while there is no file. */
seep_status seep_watchdog__add_journal(seep_watchdog *watchdog, const char *kind, const char *text,
                                       int64_t *id);

/* Hands a wpr command to the tracer; done as in port/tracer. */
seep_status seep_watchdog__run_wpr(seep_watchdog *watchdog, const seep_wpr_command *command,
                                   int64_t deadline_ms, bool kill_at_deadline, seep_tracer_done done);

/* ---- watchdog_recorder.c ---- */

/* One action of the recorder's; the rest of a list is skipped when a promise or a profile could not be
 * written. */
void seep_watchdog__carry_recorder(seep_watchdog *watchdog, const seep_recorder_action *action);

/* Settle's: what waits for the recorder; false: nothing. */
bool seep_watchdog__next_recorder_event(seep_watchdog *watchdog, seep_recorder_event *event);

/* Which build the server's wpr is, to the engine: it may be updated while we run. */
void seep_watchdog__read_recorder_build(seep_watchdog *watchdog);

/* ---- watchdog_stop.c ---- */

void seep_watchdog__begin_stop(seep_watchdog *watchdog);

/* Several times a second while stopping, each second before: ends it when all is over, or has had its time.
 */
void seep_watchdog__tend_stop(seep_watchdog *watchdog);

/* ---- watchdog_feed.c ---- */

void seep_watchdog__make_feeds(seep_watchdog *watchdog);
void seep_watchdog__keep_feeds(seep_watchdog *watchdog);  /* one that could not be started is tried again, */
void seep_watchdog__retry_feeds(seep_watchdog *watchdog); /* now, and not in half a minute */
void seep_watchdog__stop_feeds(seep_watchdog *watchdog);
void seep_watchdog__take_event(seep_watchdog *watchdog, const seep_inbox_item *item);
void seep_watchdog__read_diagnosis(seep_watchdog *watchdog); /* each second: at the start, then each hour */
const char *seep_watchdog__bookmark_name(seep_feed feed);    /* in the store */

void seep_watchdog__wake(seep_watchdog *watchdog); /* any thread; watchdog.c's */

/* ---- watchdog_publish.c ---- */

/* Each second: writes the files for others when it is time, or at once. */
void seep_watchdog__publish(seep_watchdog *watchdog, bool at_once);

/* The last word, written before it returns. */
void seep_watchdog__publish_last(seep_watchdog *watchdog);

/* Removes the text file that is not wanted any more; before an uninstall all of them. */
void seep_watchdog__unpublish(seep_watchdog *watchdog, const char *metrics_path);

/* ---- watchdog_shelf.c ---- */

/* Would there be room for one more recording of this image if what may go went? */
bool seep_watchdog__has_room(seep_watchdog *watchdog, const char *image);

/* Removes what is beyond the quota and may go. */
void seep_watchdog__make_room(seep_watchdog *watchdog);

/* ---- watchdog_analysis.c ---- */

/* false: no memory, or a path is too long. */
bool seep_watchdog__make_reader(seep_watchdog *watchdog);
void seep_watchdog__tend_analysis(seep_watchdog *watchdog); /* each second: reads what is still to be read */
void seep_watchdog__end_analysis(seep_watchdog *watchdog);  /* it is read another time */

/* Removes what readers have left behind; false: some of it stays. Not while one runs. */
bool seep_watchdog__clean_analysis(seep_watchdog *watchdog);

/* Writes what came of the recording that was read last, now or as soon as it can be. */
void seep_watchdog__keep_answer(seep_watchdog *watchdog, const seep_store_answer *answer);

/* The engine's emit. */
void seep_watchdog__carry_out(void *context, seep_command *command);

/* Feeds back what carrying out led to, until nothing is left. Call after every engine event. */
void seep_watchdog__settle(seep_watchdog *watchdog);

#endif
