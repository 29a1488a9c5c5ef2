/* An event's text from the exe's own message table, as a viewer shows it; for the console. */
#ifndef SEEP_SERVICE_MESSAGE_TEXT_H
#define SEEP_SERVICE_MESSAGE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* level: 0 information, 1 warning, 2 error. UTF-8, malloc'ed, on one line; NULL when there is no such message
 * or no memory. */
char *seep_message_text(uint32_t id, int level, const char *const *inserts, size_t insert_count);

#endif
