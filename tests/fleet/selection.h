/*
 * The queries that the files of config/fleet give to Windows: which channel, provider and event id they
 * select. Only the two forms that those files use are understood; anything else fails, so that a typing error
 * in one can not pass.
 */
#ifndef SEEP_TESTS_FLEET_SELECTION_H
#define SEEP_TESTS_FLEET_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#define SELECTIONS 4

typedef struct selection {
  char channel[64];
  char provider[128];
  unsigned event_id; /* 0 = any */
} selection;

/* *[System[Provider[@Name='X']]] or *[System[Provider[@Name='X'] and EventID=N]] */
bool selection_of_xpath(const char *channel, const char *xpath, selection *out);

/* All Selects of one <QueryList>; 0 when it is not well-formed or has a query of another form. */
size_t selection_of_list(const char *xml, size_t size, selection out[SELECTIONS]);

/* Whether an event, as Windows prints it, is among what is selected. */
bool selection_takes(const selection *from, const char *event_xml, size_t size);

#endif
