/* Shared by engine.c (processes and polls), engine_cases.c (leak cases), engine_system.c (what the processes'
 * commit does not show), engine_memory.c (which kind of memory grows), engine_recording.c (the recorder),
 * engine_flags.c (tracing flags), engine_exhaustion.c (Event 2004), engine_notices.c (where there is none),
 * engine_emergency.c (what both need), engine_alerts.c (how alerts leave), engine_pulse.c (how things are)
 * and engine_events.c (the rest). */
#ifndef SEEP_WATCH_ENGINE_INTERNAL_H
#define SEEP_WATCH_ENGINE_INTERNAL_H

#include "capture/promise.h"
#include "judge/detector.h"
#include "memory/growth.h"
#include "observe/exhaustion.h"
#include "observe/process_table.h"
#include "report/sidecar.h"
#include "watch/engine.h"
#include "watch/engine_exhaustion.h"
#include "watch/engine_headroom.h"
#include "watch/engine_system.h"
#include "watch/lineages.h"

/* One look at the processes may fail when memory is short; this many in a row mean that nobody is watching.
 */
#define SEEP_ENGINE_BLIND_AFTER 3

/* How old the figures of an open case may be in the store. */
#define SEEP_ENGINE_CASE_STORED_MS (30 * SEEP_MS_PER_MINUTE)

/* A case that has doubled is told again, but not sooner after it was told last. */
#define SEEP_ENGINE_TOLD_AGAIN_MS SEEP_MS_PER_HOUR

/* Overlapping recycling: a new worker is started first, the old one finishes what it is doing. */
#define SEEP_ENGINE_OVERLAP_MS (5 * SEEP_MS_PER_MINUTE)

/* For so many buckets a leak whose process has ended waits for a successor: a service that is restarted. */
#define SEEP_ENGINE_SUCCESSOR_BUCKETS 16

/* A successor watched for so many observation times without the shape of a leak does not leak any more. */
#define SEEP_ENGINE_CALM_OBSERVATIONS 2

/* Lineages written down in one poll: a fresh file after a damaged one needs all of them, but not at once. */
#define SEEP_ENGINE_LINEAGES_KEPT 8

/* Images that wait for their restart with a tracing flag set. Few on purpose: each is a trace in the
 * registry. */
#define SEEP_ENGINE_FLAGS 8

/* Processes whose inventories are kept at the same time, 7 KB each. */
#define SEEP_ENGINE_LOOKED_INTO 64

/* An open case. It is about one process at a time and about one image for good: a leak goes over to the
 * successor of the process that has ended. */
typedef struct seep_engine_case {
  struct seep_engine_case *next;
  seep_store_leak leak;
  seep_finding finding;          /* the figures in `leak` are from it */
  seep_growth_kind_verdict kind; /* leak.kind is from it; its reason is NULL while nobody looks */
  bool kind_carried;             /* it was found in the process before, and this one has shown none yet */
  bool kind_told;                /* in an alert, as one kind; that happens by itself once */
  size_t slot;                   /* SEEP_NO_SLOT: its process has ended, and no successor has come yet */
  bool opened;                   /* false: its row and its alert are still to come */
  bool carried;                  /* its process is a successor that has not been called itself */
  bool moved;                    /* it was told of another process than it is about now */
  bool doubled;   /* the process it has gone over to, since that was called; still to be told */
  bool confirmed; /* the process itself is called a leak, not rapid growth or by its lineage only */
  uint64_t told_growth_bytes, greatest_bytes; /* when it was told last; at any time */
  bool wants_recording; /* it is to be offered to the recorder, not before offer_after */
  bool services_asked;  /* of the process it is about now */
  bool recorded;        /* a recording of it was saved */
  bool refusal_told;    /* it was, and the administrator knows why nothing came of it */
  bool flag_wanted;     /* the way of recording its heap that is left is the tracing flag, still to be set, */
  bool flag_told;       /* and why it could not be has been told */
  seep_mono flag_after; /* not tried before */
  unsigned refusals;    /* in a row */
  seep_mono offer_after, stored, told;
  seep_mono called; /* when the case began, unlike the growth that it is about */
  seep_mono began;  /* of the first of its processes; the case's own times are names */
  seep_mono ended;  /* its process; meaningful without a slot */
  seep_mono calm;   /* when something in its lineage had the shape of a leak last; meaningful when carried */
} seep_engine_case;

