/*
 * A closed bucket hands its least and greatest value to the level above; every second close
 * of a level closes one there, so that a sample costs two comparisons and a base bucket two closes on
 * average. The life's parts double in length when their ring is full.
 */
#include "judge/floors.h"

#include <string.h>

#define NOTHING_LOW 3.0e38f
#define NOTHING_HIGH (-1.0f)

/* A longer hole than so many base buckets, and than so many times the last interval, is a gap. */
#define GAP_BUCKETS 3u
#define GAP_RHYTHMS 4u
/* Nobody polls as rarely as that: always a gap, so that one sample never closes more buckets. */
#define LONGEST_BUCKETS 4096u

static float least(float a, float b)
{
  return a < b ? a : b;
}

static float most(float a, float b)
{
  return a > b ? a : b;
}

void seep_floors_init(seep_floors *floors, seep_mono now, int64_t bucket_ms, unsigned long_level)
{
  memset(floors, 0, sizeof *floors);
  floors->last = floors->bucket_start = now;
  floors->bucket_ms = bucket_ms;
  floors->long_level = (uint8_t)long_level;
  floors->life_part = 1;
  floors->open_life = NOTHING_LOW;
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS; level++) {
    floors->open_low[level] = NOTHING_LOW;
    floors->open_high[level] = NOTHING_HIGH;
  }
}

static void close_life(seep_floors *floors, float low)
{
  floors->open_life = least(floors->open_life, low);
  if ((floors->closed & (floors->life_part - 1)) != 0) {
    return;
  }
  floors->life[floors->life_count++] = floors->open_life;
  floors->open_life = NOTHING_LOW;
  if (floors->life_count == SEEP_FLOORS_LIFE) {
    for (size_t i = 0; i < SEEP_FLOORS_LIFE / 2; i++) {
      floors->life[i] = least(floors->life[2 * i], floors->life[2 * i + 1]);
    }
    floors->life_count = SEEP_FLOORS_LIFE / 2;
    floors->life_part *= 2;
  }
}

/* Where the bucket that this level closed as its number-th is, or will be, in a ring of so many. */
static unsigned place(uint32_t number, unsigned ring)
{
  return number & (ring - 1);
}

static void close_level(seep_floors *floors, unsigned level)
{
  float low = floors->open_low[level], high = floors->open_high[level];
  uint32_t number = (floors->closed >> level) - 1;
  floors->low[level][place(number, SEEP_FLOORS_RING)] = low;
  if (level % 2 == 1) {
    floors->high[level / 2][place(number, SEEP_FLOORS_RING)] = high;
  }
  if (level == floors->long_level) {
    floors->distant[place(number, SEEP_FLOORS_LONG)] = low;
  }
  if (level + 1 < SEEP_FLOORS_LEVELS) {
    floors->open_low[level + 1] = least(floors->open_low[level + 1], low);
    floors->open_high[level + 1] = most(floors->open_high[level + 1], high);
  }
  floors->open_low[level] = NOTHING_LOW;
  floors->open_high[level] = NOTHING_HIGH;
}

/* The base bucket that is over, and all above it that end with it. */
static unsigned close_base(seep_floors *floors)
{
  unsigned closed = 0;
  if (floors->open_high[0] < 0.0f) { /* no sample: as the one before */
    floors->open_low[0] = floors->open_high[0] = floors->low[0][place(floors->closed - 1, SEEP_FLOORS_RING)];
  }
  float low = floors->open_low[0];
  floors->closed++;
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS && (floors->closed & ((1u << level) - 1)) == 0;
       level++) {
    close_level(floors, level);
    closed |= 1u << level;
  }
  close_life(floors, low);
  floors->bucket_start.ms += floors->bucket_ms;
  return closed;
}

unsigned seep_floors_add(seep_floors *floors, seep_mono now, float value)
{
  unsigned closed = 0;
  /* Unsigned: defined for any two moments with now >= last. */
  uint64_t interval_ms = (uint64_t)now.ms - (uint64_t)floors->last.ms;
  uint64_t bucket_ms = (uint64_t)floors->bucket_ms;
  if (interval_ms / LONGEST_BUCKETS > bucket_ms ||
      (interval_ms / GAP_BUCKETS > bucket_ms && interval_ms / GAP_RHYTHMS > floors->rhythm_ms)) {
    floors->bucket_start.ms = (int64_t)((uint64_t)floors->bucket_start.ms + interval_ms);
  }
  floors->rhythm_ms = interval_ms;
  floors->last = now;
  while (seep_mono_since(now, floors->bucket_start) >= floors->bucket_ms) {
    closed |= close_base(floors);
  }
  for (unsigned level = 0; level < SEEP_FLOORS_LEVELS && interval_ms >= 2 * bucket_ms << level; level++) {
    closed &= ~(1u << level);
  }
  floors->open_low[0] = least(floors->open_low[0], value);
  floors->open_high[0] = most(floors->open_high[0], value);
  return closed;
}

unsigned seep_floors_count(const seep_floors *floors, unsigned level)
{
  uint32_t closed = floors->closed >> level;
  return closed < SEEP_FLOORS_RING ? closed : SEEP_FLOORS_RING;
}

static unsigned place_of(const seep_floors *floors, unsigned level, unsigned i)
{
  return place((floors->closed >> level) - seep_floors_count(floors, level) + i, SEEP_FLOORS_RING);
}

float seep_floors_low(const seep_floors *floors, unsigned level, unsigned i)
{
  return floors->low[level][place_of(floors, level, i)];
}

float seep_floors_high(const seep_floors *floors, unsigned level, unsigned i)
{
  return floors->high[level / 2][place_of(floors, level, i)];
}

unsigned seep_floors_distant(const seep_floors *floors, float *out)
{
  uint32_t closed = floors->closed >> floors->long_level;
  unsigned count = closed < SEEP_FLOORS_LONG ? closed : SEEP_FLOORS_LONG;
  for (unsigned i = 0; i < count; i++) {
    out[i] = floors->distant[place(closed - count + i, SEEP_FLOORS_LONG)];
  }
  return count;
}

int64_t seep_floors_bucket_ms(const seep_floors *floors, unsigned level)
{
  return floors->bucket_ms * ((int64_t)1 << level);
}

double seep_floors_bucket_hours(const seep_floors *floors, unsigned level)
{
  return (double)seep_floors_bucket_ms(floors, level) / (double)SEEP_MS_PER_HOUR;
}

int64_t seep_floors_watched_ms(const seep_floors *floors)
{
  return floors->bucket_ms * (int64_t)floors->closed;
}
