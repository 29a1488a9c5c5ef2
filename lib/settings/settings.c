#include "settings/settings.h"

#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "settings/keys.h"
#include "settings/locate.h"
#include "settings/reading.h"

static const char empty[] = "the file is empty";

static void set_default_names(seep_settings_names *list, const char *const *names)
{
  for (; names != NULL && *names != NULL; names++) {
    seep_text_copy(list->names[list->count++], SEEP_SETTINGS_NAME_SIZE, *names);
  }
}

void seep_settings_defaults(seep_settings *settings)
{
  memset(settings, 0, sizeof *settings);
  for (const seep_key *key = seep_keys_table(); key->section != NULL; key++) {
    seep_keys_set(key, settings, key->default_value);
    if (key->type == SEEP_KEY_NAMES) {
      set_default_names(seep_keys_names_of(key, settings), key->choices);
    }
  }
  seep_text_copy(settings->capture_instance, sizeof settings->capture_instance, SEEP_KEYS_DEFAULT_INSTANCE);
}

void seep_settings_safe(seep_settings *settings)
{
  seep_settings_defaults(settings);
  settings->capture_enabled = false;
  settings->memory_enabled = false;
  /* And no text file is written: by default there is none. */
}

static void refuse_text(seep_settings_problem *problem, unsigned line, const char *reason)
{
  seep_reading_problem(problem, line, "", "", reason);
}

/* WTF-8, which base takes, is UTF-8 plus lone surrogates; no editor writes those. */
static size_t valid_utf8_prefix(const char *text, size_t size)
{
  size_t valid = seep_text_valid_prefix(text, size);
  for (size_t i = 0; i + 1 < valid; i++) {
    if ((unsigned char)text[i] == 0xED && (unsigned char)text[i + 1] >= 0xA0) {
      return i;
    }
  }
  return valid;
}

/* Everything that makes the bytes something else than JSON text in UTF-8; *skip = size of a byte order mark.
 */
static seep_status check_encoding(const char *json, size_t size, size_t *skip, seep_settings_problem *problem)
{
  if (size > SEEP_SETTINGS_MAXIMUM_BYTES) {
    refuse_text(problem, 0, "the file is larger than 1 MB: is it the right one?");
    return SEEP_LIMIT;
  }
  if (size == 0) {
    refuse_text(problem, 0, empty);
    return SEEP_CORRUPT;
  }
  bool utf16 = size >= 2 && (memcmp(json, "\xFF\xFE", 2) == 0 || memcmp(json, "\xFE\xFF", 2) == 0);
  if (utf16) {
    refuse_text(problem, 1, "the file is UTF-16: save it as UTF-8");
    return SEEP_CORRUPT;
  }
  *skip = size >= 3 && memcmp(json, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  size_t valid = valid_utf8_prefix(json + *skip, size - *skip) + *skip;
  const char *nul = memchr(json, '\0', valid);
  if (nul != NULL) {
    refuse_text(problem, seep_locate_line_of(json, size, (size_t)(nul - json)),
                "a NUL byte: the file is damaged, or it is UTF-16: save it as UTF-8");
    return SEEP_CORRUPT;
  }
  if (valid < size) {
    refuse_text(problem, seep_locate_line_of(json, size, valid), "not UTF-8: save the file as UTF-8");
    return SEEP_CORRUPT;
  }
  size_t blank = *skip;
  while (blank < size && strchr(" \t\r\n", json[blank]) != NULL) {
    blank++;
  }
  if (blank == size) {
    refuse_text(problem, 0, empty);
    return SEEP_CORRUPT;
  }
  return SEEP_OK;
}

static seep_status check_grammar(const char *json, size_t size, seep_settings_problem *problem)
{
  seep_locate locate;
  seep_locate_init(&locate, json, size);
  seep_locate_token token;
  do {
    token = seep_locate_next(&locate);
  } while (token == SEEP_LOCATE_KEY || token == SEEP_LOCATE_ELEMENT);
  if (token == SEEP_LOCATE_END) {
    return SEEP_OK;
  }
  refuse_text(problem, locate.token_line, locate.reason);
  return token == SEEP_LOCATE_LIMIT ? SEEP_LIMIT : SEEP_CORRUPT;
}

seep_status seep_settings_parse(const char *json, size_t size, seep_settings *settings,
                                seep_settings_problem *problem)
{
  size_t skip = 0;
  seep_status status = check_encoding(json, size, &skip, problem);
  if (status == SEEP_OK) {
    status = check_grammar(json + skip, size - skip, problem);
  }
  if (status != SEEP_OK) {
    return status;
  }
  /* The grammar is checked already, trailing text too, so that only memory can be missing here. */
  cJSON *root = cJSON_ParseWithLengthOpts(json + skip, size - skip, NULL, false);
  if (root == NULL) {
    refuse_text(problem, 0, "there is not enough memory to read the file");
    return SEEP_NO_MEMORY;
  }
  seep_locate locate;
  seep_settings result;
  seep_locate_init(&locate, json + skip, size - skip);
  seep_settings_defaults(&result);
  bool ok = seep_reading_tree(root, &locate, &result, problem);
  cJSON_Delete(root);
  if (!ok) {
    return SEEP_INVALID;
  }
  *settings = result;
  return SEEP_OK;
}

bool seep_settings_names_have(const seep_settings_names *names, const char *image)
{
  for (size_t i = 0; i < names->count; i++) {
    if (seep_text_equal_ignoring_case(names->names[i], image)) {
      return true;
    }
  }
  return false;
}

bool seep_settings_ignores(const seep_settings *settings, const char *image)
{
  return seep_settings_names_have(&settings->ignored, image);
}

const seep_settings_image *seep_settings_image_of(const seep_settings *settings, const char *image)
{
  for (size_t i = 0; i < settings->image_count; i++) {
    if (seep_text_equal_ignoring_case(settings->images[i].name, image)) {
      return &settings->images[i];
    }
  }
  return NULL;
}

/* "512 MB" where the figure is even, else "1000 bytes". */
static void write_bytes(seep_writer *writer, uint64_t bytes)
{
  static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes > 0 && bytes % 1024 == 0 && unit + 1 < sizeof units / sizeof units[0]) {
    bytes /= 1024;
    unit++;
  }
  seep_writer_format(writer, "%" PRIu64 " %s", bytes, units[unit]);
}