/* What is known of one process's memory; engine_memory.c's. */
typedef struct seep_engine_memory {
  seep_growth_kind growth;
  seep_mono asked;         /* for an inventory, last */
  uint64_t asked_bytes;    /* the process's commit then, */
  seep_mono compared;      /* when the inventory that the next is compared with was asked for, */
  uint64_t compared_bytes; /* the commit then, or at a later look that could not be used: it must grow from
                            * there to be looked into again, */
  uint64_t first_bytes;    /* and the least of those so far; 0: none yet */
  int64_t pause_ms;        /* so long at least until the next look; longer with each that was for nothing */
  bool found;              /* `growth` has told a kind */
} seep_engine_memory;

/* A tracing flag that we have set, or found as an earlier life of ours had left it. */
typedef struct seep_engine_flag {
  bool is_used;
  bool offered;        /* the recording that it was set for is under way, or has been asked for */
  bool stuck_told;     /* that it can not be taken back has been told */
  bool refusal_told;   /* that its process is not recorded has been told */
  int64_t journal_id;  /* 0: in no journal any more: another store has taken its place */
  seep_mono try_again; /* to take it back, or to offer its process to the recorder */
  const char *ending;  /* why it is to be taken back, a literal; NULL: it waits */
  seep_promise_flag promise;
} seep_engine_flag;

#define SEEP_ENGINE_ALERT_KINDS 32

/* What has gone out in the present hour; engine_alerts.c's. */
typedef struct seep_engine_outlet {
  bool begun;
  seep_mono hour; /* when it began */
  seep_wall hour_wall;
  unsigned sent;
  uint64_t held_back_ever;
  unsigned held_back; /* in this hour, */
  struct {
    uint32_t id;
    unsigned count;
  } kinds[SEEP_ENGINE_ALERT_KINDS]; /* and which; those that have no place here are only in the sum */
} seep_engine_outlet;               /* all zeros: nothing was sent yet */

/* What the engine keeps beside each slot of the process table. */
typedef struct seep_engine_watch {
  seep_detector detector;
  seep_engine_case *open_case;         /* NULL for nearly everybody */
  struct seep_engine_handles *handles; /* NULL for most: engine_system.c */
  seep_engine_memory *memory;          /* NULL for nearly everybody */
  const char *memory_denied; /* why nobody may ever look into it, a literal; NULL: not known to be so */
  seep_mono born;            /* seen first */
  seep_mono urgent_until;
  bool urgent;
  bool ignored;       /* by processes.ignore */
  bool newborn;       /* not judged yet: what is known of its image has not been looked up */
  bool there_before;  /* it was there at the first poll: nobody knows since when */
  uint8_t thresholds; /* what it is judged by: index into seep_engine.thresholds */
} seep_engine_watch;

struct seep_engine {
  seep_settings settings;
  seep_engine_emit emit;
  void *emit_context;
  char version[32];
  char data_folder[SEEP_RECORDER_PATH_SIZE];

  seep_process_table *table;
  seep_engine_watch *watches; /* parallel to the table's slots */
  size_t watch_capacity;
  seep_store_sample *samples; /* scratch of one poll */
  size_t *sample_slots;
  size_t sample_capacity;
  seep_system_memory memory; /* of the last poll; zeros when not known */
  bool memory_known;
  uint64_t headroom_bytes;   /* what the last poll was judged by */
  uint64_t assumed_headroom; /* taken for it while nothing is known */

  /* The general ones, then those of each image in the settings. */
  seep_detector_settings thresholds[1 + SEEP_SETTINGS_IMAGES];
  seep_engine_case *cases;
  seep_lineages lineages;
  seep_engine_system system;
  size_t looked_into;   /* watches with `memory` */
  bool inventory_out;   /* asked for, and not answered yet */
  seep_mono look_after; /* nobody is looked into before */

