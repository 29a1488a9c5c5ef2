/*
 * Which finished recordings make room for others: the oldest first, never the newest of an image. The
 * folder's own file names tell what is there, so that a lost database changes nothing.
 */
#ifndef SEEP_CAPTURE_SHELF_H
#define SEEP_CAPTURE_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define SEEP_SHELF_NAME_SIZE 192
#define SEEP_SHELF_IMAGE_SIZE 64
#define SEEP_SHELF_IMAGE_CHARACTERS 40 /* of an image's name in a file's */

typedef struct seep_shelf_item {
  char name[SEEP_SHELF_NAME_SIZE]; /* of the file, without folder */
  char image[SEEP_SHELF_IMAGE_SIZE];
  char when[17];  /* "20261122T104444Z"; sorts by time */
  uint64_t bytes; /* with what lies beside it */
  bool partial; /* NAME.partial.etl: cut off by a crash; goes before whole ones of any image, and never counts
                 * as the newest of one */
  bool evict;   /* out */
} seep_shelf_item;

/* An image's name as it stands in the names of its recordings: an image name is whatever its program was
 * called, and only harmless characters get into a path. out_size > SEEP_SHELF_IMAGE_CHARACTERS. Returns out.
 */
const char *seep_shelf_image(const char *image, char *out, size_t out_size);

/* What lies beside a recording and goes with it. */
typedef enum seep_shelf_beside {
  SEEP_BESIDE_SIDECAR = 0, /* "x.json": the case that it was made for */
  SEEP_BESIDE_ANSWER,      /* "x.answer.json": what it shows */
  SEEP_BESIDE_PAGE,        /* "x.html": the same for people */
  SEEP_BESIDES
} seep_shelf_beside;

/* The file beside a recording, by its name or its whole path: "x.etl", "x.etl.gz" and "x.partial.etl" give
 * "x.json" and so on. ASCII case ignored. false, and "" in out: another kind of file, or out is too small. */
bool seep_shelf_beside_name(const char *path, seep_shelf_beside which, char *out, size_t out_size);

/* Takes a file name "<utc>-<image>-<pid>-<kind>.etl[.gz]" (".partial.etl" too) apart; false: not one of ours,
 * which is never counted and never removed. An image may contain '-'. */
bool seep_shelf_parse(const char *name, seep_shelf_item *item);

/* Marks what goes so that at most maximum_bytes and maximum_count remain, in no given order of items. Returns
 * true when that is reached without the newest of each image; false: those alone are too much, and nothing
 * else remains. */
bool seep_shelf_evict(seep_shelf_item *items, size_t count, uint64_t maximum_bytes, size_t maximum_count);

#endif
