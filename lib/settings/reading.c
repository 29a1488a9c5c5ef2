#include "settings/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "settings/keys.h"

/* Below this many polls the parts of the window are empty and nothing can be judged. */
#define WINDOW_POLLS 8

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

static bool read_number(reading *now, const seep_key *key, const cJSON *item)
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
  seep_keys_set(key, now->settings, (uint64_t)value);
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

static bool read_images(reading *now, const seep_key *key, const cJSON *item)
{
  const cJSON *element = NULL;
  if (!cJSON_IsArray(item)) {
    return refuse_key(now, key, "must be a list of image names, [\"a.exe\", \"b.exe\"]");
  }
  cJSON_ArrayForEach(element, item)
  {
    seep_locate_next(now->locate);
    if (now->settings->ignored_count == SEEP_SETTINGS_IGNORED) {
      return refuse_key(now, key, "has more than 64 names");
    }
    if (!cJSON_IsString(element) || !is_image(element->valuestring)) {
      return refuse_key(now, key,
                        "takes image names in quotes such as \"backup.exe\", without folders or wildcards");
    }
    seep_text_copy(now->settings->ignored[now->settings->ignored_count], SEEP_SETTINGS_NAME_SIZE,
                   element->valuestring);
    now->settings->ignored_count++;
  }
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
  case SEEP_KEY_INSTANCE:
    return read_instance(now, key, item);
  case SEEP_KEY_IMAGES:
    return read_images(now, key, item);
  case SEEP_KEY_DURATION:
  case SEEP_KEY_U64:
  case SEEP_KEY_U32:
  default:
    return read_number(now, key, item);
  }
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

static bool read_section(reading *now, const char *section, const cJSON *object)
{
  const cJSON *item = NULL;
  if (!cJSON_IsObject(object)) {
    return refuse(now, section, "", "must be an object: { ... }");
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
    if (key == NULL) {
      return refuse(now, section, item->string,
                    "is no key that Seepwatch knows; \"seepwatch config keys\" lists them");
    }
    unsigned *line = &now->lines[key - seep_keys_table()];
    if (*line != 0) {
      return refuse_key(now, key, "is given more than once");
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
      return refuse(now, item->string, "", "is given more than once");
    }
    *line = now->locate->token_line;
    if (!read_section(now, item->string, item)) {
      return false;
    }
  }
  return true;
}

/* Two keys that contradict each other: said at the first one if the file has it, else at the second. */
static bool refuse_pair(reading *now, const char *section, const char *name, const char *reason)
{
  const seep_key *key = seep_keys_find(section, name);
  const seep_key *interval = seep_keys_find("poll", "interval_s");
  unsigned line = now->lines[key - seep_keys_table()];
  if (line == 0) {
    key = interval;
    line = now->lines[interval - seep_keys_table()];
  }
  seep_reading_problem(now->problem, line, key->section, key->name, reason);
  return false;
}

static bool check_pairs(reading *now)
{
  const seep_settings *settings = now->settings;
  char reason[sizeof now->problem->reason];
  int64_t interval_s = settings->poll_interval_ms / SEEP_MS_PER_SECOND;
  if (settings->poll_urgent_interval_ms > settings->poll_interval_ms) {
    snprintf(reason, sizeof reason,
             "poll.urgent_interval_s (%" PRId64 ") must not be longer than poll.interval_s (%" PRId64 ")",
             settings->poll_urgent_interval_ms / SEEP_MS_PER_SECOND, interval_s);
    return refuse_pair(now, "poll", "urgent_interval_s", reason);
  }
  if (settings->detector_window_ms < WINDOW_POLLS * settings->poll_interval_ms) {
    snprintf(reason, sizeof reason,
             "detector.window_s (%" PRId64 ") must be at least %d times poll.interval_s (%" PRId64
             "): fewer polls in the window show nothing",
             settings->detector_window_ms / SEEP_MS_PER_SECOND, WINDOW_POLLS, interval_s);
    return refuse_pair(now, "detector", "window_s", reason);
  }
  return true;
}

bool seep_reading_tree(const cJSON *root, seep_locate *locate, seep_settings *settings,
                       seep_settings_problem *problem)
{
  reading now;
  memset(&now, 0, sizeof now);
  now.locate = locate;
  now.settings = settings;
  now.problem = problem;
  return read_root(&now, root) && check_pairs(&now);
}
