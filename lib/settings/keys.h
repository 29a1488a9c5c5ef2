/*
 * The one table of all keys: name, type, place in seep_settings, unit, default, bounds and explanation.
 * Parsing, writing, the defaults and the reference all read it, so a new key is one line here and one field
 * there.
 */
#ifndef SEEP_SETTINGS_KEYS_H
#define SEEP_SETTINGS_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "settings/settings.h"

typedef enum seep_key_type {
  SEEP_KEY_DURATION = 0, /* int64_t milliseconds in seep_settings, larger units in the file */
  SEEP_KEY_U64,
  SEEP_KEY_U32,
  SEEP_KEY_SWITCH,   /* bool; default_value 0 or 1 */
  SEEP_KEY_INSTANCE, /* capture_instance */
  SEEP_KEY_IMAGES    /* ignored, ignored_count */
} seep_key_type;

typedef struct seep_key {
  const char *section, *name; /* "poll", "interval_s" */
  seep_key_type type;
  size_t offset;     /* in seep_settings; unused for SEEP_KEY_IMAGES */
  int64_t factor_ms; /* SEEP_KEY_DURATION: milliseconds in one unit of the file */
  uint64_t default_value, minimum,
      maximum;           /* in the file's unit; for SEEP_KEY_INSTANCE bounds of the length */
  const char *meaning;   /* one sentence without a final full stop; no | in it */
  const char *too_small; /* why there is such a minimum, when that is not evident; or NULL */
} seep_key;

#define SEEP_KEYS_MAXIMUM 64
#define SEEP_KEYS_DEFAULT_INSTANCE "Seepwatch"

/* Keys of one section follow each other; ended by an entry whose section is NULL. */
const seep_key *seep_keys_table(void);

/* NULL when there is none; name NULL: the first key of the section. Case matters. */
const seep_key *seep_keys_find(const char *section, const char *name);

/* "poll.interval_s" into out. */
const char *seep_keys_path(const seep_key *key, char *out, size_t out_size);

/* Number and switch types only, in the file's unit. */
uint64_t seep_keys_get(const seep_key *key, const seep_settings *settings);
void seep_keys_set(const seep_key *key, seep_settings *settings, uint64_t value);

#endif
