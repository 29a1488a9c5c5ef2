/*
 * config/fleet/leaks.kql takes our values out of an event by their place. Nothing at run time would notice a
 * wrong one: a query would count process numbers as images. So every place stands beside its label, and both
 * are held to the table in report/alert.c, for each event id that the query asks for.
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

#include "fleet_file.h"
#include "report/alert.h"

#define IDS 8

typedef struct query {
  unsigned ids[IDS];
  size_t id_count;
  bool ours;       /* it looks at our source in the Application log only */
  unsigned places; /* inserts it uses */
} query;

static const char ids_prefix[] = "| where EventID in (";

static void read_ids(const char *line, query *into)
{
  const char *at = line + sizeof ids_prefix - 1;
  into->id_count = 0;
  for (;;) {
    char *end = NULL;
    unsigned long id = strtoul(at, &end, 10);
    assert_true(end != at);
    assert_true(into->id_count < IDS);
    assert_non_null(seep_alert_definition_of((uint32_t)id));
    into->ids[into->id_count++] = (unsigned)id;
    if (strcmp(end, ")") == 0) {
      return;
    }
    assert_memory_equal(end, ", ", 2);
    at = end + 2;
  }
}

/* "inserts[0]" ... "// insert 1: image" */
static void check_place(const char *line, const query *within)
{
  const char *use = strstr(line, "inserts[");
  const char *comment = strstr(line, " // insert ");
  if (comment == NULL || strstr(use + 1, "inserts[") != NULL) {
    fail_msg("one place and its label in each line: %s", line);
    return;
  }
  unsigned long place = strtoul(use + strlen("inserts["), NULL, 10);
  char *label = NULL;
  assert_int_equal(strtoul(comment + strlen(" // insert "), &label, 10), place + 1);
  assert_memory_equal(label, ": ", 2);
  assert_true(within->id_count > 0);
  for (size_t i = 0; i < within->id_count; i++) {
    const seep_alert_definition *event = seep_alert_definition_of(within->ids[i]);
    assert_true(place < event->insert_count);
    assert_string_equal(label + 2, event->insert_names[place]);
  }
}

static void every_place_is_what_its_label_says(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/leaks.kql", &size);
  const char *at = text;
  char line[512];
  query now = {.id_count = 0};
  unsigned queries = 0, places = 0;
  while (fleet_line(&at, line, sizeof line) != NULL) {
    if (strcmp(line, "Event") == 0) {
      now = (query){.id_count = 0};
      queries++;
    } else if (strcmp(line, "| where EventLog == \"Application\" and Source == \"seepwatch\"") == 0) {
      now.ours = true;
    } else if (strncmp(line, ids_prefix, sizeof ids_prefix - 1) == 0) {
      assert_true(now.ours);
      read_ids(line, &now);
    } else if (strncmp(line, "//", 2) != 0 && strstr(line, "inserts[") != NULL) {
      check_place(line, &now);
      places++;
    } else if (strstr(line, "// insert") != NULL) {
      fail_msg("a label without a place: %s", line);
    } else if (line[0] == '\0') {
      /* A query that forgot its ids would count every event of ours. */
      assert_true(queries == 0 || now.id_count > 0);
    }
  }
  assert_int_equal(queries, 5);
  assert_true(places >= 15);
  free(text);
}

/* What is not known is null, and null is the least of all values: a query for the least must leave it out. */
static void the_least_of_something_is_known(void **state)
{
  (void)state;
  size_t size = 0;
  char *text = fleet_file(SEEP_ROOT "/config/fleet/leaks.kql", &size);
  const char *at = text;
  char line[512], before[512] = "";
  unsigned found = 0;
  while (fleet_line(&at, line, sizeof line) != NULL) {
    const char *by = strstr(line, " by "), *rising = strstr(line, " asc");
    if (strncmp(line, "| top ", 6) == 0 && by != NULL && rising != NULL) {
      char wanted[128];
      snprintf(wanted, sizeof wanted, "| where isnotnull(%.*s)", (int)(rising - by) - 4, by + 4);
      assert_int_equal(strncmp(before, wanted, strlen(wanted)), 0);
      found++;
    }
    memcpy(before, line, sizeof before);
  }
  assert_int_equal(found, 1);
  free(text);
}

/* The keys by which a fleet is compared must be there at all. */
static void the_table_has_what_a_fleet_is_compared_by(void **state)
{
  (void)state;
  static const struct {
    uint32_t id;
    const char *label;
  } wanted[] = {{SEEP_ALERT_LEAK_FOUND, "image"},
                {SEEP_ALERT_CULPRIT, "signature"},
                {SEEP_ALERT_CULPRIT, "module"},
                {SEEP_ALERT_CULPRIT, "file version"},
                {SEEP_ALERT_HEARTBEAT, "left"}};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    seep_alert alert;
    seep_alert_init(&alert, wanted[i].id);
    for (size_t k = 0; k < alert.insert_count; k++) {
      seep_alert_add_text(&alert, "x");
    }
    assert_non_null(seep_alert_insert(&alert, wanted[i].label));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_place_is_what_its_label_says),
      cmocka_unit_test(the_least_of_something_is_known),
      cmocka_unit_test(the_table_has_what_a_fleet_is_compared_by),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
