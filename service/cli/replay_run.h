/*
 * The service's engine in virtual time: rows come in the order of time, rows of one moment are one poll, each
 * poll is handed to the engine, and what it says about leaks is kept. Knows nothing of files or output.
 */
#ifndef SEEP_SERVICE_REPLAY_RUN_H
#define SEEP_SERVICE_REPLAY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay_cases.h"
#include "replay_watch.h"
#include "settings/settings.h"
#include "store/store.h"
#include "watch/engine.h"

typedef struct seep_replay_sample {
  seep_wall wall;
  int64_t running_ms; /* spaces polls; the wall clock's time where nothing better is known */
  uint32_t pid;
  seep_filetime created; /* 0 = not known: then a PID with another name is another process */
  const char *name;      /* UTF-8, not terminated */
  size_t name_bytes;
  uint64_t commit_bytes;
} seep_replay_sample;

/* Without the system's figures rapid growth, which is growth that endangers the headroom, could not be called
 * at all. This much a server of today has free: what eats a tenth of it within hours is worth a look
 * anywhere, while work of ordinary size is not called. */
#define SEEP_REPLAY_HEADROOM_BYTES (UINT64_C(32) << 30)

/* false: the system's figures of that poll are not known. */
typedef bool (*seep_replay_memory)(void *context, seep_wall wall, seep_system_memory *memory);

typedef struct seep_replay_options {
  const seep_settings *settings;
  const char *explain;             /* image name; NULL = none */
  const uint64_t *headroom;        /* free commit at every poll; NULL: as `memory` says */
  void (*progress)(void *context); /* now and then; NULL = none */
  void *progress_context;
} seep_replay_options;

typedef struct seep_replay_poll seep_replay_poll;

typedef struct seep_replay_run {
  seep_settings settings; /* in force: as given, with recording and looking into processes
                           * switched off */
  seep_replay_options options;
  seep_replay_memory memory; /* NULL: there are no such figures */
  void *memory_context;
  /* What came of it: */
  uint64_t series, polls, samples;
  uint64_t pid_0;         /* rows of the idle process, which the service passes over */
  uint64_t polls_assumed; /* with SEEP_REPLAY_HEADROOM_BYTES, for want of anything better */
  seep_now first, last;   /* of the polls */
  seep_replay_cases cases;
  seep_replay_watch watch;
  /* Its own: */
  seep_engine *engine;
  seep_replay_poll *now, *before; /* the poll being gathered, and the one judged last */
  bool known;                     /* the system's figures of the poll being judged: */
  seep_system_memory figures;
  bool missed; /* a row that could not be read came after the last one taken */
  bool no_memory;
} seep_replay_run;

/* false when out of memory; seep_replay_run_fini either way. options' settings are copied, the rest is
 * borrowed. */
bool seep_replay_run_init(seep_replay_run *run, const seep_replay_options *options);
void seep_replay_run_fini(seep_replay_run *run);

/* NULL when it was taken; else why not, a literal. Look at run->no_memory. */
const char *seep_replay_run_take(seep_replay_run *run, const seep_replay_sample *sample);

/* A row here could not be read: a process that the polls beside it do not have may have been in it, and is
 * not taken for ended before the poll after. */
void seep_replay_run_missed(seep_replay_run *run);

/* After the last row; false when memory was short, then or before. */
bool seep_replay_run_end(seep_replay_run *run);

/* false: the key's creation time was not in the input. */
bool seep_replay_run_created(seep_process_key key, seep_wall *created);

#endif
