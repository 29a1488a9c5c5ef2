#include "settings/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "settings/keys.h"
#include "settings/textfile.h"

/* "detector.images." before an image name. */
#define PATH_SIZE (SEEP_SETTINGS_NAME_SIZE + 32)

static const char not_an_image[] =
    "takes image names in quotes such as \"backup.exe\", without folders or wildcards";
static const char not_an_object[] = "must be an object: { ... }";
static const char more_than_once[] = "is given more than once";

/* 2^53: from here on a double does not hold every whole number. */
#define DOUBLE_EXACT 9007199254740992.0

typedef struct reading {
  seep_locate *locate;
  seep_settings *settings;
  seep_settings_problem *problem;
  unsigned lines[SEEP_KEYS_MAXIMUM];    /* by index in the table; 0 = not in the file */
  unsigned sections[SEEP_KEYS_MAXIMUM]; /* the same, at the index of the section's first key */
} reading;

/* Key names and reasons end on screens and in the event log: no control characters from a file. */
void seep_reading_problem(seep_settings_problem *problem, unsigned line, const char *section,
                          const char *name, const char *reason)
{
  seep_writer writer;
  seep_writer_init(&writer, problem->key, sizeof problem->key);
  seep_writer_text(&writer, section);
  seep_writer_text(&writer, name[0] != '\0' ? "." : "");
  seep_writer_text(&writer, name);
  for (char *c = problem->key; *c != '\0'; c++) {
    *c = (unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c;
  }
  seep_text_copy(problem->reason, sizeof problem->reason, reason);
  problem->line = line;
}

static bool refuse(reading *now, const char *section, const char *name, const char *reason)
{
  seep_reading_problem(now->problem, now->locate->token_line, section, name, reason);
  return false;
}

static bool refuse_key(reading *now, const seep_key *key, const char *reason)
{
  return refuse(now, key->section, key->name, reason);
}

/* values as seep_keys_set takes them. */
static bool read_number(reading *now, const seep_key *key, void *values, const cJSON *item)
{
  char reason[sizeof now->problem->reason];
  double value = item->valuedouble;
  if (!cJSON_IsNumber(item)) {
    return refuse_key(now, key, "must be a whole number, without quotes");
  }
  if (value >= 0 && value < DOUBLE_EXACT && (double)(uint64_t)value != value) {
    snprintf(reason, sizeof reason, "must be a whole number, not %.16g", value);
    return refuse_key(now, key, reason);
  }
  if (value < (double)key->minimum || value > (double)key->maximum) {
    const char *why = value < (double)key->minimum ? key->too_small : NULL;
    snprintf(reason, sizeof reason, "must be from %" PRIu64 " to %" PRIu64 ", not %.16g%s%s", key->minimum,
             key->maximum, value, why != NULL ? ": " : "", why != NULL ? why : "");
    return refuse_key(now, key, reason);
  }
  seep_keys_set(key, values, (uint64_t)value);
  return true;
}

static bool is_instance_character(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool read_instance(reading *now, const seep_key *key, const cJSON *item)
{
  const char *text = cJSON_IsString(item) ? item->valuestring : "";
  size_t length = 0;
  while (is_instance_character(text[length])) {
    length++;
  }
  if (text[length] != '\0' || length < key->minimum || length > key->maximum) {
    return refuse_key(now, key, "must be a text of 1 to 40 letters, digits, - or _");
  }
  seep_text_copy(now->settings->capture_instance, sizeof now->settings->capture_instance, text);
  return true;
}

/* What can not be in an image name shows a misunderstanding: a folder, a pattern, a list in one text. */
static bool is_image(const char *text)
{
  size_t length = strlen(text);
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < 0x20 || strchr("\\/:*?\"<>|", text[i]) != NULL) {
      return false;
    }
  }
  return length > 0 && length < SEEP_SETTINGS_NAME_SIZE;
}

