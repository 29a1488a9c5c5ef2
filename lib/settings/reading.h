/*
 * From cJSON's tree to settings, by the table of keys. The text is walked beside the tree, token by token, so
 * that each fault knows its line; the first fault ends the reading. Used by settings.c alone.
 */
#ifndef SEEP_SETTINGS_READING_H
#define SEEP_SETTINGS_READING_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "settings/locate.h"
#include "settings/settings.h"

/* root: cJSON's tree of the text that *locate is at the beginning of. *settings holds the defaults and is
 * changed as far as the reading came. false with *problem filled at the first fault. */
bool seep_reading_tree(const cJSON *root, seep_locate *locate, seep_settings *settings,
                       seep_settings_problem *problem);

/* section and name may be "" and may come from the file. */
void seep_reading_problem(seep_settings_problem *problem, unsigned line, const char *section,
                          const char *name, const char *reason);

#endif
