/*
 * A small world for the recorder: a wpr that keeps one recording per instance and fails in every way it can,
 * strangers who record under its default instance, a process with heap snapshots, files, a journal that
 * survives, a service that crashes and a server that is restarted. It carries out what the recorder asks for
 * and holds every order against what must never happen.
 */
#ifndef SEEP_TESTS_RECORDER_WORLD_H
#define SEEP_TESTS_RECORDER_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/recorder.h"

#define SECOND_MS INT64_C(1000)
#define GIB (UINT64_C(1) << 30)
#define EVENTS 70u

/* Two instance names, for the configuration may be changed while a recording runs, and wpr's own. */
#define INSTANCES 3
#define DEFAULT_INSTANCE 2u
extern const char *const instances[INSTANCES];

typedef struct world {
  seep_recorder recorder;
  seep_recorder_settings settings;
  seep_recorder_actions actions;
  seep_mono now;
  uint64_t random;
  bool well; /* nothing goes wrong any more */
  /* wpr: facts about the machine */
  bool no_wpr, unknowing, no_heap, no_ring, no_snapshots; /* unknowing: it knows no instances, unexpectedly */
  bool running[INSTANCES];                                /* a recording of ours */
  bool detached_stop[INSTANCES]; /* a stop that outlived its deadline and is merging still */
  bool stranger;                 /* somebody else records under the default instance */
  bool raw_left;                 /* raw files of a recording that a restart of the server ended */
  /* the process that is recorded */
  bool lives, keeps_stacks, clearing_tried;
  /* the call that is out */
  bool call_out;
  seep_wpr_verb call_verb;
  unsigned call_instance;
  seep_profile written; /* the profile of the start */
  /* files, and their keeping */
  bool fresh, stale, plain; /* wpr's output; such a one of an earlier life; the trace under its name */
  bool keep_out;
  /* the journal: id 0 = no entry */
  int64_t journal, journal_last, next_id; /* journal_last: the one added last in this life */
  char promise_text[SEEP_PROMISE_SIZE];
  seep_promise_recording promise;
  bool add_failed;
  bool recover, rebooted;       /* the entry is still to be given to the recorder in this life */
  bool shut_down, ring_refused; /* the same start has worked without the ring that was refused */
  bool ring_suspected;          /* refused; whether it was the ring is to be seen */
  seep_profile_kind suspected;  /* with what was recorded */
  bool may_be_saved_late;       /* a FAILED was told while the stop went on */
  bool recovery_failed;         /* the FAILED of a recovery that lingers was told */
  bool owes_outcome;            /* a request was accepted and its outcome not told yet */
  bool recovered;               /* what the recorder is at comes from an earlier life */
  bool began;                   /* the last start worked */
  bool started;                 /* STARTED was told */
  bool owes_failure;            /* an order before a call could not be carried out */
  seep_recorder_event_kind fed;
  seep_profile_kind wanted; /* by settings and target when the present request was accepted */
  unsigned told[6];
  char history[EVENTS * 40 + 4000];
  size_t history_length;
} world;

extern world w;

/* How often something was seen in all histories. */
typedef struct world_counts {
  unsigned told[6], crashes, reboots, lingered, heap_starts, ring_starts, step_downs, snapshots, vanished,
      strangers, kept, kept_later, saved_late, failed_orders, pre_empted;
} world_counts;
extern world_counts counts;

uint32_t draw(uint32_t below);
bool chance(uint32_t percent);
void note(const char *word);

#define REQUIRE(condition)                                                                                   \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fail_msg("%s after: %s", #condition, w.history);                                                       \
    }                                                                                                        \
  } while (0)

/* Feeds the event, carries out what it leads to and looks at the world. */
void feed(const seep_recorder_event *event);

/* The call that is out is answered: truly, or with some fault where there can be one. */
void answer(bool well);

/* The keeping that is out has ended. */
void answer_keeping(bool well);

/* The service dies; what was out may still have its effect. */
void crash(bool reboot);

bool raw_files(void);
bool runs(void); /* anything of ours */

#endif
