/*
 * Decides from one process's commit sizes whether it leaks. Pure, fixed memory, O(1) per sample, no
 * allocation.
 *
 * It looks at floors: the least commit in each of SEEP_DETECTOR_BUCKETS equal parts of a sliding window, and
 * at the part of each floor that was never given back later (the unreleased floor). A leak makes that floor
 * rise in every part of the window; start-up growth, a sawtooth and a step do not. The same questions are put
 * to the newest half of the whole watched life, for leaks that drown in one window's noise. What it can not
 * tell yet: lib/README.md.
 */
#ifndef SEEP_JUDGE_DETECTOR_H
#define SEEP_JUDGE_DETECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define SEEP_DETECTOR_BUCKETS 16
#define SEEP_DETECTOR_LIFE 32 /* floors over the whole watched life; pairs merge when full */

typedef struct seep_detector_settings {
  int64_t window_ms; /* what is looked at; at least SEEP_DETECTOR_BUCKETS polls long to be useful */
  uint64_t minimum_slope_bytes_per_hour;
  uint64_t minimum_growth_bytes; /* unreleased growth in what is looked at below this is never a leak */
  int64_t start_up_ms;           /* samples this early in a process's watched life are not judged */
  unsigned confirmations;        /* bucket closes in a row that must agree, at least 1 */
} seep_detector_settings;

typedef enum seep_verdict_kind {
  SEEP_VERDICT_NONE = 0, /* nothing to say */
  SEEP_VERDICT_LEAK,     /* just called: once per case */
  SEEP_VERDICT_GROWING,  /* called before and still true; figures refreshed, at most once a bucket */
  SEEP_VERDICT_OVER      /* just withdrawn: released or no longer growing */
} seep_verdict_kind;

typedef struct seep_verdict {
  seep_verdict_kind kind;
  double slope_bytes_per_hour; /* of the unreleased floor over the window that called it */
  uint64_t growth_bytes;       /* unreleased growth since `began` */
  seep_mono began;             /* the window's beginning when it was called */
  double confidence;           /* 0..1: how even the rise is */
} seep_verdict;

typedef struct seep_detector {
  seep_mono first; /* of the watched life */
  seep_mono last;  /* newest sample; an older one is ignored */
  seep_mono bucket_start;
  int64_t bucket_ms; /* what the rings were filled with; another window starts them afresh */
  uint64_t bucket_floor;
  uint64_t floors[SEEP_DETECTOR_BUCKETS]; /* ring of closed buckets */
  unsigned floor_count, floor_next;
  uint64_t older_peak;                    /* highest floor that has left the window; 0 = none yet */
  uint64_t released_peak, released_bytes; /* the largest release among those floors, and from how high */
  uint64_t over_peak;                     /* how high the last case stood when it was over; 0 = none yet */
  uint64_t life[SEEP_DETECTOR_LIFE];      /* floors of equal parts since `first` */
  unsigned life_count;
  unsigned life_merge, life_fill; /* buckets per part; buckets in the part being filled */
  uint64_t life_floor;
  unsigned agreeing;      /* closes in a row that passed every test */
  unsigned life_agreeing; /* the same for the newest 16 parts of the life, at each part's end */
  bool empty_bucket;
  bool called;
  uint64_t called_from_bytes, called_peak_bytes; /* floor at `began`; highest floor since */
  bool called_on_life;                           /* by the parts of the life, not by the window */
  unsigned quiet; /* closes in a row without a rise in the whole window, once called */
  seep_mono began;
} seep_detector;

void seep_detector_init(seep_detector *detector, seep_mono now);

/* One sample. urgent: an Event 2004 named this process, one agreeing close is enough. A gap of more than
 * three buckets (sleep, a stopped service) starts afresh rather than bridging it; a verdict already called
 * stays called. */
seep_verdict seep_detector_step(seep_detector *detector, const seep_detector_settings *settings,
                                seep_mono now, uint64_t commit_bytes, bool urgent);

#endif