static bool read_names(reading *now, const seep_key *key, const cJSON *item)
{
  const cJSON *element = NULL;
  seep_settings_names *list = seep_keys_names_of(key, now->settings);
  if (!cJSON_IsArray(item)) {
    return refuse_key(now, key, "must be a list of image names, [\"a.exe\", \"b.exe\"]");
  }
  list->count = 0; /* the file's list, not added to the one by default */
  cJSON_ArrayForEach(element, item)
  {
    seep_locate_next(now->locate);
    if (list->count == SEEP_SETTINGS_IGNORED) {
      return refuse_key(now, key, "has more than 64 names");
    }
    if (!cJSON_IsString(element) || !is_image(element->valuestring)) {
      return refuse_key(now, key, not_an_image);
    }
    seep_text_copy(list->names[list->count], SEEP_SETTINGS_NAME_SIZE, element->valuestring);
    list->count++;
  }
  return true;
}

static bool is_comment(const cJSON *item)
{
  return strcmp(item->string, "$comment") == 0 || strcmp(item->string, "$schema") == 0;
}

static bool read_comment(reading *now, const char *section, const cJSON *item)
{
  if (cJSON_IsString(item)) {
    return true;
  }
  return section[0] != '\0' ? refuse(now, section, item->string, "must be a text in quotes")
                            : refuse(now, item->string, "", "must be a text in quotes");
}

static bool read_threshold(reading *now, const char *path, seep_settings_image *image, const cJSON *item)
{
  for (size_t i = 0; i < SEEP_KEYS_OF_IMAGE; i++) {
    seep_key key = seep_keys_of_image(i);
    key.section = path;
    if (strcmp(key.name, item->string) != 0) {
      continue;
    }
    /* What has been read is not 0: 0 is below the least of each of them. */
    return seep_keys_get(&key, image) == 0 ? read_number(now, &key, image, item)
                                           : refuse_key(now, &key, more_than_once);
  }
  return refuse(
      now, path, item->string,
      "is no key of an image: minimum_slope_bytes_per_hour, minimum_growth_bytes and observation_s are");
}

/* What it leaves out stays 0 until the whole file has been read. */
static bool read_image(reading *now, const seep_key *key, seep_settings_image *image, const cJSON *object)
{
  char path[PATH_SIZE];
  const cJSON *item = NULL;
  snprintf(path, sizeof path, "%s.%s.%s", key->section, key->name, image->name);
  if (!cJSON_IsObject(object)) {
    return refuse(now, path, "", not_an_object);
  }
  cJSON_ArrayForEach(item, object)
  {
    seep_locate_next(now->locate);
    if (!(is_comment(item) ? read_comment(now, path, item) : read_threshold(now, path, image, item))) {
      return false;
    }
  }
  return true;
}

static bool read_thresholds(reading *now, const seep_key *key, const cJSON *object)
{
  char path[PATH_SIZE];
  const cJSON *item = NULL;
  seep_settings *settings = now->settings;
  if (!cJSON_IsObject(object)) {
    return refuse_key(now, key, "must be an object of image names, {\"a.exe\": { ... }}");
  }
  seep_keys_path(key, path, sizeof path);
  cJSON_ArrayForEach(item, object)
  {
    seep_locate_next(now->locate);
    if (is_comment(item)) {
      if (!read_comment(now, path, item)) {
        return false;
      }
      continue;
    }
    if (!is_image(item->string)) {
      return refuse(now, path, item->string, not_an_image);
    }
    if (seep_settings_image_of(settings, item->string) != NULL) {
      return refuse(now, path, item->string, more_than_once);
    }
    if (settings->image_count == SEEP_SETTINGS_IMAGES) {
      return refuse_key(now, key, "has more than 64 names");
    }
    seep_settings_image *image = &settings->images[settings->image_count++];
    seep_text_copy(image->name, sizeof image->name, item->string);
    if (!read_image(now, key, image, item)) {
      return false;
    }
  }
  return true;
}