static void write_quoted(seep_writer *writer, const char *text)
{
  seep_writer_text(writer, "\"");
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') {
      seep_writer_text(writer, "\\");
    }
    if ((unsigned char)*text < 0x20) {
      seep_writer_format(writer, "\\u%04x", (unsigned)(unsigned char)*text);
    } else {
      seep_writer_bytes(writer, text, 1);
    }
  }
  seep_writer_text(writer, "\"");
}

static void write_names(seep_writer *writer, const seep_settings_names *list)
{
  seep_writer_text(writer, "[");
  for (size_t i = 0; i < list->count; i++) {
    seep_writer_text(writer, i == 0 ? "\n      " : ",\n      ");
    write_quoted(writer, list->names[i]);
  }
  seep_writer_text(writer, list->count > 0 ? "\n    ]" : "]");
}

/* A share as people write it: 1, 0.1, 0.000001. */
static void write_share(seep_writer *writer, uint64_t ppm)
{
  int digits = 6;
  uint64_t part = ppm % 1000000;
  seep_writer_u64(writer, ppm / 1000000);
  while (part > 0 && part % 10 == 0) {
    part /= 10;
    digits--;
  }
  if (part > 0) {
    seep_writer_format(writer, ".%0*" PRIu64, digits, part);
  }
}

static void write_thresholds(seep_writer *writer, const seep_settings *settings)
{
  seep_writer_text(writer, "{");
  for (size_t i = 0; i < settings->image_count; i++) {
    seep_writer_text(writer, i == 0 ? "\n      " : ",\n      ");
    write_quoted(writer, settings->images[i].name);
    for (size_t k = 0; k < SEEP_KEYS_OF_IMAGE; k++) {
      const seep_key key = seep_keys_of_image(k);
      seep_writer_format(writer, "%s\n        \"%s\": %" PRIu64, k == 0 ? ": {" : ",", key.name,
                         seep_keys_get(&key, &settings->images[i]));
    }
    seep_writer_text(writer, "\n      }");
  }
  seep_writer_text(writer, settings->image_count > 0 ? "\n    }" : "}");
}

static void write_value(seep_writer *writer, const seep_key *key, const seep_settings *settings)
{
  switch (key->type) {
  case SEEP_KEY_SWITCH:
    seep_writer_text(writer, seep_keys_get(key, settings) != 0 ? "true" : "false");
    break;
  case SEEP_KEY_CHOICE:
    write_quoted(writer, key->choices[seep_keys_get(key, settings)]);
    break;
  case SEEP_KEY_INSTANCE:
    write_quoted(writer, settings->capture_instance);
    break;
  case SEEP_KEY_PATH:
    write_quoted(writer, settings->metrics_textfile);
    break;
  case SEEP_KEY_NAMES:
    write_names(writer, seep_keys_names_in(key, settings));
    break;
  case SEEP_KEY_SHARE:
    write_share(writer, seep_keys_get(key, settings));
    break;
  case SEEP_KEY_THRESHOLDS:
    write_thresholds(writer, settings);
    break;
  case SEEP_KEY_DURATION:
  case SEEP_KEY_U64:
  case SEEP_KEY_U32:
  default:
    seep_writer_u64(writer, seep_keys_get(key, settings));
    break;
  }
}

void seep_settings_write(const seep_settings *settings, seep_writer *writer)
{
  const char *section = "";
  for (const seep_key *key = seep_keys_table(); key->section != NULL; key++) {
    if (strcmp(section, key->section) != 0) {
      seep_writer_format(writer, "%s  \"%s\": {\n", section[0] != '\0' ? "\n  },\n" : "{\n", key->section);
      section = key->section;
    } else {
      seep_writer_text(writer, ",\n");
    }
    seep_writer_format(writer, "    \"%s\": ", key->name);
    write_value(writer, key, settings);
  }
  seep_writer_text(writer, "\n  }\n}\n");
}