  seep_recorder recorder;
  seep_engine_flag flags[SEEP_ENGINE_FLAGS];
  unsigned recorder_build; /* 0 = not known */
  char host[256];
  char sidecar[SEEP_SIDECAR_SIZE]; /* scratch */
  seep_recorder_actions actions;   /* scratch: large, and needed when memory is short */
  seep_alert alert;                /* likewise */
  seep_pulse pulse;                /* likewise */
  seep_engine_exhaustions exhaustions;
  seep_engine_headroom headroom;
  seep_engine_outlet outlet;
  uint64_t owned_bytes;     /* commit of all processes of the last poll together */
  seep_wall last_poll;      /* 0: none yet */
  const char *feed_trouble; /* why Windows may never write an Event 2004, a literal; NULL: nothing known */
  uint64_t recordings_saved, recordings_failed;
  uint64_t database_bytes;
  bool metrics_down, no_diagnosis_told;
  seep_wall metrics_down_since;

  seep_mono started, next_heartbeat, urgent_until, feed_down_since, blind_since;
  bool urgent;                 /* polling faster */
  int64_t longest_interval_ms; /* in force since the last poll: that is when the next one was meant to come */
  bool look_failed;            /* since the last poll */
  bool feed_known, feed_up, notices_up;
  seep_wall recovered_since; /* when the leftover being undone was made */
  seep_wall recording_started;
  bool storage_down, stopping, has_stopped;
  seep_wall storage_down_since;
  uint64_t history_told_bytes; /* the size limit of which event 111 has told; 0 = none */
  seep_mono history_short;     /* when polls did not reach back as far as they should, last */
  uint64_t polls, polls_lost, events_lost;
  unsigned polls_failed_in_row;
  bool usage_known;
  seep_own_usage usage;
  seep_mono cpu_mark_time;
  uint64_t cpu_mark;
  bool over_private, over_cpu;
};

void seep_engine__emit(seep_engine *engine, seep_command *command);
seep_status seep_engine__emit_alert(seep_engine *engine); /* engine->alert */
void seep_engine__emit_interval(seep_engine *engine);
void seep_engine__outlet_time(seep_engine *engine, seep_now now); /* each poll and each second */
void seep_engine__outlet_end(seep_engine *engine);
bool seep_engine__may_tell(const seep_engine *engine, uint32_t id); /* an alert would not be held back */
int64_t seep_engine__interval_ms(const seep_engine *engine);        /* in force */

/* What a detector has just said about the commit of the slot's process. */
void seep_engine__follow_case(seep_engine *engine, seep_now now, size_t slot, seep_verdict verdict);

/* The slot's process has ended. Its slot is emptied by the caller. */
void seep_engine__end_life(seep_engine *engine, seep_now now, size_t slot, const seep_process *process);

/* Once in each poll, when its births and deaths are known: cases find successors, or are given up. */
void seep_engine__tend_cases(seep_engine *engine, seep_now now);

/* Writes down a few lineages that have changed, as long as there is a store. */
void seep_engine__keep_lineages(seep_engine *engine);

void seep_engine__free_cases(seep_engine *engine);

/* What has changed in an open case, into its row. */
void seep_engine__store_case(seep_engine *engine, seep_now now, seep_engine_case *open);

/* An alert when the kind of memory is known and no alert about the case has said so yet. */
void seep_engine__tell_kind(seep_engine *engine, seep_now now, seep_engine_case *open);

/* Bytes per hour of all processes that are known to grow, `told` among them in any case: they eat the same
 * headroom. */
double seep_engine__slopes_together(const seep_engine *engine, const seep_engine_case *told);

/* Once in each poll, when everybody has been judged: asks for an inventory if one is due. */
void seep_engine__look_into_memory(seep_engine *engine, seep_now now);

/* Frees what is known of the slot's memory; a denial is remembered until the process ends. */
void seep_engine__forget_memory(seep_engine *engine, size_t slot);

/* What is known of the slot's process, into a case about it. */
void seep_engine__take_kind(seep_engine *engine, seep_now now, seep_engine_case *open, size_t slot);

/* It is one kind of memory that is known to grow. */
bool seep_engine__kind_is_known(const seep_engine_case *open);

/* It is, or cannot be known, or has been waited for long enough. The case has a slot. */
bool seep_engine__kind_is_settled(const seep_engine *engine, seep_mono now, const seep_engine_case *open);

/* One event for the recorder and all that follows from it. */
void seep_engine__recorder_step(seep_engine *engine, seep_now now, const seep_recorder_event *event);

