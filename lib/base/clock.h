/*
 * Two kinds of time that must never be mixed, hence two types: monotonic time measures (rates, deadlines,
 * windows), wall time names a moment for people and for files. Nothing here asks for the time; "now" comes in
 * with each event.
 */
#ifndef SEEP_BASE_CLOCK_H
#define SEEP_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds of running time since some moment of this boot; does not move while the machine sleeps. */
typedef struct seep_mono {
  int64_t ms;
} seep_mono;

/* Milliseconds since 1970-01-01T00:00:00Z. */
typedef struct seep_wall {
  int64_t ms;
} seep_wall;

/* Windows' own: 100 ns since 1601-01-01T00:00:00Z. Kept whole where it is an identity (a process's creation
 * time). */
typedef uint64_t seep_filetime;

/* One moment on both clocks. */
typedef struct seep_now {
  seep_mono mono;
  seep_wall wall;
} seep_now;

#define SEEP_MS_PER_MILLISECOND INT64_C(1)
#define SEEP_MS_PER_SECOND INT64_C(1000)
#define SEEP_MS_PER_MINUTE INT64_C(60000)
#define SEEP_MS_PER_HOUR INT64_C(3600000)
#define SEEP_MS_PER_DAY INT64_C(86400000)

/* "2026-11-22T10:44:44.123Z" needs 25; a file name form "20261122T104444Z" needs 17. */
#define SEEP_WALL_TEXT_SIZE 32

static inline int64_t seep_mono_since(seep_mono now, seep_mono then)
{
  return now.ms - then.ms;
}

/* What the wall clock would call an earlier moment of running time, by how it stands now. */
static inline seep_wall seep_now_wall_of(seep_now now, seep_mono then)
{
  return (seep_wall){now.wall.ms - seep_mono_since(now.mono, then)};
}

/* FILETIME values before 1970 or beyond year 9999 are clamped. */
seep_wall seep_wall_from_filetime(seep_filetime filetime);
seep_filetime seep_wall_to_filetime(seep_wall wall);

/* ISO 8601, UTC, milliseconds. Returns out, always terminated. */
const char *seep_wall_text(seep_wall wall, char *out, size_t out_size);

/* "20261122T104444Z": sorts, and is legal in a Windows file name. */
const char *seep_wall_file_text(seep_wall wall, char *out, size_t out_size);

/* ISO 8601 UTC with 0 to 9 fraction digits and a final Z, as Windows prints times in event XML.
 * false (and *filetime untouched) when it is anything else. */
bool seep_filetime_parse(const char *text, size_t length, seep_filetime *filetime);

#endif