/* Byte counts are unreadable without their unit. */
static void write_reference_number(seep_writer *writer, const seep_key *key, uint64_t value)
{
  seep_writer_u64(writer, value);
  if (strstr(key->name, "bytes") != NULL && value >= 1024) {
    seep_writer_text(writer, " (");
    write_bytes(writer, value);
    seep_writer_text(writer, ")");
  }
}

static void write_names_in_a_row(seep_writer *writer, const seep_settings_names *list)
{
  seep_writer_text(writer, "[");
  for (size_t i = 0; i < list->count; i++) {
    seep_writer_text(writer, i == 0 ? "" : ", ");
    write_quoted(writer, list->names[i]);
  }
  seep_writer_text(writer, "]");
}

static void write_reference_row(seep_writer *writer, const seep_key *key, const seep_settings *defaults)
{
  bool number = false;
  seep_writer_format(writer, "| `%s.%s` | ", key->section, key->name);
  switch (key->type) {
  case SEEP_KEY_SWITCH:
  case SEEP_KEY_CHOICE:
  case SEEP_KEY_INSTANCE:
  case SEEP_KEY_THRESHOLDS:
  case SEEP_KEY_SHARE:
  case SEEP_KEY_PATH:
    write_value(writer, key, defaults);
    break;
  case SEEP_KEY_NAMES:
    write_names_in_a_row(writer, seep_keys_names_in(key, defaults));
    break;
  case SEEP_KEY_DURATION:
  case SEEP_KEY_U64:
  case SEEP_KEY_U32:
  default:
    number = true;
    write_reference_number(writer, key, seep_keys_get(key, defaults));
    break;
  }
  seep_writer_text(writer, " | ");
  if (number) {
    write_reference_number(writer, key, key->minimum);
    seep_writer_text(writer, " to ");
    write_reference_number(writer, key, key->maximum);
  } else if (key->type == SEEP_KEY_SWITCH) {
    seep_writer_text(writer, "true or false");
  } else if (key->type == SEEP_KEY_SHARE) {
    seep_writer_text(writer, "0 to 1");
  } else if (key->type == SEEP_KEY_CHOICE) {
    for (uint64_t i = 0; i <= key->maximum; i++) {
      seep_writer_format(writer, "%s%s", i > 0 ? " or " : "", key->choices[i]);
    }
  } else if (key->type == SEEP_KEY_PATH) {
    seep_writer_format(writer, "empty, or an absolute local path that ends in .prom, up to %" PRIu64 " bytes",
                       key->maximum);
  } else {
    seep_writer_format(writer, "%" PRIu64 " to %" PRIu64 " %s", key->minimum, key->maximum,
                       key->type == SEEP_KEY_INSTANCE ? "characters" : "names");
  }
  seep_writer_format(writer, " | %s |\n", key->meaning);
}

void seep_settings_write_reference(seep_writer *writer)
{
  seep_settings defaults;
  seep_settings_defaults(&defaults);
  seep_writer_text(writer, "| key | default | bounds | meaning |\n| --- | --- | --- | --- |\n");
  for (const seep_key *key = seep_keys_table(); key->section != NULL; key++) {
    write_reference_row(writer, key, &defaults);
  }
}

int64_t seep_settings_hourly_ms(const seep_settings *settings)
{
  return settings->store_hourly_ms > settings->store_retention_ms ? settings->store_hourly_ms
                                                                  : settings->store_retention_ms;
}

void seep_settings_summary(const seep_settings *settings, seep_writer *writer)
{
  seep_writer_format(writer, "poll %" PRId64 " s, bucket %" PRId64 " s, observation %" PRId64 " s, slope ",
                     settings->poll_interval_ms / SEEP_MS_PER_SECOND,
                     settings->detector_bucket_ms / SEEP_MS_PER_SECOND,
                     settings->detector_observation_ms / SEEP_MS_PER_SECOND);
  write_bytes(writer, settings->detector_minimum_slope_bytes_per_hour);
  seep_writer_text(writer, "/h, growth ");
  write_bytes(writer, settings->detector_minimum_growth_bytes);
  seep_writer_format(
      writer, ", images with thresholds of their own %zu, kind of memory %s, Event 2004 %s, recording ",
      settings->image_count, settings->memory_enabled ? "on" : "off",
      settings->event2004_enabled ? "on" : "off");
  if (settings->capture_enabled) {
    seep_writer_format(writer, "on (%" PRId64 " s or ", settings->capture_maximum_ms / SEEP_MS_PER_SECOND);
    write_bytes(writer, settings->capture_maximum_bytes);
    seep_writer_text(writer, " at most)");
  } else {
    seep_writer_text(writer, "off");
  }
  seep_writer_format(writer, ", history %" PRId64 " d, by the hour %" PRId64 " d, images ignored %zu",
                     settings->store_retention_ms / SEEP_MS_PER_DAY,
                     seep_settings_hourly_ms(settings) / SEEP_MS_PER_DAY, settings->ignored.count);
  if (settings->retired_keys > 0) {
    seep_writer_format(writer, ", keys of an earlier version without effect %u", settings->retired_keys);
  }
}
