/* Shared by watchdog.c (the loop and its life), watchdog_commands.c (carrying out commands),
 * watchdog_memory.c (looking into a process) and watchdog_store.c (the store's part of the commands) alone.
 */
#ifndef SEEP_WATCH_WATCHDOG_INTERNAL_H
#define SEEP_WATCH_WATCHDOG_INTERNAL_H

#include <stdbool.h>

#include <uv.h>

#include "watch/child.h"
#include "watch/engine.h"
#include "watch/inbox.h"
#include "watch/watchdog.h"

#define SEEP_WATCHDOG_PATH_SIZE SEEP_RECORDER_PATH_SIZE
#define SEEP_WATCHDOG_RECOVERIES 16
#define SEEP_WATCHDOG_PENDING 4
#define SEEP_WATCHDOG_EVENTS 32
#define SEEP_WATCHDOG_BOOKMARK "event2004.bookmark" /* its name in the store */

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
  seep_event_feed_sink sink;
  bool feed_running;
  uint64_t feed_retry_ms; /* of the loop's own clock */
  seep_inbox *inbox;
  seep_engine *engine;
  seep_child *child;
  seep_tracer tracer;

  seep_store *store;
  bool folder_unusable;
  seep_error folder_error;
  bool store_is_file;   /* false: memory only, promises can not be kept */
  bool store_exchanged; /* row ids that samples and cases carry belong to another one; told by settle */
  bool storage_noted, storage_ok; /* for the engine, once it has returned; a failure sticks */
  int64_t journal_remove_again;   /* an entry that could not be removed; 0 = none */
  seep_error storage_error;
  char set_aside[512];   /* where a damaged file went; "" = nothing to tell */
  size_t bookmark_bytes; /* the newest bookmark, for a store that comes later */
  char bookmark[SEEP_INBOX_BOOKMARK_BYTES];
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
  int64_t journal_id;                        /* of the recording under way */
  char unkept_from[SEEP_WATCHDOG_PATH_SIZE]; /* a finished trace without its final name yet; "" = none */
  char unkept_to[SEEP_WATCHDOG_PATH_SIZE];
  seep_store_journal_entry recoveries[SEEP_WATCHDOG_RECOVERIES];
  size_t recovery_count, recovery_next;
  uint64_t stop_deadline_ms; /* of the loop's own clock */
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
void seep_watchdog__remove_journal(seep_watchdog *watchdog, int64_t id); /* 0: of the recording under way */

/* Writes an alert into the store, now or as soon as it can be. */
void seep_watchdog__keep_event(seep_watchdog *watchdog, const seep_alert *alert);

/* Settle's: begins the look that the engine has asked for. */
void seep_watchdog__begin_inventory(seep_watchdog *watchdog);

/* Settle's: what was noted, to the engine. */
void seep_watchdog__tell_storage(seep_watchdog *watchdog);
void seep_watchdog__tell_history(seep_watchdog *watchdog);

/* Gives a finished trace its final name: a virus scanner may hold it for a while, so this is tried until it
 * works. true when none is waiting (any more). */
bool seep_watchdog__keep_output(seep_watchdog *watchdog);

/* Hands a wpr command to the tracer; done as in port/tracer. */
seep_status seep_watchdog__run_wpr(seep_watchdog *watchdog, const seep_wpr_command *command,
                                   int64_t deadline_ms, bool kill_at_deadline, seep_tracer_done done);

/* The engine's emit. */
void seep_watchdog__carry_out(void *context, seep_command *command);

/* Feeds back what carrying out led to, until nothing is left. Call after every engine event. */
void seep_watchdog__settle(seep_watchdog *watchdog);

#endif
