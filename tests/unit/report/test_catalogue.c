/*
 * service/messages.mc against the table in report/alert.c: the same events, the same levels, exactly the
 * inserts of the table, and texts from outside in the form that readers do not expand. Nothing at run time
 * would notice a difference: the event would show "%7", or a name in the place of a number.
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
#include "report/alert.h"

#define MAXIMUM_MESSAGES 64

typedef struct message {
  unsigned id;
  int level;
  char symbol[64];
  bool plain[SEEP_ALERT_INSERTS + 1], literal[SEEP_ALERT_INSERTS + 1]; /* used as %n; used as %n!S! */
  unsigned highest;
  bool stray; /* a % that is no insert */
} message;

static char *file;
static size_t file_size;
static message messages[MAXIMUM_MESSAGES];
static size_t message_count;

static bool starts(const char *line, const char *word)
{
  return strncmp(line, word, strlen(word)) == 0;
}

static int level_of(const char *word)
{
  return starts(word, "Informational") ? SEEP_ALERT_INFORMATION
         : starts(word, "Warning")     ? SEEP_ALERT_WARNING
         : starts(word, "Error")       ? SEEP_ALERT_ERROR
                                       : -1;
}

static void read_inserts(message *into, const char *line)
{
  for (const char *at = strchr(line, '%'); at != NULL; at = strchr(at, '%')) {
    char *end = NULL;
    unsigned long number = strtoul(at + 1, &end, 10);
    bool is_insert = end != at + 1 && number >= 1 && number <= SEEP_ALERT_INSERTS;
    bool is_literal = starts(end, "!S!");
    into->stray = into->stray || !is_insert || (end[0] == '!' && !is_literal);
    at = end;
    if (!is_insert) {
      continue;
    }
    into->highest = number > into->highest ? (unsigned)number : into->highest;
    *(is_literal ? &into->literal[number] : &into->plain[number]) = true;
  }
}

static void read_line(const char *line, bool *in_text)
{
  message *now = message_count > 0 ? &messages[message_count - 1] : NULL;
  if (*in_text) {
    *in_text = strcmp(line, ".") != 0;
    read_inserts(now, line);
  } else if (starts(line, "MessageId=")) {
    assert_true(message_count < MAXIMUM_MESSAGES);
    now = &messages[message_count++];
    now->id = (unsigned)strtoul(line + 10, NULL, 10);
  } else if (starts(line, "Severity=")) {
    assert_non_null(now);
    now->level = level_of(line + 9);
  } else if (starts(line, "SymbolicName=")) {
    assert_non_null(now);
    (void)seep_text_copy(now->symbol, sizeof now->symbol, line + 13);
  } else if (starts(line, "Language=")) {
    assert_string_equal(line, "Language=English");
    *in_text = true;
  }
}

static int load(void **state)
{
  (void)state;
  FILE *stream = fopen(SEEP_MESSAGES, "rb");
  if (stream == NULL) {
    return -1;
  }
  file = malloc(1u << 20);
  file_size = file != NULL ? fread(file, 1, (1u << 20) - 1, stream) : 0;
  fclose(stream);
  if (file_size == 0) {
    return -1;
  }
  file[file_size] = '\0';
  bool in_text = false;
  char line[1024];
  for (const char *at = file; *at != '\0';) {
    size_t length = strcspn(at, "\r\n");
    assert_true(length < sizeof line);
    memcpy(line, at, length);
    line[length] = '\0';
    read_line(line, &in_text);
    at += length;
    at += *at == '\r';
    at += *at == '\n';
  }
  assert_false(in_text);
  return 0;
}

static int unload(void **state)
{
  (void)state;
  free(file);
  return 0;
}

static void is_ascii_with_crlf(void **state)
{
  (void)state;
  assert_int_equal(strlen(file), file_size);
  for (size_t i = 0; i < file_size; i++) {
    assert_true(file[i] == '\r' || file[i] == '\n' || (file[i] >= ' ' && file[i] <= '~'));
    assert_int_equal(file[i] == '\r', file[i + 1] == '\n');
  }
  assert_int_equal(file[file_size - 1], '\n');
}

static void same_events_in_the_same_order(void **state)
{
  (void)state;
  size_t count = 0;
  for (const seep_alert_definition *definition = seep_alert_definitions(); definition->id != 0;
       definition++) {
    assert_true(count < message_count);
    assert_int_equal(messages[count].id, definition->id);
    assert_int_equal(messages[count].level, definition->level);
    count++;
  }
  assert_int_equal(count, message_count);
}

static void ids_rise_and_symbols_differ(void **state)
{
  (void)state;
  for (size_t i = 0; i < message_count; i++) {
    assert_true(starts(messages[i].symbol, "SEEP_MESSAGE_"));
    assert_true(i == 0 || messages[i].id > messages[i - 1].id);
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(messages[i].symbol, messages[j].symbol);
    }
  }
}

static void every_insert_is_used(void **state)
{
  (void)state;
  for (size_t i = 0; i < message_count; i++) {
    const seep_alert_definition *definition = seep_alert_definition_of(messages[i].id);
    assert_non_null(definition);
    assert_false(messages[i].stray);
    assert_int_equal(messages[i].highest, definition->insert_count);
    for (size_t n = 1; n <= definition->insert_count; n++) {
      assert_true(messages[i].plain[n] != messages[i].literal[n]); /* used, and always in the same form */
      assert_non_null(definition->insert_names[n - 1]);
    }
    assert_true(definition->insert_count == SEEP_ALERT_INSERTS ||
                definition->insert_names[definition->insert_count] == NULL);
  }
}

/* Inserts that only our own formatting fills: figures, times, codes. All others may hold what somebody else
 * chose. */
static bool is_our_own(const char *name)
{
  static const char *const own[] = {"poll interval",
                                    "ran for",
                                    "line",
                                    "uptime",
                                    "polls",
                                    "processes",
                                    "open leaks",
                                    "own private bytes",
                                    "own cpu time",
                                    "commit total",
                                    "commit limit",
                                    "since",
                                    "value",
                                    "limit",
                                    "pid",
                                    "created",
                                    "slope",
                                    "growth",
                                    "rate",
                                    "now",
                                    "handles now",
                                    "commit now",
                                    "system commit total",
                                    "time left",
                                    "grown in all",
                                    "lasted",
                                    "event time",
                                    "record id",
                                    "commit charge",
                                    "was lost for",
                                    "limit seconds",
                                    "limit bytes",
                                    "bytes",
                                    "duration",
                                    "code",
                                    "failed looks",
                                    "was blind for",
                                    "polls reach back to",
                                    "configured days",
                                    "expires",
                                    "alerts",
                                    "limit per hour",
                                    "left",
                                    "percent used",
                                    "least left",
                                    "share",
                                    "allocations"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
    if (strcmp(own[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static void texts_from_outside_are_literal(void **state)
{
  (void)state;
  for (size_t i = 0; i < message_count; i++) {
    const seep_alert_definition *definition = seep_alert_definition_of(messages[i].id);
    assert_non_null(definition);
    for (size_t n = 1; n <= definition->insert_count; n++) {
      assert_int_equal(messages[i].literal[n], !is_our_own(definition->insert_names[n - 1]));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_ascii_with_crlf),
      cmocka_unit_test(same_events_in_the_same_order),
      cmocka_unit_test(ids_rise_and_symbols_differ),
      cmocka_unit_test(every_insert_is_used),
      cmocka_unit_test(texts_from_outside_are_literal),
  };
  return cmocka_run_group_tests(tests, load, unload);
}