static bool read_choice(reading *now, const seep_key *key, const cJSON *item)
{
  char reason[160];
  seep_writer writer;
  seep_writer_init(&writer, reason, sizeof reason);
  seep_writer_text(&writer, "must be one of");
  for (uint64_t i = 0; i <= key->maximum; i++) {
    if (cJSON_IsString(item) && strcmp(item->valuestring, key->choices[i]) == 0) {
      seep_keys_set(key, now->settings, i);
      return true;
    }
    seep_writer_format(&writer, "%s \"%s\"", i > 0 ? "," : "", key->choices[i]);
  }
  return refuse_key(now, key, reason);
}

static bool read_share(reading *now, const seep_key *key, const cJSON *item)
{
  char reason[96];
  if (!cJSON_IsNumber(item)) {
    return refuse_key(now, key, "must be a number from 0 to 1, without quotes");
  }
  if (!(item->valuedouble >= 0.0 && item->valuedouble <= 1.0)) {
    snprintf(reason, sizeof reason, "must be from 0 to 1, not %.16g", item->valuedouble);
    return refuse_key(now, key, reason);
  }
  seep_keys_set(key, now->settings, (uint64_t)(item->valuedouble * 1e6 + 0.5));
  return true;
}

static bool read_path(reading *now, const seep_key *key, const cJSON *item)
{
  if (!cJSON_IsString(item)) {
    return refuse_key(now, key, "must be a path in quotes; \"\" is none");
  }
  const char *reason = seep_textfile_refusal(item->valuestring);
  if (reason != NULL) {
    return refuse_key(now, key, reason);
  }
  seep_text_copy(now->settings->metrics_textfile, sizeof now->settings->metrics_textfile, item->valuestring);
  return true;
}

static bool read_value(reading *now, const seep_key *key, const cJSON *item)
{
  switch (key->type) {
  case SEEP_KEY_SWITCH:
    if (!cJSON_IsBool(item)) {
      return refuse_key(now, key, "must be true or false, without quotes");
    }
    seep_keys_set(key, now->settings, cJSON_IsTrue(item) ? 1 : 0);
    return true;
  case SEEP_KEY_CHOICE:
    return read_choice(now, key, item);
  case SEEP_KEY_INSTANCE:
    return read_instance(now, key, item);
  case SEEP_KEY_NAMES:
    return read_names(now, key, item);
  case SEEP_KEY_SHARE:
    return read_share(now, key, item);
  case SEEP_KEY_THRESHOLDS:
    return read_thresholds(now, key, item);
  case SEEP_KEY_PATH:
    return read_path(now, key, item);
  case SEEP_KEY_DURATION:
  case SEEP_KEY_U64:
  case SEEP_KEY_U32:
  default:
    return read_number(now, key, now->settings, item);
  }
}

static bool read_section(reading *now, const char *section, const cJSON *object)
{
  const cJSON *item = NULL;
  if (!cJSON_IsObject(object)) {
    return refuse(now, section, "", not_an_object);
  }
  cJSON_ArrayForEach(item, object)
  {
    seep_locate_next(now->locate);
    const seep_key *key = seep_keys_find(section, item->string);
    if (is_comment(item)) {
      if (!read_comment(now, section, item)) {
        return false;
      }
      continue;
    }
    if (key == NULL && seep_keys_is_retired(section, item->string) && cJSON_IsNumber(item)) {
      now->settings->retired_keys++;
      continue;
    }
    if (key == NULL) {
      return refuse(now, section, item->string,
                    "is no key that Seepwatch knows; \"seepwatch config keys\" lists them");
    }
    unsigned *line = &now->lines[key - seep_keys_table()];
    if (*line != 0) {
      return refuse_key(now, key, more_than_once);
    }
    *line = now->locate->token_line;
    if (!read_value(now, key, item)) {
      return false;
    }
  }
  return true;
}

