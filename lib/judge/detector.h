/*
 * Decides from one figure of one process (its commit, its handles) or of the system (a pool) whether it
 * leaks. Pure, fixed memory, no allocation, O(1) per sample on average.
 *
 * It looks at unreleased floors (judge/floors.h) in windows of many lengths at once and answers in three
 * steps. Suspect: the shape of a leak over a few hours; quiet. Rapid growth: so much of the headroom is gone,
 * or going, that nobody can wait for proof; withdrawn when the growth ends. Leak: confirmed, over at least
 * the observation time. What is asked: judge/shape.h; by which numbers: judge/trial.c.
 *
 * Values are in the figure's own unit (bytes, handles, ...), slopes in that unit per hour.
 */
#ifndef SEEP_JUDGE_DETECTOR_H
#define SEEP_JUDGE_DETECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "judge/floors.h"
#include "judge/shape.h"

/* Headroom that nobody knows: then nothing is ever called rapid growth. */
#define SEEP_HEADROOM_UNKNOWN UINT64_MAX

typedef struct seep_detector_settings {
  int64_t bucket_ms;      /* the shortest part of a window; windows of 16 of them and of every power of two of
                             that. At least 1; usually a minute */
  int64_t observation_ms; /* a leak is confirmed on a window at least that long (16384 buckets at most);
                             usually 19 hours. Everything that depends on age scales with it */
  double minimum_slope_per_hour; /* nothing that grows more slowly, */
  double minimum_growth;         /* or by less, is ever called, or suspected */
} seep_detector_settings;

typedef enum seep_verdict_level {
  SEEP_LEVEL_NONE = 0,
  SEEP_LEVEL_SUSPECT,
  SEEP_LEVEL_RAPID,
  SEEP_LEVEL_LEAK
} seep_verdict_level;

typedef enum seep_verdict {
  SEEP_VERDICT_NONE = 0, /* nothing new */
  SEEP_VERDICT_SUSPECT,  /* just suspected */
  SEEP_VERDICT_RAPID,    /* just called: once per case */
  SEEP_VERDICT_LEAK,     /* just confirmed; whoever was called rapid growth becomes a leak */
  SEEP_VERDICT_GROWING,  /* called before and still true: the finding has new figures */
  SEEP_VERDICT_DOUBLED,  /* likewise, and it has grown to twice what it was when it was called or doubled last
                          */
  SEEP_VERDICT_OVER,     /* just withdrawn: released or no longer growing. The finding is the last one */
  SEEP_VERDICT_CLEARED   /* just no longer suspect; never called */
} seep_verdict;

/* What a call stands on. */
typedef struct seep_finding {
  seep_mono began; /* beginning of the growth, as far back as it was seen; a gap in between is not counted */
  double slope_per_hour;
  double slope_low_per_hour, slope_high_per_hour; /* 95 % of steady leaks lie within */
  uint64_t growth;                                /* unreleased, since `began` */
  float confidence; /* 0..1: how even the rise is; at most one half while it is rapid growth only */
  seep_shape shape; /* of the window that called it, or that it was followed on last */
} seep_finding;

typedef struct seep_detector {
  seep_floors floors;
  seep_finding finding; /* meaningful from SEEP_VERDICT_RAPID or LEAK on */
  double called_from;   /* the unreleased floor at `began` */
  double called_rise;   /* in the window that called it */
  double peak;          /* highest floor of the case */
  double high_water;    /* how high an earlier case stood; 0 = none. Growth below it is old ground, until half
                           of the headroom is gone */
  double told_growth;   /* when it was called or doubled last */
  double risen_to;      /* the floor of the case when it last rose by something that counts, */
  int64_t risen_ms;     /* and the watched time then */
  int64_t rest_ms;      /* so long without a rise and the case is over */
  int64_t observation_ms; /* of the settings that the floors were filled with */
  float alarming_from;    /* where growth began that will be rapid if it goes on */
  float alarming_step;    /* and how much it grew in a base bucket */
  bool begun;
  uint8_t level;                     /* seep_verdict_level */
  uint8_t followed_on;               /* level of the window that the case is followed on */
  uint8_t released;                  /* closes in a row below half of what had grown */
  uint8_t doubtful;                  /* closes in a row at which a suspect did not look like a leak */
  uint8_t proof;                     /* buckets of the long level that the first proof takes */
  uint8_t alarming_buckets;          /* how many of its newest ones do */
  uint8_t alarming_on;               /* the level that shows it and one; 0 = none does */
  uint8_t fast;                      /* closes in a row at which it grew fast enough for rapid growth */
  uint8_t alike[SEEP_FLOORS_LEVELS]; /* closes in a row at which a level's window looked like a leak */
} seep_detector;

/* high_water: what judge/lineage.h remembers of earlier lives; 0 = nothing. */
void seep_detector_init(seep_detector *detector, seep_mono now, double high_water);

/* One sample. An older one than the last is ignored. headroom: what may still be taken before something
 * breaks, in the figure's unit, the process's own part already taken away; SEEP_HEADROOM_UNKNOWN. urgent: an
 * Event 2004 named this process; less evidence is demanded. A gap (sleep, a stopped service) is not bridged:
 * the time is not counted; what is called stays called. */
seep_verdict seep_detector_step(seep_detector *detector, const seep_detector_settings *settings,
                                seep_mono now, uint64_t value, uint64_t headroom, bool urgent);

/* Why, or why not: the window that came nearest to each verdict, and the test it failed. For people only. */
typedef struct seep_explanation {
  seep_verdict_level level;
  int64_t watched_ms;
  seep_assessment leak;  /* nearest to a confirmed leak */
  seep_assessment rapid; /* nearest to rapid growth */
} seep_explanation;

void seep_detector_explain(const seep_detector *detector, const seep_detector_settings *settings,
                           uint64_t headroom, seep_explanation *out);

#endif
