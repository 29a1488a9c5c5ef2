/*
 * The floors of a figure on all time scales at once: the least (and the greatest) value in each of the newest
 * 16 buckets of 1, 2, 4 ... 2048 base buckets, and in up to 32 equal parts of the whole watched life. Fixed
 * memory, O(1) per sample on average. Knows nothing of leaks.
 *
 * Time here is watched time: a gap is cut out. Where polls are further apart than a base bucket, a bucket
 * without a sample repeats the one before.
 */
#ifndef SEEP_JUDGE_FLOORS_H
#define SEEP_JUDGE_FLOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define SEEP_FLOORS_LEVELS 12
#define SEEP_FLOORS_RING 16
#define SEEP_FLOORS_PEAK_RINGS (SEEP_FLOORS_LEVELS / 2)
#define SEEP_FLOORS_LIFE 32
#define SEEP_FLOORS_LONG 64

/* Rings begin anew with every sixteenth bucket: read them through the functions below. */
typedef struct seep_floors {
  seep_mono last, bucket_start;
  int64_t bucket_ms;  /* of the base */
  uint64_t rhythm_ms; /* the last interval between two samples */
  uint32_t closed;    /* base buckets so far */
  uint32_t life_part; /* base buckets in each part of the life; a power of two */
  float low[SEEP_FLOORS_LEVELS][SEEP_FLOORS_RING];
  float high[SEEP_FLOORS_PEAK_RINGS][SEEP_FLOORS_RING]; /* of levels 1, 3, 5 ... */
  float distant[SEEP_FLOORS_LONG];                      /* more of low[long_level] */
  float life[SEEP_FLOORS_LIFE];                         /* oldest first */
  float open_low[SEEP_FLOORS_LEVELS], open_high[SEEP_FLOORS_LEVELS], open_life;
  uint8_t long_level, life_count;
} seep_floors;

/* bucket_ms: at least 1. long_level: whose floors are kept further back than 16; below SEEP_FLOORS_LEVELS. */
void seep_floors_init(seep_floors *floors, seep_mono now, int64_t bucket_ms, unsigned long_level);

/* One sample, not older than the last one. Returns a set of bits: level l has closed a bucket. More than one
 * bucket of a level may have closed when polls are far apart; its bit is set once, and not at all where most
 * buckets only repeat the one before. */
unsigned seep_floors_add(seep_floors *floors, seep_mono now, float value);

/* How many closed buckets of this level are still there: at most 16. */
unsigned seep_floors_count(const seep_floors *floors, unsigned level);

/* The i-th oldest of them. seep_floors_high: of odd levels only. */
float seep_floors_low(const seep_floors *floors, unsigned level, unsigned i);
float seep_floors_high(const seep_floors *floors, unsigned level, unsigned i);

/* The floors of the long level that are still there, at most SEEP_FLOORS_LONG, oldest first, into out.
 * Returns how many. */
unsigned seep_floors_distant(const seep_floors *floors, float *out);

/* The length of a bucket of this level. */
int64_t seep_floors_bucket_ms(const seep_floors *floors, unsigned level);
double seep_floors_bucket_hours(const seep_floors *floors, unsigned level);

/* Milliseconds of watched time in closed base buckets. */
int64_t seep_floors_watched_ms(const seep_floors *floors);

#endif