/* What is being done about the case, one clause for its alert; a literal. */
const char *seep_engine__done_so_far(seep_engine *engine, const seep_engine_case *open);

/* ---- engine_flags.c ---- */

/* Names of the services that the process hosts; "" when none, or not known. */
void seep_engine__services_of(seep_engine *engine, seep_process_key key, char out[SEEP_PORT_SERVICES_SIZE]);

/* Sets the tracing flag for the image of an open case whose heap leaks. NULL: it is set now, or was already;
 * else why not, a literal. */
const char *seep_engine__set_flag(seep_engine *engine, seep_now now, const seep_engine_case *open);

/* The flag that the slot's process was started with, for a recording that is still to be made; NULL: none. */
seep_engine_flag *seep_engine__flag_of_image(seep_engine *engine, const char *image);
seep_engine_flag *seep_engine__flag_of(seep_engine *engine, seep_mono now, size_t slot);

/* It was started with the flag set, whatever has come of the recording. */
bool seep_engine__has_flag(seep_engine *engine, size_t slot);

/* The recorder had no time or no room for it: it is offered again later. */
void seep_engine__flag_put_off(seep_engine *engine, seep_now now, const char *image);

/* The recording for the flag of this image has ended for good. */
void seep_engine__flag_served(seep_engine *engine, seep_now now, const char *image);

/* Another store has taken the place of the one before: no flag has an entry there, as far as is known. */
void seep_engine__forget_flag_rows(seep_engine *engine);

/* Each second: what is over is taken back, what could not be is tried again. */
void seep_engine__tend_flags(seep_engine *engine, seep_now now);

/* ---- engine_recording.c ---- */

/* Offers the fastest growing case that wants it to an idle recorder: one recording at a time, the worst
 * first. */
void seep_engine__offer_recording(seep_engine *engine, seep_now now);

/* ---- engine_emergency.c ---- */

/* Finds the named ones, makes them urgent where the event is news, and says which of them are known to leak.
 */
void seep_engine__match_named(seep_engine *engine, seep_now now, seep_engine_named_event *exhaustion,
                              seep_writer *known);

void seep_engine__write_open_leaks(const seep_engine *engine, seep_writer *known);

/* The largest processes of the last poll, NULL where there are fewer. */
#define SEEP_ENGINE_LARGEST 3
void seep_engine__find_largest(const seep_engine *engine, const seep_process *largest[SEEP_ENGINE_LARGEST]);

void seep_engine__become_urgent(seep_engine *engine, seep_now now); /* polls come faster for a while */

int64_t seep_engine__late_ms(seep_now now, seep_filetime logged); /* -1: it is read in time */
bool seep_engine__is_fresh(const seep_engine *engine, seep_now now, seep_filetime logged);

void seep_engine__emit_bookmark(seep_engine *engine, seep_feed feed, const char *text, size_t size);
void seep_engine__hold(seep_engine_bookmark *held, const char *text, size_t size);
void seep_engine__keep_bookmark(seep_engine *engine, const char *text,
                                size_t size);            /* of Events 2004; may be held */
void seep_engine__release_bookmark(seep_engine *engine); /* the held one, when nothing waits any more */

seep_status seep_engine__emit_again(seep_engine *engine, const seep_alert *alert, bool again);

/* ---- engine_notices.c ---- */

/* The notice that waits is not told, and its bookmark moves. */
void seep_engine__drop_notice(seep_engine *engine);

/* Told after wait_ms unless a diagnosis comes; notice of zeros: an Event 2004 that can not be read. */
void seep_engine__expect_diagnosis(seep_engine *engine, seep_now now, const seep_memory_notice *notice,
                                   const char *reason, int64_t wait_ms);

/* What is due. at_once: those that were only counted too. */
void seep_engine__tell_undiagnosed(seep_engine *engine, seep_now now, bool at_once);

/* ---- engine_exhaustion.c ---- */

void seep_engine__tend_exhaustions(seep_engine *engine, seep_now now); /* each second */
void seep_engine__end_exhaustions(seep_engine *engine, seep_now now);  /* what waits is told now or never */
void seep_engine__judge_headroom(seep_engine *engine, seep_now now);   /* each poll with known figures */

#endif