static bool read_root(reading *now, const cJSON *root)
{
  const cJSON *item = NULL;
  if (!cJSON_IsObject(root)) {
    return refuse(now, "", "", "the whole configuration must be one object: { ... }");
  }
  cJSON_ArrayForEach(item, root)
  {
    seep_locate_next(now->locate);
    const seep_key *first = seep_keys_find(item->string, NULL);
    if (is_comment(item)) {
      if (!read_comment(now, "", item)) {
        return false;
      }
      continue;
    }
    if (first == NULL) {
      return refuse(now, item->string, "",
                    "is no group that Seepwatch knows; \"seepwatch config keys\" lists them");
    }
    unsigned *line = &now->sections[first - seep_keys_table()];
    if (*line != 0) {
      return refuse(now, item->string, "", more_than_once);
    }
    *line = now->locate->token_line;
    if (!read_section(now, item->string, item)) {
      return false;
    }
  }
  return true;
}

/* Two keys that contradict each other: said at the first one if the file has it, else at the second. */
static bool refuse_pair(reading *now, const seep_key *first, const seep_key *second, const char *reason)
{
  const seep_key *key = now->lines[first - seep_keys_table()] != 0 ? first : second;
  seep_reading_problem(now->problem, now->lines[key - seep_keys_table()], key->section, key->name, reason);
  return false;
}

static bool check_pairs(reading *now)
{
  const seep_settings *settings = now->settings;
  const seep_key *urgent = seep_keys_find("poll", "urgent_interval_s");
  const seep_key *interval = seep_keys_find("poll", "interval_s");
  const seep_key *observation = seep_keys_find("detector", "observation_s");
  const seep_key *bucket = seep_keys_find("detector", "bucket_s");
  char reason[sizeof now->problem->reason];
  if (settings->poll_urgent_interval_ms > settings->poll_interval_ms) {
    snprintf(reason, sizeof reason,
             "poll.urgent_interval_s (%" PRIu64 ") must not be longer than poll.interval_s (%" PRIu64 ")",
             seep_keys_get(urgent, settings), seep_keys_get(interval, settings));
    return refuse_pair(now, urgent, interval, reason);
  }
  int64_t longest_ms = SEEP_SETTINGS_OBSERVATION_BUCKETS * settings->detector_bucket_ms;
  for (size_t i = 0; i <= settings->image_count; i++) {
    bool own = i < settings->image_count;
    int64_t asked_ms = own ? settings->images[i].observation_ms : settings->detector_observation_ms;
    if (asked_ms > longest_ms) {
      snprintf(reason, sizeof reason,
               "observation_s%s%.60s (%" PRId64 ") must not be longer than 16384 times detector.bucket_s",
               own ? " of " : "", own ? settings->images[i].name : "", asked_ms / SEEP_MS_PER_SECOND);
      return own ? refuse_pair(now, seep_keys_find("detector", "images"), bucket, reason)
                 : refuse_pair(now, observation, bucket, reason);
    }
  }
  return true;
}

/* Wherever in the file the general ones stood. */
static void fill_images(seep_settings *settings)
{
  for (size_t i = 0; i < settings->image_count; i++) {
    for (size_t k = 0; k < SEEP_KEYS_OF_IMAGE; k++) {
      const seep_key own = seep_keys_of_image(k);
      if (seep_keys_get(&own, &settings->images[i]) == 0) {
        const seep_key *general = seep_keys_find(own.section, own.name);
        seep_keys_set(&own, &settings->images[i], seep_keys_get(general, settings));
      }
    }
  }
}

bool seep_reading_tree(const cJSON *root, seep_locate *locate, seep_settings *settings,
                       seep_settings_problem *problem)
{
  reading now;
  memset(&now, 0, sizeof now);
  now.locate = locate;
  now.settings = settings;
  now.problem = problem;
  if (!read_root(&now, root) || !check_pairs(&now)) {
    return false;
  }
  fill_images(settings);
  return true;
}
