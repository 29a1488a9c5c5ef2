/*
 * config/fleet/otel-collector.yaml: only keys that the OpenTelemetry Collector's documentation has, and every
 * name that it uses defined in it. The file keeps to a small part of YAML, which is read here: mappings
 * indented by two spaces, plain or single-quoted values, lists in brackets, and blocks of literal text behind
 * "|". Anything else fails.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fleet_file.h"

#define DEPTH 6
#define ENTRIES 96

typedef struct entry {
  char path[256]; /* the keys with " > " between them */
  char value[128];
} entry;

static entry entries[ENTRIES];
static size_t entry_count;

/* A star stands for one key. Receivers, exporters and the file storage have their own pages of documentation.
 */
static const char *const documented[] = {
    "extensions",
    "extensions > file_storage/seepwatch",
    "extensions > file_storage/seepwatch > directory",
    "extensions > file_storage/seepwatch > create_directory",
    "receivers",
    "receivers > *",
    "receivers > * > query",
    "receivers > * > start_at",
    "receivers > * > poll_interval",
    "receivers > * > raw",
    "receivers > * > storage",
    "receivers > * > resource",
    "receivers > * > resource > service.name",
    "receivers > * > retry_on_failure",
    "receivers > * > retry_on_failure > enabled",
    "receivers > * > retry_on_failure > max_elapsed_time",
    "processors",
    "processors > batch",
    "processors > batch > timeout",
    "exporters",
    "exporters > otlp",
    "exporters > otlp > endpoint",
    "exporters > otlp > sending_queue",
    "exporters > otlp > sending_queue > storage",
    "exporters > otlp > retry_on_failure",
    "exporters > otlp > retry_on_failure > max_elapsed_time",
    "service",
    "service > extensions",
    "service > pipelines",
    "service > pipelines > logs",
    "service > pipelines > logs > receivers",
    "service > pipelines > logs > processors",
    "service > pipelines > logs > exporters",
};

static bool matches(const char *path, const char *pattern)
{
  const char *star = strchr(pattern, '*');
  if (star == NULL) {
    return strcmp(path, pattern) == 0;
  }
  size_t before = (size_t)(star - pattern);
  if (strncmp(path, pattern, before) != 0) {
    return false;
  }
  const char *rest = strstr(path + before, " > ");
  return strcmp(rest != NULL ? rest : "", star + 1) == 0;
}

static bool is_plain(const char *value)
{
  size_t length = strlen(value);
  if (value[0] == '\'') {
    return length >= 2 && strchr(value + 1, '\'') == value + length - 1;
  }
  if (value[0] == '[') {
    return length >= 3 && strchr(value, ']') == value + length - 1 && strpbrk(value, "'\"{}:#") == NULL;
  }
  return strpbrk(value, "'\"{}[]#&*!|>%@`\\") == NULL && strstr(value, ": ") == NULL;
}

static void keep(char keys[DEPTH][64], size_t depth, const char *value)
{
  assert_true(entry_count < ENTRIES);
  entry *to = &entries[entry_count++];
  seep_writer writer;
  seep_writer_init(&writer, to->path, sizeof to->path);
  for (size_t i = 0; i < depth; i++) {
    seep_writer_text(&writer, i > 0 ? " > " : "");
    seep_writer_text(&writer, keys[i]);
  }
  assert_false(writer.cut);
  (void)seep_text_copy(to->value, sizeof to->value, value);
}

/* One line of a mapping at its depth; true when a block of literal text follows. */
static bool read_line(const char *line, size_t *depth, char keys[DEPTH][64])
{
  size_t spaces = strspn(line, " ");
  const char *key = line + spaces;
  size_t length = strcspn(key, ":");
  if (spaces % 2 != 0 || spaces / 2 > *depth || spaces / 2 >= DEPTH || length == 0 || length >= 64 ||
      key[length] != ':' || (key[length + 1] != ' ' && key[length + 1] != '\0') ||
      strcspn(key, " '\"[]{}#\t") < length) {
    fail_msg("otel-collector.yaml: not understood: %s", line);
  }
  (void)seep_text_copy_bytes(keys[spaces / 2], sizeof keys[0], key, length);
  *depth = spaces / 2 + 1;
  const char *value = key + length + (key[length + 1] == ' ' ? 2 : 1);
  bool is_block = strcmp(value, "|") == 0;
  if (!is_block && !is_plain(value)) {
    fail_msg("otel-collector.yaml: value not understood: %s", line);
  }
  keep(keys, *depth, value);
  if (value[0] != '\0') {
    *depth = spaces / 2; /* nothing may be deeper below a value */
  }
  return is_block;
}

static int load(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/otel-collector.yaml", &size);
  const char *at = text;
  char line[256];
  char keys[DEPTH][64] = {""};
  size_t depth = 0;
  bool in_block = false;
  while (fleet_line(&at, line, sizeof line) != NULL) {
    const char *first = line + strspn(line, " ");
    /* Literal text is deeper by two than its key, which stands at "depth". */
    in_block = in_block && (size_t)(first - line) > 2 * depth;
    if (in_block || *first == '#' || *first == '\0') {
      continue;
    }
    in_block = read_line(line, &depth, keys);
  }
  free(text);
  return entry_count > 20 ? 0 : -1;
}

static const char *value_of(const char *path)
{
  for (size_t i = 0; i < entry_count; i++) {
    if (strcmp(entries[i].path, path) == 0) {
      return entries[i].value;
    }
  }
  fail_msg("otel-collector.yaml has no %s", path);
  return "";
}

static void every_key_is_documented_and_stands_once(void **state)
{
  (void)state;
  for (size_t i = 0; i < entry_count; i++) {
    bool known = false;
    for (size_t k = 0; k < sizeof documented / sizeof documented[0]; k++) {
      known = known || matches(entries[i].path, documented[k]);
    }
    if (!known) {
      fail_msg("%s is not documented", entries[i].path);
    }
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(entries[i].path, entries[k].path);
    }
  }
}

static void what_is_used_is_defined(void **state)
{
  (void)state;
  assert_string_equal(value_of("service > extensions"), "[file_storage/seepwatch]");
  assert_string_equal(value_of("service > pipelines > logs > processors"), "[batch]");
  assert_string_equal(value_of("service > pipelines > logs > exporters"), "[otlp]");
  const char *receivers = value_of("service > pipelines > logs > receivers");
  unsigned found = 0;
  for (size_t i = 0; i < entry_count; i++) {
    const char *path = entries[i].path;
    if (matches(path, "receivers > *")) {
      const char *name = path + strlen("receivers > ");
      assert_int_equal(strncmp(name, "windowseventlog/", 16), 0);
      assert_non_null(strstr(receivers, name));
      found++;
    }
    const char *last = strrchr(path, '>');
    if (last != NULL && strcmp(last, "> storage") == 0) {
      assert_string_equal(entries[i].value, "file_storage/seepwatch");
    }
  }
  assert_int_equal(found, 2);
  (void)value_of("extensions > file_storage/seepwatch > directory");
  /* Without these two an event that was written while the collector was away is lost. */
  assert_string_equal(value_of("receivers > windowseventlog/seepwatch > storage"), "file_storage/seepwatch");
  assert_string_equal(value_of("receivers > windowseventlog/event2004 > storage"), "file_storage/seepwatch");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_key_is_documented_and_stands_once),
      cmocka_unit_test(what_is_used_is_defined),
  };
  return cmocka_run_group_tests(tests, load, NULL);
}
