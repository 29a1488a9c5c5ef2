/*
 * The one table of all keys: name, type, place in seep_settings, unit, default, bounds and explanation.
 * Parsing, writing, the defaults and the reference all read it, so a new key is one line here and one field
 * there.
 */
#ifndef SEEP_SETTINGS_KEYS_H
#define SEEP_SETTINGS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"

typedef enum seep_key_type {
  SEEP_KEY_DURATION = 0, /* int64_t milliseconds in seep_settings, larger units in the file */
  SEEP_KEY_U64,
  SEEP_KEY_U32,
  SEEP_KEY_SWITCH,     /* bool; default_value 0 or 1 */
  SEEP_KEY_CHOICE,     /* uint32_t, one of `choices` by its number */
  SEEP_KEY_INSTANCE,   /* capture_instance */
  SEEP_KEY_NAMES,      /* seep_settings_names; `choices`: those by default, ended by NULL, or NULL */
  SEEP_KEY_SHARE,      /* uint32_t millionths in seep_settings, 0 to 1 in the file */
  SEEP_KEY_THRESHOLDS, /* images, image_count */
  SEEP_KEY_PATH        /* metrics_textfile */
} seep_key_type;

typedef struct seep_key {
  const char *section, *name; /* "poll", "interval_s" */
  seep_key_type type;
  size_t offset;     /* in seep_settings; unused for the thresholds of images */
  int64_t factor_ms; /* SEEP_KEY_DURATION: milliseconds in one unit of the file */
  uint64_t default_value, minimum,
      maximum;                /* in the file's unit; for INSTANCE and PATH bounds of the length */
  const char *meaning;        /* one sentence without a final full stop; no | in it */
  const char *too_small;      /* why there is such a minimum, when that is not evident; or NULL */
  const char *const *choices; /* SEEP_KEY_CHOICE: maximum + 1 texts; SEEP_KEY_NAMES: see there */
} seep_key;

#define SEEP_KEYS_MAXIMUM 96
#define SEEP_KEYS_DEFAULT_INSTANCE "Seepwatch"

/* Keys of one section follow each other; ended by an entry whose section is NULL. */
const seep_key *seep_keys_table(void);

/* NULL when there is none; name NULL: the first key of the section. Case matters. */
const seep_key *seep_keys_find(const char *section, const char *name);

/* A key that earlier versions had: taken from their files, and of no effect. */
bool seep_keys_is_retired(const char *section, const char *name);

/* "poll.interval_s" into out. */
const char *seep_keys_path(const seep_key *key, char *out, size_t out_size);

/* The keys that an image may have for itself, by number: those of `detector` with their place in
 * seep_settings_image. */
#define SEEP_KEYS_OF_IMAGE 3
seep_key seep_keys_of_image(size_t number);

/* Number and switch types only, in the file's unit. values: a seep_settings, or the seep_settings_image that
 * a key of seep_keys_of_image is for. */
uint64_t seep_keys_get(const seep_key *key, const void *values);
void seep_keys_set(const seep_key *key, void *values, uint64_t value);

/* The list that a key of type SEEP_KEY_NAMES is about. */
const seep_settings_names *seep_keys_names_in(const seep_key *key, const seep_settings *settings);
seep_settings_names *seep_keys_names_of(const seep_key *key, seep_settings *settings);

#endif
